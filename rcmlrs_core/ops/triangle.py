"""What tril and triu share: matrices of which one side of a diagonal is kept, and zeros stand on the other."""

import operator
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Case, Move, Operand, Result, refusal
from rcmlrs_core.plain import Shape


def triangle(module: str, keeps: Callable[[int, int], bool], cases: Sequence[Case]) -> Move:
    """The operation of ``module``; ``keeps(column - row, k)`` says of which elements."""
    name = module.rpartition(".")[2]

    def rule(x: Operand, k: int = 0) -> Result:
        if len(x.shape) < 2:
            raise AxisError(f"{name}: takes matrices, got shape {x.shape}; expand_dims makes an axis")
        try:
            return Result(x.shape, x.dtype, {"k": operator.index(k)})
        except TypeError:
            raise AttributeValueError(f"{name}: k is an int, the number of a diagonal, got {k!r}") from None

    def source(given: Shape, *, k: int) -> Sequence[int]:
        rows, columns = given[-2:]
        kept = [[keeps(j - i, k) for j in range(columns)] for i in range(rows)]
        matrix = [i * columns + j if kept[i][j] else -1 for i in range(rows) for j in range(columns)]
        size = rows * columns
        return [place if place < 0 else n * size + place for n in range(prod(given[:-2])) for place in matrix]

    def gradient(g: Any, y: Any, x: Any, *, k: int) -> tuple[Any]:
        """The same triangle of ``g``: what is not kept has no part in the result."""
        return (getattr(g, name)(k=k),)

    return Move(
        module=module,
        rule=rule,
        source=source,
        gradient=gradient,
        cases=cases,
        refusals=(
            refusal(AxisError, "takes matrices", [1.0]),
            refusal(AttributeValueError, "k is an int", [[1.0]], k=0.5),
        ),
        calls=(
            call((3, 3)),
            call((2, 5), k=1),
            call((5, 2), k=-2),
            call((2, 3, 4), k=9),
            call((4, 4), k=-9),
            call((2, 0, 3)),
            call((17, 33), k=7),
        ),
    )
