"""The binary pair: every bit comes back, the public library reads what we write, and we read what it writes."""

import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import safetensors
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.errors import BackendError, DataError, FileFormatError
from rcmlrs_core.io import State, load_state_binary, save_tensors_binary, state_digest
from rcmlrs_core.io import binary as module

SAME_DIRECTORY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
NUMPY = {"float32": "<f4", "int32": "<i4", "bool": "?"}


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


def same(loaded: dict[str, rc.RamTensor], saved: dict[str, rc.RamTensor]) -> bool:
    def seen(state: dict[str, rc.RamTensor]) -> list[tuple[str, str, tuple[int, ...], bytes]]:
        return [(name, tensor.dtype, tensor.shape, tensor.tobytes()) for name, tensor in state.items()]

    return seen(loaded) == seen(saved)


def header_of(path: Path) -> Any:
    raw = path.read_bytes()
    return json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])


def test_the_bytes_of_a_file(tmp_path: Path) -> None:
    """The order of the names stays, elements of four bytes are aligned, the header is a multiple of 8 bytes long."""
    tensors = {
        "mask": rc.tensor([True, False, True]),
        "w": rc.tensor([[1.0, -0.0]]),
        "n": rc.tensor([-2], dtype="int32"),
    }
    save_tensors_binary(tmp_path / "m", tensors, metadata={"é": "1"})
    header = (
        '{"__metadata__":{"é":"1"},"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[12,15]},'
        '"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"n":{"dtype":"I32","shape":[1],"data_offsets":[8,12]}}'
    ).encode()
    header += b" " * (-len(header) % 8)
    data = b"\x00\x00\x80\x3f\x00\x00\x00\x80" + b"\xfe\xff\xff\xff" + b"\1\0\1"
    assert (tmp_path / "m").read_bytes() == struct.pack("<Q", len(header)) + header + data


@SAME_DIRECTORY
@given(STATES, st.dictionaries(TEXT, TEXT, max_size=3))
def test_every_bit_comes_back(tmp_path: Path, state: dict[str, rc.RamTensor], metadata: dict[str, str]) -> None:
    path = tmp_path / "model.bin"
    save_tensors_binary(path, state, metadata=metadata)
    loaded = load_state_binary(path)
    assert same(loaded, state)
    assert loaded.metadata == metadata
    assert state_digest(loaded) == state_digest(state)
    first = path.read_bytes()
    save_tensors_binary(path, loaded)  # with its metadata
    assert path.read_bytes() == first


@SAME_DIRECTORY
@given(STATES, st.dictionaries(TEXT, TEXT, max_size=3))
def test_the_public_library_reads_it(tmp_path: Path, state: dict[str, rc.RamTensor], metadata: dict[str, str]) -> None:
    path = tmp_path / "model.safetensors"
    save_tensors_binary(path, state, metadata=metadata)
    for arrays in (safetensors.numpy.load_file(path), safetensors.numpy.load(path.read_bytes())):
        assert arrays.keys() == state.keys()
        for name, array in arrays.items():
            assert array.shape == state[name].shape
            assert array.dtype == NUMPY[state[name].dtype]
            assert array.tobytes() == state[name].tobytes()
    with safetensors.safe_open(path, "numpy") as file:
        assert set(file.keys()) == state.keys()
        assert (file.metadata() or {}) == metadata
        for name, tensor in state.items():
            assert file.get_slice(name).get_shape() == list(tensor.shape)
            assert file.get_tensor(name).tobytes() == tensor.tobytes()


@SAME_DIRECTORY
@given(STATES)
def test_each_tensor_is_aligned(tmp_path: Path, state: dict[str, rc.RamTensor]) -> None:
    """Programs that map the file into memory may use the elements where they are."""
    save_tensors_binary(tmp_path / "m", state)
    raw = (tmp_path / "m").read_bytes()
    assert int.from_bytes(raw[:8], "little") % 8 == 0
    for name, entry in header_of(tmp_path / "m").items():
        assert state[name].dtype == "bool" or entry["data_offsets"][0] % 4 == 0


