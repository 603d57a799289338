"""Lion: steps of one size, in the direction that the sign of a momentum says."""

from collections.abc import Mapping
from typing import Any, Unpack

from rcmlrs_core.optim.adam import one_minus_power
from rcmlrs_core.optim.optimizer import Common, Optimizer, Params, State, check_betas, check_range, with_decay
from rcmlrs_core.optim.schedules import Schedule
from rcmlrs_core.tensor import Number, RamTensor


class Lion(Optimizer):
    """For a parameter p with gradient g:

        p = (1 - lr * weight_decay) * p       (falls away where weight_decay is 0)
        p = p - lr * sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g

    m begins as zeros, and sign(0) is 0. Every operation rounds once; 1 - beta and the factor of the decay are RN (N6).
    ``decoupled_weight_decay=False`` has g = g + weight_decay * p in the place of the first line.

    Keras has the same formula with lr=0.001; optax too, with weight_decay=1e-3 and lr to be given. PyTorch has no Lion.

    Source: X. Chen et al., Symbolic discovery of optimization algorithms, arXiv:2302.06675, program 1 and table 12.
    """

    remembered = ("m",)
    added = Optimizer.added | {"decoupled_weight_decay": True}

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 1e-4,
        betas: tuple[Number, Number] = (0.9, 0.99),
        weight_decay: Number = 0,
        **common: Unpack[Common],
    ) -> None:
        options: Common = {"decoupled_weight_decay": True, **common}
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        super().__init__(params, defaults, **options)

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Betas are two numbers in [0, 1), the others finite and at least 0."""
        check_betas(cls.__name__, values["betas"])
        for name in ("lr", "weight_decay"):
            check_range(cls.__name__, name, values[name])

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """The numbers of the formula."""
        beta1, beta2 = numbers["betas"]
        rests = {"rest1": one_minus_power(beta1, 1), "rest2": one_minus_power(beta2, 1)}
        return numbers | {"beta1": beta1, "beta2": beta2} | rests

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The formula of the class."""
        p, g = parameter, with_decay(gradient, parameter, numbers)
        m = state["m"] if state else p.zeros_like()
        direction = (numbers["beta1"] * m + numbers["rest1"] * g).sign()
        return p - numbers["lr"] * direction, {"m": numbers["beta2"] * m + numbers["rest2"] * g}
