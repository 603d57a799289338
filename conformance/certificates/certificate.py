"""The certificate: a report as lines of JSON, which somebody else can check without trusting who wrote it.

A **header** says what was run, on what and when; a line per **group** what came of it; lines of **problems** what was
wrong with the run itself, and **notes** what is worth knowing of it; the **footer** has the verdict, the counts, a
digest over all result bits, and a digest over the file before it. Whatever the footer says follows from the other
lines, so a reader computes it again and compares.
It is no signature: who rewrites all of it consistently is found out by running it again, ``rcmlrs verify --rerun``.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import rcmlrs_core
from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io.atomic import FilePath, atomic_write
from rcmlrs_core.io.reading import open_regular
from rcmlrs_core.numerics.decimal_text import shown

from .. import clauses
from ..chapters import search
from ..frozen import UnknownContractError, groups_of
from ..report.results import COUNTS, Asked, Failure, FamilyReport, Report, SubjectReport, status_of, sums
from ..status import ERROR, PASSED, UNSUPPORTED
from ..subjects import LEVELS, parse_case_name
from ..version import VERSION
from . import machine
from .records import RECORD, RecordError, built, line_of, parsed
from .verdict import counts_of, missing_of, verdict_of

FORMAT = 1
"""The version of this format."""

MOST_BYTES = 64 << 20
MOST_LINES = 100_000
MOST_IN_LINE = 4 << 20
MOST_IN_TEXT = 4_000
MOST_INPUTS = 100
"""Nothing larger is written, and nothing larger is read."""

NAME = re.compile(r"[!-.0-~]{1,100}")
"""Of a subject or a family: printable ASCII, no space, no slash."""

DIGEST = re.compile(r"[0-9a-f]{64}")


class CertificateError(FileFormatError):
    """Why a file is no valid certificate."""


@dataclass(frozen=True)
class Header:
    """What was run, on what, in which versions, and when."""

    format: int
    suite: str
    contract: str
    contract_sha256: str
    rcmlrs: str
    backend: str
    about: str
    distribution: str
    """What the backend was installed with, and its version."""
    libraries: dict[str, str]
    python: str
    system: str
    processor: str
    flags: tuple[str, ...]
    processors: int
    """How many processors the run could use."""
    environment: dict[str, str]
    level: str
    seed: int
    against: str
    asked: Asked
    date: str
    seconds: float


@dataclass(frozen=True)
class Group:
    """A case group."""

    group: str
    kernel: str
    status: str
    cases: int
    elements: int
    digest: str
    seconds: float
    failed: int = 0
    waived: int = 0
    unsupported: int = 0
    wrong: int = 0
    error: str = ""
    reason: str = ""
    """Why cases are waived or unsupported."""
    failure: "First | None" = None
    waived_failure: "First | None" = None
    only_cases: bool = False
    subject_reason: str = ""
    """Why the backend does not have the operation."""


@dataclass(frozen=True)
class First:
    """The first failure of a group: :class:`Failure` without the names that the group has."""

    case: str
    kind: str
    sentence: str
    clause: str
    inputs: tuple[str, ...]
    want: str
    got: str
    distance: str
    path: str
    command: str
    snippet: str


@dataclass(frozen=True)
class Problem:
    """Something that was wrong with the run itself."""

    text: str


@dataclass(frozen=True)
class Note:
    """Something worth knowing of the run, which is not wrong."""

    text: str


@dataclass(frozen=True)
class Footer:
    """What follows from all lines before it."""

    verdict: str
    words: str
    expected: int
    """Case groups that the contract comprises at the level, by the suite that wrote this."""
    missing: int
    """Those of them that are not here."""
    statuses: dict[str, int]
    groups: int
    cases: int
    elements: int
    failed: int
    waived: int
    unsupported: int
    wrong: int
    digest: str
    """Over all result bits: two machines with the same one agree on every bit."""
    sha256: str
    """Of the file before this line."""


@dataclass(frozen=True)
class Certificate:
    """A certificate that was read. ``doubts`` are reasons why this suite cannot vouch for the verdict."""

    source: str
    header: Header
    report: Report
    footer: Footer
    doubts: tuple[str, ...] = ()

    @property
    def groups(self) -> dict[str, FamilyReport]:
        """The case groups by name."""
        return dict(groups(self.report))


def groups(report: Report) -> Iterator[tuple[str, FamilyReport]]:
    """The case groups of a report, by name."""
    for subject in report.subjects:
        for name, family in subject.families.items():
            yield f"{subject.name}/{name}", family


# ------------------------------------------------------------------------------------------------------ writing


def write(report: Report, path: FilePath) -> None:
    """Write the certificate of a report, whole or not at all."""
    with atomic_write(path) as file:
        file.write(text_of(report).encode("ascii"))


def text_of(report: Report) -> str:
    """The certificate of a report that was made here and now."""
    header = header_of(report)
    lines = [line_of("header", header)]
    for subject in report.subjects:
        lines += [line_of("group", _group(subject, name)) for name in subject.families]
    lines += [line_of("problem", Problem(_clean(problem))) for problem in report.problems]
    lines += [line_of("note", Note(_clean(note))) for note in report.notes]
    before = "".join(f"{line}\n" for line in lines)
    expected = groups_of(_version(header), header.level)
    footer = _footer(report, before, len(expected), len(missing_of(report, expected)))
    return f"{before}{line_of('footer', footer)}\n"


def header_of(report: Report) -> Header:
    """The header of a report that was made here and now."""
    model, flags = machine.processor()
    return Header(
        FORMAT,
        VERSION,
        clauses.version(),
        sha256(clauses.CONTRACT.read_bytes()).hexdigest(),
        rcmlrs_core.__version__,
        _clean(report.backend),
        _clean(report.about),
        machine.distribution(report.backend),
        machine.libraries(),
        machine.python(),
        machine.system(),
        model,
        flags,
        machine.processors(),
        machine.environment(),
        report.level,
        report.seed,
        _clean(report.against),
        report.asked,
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        round(report.seconds, 3),
    )


def _version(header: Header) -> str:
    """The version of the contract that a verdict speaks of."""
    return header.asked.contract or header.contract


def _group(subject: SubjectReport, name: str) -> Group:
    family = subject.families[name]
    return Group(
        group=f"{subject.name}/{name}",
        kernel=subject.kernel,
        status=family.status,
        **sums([family]),
        digest=family.digest,
        seconds=round(family.seconds, 3),
        error=_clean(family.error),
        reason=_clean(family.reason),
        failure=_first(family.failure),
        waived_failure=_first(family.waived_failure),
        only_cases=subject.only_cases,
        subject_reason=_clean(subject.reason),
    )


def _first(failure: Failure | None) -> First | None:
    if failure is None:
        return None
    members = asdict(failure)
    inputs = tuple(_clean(line) for line in members.pop("inputs")[:MOST_INPUTS])
    del members["subject"], members["family"]
    return First(**{key: _clean(value) for key, value in members.items()}, inputs=inputs)


def _clean(text: str) -> str:
    """Text of a backend: in Unicode, of bounded length, without the paths of a machine."""
    text = machine.without_paths(text.encode("utf-8", "backslashreplace").decode())
    return text if len(text) <= MOST_IN_TEXT else f"{text[:MOST_IN_TEXT]} ... ({len(text):,} characters)"


def _footer(report: Report, before: str, expected: int, missing: int) -> Footer:
    verdict = verdict_of(report, expected, missing)
    families = [family for _, family in groups(report)]
    return Footer(
        verdict.code,
        verdict.words,
        expected,
        missing,
        counts_of(report),
        len(families),
        **sums(families),
        digest=report.digest,
        sha256=sha256(before.encode("ascii")).hexdigest(),
    )


# ------------------------------------------------------------------------------------------------------ reading


def read(path: FilePath) -> Certificate:
    """Read a certificate, and check that it is whole and says what its lines give.

    Raises:
        OSError: there is no such file, or it may not be read.
        CertificateError: it is not valid, and why.
    """
    source = Path(os.fsdecode(path)).name
    with open_regular(path) as (file, size):
        if size > MOST_BYTES:
            raise CertificateError(f"{source}: {size:,} bytes are too many for a certificate, at most {MOST_BYTES:,}")
        raw = file.read(MOST_BYTES + 1)
    return parse(raw, source)


def parse(raw: bytes, source: str = "certificate") -> Certificate:
    """The same of the bytes of a file."""
    try:
        return _parse(raw, source)
    except RecordError as error:
        raise CertificateError(f"{source}: {error}") from None


def _parse(raw: bytes, source: str) -> Certificate:
    lines = _lines(raw)
    kind, members = _record(1, lines[0])
    if kind != "header":
        raise RecordError("line 1 is no header")
    last, ending = _record(len(lines), lines[-1])
    if last != "footer":
        raise RecordError(f"the last line is no footer: the file is truncated after line {len(lines)}")
    form = members.get("format")
    if form != FORMAT:
        raise RecordError(f"its format is {shown(repr(form))}, this suite reads format {FORMAT}")
    header = built(Header, members, "line 1")
    footer = built(Footer, ending, f"line {len(lines)}")
    _check_header(header)
    report = Report(header.backend, header.about, header.level, header.seed, header.against, header.asked)
    report.seconds = header.seconds
    subjects: dict[str, SubjectReport] = {}
    for number, line in enumerate(lines[1:-1], 2):  # one by one: what does not belong takes no memory
        kind, members = _record(number, line)
        if kind == "group" and not report.problems and not report.notes:
            _add(subjects, built(Group, members, f"line {number}"), number)
        elif kind == "problem" and not report.notes:
            report.problems.append(built(Problem, members, f"line {number}").text)
        elif kind == "note":
            report.notes.append(built(Note, members, f"line {number}").text)
        else:
            raise RecordError(f"line {number} is a {shown(kind)} where none belongs")
    report.subjects = list(subjects.values())
    before = "".join(f"{line}\n" for line in lines[:-1])
    if sha256(before.encode("ascii")).hexdigest() != footer.sha256:
        raise RecordError("a line was changed, taken away or added: the digest over the lines is not the footer's")
    doubts, expected, missing = _expected(header, report, footer)
    again = _footer(report, before, expected, missing)
    if again != footer:
        key = next(key for key, value in asdict(again).items() if value != getattr(footer, key))
        said, given = getattr(footer, key), getattr(again, key)
        raise RecordError(f"the footer says {key} {shown(str(said))}, but the lines give {shown(str(given))}")
    return Certificate(source, header, report, footer, doubts)


def _lines(raw: bytes) -> list[str]:
    try:
        text = raw.decode("ascii")  # whatever is not is written as an escape
    except UnicodeDecodeError as error:
        raise RecordError(f"is no text of ASCII: byte 0x{raw[error.start]:02x} at position {error.start}") from None
    if not text:
        raise RecordError("the file is empty")
    if not text.endswith("\n"):
        raise RecordError("the last line has no end: the file is truncated")
    if text.count("\n") > MOST_LINES:
        raise RecordError(f"it has more than {MOST_LINES:,} lines")
    lines = text[:-1].split("\n")
    longest = max(map(len, lines))
    if longest > MOST_IN_LINE:
        raise RecordError(f"a line of {longest:,} characters is too long, at most {MOST_IN_LINE:,}")
    return lines


def _record(number: int, line: str) -> tuple[str, dict[str, object]]:
    """What a line is, and its members."""
    try:
        members = parsed(line)
    except RecordError as error:
        raise RecordError(f"line {number} {error}") from None
    return str(members.pop(RECORD, None)), members


def _check_header(header: Header) -> None:
    for what, name in (("suite", header.suite), ("contract", header.contract), ("level", header.level)):
        if not NAME.fullmatch(name):
            raise RecordError(f"the {what} of the header is {shown(name)}")
    if not DIGEST.fullmatch(header.contract_sha256):
        raise RecordError(f"the digest of the contract is {shown(header.contract_sha256)}")
    for case in header.asked.cases:
        try:
            parse_case_name(case)
        except ValueError:
            raise RecordError(f"the header asks for {shown(case)}, which is no name of a case") from None
    if not header.backend.isprintable() or not 0 < len(header.backend) <= 200:
        raise RecordError(f"the backend of the header is {shown(header.backend)}")


def _add(subjects: dict[str, SubjectReport], group: Group, number: int) -> None:
    """Take a group into its subject, if it does not contradict itself."""
    name, slash, family = group.group.partition("/")
    if not slash or not NAME.fullmatch(name) or not NAME.fullmatch(family):
        raise RecordError(f"line {number}: {shown(group.group)} is no name of a case group")
    counts: dict[str, Any] = {name: getattr(group, name) for name in COUNTS}
    if min(counts.values()) < 0 or group.failed + group.waived + group.unsupported > group.cases:
        raise RecordError(f"line {number}: the counts of {group.group} contradict each other")
    if group.digest and not DIGEST.fullmatch(group.digest):
        raise RecordError(f"line {number}: the digest of {group.group} is {shown(group.digest)}")
    due = status_of(
        group.kernel, failed=group.failed, waived=group.waived, error=group.error, unsupported=group.unsupported
    )
    if group.kernel not in (*PASSED, UNSUPPORTED) and due != ERROR:
        raise RecordError(f"line {number}: {group.group} has a kernel that is {shown(group.kernel)}")
    if group.status != due:
        raise RecordError(f"line {number}: {group.group} says {shown(group.status)}, but its counts give {due}")
    if (group.failure and not group.failed) or (group.waived_failure and not group.waived):
        raise RecordError(f"line {number}: {group.group} tells of a failure, but has none")
    own = (group.kernel, group.only_cases, group.subject_reason)
    subject = subjects.setdefault(name, SubjectReport(name, own[0], only_cases=own[1], reason=own[2]))
    if (subject.kernel, subject.only_cases, subject.reason) != own:
        raise RecordError(f"line {number}: {group.group} contradicts another group of {name}")
    if family in subject.families:
        raise RecordError(f"line {number}: {group.group} is there twice")
    failure, waived = (
        Failure(name, family, **vars(first)) if first else None for first in (group.failure, group.waived_failure)
    )
    subject.families[family] = FamilyReport(
        status=group.status,
        **counts,
        reason=group.reason,
        waived_failure=waived,
        digest=group.digest,
        failure=failure,
        error=group.error,
        seconds=group.seconds,
    )


def _expected(header: Header, report: Report, footer: Footer) -> tuple[tuple[str, ...], int, int]:
    """How many groups there should be and are missing: by this suite, or, where it cannot tell, as the footer says."""
    doubts: list[str] = []
    if header.suite != VERSION:
        doubts.append(f"suite {header.suite} made it; this is suite {VERSION}, which cannot tell what belongs in it")
    try:
        expected = groups_of(_version(header), header.level) if header.level in LEVELS else []
    except UnknownContractError as error:
        doubts.append(str(error))
    else:
        if header.contract == clauses.version():
            if header.contract_sha256 != sha256(clauses.CONTRACT.read_bytes()).hexdigest():
                doubts.append(f"its text of contract {header.contract} is not the one that is here")
        if not doubts and not expected:
            doubts.append(f"there is no level {header.level!r} here")
        if not doubts:
            _check_groups(report, expected, header.level)
            return (), len(expected), len(missing_of(report, expected))
    return tuple(doubts), footer.expected, footer.missing


def _check_groups(report: Report, expected: list[str], level: str) -> None:
    """Of what the contract comprises there is nothing but the groups that this suite has, and searches."""
    comprised = {name.partition("/")[0] for name in expected}
    known = set(expected)
    if LEVELS[level].reaches(search.FROM):  # whether there was one depends on what was installed there
        known |= {f"{subject}/{search.FAMILY}" for subject in comprised}
    for name, _ in groups(report):
        if name.partition("/")[0] in comprised and name not in known:
            raise RecordError(f"suite {VERSION} has no case group {name} at level {level}")
