"""Learning curves: as a picture, by matplotlib, and as text for a terminal, by nothing.

``History.plot`` and ``History.chart`` come here. Epochs count from 1, as people read them.
"""

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from math import frexp, isfinite
from typing import TYPE_CHECKING, Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.io.atomic import FilePath, atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curve = Sequence[float | None]
"""A number for every epoch; None where nothing was measured."""

WIDE = 20
"""From this ratio of the largest to the smallest number, if all are positive, the axis is logarithmic."""
FORMATS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Endings of files, and what is left out of their metadata: equal curves make equal files."""

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of the dots of a braille character, four rows of two (The Unicode Standard, block Braille Patterns)."""
POINT = "o"
"""A point of the second curve of a chart."""
APART = 4
"""Characters at least between two such points, so that the line of the first can be seen."""


def panels(curves: Mapping[str, Curve]) -> dict[str, dict[str, Curve]]:
    """What belongs into one picture: a curve and that of the same measure on the validation data."""
    found: dict[str, dict[str, Curve]] = {}
    for name, curve in curves.items():
        found.setdefault(name.removeprefix("val_"), {})[name] = curve
    return found


def is_wide(curves: Mapping[str, Curve]) -> bool:
    """Whether a logarithmic axis shows more."""
    values = [value for curve in curves.values() for value in curve if value is not None and isfinite(value)]
    return bool(values) and min(values) > 0 and max(values) >= WIDE * min(values)


# ------------------------------------------------------------------------------------------------- a picture


