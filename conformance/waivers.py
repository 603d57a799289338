"""Waivers: the cases of which a backend says itself that it gets them wrong, one by one and with the reason.

A backend ships ``waivers.toml`` and hands out its text (the hook ``rcmlrs_waivers``)::

    [[waiver]]
    case = "gelu/ties/4"
    level = "standard"
    seed = 0
    reason = "the vendor's erf is 1 ulp off here; the next driver mends it"
    link = "https://example.org/issues/12"

``case`` is the name that a report prints. What is drawn is another case at another level or seed, so those belong to
the name, but for the families ``cases`` and ``refusals``, which are written in an operation's file. A case that is
wrong and waived is reported as waived. A waiver of a case that is right, or that does not exist, is an error: it says
what is no longer true.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rcmlrs_core.errors import BackendError, did_you_mean
from rcmlrs_core.registry import Backend

from .chapters import subjects
from .subjects import LEVELS, LongCases, parse_case_name

WRITTEN = ("cases", "refusals")
"""The families whose cases are written in the operation's file: the same ones at every level and seed."""


class WaiverError(BackendError):
    """Waivers that cannot be read: the backend, the entry, and what is wrong with it."""


@dataclass(frozen=True)
class Waiver:
    """One case that is known to be wrong; ``level`` and ``seed`` are None where the case does not depend on them."""

    case: str
    reason: str
    link: str
    level: str | None = None
    seed: int | None = None

    def holds(self, level: str, seed: int) -> bool:
        """Whether it speaks of a run at this level and with this seed."""
        return self.level in (None, level) and self.seed in (None, seed)

    def __str__(self) -> str:
        drawn = f" (level {self.level}, seed {self.seed})" if self.level else ""
        return f"the waiver of {self.case}{drawn}"


def of_group(backend: Backend, subject: str, family: str, level: str, seed: int) -> dict[int, Waiver]:
    """The waivers that speak of a case group, by the number of the case. Raises :class:`WaiverError`."""
    found = {}
    for waiver in waivers_of(backend):
        name, part, number = parse_case_name(waiver.case)
        if (name, part) == (subject, family) and waiver.holds(level, seed):
            found[number] = waiver
    return found


def without_a_group(backend: Backend) -> list[str]:
    """What is wrong with waivers that name a subject, or a family of it, that does not exist."""
    there = subjects()
    problems = []
    for waiver in waivers_of(backend):
        subject, family, number = parse_case_name(waiver.case)
        if subject not in there:
            hint = did_you_mean(subject, there)
            problems.append(f"{_said_by(backend)} {waiver} is of nothing: there is no subject {subject!r}{hint}.")
        elif family not in (families := there[subject].families(LEVELS[waiver.level or "smoke"])):
            hint = did_you_mean(family, families)
            problems.append(f"{_said_by(backend)} {waiver} is of nothing: {subject} has no family {family!r}{hint}.")
        elif isinstance(cases := families[family], LongCases) and number >= cases.count:
            problems.append(of_no_use(backend, waiver, "there is no such case"))  # whose parts run alone
    return problems


def of_no_use(backend: Backend, waiver: Waiver, why: str) -> str:
    """What is wrong with a waiver that is not needed."""
    return f"{_said_by(backend)} {waiver} is of no use: {why}. Take it out of waivers.toml."


def waivers_of(backend: Backend) -> tuple[Waiver, ...]:
    """All waivers of a backend."""
    return parse(backend.name, backend.waivers)


@lru_cache(maxsize=16)
def parse(backend: str, text: str) -> tuple[Waiver, ...]:
    """The waivers in ``text``; raises :class:`WaiverError` for anything that is not as it should be."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WaiverError(f"the waivers of backend {backend!r} are no TOML: {error}") from error
    entries = document.pop("waiver", [])
    if document or not isinstance(entries, list):
        named = ", ".join(document) or "waiver"
        raise WaiverError(f"the waivers of backend {backend!r} hold {named}; there may be [[waiver]] and nothing else")
    found: dict[tuple[str, str | None, int | None], Waiver] = {}
    for number, entry in enumerate(entries, 1):
        where = f"waiver {number} of backend {backend!r}"
        if not isinstance(entry, dict):
            raise WaiverError(f"{where} is {entry!r}; it is written as [[waiver]], with its keys below")
        waiver = _waiver(entry, f"{where} ({entry['case']})" if isinstance(entry.get("case"), str) else where)
        key = waiver.case, waiver.level, waiver.seed
        if key in found:
            raise WaiverError(f"{where} ({waiver.case}) is there twice; write it once")
        found[key] = waiver
    return tuple(found.values())


def _waiver(entry: Mapping[str, Any], where: str) -> Waiver:
    unknown = [key for key in entry if key not in Waiver.__dataclass_fields__]
    if unknown:
        raise WaiverError(f"{where} has {unknown[0]!r}; the keys are: {', '.join(Waiver.__dataclass_fields__)}")
    for key in ("case", "reason", "link"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            got = f"is {entry[key]!r}" if key in entry else "is missing"
            raise WaiverError(f"{where}: {key!r} {got}; it takes a text that is not empty")
    if not entry["link"].startswith(("https://", "http://")):
        raise WaiverError(
            f"{where}: 'link' is {entry['link']!r}; it starts with https:// and leads to who deals with it"
        )
    try:
        _, family, _ = parse_case_name(entry["case"])
    except ValueError as error:
        raise WaiverError(f"{where}: {error}") from None
    given = [key for key in ("level", "seed") if key in entry]
    if family in WRITTEN:
        if given:
            raise WaiverError(f"{where} has {given[0]!r}; {family} are the same at every level and seed: leave it out")
        return Waiver(**entry)
    level, seed = entry.get("level"), entry.get("seed")
    if level not in LEVELS:
        got = f"is {level!r}" if "level" in entry else "is missing"
        raise WaiverError(f"{where}: 'level' {got}; the cases of {family} are drawn for one of: {', '.join(LEVELS)}")
    if type(seed) is not int:
        got = f"is {seed!r}" if "seed" in entry else "is missing"
        raise WaiverError(f"{where}: 'seed' {got}; the cases of {family} are drawn with one, such as 0")
    return Waiver(**entry)


def _said_by(backend: Backend) -> str:
    return f"Backend {backend.name!r}:"
