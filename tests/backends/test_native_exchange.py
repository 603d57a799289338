"""Native arrays and other libraries see the same elements, without a copy and without harm to either."""

import array
import ctypes
import gc
import io
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from compiled import native

import rcmlrs_core as rc

TYPES = ("float32", "int32", "bool")


def sample(dtype: str, shape: tuple[int, ...]) -> Any:
    """Some elements of that type."""
    size = int(numpy.prod(shape))
    return (numpy.arange(size) * 37 % 11 - 5).reshape(shape).astype(dtype)


def address(x: Any) -> int:
    """Where the first element lies."""
    return int(numpy.asarray(x).__array_interface__["data"][0])


# ------------------------------------------------------------------------------------------------ buffers


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3), (3, 1, 4), (0,), (2, 0, 3)])
@pytest.mark.parametrize("take", [native.from_buffer, native.from_dlpack])
def test_elements_come_in_and_go_out(dtype: str, shape: tuple[int, ...], take: Callable[[Any], Any]) -> None:
    source = sample(dtype, shape)
    x = take(source)
    assert (x.shape, x.dtype) == (shape, dtype)
    assert native.dump(x) == source.tobytes()
    for back in (numpy.asarray(x), numpy.from_dlpack(x)):
        assert (back.shape, back.dtype) == (shape, numpy.dtype(dtype))
        assert not back.flags.writeable
        assert back.tobytes() == source.tobytes()
        if source.size:
            assert address(back) == address(source), "no copy on the way"


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("take", [native.from_buffer, native.from_dlpack])
@pytest.mark.parametrize(
    "see",
    [
        lambda x: x[::-1],
        lambda x: x[:, ::-2],
        lambda x: x.T,
        lambda x: x[1:3, 2:5],
        lambda x: x[2:3, ::3],
        lambda x: numpy.broadcast_to(x[1], (9, 6)),
        lambda x: x[:, :, None][::2],
        lambda x: x[-1, ::-1],
    ],
)
def test_strided_views_are_seen_as_they_lie(dtype: str, take: Callable[[Any], Any], see: Callable[[Any], Any]) -> None:
    source = see(sample(dtype, (4, 6)))
    x = take(source)
    assert native.dump(x) == source.tobytes()
    back = numpy.asarray(x)
    assert back.strides == source.strides or source.size == 1
    assert address(back) == address(source)
    assert (numpy.from_dlpack(x) == source).all()
    assert bytes(x) == source.tobytes(), "who cannot take strides gets the elements side by side"


def test_a_view_is_read_only_and_has_format_and_shape() -> None:
    view = memoryview(native.load(bytes(24), (2, 3), "int32"))
    assert (view.readonly, view.format, view.shape, view.strides) == (True, "i", (2, 3), (12, 4))
    assert memoryview(native.load(b"\1\0", (2,), "bool")).tolist() == [True, False]
    with pytest.raises(TypeError):
        view[0, 0] = 1
    with pytest.raises(TypeError, match="read-write"):
        io.BytesIO(b"12345678").readinto(native.load(bytes(4), (1,), "float32"))


def test_elements_outlive_the_array_and_the_array_its_source() -> None:
    class Source(numpy.ndarray[Any, Any]):
        pass

    source = numpy.arange(1000, dtype="f4").view(Source)
    gone = weakref.ref(source)
    x = native.from_buffer(source)
    taken = native.from_dlpack(numpy.asarray(x))
    view = memoryview(x)
    del source
    gc.collect()
    assert gone() is not None
    del x
    gc.collect()
    assert view[999] == 999.0
    del view
    gc.collect()
    assert memoryview(taken)[999] == 999.0
    del taken
    gc.collect()
    assert gone() is None, "nobody holds it any more"


