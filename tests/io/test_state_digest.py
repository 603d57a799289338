"""State and its digest: what can be named and saved, and what the digest says and does not say."""

import copy
import hashlib
import pickle
import struct

import pytest

import rcmlrs_core as rc
from rcmlrs_core.errors import DataError, ShapeError
from rcmlrs_core.io import State, state_digest
from rcmlrs_core.io.state import MOST_AXES, metadata_of, named, shape_problem

ONE = rc.tensor([1.0])
TWO = rc.tensor([[2.0, 3.0]])


def test_the_definition() -> None:
    whole = hashlib.sha256()
    for name, tensor in (("Z", ONE), ("a", TWO), ("é", ONE)):
        whole.update(struct.pack("<Q", len(name.encode())) + name.encode() + bytes.fromhex(tensor.digest()))
    assert state_digest({"é": ONE, "a": TWO, "Z": ONE}) == whole.hexdigest()


def test_the_digest_stays_what_it_is() -> None:
    """People keep digests for years."""
    assert state_digest([]) == hashlib.sha256(b"").hexdigest()
    weights, biases = rc.tensor([[1.0, -0.0], [0.1, 1e-45]]), rc.tensor([0.5, 2.0])
    digest = state_digest({"weights": weights, "biases": biases})
    assert digest == "e3f706af713bdd58635f430fb613e1950cb1cd1cf367ad329b2b99d716e13d20"


def test_the_order_does_not_matter() -> None:
    assert state_digest({"a": ONE, "b": TWO}) == state_digest({"b": TWO, "a": ONE})


def test_all_else_does() -> None:
    states = [
        {},
        {"a": ONE},
        {"b": ONE},
        {"a": ONE, "b": ONE},
        {"a": ONE, "b": TWO},
        {"a": TWO, "b": ONE},
        {"a": rc.from_bytes(TWO.tobytes(), (2, 1)), "b": ONE},
        {"a": rc.tensor([1], dtype="int32")},
        {"a": rc.from_bytes(ONE.tobytes(), (1,), dtype="int32")},
        {"a": rc.tensor([0.0])},
        {"a": rc.tensor([-0.0])},
        {"": ONE},
    ]
    assert len(set(map(state_digest, states))) == len(states)


def test_a_list_is_named_by_place() -> None:
    assert state_digest([ONE, TWO]) == state_digest({"0": ONE, "1": TWO})
    assert list(named(iter([TWO, ONE]))) == ["0", "1"]


def test_the_backend_and_metadata_are_left_out() -> None:
    assert state_digest(State({"a": ONE}, {"epoch": "3"})) == state_digest({"a": ONE.to("python")})


def test_a_state_is_a_dict_with_metadata() -> None:
    state = State({"weights": TWO, "biases": ONE}, {"epoch": "3"})
    weights, biases = state.values()
    assert weights is TWO
    assert biases is ONE
    assert state["weights"] is TWO
    assert State({}).metadata == {}
    for twin in (copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert type(twin) is State
        assert twin.metadata == {"epoch": "3"}
        assert state_digest(twin) == state_digest(state)


def test_metadata_travel_with_a_state() -> None:
    state = State({}, {"epoch": "3"})
    assert metadata_of(state, None) == {"epoch": "3"}
    assert metadata_of(state, {}) == {}
    assert metadata_of({}, None) == {}


@pytest.mark.parametrize(
    ("tensors", "error", "message"),
    [
        (ONE, TypeError, r"got one tensor, expected several; give a list, \[tensor\]"),
        (3, TypeError, "got int, expected tensors"),
        ({1: ONE}, TypeError, "is a string, got 1; name it '1'"),
        ({"a": [1.0]}, TypeError, "'a' is list, expected a tensor; make it one with rc.tensor"),
        ([ONE, 2.0], TypeError, "'1' is float"),
        ({"__metadata__": ONE}, DataError, "the format's own; rename it"),
        ({"\ud800": ONE}, DataError, "half of a surrogate pair is no text; rename it"),
        ({"a": rc.from_bytes(b"", (2**41, 0), "python")}, ShapeError, "multiply to more than 2"),
    ],
)
def test_what_is_no_state(tensors: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        state_digest(tensors)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metadata", "error", "message"),
    [
        ({"epoch": 3}, TypeError, "got 'epoch': 3; store '3'"),
        ({3: "epoch"}, TypeError, "strings by string"),
        ({"a": "\udfff"}, DataError, "surrogate"),
        ({"\udfff": "a"}, DataError, "surrogate"),
    ],
)
def test_what_is_no_metadata(metadata: dict[str, str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        metadata_of({}, metadata)


def test_shapes_up_to_the_limits() -> None:
    assert shape_problem(()) is None
    assert shape_problem((1,) * MOST_AXES) is None
    assert shape_problem((2**40,)) is None
    assert shape_problem((0, 2**20, 2**20)) is None
    assert shape_problem((2, 2**40)) is not None
    assert "65 axes, and 64 are the most" in str(shape_problem((1,) * 65))
