"""``rcmlrs verify``: is a certificate valid, do two of them agree, and does this machine compute the same bits?"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.errors import FileFormatError, RcmlrsError

from ..chapters import subjects
from ..report.progress import Bar
from ..report.results import FamilyReport
from ..running.plan import Plan
from ..running.workers import usable_cores
from ..status import UNSUPPORTED
from ..subjects import LEVELS, parse_case_name
from ..suite import run_plan
from .certificate import Certificate, read
from .certificate import groups as groups_of
from .verdict import CONFORMS

WRONG = 1
"""The exit status for a certificate that is not green, or does not agree. What cannot be looked at at all is 2."""

MOST_SHOWN = 20
"""Differences that are told one by one."""


class UsageError(RcmlrsError, ValueError):
    """Something was asked for that makes no sense."""


@dataclass(frozen=True)
class Difference:
    """A case group on which two runs differ."""

    group: str
    words: str


@dataclass(frozen=True)
class Comparison:
    """What came of comparing two runs, group by group."""

    agreeing: int
    differences: tuple[Difference, ...]
    left_out: int = 0
    """Groups that cannot be compared: one of the two does not have the operation, or the bits are not comparable."""


def verify(
    certificates: Annotated[list[Path], typer.Argument(help="A certificate, or two to compare.", show_default=False)],
    rerun: Annotated[bool, typer.Option("--rerun", help="Run its case groups again, and compare the bits.")] = False,
    backend: Annotated[
        str | None, typer.Option("--backend", "-b", help="Run again on this backend instead of the certificate's.")
    ] = None,
    part: Annotated[
        str | None, typer.Option("--part", help="Run only a part again: 5%, or 3/50, the third of fifty parts.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=0, help="Processes; 0: in this one, unguarded. [default: one for each core]"),
    ] = None,
) -> None:
    """Check a certificate: is it whole, does its verdict follow from its lines, is anything missing?

    --rerun also runs its case groups on this machine and compares the digests of all result bits. Two certificates are
    checked each, and compared group by group. The exit status is 0 when a certificate is valid and its backend conforms
    (of two: both are valid and agree), and whatever was run again has the same bits; 1 when a certificate is
    invalid, incomplete or of a backend that does not conform, or when bits differ; 2 for a file that is not there.
    """
    console = PlainConsole()
    try:
        if len(certificates) > 2:
            raise UsageError(f"{len(certificates)} certificates: it takes one, or two to compare")
        if len(certificates) == 2 and (rerun or backend or part):
            raise UsageError("--rerun, --backend and --part are for one certificate")
        if (backend or part) and not rerun:
            raise UsageError("--backend and --part say what to run again; they need --rerun")
        chosen = part_of(part)
        found = [read(path) for path in certificates]
        good = [_show(certificate, console) for certificate in found]
        if len(found) == 2:
            ok = all(not certificate.doubts for certificate in found) and _compare(found[0], found[1], console)
        else:
            ok = good[0]
            if rerun:
                ok &= _rerun(found[0], backend, chosen, usable_cores() if jobs is None else jobs, console)
    except FileFormatError as error:
        console.say(f"invalid: {error}", "bold red")
        raise typer.Exit(WRONG) from error
    raise typer.Exit(0 if ok else WRONG)


def _show(certificate: Certificate, console: PlainConsole) -> bool:
    """Tell what a certificate says; whether it is green."""
    header, footer = certificate.header, certificate.footer
    green = footer.verdict == CONFORMS and not certificate.doubts
    console.say(f"{printable(certificate.source)}: {'cannot be judged' if certificate.doubts else 'valid'}")
    for line in (
        f"backend {header.backend}: {header.about}",
        f"suite {header.suite}, contract version {header.contract}, rcmlrs {header.rcmlrs}, {header.python}, "
        f"{header.system}, {header.processor}; level {header.level}, seed {header.seed}; {header.date}",
    ):
        console.say(f"  {printable(line)}")
    for doubt in certificate.doubts:
        console.say(f"  {doubt}", "bold red")
    console.say(f"  {footer.verdict}: {printable(footer.words)}", "bold green" if green else "bold red")
    console.command(f"  digest {footer.digest}")
    return green


def printable(text: str) -> str:
    """A stranger's text on a terminal: on one line, and without what a terminal would obey."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


# ---------------------------------------------------------------------------------------------------- two of them


def compare(a: dict[str, FamilyReport], b: dict[str, FamilyReport]) -> Comparison:
    """Whether two runs have the same bits in all groups that both have."""
    agreeing = left_out = 0
    differences = []
    for name in (name for name in a if name in b):
        one, other = a[name], b[name]
        if (
            one.unsupported
            or other.unsupported
            or bool(one.digest) != bool(other.digest)
            or ((one.status == UNSUPPORTED) != (other.status == UNSUPPORTED))
        ):
            left_out += 1
        elif one.cases != other.cases:
            differences.append(Difference(name, f"{one.cases:,} cases and {other.cases:,}"))
        elif one.digest != other.digest:
            differences.append(Difference(name, f"digests {one.digest[:16]} and {other.digest[:16]}"))
        elif one.ok != other.ok:
            differences.append(Difference(name, f"{one.status} and {other.status}"))
        else:
            agreeing += 1
    return Comparison(agreeing, tuple(differences), left_out)


