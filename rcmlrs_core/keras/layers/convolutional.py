"""Convolutions over one, two or three spatial axes, with Keras' layouts: a kernel is ``(*kernel_size, in, filters)``.

Each element of a result is one sum, rounded once, with the bias inside (N3.1). Where the channels are last, which is
the default, they are moved before the spatial axes and back, and the kernel's axes likewise; that changes no bit.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras.layer import InputSpec
from rcmlrs_core.keras.layers.configured import (
    StandardLayer,
    data_format_of,
    lengths,
    on_channels_first,
    one_of,
    positive,
    spatial,
    with_spatial,
)
from rcmlrs_core.tensor import RamTensor

CONVOLUTIONS = {1: RamTensor.conv1d, 2: RamTensor.conv2d, 3: RamTensor.conv3d}


class BaseConv(StandardLayer):
    """What all of them share: the geometry, and the bias and activation at the end."""

    casts_integers = True
    rank: int
    paddings: tuple[str, ...] = ("valid", "same")

    def set_geometry(
        self, kernel_size: Any, strides: Any, padding: str, data_format: str | None, dilation_rate: Any
    ) -> None:
        """The arguments in standard form: one number for each spatial axis."""
        self.kernel_size = lengths(self, "kernel_size", kernel_size, self.rank)
        self.strides = lengths(self, "strides", strides, self.rank)
        self.padding = one_of(self, "padding", padding, *self.paddings)
        self.data_format = data_format_of(self, data_format)
        self.dilation_rate = lengths(self, "dilation_rate", dilation_rate, self.rank)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise AttributeValueError(
                f"{type(self).__name__}: strides {self.strides} and dilation_rate {self.dilation_rate} cannot both be "
                "more than 1"
            )
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def channels(self, input_shape: Any) -> int:
        """The channels of the input, which must be known; later inputs must have as many."""
        axis = 1 if self.data_format == "channels_first" else len(input_shape) - 1
        found = input_shape[axis]
        if found is None:
            raise ShapeError(f"layer {self.name!r}: the channels of the input must be known, got {tuple(input_shape)}")
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: found})
        return int(found)

    def kernel_first(self, kernel: RamTensor) -> RamTensor:
        """``(*kernel_size, a, b)`` as ``(b, a, *kernel_size)``."""
        return kernel.transpose((self.rank + 1, self.rank, *range(self.rank)))

    def convolve(self, x: RamTensor, weight: RamTensor, bias: RamTensor | None, groups: int = 1) -> RamTensor:
        """The operation, of ``x`` with its channels first and ``weight`` as the operation has it."""
        padding = self.padding
        if padding == "causal":
            x = x.pad(((0, 0), (0, 0), (self.dilation_rate[0] * (self.kernel_size[0] - 1), 0)))
            padding = "valid"
        operation: Any = CONVOLUTIONS[self.rank]
        found: RamTensor = operation(
            x, weight, bias, stride=self.strides, padding=padding, dilation=self.dilation_rate, groups=groups
        )
        return found

    def places(self, input_shape: Any, filters: int) -> Any:
        """The shape of the result."""
        found: list[int | None] = []
        for n, k, s, d in zip(
            spatial(self.data_format, input_shape), self.kernel_size, self.strides, self.dilation_rate, strict=True
        ):
            span = d * (k - 1) + 1 if self.padding == "valid" else 1
            found.append(None if n is None else (n - span) // s + 1)
            if n is not None and (n - span) // s + 1 < 1:
                raise ShapeError(
                    f"layer {self.name!r}: a kernel of {self.kernel_size} with dilation {self.dilation_rate} does not "
                    f"fit into {tuple(input_shape)}; padding='same' adds zeros around"
                )
        return with_spatial(self.data_format, input_shape, found, filters)


class _Conv(BaseConv):
    """``activation(conv(x, kernel) + bias)``."""

    filters: int

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = positive(self, filters=filters)
        self.groups = positive(self, groups=groups)
        if self.filters % self.groups:
            raise AttributeValueError(
                f"{type(self).__name__}: {filters} filters cannot be cut into {groups} groups of equal size"
            )
        self.use_bias = use_bias
        self.set_geometry(kernel_size, strides, padding, data_format, dilation_rate)
        self.set_options(
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """kernel and bias."""
        channels = self.channels(input_shape)
        if channels % self.groups:
            raise ShapeError(
                f"layer {self.name!r}: {channels} channels of {tuple(input_shape)} cannot be cut into {self.groups} "
                "groups of equal size"
            )
        self.places(input_shape, self.filters)
        self.kernel = self.weight("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.bias = self.weight("bias", (self.filters,)) if self.use_bias else None
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """One convolution."""
        weight = self.kernel_first(self.kernel)
        y = on_channels_first(self.data_format, lambda x: self.convolve(x, weight, self.bias, self.groups), inputs)
        return self.activation(y)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As many places as the kernel finds, of ``filters`` channels."""
        return self.places(input_shape, self.filters)


