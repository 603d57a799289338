"""The conformance suite: checks a backend against the numeric contract (``CONTRACT.md``), bit for bit.

From a test: ``check_backend("numpy").ok``. From a shell: ``rcmlrs conformance --backend numpy``.

* ``elements`` and ``rows`` draw arguments, family by family; ``generators`` makes trials of them (``trial``), by the
  form of an operation or by the calls that its file lists.
* ``definition`` is what is right; ``examine`` compares; ``shrink`` makes a failing call small.
* ``storage`` checks how elements come in and out; ``suite`` runs it all; ``report`` and ``render`` tell; ``command`` is
  the command.
"""

from .report import Failure, OperationReport, Report
from .suite import UnknownNameError, check_backend

__all__ = ["Failure", "OperationReport", "Report", "UnknownNameError", "check_backend"]
