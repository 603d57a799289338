"""Tensors of constants and of sequences: one rounding of the exact element; what is too large is refused in words."""

import math
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from tests.installed import BACKENDS
from tests.ops.agreement import rn


def bits(t: rc.RamTensor) -> list[int]:
    raw = t.tobytes()
    return list(struct.unpack(f"<{len(raw) // 4}I", raw))


numbers = st.one_of(
    st.integers(-20, 20),
    st.floats(-100, 100, allow_nan=False),
    st.sampled_from([0.1, -0.1, 1e-45, 2.0**-150, 1e38, 1 + 2.0**-24, 2.0**-1074]),
    st.integers(2**60, 2**60 + 100),
)


@given(numbers, numbers, st.integers(0, 40), st.booleans())
@settings(max_examples=300, deadline=None)
def test_linspace_is_rounded_once(start: float, stop: float, num: int, endpoint: bool) -> None:
    first, last = Fraction(start), Fraction(stop)
    parts = max(1, num - 1 if endpoint else num)
    want = [rn(first + i * (last - first) / parts) for i in range(num)]
    got = rc.linspace(start, stop, num, endpoint=endpoint)
    assert [b if b != 0x80000000 else 0 for b in bits(got)] == [b if b != 0x80000000 else 0 for b in want]
    assert bits(got) == want or 0x80000000 in want
    if num > 1 and endpoint:
        assert bits(got)[-1] == rn(last)


@given(numbers, st.integers(0, 40), numbers.filter(lambda step: Fraction(step) != 0), st.fractions(0, 1))
@settings(max_examples=300, deadline=None)
def test_arange_is_rounded_once(start: float, count: int, step: float, part: Fraction) -> None:
    first, stride = Fraction(start), Fraction(step)
    stop = first + (count - part) * stride
    want = [rn(first + i * stride) for i in range(max(0, math.ceil((stop - first) / stride)))]
    assert bits(rc.arange(start, stop, step)) == want


