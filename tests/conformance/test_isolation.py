"""A backend that crashes, hangs, takes memory or prints: the suite tells so, checks the rest, and leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rcmlrs_conformance
from rcmlrs_conformance import check_backends
from rcmlrs_conformance.report.terminal import rows
from rcmlrs_conformance.running.workers import BOOT
from rcmlrs_core.errors import BackendError, DataError
from rcmlrs_saboteur import BEHAVIOURS

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="looks at processes by /proc")

COMMAND = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "from rcmlrs_core.cli import main; sys.argv[0] = 'rcmlrs'; main()"
)
SUBJECTS = ("storage", "abs", "neg", "relu", "square")
FATAL = [name for name, plugin in BEHAVIOURS.items() if plugin.operations and not plugin.told]


def start(*words: object, **options: Any) -> "subprocess.Popen[str]":
    """The command ``rcmlrs conformance``, as a shell starts it."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, json.dumps(sys.path), "conformance", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "200"}, **options,
    )  # fmt: skip


def run(name: str, *words: object, level: str = "smoke") -> SimpleNamespace:
    """The command on a badly behaved backend, and what is left of it afterwards."""
    asked = [word for subject in SUBJECTS for word in ("--op", subject)]
    started = start("--backend", f"rcmlrs_saboteur:{name}", *asked, "--level", level, "-j", 2, *words)
    out, err = started.communicate(timeout=300)
    return SimpleNamespace(status=started.returncode, text=out, errors=err, left=workers_of(started.pid))


