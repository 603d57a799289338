"""What the public suite of the Array API standard checks, in little: names, signatures, types, shapes, special values.

The suite itself, array-api-tests, is not on PyPI; ``tests/array_api/skips.txt`` says how it is run and what of it does
not apply. Here, array_api_strict tells names, types and shapes, and NumPy in binary64, rounded once, the values: the
arguments are such that nothing depends on the order of a sum.
"""

import inspect
import math
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.array_api import make_strategies_namespace

import rcmlrs_core as rc
from rcmlrs_core import array_api as xp
from tests.installed import BACKENDS

strict = pytest.importorskip("array_api_strict", reason="array-api-strict is in the extra 'test'")

SKIPS = Path(__file__).parent / "array_api" / "skips.txt"

# ----------------------------------------------------------------------------------------------- names, signatures

LATER = {"isin"}
"""Functions of later versions of the standard than ours."""

EXTENSIONS = {"fft", "linalg"}
OWN = {"ArrayAPIStrictFlags", "Device"}  # and whatever has to do with its flags

NAMES = [n for n in strict.__all__ if n not in OWN | EXTENSIONS | LATER and "flags" not in n and n[0] != "_"]


@pytest.mark.parametrize("name", [name for name in NAMES if inspect.isfunction(getattr(strict, name))])
def test_a_function_takes_what_the_standard_says(name: str) -> None:
    """Names matter where an argument may be given by its name; the suite compares no more than that."""
    theirs = inspect.signature(getattr(strict, name)).parameters.values()
    ours = inspect.signature(getattr(xp, name)).parameters
    positional = [p for p in theirs if p.kind != p.KEYWORD_ONLY]
    for own, their in zip(ours.values(), positional, strict=False):
        assert own.kind == their.kind
        if their.kind == their.POSITIONAL_OR_KEYWORD:
            assert own.name == their.name
    assert len([p for p in ours.values() if p.kind != p.KEYWORD_ONLY]) == len(positional)
    for their in theirs:
        if their.kind == their.KEYWORD_ONLY:
            assert ours[their.name].kind == their.kind


@pytest.mark.parametrize("name", [name for name in NAMES if not inspect.isfunction(getattr(strict, name))])
def test_a_constant_or_type_is_there(name: str) -> None:
    ours, theirs = getattr(xp, name), getattr(strict, name)
    if isinstance(theirs, float):
        assert repr(ours) == repr(theirs)
    elif name == "newaxis":
        assert ours is None


def test_methods_of_the_standard_are_there() -> None:
    methods = {name for name in vars(type(strict.asarray([1.0]))) if re.fullmatch("__[a-z]+__", name)}
    methods -= {"__init__", "__new__", "__module__", "__doc__", "__dict__", "__weakref__", "__array__"}
    assert len(methods) > 60
    x = rc.tensor([[1.0, 2.0]])
    for name in methods | {"T", "mT", "device", "dtype", "ndim", "shape", "size", "to_device"}:
        assert hasattr(x, name), name


# ---------------------------------------------------------------------------------------------- what the suite needs


def test_what_the_suite_asks_before_its_first_test() -> None:
    """Its tables of element types are made when it is imported; one error there, and not one test would run."""
    names = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    names += ["float32", "float64", "complex64", "complex128"]
    types = [getattr(xp, name) for name in names]
    assert len(set(types)) == len(types), "a table by type needs types that differ"
    assert [xp.asarray(zero).dtype for zero in (0, 0.0, False)] == [xp.int32, xp.float32, xp.bool]
    assert xp.asarray(0j).dtype == xp.float32
    with pytest.raises(rc.DTypeError, match="1j is no real number, and there are no complex element types"):
        xp.asarray(1j)
    info = xp.__array_namespace_info__()
    for device in info.devices():
        for dtype in info.dtypes(device=device).values():
            assert xp.empty(1, dtype=dtype, device=device).dtype == dtype
    most = info.capabilities()["max dimensions"]
    assert xp.zeros((1,) * most).ndim == most
    with pytest.raises(rc.ShapeError, match="at most 64 axes"):
        xp.zeros((1,) * (most + 1))


