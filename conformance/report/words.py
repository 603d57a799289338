"""A failure in words, by its first wrong bit.

Operation, clause, inputs, what was wanted and what was got, how far apart they are, which kernel it was, and one
command line that shows just this again.
"""

import shlex
from dataclasses import dataclass

from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.ops.op import Composition, Elementwise, Operation, Reduction
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray
from rcmlrs_core.registry import DERIVED, OWN, Backend

from ..bits import INFINITY, SIGN, is_finite, is_nan, raw_bytes, show, show_distance, ulps, words
from ..examine import BITS, LEAKS, OPERAND, OVERWRITTEN, PUBLIC, RAISES, REPEAT, SHAPE, TYPE, Finding
from ..inputs.trial import Trial
from ..subjects import case_name
from .results import Failure

SMALLEST_NORMAL = 0x00800000

MOST_SHOWN = 12
"""Elements of an operand that are shown before it is shortened."""

MOST_IN_SNIPPET = 40
"""Elements that fit into a line of Python."""


WHERE = {OWN: "the backend's own kernel", DERIVED: "a kernel derived for the backend"}
"""Where a kernel comes from, in words."""


@dataclass(frozen=True)
class Run:
    """What a command line needs in order to say the same again."""

    backend: str
    level: str
    seed: int
    against: str = ""


def command_line(run: Run, subject: str, family: str, number: int | None = None) -> str:
    """What to type in order to see the same failure and nothing else; without a number, its whole family."""
    words = ["rcmlrs", "conformance", "--backend", run.backend]
    words += ["--against", run.against] if run.against else []
    if number is None:
        words += ["--op", subject, "--family", family]
    else:
        words += ["--case", case_name(subject, family, number)]
    return shlex.join([*words, "--level", run.level, "--seed", str(run.seed)])


def describe(finding: Finding, subject: str, family: str, number: int, run: Run, backend: Backend) -> Failure:
    """A finding (already shrunk) as a failure, for people."""
    trial = finding.trial
    want = got = distance = program = ""
    if finding.want is not None and finding.got is not None and finding.wrong:
        dtype, at = finding.want.dtype, finding.wrong[0]
        wanted, found = words(finding.want.raw, dtype), words(finding.got.raw, dtype)
        place = f" at element {position(at, finding.want.shape)} of the result" if len(wanted) > 1 else ""
        want, got = show(wanted[at], dtype) + place, show(found[at], dtype)
        distance = show_distance(wanted[at], found[at], dtype)
        if trial is not None and finding.kind in (BITS, PUBLIC):
            program = snippet(run.backend, trial, finding.want.raw)
    alone = finding.kind != OVERWRITTEN  # by the case after it: that needs the family
    return Failure(
        subject,
        family,
        case_name(subject, family, number),
        finding.kind,
        finding.sentence,
        clause_of(finding, trial.operation) if trial else finding.clause,
        tuple(input_lines(trial)) if trial else finding.inputs,
        want,
        got,
        distance,
        path_of(backend, trial) if trial else "",
        command_line(run, subject, family, number if alone else None),
        program,
    )


def path_of(backend: Backend, trial: Trial) -> str:
    """Which code gave the result: a kernel and where it comes from, or a composition."""
    name = trial.operation.name
    if isinstance(trial.operation, Composition):
        return "a composition of operations, on the backend's kernels"
    of_integers = bool(trial.operands) and trial.operands[0].dtype == INT32
    kernel = backend.integer_kernel(name) if of_integers else backend.kernels[name]
    origin = backend.origins.get(name, DERIVED)
    if of_integers and kernel is not backend.kernels[name]:
        origin = DERIVED
    code = f"{getattr(kernel, '__module__', None) or '?'}.{getattr(kernel, '__qualname__', type(kernel).__name__)}"
    return f"{WHERE.get(origin, origin)} ({code}){decided_by(trial)}"


def decided_by(trial: Trial) -> str:
    """How hard the elements are: whether binary64 with the proven bound tells them, or the definition must be asked."""
    operation = trial.operation
    if not isinstance(operation, Elementwise | Reduction):
        return ""
    seen: list[tuple[int, int]] = []
    kernel = plain_kernel(operation, lambda name, undecided, elements: seen.append((undecided, elements)))
    try:
        kernel(*trial.operands, **operation.check(*trial.operands, **trial.attributes).attributes)
    except RcmlrsError:
        return ""
    undecided, elements = (sum(counts) for counts in zip(*seen, strict=True)) if seen else (0, 0)
    if not elements:
        return ""
    if not undecided:
        return "; the binary64 formula of the operation's file decides it, with its proven bound"
    which = "the element" if elements == 1 else f"{undecided:,} of {elements:,} elements"
    return f"; {which} lies too close to a midpoint for the binary64 formula: the exact definition decides"


