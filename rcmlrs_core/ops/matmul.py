"""matmul(x, y): the matrix product; ``x @ y``.

1. Every element is ``RN`` of the exact dot product of a row of ``x`` and a column of ``y``, whatever its length
   (N3.1). An exact zero is +0; NaN, ``0 * inf``, or both infinities give NaN; otherwise one infinity gives that
   infinity (N3.2).
2. Shapes as in NumPy: (m, k) @ (k, n) gives (m, n); a vector counts as one row (left) or one column (right), which
   vanishes again; axes before the last two broadcast. An inner length of 0 gives zeros.
3. The gradient is ``g @ y^T`` and ``x^T @ g``, summed over the axes that were broadcast. For a batch times one matrix
   the second is one product, rounded once.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.sums import exact_dot
from rcmlrs_core.ops.calls import product
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import General, Operand, Result, case, check_dtypes, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import FLOAT32, PlainArray, broadcast_offsets

Matrix = list[list[float]]


def rule(x: Operand, y: Operand) -> Result:
    """Clause 2."""
    check_dtypes("matmul", (x, y), (FLOAT32,))
    if not x.shape or not y.shape:
        raise ShapeError(f"matmul: {x.shape} @ {y.shape}: a single number is no matrix; use * to scale")
    inner = y.shape[0] if len(y.shape) == 1 else y.shape[-2]
    if x.shape[-1] != inner:
        raise ShapeError(
            f"matmul: {x.shape} @ {y.shape}: inner dimensions {x.shape[-1]} and {inner} differ; "
            "pad_matmul_to_another pads them"
        )
    batch = broadcast_shapes("matmul", x.shape[:-2], y.shape[:-2])
    return Result(batch + x.shape[-2:-1] + y.shape[len(y.shape) - 1 :] * (len(y.shape) > 1), FLOAT32, {})


def matrices(x: PlainArray, y: PlainArray) -> Iterator[tuple[Matrix, Matrix]]:
    """The pairs of matrices of the batch: the rows of the left, and the columns of the right."""
    k = x.shape[-1]
    m = x.shape[-2] if len(x.shape) > 1 else 1
    n = y.shape[-1] if len(y.shape) > 1 else 1
    batch = broadcast_shapes("matmul", x.shape[:-2], y.shape[:-2])
    xs, ys = x.values.tolist(), y.values.tolist()
    lefts = broadcast_offsets(x.shape[:-2], batch)
    rights = broadcast_offsets(y.shape[:-2], batch)
    for i, j in zip(lefts, rights, strict=True):
        left, right = i * m * k, j * k * n
        rows = [xs[left + row * k : left + row * k + k] for row in range(m)]
        columns = [ys[right + column : right + k * n : n] for column in range(n)] if k else [[] for _ in range(n)]
        yield rows, columns


def definition(x: PlainArray, y: PlainArray) -> PlainArray:
    """Every dot product in integers, rounded once."""
    products = (exact_dot(row, column) for rows, columns in matrices(x, y) for row in rows for column in columns)
    return PlainArray.of(products, rule(x, y).shape)


def gradient(g: Any, z: Any, x: Any, y: Any) -> tuple[Any | None, Any | None]:
    """Clause 3, with vectors as matrices of one row or one column; what takes no gradient costs no product."""
    if len(x.shape) == len(y.shape) == 2:
        return (
            g.matmul(y.matrix_transpose()) if x.requires_grad else None,
            x.matrix_transpose().matmul(g) if y.requires_grad else None,
        )
    rows = x if len(x.shape) > 1 else x.reshape((1, *x.shape))
    columns = y if len(y.shape) > 1 else y.reshape((*y.shape, 1))
    batch = z.shape[: len(z.shape) - (len(x.shape) > 1) - (len(y.shape) > 1)]
    g = g.reshape((*batch, rows.shape[-2], columns.shape[-1]))
    to_x = g.matmul(columns.matrix_transpose()).sum_to(rows.shape)
    if len(columns.shape) == 2:
        count = prod(rows.shape[:-1])
        rows, g = rows.reshape((count, rows.shape[-1])), g.reshape((count, columns.shape[-1]))
    to_y = rows.matrix_transpose().matmul(g).sum_to(columns.shape)
    return to_x.reshape(x.shape), to_y.reshape(y.shape)


operation = General(
    module=__name__,
    clause="N3.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], want=[[19.0, 22.0], [43.0, 50.0]]),
        case([1.0, 2.0], [3.0, 4.0], want=11.0, note="two vectors"),
        case([[1.0, 2.0]], [3.0, 4.0], want=[11.0]),
        case([1.0, 2.0], [[3.0], [4.0]], want=[11.0]),
        case([[[1.0]], [[2.0]]], [[3.0, 4.0]], want=[[[3.0, 4.0]], [[6.0, 8.0]]], note="the matrix is broadcast"),
        case([[1e30, 1.0, -1e30]], [[1e8], [1.0], [1e8]], want=[[1.0]], note="nothing is lost on the way"),
        case([[4097.0, 1.0]], [[4097.0], [2.0**-149]], want=[[16785410.0]], note="a hair above a tie"),
        case([[4097.0, 1.0]], [[4097.0], [-(2.0**-149)]], want=[[16785408.0]], note="a hair below it"),
        case([[4097.0, 0.0]], [[4097.0], [1.0]], want=[[16785408.0]], note="the tie itself"),
        case([[3e38, 3e38]], [[3e38], [-3e38]], want=[[0.0]], note="no overflow on the way; an exact zero is +0"),
        case([[-0.0]], [[1.0]], want=[[0.0]]),
        case([[2.0**-149]], [[0.5]], want=[[0.0]], note="half of the smallest subnormal"),
        case([[2.0**-149, 2.0**-149]], [[0.5], [2.0**-149]], want=[[2.0**-149]], note="and a hair more"),
        case([[0.0, 1.0]], [[float("inf")], [1.0]], want=[[float("nan")]], note="0 * inf"),
        case([[1.0, 1.0]], [[float("inf")], [float("-inf")]], want=[[float("nan")]]),
        case([[2.0, 1.0]], [[float("-inf")], [3e38]], want=[[float("-inf")]]),
        case([[], []], PlainArray.of([], (0, 3)), want=[[0.0] * 3] * 2, note="sums of no terms"),
    ),
    refusals=(
        refusal(ShapeError, "inner dimensions 4 and 5 differ", [[0.0] * 4] * 3, [[0.0] * 2] * 5),
        refusal(ShapeError, "a single number is no matrix", 1.0, [1.0]),
        refusal(ShapeError, "lengths 2 and 3", [[[1.0]]] * 2, [[[1.0]]] * 3),
        refusal(DTypeError, "takes float32", int32([1]), int32([1])),
    ),
    calls=(
        product((1, 1), (1, 1)),
        product((3, 4), (4, 5)),
        product((5, 17), (17, 3)),
        product((7,), (7,)),
        product((3,), (3, 2)),
        product((4, 9), (9,)),
        product((2, 3, 4), (4, 2)),
        product((2, 1, 2, 3), (3, 3, 2)),
        product((2,), (3, 2, 2)),
        product((2, 0), (0, 3)),
        product((0, 3), (3, 2)),
        product((0,), (0,)),
        product((9, 33), (33, 9)),
    ),
    of_length=lambda n: product((2, n), (n, 3)),
)
