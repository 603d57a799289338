"""What was checked and what came of it: plain data, which goes through a pipe and into a certificate."""

import hashlib
import platform
from collections.abc import Collection
from dataclasses import dataclass, field

import rcmlrs_core

from .. import clauses
from ..status import ERROR, FAIL, UNSUPPORTED, WAIVED
from ..version import VERSION

DEFINITIONS = "the exact definitions"
"""What results are compared with, unless another backend is named."""

RIGHT, WRONG, CASES_ONLY, NOTHING = "right", "wrong", "cases only", "nothing tried"
PARTLY = "right, partly unsupported"

DIED = "the process died"
SILENT = "no answer"
TOO_LARGE = "too much memory"
"""What can be wrong with a process; each is a kind of failure."""


@dataclass(frozen=True)
class Failure:
    """The first thing that is wrong in a case group, in words."""

    subject: str
    family: str
    case: str
    """The stable name of the case."""
    kind: str
    sentence: str
    clause: str = ""
    inputs: tuple[str, ...] = ()
    """Of a process that was ended: what it printed last."""
    want: str = ""
    got: str = ""
    distance: str = ""
    path: str = ""
    """Which code decided: the kernel that ran, and where it comes from."""
    command: str = ""
    snippet: str = ""

    @property
    def inputs_title(self) -> str:
        """What the inputs are called."""
        return "printed" if self.kind in (DIED, SILENT, TOO_LARGE) else "input"


@dataclass(frozen=True)
class Asked:
    """What somebody asked for, by name; what is empty leaves nothing out."""

    contract: str = ""
    """The version of which the frozen list was run."""
    ops: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()


@dataclass
class FamilyReport:
    """A case group: a family of a subject. ``digest`` is of all result bits; empty where they are not comparable."""

    status: str
    cases: int = 0
    elements: int = 0
    failed: int = 0
    """Cases that are wrong, waived ones not among them."""
    wrong: int = 0
    """Elements that are wrong."""
    waived: int = 0
    """Cases that are wrong and declared."""
    unsupported: int = 0
    """Cases that need an operation that the backend declares not to have."""
    reason: str = ""
    """Why the backend has cases waived or unsupported, in its own words: of the first of them."""
    waived_failure: Failure | None = None
    """The first thing that is wrong and waived."""
    problems: list[str] = field(default_factory=list)
    """Waivers that are of no use."""
    digest: str = ""
    failure: Failure | None = None
    error: str = ""
    """Why the suite could not tell."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong that is not declared."""
        return self.status not in (FAIL, ERROR)


@dataclass
class SubjectReport:
    """One subject, family by family, and what of the backend was tried: its own kernel, a derived one, ..."""

    name: str
    kernel: str
    families: dict[str, FamilyReport] = field(default_factory=dict)
    only_cases: bool = False
    reason: str = ""
    """Why the backend does not have it."""

    @property
    def cases(self) -> int:
        """Calls that were compared with what is right, refusals, and whatever else is a case."""
        return sum(family.cases for family in self.families.values())

    @property
    def elements(self) -> int:
        """Elements that were compared."""
        return sum(family.elements for family in self.families.values())

    @property
    def wrong(self) -> int:
        """Elements that were wrong."""
        return sum(family.wrong for family in self.families.values())

    @property
    def failure(self) -> Failure | None:
        """The first failure, if there is one."""
        return next((family.failure for family in self.families.values() if family.failure), None)

    @property
    def errors(self) -> dict[str, str]:
        """Why the suite could not tell, by family."""
        return {name: family.error for name, family in self.families.items() if family.error}

    @property
    def status(self) -> str:
        """The worst of its families'."""
        return worst({family.status for family in self.families.values()}, self.kernel)

    @property
    def verdict(self) -> str:
        """A word or two for people."""
        if self.status == FAIL:
            return WRONG
        if self.status == UNSUPPORTED and any(family.status != UNSUPPORTED for family in self.families.values()):
            return PARTLY
        if self.status in (ERROR, WAIVED, UNSUPPORTED):
            return self.status
        if not self.cases:
            return NOTHING
        return CASES_ONLY if self.only_cases else RIGHT


