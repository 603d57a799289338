"""Reports as files: one page that needs nothing else, JUnit, Markdown, a badge; none obeys a stranger's text."""

import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rcmlrs_conformance import check_backend
from rcmlrs_conformance.certificates.certificate import Certificate, parse, text_of, write
from rcmlrs_conformance.report import Failure, FamilyReport, Report, SubjectReport
from rcmlrs_conformance.report.badge import svg_of
from rcmlrs_conformance.report.files import PAGES
from rcmlrs_conformance.report.files import write as write_all
from rcmlrs_conformance.report.junit import xml_of
from rcmlrs_conformance.report.markdown import code, markdown_of
from rcmlrs_conformance.report.page import html_of
from rcmlrs_conformance.status import ERROR, FAIL, STATUSES, UNSUPPORTED, WAIVED

FAULTY = "rcmlrs_saboteur:sum_in_float32"
HOSTILE = (
    "</title><script>alert(1)</script><img src=x onerror=alert(2)>&\"'` | [a](javascript:b) @all \x00\x1b[2J\ufffe"
)


def certificate(report: Report) -> Certificate:
    return parse(text_of(report).encode())


@pytest.fixture(scope="module")
def found() -> list[Certificate]:
    """A backend that is right and one that is wrong."""
    return [certificate(check_backend(name, ops=["sum", "gelu", "storage"])) for name in ("python", FAULTY)]


@pytest.fixture(scope="module")
def every_status() -> Certificate:
    """A group of each status, with a text in each place that would do harm if a reader obeyed it."""
    report = Report(f"a:{HOSTILE[:60]}", HOSTILE, "smoke", 0, problems=[HOSTILE])
    for status in STATUSES:
        kernel = status if status not in (FAIL, ERROR, WAIVED) else "own"
        failure = Failure(
            status, "<b>", f"{status}/<b>/0", HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), *[HOSTILE] * 4,
            command=HOSTILE, snippet=HOSTILE,
        )  # fmt: skip
        family = FamilyReport(kernel, cases=3, elements=5, reason=HOSTILE)
        family = {
            FAIL: replace(family, status=FAIL, failed=1, wrong=2, failure=failure),
            ERROR: replace(family, status=ERROR, error=HOSTILE),
            WAIVED: replace(family, status=WAIVED, waived=1, waived_failure=failure),
        }.get(status, family)
        report.subjects.append(SubjectReport(status, kernel, {"<b>": family}, reason=HOSTILE))
    report.backend = "".join(c for c in report.backend if c.isprintable())
    return certificate(report)


