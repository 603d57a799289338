"""Every optimizer has the bits of its formula, on every backend: operations in fractions, rounded once (N5, N6).

The formulas are written again here, for one number, on a class of numbers whose operations round; SGD and Adam, which
backends have kernels for, are in files of their own, but for what has been added to them.
"""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest
from mpmath import mp, mpf, workprec

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.numerics.formats import BINARY32, from_bits, round_number
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.random import normal


class Single:
    """A binary32 number: + - * / and the rest round once; what it meets is rounded first."""

    def __init__(self, value: "float | Fraction | Single") -> None:
        self.value: float = value.value if isinstance(value, Single) else round_number(value)

    def _with(self, other: Any, operation: Callable[[Fraction, Fraction], Fraction]) -> "Single":
        return Single(operation(Fraction(self.value), Fraction(Single(other).value)))

    def __add__(self, other: Any) -> "Single":
        return self._with(other, lambda x, y: x + y)

    def __sub__(self, other: Any) -> "Single":
        return self._with(other, lambda x, y: x - y)

    def __mul__(self, other: Any) -> "Single":
        return self._with(other, lambda x, y: x * y)

    def __truediv__(self, other: Any) -> "Single":
        return self._with(other, lambda x, y: x / y)

    __radd__, __rmul__ = __add__, __mul__

    def sqrt(self) -> "Single":
        return Single(from_bits(BINARY32.round_root(*self.value.as_integer_ratio())))

    def max(self, other: "Single") -> "Single":
        return Single(max(self.value, other.value))

    def abs(self) -> "Single":
        return Single(abs(self.value))

    def sign(self) -> int:
        return (self.value > 0) - (self.value < 0)


Path = Iterator[Single]
Gradients = list[Single]


def rest(beta: float, t: int = 1) -> float:
    return round_number(1 - Fraction(beta) ** t)


def decayed(p: Single, g: Single, wd: float) -> Single:
    return g + wd * p if wd else g


def sgd_dampened(p: Single, gs: Gradients, lr: float, momentum: float, dampening: float, weight_decay: float) -> Path:
    b = None
    for g in gs:
        g = decayed(p, g, weight_decay)
        b = g if b is None else momentum * b + rest(dampening) * g
        p = p - lr * b
        yield p


def sgd_keras(p: Single, gs: Gradients, lr: float, momentum: float, nesterov: bool, weight_decay: float) -> Path:
    b = None
    for g in gs:
        g = lr * decayed(p, g, weight_decay)
        b = g if b is None else momentum * b + g
        p = p - (g + momentum * b if nesterov else b)
        yield p


def adam(
    p: Single, gs: Gradients, lr: float, betas: tuple[float, float], eps: float, amsgrad: bool, keras: bool, wd: float
) -> Path:
    b1, b2 = betas
    m = v = top = Single(0)
    for t, g in enumerate(gs, start=1):
        if wd:
            p = p * round_number(1 - Fraction(lr) * Fraction(wd))
        m, v = b1 * m + rest(b1) * g, b2 * v + rest(b2) * (g * g)
        top = top.max(v)
        here = round_root(Fraction(eps) ** 2 / (1 - Fraction(b2) ** t)) if keras else eps
        p = p - lr * ((m / rest(b1, t)) / (((top if amsgrad else v) / rest(b2, t)).sqrt() + here))
        yield p


def round_root(square: Fraction) -> float:
    return from_bits(BINARY32.round_root(square.numerator, square.denominator))


def adamax(
    p: Single, gs: Gradients, lr: float, betas: tuple[float, float], eps: float, weight_decay: float, keras: bool
) -> Path:
    b1, b2 = betas
    m = u = Single(0)
    for t, g in enumerate(gs, start=1):
        g = decayed(p, g, weight_decay)
        m = b1 * m + rest(b1) * g
        u = (b2 * u).max(g.abs()) if keras else (b2 * u).max(g.abs() + eps)
        size = round_number(Fraction(lr) / (1 - Fraction(b1) ** t))
        p = p - size * (m / (u + eps if keras else u))
        yield p


def near(value: mpf) -> float:
    """RN of a value of 300 bits, which decide."""
    return round_number(Fraction(int(mp.floor(value * mpf(2) ** 280)), 2**280))


def nadam(p: Single, gs: Gradients, lr: float, betas: tuple[float, float], eps: float, md: float) -> Path:
    b1, b2 = betas
    m = v = Single(0)
    with workprec(300):
        mus = [b1 * (1 - (mpf(96) / 100) ** (t * mpf(md)) / 2) for t in range(1, len(gs) + 2)]
        products = [mp.fprod(mus[:t]) for t in range(len(mus) + 1)]
        ab = [
            (near((1 - mus[t - 1]) / (1 - products[t])), near(mus[t] / (1 - products[t + 1])))
            for t in range(1, len(gs) + 1)
        ]
    for t, (g, (a, b)) in enumerate(zip(gs, ab, strict=True), start=1):
        m, v = b1 * m + rest(b1) * g, b2 * v + rest(b2) * (g * g)
        p = p - lr * ((a * g + b * m) / ((v / rest(b2, t)).sqrt() + eps))
        yield p


