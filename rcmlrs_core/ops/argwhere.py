"""argwhere(x): where the elements are that are not zero: a row of int32 positions, one for each axis, for each of them.

1. Of shape (number of these elements, number of axes), in row-major order. NaN is not zero, -0 is. The number depends
   on the elements. (``nonzero`` has a vector for each axis, as the Array API standard wants it.)
2. Not differentiable: the places move in jumps.
"""

from rcmlrs_core.ops.calls import Bools, call
from rcmlrs_core.ops.op import ALL_DTYPES, General, NoGradient, Operand, Result, case, check_dtypes
from rcmlrs_core.plain import BOOL, INT32, PlainArray, strides_of


def rule(x: Operand) -> Result:
    """Any element type."""
    check_dtypes("argwhere", (x,), ALL_DTYPES)
    return Result((-1, len(x.shape)), INT32, {})


def definition(x: PlainArray) -> PlainArray:
    """Element by element."""
    axes = list(zip(strides_of(x.shape), x.shape, strict=True))
    places = [place for place, value in enumerate(x.values) if value != 0]
    positions = [place // stride % n for place in places for stride, n in axes]
    return PlainArray.of(positions, (len(places), len(axes)), INT32)


operation = General(
    module=__name__,
    clause="N4.1",
    rule=rule,
    definition=definition,
    gradient=NoGradient("the places of elements move in jumps"),
    cases=(
        case([0.0, 2.0**-149, -0.0, float("nan")], want=[[1], [3]]),
        case(PlainArray.of([0, 1, 1, 0], (2, 2), BOOL), want=[[0, 1], [1, 0]]),
        case([0.0], want=PlainArray.of([], (0, 1), INT32)),
        case(3.0, want=PlainArray.of([], (1, 0), INT32)),
    ),
    calls=(
        call(Bools((7,))),
        call(Bools((3, 4))),
        call(Bools((2, 3, 5))),
        call(Bools((0, 3))),
        call(Bools(())),
        call((65,)),
    ),
    data="moves",
)
