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
    """The last hidden state of a recurrent layer: ``Sequential(LSTM(1, 16), LastStep(), Linear(16, 1))``.

    Of several layers it is that of the last one; of two directions both, ``(batch, 2 * hidden_size)``, forward first.
    """

    def forward(self, result: Any) -> RamTensor:
        """From ``(outputs, last)``, where ``last`` may be a pair ``(h, c)``."""
        if not isinstance(result, tuple) or len(result) != 2:
            raise ShapeError(
                "LastStep: takes the pair (outputs, last) that a recurrent layer returns; put it after an RNN"
            )
        outputs, last = result
        h: RamTensor = last[0] if isinstance(last, tuple) else last
        if h.ndim == 2:
            return h
        directions = outputs.shape[-1] // h.shape[-1]
        first, *rest = h[-directions:].unstack()
        return first.concat(*rest, axis=1) if rest else first
