"""Stochastic gradient descent, with momentum."""

from collections.abc import Iterable, Mapping
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.optim.optimizer import Optimizer, State, check_range, fused
from rcmlrs_core.tensor import Number, RamTensor


class SGD(Optimizer):
    """Step t, for a parameter p with gradient g:

        g = g + weight_decay * p
        b = momentum * b + g          (b = g in the first step)
        g = g + momentum * b          with nesterov; otherwise g = b
        p = p - lr * g

    Lines of a hyperparameter that is 0 fall away. Every operation rounds once.

    Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization and momentum in deep
    learning, ICML 2013; in the form of PyTorch, where lr is outside of b.
    """

    hyperparameters = ("lr", "momentum", "nesterov", "weight_decay")
    remembered = ("b",)

    def __init__(
        self,
        params: Iterable[RamTensor],
        lr: Number = 1e-3,
        momentum: Number = 0,
        nesterov: bool = False,
        weight_decay: Number = 0,
    ) -> None:
        super().__init__(params)
        SGD.check_hyperparameters({"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay})
        self.lr = lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay

    @staticmethod
    def check_hyperparameters(values: Mapping[str, Any]) -> None:
        """Numbers are finite and at least 0; nesterov is a bool, and needs a momentum."""
        for name in ("lr", "momentum", "weight_decay"):
            check_range("SGD", name, values[name])
        if not isinstance(values["nesterov"], bool):
            raise AttributeValueError(f"SGD: nesterov must be True or False, got {values['nesterov']!r}")
        if values["nesterov"] and not values["momentum"]:
            raise AttributeValueError("SGD: nesterov needs a momentum above 0; nesterov=False is plain descent")

    def update(self, parameter: RamTensor, gradient: RamTensor, state: State, t: int) -> tuple[RamTensor, State]:
        """The formula of the class; by one kernel, where the backend has it."""
        p, g = parameter, gradient
        numbers: dict[str, Any] = {
            "lr": self.lr,
            "momentum": self.momentum or None,
            "weight_decay": self.weight_decay or None,
        }
        remembered = (state["b"],) if self.momentum and state else ()
        nesterov = self.nesterov
        found = fused("sgd_update", (p, g, *remembered), numbers, nesterov=nesterov)
        found = found or sgd_update(p, g, *remembered, nesterov=nesterov, **numbers)
        return found[0], {"b": found[1]} if self.momentum else {}


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
