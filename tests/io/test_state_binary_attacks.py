"""Files that a stranger made: each is refused with a FileFormatError that says what is wrong, or is valid.

The attacks are generated into a folder, one file each; the public library is asked about them where it has an opinion.
"""

import io
import json
import os
import pickle
import struct
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io import State, load_state_binary, save_tensors_binary
from rcmlrs_core.io.binary import LONGEST_HEADER, read_state
from rcmlrs_core.registry import get_backend


def file_of(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def entry(shape: Any, offsets: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def read(raw: bytes) -> State:
    return read_state("model.bin", io.BytesIO(raw), len(raw), get_backend("python"))


VALID = entry([1], [0, 4])
FOUR, EIGHT = bytes(4), bytes(8)
DEEP = 100_000

ATTACKS: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "expected 8 bytes with the length of a header, found 0"),
    "no header": (struct.pack("<Q", 0), "begins with '{', found b''"),
    "length beyond the file": (file_of({}, length=3), "at most 2 bytes, found the length 3"),
    "length of 2^64 - 1": (file_of({}, length=2**64 - 1), "found the length 18446744073709551615"),
    "length of 2^63": (file_of({}, length=2**63), "found the length 9223372036854775808"),
    "an HDF5 file": (b"\x89HDF\r\n\x1a\n" + bytes(60), "found an HDF5 file, as .weights.h5 files are"),
    "JSON text": (b'{"format": "rcmlrs-state", "tensors": {}}', "found JSON text; load_state_json may read it"),
    "pickle": (pickle.dumps([1.0, 2.0]), "found the length"),
    "ZIP archive": (b"PK\x03\x04" + bytes(60), "found a zip archive, as .keras and .npz files are"),
    "header is an array": (file_of([]), "begins with '{', found b'['"),
    "header begins with a space": (file_of(b" {}"), "begins with '{', found b' '"),
    "header begins with a mark": (file_of(b"\xef\xbb\xbf{}"), "begins with '{', found b'\\xef'"),
    "header in UTF-16": (file_of("{}".encode("utf-16-le")), "expected a name in quotes"),
    "header not UTF-8": (file_of(b'{"\xff":1}'), "expected UTF-8 text, found byte 0xff at position 2"),
    "header with an overlong form": (file_of(b'{"\xc0\x80":1}'), "expected UTF-8 text, found byte 0xc0"),
    "header ends early": (file_of(b'{"a":'), "found the end of the text"),
    "header goes on": (file_of(b"{}{}"), "expected the end, found '{}'"),
    "header filled up with zeros": (file_of(b"{}\0\0"), "expected the end, found"),
    "trailing comma": (file_of(b'{"__metadata__":{},}'), "expected a name in quotes, found '}'"),
    "comment": (file_of(b"{/**/}"), "expected a name in quotes"),
    "lone surrogate": (file_of(b'{"\\ud800":{}}'), "half of a surrogate pair"),
    "control character": (file_of(b'{"\n":{}}'), "expected a name in quotes"),
    "wrong escape": (file_of(b'{"\\x41":{}}'), "expected a name in quotes"),
    "name that is no string": (file_of(b"{1:{}}"), "expected a name in quotes"),
    "name twice": (
        file_of(b'{"a":%b,"\\u0061":%b}' % ((json.dumps(VALID).encode(),) * 2), FOUR),
        "line 1, column 61: the name 'a' is there twice, expected once",
    ),
    "metadata twice": (file_of(b'{"__metadata__":{},"__metadata__":{}}'), "the name '__metadata__' is there twice"),
    "key twice": (
        file_of(b'{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', FOUR),
        "the name 'dtype' is there twice",
    ),
    "metadata with a number": (file_of({"__metadata__": {"a": 1}}), "expected a string, found '1}}'"),
    "metadata with a list": (file_of({"__metadata__": {"a": []}}), "expected a string, found '[]}}'"),
    "metadata null": (file_of({"__metadata__": None}), "expected '{', found 'null}'"),
    "metadata key twice": (file_of(b'{"__metadata__":{"a":"","a":""}}'), "the name 'a' is there twice"),
    "entry is a number": (file_of({"a": 1}), "expected '{', found '1}'"),
    "entry is null": (file_of({"a": None}), "expected '{', found 'null}'"),
    "entry is empty": (file_of({"a": {}}), "one of which is missing"),
    "no dtype": (file_of({"a": {"shape": [1], "data_offsets": [0, 4]}}, FOUR), "one of which is missing"),
    "no shape": (file_of({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, FOUR), "one of which is missing"),
    "no offsets": (file_of({"a": {"dtype": "F32", "shape": [1]}}, FOUR), "one of which is missing"),
    "more than there should be": (file_of({"a": {**VALID, "code": "import os"}}, FOUR), "found 'code'"),
    "dtype is unknown": (file_of({"a": entry([1], [0, 4], "F33")}, FOUR), "type 'F33', expected one of F32, I32"),
    "dtype in small letters": (file_of({"a": entry([1], [0, 4], "f32")}, FOUR), "type 'f32'"),
    "dtype not read here": (file_of({"a": entry([4], [0, 4], "F8_E4M3")}, FOUR), "convert that tensor with the lib"),
    "dtype is a number": (file_of({"a": entry([1], [0, 4], 32)}, FOUR), "expected a string, found '32"),
    "dtype is a list": (file_of({"a": entry([1], [0, 4], ["F32"])}, FOUR), "expected a string, found '["),
    "dtype is too wide": (file_of({"a": entry([1], [0, 4], "F64")}, FOUR), "takes 8 bytes"),
    "dtype is too narrow": (file_of({"a": entry([1], [0, 4], "F16")}, FOUR), "takes 2 bytes"),
    "shape is a number": (file_of({"a": entry(1, [0, 4])}, FOUR), "expected '[', found '1,"),
    "shape is nested": (file_of({"a": entry([[1]], [0, 4])}, FOUR), "expected a non-negative integer"),
    "length is negative": (file_of({"a": entry([-1], [0, 4])}, FOUR), "expected a non-negative integer"),
    "lengths are negative": (file_of({"a": entry([-1, -1], [0, 4])}, FOUR), "expected a non-negative integer"),
    "length is a fraction": (file_of({"a": entry([1.0], [0, 4])}, FOUR), "expected a non-negative integer"),
    "length has an exponent": (
        file_of(b'{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}', FOUR),
        "expected a non-negative integer",
    ),
    "length is a bool": (file_of({"a": entry([True], [0, 4])}, FOUR), "found 'true]"),
    "length is a string": (file_of({"a": entry(["1"], [0, 4])}, FOUR), "expected a non-negative integer"),
    "length is null": (file_of({"a": entry([None], [0, 4])}, FOUR), "found 'null]"),
    "length has a leading zero": (
        file_of(b'{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}', FOUR),
        "expected a non-negative integer of at most 19 digits, found '01]",
    ),
    "length of 5000 digits": (file_of({"a": entry([10**4000], [0, 4])}, FOUR), "integer of at most 19 digits"),
    "2^40 elements": (file_of({"a": entry([2**40], [0, 4])}, FOUR), "takes 4398046511104 bytes, found the data_offs"),
    "a product that wraps to 4": (file_of({"a": entry([2**32, 2**32, 1], [0, 4])}, FOUR), "multiply to more than 2"),
    "2^40 elements and honest offsets": (
        file_of({"a": entry([2**40], [0, 2**42])}, FOUR),
        "expected 4398046511104 bytes of data, found 4",
    ),
    "no elements of a giant": (file_of({"a": entry([0, 2**62, 2**62], [0, 0])}), "multiply to more than 2^40"),
    "65 axes": (file_of({"a": entry([1] * 65, [0, 4])}, FOUR), "']' after 64 integers, which are the most"),
    "a million axes": (file_of({"a": entry([1] * 10**6, [0, 4])}, FOUR), "']' after 64 integers"),
    "one offset": (file_of({"a": entry([1], [4])}, FOUR), "found the data_offsets [4]"),
    "three offsets": (file_of({"a": entry([1], [0, 4, 4])}, FOUR), "']' after 2 integers, which are the most"),
    "offsets backwards": (file_of({"a": entry([1], [4, 0])}, FOUR), "found the data_offsets [4, 0]"),
    "offset is negative": (file_of({"a": entry([1], [-4, 0])}, FOUR), "expected a non-negative integer"),
    "offset is a fraction": (file_of({"a": entry([1], [0, 4.0])}, FOUR), "expected a non-negative integer"),
    "offsets beyond the end": (file_of({"a": entry([2], [0, 8])}, FOUR), "expected 8 bytes of data, found 4"),
    "offsets of 2^63": (file_of({"a": entry([1], [2**63, 2**63 + 4])}, FOUR), "to begin where"),
    "too few bytes for the shape": (file_of({"a": entry([2], [0, 4])}, FOUR), "takes 8 bytes"),
    "too many bytes for the shape": (file_of({"a": entry([1], [0, 8])}, EIGHT), "takes 4 bytes"),
    "a hole in front": (
        file_of({"a": entry([1], [4, 8])}, EIGHT),
        "at 0, found 4: bytes that belong to two tensors or",
    ),
    "a hole between": (file_of({"a": VALID, "b": entry([1], [8, 12])}, bytes(12)), "at 4, found 8"),
    "a hole at the end": (file_of({"a": VALID}, bytes(5)), "expected 4 bytes of data, found 5"),
    "two tensors of the same bytes": (file_of({"a": VALID, "b": VALID}, FOUR), "at 4, found 0"),
    "tensors that overlap": (file_of({"a": entry([2], [0, 8]), "b": entry([1], [4, 8])}, EIGHT), "at 8, found 4"),
    "an empty one inside of another": (
        file_of({"a": entry([2], [0, 8]), "b": entry([0], [4, 4])}, EIGHT),
        "expected 'b' to begin where the tensor before it ends, at 8, found 4",
    ),
    "data and no tensor": (file_of({}, FOUR), "expected 0 bytes of data, found 4"),
    "a bool of 2": (file_of({"a": entry([3], [0, 3], "BOOL")}, b"\0\1\2"), "a bool is the byte 0 or 1, found 2"),
    "brackets without end": (file_of(b"{" + b'"a":{' * DEEP), "expected dtype, shape and data_offsets"),
    "arrays in arrays": (file_of(b'{"a":{"shape":' + b"[" * DEEP), "expected a non-negative integer"),
    "arrays in metadata": (file_of(b'{"__metadata__":{"a":' + b"[" * DEEP), "expected a string"),
}


@pytest.fixture(scope="session")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacks")
    for name, (raw, _) in ATTACKS.items():
        (folder / name.replace("/", "")).write_bytes(raw)
    return folder


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused(attacks: Path, name: str) -> None:
    path = attacks / name
    with pytest.raises(FileFormatError) as caught:
        load_state_binary(path)
    message = str(caught.value)
    assert ATTACKS[name][1] in message
    assert message.startswith(str(path))
    assert "; " in message, "it does not say what to do"
    assert len(message) < 1000
    assert message.isprintable()


@pytest.mark.parametrize("name", [name for name in ATTACKS if len(ATTACKS[name][0]) < 2**20])
def test_an_attack_takes_no_memory(name: str) -> None:
    raw = ATTACKS[name][0]
    with pytest.raises(FileFormatError):
        read(raw)  # what is imported on the first way through is not the attack's
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError):
            read(raw)
        assert tracemalloc.get_traced_memory()[1] < 200_000 + 12 * len(raw)
    finally:
        tracemalloc.stop()


