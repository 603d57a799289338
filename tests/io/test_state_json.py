"""The JSON pair: text that any JSON reader takes, that restores every bit, and that is checked by its digests."""

import io
import json
import math
import os
import random
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.errors import BackendError, DataError, FileFormatError
from rcmlrs_core.io import (
    State,
    json_state,
    load_state_binary,
    load_state_json,
    reading,
    save_tensors_binary,
    save_tensors_json,
    state_digest,
)
from rcmlrs_core.registry import get_backend

SAME_DIRECTORY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


@st.composite
def any_tensor(draw: st.DrawFn) -> rc.RamTensor:
    """Any bits in any shape: 0-d and empty ones, NaN of all kinds, subnormals."""
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=4)))
    size = math.prod(shape)
    dtype = draw(st.sampled_from(["float32", "int32", "bool"]))
    if dtype == "bool":
        return rc.from_bytes(bytes(draw(st.lists(st.booleans(), min_size=size, max_size=size))), shape, dtype=dtype)
    return rc.from_bytes(draw(st.binary(min_size=4 * size, max_size=4 * size)), shape, dtype=dtype)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
STATES = st.dictionaries(TEXT.filter(lambda name: name != "__metadata__"), any_tensor(), max_size=5)


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def strictly(text: str) -> Any:
    """What the standard library reads, without its own additions to JSON."""
    return json.loads(text, parse_constant=refuse_constant)


def read(text: str | bytes) -> State:
    return json_state.read_state("model.json", text.encode() if isinstance(text, str) else text, get_backend("python"))


GOLDEN = """{
  "format": "rcmlrs-state",
  "format_version": 1,
  "metadata": {"é": "\\"1\\""},
  "tensors": {
    "weights": {
      "dtype": "float32",
      "shape": [2, 3],
      "digest": "b9",
      "values": [
        0.1, -0.0, 1e-45,
        "nan", "inf", "-inf"
      ]
    },
    "n": {
      "dtype": "int32",
      "shape": [],
      "digest": "85",
      "values": [
        -2147483648
      ]
    },
    "mask": {
      "dtype": "bool",
      "shape": [2, 1],
      "digest": "b1",
      "values": [
        true,
        false
      ]
    },
    "none": {
      "dtype": "float32",
      "shape": [3, 0],
      "digest": "2d",
      "values": []
    }
  }
}
"""


def test_the_text_of_a_file(tmp_path: Path) -> None:
    tensors = {
        "weights": rc.tensor([[0.1, -0.0, 1e-45], [math.nan, math.inf, -math.inf]]),
        "n": rc.tensor(-(2**31), dtype="int32"),
        "mask": rc.tensor([[True], [False]]),
        "none": rc.from_bytes(b"", (3, 0)),
    }
    save_tensors_json(tmp_path / "m.json", tensors, metadata={"é": '"1"'})
    expected = GOLDEN
    for short, tensor in zip(("b9", "85", "b1", "2d"), tensors.values(), strict=True):
        expected = expected.replace(f'"digest": "{short}"', f'"digest": "{tensor.digest()}"')
    assert (tmp_path / "m.json").read_text(encoding="utf-8") == expected


@SAME_DIRECTORY
@given(STATES, st.dictionaries(TEXT, TEXT, max_size=3))
def test_every_bit_comes_back(tmp_path: Path, state: dict[str, rc.RamTensor], metadata: dict[str, str]) -> None:
    path = tmp_path / "model.json"
    save_tensors_json(path, state, metadata=metadata)
    loaded = load_state_json(path)
    assert list(loaded) == list(state)
    assert state_digest(loaded) == state_digest(state)
    assert loaded.metadata == metadata
    first = path.read_bytes()
    save_tensors_json(path, loaded)
    assert path.read_bytes() == first


@SAME_DIRECTORY
@given(STATES, st.dictionaries(TEXT, TEXT, max_size=3))
def test_any_json_reader_reads_it(tmp_path: Path, state: dict[str, rc.RamTensor], metadata: dict[str, str]) -> None:
    """And what it writes again, with keys sorted and other spaces, is read here."""
    save_tensors_json(tmp_path / "m", state, metadata=metadata)
    seen = strictly((tmp_path / "m").read_text(encoding="utf-8"))
    assert seen["metadata"] == metadata
    for name, tensor in state.items():
        entry = seen["tensors"][name]
        assert (entry["dtype"], tuple(entry["shape"])) == (tensor.dtype, tensor.shape)
        values = [float(value) if isinstance(value, str) else value for value in entry["values"]]
        assert rc.tensor(values, dtype=tensor.dtype).tobytes() == tensor.tobytes()
    for style in ({"sort_keys": True, "indent": 1}, {"sort_keys": True, "separators": (",", ":")}, {"indent": "\t"}):
        loaded = read(json.dumps(seen, **style))  # type: ignore[arg-type]
        assert state_digest(loaded) == state_digest(state)


