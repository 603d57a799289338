"""The helpers of the report: distances, elements as text, clauses, and the shrinking of what fails."""

from pathlib import Path

import pytest

from rcmlrs_conformance import check_backend, clauses
from rcmlrs_conformance.bits import differences, floats, raw_bytes, shortest, show, show_distance, ulps, words
from rcmlrs_conformance.examine import BITS, Examiner
from rcmlrs_conformance.inputs.trial import Trial
from rcmlrs_conformance.report.words import Run, clause_of, command_line, decided_by, input_lines, position
from rcmlrs_conformance.shrink import shrink
from rcmlrs_conformance.status import STATUSES
from rcmlrs_conformance.subjects import LEVELS
from rcmlrs_core.numerics.formats import from_bits, to_bits
from rcmlrs_core.ops import TABLE
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.registry import get_backend


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        (0x3F800000, 0x3F800000, 0),
        (0x3F800000, 0x3F800001, 1),
        (0x00000000, 0x80000000, 1),
        (0x00000001, 0x80000001, 3),
        (0x7F7FFFFF, 0x7F800000, 1),
        (0x7F800000, 0xFF800000, 2 * 0x7F800000 + 1),
        (0xBF800000, 0xBF800002, 2),
        (0x7FC00000, 0x3F800000, None),
    ],
)
def test_ulps(a: int, b: int, distance: int | None) -> None:
    assert ulps(a, b) == ulps(b, a) == distance


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0x3F800000, "0x3f800000 = 1.0"),
        (0x80000000, "0x80000000 = -0.0"),
        (0x3DCCCCCD, "0x3dcccccd = 0.1"),
        (0x7F800000, "0x7f800000 = inf"),
        (0xFFC00001, "0xffc00001 = NaN"),
        (0x00000001, "0x00000001 = 1e-45"),
        (0x7F7FFFFF, "0x7f7fffff = 3.4028235e+38"),
    ],
)
def test_elements_as_text(bits: int, text: str) -> None:
    assert show(bits) == text


def test_decimals_read_back() -> None:
    for bits in range(0x00000001, 0x7F800000, 10_000_019):
        assert to_bits(float(PlainArray.of([float(shortest(bits))], (1,)).values[0])) == bits


def test_other_types_as_text() -> None:
    assert show(0xFFFFFFFF, "int32") == "0xffffffff = -1"
    assert show(1, "bool") == "True"
    assert show(7, "bool") == "0x07 = 7"


def test_distances_in_words() -> None:
    assert show_distance(0x3F800000, 0x3F800002, "float32") == "2 ulp"
    assert show_distance(0x00000000, 0x80000000, "float32") == "the other zero"
    assert show_distance(0x7FC00000, 0x3F800000, "float32") == "one of them is NaN"
    assert "0x7fc00000" in show_distance(0x7FC00000, 0xFFC00000, "float32")
    assert show_distance(1, 2, "int32") == "another value"


def test_raw_bytes_keep_what_tobytes_makes_one() -> None:
    x = floats([0xFFC12345, 0x80000000])
    assert list(words(raw_bytes(x), "float32")) == [0xFFC12345, 0x80000000]
    assert list(words(x.tobytes(), "float32")) == [0x7FC00000, 0x80000000]
    assert differences(raw_bytes(x), x.tobytes(), "float32") == [0]


def test_positions() -> None:
    assert position(7, (2, 3, 2)) == (1, 0, 1)
    assert position(0, ()) == ()


def test_clauses_are_read_from_the_contract() -> None:
    found = clauses.clauses()
    assert list(found)[:3] == ["N1.1", "N1.2", "N1.3"]
    assert len(found) == len(set(found)) >= 15
    assert "conv*" in found["N3.1"]
    assert "*" not in found["N2.3"]
    assert clauses.version() == "1"
    assert clauses.sentence("N1.2").startswith("There is one NaN.")
    assert clauses.sentence("N99") == ""


def test_every_operation_cites_a_clause_that_exists() -> None:
    assert {operation.clause for operation in TABLE.values()} <= set(clauses.clauses())


