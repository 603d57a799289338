"""Results as JSON, for the pipe from a worker and for a journal: what is read is what was written, or is refused."""

from dataclasses import asdict
from typing import Any

from ..running.collect import Done
from ..status import STATUSES
from .results import COUNTS, Failure, FamilyReport

Json = dict[str, Any]


def to_plain(done: Done) -> Json:
    """What a unit gave."""
    return {"group": asdict(done.group), "stdout": done.stdout, "stderr": done.stderr}


def from_plain(found: Json) -> Done:
    """The same again; raises ValueError, TypeError or KeyError for what is none."""
    group = FamilyReport(**found["group"])
    counts = [getattr(group, name) for name in COUNTS]
    if not all(type(count) is int and 0 <= count < 1 << 63 for count in counts) or type(group.seconds) not in (
        int,
        float,
    ):
        raise ValueError("a number of a case group is none")
    if not all(type(text) is str for text in (group.status, group.reason, group.digest, group.error)):
        raise ValueError("a text of a case group is none")
    if group.status not in STATUSES or (group.ok and (group.failed or group.error)):
        raise ValueError(f"the status of a case group is {group.status!r}, which its numbers do not give")
    if type(group.problems) is not list or not all(type(problem) is str for problem in group.problems):
        raise ValueError("the problems of a case group are no texts")
    for name in ("failure", "waived_failure"):
        if found["group"][name] is not None:
            setattr(group, name, _failure(dict(found["group"][name])))
    return Done(group, str(found["stdout"]), str(found["stderr"]))


def _failure(fields: Json) -> Failure:
    return Failure(**fields | {"inputs": tuple(fields["inputs"])})
