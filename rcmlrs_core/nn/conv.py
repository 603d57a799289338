"""Convolutions as layers, over one, two or three spatial axes: PyTorch's names, defaults and weight layouts."""

from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.nn.checks import check_channels, check_divides, check_sizes
from rcmlrs_core.nn.init import fan_in_uniform
from rcmlrs_core.nn.module import Layer, Parameter
from rcmlrs_core.ops.spatial import PerAxis, per_axis, spans
from rcmlrs_core.plain import Shape
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import RamTensor

PADDINGS = {"zeros": "pad", "reflect": "pad_reflect", "replicate": "pad_edge", "circular": "pad_wrap"}
"""PyTorch's modes of padding, and the operation that each of them is."""


class _Kernel(Layer):
    """The sizes and parameters of a convolution, plain or transposed."""

    rank: ClassVar[int]
    in_channels: int
    out_channels: int
    kernel_size: Shape
    stride: Shape
    dilation: Shape
    groups: int
    weight: RamTensor
    bias: RamTensor | None

    def _set_sizes(
        self, in_channels: int, out_channels: int, kernel: PerAxis, stride: PerAxis, dilation: PerAxis, groups: int
    ) -> None:
        check_sizes(self._name, in_channels=in_channels, out_channels=out_channels, groups=groups)
        check_divides(self._name, groups, in_channels=in_channels, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._per_axis("kernel_size", kernel, 1)
        self.stride = self._per_axis("stride", stride, 1)
        self.dilation = self._per_axis("dilation", dilation, 1)
        self.groups = groups

    def _draw(self, rows: int, columns: int, bias: bool, generator: Generator | None) -> None:
        """A weight of ``(rows, columns, *kernel_size)`` and a bias."""
        fan_in = columns * prod(self.kernel_size)
        shape = (rows, columns, *self.kernel_size)
        self.weight = Parameter(fan_in_uniform(shape, fan_in, generator=generator))
        self.bias = Parameter(fan_in_uniform((self.out_channels,), fan_in, generator=generator)) if bias else None

    def _per_axis(self, what: str, value: PerAxis, least: int) -> Shape:
        return per_axis(self._name, what, value, self.rank, least)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _describe(self, **more: Any) -> str:
        """The arguments as PyTorch writes them: those that are not the default."""
        ones = (1,) * self.rank
        parts = [str(self.in_channels), str(self.out_channels), f"kernel_size={self.kernel_size}"]
        parts += [f"stride={self.stride}"]
        parts += [f"{name}={value}" for name, value in more.items()]
        parts += [f"dilation={self.dilation}"] * (self.dilation != ones)
        parts += [f"groups={self.groups}"] * (self.groups != 1)
        parts += ["bias=False"] * (self.bias is None)
        return ", ".join(parts)


class _Convolution(_Kernel):
    """What the plain convolutions share."""

    padding: Shape | str

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        generator: Generator | None = None,
    ) -> None:
        self._set_sizes(in_channels, out_channels, kernel_size, stride, dilation, groups)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise AttributeValueError(
                    f"{self._name}: padding is 'same', 'valid', or numbers of places, got {padding!r}"
                )
            if padding == "same" and padding_mode != "zeros" and set(self.stride) != {1}:
                raise AttributeValueError(
                    f"{self._name}: padding='same' with padding_mode={padding_mode!r} takes stride=1, "
                    f"got {self.stride}; give the padding as numbers"
                )
            self.padding = padding
        else:
            self.padding = self._per_axis("padding", padding, 0)
        if padding_mode not in PADDINGS:
            raise AttributeValueError(
                f"{self._name}: padding_mode is one of {', '.join(PADDINGS)}, got {padding_mode!r}"
            )
        self.padding_mode = padding_mode
        self._draw(out_channels, in_channels // groups, bias, generator)

    def forward(self, x: RamTensor) -> RamTensor:
        """The convolution of ``x``."""
        check_channels(self._name, x, self.rank, self.in_channels)
        padding: Shape | str = self.padding
        if self.padding_mode != "zeros" and padding != "valid":
            x = getattr(x, PADDINGS[self.padding_mode])(((0, 0), (0, 0), *self._widths()))
            padding = "valid"
        convolve = getattr(x, f"conv{self.rank}d")
        result: RamTensor = convolve(
            self.weight, self.bias, stride=self.stride, padding=padding, dilation=self.dilation, groups=self.groups
        )
        return result

    def _widths(self) -> tuple[tuple[int, int], ...]:
        """How many places are added before and behind each spatial axis; of an odd number, one more behind."""
        if isinstance(self.padding, str):
            added = [span - 1 for span in spans(self.kernel_size, self.dilation)]
            return tuple((n // 2, n - n // 2) for n in added)
        return tuple((n, n) for n in self.padding)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        padded = self.padding not in ("valid", (0,) * self.rank)
        text = self._describe(**({"padding": self.padding} if padded else {}))
        return text + f", padding_mode={self.padding_mode}" * (self.padding_mode != "zeros")


class Conv1d(_Convolution):
    """The operation ``conv1d``: from ``(batch, in_channels, length)`` to ``(batch, out_channels, places)``.

    Every element is ``RN`` of one exact sum, in which the bias is too (N3.1). ``weight`` is ``(out_channels,
    in_channels / groups, kernel)`` and ``bias`` ``(out_channels,)``; both begin uniform on [-a, a) with ``a = 1 /
    sqrt(fan_in)``, drawn in this order. ``padding`` is a number of places on both sides, ``"same"`` or ``"valid"``;
    what stands there says ``padding_mode``: zeros, or elements of ``x`` (reflect, replicate, circular).
    """

    rank = 1


class Conv2d(_Convolution):
    """The operation ``conv2d``: from ``(batch, in_channels, height, width)`` to ``(batch, out_channels, ...)``.

    ``weight`` is ``(out_channels, in_channels / groups, height, width)``; the rest is as in :class:`Conv1d`. A size is
    one int, or one for each spatial axis.
    """

    rank = 2


class Conv3d(_Convolution):
    """The operation ``conv3d``, from ``(batch, in_channels, depth, height, width)``; see :class:`Conv1d`."""

    rank = 3


class _Transposed(_Kernel):
    """What the transposed convolutions share."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        *,
        generator: Generator | None = None,
    ) -> None:
        self._set_sizes(in_channels, out_channels, kernel_size, stride, dilation, groups)
        self.padding = self._per_axis("padding", padding, 0)
        self.output_padding = self._per_axis("output_padding", output_padding, 0)
        for more, s, d in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if more >= max(s, d):
                raise AttributeValueError(
                    f"{self._name}: output_padding {self.output_padding} must be smaller than the stride "
                    f"{self.stride} or the dilation {self.dilation}"
                )
        self._draw(in_channels, out_channels // groups, bias, generator)

    def forward(self, x: RamTensor) -> RamTensor:
        """The transposed convolution of ``x``."""
        check_channels(self._name, x, self.rank, self.in_channels)
        convolve = getattr(x, f"conv_transpose{self.rank}d")
        result: RamTensor = convolve(
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            groups=self.groups,
            dilation=self.dilation,
        )
        return result

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        zeros = (0,) * self.rank
        more = {"padding": self.padding, "output_padding": self.output_padding}
        return self._describe(**{name: value for name, value in more.items() if value != zeros})


class ConvTranspose1d(_Transposed):
    """The operation ``conv_transpose1d``: what flows back through :class:`Conv1d`, which makes the axes longer.

    From ``(batch, in_channels, length)`` to ``(batch, out_channels, places)``, every element ``RN`` of one exact sum
    (N3.1). ``weight`` is ``(in_channels, out_channels / groups, kernel)`` and ``bias`` ``(out_channels,)``; both begin
    uniform on [-a, a) with ``a = 1 / sqrt(out_channels / groups * kernel)``, as in PyTorch, drawn in this order.
    """

    rank = 1


class ConvTranspose2d(_Transposed):
    """The operation ``conv_transpose2d``, over height and width; see :class:`ConvTranspose1d`."""

    rank = 2


class ConvTranspose3d(_Transposed):
    """The operation ``conv_transpose3d``, over depth, height and width; see :class:`ConvTranspose1d`."""

    rank = 3


class _Depthwise(_Convolution):
    """What the depthwise convolutions share."""

    def __init__(
        self,
        channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        multiplier: int = 1,
        generator: Generator | None = None,
    ) -> None:
        check_sizes(self._name, channels=channels, multiplier=multiplier)
        super().__init__(
            channels,
            channels * multiplier,
            kernel_size,
            stride,
            padding,
            dilation,
            channels,
            bias,
            padding_mode,
            generator=generator,
        )


class DepthwiseConv1d(_Depthwise, Conv1d):
    """Each channel by itself: ``Conv1d(channels, channels * multiplier, ..., groups=channels)``.

    ``weight`` is ``(channels * multiplier, 1, kernel)``: channel c becomes the channels from ``c * multiplier`` on.
    """


class DepthwiseConv2d(_Depthwise, Conv2d):
    """Each channel by itself: ``Conv2d(channels, channels * multiplier, ..., groups=channels)``."""


class DepthwiseConv3d(_Depthwise, Conv3d):
    """Each channel by itself: ``Conv3d(channels, channels * multiplier, ..., groups=channels)``."""
