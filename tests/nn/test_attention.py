"""Attention and transformers: their formulas, and what masks leave out leaves no trace."""

from collections.abc import Callable
from math import erf, inf
from typing import Any

import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.nn import init
from rcmlrs_core.random import Generator, normal
from rcmlrs_core.tensor import RamTensor

NAN = float("nan")


def bools(rows: Any) -> RamTensor:
    return rc.tensor(rows, dtype="bool")


def attention(size: int = 8, heads: int = 2, *, seed: int = 1, **options: Any) -> nn.MultiheadAttention:
    """One with biases that are not zero."""
    model = nn.MultiheadAttention(size, heads, generator=Generator(seed), **options)
    return noisy(model, seed)


def noisy(model: Any, seed: int = 1) -> Any:
    """Every parameter with something added, so that none of them is 0 or 1."""
    with rc.no_grad():
        for i, p in enumerate(model.parameters()):
            p.replace_(p + normal(p.shape, seed=seed, stream=100 + i) / 4)
    return model


def softmax(scores: Any) -> Any:
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def doubles(*tensors: RamTensor | None) -> list[Any]:
    return [None if t is None else t.numpy().astype(np.float64) for t in tensors]


# ------------------------------------------------------------------------------------------------ formulas


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_formula_in_binary64(seed: int) -> None:
    """Four roundings on the way, 2^-24 of numbers below 8; a score that is off by e moves a weight by e at most."""
    queries, keys, features, values = 2 + seed, 5 - seed, 3 * seed, 4
    q, k, v, mask = (
        normal(shape, seed=seed, stream=i)
        for i, shape in enumerate([(2, queries, features), (2, keys, features), (2, keys, values), (queries, keys)])
    )
    found = nn.scaled_dot_product_attention(q, k, v, mask)
    a, b, c, m = doubles(q, k, v, mask)
    want = softmax(a @ b.swapaxes(1, 2) / np.sqrt(features) + m) @ c
    assert np.abs(found.numpy() - want).max() < 2.0**-19
    halved = nn.scaled_dot_product_attention(q, k, v, scale=0.5)
    assert np.abs(halved.numpy() - softmax(a @ b.swapaxes(1, 2) / 2) @ c).max() < 2.0**-19


def test_it_is_the_operations_that_its_docstring_names() -> None:
    q, k, v = (normal((2, 3, 4), seed=1, stream=i) for i in range(3))
    weights = (q.matmul(k.matrix_transpose()) * 0.5).softmax(axis=-1)
    assert nn.scaled_dot_product_attention(q, k, v).tobytes() == weights.matmul(v).tobytes()


# --------------------------------------------------------------------------------------------------- masks


def test_a_key_that_takes_no_part_changes_no_bit() -> None:
    model = attention()
    x, memory = normal((2, 3, 8), seed=1), normal((2, 5, 8), seed=2)
    padding = bools([[False] * 3 + [True] * 2, [False] * 5])
    outputs, weights = model(x, memory, memory, padding)
    alone, small = model(x[:1], memory[:1, :3], memory[:1, :3])
    assert outputs[:1].tobytes() == alone.tobytes()
    assert weights is not None
    assert weights[:1].tobytes() == small.pad(((0, 0), (0, 0), (0, 2))).tobytes()
    numbers = padding.where(-inf, rc.zeros((2, 5)))
    assert model(x, memory, memory, numbers)[0].tobytes() == outputs.tobytes()
    other = padding.expand_dims(2).where(7.0, memory)
    assert model(x, other, other, padding)[0].tobytes() == outputs.tobytes()


@pytest.mark.parametrize("kind", ["bools", "numbers", "both"])
def test_where_no_key_takes_part_attention_is_zero(kind: str) -> None:
    model = attention()
    x = normal((2, 3, 8), seed=1).requires_grad_()
    nothing = bools([[True] * 3, [False] * 3])
    numbers = nothing.where(-inf, rc.zeros((2, 3)))
    masks = {"bools": {"key_padding_mask": nothing}, "numbers": {"key_padding_mask": numbers}}
    masks["both"] = {"key_padding_mask": nothing, "attn_mask": rc.ones((3, 3))}
    outputs, weights = model(x, x, x, **masks[kind])
    assert model.out_proj.bias is not None
    assert outputs[0].tobytes() == model.out_proj.bias.broadcast_to((3, 8)).tobytes()
    assert weights is not None
    assert not any(weights[0].reshape((-1,)).tolist())
    outputs.square().sum().backward()
    for tensor in (x, *model.parameters()):
        assert tensor.grad is not None
        assert bool(tensor.grad.isfinite().all())
    assert x.grad is not None
    assert not any(x.grad[0].reshape((-1,)).tolist())
    assert any(x.grad[1].reshape((-1,)).tolist())


