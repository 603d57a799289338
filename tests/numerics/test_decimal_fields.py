"""Fields of text, many at once: what is decided is RN of the decimal, and what is no table is seen."""

import struct

import numpy
from hypothesis import example, given
from hypothesis import strategies as st

from rcmlrs_core.numerics.decimal_fields import decimal_fields
from rcmlrs_core.numerics.decimal_text import round_decimal

DECIMALS = st.from_regex(r"[+-]?([0-9]{1,20}(\.[0-9]{0,25})?|\.[0-9]{1,25})", fullmatch=True)
ODD = st.sampled_from(
    ["", "-", ".", "+.", "1-2", "1.2.3", " 1", "1 ", "1e5", "nan", "1_0", "--1", ".-5", "1.-5", "x", ":"]
)
MIDPOINTS = [
    "16777217",
    "1.000000059604644775390625",
    "1.0000000596046447753906250000001",
    "1.00000005960464477539062499999",
    "0.000000000000000000000000000000000000000000001",
    "-0.00",
    "999999999999999",
    "9007199254740993",
    "0.99999997019767761",
    "33554433.0000000000000001",
]


def bits(value: float) -> bytes:
    return struct.pack("<f", value)


@given(st.integers(1, 4), st.lists(st.one_of(DECIMALS, ODD), min_size=1, max_size=40))
@example(1, MIDPOINTS)
@example(2, MIDPOINTS)
def test_n6_what_is_decided_is_the_nearest_number(width: int, texts: list[str]) -> None:
    texts = texts + ["1"] * (-len(texts) % width)
    lines = [texts[start : start + width] for start in range(0, len(texts), width)]
    fields = decimal_fields("".join(",".join(line) + "\n" for line in lines).encode(), width, b",")
    assert fields is not None
    block = "".join(",".join(line) + "\n" for line in lines)
    assert [block[a:b] for a, b in zip(fields.starts.tolist(), fields.ends.tolist(), strict=True)] == texts
    for text, number, undecided, plain in zip(texts, fields.numbers, fields.open, fields.plain, strict=True):
        assert plain == (text.isdecimal() and len(text) < 8)
        if not undecided:
            assert bits(float(number)) == bits(round_decimal(text)), text


def test_nearly_all_is_decided() -> None:
    """17 digits as NumPy writes them, whole numbers, and short decimals: else it were no gain."""
    draws = numpy.random.default_rng(0)
    for texts in (
        list(map(repr, draws.standard_normal(4000).tolist())),
        list(map(str, draws.integers(-1000, 1000, 4000).tolist())),
        [f"{value:.3f}" for value in draws.standard_normal(4000).tolist()],
    ):
        fields = decimal_fields("\n".join([*texts, ""]).encode(), 1, b",")
        assert fields is not None
        wrong = [text for text, undecided in zip(texts, fields.open, strict=True) if undecided]
        assert len(wrong) < 8, wrong


def test_what_is_no_table() -> None:
    for block in (b"", b"1,2\n3\n", b"1\n2,3\n", b"1,2\n3,4,5\n", b"1,2\n3,4", b"1;2\n", b"\n1,2\n"):
        assert decimal_fields(block, 2, b",") is None
    semicolons = decimal_fields(b"1;2\n", 2, b";")
    assert semicolons is not None
    assert semicolons.numbers.tolist() == [1, 2]
