"""``pytest --pyargs rcmlrs_conformance``: every case is a test, under the name that it has everywhere."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rcmlrs_conformance.pytest_door.nodes as nodes
from rcmlrs_conformance import check_backend
from rcmlrs_conformance.suite import numbered, plan
from rcmlrs_core.registry import VARIABLE
from tests.conformance.declaring import entry, giving_up, relu_without_nan, wrong_cases

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PLUGIN = ("-p", "no:rcmlrs", "-p", "rcmlrs_conformance.pytest_door.plugin", "-p", "no:cacheprovider")
"""Whether or not the entry point is installed here."""

SUITE = ("--pyargs", "rcmlrs_conformance")
Install = Callable[..., str]
Run = Callable[..., Any]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """pytest with these words, in a folder of its own and in this process."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return lambda *words: pytester.runpytest_inprocess(*PLUGIN, *SUITE, *words)


@pytest.fixture(autouse=True)
def found_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found here is found in other processes too: the plugins' packages need not be installed."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


def names(ops: list[str], **where: Any) -> list[str]:
    """The cases of these subjects, as the suite itself names them."""
    chosen = plan(ops, **where)
    there = nodes.subjects()
    return [
        f"{name}/{family}/{number}"
        for name, families in chosen.groups.items()
        for family in families
        for number, _ in numbered(there[name], family, chosen.level, chosen.seed)
    ]


def ids(result: Any) -> list[str]:
    """The ids that ``--collect-only -q`` lists, as names of cases."""
    prefix = "rcmlrs_conformance::"
    return [line.removeprefix(prefix).replace("::", "/") for line in result.outlines if line.startswith(prefix)]


# ----------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("where", [{}, {"level": "standard"}, {"seed": 7}])
def test_every_case_is_a_test_under_its_name(run: Run, where: dict[str, Any]) -> None:
    words = [f"--rcmlrs-{key}={value}" for key, value in where.items()]
    operations = ["storage", "relu", "matrix_transpose"]
    asked = [f"--rcmlrs-op={name}" for name in operations]
    result = run("--rcmlrs-backend=python", *asked, *words, "--collect-only", "-q")
    assert result.ret == 0
    assert ids(result) == names(operations, **where)


def test_the_whole_suite_is_collected(run: Run) -> None:
    result = run("--rcmlrs-backend=python", "--collect-only", "-q")
    assert ids(result) == names(list(nodes.subjects()))


def test_single_cases_and_names_in_part(run: Run) -> None:
    result = run("--rcmlrs-backend=python", "--rcmlrs-case=gelu/edges/0", "--rcmlrs-case=relu/cases/1", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["rcmlrs_conformance::gelu::edges::0 PASSED*"])
    chosen = run("--rcmlrs-backend=python", "--rcmlrs-op=relu", "-k", "relu and edges", "--collect-only", "-q")
    assert ids(chosen) == [name for name in names(["relu"]) if "edges" in name]


def test_the_report_for_machines(run: Run, tmp_path: Path) -> None:
    run("--rcmlrs-backend=python", "--rcmlrs-op=relu", f"--junitxml={tmp_path}/report.xml").assert_outcomes(
        passed=len(names(["relu"]))
    )
    cases = ElementTree.parse(tmp_path / "report.xml").iter("testcase")
    found = [f"{case.get('classname')}/{case.get('name')}".split(".", 1)[1].replace(".", "/") for case in cases]
    assert found == names(["relu"])


# -------------------------------------------------------------------------------------------------- outcomes


def test_a_failure_is_explained_whole(run: Run) -> None:
    name = "rcmlrs_saboteur:sum_in_float32"
    report = check_backend(name, ["sum"])
    result = run(f"--rcmlrs-backend={name}", "--rcmlrs-op=sum")
    failed = sum(family.failed for family in report.of("sum").families.values())
    assert failed > 1
    result.assert_outcomes(failed=failed, passed=len(names(["sum"])) - failed)
    assert result.ret == 1
    failure = report.failures[0]
    text = result.stdout.str()
    for words in (failure.want, failure.got, failure.distance, failure.command, *failure.snippet.splitlines()):
        assert words in text
    for words in (
        "N3.1  sum mean dot",
        f"_ {failure.case} _",
        "a kernel derived for the backend",
        f"backend {name}: wrong on",
    ):
        assert words in text
    assert "Traceback" not in text
    assert f"FAILED rcmlrs_conformance::{failure.case.replace('/', '::')} - sum: wrong bits" in text


def test_unsupported_is_skipped_with_the_reason(run: Run, install: Install) -> None:
    name = install(unsupported={"transpose": "the device has no transpose"})
    result = run(f"--rcmlrs-backend={name}", "--rcmlrs-op=transpose", "--rcmlrs-op=matrix_transpose", "-rs")
    outcomes = result.parseoutcomes()
    assert result.ret == 0
    assert outcomes["skipped"] > len(names(["transpose"])) - 1
    result.stdout.fnmatch_lines(
        ["SKIPPED * transpose: the device has no transpose", "SKIPPED * does not have transpose: the device has no *"]
    )


def test_waived_is_expected_to_fail(run: Run, install: Install) -> None:
    wrong = wrong_cases()
    name = install("".join(map(entry, wrong)), relu=relu_without_nan)
    result = run(f"--rcmlrs-backend={name}", "--rcmlrs-op=relu", "-rx")
    result.assert_outcomes(xfailed=len(wrong), passed=len(names(["relu"])) - len(wrong))
    assert result.ret == 0
    result.stdout.fnmatch_lines(["XFAIL rcmlrs_conformance::relu::edges::0 - the NaN is lost (https://example.org/1)"])
    shown = run(f"--rcmlrs-backend={name}", "--rcmlrs-op=relu", "--runxfail")
    shown.assert_outcomes(failed=len(wrong), passed=len(names(["relu"])) - len(wrong))