def test_masks_are_joined() -> None:
    model = attention()
    x = normal((2, 3, 8), seed=1)
    later = nn.causal_mask(3).logical_not()
    assert nn.causal_mask(2, 3, before=1).tolist() == [[True, True, False], [True, True, True]]
    causal = model(x, x, x, is_causal=True)[0]
    assert model(x, x, x, attn_mask=later)[0].tobytes() == causal.tobytes()
    assert model(x, x, x, attn_mask=later.where(-inf, rc.zeros((3, 3))))[0].tobytes() == causal.tobytes()
    padding = bools([[False, True, False], [False, False, True]])
    both = model(x, x, x, padding, attn_mask=later)[0]
    assert both.tobytes() == model(x, x, x, padding, is_causal=True)[0].tobytes() != causal.tobytes()
    numbers = padding.where(-inf, rc.zeros((2, 3)))
    assert model(x, x, x, numbers, is_causal=True)[0].tobytes() == both.tobytes()
    assert model(x, x, x, numbers, attn_mask=later)[0].tobytes() == both.tobytes()
    of_heads = later.broadcast_to((4, 3, 3)).logical_or(padding.repeat(2, axis=0).expand_dims(1))
    assert model(x, x, x, attn_mask=of_heads)[0].tobytes() == both.tobytes()


@pytest.mark.parametrize("options", [{}, {"rotary": True}])
def test_a_prefix_has_the_bits_that_it_has_in_the_whole(options: dict[str, Any]) -> None:
    """Alone, and step by step with a cache, in pieces of one and of several."""
    layers = [nn.TransformerEncoderLayer(8, 2, 16, generator=Generator(i), **options) for i in range(2)]
    model = nn.TransformerEncoder(layers, norm=nn.LayerNorm(8)).eval()
    x = normal((2, 6, 8), seed=1)
    whole = model(x, is_causal=True)
    for t in range(1, 6):
        assert model(x[:, :t], is_causal=True).tobytes() == whole[:, :t].tobytes()
    for sizes in ((1,) * 6, (3, 1, 2)):
        cache = model.new_cache()
        pieces = [model(piece, is_causal=True, cache=cache) for piece in x.split(sizes, axis=1)]
        assert pieces[0].concat(*pieces[1:], axis=1).tobytes() == whole.tobytes()
        assert [part.length for part in cache] == [6, 6]


def test_a_decoder_has_the_bits_of_the_whole_step_by_step() -> None:
    model = nn.TransformerDecoder(
        nn.TransformerDecoderLayer(4, 2, 8, norm_first=True, generator=Generator(1)), 2
    ).eval()
    x, memory = normal((2, 3, 4), seed=1), normal((2, 5, 4), seed=2)
    cache = model.new_cache()
    found = [model(x[:, t : t + 1], memory, tgt_is_causal=True, cache=cache) for t in range(3)]
    assert found[0].concat(*found[1:], axis=1).tobytes() == model(x, memory, tgt_is_causal=True).tobytes()


def test_masks_are_of_all_keys_in_the_cache_too() -> None:
    model, x = attention(), normal((2, 4, 8), seed=1)
    padding = bools([[True, False, False, False], [False, True, False, False]])
    whole = model(x, x, x, padding, is_causal=True)[0]
    cache = nn.KeyValueCache()
    for t in range(4):
        step = x[:, t : t + 1]
        found = model(step, step, step, padding[:, : t + 1], is_causal=True, cache=cache)[0]
        assert found.tobytes() == whole[:, t : t + 1].tobytes()


# --------------------------------------------------------------------------------------- parameters, dropout


def test_names_and_beginnings_of_weights_are_those_of_pytorch() -> None:
    model = nn.MultiheadAttention(8, 2, generator=Generator(1))
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    assert shapes == {
        "in_proj_weight": (24, 8),
        "in_proj_bias": (24,),
        "out_proj.weight": (8, 8),
        "out_proj.bias": (8,),
    }
    generator = Generator(1)
    assert model.in_proj_weight is not None
    assert model.in_proj_weight.tobytes() == init.xavier_uniform((24, 8), generator=generator).tobytes()
    assert model.out_proj.weight.tobytes() == nn.Linear(8, 8, generator=generator).weight.tobytes()
    assert not any(model.state_dict()["in_proj_bias"].tolist() + model.state_dict()["out_proj.bias"].tolist())
    bare = nn.MultiheadAttention(8, 2, bias=False, kdim=3, vdim=5)
    shapes = {name: tensor.shape for name, tensor in bare.state_dict().items()}
    assert shapes == {
        "q_proj_weight": (8, 8),
        "k_proj_weight": (8, 3),
        "v_proj_weight": (8, 5),
        "out_proj.weight": (8, 8),
    }


