"""What the chapters share that compare calls on one backend with each other, for which no definition is needed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from rcmlrs_core.creation import from_plain
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.plain import ITEMSIZE, PlainArray
from rcmlrs_core.registry import UnsupportedOperationError, use_backend
from rcmlrs_core.tensor import RamTensor

from ..bits import differences
from ..examine import RAISES, Examiner, Finding
from ..inputs.trial import Trial
from ..judge.definition import Outcome, Outcomes, outcomes
from ..report.words import input_lines

Load = Callable[[PlainArray], RamTensor]
"""Makes a tensor of the current backend."""


class Cut(NamedTuple):
    """Along which axis each operand can be cut (None: it stays whole), and the result with it."""

    operands: tuple[int | None, ...]
    result: int


LAYER = (Cut((0, None, None), 0), Cut((None, 0, 0), 1))
"""Samples are apart, and so are outputs."""


def along(
    operands: tuple[PlainArray, ...], axes: tuple[int | None, ...], change: Callable[[PlainArray, int], PlainArray]
) -> tuple[PlainArray, ...]:
    """Operands that are changed along an axis of each; one whose axis is None, or that has none, stays."""
    every = (*axes, *[None] * len(operands))
    return tuple(x if axis is None else change(x, axis) for x, axis in zip(operands, every, strict=False))


class Differs(Exception):
    """Two results of one backend that should be the same bits are not."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence)
        self.finding = finding


@dataclass(frozen=True, eq=False)
class Relation:
    """Something that is true of a call whatever its result is; ``kind`` is what is wrong where it is not."""

    trial: Trial
    kind = "a broken relation"

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with it on the examiner's backend, if anything is."""
        with use_backend(examiner.backend):
            try:
                self.hold(examiner)
            except Differs as found:
                return found.finding
            except Exception as error:
                if isinstance(error, UnsupportedOperationError) and error.operation in examiner.backend.unsupported:
                    raise  # as the backend declares: the suite counts it
                return self.finding(RAISES, f"{type(error).__name__}: {error}")
        return None

    def hold(self, examiner: Examiner) -> None:
        """Raise :class:`Differs` where it does not hold. The backend is the current one."""
        raise NotImplementedError

    def finding(self, kind: str, sentence: str) -> Finding:
        """A finding about this call."""
        clause = "" if kind == RAISES else self.trial.operation.clause
        return Finding(kind, sentence, inputs=tuple(input_lines(self.trial)), clause=clause)

    def same(self, examiner: Examiner, what: str, want: Outcomes, got: Outcomes) -> None:
        """Compare; ``what`` says of which call ``got`` is the result."""
        inputs, clause = tuple(input_lines(self.trial)) if want != got else (), self.trial.operation.clause
        for wanted, part in zip(want, got, strict=True):
            examiner.compared += len(wanted.raw) // ITEMSIZE[wanted.dtype]
            if part[:2] != wanted[:2] or len(part.raw) != len(wanted.raw):
                sentence = f"{what} is {part.dtype} of shape {part.shape}, wanted {wanted.dtype} of {wanted.shape}"
                raise Differs(Finding(self.kind, sentence, inputs=inputs, clause=clause))
            if part.raw != wanted.raw:
                wrong = tuple(differences(wanted.raw, part.raw, wanted.dtype))
                sentence = f"{what}: {len(wrong)} of {len(wanted.raw) // ITEMSIZE[wanted.dtype]} elements differ"
                raise Differs(Finding(self.kind, sentence, None, wanted, part, wrong, inputs, clause))


def results_of(trial: Trial, load: Load = from_plain) -> Outcomes:
    """The results of a call on the current backend."""
    return results_on(trial, map(load, trial.operands))


def results_on(trial: Trial, tensors: Iterable[RamTensor]) -> Outcomes:
    """The results of a call on these tensors in place of its operands."""
    return outcomes(FUNCTIONS[trial.operation.name](*tensors, **trial.attributes))


def taken(x: PlainArray, axis: int, places: range | list[int]) -> PlainArray:
    """The elements at these places of one axis, in pure Python; the bits of a NaN stay."""
    shape, raw = (*x.shape[:axis], len(places), *x.shape[axis + 1 :]), x.values.tobytes()
    return PlainArray.frombytes(_picked(raw, x.shape, axis, places, x.values.itemsize), shape, x.dtype)


def taken_of(x: Outcome, axis: int, places: range | list[int]) -> Outcome:
    """The same of a result."""
    shape = (*x.shape[:axis], len(places), *x.shape[axis + 1 :])
    return Outcome(shape, x.dtype, _picked(x.raw, x.shape, axis, places, ITEMSIZE[x.dtype]))


def _picked(raw: bytes, shape: tuple[int, ...], axis: int, places: range | list[int], itemsize: int) -> bytes:
    step = itemsize * prod(shape[axis + 1 :])
    row = step * shape[axis]
    if not row:
        return b""
    if isinstance(places, range) and places.step == 1:
        return b"".join(
            raw[start + places.start * step : start + places.stop * step] for start in range(0, len(raw), row)
        )
    return b"".join(
        raw[start + place * step : start + (place + 1) * step] for start in range(0, len(raw), row) for place in places
    )