ARRAYS = {
    "F32": numpy.array([[1.5, -0.0], [numpy.inf, 1e-45]], "<f4"),
    "F64": numpy.array([0.1, 1 + 2**-24, 1 + 2**-24 + 2**-52, -1e300, 1e-46, numpy.nan], "<f8"),
    "F16": numpy.array([0.1, -6e-8, 65504, -numpy.inf], "<f2"),
    "I64": numpy.array([[-(2**31)], [2**31 - 1]], "<i8"),
    "I32": numpy.array([-(2**31), 2**31 - 1], "<i4"),
    "I16": numpy.array([-(2**15), 2**15 - 1], "<i2"),
    "I8": numpy.array([-128, 127], "i1"),
    "U64": numpy.array([0, 2**31 - 1], "<u8"),
    "U32": numpy.array([0, 2**31 - 1], "<u4"),
    "U16": numpy.array([0, 2**16 - 1], "<u2"),
    "U8": numpy.array([[[0, 255]]], "u1"),
    "BOOL": numpy.array([True, False, True]),
    "scalar": numpy.array(2.5, "<f4"),
    "empty": numpy.zeros((3, 0, 2), "<f4"),
}


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_files_of_the_public_library(tmp_path: Path) -> None:
    safetensors.numpy.save_file(ARRAYS, tmp_path / "m", metadata={"made": "elsewhere"})
    loaded = load_state_binary(tmp_path / "m")
    assert loaded.metadata == {"made": "elsewhere"}
    assert loaded.keys() == ARRAYS.keys()
    assert list(loaded) == [name for name in header_of(tmp_path / "m") if name != "__metadata__"]
    for name, array in ARRAYS.items():
        dtype = {"f": "<f4", "i": "<i4", "u": "<i4", "b": "?"}[array.dtype.kind]
        assert loaded[name].shape == array.shape
        assert NUMPY[loaded[name].dtype] == dtype
        assert loaded[name].tobytes() == array.astype(dtype).tobytes()