def test_an_integer_overflow_is_one_of_pythons() -> None:
    """The suite sets aside what raises OverflowError, as the standard leaves open what happens then."""
    with pytest.raises(OverflowError, match="no int32"):
        xp.asarray(2**31 - 1) + 1


def test_the_file_of_skips_is_what_the_suite_reads() -> None:
    """Ids, each with its reason above it; the same id is not there twice."""
    ids, reason = [], False
    for line in SKIPS.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            reason = False
        elif line.startswith("#"):
            reason = True
        else:
            assert re.fullmatch(r"array_api_tests/test_\w+\.py(::\w+(\[.+\])?)?", line), line
            assert reason, f"no reason above {line}"
            ids.append(line)
    assert len(ids) == len(set(ids)) > 5


# ------------------------------------------------------------------------------------------------- special values

SPECIAL = [0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, np.pi, 100.0, 2.0**24, 2.0**31, 1e10, np.inf]
SPECIAL += [2.0**-149, 2.0**-126, (2 - 2.0**-23) * 2.0**127]
VALUES = np.array([np.nan, *SPECIAL, *(-x for x in SPECIAL)], np.float32)
LEFT, RIGHT = (grid.ravel() for grid in np.meshgrid(VALUES, VALUES))

UNARY = "abs acos acosh asin asinh atan atanh ceil cos cosh exp expm1 floor isfinite isinf isnan log log10 log1p log2"
UNARY += " negative positive reciprocal round sign signbit sin sinh sqrt square tan tanh trunc"
BINARY = "add atan2 copysign divide equal greater greater_equal hypot less less_equal logaddexp multiply not_equal"
BINARY += " pow remainder subtract"


def rounded(values: Any) -> Any:
    """Results of binary64, rounded once; the one NaN."""
    with np.errstate(all="ignore"):
        found = np.asarray(values)
        found = found.astype(np.float32) if found.dtype == np.float64 else found
    return np.where(np.isnan(found), np.float32(np.nan), found) if found.dtype == np.float32 else found


