"""RCMLRS: machine learning whose results do not depend on the backend.

Every operation returns the binary32 number nearest to the exact result, on every backend, to the bit.
``import rcmlrs_core as rc`` and start with ``rc.tensor``.
"""

from rcmlrs_core import functions as _functions
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