@dataclass
class Report:
    """One backend. ``ok`` says that not one bit was wrong, of what was tried, but for what the backend declares."""

    backend: str
    about: str
    level: str
    seed: int
    against: str = DEFINITIONS
    asked: Asked = Asked()
    subjects: list[SubjectReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What is wrong with the run itself: a waiver that was of no use, a backend that printed."""
    notes: list[str] = field(default_factory=list)
    """What is worth knowing of the run, and is not wrong."""
    seconds: float = 0.0

    @property
    def failures(self) -> list[Failure]:
        """The first failure of each subject that has one."""
        return [subject.failure for subject in self.subjects if subject.failure]

    @property
    def ok(self) -> bool:
        """Whether everything that was tried is right or declared."""
        return not self.problems and all(f.ok for subject in self.subjects for f in subject.families.values())

    @property
    def exit_status(self) -> int:
        """0 when all is right, 1 when something is wrong."""
        return 0 if self.ok else 1

    @property
    def digest(self) -> str:
        """Of all result bits, group by group: two machines with the same digest agree on every one of them."""
        return digest_of(
            {
                f"{subject.name}/{name}": family.digest
                for subject in self.subjects
                for name, family in subject.families.items()
            }
        )

    @property
    def head(self) -> str:
        """What was run, on what, in which versions: what somebody else needs to run the same."""
        return (
            f"backend {self.backend}: {self.about}\n"
            f"suite {VERSION}, contract version {clauses.version()}, rcmlrs {rcmlrs_core.__version__}, "
            f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; "
            f"level {self.level}, seed {self.seed}"
        )

    @property
    def summary(self) -> str:
        """One line."""
        tried = [subject for subject in self.subjects if subject.cases]
        numbers = (
            f"{sum(s.elements for s in tried):,} elements of {sum(s.cases for s in tried):,} cases of "
            f"{len(tried)} subject{'s' * (len(tried) != 1)} in {self.seconds:.1f} s"
        )
        note = ""
        for verdict, words in (
            (CASES_ONLY, "No generator is known for {}: only their own cases were tried."),
            (UNSUPPORTED, "Unsupported, as the backend declares: {}."),
            (PARTLY, "Unsupported in part: {}."),
            (WAIVED, "The backend declares wrong cases of {}."),
            (ERROR, "The suite could not tell of {}."),
        ):
            names = [subject.name for subject in self.subjects if subject.verdict == verdict]
            note += f" {words.format(', '.join(names))}" if names else ""
        note += "".join(f" {words}" for words in (*self.problems, *self.notes))
        if not self.failures:
            found = "Not one wrong bit" if self.ok else "No wrong bit was found"
            waived = any(family.waived for subject in self.subjects for family in subject.families.values())
            return f"{found}{' but in waived cases,' if waived else ''} in {numbers}.{note}"
        names = [failure.subject for failure in self.failures]
        wrong = "1 subject is wrong" if len(names) == 1 else f"{len(names)} subjects are wrong"
        return f"{wrong} ({', '.join(names)}), in {numbers}.{note}"

    def of(self, name: str) -> SubjectReport:
        """What was found of one subject."""
        return next(subject for subject in self.subjects if subject.name == name)


def status_of(kernel: str, *, failed: int, waived: int, error: str, unsupported: int = 0) -> str:
    """The status of a case group."""
    if failed:
        return FAIL
    if error:
        return ERROR
    if waived:
        return WAIVED
    return UNSUPPORTED if unsupported else kernel


def worst(statuses: Collection[str], otherwise: str) -> str:
    """The worst of these; ``otherwise`` where all is right."""
    return next((bad for bad in (FAIL, ERROR, WAIVED, UNSUPPORTED) if bad in statuses), otherwise)


COUNTS = ("cases", "elements", "failed", "waived", "unsupported", "wrong")
"""The numbers of a case group, which may be added up."""


def sums(families: Collection[FamilyReport]) -> dict[str, int]:
    """The numbers of several case groups together."""
    return {name: sum(getattr(family, name) for family in families) for name in COUNTS}


def joined(parts: dict[int, FamilyReport]) -> FamilyReport:
    """The report of a case group of which each case ran alone, of those by their numbers."""
    found = [parts[number] for number in sorted(parts)]
    return FamilyReport(
        worst({part.status for part in found}, found[0].status),
        **sums(found),
        reason=next((part.reason for part in found if part.reason), ""),
        waived_failure=next((part.waived_failure for part in found if part.waived_failure), None),
        problems=[problem for part in found for problem in part.problems],
        digest=digest_of({f"{number:08}": part.digest for number, part in parts.items()}),
        failure=next((part.failure for part in found if part.failure), None),
        error=next((part.error for part in found if part.error), ""),
        seconds=sum(part.seconds for part in found),
    )


def digest_of(groups: dict[str, str]) -> str:
    """SHA-256 over the names and digests of case groups, in the order of their names."""
    total = hashlib.sha256()
    for name, digest in sorted(groups.items()):
        if digest:
            total.update(f"{name} {digest}\n".encode())
    return total.hexdigest()
