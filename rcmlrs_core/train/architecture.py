"""Models as data: layers by name with their arguments, built from a configuration or from the file of a saved model.

A description is a list of dicts, ``[{"type": "Linear", "in_features": 4, "out_features": 3}, ...]``: the names of
``LAYERS`` and numbers, nothing that is run. ``Sequential`` and ``Residual`` have ``layers`` of their own.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from rcmlrs_core import nn
from rcmlrs_core.autograd import no_grad
from rcmlrs_core.config.lines import Path
from rcmlrs_core.config.read import meant
from rcmlrs_core.errors import FileFormatError, RcmlrsError
from rcmlrs_core.plain import Shape
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.mode import behaving

Description = list[dict[str, Any]]
Refuse = Callable[[Path, str], Exception]
"""Makes the error about what stands at a path of the description."""

ACTIVATIONS = (
    "CELU", "ELU", "GELU", "SELU", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax",
    "Mish", "PReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign", "Swish", "Tanh",
)  # fmt: skip
NESTED = ("Sequential", "Residual")
SCALERS = {"z-score": "StandardScaler", "min-max": "MinMaxScaler"}
"""By what a configuration calls them. They are fitted, and so no layers of a configuration."""
LAYERS = (
    *ACTIVATIONS, *NESTED, "GRU", "LSTM", "RNN", "AllSteps", "LastStep",
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
    "AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d", "GlobalAvgPool", "GlobalMaxPool",
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "LayerNorm", "RMSNorm", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
    "DepthwiseConv1d", "DepthwiseConv2d", "DepthwiseConv3d", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d",
    "Embedding", "Flatten", "Identity", "LearnedEncoding", "Linear", "Reshape", "SinusoidalEncoding",
    "TransformerEncoderLayer", "Unflatten",
)  # fmt: skip
"""What a description may name: classes of ``rcmlrs_core.nn``."""

INFERRED = {
    "in_features": -1, "input_size": -1, "normalized_shape": -1, "d_model": -1,
    "in_channels": 1, "channels": 1, "num_features": 1, "num_channels": 1,
}  # fmt: skip
"""Arguments that may be left out in a configuration: the length of that axis of what the layer takes."""
MOST_LAYERS = 10_000
LARGEST_SIZE = 1 << 16
"""Of the numbers in a file's description, unless the file has a tensor with a longer axis."""


# ------------------------------------------------------------------------------------------ from a configuration


def mlp(shape: Shape, hidden: Sequence[int], activation: str, batch_norm: bool, dropout: float) -> Description:
    """Dense layers, each with its activation; the last one gives the outputs."""
    layers: Description = [{"type": "Flatten"}] if len(shape) > 1 else []
    return [*layers, *_dense(hidden, activation, batch_norm, dropout), {"type": "Linear"}]