def test_a_waiver_that_is_of_no_use_fails(run: Run, install: Install) -> None:
    name = install(entry("relu/cases/0") + entry("relu/cases/1000") + entry("rellu/cases/0"))
    result = run(f"--rcmlrs-backend={name}", "--rcmlrs-op=relu")
    result.assert_outcomes(failed=3, passed=len(names(["relu"])) - 1)
    text = result.stdout.str()
    assert "the waiver of relu/cases/0 is of no use: the case is right" in text
    assert "the waiver of relu/cases/1000 is of no use: there is no such case" in text
    assert "there is no subject 'rellu'; did you mean relu?" in text
    in_part = run(f"--rcmlrs-backend={name}", "--rcmlrs-case=relu/edges/0")
    in_part.assert_outcomes(failed=1, passed=1)  # of the three only the one that can never run


def test_a_case_that_does_not_exist_fails(run: Run) -> None:
    result = run("--rcmlrs-backend=python", "--rcmlrs-case=relu/edges/1000")
    result.assert_outcomes(failed=1)
    assert "there is no case relu/edges/1000" in result.stdout.str()


def test_a_kernel_that_gives_up_fails(run: Run, install: Install) -> None:
    name = install(relu=giving_up, unsupported={"mean": "none"})
    result = run(f"--rcmlrs-backend={name}", "--rcmlrs-op=relu", "-k", "lengths or shapes")
    result.assert_outcomes(failed=sum("/lengths/" in case or "/shapes/" in case for case in names(["relu"])))


# ----------------------------------------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ((), "and none is named: pytest --pyargs rcmlrs_conformance --rcmlrs-backend=NAME (or RCMLRS_BACKEND=NAME)"),
        (("--rcmlrs-backend=pyton",), "there is no backend 'pyton'; did you mean 'python'?"),
        (("--rcmlrs-backend=python", "--rcmlrs-op=gleu"), "there is no operation 'gleu'; did you mean 'gelu'?"),
        (("--rcmlrs-backend=python", "--rcmlrs-level=depp"), "there is no level 'depp'; did you mean 'deep'?"),
        (("--rcmlrs-backend=python", "--rcmlrs-against=nump"), "there is no backend 'nump'"),
        (("--rcmlrs-backend=python", "--rcmlrs-case=gelu"), "there is no case 'gelu'; a case is"),
    ],
)
def test_usage_is_an_error_in_words(run: Run, words: tuple[str, ...], answer: str) -> None:
    result = run(*words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert answer in result.stderr.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_waivers_that_cannot_be_read(run: Run, install: Install) -> None:
    result = run(f"--rcmlrs-backend={install(entry('relu/cases/0', reason=None))}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "waiver 1 of backend 'backend_of_a_test:plugin' (relu/cases/0): 'reason' is missing" in result.stderr.str()


def test_the_variable_names_the_backend(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "rcmlrs_saboteur:sum_in_float32")
    assert run("--rcmlrs-op=sum").ret == 1
    assert run("--rcmlrs-op=sum", "--rcmlrs-backend=python").ret == 0


def test_against_another_backend(run: Run) -> None:
    words = ("--rcmlrs-backend=rcmlrs_saboteur:sum_in_float32", "--rcmlrs-op=sum", "-k", "ties")
    assert run(*words, "--rcmlrs-against=rcmlrs_saboteur:sum_in_float32").ret == 0
    result = run(*words, "--rcmlrs-against=python")
    assert result.ret == 1
    assert "--against python" in result.stdout.str()


# -------------------------------------------------------------------------------------------- other people's


def alone(pytester: pytest.Pytester, *words: str, then: str = "") -> Any:
    """pytest in a process of its own, and what is asked of that process afterwards."""
    code = f"import sys, pytest; status = pytest.main({[*PLUGIN, *words]!r}); {then or 'pass'}; sys.exit(status)"
    return pytester.run(sys.executable, "-c", code)


def test_a_run_of_other_tests_imports_nothing_of_rcmlrs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_of_somebody(): pass")
    loaded = "print('loaded:', *sorted(name for name in sys.modules if name.startswith('rcmlrs')))"
    result = alone(pytester, then=loaded)
    result.assert_outcomes(passed=1)
    door = "rcmlrs_conformance.pytest_door"
    result.stdout.fnmatch_lines([f"loaded: rcmlrs_conformance {door} {door}.plugin rcmlrs_conformance.version"])


def test_beside_tests_of_ones_own(run: Run, pytester: pytest.Pytester) -> None:
    """In one run; and the package is imported once, under its own name."""
    pytester.makepyfile("def test_of_somebody(): pass")
    twice = "print('twice:', sorted(name for name in sys.modules if name.split('.')[0] == 'conformance'))"
    words = (*SUITE, "test_beside_tests_of_ones_own.py", "--rcmlrs-backend=python", "--rcmlrs-op=relu")
    result = alone(pytester, *words, then=twice)
    result.assert_outcomes(passed=len(names(["relu"])) + 1)
    result.stdout.fnmatch_lines(["twice: []"])


def test_on_two_processes(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    name = "rcmlrs_saboteur:sum_in_float32"
    result = alone(pytester, *SUITE, f"--rcmlrs-backend={name}", "--rcmlrs-op=sum", "--rcmlrs-op=add", "-n", "2")
    report = check_backend(name, ["sum", "add"])
    failed = sum(family.failed for subject in report.subjects for family in subject.families.values())
    result.assert_outcomes(failed=failed, passed=len(names(["sum", "add"])) - failed)


def test_this_repository_does_not_collect_it() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, "--collect-only", "-q", "conformance"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, run.stdout + run.stderr
