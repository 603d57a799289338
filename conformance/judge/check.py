"""The definitions judged: every operation that has an independent formula, on the suite's own inputs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rcmlrs_core.errors import PrecisionError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, Elementwise, Operation
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape, broadcast_offsets

from ..bits import raw_bytes, show, words
from ..chapters import worst
from ..inputs.generators import families_of, trials
from ..inputs.trial import Trial
from ..subjects import Level
from .arb import rn
from .functions import FUNCTIONS, Value
from .numbers import number
from .rows import PRODUCTS, ROWS, by_rows

MOST_SHOWN = 3
"""Disagreements of an operation that are kept in words."""


@dataclass
class Judged:
    """What came of an operation: how many results were compared, and how many were other ones."""

    name: str
    compared: int = 0
    disagreements: int = 0
    first: list[str] = field(default_factory=list)


def judged_names() -> list[str]:
    """The operations for which there is an independent formula."""
    return [name for name in TABLE if name in FUNCTIONS or name in ROWS or name in PRODUCTS]


def names_without() -> list[str]:
    """Those that round and have none: they are not judged here."""
    judged = judged_names()
    return [name for name, operation in TABLE.items() if _may_round(operation) and name not in judged]


ROUNDING = ("N2.1", "N3.1", "N3.3", "N4.2")
"""The clauses of operations that round, or may."""


def _may_round(operation: Operation) -> bool:
    """Whether its definition rounds: a composition is judged by its operations, and ``plain`` functions are exact."""
    if isinstance(operation, Composition) or operation.clause not in ROUNDING:
        return False
    if isinstance(operation, Elementwise):
        return operation.exact is not None
    return getattr(operation, "gives", FLOAT32) == FLOAT32


def judge(name: str, level: Level, seed: int = 0) -> Judged:
    """Compare the definition of an operation with the independent formula, on all of its families of float32."""
    found = Judged(name)
    for trial in trials_of(TABLE[name], level, seed):
        if not all(x.dtype == FLOAT32 for x in trial.operands):
            continue
        try:
            got, told = _defined(trial), ""
        except PrecisionError as error:
            got, told = (), f"{type(error).__name__}: {error}"
        want = [rn(value) for value in values_of(trial)]
        found.compared += len(want)
        wrong = [i for i, bits in enumerate(want) if i >= len(got) or got[i] != bits]
        found.disagreements += len(wrong)
        for i in wrong[: MOST_SHOWN - len(found.first)]:
            found.first.append(f"{_call(trial, i)}: {show(want[i])}, but the definition gives {told or show(got[i])}")
    return found


def _defined(trial: Trial) -> Sequence[int]:
    """The bits that the definition gives."""
    attributes = trial.operation.check(*trial.operands, **trial.attributes).attributes
    return words(trial.operation.define(*trial.operands, **attributes).tobytes(), FLOAT32)


def trials_of(operation: Operation, level: Level, seed: int) -> Iterator[Trial]:
    """The operation's cases, its random families, and its worst cases."""
    for family in families_of(operation):
        yield from trials(operation, family, level, seed)
    for cases in worst.families(operation, level).values():
        for case in cases(seed, level):
            assert isinstance(case, Trial)
            yield case


def values_of(trial: Trial) -> Iterator[Value]:
    """What the independent formula says of each element of the result."""
    name = trial.operation.name
    shape, _, attributes = trial.operation.check(*trial.operands, **trial.attributes)
    if name in FUNCTIONS:
        for arguments in zip(*_columns(trial.operands, shape), strict=True):
            yield FUNCTIONS[name](*arguments, **attributes)
        return
    operands = [(x.shape, _numbers(x)) for x in trial.operands]
    if name in PRODUCTS:
        yield from PRODUCTS[name](*operands, **attributes)
        return
    others = {key: value for key, value in attributes.items() if key not in ("axis", "keepdims")}
    yield from by_rows(name, operands[0], attributes["axis"], **others)


def _numbers(x: PlainArray) -> list[float]:
    return [number(bits) for bits in words(raw_bytes(x), FLOAT32)]


def _columns(operands: Sequence[PlainArray], shape: Shape) -> list[list[float]]:
    """The operands' elements, broadcast."""
    return [[numbers[i] for i in broadcast_offsets(x.shape, shape)] for x in operands for numbers in [_numbers(x)]]


def _call(trial: Trial, index: int) -> str:
    """The call that gives an element of a result, in short."""
    given = [f"{key}={value!r}" for key, value in trial.attributes.items()]
    if isinstance(trial.operation, Elementwise):
        shape = trial.operation.check(*trial.operands, **trial.attributes).shape
        columns = _columns(trial.operands, shape)
        return f"{trial.operation.name}({', '.join([*(repr(column[index]) for column in columns), *given])})"
    shapes = [f"{math.prod(x.shape)} elements {x.shape}" for x in trial.operands]
    return f"{trial.operation.name}({', '.join(shapes + given)}), element {index}, family {trial.family}"
