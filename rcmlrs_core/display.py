"""``repr`` of a tensor: aligned numbers, short enough to read; of a large one the middle is left out."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rcmlrs_core.tensor import RamTensor

DIGITS = 6
"""Significant digits that are shown. All of them are in ``tolist()``."""

THRESHOLD, EDGE = 1000, 3
"""Tensors of more elements than this show this many at both ends of an axis, as NumPy does."""

WIDTH = 75

LEFT_OUT = "..."


def describe(t: "RamTensor") -> str:
    """``tensor([[1., 2.]], shape=(1, 2), backend='numpy')``."""
    shown = [] if not t.size else t.tolist() if t.size <= THRESHOLD else _edges(t.detach())
    body = _lay_out(_aligned(shown), len("tensor("), t.ndim)
    notes = [f"shape={t.shape}"] if t.ndim > 1 or t.size > THRESHOLD or not t.size else []
    notes += [f"dtype={t.dtype!r}"] if t.dtype != "float32" else []
    notes += [f"backend={t.backend!r}"]
    notes += ["requires_grad=True"] if t.requires_grad else []
    return f"tensor({body}, {', '.join(notes)})"


def short(value: float) -> str:
    """A number in few digits: ``1.``, ``0.1``, ``1.2345e-08``, ``nan``."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = f"{value:.{DIGITS}g}"
    if "e" not in text and "." not in text:
        text += "."
    return text


def _aligned(shown: Any) -> Any:
    """The elements as texts of one width, their points (or last digits) below each other."""
    if not isinstance(shown, list):
        return _text(shown)
    texts = list(map(_text, _elements(shown)))
    before = max((_point(text) for text in texts), default=0)
    after = max((len(text) - _point(text) for text in texts), default=0)

    def align(part: Any) -> Any:
        if isinstance(part, list):
            return [align(p) for p in part]
        if part is LEFT_OUT:
            return LEFT_OUT
        text = _text(part)
        return (" " * (before - _point(text)) + text).ljust(before + after)

    return align(shown)


def _text(value: Any) -> str:
    return short(value) if isinstance(value, float) else str(value)


def _point(text: str) -> int:
    """Where the point is, or would be: numbers with an exponent, ``nan`` and ``inf`` end before it."""
    return text.index(".") if "." in text and "e" not in text else len(text)


def _elements(shown: Any) -> Iterator[Any]:
    for part in shown:
        if isinstance(part, list):
            yield from _elements(part)
        elif part is not LEFT_OUT:
            yield part


def _edges(t: "RamTensor") -> Any:
    """Nested lists with ``LEFT_OUT`` in the middle of long axes; only the edges leave the backend."""
    n = t.shape[0]
    places = [*range(n)] if n <= 2 * EDGE else [*range(EDGE), *range(n - EDGE, n)]
    shown: list[Any]
    if t.ndim > 1:
        shown = [_edges(t[i]) for i in places]
    else:
        shown = t.tolist() if len(places) == n else t[:EDGE].tolist() + t[n - EDGE :].tolist()
    if len(places) < n:
        shown.insert(EDGE, LEFT_OUT)
    return shown


def _lay_out(texts: Any, indent: int, ndim: int) -> str:
    """Rows below each other, and blank lines between matrices."""
    if not isinstance(texts, list):
        return str(texts)
    if any(isinstance(part, list) for part in texts):
        separator = "," + "\n" * max(1, ndim - 1) + " " * (indent + 1)
        return "[" + separator.join(_lay_out(part, indent + 1, ndim - 1) for part in texts) + "]"
    per_line = max(1, (WIDTH - indent) // (2 + max(map(len, texts), default=0)))
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
