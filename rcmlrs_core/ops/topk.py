"""topk(x, k, axis=-1, largest=True): the k largest elements along an axis, or the k smallest, and their indices.

1. Two tensors, ``(values, indices)``: the first k of ``sort`` and of ``argsort``, descending for the largest, so in
   order, and of equal elements the first ones first. A NaN is the largest of all, as it is for ``max`` (PyTorch).
2. ``k`` is from 0 to the length of the axis.
3. The gradient of the values goes to the elements that were taken.
"""

import operator
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import PlainArray


def topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> tuple[Any, Any]:
    """Clauses 1 and 2."""
    axis = normalize_axis("topk", axis, len(x.shape))
    try:
        count = operator.index(k)
    except TypeError:
        raise AttributeValueError(f"topk: k must be of type int, got {k!r}") from None
    if not 0 <= count <= x.shape[axis]:
        raise AttributeValueError(f"topk: k must be in [0, {x.shape[axis]}], the length of axis {axis}; got {k}")
    order = x.argsort(axis=axis, descending=bool(largest))
    indices = order.slice(start=(0,) * (axis + 1), stop=(*x.shape[:axis], count))
    return x.gather(indices, axis=axis), indices


operation = Composition(
    module=__name__,
    function=topk,
    cases=(
        case([1.0, 3.0, 2.0, 3.0], k=3, want=([3.0, 3.0, 2.0], PlainArray.of([1, 3, 2], (3,), "int32"))),
        case([1.0, 3.0, 2.0, 3.0], k=2, largest=False, want=([1.0, 2.0], PlainArray.of([0, 2], (2,), "int32"))),
        case(
            [-0.0, float("nan"), 0.0, float("inf")],
            k=4,
            want=([float("nan"), float("inf"), 0.0, -0.0], PlainArray.of([1, 3, 2, 0], (4,), "int32")),
        ),
        case([[3.0, 1.0], [2.0, 4.0]], k=1, axis=0, want=([[3.0, 4.0]], PlainArray.of([0, 1], (1, 2), "int32"))),
        case([1.0], k=0, want=([], PlainArray.of([], (0,), "int32"))),
    ),
    refusals=(
        refusal(AttributeValueError, "k must be in [0, 2]", [1.0, 2.0], k=3),
        refusal(AttributeValueError, "k must be in [0, 2]", [1.0, 2.0], k=-1),
        refusal(AttributeValueError, "of type int", [1.0, 2.0], k=1.5),
        refusal(AxisError, "out of range", [1.0, 2.0], k=1, axis=1),
        refusal(AxisError, "has no axes", 1.0, k=1),
    ),
    calls=(
        call((7,), k=3),
        call((3, 5), k=2, axis=0),
        call((2, 4, 3), k=4, axis=1, largest=False),
        call((2, 17), k=9, largest=False),
    ),
    data="sums",
)
