"""Keras' activation functions, by name or as functions of a tensor. Each that is one operation is rounded once (N2)."""

from typing import Any

from rcmlrs_core.creation import zeros
from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.keras.lookup import Registry
from rcmlrs_core.keras.tensor import KerasTensor, _apply
from rcmlrs_core.tensor import Number, RamTensor


def relu(x: Any, negative_slope: Number = 0.0, max_value: Number | None = None, threshold: Number = 0.0) -> Any:
    """``max(0, x)``; or ``negative_slope * (x - threshold)`` below a threshold, and cut at ``max_value``."""
    if isinstance(x, KerasTensor):
        return _apply("relu", lambda x: relu(x, negative_slope, max_value, threshold), x)
    if not threshold:
        found = x.leaky_relu(slope=negative_slope) if negative_slope else x.relu()
    else:
        below = (x - threshold) * negative_slope if negative_slope else zeros((), backend=x.backend)
        found = (x > threshold).where(x, below)
    return found if max_value is None else found.minimum(max_value)


def leaky_relu(x: RamTensor, negative_slope: Number = 0.2) -> RamTensor:
    """``max(negative_slope * x, x)``."""
    return x.leaky_relu(slope=negative_slope)


def relu6(x: RamTensor) -> RamTensor:
    """``min(max(0, x), 6)``."""
    return x.relu6()


def softmax(x: RamTensor, axis: Any = -1) -> RamTensor:
    """``e^(x_i) / sum_j e^(x_j)`` along an axis, or along several together."""
    if x.ndim == 1 and axis == -1:
        raise AttributeValueError(f"softmax: needs a batch and classes, got a tensor of shape {x.shape}")
    if isinstance(axis, int):
        return x.softmax(axis=axis)
    axes = [a % x.ndim for a in axis]
    order = [a for a in range(x.ndim) if a not in axes] + axes
    moved = x.transpose(order)
    flat = moved.reshape((*moved.shape[: x.ndim - len(axes)], -1)).softmax(axis=-1)
    back = [order.index(a) for a in range(x.ndim)]
    return flat.reshape(moved.shape).transpose(back)


def log_softmax(x: RamTensor, axis: int = -1) -> RamTensor:
    """The logarithm of ``softmax``."""
    return x.log_softmax(axis=axis)


def elu(x: RamTensor, alpha: Number = 1.0) -> RamTensor:
    """``x`` above 0 and ``alpha * (e^x - 1)`` below."""
    return x.elu(alpha=alpha)


def celu(x: RamTensor, alpha: Number = 1.0) -> RamTensor:
    """``x`` above 0 and ``alpha * (e^(x / alpha) - 1)`` below."""
    return x.celu(alpha=alpha)


def selu(x: RamTensor) -> RamTensor:
    """The scaled exponential linear unit."""
    return x.selu()


def softplus(x: RamTensor) -> RamTensor:
    """``log(1 + e^x)``."""
    return x.softplus()


def softsign(x: RamTensor) -> RamTensor:
    """``x / (1 + |x|)``."""
    return x.softsign()


def silu(x: RamTensor) -> RamTensor:
    """``x / (1 + e^-x)``."""
    return x.swish()


def gelu(x: RamTensor, approximate: bool = False) -> RamTensor:
    """The Gaussian error linear unit, by the error function; ``approximate`` is its form with tanh."""
    return x.gelu() if approximate else x.gelu_erf()


def tanh(x: RamTensor) -> RamTensor:
    """The hyperbolic tangent."""
    return x.tanh()


def tanh_shrink(x: RamTensor) -> RamTensor:
    """``x - tanh(x)``."""
    return x - x.tanh()


def sigmoid(x: RamTensor) -> RamTensor:
    """``1 / (1 + e^-x)``."""
    return x.sigmoid()


def log_sigmoid(x: RamTensor) -> RamTensor:
    """``-log(1 + e^-x)``."""
    return x.logsigmoid()


def exponential(x: RamTensor) -> RamTensor:
    """``e^x``."""
    return x.exp()


def hard_sigmoid(x: RamTensor) -> RamTensor:
    """``relu6(x + 3) / 6``."""
    return x.hardsigmoid()


def hard_silu(x: RamTensor) -> RamTensor:
    """``x * hard_sigmoid(x)``."""
    return x.hardswish()


def hard_tanh(x: RamTensor) -> RamTensor:
    """``x`` cut to [-1, 1]."""
    return x.hardtanh()


def hard_shrink(x: RamTensor, threshold: Number = 0.5) -> RamTensor:
    """``x`` where ``|x|`` is above the threshold, and 0 elsewhere."""
    return (x.abs() > threshold).where(x, 0.0)


def soft_shrink(x: RamTensor, threshold: Number = 0.5) -> RamTensor:
    """``x`` drawn towards 0 by the threshold, and 0 within it."""
    return (x > threshold).where(x - threshold, (x < -threshold).where(x + threshold, 0.0))


def threshold(x: RamTensor, threshold: Number, default_value: Number) -> RamTensor:
    """``x`` above the threshold, and ``default_value`` elsewhere."""
    return (x > threshold).where(x, default_value)


def squareplus(x: RamTensor, b: Number = 4) -> RamTensor:
    """``(x + sqrt(x^2 + b)) / 2``."""
    return (x + (x.square() + b).sqrt()) / 2


def mish(x: RamTensor) -> RamTensor:
    """``x * tanh(softplus(x))``."""
    return x.mish()


def glu(x: RamTensor, axis: int = -1) -> RamTensor:
    """``a * sigmoid(b)`` of the halves along an axis."""
    a, b = x.chunk(2, axis=axis)
    return a * b.sigmoid()


def linear(x: Any) -> Any:
    """``x``."""
    return x


_registry = Registry(
    "activation",
    "activations",
    {
        function.__name__: function
        for function in (
            celu,
            elu,
            exponential,
            gelu,
            glu,
            hard_shrink,
            hard_sigmoid,
            hard_silu,
            hard_tanh,
            leaky_relu,
            linear,
            log_sigmoid,
            log_softmax,
            mish,
            relu,
            relu6,
            selu,
            sigmoid,
            silu,
            soft_shrink,
            softmax,
            softplus,
            softsign,
            squareplus,
            tanh,
            tanh_shrink,
            threshold,
        )
    }
    | {"swish": silu, "hard_swish": hard_silu},
)


def get(identifier: Any) -> Any:
    """An activation by name, configuration or itself; None is ``linear``."""
    return linear if identifier is None else _registry.get(identifier)


def serialize(activation: Any) -> Any:
    """Its name, or the configuration of a layer."""
    return _registry.serialize(activation)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The activation of a configuration."""
    return get(config)
