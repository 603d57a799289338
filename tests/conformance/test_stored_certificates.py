"""The stored certificates: whole, of this suite, of one digest; and a part of each is run again here.

All of a deep run takes a quarter of an hour on two cores for the four backends. They were made by

    rcmlrs conformance -b python -b numpy -b native -b array_api_strict --level deep --contract 1 --report DIR
"""

from pathlib import Path
from typing import Any

import pytest

from rcmlrs_conformance.certificates.certificate import Certificate, read
from tests.installed import BACKENDS

FOLDER = Path(__file__).parents[1] / "certificates"

PARTS = {"python": "1/100", "numpy": "26/100", "native": "51/100", "array_api_strict": "76/100"}
"""What is run again of each: another part, so that together they are more."""


def stored(name: str) -> Path:
    return FOLDER / f"certificate-{name}.jsonl"


def certificate(name: str) -> Certificate:
    return read(stored(name))


@pytest.mark.parametrize("name", PARTS)
def test_it_conforms_at_level_deep(name: str, shell: Any) -> None:
    result = shell("rcmlrs", "verify", stored(name))
    assert result.status == 0, result.text
    found = certificate(name)
    assert (found.header.backend, found.header.level, found.header.asked.contract) == (name, "deep", "1")
    assert found.footer.verdict == "conforms"


def test_all_have_one_digest() -> None:
    assert len({certificate(name).footer.digest for name in PARTS}) == 1


@pytest.mark.parametrize("name", PARTS)
def test_a_part_has_the_same_bits_here(name: str, shell: Any) -> None:
    if name == "native" and name not in BACKENDS:
        pytest.skip("the native backend is not built here")
    result = shell("rcmlrs", "verify", stored(name), "--rerun", "--part", PARTS[name])
    assert result.status == 0, result.text