def test_projections_apart_have_the_bits_of_one() -> None:
    model = attention()
    apart = attention(kdim=8, vdim=8)
    apart.in_proj_weight, weight = None, model.in_proj_weight
    assert weight is not None
    apart.q_proj_weight, apart.k_proj_weight, apart.v_proj_weight = weight.split(8)
    x = normal((2, 3, 8), seed=1)
    once = model(x, x, x)[0]
    assert model(x, x + 0.0, x)[0].tobytes() == once.tobytes()
    assert apart(x, x, x)[0].tobytes() == once.tobytes()


def test_dropout_is_of_weights_and_in_training() -> None:
    model, plain = attention(dropout=0.5), attention()
    x = normal((2, 3, 8), seed=1)
    rc.manual_seed(5)
    found, weights = model(x, x, x, average_attn_weights=False)
    zeros = sum(not w for w in weights.reshape((-1,)).tolist())
    assert 0 < zeros < weights.size
    rc.manual_seed(5)
    assert model(x, x, x)[0].tobytes() == found.tobytes()
    assert model.eval()(x, x, x)[0].tobytes() == plain(x, x, x)[0].tobytes()
    assert plain(x, x, x, need_weights=False)[1] is None


# ---------------------------------------------------------------------------------------------- transformers


def layer_norm(x: Any, p: dict[str, Any], name: str) -> Any:
    y = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return y * p[f"{name}.weight"] + p[f"{name}.bias"]