def test_nesting_does_not_reach_the_stack() -> None:
    """Not even where the recursion limit would let it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        for opening in (b"[", b"{", b'{"a":'):
            with pytest.raises(FileFormatError):
                read(file_of(b"{" + opening * 10**6))
    finally:
        sys.setrecursionlimit(before)


def test_the_longest_header_there_may_be(tmp_path: Path) -> None:
    """A file that has all the bytes that its header claims, as far as the file system says."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", LONGEST_HEADER + 1) + b"{}")
        file.truncate(LONGEST_HEADER + 100)
    with pytest.raises(FileFormatError, match=f"at most {LONGEST_HEADER} bytes, found the length {LONGEST_HEADER + 1}"):
        load_state_binary(path)


def small_file(tmp_path: Path) -> bytes:
    tensors = {"w": rc.tensor([[1.0, -0.0]]), "é": rc.tensor([True]), "e": rc.from_bytes(b"", (0, 3))}
    save_tensors_binary(tmp_path / "small", tensors, metadata={"k": "v"})
    return (tmp_path / "small").read_bytes()


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    raw = small_file(tmp_path)
    read(raw)
    for length in range(len(raw)):
        with pytest.raises(FileFormatError):
            read(raw[:length])
    for length in (0, 7, 8, 100, len(raw) - 1):
        (tmp_path / "cut").write_bytes(raw[:length])
        with pytest.raises(FileFormatError, match="cut"):
            load_state_binary(tmp_path / "cut")


