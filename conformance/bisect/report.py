"""What was found, in words: the call, where the training made it, the first element that differs, and who is right."""

import shlex
from collections.abc import Iterable, Iterator

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.registry import Backend

from ..bits import show, show_distance, words
from ..examine import BITS, Examiner
from ..inputs.trial import Trial
from ..judge.definition import Outcomes
from ..report.words import Run, describe, position
from ..shrink import shrink
from . import replay
from .case import Case
from .find import CHANGED, DATA, OPERANDS, RAISED, RESULTS, SEQUENCE, Difference
from .program import Program
from .recording import End
from .replay import Came, Wrong
from .trace import FUSED_CALL, LOAD, OPERATION, Call, decoded

NAMES = {OPERATION: "", FUSED_CALL: " (fused)", LOAD: ""}


def called(call: Call) -> str:
    """What was called, in a word or two."""
    return "a load of data" if call.kind == LOAD else f"{call.name}{NAMES[call.kind]}"


def place(call: Call) -> str:
    """Where in the training."""
    return f"step {call.step}, {call.phase}" + (f", at {call.where}" if call.where else "")


def same(console: PlainConsole, program: Program, first: str, second: str, end: End) -> None:
    """Both backends have the same bits."""
    console.say(
        f"{program.name}: the same bits on {first} and {second}, in all of {end.calls:,} calls, operand by operand "
        "and result by result.",
        style="green",
    )


def difference(console: PlainConsole, program: Program, first: str, second: str, found: Difference) -> None:
    """What the first difference is."""
    call = found.call
    console.say(
        f"{program.name}: the first difference between {first} and {second} is in call {found.number:,}, "
        f"{called(call)}, in {place(call)}.",
        style="bold red",
    )
    if found.kind == SEQUENCE:
        console.say(sequence(found, first, second))
        return
    _rows(console, operand_lines(call))
    if found.kind == DATA:
        console.say(
            "The data that are loaded there differ, and no call before did: the training is not the same twice. See "
            "that it depends on neither time nor chance, but for the draws of rcmlrs_core.random."
        )
        return
    if found.kind == OPERANDS:
        different = [i for i, (a, b) in enumerate(zip(_first(found).operands, call.operands, strict=True)) if a != b]
        which = ", ".join(map(str, different))
        console.say(
            f"Its operands already differ (number {which}), although every result before was the same: a kernel has "
            "changed a buffer after it was made, or elements came in past the storage (by DLPack, say)."
        )
        return
    if found.kind == CHANGED:
        whose = second if call.changed else first
        console.say(f"The kernel of {whose} changes its operand {call.changed or _first(found).changed}; it may not.")
        return
    if found.kind == RAISED:
        _rows(console, [(first, _first(found).raised or "a result"), (second, call.raised or "a result")])
    if found.not_repeated:
        console.say(f"{first} gives other bits when it runs again: it is not the same twice.", style="red")


def sequence(found: Difference, first: str, second: str) -> str:
    """Two runs that are not in step."""

    def told(name: str, call: Call | None) -> str:
        if call is None:
            return f"over on {name}" + (f" ({found.ended})" if found.ended else "")
        shapes = " ".join(tensor.partition(":")[0] for tensor in call.operands)
        return f"{called(call)} of {shapes or 'nothing'} with {call.attributes} on {name} ({place(call)})"

    why = (
        "The training does not make the same calls twice: see that it depends on neither time nor chance, nor on the "
        "backend's name; or a result that it looks at has other elements."
    )
    return f"Call {found.number:,} is {told(first, found.first)} and {told(second, found.second)}. {why}"


def _first(found: Difference) -> Call:
    assert found.first is not None
    return found.first


def operand_lines(call: Call) -> Iterator[tuple[str, str]]:
    """The operands' shapes and digests, and the attributes."""
    names = [f"operand {i}" for i in range(len(call.operands))]
    if call.kind == OPERATION:
        parameters = list(KERNELS[call.name].signature.parameters) if call.name in KERNELS else []
        if len(parameters) >= len(names) and not KERNELS[call.name].variadic:
            names = parameters[: len(names)]
    for name, tensor in zip(names, call.operands, strict=True):
        kind, _, digest = tensor.partition(":")
        yield name, f"{kind}  sha256 {digest[:16]}..."
    for name, value in decoded(call.attributes).items():
        yield name, f"= {value!r}"


def compared(console: PlainConsole, first: str, ones: Outcomes, second: str, others: Outcomes) -> None:
    """The first element in which two results differ."""
    wrong = replay.first_wrong(ones, others)
    if isinstance(wrong, str):
        _rows(console, [("result", f"{second}: {wrong}")])
        return
    _rows(console, [("result", _count(wrong)), *_elements(wrong, first, second)])


