"""The conformance suite: checks a backend against the numeric contract (``CONTRACT.md``), bit for bit.

From a test: ``check_backend("numpy").ok``. From a shell: ``rcmlrs conformance --backend numpy``.

* ``subjects`` says what the suite is made of: subjects, families, cases. ``chapters`` has all of them.
* ``inputs`` draws arguments and makes calls of them; ``judge`` is what is right.
* ``examine`` runs one case and compares; ``shrink`` makes a failing call small; ``suite`` runs what is asked for.
* ``report`` is what came of it, as data, in words and as files; ``command`` is the command.
* ``certificate`` keeps a report as a file that somebody else can check: ``verify`` does, and runs it again.
"""

from .report import Failure, FamilyReport, Report, SubjectReport
from .suite import UnknownNameError, check_backend
from .version import VERSION as __version__

__all__ = ["Failure", "FamilyReport", "Report", "SubjectReport", "UnknownNameError", "__version__", "check_backend"]
