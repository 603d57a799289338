"""Adam and AdamW: steps of a size that adapts to the moments of each gradient."""

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Unpack

from rcmlrs_core.numerics.formats import BINARY32, from_bits
from rcmlrs_core.numerics.reals import decide_float, ratio_of
from rcmlrs_core.optim.optimizer import (
    Common,
    Optimizer,
    Params,
    State,
    check_betas,
    check_bool,
    check_form,
    check_range,
    fused,
    rounded,
)
from rcmlrs_core.optim.schedules import Schedule
from rcmlrs_core.tensor import Number, RamTensor


class Adam(Optimizer):
    """Update t = 1, 2, ..., for a parameter p with gradient g:

        g = g + weight_decay * p      (falls away where weight_decay is 0)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        p = p - lr * ((m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps))

    m and v begin as zeros. Every operation rounds once; 1 - beta and 1 - beta^t are RN of the exact value at the
    number that beta is (N6). With ``amsgrad`` the last line has the largest v so far, ``v_max = max(v_max, v)``, in the
    place of v.

    With ``form="keras"`` eps is ``RN(eps / sqrt(1 - beta2^t))``: Keras adds its eps to the root of the v that is not
    corrected ("epsilon hat" in the paper), which is the same. Its default is eps=1e-7. optax's ``adam`` is
    PyTorch's, and this one.

    Source: D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015, arXiv:1412.6980, algorithm 1.
    amsgrad: S. Reddi, S. Kale, S. Kumar, On the convergence of Adam and beyond, ICLR 2018; in the form of PyTorch.
    """

    remembered = ("m", "v", "v_max")
    added = Optimizer.added | {"amsgrad": False, "form": "torch"}

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 1e-3,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-8,
        weight_decay: Number = 0,
        amsgrad: bool = False,
        *,
        form: str = "torch",
        **common: Unpack[Common],
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "form": form,
        }
        super().__init__(params, defaults, **common)

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Betas are two numbers in [0, 1), the others finite and at least 0."""
        check_betas(cls.__name__, values["betas"])
        for name in ("lr", "eps", "weight_decay"):
            check_range(cls.__name__, name, values[name])
        check_bool(cls.__name__, "amsgrad", values["amsgrad"])
        check_form(cls.__name__, values["form"])

    def needed(self, numbers: Mapping[str, Any]) -> tuple[str, ...]:
        """v_max with amsgrad, beside m and v."""
        return ("m", "v", "v_max") if numbers["amsgrad"] else ("m", "v")

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """The numbers of ``adam_update``, and whether it is amsgrad's."""
        (beta1, beta2), eps = numbers["betas"], numbers["eps"]
        kernel = rounded(
            lr=numbers["lr"],
            beta1=beta1,
            beta2=beta2,
            rest1=one_minus_power(beta1, 1),
            rest2=one_minus_power(beta2, 1),
            unbias1=one_minus_power(beta1, t),
            unbias2=one_minus_power(beta2, t),
            eps=eps if numbers["form"] == "torch" else epsilon_hat(eps, beta2, t),
            weight_decay=numbers["weight_decay"] or None,
        )
        return {"kernel": kernel, "amsgrad": numbers["amsgrad"]}

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The formula of the class; by one kernel, where the backend has it."""
        p, g, kernel = parameter, gradient, numbers["kernel"]
        m, v = (state["m"], state["v"]) if state else (p.zeros_like(),) * 2
        if numbers["amsgrad"]:
            p, m, v, v_max = adam_update(p, g, m, v, state.get("v_max", v), **kernel)
            return p, {"m": m, "v": v, "v_max": v_max}
        p, m, v = fused("adam_update", (p, g, m, v), kernel) or adam_update(p, g, m, v, **kernel)
        return p, {"m": m, "v": v}


class AdamW(Adam):
    """Adam, with the decay apart from the gradient: ``p = (1 - lr * weight_decay) * p``, RN of the number (N6), and
    then the update of :class:`Adam` without decay.

    Keras has weight_decay=0.004 and eps=1e-7, and ``form="keras"``; optax has weight_decay=1e-4, and adds the decay of
    the parameter as it was to the update.

    Source: I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019, arXiv:1711.05101, algorithm 2.
    """

    added = Adam.added | {"decoupled_weight_decay": True}

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 1e-3,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-8,
        weight_decay: Number = 1e-2,
        amsgrad: bool = False,
        *,
        form: str = "torch",
        **common: Unpack[Common],
    ) -> None:
        options: Common = {"decoupled_weight_decay": True, **common}
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, form=form, **options)


def adam_update(
    p: RamTensor,
    g: RamTensor,
    m: RamTensor,
    v: RamTensor,
    v_max: RamTensor | None = None,
    *,
    lr: Number,
    beta1: Number,
    beta2: Number,
    rest1: Number,
    rest2: Number,
    unbias1: Number,
    unbias2: Number,
    eps: Number,
    weight_decay: Number | None,
) -> tuple[RamTensor, ...]:
    """The composition of :mod:`rcmlrs_core.fused` that has this name: the parameter and its moments after an update.

    With ``v_max``, which no kernel takes, amsgrad's.
    """
    if weight_decay is not None:
        g = g + weight_decay * p
    m = beta1 * m + rest1 * g
    v = beta2 * v + rest2 * g.square()
    if v_max is None:
        return p - lr * ((m / unbias1) / ((v / unbias2).sqrt() + eps)), m, v
    v_max = v_max.maximum(v)
    return p - lr * ((m / unbias1) / ((v_max / unbias2).sqrt() + eps)), m, v, v_max


PLACES = 128
"""Binary ones behind the point, of an enclosure of beta^t."""
ONE = 1 << PLACES


@lru_cache(maxsize=64)
def one_minus_power(beta: Number | Fraction, t: int) -> float:
    """``RN(1 - beta^t)`` at the exact value of ``beta``, in [0, 1): log2(t) products in an enclosure, whatever t.

    The first enclosure is one of integers, as a step asks for two of these.
    """
    low, high = _power(beta, t)
    bits = BINARY32.round_dyadic(ONE - low, -PLACES)
    if high < ONE and bits == BINARY32.round_dyadic(ONE - high, -PLACES):
        return from_bits(bits)
    return decide_float(lambda r: 1 - ratio_of(r, beta) ** t)


@lru_cache(maxsize=64)
def epsilon_hat(eps: Number, beta2: Number, t: int) -> float:
    """``RN(eps / sqrt(1 - beta2^t))``, likewise."""
    low, high = _power(beta2, t)
    numerator, denominator = eps.as_integer_ratio()
    if high < ONE:
        square = numerator * numerator << PLACES
        least, most = (BINARY32.round_root(square, denominator**2 * (ONE - end)) for end in (low, high))
        if least == most:
            return from_bits(least)
    return decide_float(lambda r: ratio_of(r, eps) / r.sqrt(1 - ratio_of(r, beta2) ** t))


def _power(beta: Number | Fraction, t: int) -> tuple[int, int]:
    """Two integers between which ``beta^t 2^PLACES`` lies."""
    numerator, denominator = beta.as_integer_ratio()
    square = (numerator << PLACES) // denominator, -((-numerator << PLACES) // denominator)
    low = high = ONE
    while t:
        if t & 1:
            low, high = low * square[0] >> PLACES, -(-high * square[1] >> PLACES)
        square = square[0] * square[0] >> PLACES, -(-square[1] * square[1] >> PLACES)
        t >>= 1
    return low, high