def test_a_capsule_that_nobody_takes_is_dropped() -> None:
    before = native.memory_in_use()
    x = native.load(bytes(4000), (1000,), "float32")
    for version in (None, (1, 0)):
        for _ in range(3):
            x.__dlpack__(max_version=version)
    capsule = x.__dlpack__(max_version=(1, 0))
    del x
    gc.collect()
    assert native.memory_in_use() >= before + 4000
    taken = native.from_dlpack(capsule)
    with pytest.raises(BufferError, match="taken it over"):
        native.from_dlpack(capsule)
    del capsule
    assert native.dump(taken) == bytes(4000)
    del taken
    gc.collect()
    assert native.memory_in_use() == before


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_what_is_not_aligned_is_copied(dtype: str) -> None:
    raw = bytearray(4 * 20 + 1)
    for strided in (slice(None), slice(None, None, 2), slice(None, None, -3)):
        source = numpy.frombuffer(raw, numpy.uint8)[1:].view(dtype)[strided]
        source[...] = sample(dtype, source.shape)
        assert not source.flags.aligned
        x = native.from_buffer(source)
        assert native.dump(x) == source.tobytes()
        assert address(x) % 64 == 0
    records = numpy.zeros(5, [("mark", "u1"), ("value", dtype)])
    records["value"] = [1, 2, 3, 4, 5]
    assert native.dump(native.from_buffer(records["value"])) == records["value"].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_the_other_byte_order_is_copied(dtype: str) -> None:
    source = sample(dtype, (3, 4))
    swapped = source.astype(source.dtype.newbyteorder())
    for given in (swapped, swapped.T, numpy.frombuffer(b"\0" + swapped.tobytes(), numpy.uint8)[1:].view(swapped.dtype)):
        assert native.dump(native.from_buffer(given)) == given.astype(dtype).tobytes()


def test_a_bool_is_0_or_1() -> None:
    source = numpy.array([0, 1, 2, 255, 0], numpy.uint8).view(bool)
    for given in (source, source[::-1]):
        assert native.dump(native.from_buffer(given)) == bytes([0, 1, 1, 1, 0])[:: given.strides[0]]
        assert native.dump(native.from_dlpack(given)) == bytes([0, 1, 1, 1, 0])[:: given.strides[0]]


def test_no_payload_of_a_nan_is_seen() -> None:
    """N1.2."""
    bits = numpy.array([0x7FC00000, 0xFFC00000, 0x7F800001, 0x7FC00001, 0x3F800000, 0x80000000], numpy.uint32)
    one = numpy.array([0x7FC00000] * 4 + [0x3F800000, 0x80000000], numpy.uint32)
    for order in (slice(None), slice(None, None, -1), slice(None, None, 2)):
        x = native.from_buffer(bits.view("f4")[order])
        for seen in (numpy.asarray(x), numpy.from_dlpack(x), numpy.frombuffer(native.dump(x), "f4")):
            assert (seen.view(numpy.uint32) == one[order]).all()
        with pytest.raises(BufferError, match="payload"):
            x.__dlpack__(max_version=(1, 0), copy=False)
    ordinary = native.from_buffer(one.view("f4"))
    assert address(ordinary) == address(one), "the one NaN needs no copy"
    large = numpy.zeros(100_003, "f4")
    large[-1] = numpy.array(0xFFFFFFFF, numpy.uint32).view("f4")
    assert numpy.asarray(native.from_buffer(large)).view(numpy.uint32)[-1] == 0x7FC00000


# ------------------------------------------------------------------------------------------------- DLPack


def test_the_arguments_of_dlpack() -> None:
    x = native.load(bytes(range(16)), (4,), "int32")
    assert x.__dlpack_device__() == (1, 0)
    assert address(numpy.from_dlpack(x)) == address(x)
    assert address(numpy.from_dlpack(x, copy=False)) == address(x)
    copy = numpy.from_dlpack(x, copy=True)
    assert address(copy) != address(x)
    assert copy.flags.writeable
    assert bytes(copy) == bytes(range(16))
    assert "versioned" in repr(x.__dlpack__(max_version=(1, 1), dl_device=(1, 0)))
    for arguments, words in (
        ({"stream": 1}, "stream"),
        ({"dl_device": (2, 0)}, r"device \(1, 0\), not \(2, 0\)"),
        ({"copy": False}, "before 1.0"),
        ({"copy": False, "max_version": (0, 8)}, "before 1.0"),
    ):
        with pytest.raises(BufferError, match=words):
            x.__dlpack__(**arguments)


