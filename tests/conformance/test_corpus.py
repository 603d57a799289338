"""The worst cases: as Arb has them, found by the search, and right on every backend."""

import numpy
import pytest

import rcmlrs_core as rc
from rcmlrs_conformance import corpus
from rcmlrs_conformance.corpus import HALVING, KEPT, NEXT_TO_ZERO, ODD_SUBNORMALS, search
from rcmlrs_conformance.judge import arb
from rcmlrs_conformance.judge.numbers import bits_of, number
from rcmlrs_core.ops import TABLE
from tests.installed import BACKENDS

CASES = corpus.read()


def test_every_function_that_has_a_rounding_test_was_searched() -> None:
    assert set(CASES) <= set(corpus.searchable())
    for name, cases in CASES.items():
        assert len(cases) <= KEPT + len(ODD_SUBNORMALS) * (name in HALVING), name


@pytest.mark.parametrize("name", CASES)
def test_the_stored_results_are_arbs(name: str) -> None:
    for case in CASES[name]:
        assert case.result == arb.right(name, case.input)
        exponent = arb.exponent_of_distance(name, case.input)
        assert exponent is not None
        assert case.distance == round(exponent, 2)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_worst_cases(name: str, backend: str) -> None:
    inputs = [number(case.input) for case in CASES[name]]
    with rc.use_backend(backend):
        results = getattr(rc, name)(rc.tensor(inputs)).tolist()
    wrong = [
        f"{name}(0x{case.input:08x}) on {backend}: got 0x{bits_of(y):08x}, right is 0x{case.result:08x}"
        for case, y in zip(CASES[name], results, strict=True)
        if bits_of(y) != case.result
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", CASES)
def test_the_search_comes_upon_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the blocks where they lie. Blocks of their neighbours give no nearer one."""
    listed = [case for case in CASES[name] if not (name in HALVING and case.input & 0x7FFFFFFF < NEXT_TO_ZERO)]
    starts = sorted({case.input & -search.BLOCK for case in listed})
    monkeypatch.setattr(search, "blocks", lambda name: iter(starts))
    reach = 2.0 ** (listed[-1].distance + 0.1)
    found = search.candidates(TABLE[name], reach)
    assert {case.input for case in listed} <= set(found)
    nearest = corpus.select(name, found)
    assert [case.distance for case in nearest[: len(listed)]] == [case.distance for case in listed]


def test_what_the_search_counts_as_near() -> None:
    """Midpoints of normal numbers, of subnormal ones, and where a difference has cancelled."""
    half = 1 + 2.0**-24
    value = numpy.array([half, half + 2.0**-50, half + 2.0**-46, 1.0, 2.0**-150, 3 * 2.0**-150, 2.0**-149, numpy.inf])
    near = search.near_midpoints(value, None, 8, 2.0**-25)
    assert near is not None
    assert near.tolist() == [0, 1, 4, 5]
    assert search.near_midpoints(numpy.array([1.0, numpy.nan]), None, 8, 2.0**-25) is None
    cancelled = search.near_midpoints(numpy.array([1.0, 1.0]), numpy.array([1.0, 2.0**29]), 8, 2.0**-25)
    assert cancelled is not None
    assert cancelled.tolist() == [1]


def test_ties_and_twins_are_left_out() -> None:
    """hardsigmoid(9/2^24) is 1/2 + 3/2^25, a midpoint itself; rsqrt(4x) is rsqrt(x)/2."""
    tie = bits_of(9 * 2.0**-24)
    assert arb.exponent_of_distance("hardsigmoid", tie) is None
    assert not corpus.select("hardsigmoid", [tie])
    assert len(corpus.select("rsqrt", [bits_of(3.0), bits_of(12.0), bits_of(0.75), bits_of(6.0)])) == 2
