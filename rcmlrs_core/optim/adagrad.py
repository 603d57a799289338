"""Adagrad: gradients divided by the root of the sum of all their squares."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Unpack

from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.optim.optimizer import Common, Optimizer, Params, State, check_form, check_range, with_decay
from rcmlrs_core.optim.schedules import Schedule
from rcmlrs_core.tensor import Number, RamTensor


class Adagrad(Optimizer):
    """Update t = 1, 2, ..., for a parameter p with gradient g:

        g = g + weight_decay * p              (falls away where weight_decay is 0)
        s = s + g^2                           (s begins as initial_accumulator_value)
        p = p - (lr / (1 + (t - 1) * lr_decay)) * (g / (sqrt(s) + eps))

    Every operation rounds once; the rate is RN of the exact value (N6).

    With ``form="keras"`` eps is within the root, sqrt(s + eps). Keras has lr=0.001, initial_accumulator_value=0.1 and
    eps=1e-7; optax has the latter two and eps within the root.

    Source: J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning and stochastic optimization,
    JMLR 12, 2011; in the form of PyTorch.
    """

    remembered = ("s",)

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 1e-2,
        lr_decay: Number = 0,
        weight_decay: Number = 0,
        initial_accumulator_value: Number = 0,
        eps: Number = 1e-10,
        *,
        form: str = "torch",
        **common: Unpack[Common],
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "form": form,
        }
        super().__init__(params, defaults, **common)

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Numbers are finite and at least 0."""
        for name in ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            check_range(cls.__name__, name, values[name])
        check_form(cls.__name__, values["form"])

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """The hyperparameters, and the rate as it has decayed."""
        return numbers | {"rate": round_number(Fraction(numbers["lr"]) / (1 + (t - 1) * Fraction(numbers["lr_decay"])))}

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The formula of the class."""
        p, g, eps = parameter, with_decay(gradient, parameter, numbers), numbers["eps"]
        s = (state["s"] if state else numbers["initial_accumulator_value"]) + g.square()
        d = (s + eps).sqrt() if numbers["form"] == "keras" else s.sqrt() + eps
        return p - numbers["rate"] * (g / d), {"s": s}
