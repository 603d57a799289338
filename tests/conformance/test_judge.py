"""The judge: the definitions agree with formulas that were written apart from them, and a wrong definition does not."""

import importlib.util
from dataclasses import replace
from fractions import Fraction
from math import copysign, fsum, inf, isfinite, nan
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rcmlrs_conformance.judge import arb, check, command
from rcmlrs_conformance.judge.functions import FUNCTIONS
from rcmlrs_conformance.judge.numbers import bits_of, distance, exact_root, log2, rounded
from rcmlrs_conformance.subjects import LEVELS
from rcmlrs_core.numerics.formats import BINARY32, round_number
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Elementwise, Reduction

SMOKE = LEVELS["smoke"]


@pytest.mark.parametrize("name", check.judged_names())
def test_the_definition_is_right(name: str) -> None:
    found = check.judge(name, SMOKE)
    assert found.compared > 50
    assert not found.first


def test_every_function_that_rounds_has_an_independent_formula() -> None:
    rounds = {name for name, operation in TABLE.items() if isinstance(operation, Elementwise) and operation.exact}
    assert rounds == set(FUNCTIONS)
    assert set(check.names_without()) == {
        "astype", "norm", "prod_derivative", "quantile", "scatter_add", "searchsorted", "softmax_derivative", "sort",
    }  # fmt: skip


def wrong(name: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> check.Judged:
    """What the judge finds of an operation with another definition."""
    monkeypatch.setitem(TABLE, name, replace(TABLE[name], **changes))
    return check.judge(name, SMOKE)


def test_a_wrong_constant_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.044715 as binary32 has it: another number in the eleventh digit."""

    def exact(r: Any, x: Any) -> Any:
        inner = r.sqrt(2 / r.pi) * (x + r.number(float.fromhex("0x1.6e4e26p-5")) * x**3)
        return x * r.sigmoid(2 * inner)

    found = wrong("gelu", monkeypatch, exact=exact)
    assert found.disagreements
    assert "gelu(" in found.first[0]
    assert "but the definition gives" in found.first[0]


def test_a_wrong_special_value_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong("sin", monkeypatch, special=lambda x: nan if abs(x) == inf else 0.0 if x == 0 else None).disagreements


def test_a_sum_that_is_rounded_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(values: list[float]) -> float:
        return round_number(fsum(values) if all(map(isfinite, values)) else sum(values))

    operation = TABLE["sum"]
    assert isinstance(operation, Reduction)
    assert not wrong("sum", monkeypatch).disagreements
    assert wrong("sum", monkeypatch, row=row).disagreements


def test_rounding_is_that_of_the_format() -> None:
    for value in (Fraction(1, 3), Fraction(2) ** -150, Fraction(3, 2) * Fraction(2) ** -149, -(Fraction(2) ** 128), 7):
        exact = Fraction(value)
        assert rounded(exact) == BINARY32.round_ratio(exact.numerator, exact.denominator)
    assert distance(Fraction(1) + Fraction(2) ** -24) == 0
    assert distance(Fraction(1)) == Fraction(1, 2)
    assert log2(Fraction(1, 2**2000)) == -2000


def test_roots_that_are_rational() -> None:
    assert exact_root(Fraction(4, 9), 2) == Fraction(2, 3)
    assert exact_root(Fraction(2), 2) is None
    assert exact_root(Fraction(27, 8), 3) == Fraction(3, 2)
    assert exact_root(Fraction(2**300), 3) == 2**100


def test_what_is_no_number_is_stated() -> None:
    assert arb.right("atan2", bits_of(-0.0), bits_of(-1.0)) == bits_of(-13176795 / 2**22)
    assert arb.right("powf", bits_of(923521.0), bits_of(1.25)) == bits_of(28629152.0)  # 31^5, a tie
    assert arb.right("exp2", bits_of(-150.0)) == 0
    assert arb.right("hypot", bits_of(-inf), bits_of(nan)) == bits_of(inf)
    assert arb.right("div", bits_of(-1.0), bits_of(0.0)) == bits_of(copysign(inf, -1.0))


# ------------------------------------------------------------------------------------------------ the command


def run(*words: str) -> Any:
    app = typer.Typer()
    app.command("judge")(command.judge)
    return CliRunner().invoke(app, list(words))


def test_the_command_says_what_was_compared() -> None:
    result = run("--op", "gelu", "--op", "sum")
    assert result.exit_code == 0
    assert "Not one wrong bit in" in result.output
    assert "results of 2 operations" in result.output


def test_the_command_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "sqrt", replace(TABLE["sqrt"], exact=lambda r, x: x))
    result = run("--op", "sqrt")
    assert result.exit_code == 1
    assert "The definitions of sqrt are not what the formulas say" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--op", "reshape"), "no independent formula for reshape"),
        (("--level", "high"), "there is no level 'high'; there are: smoke"),
    ],
)
def test_what_cannot_be_run_is_refused(words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.output


def test_without_arb_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    result = run("--op", "gelu")
    assert result.exit_code == 2
    assert "pip install 'rcmlrs[judge]'" in result.output
    assert importlib.util.find_spec("flint") is not None
