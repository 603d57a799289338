"""What is tried: seeds mean the same everywhere, families are what they say, calls fit the operations."""

import hashlib
from random import Random

import pytest

from rcmlrs_conformance.bits import INFINITY, SIGN, is_finite, is_nan, raw_bytes
from rcmlrs_conformance.inputs import elements, generators, rows
from rcmlrs_conformance.inputs.generators import families_of, filled, has_random_trials, trials
from rcmlrs_conformance.inputs.trial import Trial
from rcmlrs_conformance.judge.definition import DEFINITION, expected
from rcmlrs_conformance.subjects import LEVELS
from rcmlrs_core.numerics.formats import BINARY32, from_bits, to_bits
from rcmlrs_core.numerics.sums import units
from rcmlrs_core.ops import KERNELS, TABLE, calls
from rcmlrs_core.ops.op import Composition, Elementwise, Reduction

SMOKE = LEVELS["smoke"]


def digest(operation: str, family: str, seed: int) -> str:
    """Of all operands of a family."""
    found = hashlib.sha256()
    for trial in trials(TABLE[operation], family, SMOKE, seed):
        for x in trial.operands:
            found.update(repr((x.shape, x.dtype, trial.attributes)).encode() + raw_bytes(x))
    return found.hexdigest()[:16]


@pytest.mark.parametrize("operation", ["gelu", "powf", "sum", "softmax", "matmul", "scatter_add"])
def test_a_seed_means_the_same_inputs(operation: str) -> None:
    for family in families_of(TABLE[operation]):
        assert digest(operation, family, 1) == digest(operation, family, 1)
        if not family.endswith(("cases", "edges", "zeros")):
            assert digest(operation, family, 1) != digest(operation, family, 2)


def test_a_seed_means_the_same_inputs_on_every_platform() -> None:
    """Random integers only: no platform's logarithm or cosine has touched them."""
    rng = Random("a text as a seed")
    drawn = [word for family in elements.FAMILIES.values() for column in family(rng, 20, 2) for word in column]
    drawn += [word for family in rows.FAMILIES.values() for word in family(rng, 20)]
    assert hashlib.sha256(repr(drawn).encode()).hexdigest()[:16] == "c53725336b878f99"


@pytest.mark.parametrize("name", TABLE)
def test_every_operation_has_more_than_its_cases(name: str) -> None:
    assert has_random_trials(TABLE[name])


@pytest.mark.parametrize("name", TABLE)
def test_every_trial_is_a_call_that_the_operation_takes(name: str) -> None:
    operation = TABLE[name]
    for family in families_of(operation):
        for trial in trials(operation, family, SMOKE, 3):
            assert trial.family == family
            if not isinstance(operation, Composition):
                operation.check(*trial.operands, **trial.attributes)


def test_every_kind_of_data_has_families() -> None:
    assert generators.KINDS.keys() == calls.KINDS.keys()
    assert {operation.data for operation in TABLE.values()} <= calls.KINDS.keys()


def test_attributes_are_tried_wherever_there_are_any() -> None:
    common = {"axis", "keepdims"}
    for name, operation in KERNELS.items():
        if isinstance(operation, Elementwise | Reduction) and not operation.calls:
            own = {key for key, p in operation.signature.parameters.items() if p.kind is p.KEYWORD_ONLY} - common
            assert not own or operation.samples != ({},), f"{name} has the attributes {own}: give its file samples"


def test_lengths_up_to_70_are_tried_of_what_works_on_blocks() -> None:
    for name in ("gelu", "add", "sum", "softmax", "matmul", "linear", "add_n"):
        tried = {x.shape for trial in trials(TABLE[name], "lengths", LEVELS["standard"], 0) for x in trial.operands}
        ends = {shape[-1] for shape in tried} if name != "add_n" else set(range(1, 71))
        assert ends >= set(range(1, 71))


def test_edges_hold_the_ends_of_everything() -> None:
    wanted = {0, 1, 0x007FFFFF, 0x00800000, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x7F7FFFFF, INFINITY}
    assert wanted | {bits | SIGN for bits in wanted} <= set(elements.EDGES)
    assert sum(map(is_nan, elements.EDGES)) == 5


def test_powers_of_two_are_complete_at_standard() -> None:
    (every,) = elements.powers(Random(0), LEVELS["standard"].elements, 1)
    for exponent in range(-149, 128):
        for sign in (1, -1):
            bits = to_bits(sign * 2.0**exponent)
            assert {bits, bits + 1, bits - 1} <= set(every) | {SIGN - 1}


