"""Stochastic gradient descent, with momentum."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Unpack

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.optim.optimizer import (
    Common,
    Optimizer,
    Params,
    State,
    check_bool,
    check_form,
    check_range,
    fused,
    rounded,
)
from rcmlrs_core.optim.schedules import Schedule
from rcmlrs_core.tensor import Number, RamTensor


class SGD(Optimizer):
    """Update t, for a parameter p with gradient g:

        g = g + weight_decay * p
        b = momentum * b + (1 - dampening) * g          (b = g in the first update)
        g = g + momentum * b                            with nesterov; otherwise g = b
        p = p - lr * g

    Lines and factors of a hyperparameter that is 0 fall away. Every operation rounds once; 1 - dampening is RN (N6).

    With ``form="keras"`` lr is inside of b, which makes a difference where lr changes: g = lr * g after the first line,
    and p = p - g in the last. There is no dampening then.

    Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization and momentum in deep
    learning, ICML 2013; in the form of PyTorch, where lr is outside of b. Keras has lr=0.01; optax's ``sgd`` is
    PyTorch's.
    """

    remembered = ("b",)
    added = Optimizer.added | {"dampening": 0, "form": "torch"}

    def __init__(
        self,
        params: Params,
        lr: Number | Schedule = 1e-3,
        momentum: Number = 0,
        dampening: Number = 0,
        weight_decay: Number = 0,
        nesterov: bool = False,
        *,
        form: str = "torch",
        **common: Unpack[Common],
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "form": form,
        }
        super().__init__(params, defaults, **common)

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Numbers are finite and at least 0; nesterov is a bool, and needs a momentum and no dampening."""
        for name in ("lr", "momentum", "dampening", "weight_decay"):
            check_range(cls.__name__, name, values[name])
        check_bool(cls.__name__, "nesterov", values["nesterov"])
        check_form(cls.__name__, values["form"])
        if values["nesterov"] and not values["momentum"]:
            raise AttributeValueError(
                f"{cls.__name__}: nesterov needs a momentum above 0; nesterov=False is plain descent"
            )
        if values["dampening"] and (values["nesterov"] or values["form"] == "keras"):
            raise AttributeValueError(
                f"{cls.__name__}: dampening goes neither with nesterov nor with form='keras'; leave it 0"
            )

    def needed(self, numbers: Mapping[str, Any]) -> tuple[str, ...]:
        """b, with a momentum."""
        return ("b",) if numbers["momentum"] else ()

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """The numbers of ``sgd_update``, and those of what comes before it."""
        lr, momentum, decay = numbers["lr"], numbers["momentum"] or None, numbers["weight_decay"] or None
        factor = None
        if numbers["form"] == "keras":
            factor, lr = lr, 1
        elif momentum and numbers["dampening"] and t > 1:  # without nesterov: g goes into b alone
            factor = round_number(1 - Fraction(numbers["dampening"]))
        return {
            "kernel": rounded(lr=lr, momentum=momentum, weight_decay=None if factor is not None else decay),
            "nesterov": numbers["nesterov"],
            "weight_decay": decay,
            "factor": factor,
        }

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The formula of the class; by one kernel, where the backend has it."""
        p, g, kernel, nesterov = parameter, gradient, numbers["kernel"], numbers["nesterov"]
        remembered = (state["b"],) if kernel["momentum"] is not None and state else ()
        if numbers["factor"] is not None:
            if numbers["weight_decay"] is not None:
                g = g + numbers["weight_decay"] * p
            g = numbers["factor"] * g
        found = fused("sgd_update", (p, g, *remembered), kernel, nesterov=nesterov)
        found = found or sgd_update(p, g, *remembered, nesterov=nesterov, **kernel)
        return found[0], {"b": found[1]} if len(found) > 1 else {}


def sgd_update(
    p: RamTensor,
    g: RamTensor,
    b: RamTensor | None = None,
    *,
    lr: Number,
    momentum: Number | None,
    nesterov: bool,
    weight_decay: Number | None,
) -> tuple[RamTensor, ...]:
    """The composition of :mod:`rcmlrs_core.fused` that has this name: the parameter and, with a momentum, b."""
    if weight_decay is not None:
        g = g + weight_decay * p
    if momentum is None:
        return (p - lr * g,)
    b = g if b is None else momentum * b + g
    g = g + momentum * b if nesterov else b
    return p - lr * g, b
