"""What was checked and what came of it: plain data, and the words for people.

A failure is shown by its first wrong bit: operation, clause, inputs, wanted, got, how far apart, and one command line
that shows the same again.
"""

import platform
import shlex
from dataclasses import dataclass, field

import rcmlrs_core
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import FLOAT32, PlainArray

from . import clauses
from .bits import INFINITY, SIGN, is_finite, is_nan, raw_bytes, show, show_distance, ulps, words
from .examine import BITS, OPERAND, OVERWRITTEN, PUBLIC, RAISES, REPEAT, SHAPE, TYPE, Finding
from .trial import Trial

MISSING, COMPOSITION = "missing", "composition"
RIGHT, WRONG, CASES_ONLY, NOTHING = "right", "wrong", "cases only", "nothing tried"

SMALLEST_NORMAL = 0x00800000

MOST_SHOWN = 12
"""Elements of an operand that are shown before it is shortened."""

MOST_IN_SNIPPET = 40
"""Elements that fit into a line of Python."""


@dataclass
class Count:
    """What was tried of one family."""

    trials: int = 0
    elements: int = 0
    wrong: int = 0
    failed: int = 0

    def add(self, finding: Finding | None, elements: int = 0) -> None:
        """Count one trial."""
        self.trials += 1
        self.elements += elements
        if finding:
            self.failed += 1
            self.wrong += len(finding.wrong)


@dataclass(frozen=True)
class Failure:
    """The first thing that is wrong with an operation, in words."""

    operation: str
    family: str
    kind: str
    sentence: str
    clause: str = ""
    inputs: tuple[str, ...] = ()
    want: str = ""
    got: str = ""
    distance: str = ""
    command: str = ""
    snippet: str = ""


@dataclass
class OperationReport:
    """One operation: what was found, and where the kernel comes from (own, derived, missing; or a composition)."""

    name: str
    kernel: str
    families: dict[str, Count] = field(default_factory=dict)
    failure: Failure | None = None
    only_cases: bool = False

    @property
    def trials(self) -> int:
        """Calls that were compared with the definition, and refusals."""
        return sum(count.trials for count in self.families.values())

    @property
    def elements(self) -> int:
        """Elements that were compared."""
        return sum(count.elements for count in self.families.values())

    @property
    def wrong(self) -> int:
        """Elements that were wrong."""
        return sum(count.wrong for count in self.families.values())

    @property
    def verdict(self) -> str:
        """One word."""
        if self.failure:
            return WRONG
        if self.kernel == MISSING:
            return MISSING
        if not self.trials:
            return NOTHING
        return CASES_ONLY if self.only_cases else RIGHT


@dataclass
class Report:
    """One backend. ``ok`` says that not one bit was wrong, of what was tried."""

    backend: str
    about: str
    level: str
    seed: int
    operations: list[OperationReport] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failures(self) -> list[Failure]:
        """The first failure of each operation that has one."""
        return [operation.failure for operation in self.operations if operation.failure]

    @property
    def ok(self) -> bool:
        """Whether everything that was tried is right."""
        return not self.failures

    @property
    def exit_status(self) -> int:
        """0 when all is right, 1 when something is wrong."""
        return 0 if self.ok else 1

    @property
    def head(self) -> str:
        """What was run, on what, in which versions: what somebody else needs to run the same."""
        return (
            f"backend {self.backend}: {self.about}\n"
            f"contract version {clauses.version()}, rcmlrs {rcmlrs_core.__version__}, "
            f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; "
            f"level {self.level}, seed {self.seed}"
        )

    @property
    def summary(self) -> str:
        """One line."""
        tried = [operation for operation in self.operations if operation.trials]
        numbers = (
            f"{sum(o.elements for o in tried):,} elements of {sum(o.trials for o in tried):,} calls of "
            f"{len(tried)} operation{'s' * (len(tried) != 1)} in {self.seconds:.1f} s"
        )
        only = [operation.name for operation in self.operations if operation.verdict == CASES_ONLY]
        note = f" No generator is known for {', '.join(only)}: only their own cases were tried." if only else ""
        missing = [operation.name for operation in self.operations if operation.verdict == MISSING]
        note += f" There is no kernel for {', '.join(missing)}." if missing else ""
        if self.ok:
            return f"Not one wrong bit in {numbers}.{note}"
        names = ", ".join(failure.operation for failure in self.failures)
        wrong = "1 operation is wrong" if len(self.failures) == 1 else f"{len(self.failures)} operations are wrong"
        return f"{wrong} ({names}), in {numbers}.{note}"

    def of(self, name: str) -> OperationReport:
        """What was found of one operation."""
        return next(operation for operation in self.operations if operation.name == name)


def command_line(backend: str, operation: str, level: str, seed: int, family: str) -> str:
    """What to type in order to see the same failure, and nothing else."""
    words = ["rcmlrs", "conformance", "--backend", backend, "--op", operation, "--level", level, "--seed", str(seed)]
    return shlex.join([*words, "--family", family])


def describe(finding: Finding, operation: str, family: str, report: Report, clause: str = "") -> Failure:
    """A finding (already shrunk) as a failure, for people."""
    trial = finding.trial
    again = command_line(report.backend, operation, report.level, report.seed, family)
    if trial is None:
        return Failure(operation, family, finding.kind, finding.sentence, clause, command=again)
    inputs = tuple(input_lines(trial))
    clause = clause_of(finding, trial.operation)
    if finding.want is None or finding.got is None or not finding.wrong:
        return Failure(operation, family, finding.kind, finding.sentence, clause, inputs, command=again)
    dtype, at = finding.want.dtype, finding.wrong[0]
    want, got = words(finding.want.raw, dtype)[at], words(finding.got.raw, dtype)[at]
    place = (
        ""
        if len(finding.want.raw) == len(finding.got.raw) and len(words(finding.want.raw, dtype)) == 1
        else (f" at element {position(at, finding.want.shape)} of the result")
    )
    return Failure(
        operation,
        family,
        finding.kind,
        finding.sentence,
        clause,
        inputs,
        show(want, dtype) + place,
        show(got, dtype),
        show_distance(want, got, dtype),
        again,
        snippet(report.backend, trial, finding.want.raw) if finding.kind in (BITS, PUBLIC) else "",
    )


def clause_of(finding: Finding, operation: Operation) -> str:
    """The clause that decides the case: the operation's own, or the one about what is special in it."""
    if finding.kind in (OPERAND, OVERWRITTEN, RAISES, SHAPE):
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
