"""KerasTensor: what a layer gives before there are data. Its shape is known, but for axes that are None."""

from collections.abc import Callable, Iterable
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.keras import tree
from rcmlrs_core.plain import BOOL, FLOAT32, INT32

Dims = tuple[int | None, ...]
"""A shape in which None stands for a length that is not known yet, such as that of the batch."""

DTYPES = {
    "float32": FLOAT32,
    "float64": FLOAT32,
    "float": FLOAT32,
    "int32": INT32,
    "int64": INT32,
    "int16": INT32,
    "int8": INT32,
    "uint8": INT32,
    "int": INT32,
    "bool": BOOL,
}
"""Keras' element types, and ours (N1.1): every float is binary32, and every integer int32."""


def standard_dtype(dtype: Any) -> str:
    """The element type for what Keras calls ``dtype``; None is float32."""
    if dtype is None:
        return FLOAT32
    if isinstance(dtype, dict):  # a dtype policy, as Keras writes it into a file
        dtype = dtype.get("config", {}).get("name")
    called = getattr(dtype, "name", getattr(dtype, "__name__", dtype))
    if called not in DTYPES:
        hint = "; half precision and mixed policies are not binary32 (N1)" if "16" in str(called) else ""
        raise DTypeError(f"keras: there is no element type {called!r}; the types are float32, int32 and bool{hint}")
    return DTYPES[called]


def standard_shape(shape: Any) -> Dims:
    """A tuple of lengths, each a non-negative int or None."""
    if isinstance(shape, int) or shape is None:
        raise ShapeError(f"keras: a shape is a tuple such as (28, 28, 1) or (3,), got {shape!r}")
    dims = []
    for length in shape:
        if length is not None:
            try:
                length = length.__index__()
            except AttributeError:
                length = -1
            if length < 0:
                raise ShapeError(f"keras: the lengths of a shape are ints of at least 0, or None, got {shape!r}")
        dims.append(length)
    return tuple(dims)


class Node:
    """A layer's call on symbolic tensors: what went in and what came out. Models are made of these."""

    def __init__(self, layer: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], outputs: Any) -> None:
        self.layer = layer
        self.arguments = arguments
        self.keywords = keywords
        self.outputs = outputs
        self.index = len(layer._record.nodes)
        self.simple = len(arguments) == 1 and not keywords and isinstance(outputs, KerasTensor)
        self.simple = self.simple and isinstance(arguments[0], KerasTensor)
        """Whether one tensor goes in, and one comes out."""
        layer._record.nodes.append(self)
        for index, output in enumerate(tree.leaves(outputs)):
            if isinstance(output, KerasTensor):
                output.node, output.index = self, index

    @property
    def inputs(self) -> "list[KerasTensor]":
        """The symbolic tensors among the arguments."""
        found = tree.leaves((self.arguments, self.keywords))
        return [x for x in found if isinstance(x, KerasTensor)]


class KerasTensor:
    """A tensor without elements: a shape, an element type, and the node that gives it.

    Layers take it and give others; ``Model(inputs, outputs)`` then is all that lies between. Arithmetic with it makes
    layers too. It has no elements, so operations of ``rcmlrs_core`` refuse it.
    """

    __array_ufunc__ = None

    def __init__(self, shape: Iterable[int | None], dtype: Any = FLOAT32, name: str | None = None) -> None:
        from rcmlrs_core.keras.names import auto_name

        self.shape = standard_shape(shape)
        self.dtype = standard_dtype(dtype)
        self.name = name or auto_name(type(self).__name__)
        self.node: Node | None = None
        self.index = 0

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def reshape(self, new_shape: Any) -> Any:
        """The same elements in another shape; it has the batch in it, as NumPy's has."""
        return _apply("reshape", lambda x: x.reshape(tuple(new_shape)), self)

    def _no_elements(self, what: str) -> TypeError:
        return TypeError(
            f"a KerasTensor of shape {self.shape} has no elements, so there is {what} of it; call the model on data, "
            "or write what you compute as a layer"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise self._no_elements("no array")

    def __bool__(self) -> bool:
        raise self._no_elements("no truth value")

    def __float__(self) -> float:
        raise self._no_elements("no number")

    def __int__(self) -> int:
        raise self._no_elements("no number")

    def __iter__(self) -> Any:
        raise self._no_elements("no loop over the parts")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __add__(self, other: Any) -> Any:
        return _apply("add", lambda a, b: a + b, self, other)

    def __radd__(self, other: Any) -> Any:
        return _apply("add", lambda a, b: a + b, other, self)

    def __sub__(self, other: Any) -> Any:
        return _apply("subtract", lambda a, b: a - b, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _apply("subtract", lambda a, b: a - b, other, self)

    def __mul__(self, other: Any) -> Any:
        return _apply("multiply", lambda a, b: a * b, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _apply("multiply", lambda a, b: a * b, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _apply("true_divide", lambda a, b: a / b, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _apply("true_divide", lambda a, b: a / b, other, self)

    def __matmul__(self, other: Any) -> Any:
        return _apply("matmul", lambda a, b: a @ b, self, other)

    def __pow__(self, other: Any) -> Any:
        return _apply("power", lambda a, b: a**b, self, other)

    def __neg__(self) -> Any:
        return _apply("negative", lambda a: -a, self)

    def __abs__(self) -> Any:
        return _apply("absolute", abs, self)

    def __getitem__(self, index: Any) -> Any:
        return _apply("get_item", lambda a: a[index], self)


def _apply(name: str, function: Callable[..., Any], *operands: Any) -> Any:
    from rcmlrs_core.keras.layer import FunctionLayer

    return FunctionLayer(function, name)(*operands)
