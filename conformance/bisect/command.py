"""``rcmlrs bisect A B``: the first operation of a training whose bits differ on two backends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from shlex import quote
from typing import Annotated, Any

import typer

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.io.atomic import atomic_write
from rcmlrs_core.io.reading import open_regular
from rcmlrs_core.registry import Backend, current_backend, get_backend

from ..judge.definition import DEFINITION
from ..trainings import EVERY, SIZES, SMALL, TRAININGS
from . import replay, report
from .case import Case, load_case, save_case
from .find import RAISED, RESULTS, Difference, Watch, compare, record
from .find import bisect as compare_both
from .program import BisectError, Program, program_of
from .recording import Header, Recorder, Recording, check_same, header_of
from .trace import Call, decoded

DIFFERENT, USAGE = 1, 2
"""Exit statuses: of a difference, and of what cannot be run."""


def bisect(
    first: Annotated[
        str | None, typer.Argument(metavar="A", help="A backend: its name, module:attribute, or 'definition'.")
    ] = None,
    second: Annotated[
        str | None, typer.Argument(metavar="B", help="The other one; by default 'definition', which is slow and right.")
    ] = None,
    training: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help=f"What is run: {', '.join(TRAININGS)}, by default all of them; or a Python file with a function "
            "train(), which is code and runs with your rights.",
        ),
    ] = None,
    size: Annotated[str | None, typer.Option(help=f"Of a training by name: {' or '.join(SIZES)}.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps to run: by default 3, and of a file all that it makes.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**64 - 1, help="Of the draws; by default 0.")] = None,
    record_to: Annotated[
        str | None, typer.Option("--record", metavar="FILE", help="Write down what A does, to compare elsewhere.")
    ] = None,
    record_from: Annotated[
        str | None, typer.Option("--from", metavar="FILE", help="Compare A with a recording, of another machine, say.")
    ] = None,
    save: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the differing call goes; by default bisect-NAME.")
    ] = None,
    case: Annotated[
        str | None, typer.Option("--replay", metavar="CASE", help="Run a call alone that was saved.")
    ] = None,
    backend: Annotated[str | None, typer.Option("--backend", help="Where the call is replayed.")] = None,
) -> None:
    """Find the first operation whose bits differ, when two backends run a training in step.

    The call's number, its operands, the line that made it and the first wrong element are shown, and the call is saved,
    so that it can be replayed alone. The exit status is 0 when all bits are the same, 1 when some differ, and 2 when
    there is nothing to compare.
    """
    console = PlainConsole()
    chosen = [name for name, given in (("--record", record_to), ("--from", record_from), ("--replay", case)) if given]
    try:
        if len(chosen) > 1:
            raise BisectError(f"{' and '.join(chosen)} are different things; give one of them")
        if case is not None:
            different = _replay(console, case, backend or first)
        elif backend is not None:
            raise BisectError("--backend goes with --replay; name the backends as rcmlrs bisect A B")
        elif first is None:
            raise BisectError("which backends? Name them: rcmlrs bisect A B; rcmlrs backends lists what there is")
        elif chosen and second is not None:
            raise BisectError(f"{chosen[0]} takes one backend, got {first} and {second}")
        elif record_to is not None:
            different = _record(
                console, _backend(first), _program(training, size, steps, seed), training or "", record_to
            )
        elif record_from is not None:
            different = _from(console, _backend(first), record_from, (training, size, steps, seed), save)
        else:
            programs = [
                program_of(name, size or SMALL.name, steps, seed or 0)
                for name in ([training] if training else TRAININGS)
            ]
            different = _both(console, _backend(first), _backend(second or DEFINITION.name), programs, save)
    except (RcmlrsError, OSError, MemoryError) as error:
        text = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        PlainConsole(stderr=True).say(f"rcmlrs: {text}", style="red")
        raise typer.Exit(USAGE) from error
    raise typer.Exit(DIFFERENT if different else 0)


def _backend(name: str) -> Backend:
    return DEFINITION if name == DEFINITION.name else get_backend(name)


def _program(training: str | None, size: str | None, steps: int | None, seed: int | None) -> Program:
    if training is None:
        raise BisectError(f"which training? --training takes one of {', '.join(TRAININGS)}, or a file")
    return program_of(training, size or SMALL.name, steps, seed or 0)


def _both(console: PlainConsole, first: Backend, second: Backend, programs: list[Program], save: str | None) -> bool:
    for program in programs:
        with _progress() as watch:
            found = compare_both(program, first, second, watch)
        if isinstance(found, Difference):
            _show(console, program, (first.name, first), (second.name, second), found, save)
            return True
        report.same(console, program, first.name, second.name, found)
    return False


def _record(console: PlainConsole, backend: Backend, program: Program, training: str, path: str) -> bool:
    with atomic_write(path) as file, _progress() as watch:
        end = record(program, backend, Recorder(file, header_of(program, backend.name, backend.about)), watch)
        if end.raised:
            raise BisectError(f"the training {program.name} raises after {end.calls:,} calls: {end.raised}")
    console.say(
        f"{program.name}: {end.calls:,} calls on {backend.name} are recorded in {path}. Compare elsewhere with:"
    )
    needs = f" --training {quote(training)}" if training.endswith(".py") else ""  # the file is not in the recording
    console.command(f"    rcmlrs bisect BACKEND --from {quote(path)}{needs}")
    return False


Given = tuple[str | None, str | None, int | None, int | None]
"""The options that say what to run."""


def _from(console: PlainConsole, backend: Backend, path: str, given: Given, save: str | None) -> bool:
    with open_regular(path) as (file, _):
        recording = Recording(file, path)
        recording.check()
        program = _recorded_program(recording.header, given)
        check_same(recording.header, program, path)
        name = f"{recording.header.backend} (recorded)"
        with _progress() as watch:
            found = compare(program, recording, backend, watch)
    if isinstance(found, Difference):
        _show(console, program, (name, None), (backend.name, backend), found, save)
        return True
    report.same(console, program, name, backend.name, found)
    return False


def _recorded_program(header: Header, given: Given) -> Program:
    """What a recording says, where no option says something else."""
    training, size, steps, seed = given
    name, _, recorded_size = header.training.partition(", ")
    if training is None and name not in EVERY:
        raise BisectError(f"it is a recording of {header.training!r}; give the same file with --training")
    try:
        recorded_steps = int(header.steps) if header.steps else None
        recorded_seed = int(header.seed)
    except ValueError:
        raise BisectError("its steps and its seed are no numbers; record it again") from None
    if not 0 <= recorded_seed < 1 << 64:
        raise BisectError("its seed is no number from 0 to 2^64; record it again")
    return program_of(
        training or name,
        size or (recorded_size if recorded_size in SIZES else SMALL.name),
        recorded_steps if steps is None else steps,
        recorded_seed if seed is None else seed,
    )


Side = tuple[str, Backend | None]
"""A backend's name in words and, where it is here, the backend."""