def clause_of(finding: Finding, operation: Operation) -> str:
    """The clause that decides the case: the operation's own, or the one about what is special in it."""
    if finding.kind in (LEAKS, OPERAND, OVERWRITTEN, RAISES, SHAPE):
        return ""
    if finding.kind == TYPE:
        return "N1.1"
    if finding.kind not in (BITS, PUBLIC, REPEAT) or not finding.wrong or finding.want is None or finding.got is None:
        return operation.clause
    assert finding.trial is not None
    if finding.want.dtype == FLOAT32:
        at = finding.wrong[0]
        want, got = words(finding.want.raw, FLOAT32)[at], words(finding.got.raw, FLOAT32)[at]
        if is_nan(want) and is_nan(got):
            return "N1.2"
        given = [w for x in finding.trial.operands if x.dtype == FLOAT32 for w in words(raw_bytes(x), FLOAT32)]
        special = not all(map(is_finite, given))
        if operation.clause in ("N2.1", "N4.3") and (special or want & ~SIGN == got & ~SIGN == 0):
            return "N2.3"
        if operation.clause == "N3.1" and (special or want & ~SIGN == 0):
            return "N3.2"
        lost = got & ~SIGN in (0, INFINITY) and ulps(want, got) != 1 and not special
        if lost and (0 < want & ~SIGN < SMALLEST_NORMAL or any(0 < word & ~SIGN < SMALLEST_NORMAL for word in given)):
            return "N1.1"
        if operation.clause == "N2.1" and not special and (want & ~SIGN == INFINITY or got & ~SIGN == INFINITY):
            return "N1.3"
    return operation.clause


def position(index: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The coordinates of a row-major index."""
    place: list[int] = []
    for length in reversed(shape):
        index, at = divmod(index, length)
        place.append(at)
    return tuple(reversed(place))


def operand_names(trial: Trial) -> list[str]:
    """The names of the operands in the operation's signature; those of a variadic one are counted."""
    parameters = list(trial.operation.signature.parameters)
    if trial.operation.variadic:
        return [f"{parameters[0]}[{i}]" for i in range(len(trial.operands))]
    return parameters[: len(trial.operands)]


def input_lines(trial: Trial) -> list[str]:
    """The operands and attributes, one line or some lines each, shortened when long."""
    lines = []
    for name, x in zip(operand_names(trial), trial.operands, strict=True):
        elements = [show(word, x.dtype) for word in words(raw_bytes(x), x.dtype)]
        if len(elements) == 1:
            lines.append(f"{name} = {elements[0]}" if x.shape in ((), (1,)) else f"{name} {x.shape}: {elements[0]}")
            continue
        if len(elements) > MOST_SHOWN:
            left = len(elements) - MOST_SHOWN + 3
            elements = [*elements[: MOST_SHOWN - 6], f"... {left} more ...", *elements[-3:]]
        lines.append(f"{name}: {x.dtype} of shape {x.shape}")
        lines += [f"    {element}" for element in elements]
    lines += [f"{name} = {value!r}" for name, value in trial.attributes.items()]
    if trial.note:
        lines.append(f"({trial.note})")
    return lines


def snippet(backend: str, trial: Trial, want: bytes) -> str:
    """A few lines of Python that show the wrong bits, where the input is short enough."""
    if sum(len(x.values) for x in trial.operands) > MOST_IN_SNIPPET:
        return ""
    names = [f"x{i}" for i in range(len(trial.operands))] if len(trial.operands) > 1 else ["x"]
    lines = ["import rcmlrs_core as rc"]
    lines += [f"{name} = {_from_bytes(x, backend)}" for name, x in zip(names, trial.operands, strict=True)]
    given = ", ".join(names + [f"{key}={value!r}" for key, value in trial.attributes.items()])
    lines.append(f"print(rc.{trial.operation.name}({given}).tobytes().hex())  # wanted {want.hex()}")
    return "\n".join(lines)


def _from_bytes(x: PlainArray, backend: str) -> str:
    dtype = "" if x.dtype == FLOAT32 else f", dtype={x.dtype!r}"
    return f'rc.from_bytes(bytes.fromhex("{raw_bytes(x).hex()}"), {x.shape}, "{backend}"{dtype})'