class Conv1D(_Conv):
    """Over ``(batch, time, channels)``. With ``padding="causal"`` no step sees a later one."""

    rank = 1
    paddings = ("valid", "same", "causal")


class Conv2D(_Conv):
    """Over ``(batch, height, width, channels)``."""

    rank = 2


class Conv3D(_Conv):
    """Over ``(batch, depth, height, width, channels)``."""

    rank = 3


class _ConvTranspose(BaseConv):
    """The transpose of a convolution, which makes more places of less; a kernel is ``(*kernel_size, filters, in)``."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = positive(self, filters=filters)
        self.use_bias = use_bias
        self.set_geometry(kernel_size, strides, padding, data_format, dilation_rate)
        self.output_padding = (
            None if output_padding is None else lengths(self, "output_padding", output_padding, self.rank, 0)
        )
        for more, stride in zip(self.output_padding or (), self.strides, strict=False):
            if more >= stride:
                raise AttributeValueError(
                    f"{type(self).__name__}: output_padding {self.output_padding} must be less than the strides "
                    f"{self.strides}"
                )
        self.set_options(
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """kernel and bias."""
        self.kernel = self.weight("kernel", (*self.kernel_size, self.filters, self.channels(input_shape)))
        self.bias = self.weight("bias", (self.filters,)) if self.use_bias else None
        self.built = True

    def _widths(self) -> tuple[tuple[int, int], ...]:
        """Zeros before and behind each spatial axis, once its elements are ``strides`` apart.

        Without ``output_padding``, "valid" gives ``(n - 1) s + max(span, s)`` places, where span is what the dilated
        kernel reaches over, and "same" ``n s``. With it, they give ``(n - 1) s + span`` and ``(n - 1) s + span % 2``
        places and as many more. With "same" the larger half of the zeros stands in front.
        """
        found = []
        for i, (k, s, d) in enumerate(zip(self.kernel_size, self.strides, self.dilation_rate, strict=True)):
            span = d * (k - 1) + 1
            more = self.output_padding[i] if self.output_padding is not None else None
            if self.padding == "valid":
                before, total = span - 1, 2 * (span - 1) + (max(0, s - span) if more is None else more)
            else:
                total = s + span - 2 if more is None else span + span % 2 - 2 + more
                before = min(-(-total // 2), span - 1)
            found.append((before, total - before))
        return tuple(found)

    def call(self, inputs: RamTensor) -> RamTensor:
        """A convolution of the input with zeros between its elements, by the kernel turned around."""
        axes = tuple(range(self.rank))
        weight = self.kernel.flip(axis=axes).transpose((self.rank, self.rank + 1, *axes))
        widths = ((0, 0), (0, 0), *self._widths())
        between = (0, 0, *(s - 1 for s in self.strides))
        operation: Any = CONVOLUTIONS[self.rank]

        def convolve(x: RamTensor) -> Any:
            return operation(x.pad(widths, interior=between), weight, self.bias, dilation=self.dilation_rate)

        return self.activation(on_channels_first(self.data_format, convolve, inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As many places as there are zeros for; see ``_widths``."""
        found = []
        for n, k, s, d, (before, behind) in zip(
            spatial(self.data_format, input_shape),
            self.kernel_size,
            self.strides,
            self.dilation_rate,
            self._widths(),
            strict=True,
        ):
            found.append(None if n is None else (n - 1) * s + 1 + before + behind - d * (k - 1))
        return with_spatial(self.data_format, input_shape, found, self.filters)