def rmsprop(
    p: Single, gs: Gradients, lr: float, alpha: float, eps: float, momentum: float, centered: bool, keras: bool
) -> Path:
    v = mean = b = Single(0)
    for g in gs:
        v, mean = alpha * v + rest(alpha) * (g * g), alpha * mean + rest(alpha) * g
        spread = (v - mean * mean).max(Single(0)) if centered else v
        step = lr * g / (spread + eps).sqrt() if keras else g / (spread.sqrt() + eps)
        if momentum:
            b = step = momentum * b + step
        p = p - (step if keras else lr * step)
        yield p


def adagrad(p: Single, gs: Gradients, lr: float, lr_decay: float, start: float, eps: float, keras: bool) -> Path:
    s = Single(start)
    for t, g in enumerate(gs, start=1):
        s = s + g * g
        rate = round_number(Fraction(lr) / (1 + (t - 1) * Fraction(lr_decay)))
        p = p - rate * (g / ((s + eps).sqrt() if keras else s.sqrt() + eps))
        yield p


def adadelta(p: Single, gs: Gradients, lr: float, rho: float, eps: float, weight_decay: float) -> Path:
    v = u = Single(0)
    for g in gs:
        g = decayed(p, g, weight_decay)
        v = rho * v + rest(rho) * (g * g)
        d = (u + eps).sqrt() / (v + eps).sqrt() * g
        u = rho * u + rest(rho) * (d * d)
        p = p - lr * d
        yield p


def lion(p: Single, gs: Gradients, lr: float, betas: tuple[float, float], weight_decay: float) -> Path:
    b1, b2 = betas
    m = Single(0)
    for g in gs:
        if weight_decay:
            p = p * round_number(1 - Fraction(lr) * Fraction(weight_decay))
        p = p - Single(lr) * (b1 * m + rest(b1) * g).sign()
        m = b2 * m + rest(b2) * g
        yield p


def clipped_adagrad(p: Single, gs: Gradients) -> Path:
    """What adagrad does by default, with elements brought into [-0.5, 0.5]."""
    return adagrad(p, [Single(min(max(g.value, -0.5), 0.5)) for g in gs], 1e-2, 0, 0, 1e-10, False)


BETAS = (0.8, 0.95)
CASES: list[tuple[Callable[[Any], Optimizer], Callable[[Single, Gradients], Path]]] = [
    (
        lambda p: optim.SGD(p, 0.1, 0.9, 0.3, 0.01),
        lambda p, gs: sgd_dampened(p, gs, 0.1, 0.9, 0.3, 0.01),
    ),
    (
        lambda p: optim.SGD(p, 0.1, 0.9, weight_decay=0.01, form="keras"),
        lambda p, gs: sgd_keras(p, gs, 0.1, 0.9, False, 0.01),
    ),
    (
        lambda p: optim.SGD(p, 0.1, 0.9, nesterov=True, form="keras"),
        lambda p, gs: sgd_keras(p, gs, 0.1, 0.9, True, 0),
    ),
    (lambda p: optim.Adam(p, amsgrad=True), lambda p, gs: adam(p, gs, 1e-3, (0.9, 0.999), 1e-8, True, False, 0)),
    (
        lambda p: optim.Adam(p, 0.1, BETAS, 1e-2, form="keras"),
        lambda p, gs: adam(p, gs, 0.1, BETAS, 1e-2, False, True, 0),
    ),
    (lambda p: optim.AdamW(p), lambda p, gs: adam(p, gs, 1e-3, (0.9, 0.999), 1e-8, False, False, 0.01)),
    (
        lambda p: optim.AdamW(p, 0.1, BETAS, 1e-3, 0.3, True, form="keras"),
        lambda p, gs: adam(p, gs, 0.1, BETAS, 1e-3, True, True, 0.3),
    ),
    (lambda p: optim.Adamax(p), lambda p, gs: adamax(p, gs, 2e-3, (0.9, 0.999), 1e-8, 0, False)),
    (lambda p: optim.Adamax(p, 0.1, BETAS, 0.1, 0.1), lambda p, gs: adamax(p, gs, 0.1, BETAS, 0.1, 0.1, False)),
    (
        lambda p: optim.Adamax(p, 0.1, BETAS, 0.1, form="keras"),
        lambda p, gs: adamax(p, gs, 0.1, BETAS, 0.1, 0, True),
    ),
    (lambda p: optim.NAdam(p), lambda p, gs: nadam(p, gs, 2e-3, (0.9, 0.999), 1e-8, 4e-3)),
    (lambda p: optim.NAdam(p, 0.1, BETAS, 1e-3, 0, 1), lambda p, gs: nadam(p, gs, 0.1, BETAS, 1e-3, 1)),
    (lambda p: optim.RMSprop(p), lambda p, gs: rmsprop(p, gs, 1e-2, 0.99, 1e-8, 0, False, False)),
    (
        lambda p: optim.RMSprop(p, 0.1, 0.8, 1e-3, 0, 0.7, True),
        lambda p, gs: rmsprop(p, gs, 0.1, 0.8, 1e-3, 0.7, True, False),
    ),
    (
        lambda p: optim.RMSprop(p, 0.1, 0.8, 1e-3, 0, 0.7, True, form="keras"),
        lambda p, gs: rmsprop(p, gs, 0.1, 0.8, 1e-3, 0.7, True, True),
    ),
    (
        lambda p: optim.RMSprop(p, 0.1, 0.8, 1e-3, form="keras"),
        lambda p, gs: rmsprop(p, gs, 0.1, 0.8, 1e-3, 0, False, True),
    ),
    (lambda p: optim.Adagrad(p), lambda p, gs: adagrad(p, gs, 1e-2, 0, 0, 1e-10, False)),
    (
        lambda p: optim.Adagrad(p, 0.1, 0.3, 0, 0.1, 1e-3, form="keras"),
        lambda p, gs: adagrad(p, gs, 0.1, 0.3, 0.1, 1e-3, True),
    ),
    (lambda p: optim.Adagrad(p, clip_value=0.5), clipped_adagrad),
    (lambda p: optim.Adadelta(p), lambda p, gs: adadelta(p, gs, 1.0, 0.9, 1e-6, 0)),
    (lambda p: optim.Adadelta(p, 0.5, 0.95, 1e-3, 0.1), lambda p, gs: adadelta(p, gs, 0.5, 0.95, 1e-3, 0.1)),
    (lambda p: optim.Lion(p), lambda p, gs: lion(p, gs, 1e-4, (0.9, 0.99), 0)),
    (lambda p: optim.Lion(p, 0.1, BETAS, 0.3), lambda p, gs: lion(p, gs, 0.1, BETAS, 0.3)),
]
STEPS = 10


