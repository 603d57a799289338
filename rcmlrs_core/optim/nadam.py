"""NAdam: Adam with Nesterov's momentum, whose beta1 warms up."""

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Unpack

from rcmlrs_core.numerics.reals import Enclosure, Reals, decide_float, ratio_of
from rcmlrs_core.optim.adam import one_minus_power
from rcmlrs_core.optim.optimizer import Common, Optimizer, Params, State, check_betas, check_range, with_decay
from rcmlrs_core.optim.schedules import Schedule
from rcmlrs_core.tensor import Number, RamTensor


class NAdam(Optimizer):
    """Update t = 1, 2, ..., for a parameter p with gradient g:

        g = g + weight_decay * p      (falls away where weight_decay is 0)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        p = p - lr * ((a * g + b * m) / (sqrt(v / (1 - beta2^t)) + eps))

    where, with mu_i = beta1 * (1 - 0.96^(i * momentum_decay) / 2),

        a = (1 - mu_t) / (1 - mu_1 ... mu_t)
        b = mu_(t+1) / (1 - mu_1 ... mu_(t+1))

    m and v begin as zeros. Every operation rounds once; a, b, 1 - beta and 1 - beta2^t are RN of the exact value at the
    numbers of the group (N6), so that nothing is remembered of the products.

    Keras' Nadam is this with ``momentum_decay=1``, lr=0.001 and eps=1e-7. optax's ``nadam`` has no mu: it is beta1 in
    the place of each.

    Source: T. Dozat, Incorporating Nesterov momentum into Adam, ICLR 2016 workshop, section 3; in the form of PyTorch.
    """

    remembered = ("m", "v")

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 2e-3,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-8,
        weight_decay: Number = 0,
        momentum_decay: Number = 4e-3,
        **common: Unpack[Common],
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
        }
        super().__init__(params, defaults, **common)

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Betas are two numbers in [0, 1), the others finite and at least 0."""
        check_betas(cls.__name__, values["betas"])
        for name in ("lr", "eps", "weight_decay", "momentum_decay"):
            check_range(cls.__name__, name, values[name])

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """The numbers of the formula."""
        beta1, beta2 = numbers["betas"]
        a, b = weights(Fraction(beta1), Fraction(numbers["momentum_decay"]), t)
        return numbers | {
            "beta1": beta1,
            "beta2": beta2,
            "rest1": one_minus_power(beta1, 1),
            "rest2": one_minus_power(beta2, 1),
            "unbias2": one_minus_power(beta2, t),
            "a": a,
            "b": b,
        }

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The formula of the class."""
        p, g = parameter, with_decay(gradient, parameter, numbers)
        m, v = (state["m"], state["v"]) if state else (p.zeros_like(),) * 2
        m = numbers["beta1"] * m + numbers["rest1"] * g
        v = numbers["beta2"] * v + numbers["rest2"] * g.square()
        direction = numbers["a"] * g + numbers["b"] * m
        return p - numbers["lr"] * (direction / ((v / numbers["unbias2"]).sqrt() + numbers["eps"])), {"m": m, "v": v}


@lru_cache(maxsize=64)
def weights(beta1: Fraction, decay: Fraction, t: int) -> tuple[float, float]:
    """RN of a and b."""
    a = decide_float(lambda r: (1 - momentum(r, beta1, decay, t)) / (1 - product(r, beta1, decay, t)))
    b = decide_float(lambda r: momentum(r, beta1, decay, t + 1) / (1 - product(r, beta1, decay, t + 1)))
    return a, b


@lru_cache(maxsize=8)  # each is asked for three times in two steps
def momentum(r: Reals, beta1: Fraction, decay: Fraction, i: int) -> Enclosure:
    """mu_i."""
    return ratio_of(r, beta1) * (1 - r.exp(ratio_of(r, i * decay) * r.log(r.ratio(96, 100))) / 2)


NEAR = 64
"""From a product this far back it is multiplied on."""


def product(r: Reals, beta1: Fraction, decay: Fraction, t: int) -> Enclosure:
    """mu_1 ... mu_t: that of the step before, times mu_t; or after a jump, such as a training resumed, at once."""
    last = _last(r, beta1, decay)
    done, value = last[0] if last[0][0] <= t else (0, r.number(1))
    if t - done > NEAR:
        value = product_at_once(r, beta1, decay, t)
    else:
        for i in range(done + 1, t + 1):
            value = value * momentum(r, beta1, decay, i)
    last[0] = (t, value)
    return value


@lru_cache(maxsize=64)
def _last(r: Reals, beta1: Fraction, decay: Fraction) -> list[tuple[int, Enclosure]]:
    """The product that was made last, and of how many."""
    return [(0, r.number(1))]


def product_at_once(r: Reals, beta1: Fraction, decay: Fraction, t: int) -> Enclosure:
    """mu_1 ... mu_t, in work that grows with the precision and hardly with t.

    With c = 0.96^decay < 1, log(1 - c^i / 2) is the sum over j >= 1 of -c^(ij) / (j 2^j), so that the sum over i is
    that over j of -c^j (1 - c^(jt)) / ((1 - c^j) j 2^j). What is left out after J terms lies between -t / 2^J and 0.
    """
    if decay == 0:
        return (ratio_of(r, beta1) / 2) ** t
    c = r.exp(ratio_of(r, decay) * r.log(r.ratio(96, 100)))
    ct = r.exp(ratio_of(r, t * decay) * r.log(r.ratio(96, 100)))
    terms = r.precision + t.bit_length()
    total, cj, ctj = r.number(0), r.number(1), r.number(1)
    for j in range(1, terms + 1):
        cj, ctj = cj * c, ctj * ct
        total = total - cj * (1 - ctj) / ((1 - cj) * (j << j))
    rest = r.between(r.ratio(-t, 1 << terms), r.number(0))
    return ratio_of(r, beta1) ** t * r.exp(total + rest)
