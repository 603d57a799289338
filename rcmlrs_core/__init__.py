"""RCMLRS: machine learning whose results do not depend on the backend.

Every operation returns the binary32 number nearest to the exact result, on every backend, to the bit.
``import rcmlrs_core as rc`` and start with ``rc.tensor``.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from rcmlrs_core.autograd import grad, no_grad, value_and_grad
from rcmlrs_core.creation import arange, eye, from_bytes, full, ones, tensor, zeros
from rcmlrs_core.errors import (
    AttributeValueError,
    AxisError,
    BackendError,
    BackendMismatchError,
    DataError,
    DTypeError,
    FileFormatError,
    GradientError,
    IndexRangeError,
    PrecisionError,
    RcmlrsError,
    ShapeError,
)
from rcmlrs_core.functions import *  # noqa: F403  (the operations: what functions.__all__ lists)
from rcmlrs_core.hookspecs import hookimpl
from rcmlrs_core.plain import BOOL as bool_
from rcmlrs_core.plain import FLOAT32 as float32
from rcmlrs_core.plain import INT32 as int32
from rcmlrs_core.registry import backends, use_backend
from rcmlrs_core.tensor import RamTensor

__version__ = "0.1.0"

_LAZY = ("data", "io", "losses", "metrics", "nn", "optim", "random", "train")
"""Parts of the library that are imported when they are first named."""

__all__ = [name for name in globals() if not name.startswith("_")] + list(_LAZY)


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"rcmlrs_core has no {name!r}; dir(rcmlrs_core) lists what there is")
