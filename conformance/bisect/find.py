"""Two runs of a training in step, up to the first call that differs.

The first run is a recording, of this machine or another one. The second one runs against it and stops where it differs.
Where the first backend is here too, it runs once more up to that call, for the bits of which a recording has digests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from tempfile import TemporaryFile

from rcmlrs_core.registry import Backend, standing_in

from ..judge.definition import Outcomes
from .program import BisectError, Program
from .recording import End, Recorder, Recording, header_of
from .trace import LOAD, Call, Enough, Observe, Tracer, told

SEQUENCE = "another call"
DATA = "other data"
OPERANDS = "other operands"
RAISED = "another error"
RESULTS = "other results"
CHANGED = "a changed operand"
"""How two calls with one number can differ; only of the last three the operation is to blame."""

Watch = Callable[[str, int, Call], None]
"""Told which backend runs, and of every call with its number."""


def unwatched(backend: str, number: int, call: Call) -> None:
    """For those who do not look."""


@dataclass(frozen=True)
class Difference:
    """The call that is the first to differ. Of a run that has ended before it, there is none, and why it ended."""

    number: int
    kind: str
    first: Call | None
    second: Call | None
    ended: str = ""
    """The error with which a run ended that has no such call, if it was one."""
    operands: Outcomes = ()
    results: Outcomes = ()
    """Of the second run."""
    first_results: Outcomes | None = None
    """Of the first, where they are known."""
    not_repeated: bool = False
    """Whether the first backend gave other bits when it ran again."""

    @property
    def call(self) -> Call:
        """The one that there is."""
        call = self.second or self.first
        assert call is not None
        return call


class Found(BaseException):
    """The difference, on its way out of the training. No error, so that no training catches it."""

    def __init__(self, difference: Difference) -> None:
        self.difference = difference


def run(program: Program, backend: Backend, observe: Observe) -> str:
    """Run a training, traced; returns the error that ended it, if one did."""
    tracer = Tracer(backend, observe, program.steps)
    with standing_in(tracer.backend):
        try:
            program.run()
        except Enough:
            pass
        except BisectError:
            raise
        except (Exception, SystemExit) as error:
            return told(error)
    return ""


def record(program: Program, backend: Backend, recorder: Recorder, watch: Watch = unwatched) -> End:
    """Run a training and write down what it does. Raises :class:`BisectError` where it does nothing."""

    def observe(call: Call, operands: Outcomes, results: Outcomes) -> None:
        recorder(call, operands, results)
        watch(backend.name, recorder.calls, call)

    raised = run(program, backend, observe)
    if not recorder.calls:
        raise nothing_done(program, raised)
    return recorder.end(raised)


def nothing_done(program: Program, raised: str) -> BisectError:
    """The error of a training that calls no kernel."""
    if raised:
        return BisectError(f"the training {program.name} raises before its first operation: {raised}")
    return BisectError(
        f"the training {program.name} computes nothing on the current backend; make its tensors there: without "
        "backend=..., or on that of another tensor"
    )


def compare(program: Program, recording: Recording, second: Backend, watch: Watch = unwatched) -> Difference | End:
    """Run ``second`` against a recording: the first difference, or how both have ended.

    Raises :class:`BisectError` where the training itself raises the same error on both.
    """
    expected: Iterator[Call | End] = recording.calls()
    number = 0

    def observe(call: Call, operands: Outcomes, results: Outcomes) -> None:
        nonlocal number
        number += 1
        watch(second.name, number, call)
        before = next(expected)
        if isinstance(before, End):
            raise Found(Difference(number, SEQUENCE, None, call, before.raised, operands, results))
        kind = _how_they_differ(before, call)
        if kind:
            raise Found(Difference(number, kind, before, call, "", operands, results))

    try:
        raised = run(program, second, observe)
    except Found as found:
        return found.difference
    end = next(expected)
    if isinstance(end, Call):
        return Difference(number + 1, SEQUENCE, end, None, raised)
    if end.raised.partition(":")[0] != raised.partition(":")[0]:
        ends = f"{recording.header.backend}: {end.raised or 'no error'}; {second.name}: {raised or 'no error'}"
        raise BisectError(f"after {number} calls with the same bits the training ends in two ways: {ends}")
    if raised:
        raise BisectError(
            f"the training {program.name} raises after {number} calls, whose bits are the same on both backends: "
            f"{raised}; correct it first"
        )
    return end


def _how_they_differ(first: Call, second: Call) -> str:
    if first.what != second.what:
        return SEQUENCE
    if first.operands != second.operands:
        return DATA if second.kind == LOAD else OPERANDS
    if first.raised != second.raised:
        return RAISED
    if first.changed != second.changed:
        return CHANGED
    return RESULTS if first.results != second.results else ""


def results_of(program: Program, backend: Backend, number: int, watch: Watch = unwatched) -> tuple[Call, Outcomes]:
    """The ``number``-th call of a training and its results: the training runs up to it."""
    seen = 0
    caught: list[tuple[Call, Outcomes]] = []

    def observe(call: Call, operands: Outcomes, results: Outcomes) -> None:
        nonlocal seen
        seen += 1
        watch(backend.name, seen, call)
        if seen == number:
            caught.append((call, results))
            raise Enough

    raised = run(program, backend, observe)
    if not caught:
        raise BisectError(
            f"{backend.name} makes {seen} calls where it made {number} or more before"
            + (f", and raises {raised}" if raised else "")
            + ": the training is not the same twice; see that it depends on neither time nor chance"
        )
    return caught[0]


def bisect(program: Program, first: Backend, second: Backend, watch: Watch = unwatched) -> Difference | End:
    """The first difference between two backends that are both here, with the bits of both."""
    with TemporaryFile() as file:
        recorder = Recorder(file, header_of(program, first.name, first.about))
        record(program, first, recorder, watch)
        found = compare(program, Recording(file, first.name), second, watch)
    if isinstance(found, End) or found.first is None or found.kind not in (RESULTS, RAISED):
        return found
    call, results = results_of(program, first, found.number, watch)
    same = (call.what, call.operands, call.results) == (found.first.what, found.first.operands, found.first.results)
    return replace(found, first_results=results, not_repeated=not same)
