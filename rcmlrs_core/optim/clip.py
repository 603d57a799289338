"""Gradients that are not too large: clipped by their norm or by value.

With N = ``norm(all gradients as one vector)``, which is RN of the exact root of the exact sum of squares (N3.1), a
gradient that is clipped by norm becomes

    c = RN(max_norm / (N + eps))        exact in between, and rounded once (N6)
    g = g * c                           if c < 1; otherwise g stays as it is

PyTorch's formula has eps = 1/10^6, and Keras' has none.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import inf, isfinite, isnan, nan
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import zeros
from rcmlrs_core.errors import AttributeValueError, TrainingError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.tensor import Number, RamTensor

EPS = Fraction(1, 10**6)
"""PyTorch's, in ``clip_grad_norm_``."""


def clip_grad_norm_(
    params: Iterable[RamTensor] | RamTensor,
    max_norm: Number,
    norm_type: Number = 2.0,
    error_if_nonfinite: bool = False,
    *,
    eps: Number | Fraction = EPS,
) -> RamTensor:
    """Scale the gradients of ``params`` so that their common norm is at most ``max_norm``; returns the norm of before.

    ``norm_type`` is the order of the norm, ``inf`` the largest magnitude. Parameters without a gradient are passed
    over; of none, the norm is 0. Where the norm is infinite, c is 0; where it is NaN, so are all gradients then.

    Raises:
        TrainingError: the norm is infinite or NaN, and ``error_if_nonfinite``; the gradients stay.
        AttributeValueError: ``max_norm`` or ``eps`` that is no finite number of at least 0.
    """
    _check("clip_grad_norm_", "max_norm", max_norm)
    _check("clip_grad_norm_", "eps", eps)
    tensors = _with_gradient("clip_grad_norm_", params)
    with no_grad():
        norm = common_norm([t.grad for t in tensors if t.grad is not None], norm_type)
        value = float(norm.item())
        if error_if_nonfinite and not isfinite(value):
            raise TrainingError(
                f"clip_grad_norm_: the norm of the gradients is {value}; look for NaN and infinities in the data, or "
                "take a smaller learning rate"
            )
        c = _factor(max_norm, value, Fraction(eps))
        if c is not None:
            for tensor, scaled in [(t, t.grad * c) for t in tensors if t.grad is not None]:
                tensor.grad = scaled
    return norm


def clip_grad_value_(params: Iterable[RamTensor] | RamTensor, clip_value: Number) -> None:
    """Bring every element of the gradients of ``params`` into [-clip_value, clip_value]; a NaN stays."""
    _check("clip_grad_value_", "clip_value", clip_value)
    tensors = _with_gradient("clip_grad_value_", params)
    with no_grad():
        for tensor, within in [(t, t.grad.clip(-clip_value, clip_value)) for t in tensors if t.grad is not None]:
            tensor.grad = within


def clipped(
    gradients: Sequence[RamTensor | None],
    *,
    clip_norm: Number | None,
    clip_value: Number | None,
    clip_each_norm: Number | None,
) -> list[RamTensor | None]:
    """What an optimizer makes of the gradients; None stays None. One of the three is given."""
    if clip_norm is not None:
        present = [g for g in gradients if g is not None]
        c = _factor(clip_norm, float(common_norm(present).item()), Fraction(0))
        return [g if g is None or c is None else g * c for g in gradients]
    if clip_value is not None:
        return [g if g is None else g.clip(-clip_value, clip_value) for g in gradients]
    assert clip_each_norm is not None
    factors = [None if g is None else _factor(clip_each_norm, float(g.norm().item()), Fraction(0)) for g in gradients]
    return [g if g is None or c is None else g * c for g, c in zip(gradients, factors, strict=True)]


def common_norm(gradients: Sequence[RamTensor], order: Number = 2.0) -> RamTensor:
    """The norm of all elements as one vector: one rounding, however many tensors there are."""
    if not gradients:
        return zeros(())
    flat = [g.detach().reshape((g.size,)) for g in gradients]
    return (flat[0] if len(flat) == 1 else flat[0].concat(*flat[1:], axis=0)).norm(ord=order)


def _factor(most: Number, norm: float, eps: Fraction) -> float | None:
    """c, or None where it is 1 or more."""
    if isnan(norm):
        return nan
    if norm == inf:
        return 0.0
    below = Fraction(norm) + eps
    return round_number(Fraction(most) / below) if most < below else None


def _with_gradient(name: str, params: Any) -> list[RamTensor]:
    tensors = [params] if isinstance(params, RamTensor) else list(params) if isinstance(params, Iterable) else None
    if tensors is None or not all(isinstance(tensor, RamTensor) for tensor in tensors):
        raise TypeError(f"{name}: takes parameters, such as model.parameters(); got a {type(params).__name__}")
    return [tensor for tensor in tensors if tensor.grad is not None]


def _check(name: str, argument: str, value: Any) -> None:
    is_number = isinstance(value, int | float | Fraction) and not isinstance(value, bool)
    if not (is_number and 0 <= value < inf):
        raise AttributeValueError(f"{name}: {argument} must be a finite number, at least 0, got {value!r}")
