"""What a training is, and how it runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice

from rcmlrs_core.nn.module import Module
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.random import FIRST_STREAM, draws_again
from rcmlrs_core.tensor import RamTensor

Tensors = dict[str, RamTensor]
"""Weights by their path in the model, and what the optimizer remembers of each, ``optimizer.0.m``."""


@dataclass(frozen=True)
class Size:
    """How much a training has to do in a step."""

    name: str
    batch: int
    width: int
    """Features of a hidden layer."""
    length: int
    """Steps of a sequence."""


SMALL = Size("small", batch=2, width=4, length=3)
"""The exact definitions take some hundredths of a second for a step."""
LARGE = Size("large", batch=8, width=20, length=6)
"""Kernels meet rows that fill a vector register, and more; the definitions take seconds for a step."""

SIZES = {size.name: size for size in (SMALL, LARGE)}


@dataclass(frozen=True)
class Model:
    """What is trained, by what; ``loss`` draws the next batch, runs the model forward and gives a tensor ()."""

    module: Module
    optimizer: Optimizer
    loss: Callable[[], RamTensor]


@dataclass(frozen=True)
class Training:
    """``make`` makes the model on the current backend, with weights drawn from the default generator (N8)."""

    name: str
    about: str
    make: Callable[[Size], Model]

    def steps(self, size: Size) -> Iterator[Tensors]:
        """Train on the current backend, with the default generator as it is; a state after every step, without end."""
        model = self.make(size)
        for _ in count():
            model.optimizer.zero_grad()
            model.loss().backward()
            model.optimizer.step()
            remembered = model.optimizer.state_dict()["tensors"]
            yield model.module.state_dict() | {f"optimizer.{name}": tensor for name, tensor in remembered.items()}


def states(training: Training, size: Size, steps: int, seed: int) -> list[Tensors]:
    """The state after each of the first ``steps`` steps, on the current backend, with the draws of ``seed``."""
    with draws_again(seed, FIRST_STREAM):
        return list(islice(training.steps(size), steps))
