"""Layers that move data: no bit changes (N4.1), but where UpSampling2D interpolates."""

from math import prod
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras.layer import InputSpec
from rcmlrs_core.keras.layers.configured import (
    StandardLayer,
    channels_last,
    data_format_of,
    lengths,
    one_of,
    pairs,
    positive,
    spatial,
    with_spatial,
)
from rcmlrs_core.tensor import RamTensor


class Flatten(StandardLayer):
    """``(batch, ...)`` as ``(batch, n)``, with the channels innermost in either data format."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """A reshape."""
        if self.data_format == "channels_first" and inputs.ndim > 2:
            inputs = channels_last(inputs)
        return inputs.reshape((inputs.shape[0], prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """All lengths but the first multiplied."""
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else prod(rest))


class Reshape(StandardLayer):
    """``(batch, ...)`` as ``(batch, *target_shape)``, in which one length may be -1: as many as are left."""

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        known = [n for n in self.target_shape if n != -1]
        if not all(isinstance(n, int) and n >= 0 for n in known) or len(self.target_shape) - len(known) > 1:
            raise AttributeValueError(
                f"Reshape: target_shape is a tuple of lengths, of which one may be -1, got {target_shape!r}"
            )
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """A reshape."""
        return inputs.reshape((inputs.shape[0], *self.compute_output_shape(inputs.shape)[1:]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """With -1 worked out, where the input is known."""
        rest = input_shape[1:]
        if None in rest:
            return (input_shape[0], *(None if n == -1 else n for n in self.target_shape))
        size = prod(rest)
        others = prod(n for n in self.target_shape if n != -1)
        if -1 in self.target_shape and others and size % others == 0:
            return (input_shape[0], *(size // others if n == -1 else n for n in self.target_shape))
        if size != others or -1 in self.target_shape:
            raise ShapeError(
                f"layer {self.name!r}: {size} elements of {tuple(rest)} cannot have the shape {self.target_shape}"
            )
        return (input_shape[0], *self.target_shape)


class Permute(StandardLayer):
    """The axes after the batch in another order: ``dims`` counts them from 1."""

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise AttributeValueError(f"Permute: dims are the numbers 1 to n in some order, got {dims!r}")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """A transpose."""
        return inputs.transpose((0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The lengths in that order."""
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))


class RepeatVector(StandardLayer):
    """``(batch, features)`` as ``n`` equal steps, ``(batch, n, features)``."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive(self, n=n)
        self.input_spec = InputSpec(ndim=2)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """A broadcast."""
        batch, features = inputs.shape
        return inputs.reshape((batch, 1, features)).repeat(self.n, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """With n steps."""
        return (input_shape[0], self.n, input_shape[1])


class Spatial(StandardLayer):
    """The base of layers that change the lengths of ``rank`` spatial axes, each on its own."""

    rank: int
    data_format: str

    def set_spatial(self, data_format: str | None) -> None:
        """The data format, and how many axes there must be."""
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    def axis(self, i: int) -> int:
        """The i-th spatial axis."""
        return i + (2 if self.data_format == "channels_first" else 1)

    def length(self, i: int, n: int) -> int:
        """What becomes of the length of the i-th spatial axis."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Each spatial length as ``length`` says."""
        inner = spatial(self.data_format, input_shape)
        found = tuple(None if n is None else self.length(i, n) for i, n in enumerate(inner))
        return with_spatial(self.data_format, input_shape, found)


class _UpSampling(Spatial):
    """Every place ``size`` times."""

    size: Any

    def length(self, i: int, n: int) -> int:
        """Times the size."""
        return n * int(lengths(self, "size", self.size, self.rank)[i])

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation ``repeat``, axis by axis."""
        for i, times in enumerate(lengths(self, "size", self.size, self.rank)):
            if times > 1:
                inputs = inputs.repeat(times, axis=self.axis(i))
        return inputs


class UpSampling1D(_UpSampling):
    """Every step of ``(batch, time, features)`` ``size`` times."""

    rank = 1

    def __init__(self, size: Any = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = positive(self, size=size[0] if isinstance(size, tuple | list) else size)
        self.set_spatial(None)


class UpSampling2D(_UpSampling):
    """Every row and column ``size`` times; ``"bilinear"`` interpolates between them (the operation ``resize``)."""

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size = lengths(self, "size", size, 2)
        self.interpolation = one_of(self, "interpolation", interpolation, "nearest", "bilinear")
        self.set_spatial(data_format)

    def call(self, inputs: RamTensor) -> RamTensor:
        """Repeated or resized."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        return inputs.resize(self.compute_output_shape(inputs.shape), mode="linear")


class UpSampling3D(_UpSampling):
    """Every place along three axes ``size`` times."""

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = lengths(self, "size", size, 3)
        self.set_spatial(data_format)


class _ZeroPadding(Spatial):
    """Zeros around the spatial axes: a number, one for each axis, or pairs (before, after)."""

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widths = pairs(self, "padding", padding, self.rank)
        self.set_spatial(data_format)

    def argument(self, name: str) -> Any:
        """The padding of one axis is one pair, as in Keras."""
        if name == "padding":
            return self.widths[0] if self.rank == 1 else self.widths
        return super().argument(name)

    def length(self, i: int, n: int) -> int:
        """More by both widths."""
        return n + sum(self.widths[i])

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation ``pad``."""
        found = [(0, 0)] * inputs.ndim
        for i, pair in enumerate(self.widths):
            found[self.axis(i)] = pair
        return inputs.pad(tuple(found))


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after the steps of ``(batch, time, features)``."""

    rank = 1


class ZeroPadding2D(_ZeroPadding):
    """Zeros around the rows and columns."""

    rank = 2


class ZeroPadding3D(_ZeroPadding):
    """Zeros around three spatial axes."""

    rank = 3


class _Cropping(Spatial):
    """Places taken away at both ends of the spatial axes: a number, one for each axis, or pairs (before, after)."""

    cuts: tuple[tuple[int, int], ...]

    def argument(self, name: str) -> Any:
        """The cropping of one axis is one pair, as in Keras."""
        if name == "cropping":
            return self.cuts[0] if self.rank == 1 else self.cuts
        return super().argument(name)

    def length(self, i: int, n: int) -> int:
        """Less by both cuts."""
        left = n - sum(self.cuts[i])
        if left < 1:
            raise ShapeError(f"layer {self.name!r}: of {n} places, {self.cuts[i]} taken away leave none")
        return left

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation ``slice``."""
        self.compute_output_shape(inputs.shape)
        start, stop = [0] * inputs.ndim, list(inputs.shape)
        for i, (before, after) in enumerate(self.cuts):
            start[self.axis(i)] = before
            stop[self.axis(i)] -= after
        return inputs.slice(start=tuple(start), stop=tuple(stop))


class Cropping1D(_Cropping):
    """Steps of ``(batch, time, features)`` taken away at both ends."""

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cuts = pairs(self, "cropping", cropping, 1)
        self.set_spatial(None)


class Cropping2D(_Cropping):
    """Rows and columns taken away."""

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cuts = pairs(self, "cropping", cropping, 2)
        self.set_spatial(data_format)


class Cropping3D(_Cropping):
    """Places taken away along three axes."""

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cuts = pairs(self, "cropping", cropping, 3)
        self.set_spatial(data_format)


__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Flatten",
    "Permute",
    "RepeatVector",
    "Reshape",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]
