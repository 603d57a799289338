"""Layers that bring what one layer returns into the shape that the next one takes. They change no bit (N4.1)."""

from math import prod
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.nn.module import Layer, Module
from rcmlrs_core.tensor import RamTensor


class Flatten(Layer):
    """The axes after the first joined into one: ``(batch, a, b)`` becomes ``(batch, a * b)``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """One row for each element of the first axis."""
        if not x.ndim:
            raise ShapeError("Flatten: a tensor of shape () has no batch axis to keep; reshape it to (1, 1)")
        return x.reshape((x.shape[0], prod(x.shape[1:])))


class LastStep(Module):
    """The last hidden state of a recurrent layer: ``Sequential(RNN(1, 16), LastStep(), Linear(16, 1))``."""

    def forward(self, result: Any) -> RamTensor:
        """The second of ``(outputs, last)``."""
        if not isinstance(result, tuple) or len(result) != 2:
            raise ShapeError(
                "LastStep: takes the pair (outputs, last) that a recurrent layer returns; put it after an RNN"
            )
        last: RamTensor = result[1]
        return last
