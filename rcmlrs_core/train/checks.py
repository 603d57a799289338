"""What ``fit``, ``predict`` and ``evaluate`` take, and the words in which they refuse anything else."""

from typing import Any

from rcmlrs_core.data.dataset import Dataset
from rcmlrs_core.errors import AttributeValueError, ShapeError, TrainingError
from rcmlrs_core.tensor import RamTensor

EXAMPLES = {"model": "an nn.Module", "loss": "rc.mse_loss", "metric": "metrics.rmse", "measure": "metrics.rmse"}


def check_int(name: str, value: Any, least: int) -> int:
    """An int, at least so large."""
    if not isinstance(value, int) or value < least:
        raise AttributeValueError(f"{name} must be an int of at least {least}, got {value!r}")
    return value


def check_functions(where: str, **functions: Any) -> None:
    """Each is a function."""
    for name, function in functions.items():
        if not callable(function):
            raise TypeError(f"{where}: {name} is {kind(function)}; pass a function such as {EXAMPLES[name]}")


def check_tensor(name: str, value: Any) -> None:
    """A tensor."""
    if isinstance(value, Dataset):
        raise TypeError(f"{name} is {kind(value)}, not a tensor; pass data.Loader(dataset, batch_size) and no y")
    if not isinstance(value, RamTensor):
        raise TypeError(f"{name} is {kind(value)}, not a tensor; make it one with rc.tensor(...)")


def kind(value: Any) -> str:
    """What a thing is, in an error: a string and a number by value, anything else by its type."""
    return repr(value) if isinstance(value, str | int | float) or value is None else f"a {type(value).__name__}"


def the_targets(name: str, x: Any, y: Any) -> RamTensor:
    """The targets, if both are tensors with as many examples, and one at least."""
    check_tensor(f"{name}: x", x)
    check_tensor(f"{name}: y", y)
    if not x.ndim or not y.ndim or x.shape[0] != y.shape[0]:
        raise ShapeError(f"{name}: x of shape {x.shape} and y of {y.shape} must have the same first axis: the examples")
    if not x.shape[0]:
        raise ShapeError(f"{name}: x of shape {x.shape} has no examples")
    targets: RamTensor = y
    return targets


def the_tensor(output: object) -> RamTensor:
    """What a model gives, if it is one tensor."""
    if not isinstance(output, RamTensor):
        raise TrainingError(
            f"the model returns a {type(output).__name__}, and a loss takes one tensor; after an RNN put LastStep()"
        )
    return output
