"""Tensors as guests in other people's code: the standard's functions, array-api-extra, SciPy, DLPack, JAX."""

import gc
import subprocess
import sys
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core import array_api as xp
from tests.installed import BACKENDS

xpx = pytest.importorskip("array_api_extra", reason="array-api-extra is in the extra 'test'")


def test_the_namespace_is_found_by_those_who_look_for_it() -> None:
    from array_api_compat import array_namespace, device, is_array_api_obj

    x = rc.tensor([1.0])
    assert array_namespace(x, x) is xp
    assert is_array_api_obj(x)
    assert device(x) == x.backend
    assert x.__array_namespace__(api_version="2022.12") is xp
    with pytest.raises(ValueError, match=r"'2019\.01' is asked for; there are 2021\.12"):
        x.__array_namespace__(api_version="2019.01")


def test_what_it_can_do() -> None:
    info = xp.__array_namespace_info__()
    assert info.capabilities()["boolean indexing"]
    assert info.default_device() in info.devices()
    assert info.dtypes() == {"float32": "float32", "int32": "int32", "bool": "bool"}
    assert info.dtypes(kind=("integral", "bool")) == {"int32": "int32", "bool": "bool"}
    assert info.default_dtypes()["real floating"] == xp.float32
    assert xp.finfo(xp.float32).eps == np.finfo(np.float32).eps
    assert xp.finfo(rc.tensor(1.0)).max == np.finfo(np.float32).max
    assert xp.iinfo("int32").min == -(2**31)
    assert xp.isdtype(xp.float32, "real floating")
    assert not xp.isdtype(xp.float32, xp.float64)
    assert xp.result_type(rc.tensor(1.0), 2, 3.5) == xp.float32
    with pytest.raises(rc.DTypeError, match="float32 and int32 have no element type together"):
        xp.result_type(xp.float32, xp.int32)
    with pytest.raises(rc.DTypeError, match="no element type 'float64'"):
        xp.zeros(3, dtype=xp.float64)


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, "int32"),
        (1.0, "float32"),
        (True, "bool"),
        ([1, 2], "int32"),
        ([1, 2.0], "float32"),
        ([True, False], "bool"),
        (np.arange(3), "int32"),
        (np.arange(3.0), "float32"),
        ([], "float32"),
        (range(3), "int32"),
        ([np.int64(1), 2], "int32"),
        ([np.arange(2), np.arange(2)], "int32"),
        (np.uint8(3), "int32"),
        (array("i", [1]), "int32"),
        (array("f", [1]), "float32"),
        (memoryview(b"ab"), "int32"),
        ([rc.tensor(1, dtype="int32"), True], "int32"),
    ],
)
def test_asarray_takes_the_natural_element_type(data: Any, dtype: str) -> None:
    assert xp.asarray(data).dtype == dtype


def test_creation_is_as_in_numpy() -> None:
    for ours, theirs in (
        (xp.arange(5), np.arange(5)),
        (xp.arange(1.0, 2.0, 0.25), np.arange(1.0, 2.0, 0.25)),
        (xp.linspace(0.0, 1.0, 5), np.linspace(0.0, 1.0, 5)),
        (xp.linspace(0.0, 1.0, 4, endpoint=False), np.linspace(0.0, 1.0, 4, endpoint=False)),
        (xp.eye(2, 3, k=1), np.eye(2, 3, k=1)),
        (xp.full((2,), 7), np.full((2,), 7)),
        (xp.tril(xp.ones((2, 2)), k=-1), np.tril(np.ones((2, 2)), k=-1)),
        (xp.full_like(xp.asarray([1, 2]), 3), np.array([3, 3])),
        (xp.empty((0, 2)), np.empty((0, 2))),
    ):
        np.testing.assert_array_equal(np.asarray(ours), theirs)
        assert ours.dtype[:3] == theirs.dtype.name[:3]


