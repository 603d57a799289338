"""Pictures varied at random: flips, crops, shifts, turns, brightness, contrast, small affine maps.

What an example becomes is a function of (seed, epoch, number of the example) alone, so it is the same in whatever
batch, by whatever thread. The variation at place k of the list draws from the Philox block (N8) of key ``seed``,
stream ``2^63 + k 2^32 + epoch`` and element the number of the example: four words, which are not those of the epoch's
order. A uniform number is ``t 2^-24``, t the top 24 bits of a word. All else is a composition of operations (N5).
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import arange, tensor
from rcmlrs_core.data.dataset import Batch, Dataset
from rcmlrs_core.errors import AttributeValueError, DataError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.plain import BOOL
from rcmlrs_core.random import WORD, Block, philox
from rcmlrs_core.tensor import RamTensor

STREAMS = 1 << 63
"""Where the streams of variations begin; those of epochs' orders are below 2^32."""


def draws(seed: int, place: int, epoch: int, examples: Sequence[int]) -> list[Block]:
    """The four words of each example, for the variation at ``place``."""
    stream = STREAMS | place << 32 | epoch
    key, upper = (seed & WORD, seed >> 32), (stream & WORD, stream >> 32)
    return [philox((example & WORD, example >> 32, *upper), key) for example in examples]


