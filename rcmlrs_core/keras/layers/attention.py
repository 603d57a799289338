"""Attention: MultiHeadAttention, and the dot-product and additive attention of whole vectors."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rcmlrs_core.creation import ones
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras.layers.activations import Softmax
from rcmlrs_core.keras.layers.configured import StandardLayer, one_of, positive, refuse
from rcmlrs_core.keras.layers.core import EinsumDense
from rcmlrs_core.keras.layers.regularization import Dropout, probability
from rcmlrs_core.nn.init import root
from rcmlrs_core.plain import BOOL
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import RamTensor

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class MultiHeadAttention(StandardLayer):
    """``softmax(q k^T / sqrt(key_dim)) v`` in heads: of ``query``, ``value`` and ``key``, by default the value.

    ``query`` is ``(batch, ..., features)``. The projections are ``query_dense``, ``key_dense`` and ``value_dense``,
    with kernels ``(features, heads, key_dim)``, and ``output_dense``, ``(heads, value_dim, features)``; each has its
    bias inside the sum. The query is divided by the root, then come the sums of products, the softmax over all
    ``attention_axes`` and the sums over the values, each rounded once. A place counts where the masks of query, value
    and key, ``attention_mask`` ``(batch, query, key)`` and, with ``use_causal_mask``, the order say so.

    Source: A. Vaswani et al., Attention is all you need, arXiv:1706.03762.
    """

    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        refuse(self, use_gate=use_gate, sliding_window=sliding_window)
        self.num_heads = positive(self, num_heads=num_heads)
        self.key_dim = positive(self, key_dim=key_dim)
        self.value_dim = self.key_dim if value_dim is None else positive(self, value_dim=value_dim)
        self.dropout = probability(self, dropout)
        self.use_bias = use_bias
        self.use_gate, self.sliding_window = False, None
        self.features = (output_shape,) if isinstance(output_shape, int) else output_shape and tuple(output_shape)
        self.attention_axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self.seed = seed
        self.set_options(
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def argument(self, name: str) -> Any:
        """``output_shape`` has another attribute: a layer of a model has one of that name already."""
        return self.features if name == "output_shape" else super().argument(name)

    def _projection(self, rank: int, name: str, summed: int, output: Sequence[int]) -> EinsumDense:
        """A layer that sums over the last axes of an input and gives ``output`` in their place."""
        free, inner, outer = LETTERS[: rank - summed], LETTERS[rank - summed : rank], LETTERS[rank : rank + len(output)]
        return EinsumDense(
            f"{free}{inner},{inner}{outer}->{free}{outer}",
            (*(None,) * (len(free) - 1), *output),
            bias_axes=outer if self.use_bias else None,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            trainable=self.trainable,
            name=name,
        )

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """The projections."""
        key_shape = value_shape if key_shape is None else key_shape
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ShapeError(
                f"layer {self.name!r}: value and key have the same shape but for their features, got "
                f"{tuple(value_shape)} and {tuple(key_shape)}"
            )
        heads = self.num_heads
        self.query_dense = self._projection(len(query_shape), "query", 1, (heads, self.key_dim))
        self.key_dense = self._projection(len(key_shape), "key", 1, (heads, self.key_dim))
        self.value_dense = self._projection(len(value_shape), "value", 1, (heads, self.value_dim))
        rank = len(query_shape)
        axes = self.attention_axes if self.attention_axes is not None else range(1, rank - 1)
        self.attention_axes = tuple(axis if axis >= 0 else rank + axis for axis in axes)
        self._softmax = Softmax(axis=tuple(range(-len(self.attention_axes), 0)))
        self._dropout_layer = Dropout(self.dropout, seed=self.seed)
        output = self.features if self.features else (query_shape[-1],)
        self.output_dense = self._projection(rank + 1, "attention_output", 2, output)
        self.query_dense.build_from_config({"input_shape": query_shape})
        self.key_dense.build_from_config({"input_shape": key_shape})
        self.value_dense.build_from_config({"input_shape": value_shape})
        self.output_dense.build_from_config({"input_shape": (*query_shape[:-1], heads, self.value_dim)})
        self.built = True

    def call(
        self,
        query: RamTensor,
        value: RamTensor,
        key: RamTensor | None = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, and with ``return_attention_scores`` the scores, ``(batch, heads, query, key)``."""
        mask = joined_mask(query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask)
        q = self.query_dense(query) * root(Fraction(1, self.key_dim))
        k = self.key_dense(value if key is None else key)
        v = self.value_dense(value)
        scores_of, outputs_of = self._equations(q.ndim)
        scores = q.einsum(k, subscripts=scores_of)
        if mask is not None:
            free = scores.ndim - mask.ndim
            axis = mask.ndim - 2 * len(self.attention_axes)
            mask = mask.reshape((*mask.shape[:axis], *(1,) * free, *mask.shape[axis:]))
        scores = self._softmax(scores, mask=mask)
        kept = self._dropout_layer(scores, training=training) if self.dropout else scores
        output = self.output_dense(kept.einsum(v, subscripts=outputs_of))
        return (output, scores) if return_attention_scores else output

    def _equations(self, rank: int) -> tuple[str, str]:
        """Of queries and keys to scores, and of scores and values to outputs, each of ``rank`` axes.

        Scores have the axes that are not attended to (the batch, and the heads), then those of the queries, then those
        of the keys.
        """
        attended = self.attention_axes
        q = LETTERS[:rank]
        k = "".join(LETTERS[rank + axis] if axis in attended else q[axis] for axis in range(rank - 1)) + q[-1]
        v = k[:-1] + LETTERS[2 * rank]
        batch = "".join(q[axis] for axis in range(rank - 1) if axis not in attended)
        scores = batch + "".join(q[axis] for axis in attended) + "".join(k[axis] for axis in attended)
        return f"{q},{k}->{scores}", f"{scores},{v}->{q[:-1]}{v[-1]}"

    def compute_output_shape(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> Any:
        """The query's, with the output's features."""
        return (*query_shape[:-1], *(self.features or query_shape[-1:]))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """KerasTensors; the scores' shape is found on zeros."""
        if kwargs.get("return_attention_scores"):
            return self._try_on_zeros(args, kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """That of the query."""
        return previous_mask


class Attention(StandardLayer):
    """``softmax(q k^T) v`` of ``[query, value]`` or ``[query, value, key]``, each ``(batch, time, features)``.

    ``score_mode="concat"`` scores by ``concat_score_weight * sum(tanh(scale * (q + k)))`` instead; ``use_scale`` has
    the score times a number that is learned. ``mask`` is a list of the query's and the value's.
    """

    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.score_mode = one_of(self, "score_mode", score_mode, "dot", "concat")
        self.dropout = probability(self, dropout)
        self.seed = seed
        self._dropout_layer = Dropout(self.dropout, seed=seed) if self.dropout else None

    def build(self, input_shape: Any) -> None:
        """The scale, and the weight of the score mode "concat"."""
        if len(input_shape) not in (2, 3):
            raise ShapeError(f"layer {self.name!r}: takes [query, value] or [query, value, key], got {input_shape}")
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")
        self.built = True

    def _scores(self, query: RamTensor, key: RamTensor) -> RamTensor:
        if self.concat_score_weight is None:
            scores = query.matmul(key.transpose((0, 2, 1)))
            return scores if self.scale is None else scores * self.scale
        both = query.expand_dims(axis=-2) + key.expand_dims(axis=-3)
        return self.concat_score_weight * (both if self.scale is None else self.scale * both).tanh().sum(axis=-1)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, and with ``return_attention_scores`` the scores."""
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (mask[0], mask[1]) if mask is not None else (None, None)
        scores = self._scores(query, key)
        allowed = joined_mask(query, value, None, value_mask, None, None, use_causal_mask)
        if allowed is not None:
            scores = allowed.where(scores, scores - 1e9)
        scores = scores.softmax(axis=-1)
        kept = self._dropout_layer(scores, training=training) if self._dropout_layer is not None else scores
        output = kept.matmul(value)
        if query_mask is not None:
            output = query_mask.expand_dims(axis=-1).where(output, output.full_like(0.0))
        return (output, scores) if return_attention_scores else output

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The query's, with the value's features."""
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """KerasTensors; the scores' shape is found on zeros."""
        if kwargs.get("return_attention_scores"):
            return self._try_on_zeros(args, kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """That of the query."""
        return previous_mask[0] if isinstance(previous_mask, list | tuple) else None


class AdditiveAttention(Attention):
    """Attention with the score ``sum(scale * tanh(q + k))``, where ``scale`` is learned for every feature.

    Source: D. Bahdanau, K. Cho, Y. Bengio, Neural machine translation by jointly learning to align and translate,
    arXiv:1409.0473.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """The scale."""
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")
        self.built = True

    def _scores(self, query: RamTensor, key: RamTensor) -> RamTensor:
        both = (query.expand_dims(axis=-2) + key.expand_dims(axis=-3)).tanh()
        return (both if self.scale is None else self.scale * both).sum(axis=-1)


def joined_mask(
    query: RamTensor,
    value: RamTensor,
    query_mask: Any,
    value_mask: Any,
    key_mask: Any,
    attention_mask: Any,
    causal: bool,
) -> RamTensor | None:
    """Where all masks hold: ``(batch, query, key)``, or with 1 in place of what no mask depends on; None for all."""
    parts: list[RamTensor] = []
    if query_mask is not None:
        parts.append(as_bool(query_mask).expand_dims(axis=-1))
    parts += [as_bool(mask).expand_dims(axis=-2) for mask in (value_mask, key_mask) if mask is not None]
    if causal:
        parts.append(causal_mask(query.shape[1], value.shape[1], query._backend))
    if attention_mask is not None:
        parts.append(as_bool(attention_mask))
    found = None
    for part in parts:
        found = part if found is None else found.logical_and(part)
    return found


def as_bool(mask: RamTensor) -> RamTensor:
    """A mask of numbers as one of bools."""
    return mask if mask.dtype == BOOL else mask != 0


def causal_mask(queries: int, keys: int, backend: Backend) -> RamTensor:
    """``(1, queries, keys)``: a query sees the keys up to its own place."""
    return (ones((1, queries, keys), backend=backend).tril() != 0.0) if queries and keys else empty_mask(queries, keys)


def empty_mask(queries: int, keys: int) -> RamTensor:
    """A mask without places."""
    raise AttributeValueError(f"use_causal_mask: there are {queries} queries and {keys} keys, expected at least one")


__all__ = ["AdditiveAttention", "Attention", "MultiHeadAttention"]
