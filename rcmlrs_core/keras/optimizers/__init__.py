"""Keras' optimizers: its names, arguments and defaults, on those of :mod:`rcmlrs_core.optim`, in Keras' form.

They are made without parameters, ``keras.optimizers.Adam(1e-3)``, and get them when a model is trained, or by
``build``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rcmlrs_core import optim
from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import AttributeValueError, DataError
from rcmlrs_core.keras.layer import Variable
from rcmlrs_core.keras.lookup import Registry
from rcmlrs_core.keras.names import auto_name
from rcmlrs_core.keras.optimizers import schedules
from rcmlrs_core.optim.optimizer import as_binary32
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import Number


class Rate(float):
    """A learning rate: a number, with the methods by which Keras' scripts read and set it."""

    owner: "Optimizer"

    def numpy(self) -> float:
        """The number."""
        return float(self)

    @property
    def value(self) -> float:
        """The number."""
        return float(self)

    def assign(self, value: Any) -> None:
        """Set the optimizer's learning rate."""
        self.owner.learning_rate = value


class Optimizer:
    """What all share. ``learning_rate`` is a number, a schedule, or a function without arguments.

    ``weight_decay`` takes ``learning_rate * weight_decay * p`` off every parameter before its update. One of
    ``clipnorm`` (each gradient by its own norm), ``global_clipnorm`` (all by their common norm) and ``clipvalue`` may
    be given. A parameter's constraint is applied after its update.
    """

    kind: Any = None
    """The class of :mod:`rcmlrs_core.optim`."""
    renamed: Mapping[str, str] = {}
    """Keras' names of hyperparameters that are called otherwise there."""

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: Number | None = None,
        clipnorm: Number | None = None,
        clipvalue: Number | None = None,
        global_clipnorm: Number | None = None,
        use_ema: bool = False,
        ema_momentum: Number = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **numbers: Any,
    ) -> None:
        title = type(self).__name__
        for option, value in (("use_ema", use_ema), ("gradient_accumulation_steps", gradient_accumulation_steps)):
            if value:
                raise AttributeValueError(
                    f"{title}: {option} is not implemented; leave it out (a larger batch_size "
                    "has the bits of accumulated gradients, N3)"
                )
        if loss_scale_factor not in (None, 1):
            raise AttributeValueError(f"{title}: loss_scale_factor is for half precision; leave it out (N1)")
        if sum(value is not None for value in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise AttributeValueError(
                f"{title}: one of clipnorm, clipvalue and global_clipnorm may be given, got clipnorm={clipnorm}, "
                f"clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
        self.name = name or auto_name(title)
        self.numbers = numbers
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm = global_clipnorm
        self._rate = learning_rate
        self._undecayed: list[Any] = []
        self.inner: optim.Optimizer | None = None
        """The optimizer of the parameters; None before ``build``."""
        self._variables: list[Variable] = []
        self._make([tensor([0.0], "python").requires_grad_()])  # refuses hyperparameters now and not in fit

    def _make(self, parameters: Sequence[Any]) -> optim.Optimizer:
        numbers: dict[str, Any] = {self.renamed.get(key, key): value for key, value in self.numbers.items()}
        if "beta_1" in numbers:
            numbers["betas"] = (numbers.pop("beta_1"), numbers.pop("beta_2"))
        made: optim.Optimizer = self.kind(
            parameters,
            lr=schedules.schedule_of(self._rate),
            weight_decay=self.weight_decay or 0,
            decoupled_weight_decay=True,
            clip_norm=self.global_clipnorm,
            clip_value=self.clipvalue,
            clip_each_norm=self.clipnorm,
            **numbers,
        )
        return made

    # ------------------------------------------------------------------------------------------------- rate

    @property
    def learning_rate(self) -> Rate:
        """The number that the next step uses. Setting it takes a number or a schedule."""
        if self.inner is not None:
            number: Any = self.inner.learning_rate
        else:
            made = schedules.schedule_of(self._rate)
            number = made(0) if isinstance(made, optim.Schedule) else made
        rate = Rate(number)
        rate.owner = self
        return rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        made = schedules.schedule_of(value)
        if isinstance(self._rate, optim.Schedule) and not isinstance(made, optim.Schedule):
            raise TypeError(
                f"{self.name}: its learning rate is a schedule, and cannot be set to {value!r}; make the optimizer "
                "with a number"
            )
        if self.inner is not None:
            self.inner.lr = made
        self._rate = value if isinstance(made, optim.Schedule) else made

    @property
    def lr(self) -> Rate:
        """The same as ``learning_rate``."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    @property
    def iterations(self) -> int:
        """How many steps were made."""
        return self.inner.step_count if self.inner is not None else 0

    # -------------------------------------------------------------------------------------------- parameters

    @property
    def built(self) -> bool:
        """Whether it has its parameters."""
        return self.inner is not None

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Sequence[str] | None = None) -> None:
        """Let these variables, and those in whose path one of these names is, not decay; before ``build``."""
        if self.built:
            raise DataError(f"{self.name}: exclude_from_weight_decay comes before the training")
        self._undecayed += [*(var_list or ()), *(var_names or ())]

    def build(self, variables: Iterable[Any]) -> None:
        """Take the parameters: ``model.trainable_variables``, or tensors."""
        found = [v if isinstance(v, Variable) else Variable(v, "variable", self.name, True) for v in variables]
        if not found:
            raise DataError(f"{self.name}: there is nothing to train: no variables, or all are frozen")
        kept = [v for v in found if self._decays(v)]
        groups: list[dict[str, Any]] = [{"params": [v.value for v in kept]}] if kept else []
        if len(kept) < len(found):
            groups.append({"params": [v.value for v in found if not self._decays(v)], "weight_decay": 0})
        self._variables = found
        self.inner = self._make(groups)

    def _decays(self, variable: Variable) -> bool:
        for excluded in self._undecayed:
            if isinstance(excluded, str):
                if excluded in variable.path:
                    return False
            elif getattr(excluded, "value", excluded) is variable.value:
                return False
        return True

    def covers(self, variables: Sequence[Variable]) -> bool:
        """Whether it was built with all of these."""
        known = {id(v.value) for v in self._variables}
        return all(id(v.value) in known for v in variables)

    # ------------------------------------------------------------------------------------------------- steps

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for variable in self._variables:
            variable.value.grad = None

    def step(self) -> None:
        """Update the parameters that have a gradient, and apply their constraints."""
        if self.inner is None:
            raise DataError(f"{self.name}: has no parameters yet; call build(model.trainable_variables)")
        self.inner.step()
        for variable in self._variables:
            if variable.constraint is not None and variable.value.grad is not None:
                with no_grad():
                    variable.value.replace_(variable.constraint(variable.value.detach()))

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """Update by these gradients, one for each variable."""
        variables = list(trainable_variables) if trainable_variables is not None else list(self._variables)
        if self.inner is None:
            self.build(variables)
        given = list(grads)
        if len(given) != len(variables):
            raise DataError(f"{self.name}: {len(given)} gradients for {len(variables)} variables")
        self.zero_grad()
        for gradient, variable in zip(given, variables, strict=True):
            value = variable.value if isinstance(variable, Variable) else variable
            value.grad = gradient
        self.step()
        self.zero_grad()

    def apply_gradients(self, grads_and_vars: Iterable[Any]) -> int:
        """Update by pairs of a gradient and a variable."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self.iterations

    # ------------------------------------------------------------------------------------------------ saving

    @property
    def variables(self) -> list[Variable]:
        """The number of steps, the learning rate, and what is remembered of each parameter."""
        if self.inner is None:
            return []
        found = [("iteration", tensor(self.iterations, dtype=INT32))]
        if not isinstance(schedules.schedule_of(self._rate), optim.Schedule):
            found.append(("learning_rate", tensor(as_binary32(self.learning_rate.value), dtype=FLOAT32)))
        for i, state in enumerate(self.inner.state):
            found += [(f"{i}.{name}", value) for name, value in state.items()]
        return [Variable(value, name, self.name, False) for name, value in found]

    def state_dict(self) -> dict[str, Any]:
        """That of the optimizer of :mod:`rcmlrs_core.optim`; empty before ``build``."""
        return self.inner.state_dict() if self.inner is not None else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from ``state_dict``; after ``build``."""
        if self.inner is None:
            raise DataError(f"{self.name}: build(model.trainable_variables) comes before its state is loaded")
        self.inner.load_state_dict(state)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again, as Keras writes them."""
        rate = self._rate
        shown = schedules.serialize(rate) if isinstance(rate, optim.Schedule) else float(self.learning_rate)
        return {
            "name": self.name,
            "learning_rate": shown,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": False,
            "ema_momentum": 0.99,
            "ema_overwrite_frequency": None,
            "loss_scale_factor": None,
            "gradient_accumulation_steps": None,
            **{key: value for key, value in self.numbers.items() if key != "form"},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> "Optimizer":
        """What ``get_config``, here or in Keras, described."""
        given = dict(config)
        if isinstance(given.get("learning_rate"), Mapping):
            given["learning_rate"] = schedules.deserialize(given["learning_rate"])
        return cls(**given)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, learning_rate={float(self.learning_rate):g}>"


class SGD(Optimizer):
    """``p = p - lr * g``; with a momentum, ``m = momentum * m - lr * g`` and ``p = p + m``."""

    kind = optim.SGD

    def __init__(
        self, learning_rate: Any = 0.01, momentum: Number = 0.0, nesterov: bool = False, **kwargs: Any
    ) -> None:
        if nesterov and not momentum:  # Keras lets it pass, and has plain descent
            nesterov = False
        super().__init__(learning_rate, momentum=momentum, nesterov=nesterov, form="keras", **kwargs)


class Adam(Optimizer):
    """See :class:`rcmlrs_core.optim.Adam`, of the form keras."""

    kind = optim.Adam
    renamed: Mapping[str, str] = {"epsilon": "eps"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Number = 0.9,
        beta_2: Number = 0.999,
        epsilon: Number = 1e-7,
        amsgrad: bool = False,
        weight_decay: Number | None = None,
        **kwargs: Any,
    ) -> None:
        numbers: dict[str, Any] = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon, "amsgrad": amsgrad}
        super().__init__(learning_rate, weight_decay, form="keras", **numbers, **kwargs)


class AdamW(Adam):
    """Adam with weight_decay=0.004."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: Number | None = 0.004,
        beta_1: Number = 0.9,
        beta_2: Number = 0.999,
        epsilon: Number = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, **kwargs)


class Adamax(Optimizer):
    """See :class:`rcmlrs_core.optim.Adamax`, of the form keras."""

    kind: Any = optim.Adamax
    renamed: Mapping[str, str] = {"epsilon": "eps"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Number = 0.9,
        beta_2: Number = 0.999,
        epsilon: Number = 1e-7,
        weight_decay: Number | None = None,
        **kwargs: Any,
    ) -> None:
        numbers: dict[str, Any] = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
        super().__init__(learning_rate, weight_decay, **self._form(), **numbers, **kwargs)

    def _form(self) -> dict[str, Any]:
        return {"form": "keras"}


class Nadam(Adamax):
    """See :class:`rcmlrs_core.optim.NAdam`, with momentum_decay=1."""

    kind = optim.NAdam

    def _form(self) -> dict[str, Any]:
        return {}

    def _make(self, parameters: Sequence[Any]) -> optim.Optimizer:
        self.numbers["momentum_decay"] = 1
        made = super()._make(parameters)
        del self.numbers["momentum_decay"]
        return made


class RMSprop(Optimizer):
    """See :class:`rcmlrs_core.optim.RMSprop`, of the form keras."""

    kind = optim.RMSprop
    renamed: Mapping[str, str] = {"epsilon": "eps", "rho": "alpha"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Number = 0.9,
        momentum: Number = 0.0,
        epsilon: Number = 1e-7,
        centered: bool = False,
        weight_decay: Number | None = None,
        **kwargs: Any,
    ) -> None:
        numbers: dict[str, Any] = {"rho": rho, "momentum": momentum, "epsilon": epsilon, "centered": centered}
        super().__init__(learning_rate, weight_decay, form="keras", **numbers, **kwargs)


class Adagrad(Optimizer):
    """See :class:`rcmlrs_core.optim.Adagrad`, of the form keras."""

    kind = optim.Adagrad
    renamed: Mapping[str, str] = {"epsilon": "eps"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: Number = 0.1,
        epsilon: Number = 1e-7,
        weight_decay: Number | None = None,
        **kwargs: Any,
    ) -> None:
        numbers: dict[str, Any] = {"initial_accumulator_value": initial_accumulator_value, "epsilon": epsilon}
        super().__init__(learning_rate, weight_decay, form="keras", **numbers, **kwargs)


class Adadelta(Optimizer):
    """See :class:`rcmlrs_core.optim.Adadelta`."""

    kind = optim.Adadelta
    renamed: Mapping[str, str] = {"epsilon": "eps"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Number = 0.95,
        epsilon: Number = 1e-7,
        weight_decay: Number | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, rho=rho, epsilon=epsilon, **kwargs)


class Lion(Optimizer):
    """See :class:`rcmlrs_core.optim.Lion`."""

    kind = optim.Lion

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Number = 0.9,
        beta_2: Number = 0.99,
        weight_decay: Number | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, beta_1=beta_1, beta_2=beta_2, **kwargs)


_registry = Registry(
    "optimizer",
    "optimizers",
    {kind.__name__: kind for kind in (SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, Nadam, RMSprop)},
)


def get(identifier: Any) -> Any:
    """An optimizer by name, configuration or itself."""
    if isinstance(identifier, optim.Optimizer):
        return Ready(identifier)
    if not isinstance(identifier, str | Mapping | type | Optimizer):
        raise AttributeValueError(
            f"keras: an optimizer is a name such as 'adam' or an object such as keras.optimizers.Adam(), "
            f"got {identifier!r}"
        )
    return identifier if isinstance(identifier, Optimizer) else _registry.get(identifier)


class Ready(Optimizer):
    """An optimizer of :mod:`rcmlrs_core.optim`, which has its parameters, for ``compile``."""

    def __init__(self, inner: optim.Optimizer) -> None:
        self.name = auto_name(type(inner).__name__)
        self.inner = inner
        self.numbers, self._rate, self._undecayed = {}, inner.lr, []
        self.weight_decay = self.clipnorm = self.clipvalue = self.global_clipnorm = None
        self._variables = [Variable(p, "variable", self.name, True) for p in inner.parameters]

    def build(self, variables: Iterable[Any]) -> None:
        """It has its parameters."""
        if not self.covers([v for v in variables if isinstance(v, Variable)]):
            raise DataError(f"{self.name}: it was made with other parameters than those of the model")


def serialize(optimizer: Any) -> Any:
    """Its configuration, as Keras writes it."""
    return _registry.serialize(optimizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The optimizer of a configuration."""
    return _registry.get(config)


__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