def test_unique() -> None:
    x = rc.tensor([[3.0, 1.0, 3.0], [float("nan"), -0.0, 0.0]])
    found = xp.unique_all(x)
    assert found.values.tolist()[:3] == [0.0, 1.0, 3.0]
    assert found.indices.tolist() == [4, 1, 0, 3]
    assert found.counts.tolist() == [2, 1, 2, 1]
    assert found.inverse_indices.tolist() == [[2, 1, 2], [3, 0, 0]]
    two = xp.unique_counts(rc.tensor([float("nan")] * 2))
    assert two.counts.tolist() == [1, 1], "every NaN is another"
    assert xp.unique_values(rc.tensor([True, False, True])).tolist() == [False, True]
    assert xp.unique_inverse(xp.asarray([2, 1, 2])).inverse_indices.tolist() == [1, 0, 1]
    assert xp.unique_all(rc.zeros((0, 2))).inverse_indices.shape == (0, 2)


# ------------------------------------------------------------------------------------- other people's functions

X = np.array([[1.0, 2.0, 3.5], [4.0, 5.0, 7.0]])

EXTRA: dict[str, Callable[..., Any]] = {
    "apply_where": lambda x: xpx.apply_where(x > 2, x, lambda v: v * 2, fill_value=0.0),
    "at": lambda x: xpx.at(x, 0).set(1.0),
    "at_add": lambda x: xpx.at(x, (slice(None), 1)).add(1.0),
    "atleast_nd": lambda x: xpx.atleast_nd(x, ndim=3),
    "create_diagonal": lambda x: xpx.create_diagonal(x[0, :]),
    "isclose": lambda x: xpx.isclose(x, x + 1e-6),
    "kron": lambda x: xpx.kron(x, x),
    "nan_to_num": lambda x: xpx.nan_to_num(x),
    "nunique": xpx.nunique,
    "one_hot": lambda x: xpx.one_hot(x.__array_namespace__().asarray([0, 2]), 3),
    "pad": lambda x: xpx.pad(x, 1),
    "setdiff1d": lambda x: xpx.setdiff1d(x, x[0, :]),
    "sinc": lambda x: xpx.sinc(x / 3.0),
    "union1d": lambda x: xpx.union1d(x[0, :], x[1, :]),
    "angle": lambda x: xpx.angle(-x),
    "argpartition": lambda x: xpx.argpartition(x[::-1, 0], 0)[:1],
    "at_multiply": lambda x: xpx.at(x, x > 3).multiply(2.0),
    "at_subtract": lambda x: xpx.at(x, (0, slice(1, None))).subtract(2.0),
    "at_min": lambda x: xpx.at(x, x > 3).min(4.5),
    "at_power": lambda x: xpx.at(x, 1).power(2.0),
    "deg2rad": lambda x: xpx.deg2rad(x),
    "expand_dims": lambda x: xpx.expand_dims(x, axis=(0, -1)),
    "isin": lambda x: xpx.isin(x, x[0, :]),
    "lazy_apply": lambda x: xpx.lazy_apply(lambda v: v * 2, x, as_numpy=True),
    "nanmax": lambda x: xpx.nanmax(gap(x)),
    "nanmean": lambda x: xpx.nanmean(gap(x), axis=0),
    "nansum": lambda x: xpx.nansum(gap(x), axis=1),
    "partition": lambda x: xpx.partition(x[::-1, 1], 0)[:1],
    "rad2deg": lambda x: xpx.rad2deg(x),
    "searchsorted": lambda x: xpx.searchsorted(x[0, :], x[1, :]),
    "unravel_index": lambda x: xpx.unravel_index(xpx.argpartition(x[:, 0], 0), (1, 2))[1],
}


def gap(x: Any) -> Any:
    """With one NaN."""
    return xpx.at(x * 1.0, (0, 1)).set(float("nan"))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", EXTRA)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_array_api_extra(name: str, backend: str) -> None:
    with rc.use_backend(backend):  # some of them make tensors of the default one
        ours = EXTRA[name](rc.tensor(X, backend))
    theirs = EXTRA[name](X.copy())
    if isinstance(ours, rc.RamTensor):
        assert ours.backend == backend
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-6, atol=1e-7)


