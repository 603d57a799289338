"""What the optimizers share: groups of parameters, their state, and how both are saved.

An optimizer is a composition of operations (N5), with a step of its own for each parameter; what it derives from Python
numbers is rounded once (N6). So a run that is saved and resumed goes on with the same bits.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import isfinite
from typing import Any, ClassVar, TypedDict

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import AttributeValueError, DataError, GradientError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.numerics.scalars import number
from rcmlrs_core.optim.clip import clipped
from rcmlrs_core.optim.schedules import Schedule, is_count
from rcmlrs_core.plain import FLOAT32, PlainArray, scalar_bytes
from rcmlrs_core.tensor import Number, RamTensor, grad_enabled, wrap

State = dict[str, RamTensor]
"""What an optimizer remembers of one parameter, by name: tensors of the parameter's shape."""

Params = Iterable[RamTensor | Mapping[str, Any]]
"""The parameters of an optimizer: tensors, or groups ``{"params": tensors, "lr": 0.1, ...}``."""

INFINITE = 2**128 - 2**103
"""From here on a number is infinite in binary32 (N1.3)."""

CLIPS = ("clip_norm", "clip_value", "clip_each_norm")


class Common(TypedDict, total=False):
    """What every optimizer takes by keyword, beside its own arguments; see :class:`Optimizer`."""

    decoupled_weight_decay: bool
    clip_norm: Number | None
    clip_value: Number | None
    clip_each_norm: Number | None


