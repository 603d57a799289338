"""Attention: every query takes a mean of the values, weighted by how well their keys fit.

Source: A. Vaswani et al., Attention is all you need, arXiv:1706.03762, section 3.2.
"""

from fractions import Fraction
from math import inf
from typing import Any

from rcmlrs_core.creation import arange, zeros
from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.nn.checks import check_batch_first, check_between, check_sizes
from rcmlrs_core.nn.dropout import Dropout
from rcmlrs_core.nn.init import root, xavier_uniform
from rcmlrs_core.nn.linear import Linear
from rcmlrs_core.nn.module import Parameter, TensorModule
from rcmlrs_core.nn.positional import RotaryEmbedding
from rcmlrs_core.nn.steps import cut
from rcmlrs_core.plain import BOOL, FLOAT32, INT32
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import Number, RamTensor


def scaled_dot_product_attention(
    query: RamTensor,
    key: RamTensor,
    value: RamTensor,
    attn_mask: RamTensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: Number | None = None,
) -> RamTensor:
    """``softmax(query key^T * scale) value``, as in PyTorch.

    ``query`` is (..., queries, features), ``key`` (..., keys, features) and ``value`` (..., keys, values); gives
    (..., queries, values). ``scale`` is ``1 / sqrt(features)``, rounded once, unless it is given. ``attn_mask``
    broadcasts to (..., queries, keys): bools are true where a key takes part, numbers are added before the softmax.
    ``is_causal`` lets query i see the keys 0 to i; together with a mask, both hold.

    A key that takes no part has the weight 0, and changes no bit of the result (as long as its value is finite: 0 times
    an infinity or NaN is NaN, N3.2). Where no key takes part the result is 0, as in PyTorch from 2.5 on (the softmax of
    nothing would be NaN), and no gradient flows. With ``dropout_p`` weights are dropped with that probability, always:
    in a layer's ``eval`` pass 0.
    """
    return _attention(query, key, value, attn_mask, dropout_p, 0 if is_causal else None, scale)[0]


def _attention(
    query: RamTensor,
    key: RamTensor,
    value: RamTensor,
    mask: RamTensor | None,
    dropout: float,
    before: int | None,
    scale: Number | None = None,
) -> tuple[RamTensor, RamTensor]:
    """The result, and the weights (..., queries, keys). Query i sees the keys 0 to ``before + i``; all, with None."""
    name = "scaled_dot_product_attention"
    if (
        min(query.ndim, key.ndim, value.ndim) < 2
        or query.shape[-1] != key.shape[-1]
        or key.shape[-2] != value.shape[-2]
    ):
        raise ShapeError(
            f"{name}: query (..., queries, features), key (..., keys, features) and value (..., keys, values) "
            f"do not fit: {query.shape}, {key.shape}, {value.shape}"
        )
    if not key.shape[-2] or not query.shape[-1]:
        raise ShapeError(f"{name}: there must be a key and a feature, got keys of shape {key.shape}")
    if scale is None:
        scale = root(Fraction(1, query.shape[-1]))
    scores = query.matmul(key.matrix_transpose()) * scale
    allowed: RamTensor | None = None
    if mask is not None:
        if _check_mask(f"{name}: attn_mask", mask) == BOOL:
            allowed = mask
        else:
            scores, allowed = scores + mask, mask.not_equal(-inf)
    if before is not None:
        past = causal_mask(query.shape[-2], key.shape[-2], before=before, backend=query._backend)
        allowed = past if allowed is None else allowed.logical_and(past)
    if allowed is not None:
        scores = allowed.where(scores, -inf)
    weights = scores.softmax(axis=-1)
    if allowed is not None and mask is not None:
        weights = allowed.where(weights, 0.0)  # of a row without a key that takes part, they are NaN
    if dropout:
        weights = Dropout(dropout)(weights)
    return weights.matmul(value), weights


def causal_mask(queries: int, keys: int | None = None, *, before: int = 0, backend: Any = None) -> RamTensor:
    """Bools (queries, keys): true where key j is not after query i, ``j <= before + i``."""
    rows = arange(before, before + queries, dtype=INT32, backend=backend).expand_dims(1)
    return arange(queries if keys is None else keys, dtype=INT32, backend=backend).less_equal(rows)


