"""RMSprop: gradients divided by the root of the mean of their recent squares."""

from collections.abc import Mapping
from typing import Any, Unpack

from rcmlrs_core.optim.adam import one_minus_power
from rcmlrs_core.optim.optimizer import (
    Common,
    Optimizer,
    Params,
    State,
    check_bool,
    check_form,
    check_range,
    with_decay,
)
from rcmlrs_core.optim.schedules import Schedule
from rcmlrs_core.tensor import Number, RamTensor


class RMSprop(Optimizer):
    """For a parameter p with gradient g:

        g = g + weight_decay * p              (falls away where weight_decay is 0)
        v = alpha * v + (1 - alpha) * g^2
        d = sqrt(v) + eps
        b = momentum * b + g / d              (b = g / d without momentum)
        p = p - lr * b

    With ``centered``, the mean of the gradients too, and d is of what is left of v, an estimate of the variance:

        mean = alpha * mean + (1 - alpha) * g
        d = sqrt(max(v - mean^2, 0)) + eps

    v, b and mean begin as zeros. Every operation rounds once; 1 - alpha is RN (N6). PyTorch has no max, and so a NaN
    where roundings make the difference negative.

    With ``form="keras"`` eps is within the root and lr within b: d = sqrt(v + eps), or of max(v - mean^2, 0) + eps,
    b = momentum * b + lr * g / d, and p = p - b. Keras calls alpha rho, and has lr=0.001, rho=0.9 and eps=1e-7. optax's
    ``rmsprop`` is as Keras' with ``eps_in_sqrt``, with lr outside of b.

    Source: T. Tieleman, G. Hinton, Lecture 6.5, Neural Networks for Machine Learning, 2012; centered: A. Graves,
    Generating sequences with recurrent neural networks, arXiv:1308.0850, equations 38 to 45; in the form of PyTorch.
    """

    remembered = ("v", "mean", "b")

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 1e-2,
        alpha: Number = 0.99,
        eps: Number = 1e-8,
        weight_decay: Number = 0,
        momentum: Number = 0,
        centered: bool = False,
        *,
        form: str = "torch",
        **common: Unpack[Common],
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "form": form,
        }
        super().__init__(params, defaults, **common)

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Numbers are finite and at least 0, alpha below 1."""
        check_range(cls.__name__, "alpha", values["alpha"], below=1)
        for name in ("lr", "eps", "weight_decay", "momentum"):
            check_range(cls.__name__, name, values[name])
        check_bool(cls.__name__, "centered", values["centered"])
        check_form(cls.__name__, values["form"])

    def needed(self, numbers: Mapping[str, Any]) -> tuple[str, ...]:
        """The mean if centered, b with a momentum."""
        return ("v", *(("mean",) if numbers["centered"] else ()), *(("b",) if numbers["momentum"] else ()))

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """The hyperparameters, and 1 - alpha."""
        return numbers | {"rest": one_minus_power(numbers["alpha"], 1)}

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The formula of the class."""
        p, g, alpha, rest = parameter, with_decay(gradient, parameter, numbers), numbers["alpha"], numbers["rest"]
        zeros = p.zeros_like() if len(state) < len(self.needed(numbers)) else p
        after = {"v": alpha * state.get("v", zeros) + rest * g.square()}
        spread = after["v"]
        if numbers["centered"]:
            after["mean"] = alpha * state.get("mean", zeros) + rest * g
            spread = (spread - after["mean"].square()).maximum(0.0)
        if numbers["form"] == "keras":
            step = numbers["lr"] * g / (spread + numbers["eps"]).sqrt()
        else:
            step = g / (spread.sqrt() + numbers["eps"])
        if numbers["momentum"]:
            after["b"] = step = numbers["momentum"] * state.get("b", zeros) + step
        return p - (step if numbers["form"] == "keras" else numbers["lr"] * step), after