class Conv1DTranspose(_ConvTranspose):
    """Over ``(batch, time, channels)``."""

    rank = 1


class Conv2DTranspose(_ConvTranspose):
    """Over ``(batch, height, width, channels)``."""

    rank = 2


class Conv3DTranspose(_ConvTranspose):
    """Over ``(batch, depth, height, width, channels)``."""

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Any = None,
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(  # data_format and output_padding change places, as they do in Keras
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


class _DepthwiseConv(BaseConv):
    """Every channel convolved on its own, by ``depth_multiplier`` kernels: ``kernel`` is ``(*kernel_size, in, m)``."""

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.depth_multiplier = positive(self, depth_multiplier=depth_multiplier)
        self.use_bias = use_bias
        self.set_geometry(kernel_size, strides, padding, data_format, dilation_rate)
        self.set_options(
            activation=activation,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """kernel and bias."""
        channels = self.channels(input_shape)
        self.kernel = self.weight("kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        self.bias = self.weight("bias", (channels * self.depth_multiplier,)) if self.use_bias else None
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """One convolution with a group for each channel."""
        weight, groups = depthwise(self.kernel)
        y = on_channels_first(self.data_format, lambda x: self.convolve(x, weight, self.bias, groups), inputs)
        return self.activation(y)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """``depth_multiplier`` channels for each."""
        return self.places(input_shape, self.channels(input_shape) * self.depth_multiplier)


class DepthwiseConv1D(_DepthwiseConv):
    """Over ``(batch, time, channels)``."""

    rank = 1
    paddings = ("valid", "same", "causal")


class DepthwiseConv2D(_DepthwiseConv):
    """Over ``(batch, height, width, channels)``."""

    rank = 2


class _SeparableConv(BaseConv):
    """A depthwise convolution, rounded, and then one over the channels alone, in which the bias is."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = positive(self, filters=filters)
        self.depth_multiplier = positive(self, depth_multiplier=depth_multiplier)
        self.use_bias = use_bias
        self.set_geometry(kernel_size, strides, padding, data_format, dilation_rate)
        self.set_options(
            activation=activation,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Both kernels and the bias."""
        channels = self.channels(input_shape)
        self.depthwise_kernel = self.weight(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise"
        )
        self.pointwise_kernel = self.weight(
            "pointwise_kernel", (*(1,) * self.rank, channels * self.depth_multiplier, self.filters), "pointwise"
        )
        self.bias = self.weight("bias", (self.filters,)) if self.use_bias else None
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """Two convolutions."""
        weight, groups = depthwise(self.depthwise_kernel)
        last = self.kernel_first(self.pointwise_kernel)
        operation: Any = CONVOLUTIONS[self.rank]

        def both(x: RamTensor) -> Any:
            return operation(self.convolve(x, weight, None, groups), last, self.bias)

        return self.activation(on_channels_first(self.data_format, both, inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As many places as the kernel finds, of ``filters`` channels."""
        return self.places(input_shape, self.filters)


class SeparableConv1D(_SeparableConv):
    """Over ``(batch, time, channels)``."""

    rank = 1
    paddings = ("valid", "same", "causal")


class SeparableConv2D(_SeparableConv):
    """Over ``(batch, height, width, channels)``."""

    rank = 2


def depthwise(kernel: RamTensor) -> tuple[RamTensor, int]:
    """``(*kernel_size, in, m)`` as the weight of a convolution in ``in`` groups, ``(in * m, 1, *kernel_size)``."""
    *size, channels, multiplier = kernel.shape
    rank = len(size)
    moved = kernel.transpose((rank, rank + 1, *range(rank)))
    return moved.reshape((channels * multiplier, 1, *size)), channels


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
]
