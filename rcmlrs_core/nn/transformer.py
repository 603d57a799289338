"""The blocks of a transformer: attention and a network of two layers, each with a way around it, and layers of these.

Source: A. Vaswani et al., Attention is all you need, arXiv:1706.03762; with ``norm_first`` as in R. Xiong et al., On
layer normalization in the transformer architecture, arXiv:2002.04745.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.nn.attention import KeyValueCache, MultiheadAttention
from rcmlrs_core.nn.checks import check_batch_first, check_sizes
from rcmlrs_core.nn.dropout import Dropout
from rcmlrs_core.nn.linear import Linear
from rcmlrs_core.nn.module import Layer, Module
from rcmlrs_core.nn.norm import LayerNorm
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import RamTensor

Activation = Callable[[RamTensor], RamTensor]

ACTIVATIONS: Mapping[str, Activation] = {"relu": lambda x: x.relu(), "gelu": lambda x: x.gelu_erf()}
"""PyTorch's two names; its gelu is the exact one."""


class Block(Layer):
    """What the two kinds of layers share: the network, and the way around.

    The parts and their tensors have PyTorch's names. Weights are drawn in the order of the parts.
    """

    linear1: Linear
    linear2: Linear
    dropout: Dropout

    def __init__(self, activation: str | Activation, norm_first: bool) -> None:
        kind = type(self).__name__
        if not callable(activation) and activation not in ACTIVATIONS:
            raise AttributeValueError(
                f"{kind}: activation is one of {', '.join(ACTIVATIONS)} or a function of a tensor, got {activation!r}"
            )
        self.norm_first = norm_first
        self.activation: Activation = activation if callable(activation) else ACTIVATIONS[activation]

    def _around(self, x: RamTensor, norm: Layer, part: Activation) -> RamTensor:
        """``x + part(norm(x))``, or with the normalization last ``norm(x + part(x))``."""
        return x + part(norm(x)) if self.norm_first else norm(x + part(x))

    def _network(self, x: RamTensor) -> RamTensor:
        """Wide, and narrow again."""
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(Block):
    """Self-attention and a network: ``x = norm1(x + attention(x))``, ``x = norm2(x + network(x))``, as in PyTorch.

    With ``norm_first`` it is ``x + attention(norm1(x))`` and ``x + network(norm2(x))``. The network is ``linear2(
    activation(linear1(x)))``, of width ``dim_feedforward``; ``activation`` is "relu", "gelu" (the exact one) or a
    function of a tensor. In training, the attention's weights, what the activation gives and what the parts give are
    dropped with probability ``dropout``. Sequences are (batch, time, d_model).
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = "relu",
        layer_norm_eps: float = 1e-5,
        norm_first: bool = False,
        bias: bool = True,
        *,
        batch_first: bool = True,
        rotary: bool = False,
        generator: Generator | None = None,
    ) -> None:
        check_batch_first("TransformerEncoderLayer", batch_first)
        check_sizes("TransformerEncoderLayer", d_model=d_model, nhead=nhead, dim_feedforward=dim_feedforward)
        super().__init__(activation, norm_first)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, rotary=rotary, generator=generator)
        self.linear1 = Linear(d_model, dim_feedforward, bias, generator=generator)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, generator=generator)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)

    def forward(
        self,
        src: RamTensor,
        src_mask: RamTensor | None = None,
        src_key_padding_mask: RamTensor | None = None,
        is_causal: bool = False,
        *,
        cache: KeyValueCache | None = None,
    ) -> RamTensor:
        """A sequence of the same shape. Masks, ``is_causal`` and ``cache`` are those of :class:`MultiheadAttention`."""

        def attention(x: RamTensor) -> RamTensor:
            return self.dropout1(
                self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal, cache=cache)[0]
            )

        x = self._around(src, self.norm1, attention)
        return self._around(x, self.norm2, lambda x: self.dropout2(self._network(x)))


class TransformerDecoderLayer(Block):
    """Self-attention, attention to ``memory`` (what an encoder gave), and a network; as in PyTorch.

    See :class:`TransformerEncoderLayer`, of which it has one part more in the middle, ``multihead_attn``.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = "relu",
        layer_norm_eps: float = 1e-5,
        norm_first: bool = False,
        bias: bool = True,
        *,
        batch_first: bool = True,
        rotary: bool = False,
        generator: Generator | None = None,
    ) -> None:
        check_batch_first("TransformerDecoderLayer", batch_first)
        check_sizes("TransformerDecoderLayer", d_model=d_model, nhead=nhead, dim_feedforward=dim_feedforward)
        super().__init__(activation, norm_first)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, rotary=rotary, generator=generator)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, generator=generator)
        self.linear1 = Linear(d_model, dim_feedforward, bias, generator=generator)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, generator=generator)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)

    def forward(
        self,
        tgt: RamTensor,
        memory: RamTensor,
        tgt_mask: RamTensor | None = None,
        memory_mask: RamTensor | None = None,
        tgt_key_padding_mask: RamTensor | None = None,
        memory_key_padding_mask: RamTensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
        *,
        cache: KeyValueCache | None = None,
    ) -> RamTensor:
        """A sequence of the shape of ``tgt``. Masks and the rest are those of :class:`MultiheadAttention`."""

        def attention(x: RamTensor) -> RamTensor:
            return self.dropout1(
                self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal, cache=cache)[0]
            )

        def attention_to_memory(x: RamTensor) -> RamTensor:
            return self.dropout2(
                self.multihead_attn(
                    x, memory, memory, memory_key_padding_mask, False, memory_mask, is_causal=memory_is_causal
                )[0]
            )

        x = self._around(tgt, self.norm1, attention)
        x = self._around(x, self.norm2, attention_to_memory)
        return self._around(x, self.norm3, lambda x: self.dropout3(self._network(x)))


