"""The compiled module of the native backend. Where it is not built, the tests that import this are skipped, and say so.

With ``RCMLRS_NATIVE=require``, as in continuous integration, they fail instead.
"""

import os

import pytest

from rcmlrs_core.registry import BackendNotBuiltError

try:
    from rcmlrs_backend_native import _native as native
except BackendNotBuiltError as error:
    if os.environ.get("RCMLRS_NATIVE") == "require":
        raise
    pytest.skip(str(error), allow_module_level=True)

__all__ = ["native"]
