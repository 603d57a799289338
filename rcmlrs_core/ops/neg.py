"""neg(x): the negative; ``-x``.

1. The sign is changed and nothing is rounded: ``neg(+0) = -0``, ``neg(inf) = -inf``.
2. The gradient is ``-g``.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def plain(x: float) -> float:
    """The other sign."""
    return -x


def binary64(m: Any, x: Any) -> Any:
    """The other sign."""
    return -x


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``-g``."""
    return (-g,)


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    aliases=("negative",),
    cases=(
        case(0.0, want=-0.0),
        case(-0.0, want=0.0),
        case([2.0**-149, -3.4028234663852886e38], want=[-(2.0**-149), 3.4028234663852886e38]),
        case([float("inf"), float("nan")], want=[float("-inf"), float("nan")]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (1,), "int32")),),
)
