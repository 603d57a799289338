"""Sums, products and exponentials of rows, and sums of products: what each is, by fractions or a formula in balls.

As in ``functions``, and like there nothing of RCMLRS is used. Operands are (shape, elements in row-major order).
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import copysign, inf, isfinite, isinf, nan, prod
from typing import Any

from flint import arb

from .functions import Ball, Value, ball_of
from .numbers import exact_root

Row = Sequence[float]
Operand = tuple[tuple[int, ...], Sequence[float]]

NOTHING = -700
"""e to this is 2^-1010: it changes a rounding only beside a tie, and there any hair does."""


def sum_of(terms: Sequence[tuple[float, ...]]) -> Value:
    """The sum of products of one or two numbers: NaN, or infinite, if the terms are; an exact zero is +0."""
    if all(isfinite(factor) for term in terms for factor in term):
        return sum((prod(map(Fraction, term), start=Fraction(1)) for term in terms), Fraction(0))
    found = {prod(term) for term in terms if not all(map(isfinite, term))}
    return found.pop() if len(found) == 1 else nan


def _ones(row: Row) -> list[tuple[float, ...]]:
    return [(x,) for x in row]


def _mean(row: Row) -> Value:
    total = sum_of(_ones(row))
    return total / len(row) if isinstance(total, Fraction) else total


def _variance(row: Row, correction: float) -> Fraction | None:
    if not all(map(isfinite, row)):
        return None
    numbers = [Fraction(x) for x in row]
    mean = sum(numbers, Fraction(0)) / len(numbers)
    squares = [(x - mean) ** 2 for x in numbers]
    return sum(squares, Fraction(0)) / (len(numbers) - Fraction(correction))


def _var(row: Row, *, correction: float) -> Value:
    variance = _variance(row, correction)
    return nan if variance is None else variance


def _std(row: Row, *, correction: float) -> Value:
    variance = _variance(row, correction)
    if variance is None:
        return nan
    root = exact_root(variance, 2)
    return (lambda: ball_of(variance).sqrt()) if root is None else root


def _median(row: Row) -> Value:
    if any(x != x for x in row):
        return nan
    ordered = sorted(row, key=lambda x: (x, copysign(1.0, x)))
    half, odd = divmod(len(row), 2)
    return _mean(ordered[half : half + 1] if odd else ordered[half - 1 : half + 1])  # so that a zero is +0


def _prod(row: Row) -> Value:
    if all(isfinite(x) and x for x in row):
        return prod(map(Fraction, row), start=Fraction(1))
    if any(x != x for x in row) or (0.0 in row and any(map(isinf, row))):
        return nan
    return prod((copysign(1.0, x) for x in row), start=0.0 if 0.0 in row else inf)


def _logarithm_of_rest(differences: Sequence[float], top: int) -> tuple[bool, Callable[[], Ball]]:
    """Whether log(1 + the sum of e^differences but the one of the top) matters, and a ball of it."""
    rest = [d for i, d in enumerate(differences) if i != top and d > NOTHING]
    return bool(rest), lambda: sum((ball_of(Fraction(d)).exp() for d in rest), arb(0)).log1p()


def _differences(row: Row) -> tuple[int, list[Any]]:
    """The place of the largest, and how far below it each is; exactly."""
    top = max(range(len(row)), key=lambda i: row[i])
    return top, [Fraction(x) - Fraction(row[top]) if isfinite(x) else -inf for x in row]


def _logsumexp(row: Row) -> Value:
    if not row:
        return -inf
    if any(x != x for x in row) or isinf(max(row)):
        return nan if any(x != x for x in row) else max(row)
    top, differences = _differences(row)
    matters, log = _logarithm_of_rest(differences, top)
    return (lambda: arb(row[top]) + log()) if matters else Fraction(row[top])


def _softmax(row: Row) -> list[Value]:
    if any(x != x or x == inf for x in row) or not any(map(isfinite, row)):
        return [nan] * len(row)
    top, differences = _differences(row)
    _, log = _logarithm_of_rest(differences, top)

    def element(d: Any) -> Value:
        return 0.0 if d <= NOTHING else lambda: (ball_of(Fraction(d)) - log()).exp()

    return [element(d) for d in differences]


def _log_softmax(row: Row) -> list[Value]:
    if any(x != x or x == inf for x in row) or not any(map(isfinite, row)):
        return [nan] * len(row)
    top, differences = _differences(row)
    matters, log = _logarithm_of_rest(differences, top)

    def element(d: Any) -> Value:
        if isinf(d):
            return -inf
        if matters:
            return lambda: ball_of(Fraction(d)) - log()
        return Fraction(d) - (Fraction(1, 2**1010) if len(row) > 1 else 0)  # -inf is the limit of a large -x

    return [element(d) for d in differences]


ROWS: dict[str, Callable[..., Any]] = {
    "sum": lambda row: sum_of(_ones(row)),
    "mean": _mean,
    "var": _var,
    "std": _std,
    "median": _median,
    "prod": _prod,
    "cumsum": lambda row: [sum_of(_ones(row[: i + 1])) for i in range(len(row))],
    "cumprod": lambda row: [_prod(row[: i + 1]) for i in range(len(row))],
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}
"""Of a row, one value or a list of as many as it has elements."""


def strides_of(shape: Sequence[int]) -> list[int]:
    """How far apart neighbours along each axis are."""
    return [prod(shape[i + 1 :]) for i in range(len(shape))]


def by_rows(name: str, x: Operand, axes: Sequence[int], **attributes: Any) -> list[Value]:
    """The values of a function of rows along some axes, where the operation's result has them."""
    shape, elements = x
    strides = strides_of(shape)
    kept = [i for i in range(len(shape)) if i not in axes]
    found: dict[int, Value] = {}
    for place in product(*(range(shape[i]) for i in kept)):
        start = sum(i * strides[axis] for i, axis in zip(place, kept, strict=True))
        offsets = [
            start + sum(i * strides[axis] for i, axis in zip(step, axes, strict=True))
            for step in product(*(range(shape[i]) for i in axes))
        ]
        values = ROWS[name]([elements[i] for i in offsets], **attributes)
        if isinstance(values, list):
            found |= zip(offsets, values, strict=True)
        else:
            found[len(found)] = values
    return [found[i] for i in range(len(found))]


