"""From a trial that fails to the smallest one that still does: fewer elements, the same wrong bits.

What one element of a result depends on is a few lines of equal length (the row of a sum; row and column of a product),
or one tuple of elements. ``Lines`` holds these, and how a trial is built of them; elements are left out of all lines
together for as long as the result stays wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from rcmlrs_core.ops.op import Elementwise, Reduction
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape, broadcast_offsets, offsets, strides_of

from .bits import raw_bytes, words
from .examine import BITS, Examiner, Finding
from .inputs.trial import Trial, array_of

MOST_TRIES = 300
"""Each costs one definition; a wrong result is worth some milliseconds."""

Line = list[int]


@dataclass(frozen=True)
class Lines:
    """Lines of bits, of one length, of which ``build`` makes a trial. ``alone`` is an element that may suffice."""

    lines: tuple[Line, ...]
    build: Callable[[tuple[Line, ...]], Trial]
    alone: int | None = None


def shrink(examiner: Examiner, finding: Finding) -> Finding:
    """The finding, or one like it with a smaller input."""
    trial = finding.trial
    if trial is None or finding.kind != BITS or not finding.wrong:
        return finding
    lines = lines_of(trial, finding.wrong[0], finding)
    if lines is None:
        return finding
    tries = 0
    examiner = Examiner(examiner.backend, examiner.reference)  # what it sees is no part of the family's digest

    def attempt(kept: tuple[Line, ...]) -> Finding | None:
        nonlocal tries
        tries += 1
        examiner.start_family()
        found = examiner.try_call(lines.build(kept))
        return found if found is not None and found.kind == BITS else None

    if lines.alone is not None:
        found = attempt(tuple([line[lines.alone]] for line in lines.lines))
        if found:
            return found
    best, kept = attempt(lines.lines), lines.lines
    if best is None:
        return finding  # right when computed alone: it is the neighbours that matter
    piece = len(kept[0]) // 2
    while piece:
        start = 0
        while start < len(kept[0]) and tries < MOST_TRIES:
            fewer = tuple(line[:start] + line[start + piece :] for line in kept)
            found = attempt(fewer) if fewer[0] else None
            if found:
                best, kept = found, fewer
            else:
                start += piece
        piece //= 2
    return best


def lines_of(trial: Trial, index: int, finding: Finding) -> Lines | None:
    """What element ``index`` of the result depends on, where that is known of the operation."""
    operation = trial.operation
    if operation.name in SUMS:
        return SUMS[operation.name](trial, index)
    if isinstance(operation, Elementwise):
        return _elementwise(trial, index, finding)
    if isinstance(operation, Reduction):
        return _reduction(trial, index)
    return None


def bits_of(x: PlainArray) -> list[int]:
    """The elements' bits."""
    return list(words(raw_bytes(x), x.dtype))


def _elementwise(trial: Trial, index: int, finding: Finding) -> Lines:
    assert finding.want is not None
    shape = finding.want.shape
    dtypes = [x.dtype for x in trial.operands]
    lines = tuple(
        [bits[i] for i in broadcast_offsets(x.shape, shape)] for x, bits in ((x, bits_of(x)) for x in trial.operands)
    )

    def build(kept: tuple[Line, ...]) -> Trial:
        row = tuple(array_of(line, (len(line),), dtype) for line, dtype in zip(kept, dtypes, strict=True))
        return replace(trial, operands=row, prefix_of=None, want=None)

    return Lines(lines, build, alone=index)


def _reduction(trial: Trial, index: int) -> Lines:
    operation = trial.operation
    assert isinstance(operation, Reduction)
    (x,) = trial.operands
    axes = operation.check(x, **trial.attributes).attributes["axis"]
    kept = [i for i in range(len(x.shape)) if i not in axes]
    strides = strides_of(x.shape)
    steps = offsets(tuple(x.shape[i] for i in axes), [strides[i] for i in axes])
    if operation.maps:
        start = sum(index // strides[i] % x.shape[i] * strides[i] for i in kept)
    else:
        starts = offsets(tuple(x.shape[i] for i in kept), [strides[i] for i in kept])
        start = starts[index // len(steps) ** 2 if operation.squares else index]
    bits = bits_of(x)
    others = {key: value for key, value in trial.attributes.items() if key not in ("axis", "keepdims")}

    def build(lines: tuple[Line, ...]) -> Trial:
        row = array_of(lines[0], (len(lines[0]),), x.dtype)
        return replace(trial, operands=(row,), attributes={"axis": 0} | others, prefix_of=None, want=None)

    return Lines(([bits[start + step] for step in steps],), build)


def _matmul(trial: Trial, index: int) -> Lines:
    """The row of the first and the column of the second operand; leading axes broadcast."""
    x, y = trial.operands
    x_shape = x.shape if len(x.shape) > 1 else (1, *x.shape)
    y_shape = y.shape if len(y.shape) > 1 else (*y.shape, 1)
    m, k, n = x_shape[-2], x_shape[-1], y_shape[-1]
    batch, place = divmod(index, m * n)
    shape = _broadcast(x_shape[:-2], y_shape[:-2])
    x_start = broadcast_offsets(x_shape[:-2], shape)[batch] * m * k + place // n * k
    y_start = broadcast_offsets(y_shape[:-2], shape)[batch] * k * n + place % n
    row, column = bits_of(x)[x_start : x_start + k], bits_of(y)[y_start : y_start + k * n : n][:k]

    def build(kept: tuple[Line, ...]) -> Trial:
        k = len(kept[0])
        return replace(
            trial, operands=(array_of(kept[0], (1, k), FLOAT32), array_of(kept[1], (k, 1), FLOAT32)), want=None
        )

    return Lines((row, column), build)


def _linear(trial: Trial, index: int) -> Lines:
    """The row of x and the row of the weight; the bias stays."""
    x, weight, *bias = trial.operands
    n, k = weight.shape
    i, j = divmod(index, n)
    addend = tuple(array_of(bits_of(b)[j : j + 1], (1,), FLOAT32) for b in bias)

    def build(kept: tuple[Line, ...]) -> Trial:
        rows = tuple(array_of(line, (1, len(line)), FLOAT32) for line in kept)
        return replace(trial, operands=rows + addend, want=None)

    return Lines((bits_of(x)[i * k : (i + 1) * k], bits_of(weight)[j * k : (j + 1) * k]), build)


def _add_n(trial: Trial, index: int) -> Lines:
    """One element of each operand: operands are left out."""

    def build(kept: tuple[Line, ...]) -> Trial:
        return replace(trial, operands=tuple(array_of([word], (1,), FLOAT32) for word in kept[0]), want=None)

    assert isinstance(trial.operation, Elementwise)
    shape = trial.operation.check(*trial.operands).shape
    column = [bits_of(x)[broadcast_offsets(x.shape, shape)[index]] for x in trial.operands]
    return Lines((column,), build)


SUMS: dict[str, Callable[[Trial, int], Lines]] = {"matmul": _matmul, "linear": _linear, "add_n": _add_n}
"""Operations of a form of their own whose elements are sums along one line."""


def _broadcast(first: Shape, second: Shape) -> Shape:
    rank = max(len(first), len(second))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (first, second)]
    return tuple(b if a == 1 else a for a, b in zip(*padded, strict=True))