def test_command_lines_are_quoted() -> None:
    assert command_line(Run("m:a", "smoke", 3), "gelu", "edges") == (
        "rcmlrs conformance --backend m:a --op gelu --family edges --level smoke --seed 3"
    )
    assert command_line(Run("m:a", "smoke", 3, "numpy"), "gelu", "edges", 2) == (
        "rcmlrs conformance --backend m:a --against numpy --case gelu/edges/2 --level smoke --seed 3"
    )
    assert "'a b'" in command_line(Run("a b", "smoke", 3), "gelu", "edges")


def test_long_inputs_are_shortened() -> None:
    trial = Trial(TABLE["sum"], "gaussian", (PlainArray.of(range(100), (100,)),), {"axis": 0})
    lines = input_lines(trial)
    assert len(lines) < 16
    assert "    ... 91 more ..." in lines
    assert lines[-1] == "axis = 0"


FAULTY = Examiner(get_backend("rcmlrs_saboteur:sum_in_float32"))


def test_the_page_tells_every_status_and_level_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
    for status, meaning in STATUSES.items():
        assert f"| `{status}` | {meaning} |" in page
    for level in LEVELS.values():
        assert f"| `{level.name}` |" in page
    counts = " ".join(page.split())
    assert f"{LEVELS['smoke'].elements} arguments of each kind" in counts
    assert f"{LEVELS['standard'].elements} at `standard` and {LEVELS['deep'].elements} at `deep`" in counts


def test_it_is_told_whether_binary64_decides() -> None:
    def told(bits: int) -> str:
        return decided_by(Trial(TABLE["gelu"], "test", (floats([bits]),)))

    assert "the binary64 formula of the operation's file decides it" in told(0x3F800000)
    assert "the element lies too close to a midpoint" in told(0x00000001)  # clause 1: half of it is one
    assert decided_by(Trial(TABLE["matmul"], "test", (floats([0], (1, 1)), floats([0], (1, 1))))) == ""


def test_a_row_is_shrunk_to_what_matters() -> None:
    row = [16777216.0, *[0.0] * 20, 1.0, *[0.0] * 20, 1.0, *[2.0] * 4]
    trial = Trial(TABLE["sum"], "test", (PlainArray.of([*row, *row], (2, len(row))),), {"axis": 1, "keepdims": True})
    finding = FAULTY.try_call(trial)
    assert finding is not None
    assert finding.kind == BITS
    small = shrink(FAULTY, finding)
    assert small.trial is not None
    assert len(small.trial.operands[0].values) == 3
    assert 16777216.0 in small.trial.operands[0].values
    assert FAULTY.try_call(small.trial) is not None


def test_a_product_is_shrunk_to_a_row_and_a_column() -> None:
    (failure,) = check_backend("rcmlrs_saboteur:matmul_in_binary64", ["matmul"], families=["cancellation"]).failures
    shapes = [line for line in failure.inputs if "shape" in line]
    assert shapes[0].startswith("x: float32 of shape (1, ")
    assert shapes[1].endswith(", 1)")


def test_an_element_is_shrunk_to_itself() -> None:
    failure = check_backend("rcmlrs_saboteur:tanh_off_at_one_input", ["tanh"], level="standard").failures[0]
    assert failure.inputs == ("x = 0x3c000000 = 0.0078125",)
    assert failure.distance == "1 ulp"
    assert from_bits(0x3C000000) == 2.0**-7


def test_a_fault_of_the_neighbours_is_left_as_it_is() -> None:
    failure = check_backend("rcmlrs_saboteur:matmul_transposed", ["matmul"], families=["integers"]).failures[0]
    assert "found" not in failure.sentence
    assert any("shape (3, 4)" in line for line in failure.inputs)


@pytest.mark.parametrize(
    ("fault", "operation", "clause"),
    [
        ("minus_zero_lost", "tanh", "N2.3"),
        ("sum_of_minus_zeros", "sum", "N3.2"),
        ("subnormals_flushed", "add", "N1.1"),
        ("gelu_in_pieces", "gelu", "N2.1"),
    ],
)
def test_the_clause_is_that_of_the_case(fault: str, operation: str, clause: str) -> None:
    report = check_backend(f"rcmlrs_saboteur:{fault}", [operation])
    assert report.failures[0].clause == clause
    assert clause_of.__doc__