class Augmented(Dataset):
    """``dataset``, whose first tensor, pictures ``(n, channels, height, width)``, is varied at random.

    ``Augmented(folder, [RandomFlip(), RandomCrop(4)], seed=1)``; the rest of a batch stays as it is. Evaluate on the
    data set that is not varied.
    """

    def __init__(self, dataset: Dataset, variations: "Sequence[Variation]", *, seed: int = 0) -> None:
        _check_int("Augmented: seed", seed, 1 << 64)
        for variation in variations:
            if not hasattr(variation, "apply"):
                raise TypeError(f"Augmented: {variation!r} is no variation; write RandomFlip(), RandomCrop(4), ...")
        self.dataset = dataset
        self.variations = tuple(variations)
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The batch, varied as this epoch has it."""
        x, *others = self.dataset.take(indices, epoch)
        if x.ndim != 4:
            raise DataError(f"Augmented: takes pictures (n, channels, height, width), got x of shape {x.shape}")
        with no_grad():
            for place, variation in enumerate(self.variations):
                x = variation.apply(x, draws(self.seed, place, epoch, indices))
        return x, *others


class Variation:
    """One way to vary pictures. A subclass defines ``apply``."""

    def apply(self, x: RamTensor, words: list[Block]) -> RamTensor:
        """``x`` ``(n, channels, height, width)``, picture i varied by the four words ``words[i]``."""
        raise NotImplementedError(f"{type(self).__name__} defines no apply(x, words)")


class RandomFlip(Variation):
    """Mirrored with the probability ``p``: left and right, or with ``vertical`` top and bottom. Moves bits only."""

    def __init__(self, p: float = 0.5, *, vertical: bool = False) -> None:
        self.chance = _number("RandomFlip", "p", p, 0, 1)
        self.vertical = vertical

    def apply(self, x: RamTensor, words: list[Block]) -> RamTensor:
        """Where u of the first word is below p."""
        below = self.chance * (1 << 24)
        mask = tensor([(first >> 8) < below for first, *_ in words], x._backend, dtype=BOOL).reshape((-1, 1, 1, 1))
        return mask.where(x.flip(axis=2 if self.vertical else 3), x)


class RandomCrop(Variation):
    """Shifted by up to ``padding`` pixels each way: padded, and cut to the old size at random. Moves bits only.

    What comes in is ``value``, or with ``value=None`` the pixels at the edge.
    """

    def __init__(self, padding: int, *, value: float | None = 0.0) -> None:
        _check_int("RandomCrop: padding", padding, 1 << 24)
        self.padding = padding
        self.value = value

    def apply(self, x: RamTensor, words: list[Block]) -> RamTensor:
        """``floor(w (2 padding + 1) / 2^32)`` pixels down and right in the padded one, w the first two words."""
        height, width = x.shape[2:]
        p, span = self.padding, 2 * self.padding + 1
        around = ((0, 0), (0, 0), (p, p), (p, p))
        wide = x.pad_edge(around) if self.value is None else x.pad(around, value=self.value)
        parts = []
        for i, (first, second, *_) in enumerate(words):
            down, right = first * span >> 32, second * span >> 32
            parts.append(wide[i : i + 1, :, down : down + height, right : right + width])
        return parts[0].concat(*parts[1:], axis=0)


def RandomShift(pixels: int) -> RandomCrop:
    """Shifted by up to so many pixels each way; the pixels at the edge are repeated."""
    return RandomCrop(pixels, value=None)


class RandomTurn(Variation):
    """Turned by 0, 90, 180 or 270 degrees against the clock. Pictures are square. Moves bits only."""

    def apply(self, x: RamTensor, words: list[Block]) -> RamTensor:
        """By a right angle times the top two bits of the first word."""
        size = x.shape[2]
        if size != x.shape[3]:
            raise DataError(f"RandomTurn: takes square pictures, got {size} x {x.shape[3]} pixels")
        across = x.transpose((0, 1, 3, 2))
        turned = (across.flip(axis=2), x.flip(axis=(2, 3)), across.flip(axis=3))
        for quarters, other in enumerate(turned, 1):
            mask = tensor([first >> 30 == quarters for first, *_ in words], x._backend, dtype=BOOL)
            x = mask.reshape((-1, 1, 1, 1)).where(other, x)
        return x


class RandomBrightness(Variation):
    """``x + d``, d uniform from ``-delta`` to ``delta``; ``limits`` cuts the result off."""

    def __init__(self, delta: float, *, limits: tuple[float, float] | None = None) -> None:
        self.delta = _number("RandomBrightness", "delta", delta, 0)
        self.limits = limits

    def apply(self, x: RamTensor, words: list[Block]) -> RamTensor:
        """d is RN of the exact number, and the sum is rounded once."""
        d = tensor([_between(-self.delta, self.delta, first) for first, *_ in words], x._backend)
        x = x + d.reshape((-1, 1, 1, 1))
        return x if self.limits is None else x.clip(*self.limits)


class RandomContrast(Variation):
    """``(x - m) f + m``, m the mean of the picture, f uniform from ``low`` to ``high``; ``limits`` cuts it off."""

    def __init__(self, low: float, high: float, *, limits: tuple[float, float] | None = None) -> None:
        self.low = _number("RandomContrast", "low", low, 0)
        self.high = _number("RandomContrast", "high", high, self.low)
        self.limits = limits

    def apply(self, x: RamTensor, words: list[Block]) -> RamTensor:
        """``mean``, ``sub``, ``mul`` and ``add``, each rounded once; f is RN of the exact number."""
        f = tensor([_between(self.low, self.high, first) for first, *_ in words], x._backend)
        mean = x.mean(axis=(1, 2, 3), keepdims=True)
        x = (x - mean) * f.reshape((-1, 1, 1, 1)) + mean
        return x if self.limits is None else x.clip(*self.limits)


class RandomAffine(Variation):
    """Turned by up to ``degrees``, shifted by up to ``shift`` pixels, and enlarged by 1 - ``zoom`` to 1 + ``zoom``.

    About the middle of the picture; between pixels linear; what comes in from outside is ``value``.
    """

    def __init__(self, degrees: float = 0, *, shift: float = 0, zoom: float = 0, value: float = 0.0) -> None:
        self.degrees = _number("RandomAffine", "degrees", degrees, 0, 360)
        self.shift = _number("RandomAffine", "shift", shift, 0)
        self.zoom = _number("RandomAffine", "zoom", zoom, 0, Fraction(9, 10))
        self.value = value

    def apply(self, x: RamTensor, words: list[Block]) -> RamTensor:
        """By the words in the order angle, down, right, zoom.

        A pixel at (row, column) from the middle comes from ``R (row, column) / z - shift``, R of RN(cos) and RN(sin) of
        the angle in radians, RN of the exact product with pi/180 rounded; with operations, each rounded once. Its
        four neighbours there are weighted by the products of distances, and joined by one ``add_n``.
        """
        n, channels, height, width = x.shape
        backend = x._backend
        angle = tensor([_between(-self.degrees, self.degrees, w[0]) for w in words], backend) * DEGREE
        down = tensor([_between(-self.shift, self.shift, w[1]) for w in words], backend).reshape((n, 1))
        right = tensor([_between(-self.shift, self.shift, w[2]) for w in words], backend).reshape((n, 1))
        zoom = tensor([_between(1 - self.zoom, 1 + self.zoom, w[3]) for w in words], backend).reshape((n, 1))
        cos, sin = angle.cos().reshape((n, 1)) / zoom, angle.sin().reshape((n, 1)) / zoom
        middle = (height - 1) / 2, (width - 1) / 2
        rows = (arange(height, backend=backend) - middle[0]).reshape((height, 1)).broadcast_to((height, width))
        columns = (arange(width, backend=backend) - middle[1]).broadcast_to((height, width))
        rows, columns = rows.reshape((1, height * width)), columns.reshape((1, height * width))
        row = cos * rows - sin * columns - down + middle[0]
        column = sin * rows + cos * columns - right + middle[1]
        top, left = row.floor(), column.floor()
        below, beside = row - top, column - left
        terms: list[RamTensor] = []
        flat = x.reshape((n, channels, height * width))
        for step_down, share_down in ((0.0, 1.0 - below), (1.0, below)):
            for step_right, share_right in ((0.0, 1.0 - beside), (1.0, beside)):
                r, c = top + step_down, left + step_right
                inside = r.equal(r.clip(0, height - 1)).logical_and(c.equal(c.clip(0, width - 1)))
                at = _whole(r, height) * width + _whole(c, width)
                found = flat.take_along_axis(at.reshape((n, 1, height * width)), axis=2)
                near = inside.reshape((n, 1, height * width)).where(found, self.value)
                terms.append(near * (share_down * share_right).reshape((n, 1, height * width)))
        return terms[0].add_n(*terms[1:]).reshape(x.shape)


def _whole(x: RamTensor, length: int) -> RamTensor:
    """Whole numbers as int32, cut off to 0 ... length - 1: their places among these numbers."""
    return arange(length, backend=x._backend).searchsorted(x.clip(0, length - 1))


DEGREE = 0.01745329238474369
"""RN(pi/180)."""


def _between(low: Fraction, high: Fraction, word: int) -> float:
    """RN of ``low + (high - low) u``, exact before its one rounding, as ``random.uniform`` has it."""
    return round_number(low + (high - low) * Fraction(word >> 8, 1 << 24))


def _number(name: str, what: str, value: Any, least: Fraction | int, most: Fraction | int = 1 << 100) -> Fraction:
    try:
        exact = Fraction(value)
    except (TypeError, ValueError, OverflowError):
        exact = Fraction(-1)
    if not least <= exact <= most:
        bound = f"from {least} to {most}" if most < 1 << 100 else f"of at least {least}"
        raise AttributeValueError(f"{name}: {what} must be a number {bound}, got {value!r}")
    return exact


def _check_int(name: str, value: Any, end: int) -> None:
    if not isinstance(value, int) or not 0 <= value < end:
        raise AttributeValueError(f"{name} must be an int in [0, 2^{end.bit_length() - 1}), got {value!r}")
