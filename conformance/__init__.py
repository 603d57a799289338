"""The conformance suite: checks a backend against the numeric contract (``CONTRACT.md``), bit for bit.

From a test: ``check_backend("numpy").ok``. From a shell: ``rcmlrs conformance --backend numpy``.

* ``subjects`` says what the suite is made of: subjects, families, cases. ``chapters`` has all of them.
* ``inputs`` draws arguments and makes calls of them; ``judge`` is what is right; ``corpus`` has the worst cases.
* ``examine`` runs one case and compares; ``shrink`` makes a failing call small; ``suite`` runs what is asked for, and
  ``running`` does that in processes of their own.
* ``report`` is what came of it, as data, in words and as files; ``certificates`` keep it for somebody else to check.
* ``command`` and ``pytest_door`` are the two doors; ``bisect`` finds the operation at which two trainings part.
* ``waivers`` is what a backend says of itself; ``new_backend`` is where one starts; ``frozen``, ``clauses`` and
  ``CONTRACT.md`` are the contract.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import VERSION as __version__

if TYPE_CHECKING:
    from .report import Failure, FamilyReport, Report, SubjectReport
    from .running.collect import Interrupted
    from .suite import UnknownNameError, check_backend, check_backends

__all__ = [
    "Failure",
    "FamilyReport",
    "Interrupted",
    "Report",
    "SubjectReport",
    "UnknownNameError",
    "__version__",
    "check_backend",
    "check_backends",
]

HOMES = {"Failure": "report", "FamilyReport": "report", "Report": "report", "SubjectReport": "report"}
"""The modules of what is public, where it is not ``suite``."""


def __getattr__(name: str) -> Any:
    """What is public, when it is asked for: pytest imports the plugin in here in everybody's runs."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{HOMES.get(name, 'suite')}", __name__), name)
