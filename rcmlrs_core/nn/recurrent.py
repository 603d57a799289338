"""Recurrent layers: sequences, step by step, in one direction or both, layer upon layer.

Sequences are ``(batch, time, features)``, always. The formulas of a step are in ``steps``; here is the loop, for all.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn.cells import Weights, check_nonlinearity, draw_weights, first_state, pair_of
from rcmlrs_core.nn.checks import check_batch_first, check_between, check_sizes
from rcmlrs_core.nn.dropout import Dropout
from rcmlrs_core.nn.module import TensorModule
from rcmlrs_core.nn.sequences import Marks, mask_of
from rcmlrs_core.nn.steps import gru_step, joined, lstm_step, rnn_step, steps
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import RamTensor

State = tuple[RamTensor, ...]
"""What is handed from step to step: ``(h,)``, or ``(h, c)``."""


class Recurrent(TensorModule):
    """What the recurrent layers share: stacking, directions, dropout, and sequences of different lengths.

    ``outputs, last = layer(x)`` takes ``(batch, time, input_size)``. ``outputs`` are the hidden states of the last
    layer at all steps, ``(batch, time, hidden_size)``; with ``bidirectional`` ``(batch, time, 2 * hidden_size)``, of
    the forward direction first. ``last`` is the state after the last step (of the backward direction: after the first
    one), ``(batch, hidden_size)``. Where there is more than one layer or direction it has one more axis in front, as in
    PyTorch: ``(num_layers * directions, batch, hidden_size)``, in the order layer 0, layer 0 backward, layer 1, ... So
    has a state that is given to begin from, and :class:`LastStep` takes what belongs to the last layer.

    ``lengths=`` (ints, one for each sequence) or ``mask=`` (bools, (batch, time), true where there is a step) say which
    steps there are: any other changes no state and gives zeros in ``outputs``, whatever stands there, NaN included. The
    backward direction so begins at the end of each sequence, and ``last`` is after the last step of each: every
    sequence has the bits that it has alone. One without steps keeps the state it begins from.

    The layers above the first take the ``outputs`` of the one below; in training, elements of these are dropped with
    probability ``dropout``. Weights are those of the cell under PyTorch's names, ``weight_ih_l0``, ``weight_hh_l0``,
    ``bias_ih_l0``, ``bias_hh_l0``, with ``_reverse`` for the backward direction, then those of layer 1 and so on; they
    are drawn in this order, uniform on [-a, a) with ``a = 1 / sqrt(hidden_size)``.
    """

    gates = 1
    weight_ih_l0: RamTensor
    weight_hh_l0: RamTensor
    bias_ih_l0: RamTensor | None
    bias_hh_l0: RamTensor | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        *,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        generator: Generator | None = None,
    ) -> None:
        kind = type(self).__name__
        check_batch_first(kind, batch_first)
        check_sizes(kind, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        check_between(kind, "dropout", dropout, 0, 1)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.bidirectional = bidirectional
        self.dropout = dropout
        if dropout and num_layers == 1:
            raise AttributeValueError(
                f"{kind}: dropout={dropout} acts between layers, and there is one; give num_layers=2 or more, or put "
                "nn.Dropout after the layer"
            )
        for layer in range(num_layers):
            size = input_size if layer == 0 else hidden_size * self.directions
            for ending in self._endings(layer):
                drawn = draw_weights(self.gates, size, hidden_size, bias, generator)
                for name, weight in zip(WEIGHTS, drawn, strict=True):
                    setattr(self, name + ending, weight)

    @property
    def directions(self) -> int:
        """1, or 2 where it is bidirectional."""
        return 2 if self.bidirectional else 1

    # ------------------------------------------------------------------------------- what a kind of layer says

    def _inputs(self, x: RamTensor, weights: Weights) -> Sequence[RamTensor]:
        """What each step takes of ``x``. All gates of all steps are one product, of the same bits (N3.1)."""
        return steps(x.linear(weights[0], weights[2]))

    def _step(self, x: RamTensor, state: State, weights: Weights) -> State:
        """The state after a step, with h as its first part."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------- the loop

    def _run(
        self, x: RamTensor, given: Sequence[RamTensor | None], lengths: Any, mask: RamTensor | None
    ) -> tuple[RamTensor, State]:
        """``outputs``, and the parts of the last state; ``given`` are the parts of the first."""
        kind = type(self).__name__
        if x.ndim != 3 or x.shape[2] != self.input_size or not x.shape[1]:
            raise ShapeError(
                f"{kind}: x must be (batch, time, input_size) = (batch, time, {self.input_size}) with one step or "
                f"more, got {x.shape}"
            )
        count = self.num_layers * self.directions
        shape: tuple[int, ...] = (x.shape[0], self.hidden_size)
        if count > 1:
            shape = (count, *shape)
        first = [first_state(kind, x, shape, part, name) for part, name in zip(given, "hc", strict=False)]
        found = mask_of(kind, x, lengths, mask)
        marks = None if found is None else Marks(found)
        if marks is not None:
            x = marks.only(x)
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.training and self.dropout:
                x = Dropout(self.dropout)(x)
            sides = []
            for ending in self._endings(layer):
                state = tuple(part[len(last)] if count > 1 else part for part in first)
                weights: Any = tuple(getattr(self, name + ending) for name in WEIGHTS)
                outputs, state = self._walk(x, state, weights, marks, backward=ending.endswith(BACKWARD))
                sides.append(outputs)
                last.append(state)
            x = sides[0] if len(sides) == 1 else sides[0].concat(sides[1], axis=2)
        if count == 1:
            return x, last[0]
        return x, tuple(parts[0].stack(*parts[1:]) for parts in zip(*last, strict=True))

    def _walk(
        self, x: RamTensor, state: State, weights: Weights, marks: Marks | None, *, backward: bool
    ) -> tuple[RamTensor, State]:
        """One layer in one direction."""
        inputs = self._inputs(x, weights)
        outputs = list(inputs)
        for t in reversed(range(len(inputs))) if backward else range(len(inputs)):
            if marks is None:
                state = self._step(inputs[t], state, weights)
            elif marks.some[t]:
                state = marks.keep(t, self._step(inputs[t], state, weights), state)
            outputs[t] = state[0]
        together = joined(outputs)
        return (together if marks is None else marks.only(together)), state

    def _endings(self, layer: int) -> list[str]:
        """What the names of the weights of a layer end in, direction by direction."""
        return [f"_l{layer}", f"_l{layer}{BACKWARD}"][: self.directions]

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        parts = [str(self.input_size), str(self.hidden_size)]
        parts += [f"num_layers={self.num_layers}"] * (self.num_layers > 1) + ["bias=False"] * (not self.bias)
        parts += [f"dropout={self.dropout}"] * (self.dropout > 0) + ["bidirectional=True"] * self.bidirectional
        return ", ".join(parts)


