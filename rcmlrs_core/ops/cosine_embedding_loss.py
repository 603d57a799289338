"""cosine_embedding_loss(x, y, target, *, margin=0.0, reduction="mean"): near what is alike, and far from the rest.

1. For vectors ``x`` and ``y`` (n, features) with the cosine c (``cosine_similarity``) and ``target`` (n,): the mean of
   ``1 - c`` where the target is above 0, and of ``max(0, c - margin)`` elsewhere; each operation rounded once (N5).
   Targets are 1 and -1, float32 or int32.
2. ``margin`` is a number from -1 to 1, rounded once (N6).
3. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the n losses themselves.
4. Two vectors alone are of shape (features,), and the target then of shape (). (PyTorch's loss of that name.)
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.numerics.scalars import is_number
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_same_shape, labels_of, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def cosine_embedding_loss(x: Any, y: Any, target: Any, *, margin: float = 0.0, reduction: str = "mean") -> Any:
    """Clause 1."""
    name = "cosine_embedding_loss"
    check_same_shape(name, x, y)
    if x.ndim not in (1, 2) or getattr(target, "shape", None) != x.shape[:-1]:
        got = getattr(target, "shape", type(target).__name__)
        raise ShapeError(f"{name}: vectors are (n, features) and target (n,), got {x.shape} and {got}; reshape them")
    if not is_number(margin) or not -1 <= margin <= 1:
        raise AttributeValueError(f"{name}: margin is a number from -1 to 1, got {margin!r}")
    cosines = x.cosine_similarity(y, axis=-1)
    losses = target.greater(0).where(1.0 - cosines, (cosines - margin).relu())
    return reduce(name, losses, reduction)


operation = Composition(
    module=__name__,
    function=cosine_embedding_loss,
    cases=(
        case([[3.0, 4.0], [3.0, 4.0]], [[6.0, 8.0], [6.0, 8.0]], [1.0, -1.0], reduction="none", want=[0.0, 1.0]),
        case([[3.0, 4.0], [3.0, 4.0]], [[6.0, 8.0], [6.0, 8.0]], labels_of(1, -1), margin=0.5, want=0.25),
        case([1.0, 0.0], [0.0, 1.0], 1.0, want=1.0),
        case([[1.0, 0.0]], [[-1.0, 0.0]], [-1.0], reduction="sum", want=0.0),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0, 2.0]], [1.0, 2.0], [1.0]),
        refusal(ShapeError, "target (n,)", [[1.0, 2.0]], [[1.0, 2.0]], 1.0),
        refusal(AttributeValueError, "margin is a number from -1 to 1", [1.0], [1.0], 1.0, margin=2),
        refusal(AttributeValueError, "reduction is one of", [[1.0]], [[1.0]], [1.0], reduction="average"),
    ),
    calls=(
        call((3, 4), (3, 4), (3,)),
        call((3, 4), (3, 4), (3,), margin=0.3, reduction="sum"),
        call((2, 3), (2, 3), (2,), reduction="none"),
    ),
)
