"""What the optimizers share: the parameters, their state, and how both are saved.

An optimizer is a composition of operations (N5), with a step of its own for each parameter; what it derives from Python
numbers is rounded once (N6). So a run that is saved and resumed goes on with the same bits.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import AttributeValueError, DataError, GradientError
from rcmlrs_core.tensor import Number, RamTensor

State = dict[str, RamTensor]
"""What an optimizer remembers of one parameter, by name: tensors of the parameter's shape."""


class Optimizer:
    """The base. A subclass defines ``update``; ``hyperparameters`` names the numbers that it is set by."""

    hyperparameters: tuple[str, ...] = ("lr",)
    lr: Number

    def __init__(self, params: Iterable[RamTensor]) -> None:
        if isinstance(params, RamTensor) or not isinstance(params, Iterable):
            raise TypeError(
                f"{self._name}: takes an iterable of parameters, got {type(params).__name__}; pass model.parameters()"
            )
        self.parameters = list(params)
        for i, parameter in enumerate(self.parameters):
            if not isinstance(parameter, RamTensor):
                raise TypeError(
                    f"{self._name}: parameter {i} is a {type(parameter).__name__}, not a tensor; "
                    "pass model.parameters()"
                )
            if not parameter.requires_grad or parameter._node is not None:
                what = "is a result of operations" if parameter._node is not None else "requires no gradient"
                raise GradientError(
                    f"{self._name}: parameter {i} of shape {parameter.shape} {what}; make it with nn.Parameter(...)"
                )
        if not self.parameters:
            raise AttributeValueError(f"{self._name}: no parameters (is the iterator that was passed used up?)")
        if len({id(parameter) for parameter in self.parameters}) < len(self.parameters):
            raise AttributeValueError(f"{self._name}: a parameter is given twice; each is updated once in a step")
        self.step_count = 0
        self.state: list[State] = [{} for _ in self.parameters]

    def update(self, parameter: RamTensor, gradient: RamTensor, state: State, t: int) -> tuple[RamTensor, State]:
        """The parameter and its state after step ``t`` = 1, 2, ...; the state is empty before a parameter's first."""
        raise NotImplementedError

    def step(self) -> None:
        """Update every parameter that has a gradient: all of them, or none if an error comes up on the way."""
        t = self.step_count + 1
        after: list[tuple[RamTensor, State] | None] = []
        with no_grad():
            for parameter, state in zip(self.parameters, self.state, strict=True):
                gradient = parameter.grad
                after.append(None if gradient is None else self.update(parameter, gradient.detach(), state, t))
            for i, updated in enumerate(after):
                if updated is not None:
                    self.parameters[i].replace_(updated[0])
                    self.state[i] = updated[1]
        self.step_count = t

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on, but for the parameters themselves.

        ``step`` is the number of steps so far; ``hyperparameters`` are numbers by name; ``tensors`` are named
        ``0.m``: the place of the parameter, and what is remembered of it.
        """
        return {
            "optimizer": self._name,
            "step": self.step_count,
            "hyperparameters": {name: getattr(self, name) for name in self.hyperparameters},
            "tensors": {f"{i}.{name}": t for i, state in enumerate(self.state) for name, t in state.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from ``state``, what ``state_dict`` of an optimizer of this kind gave. Raises :class:`DataError`."""
        missing = [key for key in ("optimizer", "step", "hyperparameters", "tensors") if key not in state]
        if missing:
            raise DataError(f"load_state_dict: {', '.join(missing)} missing; is this the state of an optimizer?")
        if state["optimizer"] != self._name:
            raise DataError(f"load_state_dict: the state is one of {state['optimizer']}, and this is {self._name}")
        names = set(state["hyperparameters"])
        if names != set(self.hyperparameters):
            differ = ", ".join(sorted(names ^ set(self.hyperparameters)))
            raise DataError(f"load_state_dict: the hyperparameters differ in {differ}")
        loaded: list[State] = [{} for _ in self.parameters]
        for key, tensor in state["tensors"].items():
            place, _, name = key.partition(".")
            if not place.isdecimal() or int(place) >= len(loaded):
                raise DataError(f"load_state_dict: {key} belongs to none of the {len(loaded)} parameters")
            parameter = self.parameters[int(place)]
            if tensor.shape != parameter.shape:
                raise DataError(
                    f"load_state_dict: {key} has shape {tensor.shape}, and parameter {place} has {parameter.shape}"
                )
            loaded[int(place)][name] = tensor.detach().to(parameter.backend)
        for name, value in state["hyperparameters"].items():
            setattr(self, name, tuple(value) if isinstance(value, list) else value)
        self.step_count = int(state["step"])
        self.state = loaded

    @property
    def _name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        return f"{self._name}({', '.join(f'{name}={getattr(self, name)}' for name in self.hyperparameters)})"


def check_range(optimizer: str, name: str, value: Any, *, below: Number | None = None) -> None:
    """A hyperparameter is a finite number, at least 0 and, where that is said, below another."""
    inside = isinstance(value, int | float) and 0 <= value < float("inf") and (below is None or value < below)
    if not inside:
        limit = "finite" if below is None else f"below {below}"
        raise AttributeValueError(f"{optimizer}: {name} must be a number, at least 0 and {limit}, got {value!r}")
