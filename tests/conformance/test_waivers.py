"""Waived cases and unsupported operations: what a backend declares of itself is told, and hides nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

import rcmlrs_core as rc
from rcmlrs_conformance import check_backend
from rcmlrs_conformance.chapters import subjects
from rcmlrs_conformance.examine import Examiner
from rcmlrs_conformance.report.results import PARTLY, Report
from rcmlrs_conformance.report.terminal import declared, show
from rcmlrs_conformance.status import COMPOSITION, FAIL, UNSUPPORTED, WAIVED
from rcmlrs_conformance.waivers import WaiverError, parse
from rcmlrs_core import registry
from rcmlrs_core.errors import BackendError
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.registry import KernelTable, UnsupportedOperationError, get_backend
from tests.conformance.declaring import NAME, entry, giving_up, relu_without_nan, relu_without_ones, wrong_cases

Install = Callable[..., str]

WRONG = wrong_cases()

TOGETHER = wrong_cases("lengths", wrong=lambda value: value > 1)
"""Of one family, those in which another kernel is wrong."""


def test_the_wrong_cases_are_what_this_test_thinks() -> None:
    assert {"cases", "edges"} <= {case.split("/")[1] for case in WRONG}
    assert len(TOGETHER) > 1


# --------------------------------------------------------------------------------------------------- waivers


def test_all_of_the_wrong_cases_waived(install: Install) -> None:
    report = check_backend(install("".join(map(entry, WRONG)), relu=relu_without_nan), ["relu"])
    assert report.problems == []
    assert report.ok
    relu = report.of("relu")
    assert (relu.status, relu.verdict) == (WAIVED, "waived")
    assert sum(family.waived for family in relu.families.values()) == len(WRONG)
    edges = relu.families["edges"]
    assert (edges.status, edges.failed, edges.failure) == (WAIVED, 0, None)
    assert edges.waived_failure is not None
    assert edges.waived_failure.want.startswith("0x7fc00000")
    assert edges.reason == "the NaN is lost (https://example.org/1)"
    assert relu.families["lengths"].status == "own"
    (line,) = [line for line in declared(report) if line.startswith("relu/edges: ")]
    assert line.endswith("the NaN is lost (https://example.org/1)")
    assert report.summary.startswith("Not one wrong bit but in waived cases, in ")
    assert "The backend declares wrong cases of relu." in report.summary


def test_a_case_that_is_not_waived_still_fails(install: Install) -> None:
    *some, left_out = TOGETHER
    report = check_backend(install("".join(map(entry, some)), relu=relu_without_ones), ["relu"], families=["lengths"])
    assert not report.ok
    assert report.of("relu").status == FAIL
    assert [failure.case for failure in report.failures] == [left_out]


def test_a_waiver_of_a_case_that_is_right_is_an_error(install: Install) -> None:
    (case,) = wrong_cases("cases")[:1]
    report = check_backend(install(entry(case)), ["relu"])
    assert not report.ok
    assert report.exit_status == 1
    (problem,) = report.problems
    assert problem == (
        f"Backend {NAME!r}: the waiver of {case} is of no use: the case is right. Take it out of waivers.toml."
    )
    assert problem in report.summary
    assert "No wrong bit was found" in report.summary


def test_a_waiver_of_a_case_that_does_not_exist_is_an_error(install: Install) -> None:
    name = install(entry("relu/cases/1000") + entry("relu/edges/1000"))
    report = check_backend(name, ["relu"])
    assert [("there is no such case" in problem) for problem in report.problems] == [True, True]
    assert "the waiver of relu/edges/1000 (level smoke, seed 0)" in report.problems[1]
    assert not report.ok


def test_another_level_or_seed_is_another_case(install: Install) -> None:
    (edge,) = wrong_cases("edges")[:1]
    name = install(entry(edge, level="standard") + entry(edge, seed=5), relu=relu_without_nan)
    assert check_backend(name, ["relu"], families=["edges"]).of("relu").families["edges"].waived == 0
    assert check_backend(name, ["relu"], 5, families=["edges"]).of("relu").families["edges"].waived == 1
    standard = check_backend(name, ["relu"], level="standard", families=["edges"])
    assert standard.of("relu").families["edges"].waived == 1


def test_waivers_of_what_was_not_run_are_not_judged(install: Install) -> None:
    name = install("".join(map(entry, WRONG)) + entry("tanh/cases/1000"), relu=relu_without_nan)
    assert check_backend(name, ["relu"]).ok
    assert check_backend(name, ["gelu"]).ok
    assert check_backend(name, ["relu"], families=["lengths"]).ok
    assert check_backend(name, cases=WRONG[-1:]).ok
    one = check_backend(name, cases=["relu/lengths/0"])
    assert (one.ok, one.problems) == (True, [])
    assert not check_backend(name, ["tanh"]).ok
    name = install("".join(map(entry, TOGETHER)), relu=relu_without_ones)
    for case in TOGETHER[:2]:
        assert check_backend(name, cases=[case]).ok


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("rellu/cases/0", "there is no subject 'rellu'; did you mean relu?"),
        ("relu/edge/0", "relu has no family 'edge'; did you mean edges?"),
    ],
)
def test_a_name_that_never_runs_is_found_whatever_is_run(install: Install, case: str, words: str) -> None:
    report = check_backend(install(entry(case)), ["gelu"], families=["cases"])
    assert not report.ok
    assert words in report.problems[0]


GOOD = entry("relu/cases/0")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[waiver]", "are no TOML"),
        ("[waiver]\ncase = 'relu/cases/0'", "hold waiver; there may be [[waiver]] and nothing else"),
        (GOOD + "[[waver]]\n", "hold waver; there may be [[waiver]] and nothing else"),
        ("waiver = ['relu/cases/0']", "waiver 1 of backend 'x' is 'relu/cases/0'; it is written as [[waiver]]"),
        (GOOD + entry("gelu/cases/0", reason=None), "waiver 2 of backend 'x' (gelu/cases/0): 'reason' is missing"),
        (entry("gelu/cases/0", reason=" "), "'reason' is ' '; it takes a text"),
        (entry("gelu/cases/0", link=None), "'link' is missing"),
        (entry("gelu/cases/0", link="soon"), "'link' is 'soon'; it starts with https://"),
        (entry("gelu/cases/0", case=3), "waiver 1 of backend 'x': 'case' is 3"),
        (entry("gelu/cases/0", case="gelu"), "'gelu' is no name of a case, which is SUBJECT/FAMILY/NUMBER"),
        (entry("gelu/cases/0", case="gelu/cases/*"), "'gelu/cases/*' is no name of a case"),
        (entry("gelu/cases/0", case="gelu/cases/00"), "'gelu/cases/00' is no name of a case"),
        (entry("gelu/cases/0", until="2030"), "has 'until'; the keys are: case, reason, link, level, seed"),
        (entry("gelu/cases/0", seed=0), "has 'seed'; cases are the same at every level and seed: leave it out"),
        (entry("gelu/edges/0", level=None), "'level' is missing; the cases of edges are drawn for one of: smoke,"),
        (entry("gelu/edges/0", level="all"), "'level' is 'all'"),
        (entry("gelu/edges/0", seed=None), "'seed' is missing"),
        (entry("gelu/edges/0", seed="0"), "'seed' is '0'"),
        (GOOD + GOOD, "waiver 2 of backend 'x' (relu/cases/0) is there twice"),
    ],
)
def test_a_file_that_is_not_as_it_should_be(text: str, words: str) -> None:
    with pytest.raises(WaiverError) as caught:
        parse("x", text)
    assert "backend 'x'" in str(caught.value)
    assert words in str(caught.value)


def test_the_command_refuses_such_a_file(install: Install, shell: Any) -> None:
    name = install(entry("gelu/cases/0", reason=None))
    result = shell("rcmlrs", "conformance", "-j", "0", "--backend", name, "--op", "relu", "--level", "smoke")
    assert result.status == 2
    assert f"waiver 1 of backend {NAME!r} (gelu/cases/0): 'reason' is missing" in result.text


def test_the_command_tells_of_waivers(install: Install, shell: Any) -> None:
    name = install("".join(map(entry, WRONG)), relu=relu_without_nan)
    result = shell("rcmlrs", "conformance", "-j", "0", "--backend", name, "--op", "relu", "--level", "smoke")
    assert result.status == 0, result.text
    assert "the NaN is lost (https://example.org/1)" in result.text
    assert "waived" in result.text


def test_a_hook_that_gives_no_text(install: Install) -> None:
    with pytest.raises(BackendError, match=r"rcmlrs_waivers returns \['relu/cases/0'\]; it returns the text of a file"):
        get_backend(install(["relu/cases/0"]))
    assert get_backend(install(None)).waivers == ""


# ----------------------------------------------------------------------------------------------- unsupported

REASON = "the device has no erf"


def test_an_unsupported_operation_is_refused_and_reported(install: Install) -> None:
    name = install(unsupported={"gelu": REASON})
    with pytest.raises(UnsupportedOperationError) as caught:
        rc.tensor([1.0], backend=name).gelu()
    assert str(caught.value) == (
        f"backend {NAME!r} does not have gelu: {REASON}; compute it on another one, with .to('python')"
    )
    report = check_backend(name, ["gelu", "tanh"])
    gelu = report.of("gelu")
    assert report.ok
    assert (gelu.kernel, gelu.status, gelu.verdict, gelu.reason) == (UNSUPPORTED,) * 3 + (REASON,)
    assert {family.status for family in gelu.families.values()} == {UNSUPPORTED}
    assert {family.reason for family in gelu.families.values()} == {REASON}
    assert report.of("tanh").verdict == "right"
    assert gelu.elements == 0 < gelu.cases, "what is refused is not compared"
    assert "Unsupported, as the backend declares: gelu." in report.summary
    assert f"gelu: unsupported: {REASON}" in list(declared(report))
    with (console := Console(width=100)).capture() as shown:
        show(report, console)
    assert f"\n\ngelu: unsupported: {REASON}\n\nNot one" in shown.get()


def test_what_is_declared_unsupported_must_be_refused_so(install: Install) -> None:
    name = install(unsupported={"gelu": REASON})
    get_backend(name).kernels["gelu"] = relu_without_nan
    report = check_backend(name, ["gelu"], families=["edges"])
    assert report.of("gelu").status == FAIL
    assert report.failures[0].sentence.startswith("wanted UnsupportedOperationError, as the backend declares; wrong")


def compositions_of(operation: str, install: Install) -> Report:
    """What becomes of the compositions where ``operation`` is not there."""
    name = install(unsupported={operation: "there is none"})
    kinds = [key for key, subject in subjects().items() if subject.origin(get_backend(name)) == COMPOSITION]
    assert len(kinds) > 3
    return check_backend(name, kinds)


def test_a_composition_of_an_unsupported_operation_is_unsupported(install: Install) -> None:
    report = compositions_of("transpose", install)
    assert report.ok
    found = {subject.name: subject for subject in report.subjects}
    unsupported = [name for name, subject in found.items() if UNSUPPORTED in subject.verdict]
    assert unsupported
    assert len(unsupported) < len(found), "those that do without are tried"
    for name in unsupported:
        groups = [family for family in found[name].families.values() if family.unsupported]
        assert groups
        assert all(family.status == UNSUPPORTED for family in groups)
        assert all("does not have transpose: there is none" in family.reason for family in groups)
    assert any("unsupported of" in line and "transpose" in line for line in declared(report))


def test_a_composition_that_is_wrong_beside_is_wrong(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """What some cases lack does not excuse what others get wrong."""
    name = install(unsupported={"transpose": "there is none"})
    backend = get_backend(name)
    report = check_backend(name, ["matrix_transpose"])
    assert report.of("matrix_transpose").verdict in (UNSUPPORTED, PARTLY)
    monkeypatch.setitem(backend.kernels, "transpose", lambda x, **_: PlainArray(x.values[::-1], x.shape[::-1]))
    assert check_backend(name, ["matrix_transpose"]).of("matrix_transpose").status == FAIL


def test_a_kernel_may_not_excuse_itself_with_another_operation(install: Install) -> None:
    report = check_backend(install(unsupported={"mean": "there is none"}, relu=giving_up), ["relu"])
    assert report.of("relu").status == FAIL
    assert "UnsupportedOperationError: no mean here" in report.failures[0].sentence


def test_nor_with_one_that_is_not_declared(install: Install) -> None:
    report = check_backend(install(mean=giving_up), ["mean"])
    assert report.of("mean").status == FAIL
    assert "UnsupportedOperationError: no mean here" in report.failures[0].sentence


def test_a_gradient_of_an_unsupported_operation_is_unsupported(install: Install) -> None:
    """What is compared by :meth:`Examiner.agree`, whatever it computes."""
    examiner = Examiner(get_backend(install(unsupported={"gelu_derivative": "there is none"})))

    def gradient_of(name: str) -> Callable[[], dict[str, rc.RamTensor]]:
        def compute() -> dict[str, rc.RamTensor]:
            x = rc.tensor([1.0], requires_grad=True)
            getattr(x, name)().backward(rc.tensor([1.0]))
            assert x.grad is not None
            return {"gradient": x.grad}

        return compute

    with pytest.raises(UnsupportedOperationError, match="does not have gelu_derivative"):
        examiner.agree(gradient_of("gelu"), "the gradient of gelu")
    assert examiner.agree(gradient_of("tanh"), "the gradient of tanh") is None


@pytest.mark.parametrize(
    ("declared_of", "reason"), [("gleu", "none"), ("gelu", " "), ("matrix_transpose", "none"), ("relu", "none")]
)
def test_declarations_that_are_refused(install: Install, declared_of: str, reason: str) -> None:
    with pytest.raises(BackendError, match=f"declares '{declared_of}' unsupported"):
        get_backend(install(unsupported={declared_of: reason}, relu=relu_without_nan))


def test_declared_twice_or_registered_afterwards(install: Install) -> None:
    table = KernelTable("x", KERNELS)
    table.declare_unsupported("gelu", REASON)
    with pytest.raises(BackendError, match="once, and a reason"):
        table.declare_unsupported("gelu", "another reason")
    with pytest.raises(BackendError, match="registers a kernel for 'gelu', and declares it unsupported"):
        table.register("gelu", relu_without_nan)


def test_backends_why_shows_it(
    install: Install, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rcmlrs_core.cli.backends import backends

    name = install(unsupported={"gelu": REASON})
    monkeypatch.setenv(registry.VARIABLE, name)
    monkeypatch.setattr(registry, "_default", None)
    backends(why=True)
    text = capsys.readouterr().out
    assert f"{NAME} does not have gelu: {REASON}" in text
    (header,) = [line for line in text.splitlines() if line.startswith("operation ")]
    (row,) = [line for line in text.splitlines() if line.split()[:1] == ["gelu"]]
    assert dict(zip(header.split(), row.split(), strict=True))[NAME] == UNSUPPORTED
    assert ", 1 unsupported>" in repr(get_backend(name))