def stored(path: Path, dtype: str, raw: bytes, size: int) -> Path:
    """A file by hand, with one tensor called x."""
    header = json.dumps({"x": {"dtype": dtype, "shape": [size], "data_offsets": [0, len(raw)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + raw)
    return path


def test_every_bfloat16(tmp_path: Path) -> None:
    """It is the upper half of binary32: exact, but for the one NaN (N1.2)."""
    patterns = numpy.arange(1 << 16, dtype="<u2")
    values = (patterns.astype("<u4") << 16).view("<f4")
    loaded = load_state_binary(stored(tmp_path / "m", "BF16", patterns.tobytes(), 1 << 16))["x"]
    bits = values.view("<u4").copy()
    bits[numpy.isnan(values)] = 0x7FC00000
    assert loaded.tobytes() == bits.tobytes()


def test_every_binary16(tmp_path: Path) -> None:
    patterns = numpy.arange(1 << 16, dtype="<u2")
    values = patterns.view("<f2").astype("<f4")
    loaded = load_state_binary(stored(tmp_path / "m", "F16", patterns.tobytes(), 1 << 16))["x"]
    bits = values.view("<u4").copy()
    bits[numpy.isnan(values)] = 0x7FC00000
    assert loaded.tobytes() == bits.tobytes()


@pytest.mark.parametrize(
    ("dtype", "code", "value"),
    [
        ("I64", "q", 2**31),
        ("I64", "q", -(2**31) - 1),
        ("U64", "Q", 2**64 - 1),
        ("U64", "Q", 2**31),
        ("U32", "I", 2**31),
    ],
)
def test_integers_beyond_int32(tmp_path: Path, dtype: str, code: str, value: int) -> None:
    path = stored(tmp_path / "m", dtype, struct.pack(f"<2{code}", 0, value), 2)
    with pytest.raises(FileFormatError, match=r"'x' has an integer that is not in \[-2\^31, 2\^31\).* store it as F64"):
        load_state_binary(path)


def test_a_nan_of_the_file_is_the_one_nan(tmp_path: Path) -> None:
    raw = struct.pack("<4I", 0xFFC00001, 0x7F800001, 0xFFFFFFFF, 0x80000000)
    loaded = load_state_binary(stored(tmp_path / "m", "F32", raw, 4))["x"]
    assert loaded.tobytes() == struct.pack("<4I", 0x7FC00000, 0x7FC00000, 0x7FC00000, 0x80000000)


def test_a_list_unpacks(tmp_path: Path) -> None:
    weights, biases = rc.tensor([[1.0, 2.0]]), rc.tensor([0.5])
    save_tensors_binary(tmp_path / "model.bin", [weights, biases])
    state = load_state_binary(tmp_path / "model.bin")
    assert list(state) == ["0", "1"]
    first, second = state.values()
    assert (first.digest(), second.digest()) == (weights.digest(), biases.digest())


def test_a_long_list_keeps_its_order(tmp_path: Path) -> None:
    save_tensors_binary(tmp_path / "m", tuple(rc.tensor([float(place)]) for place in range(12)))
    assert [tensor.item() for tensor in load_state_binary(tmp_path / "m").values()] == list(range(12))


def test_metadata_of_a_state_and_other_ones(tmp_path: Path) -> None:
    state = State({"a": rc.tensor([1.0])}, {"epoch": "3"})
    for given_, kept in ((None, {"epoch": "3"}), ({}, {}), ({"epoch": "4"}, {"epoch": "4"})):
        save_tensors_binary(tmp_path / "m", state, metadata=given_)
        assert load_state_binary(tmp_path / "m").metadata == kept


def test_on_a_backend(tmp_path: Path) -> None:
    save_tensors_binary(tmp_path / "m", [rc.tensor([1.0])])
    assert load_state_binary(tmp_path / "m", backend="python")["0"].backend == "python"
    with rc.use_backend("python"):
        assert load_state_binary(tmp_path / "m")["0"].backend == "python"
    with pytest.raises(BackendError):
        load_state_binary(tmp_path / "m", backend="abacus")


def test_gradients_and_history_are_not_saved(tmp_path: Path) -> None:
    save_tensors_binary(tmp_path / "m", [rc.tensor([1.0], requires_grad=True)])
    assert not load_state_binary(tmp_path / "m")["0"].requires_grad


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m"
    save_tensors_binary(path, [rc.tensor([1.0])])
    before = path.read_bytes()
    refused: list[tuple[Callable[[], None], type[Exception]]] = [
        (lambda: save_tensors_binary(path, rc.tensor([1.0])), TypeError),
        (lambda: save_tensors_binary(path, {"a": [1.0]}), TypeError),  # type: ignore[dict-item]
        (lambda: save_tensors_binary(path, {"__metadata__": rc.tensor([1.0])}), DataError),
        (lambda: save_tensors_binary(path, [], metadata={"a": 1}), TypeError),  # type: ignore[dict-item]
    ]
    for save, error in refused:
        with pytest.raises(error):
            save()
        assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_header_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_HEADER", 120)
    save_tensors_binary(tmp_path / "m", [rc.tensor([1.0])] * 2)
    with pytest.raises(
        DataError, match="the header for 3 tensors takes 168 bytes, and 120 are the most; save them in sev"
    ):
        save_tensors_binary(tmp_path / "m", [rc.tensor([1.0])] * 3)


def test_a_backend_that_gives_too_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rc.RamTensor, "tobytes", lambda self: b"")
    with pytest.raises(BackendError, match=r"gave 0 bytes of '0', expected 4; nothing was saved"):
        save_tensors_binary(tmp_path / "m", [rc.from_bytes(bytes(4), (1,))])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_state_binary(tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        load_state_binary(tmp_path)