def heads(x: Any, memory: Any, p: dict[str, Any], name: str, allowed: Any) -> Any:
    """Attention with two heads, one after the other."""
    size = x.shape[-1]
    weights, biases = np.split(p[f"{name}.in_proj_weight"], 3), np.split(p[f"{name}.in_proj_bias"], 3)
    q, k, v = (a @ w.T + b for a, w, b in zip((x, memory, memory), weights, biases, strict=True))
    found = []
    for part in (slice(0, size // 2), slice(size // 2, size)):
        scores = q[..., part] @ k[..., part].swapaxes(1, 2) / np.sqrt(size // 2)
        found.append(softmax(np.where(allowed, scores, -np.inf)) @ v[..., part])
    return np.concatenate(found, axis=-1) @ p[f"{name}.out_proj.weight"].T + p[f"{name}.out_proj.bias"]


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("decoder", [False, True])
def test_a_layer_is_its_formula(norm_first: bool, decoder: bool) -> None:
    """In binary64. A few hundred roundings of numbers below 16; a normalization divides by no less than 1/4 here."""
    kind = nn.TransformerDecoderLayer if decoder else nn.TransformerEncoderLayer
    model = noisy(kind(4, 2, 8, 0.0, "gelu", norm_first=norm_first, generator=Generator(1)))
    x, memory = normal((2, 3, 4), seed=1), normal((2, 5, 4), seed=2)
    p = dict(zip(model.state_dict(), doubles(*model.state_dict().values()), strict=True))
    y, m = doubles(x, memory)
    allowed = np.tril(np.ones((3, 3), bool))
    exact_erf = np.vectorize(erf)

    def network(x: Any) -> Any:
        z = x @ p["linear1.weight"].T + p["linear1.bias"]
        return z * (1 + exact_erf(z / np.sqrt(2))) / 2 @ p["linear2.weight"].T + p["linear2.bias"]

    parts: list[Callable[[Any], Any]] = [lambda x: heads(x, x, p, "self_attn", allowed)]
    if decoder:
        parts.append(lambda x: heads(x, m, p, "multihead_attn", True))
    for i, part in enumerate([*parts, network], 1):
        y = y + part(layer_norm(y, p, f"norm{i}")) if norm_first else layer_norm(y + part(y), p, f"norm{i}")
    found = model(x, memory, tgt_is_causal=True) if decoder else model(x, is_causal=True)
    assert np.abs(found.numpy() - y).max() < 2.0**-16


def test_layers_of_layers() -> None:
    layer = nn.TransformerDecoderLayer(4, 2, 8, 0.0, generator=Generator(1))
    model = nn.TransformerDecoder(layer, 2, nn.LayerNorm(4))
    x, memory = normal((2, 3, 4), seed=1), normal((2, 5, 4), seed=2)
    padding = bools([[False] * 5, [False, False, True, True, True]])
    want = model.norm(layer(layer(x, memory, memory_key_padding_mask=padding), memory, memory_key_padding_mask=padding))
    assert model(x, memory, memory_key_padding_mask=padding).tobytes() == want.tobytes()
    names = [*model.state_dict()]
    assert names[0] == "layers.0.self_attn.in_proj_weight"
    assert names[-1] == "norm.bias"
    assert "layers.1.multihead_attn.out_proj.weight" in names
    assert model.layers[0] is layer
    with rc.no_grad():
        layer.linear1.weight.replace_(layer.linear1.weight + 1.0)
    assert model(x, memory, memory_key_padding_mask=padding).tobytes() != want.tobytes()
    assert model.count_parameters() == 2 * layer.count_parameters() + 8


@pytest.mark.parametrize("name", ["numpy", "native"])
def test_backends_have_the_same_bits(name: str) -> None:
    def everything(backend: str) -> list[bytes]:
        with rc.use_backend(backend):
            encoder = nn.TransformerEncoderLayer(4, 2, 4, 0.25, "gelu", rotary=True, generator=Generator(1))
            decoder = nn.TransformerDecoderLayer(4, 2, 4, 0.25, norm_first=True, generator=Generator(2))
            x = normal((2, 3, 4), seed=1).requires_grad_()
            rc.manual_seed(1)
            memory = encoder(nn.SinusoidalEncoding(4)(x), src_key_padding_mask=bools([[False] * 3, [True] * 3]))
            y = decoder(x, memory, tgt_is_causal=True)
            y.square().sum().backward()
            grads = [p.grad for p in (x, *encoder.parameters(), *decoder.parameters())]
            return [y.tobytes(), *(g.tobytes() for g in grads if g is not None)]

    found = everything(name)
    assert len(found) == 2 + 12 + 18
    assert found == everything("python")


X = rc.ones((2, 3, 4))
INTS = rc.tensor([[0, 0, 0]] * 2, dtype="int32")


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.MultiheadAttention(6, 4), ShapeError, "embed_dim=6 is no multiple of num_heads=4"),
        (lambda: nn.MultiheadAttention(4, 0), ShapeError, "num_heads must be a positive int, got 0"),
        (lambda: nn.MultiheadAttention(4, 2, 2.0), AttributeValueError, "dropout must be a number from 0 to 1"),
        (lambda: nn.MultiheadAttention(6, 2, rotary=True), ShapeError, "3 is odd"),
        (lambda: attention(4)(X[0], X, X), ShapeError, "query must be (batch, steps, 4), got (3, 4)"),
        (lambda: attention(4, kdim=2)(X, X, X), ShapeError, "key must be (batch, steps, 2), got (2, 3, 4)"),
        (lambda: attention(4)(X, None, X), ShapeError, "key must be (batch, steps, 4), got a NoneType"),
        (lambda: attention(4)(X, X[:1], X), ShapeError, "the same batch"),
        (lambda: attention(4)(X, X[:, :2], X), ShapeError, "key and value the same steps"),
        (lambda: attention(4)(X, X[:, :0], X[:, :0]), ShapeError, "there must be a key"),
        (lambda: attention(4)(X, X, X, bools([[True]])), ShapeError, "key_padding_mask must be (batch, keys) = (2, 3)"),
        (lambda: attention(4)(X, X, X, INTS), DTypeError, "got int32"),
        (lambda: attention(4)(X, X, X, attn_mask=X), ShapeError, "(queries, keys) = (3, 3) or (batch * num_heads"),
        (lambda: nn.scaled_dot_product_attention(X, X[..., :2], X), ShapeError, "do not fit"),
        (lambda: nn.scaled_dot_product_attention(X, X, X, INTS[0]), DTypeError, "bool or float32, got int32"),
        (
            lambda: attention(4)(X, X, X, [[False] * 3] * 2),
            DTypeError,
            "key_padding_mask is a tensor of bool or float32, got list",
        ),
        (lambda: nn.scaled_dot_product_attention(X, X, X, [[True]]), DTypeError, "got list"),  # type: ignore[arg-type]
        (lambda: nn.TransformerEncoderLayer(4, 2, activation="tanh"), AttributeValueError, "one of relu, gelu or a"),
        (lambda: nn.TransformerEncoder([], 2), AttributeValueError, "a list of 0 layers"),
        (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2)), ShapeError, "num_layers must be"),
        (
            lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 4), 2)(X, cache=[]),
            AttributeValueError,
            "0 caches for 2 layers; make them with new_cache()",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)