def test_every_extension_is_refused(tmp_path: Path) -> None:
    raw = small_file(tmp_path)
    for more in (b"\0", b" ", b"\0" * 8, raw):
        with pytest.raises(FileFormatError, match="bytes of data"):
            read(raw + more)


def judged(raw: bytes) -> bool:
    """Whether ``raw`` is read; if so, the public library must read the same from it."""
    try:
        loaded = read(raw)
    except FileFormatError:
        return False
    peer = safetensors.numpy.load(raw)
    assert loaded.keys() == peer.keys()
    for name, tensor in loaded.items():
        assert tensor.shape == peer[name].shape
        dtype = {"float32": "<f4", "int32": "<i4", "bool": "?"}[tensor.dtype]
        assert tensor.tobytes() == peer[name].astype(dtype).tobytes()
    return True


def test_every_other_byte_in_the_header_is_valid_or_refused(tmp_path: Path) -> None:
    raw = small_file(tmp_path)
    end = 8 + int.from_bytes(raw[:8], "little")
    valid = sum(
        judged(raw[:place] + bytes([value]) + raw[place + 1 :])
        for place in range(end)
        for value in range(256)
        if value != raw[place]
    )
    assert 300 < valid < 3000, "names and metadata may be other ones, and little else"


def test_every_byte_left_out_of_the_header_or_put_into_it(tmp_path: Path) -> None:
    raw = small_file(tmp_path)
    length = int.from_bytes(raw[:8], "little")
    header, data = raw[8 : 8 + length], raw[8 + length :]
    for place in range(length):
        judged(file_of(header[:place] + header[place + 1 :], data))
        for value in b'{}[],:"\\ \n0129-.eEtn\x00\x80\xff':
            judged(file_of(header[:place] + bytes([value]) + header[place:], data))


