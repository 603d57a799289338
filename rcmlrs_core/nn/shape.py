"""Layers that bring what one layer returns into the shape that the next one takes. They change no bit (N4.1)."""

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.nn.module import Layer, Module
from rcmlrs_core.plain import Shape
from rcmlrs_core.tensor import RamTensor


class Flatten(Layer):
    """The axes from ``start_dim`` to ``end_dim`` joined into one: ``(batch, a, b)`` becomes ``(batch, a * b)``.

    Both count from the end where they are below zero; by default all axes but the first are joined.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``reshape``."""
        if not x.ndim:
            raise ShapeError("Flatten: a tensor of shape () has no batch axis to keep; reshape it to (1, 1)")
        if x.ndim == 1 and (self.start_dim, self.end_dim) == (1, -1):
            return x.reshape((x.shape[0], 1))
        start, end = (axis_of("Flatten", axis, x) for axis in (self.start_dim, self.end_dim))
        if start > end:
            raise AxisError(
                f"Flatten: start_dim {self.start_dim} is behind end_dim {self.end_dim} in a tensor of shape {x.shape}"
            )
        return x.reshape((*x.shape[:start], prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Layer):
    """One axis cut into several: ``Unflatten(1, (2, 3))`` makes ``(batch, 2, 3)`` of ``(batch, 6)``.

    One of the lengths may be -1: what is left.
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        self.dim = dim
        self.unflattened_size = lengths_of("Unflatten", "unflattened_size", unflattened_size)

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``reshape``."""
        axis = axis_of("Unflatten", self.dim, x)
        lengths = filled("Unflatten", self.unflattened_size, x.shape[axis : axis + 1], x)
        return x.reshape((*x.shape[:axis], *lengths, *x.shape[axis + 1 :]))

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Reshape(Layer):
    """Each sample in another shape: ``Reshape((2, 3))``, or ``Reshape(2, 3)``, makes ``(batch, 2, 3)``.

    One of the lengths may be -1: what is left.
    """

    def __init__(self, *shape: int | Sequence[int]) -> None:
        given = shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
        self.shape = lengths_of("Reshape", "shape", given)

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``reshape``."""
        if not x.ndim:
            raise ShapeError("Reshape: a tensor of shape () has no batch axis to keep; reshape it to (1,)")
        return x.reshape((x.shape[0], *filled("Reshape", self.shape, x.shape[1:], x)))

    def extra_repr(self) -> str:
        """The shape."""
        return str(self.shape)


def axis_of(layer: str, axis: int, x: RamTensor) -> int:
    """``axis``, counted from the front."""
    if not -x.ndim <= axis < x.ndim:
        raise AxisError(f"{layer}: there is no axis {axis} in a tensor of shape {x.shape}")
    return axis % x.ndim


def lengths_of(layer: str, what: str, given: Any) -> Shape:
    """Lengths, of which one may be -1."""
    try:
        lengths = tuple(map(index, given))
    except TypeError:
        raise ShapeError(f"{layer}: {what} has an int for each axis, got {given!r}") from None
    if any(n < -1 for n in lengths) or lengths.count(-1) > 1:
        raise ShapeError(f"{layer}: {what} has lengths of at least 0, and -1 at most once, got {given!r}")
    return lengths


def filled(layer: str, lengths: Shape, replaced: Shape, x: RamTensor) -> Shape:
    """``lengths`` in place of ``replaced``, -1 being what is left."""
    wanted, known = prod(replaced), prod(n for n in lengths if n != -1)
    fits = known == wanted if -1 not in lengths else known and wanted % known == 0
    if not fits:
        raise ShapeError(
            f"{layer}: {wanted} elements of {replaced} do not fill {lengths}, in a tensor of shape {x.shape}"
        )
    return tuple(wanted // known if n == -1 else n for n in lengths)


class LastStep(Module):
    """The last hidden state of a recurrent layer: ``Sequential(LSTM(1, 16), LastStep(), Linear(16, 1))``.

    Of several layers it is that of the last one; of two directions both, ``(batch, 2 * hidden_size)``, forward first.
    """

    def forward(self, result: Any) -> RamTensor:
        """From ``(outputs, last)``, where ``last`` may be a pair ``(h, c)``."""
        outputs, last = _pair("LastStep", result)
        h: RamTensor = last[0] if isinstance(last, tuple) else last
        if h.ndim == 2:
            return h
        directions = outputs.shape[-1] // h.shape[-1]
        first, *rest = h[-directions:].unstack()
        return first.concat(*rest, axis=1) if rest else first


class AllSteps(Module):
    """The hidden states at all steps: ``Sequential(LSTM(1, 16), AllSteps(), Linear(16, 1))`` says something at each."""

    def forward(self, result: Any) -> RamTensor:
        """The first of ``(outputs, last)``."""
        outputs: RamTensor = _pair("AllSteps", result)[0]
        return outputs


def _pair(layer: str, result: Any) -> tuple[Any, Any]:
    """What a recurrent layer returns."""
    if not isinstance(result, tuple) or len(result) != 2:
        raise ShapeError(f"{layer}: takes the pair (outputs, last) that a recurrent layer returns; put it after an RNN")
    return result