def _show(
    console: PlainConsole, program: Program, first: Side, second: Side, found: Difference, save: str | None
) -> None:
    report.difference(console, program, first[0], second[0], found)
    if found.kind not in (RESULTS, RAISED):
        return
    results = {second[0]: found.results}
    if found.first_results is not None:
        results = {first[0]: found.first_results} | results
        if found.kind == RESULTS:
            report.compared(console, first[0], found.first_results, second[0], found.results)
    call = found.call
    told = f"call {found.number}, in {report.place(call)}; of {program.name}"
    alone = Case(call.kind, call.name, decoded(call.attributes), found.operands, results, told)
    bad = [first[0]] if found.first is not None and found.first.raised else []
    if found.kind == RESULTS:
        with _working("what is right"):
            right = replay.by_definition(alone)
        bad = report.judged(console, right, results.items())
        for name, one in (first, second):
            if name in bad and one is not None:
                report.composition(console, alone, one)
    if first[1] is None and found.kind == RESULTS and not bad:
        console.say(f"So {first[0]} is wrong.", style="red")
    path = save or f"bisect-{call.name}-{found.number}.safetensors"
    try:
        save_case(path, alone, call.attributes)
    except OSError as error:  # the difference is found all the same
        console.say(f"The call is not saved: {path}: {error.strerror}", style="red")
        return
    report.again(console, path, next(iter(bad), second[0] if second[0] != DEFINITION.name else first[0]))


def _replay(console: PlainConsole, path: str, name: str | None) -> bool:
    case = load_case(path)
    backend = current_backend() if name is None else _backend(name)
    console.say(f"{case.name}: {case.told}" if case.told else case.name)
    with _working(f"{case.name} by its definition"):
        right = replay.by_definition(case)
        if isinstance(right, MemoryError):
            raise right
        got = replay.on_backend(case, backend)
    bad = report.judged(console, right, [(backend.name, got)])
    repeated = report.repeated(case, backend.name, got)
    if repeated:
        console.say(repeated)
    if bad:
        with _working("the smallest call"):
            report.composition(console, case, backend)
            report.smallest(console, case, backend)
    return bool(bad)


@contextmanager
def _progress() -> Iterator[Watch]:
    """A line on a terminal that says where the training is."""
    last = 0.0
    with PlainConsole(stderr=True).status("...") as status:

        def watch(backend: str, number: int, call: Call) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last > 0.1:
                last = now
                status.update(f"{backend}: step {call.step}, call {number:,}, {call.name}")

        yield watch


def _working(what: str) -> Any:
    return PlainConsole(stderr=True).status(f"{what} ...")
