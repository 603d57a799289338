"""Normalizations: ``(x - mean) * rsqrt(var + epsilon) * gamma + beta``, by the formula of ``nn.norm``, step by step.

Keras' own backends join the steps in another order, and so differ in the last bits.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras.layer import InputSpec
from rcmlrs_core.keras.layers.activations import Elementwise
from rcmlrs_core.keras.layers.configured import refuse
from rcmlrs_core.keras.layers.merging import unit
from rcmlrs_core.nn.norm import affine, normalized
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.tensor import RamTensor


def beside(weight: RamTensor | None, shape: Sequence[int]) -> RamTensor | None:
    """A weight in a shape that broadcasts to an input's."""
    return None if weight is None else weight.reshape(tuple(shape))


class BatchNormalization(Elementwise):
    """Every channel normalized over the batch; in use, by the mean and variance that were remembered in training.

    In training ``moving_mean`` becomes ``moving_mean * momentum + mean * (1 - momentum)``, and ``moving_variance``
    likewise, of the variance that divides by n. A frozen layer (``trainable = False``) takes what it remembers, and
    remembers nothing more. With a mask, means and variances are of the steps that count.
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse(self, renorm=renorm, renorm_clipping=renorm_clipping, synchronized=synchronized)
        self.axis = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.renorm, self.renorm_clipping, self.renorm_momentum = False, None, renorm_momentum
        self.synchronized = False
        self.set_options(
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """gamma, beta and what is remembered."""
        axis = normalize_axis("BatchNormalization", self.axis, len(input_shape))
        shape = (input_shape[axis],)
        self.gamma = self.weight("gamma", shape) if self.scale else None
        self.beta = self.weight("beta", shape) if self.center else None
        self.moving_mean = self.weight("moving_mean", shape, trainable=False)
        self.moving_variance = self.weight("moving_variance", shape, trainable=False)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: input_shape[axis]})
        self.built = True

    def call(self, inputs: RamTensor, training: bool | None = None, mask: RamTensor | None = None) -> RamTensor:
        """Normalized by the batch in training, else by what is remembered."""
        axis = normalize_axis("BatchNormalization", self.axis, inputs.ndim)
        others = tuple(a for a in range(inputs.ndim) if a != axis)
        shape = [n if a == axis else 1 for a, n in enumerate(inputs.shape)]
        if training and self.trainable:
            mean, variance = self._moments(inputs, others, mask)
            self._remember(mean, variance, shape)
        else:
            mean, variance = (m.reshape(tuple(shape)) for m in (self.moving_mean, self.moving_variance))
        y = normalized(inputs, mean, variance, self.epsilon)
        return affine(y, beside(self.gamma, shape), beside(self.beta, shape))

    def _moments(self, x: RamTensor, axes: tuple[int, ...], mask: RamTensor | None) -> tuple[RamTensor, RamTensor]:
        """Mean and variance, which divides by n; of what counts."""
        if mask is None:
            return x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        if mask.ndim != x.ndim - 1:
            raise ShapeError(f"layer {self.name!r}: a mask of shape {mask.shape} for an input of shape {x.shape}")
        kept = mask.reshape((*mask.shape, 1)).broadcast_to(x.shape)
        zero = x.full_like(0.0)
        count = kept.astype(dtype=x.dtype).sum(axis=axes, keepdims=True)
        mean = kept.where(x, zero).sum(axis=axes, keepdims=True) / count
        variance = kept.where((x - mean).square(), zero).sum(axis=axes, keepdims=True) / count
        return mean, variance

    def _remember(self, mean: RamTensor, variance: RamTensor, shape: Sequence[int]) -> None:
        kept, added = self.momentum, 1 - Fraction(self.momentum)
        with no_grad():
            for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.replace_(moving * kept + new.detach().reshape(moving.shape) * added)


class LayerNormalization(Elementwise):
    """Every sample normalized along some axes, by default the last."""

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        rms_scaling = kwargs.pop("rms_scaling", False)
        super().__init__(**kwargs)
        refuse(self, rms_scaling=rms_scaling)
        self.axis = list(axis) if isinstance(axis, list | tuple) else axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.set_options(
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )

    def _axes(self, rank: int) -> tuple[int, ...]:
        return axes_of(self.axis, rank)

    def build(self, input_shape: Any) -> None:
        """gamma and beta, of the shape of what is normalized."""
        shape = tuple(input_shape[axis] for axis in self._axes(len(input_shape)))
        self.gamma = self.weight("gamma", shape) if self.scale else None
        self.beta = self.weight("beta", shape) if self.center else None
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """By the mean and variance of each sample."""
        axes = self._axes(inputs.ndim)
        shape = [n if a in axes else 1 for a, n in enumerate(inputs.shape)]
        mean, variance = inputs.mean(axis=axes, keepdims=True), inputs.var(axis=axes, keepdims=True)
        y = normalized(inputs, mean, variance, self.epsilon)
        return affine(y, beside(self.gamma, shape), beside(self.beta, shape))


class GroupNormalization(Elementwise):
    """Every sample's channels in groups, each normalized by itself. ``groups=-1``: as many as there are channels."""

    def __init__(
        self,
        groups: Any = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise AttributeValueError(f"GroupNormalization: groups must be a positive int or -1, got {groups!r}")
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.set_options(
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """gamma and beta, one for each channel."""
        axis = normalize_axis("GroupNormalization", self.axis, len(input_shape))
        channels = input_shape[axis]
        if channels is None or channels % self._groups(channels):
            raise ShapeError(
                f"layer {self.name!r}: {channels} channels of {tuple(input_shape)} cannot be cut into {self.groups} "
                "groups of equal size"
            )
        self.gamma = self.weight("gamma", (channels,)) if self.scale else None
        self.beta = self.weight("beta", (channels,)) if self.center else None
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels})
        self.built = True

    def _groups(self, channels: int) -> int:
        return channels if self.groups == -1 else self.groups

    def call(self, inputs: RamTensor) -> RamTensor:
        """By the mean and variance of each group of each sample."""
        axis = normalize_axis("GroupNormalization", self.axis, inputs.ndim)
        channels = inputs.shape[axis]
        groups = self._groups(channels)
        cut = inputs.reshape((*inputs.shape[:axis], groups, channels // groups, *inputs.shape[axis + 1 :]))
        axes = tuple(a for a in range(1, cut.ndim) if a != axis)
        mean, variance = cut.mean(axis=axes, keepdims=True), cut.var(axis=axes, keepdims=True)
        y = normalized(cut, mean, variance, self.epsilon).reshape(inputs.shape)
        shape = [n if a == axis else 1 for a, n in enumerate(inputs.shape)]
        return affine(y, beside(self.gamma, shape), beside(self.beta, shape))


class RMSNormalization(Elementwise):
    """``x * rsqrt(mean(x^2) + epsilon) * scale``, along some axes, by default the last."""

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """scale, of the shape of what is normalized."""
        axes = axes_of(self.axis, len(input_shape))
        shape = tuple(input_shape[axis] for axis in axes)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """By the mean of the squares."""
        axes = axes_of(self.axis, inputs.ndim)
        shape = tuple(n if a in axes else 1 for a, n in enumerate(inputs.shape))
        squares = inputs.square().mean(axis=axes, keepdims=True)
        return inputs * (squares + self.epsilon).rsqrt() * self.scale.reshape(shape)


class UnitNormalization(Elementwise):
    """``x`` through its Euclidean length along some axes, by default the last."""

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, list | tuple) else axis
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """A quotient; what is shorter than 1e-6 is divided by that."""
        return unit(inputs, axes_of(self.axis, inputs.ndim))


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """An axis or several, in order, counted from the front."""
    several = axis if isinstance(axis, list | tuple) else (axis,)
    return tuple(sorted(normalize_axis("normalization", a, rank) for a in several))


__all__ = [
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "UnitNormalization",
]
