"""Layers that make one tensor of several. Shapes broadcast; where ranks differ, axes of 1 come after the batch."""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.creation import ones
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras.layers.configured import StandardLayer
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import BOOL
from rcmlrs_core.tensor import RamTensor


class Merge(StandardLayer):
    """The base: a list of tensors comes in, and ``merge`` says what is made of them."""

    supports_masking = True
    fewest = 1

    def merge(self, tensors: Sequence[RamTensor]) -> RamTensor:
        """What is made of tensors of one rank."""
        raise NotImplementedError

    def build(self, input_shape: Any) -> None:
        """Nothing but a look at the shapes."""
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Any) -> RamTensor:
        """``merge``, once the ranks are equal."""
        if not isinstance(inputs, list | tuple) or len(inputs) < self.fewest:
            raise ShapeError(f"{type(self).__name__}: takes a list of {self.fewest} tensors or more, got {inputs!r}")
        rank = max(x.ndim for x in inputs)
        return self.merge([x.reshape((x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:])) for x in inputs])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What the shapes broadcast to."""
        shapes = self.shapes_of(input_shape)
        batch = {shape[0] for shape in shapes} - {None}
        if len(batch) > 1:
            raise ShapeError(f"{type(self).__name__}: batches of different lengths: {shapes}")
        rank = max(map(len, shapes))
        found: list[int | None] = [1] * (rank - 1)
        for shape in shapes:
            for i, n in enumerate(shape[1:], rank - len(shape)):
                if n not in (1, found[i]):
                    if found[i] not in (1, None) and n is not None:
                        raise ShapeError(f"{type(self).__name__}: shapes that do not broadcast: {shapes}")
                    found[i] = None if None in (n, found[i]) and found[i] != 1 else n
        return (batch.pop() if batch else None, *found)

    def shapes_of(self, input_shape: Any) -> list[Any]:
        """The shapes of the inputs, of which there must be several."""
        if not isinstance(input_shape, list | tuple) or not all(isinstance(s, list | tuple) for s in input_shape):
            raise ShapeError(f"{type(self).__name__}: is called on a list of tensors, got the shape {input_shape}")
        if len(input_shape) < self.fewest:
            raise ShapeError(f"{type(self).__name__}: takes {self.fewest} tensors or more, got {len(input_shape)}")
        return [tuple(shape) for shape in input_shape]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Where any counts, if all have a mask."""
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        found = previous_mask[0]
        for mask in previous_mask[1:]:
            found = found.logical_or(mask)
        return found


class Add(Merge):
    """The sum, rounded once however many there are."""

    def merge(self, tensors: Sequence[RamTensor]) -> RamTensor:
        """The operation ``add_n``."""
        if tensors[0].dtype != "float32":
            total = tensors[0]
            for x in tensors[1:]:
                total = total + x
            return total
        return tensors[0].add_n(*tensors[1:])


class Subtract(Merge):
    """The difference of two."""

    fewest = 2

    def merge(self, tensors: Sequence[RamTensor]) -> RamTensor:
        """The operation ``sub``."""
        if len(tensors) != 2:
            raise ShapeError(f"Subtract: takes two tensors, got {len(tensors)}")
        return tensors[0] - tensors[1]


class Multiply(Merge):
    """The product, from the first factor to the last."""

    def merge(self, tensors: Sequence[RamTensor]) -> RamTensor:
        """The operation ``mul``."""
        product = tensors[0]
        for x in tensors[1:]:
            product = product * x
        return product


class Average(Merge):
    """The mean: the exact sum through their number, rounded once."""

    casts_integers = True

    def merge(self, tensors: Sequence[RamTensor]) -> RamTensor:
        """The operation ``mean`` of them stacked."""
        shape = self.compute_output_shape([x.shape for x in tensors])
        first, *others = (x.broadcast_to(shape) for x in tensors)
        return first.stack(*others, axis=0).mean(axis=0)


class Maximum(Merge):
    """The largest at each place."""

    def merge(self, tensors: Sequence[RamTensor]) -> RamTensor:
        """The operation ``maximum``."""
        found = tensors[0]
        for x in tensors[1:]:
            found = found.maximum(x)
        return found


class Minimum(Merge):
    """The smallest at each place."""

    def merge(self, tensors: Sequence[RamTensor]) -> RamTensor:
        """The operation ``minimum``."""
        found = tensors[0]
        for x in tensors[1:]:
            found = found.minimum(x)
        return found


