"""``keras.ops`` for layers and losses of one's own: Keras' names, on our operations.

Each takes tensors, arrays and numbers, or KerasTensors, of which it makes a layer. What is not here is an operation of
``rcmlrs_core`` or a method of a tensor, mostly under NumPy's name.
"""

import builtins
from collections.abc import Callable
from typing import Any

import rcmlrs_core as rc
from rcmlrs_core.errors import did_you_mean
from rcmlrs_core.keras import activations, tree
from rcmlrs_core.keras.layer import FunctionLayer, as_array, as_tensor
from rcmlrs_core.keras.tensor import KerasTensor, standard_dtype
from rcmlrs_core.tensor import RamTensor

SAME = (
    "abs",
    "absolute",
    "add",
    "all",
    "amax",
    "amin",
    "any",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "argsort",
    "broadcast_to",
    "cbrt",
    "ceil",
    "celu",
    "clip",
    "cos",
    "cosh",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "diag",
    "diagonal",
    "divide",
    "dot",
    "elu",
    "equal",
    "erf",
    "exp",
    "exp2",
    "expand_dims",
    "expm1",
    "flip",
    "floor",
    "floor_divide",
    "fmod",
    "greater",
    "greater_equal",
    "hypot",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "mish",
    "moveaxis",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "outer",
    "power",
    "prod",
    "quantile",
    "reciprocal",
    "relu",
    "relu6",
    "repeat",
    "reshape",
    "roll",
    "round",
    "rsqrt",
    "selu",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sort",
    "sqrt",
    "square",
    "squeeze",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "transpose",
    "tril",
    "triu",
    "trunc",
    "var",
    "where",
)
"""Operations of ``rcmlrs_core`` that have Keras' name and order of arguments."""


def _applied(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of tensors, arrays and KerasTensors."""

    def operation(*args: Any, **kwargs: Any) -> Any:
        if builtins.any(isinstance(x, KerasTensor) for x in tree.leaves((args, kwargs))):
            return FunctionLayer(lambda *a, **k: function(*map(_data, a), **k), name)(*args, **kwargs)
        return function(*map(_data, args), **kwargs)

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = function.__doc__
    return operation


def _data(x: Any) -> Any:
    if isinstance(x, list | tuple) and builtins.any(hasattr(part, "shape") for part in x):
        return [as_tensor(part) for part in x]
    return as_tensor(x) if hasattr(x, "shape") else x


def _concatenate(xs: Any, axis: int = -1) -> Any:
    first, *others = xs
    return first.concat(*others, axis=axis) if others else first


def _stack(x: Any, axis: int = 0) -> Any:
    first, *others = x
    return first.stack(*others, axis=axis)


def _split(x: RamTensor, indices_or_sections: Any, axis: int = 0) -> list[RamTensor]:
    if isinstance(indices_or_sections, int):
        return list(x.chunk(indices_or_sections, axis=axis))
    ends = [0, *indices_or_sections, x.shape[axis]]
    return list(x.split([b - a for a, b in zip(ends, ends[1:], strict=False)], axis=axis))  # noqa: RUF007


def _divide_no_nan(x1: Any, x2: Any) -> Any:
    over, under = as_tensor(x1), as_tensor(x2)
    zero = under.equal(0.0)
    return zero.where(0.0, over / zero.where(1.0, under))


def _silu(x: RamTensor) -> RamTensor:
    return x.swish()


_OWN: dict[str, Callable[..., Any]] = {
    "cast": lambda x, dtype: as_tensor(x).astype(dtype=standard_dtype(dtype)),
    "concatenate": _concatenate,
    "divide_no_nan": _divide_no_nan,
    "einsum": lambda subscripts, *operands: rc.einsum(*operands, subscripts=subscripts),
    "gelu": lambda x, approximate=True: activations.gelu(x, approximate),
    "hard_sigmoid": activations.hard_sigmoid,
    "leaky_relu": lambda x, negative_slope=0.2: x.leaky_relu(slope=negative_slope),
    "linalg_norm": lambda x: x.norm(),
    "mod": lambda x1, x2: as_tensor(x1) % x2,
    "norm": lambda x, ord=None, axis=None, keepdims=False: x.square().sum(axis=axis, keepdims=keepdims).sqrt(),
    "one_hot": lambda x, num_classes: as_tensor(x).one_hot(classes=num_classes),
    "ones_like": lambda x: x.ones_like(),
    "silu": _silu,
    "split": _split,
    "stack": _stack,
    "stop_gradient": lambda variable: variable.detach(),
    "swish": _silu,
    "top_k": lambda x, k, sorted=True: x.topk(k),
    "zeros_like": lambda x: x.zeros_like(),
}

_found: dict[str, Callable[..., Any]] = {name: _applied(name, function) for name, function in _OWN.items()}


def __getattr__(name: str) -> Any:
    if name in SAME and name not in _found:
        _found[name] = _applied(name, getattr(rc, name))
    if name in _found:
        return _found[name]
    raise AttributeError(f"keras.ops has no {name!r}{did_you_mean(name, [*SAME, *_found])}", name=name)


def __dir__() -> list[str]:
    return sorted([*SAME, *_found, *__all__])


__all__ = [
    "arange",
    "convert_to_numpy",
    "convert_to_tensor",
    "eye",
    "full",
    "is_tensor",
    "ndim",
    "ones",
    "shape",
    "size",
]
__all__ += ["zeros"]


def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """Data as a tensor."""
    made = as_tensor(x)
    return made if dtype is None or isinstance(made, KerasTensor) else made.astype(dtype=standard_dtype(dtype))


def convert_to_numpy(x: Any) -> Any:
    """A tensor as a NumPy array."""
    return as_array(as_tensor(x))


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(x, RamTensor)


def shape(x: Any) -> tuple[Any, ...]:
    """The lengths of the axes."""
    return tuple(x.shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(x.shape)


def size(x: Any) -> int:
    """The number of elements."""
    return int(as_tensor(x).size)


def zeros(shape: Any, dtype: Any = None) -> RamTensor:
    """Zeros."""
    return rc.zeros(shape, dtype=standard_dtype(dtype))


def ones(shape: Any, dtype: Any = None) -> RamTensor:
    """Ones."""
    return rc.ones(shape, dtype=standard_dtype(dtype))


def full(shape: Any, fill_value: Any, dtype: Any = None) -> RamTensor:
    """One value everywhere."""
    return rc.full(shape, fill_value, dtype=standard_dtype(dtype))


def arange(*bounds: Any, dtype: Any = None) -> RamTensor:
    """Numbers at equal distances."""
    made = rc.arange(*bounds)
    return made if dtype is None else made.astype(dtype=standard_dtype(dtype))


def eye(n: int, m: int | None = None) -> RamTensor:
    """The unit matrix."""
    return rc.eye(n, n if m is None else m)