def cnn(
    shape: Shape,
    channels: Sequence[int],
    kernel_size: int,
    hidden: Sequence[int],
    activation: str,
    batch_norm: bool,
    dropout: float,
) -> Description:
    """Convolutions that keep the size, each with activation and a pooling to the half, and dense layers behind them."""
    layers: Description = []
    side = min(shape[1:])
    for count in channels:
        layers.append(
            {"type": "Conv2d", "out_channels": count, "kernel_size": kernel_size, "padding": kernel_size // 2}
        )
        layers += [{"type": "BatchNorm2d"}] * batch_norm + [{"type": activation}]
        side += 1 - kernel_size % 2
        if side >= 2:
            layers.append({"type": "MaxPool2d", "kernel_size": 2})
            side //= 2
    return [*layers, {"type": "Flatten"}, *_dense(hidden, activation, batch_norm, dropout), {"type": "Linear"}]


def recurrent(kind: str, hidden: Sequence[int], bidirectional: bool, dropout: float) -> Description:
    """Recurrent layers one upon the other; what the last one knows after the last step goes to a dense layer."""
    layers: Description = []
    for place, size in enumerate(hidden):
        if place:
            layers.append({"type": "AllSteps"})
            layers += [{"type": "Dropout", "p": dropout}] * (dropout > 0)
        layers.append({"type": kind.upper(), "hidden_size": size})
        if bidirectional:
            layers[-1]["bidirectional"] = True
    return [*layers, {"type": "LastStep"}, *[{"type": "Dropout", "p": dropout}] * (dropout > 0), {"type": "Linear"}]


def _dense(hidden: Sequence[int], activation: str, batch_norm: bool, dropout: float) -> Description:
    layers: Description = []
    for size in hidden:
        layers.append({"type": "Linear", "out_features": size})
        layers += [{"type": "BatchNorm1d"}] * batch_norm + [{"type": activation}]
        layers += [{"type": "Dropout", "p": dropout}] * (dropout > 0)
    return layers


def complete(
    description: Description, example: RamTensor, outputs: int, generator: Generator, refuse: Refuse, why: str
) -> tuple[list[nn.Module], Description]:
    """The layers of a description in which sizes may be missing, and the description that has them.

    ``example`` is a batch of one; each layer is tried on what the one before made of it. ``outputs`` is how many
    numbers the last one must give for an example, and ``why``.
    """
    completion = _Completion(outputs, generator, refuse)
    layers, full, result = completion.layers(description, (), example, last=True)
    if not isinstance(result, RamTensor) or result.shape != (1, outputs):
        at = (len(description) - 1,)
        if not isinstance(result, RamTensor):
            raise refuse(at, "a recurrent layer gives the pair (outputs, last); put LastStep behind it, or AllSteps")
        found = ", ".join(map(str, result.shape[1:]))
        raise refuse(at, f"the model gives (batch, {found}), and {why} needs (batch, {outputs})")
    return layers, full


class _Completion:
    def __init__(self, outputs: int, generator: Generator, refuse: Refuse) -> None:
        self.outputs = outputs
        self.generator = generator
        self.refuse = refuse

    def layers(
        self, description: Sequence[Mapping[str, Any]], path: Path, x: Any, *, last: bool
    ) -> tuple[list[nn.Module], Description, Any]:
        """The layers, their descriptions, and what comes out of the last of them."""
        found: list[nn.Module] = []
        full: Description = []
        for place, given in enumerate(description):
            here = (*path, place)
            layer, complete, x = self.layer(given, here, x, last=last and place == len(description) - 1)
            found.append(layer)
            full.append(complete)
        return found, full, x

    def layer(
        self, given: Mapping[str, Any], path: Path, x: Any, *, last: bool
    ) -> tuple[nn.Module, dict[str, Any], Any]:
        """One layer, its description, and what it makes of ``x``."""
        name = type_of(given, path, self.refuse)
        arguments = {key: value for key, value in given.items() if key != "type"}
        if name in NESTED:
            inner = self.nested(arguments, path, name, x)
            layer, full = _nest(name, inner[0]), {"type": name, "layers": inner[1]}
        else:
            self.fill(name, arguments, x, last=last)
            check_arguments(name, getattr(nn, name), arguments, lambda at, problem: self.refuse((*path, *at), problem))
            try:
                layer, full = _made(name, arguments, self.generator), {"type": name, **arguments}
            except (RcmlrsError, TypeError, ValueError) as error:
                raise self.refuse(_blamed(path, arguments, error), str(error)) from error
        try:
            with behaving(layer, training=False), no_grad():
                return layer, full, layer(x)
        except (RcmlrsError, TypeError, ValueError) as error:
            before = f"; before it the shape is {_shape(x)}" if isinstance(x, RamTensor) else ""
            raise self.refuse(path, f"{error}{before}") from error

    def nested(
        self, arguments: Mapping[str, Any], path: Path, name: str, x: Any
    ) -> tuple[list[nn.Module], Description]:
        inner = arguments.get("layers")
        if not isinstance(inner, list) or not inner or not all(isinstance(each, dict) for each in inner):
            raise self.refuse(path, f'{name} takes layers, a list of tables: layers = [{{ type = "ReLU" }}, ...]')
        for key in arguments:
            if key != "layers":
                raise self.refuse((*path, key), f"there is no argument {key!r} of {name}{meant(key, ['layers'])}")
        layers, full, _ = self.layers(inner, (*path, "layers"), x, last=False)
        return layers, full

    def fill(self, name: str, arguments: dict[str, Any], x: Any, *, last: bool) -> None:
        """Put in what follows from the shapes."""
        known = inspect.signature(getattr(nn, name)).parameters
        for argument, axis in INFERRED.items():
            required = argument in known and known[argument].default is inspect.Parameter.empty
            if required and argument not in arguments and isinstance(x, RamTensor) and -x.ndim <= axis < x.ndim:
                arguments[argument] = x.shape[axis]
        if last and name == "Linear":
            arguments.setdefault("out_features", self.outputs)


def type_of(given: Mapping[str, Any], path: Path, refuse: Refuse) -> str:
    """The name of a layer."""
    name = given.get("type")
    if not isinstance(name, str):
        raise refuse(path, 'a layer has a type, such as type = "Linear"')
    if name not in LAYERS:
        known = next((each for each in LAYERS if each.lower() == name.lower()), None)
        hint = f"; did you mean {known!r}?" if known else meant(name, LAYERS)
        raise refuse((*path, "type"), f"there is no layer {name!r}{hint}")
    return name


def check_arguments(
    what: str, callee: Callable[..., Any], given: Mapping[str, Any], refuse: Refuse, hidden: Sequence[str] = ()
) -> None:
    """Refuse what ``callee`` does not take, and miss what it needs; ``hidden`` are arguments that nobody gives."""
    known = {
        name: parameter
        for name, parameter in inspect.signature(callee).parameters.items()
        if name not in ("self", "generator", *hidden) and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }
    for name in given:
        if name not in known:
            raise refuse((name,), f"there is no argument {name!r} of {what}" + (meant(name, known) if known else ""))
    for name, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and name not in given:
            raise refuse((), f"{what} needs {name}")


def _made(name: str, arguments: Mapping[str, Any], generator: Generator) -> nn.Module:
    layer: Any = getattr(nn, name)
    parameters = inspect.signature(layer).parameters
    options = dict(arguments)
    if "generator" in parameters:
        options["generator"] = generator
    variadic = [
        each for each, p in parameters.items() if p.kind is inspect.Parameter.VAR_POSITIONAL and each in options
    ]
    made: nn.Module = layer(*[options.pop(each) for each in variadic], **options)
    return made


def _nest(name: str, layers: Sequence[nn.Module]) -> nn.Module:
    inside = nn.Sequential(*layers)
    return nn.Residual(inside) if name == "Residual" else inside


def _blamed(path: Path, arguments: Mapping[str, Any], error: Exception) -> Path:
    """The argument that an error names."""
    named = next((name for name in arguments if name in str(error)), None)
    return path if named is None else (*path, named)


def _shape(x: RamTensor) -> str:
    return f"({', '.join(map(str, ('batch', *x.shape[1:])))})"


# ------------------------------------------------------------------------------------------------- from a file


def from_file(source: str, description: Any, state: Mapping[str, RamTensor]) -> list[nn.Module]:
    """The layers of the description in a file that a stranger may have made, as large as ``state`` is at most.

    Raises :class:`FileFormatError` for anything that is no description of the model with this state.
    """
    budget = sum(tensor.size for tensor in state.values())
    longest = max([LARGEST_SIZE, *(length for tensor in state.values() for length in tensor.shape)])
    generator = _NoMore(budget)
    count = 0

    def refuse(path: Path, problem: str) -> FileFormatError:
        return FileFormatError(f"{source}: layer {'.'.join(map(str, path))} of its description: {problem}")

    def made(given: Any, path: Path) -> nn.Module:
        nonlocal count
        count += 1
        if not isinstance(given, dict) or count > MOST_LAYERS:
            raise refuse(path, f"expected a table, and {MOST_LAYERS} of them at most")
        if given.get("type") in SCALERS.values():
            name = given["type"]
        else:
            name = type_of(given, path, refuse)
        arguments = {key: value for key, value in given.items() if key != "type"}
        if name in NESTED:
            inner = arguments.get("layers")
            if not isinstance(inner, list) or len(path) > 20:
                raise refuse(path, f"{name} has a list of layers")
            return _nest(name, [made(each, (*path, place)) for place, each in enumerate(inner)])
        for key, value in arguments.items():
            if not _is_small(value, longest):
                raise refuse((*path, key), f"{value!r:.40} is no argument of a layer of this file")
        check_arguments(name, getattr(nn, name), arguments, lambda at, problem: refuse((*path, *at), problem))
        try:
            return _made(name, arguments, generator)
        except (RcmlrsError, TypeError, ValueError) as error:
            raise refuse(path, str(error)) from error

    if not isinstance(description, list):
        raise FileFormatError(f"{source}: its description has no list of layers")
    return [made(given, (place,)) for place, given in enumerate(description)]


def _is_small(value: Any, longest: int) -> bool:
    """Whether a value is what arguments of layers are: a word, a bool, a small number, or a few sizes."""
    if isinstance(value, list):
        numbers = all(isinstance(each, int) for each in value)
        return (
            len(value) <= 8 and numbers and all(-1 <= each <= longest for each in value) and prod(value) <= longest**2
        )
    if isinstance(value, str):
        return len(value) <= 40
    return isinstance(value, int | float) and abs(value) <= longest


class _NoMore(Generator):
    """Draws no more elements than a file holds: what a description makes is overwritten by the file's tensors."""

    def __init__(self, budget: int) -> None:
        super().__init__(0)
        self.budget = budget

    def uniform(self, shape: Any, *arguments: Any, **options: Any) -> RamTensor:
        """Uniform numbers, as long as there is room."""
        self._spend(shape)
        return super().uniform(shape, *arguments, **options)

    def normal(self, shape: Any, *arguments: Any, **options: Any) -> RamTensor:
        """Normal numbers, as long as there is room."""
        self._spend(shape)
        return super().normal(shape, *arguments, **options)

    def _spend(self, shape: Any) -> None:
        self.budget -= prod(shape) if isinstance(shape, Sequence) else shape
        if self.budget < 0:
            raise FileFormatError("it describes more weights than the file has")