def test_more_values_than_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (1, 2, 3, 7, 100):
        monkeypatch.setattr(reading, "AT_ONCE", limit)
        monkeypatch.setattr(json_state, "AT_ONCE", limit)
        for size in range(9):
            tensors = [
                rc.from_bytes(random.Random(size).randbytes(4 * size), (size,)),
                rc.from_bytes(random.Random(size).randbytes(4 * size), (size,), dtype="int32"),
                rc.from_bytes(bytes(place % 2 for place in range(size)), (size,), dtype="bool"),
            ]
            save_tensors_json(tmp_path / "m", tensors)
            assert state_digest(load_state_json(tmp_path / "m")) == state_digest(tensors)


def test_from_one_format_to_the_other(tmp_path: Path) -> None:
    state = {"w": rc.from_bytes(random.Random(0).randbytes(4000), (10, 100)), "mask": rc.tensor([True])}
    save_tensors_binary(tmp_path / "a", state, metadata={"k": "v"})
    save_tensors_json(tmp_path / "b", load_state_binary(tmp_path / "a"))
    save_tensors_binary(tmp_path / "c", load_state_json(tmp_path / "b"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "c").read_bytes()


def test_a_list_unpacks(tmp_path: Path) -> None:
    weights, biases = rc.tensor([[1.0, 2.0]]), rc.tensor([0.5])
    save_tensors_json(tmp_path / "m", [weights, biases])
    first, second = load_state_json(tmp_path / "m").values()
    assert (first.digest(), second.digest()) == (weights.digest(), biases.digest())


def by_hand(values: str, dtype: str = "float32", shape: str | None = None, more: str = "") -> str:
    shape = f"[{values.count(',') + 1}]" if shape is None else shape
    entry = f'{{"dtype": "{dtype}", "shape": {shape}, {more} "values": [{values}]}}'
    return f'{{"format": "rcmlrs-state", "format_version": 1, "tensors": {{"x": {entry}}}}}'


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("1.000000059604644775390625", 0x3F800000),  # 1 + 2^-24, a midpoint: ties to even
        ("1.0000000596046447753906250000000000000000001", 0x3F800001),  # as binary64 the same
        ("1.000000059604644775390624999999999999999999", 0x3F800000),
        ("1.000000178813934326171874999999999999999999", 0x3F800001),  # 1 + 3 * 2^-24 is the midpoint
        ("16777217", 0x4B800000),
        ("16777217.0000000000000000000001", 0x4B800001),
        ("7.006492321624085e-46", 0x00000000),  # below half of the smallest subnormal
        ("7.006492321624086e-46", 0x00000001),
        ("-1e-400", 0x80000000),
        ("-0", 0x80000000),
        ("0e99999", 0x00000000),
        ("340282356779733661637539395458142568448", 0x7F800000),  # 2^128 - 2^103, and less than it
        ("340282356779733661637539395458142568447.9", 0x7F7FFFFF),
        ("-1E+999", 0xFF800000),
        ("1" + "0" * 5000 + "e-5000", 0x3F800000),
    ],
)
def test_a_number_is_rounded_once_from_its_decimal_value(text: str, bits: int) -> None:
    assert read(by_hand(text))["x"].tobytes() == struct.pack("<I", bits)


