"""What the optimizers share: the parameters, their state, and how both are saved.

An optimizer is a composition of operations (N5), with a step of its own for each parameter; what it derives from Python
numbers is rounded once (N6). So a run that is saved and resumed goes on with the same bits.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import isfinite
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import AttributeValueError, DataError, GradientError
from rcmlrs_core.numerics.scalars import number
from rcmlrs_core.plain import FLOAT32, PlainArray, scalar_bytes
from rcmlrs_core.tensor import Number, RamTensor, grad_enabled, wrap

State = dict[str, RamTensor]
"""What an optimizer remembers of one parameter, by name: tensors of the parameter's shape."""


class Optimizer:
    """The base. A subclass defines ``update``; ``hyperparameters`` names the numbers that it is set by.

    A state that is loaded passes ``check_hyperparameters``, as the arguments of the constructor do.
    """

    hyperparameters: tuple[str, ...] = ("lr",)
    remembered: tuple[str, ...] | None = None
    """The names in the state of a parameter after a step; None, where a subclass says nothing, allows any."""
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

    @staticmethod
    def check_hyperparameters(values: Mapping[str, Any]) -> None:
        """Raise :class:`AttributeValueError` for a value outside of its range; here, for a float that is not finite."""
        for name, value in values.items():
            if isinstance(value, float) and not isfinite(value):
                raise AttributeValueError(f"{name} must be finite, got {value!r}")

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
        """Go on from ``state``, what ``state_dict`` of an optimizer of this kind gave: all of it, or nothing.

        Raises :class:`DataError` for a state of another kind or form, hyperparameters that the constructor would
        refuse, and tensors that do not fit the parameters.
        """
        missing = [key for key in ("optimizer", "step", "hyperparameters", "tensors") if key not in state]
        if missing:
            raise DataError(f"load_state_dict: {', '.join(missing)} missing; is this the state of an optimizer?")
        if state["optimizer"] != self._name:
            raise DataError(f"load_state_dict: the state is one of {state['optimizer']}, and this is {self._name}")
        for key in ("hyperparameters", "tensors"):
            if not isinstance(state[key], Mapping):
                raise DataError(f"load_state_dict: {key} must be a mapping by name, got a {type(state[key]).__name__}")
        step = state["step"]
        if not isinstance(step, int) or isinstance(step, bool) or step < 0:
            raise DataError(f"load_state_dict: step must be an int of at least 0, got {step!r}")
        hyperparameters = self._checked_hyperparameters(state["hyperparameters"])
        loaded = self._checked_tensors(state["tensors"])
        for name, value in hyperparameters.items():
            setattr(self, name, value)
        self.step_count = step
        self.state = loaded

    def _checked_hyperparameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The hyperparameters of a state; JSON has made lists of the tuples."""
        if set(given) != set(self.hyperparameters):
            differ = ", ".join(sorted(map(str, set(given) ^ set(self.hyperparameters))))
            raise DataError(f"load_state_dict: the hyperparameters differ in {differ}")
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        try:
            self.check_hyperparameters(values)
        except AttributeValueError as error:
            raise DataError(f"load_state_dict: {error}") from error
        return values

    def _checked_tensors(self, given: Mapping[str, Any]) -> list[State]:
        """The tensors of a state, by parameter and on its backend."""
        loaded: list[State] = [{} for _ in self.parameters]
        places = {str(i): i for i in range(len(loaded))}
        for key, tensor in given.items():
            place, _, name = str(key).partition(".")
            if place not in places:
                raise DataError(f"load_state_dict: {key} belongs to none of the {len(loaded)} parameters")
            if self.remembered is not None and name not in self.remembered:
                known = ", ".join(self.remembered) or "nothing"
                raise DataError(f"load_state_dict: {key} is unknown; {self._name} remembers {known} of a parameter")
            if not isinstance(tensor, RamTensor) or tensor.dtype != FLOAT32:
                kind = f"tensor of {tensor.dtype}" if isinstance(tensor, RamTensor) else type(tensor).__name__
                raise DataError(f"load_state_dict: {key} must be a tensor of float32, got a {kind}")
            parameter = self.parameters[places[place]]
            if tensor.shape != parameter.shape:
                raise DataError(
                    f"load_state_dict: {key} has shape {tensor.shape}, and parameter {place} has {parameter.shape}"
                )
            loaded[places[place]][name] = tensor.detach().to(parameter._backend)
        for i, state in enumerate(loaded):
            absent = [f"{i}.{name}" for name in self.remembered or () if state and name not in state]
            if absent:
                raise DataError(f"load_state_dict: {', '.join(absent)} missing, beside {i}.{next(iter(state))}")
        return loaded

    @property
    def _name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        return f"{self._name}({', '.join(f'{name}={getattr(self, name)}' for name in self.hyperparameters)})"


def fused(
    name: str, operands: Sequence[RamTensor], numbers: Mapping[str, Number | Fraction | None], **flags: bool
) -> tuple[RamTensor, ...] | None:
    """The results of the backend's own kernel for a composition (:mod:`rcmlrs_core.fused`); None where the composition
    runs: the backend has no kernel, a gradient is recorded, or the operands do not fit and an operation will say why.
    """
    first = operands[0]
    backend, shape = first._backend, first._shape
    kernel = backend.fused.get(name)
    if kernel is None or grad_enabled.get():
        return None
    if any(x._backend is not backend or x._shape != shape or x._dtype != FLOAT32 for x in operands):
        return None
    rounded = {key: None if value is None else as_binary32(value) for key, value in numbers.items()}
    buffers = kernel(*(x._buffer for x in operands), **rounded, **flags)
    return tuple(wrap(buffer, shape, FLOAT32, backend) for buffer in buffers)


def as_binary32(value: Number | Fraction) -> float:
    """The number that ``value`` is beside a tensor: rounded once (N6)."""
    if value.__class__ is float:
        return array("f", (value,))[0]  # exact in binary64, so the store is the one rounding
    return float(PlainArray.frombytes(scalar_bytes(number(value), FLOAT32), (), FLOAT32).values[0])


def check_range(optimizer: str, name: str, value: Any, *, below: Number | None = None) -> None:
    """A hyperparameter is a finite number, at least 0 and, where that is said, below another."""
    inside = isinstance(value, int | float) and 0 <= value < float("inf") and (below is None or value < below)
    if not inside:
        limit = "finite" if below is None else f"below {below}"
        raise AttributeValueError(f"{optimizer}: {name} must be a number, at least 0 and {limit}, got {value!r}")
