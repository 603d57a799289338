"""What pad_edge, pad_reflect and pad_wrap share: axes extended on both sides by elements of their own."""

from collections.abc import Callable, Sequence
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import tensor_of
from rcmlrs_core.ops.op import Case, Composition, Refusal, refusal
from rcmlrs_core.ops.pad import widths_of
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import BYTES_OF_A_NUMBER, check_memory

Widths = int | Sequence[int] | Sequence[Sequence[int]]


def extension(
    module: str, place: Callable[[int, int], int], cases: Sequence[Case], refusals: Sequence[Refusal], shortest: int = 1
) -> Composition:
    """The operation of ``module``; ``place(i, n)`` is where the i-th element of an endless axis of length n is from.

    An axis that is extended has at least ``shortest`` elements.
    """
    name = module.rpartition(".")[2]

    def function(x: Any, widths: Widths) -> Any:
        pairs = widths_of(name, widths, x.shape)
        normalize_shape(name, [n + before + after for n, (before, after) in zip(x.shape, pairs, strict=True)])
        for axis, (n, (before, after)) in enumerate(zip(x.shape, pairs, strict=True)):
            if before or after:
                if n < shortest:
                    raise ShapeError(
                        f"{name}: axis {axis} of shape {x.shape} has length {n}; to extend it, it takes {shortest} or "
                        "more elements"
                    )
                check_memory(name, (before + n + after,), BYTES_OF_A_NUMBER)
                places = [place(i, n) for i in range(-before, n + after)]
                x = x.take(tensor_of(places, (len(places),), x), axis=axis)
        return x

    return Composition(
        module=module,
        function=function,
        cases=cases,
        refusals=(
            refusal(ShapeError, "1 pairs of widths for the 2 axes", [[1.0]], widths=((1, 1),)),
            refusal(ShapeError, "slice takes elements away", [1.0], widths=(-1, 0)),
            refusal(ShapeError, "pairs (before, after)", [1.0], widths=((1, 2, 3),)),
            refusal(ShapeError, "has length 0", [], widths=1),
            *refusals,
        ),
        calls=(
            call((3,), widths=2),
            call((2, 3), widths=((1, 0), (0, 2))),
            call((2, 3, 4), widths=((0, 0), (9, 1), (2, 7))),
            call((0, 3), widths=((0, 0), (1, 1))),
            call((17,), widths=(5, 0)),
        ),
        data="moves",
    )
