"""Backends and files that do what nobody would expect of them: the suite is not misled."""

import json
import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from rcmlrs_conformance import check_backends
from rcmlrs_conformance.certificates.verdict import CONFORMS, PARTIAL, verdict_of
from rcmlrs_conformance.report.files import write
from rcmlrs_conformance.report.results import FamilyReport, Report, SubjectReport
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.ops import TABLE

PLUGIN = """
    import os
    from rcmlrs_core import hookimpl
    from rcmlrs_core.derive import plain_kernel
    from rcmlrs_core.registry import get_backend

    class Agreeable(bytes):
        def __eq__(self, other):
            return True

        def __ne__(self, other):
            return False

    class Storage:
        right = get_backend("python").storage
        load = right.load

        def dump(self, buffer):
            raw = self.right.dump(buffer)
            return Agreeable(bytes(len(raw))) if agreeable else raw

    class Plugin:
        @hookimpl
        def rcmlrs_storage(self):
            return Storage()

        @hookimpl
        def rcmlrs_derive(self, operation):
            kernel = plain_kernel(operation)

            def forks(x):
                if forking and x.shape == (17,):
                    os.fork()
                return kernel(x)

            return forks if operation.name == "neg" else kernel

    agreeable, forking = {agreeable}, {forking}
    plugin = Plugin()
"""


def plugin(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, **what: bool) -> str:
    """The backend, in a module of its own."""
    text = dedent(PLUGIN).format(**{"agreeable": False, "forking": False} | what)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    return f"{name}:plugin"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_kernel_that_forks_and_returns_twice_gives_one_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = plugin(tmp_path, monkeypatch, "hostile_fork", forking=True)
    reports = check_backends([name, "python"], ["neg", "abs", "square"], jobs=1)
    forked, right = (
        [(s.name, f, g.status, g.cases, g.elements, g.digest) for s in r.subjects for f, g in s.families.items()]
        for r in reports
    )
    assert forked == right


def test_bytes_that_call_themselves_equal_to_everything_are_no_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (report,) = check_backends([plugin(tmp_path, monkeypatch, "hostile_bytes", agreeable=True)], ["storage"], jobs=1)
    assert [failure.sentence.partition(" gives ")[2] for failure in report.failures] == ["Agreeable, wanted bytes"]


CHANGES: dict[str, dict[str, Any]] = {
    "a status that there is not": {"status": "splendid"},
    "a status that its numbers do not give": {"failed": 1},
    "an error": {"error": "lost"},
    "a text for a number": {"cases": "46"},
    "a number below zero": {"cases": -1},
    "a number without end": {"elements": 10**400},
    "a number for a text": {"digest": 5},
    "a list for a text": {"digest": []},
    "a number for a list": {"problems": 5},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_damaged_line_of_a_journal_is_not_believed_and_runs_again(tmp_path: Path, what: str) -> None:
    path = tmp_path / "journal"
    (right,) = check_backends(["python"], ["neg"], families=["shapes"], jobs=0, journal=path)
    head, line = path.read_text().splitlines()
    found = json.loads(line)
    found["group"] |= CHANGES[what]
    path.write_text(f"{head}\n{json.dumps(found)}\n")
    (again,) = check_backends(["python"], ["neg"], families=["shapes"], jobs=0, journal=path)
    assert (again.digest, again.ok, again.of("neg").cases) == (right.digest, True, right.of("neg").cases)
    assert len(path.read_text().splitlines()) == 3, "it was not run again"


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"kind": "rcmlrs conformance journal 1", "heads": 5}']
)
def test_what_is_no_journal_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal"
    path.write_text(text + "\n")
    with pytest.raises(DataError, match="name another file"):
        check_backends(["python"], ["neg"], families=["shapes"], jobs=0, journal=path)
    assert path.read_text() == text + "\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_a_journal_without_an_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileFormatError, match="device or a pipe"):
        check_backends(["python"], ["neg"], families=["shapes"], jobs=0, journal=tmp_path / "pipe")


@pytest.mark.parametrize("status", ["unsupported", "waived"])
def test_a_backend_of_which_nothing_is_right_does_not_conform(status: str) -> None:
    def subject(name: str, kernel: str, status: str) -> SubjectReport:
        return SubjectReport(name, kernel, {"cases": FamilyReport(status, cases=2)})

    report = Report("void", "", "smoke", 0)
    report.subjects = [subject("storage", "own", "own"), subject("randomness", "core", "core")]
    report.subjects += [subject(name, "unsupported" if status == "unsupported" else "own", status) for name in TABLE]
    assert verdict_of(report, 10, 0).code == PARTIAL
    report.subjects[-1] = subject(report.subjects[-1].name, "own", "own")
    assert verdict_of(report, 10, 0).code == CONFORMS


def test_a_report_is_written_into_its_folder_and_never_through_a_link(tmp_path: Path) -> None:
    folder, other = tmp_path / "report", tmp_path / "other"
    folder.mkdir()
    other.write_text("kept")
    for name in ("index.html", "certificate-python.jsonl"):
        (folder / name).symlink_to(other)
    write(check_backends(["python"], ["neg"], families=["shapes"], jobs=0), folder)
    assert other.read_text() == "kept"
    assert not any(path.is_symlink() for path in folder.iterdir())