class KeyValueCache:
    """The keys and values of the steps that an attention has seen: what generation step by step need not do again."""

    key: RamTensor | None = None
    value: RamTensor | None = None

    @property
    def length(self) -> int:
        """How many steps it holds."""
        return 0 if self.key is None else self.key.shape[-2]

    def extend(self, key: RamTensor, value: RamTensor) -> tuple[RamTensor, RamTensor]:
        """Put new ones, (batch, heads, steps, features), after those that are there, and return all."""
        if self.key is not None and self.value is not None:
            key, value = self.key.concat(key, axis=2), self.value.concat(value, axis=2)
        self.key, self.value = key, value
        return key, value


class MultiheadAttention(TensorModule):
    """Attention in ``num_heads`` parts of the features, each with projections of its own: PyTorch's, batch first.

    ``forward(query, key, value)`` takes (batch, queries, embed_dim), (batch, keys, kdim) and (batch, keys, vdim); gives
    (batch, queries, embed_dim) and the weights. ``in_proj_weight`` (3 * embed_dim, embed_dim) makes query, key and
    value, from above; where ``kdim`` or ``vdim`` differ from ``embed_dim`` there are ``q_proj_weight``,
    ``k_proj_weight`` and ``v_proj_weight`` in its place. These begin as ``xavier_uniform``, and are drawn first;
    ``out_proj`` as a :class:`Linear`; biases as zeros. In training, weights are dropped with probability ``dropout``.
    ``rotary=True`` turns queries and keys by their positions (:class:`RotaryEmbedding`), in the order of their steps.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = True,
        rotary: bool = False,
        generator: Generator | None = None,
    ) -> None:
        check_batch_first("MultiheadAttention", batch_first)
        kdim, vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        check_sizes("MultiheadAttention", embed_dim=embed_dim, num_heads=num_heads, kdim=kdim, vdim=vdim)
        check_between("MultiheadAttention", "dropout", dropout, 0, 1)
        if embed_dim % num_heads:
            raise ShapeError(
                f"MultiheadAttention: embed_dim={embed_dim} is no multiple of num_heads={num_heads}; every head takes "
                "an equal part of the features"
            )
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.rotary = RotaryEmbedding(embed_dim // num_heads) if rotary else None

        def draw(*shape: int) -> RamTensor:
            return Parameter(xavier_uniform(shape, generator=generator))

        if kdim == vdim == embed_dim:
            self.in_proj_weight: RamTensor | None = draw(3 * embed_dim, embed_dim)
        else:
            self.in_proj_weight = None
            self.q_proj_weight = draw(embed_dim, embed_dim)
            self.k_proj_weight = draw(embed_dim, kdim)
            self.v_proj_weight = draw(embed_dim, vdim)
        self.in_proj_bias = Parameter(zeros((3 * embed_dim,))) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=False, generator=generator)
        self.out_proj.bias = Parameter(zeros((embed_dim,))) if bias else None

    def forward(
        self,
        query: RamTensor,
        key: RamTensor,
        value: RamTensor,
        key_padding_mask: RamTensor | None = None,
        need_weights: bool = True,
        attn_mask: RamTensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
        *,
        cache: KeyValueCache | None = None,
    ) -> tuple[RamTensor, RamTensor | None]:
        """``(outputs, weights)``; the weights, after dropout, are (batch, queries, keys), the mean over the heads.

        Without ``average_attn_weights`` they are (batch, num_heads, queries, keys); without ``need_weights`` None.

        ``key_padding_mask`` (batch, keys) and ``attn_mask``, (queries, keys) or (batch * num_heads, queries, keys), are
        bools that are true where a key takes **no** part, as in PyTorch (and unlike ``scaled_dot_product_attention``),
        or numbers to be added. ``is_causal`` lets query i see the keys 0 to i; no mask need be given. What the masks
        leave out changes no bit. Where they leave nothing, attention gives 0, and ``outputs`` the bias of ``out_proj``
        (PyTorch: NaN).

        ``cache`` has the keys and values of earlier steps, and takes in those of this call: with ``is_causal``, step
        after step (or in pieces) gives the bits of all at once. ``key`` and ``value`` are then those of the new steps;
        masks are of all keys, of those in the cache too.
        """
        self._check(query, key, value)
        batch, queries, _ = query.shape
        before = 0 if cache is None else cache.length
        q, k, v = (self._split(x) for x in self._projected(query, key, value))
        if self.rotary is not None:
            q, k = self.rotary(q, offset=before), self.rotary(k, offset=before)
        if cache is not None:
            k, v = cache.extend(k, v)
        mask = self._mask(key_padding_mask, attn_mask, batch, queries, k.shape[2])
        dropout = self.dropout if self.training else 0.0
        found, weights = _attention(q, k, v, mask, dropout, before if is_causal else None)
        outputs: RamTensor = self.out_proj(found.transpose((0, 2, 1, 3)).reshape((batch, queries, self.embed_dim)))
        if not need_weights:
            return outputs, None
        return outputs, weights.mean(axis=1) if average_attn_weights else weights

    def _check(self, query: Any, key: Any, value: Any) -> None:
        if self.in_proj_weight is None:
            kdim, vdim = self.k_proj_weight.shape[1], self.v_proj_weight.shape[1]
        else:
            kdim = vdim = self.embed_dim
        named = ("query", query, self.embed_dim), ("key", key, kdim), ("value", value, vdim)
        for name, x, size in named:
            if not isinstance(x, RamTensor) or x.ndim != 3 or x.shape[2] != size:
                got = x.shape if isinstance(x, RamTensor) else f"a {type(x).__name__}"
                raise ShapeError(f"MultiheadAttention: {name} must be (batch, steps, {size}), got {got}")
        if not query.shape[0] == key.shape[0] == value.shape[0] or key.shape[1] != value.shape[1]:
            raise ShapeError(
                "MultiheadAttention: query, key and value have the same batch, and key and value the same steps; got "
                f"{query.shape}, {key.shape}, {value.shape}"
            )

    def _projected(self, query: RamTensor, key: RamTensor, value: RamTensor) -> tuple[RamTensor, RamTensor, RamTensor]:
        """Query, key and value after their projections; of one tensor, by one product."""
        size = self.embed_dim
        sizes = (size, size, size)
        if self.in_proj_weight is not None and query is key is value:
            q, k, v = cut(query.linear(self.in_proj_weight, self.in_proj_bias), sizes=sizes)
            return q, k, v
        if self.in_proj_weight is None:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        else:
            weights = list(self.in_proj_weight.split(sizes))
        biases = [None] * 3 if self.in_proj_bias is None else list(self.in_proj_bias.split(sizes))
        q, k, v = (x.linear(w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))
        return q, k, v

    def _split(self, x: RamTensor) -> RamTensor:
        """(batch, steps, embed_dim) as (batch, num_heads, steps, part of the features)."""
        batch, steps, size = x.shape
        return x.reshape((batch, steps, self.num_heads, size // self.num_heads)).transpose((0, 2, 1, 3))

    def _mask(
        self, padding: RamTensor | None, mask: RamTensor | None, batch: int, queries: int, keys: int
    ) -> RamTensor | None:
        """Both masks as ``scaled_dot_product_attention`` takes one: bools are true where a key takes part."""
        found = None
        if mask is not None:
            kind = _check_mask("MultiheadAttention: attn_mask", mask)
            if mask.shape == (batch * self.num_heads, queries, keys):
                mask = mask.reshape((batch, self.num_heads, queries, keys))
            elif mask.shape != (queries, keys):
                raise ShapeError(
                    f"MultiheadAttention: attn_mask must be (queries, keys) = {(queries, keys)} or (batch * num_heads, "
                    f"queries, keys) = {(batch * self.num_heads, queries, keys)}, got {mask.shape}"
                )
            found = mask.logical_not() if kind == BOOL else mask
        if padding is not None:
            kind = _check_mask("MultiheadAttention: key_padding_mask", padding)
            if padding.shape != (batch, keys):
                raise ShapeError(
                    f"MultiheadAttention: key_padding_mask must be (batch, keys) = {(batch, keys)}, got {padding.shape}"
                )
            padding = padding.reshape((batch, 1, 1, keys))
            found = _both(found, padding.logical_not() if kind == BOOL else padding)
        return found

    def extra_repr(self) -> str:
        """The arguments."""
        parts = [str(self.embed_dim), str(self.num_heads)] + [f"dropout={self.dropout}"] * (self.dropout > 0)
        return ", ".join(parts + ["bias=False"] * (self.in_proj_bias is None))


def _check_mask(name: str, mask: Any) -> str:
    """The element type of a mask."""
    found = mask.dtype if isinstance(mask, RamTensor) else type(mask).__name__
    if found not in (BOOL, FLOAT32):
        raise DTypeError(f"{name} is a tensor of bool or float32, got {found}")
    return found


def _both(a: RamTensor | None, b: RamTensor) -> RamTensor:
    """Two masks as one: bools where both hold; numbers, where one is of numbers, of which -inf is false."""
    if a is None:
        return b
    if a.dtype == b.dtype == BOOL:
        return a.logical_and(b)
    if a.dtype == b.dtype:
        return a + b
    numbers, bools = (a, b) if a.dtype == FLOAT32 else (b, a)
    return bools.where(numbers, -inf)
