"""What the layers share: arguments in Keras' standard forms, and the configuration that is made of them."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Self

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.keras import activations, constraints, initializers, regularizers
from rcmlrs_core.keras.layer import Layer
from rcmlrs_core.tensor import RamTensor

OPTIONS: Mapping[str, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
    "activation": activations,
}
"""Arguments that end in this are named objects of these modules: each has ``get`` and ``serialize``."""
FORMATS = ("channels_last", "channels_first")


def kind_of(argument: str) -> Any:
    """The module of named objects that an argument takes its value from; None for a plain value."""
    return OPTIONS.get(argument.rpartition("_")[2])


class StandardLayer(Layer):
    """A layer whose configuration is its arguments, each of which is the attribute of the same name.

    Its constructor takes what Keras' takes, under the same names and with the same defaults.
    """

    activation: Callable[[RamTensor], RamTensor]
    recurrent_activation: Callable[[RamTensor], RamTensor]
    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any
    bias_initializer: Any
    bias_regularizer: Any
    bias_constraint: Any

    def set_options(self, **options: Any) -> None:
        """Take over initializers, regularizers, constraints and activations, which may be given by name."""
        for name, value in options.items():
            setattr(self, name, kind_of(name).get(value))

    def weight(self, name: str, shape: tuple[int | None, ...], option: str = "", trainable: bool = True) -> RamTensor:
        """A weight; its initializer, regularizer and constraint are the options that begin with ``option`` or name."""
        found: dict[str, Any] = {kind: getattr(self, f"{option or name}_{kind}", None) for kind in list(OPTIONS)[:3]}
        return self.add_weight(shape=shape, name=name, trainable=trainable, **found)

    def argument(self, name: str) -> Any:
        """The value of an argument of the constructor."""
        return getattr(self, name)

    def get_config(self) -> dict[str, Any]:
        """Name, ``trainable`` and element type, and the arguments by name, as Keras writes them into a file."""
        config = super().get_config()
        of_keras = (c for c in type(self).__mro__ if c.__module__.startswith(__package__) and "__init__" in vars(c))
        for parameter in inspect.signature(next(of_keras, Layer)).parameters.values():
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name not in UNSAVED:
                kind = kind_of(parameter.name)
                value = self.argument(parameter.name)
                config[parameter.name] = value if kind is None else kind.serialize(value)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The layer that ``get_config`` described, here or in a Keras with further arguments, which are None."""
        constructors = [vars(c)["__init__"] for c in cls.__mro__ if "__init__" in vars(c)]
        names = {name for constructor in constructors for name in inspect.signature(constructor).parameters}
        return super().from_config({key: value for key, value in config.items() if value is not None or key in names})


UNSAVED = ("weights", "lora_rank", "lora_alpha", "quantization_config", "use_cudnn", "flash_attention")
"""Arguments that Keras writes into no file, or that mean nothing here."""


def refuse(layer: Layer, **options: Any) -> None:
    """Refuse arguments of Keras that there is nothing for, unless they are left out."""
    for name, value in options.items():
        if value not in (None, False, "auto"):
            raise AttributeValueError(f"{type(layer).__name__}: {name}={value!r} is not implemented; leave it out")


def positive(layer: Layer, **sizes: Any) -> Any:
    """The one size, which is an int of at least 1."""
    ((name, size),) = sizes.items()
    if isinstance(size, bool) or not hasattr(size, "__index__") or size < 1:
        raise AttributeValueError(f"{type(layer).__name__}: {name} must be a positive int, got {size!r}")
    return int(size)


def lengths(layer: Layer, name: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """``value`` for each of ``rank`` axes: an int for all, or as many."""
    found = (value,) * rank if hasattr(value, "__index__") else value
    if (
        not isinstance(found, tuple | list)
        or len(found) != rank
        or not all(hasattr(n, "__index__") and not isinstance(n, bool) and n >= least for n in found)
    ):
        raise AttributeValueError(
            f"{type(layer).__name__}: {name} must be an int of at least {least}, or {rank} of them, got {value!r}"
        )
    return tuple(int(n) for n in found)


def pairs(layer: Layer, name: str, value: Any, rank: int) -> tuple[tuple[int, int], ...]:
    """``(before, after)`` for each of ``rank`` axes: an int for all, one for each axis, or pairs."""
    sides: Any = value
    if hasattr(value, "__index__"):
        sides = ((value, value),) * rank
    elif isinstance(value, tuple | list):
        if rank == 1 and len(value) == 2 and not any(isinstance(side, tuple | list) for side in value):
            sides = (value,)
        else:
            sides = [side if isinstance(side, tuple | list) else (side, side) for side in value]
    try:
        found = tuple((int(before), int(after)) for before, after in sides)
    except (TypeError, ValueError):
        found = ()
    if len(found) != rank or any(n < 0 for pair in found for n in pair):
        raise AttributeValueError(
            f"{type(layer).__name__}: {name} must be an int, or {rank} ints or pairs (before, after) of ints, none of "
            f"them negative, got {value!r}"
        )
    return found


def one_of(layer: Layer, name: str, value: Any, *known: Any) -> Any:
    """``value``, which must be among these."""
    lower = value.lower() if isinstance(value, str) else value
    if lower not in known:
        raise AttributeValueError(
            f"{type(layer).__name__}: {name} is one of {', '.join(map(repr, known))}, got {value!r}"
        )
    return lower


def data_format_of(layer: Layer, value: Any) -> str:
    """Where the channels are: by default last, as in Keras."""
    return str(one_of(layer, "data_format", "channels_last" if value is None else value, *FORMATS))


def channels_first(x: RamTensor) -> RamTensor:
    """``(batch, ..., channels)`` as ``(batch, channels, ...)``."""
    return x.transpose((0, x.ndim - 1, *range(1, x.ndim - 1)))


def channels_last(x: RamTensor) -> RamTensor:
    """``(batch, channels, ...)`` as ``(batch, ..., channels)``."""
    return x.transpose((0, *range(2, x.ndim), 1))


def on_channels_first(data_format: str, function: Callable[[RamTensor], RamTensor], x: RamTensor) -> RamTensor:
    """``function`` of ``x`` with its channels before the spatial axes; they are moved there and back, if need be."""
    if data_format == "channels_first":
        return function(x)
    return channels_last(function(channels_first(x)))


def spatial(data_format: str, shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The spatial lengths of a shape."""
    return shape[2:] if data_format == "channels_first" else shape[1:-1]


def with_spatial(data_format: str, shape: tuple[Any, ...], inner: Any, channels: Any = None) -> tuple[Any, ...]:
    """The shape with other spatial lengths and perhaps other channels."""
    if data_format == "channels_first":
        return (shape[0], channels or shape[1], *inner)
    return (shape[0], *inner, channels or shape[-1])