class _Stack(Layer):
    """Layers one after another, and perhaps a normalization after the last one."""

    def __init__(self, layer: Module | Sequence[Module], num_layers: int | None, norm: Module | None) -> None:
        if isinstance(layer, Module):
            check_sizes(type(self).__name__, num_layers=num_layers)
            self.layers = [layer, *(deepcopy(layer) for _ in range((num_layers or 1) - 1))]
        else:
            self.layers = list(layer)
            if num_layers not in (None, len(self.layers)) or not self.layers:
                raise AttributeValueError(
                    f"{type(self).__name__}: a list of {len(self.layers)} layers and num_layers={num_layers}; leave "
                    "num_layers out, and give at least one layer"
                )
        self.norm = norm

    def _run(self, x: RamTensor, cache: Sequence[KeyValueCache] | None, *inputs: Any) -> RamTensor:
        if cache is not None and len(cache) != len(self.layers):
            raise AttributeValueError(
                f"{type(self).__name__}: {len(cache)} caches for {len(self.layers)} layers; make them with new_cache()"
            )
        for i, layer in enumerate(self.layers):
            x = layer(x, *inputs, cache=None if cache is None else cache[i])
        return x if self.norm is None else self.norm(x)

    def new_cache(self) -> list[KeyValueCache]:
        """One for each layer, to generate step by step."""
        return [KeyValueCache() for _ in self.layers]


class TransformerEncoder(_Stack):
    """``num_layers`` of an encoder layer, one after another, and then ``norm``, where it is given.

    The layers are ``encoder_layer`` and copies of it, which begin with equal weights, as in PyTorch; a list of layers
    that are made one by one (and drawn one by one) may be given in its place.
    """

    def __init__(
        self, encoder_layer: Module | Sequence[Module], num_layers: int | None = None, norm: Module | None = None
    ) -> None:
        super().__init__(encoder_layer, num_layers, norm)

    def forward(
        self,
        src: RamTensor,
        mask: RamTensor | None = None,
        src_key_padding_mask: RamTensor | None = None,
        is_causal: bool = False,
        *,
        cache: Sequence[KeyValueCache] | None = None,
    ) -> RamTensor:
        """A sequence of the same shape; ``cache`` is one of ``new_cache()``, see :class:`MultiheadAttention`."""
        return self._run(src, cache, mask, src_key_padding_mask, is_causal)


class TransformerDecoder(_Stack):
    """``num_layers`` of a decoder layer, one after another, and then ``norm``; see :class:`TransformerEncoder`."""

    def __init__(
        self, decoder_layer: Module | Sequence[Module], num_layers: int | None = None, norm: Module | None = None
    ) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: RamTensor,
        memory: RamTensor,
        tgt_mask: RamTensor | None = None,
        memory_mask: RamTensor | None = None,
        tgt_key_padding_mask: RamTensor | None = None,
        memory_key_padding_mask: RamTensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
        *,
        cache: Sequence[KeyValueCache] | None = None,
    ) -> RamTensor:
        """A sequence of the shape of ``tgt``; ``memory`` is what an encoder gave."""
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        return self._run(tgt, cache, memory, *masks, tgt_is_causal, memory_is_causal)