class Concatenate(Merge):
    """One behind the other along an axis."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> RamTensor:
        """The operation ``concat``."""
        self.compute_output_shape([x.shape for x in inputs])
        first, *others = inputs
        joined: RamTensor = first.concat(*others, axis=self.axis) if others else first
        return joined

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The lengths along the axis added."""
        shapes = self.shapes_of(input_shape)
        rank = len(shapes[0])
        axis = normalize_axis("Concatenate", self.axis, rank)
        found = list(shapes[0])
        for shape in shapes[1:]:
            others = [(a, b) for i, (a, b) in enumerate(zip(found, shape, strict=False)) if i != axis]
            if len(shape) != rank or any(a != b and None not in (a, b) for a, b in others):
                raise ShapeError(f"Concatenate: shapes differ in more than axis {axis}: {shapes}")
            total = None if None in (found[axis], shape[axis]) else found[axis] + shape[axis]
            found = [a if a is not None else b for a, b in zip(found, shape, strict=True)]
            found[axis] = total
        return tuple(found)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks joined in the same way; an input without one counts everywhere."""
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        rank = inputs[0].ndim
        axis = normalize_axis("Concatenate", self.axis, rank)
        masks = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            if mask is None:
                mask = ones(x.shape, dtype=BOOL, backend=x._backend)
            elif mask.ndim < rank:
                mask = mask.reshape((*mask.shape, *(1,) * (rank - mask.ndim))).broadcast_to(x.shape)
            masks.append(mask)
        joined = masks[0].concat(*masks[1:], axis=axis) if len(masks) > 1 else masks[0]
        return joined.all(axis=-1)


class Dot(Merge):
    """The sum of products of two tensors along an axis of each, sample by sample.

    With ``normalize`` both are divided by their length along it first, and the result is their cosine.
    """

    casts_integers = True
    fewest = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        both = axes if isinstance(axes, tuple | list) else (axes, axes)
        if len(both) != 2 or not all(isinstance(axis, int) and axis != 0 for axis in both):
            raise AttributeValueError(f"Dot: axes is an int or two, none of them 0, the batch; got {axes!r}")
        self.axes = axes
        self.normalize = normalize

    def _axes(self, ranks: Sequence[int]) -> tuple[int, int]:
        both = self.axes if isinstance(self.axes, tuple | list) else (self.axes, self.axes)
        first, second = (normalize_axis("Dot", axis, rank) for axis, rank in zip(both, ranks, strict=True))
        if not first or not second:
            raise AttributeValueError(f"Dot: axes {self.axes!r} name the batch of tensors of ranks {tuple(ranks)}")
        return first, second

    def call(self, inputs: Any) -> RamTensor:
        """The operation ``einsum``."""
        x, y = inputs
        first, second = self._axes((x.ndim, y.ndim))
        if self.normalize:
            x, y = unit(x, first), unit(y, second)
        names = "bcdefghijklmnopqrstuvwxyz"
        left = ["z" if axis == first else names[axis] for axis in range(x.ndim)]
        right = ["z" if axis == second else names[axis + x.ndim] for axis in range(y.ndim)]
        left[0] = right[0] = "a"
        output = "".join(c for c in left + right[1:] if c != "z")
        found: RamTensor = x.einsum(y, subscripts=f"{''.join(left)},{''.join(right)}->{output}")
        return found.reshape((*found.shape, 1)) if found.ndim == 1 else found

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What is left of both, after one batch; at least one axis after it."""
        shapes = self.shapes_of(input_shape)
        if len(shapes) != 2:
            raise ShapeError(f"Dot: takes two tensors, got {len(shapes)}")
        first, second = self._axes([len(shape) for shape in shapes])
        x, y = shapes
        if None not in (x[first], y[second]) and x[first] != y[second]:
            raise ShapeError(f"Dot: axis {first} of {x} and axis {second} of {y} have different lengths")
        found = (*x[:first], *x[first + 1 :], *(n for i, n in enumerate(y) if i not in (0, second)))
        return (*found, 1) if len(found) == 1 else found

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: what is left of the masks means nothing."""
        return None


def unit(x: RamTensor, axis: Any) -> RamTensor:
    """``x`` through its Euclidean length along axes, or through 1e-6 where that is longer.

    Keras adds nothing, and takes the root of ``max(sum of squares, 1e-12)``: the same but for roundings.
    """
    return x / x.norm(axis=axis, keepdims=True).maximum(1e-6)


def add(inputs: Any, **kwargs: Any) -> Any:
    """``Add(**kwargs)(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """``Subtract(**kwargs)(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """``Multiply(**kwargs)(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """``Average(**kwargs)(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """``Maximum(**kwargs)(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """``Minimum(**kwargs)(inputs)``."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """``Concatenate(axis, **kwargs)(inputs)``."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """``Dot(axes, **kwargs)(inputs)``."""
    return Dot(axes=axes, **kwargs)(inputs)


__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
