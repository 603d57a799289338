"""One step of each recurrence: gates in, state out. The layers and cells of PyTorch's kind and of Keras' share them.

A gate's activation is a function of a tensor, so that a layer may have others than those of the papers.

Sources: J. L. Elman, Finding structure in time, Cognitive Science 14 (1990) 179-211. S. Hochreiter, J. Schmidhuber,
Long short-term memory, Neural Computation 9 (1997) 1735-1780, with the forget gate of F. A. Gers, J. Schmidhuber,
F. Cummins, Learning to forget, Neural Computation 12 (2000) 2451-2471. K. Cho et al., Learning phrase representations
using RNN encoder-decoder, arXiv:1406.1078.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from rcmlrs_core.joint import custom_gradient
from rcmlrs_core.tensor import RamTensor

Activation = Callable[[RamTensor], RamTensor]

NONLINEARITIES: Mapping[str, Activation] = {
    "tanh": lambda z: z.tanh(),
    "relu": lambda z: z.relu(),
    "sigmoid": lambda z: z.sigmoid(),
}
"""What a simple recurrence may have."""


def sigmoid(z: RamTensor) -> RamTensor:
    """The usual activation of a gate."""
    return z.sigmoid()


def tanh(z: RamTensor) -> RamTensor:
    """The usual activation of what enters the state, and of what is shown of it."""
    return z.tanh()


def rnn_step(
    x: RamTensor,
    h: RamTensor,
    weight_ih: RamTensor,
    weight_hh: RamTensor,
    bias_ih: RamTensor | None,
    bias_hh: RamTensor | None,
    nonlinearity: str,
) -> RamTensor:
    """``tanh(x W_ih^T + b_ih + h W_hh^T + b_hh)``: each product, with its bias, rounded once (N3.1), then the sum."""
    return NONLINEARITIES[nonlinearity](x.linear(weight_ih, bias_ih) + h.linear(weight_hh, bias_hh))


def lstm_step(
    gates: RamTensor,
    c: RamTensor,
    *,
    activation: Activation = tanh,
    recurrent_activation: Activation = sigmoid,
) -> tuple[RamTensor, RamTensor]:
    """``(h', c')`` from the four gates i, f, g, o beside each other, (batch, 4 * hidden), before their activations.

    ``c' = sigmoid(f) * c + sigmoid(i) * tanh(g)`` and ``h' = sigmoid(o) * tanh(c')``. The order is PyTorch's, and also
    Keras', which calls g the candidate c.
    """
    size = c.shape[-1]
    i, f, g, o = cut(gates, sizes=(size,) * 4)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
    return recurrent_activation(o) * activation(c), c


def gru_step(
    from_input: RamTensor,
    from_state: RamTensor,
    h: RamTensor,
    *,
    update_first: bool = False,
    activation: Activation = tanh,
    recurrent_activation: Activation = sigmoid,
) -> RamTensor:
    """``h'`` from the gates r, z, n that the input gives and those that ``h`` gives, (batch, 3 * hidden) each.

    ``r = sigmoid(r_x + r_h)``, ``z = sigmoid(z_x + z_h)``, ``n = tanh(n_x + r * n_h)``, ``h' = (1 - z) * n + z * h``:
    the reset gate acts after the product (PyTorch's only form, Keras' ``reset_after=True``). The order is PyTorch's;
    with ``update_first`` it is z, r, n, as in Keras.
    """
    size = h.shape[-1]
    both_x, n_x = cut(from_input, sizes=(2 * size, size))
    both_h, n_h = cut(from_state, sizes=(2 * size, size))
    first, second = cut(recurrent_activation(both_x + both_h), sizes=(size, size))
    r, z = (second, first) if update_first else (first, second)
    return blend(z, activation(n_x + r * n_h), h)


def blend(z: RamTensor, n: RamTensor, h: RamTensor) -> RamTensor:
    """``(1 - z) * n + z * h``: the part z of the state stays, and n takes the place of the rest."""
    return (1.0 - z) * n + z * h


@custom_gradient
def cut(x: RamTensor, *, sizes: Sequence[int]) -> object:
    """``x.split(sizes, axis=-1)``, a tuple. Its gradient is one ``concat`` in place of a sum of padded pieces."""
    ends = list(accumulate(sizes))
    whole = x.shape[:-1]
    before = (0,) * len(whole)
    pieces = tuple(
        x.slice(start=(*before, end - size), stop=(*whole, end)) for size, end in zip(sizes, ends, strict=True)
    )
    return pieces, lambda *received: received[0].concat(*received[1:], axis=-1)


def steps(x: RamTensor) -> tuple[RamTensor, ...]:
    """``(batch, time, features)`` as ``(batch, features)`` of each step: ``unstack`` along axis 1."""
    batch, time, features = x.shape
    pieces: tuple[RamTensor, ...] = cut(x.reshape((batch, time * features)), sizes=(features,) * time)
    return pieces


def joined(parts: Sequence[RamTensor]) -> RamTensor:
    """``(batch, features)`` of each step as ``(batch, time, features)``: ``stack`` along axis 1, by one ``concat``."""
    batch, features = parts[0].shape
    return parts[0].concat(*parts[1:], axis=1).reshape((batch, len(parts), features))