def check_library() -> None:
    """matplotlib is there, or an error says how to get it."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "plot: matplotlib draws the curves and is not installed; pip install 'rcmlrs[plot]'. "
            "print(history.chart()) needs nothing"
        ) from error


def draw(path: FilePath | None, epochs: Sequence[int], curves: Mapping[str, Curve]) -> "Figure":
    """The figure, a panel for each measure; written to ``path`` if there is one, in the format of its ending.

    Raises:
        ImportError: matplotlib is not installed.
        AttributeValueError: an ending that is none of png, svg and pdf.
        OSError: the file cannot be written; what was there is unchanged.
    """
    ending = "" if path is None else os.path.splitext(os.fsdecode(path))[1].lower().removeprefix(".")
    if path is not None and ending not in FORMATS:
        raise AttributeValueError(f"plot: {os.fsdecode(path)!r} has none of the endings .png, .svg and .pdf; name one")
    check_library()
    from matplotlib import rc_context, style
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    parts = panels(curves)
    # The default style, whatever style the user has: equal curves make equal files.
    with (
        style.context("default"),
        rc_context({"svg.hashsalt": "rcmlrs", "svg.fonttype": "path", "font.family": "DejaVu Sans"}),
    ):
        figure = Figure(figsize=(6.4, 3.2 * max(len(parts), 1)), layout="constrained")
        all_axes: Any = figure.subplots(max(len(parts), 1), 1, squeeze=False)
        for axes, (name, some) in zip(all_axes[:, 0], parts.items(), strict=False):
            for called, curve in some.items():
                points = [
                    (epoch + 1, y) for epoch, y in zip(epochs, curve, strict=True) if y is not None and isfinite(y)
                ]
                line = "--" if called.startswith("val_") else "-"
                x, y = [p[0] for p in points], [p[1] for p in points]
                axes.plot(x, y, line, marker="o" if len(points) < 2 else "", label=called)
            axes.set_xlabel("epoch")
            axes.set_xlim(epochs[0] + 0.5, epochs[-1] + 1.5)
            axes.set_ylabel(name if len(some) > 1 else next(iter(some)))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            if is_wide(some):
                axes.set_yscale("log")
            if len(some) > 1:
                axes.legend(frameon=False)
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
        if path is not None:
            content = BytesIO()
            figure.savefig(content, format=ending, dpi=150, metadata=FORMATS[ending])
            with atomic_write(path) as file:
                file.write(content.getvalue())
    return figure


# --------------------------------------------------------------------------------------------------- a text


def chart(name: str, epochs: Sequence[int], curves: Mapping[str, Curve], width: int, height: int) -> str:
    """The curves of a measure in ``height`` lines of ``width`` characters, and below them what they end with.

    The first curve, as a rule that of the training data, is a line of braille dots; the other, of the validation data,
    some of its points. The axis is logarithmic where that shows more: linear between powers of two, which no platform
    rounds differently.
    """
    some = panels(curves).get(name)
    if some is None:
        raise AttributeValueError(
            f"chart: there is no {name!r} in this history; there are {', '.join(panels(curves)) or 'no epochs'}"
        )
    if min(width, height) < 2:
        raise AttributeValueError(f"chart: takes at least 2 characters either way, got {width} by {height}")
    log = is_wide(some)
    points = {
        called: [(i, _level(y, log)) for i, y in enumerate(curve) if y is not None and isfinite(y)]
        for called, curve in some.items()
    }
    levels = [level for curve in points.values() for _, level in curve]
    values = [y for curve in some.values() for y in curve if y is not None and isfinite(y)]
    if not levels:
        return f"{name}: no finite number"
    low, high = min(levels), max(levels)
    columns, rows = 2 * width - 1, 4 * height - 1

    def dot(point: tuple[int, float]) -> tuple[int, int]:
        x = round(point[0] * columns / (len(epochs) - 1)) if len(epochs) > 1 else 0
        return x, round((high - point[1]) / (high - low) * rows) if high > low else rows // 2

    grid = [[BRAILLE] * width for _ in range(height)]
    marks: dict[tuple[int, int], str] = {}
    for place, curve in enumerate(points.values()):
        dots = [dot(point) for point in curve]
        if place:
            marks = {(y // 4, x // 2): POINT for x, y in _apart(dots)}
        else:
            for x, y in _line(dots):
                grid[y // 4][x // 2] |= DOTS[y % 4][x % 2]
    top, bottom = f"{max(values):.4g}", f"{min(values):.4g}"
    margin = max(len(top), len(bottom))
    lines = []
    for row in range(height):
        label = top if row == 0 else bottom if row == height - 1 else ""
        text = "".join(marks.get((row, x)) or (chr(c) if c > BRAILLE else " ") for x, c in enumerate(grid[row]))
        lines.append(f"{label:>{margin}} ┤{text}".rstrip())
    first, last = str(epochs[0] + 1), str(epochs[-1] + 1)
    lines.append(" " * margin + " └" + "─" * width)
    lines.append(" " * (margin + 2) + first + (last.rjust(width - len(first)) if len(epochs) > 1 else ""))
    shown = [
        f"{POINT if place else '─'} {called} {next(y for y in reversed(curve) if y is not None):.6g}"
        for place, (called, curve) in enumerate(some.items())
        if any(y is not None for y in curve)
    ]
    scale = "   (logarithmic)" if log else ""
    return "\n".join([*lines, " " * (margin + 2) + "   ".join(shown) + scale])


def _level(value: float, log: bool) -> float:
    """Where a number is on the axis."""
    if not log:
        return value
    mantissa, exponent = frexp(value)
    return exponent + 2 * mantissa - 1


def _apart(dots: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Some of the dots, so far apart that the line of another curve shows between them: the last and some before."""
    found: list[tuple[int, int]] = []
    for x, y in reversed(dots):
        if not found or found[-1][0] - x >= 2 * APART:
            found.append((x, y))
    return found


def _line(dots: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The dots, and those on the straight lines between them."""
    found = list(dots[:1])
    for (x, y), (x2, y2) in pairwise(dots):
        steps = max(abs(x2 - x), abs(y2 - y), 1)
        found += [(x + (x2 - x) * i // steps, y + (y2 - y) * i // steps) for i in range(1, steps + 1)]
    return found
