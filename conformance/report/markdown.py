"""The report as Markdown, short enough for a comment on a pull request.

Texts of certificates stand in code only, where Markdown takes nothing for markup, link or mention.
"""

import re
from collections.abc import Sequence

from ..certificates.certificate import Certificate, groups
from ..status import STATUSES
from .junit import explanation

MOST_FAILURES = 10
"""Failures that are told at length."""


def markdown_of(certificates: Sequence[Certificate]) -> str:
    """The text."""
    lines = ["# Conformance to the RCMLRS numeric contract", ""]
    lines += [
        "| backend | verdict | case groups | elements | level | digest |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for certificate in certificates:
        header, footer = certificate.header, certificate.footer
        verdict = f"**{footer.verdict}**" + (" (cannot be judged here)" if certificate.doubts else "")
        lines.append(
            f"| {code(header.backend)} | {verdict} | {footer.groups:,} | {footer.elements:,} | {code(header.level)} "
            f"| {code(footer.digest[:16])} |"
        )
    lines += ["", "| status | " + " | ".join(code(c.header.backend) for c in certificates) + " | meaning |"]
    lines.append("| --- |" + " ---: |" * len(certificates) + " --- |")
    for status, meaning in STATUSES.items():
        counts = [certificate.footer.statuses.get(status, 0) for certificate in certificates]
        if any(counts):
            lines.append(f"| {status} | " + " | ".join(f"{count:,}" for count in counts) + f" | {meaning} |")
    for certificate in certificates:
        lines += ["", *_of(certificate)]
    return "\n".join(lines) + "\n"


def _of(certificate: Certificate) -> list[str]:
    header, footer = certificate.header, certificate.footer
    lines = [f"## {code(header.backend)}", "", f"{footer.verdict.capitalize()}: {code(footer.words)}.", ""]
    lines.append(
        f"Contract {code(header.contract)}, suite {code(header.suite)}, seed {header.seed}, {code(header.about)}, "
        f"{code(header.python)}, {code(header.system)}, {code(header.processor)}; {code(header.date)}."
    )
    lines += [
        f"* {code(note)}" for note in (*certificate.report.problems, *certificate.doubts, *certificate.report.notes)
    ]
    bad = [(name, family) for name, family in groups(certificate.report) if not family.ok]
    for name, family in bad[:MOST_FAILURES]:
        lines += ["", f"### {code(name)}: {family.status}", ""]
        told = [*(explanation(family.failure) if family.failure else ()), *family.error.splitlines()]
        lines += block("\n".join(told))
    if len(bad) > MOST_FAILURES:
        lines += ["", f"And {len(bad) - MOST_FAILURES:,} more case groups; the certificate has all."]
    return lines


def code(text: str) -> str:
    """Text as code within a line, or in a cell of a table."""
    text = " ".join(text.split()).replace("|", "\\|") or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def block(text: str) -> list[str]:
    """Text as a block of code."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text, fence]