def test_a_changed_value_does_not_fit_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    original = rc.tensor([0.5, 2.0])
    save_tensors_json(path, {"biases": original})
    lines = path.read_text().replace("0.5, 2.0", "0.5, 2.5").splitlines(keepends=True)
    path.write_text("".join(lines))
    with pytest.raises(FileFormatError) as caught:
        load_state_json(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: the values of 'biases' do not fit its digest: expected '{original.digest()}'")
    assert f"found {rc.tensor([0.5, 2.5]).digest()}" in message
    assert "if they were changed on purpose, remove the line \"digest\" of 'biases'" in message
    path.write_text("".join(line for line in lines if "digest" not in line))  # what the message says
    assert load_state_json(path)["biases"].tolist() == [0.5, 2.5]


@pytest.mark.parametrize("change", [('"shape": [2]', '"shape": [2, 1]'), ("float32", "int32"), ("1.0", "-1.0")])
def test_the_digest_covers_shape_and_type(tmp_path: Path, change: tuple[str, str]) -> None:
    save_tensors_json(tmp_path / "m", [rc.tensor([1.0, 0.0])])
    text = (tmp_path / "m").read_text().replace(*change)
    if change[1] == "int32":
        text = text.replace("1.0, 0.0", "1, 0")
    with pytest.raises(FileFormatError, match="do not fit its digest"):
        read(text)


HEAD = '{"format": "rcmlrs-state", "format_version": 1, '
EDITOR = '"\\u00e9": {"shape" : [ 1 ] ,\n\t"dtype":"\\u0066loat32", "values":\r\n[ 1 ]}'

VALID = {
    "a mark in front": "\ufeff" + by_hand("1"),
    "spaces in front": " " * 8 + by_hand("1"),
    "no metadata, no digest": by_hand("1"),
    "no tensors": HEAD + '"tensors": {}}',
    "metadata behind": HEAD + '"tensors": {}, "metadata": {}}',
    "as an editor leaves it": HEAD + '"tensors": {' + EDITOR + "}}",
    "no values": by_hand("", shape="[0]"),
    "no values of a shape": by_hand(" \n", shape="[2, 0, 3]"),
    "words": by_hand('"nan" , "inf","-inf"'),
    "an empty name": by_hand("1").replace('"x"', '""'),
}


@pytest.mark.parametrize("name", VALID)
def test_what_is_unusual_but_valid(tmp_path: Path, name: str) -> None:
    (tmp_path / "m").write_bytes(VALID[name].encode())
    load_state_json(tmp_path / "m")


DEEP = 100_000

ATTACKS: dict[str, tuple[str | bytes, str]] = {
    "empty file": ("", "line 1, column 1: expected '{', found the end of the text"),
    "only spaces": ("  \n ", "line 2, column 2: expected '{'"),
    "an array": ("[1.0, 2.0]", "expected '{', found '[1.0, 2.0]'"),
    "empty object": ("{}", "expected tensors, found none"),
    "other JSON": ('{"weights": [1.0]}', "expected the beginning"),
    "another format": ('{"format": "keras", "tensors": {}}', "give its lists to rc.tensor"),
    "format is a number": ('{"format": 1}', "expected a string, found '1}'"),
    "format comes later": ('{"format_version": 1, "format": "rcmlrs-state"}', "expected the beginning"),
    "a later version": ('{"format": "rcmlrs-state", "format_version": 2}', "has format_version 2, expected 1; a newer"),
    "version is a fraction": ('{"format": "rcmlrs-state", "format_version": 1.0}', "expected a non-negative integer"),
    "version is text": ('{"format": "rcmlrs-state", "format_version": "1"}', "expected a non-negative integer"),
    "no version": ('{"format": "rcmlrs-state", "tensors": {}}', "expected format_version before the tensors"),
    "no tensors": (HEAD + '"metadata": {}}', "expected tensors, found none"),
    "an unknown key": (HEAD + '"code": "import os"}', "expected format_version, metadata or tensors, found 'code'"),
    "tensors twice": (HEAD + '"tensors": {}, "tensors": {}}', "the name 'tensors' is there twice"),
    "a tensor twice": (HEAD + '"tensors": {"a": ' + EDITOR[10:] + ', "a": {}}}', "the name 'a' is there twice"),
    "a key twice": (by_hand("1", more='"dtype": "int32",'), "the name 'dtype' is there twice"),
    "more behind the end": (by_hand("1") + "{}", "expected the end, found '{}'"),
    "trailing comma": (HEAD + '"tensors": {},}', "expected a name in quotes, found '}'"),
    "a comment": (HEAD + "// no\n}", "expected a name in quotes, found"),
    "single quotes": ("{'format': 'rcmlrs-state'}", "expected a name in quotes"),
    "no colon": ('{"format" "rcmlrs-state"}', "expected ':'"),
    "not UTF-8": (b'{"format": "\xff"}', "expected UTF-8 text, found byte 0xff at position 12"),
    "UTF-16": ('{"format": 1}'.encode("utf-16"), "expected UTF-8 text"),
    "safetensors": (struct.pack("<Q", 2) + b"{}", "looks like safetensors; load_state_binary may read it"),
    "metadata with a number": (HEAD + '"metadata": {"a": 1}}', "expected a string, found '1}}'"),
    "a lone surrogate": (HEAD + '"metadata": {"a": "\\ud800"}}', "half of a surrogate pair"),
    "a line in a string": (HEAD + '"metadata": {"a": "\n"}}', "expected a string"),
    "tensors are a list": (HEAD + '"tensors": []}', "expected '{', found '[]}'"),
    "a reserved name": (by_hand("1").replace('"x"', '"__metadata__"'), "which is reserved; rename it"),
    "an empty tensor": (HEAD + '"tensors": {"x": {}}}', "one of which is missing"),
    "no dtype": (by_hand("1").replace('"dtype": "float32",', ""), "expected dtype and shape of 'x' before its values"),
    "no values": (by_hand("1").replace(',  "values": [1]', ""), "one of which is missing"),
    "values before the shape": (HEAD + '"tensors": {"x": {"dtype": "float32", "values": []', "before its values"),
    "something after the values": (by_hand("1")[:-3] + ', "digest": ""}}}', "to come last, found 'digest' after them"),
    "an unknown dtype": (by_hand("1", "float64"), "expected the dtype float32, int32, bool, found 'float64'"),
    "an unknown key of a tensor": (by_hand("1", more='"order": "F",'), "found 'order'"),
    "the digest is a number": (by_hand("1", more='"digest": 1,'), "expected a string, found '1,"),
    "the digest is of something else": (by_hand("1", more='"digest": "",'), "do not fit its digest"),
    "negative length": (by_hand("1", shape="[-1]"), "expected a non-negative integer"),
    "length is a fraction": (by_hand("1", shape="[1.0]"), "expected a non-negative integer"),
    "length is true": (by_hand("1", shape="[true]"), "expected a non-negative integer"),
    "length of 5000 digits": (by_hand("1", shape=f"[1{'0' * 5000}]"), "integer of at most 19 digits"),
    "shape is a number": (by_hand("1", shape="1"), "expected '[', found '1,"),
    "2^40 values": (by_hand("1", shape="[1099511627776]"), "has 1099511627776 values, found 1"),
    "no values of a giant": (by_hand("", shape="[0, 4611686018427387904]"), "multiply to more than 2^40"),
    "65 axes": (by_hand("1", shape=f"[{'1, ' * 64}1]"), "']' after 64 integers, which are the most"),
    "too few values": (by_hand("1, 2", shape="[3]"), "'x' of shape (3,) has 3 values, found 2"),
    "too many values": (by_hand("1, 2", shape="[]"), "'x' of shape () has 1 values, found 2"),
    "nested values": (by_hand("[1], [2]"), 'expected a number, "nan", "inf" or "-inf", found \'[1], [2]'),
    "nan without quotes": (by_hand("1, NaN"), 'or "-inf", found \'NaN]'),
    "infinity without quotes": (by_hand("-Infinity"), "found '-Infinity]"),
    "another word": (by_hand('"NaN"'), 'found \'"NaN"]'),
    "a number in quotes": (by_hand('"1.0"'), 'found \'"1.0"]'),
    "a plus sign": (by_hand("+1"), "found '+1]"),
    "no digit before the point": (by_hand(".5"), "found '.5]"),
    "no digit behind the point": (by_hand("1."), "expected ',' or ']', found '.]"),
    "a leading zero": (by_hand("01"), "expected ',' or ']', found '1]"),
    "hexadecimal": (by_hand("0x1p-3"), "expected ',' or ']', found 'x1p-3]"),
    "underscores": (by_hand("1_000"), "expected ',' or ']', found '_000]"),
    "digits of another script": (by_hand("\u0661"), "expected a number"),
    "a decimal comma": (by_hand("1 ,, 5"), "found ', 5]"),
    "no comma": (by_hand("1 2"), "expected ',' or ']', found '2]"),
    "a comma too many": (by_hand("1, 2,"), 'expected a number, "nan", "inf" or "-inf", found \']'),
    "null": (by_hand("null"), "found 'null]"),
    "true in float32": (by_hand("true"), "found 'true]"),
    "1.0 in int32": (by_hand("1.0", "int32"), "expected an integer in [-2^31, 2^31), found '1.0]"),
    "2^31 in int32": (by_hand("1, 2147483648, 3", "int32"), "2147483648 is not in [-2^31, 2^31)"),
    "5000 digits in int32": (by_hand("9" * 5000, "int32"), "expected an integer in [-2^31, 2^31)"),
    "1 in bool": (by_hand("1", "bool"), "expected true or false, found '1]"),
    "True in bool": (by_hand("True", "bool"), "expected true or false, found 'True]"),
    "objects without end": ('{"a":' * DEEP, "expected the beginning"),
    "arrays without end": ("[" * DEEP, "expected '{'"),
    "values without end": (by_hand("[" * DEEP), "expected a number"),
    "values that break off": (by_hand("1, " * DEEP)[:-5], "expected a number"),
    "a string without end": ('{"format": "' + "a" * DEEP, "expected a string"),
}


@pytest.fixture(scope="session")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacks")
    for name, (text, _) in ATTACKS.items():
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused(attacks: Path, name: str) -> None:
    path = attacks / name
    with pytest.raises(FileFormatError) as caught:
        load_state_json(path)
    message = str(caught.value)
    assert ATTACKS[name][1] in message
    assert message.startswith(str(path))
    assert "; " in message, "it does not say what to do"
    assert len(message) < 1000
    assert message.isprintable()


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_takes_no_memory(name: str) -> None:
    text = ATTACKS[name][0]
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(FileFormatError):
        read(raw)  # what is imported on the first way through is not the attack's
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError):
            read(raw)
        assert tracemalloc.get_traced_memory()[1] < 200_000 + 20 * len(raw)
    finally:
        tracemalloc.stop()


