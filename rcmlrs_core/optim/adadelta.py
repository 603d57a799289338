"""Adadelta: gradients scaled by what the last steps were, beside what the last gradients were."""

from collections.abc import Mapping
from typing import Any, Unpack

from rcmlrs_core.optim.adam import one_minus_power
from rcmlrs_core.optim.optimizer import Common, Optimizer, Params, State, check_range, with_decay
from rcmlrs_core.optim.schedules import Schedule
from rcmlrs_core.tensor import Number, RamTensor


class Adadelta(Optimizer):
    """For a parameter p with gradient g:

        g = g + weight_decay * p              (falls away where weight_decay is 0)
        v = rho * v + (1 - rho) * g^2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d^2
        p = p - lr * d

    v and u begin as zeros. Every operation rounds once; 1 - rho is RN (N6).

    Keras has the same formula with lr=0.001, rho=0.95 and eps=1e-7; optax too, with lr to be given.

    Source: M. D. Zeiler, ADADELTA: an adaptive learning rate method, arXiv:1212.5701, algorithm 1; lr as in PyTorch.
    """

    remembered = ("v", "u")

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 1.0,
        rho: Number = 0.9,
        eps: Number = 1e-6,
        weight_decay: Number = 0,
        **common: Unpack[Common],
    ) -> None:
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults, **common)

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Numbers are finite and at least 0, rho below 1."""
        check_range(cls.__name__, "rho", values["rho"], below=1)
        for name in ("lr", "eps", "weight_decay"):
            check_range(cls.__name__, name, values[name])

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """The hyperparameters, and 1 - rho."""
        return numbers | {"rest": one_minus_power(numbers["rho"], 1)}

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The formula of the class."""
        p, g, rho, eps = parameter, with_decay(gradient, parameter, numbers), numbers["rho"], numbers["eps"]
        v, u = (state["v"], state["u"]) if state else (p.zeros_like(),) * 2
        v = rho * v + numbers["rest"] * g.square()
        d = (u + eps).sqrt() / (v + eps).sqrt() * g
        u = rho * u + numbers["rest"] * d.square()
        return p - numbers["lr"] * d, {"v": v, "u": u}
