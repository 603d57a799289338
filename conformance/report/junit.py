"""The report as JUnit's XML, which systems of continuous integration read: a case group is a test case."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from .. import clauses
from ..certificates.certificate import Certificate, groups
from ..status import ERROR, FAIL, UNSUPPORTED, WAIVED
from .results import Failure, FamilyReport

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write."""


def xml_of(certificates: Sequence[Certificate]) -> str:
    """The document."""
    root = ElementTree.Element("testsuites", {"name": "rcmlrs conformance"})
    for certificate in certificates:
        _suite(root, certificate)
    for element in root.iter():
        element.text = _allowed(element.text) if element.text else None
        for key, value in element.attrib.items():
            element.set(key, _allowed(value))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, certificate: Certificate) -> None:
    header, statuses = certificate.header, certificate.footer.statuses
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": header.backend,
            "tests": str(certificate.footer.groups + len(certificate.report.problems)),
            "failures": str(statuses.get(FAIL, 0) + len(certificate.report.problems)),
            "errors": str(statuses.get(ERROR, 0)),
            "skipped": str(statuses.get(UNSUPPORTED, 0) + statuses.get(WAIVED, 0)),
            "time": f"{header.seconds:.3f}",
            "timestamp": header.date.removesuffix("Z"),
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (
        ("level", header.level),
        ("seed", str(header.seed)),
        ("suite", header.suite),
        ("contract", header.contract),
        ("digest", certificate.footer.digest),
        ("verdict", f"{certificate.footer.verdict}: {certificate.footer.words}"),
    ):
        ElementTree.SubElement(properties, "property", {"name": name, "value": value})
    for name, family in groups(certificate.report):
        _case(suite, header.backend, name, family)
    for problem in certificate.report.problems:
        case = ElementTree.SubElement(suite, "testcase", {"classname": header.backend, "name": "the run", "time": "0"})
        ElementTree.SubElement(case, "failure", {"message": problem})


def _case(suite: ElementTree.Element, backend: str, name: str, family: FamilyReport) -> None:
    subject, _, group = name.partition("/")
    given = {"classname": f"{backend}.{subject}", "name": group, "time": f"{family.seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", given)
    if family.status == FAIL:
        sentence = f"{family.failed} of {family.cases} cases are wrong"
        told = family.failure
        message = f"{told.case}: {told.kind}; {sentence}" if told else sentence
        failure = ElementTree.SubElement(case, "failure", {"message": message, "type": told.kind if told else FAIL})
        failure.text = "\n".join(explanation(told)) if told else sentence
        failure.text += f"\n{family.error}" if family.error else ""
    elif family.status == ERROR:
        ElementTree.SubElement(case, "error", {"message": "the suite could not tell"}).text = family.error
    elif family.status == UNSUPPORTED:
        ElementTree.SubElement(case, "skipped", {"message": family.reason or "unsupported"})
    elif family.status == WAIVED:
        message = f"{family.waived} of {family.cases} cases are declared wrong: {family.reason}"
        ElementTree.SubElement(case, "skipped", {"message": message})


def explanation(failure: Failure) -> list[str]:
    """The whole failure, line by line, as plain text."""
    lines = [f"{failure.case}: {failure.kind}", failure.sentence]
    if failure.clause:
        lines.append(f"{failure.clause}  {clauses.sentence(failure.clause)}")
    lines += [f"computed by {failure.path}"] if failure.path else []
    lines += failure.inputs
    if failure.want:
        lines += [f"wanted {failure.want}", f"got    {failure.got}", f"apart  {failure.distance}"]
    lines += ["", "again:", f"    {failure.command}"] if failure.command else []
    lines += ["", "in Python:", *(f"    {line}" for line in failure.snippet.splitlines())] if failure.snippet else []
    return lines


def _allowed(text: str) -> str:
    return FORBIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)