def test_the_protocol_before_it_had_versions() -> None:
    class Old:
        """As libraries of 2021 have it."""

        def __init__(self, x: Any) -> None:
            self.x = x

        def __dlpack__(self, stream: None = None) -> Any:
            return self.x.__dlpack__(stream=stream)

        def __dlpack_device__(self) -> tuple[int, int]:
            return self.x.__dlpack_device__()  # type: ignore[no-any-return]

    source = sample("float32", (3, 4))
    assert native.dump(native.from_dlpack(Old(source))) == source.tobytes()
    x = native.from_buffer(source)
    taken = numpy.from_dlpack(Old(x))
    assert taken.tobytes() == source.tobytes()
    assert address(taken) != address(source), "it cannot say read-only, and so it is a copy"


def test_a_device_that_is_not_the_processor() -> None:
    class Elsewhere:
        def __dlpack__(self, **_: Any) -> Any:
            raise AssertionError("nobody asks")

        def __dlpack_device__(self) -> tuple[int, int]:
            return 2, 0

    with pytest.raises(BufferError, match=r"device \(2, 0\); bring them to the processor"):
        native.from_dlpack(Elsewhere())


class Tensor(ctypes.Structure):
    """DLTensor of dlpack.h."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class Managed(ctypes.Structure):
    """DLManagedTensorVersioned of dlpack.h, without a deleter."""

    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    )


DATA = (ctypes.c_float * 6)(1, 2, 3, 4, 5, 6)


def handed_over(shape: tuple[int, ...] = (6,), strides: tuple[int, ...] | None = None, **fields: Any) -> Any:
    """A capsule made by hand."""
    lengths, steps = (ctypes.c_int64 * len(shape))(*shape), (ctypes.c_int64 * len(strides or ()))(*(strides or ()))
    tensor = Tensor(ctypes.addressof(DATA), 1, 0, len(shape), 2, 32, 1, lengths, steps if strides else None, 0)
    made = Managed(fields.pop("major", 1), 0, None, None, 0, tensor)
    for name, value in fields.items():
        setattr(made.tensor, name, value)
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    capsule = new(ctypes.addressof(made), b"dltensor_versioned", None)
    kept.append((made, lengths, steps))
    return capsule


kept: list[Any] = []
"""The structures behind the capsules, which have no deleter: they live as long as the tests."""


def test_tensors_made_by_hand() -> None:
    assert memoryview(native.from_dlpack(handed_over())).tolist() == [1, 2, 3, 4, 5, 6]
    assert memoryview(native.from_dlpack(handed_over((2, 3)))).tolist() == [[1, 2, 3], [4, 5, 6]], "no strides"
    turned = native.from_dlpack(handed_over((2,), (-2,), byte_offset=16))
    assert memoryview(turned).tolist() == [5, 3]
    assert native.from_dlpack(handed_over((0, 5), data=None)).shape == (0, 5)
    assert memoryview(native.from_dlpack(handed_over((1,), byte_offset=1))).nbytes == 4
    assert memoryview(native.from_dlpack(handed_over((2,), code=0))).tolist()[0] == 0x3F800000
    for arguments, kind, words in (
        ({"data": None}, BufferError, "no memory"),
        ({"major": 2}, BufferError, "version 2.0"),
        ({"device_type": 2}, BufferError, "device"),
        ({"ndim": -1}, BufferError, "axes"),
        ({"shape": (-3,)}, ValueError, "length -3"),
        ({"bits": 64}, TypeError, "64 bits"),
        ({"lanes": 4}, TypeError, "4 lanes"),
        ({"code": 6}, TypeError, "code 6"),
        ({"shape": (1 << 40, 1 << 40)}, MemoryError, "address"),
        ({"shape": (1 << 62,)}, MemoryError, "address"),
        ({"shape": (4, 4), "strides": (1 << 61, 1)}, ValueError, "address"),
        ({"shape": (1 << 31, 2), "strides": (1 << 60, 1)}, MemoryError, "address"),
    ):
        with pytest.raises(kind, match=words):
            native.from_dlpack(handed_over(**arguments))  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------- what cannot come in


def test_sources_of_all_kinds() -> None:
    assert memoryview(native.from_buffer(array.array("f", [1, 2]))).tolist() == [1.0, 2.0]
    assert memoryview(native.from_buffer((ctypes.c_int32 * 3)(1, 2, 3))).tolist() == [1, 2, 3]
    assert memoryview(native.from_buffer(memoryview(bytes(8)).cast("f"))).tolist() == [0.0, 0.0]
    for source, words in (
        (b"1234", 'format "B"'),
        (numpy.zeros(3), 'format "d"'),
        (numpy.zeros(3, "i8"), 'format "l"'),
        (numpy.zeros(3, "f2"), 'format "e"'),
        (numpy.zeros(3, "c8"), 'format "Zf"'),
        (numpy.zeros(3, [("x", "f4")]), "format"),
    ):
        with pytest.raises(TypeError, match=words):
            native.from_buffer(source)
    for nothing in (3, None, "text", [1.0]):
        with pytest.raises(TypeError):
            native.from_buffer(nothing)
    for nothing in (3, None, b"1234"):
        with pytest.raises((AttributeError, TypeError)):
            native.from_dlpack(nothing)


def test_a_view_of_more_elements_than_there_is_memory_takes_none() -> None:
    x = native.from_buffer(numpy.broadcast_to(numpy.float32(1.5), (1 << 40,)))
    assert x.shape == (1 << 40,)
    assert numpy.asarray(x)[12345] == 1.5


# ------------------------------------------------------------------------------------------------- tensors


def test_a_tensor_is_seen_without_a_copy_and_given_with_one() -> None:
    t = rc.tensor([[1.0, 2.0], [float("nan"), 4.0]], backend="native")
    view = t.memoryview()
    assert (view.readonly, view.shape, view.format) == (True, (2, 2), "f")
    assert address(view) == address(t.memoryview())
    given = t.numpy()
    given[0, 0] = 9
    assert t.tolist()[0] == [1.0, 2.0]
    assert view.tolist()[0] == [1.0, 2.0]
    assert rc.zeros((0, 3), backend="native").memoryview().shape == (0,)
    assert rc.zeros((0, 3), backend="native").numpy().shape == (0, 3)
    for dtype in TYPES:
        t = rc.tensor(sample(dtype, (3, 4)), dtype=dtype, backend="native")
        assert t.numpy().dtype == numpy.dtype(dtype)
        assert (t.numpy() == sample(dtype, (3, 4))).all()
        assert t.memoryview().tolist() == sample(dtype, (3, 4)).tolist()
        assert (t.T.numpy() == sample(dtype, (3, 4)).T).all()
        assert t.T.memoryview().c_contiguous


def test_numpy_makes_one_copy() -> None:
    size = 1 << 22
    t = rc.from_bytes(bytes(4 * size), size, "native")
    t.numpy()
    before = native.memory_in_use()
    peak = peak_of(t.numpy)
    assert 4 * size <= peak < 4.5 * size
    assert native.memory_in_use() == before


def peak_of(work: Callable[[], Any]) -> int:
    """The most memory that Python and NumPy had for ``work`` at a time."""
    import tracemalloc

    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_loading_makes_one_copy() -> None:
    raw = bytes(1 << 24)
    assert peak_of(lambda: native.load(raw, (1 << 22,), "float32")) < 1 << 16


# -------------------------------------------------------------------------------------------------- memory


def test_four_bytes_for_an_element_and_a_small_constant() -> None:
    for size in (0, 1, 15, 16, 17, 1000, 12345, 1 << 20):
        before = native.memory_in_use()
        x = native.load(bytes(4 * size), (size,), "float32")
        used = native.memory_in_use() - before
        assert 4 * size <= used <= 4 * size + 64, size
        assert sys.getsizeof(x) < 400
        del x
        assert native.memory_in_use() == before


def test_a_block_is_used_again_and_given_back() -> None:
    native.trim()
    first = address(native.load(bytes(40_000), (10_000,), "float32"))
    assert address(native.load(bytes(40_000), (10_000,), "float32")) == first
    assert first % 64 == 0
    assert native.trim() >= 40_000
    assert native.trim() == 0
