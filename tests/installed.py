"""The backends that the tests run on: the built-in ones that are healthy here, ``native`` only where there is Rust."""

from rcmlrs_core.registry import PREFERENCE, backends

BACKENDS = tuple(
    sorted((status.name for status in backends() if status.state == "healthy"), key=PREFERENCE[::-1].index)
)
"""The simplest first."""