SCIPY = """
import os
os.environ["SCIPY_ARRAY_API"] = "1"
import numpy as np, rcmlrs_core as rc
from scipy import constants, integrate, special, stats
from scipy.cluster.vq import whiten
X = np.array([[1.0, 2.0, 3.5], [4.0, 5.0, 7.0]])
P = np.array([0.25, 0.3, 0.45])
CALLS = {
    "expit": lambda: (special.expit, P), "logit": lambda: (special.logit, P), "erf": lambda: (special.erf, P),
    "entr": lambda: (special.entr, P), "logsumexp": lambda: (special.logsumexp, X),
    "rel_entr": lambda: (lambda p: special.rel_entr(p, p * 0.5), P),
    "xlogy": lambda: (lambda p: special.xlogy(p, p), P),
    "softmax": lambda: (special.softmax, X), "log_softmax": lambda: (special.log_softmax, X),
    "gmean": lambda: (stats.gmean, X), "hmean": lambda: (stats.hmean, X), "zscore": lambda: (stats.zscore, X),
    "skew": lambda: (stats.skew, X.T), "kurtosis": lambda: (stats.kurtosis, X.T), "sem": lambda: (stats.sem, X),
    "variation": lambda: (stats.variation, X), "entropy": lambda: (stats.entropy, P), "tmean": lambda: (stats.tmean, X),
    "moment": lambda: (lambda x: stats.moment(x, 2), X), "circmean": lambda: (stats.circmean, P),
    "ttest_1samp": lambda: (lambda x: stats.ttest_1samp(x, 0.0).statistic, X),
    "trapezoid": lambda: (integrate.trapezoid, X), "cumulative": lambda: (integrate.cumulative_trapezoid, X),
    "kelvin": lambda: (lambda x: constants.convert_temperature(x, "C", "K"), X), "whiten": lambda: (whiten, X),
}
from scipy import differentiate, ndimage, optimize, signal
from scipy.spatial.transform import Rotation
W = np.array([0.5, 1.5, 2.0, 4.0, 7.5, 1.25, 3.0, 0.75])
one = "erfc erfinv exp1 gammaln i0 i0e i1 i1e log_ndtr ndtr ndtri sinc digamma"
two = "chdtr chdtrc gammainc gammaincc pdtr stdtr xlog1py zeta"
CALLS |= {n: lambda n=n: (getattr(special, n), P) for n in one.split()}
CALLS |= {n: lambda n=n: (lambda w: getattr(special, n)(w + 1, w), W) for n in two.split()}
CALLS |= {n: lambda n=n: (lambda w: getattr(special, n)(w, w, w / 10), W) for n in ("betainc", "betaincc")}
row = "gzscore differential_entropy tvar tstd tsem tmin tmax circvar circstd gstd kstat kstatvar rankdata"
CALLS |= {n: lambda n=n: (getattr(stats, n), W) for n in row.split()}
CALLS |= {
    "pmean": lambda: (lambda w: stats.pmean(w, 2), W), "trim_mean": lambda: (lambda w: stats.trim_mean(w, 0.2), W),
    "boxcox_llf": lambda: (lambda w: stats.boxcox_llf(2.0, w), W), "rosen": lambda: (optimize.rosen, P),
    "pearsonr": lambda: (lambda w: stats.pearsonr(w, w * w).statistic, W),
    "ttest_ind": lambda: (lambda w: stats.ttest_ind(w, w * w).statistic, W),
    "bartlett": lambda: (lambda w: stats.bartlett(w, w * w).statistic, W),
    "convolve": lambda: (lambda w: signal.convolve(w, w, method="direct"), W), "detrend": lambda: (signal.detrend, W),
    "gaussian": lambda: (lambda w: ndimage.gaussian_filter(w, 1.0), W), "mean": lambda: (ndimage.mean, W),
    "derivative": lambda: (lambda p: differentiate.derivative(lambda v: v * v, p).df, P),
    "rotation": lambda: (lambda w: Rotation.from_quat(w[:4]).as_matrix(), W),
}
for name, call in CALLS.items():
    function, argument = call()
    ours, theirs = function(rc.tensor(argument)), function(argument)
    assert isinstance(ours, rc.RamTensor), (name, type(ours))
    error = np.max(np.abs(np.asarray(ours, dtype=float) - theirs) / (1e-3 + np.abs(theirs)))
    assert error < 2e-6, (name, ours, theirs)
print(len(CALLS), "functions of SciPy")
"""


def test_scipy() -> None:
    """In a process of its own: SciPy asks for its variable when it is imported."""
    pytest.importorskip("scipy", reason="SciPy is in the extra 'test'")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCIPY], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "74 functions of SciPy\n"