def test_arange_adds_no_errors_up() -> None:
    """NumPy's elements are start + i * (start + step - start), each of the three rounded."""
    assert rc.arange(0, 1, 0.1).shape == (10,)
    assert bits(rc.arange(0.1, 1000, 0.1))[7000] == rn(Fraction(0.1) * 7001)
    assert rc.arange(5).tolist() == [0, 1, 2, 3, 4]
    assert rc.arange(5, 0, -2).tolist() == [5, 3, 1]
    assert rc.arange(5, 0).tolist() == []
    assert rc.arange(2**24, 2**24 + 4).tolist() == [2.0**24, 2.0**24, 2.0**24 + 2, 2.0**24 + 4]
    t = rc.arange(-(2**31), 2**31, 2**31, dtype="int32")
    assert (t.dtype, t.tolist()) == ("int32", [-(2**31), 0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_element_types(backend: str) -> None:
    with rc.use_backend(backend):
        for dtype in ("float32", "int32", "bool"):
            x = rc.tensor([[1.5, 0.0]])
            for t, want in (
                (rc.zeros((2, 2), dtype=dtype), [[0, 0], [0, 0]]),
                (rc.ones(2, dtype=dtype), [1, 1]),
                (rc.empty(1, dtype=dtype), [0]),
                (rc.full((2,), 1, dtype=dtype), [1, 1]),
                (rc.eye(2, 3, k=1, dtype=dtype), [[0, 1, 0], [0, 0, 1]]),
                (x.zeros_like(dtype=dtype), [[0, 0]]),
                (rc.ones_like(x, dtype=dtype), [[1, 1]]),
                (rc.full_like(x, 1, dtype=dtype), [[1, 1]]),
            ):
                assert (t.dtype, t.tolist(), t.backend) == (dtype, want, backend)
        assert rc.full((), 0.1).item() == np.float32(0.1)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(-7, 7))
def test_eye_is_numpys(n: int, m: int, k: int) -> None:
    assert rc.eye(n, m, k=k).numpy().tolist() == np.eye(n, m, k).tolist()
    assert rc.eye(n, m, k=k).shape == (n, m)


def test_asarray_copies_only_where_it_must() -> None:
    x = rc.tensor([1.0, 2.0])
    assert rc.asarray(x) is x
    assert rc.asarray(x, copy=True) is not x
    assert rc.asarray(x > 1, dtype="float32").tolist() == [0.0, 1.0]
    assert rc.asarray([1, 2], dtype="int32").dtype == "int32"
    with pytest.raises(rc.DTypeError, match="copy=False"):
        rc.asarray([1.0], copy=False)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: rc.zeros((2**62,)), rc.ShapeError, "2\\^62"),
        (lambda: rc.zeros((2**61,)), rc.ShapeError, "elements"),
        (lambda: rc.ones((2**40, 2**40)), rc.ShapeError, "elements"),
        (lambda: rc.zeros((0, 2**40, 2**40)), rc.ShapeError, "elements"),
        (lambda: rc.arange(2**59), MemoryError, "arange: shape"),
        (lambda: rc.arange(10**30), rc.ShapeError, "2\\^62"),
        (lambda: rc.linspace(0, 1, 2**59), MemoryError, "linspace"),
        (lambda: rc.eye(2**29), MemoryError, "eye"),
        (lambda: rc.tensor([1.0]).pad(2**64), rc.ShapeError, "2\\^62"),
        (lambda: rc.tensor([0], dtype="int32").one_hot(classes=2**64), rc.ShapeError, "2\\^62"),
        (lambda: rc.tensor([1.0]).tile(2**61), rc.ShapeError, "elements"),
        (lambda: rc.tensor([1.0]).pad_wrap(2**61), rc.ShapeError, "2\\^62"),
        (lambda: rc.arange(0, 1, 0), rc.AttributeValueError, "never arrives"),
        (lambda: rc.arange(math.inf), rc.AttributeValueError, "finite"),
        (lambda: rc.linspace(0, math.nan), rc.AttributeValueError, "finite"),
        (lambda: rc.linspace(0, 1, -1), rc.ShapeError, "negative"),
        (lambda: rc.arange(0, 1, 0.5, dtype="int32"), rc.DTypeError, "no numbers of int32"),
        (lambda: rc.arange(2**31 + 1, dtype="int32"), rc.DTypeError, "no numbers of int32"),
        (lambda: rc.full(2, 0.5, dtype="int32"), rc.DTypeError, "int32"),
        (lambda: rc.full(2, math.inf, dtype="int32"), rc.DTypeError, "int32"),
        (lambda: rc.full(2, 2, dtype="bool"), rc.DTypeError, "bool"),
        (lambda: rc.full(2, [1.0, 2.0]), rc.DTypeError, "no number"),
        (lambda: rc.zeros(2, dtype="float64"), rc.DTypeError, "no element type"),
        (lambda: rc.eye(2, "numpy"), rc.ShapeError, "by backend="),
        (lambda: rc.eye(2, k=0.5), rc.ShapeError, "k is an int"),
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cannot_be_made_is_refused(make: Any, error: type[Exception], match: str, backend: str) -> None:
    with rc.use_backend(backend), pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: x.pad_wrap(2**45), "pad_wrap: shape"),
        (lambda x: x.reshape((1, 1, 1)).resize((2**45,)), "resize: shape"),
        (lambda x: x.reshape((1, 1, 1)).adaptive_max_pool1d(2**45), "adaptive_max_pool1d: shape"),
        (lambda x: rc.random.normal((2**45,), seed=1), "random: shape"),
        (lambda x: rc.jacobian(lambda t: t)(x.broadcast_to((2**25,)).add(0.0)), "jacobian: shape"),
    ],
)
def test_compositions_refuse_it_at_once(make: Any, words: str) -> None:
    with pytest.raises(MemoryError, match=words):
        make(rc.tensor([1.0]))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process's peak so")
def test_asking_for_memory_does_not_touch_it() -> None:
    program = (
        "import re; from rcmlrs_core.plain import check_memory; check_memory('test', (2**28,), 1);"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"  # ru_maxrss is a parent's, too
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2**18, "in KiB, of which 2^18 were asked for"


def test_what_no_memory_holds_is_refused_at_once() -> None:
    with pytest.raises(MemoryError, match=r"broadcast_to: shape \(\d+,\) takes"):
        rc.zeros(2**45, "python")
    with pytest.raises(MemoryError, match="repeat: shape"):
        rc.tensor([1.0], "python").repeat(2**45)
