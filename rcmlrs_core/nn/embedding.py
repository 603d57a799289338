"""The embedding: a table, of which indices take rows."""

from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError
from rcmlrs_core.nn.checks import check_sizes
from rcmlrs_core.nn.module import Layer, Parameter
from rcmlrs_core.plain import INT32
from rcmlrs_core.random import Generator, default_generator
from rcmlrs_core.tensor import RamTensor


class Embedding(Layer):
    """The rows of ``weight`` that the indices name, bit for bit (N4.1): int32 ``(...)`` gives ``(..., embedding_dim)``.

    ``weight`` is ``(num_embeddings, embedding_dim)`` and begins normal, with mean 0 and standard deviation 1. The row
    ``padding_idx`` (below zero it counts from the end) begins as zeros and receives no gradient, so it stays what it
    is. A row that is taken several times receives the exact sum (N3.1).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        check_sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None:
            if padding_idx not in range(-num_embeddings, num_embeddings):
                raise AttributeValueError(
                    f"Embedding: padding_idx must be an int in [{-num_embeddings}, {num_embeddings}), or None, "
                    f"got {padding_idx!r}"
                )
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        weight = (generator or default_generator()).normal((num_embeddings, embedding_dim))
        if padding_idx is not None:
            weight = weight.at[padding_idx].set(0.0)
        self.weight = Parameter(weight)

    def forward(self, x: RamTensor) -> RamTensor:
        """The rows of the indices ``x``."""
        if x.dtype != INT32:
            raise DTypeError(f"Embedding: indices are int32, got {x.dtype}; rc.tensor(indices, dtype='int32')")
        try:
            rows = self.weight.take(x)
        except IndexRangeError as error:
            raise IndexRangeError(
                f"Embedding: an index is not in [0, {self.num_embeddings}), the rows of the table; {error}"
            ) from None
        if self.padding_idx is None:
            return rows
        padding = x.equal(tensor(self.padding_idx, x.backend, dtype=INT32)).expand_dims(-1)
        return padding.where(rows.detach(), rows)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
