"""Pooling as layers, over one, two or three spatial axes: PyTorch's names and defaults."""

from collections.abc import Sequence
from typing import ClassVar

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn.module import Layer
from rcmlrs_core.ops.convolution import AXES
from rcmlrs_core.ops.spatial import per_axis
from rcmlrs_core.plain import Shape
from rcmlrs_core.tensor import RamTensor


class _OfSpatialAxes(Layer):
    """A layer over a known number of spatial axes."""

    rank: ClassVar[int]

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _check(self, x: RamTensor) -> None:
        if x.ndim != self.rank + 2 or 0 in x.shape[2:]:
            hint = "; for one channel, x.expand_dims(1)" if x.ndim == self.rank + 1 else ""
            raise ShapeError(
                f"{self._name}: takes (batch, channels, {AXES[self.rank]}), got a tensor of shape {x.shape}{hint}"
            )


class _Pooling(_OfSpatialAxes):
    """What pooling by windows shares."""

    def _set_windows(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None,
        padding: int | Sequence[int],
        ceil_mode: bool,
    ) -> None:
        self.kernel_size = per_axis(self._name, "kernel_size", kernel_size, self.rank, 1)
        self.stride = self.kernel_size if stride is None else per_axis(self._name, "stride", stride, self.rank, 1)
        self.padding = per_axis(self._name, "padding", padding, self.rank, 0)
        if any(2 * places > k for k, places in zip(self.kernel_size, self.padding, strict=True)):
            raise AttributeValueError(
                f"{self._name}: padding {self.padding} must be at most half of the kernel {self.kernel_size}, "
                "or a window would see nothing else"
            )
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        text = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return text + f", ceil_mode={self.ceil_mode}"


class _MaxPool(_Pooling):
    """What the poolings by the maximum share."""

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        *,
        ceil_mode: bool = False,
    ) -> None:
        self._set_windows(kernel_size, stride, padding, ceil_mode)

    def forward(self, x: RamTensor) -> RamTensor:
        """The largest of each window."""
        self._check(x)
        pool = getattr(x, f"max_pool{self.rank}d")
        result: RamTensor = pool(self.kernel_size, stride=self.stride, padding=self.padding, ceil_mode=self.ceil_mode)
        return result


class MaxPool1d(_MaxPool):
    """The operation ``max_pool1d``: the largest of each window of ``(batch, channels, length)``.

    ``stride`` is the kernel's length unless it is given. The first of the largest takes the gradient (N4.3).
    """

    rank = 1


class MaxPool2d(_MaxPool):
    """The operation ``max_pool2d``, over height and width; see :class:`MaxPool1d`."""

    rank = 2


class MaxPool3d(_MaxPool):
    """The operation ``max_pool3d``, over depth, height and width; see :class:`MaxPool1d`."""

    rank = 3


class _AvgPool(_Pooling):
    """What the poolings by the mean share."""

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self._set_windows(kernel_size, stride, padding, ceil_mode)
        self.count_include_pad = count_include_pad

    def forward(self, x: RamTensor) -> RamTensor:
        """The mean of each window."""
        self._check(x)
        pool = getattr(x, f"avg_pool{self.rank}d")
        result: RamTensor = pool(
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            ceil_mode=self.ceil_mode,
            count_include_pad=self.count_include_pad,
        )
        return result


class AvgPool1d(_AvgPool):
    """The operation ``avg_pool1d``: the mean of each window of ``(batch, channels, length)``, rounded once (N3.1).

    ``stride`` is the kernel's length unless it is given. The zeros of the padding count, unless
    ``count_include_pad=False``.
    """

    rank = 1


class AvgPool2d(_AvgPool):
    """The operation ``avg_pool2d``, over height and width; see :class:`AvgPool1d`."""

    rank = 2


class AvgPool3d(_AvgPool):
    """The operation ``avg_pool3d``, over depth, height and width; see :class:`AvgPool1d`."""

    rank = 3


class _Adaptive(_OfSpatialAxes):
    """What the adaptive poolings share."""

    operation: ClassVar[str]

    def __init__(self, output_size: int | Sequence[int | None] | None) -> None:
        wanted = output_size if isinstance(output_size, Sequence) else (output_size,) * self.rank
        per_axis(self._name, "output_size", [1 if n is None else n for n in wanted], self.rank, 1)
        self.output_size = tuple(wanted)

    def forward(self, x: RamTensor) -> RamTensor:
        """The windows that share the axes, reduced."""
        self._check(x)
        output: Shape = tuple(n or own for n, own in zip(self.output_size, x.shape[2:], strict=True))
        result: RamTensor = getattr(x, f"{self.operation}{self.rank}d")(output)
        return result

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """The operation ``adaptive_avg_pool1d``: ``output_size`` means of windows that share the length.

    One number for each spatial axis, or one for all; None leaves an axis as long as it is.
    """

    rank, operation = 1, "adaptive_avg_pool"


class AdaptiveAvgPool2d(_Adaptive):
    """The operation ``adaptive_avg_pool2d``; see :class:`AdaptiveAvgPool1d`."""

    rank, operation = 2, "adaptive_avg_pool"


class AdaptiveAvgPool3d(_Adaptive):
    """The operation ``adaptive_avg_pool3d``; see :class:`AdaptiveAvgPool1d`."""

    rank, operation = 3, "adaptive_avg_pool"


class AdaptiveMaxPool1d(_Adaptive):
    """The operation ``adaptive_max_pool1d``: the largest of windows as in :class:`AdaptiveAvgPool1d`."""

    rank, operation = 1, "adaptive_max_pool"


class AdaptiveMaxPool2d(_Adaptive):
    """The operation ``adaptive_max_pool2d``; see :class:`AdaptiveMaxPool1d`."""

    rank, operation = 2, "adaptive_max_pool"


class AdaptiveMaxPool3d(_Adaptive):
    """The operation ``adaptive_max_pool3d``; see :class:`AdaptiveMaxPool1d`."""

    rank, operation = 3, "adaptive_max_pool"


class _Global(Layer):
    """What the poolings of everything share."""

    def __init__(self, keepdims: bool = False) -> None:
        self.keepdims = keepdims

    def _axes(self, x: RamTensor) -> tuple[int, ...]:
        if x.ndim < 3 or 0 in x.shape[2:]:
            raise ShapeError(
                f"{type(self).__name__}: takes (batch, channels) and one spatial axis or more, "
                f"got a tensor of shape {x.shape}"
            )
        return tuple(range(2, x.ndim))

    def extra_repr(self) -> str:
        """The argument, where it is not the default."""
        return "keepdims=True" if self.keepdims else ""


class GlobalAvgPool(_Global):
    """The mean of each channel: ``(batch, channels, ...)`` becomes ``(batch, channels)``, rounded once (N3.1).

    For any number of spatial axes; ``keepdims=True`` leaves them with the length 1.
    """

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``mean``."""
        return x.mean(axis=self._axes(x), keepdims=self.keepdims)


class GlobalMaxPool(_Global):
    """The largest of each channel: ``(batch, channels, ...)`` becomes ``(batch, channels)``; see
    :class:`GlobalAvgPool`.
    """

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``max``."""
        return x.max(axis=self._axes(x), keepdims=self.keepdims)
