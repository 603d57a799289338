"""Does a backend conform? Told by the lines of a report alone, and by what the contract comprises."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rcmlrs_core.ops import TABLE

from ..report.results import DEFINITIONS, Report, SubjectReport
from ..status import DERIVED, ERROR, FAIL, OWN, PASSED, UNSUPPORTED, WAIVED

CONFORMS = "conforms"
"""Every case group of the contract was tried at the level, and every bit is right or declared."""
FAILS = "does not conform"
"""Something is wrong."""
PARTIAL = "partial"
"""Nothing wrong was found, but not all was tried that the contract comprises: no proof."""


@dataclass(frozen=True)
class Verdict:
    """The code, which is one of the three, and what to tell people."""

    code: str
    words: str


def missing_of(report: Report, expected: Iterable[str]) -> list[str]:
    """Those of the expected case groups that a report has not."""
    there = {f"{subject.name}/{family}" for subject in report.subjects for family in subject.families}
    return [name for name in expected if name not in there]


def verdict_of(report: Report, expected: int, missing: int) -> Verdict:
    """The verdict on a report that lacks ``missing`` of the ``expected`` groups of the contract."""
    counts = counts_of(report)
    wrong, lost = counts.get(FAIL, 0), counts.get(ERROR, 0)
    groups = sum(counts.values())
    if wrong or lost or report.problems:
        found = [f"{wrong:,} of {groups:,} case groups are wrong"] if wrong else []
        found += [f"of {lost:,} the suite could not tell"] if lost else []
        problems = len(report.problems)
        found += [f"{problems} problem{'s' * (problems > 1)} of the run itself"] if problems else []
        return Verdict(FAILS, ", ".join(found))
    left_out = [f"{missing:,} of the {expected:,} case groups of the contract are missing"] if missing else []
    left_out += ["only single cases were tried"] if report.asked.cases else []
    left_out += [f"compared with {report.against}, not with {DEFINITIONS}"] if report.against != DEFINITIONS else []
    if not any(right_of(subject) for subject in report.subjects if subject.kernel in (OWN, DERIVED)):
        left_out += ["no operation is right that is not declared otherwise"]
    untried = [subject.name for subject in report.subjects if not subject.cases]
    left_out += [f"nothing was tried of {', '.join(untried)}"] if untried else []
    if left_out or not groups:
        return Verdict(PARTIAL, f"nothing wrong in {groups:,} case groups, but {'; '.join(left_out) or 'that is all'}")
    words = f"all {groups:,} case groups are right"
    declared = counts.get(WAIVED, 0), counts.get(UNSUPPORTED, 0)
    if any(declared):
        words = f"{groups - sum(declared):,} of {groups:,} case groups are right"
        words += f", {declared[0]:,} but for cases that are declared wrong" if declared[0] else ""
        words += f", {declared[1]:,} declared unsupported" if declared[1] else ""
    return Verdict(CONFORMS, words)


def right_of(subject: SubjectReport) -> int:
    """How many case groups of an operation are right; of anything else none, as a backend of nothing has that too."""
    if subject.name not in TABLE:
        return 0
    return sum(family.status in PASSED and family.cases > 0 for family in subject.families.values())


def counts_of(report: Report) -> dict[str, int]:
    """How many case groups have which status."""
    counts = Counter(family.status for subject in report.subjects for family in subject.families.values())
    return dict(sorted(counts.items()))