def same(ours: Any, theirs: Any, *told: Any) -> None:
    """Element type, shape and bits."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    differ = np.flatnonzero(
        ours.view(np.uint8 if ours.itemsize == 1 else np.uint32) != theirs.view(f"u{ours.itemsize}")
    )
    got = [(*(float(x[i]) for x in told), "gives", ours.flat[i], "not", theirs.flat[i]) for i in differ[:5]]
    assert not got


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", UNARY.split())
def test_special_values_of_one_argument(name: str, backend: str) -> None:
    with np.errstate(all="ignore"):
        theirs = rounded(getattr(np, name)(VALUES.astype(np.float64)))
    same(getattr(xp, name)(xp.asarray(VALUES, device=backend)), theirs, VALUES)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", BINARY.split())
def test_special_values_of_two_arguments(name: str, backend: str) -> None:
    with np.errstate(all="ignore"):
        theirs = rounded(getattr(np, name)(LEFT.astype(np.float64), RIGHT.astype(np.float64)))
    ours = getattr(xp, name)(xp.asarray(LEFT, device=backend), xp.asarray(RIGHT, device=backend))
    same(ours, theirs, LEFT, RIGHT)


@pytest.mark.parametrize("backend", BACKENDS)
def test_special_values_where_numpy_is_not_the_standard(backend: str) -> None:
    """floor_divide of an infinity is NaN in NumPy; the zeros of maximum and minimum are left open, but for N2.3."""
    x1, x2 = xp.asarray(LEFT, device=backend), xp.asarray(RIGHT, device=backend)
    with np.errstate(all="ignore"):
        theirs = np.floor_divide(LEFT.astype(np.float64), RIGHT.astype(np.float64))
        infinite = np.isinf(LEFT) & np.isfinite(RIGHT) & (RIGHT != 0)
        theirs[infinite] = np.copysign(np.inf, np.copysign(1.0, LEFT) * np.copysign(1.0, RIGHT))[infinite]
        same(xp.floor_divide(x1, x2), rounded(theirs), LEFT, RIGHT)
        for name, sign in (("maximum", 1.0), ("minimum", -1.0)):
            theirs = getattr(np, name)(LEFT.astype(np.float64), RIGHT.astype(np.float64))
            mixed = (LEFT == 0) & (RIGHT == 0) & (np.signbit(LEFT) != np.signbit(RIGHT))
            theirs[mixed] = np.copysign(0.0, sign)
            same(getattr(xp, name)(x1, x2), rounded(theirs), LEFT, RIGHT)
        same(xp.nextafter(x1, x2), rounded(np.nextafter(LEFT, RIGHT)), LEFT, RIGHT)


WHOLE = np.array([0, 1, -1, 2, -2, 3, 7, -7, 30, 1000, -1000], np.int32)
J, K = (grid.ravel() for grid in np.meshgrid(WHOLE, WHOLE))

INTEGERS: dict[str, Callable[[Any], Any]] = {
    "bitwise_left_shift": lambda m: m.bitwise_left_shift(*pair(m, (abs(J) < 50) & (K >= 0) & (K < 8))),
    "bitwise_right_shift": lambda m: m.bitwise_right_shift(*pair(m, (K >= 0) & (K < 32))),
    "floor_divide": lambda m: m.floor_divide(*pair(m, K != 0)),
    "remainder": lambda m: m.remainder(*pair(m, K != 0)),
    "pow": lambda m: m.pow(*pair(m, (abs(J) < 8) & (K >= 0) & (K < 8))),
}


def pair(m: Any, where: Any) -> tuple[Any, Any]:
    return m.asarray(J[where]), m.asarray(K[where])


EVERY_PAIR = "add bitwise_and bitwise_or bitwise_xor equal greater less_equal maximum minimum multiply subtract"
EVERY_WHOLE = "abs bitwise_invert ceil floor isfinite isinf isnan negative positive round sign square trunc"


@pytest.mark.parametrize("name", [*EVERY_WHOLE.split(), *EVERY_PAIR.split(), *INTEGERS])
def test_integers(name: str) -> None:
    call = INTEGERS.get(name) or (
        (lambda m: getattr(m, name)(m.asarray(WHOLE)))
        if name in EVERY_WHOLE.split()
        else (lambda m: getattr(m, name)(m.asarray(J), m.asarray(K)))
    )
    same(call(xp), call(np))


# -------------------------------------------------------------------------------------- types, shapes and values


def f(m: Any) -> Any:
    return m.asarray([[1.0, -2.5, 4.0], [0.5, 8.0, -2.5]], dtype=m.float32)


def i(m: Any) -> Any:
    return m.asarray([[3, -1, 2], [2, 2, -7]], dtype=m.int32)


def b(m: Any) -> Any:
    return m.asarray([[True, False, True], [False, False, True]])


CALLS: dict[str, Callable[[Any], Any]] = {
    # creation
    "arange(n)": lambda m: m.arange(5, dtype=m.int32),
    "arange(n, float)": lambda m: m.arange(5, dtype=m.float32),
    "arange backwards": lambda m: m.arange(5, -3, -2, dtype=m.int32),
    "arange of nothing": lambda m: m.arange(3, 3, dtype=m.int32),
    "arange(stop=)": lambda m: m.arange(1, stop=9, step=3, dtype=m.int32),
    "eye(2, 3)": lambda m: m.eye(2, 3, k=-1, dtype=m.int32),
    "eye of nothing": lambda m: m.eye(0, dtype=m.float32),
    "full bool": lambda m: m.full((2,), True),
    "full(int)": lambda m: m.full(3, 7, dtype=m.int32),
    "full_like": lambda m: m.full_like(f(m), 3),
    "linspace": lambda m: m.linspace(0.0, 1.0, 5, dtype=m.float32),
    "linspace of one": lambda m: m.linspace(2.0, 1.0, 1, dtype=m.float32),
    "linspace of none": lambda m: m.linspace(0.0, 1.0, 0, dtype=m.float32),
    "linspace open": lambda m: m.linspace(0.0, 1.0, 4, dtype=m.float32, endpoint=False),
    "meshgrid ij": lambda m: m.meshgrid(f(m)[0, :], f(m)[1, :], indexing="ij")[1],
    "meshgrid xy": lambda m: m.meshgrid(i(m)[0, :], i(m)[1, :2])[0],
    "ones_like": lambda m: m.ones_like(b(m)),
    "tril": lambda m: m.tril(f(m), k=1),
    "triu": lambda m: m.triu(i(m), k=-1),
    "zeros_like": lambda m: m.zeros_like(i(m), dtype=m.float32),
    # element types
    "astype bool": lambda m: m.astype(f(m), m.bool),
    "astype int": lambda m: m.astype(f(m), m.int32),
    "astype int of nothing": lambda m: m.astype(m.zeros((2, 0), dtype=m.float32), m.int32),
    "astype int of one": lambda m: m.astype(f(m)[0, 1], m.int32),
    "astype bool of ints": lambda m: m.astype(i(m), m.bool),
    "astype float": lambda m: m.astype(b(m), m.float32),
    # one and the other
    "clip": lambda m: m.clip(f(m), -1.0, 2.0),
    "clip above": lambda m: m.clip(f(m), max=0.5),
    "clip below": lambda m: m.clip(i(m), min=0),
    "clip by arrays": lambda m: m.clip(f(m), f(m)[:, :1], m.asarray([9.0, 9.0, 9.0], dtype=m.float32)),
    "where": lambda m: m.where(b(m), f(m), f(m)[:1, :]),
    "where a number": lambda m: m.where(b(m), f(m), 0.0),
    "maximum of a number": lambda m: m.maximum(f(m), 0.0),
    "a number less": lambda m: m.less(0, i(m)),
    "logical_xor": lambda m: m.logical_xor(b(m), True),
    "bitwise_and of bools": lambda m: m.bitwise_and(b(m), b(m)[:1, :]),
    "bitwise_invert of bools": lambda m: m.bitwise_invert(b(m)),
    "real": lambda m: m.conj(f(m)),
    # statistics
    "sum": lambda m: m.sum(f(m)),
    "sum axis": lambda m: m.sum(f(m), axis=-1, keepdims=True),
    "sum of ints": lambda m: m.sum(i(m), axis=0, dtype=m.int32),
    "sum of none": lambda m: m.sum(m.zeros((0, 2), dtype=m.float32), axis=0),
    "sum no axes": lambda m: m.sum(f(m), axis=()),
    "prod": lambda m: m.prod(f(m), axis=(0, 1)),
    "prod of none": lambda m: m.prod(m.zeros((0,), dtype=m.float32)),
    "mean": lambda m: m.mean(f(m), axis=0),
    "var": lambda m: m.var(m.asarray([1.0, 3.0, 5.0, 7.0], dtype=m.float32), correction=0.0),
    "std": lambda m: m.std(m.asarray([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], dtype=m.float32)),
    "max": lambda m: m.max(i(m), axis=1, keepdims=True),
    "min": lambda m: m.min(f(m)),
    "cumulative_sum": lambda m: m.cumulative_sum(f(m), axis=1, include_initial=True),
    "cumulative_prod": lambda m: m.cumulative_prod(i(m), axis=0, dtype=m.int32),
    "all": lambda m: m.all(b(m), axis=1),
    "all of floats": lambda m: m.all(f(m)),
    "any of none": lambda m: m.any(m.zeros((0,), dtype=m.bool)),
    "count_nonzero": lambda m: m.count_nonzero(f(m), axis=0),
    "diff": lambda m: m.diff(f(m), axis=0),
    "diff twice": lambda m: m.diff(i(m), n=2),
    "diff after": lambda m: m.diff(i(m), prepend=i(m)[:, :1], append=i(m)[:, :2]),
    # order
    "argmax": lambda m: m.argmax(f(m)),
    "argmin": lambda m: m.argmin(f(m), axis=0, keepdims=True),
    "nonzero": lambda m: m.nonzero(i(m) > 1)[1],
    "searchsorted": lambda m: m.searchsorted(m.sort(f(m)[0, :]), f(m)[1, :], side="right"),
    "searchsorted sorter": lambda m: m.searchsorted(f(m)[0, :], f(m)[1, :], sorter=m.argsort(f(m)[0, :])),
    "argsort": lambda m: m.argsort(i(m), descending=True),
    "sort": lambda m: m.sort(f(m), axis=0, descending=True),
    "sort bools": lambda m: m.sort(m.astype(b(m), m.int32), axis=1),
    "unique_values": lambda m: m.unique_values(i(m)),
    "unique_counts": lambda m: m.unique_counts(f(m)).counts,
    "unique_inverse": lambda m: m.unique_inverse(f(m)).inverse_indices,
    "unique_all": lambda m: m.unique_all(i(m)).indices,
    # moves
    "broadcast_arrays": lambda m: m.broadcast_arrays(f(m), i(m)[:, :1])[1],
    "broadcast_to": lambda m: m.broadcast_to(f(m), (2, 2, 3)),
    "concat": lambda m: m.concat([f(m), f(m)], axis=-1),
    "concat flat": lambda m: m.concat([f(m), m.ones((1,), dtype=m.float32)], axis=None),
    "expand_dims": lambda m: m.expand_dims(f(m), axis=-1),
    "flip": lambda m: m.flip(f(m), axis=1),
    "flip all": lambda m: m.flip(i(m)),
    "moveaxis": lambda m: m.moveaxis(m.reshape(f(m), (1, 2, 3)), (0, 1), (-1, 0)),
    "permute_dims": lambda m: m.permute_dims(f(m), (1, 0)),
    "repeat": lambda m: m.repeat(f(m), 2, axis=1),
    "repeat each": lambda m: m.repeat(f(m), m.asarray([1, 0, 2]), axis=1),
    "repeat flat": lambda m: m.repeat(i(m), 2),
    "reshape": lambda m: m.reshape(f(m), (3, -1)),
    "roll": lambda m: m.roll(f(m), 1),
    "roll axes": lambda m: m.roll(f(m), (1, -1), axis=(0, 1)),
    "squeeze": lambda m: m.squeeze(f(m)[:1, None, :], axis=(0, 1)),
    "stack": lambda m: m.stack([f(m), f(m)], axis=-1),
    "tile": lambda m: m.tile(f(m), (2, 1, 2)),
    "unstack": lambda m: m.unstack(f(m), axis=1)[2],
    "take": lambda m: m.take(f(m), m.asarray([2, 0]), axis=1),
    "take_along_axis": lambda m: m.take_along_axis(f(m), m.argsort(f(m), axis=1), axis=1),
    "T": lambda m: f(m).T,
    "mT": lambda m: m.reshape(f(m), (1, 2, 3)).mT,
    # products
    "matmul": lambda m: m.matmul(f(m), f(m).T),
    "matmul of a vector": lambda m: f(m) @ f(m)[0, :],
    "matrix_transpose": lambda m: m.matrix_transpose(i(m)),
    "tensordot": lambda m: m.tensordot(f(m), f(m), axes=((0, 1), (0, 1))),
    "tensordot of none": lambda m: m.tensordot(f(m)[0, :], f(m)[1, :], axes=0),
    "vecdot": lambda m: m.vecdot(f(m), f(m), axis=-2),
    # indices
    "x[1]": lambda m: f(m)[1, ...],
    "x[::-1]": lambda m: f(m)[::-1, 1:],
    "x[None]": lambda m: i(m)[:, None, 1],
    "x[mask]": lambda m: f(m)[b(m)],
    "x[integers]": lambda m: f(m)[m.asarray([1, 0, 1]), m.asarray([-1, 0, 1])],
    "x[0-d mask]": lambda m: f(m)[m.asarray(True)],
    # numbers beside arrays
    "2 - x": lambda m: 2 - i(m),
    "2.5 / x": lambda m: 2.5 / f(m),
    "x ** 2": lambda m: f(m) ** 2,
    "2.0 ** x": lambda m: 2.0 ** m.asarray([1.0, -3.0], dtype=m.float32),
    "7 // x": lambda m: 7 // i(m),
    "x % 3": lambda m: i(m) % 3,
    "1 << x": lambda m: 1 << m.asarray([1, 4], dtype=m.int32),
    "x & True": lambda m: b(m) & True,
    "x == 2": lambda m: i(m) == 2,
    "-x": lambda m: -f(m),
    "~x": lambda m: ~i(m),
    "abs(x)": lambda m: abs(i(m)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CALLS)
def test_type_shape_and_values(name: str, backend: str) -> None:
    with rc.use_backend(backend):
        ours = CALLS[name](xp)
    assert isinstance(ours, rc.RamTensor)
    assert ours.backend == backend
    theirs = np.asarray(CALLS[name](strict))
    same(ours, theirs.astype(np.int32) if theirs.dtype == np.int64 else theirs)  # an index is int32 here


def test_an_array_of_no_elements_has_a_mean_that_is_nan() -> None:
    """Where the operations refuse to divide by nothing."""
    for x, axis in ((xp.zeros((0, 2)), 0), (xp.zeros(0), None)):
        for ours in (xp.mean(x, axis=axis), xp.var(x, axis=axis), xp.std(x, axis=axis)):
            assert ours.shape == x.shape[1:]
            assert bool(xp.all(xp.isnan(ours)))
    x = xp.asarray([[1.0, 3.0, 5.0]])
    assert xp.var(x, axis=1, correction=3, keepdims=True).shape == (1, 1)
    assert bool(xp.isnan(xp.std(x, correction=3.5)))
    assert xp.var(x, correction=2).item() == 8.0
    with pytest.raises(rc.AxisError, match="axis 2 is out of range"):
        xp.mean(x, axis=2)


def test_what_is_no_int32_does_not_become_one() -> None:
    """Fractions are cut off, as the standard says; what it leaves open is refused."""
    assert xp.astype(xp.asarray([-1.9, 1.9, -0.0]), xp.int32).tolist() == [-1, 1, 0]
    for number in (float("nan"), float("inf"), 2.0**31):
        with pytest.raises(rc.DTypeError, match=r"\[-2\^31, 2\^31\)"):
            xp.astype(xp.asarray([number]), xp.int32)


def test_negative_indices_count_from_the_end() -> None:
    x = xp.asarray([[1.0, 2.0, 3.0]])
    assert xp.take(x, xp.asarray([-1, 0]), axis=1).tolist() == [[3.0, 1.0]]
    assert xp.take_along_axis(x, xp.asarray([[-1, 1]]), axis=1).tolist() == [[3.0, 2.0]]


def test_where_of_numbers_alone_has_their_natural_type() -> None:
    c = xp.asarray([True, False])
    assert [xp.where(c, *xs).dtype for xs in ((1, 2), (1, 2.0), (True, False))] == [xp.int32, xp.float32, xp.bool]


def test_python_numbers_come_out() -> None:
    """As from a 0-d array, each of Python's own kind."""
    x = xp.asarray(2.5)
    for number in (True, -3, 2.5):
        x = xp.asarray(number)
        for kind in (bool, int, float, complex):
            assert (type(kind(x)), kind(x)) == (kind, kind(number))
    assert operator.index(xp.asarray(5)) == 5
    with pytest.raises(TypeError, match="no index"):
        operator.index(xp.asarray(5.0))
    assert [math.floor(x), math.ceil(x), math.trunc(x)] == [2, 3, 2]
    assert round(xp.asarray([0.5, 1.5, -2.5])).tolist() == [0.0, 2.0, -2.0]
    with pytest.raises(TypeError, match=r"not to 1 digits; take round\(x\.item\(\), n\)"):
        round(x, 1)
    assert bytes(xp.asarray(3)) == b"\3\0\0\0", "not three zero bytes, as of an index"