@pytest.mark.parametrize("name", ["python", "numpy", "native"])
@pytest.mark.parametrize(("make", "formula"), CASES)
def test_n5_an_optimizer_has_the_bits_of_its_formula(
    make: Callable[[Any], Optimizer], formula: Callable[[Single, Gradients], Path], name: str
) -> None:
    with rc.use_backend(name):
        start, gradients = normal(3, seed=1), [normal(3, seed=2, stream=t) for t in range(STEPS)]
        parameter = nn.Parameter(start)
        optimizer = make([parameter])
        path = []
        for gradient in gradients:
            parameter.grad = gradient
            optimizer.step()
            path.append(parameter.tolist())
    for i, p in enumerate(start.tolist()):
        wanted = [found.value for found in formula(Single(p), [Single(g.tolist()[i]) for g in gradients])]
        assert [row[i] for row in path] == wanted


def test_n6_products_of_nadam_do_not_depend_on_the_way_to_them() -> None:
    """After a jump the product comes at once from a series, and from step to step by one factor: the same numbers."""
    from rcmlrs_core.optim import nadam as module

    for beta1, decay in ((0.9, 0.004), (0.999, 10.0), (0.9999, 100), (0.5, 0.0), (0, 1), (0.99, 1e-9)):
        exact = Fraction(beta1), Fraction(decay)
        walked = [module.weights(*exact, t) for t in range(1, 150)]
        for t in (100, 149, 66, 2, 1):
            module._last.cache_clear()
            module.weights.cache_clear()
            assert module.weights(*exact, t) == walked[t - 1]
    a, b = module.weights(Fraction(0.9999), Fraction(0.004), 10**9)
    assert (a, b) == (round_number(1 - Fraction(0.9999)), round_number(Fraction(0.9999)))


def test_n6_factors_are_rounded_once() -> None:
    """1 - 2^-25 (1 + 2^-40) is next to a midpoint, where binary64 lands on it, and is 1 then."""
    close = 2.0**-25 * (1 + 2.0**-40)
    assert round_number(1 - close) == 1
    parameter = nn.Parameter(rc.ones(1))
    parameter.grad = rc.zeros(1)
    optim.SGD([parameter], close, weight_decay=1, decoupled_weight_decay=True).step()
    assert parameter.tolist() == [1 - 2.0**-24]
    parameter = nn.Parameter(rc.zeros(1))
    optimizer = optim.SGD([parameter], 1, 0.5, close)
    for gradient in (0.0, -1.0):
        parameter.grad = rc.tensor([gradient])
        optimizer.step()
    assert parameter.tolist() == [1 - 2.0**-24]


def test_a_constant_gradient_has_no_variance_and_no_nan() -> None:
    """v - mean^2 is 0 but for roundings, which make it negative now and then."""
    parameter = nn.Parameter(rc.zeros(64))
    optimizer = optim.RMSprop([parameter], lr=1e-6, alpha=0.5, centered=True)
    gradient = normal(64, seed=3)
    negative = 0
    for _ in range(40):
        parameter.grad = gradient
        optimizer.step()
        state = optimizer.state[0]
        negative += int((state["v"] - state["mean"].square()).less(0.0).any().item())
    assert negative, "the case is not tried"
    assert all(math.isfinite(x) for x in parameter.tolist())
