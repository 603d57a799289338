"""The backends that the tests run on: the built-in ones that are healthy here, ``native`` only where there is Rust."""

from rcmlrs_core.registry import PREFERENCE, backends

_HEALTHY = {status.name for status in backends() if status.state == "healthy"}

BACKENDS = tuple(name for name in reversed(PREFERENCE) if name in _HEALTHY)
"""The simplest first."""