IN_PLACE = {"+=": 2, "-=": 2, "*=": 2, "//=": 2, "%=": 2, "**=": 2, "&=": 6, "|=": 4, "^=": 5, "<<=": 2, ">>=": 1}


@pytest.mark.parametrize("symbol", [*IN_PLACE, "/=", "@="])
def test_an_augmented_assignment_binds_the_name_anew(symbol: str) -> None:
    """And leaves alone what else has the tensor; its value is that of the operator, its type and backend are kept."""
    start: Any
    operand: Any
    if symbol == "/=":
        start, operand = [[1.0, 3.0], [5.0, -7.0]], rc.tensor([2.0, 4.0])
    elif symbol == "@=":
        start, operand = [[1.0, 3.0], [5.0, -7.0]], rc.tensor([[0.0, 1.0], [2.0, 0.0]])
    else:
        start, operand = [[1, 3], [5, 7]], IN_PLACE[symbol]
    x = xp.asarray(start)
    names: dict[str, Any] = {"x": x, "v": operand}
    exec(f"x {symbol} v", names)
    wanted: dict[str, Any] = {"x": np.asarray(x), "v": np.asarray(operand, x.dtype)}
    exec(f"x = x {symbol[:-1]} v", wanted)
    same(names["x"], wanted["x"])
    assert names["x"] is not x
    assert x.tolist() == start