class Optimizer:
    """The base: a subclass defines ``update``, and gives its hyperparameters, ``lr`` among them, to ``__init__``.

    ``params`` are tensors, ``model.parameters()``, or groups, ``[{"params": tensors, "lr": 0.1}, ...]``, of which each
    has its own hyperparameters: those that it does not name are the optimizer's. They stand in ``param_groups``, a list
    of dicts, where they may be changed between steps, and are checked at the next. ``optimizer.lr`` and the like read
    the hyperparameter of the first group, and set it in all.

    ``lr`` is a number or a :class:`~rcmlrs_core.optim.schedules.Schedule`, which is asked for the number of each step.

    What every optimizer takes by keyword:

    * ``decoupled_weight_decay``: True makes ``p = (1 - lr * weight_decay) * p`` before the update, with RN of the
      number, in the place of a term of the gradient. That is how AdamW and Lion decay, and every optimizer of Keras.
    * one of ``clip_norm`` (all gradients scaled so that their common norm is at most this), ``clip_value`` (each
      element brought into [-value, value]) and ``clip_each_norm`` (each gradient scaled by its own norm). Keras calls
      them ``global_clipnorm``, ``clipvalue`` and ``clipnorm``. They apply to the gradients as the update sees them,
      before any decay; ``.grad`` stays. The formulas are those of :mod:`rcmlrs_core.optim.clip`, with ``eps=0``.

    A parameter that has no gradient, or has ceased to require one, is passed over; and t in the formulas, the number
    of the update, counts those that the parameter itself has had.
    """

    remembered: ClassVar[tuple[str, ...] | None] = None
    """The names that the state of a parameter may have; None, where a subclass says nothing, allows any."""
    added: ClassVar[dict[str, Any]] = {"decoupled_weight_decay": False}
    """Hyperparameters that came later than the first saved states, and the values that those mean."""

    param_groups: list[dict[str, Any]]
    """The groups: "params", a tuple of tensors, and the hyperparameters by name."""
    parameters: list[RamTensor]
    """The parameters of all groups, in order."""
    state: list[State]
    """What is remembered of each of ``parameters``; empty before its first update."""
    step_count: int
    """How many steps were made."""

    def __init__(
        self,
        params: Params,
        defaults: Mapping[str, Any],
        *,
        decoupled_weight_decay: bool = False,
        clip_norm: Number | None = None,
        clip_value: Number | None = None,
        clip_each_norm: Number | None = None,
    ) -> None:
        if isinstance(params, RamTensor) or not isinstance(params, Iterable):
            raise TypeError(
                f"{self._name}: takes an iterable of parameters, got {type(params).__name__}; pass model.parameters()"
            )
        self.clip_norm, self.clip_value, self.clip_each_norm = clip_norm, clip_value, clip_each_norm
        self._check_clips(self._clips())
        self.parameters, self.param_groups, self.state = [], [], []
        self._skipped: list[int] = []
        self.step_count = 0
        self.defaults: dict[str, Any] = {**defaults, "decoupled_weight_decay": decoupled_weight_decay}
        self._numbers(self.defaults)
        given: list[Any] = list(params)
        if not given:
            raise AttributeValueError(f"{self._name}: no parameters (is the iterator that was passed used up?)")
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    def update(
        self, parameter: RamTensor, gradient: RamTensor, state: State, numbers: Mapping[str, Any]
    ) -> tuple[RamTensor, State]:
        """The parameter and its state after an update; the state is empty before a parameter's first.

        ``numbers`` are what ``prepare`` gives.
        """
        raise NotImplementedError

    def prepare(self, numbers: dict[str, Any], t: int) -> Mapping[str, Any]:
        """What ``update`` number ``t`` = 1, 2, ... is told: ``numbers`` are the hyperparameters of the group, with the
        number that ``lr`` is now. Called once in a step for all parameters of a group.
        """
        return numbers | {"t": t}

    @classmethod
    def check_hyperparameters(cls, values: Mapping[str, Any]) -> None:
        """Raise :class:`AttributeValueError` for a value outside of its range; here, for a float that is not finite."""
        for name, value in values.items():
            if isinstance(value, float) and not isfinite(value):
                raise AttributeValueError(f"{name} must be finite, got {value!r}")

    def needed(self, numbers: Mapping[str, Any]) -> tuple[str, ...]:
        """The names that the state of a parameter has after an update with these hyperparameters."""
        return self.remembered or ()

    # ------------------------------------------------------------------------------------------ groups

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Take further parameters: ``{"params": tensors}``, and hyperparameters of their own if they have any."""
        self._check_group(group)
        given = group["params"]
        tensors = [given] if isinstance(given, RamTensor) else list(given)
        first = len(self.parameters)
        for i, parameter in enumerate(tensors, start=first):
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
        if not tensors:
            raise AttributeValueError(f"{self._name}: no parameters (is the iterator that was passed used up?)")
        if len({id(parameter) for parameter in self.parameters + tensors}) < first + len(tensors):
            raise AttributeValueError(f"{self._name}: a parameter is given twice; each is updated once in a step")
        made = self.defaults | {**group, "params": tuple(tensors)}
        self._numbers(made)
        self.param_groups.append(made)
        self.parameters += tensors
        self.state += [{} for _ in tensors]
        self._skipped += [self.step_count] * len(tensors)

    def _check_group(self, group: Any) -> None:
        is_group = isinstance(group, Mapping) and "params" in group
        if not is_group or not isinstance(group["params"], Iterable):
            got = f"one with {', '.join(map(str, group))}" if isinstance(group, Mapping) else type(group).__name__
            raise TypeError(
                f"{self._name}: a group of parameters is a dict such as {{'params': layer.parameters(), 'lr': 0.1}}, "
                f"got {got}"
            )
        unknown = [str(name) for name in group if name != "params" and name not in self.defaults]
        if unknown:
            raise AttributeValueError(
                f"{self._name}: a group has {', '.join(unknown)}; its hyperparameters are {', '.join(self.defaults)}"
            )

    def _numbers(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """The hyperparameters of a group for the next step, checked; the rate is a number."""
        numbers = {name: group[name] for name in self.defaults}
        if isinstance(numbers["lr"], Schedule):
            numbers["lr"] = numbers["lr"](self.step_count)
        self.check_hyperparameters(numbers)
        if not isinstance(numbers["decoupled_weight_decay"], bool):
            got = numbers["decoupled_weight_decay"]
            raise AttributeValueError(f"{self._name}: decoupled_weight_decay must be True or False, got {got!r}")
        return numbers

    @property
    def learning_rate(self) -> Number:
        """The number that the next step uses in the first group. Setting it sets ``lr`` in every group."""
        rate: Number | Schedule = self.param_groups[0]["lr"]
        return rate(self.step_count) if isinstance(rate, Schedule) else rate

    @learning_rate.setter
    def learning_rate(self, value: Number | Schedule) -> None:
        self.lr = value

    def __getattr__(self, name: str) -> Any:
        """A hyperparameter of the first group."""
        if name in self.__dict__.get("defaults", ()):
            return self.param_groups[0][name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        """A hyperparameter is set in every group, if all of them can have it."""
        if name not in self.__dict__.get("defaults", ()):
            object.__setattr__(self, name, value)
            return
        for group in self.param_groups:
            self._numbers(group | {name: value})
        for group in self.param_groups:
            group[name] = value

    # ------------------------------------------------------------------------------------------ steps

    def step(self) -> None:
        """Update every parameter that has a gradient: all of them, or none if an error comes up on the way."""
        after: list[tuple[RamTensor, State] | None] = []
        with no_grad():
            gradients = self._gradients()
            for group in self.param_groups:
                numbers = self._numbers(group)
                decay = _decoupled(numbers)
                prepared: dict[int, Mapping[str, Any]] = {}
                for parameter in group["params"]:
                    i = len(after)
                    gradient = gradients[i]
                    if gradient is None:
                        after.append(None)
                        continue
                    t = self.step_count + 1 - self._skipped[i]
                    if t not in prepared:
                        prepared[t] = self.prepare(numbers, t)
                    decayed = parameter if decay is None else decay * parameter
                    after.append(self.update(decayed, gradient, self.state[i], prepared[t]))
            for i, updated in enumerate(after):
                if updated is None:
                    self._skipped[i] += 1
                else:
                    self.parameters[i].replace_(updated[0])
                    self.state[i] = updated[1]
        self.step_count += 1

    def _gradients(self) -> list[RamTensor | None]:
        """The gradients that the update sees."""
        found = [p.grad.detach() if p.requires_grad and p.grad is not None else None for p in self.parameters]
        clips = self._clips()
        if all(value is None for value in clips.values()):
            return found
        self._check_clips(clips)
        return clipped(found, **clips)

    def _clips(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in CLIPS}

    def _check_clips(self, clips: Mapping[str, Any]) -> None:
        given = {name: value for name, value in clips.items() if value is not None}
        if len(given) > 1:
            raise AttributeValueError(f"{self._name}: at most one of {', '.join(CLIPS)} is given, got {given}")
        for name, value in given.items():
            check_range(self._name, name, value)
            if not value:
                raise AttributeValueError(f"{self._name}: {name} must be above 0, or None for no clipping; got {value}")

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    # ------------------------------------------------------------------------------------------ saving

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on, but for the parameters themselves.

        ``step`` is the number of steps so far; ``groups`` are the hyperparameters by name, a schedule as its
        ``config()``, with the number of parameters as ``params``; ``tensors`` are named ``0.m``: the place of the
        parameter, and what is remembered of it; ``skipped`` are the steps in which a parameter had no gradient, by its
        place, where there are any. But for the tensors, all of it can be written as JSON.
        """
        groups = []
        for group in self.param_groups:
            saved = {name: group[name] for name in self.defaults}
            if isinstance(saved["lr"], Schedule):
                saved["lr"] = saved["lr"].config()
            groups.append({"params": len(group["params"])} | saved)
        return {
            "optimizer": self._name,
            "step": self.step_count,
            "groups": groups,
            "clips": self._clips(),
            "skipped": {str(i): count for i, count in enumerate(self._skipped) if count},
            "tensors": {f"{i}.{name}": t for i, state in enumerate(self.state) for name, t in state.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from ``state``, what ``state_dict`` of an optimizer of this kind gave: all of it, or nothing.

        A schedule that is fed (:class:`~rcmlrs_core.optim.schedules.ReduceOnPlateau`) and is in the place of a saved
        one takes over its state, and stays the object that the caller holds. A state of the first versions, which knew
        no groups and had ``hyperparameters``, is one of a single group.

        Raises :class:`DataError` for a state of another kind or form, groups that do not fit, hyperparameters that the
        constructor would refuse, and tensors that do not fit the parameters.
        """
        of_groups = "hyperparameters" if "hyperparameters" in state and "groups" not in state else "groups"
        missing = [key for key in ("optimizer", "step", of_groups, "tensors") if key not in state]
        if missing:
            raise DataError(f"load_state_dict: {', '.join(missing)} missing; is this the state of an optimizer?")
        if state["optimizer"] != self._name:
            raise DataError(f"load_state_dict: the state is one of {state['optimizer']}, and this is {self._name}")
        for key in ("hyperparameters", "tensors", "clips", "skipped"):
            if not isinstance(state.get(key, {}), Mapping):
                raise DataError(f"load_state_dict: {key} must be a mapping by name, got a {type(state[key]).__name__}")
        step = state["step"]
        if not is_count(step) or step >= 1 << 63:
            raise DataError(f"load_state_dict: step must be an int of at least 0 and below 2^63, got {step!r}")
        if of_groups == "groups":
            groups = self._checked_groups(state["groups"], step)
        else:
            groups = [self._checked_hyperparameters(state["hyperparameters"], step)]
            if len(self.param_groups) > 1:
                raise DataError(f"load_state_dict: the state has no groups, and here are {len(self.param_groups)}")
        clips = self._checked_clips(state.get("clips", {}))
        skipped = self._checked_skipped(state.get("skipped", {}), step)
        loaded = self._checked_tensors(state["tensors"], groups)
        taken: dict[int, Schedule] = {}
        for group, values in zip(self.param_groups, groups, strict=True):
            before, saved = group["lr"], values["lr"]
            if isinstance(before, Schedule) and taken.setdefault(id(before), saved) == saved:
                values["lr"] = before.resumed(saved) if isinstance(saved, Schedule) else saved
            group.update(values)
        for name, value in clips.items():
            setattr(self, name, value)
        self.step_count = step
        self._skipped = skipped
        self.state = loaded

    def _checked_groups(self, given: Any, step: int) -> list[dict[str, Any]]:
        """The hyperparameters of each group of a state, as many and of as many parameters as here."""
        if not isinstance(given, list | tuple) or not all(isinstance(group, Mapping) for group in given):
            raise DataError("load_state_dict: groups must be a list of mappings by name")
        sizes = [len(group["params"]) for group in self.param_groups]
        saved = [group.get("params") for group in given]
        if saved != sizes:
            raise DataError(f"load_state_dict: the state has groups of {saved} parameters, and here are {sizes}")
        named = [{name: value for name, value in group.items() if name != "params"} for group in given]
        return [self._checked_hyperparameters(group, step) for group in named]

    def _checked_hyperparameters(self, given: Mapping[str, Any], step: int) -> dict[str, Any]:
        """The hyperparameters of a state; JSON has made lists of the tuples, and mappings are schedules."""
        given = self.added | dict(given)
        if set(given) != set(self.defaults):
            differ = ", ".join(sorted(map(str, set(given) ^ set(self.defaults))))
            raise DataError(f"load_state_dict: the hyperparameters differ in {differ}")
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        try:
            if isinstance(values["lr"], Mapping):
                values["lr"] = Schedule.of(values["lr"])
            numbers = values | {"lr": values["lr"](step) if isinstance(values["lr"], Schedule) else values["lr"]}
            self._numbers(numbers)
        except AttributeValueError as error:
            raise DataError(f"load_state_dict: {error}") from error
        return values

    def _checked_clips(self, given: Mapping[str, Any]) -> dict[str, Any]:
        unknown = [str(name) for name in given if name not in CLIPS]
        if unknown:
            raise DataError(f"load_state_dict: clips are {', '.join(CLIPS)}, got {', '.join(unknown)}")
        clips: dict[str, Any] = dict.fromkeys(CLIPS) | dict(given)
        try:
            self._check_clips(clips)
        except AttributeValueError as error:
            raise DataError(f"load_state_dict: {error}") from error
        return clips

    def _checked_skipped(self, given: Mapping[str, Any], step: int) -> list[int]:
        places = {str(i): i for i in range(len(self.parameters))}
        skipped = [0] * len(places)
        for place, count in given.items():
            if place not in places or not is_count(count) or count > step:
                raise DataError(
                    f"load_state_dict: skipped are steps of {step}, by the place of one of {len(places)} parameters; "
                    f"got {place!r}: {count!r}"
                )
            skipped[places[place]] = count
        return skipped

    def _checked_tensors(self, given: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> list[State]:
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
        needed = [
            self.needed(numbers)
            for group, numbers in zip(self.param_groups, groups, strict=True)
            for _ in group["params"]
        ]
        for i, state in enumerate(loaded):
            absent = [f"{i}.{name}" for name in needed[i] if state and name not in state]
            if absent:
                raise DataError(f"load_state_dict: {', '.join(absent)} missing, beside {i}.{next(iter(state))}")
        return loaded

    @property
    def _name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        """The hyperparameters of each group, as far as they differ from what an optimizer of before them had."""
        told = []
        for group in self.param_groups:
            values = {name: group[name] for name in self.defaults}
            shown = {name: value for name, value in values.items() if self.added.get(name, ...) != value}
            told.append(", ".join(f"{name}={value}" for name, value in shown.items()))
        clips = "".join(f", {name}={value}" for name, value in self._clips().items() if value is not None)
        return f"{self._name}({'; '.join(told)}{clips})"


def _decoupled(numbers: dict[str, Any]) -> float | None:
    """The factor of a parameter, where decay is apart from the gradient; the update then sees no decay."""
    decay = numbers.get("weight_decay")
    if not numbers["decoupled_weight_decay"] or not decay:
        return None
    numbers["weight_decay"] = 0
    return round_number(1 - Fraction(numbers["lr"]) * Fraction(decay))


def with_decay(gradient: RamTensor, parameter: RamTensor, numbers: Mapping[str, Any]) -> RamTensor:
    """``gradient + weight_decay * parameter``; with a decay of 0 the gradient itself."""
    decay = numbers["weight_decay"]
    return gradient + decay * parameter if decay else gradient


def fused(
    name: str, operands: Sequence[RamTensor], numbers: Mapping[str, float | None], **flags: bool
) -> tuple[RamTensor, ...] | None:
    """The results of the backend's own kernel for a composition (:mod:`rcmlrs_core.fused`); None where the composition
    runs: the backend has no kernel, a gradient is recorded, or the operands do not fit and an operation will say why.
    The numbers are those that ``rounded`` gives.
    """
    first = operands[0]
    backend, shape = first._backend, first._shape
    kernel = backend.fused.get(name)
    if kernel is None or grad_enabled.get():
        return None
    for x in operands:
        if x._backend is not backend or x._shape != shape or x._dtype != FLOAT32:
            return None
    buffers = kernel(*[x._buffer for x in operands], **numbers, **flags)
    return tuple([wrap(buffer, shape, FLOAT32, backend) for buffer in buffers])


def rounded(**numbers: Number | None) -> dict[str, float | None]:
    """The numbers of a kernel: each rounded once (N6), for all parameters of a group; None stays None."""
    return {name: None if value is None else as_binary32(value) for name, value in numbers.items()}


def as_binary32(value: Number) -> float:
    """The number that ``value`` is beside a tensor: rounded once (N6)."""
    if value.__class__ is float:
        return array("f", (value,))[0]  # exact in binary64, so the store is the one rounding
    return float(PlainArray.frombytes(scalar_bytes(number(value), FLOAT32), (), FLOAT32).values[0])


def check_range(optimizer: str, name: str, value: Any, *, below: Number | None = None) -> None:
    """A hyperparameter is a number, at least 0 and, where that is said, below another; finite when it is rounded."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and 0 <= value < (INFINITE if below is None else below)):
        limit = "finite" if below is None else f"below {below}"
        raise AttributeValueError(f"{optimizer}: {name} must be a number, at least 0 and {limit}, got {value!r}")


def check_betas(optimizer: str, betas: Any) -> None:
    """Two numbers in [0, 1)."""
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise AttributeValueError(f"{optimizer}: betas are two numbers, got {betas!r}")
    for i, beta in enumerate(betas):
        check_range(optimizer, f"betas[{i}]", beta, below=1)


def check_bool(optimizer: str, name: str, value: Any) -> None:
    """True or False."""
    if not isinstance(value, bool):
        raise AttributeValueError(f"{optimizer}: {name} must be True or False, got {value!r}")


def check_form(optimizer: str, value: Any) -> None:
    """Whose formula it is, where they differ."""
    if value not in ("torch", "keras"):
        raise AttributeValueError(f"{optimizer}: form must be 'torch' or 'keras', got {value!r}")
