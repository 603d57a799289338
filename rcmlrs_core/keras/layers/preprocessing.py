"""Layers for data: Normalization, which learns mean and variance of it, and Rescaling."""

from collections.abc import Iterable
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import AttributeValueError, DataError, ShapeError
from rcmlrs_core.keras.layer import as_tensor
from rcmlrs_core.keras.layers.activations import Elementwise
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.tensor import RamTensor

SMALLEST = 1e-7
"""A standard deviation below this is taken for it: Keras' ``backend.epsilon()``."""


class Normalization(Elementwise):
    """``(x - mean) / max(sqrt(variance), 1e-7)``, or the way back with ``invert``.

    ``adapt(data)`` finds mean and variance along all axes but ``axis``, exactly until their one rounding; they are kept
    as weights that are not trained. Or they are given, as numbers or arrays.
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise AttributeValueError(
                "Normalization: give both mean and variance, or none of them and call adapt(data)"
            )
        self.axis = () if axis is None else tuple(axis) if isinstance(axis, list | tuple) else (axis,)
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert

    def argument(self, name: str) -> Any:
        """Mean and variance as they were given."""
        if name in ("mean", "variance"):
            given = self.input_mean if name == "mean" else self.input_variance
            return given.tolist() if hasattr(given, "tolist") else given
        return super().argument(name)

    def build(self, input_shape: Any) -> None:
        """mean, variance and count, unless they were given."""
        self.kept = tuple(sorted(normalize_axis("Normalization", axis, len(input_shape)) for axis in self.axis))
        shape = tuple(input_shape[axis] for axis in self.kept)
        if None in shape:
            raise ShapeError(f"layer {self.name!r}: axes {self.axis} of {tuple(input_shape)} must be known")
        self.broadcast = tuple(n if axis in self.kept else 1 for axis, n in enumerate(input_shape))
        if self.input_mean is None:
            self.mean = self.add_weight(name="mean", shape=shape, initializer="zeros", trainable=False)
            self.variance = self.add_weight(name="variance", shape=shape, initializer="ones", trainable=False)
            self.count = self.add_weight(name="count", shape=(), dtype="int32", initializer="zeros", trainable=False)
        else:
            self.mean, self.variance = (
                tensor(given).astype(dtype=FLOAT32).broadcast_to(shape) if shape else tensor(given)
                for given in (self.input_mean, self.input_variance)
            )
        self.built = True

    def adapt(self, data: Any) -> None:
        """Find mean and variance of data: an array or a tensor, or batches of them, which are taken together."""
        if self.input_mean is not None:
            raise DataError(f"layer {self.name!r}: mean and variance were given, so there is nothing to adapt")
        x = together(data)
        if not self.built:
            self.build_from_config({"input_shape": x.shape})
        if len(x.shape) != len(self.broadcast) or any(x.shape[axis] != self.broadcast[axis] for axis in self.kept):
            raise ShapeError(f"layer {self.name!r}: was built for {self.broadcast} (1 is any), got data of {x.shape}")
        others = tuple(axis for axis in range(x.ndim) if axis not in self.kept)
        with no_grad():
            self.mean.replace_(x.mean(axis=others) if others else x)
            self.variance.replace_(x.var(axis=others) if others else x.full_like(0.0))

    def call(self, inputs: RamTensor) -> RamTensor:
        """The quotient, or with ``invert`` the product and sum."""
        shape = (*(1,) * (inputs.ndim - len(self.broadcast)), *self.broadcast)
        mean, std = self.mean.reshape(shape), self.variance.reshape(shape).sqrt().maximum(SMALLEST)
        return mean + inputs * std if self.invert else (inputs - mean) / std


class Rescaling(Elementwise):
    """``x * scale + offset``: ``Rescaling(1 / 255)`` takes pixels to [0, 1]."""

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """A product and a sum; each may be a number, or one for each channel."""
        scale, offset = (tensor(a) if isinstance(a, list | tuple) else a for a in (self.scale, self.offset))
        return inputs * scale + offset


def together(data: Any) -> RamTensor:
    """Batches one behind the other, as float32; of pairs (x, y) the x."""
    if hasattr(data, "shape"):
        parts = [data]
    elif isinstance(data, Iterable):
        parts = [batch[0] if isinstance(batch, tuple) else batch for batch in data]
    else:
        raise DataError(f"adapt: takes an array, a tensor, or batches of them, got a {type(data).__name__}")
    if not parts:
        raise DataError("adapt: there are no batches")
    first, *others = (as_tensor(part).astype(dtype=FLOAT32) for part in parts)
    found: RamTensor = first.concat(*others, axis=0) if others else first
    return found


__all__ = ["Normalization", "Rescaling"]
