"""What floor, ceil, trunc and round share: an integer in the place of a number, and the same hard cases."""

from collections.abc import Callable, Sequence
from math import copysign, inf, isfinite, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32, mask
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32

POINTS = (-2.5, -1.5, -1.0, -0.75, -0.5, -(2.0**-149), 2.0**-149, 0.5, 0.75, 1.5, 2.5, 4194304.5, 8388607.5, -8388605.5)


def to_whole(
    module: str, function: Callable[[float], int], formula: Callable[[Any, Any], Any], points: Sequence[float]
) -> Elementwise:
    """The operation of ``module``, for Python's ``function``; ``points`` are its values at ``POINTS``.

    The result has the sign of the number, also where it is a zero. Numbers from 2^23 on are integers, and so is what
    int32 holds.
    """

    def plain(x: float) -> float:
        return copysign(function(x), x) if isfinite(x) else x

    def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
        """0, also at the integers, where the function jumps."""
        return (g.zeros_like(),)

    return Elementwise(
        module=module,
        plain=plain,
        binary64=formula,
        bound=0,
        takes=(FLOAT32, INT32),
        integers=lambda m, x: x,
        gradient=gradient,
        cases=(
            case(list(POINTS), want=list(points)),
            case([0.0, -0.0, inf, -inf, nan], want=[0.0, -0.0, inf, -inf, nan]),
            case([8388609.0, -3.4028234663852886e38, 1e30], want=[8388609.0, -3.4028234663852886e38, 1e30]),
            case(int32(-(2**31), 0, 2**24 + 1), want=[-(2**31), 0, 2**24 + 1]),
        ),
        refusals=(refusal(DTypeError, "takes float32 or int32, got bool", mask(1)),),
    )
