"""The inputs nearest to the midpoint of two numbers, on every backend: bits as Arb has them."""

import struct

import pytest

import rcmlrs_core as rc
from tests.certify import oracle
from tests.certify.hard_cases import read
from tests.installed import BACKENDS

CASES = read()


@pytest.mark.parametrize("name", CASES)
def test_the_stored_results_are_arbs(name: str) -> None:
    for case in CASES[name]:
        assert case.result == oracle.right(name, case.input)
        assert case.distance == round(oracle.exponent_of_distance(name, case.input), 2)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_hard_cases(name: str, backend: str) -> None:
    inputs = [oracle.number(case.input) for case in CASES[name]]
    with rc.use_backend(backend):
        results = getattr(rc, name)(rc.tensor(inputs)).tolist()
    found = [struct.unpack("<I", struct.pack("<f", y))[0] for y in results]
    wrong = [
        f"{name}(0x{case.input:08x}) on {backend}: got 0x{bits:08x}, right is 0x{case.result:08x}"
        for case, bits in zip(CASES[name], found, strict=True)
        if bits != case.result
    ]
    assert not wrong, "\n".join(wrong)