def _count(wrong: Wrong) -> str:
    elements = len(words(wrong.want.raw, wrong.want.dtype))
    return f"{wrong.count:,} of {elements:,} elements differ"


def _elements(wrong: Wrong, first: str, second: str) -> Iterator[tuple[str, str]]:
    dtype = wrong.want.dtype
    a, b = (words(x.raw, dtype)[wrong.index] for x in (wrong.want, wrong.got))
    at = f" at element {position(wrong.index, wrong.want.shape)}" if wrong.want.shape else ""
    at += f" of result {wrong.part}" if wrong.part else ""
    yield first, show(a, dtype) + at
    yield second, f"{show(b, dtype)}    ({show_distance(a, b, dtype)})"


def judged(console: PlainConsole, right: Came, results: Iterable[tuple[str, Came]]) -> list[str]:
    """Who is right; returns the names of those who are not."""
    rows, bad = [], []
    if isinstance(right, Exception):
        rows.append(("the definition", f"raises {type(right).__name__}: {right}"))
    for name, got in results:
        verdict = _verdict(right, got)
        if verdict:
            bad.append(name)
        rows.append((name, verdict or "is right: these are the bits of the exact definition"))
    _rows(console, rows)
    return bad


def _verdict(right: Came, got: Came) -> str:
    if isinstance(got, Exception) or isinstance(right, Exception):
        if isinstance(got, Exception) and isinstance(right, Exception) and str(got) == str(right):
            return ""
        told = f"raises {type(got).__name__}: {got}" if isinstance(got, Exception) else "gives a result"
        return f"is wrong: it {told}"
    wrong = replay.first_wrong(right, got)
    if isinstance(wrong, str):
        return f"is wrong: {wrong}" if wrong else ""
    dtype = wrong.want.dtype
    want, found = (words(x.raw, dtype)[wrong.index] for x in (wrong.want, wrong.got))
    at = f" at element {position(wrong.index, wrong.want.shape)}" if wrong.want.shape else ""
    return (
        f"is wrong: {show(found, dtype)}{at}, where the exact definition gives {show(want, dtype)} "
        f"({show_distance(want, found, dtype)})"
    )


def smallest(console: PlainConsole, case: Case, backend: Backend) -> None:
    """The smallest call that shows the same fault of an operation, as the suite shows it."""
    if case.kind != OPERATION:
        return
    examiner = Examiner(backend)
    trial: Trial = replay.trial_of(case)
    finding = examiner.try_call(trial)
    if finding is None:
        return
    failure = describe(shrink(examiner, finding), case.name, "bisect", 0, Run(backend.name, "smoke", 0), backend)
    kind = f"{failure.kind}, clause {failure.clause}" if failure.clause else failure.kind
    console.say(f"The smallest call that is found to show it ({kind}):")
    lines = [("input" if i == 0 else "", line) for i, line in enumerate(failure.inputs)]
    lines += [("wanted", failure.want), ("got", f"{failure.got}    ({failure.distance})")] if failure.want else []
    lines += [("what", failure.sentence)] if finding.kind != BITS else []
    _rows(console, [*lines, ("computed by", failure.path)])
    for line in failure.snippet.splitlines():
        console.command(f"    {line}")


def composition(console: PlainConsole, case: Case, backend: Backend) -> None:
    """Of a fused call that is wrong: the kernel, or an operation in the composition."""
    if case.kind != FUSED_CALL:
        return
    found = replay.inside(case, backend)
    whose = "its fused kernel" if case.name in backend.fused else "the composition"
    if found is None:
        console.say(f"On {backend.name} every operation of the composition is right: {whose} is not.")
    elif found.kind in (RESULTS, RAISED):
        console.say(f"In the composition on {backend.name}, the first operation that is wrong is {called(found.call)}:")
        _rows(console, operand_lines(found.call))
        if found.kind == RESULTS and found.first_results is not None:
            compared(console, "the definition", found.first_results, backend.name, found.results)


def again(console: PlainConsole, path: str, backend: str) -> None:
    """How the case is run alone."""
    console.say(f"Its operands and results are saved in {path}. To run it alone:")
    console.command("    " + shlex.join(["rcmlrs", "bisect", "--replay", path, "--backend", backend]))


def _rows(console: PlainConsole, rows: Iterable[tuple[str, str]]) -> None:
    found = list(rows)
    width = max((len(name) for name, _ in found), default=0)
    for name, text in found:
        console.command(f"  {name:<{width}}  {text}")


def repeated(case: Case, name: str, got: Came) -> str:
    """Whether a backend does as it did in the training, where that is known."""
    before: Outcomes | None = case.results.get(name)
    if before is None or isinstance(got, Exception):
        return ""
    return f"{name} gives {'the same bits as' if before == got else 'other bits than'} in the training."
