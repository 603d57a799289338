"""The page: one HTML file that needs nothing else, made from certificates, side by side.

``page.html`` is its frame, ``page.css`` how it looks, ``page.js`` what is convenient in it. Certificates may be a
stranger's: every text of theirs is escaped, and the page's policy lets no script run but its own.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from rcmlrs_core.reference import family_of

from .. import clauses
from ..certificates.certificate import Certificate
from ..certificates.verdict import CONFORMS, FAILS
from ..chapters import subjects
from ..status import COMPOSITION, CORE, DERIVED, ERROR, FAIL, OWN, STATUSES, UNSUPPORTED, WAIVED
from ..version import VERSION
from .results import Failure, FamilyReport, SubjectReport

MARKS = {
    OWN: "✓", DERIVED: "✓", COMPOSITION: "✓", CORE: "✓", UNSUPPORTED: "-", WAIVED: "~", FAIL: "✗", ERROR: "!",
}  # fmt: skip
"""A sign for each status, beside its word and its colour."""

MOST_FAILURES = 200
"""Failures that are told at length, the first of each kernel before others; the certificates have all."""

HERE = Path(__file__).parent


def html_of(certificates: Sequence[Certificate]) -> str:
    """The page."""
    script = _part("js")
    told = _told(certificates)
    names = labels(certificate.header.backend for certificate in certificates)
    return Template(_part("html")).substitute(
        title=escape(_title(certificates)),
        style=_part("css"),
        script=script,
        script_hash="sha256-" + b64encode(sha256(script.encode()).digest()).decode(),
        columns=len(certificates),
        backends="\n".join(map(_backend, certificates)),
        skip='<p><a href="#failures">What is wrong</a>, <a href="#matrix">all subjects</a></p>' if told else "",
        failures=_failures(certificates, names, told),
        legend="\n".join(_legend(certificates)),
        names="".join(f"<span>{_breakable(name)}</span>" for name in names),
        chapters="\n".join(_chapters(certificates, names, told)),
        suite=escape(VERSION),
        certificates=escape(", ".join(certificate.source for certificate in certificates)),
    )


def _part(kind: str) -> str:
    return (HERE / f"page.{kind}").read_text(encoding="utf-8")


def _title(certificates: Sequence[Certificate]) -> str:
    versions = sorted({certificate.header.contract for certificate in certificates})
    levels = list(dict.fromkeys(certificate.header.level for certificate in certificates))
    return f"RCMLRS contract {', '.join(versions)}: conformance at level {', '.join(levels)}"


def labels(backends: Iterable[str]) -> list[str]:
    """What each backend is called for short: its name, numbered where two have the same."""
    names: list[str] = []
    for backend in backends:
        short = backend.rpartition(":")[2]
        names.append(short if short not in names else f"{short} ({len(names) + 1})")
    return names


def _breakable(name: str) -> str:
    """A name that may be broken into lines at its underscores."""
    return escape(name).replace("_", "_<wbr>")


# ---------------------------------------------------------------------------------------------------- the head


def _backend(certificate: Certificate) -> str:
    header, footer = certificate.header, certificate.footer
    kind, sign = {CONFORMS: ("good", "✓"), FAILS: ("bad", "✗")}.get(footer.verdict, ("warn", "~"))
    if certificate.doubts and kind == "good":
        kind, sign = "warn", "?"
    asked = [
        f"{what} {', '.join(names)}"
        for what, names in (
            ("contract", (header.asked.contract,) if header.asked.contract else ()),
            ("operations", header.asked.ops),
            ("families", header.asked.families),
            ("cases", header.asked.cases),
        )
        if names
    ]
    facts = [
        ("asked for", "; ".join(asked) or "everything"),
        ("level, seed", f"{header.level}, {header.seed}"),
        ("compared with", header.against),
        ("suite, contract", f"{header.suite}, {header.contract}; rcmlrs {header.rcmlrs}"),
        ("installed from", header.distribution),
        ("libraries", ", ".join(f"{name} {version}" for name, version in header.libraries.items())),
        ("machine", f"{header.system}; {header.processor} ({' '.join(header.flags)}); {header.processors} processors"),
        ("Python", header.python),
        ("environment", " ".join(f"{key}={value}" for key, value in header.environment.items())),
        ("date", f"{header.date}, {header.seconds:,.1f} s"),
        ("digest of all bits", footer.digest),
    ]
    notes = [*certificate.report.problems, *certificate.doubts]
    return (
        f'<div class="card {kind}"><h2>{escape(header.backend)}</h2>'
        f"<p><strong>{sign} {escape(footer.verdict)}</strong>: {escape(footer.words)}</p>"
        f"<p>{escape(header.about)}</p>"
        f"<p>{footer.elements:,} elements of {footer.cases:,} cases in {footer.groups:,} case groups"
        f"{f'; {footer.wrong:,} elements are wrong' if footer.wrong else ''}</p>"
        + "".join(f"<p><strong>!</strong> {escape(note)}</p>" for note in notes)
        + "".join(f"<p>{escape(note)}</p>" for note in certificate.report.notes)
        + f"<details><summary>What was run, and on what</summary><dl>{_pairs(facts)}</dl></details></div>"
    )


def _pairs(facts: Sequence[tuple[str, str]], style: str = "") -> str:
    given = f' class="{style}"' if style else ""
    return "".join(f"<dt>{escape(key)}</dt><dd{given}>{escape(value)}</dd>" for key, value in facts if value)


# ------------------------------------------------------------------------------------------------ the failures


Told = dict[tuple[int, str, str], str]
"""The failures that are told at length: the anchor of each, by certificate, subject and family."""


def _told(certificates: Sequence[Certificate]) -> Told:
    first, others = [], []
    for i, certificate in enumerate(certificates):
        for subject in certificate.report.subjects:
            bad = [
                (i, subject.name, name) for name, family in subject.families.items() if family.failure or family.error
            ]
            if subject.kernel == COMPOSITION:  # often wrong because an operation is, which is what to look at
                others += bad
            else:
                first += bad[:1]
                others += bad[1:]
    chosen = (first + others)[:MOST_FAILURES]
    chosen.sort(key=lambda key: key[0])  # by backend; the sort is stable
    return {key: f"f{number}" for number, key in enumerate(chosen, 1)}


def _has_more(family: FamilyReport) -> bool:
    """Whether there is more to tell of it than a line."""
    return bool(family.failure or family.waived_failure or family.error)


def _failures(certificates: Sequence[Certificate], names: list[str], told: Told) -> str:
    if not told:
        return ""
    cards = []
    for number, ((i, subject, family), anchor) in enumerate(told.items()):
        report = certificates[i].groups[f"{subject}/{family}"]
        name = f"{subject}/{family}"
        failure = report.failure or report.waived_failure
        what = failure.kind if failure else "the suite could not tell"
        body = f"<p>{_how_many(report)}</p>" if failure else ""
        body += f"<p>Declared by the backend: {escape(report.reason)}</p>" if report.waived_failure else ""
        body += _failure(failure) if failure else ""
        body += f"<pre>{escape(report.error)}</pre>" if report.error else ""
        opened = " open" if number == 0 else ""
        cards.append(
            f'<details class="card {"warn" if report.ok else "bad"} failure" id="{anchor}"{opened}>'
            f"<summary><strong>{MARKS[report.status]}</strong> {escape(names[i])}: {escape(name)}: "
            f"{escape(what)}{' (waived)' if report.ok else ''}</summary>{body}</details>"
        )
    every = sum(_has_more(family) for certificate in certificates for family in certificate.groups.values())
    more = f"<p>{every - len(told):,} more are in the certificates.</p>" if every > len(told) else ""
    listed = "\n".join(cards)
    return f'<section aria-labelledby="failures"><h2 id="failures">What is wrong</h2>\n{listed}{more}</section>'


def _how_many(family: FamilyReport) -> str:
    elements = f", {family.wrong:,} of {family.elements:,} elements" if family.wrong else ""
    wrong = family.failed + family.waived
    return f"{wrong:,} of {family.cases:,} cases are wrong{elements}; the first of them, made small:"


def _failure(failure: Failure) -> str:
    clause = clauses.clauses().get(failure.clause, "")
    facts = [("case", failure.case), ("what", "" if failure.want else failure.sentence), ("computed by", failure.path)]
    bits = [("wanted", failure.want), ("got", failure.got), ("apart", failure.distance)]
    text = f'<p class="clause">{escape(failure.clause)} {escape(clause)}</p>' if failure.clause else ""
    text += f"<dl>{_pairs(facts)}{_pairs(bits, 'bits')}</dl>"
    if failure.inputs:
        lines = "\n".join(failure.inputs)
        text += f"<p>{failure.inputs_title.capitalize()}</p><pre>{escape(lines)}</pre>"
    for title, code in (("See it again", failure.command), ("In Python", failure.snippet)):
        if code:
            text += f'<p>{title}</p><div class="line"><pre>{escape(code)}</pre>{COPY}</div>'
    return text


COPY = '<button type="button" class="copy" hidden>Copy</button>'


# -------------------------------------------------------------------------------------------------- the matrix


def _legend(certificates: Sequence[Certificate]) -> Iterator[str]:
    """Every status that there is in the certificates, what it means, and how many case groups have it."""
    counts: dict[str, int] = {}
    for certificate in certificates:
        for status, count in certificate.footer.statuses.items():
            counts[status] = counts.get(status, 0) + count
    for status, meaning in STATUSES.items():
        yield (
            f'<li><span class="mark {status}" data-status="{status}">{MARKS[status]} {status}</span> '
            f"{escape(meaning)} ({counts.get(status, 0):,})</li>"
        )


def _chapters(certificates: Sequence[Certificate], names: list[str], told: Told) -> Iterator[str]:
    columns = [{subject.name: subject for subject in certificate.report.subjects} for certificate in certificates]
    by_chapter: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for column in columns for name in column):
        by_chapter.setdefault(_chapter_of(name), []).append(name)
    for title, members in by_chapter.items():
        rows = "\n".join(_row(name, [column.get(name) for column in columns], names, told) for name in members)
        yield f'<section class="chapter"><h3>{escape(title.capitalize())}</h3>\n{rows}\n</section>'


def _chapter_of(name: str) -> str:
    """Where a subject stands: with the operations of its kind, or beside the operations."""
    subject = subjects().get(name)
    if subject is None:
        return "from elsewhere"
    return family_of(subject.operation) if subject.operation else "beside the operations"


def _row(name: str, found: list[SubjectReport | None], names: list[str], told: Told) -> str:
    statuses = " ".join(dict.fromkeys(f.status for s in found if s for f in s.families.values()))
    families = dict.fromkeys(family for subject in found if subject for family in subject.families)
    heads = "".join(f"<th>{_breakable(label)}" for label in names)
    lines = ""
    for family in families:
        size = next((f.cases, f.elements) for s in found if s and (f := s.families.get(family)))
        cells = "".join(_family(i, subject, family, size, told) for i, subject in enumerate(found))
        lines += f"<tr><td>{escape(family)}<td>{size[0]:,}<td>{size[1]:,}{cells}"
    reasons = "".join(
        f"<p>{escape(label)}: {escape(reason)}</p>"
        for label, subject in zip(names, found, strict=True)
        if subject
        for reason in dict.fromkeys((subject.reason, *(f.reason for f in subject.families.values())))
        if reason
    )
    return (
        f'<details class="row" data-name="{escape(name)}" data-statuses="{escape(statuses)}">'
        f"<summary><b>{escape(name)}</b>{''.join(map(_mark, found))}</summary>"
        f"<table><thead><tr><th>family<th>cases<th>elements{heads}<tbody>{lines}</table>{reasons}</details>"
    )


def _mark(subject: SubjectReport | None) -> str:
    if subject is None:
        return '<i class="mark absent">not run</i>'
    status = subject.status if subject.status in STATUSES else ERROR
    return f'<i class="mark {status}">{MARKS[status]} {status}</i>'


def _family(i: int, subject: SubjectReport | None, name: str, size: tuple[int, int], told: Told) -> str:
    """One cell; short, as there may be ten thousand of them. Where fewer were tried than ``size`` says, it tells."""
    family = subject.families.get(name) if subject else None
    if subject is None or family is None:
        return "<td>"
    if family.ok and family.status == subject.kernel:
        return f"<td>{MARKS[family.status]}" + (f" {family.cases:,}" if family.cases != size[0] else "")
    text = f"{MARKS[family.status]} {family.status}"
    text += f": {family.failed + family.waived:,} of {family.cases:,}" if family.failed or family.waived else ""
    anchor = told.get((i, subject.name, name))
    return f'<td class="{family.status}">' + (f'<a href="#{anchor}">{text}</a>' if anchor else text)