class Page(HTMLParser):
    """What is in a page, as a browser sees it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def attributes(self, name: str) -> list[str | None]:
        return [given[name] for _, given in self.tags if name in given]


# ----------------------------------------------------------------------------------------------------------- page


def test_the_page_needs_nothing_else(found: Sequence[Certificate]) -> None:
    page = Page(html_of(found))
    assert {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object", "embed", "base", "form"} == set()
    assert page.attributes("src") == []
    ids = page.attributes("id")
    assert len(set(ids)) == len(ids)
    assert {f"#{i}" for i in ids} >= set(page.attributes("href"))
    assert page.attributes("href"), "cells lead to their failures"
    for tag in ("script", "style"):
        assert [given for name, given in page.tags if name == tag] == [{}]


def test_only_its_own_script_runs(found: Sequence[Certificate]) -> None:
    text = html_of(found)
    (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    (policy,) = re.findall('content="(default-src \'none\';[^"]*)"', text)
    assert f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy


def test_the_page_tells_everything(found: Sequence[Certificate]) -> None:
    text = html_of(found)
    page = Page(text)
    words = "".join(page.text)
    assert {given["data-name"] for _, given in page.tags if "data-name" in given} == {"gelu", "storage", "sum"}
    for status, meaning in STATUSES.items():
        assert f"{status} {meaning}" in " ".join(words.split())
    failure = found[1].groups["sum/cases"].failure
    assert failure
    for told in (failure.want, failure.got, failure.command, failure.snippet, *failure.inputs, failure.path):
        assert told in words
    assert "N3.1 sum mean dot matmul linear conv* avg_pool*" in words
    for certified in found:
        assert certified.footer.digest in words
        assert certified.header.processor in words
        assert f"{certified.footer.verdict}: {certified.footer.words}" in words


def test_the_page_escapes_what_a_stranger_wrote(every_status: Certificate) -> None:
    page = Page(html_of([every_status, every_status]))
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "img" not in [tag for tag, _ in page.tags]
    assert "b" not in [tag for tag, given in page.tags if tag == "b" and given]
    assert not [given for _, given in page.tags if any(key.startswith("on") for key in given)]
    assert "<script>alert(1)</script>" in "".join(page.text)
    rows = [given["data-statuses"] for _, given in page.tags if "data-statuses" in given]
    assert rows == list(STATUSES)


def test_a_large_page_is_not_too_large() -> None:
    def large(name: str) -> Certificate:
        report = Report(name, "", "smoke", 0)
        for subject in (f"operation_{i}" for i in range(250)):
            families = {
                f"some_family_{i}": FamilyReport("derived", cases=10**5, elements=10**8, digest="0" * 64)
                for i in range(13)
            }
            report.subjects.append(SubjectReport(subject, "derived", families))
        return certificate(report)

    assert len(html_of([large(f"backend_{i}") for i in range(4)])) < 1_500_000


def test_a_backend_that_is_wrong_everywhere_makes_no_endless_page() -> None:
    report = Report("b", "", "smoke", 0)
    for subject in (f"operation_{i}" for i in range(250)):
        families = {}
        for i in range(13):
            failure = Failure(subject, f"f{i}", f"{subject}/f{i}/0", "wrong bits", "x", inputs=("y" * 2000,))
            families[f"f{i}"] = FamilyReport(FAIL, cases=9, failed=1, failure=failure)
        report.subjects.append(SubjectReport(subject, "own", families))
    text = html_of([certificate(report)])
    assert len(text) < 2_000_000
    assert "more are in the certificates" in text


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no browser here")
@pytest.mark.parametrize(
    ("asked", "shown"),
    [("", {"gelu", "storage", "sum"}), ("q=gel", {"gelu"}), ("status=fail", {"sum"}), ("q=x", set())],
)
def test_the_search_works(found: Sequence[Certificate], tmp_path: Path, asked: str, shown: set[str]) -> None:
    (tmp_path / "index.html").write_text(html_of(found), encoding="utf-8")
    dom = subprocess.run(
        [
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom", f"{(tmp_path / 'index.html').as_uri()}#{asked}",
        ],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    page = Page(dom)
    rows = [given for _, given in page.tags if "data-name" in given]
    assert {given["data-name"] for given in rows if "hidden" not in given} == shown
    assert f"{len(shown)} of 3 subjects" in page.text


# ---------------------------------------------------------------------------------------------------- JUnit


def test_junit_has_a_case_for_each_group(found: Sequence[Certificate]) -> None:
    root = ElementTree.fromstring(xml_of(found))
    assert root.tag == "testsuites"
    for suite, certified in zip(root, found, strict=True):
        cases = suite.findall("testcase")
        assert [f"{case.get('classname', '').rpartition('.')[2]}/{case.get('name')}" for case in cases] == list(
            certified.groups
        )
        assert suite.get("tests") == str(len(cases))
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(count) == str(len(suite.findall(f"testcase/{tag}")))
        for case in cases:
            assert set(case.attrib) == {"classname", "name", "time"}
            assert len(case) <= 1
    (failure, *_) = [element for element in root.iter("failure") if "sum/cases/2" in element.get("message", "")]
    told = found[1].groups["sum/cases"].failure
    assert told
    for text in (told.want, told.got, told.command, *told.inputs):
        assert text in str(failure.text)


def test_junit_is_xml_whatever_a_stranger_wrote(every_status: Certificate) -> None:
    text = xml_of([every_status])
    root = ElementTree.fromstring(text)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe]", text)
    assert "\\x00\\x1b[2J" in text
    (suite,) = root
    assert {tag: len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")} == {
        "failure": 2,  # one of them is the problem of the run
        "error": 1,
        "skipped": 2,
    }


# -------------------------------------------------------------------------------------------- Markdown, badge


def test_markdown_is_short_and_tells_the_verdict(found: Sequence[Certificate]) -> None:
    text = markdown_of(found)
    assert f"| `python` | **partial** | {found[0].footer.groups}" in text
    assert f"| `{FAULTY}` | **does not conform** |" in text
    assert "sum/cases/2: wrong bits" in text
    assert f"And {found[1].footer.statuses[FAIL] - 10} more case groups; the certificate has all." in text
    assert len(text) < 60_000, "what a comment may hold"


def test_markdown_takes_no_orders(every_status: Certificate) -> None:
    text = markdown_of([every_status])
    outside = re.sub(r"(?ms)^(`{3,})\n.*?^\1$", "", text)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    for order in ("<script", "<img", "javascript:", "@all"):
        assert order in text
        assert order not in outside
    header, *rows = [line for line in text.splitlines() if line.startswith("|")][:3]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {len(re.findall(r"(?<!\\)\|", header))}


@pytest.mark.parametrize(
    ("text", "marked"),
    [("a", "`a`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("a|b\n c", "`a\\|b c`"), ("", "` `"), ("``", "``` `` ```")],
)
def test_code_within_a_line(text: str, marked: str) -> None:
    assert code(text) == marked


def test_the_badge_says_the_verdict(found: Sequence[Certificate], every_status: Certificate) -> None:
    for certificates, words in (
        ([found[0]], "smoke: partial"),
        ([found[1]], "smoke: does not conform"),
        (found, "smoke: 0 of 2 conform"),
        ([every_status], "smoke: does not conform, with waivers"),
    ):
        root = ElementTree.fromstring(svg_of(certificates))
        assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")] == ["RCMLRS contract 1", words]


# -------------------------------------------------------------------------------------------------------- folders


def test_conformance_writes_all_of_it(tmp_path: Path, shell: Any) -> None:
    folder = tmp_path / "new" / "report"
    command = ("rcmlrs", "conformance", "--backend", "python", "--op", "add", "--level", "smoke", "--report", folder)
    assert shell(*command).status == 0
    assert {path.name for path in folder.iterdir()} == {*PAGES, "certificate-python.jsonl"}
    (folder / "mine.txt").write_text("mine")
    first = (folder / "certificate-python.jsonl").read_bytes()
    assert shell(*command).status == 0
    assert (folder / "certificate-python.jsonl").read_bytes() != first, "it has another time"
    assert (folder / "mine.txt").read_text() == "mine"
    with pytest.raises(NotADirectoryError, match="is a file; name a folder"):
        shell(*command[:-1], folder / "index.html")


def test_names_of_backends_make_names_of_files(tmp_path: Path) -> None:
    reports = [Report(name, "", "smoke", 0) for name in (FAULTY, "../../etc/pwd", FAULTY)]
    names = [path.name for path in write_all(reports, tmp_path) if path.suffix == ".jsonl"]
    assert names == [
        "certificate-sum_in_float32.jsonl", "certificate-..-..-etc-pwd.jsonl", "certificate-sum_in_float32-3.jsonl",
    ]  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {*names, *PAGES}


def test_stored_certificates_make_the_page(tmp_path: Path, shell: Any) -> None:
    for name in ("python", "numpy"):
        write(check_backend(name, ops=["add"]), tmp_path / name)
    (tmp_path / "cut").write_bytes((tmp_path / "numpy").read_bytes()[:-9])
    refused = shell("rcmlrs", "report", tmp_path / "python", tmp_path / "cut", "--output", tmp_path / "out")
    assert (refused.status, (tmp_path / "out").exists()) == (1, False)
    assert "cut: the last line has no end" in refused.text
    done = shell("rcmlrs", "report", tmp_path / "python", tmp_path / "numpy", "--output", tmp_path / "out")
    assert done.status == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(PAGES)
    assert "<th>python<th>numpy" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        shell("rcmlrs", "report", tmp_path / "none", "--output", tmp_path / "out")


def test_what_is_unsupported_gives_its_reason(every_status: Certificate) -> None:
    report = Report("b", "", "smoke", 0)
    family = FamilyReport(UNSUPPORTED, cases=2)
    report.subjects.append(SubjectReport("add", UNSUPPORTED, {"edges": family}, reason="no adder"))
    assert "no adder" in html_of([certificate(report)])
