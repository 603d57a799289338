"""tensordot(x, y, axes=2): the sums of products over some axes of one tensor and as many of another.

1. Each element is ``RN`` of the exact sum over all these axes together: one ``matmul`` (N3.1). The other axes of ``x``
   come first, then those of ``y``.
2. ``axes`` is how many: the last of ``x`` and the first of ``y``; or a pair of sequences, of the axes of ``x`` and of
   those that belong to them in ``y`` (Array API). Lengths must be equal.
3. With no axes it is the product of every element with every other.
"""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import Shape


def tensordot(x: Any, y: Any, axes: int | Sequence[Sequence[int]] = 2) -> Any:
    """Clauses 1 to 3."""
    if not hasattr(y, "transpose"):
        raise TypeError(f"tensordot: takes two tensors, got {type(y).__name__}; make it one with rc.tensor(...)")
    of_x, of_y = contracted(x.shape, y.shape, axes)
    for i, j in zip(of_x, of_y, strict=True):
        if x.shape[i] != y.shape[j]:
            raise ShapeError(
                f"tensordot: axis {i} of {x.shape} and axis {j} of {y.shape} have lengths {x.shape[i]} and {y.shape[j]}"
            )
    left = tuple(i for i in range(len(x.shape)) if i not in of_x)
    right = tuple(j for j in range(len(y.shape)) if j not in of_y)
    shape = tuple(x.shape[i] for i in left) + tuple(y.shape[j] for j in right)
    m, n, k = (prod(t.shape[i] for i in some) for t, some in ((x, left), (y, right), (x, of_x)))
    if not of_x:
        return x.reshape((m, 1)).mul(y.reshape((1, n))).reshape(shape)
    rows = x.transpose((*left, *of_x)).reshape((m, k))
    columns = y.transpose((*of_y, *right)).reshape((k, n))
    return rows.matmul(columns).reshape(shape)


def contracted(x: Shape, y: Shape, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of both that are summed over, counted from the front."""
    if isinstance(axes, Sequence):
        if len(axes) != 2 or not all(isinstance(some, Sequence) for some in axes) or len(axes[0]) != len(axes[1]):
            raise AttributeValueError(f"tensordot: axes are a number, or two sequences of one length; got {axes!r}")
        of_x, of_y = (
            tuple(normalize_axis("tensordot", a, len(shape)) for a in some)
            for some, shape in zip(axes, (x, y), strict=True)
        )
        if len(set(of_x)) != len(of_x) or len(set(of_y)) != len(of_y):
            raise AxisError(f"tensordot: axes {axes} name one axis twice")
        return of_x, of_y
    try:
        count = operator.index(axes)
    except TypeError:
        raise AttributeValueError(f"tensordot: axes are a number, or two sequences; got {axes!r}") from None
    if not 0 <= count <= min(len(x), len(y)):
        raise AxisError(f"tensordot: {count} axes are asked for; shapes {x} and {y} allow 0 to {min(len(x), len(y))}")
    return tuple(range(len(x) - count, len(x))), tuple(range(count))


operation = Composition(
    module=__name__,
    function=tensordot,
    cases=(
        case([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], want=70.0),
        case([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], axes=1, want=[[19.0, 22.0], [43.0, 50.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], axes=([0, 1], [1, 0]), want=69.0),
        case([1.0, -2.0], [3.0, 0.0], axes=0, want=[[3.0, 0.0], [-6.0, -0.0]]),
        case([[1e30, 1.0], [-1e30, 0.0]], [[1.0, 1.0], [1.0, 1.0]], want=1.0, note="two axes, one rounding"),
        case([[[1.0, 2.0]]], [[3.0], [4.0]], axes=((-1,), (0,)), want=[[[11.0]]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0], axes=1),
        refusal(AxisError, "allow 0 to 1", [1.0], [1.0], axes=2),
        refusal(AxisError, "twice", [[1.0]], [[1.0]], axes=((0, 0), (0, 1))),
        refusal(AxisError, "out of range", [[1.0]], [[1.0]], axes=((2,), (0,))),
        refusal(AttributeValueError, "two sequences of one length", [[1.0]], [[1.0]], axes=((0, 1), (0,))),
        refusal(AttributeValueError, "two sequences", [[1.0]], [[1.0]], axes=1.5),
    ),
    calls=(
        call((3, 4), (4, 2), axes=1),
        call((2, 3, 4), (3, 4, 5)),
        call((2, 3, 4), (4, 5, 3), axes=((1, 2), (2, 0))),
        call((3,), (2, 2), axes=0),
        call((2, 0), (0, 3), axes=1),
    ),
    data="sums",
)