def test_an_error_has_its_line_and_column(tmp_path: Path) -> None:
    save_tensors_json(tmp_path / "m", [rc.tensor([[1.0, 2.0], [3.0, 4.0]])])
    with pytest.raises(FileFormatError, match=r"model\.json, line 12, column 15: expected ',' or '\]', found '\.O"):
        read((tmp_path / "m").read_text().replace("3.0, 4.0", "3.0, 4.O"))


def small_file(tmp_path: Path) -> bytes:
    tensors = {"w": rc.tensor([-0.0, 1e-45, math.nan]), "é": rc.tensor([True])}
    save_tensors_json(tmp_path / "small", tensors, metadata={"k": "v"})
    return (tmp_path / "small").read_bytes()


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    raw = small_file(tmp_path).rstrip()
    read(raw)
    for length in range(len(raw)):
        with pytest.raises(FileFormatError):
            read(raw[:length])


def test_every_other_byte_is_refused_or_changes_no_bit(tmp_path: Path) -> None:
    """What is read has other names, metadata or spaces, or another decimal of the same number: digests see to it."""
    raw = small_file(tmp_path)
    digests = [tensor.digest() for tensor in read(raw).values()]
    valid = 0
    for place in range(len(raw)):
        for value in b'{}[],:"\\ \n\x00019-.Etn\xff':
            try:
                loaded = read(raw[:place] + bytes([value]) + raw[place + 1 :])
            except FileFormatError:
                continue
            valid += 1
            assert [tensor.digest() for tensor in loaded.values()] == digests
    assert 300 < valid < 3000


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_valid_or_refused(raw: bytes) -> None:
    for front in (b"", HEAD.encode(), HEAD.encode() + b'"tensors": {"x": {', by_hand("").encode()[:-4]):
        try:
            read(front + raw)
        except FileFormatError:
            continue


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = by_hand("1")
    monkeypatch.setattr(json_state, "LARGEST_FILE", len(text))
    (tmp_path / "m").write_text(text)
    load_state_json(tmp_path / "m")
    (tmp_path / "m").write_text(text + " ")
    with pytest.raises(
        FileFormatError, match=f"at most {len(text)} bytes, found {len(text) + 1}; use the binary format"
    ):
        load_state_json(tmp_path / "m")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m"
    save_tensors_json(path, [rc.tensor([1.0])])
    before = path.read_bytes()
    with pytest.raises(DataError):
        save_tensors_json(path, {"__metadata__": rc.tensor([1.0])})
    with pytest.raises(TypeError):
        save_tensors_json(path, [], metadata={"a": 1})  # type: ignore[dict-item]
    calls = io.StringIO()

    def fail(values: Any) -> list[str]:
        calls.write("called")
        raise MemoryError

    monkeypatch.setattr(json_state, "shortest_decimals", fail)
    with pytest.raises(MemoryError):
        save_tensors_json(path, [rc.tensor([2.0])])
    assert calls.getvalue() == "called"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_on_a_backend(tmp_path: Path) -> None:
    save_tensors_json(tmp_path / "m", [rc.tensor([1.0])])
    assert load_state_json(tmp_path / "m", backend="python")["0"].backend == "python"
    with pytest.raises(BackendError):
        load_state_json(tmp_path / "m", backend="abacus")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_state_json(tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        load_state_json(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileFormatError, match="pipe is a device or a pipe"):
        load_state_json(tmp_path / "pipe")