WEIGHTS = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
BACKWARD = "_reverse"


class RNN(Recurrent):
    """Sequences, step by step: ``h_t = tanh(x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh)``; see :class:`Recurrent`.

    ``nonlinearity`` is tanh, relu or sigmoid.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        *,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        generator: Generator | None = None,
    ) -> None:
        check_nonlinearity("RNN", nonlinearity)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            generator=generator,
        )
        self.nonlinearity = nonlinearity

    def forward(
        self,
        x: RamTensor,
        h: RamTensor | None = None,
        *,
        lengths: RamTensor | Sequence[int] | None = None,
        mask: RamTensor | None = None,
    ) -> tuple[RamTensor, RamTensor]:
        """``(outputs, last)``, beginning after ``h``, which is zeros where it is left out."""
        outputs, (h,) = self._run(x, (h,), lengths, mask)
        return outputs, h

    def _inputs(self, x: RamTensor, weights: Weights) -> Sequence[RamTensor]:
        """The steps themselves: their products stay apart, each with a gradient that is rounded once."""
        return steps(x)

    def _step(self, x: RamTensor, state: State, weights: Weights) -> State:
        return (rnn_step(x, state[0], *weights, self.nonlinearity),)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return super().extra_repr() + f", nonlinearity={self.nonlinearity}" * (self.nonlinearity != "tanh")


class LSTM(Recurrent):
    """A long short-term memory, see :class:`Recurrent` and :func:`rcmlrs_core.nn.steps.lstm_step`.

    A state is a pair ``(h, c)``, given and returned: ``outputs, (h, c) = layer(x)``. The gates are the sum of
    ``x_t W_ih^T + b_ih`` and ``h W_hh^T + b_hh``, in the order i, f, g, o.
    """

    gates = 4

    def forward(
        self,
        x: RamTensor,
        state: tuple[RamTensor, RamTensor] | None = None,
        *,
        lengths: RamTensor | Sequence[int] | None = None,
        mask: RamTensor | None = None,
    ) -> tuple[RamTensor, tuple[RamTensor, RamTensor]]:
        """``(outputs, (h, c))``, beginning after ``state``, which is zeros where it is left out."""
        outputs, (h, c) = self._run(x, pair_of("LSTM", state), lengths, mask)
        return outputs, (h, c)

    def _step(self, x: RamTensor, state: State, weights: Weights) -> State:
        h, c = state
        return lstm_step(x + h.linear(weights[1], weights[3]), c)


class GRU(Recurrent):
    """A gated recurrent unit, see :class:`Recurrent` and :func:`rcmlrs_core.nn.steps.gru_step`.

    The gates are in the order r, z, n, and the reset gate acts after the product.
    """

    gates = 3

    def forward(
        self,
        x: RamTensor,
        h: RamTensor | None = None,
        *,
        lengths: RamTensor | Sequence[int] | None = None,
        mask: RamTensor | None = None,
    ) -> tuple[RamTensor, RamTensor]:
        """``(outputs, last)``, beginning after ``h``, which is zeros where it is left out."""
        outputs, (h,) = self._run(x, (h,), lengths, mask)
        return outputs, h

    def _step(self, x: RamTensor, state: State, weights: Weights) -> State:
        return (gru_step(x, state[0].linear(weights[1], weights[3]), state[0]),)