@settings(deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=20))
def test_any_bytes_are_valid_or_refused(header: bytes, data: bytes) -> None:
    judged(header + data)
    judged(file_of(header, data))
    judged(file_of(b"{" + header, data))


SCRAPS = st.sampled_from(
    ['"', '"a"', '"dtype"', '"F32"', '"shape"', '"data_offsets"', '"__metadata__"', "[0,4]", "[1]", "[", "]", "{", "}"]
    + [":", ",", "0", "1", "-1", "1.0", "1e3", "null", "true", " ", "\\", "\\u0041", "\\ud800", "é", "\0"]
)


@settings(deadline=None)
@given(st.lists(SCRAPS, max_size=25).map("".join))
def test_any_scraps_of_a_header_are_valid_or_refused(text: str) -> None:
    judged(file_of(b"{" + text.encode(), FOUR))
    judged(file_of(b'{"a":{' + text.encode(), FOUR))


VARIANTS = {
    "spaces and lines": b'{ "a" :\t{"shape": [ 1 ],\n"data_offsets":[0 , 4],"dtype":"F32"}\r\n}  ',
    "metadata behind": b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"k":"v"}}',
    "escapes": b'{"\\u00e9\\ud83d\\ude00\\"\\\\\\/\\b\\f\\n\\r\\t":'
    b'{"dtype":"F\\u00332","shape":[1],"data_offsets":[0,4]}}',
    "empty ones anywhere": b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[0],'
    b'"data_offsets":[0,0]},"c":{"dtype":"F64","shape":[2,0],"data_offsets":[4,4]}}',
    "empty name": b'{"":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}',
    "64 axes": b'{"a":{"dtype":"F32","shape":[' + b"1," * 63 + b'1],"data_offsets":[0,4]}}',
}


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_unusual_but_valid(name: str) -> None:
    assert judged(file_of(VARIANTS[name], FOUR))


def test_the_order_of_the_header_is_not_that_of_the_data() -> None:
    header = {"b": entry([1], [4, 8]), "a": VALID}
    assert judged(file_of(header, struct.pack("<2f", 1.0, 2.0)))
    state = read(file_of(header, struct.pack("<2f", 1.0, 2.0)))
    assert [(name, tensor.tolist()) for name, tensor in state.items()] == [("b", [2.0]), ("a", [1.0])]


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    """The size is asked for first; what comes then may be less, or more."""
    raw = small_file(tmp_path)
    backend = get_backend("python")
    for length in range(8, len(raw)):
        with pytest.raises(FileFormatError):
            read_state("model.bin", io.BytesIO(raw[:length]), len(raw), backend)
    with pytest.raises(FileFormatError, match=r"shrank while it was read.* load it when nobody writes to it"):
        read_state("model.bin", io.BytesIO(raw[:-1]), len(raw), backend)
    with pytest.raises(FileFormatError, match=r"grew while it was read.* load it when nobody writes to it"):
        read_state("model.bin", io.BytesIO(raw + b"\0"), len(raw), backend)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileFormatError, match="pipe is a device or a pipe, expected a file; copy it into a file first"):
        load_state_binary(tmp_path / "pipe")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="a device without end")
def test_a_device_is_refused() -> None:
    with pytest.raises(FileFormatError, match="/dev/zero is a device or a pipe"):
        load_state_binary("/dev/zero")
