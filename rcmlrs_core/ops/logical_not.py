"""logical_not(x): true where x is false; ``~x``.

1. Of bools, to bools.
2. A mask has no gradient.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, PlainArray


def plain(x: bool) -> bool:
    """Clause 1."""
    return not x


def binary64(m: Any, x: Any) -> Any:
    """Clause 1, on bools."""
    return ~x


operation = Elementwise(
    module=__name__,
    clause="N1.1",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(BOOL,),
    gives=BOOL,
    gradient=NoGradient("it gives a mask of bools"),
    cases=(case(PlainArray.of([0, 1], (2,), "bool"), want=[True, False]),),
    refusals=(refusal(DTypeError, "takes bool, got float32", [1.0]),),
)
