"""``repr`` of a tensor: aligned numbers, as short as they can be told apart at a glance; long ones with the middle left out."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rcmlrs_core.tensor import RamTensor

DIGITS = 6
"""Significant digits that are shown. All of them are in ``tolist()``."""

THRESHOLD, EDGE = 1000, 3
"""Tensors of more elements than this show this many at both ends of an axis, as NumPy does."""

WIDTH = 100


def describe(t: "RamTensor") -> str:
    """``tensor([[1., 2.]], shape=(1, 2), backend='numpy')``."""
    shown = t.tolist() if t.size <= THRESHOLD else _edges(t)
    texts = _texts(shown)
    width = max((len(text) for text in _flat(texts)), default=0)
    body = _lay_out(texts, width, len("tensor("))
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


def _texts(shown: Any) -> Any:
    if isinstance(shown, list):
        return [_texts(part) for part in shown]
    return short(shown) if isinstance(shown, float) else str(shown)


def _flat(texts: Any) -> list[str]:
    return [text for part in texts for text in _flat(part)] if isinstance(texts, list) else [texts]


def _edges(t: "RamTensor") -> Any:
    """Nested lists with ``...`` in the middle of long axes; only the edges leave the backend."""
    if t.ndim == 0:
        return t.item()
    n = len(t)
    if t.ndim == 1 and n <= 2 * EDGE:
        return t.tolist()
    if n <= 2 * EDGE:
        return [_edges(t[i]) for i in range(n)]
    ends = [_edges(t[i]) for i in range(EDGE)], [_edges(t[i]) for i in range(n - EDGE, n)]
    return [*ends[0], "...", *ends[1]]


def _lay_out(texts: Any, width: int, indent: int) -> str:
    if not isinstance(texts, list):
        return str(texts).rjust(width) if texts != "..." else texts
    if not any(isinstance(part, list) for part in texts):
        cells = [_lay_out(part, width, 0) for part in texts]
        per_line = max(1, (WIDTH - indent) // (width + 2))
        lines = [", ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    separator = ",\n" + " " * (indent + 1)
    return "[" + separator.join(_lay_out(part, width, indent + 1) for part in texts) + "]"
