"""Single steps of recurrent layers, for those who write the loop themselves; the formulas are in ``steps``."""

from typing import Any

from rcmlrs_core.creation import zeros
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn.checks import check_sizes
from rcmlrs_core.nn.init import fan_in_uniform
from rcmlrs_core.nn.module import Parameter, TensorModule
from rcmlrs_core.nn.steps import NONLINEARITIES, gru_step, lstm_step, rnn_step
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import RamTensor

Weights = tuple[RamTensor, RamTensor, RamTensor | None, RamTensor | None]
"""weight_ih, weight_hh, bias_ih and bias_hh."""


class Cell(TensorModule):
    """What the cells share: their weights.

    ``weight_ih`` is ``(gates * hidden_size, input_size)``, ``weight_hh`` ``(gates * hidden_size, hidden_size)``,
    ``bias_ih`` and ``bias_hh`` ``(gates * hidden_size,)``; all begin uniform on [-a, a) with
    ``a = 1 / sqrt(hidden_size)``, drawn in this order.
    """

    gates = 1

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, generator: Generator | None = None
    ) -> None:
        check_sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = draw_weights(
            self.gates, input_size, hidden_size, bias, generator
        )

    def _check(self, x: RamTensor, h: RamTensor | None, name: str = "h") -> RamTensor:
        """The state to begin from, where ``x`` is what the cell takes and ``h`` fits it."""
        kind = type(self).__name__
        if x.ndim != 2 or x.shape[1] != self.input_size:
            raise ShapeError(f"{kind}: x must be (batch, input_size) = (batch, {self.input_size}), got {x.shape}")
        return first_state(kind, x, (x.shape[0], self.hidden_size), h, name)

    def _products(self, x: RamTensor, h: RamTensor) -> tuple[RamTensor, RamTensor]:
        """The gates that ``x`` gives, and those that ``h`` gives; each product with its bias, rounded once (N3.1)."""
        return x.linear(self.weight_ih, self.bias_ih), h.linear(self.weight_hh, self.bias_hh)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return ", ".join([str(self.input_size), str(self.hidden_size)] + ["bias=False"] * (self.bias_ih is None))


class RNNCell(Cell):
    """One step: ``h' = tanh(x W_ih^T + b_ih + h W_hh^T + b_hh)``.

    Takes ``(batch, input_size)`` and ``(batch, hidden_size)``, and gives ``(batch, hidden_size)``. ``nonlinearity`` is
    tanh, relu or sigmoid. The weights are those of :class:`Cell`, with one gate.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        generator: Generator | None = None,
    ) -> None:
        check_nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, generator=generator)
        self.nonlinearity = nonlinearity

    def forward(self, x: RamTensor, h: RamTensor | None = None) -> RamTensor:
        """The next hidden state, after ``h``, which is zeros where it is left out."""
        h = self._check(x, h)
        return rnn_step(x, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, self.nonlinearity)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return super().extra_repr() + f", nonlinearity={self.nonlinearity}" * (self.nonlinearity != "tanh")


class LSTMCell(Cell):
    """One step of an LSTM: ``(h', c')``, see :func:`rcmlrs_core.nn.steps.lstm_step`.

    Takes ``(batch, input_size)`` and a pair of ``(batch, hidden_size)``, and gives such a pair. The gates are the sum
    ``(x W_ih^T + b_ih) + (h W_hh^T + b_hh)``, in the order i, f, g, o. The weights are those of :class:`Cell`.
    """

    gates = 4

    def forward(self, x: RamTensor, state: tuple[RamTensor, RamTensor] | None = None) -> tuple[RamTensor, RamTensor]:
        """The next ``(h, c)``, after ``state``, which is zeros where it is left out."""
        h, c = pair_of("LSTMCell", state)
        h, c = self._check(x, h), self._check(x, c, "c")
        from_input, from_state = self._products(x, h)
        return lstm_step(from_input + from_state, c)


class GRUCell(Cell):
    """One step of a GRU, see :func:`rcmlrs_core.nn.steps.gru_step`.

    Takes ``(batch, input_size)`` and ``(batch, hidden_size)``, and gives ``(batch, hidden_size)``. The gates are in
    the order r, z, n. The weights are those of :class:`Cell`.
    """

    gates = 3

    def forward(self, x: RamTensor, h: RamTensor | None = None) -> RamTensor:
        """The next hidden state, after ``h``, which is zeros where it is left out."""
        h = self._check(x, h)
        return gru_step(*self._products(x, h), h)


# ------------------------------------------------------------------------------- what cells and layers share


def draw_weights(gates: int, input_size: int, hidden_size: int, bias: bool, generator: Generator | None) -> Weights:
    """The weights of :class:`Cell`, drawn in their order."""

    def draw(*shape: int) -> RamTensor:
        return Parameter(fan_in_uniform(shape, hidden_size, generator=generator))

    rows = gates * hidden_size
    weights = draw(rows, input_size), draw(rows, hidden_size)
    return (*weights, draw(rows), draw(rows)) if bias else (*weights, None, None)


def check_nonlinearity(layer: str, nonlinearity: str) -> None:
    """Refuse nonlinearities that there are not."""
    if nonlinearity not in NONLINEARITIES:
        raise AttributeValueError(f"{layer}: nonlinearity is one of {', '.join(NONLINEARITIES)}, got {nonlinearity!r}")


def first_state(layer: str, x: RamTensor, shape: tuple[int, ...], h: Any, name: str = "h") -> RamTensor:
    """The state to begin from: ``h``, which must be of ``shape``, or zeros."""
    if h is None:
        return zeros(shape, backend=x._backend)
    if not isinstance(h, RamTensor) or h.shape != shape:
        axes = "(batch, hidden_size)" if len(shape) == 2 else "(num_layers * directions, batch, hidden_size)"
        got = h.shape if isinstance(h, RamTensor) else f"a {type(h).__name__}"
        raise ShapeError(f"{layer}: {name} must be {axes} = {shape} for x of shape {x.shape}, got {got}")
    return h


def pair_of(layer: str, state: Any) -> tuple[Any, Any]:
    """``(h, c)``, both None where no state is given."""
    if state is None:
        return None, None
    if not isinstance(state, tuple | list) or len(state) != 2:
        raise ShapeError(f"{layer}: its state is a pair (h, c), got a {type(state).__name__}; pass both as one tuple")
    return state[0], state[1]
