"""Dropout."""

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.nn.module import Layer
from rcmlrs_core.random import default_generator
from rcmlrs_core.tensor import RamTensor


class Dropout(Layer):
    """Elements are zero with probability ``p`` in training, and the others divided by ``1 - p``."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise AttributeValueError(f"Dropout: p must be a probability, got {p!r}")
        self.p = p

    def forward(self, x: RamTensor) -> RamTensor:
        """As in training, or x itself."""
        if not self.training or self.p == 0:
            return x
        kept = default_generator().bernoulli(x.shape, 1 - self.p, backend=x._backend)
        return kept.where(x / (1 - self.p), 0.0)
