"""resize(x, shape, *, mode="nearest"): a grid of samples at other places, evenly over the same extent.

1. ``shape`` is that of the result and has as many axes as ``x``; leading axes that keep their length may be left out.
   Sample i of an axis of n lies at its cell's centre, (i + 1/2) / n of the extent (half-pixel centres, as PyTorch's
   ``align_corners=False``). So sample i of the result is at ``c = (i + 1/2) n / m - 1/2`` in the samples of ``x``.
2. ``"nearest"`` takes the sample in whose cell it lies, ``floor(c + 1/2)``; where that is a border, the right one
   (PyTorch's ``nearest-exact``). No bit changes (N4.1).
3. ``"linear"`` goes axis by axis, from the first one on. With c cut off to [0, n - 1], ``j = floor(c)`` and the exact
   w = c - j, each axis gives ``RN(RN(x[j] RN(1 - w)) + RN(x[j+1] RN(w)))``, and ``x[j]`` where w is 0. No filter goes
   before it when there are fewer samples.
4. An axis without samples has nothing to give another length from, and is refused.

The gradient is that of ``take``, ``mul`` and ``add``: a sample receives the exact sum over all that it gave to.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import tensor_of
from rcmlrs_core.ops.op import Composition, case, check_dtypes, refusal
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import BYTES_OF_A_NUMBER, FLOAT32, PlainArray, check_memory

MODES = ("nearest", "linear")


def resize(x: Any, shape: int | Sequence[int], *, mode: str = "nearest") -> Any:
    """Clauses 1 to 4."""
    if mode not in MODES:
        raise AttributeValueError(f"resize: mode is {' or '.join(map(repr, MODES))}, got {mode!r}")
    lengths = normalize_shape("resize", shape)
    target = x.shape[: max(0, len(x.shape) - len(lengths))] + lengths
    if len(target) != len(x.shape):
        raise ShapeError(f"resize: {lengths} has {len(lengths)} axes, {x.shape} has {len(x.shape)}; give no more")
    normalize_shape("resize", target)
    if mode == "linear":
        check_dtypes("resize", (x,), (FLOAT32,))
    for axis, (n, m) in enumerate(zip(x.shape, target, strict=True)):
        if n == 0 < m:
            raise ShapeError(f"resize: axis {axis} of shape {x.shape} has no samples to make {m} of")
        if n != m:
            check_memory("resize", (m,), BYTES_OF_A_NUMBER)
            x = _nearest(x, axis, n, m) if mode == "nearest" else _linear(x, axis, n, m)
    return x


def _nearest(x: Any, axis: int, n: int, m: int) -> Any:
    """Clause 2: floor((i + 1/2) n / m)."""
    return x.take(tensor_of([(2 * i + 1) * n // (2 * m) for i in range(m)], (m,), x), axis=axis)


def _linear(x: Any, axis: int, n: int, m: int) -> Any:
    """Clause 3."""
    from rcmlrs_core.creation import from_plain, tensor  # which are made of operations

    exact = (Fraction((2 * i + 1) * n, 2 * m) - Fraction(1, 2) for i in range(m))
    centres = [min(max(centre, Fraction(0)), Fraction(n - 1)) for centre in exact]
    first = [centre.numerator // centre.denominator for centre in centres]
    weights = [centre - j for centre, j in zip(centres, first, strict=True)]
    column = (m,) + (1,) * (len(x.shape) - axis - 1)
    low = x.take(tensor_of(first, (m,), x), axis=axis)
    if not any(weights):
        return low
    high = x.take(tensor_of([min(j + 1, n - 1) for j in first], (m,), x), axis=axis)
    w, rest = (tensor(part, x._backend).reshape(column) for part in (weights, [1 - w for w in weights]))
    mixed = low.mul(rest).add(high.mul(w))
    if all(weights):
        return mixed
    whole = from_plain(PlainArray.of([w == 0 for w in weights], (m,), "bool"), x._backend).reshape(column)
    return whole.where(low, mixed)


operation = Composition(
    module=__name__,
    function=resize,
    cases=(
        case([1.0, -0.0], shape=4, want=[1.0, 1.0, -0.0, -0.0]),
        case([1.0, 2.0, 3.0], shape=2, want=[1.0, 3.0], note="c + 1/2 is 0.75 and 2.25"),
        case([1.0, 2.0], shape=1, want=[2.0], note="on the border between two cells"),
        case([[1.0, 2.0]], shape=(2, 2), want=[[1.0, 2.0], [1.0, 2.0]]),
        case([0.0, 4.0], shape=4, mode="linear", want=[0.0, 1.0, 3.0, 4.0]),
        case([1.0, 2.0, 4.0], shape=1, mode="linear", want=[2.0]),
        case(
            [float("inf"), 1.0, -0.0], shape=1, mode="linear", want=[1.0], note="w is 0: no product with what is beside"
        ),
        case([[0.0, 2.0], [4.0, 6.0]], shape=(1, 1), mode="linear", want=[[3.0]]),
    ),
    refusals=(
        refusal(AttributeValueError, "mode is", [1.0], shape=2, mode="cubic"),
        refusal(ShapeError, "give no more", [1.0], shape=(1, 2)),
        refusal(ShapeError, "has no samples", [], shape=2),
    ),
    calls=(
        call((5,), shape=8),
        call((5,), shape=3, mode="linear"),
        call((2, 3, 4), shape=(5, 2)),
        call((2, 3, 4), shape=(7, 9), mode="linear"),
        call((3, 3), shape=(1, 33), mode="linear"),
        call((4,), shape=0),
        call((2, 3), shape=(2, 3), mode="linear"),
    ),
    data="few",
)