def test_gaussian_has_mean_and_deviation() -> None:
    (drawn,) = elements.gaussian(Random(0), 4000, 1)
    values = list(map(from_bits, drawn))
    assert abs(sum(values) / 4000) < 0.05  # the standard error is 0.016
    assert abs(sum(v * v for v in values) / 4000 - 1) < 0.07  # and here 0.022


def test_dyadic_numbers_are_what_they_say() -> None:
    for significand, exponent in ((1, 0), (-3, -1), (12345, -149), (1, -149), ((1 << 24) - 1, 104), (5, -140), (0, 3)):
        assert from_bits(elements.dyadic(significand, exponent)) == significand * 2.0**exponent


def test_element_families_give_equal_columns() -> None:
    for families in (elements.FAMILIES, elements.INT32_FAMILIES, elements.BOOL_FAMILIES):
        for name, family in families.items():
            for arity in (1, 2, 3):
                columns = family(Random(1), 30, arity)
                assert len(columns) == arity, name
                assert len({len(column) for column in columns}) == 1
                assert columns[0]
                assert all(0 <= word < 1 << 32 for column in columns for word in column)


def test_ties_are_ties() -> None:
    """A third each: exact products, sums and halves that lie on a midpoint."""
    x, y = elements.ties(Random(2), 600, 2)
    pairs = [(BINARY32.fraction(a), BINARY32.fraction(b)) for a, b in zip(x, y, strict=True)]
    found = {
        name: sum(is_tie(value) for value in values)
        for name, values in {"product": [a * b for a, b in pairs], "sum": [a + b for a, b in pairs]}.items()
    }
    assert found["product"] > 100
    assert found["sum"] > 60


def is_tie(value: object) -> bool:
    """Whether an exact value lies halfway between two binary32 numbers: a hair to either side rounds apart."""
    from fractions import Fraction

    assert isinstance(value, Fraction)
    hair = abs(value) / 2**200
    if not value or abs(value) >= Fraction(2) ** 127:
        return False
    return BINARY32.round_number(value - hair) != BINARY32.round_number(value + hair)


def test_rows_have_their_length_and_their_property() -> None:
    for name, family in rows.FAMILIES.items():
        for length in (0, 1, 2, 3, 17):
            row = family(Random(3), length)
            assert len(row) == length, name
            if name not in ("specials", "edges"):
                assert all(map(is_finite, row)), name
    assert sum(rows.one_hot(Random(4), 9)) == 0x3F800000
    assert set(rows.zeros(Random(4), 50)) == {0, SIGN}
    assert all(0 < word & ~SIGN < 0x00800000 or word & ~SIGN == 0 for word in rows.subnormals(Random(4), 50))


def test_rows_that_cancel_leave_little() -> None:
    values = [from_bits(word) for word in rows.cancellation(Random(5), 33)]
    assert abs(units(values)) < 2**149 * 100 < units(map(abs, values)) / 1000


def test_rows_that_tie_do() -> None:
    from fractions import Fraction

    exact = []
    for seed in range(60):
        values = [from_bits(word) for word in rows.ties(Random(seed), 17)]
        exact.append(Fraction(units(values), 1 << 149))
    assert sum(map(is_tie, exact)) > 15


def test_filled_puts_rows_along_the_axis() -> None:
    calls: list[int] = []

    def counting(rng: Random, length: int) -> list[int]:
        calls.append(length)
        return [to_bits(float(len(calls)))] * length

    x = filled(Random(0), counting, (2, 3, 2), 1)
    assert calls == [3] * 4
    assert x.values.tolist() == [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 3.0, 4.0]
    assert filled(Random(0), rows.gaussian, (0, 3), 0).values.tolist() == []


def test_what_is_expected_comes_from_definitions_alone() -> None:
    for name, operation in KERNELS.items():
        assert DEFINITION.kernels[name] == operation.define


def test_a_prefix_expects_what_the_whole_does() -> None:
    whole, *_ = [trial.prefix_of for trial in trials(TABLE["gelu"], "lengths", SMOKE, 0)]
    assert whole is not None
    for trial in trials(TABLE["gelu"], "lengths", SMOKE, 0):
        alone = Trial(trial.operation, "alone", trial.operands)
        assert expected(trial) == expected(alone)
