"""Dropout: in training some elements become zero, by chance, and the others larger.

Source: N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, Dropout: a simple way to prevent neural
networks from overfitting, JMLR 15 (2014) 1929-1958.
"""

from fractions import Fraction
from typing import ClassVar

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.nn.checks import check_between
from rcmlrs_core.nn.module import Layer
from rcmlrs_core.plain import Shape
from rcmlrs_core.random import Generator, default_generator
from rcmlrs_core.tensor import Number, RamTensor


def drop(x: RamTensor, p: Number, shape: Shape, generator: Generator | None = None) -> RamTensor:
    """0 with probability ``p``, else ``x / (1 - p)``; where the mask's ``shape`` has a 1, elements share a fate."""
    dropped = (generator or default_generator()).bernoulli(shape, p, backend=x._backend)
    scale = 1 / (1 - Fraction(p)) if p < 1 else 1
    return dropped.where(0.0, x * scale)


class Dropout(Layer):
    """In training each element is zero with probability ``p``, and otherwise ``x / (1 - p)``; in ``eval`` nothing is.

    The factor ``1 / (1 - p)`` is exact until its one rounding (N6), and the product with it rounds once. Element i is
    dropped where ``u < p``, u of ``random.uniform`` (N8); each call takes the next stream of ``generator``, by default
    of ``rc.random.default_generator()``. So a mask depends on seed and stream alone, on every backend. An element that
    is dropped is +0, also one that is infinite or NaN, and its gradient is 0.
    """

    def __init__(self, p: Number = 0.5, *, generator: Generator | None = None) -> None:
        check_between(type(self).__name__, "p", p, 0, 1)
        self.p = p
        self.generator = generator

    def forward(self, x: RamTensor) -> RamTensor:
        """``x``, of which some is dropped."""
        if not self.training or self.p == 0:
            return x
        return drop(x, self.p, self._mask_shape(x), self.generator)

    def _mask_shape(self, x: RamTensor) -> Shape:
        return x.shape

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"p={self.p}"


class _ChannelDropout(Dropout):
    """What the dropouts of whole channels share."""

    rank: ClassVar[int]

    def _mask_shape(self, x: RamTensor) -> Shape:
        if x.ndim != self.rank + 2:
            raise ShapeError(
                f"{type(self).__name__}: takes (batch, channels) and {self.rank} spatial axes, "
                f"got a tensor of shape {x.shape}"
            )
        return (*x.shape[:2], *(1,) * self.rank)


class Dropout1d(_ChannelDropout):
    """:class:`Dropout` of whole channels of ``(batch, channels, length)``."""

    rank = 1


class Dropout2d(_ChannelDropout):
    """:class:`Dropout` of whole channels of ``(batch, channels, height, width)``."""

    rank = 2


class Dropout3d(_ChannelDropout):
    """:class:`Dropout` of whole channels of ``(batch, channels, depth, height, width)``."""

    rank = 3
