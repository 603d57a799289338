"""linear(x, weight, bias=None): a fully connected layer, ``x @ weight^T + bias``.

1. ``x`` (..., in), ``weight`` (out, in), ``bias`` (out,) give (..., out). Every element is ``RN`` of the exact sum of
   products and bias: the bias is inside the one rounding (N3.1). Zero, NaN and infinities as in ``matmul`` (N3.2).
2. Without a bias it is ``x @ weight^T``.
3. The gradient is ``g @ weight`` for ``x``; with x and g as matrices of one row for each sample, ``g^T @ x`` for the
   weight and the sum of g's rows for the bias.
"""

from math import prod
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.sums import exact_dot
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import General, Operand, Result, case, check_dtypes, refusal
from rcmlrs_core.plain import FLOAT32, PlainArray


def rule(x: Operand, weight: Operand, bias: Operand | None = None) -> Result:
    """Clause 1."""
    check_dtypes("linear", (x, weight) if bias is None else (x, weight, bias), (FLOAT32,))
    if len(weight.shape) != 2:
        raise ShapeError(f"linear: weight must have the shape (out, in), got {weight.shape}")
    if not x.shape or x.shape[-1] != weight.shape[1]:
        raise ShapeError(
            f"linear: x of shape {x.shape} and weight of shape {weight.shape} (out, in): "
            f"the last axis of x must have length {weight.shape[1]}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(
            f"linear: weight of shape {weight.shape} takes a bias of shape {weight.shape[:1]}, got {bias.shape}"
        )
    return Result((*x.shape[:-1], weight.shape[0]), FLOAT32, {})


def rows_of(x: PlainArray) -> list[list[float]]:
    """The rows along the last axis."""
    k = x.shape[-1]
    values = x.values.tolist()
    return [values[i * k : i * k + k] for i in range(prod(x.shape[:-1]))]


def definition(x: PlainArray, weight: PlainArray, bias: PlainArray | None = None) -> PlainArray:
    """Every sum in integers, rounded once."""
    weights = rows_of(weight)
    addends = bias.values.tolist() if bias is not None else [0.0] * len(weights)
    sums = (exact_dot(row, w, addend) for row in rows_of(x) for w, addend in zip(weights, addends, strict=True))
    return PlainArray.of(sums, (*x.shape[:-1], len(weights)))


def gradient(g: Any, y: Any, x: Any, weight: Any, bias: Any = None) -> tuple[Any, ...]:
    """Clause 3; a bias that is absent receives nothing, and an input that takes no gradient costs no product."""
    samples, received = x, g
    if len(x.shape) != 2:
        count = prod(x.shape[:-1])
        samples, received = x.reshape((count, x.shape[-1])), g.reshape((count, g.shape[-1]))
    to_x = g.matmul(weight) if x.requires_grad else None
    to_weight = received.matrix_transpose().matmul(samples) if weight.requires_grad else None
    return (to_x, to_weight) if bias is None else (to_x, to_weight, received.sum(axis=0))


operation = General(
    module=__name__,
    clause="N3.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]], [10.0, 20.0], want=[[21.0, 37.0]]),
        case([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]], want=[[11.0, 17.0]]),
        case([1.0, 2.0], [[3.0, 4.0]], [0.5], want=[11.5], note="one sample"),
        case([[[1.0]], [[2.0]]], [[3.0]], [1.0], want=[[[4.0]], [[7.0]]]),
        case([4097.0], [[4097.0]], [1.0], want=[16785410.0], note="x w is a tie that goes down; the bias is inside"),
        case([4097.0], [[4097.0]], [2.0**-149], want=[16785410.0], note="a hair above the tie"),
        case([1.0], [[-1.0]], [1.0], want=[0.0]),
        case([0.0], [[float("inf")]], [1.0], want=[float("nan")]),
        case([1.0], [[1.0]], [float("-inf")], want=[float("-inf")]),
        case(PlainArray.of([], (2, 0)), PlainArray.of([], (1, 0)), [3.0], want=[[3.0], [3.0]]),
    ),
    refusals=(
        refusal(ShapeError, "must have length 2", [[1.0, 2.0, 3.0]], [[1.0, 2.0]]),
        refusal(ShapeError, "(out, in)", [[1.0]], [1.0]),
        refusal(ShapeError, "takes a bias of shape (1,)", [[1.0]], [[1.0]], [1.0, 2.0]),
        refusal(DTypeError, "takes float32", int32([1]), [[1.0]]),
    ),
    calls=(
        call((1, 1), (1, 1), (1,)),
        call((3, 4), (5, 4), (5,)),
        call((3, 4), (5, 4)),
        call((7,), (2, 7), (2,)),
        call((2, 3, 5), (4, 5), (4,)),
        call((2, 0), (3, 0), (3,)),
        call((0, 3), (2, 3), (2,)),
        call((9, 33), (9, 33), (9,)),
    ),
    of_length=lambda n: call((2, n), (3, n), (3,)),
)
