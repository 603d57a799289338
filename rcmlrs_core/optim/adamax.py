"""Adamax: Adam with the largest gradient in the place of the second moment."""

from collections.abc import Mapping
from typing import Any, Unpack

from rcmlrs_core.numerics.reals import decide_float, ratio_of
from rcmlrs_core.optim.adam import one_minus_power
from rcmlrs_core.optim.optimizer import (
    Common,
    Optimizer,
    Params,
    State,
    check_betas,
    check_form,
    check_range,
    with_decay,
)
from rcmlrs_core.optim.schedules import Schedule
from rcmlrs_core.tensor import Number, RamTensor


class Adamax(Optimizer):
    """Update t = 1, 2, ..., for a parameter p with gradient g:

        g = g + weight_decay * p      (falls away where weight_decay is 0)
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, |g| + eps)
        p = p - (lr / (1 - beta1^t)) * (m / u)

    m and u begin as zeros. Every operation rounds once; 1 - beta1 and lr / (1 - beta1^t) are RN of the exact
    value (N6).

    With ``form="keras"`` eps is added later: u = max(beta2 * u, |g|), and the quotient is m / (u + eps). Keras has
    lr=0.001 and eps=1e-7 too. optax's ``adamax`` is PyTorch's, with lr to be given.

    Source: D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015, arXiv:1412.6980, algorithm 2; in
    the form of PyTorch, which has eps.
    """

    remembered = ("m", "u")

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 2e-3,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-8,
        weight_decay: Number = 0,
        *,
        form: str = "torch",
        **common: Unpack[Common],
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "form": form}
        super().__init__(params, defaults, **common)

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Betas are two numbers in [0, 1), the others finite and at least 0."""
        check_betas(cls.__name__, values["betas"])
        for name in ("lr", "eps", "weight_decay"):
            check_range(cls.__name__, name, values[name])
        check_form(cls.__name__, values["form"])

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """The numbers of the formula."""
        lr, (beta1, beta2) = numbers["lr"], numbers["betas"]
        size = decide_float(lambda r: ratio_of(r, lr) / (1 - ratio_of(r, beta1) ** t))
        return numbers | {"beta1": beta1, "beta2": beta2, "rest1": one_minus_power(beta1, 1), "size": size}

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The formula of the class."""
        p, g, eps = parameter, with_decay(gradient, parameter, numbers), numbers["eps"]
        m, u = (state["m"], state["u"]) if state else (p.zeros_like(),) * 2
        m = numbers["beta1"] * m + numbers["rest1"] * g
        if numbers["form"] == "keras":
            u = (numbers["beta2"] * u).maximum(g.abs())
            return p - numbers["size"] * (m / (u + eps)), {"m": m, "u": u}
        u = (numbers["beta2"] * u).maximum(g.abs() + eps)
        return p - numbers["size"] * (m / u), {"m": m, "u": u}