# --------------------------------------------------------------------------------------------------- exchange


@pytest.mark.parametrize("backend", BACKENDS)
def test_numpy_takes_a_tensor_by_dlpack(backend: str) -> None:
    for data, dtype in (([[1.5, -0.0], [2.0**-149, float("inf")]], "float32"), ([1, -2], "int32"), ([True], "bool")):
        x = rc.tensor(data, backend, dtype=dtype)
        taken = np.from_dlpack(x)
        assert taken.tobytes() == x.tobytes()
        assert (taken.shape, taken.dtype.name) == (x.shape, dtype)
        if backend != "python":
            assert not taken.flags.writeable
            assert np.from_dlpack(x, copy=False).tobytes() == x.tobytes()
        copied = np.from_dlpack(x, copy=True)
        copied[...] = 0
        assert taken.tobytes() == x.tobytes(), "a copy is one"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_nan_that_leaves_is_the_one_nan(backend: str) -> None:
    raw = b"\x01\x00\x80\xff\x00\x00\x80\x3f"
    x = rc.from_bytes(raw, (2,), backend)
    assert np.from_dlpack(x).view(np.uint32)[0] == 0x7FC00000


@pytest.mark.parametrize("backend", BACKENDS)
def test_bools_are_0_or_1_whoever_made_them(backend: str) -> None:
    """C programs may hold any other byte for true; shared, it would be in tobytes() and in the digest."""
    odd = np.array([2, 255, 0, 1], np.uint8).view(bool)
    for x in (rc.from_dlpack(odd, backend=backend), rc.tensor(odd, backend), rc.from_dlpack(odd[::2], backend=backend)):
        assert set(x.tobytes()) <= {0, 1}
        assert x.tolist() == np.asarray(odd.view(np.uint8) != 0)[:: 4 // x.size].tolist()


class Guest:
    """An array that another program exports, in its own way."""

    def __init__(self, array: Any, device: Any = (1, 0)) -> None:
        self.array, self.device = array, device

    def __dlpack_device__(self) -> Any:
        return self.device

    def __dlpack__(self, **asked: Any) -> Any:
        return self.array.__dlpack__(**asked)


class Before(Guest):
    """DLPack before 1.0."""

    def __dlpack__(self, stream: None = None) -> Any:  # type: ignore[override]
        return self.array.__dlpack__()


class Worn(Guest):
    """The same capsule each time, which only the first can take."""

    def __dlpack__(self, **asked: Any) -> Any:
        return self.array


@pytest.mark.parametrize("backend", BACKENDS)
def test_unusual_arrays_arrive_as_they_are(backend: str) -> None:
    whole = np.arange(12, dtype=np.float32).reshape(3, 4)
    shifted = np.frombuffer(bytearray(b"\0" + whole.tobytes()), np.float32, offset=1).reshape(3, 4)
    fixed = whole.copy()
    fixed.flags.writeable = False
    point = np.array(2.5, np.float32)
    for lying in (whole[::-1, ::-1], whole.T, whole[:, ::2], whole[:0], point, shifted, fixed, whole[None, :, 1:]):
        for given in (lying, Guest(lying), Before(lying)):
            if isinstance(given, Before) and lying is fixed:
                continue  # before 1.0, read-only memory cannot be exported at all
            x = rc.from_dlpack(given, backend=backend)
            assert (x.shape, x.tobytes()) == (lying.shape, lying.tobytes())
            assert (x * 2.0).tolist() == (lying * 2).tolist()
    assert rc.from_dlpack(np.broadcast_to(np.float32(3), (2, 2)), backend=backend).tolist() == [[3.0, 3.0], [3.0, 3.0]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_bad_exporters_are_refused(backend: str) -> None:
    class Half:
        def __dlpack__(self) -> Any:
            raise AssertionError("nobody asks")

    with pytest.raises(TypeError, match="__dlpack__ and __dlpack_device__, got Half"):
        rc.from_dlpack(Half(), backend=backend)
    worn = Worn(np.ones(3, np.float32).__dlpack__())
    assert rc.from_dlpack(worn, backend=backend).tolist() == [1.0, 1.0, 1.0]
    with pytest.raises((BufferError, ValueError)):
        rc.from_dlpack(worn, backend=backend)
    with pytest.raises(BufferError, match="native byte order"):
        rc.from_dlpack(np.ones(3, ">f4"), backend=backend)
    with pytest.raises(rc.DTypeError, match="complex64 holds no real numbers"):
        rc.from_dlpack(np.ones(3, "c8"), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_exporter_may_be_gone_before_the_tensor(backend: str) -> None:
    source = np.arange(1 << 16, dtype=np.float32)
    wanted = source.tobytes()
    x = rc.from_dlpack(source, backend=backend)
    y = np.from_dlpack(rc.tensor(source, backend))
    del source
    gc.collect()
    assert [np.full(1 << 16, 7.0, np.float32).sum() for _ in range(4)]
    assert x.tobytes() == y.tobytes() == wanted


def test_a_tensor_stays_on_its_device() -> None:
    for backend in BACKENDS:
        x = rc.tensor([1.0], backend)
        assert xp.from_dlpack(x).device == backend
        assert xp.from_dlpack(x, device="python").device == "python"


@pytest.mark.parametrize("backend", ["numpy", *[name for name in BACKENDS if name == "native"]])
def test_memory_is_shared_both_ways(backend: str) -> None:
    source = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = rc.from_dlpack(source, backend=backend)
    assert np.shares_memory(np.from_dlpack(x), source)
    assert x.tolist() == source.tolist()
    kept = rc.from_dlpack(source, backend=backend, copy=True)
    assert not np.shares_memory(np.from_dlpack(kept), source)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cannot_be_shared_is_copied_or_refused(backend: str) -> None:
    wide = np.array([0.1, 2.0])
    assert rc.from_dlpack(wide, backend=backend).digest() == rc.tensor([0.1, 2.0], backend).digest()
    assert rc.from_dlpack(np.array([1, 2]), backend=backend).dtype == "int32"
    with pytest.raises(BufferError, match=f"copy is False, and the backend '{backend}' cannot share"):
        rc.from_dlpack(wide, backend=backend, copy=False)
    with pytest.raises(rc.DTypeError, match="not every element of the array is an integer in"):
        rc.from_dlpack(np.array([2**40]), backend=backend)
    with pytest.raises(TypeError, match="takes an array with __dlpack__ and __dlpack_device__, got list"):
        rc.from_dlpack([1.0], backend=backend)
    with pytest.raises(BufferError, match="no streams"):
        rc.tensor([1.0], backend).__dlpack__(stream=1)  # type: ignore[arg-type]
    with pytest.raises(BufferError, match="device"):
        rc.tensor([1.0], backend).__dlpack__(dl_device=(2, 0))


@pytest.mark.parametrize("backend", BACKENDS)
def test_element_types_of_other_libraries_are_understood(backend: str) -> None:
    x = rc.tensor([1, 2], backend, dtype="int32")
    types: Any = (np.dtype("float32"), np.float32, "float32")
    for dtype in types:
        assert type(x.astype(dtype).dtype) is str
        assert x.astype(dtype).tolist() == [1.0, 2.0]
    with pytest.raises(rc.AttributeValueError, match="got 'float64'"):
        x.astype(np.float64)  # type: ignore[arg-type]


def test_jax_takes_tensors() -> None:
    jnp = pytest.importorskip("jax.numpy", reason="JAX is in the extra 'test'")
    x = rc.tensor([1.0, 2.0])
    assert jnp.asarray(x).tolist() == [1.0, 2.0]
    assert jnp.array(x).shape == (2,)
    assert rc.from_dlpack(jnp.arange(3)).tolist() == [0, 1, 2]
    for dtype in (jnp.bfloat16, jnp.float8_e4m3fn, jnp.float16):
        narrow = rc.tensor(jnp.asarray([0.1, -0.0, 3.0], dtype))
        assert narrow.tobytes() == np.asarray(jnp.asarray([0.1, -0.0, 3.0], dtype).astype(jnp.float32)).tobytes()


@pytest.mark.parametrize("backend", ["numpy", *[name for name in BACKENDS if name == "native"]])
def test_item_assignment_where_places_have_no_numbers(backend: str) -> None:
    """A view of one number as 2^40: no copy of it can be made, and none is tried."""
    x = rc.from_dlpack(np.broadcast_to(np.float32(1), (1 << 20, 1 << 20)), backend=backend)
    with pytest.raises(rc.ShapeError, match="1099511627776 places, more than int32 can number"):
        x[0, 0] = 2.0
    assert x[-1, -1].item() == 1.0


ASSIGNED: dict[str, tuple[Any, Any]] = {
    "an int": (1, [7.0, -0.0, 9.0]),
    "all": (..., 5.0),
    "backwards": ((slice(None, None, -1), slice(0, 2)), [[1.0, 2.0], [3.0, 4.0]]),
    "nothing": ((slice(1, 1),), 5.0),
    "a new axis": ((None, 0), [[7.0, 8.0, 9.0]]),
    "positions": ([1, 0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "one position twice": ([0, 0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "positions on two axes": (([0, 1], [2, -1]), [5.0, 6.0]),
    "positions and a slice": ((slice(None), [2, 0]), [5.0, 6.0]),
    "a mask": ([[True, False, True], [False, False, True]], [1.0, 2.0, 3.0]),
    "a mask of rows": ([False, True], 4.0),
    "an array": (np.array([-1]), 3),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("name", ASSIGNED)
def test_item_assignment_is_numpys(name: str, shared: bool, backend: str) -> None:
    """Also on a transposed view, and where the memory is another's, which stays as it is."""
    index, value = ASSIGNED[name]
    source = np.arange(6, dtype=np.float32).reshape(3, 2).T
    x = rc.from_dlpack(source, backend=backend) if shared else rc.tensor(np.ascontiguousarray(source.T), backend).T
    before, wanted = x[...], source.copy()
    wanted[index if isinstance(index, tuple) else (index,)] = value
    x[index] = rc.tensor(value, backend) if isinstance(value, list) else value
    assert x.tobytes() == wanted.tobytes()
    assert before.tobytes() == source.tobytes() == np.arange(6, dtype=np.float32).reshape(3, 2).T.tobytes()


REFUSED: dict[str, tuple[str, Any, Any, type[Exception], str]] = {
    "a float into int32": ("int32", 0, 2.0, rc.DTypeError, "int32 and float32 differ"),
    "beyond int32": ("int32", 0, 2**31, rc.DTypeError, "no int32"),
    "an int into bool": ("bool", 0, 1, rc.DTypeError, "bool and float32 differ"),
    "a list": ("float32", slice(None), [1.0, 2.0], TypeError, "an operand is a tensor or a number, got list"),
    "a complex number": ("float32", 0, 1j, TypeError, "got complex"),
    "out of range": ("float32", 2, 1.0, rc.IndexRangeError, "index 2 is out of range"),
    "too many indices": ("float32", (0, 0), 1.0, rc.IndexRangeError, "2 indices"),
    "a float as an index": ("float32", 0.0, 1.0, rc.IndexRangeError, "got float"),
    "too many values": ("float32", [True, False], rc.tensor([1.0, 2.0], "python"), rc.ShapeError, "does not broadcast"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_item_assignment_refuses(name: str) -> None:
    dtype, index, value, error, told = REFUSED[name]
    x = rc.tensor([1, 0], "python", dtype=dtype)
    before = x.tobytes()
    with pytest.raises(error, match=told):
        x[index] = value
    assert x.tobytes() == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_item_assignment_changes_this_tensor_and_no_other(backend: str) -> None:
    x = rc.tensor([[1.0, 2.0], [3.0, 4.0]], backend)
    row, same = x[0], x.reshape((2, 2))
    y = x * 1.0
    x[0] = 9.0
    x[1, 1] = rc.tensor(7.0, backend)
    x[x == 3.0] = -1
    assert x.tolist() == [[9.0, 9.0], [-1.0, 7.0]]
    assert (row.tolist(), same.tolist(), y.tolist()) == ([1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]], same.tolist())
    w = rc.tensor([1.0, 2.0], backend, requires_grad=True)
    with pytest.raises(rc.GradientError, match="on the tape cannot change in place"):
        w[0] = 1.0
    with pytest.raises(rc.GradientError, match="a value that is on the tape"):
        x[0] = w
    with rc.no_grad():
        w[0] = 5.0
    assert w.tolist() == [5.0, 2.0]
