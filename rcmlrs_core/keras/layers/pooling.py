"""Pooling over one, two or three spatial axes: windows, everything (Global) or a given number of parts (Adaptive).

With ``padding="same"`` a window that reaches over the border is cut off there: an average is of the elements that there
are, as in Keras.
"""

from collections.abc import Callable
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.keras.layer import InputSpec
from rcmlrs_core.keras.layers.configured import (
    StandardLayer,
    data_format_of,
    lengths,
    on_channels_first,
    one_of,
    spatial,
    with_spatial,
)
from rcmlrs_core.ops.pooling import Bounds, maximum, mean, pooled
from rcmlrs_core.tensor import RamTensor


class _Pool(StandardLayer):
    """The base of what takes windows."""

    casts_integers = True
    rank: int
    reduce: Callable[..., Any]

    def set_windows(self, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> None:
        """The arguments in standard form; without strides, windows lie side by side."""
        self.pool_size = lengths(self, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else lengths(self, "strides", strides, self.rank)
        self.padding = one_of(self, "padding", padding, "valid", "same")
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """Each window reduced."""
        self.compute_output_shape(inputs.shape)
        reduce = type(self).reduce

        def pool(x: RamTensor) -> Any:
            return pooled(x, [self._bounds(i, n) for i, n in enumerate(x.shape[2:])], reduce)

        return on_channels_first(self.data_format, pool, inputs)

    def _bounds(self, i: int, n: int) -> Bounds:
        """The windows along the i-th spatial axis; with "same", the odd place that is missing is behind."""
        k, s = self.pool_size[i], self.strides[i]
        if self.padding == "valid":
            return [(begin, begin + k) for begin in range(0, n - k + 1, s)]
        places = -(-n // s)
        before = max(0, (places - 1) * s + k - n) // 2
        return [(max(0, i * s - before), min(n, i * s - before + k)) for i in range(places)]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As many places as there are windows."""
        found: list[int | None] = []
        for n, k, s in zip(spatial(self.data_format, input_shape), self.pool_size, self.strides, strict=True):
            span = k if self.padding == "valid" else 1
            found.append(None if n is None else (n - span) // s + 1)
            if n is not None and n < span:
                raise ShapeError(
                    f"layer {self.name!r}: windows of {self.pool_size} do not fit into {tuple(input_shape)}; "
                    "padding='same' lets them reach over the border"
                )
        return with_spatial(self.data_format, input_shape, found)


class _MaxPool(_Pool):
    """The largest of each window."""

    reduce = staticmethod(maximum)

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.set_windows(pool_size, strides, padding, data_format)


class _AveragePool(_Pool):
    """The mean of each window, rounded once."""

    reduce = staticmethod(mean)

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.set_windows(pool_size, strides, padding, data_format)


class MaxPooling1D(_MaxPool):
    """Of ``(batch, time, channels)``."""

    rank = 1


class MaxPooling2D(_MaxPool):
    """Of ``(batch, height, width, channels)``."""

    rank = 2


class MaxPooling3D(_MaxPool):
    """Of ``(batch, depth, height, width, channels)``."""

    rank = 3


class AveragePooling1D(_AveragePool):
    """Of ``(batch, time, channels)``."""

    rank = 1


class AveragePooling2D(_AveragePool):
    """Of ``(batch, height, width, channels)``."""

    rank = 2


class AveragePooling3D(_AveragePool):
    """Of ``(batch, depth, height, width, channels)``."""

    rank = 3


class _GlobalPool(StandardLayer):
    """All spatial places reduced to one; with ``keepdims`` their axes stay, of length 1."""

    casts_integers = True
    rank: int

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    @property
    def axes(self) -> tuple[int, ...]:
        """The spatial axes."""
        first = 2 if self.data_format == "channels_first" else 1
        return tuple(range(first, first + self.rank))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Batch and channels."""
        if self.keepdims:
            return with_spatial(self.data_format, input_shape, (1,) * self.rank)
        return (input_shape[0], input_shape[1 if self.data_format == "channels_first" else -1])


class _GlobalMaxPool(_GlobalPool):
    """The largest of all places."""

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation ``max``."""
        return inputs.max(axis=self.axes, keepdims=self.keepdims)


class _GlobalAveragePool(_GlobalPool):
    """The mean of all places, rounded once."""

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation ``mean``."""
        return inputs.mean(axis=self.axes, keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalMaxPool):
    """Of ``(batch, time, channels)``."""

    rank = 1


class GlobalMaxPooling2D(_GlobalMaxPool):
    """Of ``(batch, height, width, channels)``."""

    rank = 2


class GlobalMaxPooling3D(_GlobalMaxPool):
    """Of ``(batch, depth, height, width, channels)``."""

    rank = 3


class GlobalAveragePooling1D(_GlobalAveragePool):
    """Of ``(batch, time, channels)``. With a mask, of the steps that count."""

    rank = 1
    supports_masking = True

    def call(self, inputs: RamTensor, mask: RamTensor | None = None) -> RamTensor:
        """The operation ``mean``; with a mask, a sum through the number of steps that count."""
        if mask is None:
            return super().call(inputs)
        (axis,) = self.axes
        steps = mask.reshape((*mask.shape, 1) if axis == 1 else (mask.shape[0], 1, mask.shape[1]))
        kept = steps.where(inputs, inputs.full_like(0.0))
        count = steps.astype(dtype=inputs.dtype).sum(axis=axis, keepdims=self.keepdims)
        return kept.sum(axis=axis, keepdims=self.keepdims) / count

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: there are no steps left."""
        return None


class GlobalAveragePooling2D(_GlobalAveragePool):
    """Of ``(batch, height, width, channels)``."""

    rank = 2


class GlobalAveragePooling3D(_GlobalAveragePool):
    """Of ``(batch, depth, height, width, channels)``."""

    rank = 3


class _AdaptivePool(StandardLayer):
    """``output_size`` windows along each axis, which share it; neighbours overlap where it cannot be cut evenly."""

    casts_integers = True
    rank: int
    operation: Callable[..., RamTensor]

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = lengths(self, "output_size", output_size, self.rank)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation of that name."""
        operation = type(self).operation
        return on_channels_first(self.data_format, lambda x: operation(x, self.output_size), inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """``output_size``."""
        return with_spatial(self.data_format, input_shape, self.output_size)


class AdaptiveAveragePooling1D(_AdaptivePool):
    """Means over ``(batch, time, channels)``."""

    rank = 1
    operation = RamTensor.adaptive_avg_pool1d


class AdaptiveAveragePooling2D(_AdaptivePool):
    """Means over ``(batch, height, width, channels)``."""

    rank = 2
    operation = RamTensor.adaptive_avg_pool2d


class AdaptiveAveragePooling3D(_AdaptivePool):
    """Means over ``(batch, depth, height, width, channels)``."""

    rank = 3
    operation = RamTensor.adaptive_avg_pool3d


class AdaptiveMaxPooling1D(_AdaptivePool):
    """Maxima over ``(batch, time, channels)``."""

    rank = 1
    operation = RamTensor.adaptive_max_pool1d


class AdaptiveMaxPooling2D(_AdaptivePool):
    """Maxima over ``(batch, height, width, channels)``."""

    rank = 2
    operation = RamTensor.adaptive_max_pool2d


class AdaptiveMaxPooling3D(_AdaptivePool):
    """Maxima over ``(batch, depth, height, width, channels)``."""

    rank = 3
    operation = RamTensor.adaptive_max_pool3d


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D

__all__ = [
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]