def _compare(a: Certificate, b: Certificate, console: PlainConsole) -> bool:
    for what in ("suite", "level", "seed"):
        one, other = getattr(a.header, what), getattr(b.header, what)
        if one != other:
            console.say(f"They cannot be compared: {what} {one} and {what} {other} are other cases.", "bold red")
            return False
    if set(a.header.asked.cases) != set(b.header.asked.cases):
        console.say("They cannot be compared: of some case groups only single cases were run.", "bold red")
        return False
    comparison = compare(a.groups, b.groups)
    only = [len(x.groups.keys() - y.groups.keys()) for x, y in ((a, b), (b, a))]
    for count, certificate in zip(only, (a, b), strict=True):
        if count:
            console.say(f"{count:,} case groups are only in {certificate.source}.")
    return _tell(comparison, console)


def _tell(comparison: Comparison, console: PlainConsole) -> bool:
    """Say what came of a comparison, and whether it is good."""
    common = comparison.agreeing + len(comparison.differences)
    if comparison.left_out:
        console.say(f"{comparison.left_out:,} case groups cannot be compared: unsupported, or without a digest.")
    if not common:
        console.say("There is nothing to compare: no case group is in both.", "bold red")
        return False
    if not comparison.differences:
        console.say(f"The same bits in all {common:,} case groups that were compared.", "bold green")
        return True
    console.say(f"Other bits in {len(comparison.differences):,} of {common:,} case groups:", "bold red")
    for difference in comparison.differences[:MOST_SHOWN]:
        console.say(f"  {difference.group}: {difference.words}")
    if len(comparison.differences) > MOST_SHOWN:
        console.say(f"  and {len(comparison.differences) - MOST_SHOWN:,} more")
    return False


# ------------------------------------------------------------------------------------------------------- again


Part = Callable[[Iterable[str]], list[str]]
"""Chooses some of the names of case groups, always the same ones."""


def part_of(text: str | None) -> Part:
    """``5%``, or ``3/50``: a part of the case groups that depends on nothing but their names."""
    if text is None:
        return list
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
            if not 0 < share <= 1:
                raise ValueError
            return lambda names: _some(names, lambda place: place < share)
        which, count = map(int, text.split("/"))
        if not 1 <= which <= count:
            raise ValueError
    except ValueError:
        raise UsageError(f"--part {text}: expected a share such as 5%, or one of several parts such as 3/50") from None
    return lambda names: _some(names, lambda place: int(place * count) == which - 1)


def _some(names: Iterable[str], wanted: Callable[[float], bool]) -> list[str]:
    return [name for name in names if wanted(int(sha256(name.encode()).hexdigest()[:13], 16) / 16**13)]


def plan_of(certificate: Certificate, names: Iterable[str]) -> Plan:
    """What to run in order to have these case groups of a certificate again."""
    header = certificate.header
    if header.level not in LEVELS:
        raise UsageError(f"there is no level {header.level!r} here; there are: {', '.join(LEVELS)}")
    chosen: dict[str, list[str]] = {}
    for name in names:
        subject, _, family = name.partition("/")
        chosen.setdefault(subject, []).append(family)
    numbers: dict[str, set[int]] = {}
    for case in header.asked.cases:
        subject, family, number = parse_case_name(case)
        numbers.setdefault(f"{subject}/{family}", set()).add(number)
    return Plan(LEVELS[header.level], header.seed, chosen, numbers)


def _known(names: Iterable[str], level: str) -> list[str]:
    """Those that are case groups here, at the level."""
    there = subjects()
    pairs = (name.partition("/")[::2] for name in names)
    return [
        f"{subject}/{family}"
        for subject, family in pairs
        if subject in there and level in LEVELS and family in there[subject].families(LEVELS[level])
    ]


def _rerun(certificate: Certificate, name: str | None, part: Part, jobs: int, console: PlainConsole) -> bool:
    asked = name or certificate.header.backend
    if name is None and ":" in asked:
        # The file is a stranger's, and such a name imports a module: whoever runs this has to say so.
        raise UsageError(f"the certificate is of {asked!r}, a module of Python; to import it, add --backend {asked}")
    groups = {name: group for name, group in certificate.groups.items() if group.digest or not group.ok}
    names = part(groups)  # where there is no digest, no bits can be compared
    if not names:
        raise UsageError(f"none of the {len(groups):,} case groups is in this part; take a larger one")
    known = _known(names, certificate.header.level)
    console.say(f"Running {len(known):,} of {len(groups):,} case groups again on {asked} ...")
    with Bar(console) as bar:
        (report,) = run_plan(plan_of(certificate, known), [asked], jobs=jobs, progress=bar.advance)
    here = dict(groups_of(report))
    agree = _tell(compare({name: groups[name] for name in here}, here), console)
    for problem in report.problems:
        console.say(printable(problem), "bold red")
    unknown = [name for name in names if name not in here]
    for name in unknown[:MOST_SHOWN]:
        console.say(f"  {name}: there is no such case group here", "bold red")
    return agree and not unknown and not report.problems
