"""quantile(x, q, axis=None, keepdims=False, *, method="linear"): the q-th quantile of the elements along some axes.

1. Of n sorted elements the one at place h = (n-1) q; between two, a at floor(h) and b after it, ``RN`` of the exact
   ``(1-f) a + f b`` with f = h - floor(h) (N4.2: of q = 1/2, the median). ``method`` may be ``"lower"`` (a),
   ``"higher"`` (b), ``"nearest"`` (the even place of two that are equally near) or ``"midpoint"`` ((a + b)/2), too.
2. NaN if any element is NaN. An exact zero is +0, as in every sum (N3.2); both infinities give NaN, unless f is 0.
3. ``q`` is a number in [0, 1], rounded once to binary32 (N6), or a sequence of them: then the result has a first axis
   for them. ``axis`` is an int, a tuple of ints or None, which is all. The quantile of no elements is refused.
4. The gradient goes to a and b, in the parts 1-f and f, each rounded once. Among equals, to those that a stable sort
   puts there (``argsort``).
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError, DTypeError, ShapeError
from rcmlrs_core.numerics.formats import BINARY32, NAN, from_bits, round_number
from rcmlrs_core.numerics.scalars import is_number, number
from rcmlrs_core.numerics.sums import special_sum, units
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.max import as_rows, to_chosen
from rcmlrs_core.ops.op import General, Operand, Result, case, check_dtypes, refusal
from rcmlrs_core.ops.shapes import normalize_axes, nothing_along
from rcmlrs_core.plain import FLOAT32, PlainArray, offsets, strides_of

Orders = float | Sequence[float]
METHODS = ("linear", "lower", "higher", "nearest", "midpoint")


def rule(
    x: Operand,
    q: Orders,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    *,
    method: str = "linear",
) -> Result:
    """Clauses 1 and 3; in the normal form ``q`` is a float or a tuple of floats."""
    check_dtypes("quantile", (x,), (FLOAT32,))
    axes = normalize_axes("quantile", axis, x.shape)
    if 0 in (x.shape[a] for a in axes):
        raise ShapeError(f"quantile: {nothing_along(axes, x.shape)}; the quantile of no elements does not exist")
    if method not in METHODS:
        raise AttributeValueError(f"quantile: method must be one of {', '.join(METHODS)}; got {method!r}")
    listed: Any = q.tolist() if hasattr(q, "tolist") else q
    several = isinstance(listed, Sequence) and not isinstance(listed, str)
    orders = tuple(_order(order) for order in (listed if several else (listed,)))
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes)
    attributes = {"q": orders if several else orders[0], "axis": axes, "keepdims": bool(keepdims), "method": method}
    return Result((len(orders), *shape) if several else shape, FLOAT32, attributes)


def _order(q: Any) -> float:
    if not is_number(q):
        raise AttributeValueError(f"quantile: q must be a number or a sequence of numbers, got {q!r}")
    order = round_number(number(q))
    if not 0 <= order <= 1:
        raise AttributeValueError(f"quantile: q must be in [0, 1], got {q!r}")
    return order + 0.0


def places(n: int, q: float, method: str) -> tuple[int, int, Fraction]:
    """The places of a and b among n sorted elements, and f; where one of them is all, they are the same."""
    h = (n - 1) * Fraction(q)
    below = int(h)
    f = h - below
    if f == 0 or method == "lower":
        return below, below, Fraction(0)
    if method == "higher":
        return below + 1, below + 1, Fraction(0)
    if method == "nearest":
        return round(h), round(h), Fraction(0)
    return below, below + 1, Fraction(1, 2) if method == "midpoint" else f


def between(a: float, b: float, f: Fraction) -> float:
    """``RN((1-f) a + f b)`` in integers; with f = 0, b does not count."""
    special = special_sum([a, b] if f else [a])
    if special is not None:
        return special
    n, d = f.as_integer_ratio()
    return from_bits(BINARY32.round_ratio(units([a]) * (d - n) + units([b]) * n, d << 149))


def of_row(values: Sequence[float], orders: Sequence[float], method: str) -> list[float]:
    """The quantiles of a row."""
    if any(value != value for value in values):
        return [NAN] * len(orders)
    ordered = sorted(values)
    found = []
    for q in orders:
        first, last, f = places(len(ordered), q, method)
        found.append(between(ordered[first], ordered[last], f))
    return found


def rows(x: PlainArray, axis: Sequence[int]) -> Iterator[list[float]]:
    """The elements along the axes, in row-major order of the others."""
    strides = strides_of(x.shape)
    kept = [i for i in range(len(x.shape)) if i not in axis]
    steps = offsets(tuple(x.shape[i] for i in axis), [strides[i] for i in axis])
    for start in offsets(tuple(x.shape[i] for i in kept), [strides[i] for i in kept]):
        yield [x.values[start + step] for step in steps]


def definition(x: PlainArray, *, q: Any, axis: tuple[int, ...], keepdims: bool, method: str) -> PlainArray:
    """Row by row, then the orders first."""
    orders = q if isinstance(q, tuple) else (q,)
    found = [of_row(row, orders, method) for row in rows(x, axis)]
    shape = rule(x, q, axis, keepdims, method=method).shape
    return PlainArray.of((row[i] for i in range(len(orders)) for row in found), shape)


def gradient(g: Any, y: Any, x: Any, *, q: Any, axis: tuple[int, ...], keepdims: bool, method: str) -> tuple[Any]:
    """The exact sum of what each element receives."""
    n = prod(x.shape[a] for a in axis)
    sorted_places = as_rows(x, axis).argsort(axis=-1)
    lead = sorted_places.shape[:-1]
    parts = [x.zeros_like()]
    for i, order in enumerate(q if isinstance(q, tuple) else (q,)):
        received = g.slice(start=(i,), stop=(i + 1,)).reshape(lead) if isinstance(q, tuple) else g.reshape(lead)
        first, last, f = places(n, order, method)
        for place, share in ((first, 1 - f), (last, f)):
            if share:
                chosen = sorted_places.slice(start=(0,) * len(lead) + (place,), stop=(*lead, place + 1))
                parts.append(to_chosen(received * round_number(share), chosen, x, axis))
    return (parts[0].add_n(*parts[1:]),)


operation = General(
    module=__name__,
    clause="N4.2",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([3.0, 1.0, 2.0, 4.0], q=0.5, want=2.5),
        case([3.0, 1.0, 2.0, 4.0], q=[0.0, 0.25, 1.0], want=[1.0, 1.75, 4.0]),
        case([0.0, 10.0], q=0.1, want=1.0, note="RN(0.1) is 0.1 and a little; 10 times that rounds to 1"),
        case([3e38, -3e38], q=0.5, want=0.0, note="no overflow on the way; an exact zero is +0"),
        case([2.0**-149, 0.0], q=0.5, want=0.0, note="half of the smallest subnormal: the tie goes to even"),
        case([16777216.0, 16777218.0, 16777220.0], q=0.25, want=16777216.0, note="16777217 is a tie"),
        case([16777216.0, 16777218.0, 16777220.0], q=0.75, want=16777220.0, note="16777219 is a tie"),
        case([16777216.0, 16777218.0], q=0.5 + 2.0**-24, want=16777218.0, note="a hair above a tie"),
        case([-0.0, -0.0], q=0.25, want=0.0),
        case([1.0, float("inf")], q=[0.0, 0.5], want=[1.0, float("inf")], note="infinity counts only with f > 0"),
        case([float("-inf"), float("inf")], q=[0.0, 0.5, 1.0], want=[float("-inf"), float("nan"), float("inf")]),
        case([1.0, float("nan"), 2.0], q=0.0, want=float("nan")),
        case([1.0, 2.0, 4.0, 8.0], q=0.5, method="lower", want=2.0),
        case([1.0, 2.0, 4.0, 8.0], q=0.5, method="higher", want=4.0),
        case([1.0, 2.0, 4.0, 8.0], q=[0.5, 1.0 / 6], method="nearest", want=[4.0, 2.0], note="1.5 goes to 2"),
        case([1.0, 2.0, 4.0, 8.0], q=[0.4, 1.0], method="midpoint", want=[3.0, 8.0]),
        case([[1.0, 9.0], [3.0, 4.0]], q=0.5, axis=0, want=[2.0, 6.5]),
        case([[1.0, 9.0], [3.0, 4.0]], q=[0.5], axis=1, keepdims=True, want=[[[5.0], [3.5]]]),
        case([[1.0, 9.0], [3.0, 4.0]], q=0.25, axis=(0, 1), keepdims=True, want=[[2.5]]),
    ),
    refusals=(
        refusal(AttributeValueError, "in [0, 1]", [1.0], q=1.5),
        refusal(AttributeValueError, "in [0, 1]", [1.0], q=float("nan")),
        refusal(AttributeValueError, "in [0, 1]", [1.0], q=[0.5, -0.1]),
        refusal(AttributeValueError, "a number or a sequence", [1.0], q="half"),
        refusal(AttributeValueError, "must be one of linear", [1.0], q=0.5, method="cubic"),
        refusal(ShapeError, "of no elements", [[], []], q=0.5, axis=1),
        refusal(AxisError, "out of range", [1.0], q=0.5, axis=1),
        refusal(AxisError, "twice", [[1.0]], q=0.5, axis=(0, -2)),
        refusal(DTypeError, "takes float32", int32([1]), q=0.5),
    ),
    calls=(
        call((7,), q=0.3),
        call((4, 5), q=0.75, axis=0),
        call((4, 5), q=(0.1, 0.5, 0.9), axis=1, keepdims=True),
        call((2, 3, 4), q=[0.25], axis=(0, 2)),
        call((8,), q=0.6, method="midpoint"),
        call((8,), q=0.6, method="nearest"),
        call((2, 6), q=1e-9, axis=-1),
        call((1,), q=1.0),
        call((2, 9), q=(), axis=-1),
    ),
    of_length=lambda n: call((2, n), q=(0.0625, 0.7), axis=1),
)