def _element(x: Operand, place: Sequence[int]) -> float:
    return x[1][sum(i * stride for i, stride in zip(place, strides_of(x[0]), strict=True))]


def _matmul(x: Operand, y: Operand) -> Iterator[Value]:
    if len(x[0]) == 1:
        x = (1, *x[0]), x[1]
    if len(y[0]) == 1:
        y = (*y[0], 1), y[1]
    rank = max(len(x[0]), len(y[0])) - 2
    batches = [(1,) * (rank + 2 - len(shape)) + shape[:-2] for shape in (x[0], y[0])]
    lengths = [b if a == 1 else a for a, b in zip(*batches, strict=True)]
    (m, k), n = x[0][-2:], y[0][-1]
    for place in product(*map(range, lengths)):
        of_x, of_y = (
            [0 if length == 1 else i for i, length in zip(place, batch, strict=True)][rank + 2 - len(shape) :]
            for batch, shape in zip(batches, (x[0], y[0]), strict=True)
        )
        for i, j in product(range(m), range(n)):
            yield sum_of([(_element(x, (*of_x, i, p)), _element(y, (*of_y, p, j))) for p in range(k)])


def _linear(x: Operand, weight: Operand, bias: Operand | None = None) -> Iterator[Value]:
    outputs, inputs = weight[0]
    for i, j in product(range(prod(x[0][:-1])), range(outputs)):
        terms: list[tuple[float, ...]] = [(x[1][i * inputs + p], weight[1][j * inputs + p]) for p in range(inputs)]
        yield sum_of([*terms, *([(bias[1][j],)] if bias else [])])


def _conv(x: Operand, weight: Operand, bias: Operand | None = None, **attributes: Any) -> Iterator[Value]:
    stride, dilation, groups = attributes["stride"], attributes["dilation"], attributes["groups"]
    outputs, inputs, *kernel = weight[0]
    spans = zip(x[0][2:], kernel, stride, dilation, strict=True)
    lengths = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in spans]
    for n, o, *p in product(range(x[0][0]), range(outputs), *map(range, lengths)):
        first = o // (outputs // groups) * inputs
        terms: list[tuple[float, ...]] = [(bias[1][o],)] if bias else []
        for c, *k in product(range(inputs), *map(range, kernel)):
            seen = [i * s + j * d for i, s, j, d in zip(p, stride, k, dilation, strict=True)]
            terms.append((_element(x, (n, first + c, *seen)), _element(weight, (o, c, *k))))
        yield sum_of(terms)


PRODUCTS: dict[str, Callable[..., Iterator[Value]]] = {"conv": _conv, "linear": _linear, "matmul": _matmul}
"""Of whole operands, the values in row-major order; attributes are in their normal form."""
