"""The conformance suite: checks a backend against the numeric contract (``CONTRACT.md``), bit for bit.

From a test: ``check_backend("numpy").ok``. From a shell: ``rcmlrs conformance --backend numpy``.

* ``subjects`` says what the suite is made of: subjects, families, cases. ``chapters`` has all of them.
* ``inputs`` draws arguments and makes calls of them; ``judge`` is what is right.
* ``examine`` runs one case and compares; ``shrink`` makes a failing call small; ``suite`` runs what is asked for.
* ``report`` is what came of it, as data and in words; ``command`` is the command.
"""

from .collect import Interrupted
from .report import Failure, FamilyReport, Report, SubjectReport
from .suite import UnknownNameError, check_backend, check_backends

__all__ = [
    "Failure",
    "FamilyReport",
    "Interrupted",
    "Report",
    "SubjectReport",
    "UnknownNameError",
    "check_backend",
    "check_backends",
]
