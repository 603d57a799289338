"""Families ``exhaustive``: a function of one float32 element has 2^32 inputs, and here all of them are tried.

A case is 2^24 neighbours. What is right is what ``judge.formula`` says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.ops.op import Elementwise, Operation
from rcmlrs_core.plain import FLOAT32

from ..examine import BITS, SHAPE, Examiner, Finding, dtype_of
from ..inputs.trial import Trial, array_of
from ..judge.definition import Outcome
from ..judge.formula import judge, need_numpy
from ..subjects import Case, Cases, Level, LongCases

NAME = "exhaustive"

BITS_OF_A_CASE = 24
CASES = 1 << (32 - BITS_OF_A_CASE)

AT_A_TIME = 1 << 20
"""Elements of a call."""

MOST_SHOWN = 16
"""Wrong elements of a case that are looked at more closely."""


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """For functions of one float32 element, at the level of that name."""
    if not level.reaches(NAME) or not isinstance(operation, Elementwise):
        return {}
    if operation.arity != 1 or operation.variadic or FLOAT32 not in operation.takes:
        return {}
    need_numpy()

    def cases(seed: int, level: Level) -> Iterator[Case]:
        given = first_attributes(operation)
        return (Neighbours(operation, number, given) for number in range(CASES))

    return {NAME: LongCases(cases, CASES)}


def first_attributes(operation: Operation) -> dict[str, Any]:
    """The defaults; where an attribute has none, the first of the samples."""
    try:
        operation.check(array_of([0], (1,), FLOAT32))
    except AttributeValueError:
        return operation.samples[0]
    return {}


@dataclass(frozen=True)
class Neighbours:
    """The inputs whose bits begin with ``number``."""

    operation: Elementwise
    number: int
    attributes: dict[str, Any]

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with the results, if anything is."""
        import numpy

        operation, storage = self.operation, examiner.backend.storage
        kernel = examiner.backend.kernels[operation.name]
        attributes = operation.check(array_of([0], (1,), FLOAT32), **self.attributes).attributes
        right = judge(operation, attributes)
        count, inputs = 0, list[int]()
        first = self.number << BITS_OF_A_CASE
        for start in range(first, first + (1 << BITS_OF_A_CASE), AT_A_TIME):
            words = numpy.arange(start, start + AT_A_TIME, dtype=numpy.uint32)
            wanted = right(words.view(numpy.float32))
            want = Outcome((AT_A_TIME,), wanted.dtype.name, _dumped(wanted))
            result = kernel(storage.load(words.astype("<u4").tobytes(), (AT_A_TIME,), FLOAT32), **attributes)
            got = Outcome(tuple(result.shape), dtype_of(result), storage.dump(result))
            examiner.saw(got)
            examiner.compared += AT_A_TIME
            if got[:2] != want[:2] or len(got.raw) != len(want.raw):
                sentence = (
                    f"the kernel's buffer is {got.dtype} of shape {got.shape}, wanted {want.dtype} of {want.shape}"
                )
                return Finding(SHAPE, sentence, inputs=(f"{AT_A_TIME} elements from {start:#010x}",))
            if got.raw != want.raw:
                kind = "<u4" if wanted.dtype.itemsize == 4 else "u1"
                wrong = numpy.nonzero(numpy.frombuffer(got.raw, kind) != numpy.frombuffer(want.raw, kind))[0]
                count += len(wrong)
                inputs += words[wrong[: MOST_SHOWN - len(inputs)]].tolist()
        return self._described(examiner, count, inputs) if count else None

    def _described(self, examiner: Examiner, count: int, inputs: list[int]) -> Finding:
        """The first wrong ones, as a call of their own."""
        note = f"of the {1 << BITS_OF_A_CASE:,} inputs of the case {count:,} are wrong"
        row = array_of(inputs, (len(inputs),), FLOAT32)
        trial = Trial(self.operation, NAME, (row,), self.attributes, note=note)
        apart = Examiner(examiner.backend, examiner.reference)  # what it sees is no part of the family's digest
        found = apart.try_call(trial)
        if found is not None and found.kind == BITS:
            return found
        shown = ", ".join(f"{word:#010x}" for word in inputs)
        return Finding(BITS, f"{note}, and right when few are computed", inputs=(shown,), clause=self.operation.clause)


def _dumped(array: Any) -> bytes:
    """The elements as a storage gives them: little-endian, with the one NaN."""
    import numpy

    if array.dtype == numpy.float32:
        array = numpy.where(numpy.isnan(array), numpy.float32(numpy.nan), array).astype("<f4")
    raw: bytes = array.tobytes()
    return raw
