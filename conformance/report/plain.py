"""Results as JSON, for the pipe from a worker and for a journal: what is read is what was written, or is refused."""

from dataclasses import asdict
from typing import Any

from ..running.collect import Done
from .results import Failure, FamilyReport

Json = dict[str, Any]


def to_plain(done: Done) -> Json:
    """What a unit gave."""
    return {"group": asdict(done.group), "stdout": done.stdout, "stderr": done.stderr}


def from_plain(found: Json) -> Done:
    """The same again; raises ValueError, TypeError or KeyError for what is none."""
    group = FamilyReport(**found["group"])
    for name in ("failure", "waived_failure"):
        if found["group"][name] is not None:
            setattr(group, name, _failure(dict(found["group"][name])))
    return Done(group, str(found["stdout"]), str(found["stderr"]))


def _failure(fields: Json) -> Failure:
    return Failure(**fields | {"inputs": tuple(fields["inputs"])})
