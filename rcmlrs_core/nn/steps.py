"""One step of each recurrence: gates in, state out. The layers and cells of PyTorch's kind and of Keras' share them.

A gate's activation is a function of a tensor, so that a layer may have others than those of the papers. Sources:
S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9 (1997) 1735-1780, with the forget gate of
F. A. Gers, J. Schmidhuber, F. Cummins, Neural Computation 12 (2000) 2451-2471; K. Cho et al., Learning phrase
representations using RNN encoder-decoder, arXiv:1406.1078.
"""

from collections.abc import Callable, Sequence

from rcmlrs_core.joint import custom_gradient
from rcmlrs_core.tensor import RamTensor

Activation = Callable[[RamTensor], RamTensor]


def sigmoid(z: RamTensor) -> RamTensor:
    """The usual activation of a gate."""
    return z.sigmoid()


def tanh(z: RamTensor) -> RamTensor:
    """The usual activation of what enters the state, and of what is shown of it."""
    return z.tanh()


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
    both, g, o = cut(gates, sizes=(2 * size, size, size), axis=-1)
    i, f = cut(recurrent_activation(both), sizes=(size, size), axis=-1)
    c = f * c + i * activation(g)
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
    gates_x, n_x = cut(from_input, sizes=(2 * size, size), axis=-1)
    gates_h, n_h = cut(from_state, sizes=(2 * size, size), axis=-1)
    r, z = cut(recurrent_activation(gates_x + gates_h), sizes=(size, size), axis=-1)
    if update_first:
        r, z = z, r
    return blend(z, activation(n_x + r * n_h), h)


def blend(z: RamTensor, n: RamTensor, h: RamTensor) -> RamTensor:
    """``(1 - z) * n + z * h``: the part z of the state stays, and n takes the place of the rest."""
    return (1.0 - z) * n + z * h


@custom_gradient
def cut(x: RamTensor, *, sizes: Sequence[int], axis: int) -> object:
    """``x.split(sizes, axis=axis)``, a tuple. Its gradient is one ``concat`` in place of a sum of padded pieces."""
    return x.split(sizes, axis=axis), lambda *received: received[0].concat(*received[1:], axis=axis)


@custom_gradient
def steps(x: RamTensor) -> object:
    """``x.unstack(axis=1)``, the steps of sequences, a tuple. Its gradient puts them side by side again."""
    return x.unstack(axis=1), lambda *received: joined(received)


def joined(parts: Sequence[RamTensor]) -> RamTensor:
    """``(batch, features)`` of each step as ``(batch, time, features)``: ``stack`` along axis 1, by one ``concat``."""
    batch, features = parts[0].shape
    return parts[0].concat(*parts[1:], axis=1).reshape((batch, len(parts), features))