# ------------------------------------------------------------------------------------ the suite's own generators

xps = make_strategies_namespace(xp, api_version="2024.12")
quietly = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@quietly
@given(st.data())
def test_indices_as_hypothesis_draws_them(data: Any) -> None:
    """Arrays are filled by item assignment; indices are read, and written, as NumPy does."""
    shape = data.draw(xps.array_shapes(min_dims=0, min_side=0, max_side=4))
    dtype = data.draw(st.sampled_from([xp.float32, xp.int32, xp.bool]))
    x = data.draw(xps.arrays(dtype, shape))
    reference = np.asarray(x)
    key = data.draw(xps.indices(shape, allow_newaxis=True))
    same(x[key], reference[key])
    key = data.draw(xps.indices(shape))
    value = data.draw(xps.arrays(dtype, reference[key].shape))
    changed = xp.asarray(x, copy=True)
    changed[key] = value
    wanted = reference.copy()
    wanted[key] = np.asarray(value)
    same(changed, wanted)
    same(x, reference)


@quietly
@given(st.data())
def test_broadcasting_as_hypothesis_draws_it(data: Any) -> None:
    shapes = data.draw(xps.mutually_broadcastable_shapes(2, min_side=0, max_side=3)).input_shapes
    x, y = (data.draw(xps.arrays(xp.float32, shape)) for shape in shapes)
    with np.errstate(all="ignore"):
        same(xp.subtract(x, y), rounded(np.asarray(x) - np.asarray(y)))
        same(x < y, np.asarray(x) < np.asarray(y))
    assert xp.broadcast_shapes(*shapes) == np.broadcast_shapes(*shapes)
