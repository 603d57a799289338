"""RCMLRS: machine learning whose results do not depend on the backend.

Every operation returns the binary32 number nearest to the exact result, on every backend, to the bit.
``import rcmlrs_core as rc`` and start with ``rc.tensor``.
"""

import typing as _typing
from importlib import import_module as _import_module

from rcmlrs_core import functions
from rcmlrs_core.autograd import enable_grad, no_grad, set_grad_enabled, stop_gradient
from rcmlrs_core.creation import (
    arange,
    asarray,
    empty,
    eye,
    from_bytes,
    from_dlpack,
    full,
    full_like,
    linspace,
    ones,
    tensor,
    zeros,
)
from rcmlrs_core.errors import (
    AttributeValueError,
    AxisError,
    BackendError,
    BackendMismatchError,
    ConfigError,
    DataError,
    DTypeError,
    FileFormatError,
    GradientError,
    IndexRangeError,
    IntegerRangeError,
    OperationError,
    PrecisionError,
    RcmlrsError,
    ShapeError,
    TrainingError,
)
from rcmlrs_core.errors import did_you_mean as _did_you_mean
from rcmlrs_core.extension import load_operations as _load_operations
from rcmlrs_core.extension import register_operation
from rcmlrs_core.functions import *  # noqa: F403  (the operations: what functions.__all__ lists)
from rcmlrs_core.hookspecs import hookimpl
from rcmlrs_core.joint import checkpoint, custom_gradient
from rcmlrs_core.plain import BOOL as bool_
from rcmlrs_core.plain import FLOAT32 as float32
from rcmlrs_core.plain import INT32 as int32
from rcmlrs_core.registry import backends, use_backend
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.transforms import grad, hessian, jacobian, jvp, value_and_grad, vjp

if _typing.TYPE_CHECKING:
    from rcmlrs_core import data, io, keras, losses, metrics, nn, optim, random, train
    from rcmlrs_core.io import load_state_binary, load_state_json, save_tensors_binary, save_tensors_json
    from rcmlrs_core.random import manual_seed

__version__ = "0.1.0"

_PARTS = ("data", "io", "keras", "losses", "metrics", "nn", "optim", "random", "train")
_MEMBERS = {
    "load_state_binary": "io",
    "load_state_json": "io",
    "manual_seed": "random",
    "save_tensors_binary": "io",
    "save_tensors_json": "io",
}
"""Parts of the library, and names in them that stand here too; a part is imported when it is first named."""

__all__ = [
    "AttributeValueError",
    "AxisError",
    "BackendError",
    "BackendMismatchError",
    "ConfigError",
    "DTypeError",
    "DataError",
    "FileFormatError",
    "GradientError",
    "IndexRangeError",
    "IntegerRangeError",
    "OperationError",
    "PrecisionError",
    "RamTensor",
    "RcmlrsError",
    "ShapeError",
    "TrainingError",
    "arange",
    "asarray",
    "backends",
    "bool_",
    "checkpoint",
    "custom_gradient",
    "data",
    "empty",
    "enable_grad",
    "eye",
    "float32",
    "from_bytes",
    "from_dlpack",
    "full",
    "full_like",
    "grad",
    "hessian",
    "hookimpl",
    "int32",
    "io",
    "jacobian",
    "jvp",
    "keras",
    "linspace",
    "load_state_binary",
    "load_state_json",
    "losses",
    "manual_seed",
    "metrics",
    "nn",
    "no_grad",
    "ones",
    "optim",
    "random",
    "register_operation",
    "save_tensors_binary",
    "save_tensors_json",
    "set_grad_enabled",
    "stop_gradient",
    "tensor",
    "train",
    "use_backend",
    "value_and_grad",
    "vjp",
    "zeros",
]
__all__ += functions.__all__


if not _typing.TYPE_CHECKING:  # a type checker knows the names above, and finds a misspelt one

    def __getattr__(name: str) -> _typing.Any:
        if name in _PARTS:
            return _import_module(f"{__name__}.{name}")
        if name in _MEMBERS:
            return getattr(_import_module(f"{__name__}.{_MEMBERS[name]}"), name)
        hint = _did_you_mean(name, __all__) or "; dir(rcmlrs_core) lists what there is"
        raise AttributeError(f"rcmlrs_core has no {name!r}{hint}", name=name)


def __dir__() -> list[str]:
    return sorted(__all__)


_load_operations()  # last, so that a package with operations may import all of the above
