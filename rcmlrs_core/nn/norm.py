"""Normalizations as layers: ``y = (x - mean) * rsqrt(var + eps) * weight + bias``.

One formula for all of them: ``mean`` and ``var`` are exact until their one rounding (N3.1), then come ``sub``, ``add``,
``rsqrt``, ``mul`` and, where there are parameters, ``fma``, each rounded once (N5). They differ in the axes along which
mean and variance are taken.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import inf, prod
from typing import ClassVar

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import ones, tensor, zeros
from rcmlrs_core.errors import ShapeError
from rcmlrs_core.nn.checks import check_between, check_channels, check_divides, check_sizes
from rcmlrs_core.nn.module import Layer, Parameter
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import INT32
from rcmlrs_core.random import are_drawn_again
from rcmlrs_core.tensor import Number, RamTensor


def normalized(x: RamTensor, mean: RamTensor, variance: RamTensor, eps: Number) -> RamTensor:
    """``(x - mean) * rsqrt(variance + eps)``."""
    return (x - mean) * (variance + eps).rsqrt()


def affine(x: RamTensor, weight: RamTensor | None, bias: RamTensor | None) -> RamTensor:
    """``x * weight + bias``, rounded once."""
    if weight is not None:
        return x * weight if bias is None else x.fma(weight, bias)
    return x if bias is None else x + bias


class _OfTrailingAxes(Layer):
    """What the normalizations along the last axes share."""

    normalized_shape: tuple[int, ...]
    weight: RamTensor | None

    def _set_shape(self, normalized_shape: int | Sequence[int], affine: bool) -> None:
        name = type(self).__name__
        self.normalized_shape = normalize_shape(name, normalized_shape)
        if not self.normalized_shape or 0 in self.normalized_shape:
            raise ShapeError(
                f"{name}: normalized_shape has one length or more, each at least 1, got {normalized_shape!r}"
            )
        self.weight = Parameter(ones(self.normalized_shape)) if affine else None

    def _axes(self, x: RamTensor) -> tuple[int, ...]:
        """The axes along which ``x`` is normalized: its last ones, of the shape that was asked for."""
        n = len(self.normalized_shape)
        if x.shape[x.ndim - n :] != self.normalized_shape or x.ndim < n:
            raise ShapeError(
                f"{type(self).__name__}: the last axes of x must have the lengths {self.normalized_shape}, "
                f"got a tensor of shape {x.shape}"
            )
        return tuple(range(-n, 0))


class LayerNorm(_OfTrailingAxes):
    """``(x - mean) * rsqrt(var + eps) * weight + bias``, with mean and variance along the last axes.

    These have the shape ``normalized_shape``, an int for one axis; so have ``weight``, which begins as ones, and
    ``bias``, as zeros. The variance is divided by n. ``elementwise_affine=False`` leaves both parameters out.

    Source: J. L. Ba, J. R. Kiros, G. E. Hinton, Layer normalization, arXiv:1607.06450.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: Number = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        check_between("LayerNorm", "eps", eps, 0, inf)
        self._set_shape(normalized_shape, elementwise_affine)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.bias = Parameter(zeros(self.normalized_shape)) if elementwise_affine and bias else None

    def forward(self, x: RamTensor) -> RamTensor:
        """``x``, normalized."""
        axes = self._axes(x)
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        return affine(normalized(x, mean, variance, self.eps), self.weight, self.bias)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(_OfTrailingAxes):
    """``x * rsqrt(mean(x^2) + eps) * weight``: the last axes scaled to a mean square of 1, and not shifted.

    ``square``, ``mean``, ``add``, ``rsqrt``, ``mul`` and ``mul``, each rounded once. ``eps`` is 2^-23 unless it is
    given, as in PyTorch. ``weight`` has the shape ``normalized_shape`` and begins as ones.

    Source: B. Zhang, R. Sennrich, Root mean square layer normalization, arXiv:1910.07467.
    """

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: Number | None = None, elementwise_affine: bool = True
    ) -> None:
        eps = 2.0**-23 if eps is None else eps
        check_between("RMSNorm", "eps", eps, 0, inf)
        self._set_shape(normalized_shape, elementwise_affine)
        self.eps = eps
        self.elementwise_affine = elementwise_affine

    def forward(self, x: RamTensor) -> RamTensor:
        """``x``, scaled."""
        squares = x.square().mean(axis=self._axes(x), keepdims=True)
        return affine(x * (squares + self.eps).rsqrt(), self.weight, None)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Layer):
    """Each sample's channels in groups, each normalized by itself: ``(x - mean) * rsqrt(var + eps) * weight + bias``.

    Takes ``(batch, num_channels, ...)``; ``weight`` (ones at first) and ``bias`` (zeros) are ``(num_channels,)``.

    Source: Y. Wu, K. He, Group normalization, arXiv:1803.08494.
    """

    def __init__(self, num_groups: int, num_channels: int, eps: Number = 1e-5, affine: bool = True) -> None:
        check_sizes("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        check_divides("GroupNorm", num_groups, num_channels=num_channels)
        check_between("GroupNorm", "eps", eps, 0, inf)
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.weight = Parameter(ones((num_channels,))) if affine else None
        self.bias = Parameter(zeros((num_channels,))) if affine else None

    def forward(self, x: RamTensor) -> RamTensor:
        """``x``, normalized."""
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ShapeError(
                f"GroupNorm: takes (batch, {self.num_channels}, ...), got a tensor of shape {x.shape}; "
                "channels are the second axis"
            )
        rows = x.reshape((x.shape[0], self.num_groups, prod(x.shape[1:]) // self.num_groups))
        mean, variance = rows.mean(axis=-1, keepdims=True), rows.var(axis=-1, keepdims=True)
        y = normalized(rows, mean, variance, self.eps).reshape(x.shape)
        return affine(y, *(along_channels(p, x.ndim) for p in (self.weight, self.bias)))

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


def along_channels(values: RamTensor | None, ndim: int) -> RamTensor | None:
    """One value for each channel, beside ``(batch, channels, ...)`` of ``ndim`` axes."""
    return None if values is None else values.reshape((*values.shape, *(1,) * (ndim - 2)))


class _BatchNorm(Layer):
    """What the batch normalizations share."""

    ranks: ClassVar[tuple[int, ...]]
    """The numbers of spatial axes that it takes."""

    def __init__(
        self,
        num_features: int,
        eps: Number = 1e-5,
        momentum: Number | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        name = type(self).__name__
        check_sizes(name, num_features=num_features)
        check_between(name, "eps", eps, 0, inf)
        if momentum is not None:
            check_between(name, "momentum (or None)", momentum, 0, 1)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.weight = Parameter(ones((num_features,))) if affine else None
        self.bias = Parameter(zeros((num_features,))) if affine else None
        self.running_mean = zeros((num_features,)) if track_running_stats else None
        self.running_var = ones((num_features,)) if track_running_stats else None
        self.num_batches_tracked = tensor(0, dtype=INT32) if track_running_stats else None

    def forward(self, x: RamTensor) -> RamTensor:
        """``x``, normalized by what the batch says or, in ``eval``, by what is remembered."""
        rank = x.ndim - 2
        check_channels(type(self).__name__, x, rank if rank in self.ranks else self.ranks[-1], self.num_features)
        if self.running_mean is None or self.running_var is None or self.training:
            mean, variance = self._of_batch(x)
        else:
            mean, variance = (along_channels(known, x.ndim) for known in (self.running_mean, self.running_var))  # type: ignore[assignment]
        y = normalized(x, mean, variance, self.eps)
        return affine(y, along_channels(self.weight, x.ndim), along_channels(self.bias, x.ndim))

    def _of_batch(self, x: RamTensor) -> tuple[RamTensor, RamTensor]:
        """Mean and variance of each channel; in training they go into what is remembered."""
        axes = (0, *range(2, x.ndim))
        count = x.size // self.num_features
        if count < 2 and self.training:
            raise ShapeError(
                f"{type(self).__name__}: in training a channel has two values or more, got a tensor of shape "
                f"{x.shape}; take a larger batch, or model.eval()"
            )
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        if self.training and self.running_mean is not None and not are_drawn_again():
            with no_grad():
                self._remember(mean, variance * Fraction(count, count - 1))
        return mean, variance

    def _remember(self, mean: RamTensor, unbiased: RamTensor) -> None:
        """``running + momentum * (new - running)``."""
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.replace_(self.num_batches_tracked + 1)
        factor = self.momentum if self.momentum is not None else 1 / Fraction(self.num_batches_tracked.item())
        for running, new in ((self.running_mean, mean), (self.running_var, unbiased)):
            assert running is not None
            running.replace_((new.reshape(running.shape) - running).fma(factor, running))  # type: ignore[arg-type]

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Each channel normalized over the batch: ``(x - mean) * rsqrt(var + eps) * weight + bias``.

    Takes ``(batch, num_features)`` or ``(batch, num_features, length)``. In training, mean and variance (divided by n)
    are the batch's; what is remembered of them becomes ``running + momentum * (new - running)`` (``sub`` and ``fma``,
    each rounded once), where the variance that is remembered is the unbiased one, divided by n - 1. In ``eval`` mean
    and variance are the remembered ones. ``momentum=None`` remembers the mean over all batches, with the factor ``1 /
    number of batches``. ``track_running_stats=False`` remembers nothing, and looks at the batch in ``eval`` too. A
    checkpoint (``rc.checkpoint``) that runs again for its gradient remembers nothing a second time.

    Parameters are ``weight`` (ones at first) and ``bias`` (zeros), without ``affine`` none; constants are
    ``running_mean`` (zeros), ``running_var`` (ones) and ``num_batches_tracked``. All have the shape
    ``(num_features,)``, but for the number, which is an int32 of shape ``()``.

    Source: S. Ioffe, C. Szegedy, Batch normalization, arXiv:1502.03167.
    """

    ranks = (0, 1)


class BatchNorm2d(_BatchNorm):
    """:class:`BatchNorm1d` for ``(batch, num_features, height, width)``."""

    ranks = (2,)


class BatchNorm3d(_BatchNorm):
    """:class:`BatchNorm1d` for ``(batch, num_features, depth, height, width)``."""

    ranks = (3,)


class _InstanceNorm(Layer):
    """What the instance normalizations share."""

    rank: ClassVar[int]

    def __init__(self, num_features: int, eps: Number = 1e-5, *, affine: bool = False) -> None:
        name = type(self).__name__
        check_sizes(name, num_features=num_features)
        check_between(name, "eps", eps, 0, inf)
        self.num_features = num_features
        self.eps = eps
        self.affine = affine
        self.weight = Parameter(ones((num_features,))) if affine else None
        self.bias = Parameter(zeros((num_features,))) if affine else None

    def forward(self, x: RamTensor) -> RamTensor:
        """``x``, normalized."""
        check_channels(type(self).__name__, x, self.rank, self.num_features)
        axes = tuple(range(2, x.ndim))
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        y = normalized(x, mean, variance, self.eps)
        return affine(y, along_channels(self.weight, x.ndim), along_channels(self.bias, x.ndim))

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.num_features}, eps={self.eps}, affine={self.affine}"


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each sample normalized by itself, over ``length``; nothing is remembered.

    ``(x - mean) * rsqrt(var + eps)`` and, with ``affine``, ``* weight + bias`` (ones and zeros at first), both
    ``(num_features,)``. Takes ``(batch, num_features, length)``.

    Source: D. Ulyanov, A. Vedaldi, V. Lempitsky, Instance normalization, arXiv:1607.08022.
    """

    rank = 1


class InstanceNorm2d(_InstanceNorm):
    """:class:`InstanceNorm1d` for ``(batch, num_features, height, width)``."""

    rank = 2


class InstanceNorm3d(_InstanceNorm):
    """:class:`InstanceNorm1d` for ``(batch, num_features, depth, height, width)``."""

    rank = 3
