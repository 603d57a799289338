"""What tells a model of which step a vector is. Angles are exact, and their sines and cosines rounded once (N6)."""

from array import array
from functools import lru_cache
from typing import Any

from rcmlrs_core.creation import from_plain
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn.checks import check_sizes
from rcmlrs_core.nn.dropout import Dropout
from rcmlrs_core.nn.init import scaled_normal
from rcmlrs_core.nn.module import Layer, Parameter
from rcmlrs_core.numerics.formats import Format, from_bits
from rcmlrs_core.numerics.reals import Enclosure, Reals, decide
from rcmlrs_core.numerics.rounding import round_decided
from rcmlrs_core.plain import PlainArray, check_memory
from rcmlrs_core.random import Generator
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import RamTensor

BASE = 10000
"""The wavelengths go from 2 pi to BASE * 2 pi."""

PLACES = 160
WIDE = Format("wide", exponent_bits=11, precision=PLACES)


class SinusoidalEncoding(Layer):
    """``x + p`` for ``x`` (batch, time, d_model), then dropout: positions as sines of many wavelengths.

    ``p[t, 2i] = sin(t / 10000^(2i / d_model))`` and ``p[t, 2i + 1] = cos(t / 10000^(2i / d_model))``, each the nearest
    number to the exact value. They are computed when they are needed; there is no longest sequence, and nothing to
    save. ``offset`` is the position of the first step.

    Source: A. Vaswani et al., Attention is all you need, arXiv:1706.03762, section 3.5.
    """

    def __init__(self, d_model: int, dropout: float = 0.0) -> None:
        check_sizes("SinusoidalEncoding", d_model=d_model)
        self.d_model = d_model
        self.dropout = Dropout(dropout)

    def forward(self, x: RamTensor, offset: int = 0) -> RamTensor:
        """``x + p``."""
        time = check_steps("SinusoidalEncoding", x, self.d_model, offset)
        return self.dropout(x + sinusoids(time, self.d_model, offset=offset, backend=x._backend))


class LearnedEncoding(Layer):
    """``x + weight[:time]`` for ``x`` (batch, time, d_model): a vector for each position, which is trained.

    ``weight`` is (max_len, d_model), and begins normal with standard deviation 0.02, as in GPT-2 and BERT. ``offset``
    is the position of the first step.
    """

    def __init__(self, max_len: int, d_model: int, *, generator: Generator | None = None) -> None:
        check_sizes("LearnedEncoding", max_len=max_len, d_model=d_model)
        self.weight = Parameter(scaled_normal((max_len, d_model), 0.02, generator=generator))

    def forward(self, x: RamTensor, offset: int = 0) -> RamTensor:
        """``x + weight[offset : offset + time]``."""
        longest, d_model = self.weight.shape
        time = check_steps("LearnedEncoding", x, d_model, offset)
        if offset + time > longest:
            raise ShapeError(
                f"LearnedEncoding: steps {offset} to {offset + time - 1}, and there are {longest} positions; "
                "give a larger max_len"
            )
        return x + self.weight[offset : offset + time]

    def extra_repr(self) -> str:
        """The arguments."""
        return ", ".join(map(str, self.weight.shape))


class RotaryEmbedding(Layer):
    """Queries or keys (..., time, features) turned by angles of their positions: their products see distances alone.

    Features i and ``features / 2 + i`` are a pair, which is turned by the angle ``t / base^(2i / features)``: ``a cos -
    b sin`` and ``b cos + a sin``, with sines and cosines rounded once. ``features`` is even. ``offset`` is the position
    of the first step.

    Source: J. Su et al., RoFormer, arXiv:2104.09864; the pairs are those of GPT-NeoX and Llama.
    """

    def __init__(self, features: int, base: int = BASE) -> None:
        check_sizes("RotaryEmbedding", features=features, base=base)
        if features % 2:
            raise ShapeError(f"RotaryEmbedding: features are turned in pairs; {features} is odd")
        self.features = features
        self.base = base

    def forward(self, x: RamTensor, offset: int = 0) -> RamTensor:
        """Each step turned."""
        time = check_steps("RotaryEmbedding", x, self.features, offset)
        half = self.features // 2
        cosines, sines = rotations(time, self.features, self.base, offset=offset, backend=x._backend)
        a, b = x[..., :half], x[..., half:]
        return (a * cosines - b * sines).concat(b * cosines + a * sines, axis=-1)

    def extra_repr(self) -> str:
        """The arguments."""
        return str(self.features) + f", base={self.base}" * (self.base != BASE)


