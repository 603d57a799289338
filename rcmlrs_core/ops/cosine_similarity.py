"""cosine_similarity(x, y, axis=1, *, eps=1e-8): the cosines of the angles between the vectors along an axis.

1. ``x . y / max(|x|, eps) / max(|y|, eps)``: ``sum`` of exact products (``vecdot``), ``norm``, ``maximum`` and ``div``,
   each rounded once (N5). Two divisions, so that no product of lengths overflows.
2. ``axis`` is an int, 1 as in PyTorch; both have one length on it, and the other axes broadcast.
3. ``eps`` is a number of at least 0, rounded once (N6), that keeps a vector of zeros: its cosine is 0.
4. For a loss to be made small, take ``1 - x.cosine_similarity(y)``, or ``cosine_embedding_loss``.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_number
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes, normalize_axis


def cosine_similarity(x: Any, y: Any, axis: int = 1, *, eps: float = 1e-8) -> Any:
    """Clause 1."""
    check_number("cosine_similarity", "eps", eps)
    shape = broadcast_shapes("cosine_similarity", x.shape, y.shape)
    place = normalize_axis("cosine_similarity", axis, len(shape))
    x, y = x.broadcast_to(shape), y.broadcast_to(shape)
    products = x.vecdot(y, axis=place - len(shape))
    return products / x.norm(axis=place).maximum(eps) / y.norm(axis=place).maximum(eps)


operation = Composition(
    module=__name__,
    function=cosine_similarity,
    cases=(
        case([[3.0, 4.0], [1.0, 0.0]], [[6.0, 8.0], [0.0, 2.0]], want=[1.0, 0.0]),
        case([[3.0, 4.0]], [[-3.0, -4.0]], want=[-1.0]),
        case([[3e20, 4e20]], [[3e17, 4e17]], want=[1.0], note="the product of the lengths is 2.5e38"),
        case([[0.0, 0.0]], [[1.0, 2.0]], want=[0.0]),
        case([[3.0, 4.0], [1.0, 0.0]], [4.0, 3.0], axis=-1, want=[0.9600000381469727, 0.800000011920929]),
        case([3.0, 4.0], [3.0, 4.0], axis=0, want=1.0),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [[1.0, 2.0]], [[1.0, 2.0, 3.0]]),
        refusal(AxisError, "axis 1 is out of range", [1.0], [1.0]),
        refusal(AttributeValueError, "eps is a number of at least 0", [[1.0]], [[1.0]], eps=-1),
    ),
    calls=(
        call((3, 4), (3, 4)),
        call((3, 4), (3, 4), axis=0, eps=0.5),
        call((2, 3, 2), (3, 1), axis=-2),
        call((7,), (7,), axis=0),
    ),
)
