"""The recurrent layer of J. L. Elman, step by step in plain view: a product, a sum, an activation.

Source: J. L. Elman, Finding structure in time, Cognitive Science 14 (1990) 179-211.
"""

from collections.abc import Callable, Mapping

from rcmlrs_core.creation import zeros
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn.checks import check_sizes
from rcmlrs_core.nn.init import fan_in_uniform
from rcmlrs_core.nn.module import Layer, Parameter, TensorModule
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import RamTensor

NONLINEARITIES: Mapping[str, Callable[[RamTensor], RamTensor]] = {
    "tanh": lambda z: z.tanh(),
    "relu": lambda z: z.relu(),
    "sigmoid": lambda z: z.sigmoid(),
}


def step(
    x: RamTensor,
    h: RamTensor,
    weight_ih: RamTensor,
    weight_hh: RamTensor,
    bias_ih: RamTensor | None,
    bias_hh: RamTensor | None,
    nonlinearity: str,
) -> RamTensor:
    """``tanh(x W_ih^T + b_ih + h W_hh^T + b_hh)``: each product, with its bias, rounded once (N3.1), then the sum."""
    z = x.linear(weight_ih, bias_ih) + h.linear(weight_hh, bias_hh)
    return NONLINEARITIES[nonlinearity](z)


class RNNCell(Layer):
    """One step: ``h' = tanh(x W_ih^T + b_ih + h W_hh^T + b_hh)``.

    Takes ``(batch, input_size)`` and ``(batch, hidden_size)``, and gives ``(batch, hidden_size)``. ``weight_ih`` is
    ``(hidden_size, input_size)``, ``weight_hh`` ``(hidden_size, hidden_size)``, ``bias_ih`` and ``bias_hh``
    ``(hidden_size,)``; all begin uniform on [-a, a) with ``a = 1 / sqrt(hidden_size)``, drawn in this order.
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
        check("RNNCell", input_size, hidden_size, nonlinearity)

        def draw(*shape: int) -> RamTensor:
            return Parameter(fan_in_uniform(shape, hidden_size, generator=generator))

        self.input_size = input_size
        self.hidden_size = hidden_size
        self.nonlinearity = nonlinearity
        self.weight_ih = draw(hidden_size, input_size)
        self.weight_hh = draw(hidden_size, hidden_size)
        self.bias_ih = draw(hidden_size) if bias else None
        self.bias_hh = draw(hidden_size) if bias else None

    def forward(self, x: RamTensor, h: RamTensor | None = None) -> RamTensor:
        """The next hidden state, after ``h``, which is zeros where it is left out."""
        if x.ndim != 2 or x.shape[1] != self.input_size:
            raise ShapeError(f"RNNCell: x must be (batch, input_size) = (batch, {self.input_size}), got {x.shape}")
        h = first_state("RNNCell", x, self.hidden_size, h)
        return step(x, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, self.nonlinearity)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return describe(self.input_size, self.hidden_size, self.bias_ih is not None, self.nonlinearity)


class RNN(TensorModule):
    """A sequence, step by step: ``h_t = tanh(x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh)``.

    Takes ``(batch, time, input_size)``; gives all hidden states, ``(batch, time, hidden_size)``, and the last one,
    ``(batch, hidden_size)``. The weights are those of an :class:`RNNCell`, under PyTorch's names for its layer 0.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: str = "tanh",
        bias: bool = True,
        *,
        generator: Generator | None = None,
    ) -> None:
        check("RNN", input_size, hidden_size, nonlinearity)
        cell = RNNCell(input_size, hidden_size, bias, nonlinearity, generator=generator)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.nonlinearity = nonlinearity
        self.weight_ih_l0 = cell.weight_ih
        self.weight_hh_l0 = cell.weight_hh
        self.bias_ih_l0 = cell.bias_ih
        self.bias_hh_l0 = cell.bias_hh

    def forward(self, x: RamTensor, h: RamTensor | None = None) -> tuple[RamTensor, RamTensor]:
        """``(outputs, last)``, beginning after ``h``, which is zeros where it is left out."""
        if x.ndim != 3 or x.shape[2] != self.input_size or not x.shape[1]:
            raise ShapeError(
                f"RNN: x must be (batch, time, input_size) = (batch, time, {self.input_size}) with one step or more, "
                f"got {x.shape}"
            )
        h = first_state("RNN", x, self.hidden_size, h)
        states = []
        for t in range(x.shape[1]):
            h = step(
                x[:, t], h, self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0, self.nonlinearity
            )
            states.append(h)
        return states[0].stack(*states[1:], axis=1), h

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return describe(self.input_size, self.hidden_size, self.bias_ih_l0 is not None, self.nonlinearity)


def check(layer: str, input_size: int, hidden_size: int, nonlinearity: str) -> None:
    """Refuse sizes and nonlinearities that there are not."""
    check_sizes(layer, input_size=input_size, hidden_size=hidden_size)
    if nonlinearity not in NONLINEARITIES:
        raise AttributeValueError(f"{layer}: nonlinearity is one of {', '.join(NONLINEARITIES)}, got {nonlinearity!r}")


def first_state(layer: str, x: RamTensor, hidden_size: int, h: RamTensor | None) -> RamTensor:
    """The state to begin from: ``h``, which must fit x, or zeros."""
    shape = (x.shape[0], hidden_size)
    if h is None:
        return zeros(shape, backend=x._backend)
    if h.shape != shape:
        raise ShapeError(f"{layer}: h must be (batch, hidden_size) = {shape} for x of shape {x.shape}, got {h.shape}")
    return h


def describe(input_size: int, hidden_size: int, bias: bool, nonlinearity: str) -> str:
    """The arguments, as PyTorch writes them."""
    parts = [str(input_size), str(hidden_size)]
    if not bias:
        parts.append("bias=False")
    if nonlinearity != "tanh":
        parts.append(f"nonlinearity={nonlinearity}")
    return ", ".join(parts)