def workers_of(pid: int) -> list[int]:
    """The processes whose parent this is, or whose parent has gone and which run cases."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                parent = int(process.joinpath("stat").read_text().rpartition(")")[2].split()[1])
                line = process.joinpath("cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError):
                continue
            if BOOT.encode() in line and parent in (pid, 1):
                found.append(int(process.name))
    return found


def vanish(pid: int) -> bool:
    """Whether the workers of a process that is no more end, too: they see it by the end of their input."""
    for _ in range(200):
        if not workers_of(pid):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("name", FATAL)
def test_it_is_told_and_the_rest_is_checked(name: str) -> None:
    behaviour = BEHAVIOURS[name]
    # Long enough for a loaded machine, and for nothing else to fail: only hangs take all of it.
    found = run(name, "--timeout", 20, "--memory", 1, level=behaviour.caught_at)
    assert found.status == 1, found.text + found.errors
    assert f"neg: {behaviour.kind}" in found.text
    assert "1 subject is wrong (neg)" in found.text
    if behaviour.caught_at == "smoke":
        assert "--case neg/lengths/10 --level smoke" in found.text
    verdicts = {line.split()[0]: line.split()[-1] for line in found.text.splitlines() if line.startswith(SUBJECTS)}
    for subject in SUBJECTS:
        assert verdicts[subject] == ("wrong" if subject == "neg" else "right")
    assert not found.left


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("segfaults", "the process was ended by SIGSEGV (Segmentation fault)"),
        ("exits", "the process ended with exit status 3"),
        ("gives_up", "the process ended with exit status 0"),
        ("hangs", "no answer within 2 s (--timeout)"),
        ("fills_the_memory", "the process took more than 0.5 GiB (--memory)"),
    ],
)
def test_how_a_process_ended_is_told(name: str, words: str) -> None:
    found = run(name, "--family", "lengths", "--timeout", 2 if name == "hangs" else 60, "--memory", 0.5)
    assert words in found.text


def test_all_families_but_the_fatal_one_are_tried() -> None:
    (bad,) = check_backends(["rcmlrs_saboteur:aborts"], ["neg"], jobs=1)
    (good,) = check_backends(["python"], ["neg"], jobs=0)
    assert list(bad.of("neg").families) == list(good.of("neg").families)
    for family, group in bad.of("neg").families.items():
        if family != "lengths":
            assert (group.status, group.digest) == ("derived", good.of("neg").families[family].digest)
    fatal = bad.of("neg").families["lengths"]
    assert (fatal.status, fatal.digest) == ("fail", "")
    assert fatal.failure is not None
    assert any("Abort" in line for line in fatal.failure.inputs)
    said = [line.split()[0] for line in fatal.failure.inputs if "hread 0x" in line]
    assert said[0] == "Current"  # not one that waited: only the first lines are kept
    assert dict(rows(bad.of("neg"), fatal.failure))["printed"] == fatal.failure.inputs[0]


@pytest.mark.parametrize("name", [name for name, plugin in BEHAVIOURS.items() if plugin.told == "stdout"])
def test_what_is_printed_is_told_once_and_is_wrong(name: str) -> None:
    found = run(name)
    assert found.status == 1
    assert found.text.count("computing") == 1
    assert "The backend prints to stdout, first in neg/" in found.text
    assert "computing" not in found.errors


def test_what_is_printed_to_the_standard_error_is_a_note() -> None:
    found = run("warns")
    assert found.status == 0
    assert found.text.count("computing on the processor") == 1
    assert "The backend prints to stderr, first in neg/" in found.text
    assert "computing" not in found.errors


def test_storage_that_gives_text_is_wrong_and_no_error_of_the_suite() -> None:
    (report,) = check_backends(["rcmlrs_saboteur:dumps_text"], list(SUBJECTS), jobs=1)
    assert {subject.verdict for subject in report.subjects} == {"wrong"}


def test_a_crash_at_the_import_is_2() -> None:
    found = run("crashes_on_loading")
    assert found.status == 2
    assert "'rcmlrs_saboteur:crashes_on_loading' cannot be loaded: the process was ended by SIGABRT" in found.errors
    assert not found.left


def test_a_backend_that_is_unknown_is_refused_by_the_workers_too() -> None:
    with pytest.raises(BackendError, match="did you mean 'python'"):
        check_backends(["pyton"], ["neg"], jobs=2)


def test_the_report_does_not_depend_on_the_processes() -> None:
    operations = ["storage", "gelu", "sum", "matmul", "take", "add"]
    names = ["python", "rcmlrs_saboteur:sum_in_float32"]
    found = [check_backends(names, operations, jobs=jobs, families=None) for jobs in (0, 1, 3)]
    for reports in found:
        for report in reports:
            report.seconds = 0.0
            for subject in report.subjects:
                for family in subject.families.values():
                    family.seconds = 0.0
    assert found[0] == found[1] == found[2]
    assert [report.ok for report in found[0]] == [True, False]
    assert found[0][0].digest == found[2][0].digest != found[0][1].digest


def test_fail_fast_ends_at_the_same_group_with_any_number_of_processes() -> None:
    operations = ["add", "sum", "mul", "gelu"]
    names = ["rcmlrs_saboteur:sum_in_float32"]
    found = [check_backends(names, operations, fail_fast=True, jobs=jobs)[0] for jobs in (0, 1, 3)]
    for report in found:
        assert [subject.name for subject in report.subjects] == ["add", "sum"]
        assert list(report.of("sum").families) == list(found[0].of("sum").families)


def test_a_backend_that_crashes_beside_others_hurts_none() -> None:
    bad, good = check_backends(["rcmlrs_saboteur:segfaults", "python"], ["neg", "relu"], jobs=2)
    assert [subject.verdict for subject in bad.subjects] == ["wrong", "right"]
    assert [subject.verdict for subject in good.subjects] == ["right", "right"]
    assert good.digest == check_backends(["python"], ["neg", "relu"], jobs=0)[0].digest


def test_the_variable_names_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RCMLRS_BACKEND", "python")
    started = start("--op", "neg", "--level", "smoke", "-j", 1)
    out, _ = started.communicate(timeout=100)
    assert started.returncode == 0
    assert "backend python:" in out
    assert "\x1b" not in out
    assert "neg/" not in out  # no progress in a pipe


# ------------------------------------------------------------------------------------------------ interruptions


def journal_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def interrupted(path: Path, by: signal.Signals) -> tuple[int, str, list[int]]:
    """A run with a journal, ended by a signal when some units are in it."""
    started = start("--backend", "python", "--level", "smoke", "-j", 2, "--resume", path)
    while not path.exists() or len(path.read_bytes().splitlines()) < 20:
        assert started.poll() is None
        time.sleep(0.05)
    started.send_signal(by)
    out, _ = started.communicate(timeout=60)
    return started.returncode, out, [] if vanish(started.pid) else workers_of(started.pid)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_is_resumed(tmp_path: Path, by: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    status, out, left = interrupted(path, by)
    assert not left
    assert list(tmp_path.iterdir()) == [path]
    if by is signal.SIGINT:
        assert status == 130
        assert "The run was interrupted:" in out
    kept = journal_of(path)[1:]
    assert kept
    with path.open("ab") as file:
        file.write(b'{"backend": "python", "unit": "gel')  # torn by the end of the machine
    operations = list(dict.fromkeys(line["unit"].split("/")[0] for line in kept))[:6]
    ran: list[str] = []
    (report,) = check_backends(
        ["python"], operations, jobs=1, journal=path, progress=lambda unit, *rest: ran.append(unit.name)
    )
    assert report.ok
    assert not {line["unit"] for line in kept} & set(ran)
    (whole,) = check_backends(["python"], operations, jobs=0)
    assert report.digest == whole.digest
    assert [line["unit"] for line in journal_of(path)[1:]] == [line["unit"] for line in kept] + ran


def test_what_was_wrong_is_tried_again(tmp_path: Path) -> None:
    names, path, ran = ["rcmlrs_saboteur:sum_in_float32"], tmp_path / "journal.jsonl", list[str]()
    check_backends(names, ["sum"], jobs=0, journal=path)
    (report,) = check_backends(names, ["sum"], jobs=0, journal=path, progress=lambda unit, *rest: ran.append(unit.name))
    assert set(ran) == {f"sum/{name}" for name, family in report.of("sum").families.items() if not family.ok} != set()


@pytest.mark.parametrize(("options", "differs"), [({"seed": 1}, "seed 1"), ({"level": "standard"}, "level standard")])
def test_the_journal_of_another_run_is_refused(tmp_path: Path, options: dict[str, Any], differs: str) -> None:
    path = tmp_path / "journal.jsonl"
    check_backends(["python"], ["neg"], jobs=0, journal=path)
    before = path.read_bytes()
    with pytest.raises(DataError, match=rf"(?s)is the journal of another run.*here: .*{differs}"):
        check_backends(["python"], ["neg"], jobs=0, journal=path, **options)
    assert path.read_bytes() == before


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n")
    with pytest.raises(DataError, match="is no journal of a run"):
        check_backends(["python"], ["neg"], jobs=0, journal=path)
    assert path.read_text() == "buy milk\n"


def test_the_package_says_what_there_is() -> None:
    assert rcmlrs_conformance.check_backends is check_backends