def check_steps(name: str, x: RamTensor, features: int, offset: Any) -> int:
    """The number of steps of ``x``, (..., time, features)."""
    if x.ndim < 2 or x.shape[-1] != features:
        raise ShapeError(f"{name}: x must be (..., time, {features}), got {x.shape}")
    if not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
        raise AttributeValueError(f"{name}: offset is the position of the first step, an int from 0 on, got {offset!r}")
    return x.shape[-2]


# ------------------------------------------------------------------------------------------------- sines, cosines


def sinusoids(length: int, features: int, *, offset: int = 0, backend: str | Backend | None = None) -> RamTensor:
    """The rows of :class:`SinusoidalEncoding`'s table p from ``offset`` on, (length, features)."""
    cosines, sines = rotations(length, features, offset=offset, backend=backend)
    return sines.stack(cosines, axis=2).reshape((length, 2 * sines.shape[1]))[:, :features]


def rotations(
    length: int, features: int, base: int = BASE, *, offset: int = 0, backend: str | Backend | None = None
) -> tuple[RamTensor, RamTensor]:
    """RN of cos and sin of ``t / base^(2i / features)`` for ``length`` steps t from ``offset`` on: two tables.

    They are (length, features / 2), rounded up. What was computed is kept, so that a sequence that grows costs nothing.
    """
    half, stop = -(-features // 2), offset + length
    check_memory("rotations", (stop, half), 4)
    tables = _tables(max(64, 1 << (stop - 1).bit_length()), features, base)  # lengths that grow share a table
    cosines, sines = (
        from_plain(PlainArray(table[offset * half : stop * half], (length, half)), backend) for table in tables
    )
    return cosines, sines


@lru_cache(maxsize=8)
def _tables(length: int, features: int, base: int) -> "tuple[array[float], array[float]]":
    """In row-major order.

    (cos, sin) of t + 1 is that of t turned by the angle of 1, in integers, as multiples of 2^-160. Each turn adds at
    most 4 units to the error: 1 for each of the two factors, and 2 for sum and floor. So for t < 2^32 it is below
    2^-126, which is less than 2^-53 times the 2^-70 that the test takes for the least magnitude.
    """
    half = -(-features // 2)
    turns = [[_scaled(i, features, base, name) for name in ("cos", "sin")] for i in range(half)]
    places = [(1 << PLACES, 0)] * half
    values: tuple[list[float], list[float]] = [], []
    one = 1 << PLACES
    for _ in range(length):
        for c, s in places:
            values[0].append(c / one)  # Python's quotient of integers is rounded once
            values[1].append(s / one)
        places = [
            ((c * a - s * b) >> PLACES, (s * a + c * b) >> PLACES) for (c, s), (a, b) in zip(places, turns, strict=True)
        ]
    cosines, sines = (
        _rounded(column, name, features, base) for column, name in zip(values, ("cos", "sin"), strict=True)
    )
    return cosines, sines


def _rounded(values: list[float], name: str, features: int, base: int) -> "array[float]":
    half = -(-features // 2)
    magnitudes = [0.0] * half + [max(abs(value), 2.0**-70) for value in values[half:]]  # of t = 0 they are exact
    found, undecided = round_decided(values, 2, magnitudes)
    for place in undecided:
        t, i = divmod(place, half)
        found[place] = from_bits(decide(lambda r, t=t, i=i: _turned(r, t, i, features, base, name)))  # type: ignore[misc]
    return found


def _scaled(i: int, features: int, base: int, name: str) -> int:
    """cos or sin of ``base^(-2i / features)``, to the nearest multiple of 2^-160."""
    return round(WIDE.fraction(decide(lambda r: _turned(r, 1, i, features, base, name), WIDE)) * (1 << PLACES))


def _turned(r: Reals, t: int, i: int, features: int, base: int, name: str) -> Enclosure:
    """cos or sin of ``t * base^(-2i / features)``."""
    angle = r.number(t) * r.exp(-r.log(r.number(base)) * r.ratio(2 * i, features)) if i else r.number(t)
    return r.cos(angle) if name == "cos" else r.sin(angle)
