"""Activation functions that have arguments or weights, as layers."""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras.activations import relu as keras_relu
from rcmlrs_core.keras.activations import softmax
from rcmlrs_core.keras.layer import InputSpec, Layer
from rcmlrs_core.keras.layers.configured import StandardLayer
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import BOOL
from rcmlrs_core.tensor import RamTensor

MASKED = -1e9
"""What stands in softmax for a place that is masked: its power of e is 0 beside any other."""


class Elementwise(StandardLayer):
    """The base of layers whose output has the shape of their input."""

    casts_integers = True
    supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape


class ReLU(Elementwise):
    """``min(x, max_value)`` from ``threshold`` up, and ``negative_slope * (x - threshold)`` below it."""

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else not_negative(self, "max_value", max_value)
        self.negative_slope = not_negative(self, "negative_slope", negative_slope)
        self.threshold = not_negative(self, "threshold", threshold)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """The function of that name."""
        found: RamTensor = keras_relu(inputs, self.negative_slope, self.max_value, self.threshold)
        return found


class LeakyReLU(Elementwise):
    """``x``, or ``negative_slope * x`` below 0."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        self.negative_slope = not_negative(self, "negative_slope", negative_slope)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation ``leaky_relu``."""
        if self.negative_slope > 1:
            return (inputs > 0.0).where(inputs, self.negative_slope * inputs)
        return inputs.leaky_relu(slope=self.negative_slope)


class PReLU(Elementwise):
    """``x``, or ``alpha * x`` below 0, where ``alpha`` is learned for every place, or shared along some axes."""

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.set_options(
            alpha_initializer=alpha_initializer, alpha_regularizer=alpha_regularizer, alpha_constraint=alpha_constraint
        )
        if shared_axes is not None and not isinstance(shared_axes, tuple | list):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)

    def build(self, input_shape: Any) -> None:
        """alpha."""
        shared = {normalize_axis("PReLU", axis, len(input_shape)) for axis in self.shared_axes or ()}
        shape = tuple(1 if axis in shared else n for axis, n in enumerate(input_shape) if axis)
        self.alpha = self.weight("alpha", shape)
        free = {axis: n for axis, n in enumerate(input_shape) if axis and axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=free)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """``relu(x) - alpha * relu(-x)``."""
        return inputs.relu() - self.alpha * (-inputs).relu()


class ELU(Elementwise):
    """``x``, or ``alpha * (e^x - 1)`` below 0."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation ``elu``."""
        return inputs.elu(alpha=self.alpha)


class Softmax(Elementwise):
    """``e^x / sum e^x`` along an axis, or along several as one; what is masked gets 0."""

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.built = True

    def call(self, inputs: RamTensor, mask: Any = None) -> RamTensor:
        """The operation ``softmax``."""
        if mask is None:
            return softmax(inputs, axis=self.axis)
        if mask.dtype != BOOL:
            mask = mask > 0.5
        if mask.ndim > inputs.ndim:
            raise ShapeError(f"Softmax: a mask of shape {mask.shape} does not broadcast to {inputs.shape}")
        outputs = softmax(mask.where(inputs, inputs.full_like(MASKED)), axis=self.axis)
        found: RamTensor = mask.where(outputs, outputs.full_like(0.0))
        return found


def not_negative(layer: Layer, name: str, value: Any) -> float:
    """``value``, a number of at least 0."""
    if isinstance(value, dict):  # as older Keras wrote a NumPy scalar
        value = value.get("value")
    if not isinstance(value, int | float) or not value >= 0:
        raise AttributeValueError(f"{type(layer).__name__}: {name} must be a number of at least 0, got {value!r}")
    return float(value)


__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"]
