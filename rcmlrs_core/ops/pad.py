"""pad(x, widths, *, value=0.0, interior=0): the elements with a filling before, after and between them.

1. ``widths`` is a pair (before, after) for each axis, or one pair for all, or one number for all sides. ``interior``
   fillings stand between neighbours: one number, or one for each axis (as the pad of XLA has it). No bit changes
   (N4.1).
2. ``value`` is rounded once (N6); for int32 it is an integer, for bool 0 or 1.
3. The gradient is the slice that takes the elements out again.
4. ``mode`` is only there to say where its other values went: ``pad_edge``, ``pad_reflect`` and ``pad_wrap`` extend an
   axis by elements of its own.
"""

import operator
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import BOOL, FLOAT32, Shape, strides_of

Widths = tuple[tuple[int, int], ...]


def rule(
    x: Operand,
    widths: int | Sequence[int] | Sequence[Sequence[int]],
    *,
    value: float = 0.0,
    interior: int | Sequence[int] = 0,
    mode: str = "constant",
) -> Result:
    """Clauses 1, 2 and 4."""
    if mode != "constant":
        others = "pad_edge, pad_reflect and pad_wrap"
        raise AttributeValueError(f"pad: fills with a constant, and mode {mode!r} is no such; {others} extend an axis")
    pairs = widths_of("pad", widths, x.shape)
    between = _interior(interior, x.shape)
    shape = tuple(
        before + max(0, n + (n - 1) * gap) + after
        for n, (before, after), gap in zip(x.shape, pairs, between, strict=True)
    )
    normalize_shape("pad", shape)
    return Result(shape, x.dtype, {"widths": pairs, "value": _filling(value, x.dtype), "interior": between})


def widths_of(name: str, widths: Any, shape: Shape) -> Widths:
    """Clause 1, as a pair for each axis; ``name`` is the operation that takes them."""
    try:
        if not isinstance(widths, Sequence):
            widths = (widths, widths)
        if len(widths) == 2 and not any(isinstance(width, Sequence) for width in widths):
            widths = (widths,) * len(shape)
        pairs = tuple((operator.index(before), operator.index(after)) for before, after in widths)
    except (TypeError, ValueError):
        raise ShapeError(
            f"{name}: widths are pairs (before, after) of ints, one for each axis, got {widths!r}"
        ) from None
    if len(pairs) != len(shape):
        raise ShapeError(
            f"{name}: {len(pairs)} pairs of widths for the {len(shape)} axes of shape {shape}; one pair serves all"
        )
    if any(width < 0 for pair in pairs for width in pair):
        raise ShapeError(f"{name}: widths must not be negative, got {pairs}; slice takes elements away")
    return pairs


def _interior(interior: Any, shape: Shape) -> Shape:
    try:
        between = (
            tuple(map(operator.index, interior))
            if isinstance(interior, Sequence)
            else (operator.index(interior),) * len(shape)
        )
    except TypeError:
        raise ShapeError(f"pad: interior is an int, or one for each axis, got {interior!r}") from None
    if len(between) != len(shape) or any(gap < 0 for gap in between):
        raise ShapeError(f"pad: interior must be one non-negative int for each of the {len(shape)} axes, got {between}")
    return between


def _filling(value: Any, dtype: str) -> float | int:
    try:
        filling = round_number(value) if dtype == FLOAT32 else int(value)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise AttributeValueError(f"pad: value must be a number, got {value!r}") from None
    allowed = range(2) if dtype == BOOL else range(-(1 << 31), 1 << 31)
    if dtype != FLOAT32 and (filling != value or filling not in allowed):
        raise AttributeValueError(f"pad: {value!r} is not a value of {dtype}")
    return filling


def source(given: Shape, *, widths: Widths, value: float, interior: Shape) -> Sequence[int]:
    """Axis by axis: the offset of each place of the result along it, or None for a filling."""
    places: list[int | None] = [0]
    for n, stride, (before, after), gap in zip(given, strides_of(given), widths, interior, strict=True):
        line: list[int | None] = [None] * (before + max(0, n + (n - 1) * gap) + after)
        for i in range(n):
            line[before + i * (gap + 1)] = i * stride
        places = [None if place is None or step is None else place + step for place in places for step in line]
    return [-1 if place is None else place for place in places]


def gradient(g: Any, y: Any, x: Any, *, widths: Widths, value: float, interior: Shape) -> tuple[Any]:
    """Every (gap + 1)-th element from ``before`` on."""
    start = tuple(before for before, _ in widths)
    stop = tuple(
        before + max(0, n + (n - 1) * gap) for n, (before, _), gap in zip(x.shape, widths, interior, strict=True)
    )
    return (g.slice(start=start, stop=stop, step=tuple(gap + 1 for gap in interior)),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, 2.0], widths=(1, 2), want=[0.0, 1.0, 2.0, 0.0, 0.0]),
        case([[1.0]], widths=((1, 0), (0, 2)), value=-0.0, want=[[-0.0] * 3, [1.0, -0.0, -0.0]]),
        case([[1.0]], widths=1, value=0.1, want=[[0.1] * 3, [0.1, 1.0, 0.1], [0.1] * 3], note="0.1 is rounded once"),
        case([1.0, 2.0, 3.0], widths=((0, 1),), interior=2, want=[1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 3.0, 0.0]),
        case([], widths=(1, 1), interior=3, want=[0.0, 0.0]),
        case([-0.0, float("nan")], widths=0, want=[-0.0, float("nan")]),
    ),
    refusals=(
        refusal(ShapeError, "1 pairs of widths for the 2 axes", [[1.0]], widths=((1, 1),)),
        refusal(ShapeError, "slice takes elements away", [1.0], widths=(-1, 0)),
        refusal(ShapeError, "pairs (before, after)", [1.0], widths=((1, 2, 3),)),
        refusal(ShapeError, "non-negative", [1.0], widths=0, interior=-1),
        refusal(AttributeValueError, "must be a number", [1.0], widths=0, value="x"),
        refusal(AttributeValueError, "pad_edge, pad_reflect and pad_wrap", [1.0], widths=1, mode="edge"),
        refusal(ShapeError, "elements", [1.0], widths=2**59),
    ),
    calls=(
        call((3,), widths=2),
        call((2, 3), widths=((1, 0), (0, 2)), value=1),
        call((2, 3, 1), widths=(1, 2)),
        call((2, 3), widths=1, interior=(2, 1)),
        call((0, 2), widths=1),
        call((17,), widths=(0, 33)),
        call((91,), widths=1, value=-0.0),
    ),
)
