"""What ``logical_and``, ``logical_or`` and ``logical_xor`` share: two masks of bools, a third, the same cases."""

from collections.abc import Callable, Sequence
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.comparison import mask
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, PlainArray


def logic(
    module: str, plain: Callable[[Any, Any], Any], *, table: Sequence[bool], broadcast: Sequence[Sequence[bool]]
) -> Elementwise:
    """The operation of ``module``; ``plain`` joins two bools, rows or arrays alike.

    ``table`` is the truth table, of (0, 0), (0, 1), (1, 0) and (1, 1); ``broadcast`` what comes of a column (1, 0)
    and a row (1, 0).
    """
    return Elementwise(
        module=module,
        clause="N1.1",
        plain=plain,
        binary64=lambda m, x, y: plain(x, y),
        bound=0,
        takes=(BOOL,),
        gives=BOOL,
        gradient=NoGradient("it gives a mask of bools"),
        cases=(
            case(mask(0, 0, 1, 1), mask(0, 1, 0, 1), want=list(table)),
            case(PlainArray.of([1, 0], (2, 1), BOOL), mask(1, 0), want=[list(row) for row in broadcast]),
        ),
        refusals=(
            refusal(DTypeError, "takes bool, got float32", [1.0], [0.0]),
            refusal(ShapeError, "lengths 2 and 3", mask(1, 0), mask(1, 0, 1)),
        ),
    )
