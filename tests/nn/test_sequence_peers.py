"""Recurrent layers and attention against Keras, with the same weights, and their gradients against JAX."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

from typing import Any

import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.random import normal
from tests.nn.test_attention import attention, bools, doubles
from tests.nn.test_recurrent import KINDS, layer, parts

keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_recurrent_layers(kind: str) -> None:
    """In binary64. Some dozens of roundings of 2^-24 on the way, of numbers near the largest gradient."""
    model = layer(kind, 2, 3)
    x = normal((2, 4, 2), seed=1).requires_grad_()
    outputs, last = model(x)
    (outputs.square().sum() + sum(part.sum() for part in parts(last))).backward()  # type: ignore[call-overload]
    with jax.enable_x64(True):

        def loss(values: list[Any]) -> Any:
            x, *w = values
            h = c = jnp.zeros((2, 3))
            total = 0.0
            for t in range(4):
                h, c = jax_formula(kind, x[:, t], h, c, w)
                total += (h**2).sum()
            return total + h.sum() + (c.sum() if kind == "LSTM" else 0.0)

        given = [jnp.asarray(p.numpy(), dtype=jnp.float64) for p in (x, *model.parameters())]
        wanted = [np.asarray(g) for g in jax.grad(loss)(given)]
    for tensor, want in zip((x, *model.parameters()), wanted, strict=True):
        assert tensor.grad is not None
        assert np.abs(tensor.grad.numpy() - want).max() < 2.0**-18 * np.abs(want).max()


def jax_formula(kind: str, x: Any, h: Any, c: Any, w: list[Any]) -> tuple[Any, Any]:
    """``formula``, with JAX's functions."""
    sigmoid = jax.nn.sigmoid
    a, b = x @ w[0].T + w[2], h @ w[1].T + w[3]
    if kind == "RNN":
        return jnp.tanh(a + b), c
    if kind == "LSTM":
        i, f, g, o = jnp.split(a + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
        return sigmoid(o) * jnp.tanh(c), c
    (r_x, z_x, n_x), (r_h, z_h, n_h) = jnp.split(a, 3, axis=1), jnp.split(b, 3, axis=1)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    return (1 - z) * jnp.tanh(n_x + r * n_h) + z * h, c


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_recurrent_layers_of_keras(kind: str) -> None:
    """Keras computes in binary32: its own roundings, some dozens a step, are in the tolerance."""
    model = layer(kind, 2, 3)
    x = normal((4, 6, 2), seed=1)
    mask = rc.arange(6, dtype="int32").less(rc.tensor([6, 2, 5, 1], dtype="int32").expand_dims(1))
    kernel, recurrent, b, d = (p.numpy() for p in model.parameters())
    if kind == "LSTM":
        weights = [kernel.T, recurrent.T, b + d]  # i f c o, as PyTorch's i f g o
    else:
        r, z, n = slice(0, 3), slice(3, 6), slice(6, 9)
        order = np.r_[z, r, n]
        weights = [kernel[order].T, recurrent[order].T, np.stack([b[order], d[order]])]
    for backwards in (False, True):
        peer = getattr(keras.layers, kind)(3, return_sequences=True, return_state=True, zero_output_for_mask=True)
        peer.build((4, 6, 2))
        peer.set_weights(weights)
        found, last = model(x, mask=mask)
        wanted, *states = (np.asarray(part) for part in peer(x.numpy(), mask=mask.numpy()))
        assert np.abs(found.numpy() - wanted).max() < 2.0**-20
        for part, want in zip(parts(last), states, strict=True):
            assert np.abs(part.numpy() - want).max() < 2.0**-20
        x = x if backwards else x.flip(axis=1)
        mask = mask if backwards else mask.flip(axis=1)  # steps that are missing at the beginning


def test_gradients_of_attention() -> None:
    """In binary64, with a mask that leaves a query nothing. Some dozens of roundings of the largest gradient."""
    mask = [[True, False, True], [False, False, False]]
    given = [normal((2, n, 4), seed=1, stream=i).requires_grad_() for i, n in enumerate([2, 3, 3])]
    nn.scaled_dot_product_attention(*given, bools(mask)).square().sum().backward()
    with jax.enable_x64(True):

        def loss(q: Any, k: Any, v: Any) -> Any:
            scores = (q @ k.swapaxes(1, 2) / 2)[:, :1]
            return ((jax.nn.softmax(jnp.where(jnp.asarray(mask[:1]), scores, -jnp.inf)) @ v) ** 2).sum()

        wanted = jax.grad(loss, argnums=(0, 1, 2))(*map(jnp.asarray, doubles(*given)))
    for tensor, want in zip(given, wanted, strict=True):
        assert tensor.grad is not None
        assert np.abs(tensor.grad.numpy() - np.asarray(want)).max() < 2.0**-19 * np.abs(np.asarray(want)).max()


@pytest.mark.parametrize("masked", [False, True])
def test_attention_of_keras(masked: bool) -> None:
    """Keras computes in binary32: some dozens of roundings of its own, of numbers below 8."""
    model = attention()
    x, memory = normal((2, 5, 8), seed=1), normal((2, 3, 8), seed=2)
    allowed = bools([[[True, False, True]] * 5, [[True, True, False]] * 5]) if masked else None
    peer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
    peer.build((2, 5, 8), (2, 3, 8))
    assert model.in_proj_weight is not None
    assert model.in_proj_bias is not None
    parts = []
    for w, b in zip(model.in_proj_weight.split(8), model.in_proj_bias.split(8), strict=True):
        parts += [w.numpy().T.reshape(8, 2, 4), b.numpy().reshape(2, 4)]
    assert model.out_proj.bias is not None
    peer.set_weights([*parts, model.out_proj.weight.numpy().T.reshape(2, 4, 8), model.out_proj.bias.numpy()])
    want, scores = peer(
        x.numpy(),
        memory.numpy(),
        attention_mask=None if allowed is None else allowed.numpy(),
        return_attention_scores=True,
    )
    mask = None if allowed is None else allowed.logical_not().repeat(2, axis=0)
    found, weights = model(x, memory, memory, attn_mask=mask, average_attn_weights=False)
    assert np.abs(found.numpy() - np.asarray(want)).max() < 2.0**-18
    assert np.abs(weights.numpy() - np.asarray(scores)).max() < 2.0**-20
    if masked:
        padding = bools([[False, True, False], [False, False, True]])
        padded, mean = model(x, memory, memory, padding)
        assert padded.tobytes() == found.tobytes()
        assert mean.tobytes() == weights.mean(axis=1).tobytes()
