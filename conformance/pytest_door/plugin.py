"""The suite under pytest: ``pytest --pyargs rcmlrs_conformance --rcmlrs-backend=NAME``.

pytest imports this module in every run, whoever's tests they are; so it imports nothing of RCMLRS until the suite is
asked for. What is collected then is in ``nodes``.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .nodes import Settings

PACKAGE = "rcmlrs_conformance"
VARIABLE = "RCMLRS_BACKEND"
"""``rcmlrs_core.registry.VARIABLE``, which is not imported here."""

SETTINGS: pytest.StashKey["Settings"] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, of which each has a default."""
    group = parser.getgroup("rcmlrs", f"RCMLRS, the conformance suite: pytest --pyargs {PACKAGE}")
    group.addoption("--rcmlrs-backend", metavar="NAME", help=f"The backend that is checked; {VARIABLE}, unless said.")
    group.addoption(
        "--rcmlrs-level", metavar="LEVEL", default="smoke", help="How much is tried: smoke, standard, deep."
    )
    group.addoption("--rcmlrs-seed", metavar="N", type=int, default=0, help="Another seed tries other numbers.")
    group.addoption("--rcmlrs-op", metavar="NAME", action="append", help="Only this operation; may be repeated.")
    group.addoption(
        "--rcmlrs-case", metavar="NAME", action="append", help="Only this case, such as gelu/edges/3; likewise."
    )
    group.addoption("--rcmlrs-against", metavar="NAME", help="Compare with this backend, not the exact definitions.")


def asked_for(config: pytest.Config) -> bool:
    """Whether this run is of the suite."""
    return bool(config.option.pyargs) and any(argument.partition("::")[0] == PACKAGE for argument in config.args)


def pytest_configure(config: pytest.Config) -> None:
    """Find the backend before anything is collected, so that a wrong name is answered in a line."""
    if not asked_for(config):
        return
    backend = config.option.rcmlrs_backend or os.environ.get(VARIABLE)
    if not backend:
        raise pytest.UsageError(
            f"{PACKAGE} checks a backend, and none is named: pytest --pyargs {PACKAGE} --rcmlrs-backend=NAME "
            f"(or {VARIABLE}=NAME); rcmlrs backends lists what is installed"
        )
    from .nodes import Settings

    config.stash[SETTINGS] = Settings.of(backend, config.option)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What is checked, in which versions."""
    return config.stash[SETTINGS].head.splitlines() if SETTINGS in config.stash else []


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The suite, in the place of the folder that the package is in, whatever that is called.

    pytest would make a package of the folder and import it a second time, under the folder's name.
    """
    if SETTINGS not in parent.config.stash or not path.samefile(Path(__file__).parents[1]):
        return None
    from .nodes import Suite

    return Suite.of(path, parent, parent.config.stash[SETTINGS])
