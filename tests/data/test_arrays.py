"""Arrays in files of NumPy and safetensors: what they become, and what is refused."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.data import Loader, NpyDataset, TensorDataset, read_arrays
from rcmlrs_core.errors import DataError, FileFormatError

BACKENDS = ("python", "numpy", "native")


def refused(call: Callable[[], Any], kind: type[Exception] = FileFormatError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["f2", "f4", ">f4", "f8", "i1", "i8", "u2", ">i4", "?"])
def test_npy(tmp_path: Path, backend: str, dtype: str) -> None:
    values = numpy.array([[0, 1, 2], [1, 0, 5]]).astype(dtype)
    if "f" in dtype:
        values[0, 0] = 0.1
    for array in (values, numpy.asfortranarray(values), values[:0], values[0, 0]):
        numpy.save(tmp_path / "a.npy", array)
        found = read_arrays(tmp_path / "a.npy", backend=backend)["array"]
        assert (found.shape, found.backend) == (array.shape, backend)
        assert found.dtype == {"f": "float32", "?": "bool"}.get(dtype[-2:-1] or "?", "int32")
        assert found.numpy().tolist() == array.astype(found.dtype).tolist()


def test_n6_doubles_are_rounded_once(tmp_path: Path) -> None:
    numpy.save(tmp_path / "a.npy", numpy.array([1 + 2**-24, 1 + 2**-24 + 2**-52, 1e39, 1e-46]))
    assert read_arrays(tmp_path / "a.npy")["array"].tolist() == [1.0, 1.0000001192092896, float("inf"), 0.0]


@pytest.mark.parametrize("save", [numpy.savez, numpy.savez_compressed])
def test_npz_and_safetensors(tmp_path: Path, save: Any) -> None:
    x, y = numpy.arange(6, dtype="f4").reshape(3, 2), numpy.array([0, 2, 1])
    save(tmp_path / "a.npz", x=x, y=y)
    found = read_arrays(tmp_path / "a.npz", backend="python")
    rc.save_tensors_binary(tmp_path / "a.safetensors", found)
    again = read_arrays(tmp_path / "a.safetensors")
    assert [part.tolist() for part in again.values()] == [x.tolist(), y.tolist()]
    assert TensorDataset(again["x"], again["y"]).digest() == TensorDataset(found["x"], found["y"]).digest()


def test_rows_by_a_map_of_the_file(tmp_path: Path) -> None:
    x, y = numpy.random.default_rng(0).standard_normal((20, 3)), numpy.arange(20)
    numpy.save(tmp_path / "x.npy", numpy.asfortranarray(x))
    numpy.save(tmp_path / "y.npy", y)
    data = NpyDataset(tmp_path / "x.npy", tmp_path / "y.npy")
    whole = TensorDataset(rc.tensor(x), rc.tensor(y, dtype="int32"))
    assert data.digest() == whole.digest()
    for ours, theirs in zip(
        Loader(data, 6, seed=1, prefetch=2).batches(3), Loader(whole, 6, seed=1).batches(3), strict=True
    ):
        assert [part.digest() for part in ours] == [part.digest() for part in theirs]
    assert {NpyDataset(tmp_path / "x.npy", backend=backend).digest() for backend in BACKENDS} == {
        TensorDataset(rc.tensor(x)).digest()
    }


def test_what_is_no_data(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for bad, problem in (
        (numpy.array(["text"]), "has elements of type <U4"),
        (numpy.array([1j]), "has elements of type complex128"),
        (numpy.array([{}], dtype=object), "has elements of type object"),
        (numpy.zeros(2, [("a", "f4")]), "expected real numbers"),
        (numpy.array([1 << 40]), "has an integer that is not in [-2^31, 2^31)"),
    ):
        numpy.save(path, bad, allow_pickle=True)
        assert problem in refused(lambda: read_arrays(path))
        if bad.dtype.kind != "i":
            assert problem in refused(lambda: NpyDataset(path))
        numpy.savez(tmp_path / "a.npz", good=numpy.zeros(2), bad=bad)
        message = refused(lambda: read_arrays(tmp_path / "a.npz"))
        assert "array 'bad'" in message
        assert problem in message
    numpy.save(path, numpy.zeros(3))
    numpy.save(tmp_path / "b.npy", numpy.zeros(4))
    assert "same first axis" in refused(lambda: NpyDataset(path, tmp_path / "b.npy"), DataError)
    assert "same first axis" in refused(lambda: NpyDataset(), DataError)
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "none.npy")


def header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def test_a_shape_beyond_any_memory_and_a_name_that_comes_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(header("(0, 10000000000000000000000)"))
    assert "is that of no array" in refused(lambda: read_arrays(path))
    one = header("(1,)") + bytes(4)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", one)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x.npy", one)
    assert "two arrays have the name 'x'" in refused(lambda: read_arrays(tmp_path / "a.npz"))


def test_hostile_files(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for content in (
        header("(1000000000000,)") + bytes(8),
        header("(3,)") + bytes(8),
        header("(1,)") + bytes(8),
        header("(-2,)") + bytes(8),
        header("(2, 4611686018427387904, 4)") + bytes(8),
        header("__import__('os')"),
        header("(2,)", "__import__('os').system('touch x')"),
        b"\x93NUMPY\x07\x00",
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x93NUMPY",
    ):
        path.write_bytes(content)
        assert str(path) in refused(lambda: read_arrays(path))
        assert str(path) in refused(lambda: NpyDataset(path))
    archive = tmp_path / "a.npz"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x.npy", header(f"({1 << 22},)") + bytes(1 << 24))
    assert "take more than 1000000 bytes when they are unpacked" in refused(
        lambda: read_arrays(archive, most_bytes=1_000_000)
    )
    assert read_arrays(archive)["x"].shape == (1 << 22,)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    assert "cannot be unpacked" in refused(lambda: read_arrays(archive))
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    archive.write_bytes(damaged)
    assert "a.npz" in refused(lambda: read_arrays(archive))
    path.write_bytes(b"hello")
    refused(lambda: read_arrays(path))


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_any_bytes_are_arrays_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, place: int, value: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npz"
    buffer = io.BytesIO()
    numpy.savez(buffer, x=numpy.zeros(3, "f4"))
    changed = bytearray(buffer.getvalue())
    changed[place] = value
    for start in (content, b"\x93NUMPY" + content, b"PK\x03\x04" + content, bytes(changed)):
        path.write_bytes(start)
        try:
            read_arrays(path, backend="python")
        except FileFormatError as error:
            assert str(error).startswith(str(path))  # noqa: PT017  (a refusal is as good as arrays here)
