"""What may be wrong with an array library is found when it is loaded, and worked around or refused with the reason."""

from typing import Any

import numpy
import pytest

from rcmlrs_backend_array_api import backend_of, functions, probes
from rcmlrs_backend_array_api.library import FLOAT64, Library
from rcmlrs_conformance import check_backend
from rcmlrs_core.errors import BackendError
from rcmlrs_core.numerics import rows
from rcmlrs_core.registry import Backend
from tests.backends.array_libraries import Fused, build, fake, namespace, no_context

Array = Any
TINY = numpy.float32(2.0**-126)


def right(backend: Backend, *names: str) -> None:
    """Conformance of some operations."""
    report = check_backend(backend, ops=names, level="smoke")
    assert report.ok, "\n".join(f"{f.subject}: {f.kind}: {f.sentence}" for f in report.failures)
    assert report.subjects


def refused(monkeypatch: pytest.MonkeyPatch, plugin: Any) -> str:
    """The reason for which a plugin is refused."""
    with pytest.raises(BackendError) as caught:
        build(monkeypatch, plugin)
    return str(caught.value)


def library(**faults: Any) -> Library:
    """With the namespace ``m`` as it is when a library is loaded."""
    made = Library(namespace(**faults))
    made.m = functions.LibraryMath(made.xp)
    return made


def test_nothing_is_wrong_with_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    with no_context():
        assert probes.examine(library()) == ([], [])
    backend = build(monkeypatch, fake())
    assert backend.about == f"numpy, in part {numpy.__version__}"
    right(backend, "add", "exp", "matmul", "argsort", "storage")


# ------------------------------------------------------------------------------------------------------- refused


def test_binary64_that_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def asarray(x: Any, dtype: Any = None, copy: bool | None = None) -> Array:
        return numpy.asarray(x, dtype=numpy.float32 if dtype == numpy.float64 else dtype, copy=copy)

    assert "binary64 is switched off" in refused(monkeypatch, fake(asarray=asarray))
    assert "binary64 is missing (AttributeError" in probes.binary64(Library(object()))


def test_a_conversion_that_truncates(monkeypatch: pytest.MonkeyPatch) -> None:
    def astype(x: Array, dtype: Any) -> Array:
        result = numpy.astype(x, dtype)
        if dtype == numpy.float32:
            too_large = numpy.abs(result.astype(numpy.float64)) > numpy.abs(x)
            return numpy.where(too_large, numpy.nextafter(result, numpy.float32(0)), result)
        return result

    assert "does not round to the nearest binary32" in refused(monkeypatch, fake(astype=astype))


@pytest.mark.parametrize("kept", ["products", "sums"])
def test_operations_that_keep_what_rounding_takes_away(monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    monkeypatch.setattr(Fused, "KEEPS", kept)

    def asarray(x: Any, dtype: Any = None, copy: bool | None = None) -> Array:
        return numpy.array(x, dtype=dtype).view(Fused)

    reason = refused(monkeypatch, fake(asarray=asarray))
    assert {"products": "is not rounded before it is added to", "sums": "the error of a sum"}[kept] in reason
    monkeypatch.setattr(Fused, "KEEPS", "nothing")
    with no_context():
        assert probes.contraction(library(asarray=asarray)) == ""


def test_a_quotient_by_way_of_the_reciprocal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reciprocal(numpy.ndarray):
        def __truediv__(self, other: Any) -> Any:
            return (numpy.asarray(self) * (1.0 / numpy.asarray(other))).view(Reciprocal)

    def asarray(x: Any, dtype: Any = None, copy: bool | None = None) -> Array:
        return numpy.array(x, dtype=dtype).view(Reciprocal)

    assert "x / y is not rounded as IEEE 754 has it" in refused(monkeypatch, fake(asarray=asarray))


def test_sums_in_reduced_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    def sums(x: Array, **options: Any) -> Array:
        return numpy.sum(x.astype(numpy.float32), **options).astype(numpy.float64)

    assert "sums are less accurate" in refused(monkeypatch, fake(sum=sums))


def test_sums_that_leave_nan_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sums of infinities and NaN are" in refused(monkeypatch, fake(sum=numpy.nansum))


def test_a_largest_that_leaves_nan_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the largest of rows with NaN" in refused(monkeypatch, fake(max=numpy.nanmax))


def test_a_sign_that_cannot_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def signbit(x: Array) -> Array:
        return x < 0

    reason = refused(monkeypatch, fake(signbit=signbit))
    assert "the largest of rows with NaN or zeros" in reason or "signbit" in reason


def test_elements_from_other_places(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(x: Array, index: Array, *, axis: int) -> Array:
        return x if len(index) == 1 and len(x) == 2 else numpy.take(x, index, axis=axis)

    assert "take from [1, 2, 3, 4, 5, 6] at [4] gives" in refused(monkeypatch, fake(take=take))


def test_numbers_that_do_not_come_back() -> None:
    def asarray(x: Any, dtype: Any = None, copy: bool | None = None) -> Array:
        return numpy.nan_to_num(numpy.asarray(x, dtype=dtype))

    problems, _ = probes.examine(library(asarray=asarray, from_dlpack=asarray))
    assert "no way of bringing numbers into the library and out" in problems[0]


# ------------------------------------------------------------------------------------------------ worked around


def flushing(x: Array) -> Array:
    """Subnormal binary32 numbers as zeros."""
    return numpy.where(numpy.abs(x) < TINY, x * numpy.float32(0), x) if x.dtype == numpy.float32 else x


def flushing_astype(x: Array, dtype: Any) -> Array:
    return flushing(numpy.astype(flushing(x), dtype))


def test_flushed_subnormals(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = library(astype=flushing_astype)
    with no_context():
        assert "subnormal binary32 numbers are flushed" in probes.narrowing(wide)
        wide.wide = True
        assert probes.narrowing(wide) == ""
    backend = build(monkeypatch, fake(astype=flushing_astype))
    assert "kept in binary64, as it flushes subnormal ones" in backend.about
    right(backend, "add", "mul", "div", "exp", "gelu", "softmax", "sum", "pad", "linear", "astype", "median", "storage")


def test_comparisons_that_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    class Flushing(numpy.ndarray):
        def __ne__(self, other: Any) -> Any:
            return flushing(numpy.asarray(self)) != other

    def astype(x: Array, dtype: Any) -> Array:
        return numpy.astype(x, dtype).view(Flushing)

    with no_context():
        assert "flushed" in probes.narrowing(library(astype=astype))
    right(build(monkeypatch, fake(astype=astype)), "add", "exp")


def reduced(x: Array, y: Array) -> Array:
    """Products of matrices in binary32."""
    return numpy.matmul(x.astype(numpy.float32), y.astype(numpy.float32)).astype(numpy.float64)


def skipping_zeros(x: Array, y: Array) -> Array:
    """0 * inf as 0."""
    return numpy.matmul(x, numpy.where(numpy.isfinite(y) | numpy.any(x != 0), y, 0.0))


@pytest.mark.parametrize("matmul", [reduced, skipping_zeros])
def test_products_outside_of_the_error_bound(monkeypatch: pytest.MonkeyPatch, matmul: Any) -> None:
    with no_context():
        assert "products of matrices" in probes.products(library(matmul=matmul))
        assert probes.products(library()) == ""
    backend = build(monkeypatch, fake(matmul=matmul))
    assert "products of matrices left to the host" in backend.about
    assert backend.origins["matmul"] == "derived"
    right(backend, "matmul", "linear")


def test_the_last_among_equals(monkeypatch: pytest.MonkeyPatch) -> None:
    def argmax(x: Array, *, axis: int) -> Array:
        return x.shape[axis] - 1 - numpy.argmax(numpy.flip(x, axis), axis=axis)

    def argsort(x: Array, *, axis: int = -1, stable: bool = True) -> Array:
        return numpy.flip(numpy.argsort(-numpy.flip(x, axis), axis=axis, stable=True), axis)

    for faults, word in (({"argmax": argmax}, "argmax of rows"), ({"argsort": argsort}, "argsort does not keep")):
        assert word in probes.searches(library(**faults))
        backend = build(monkeypatch, fake(**faults))
        assert "left to the host" in backend.about
        right(backend, "argmax", "argmin", "argsort", "median", "sort")
    assert probes.searches(library()) == ""


# ---------------------------------------------------------------------------------------------------- functions


def in_binary32(name: str) -> Any:
    """A function of that precision."""
    return lambda x: getattr(numpy, name)(x.astype(numpy.float32)).astype(numpy.float64)


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh"])
def test_an_inaccurate_function_is_replaced(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    backend = build(monkeypatch, fake(**{name: in_binary32(name)}))
    assert f"{name} built on others" in backend.about or f"{name} on the host" in backend.about
    right(backend, name, "sigmoid", "softplus")


def test_a_square_root_that_is_rounded_to_the_wrong_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """As PyTorch's is here and there."""

    def sqrt(x: Array) -> Array:
        root = numpy.sqrt(x)
        return numpy.where((root > 0) & (root * 1e6 % 1 < 0.01), numpy.nextafter(root, 0), root)

    with no_context():
        assert functions.error_of("sqrt", numpy.sqrt, library()) == ""
        assert functions.error_of("sqrt", sqrt, library()).startswith("sqrt(")
    backend = build(monkeypatch, fake(sqrt=sqrt))
    assert "sqrt corrected" in backend.about
    right(backend, "sqrt", "std")


def test_a_function_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = namespace()
    del faulty.expm1
    backend = build(monkeypatch, backend_of(faulty))
    assert "expm1 on the host" in backend.about
    right(backend, "expm1")


def test_errors_of_a_few_ulp_are_seen() -> None:
    """XLA's log1p is off by 44 ulp next to -0.4, and its tanh by 6."""
    for ulps, found in ((1, False), (6, True)):  # an ulp is 1 to 2 times 2^-53 of the value
        with no_context():
            error = functions.error_of("exp", lambda x, ulps=ulps: numpy.exp(x) * (1 + ulps * 2.0**-52), library())
        assert bool(error) == found, error


def test_special_values_are_tried() -> None:
    def no_infinity(x: Array) -> Array:
        return numpy.where(numpy.isinf(x), numpy.nan, numpy.exp(x))

    def positive_zero(x: Array) -> Array:
        return numpy.tanh(x) + 0.0

    with no_context():
        assert functions.error_of("exp", no_infinity, library()) == "exp(inf) is nan, and should be inf"
        assert functions.error_of("tanh", positive_zero, library()) == "tanh(-0.0) is 0.0, and should be -0.0"


def test_functions_built_on_others_are_within_4_ulp() -> None:
    made = library()
    with no_context():
        for name, several in functions.BUILT.items():
            for build_function in several:
                assert functions.error_of(name, build_function(made), made) == ""


def test_functions_on_the_host_are_right_and_broadcast() -> None:
    made = library()
    power = functions.on_the_host("power", made)
    x = numpy.array([[1.0, 2.0], [3.0, 4.0]])
    assert power(x, numpy.asarray(2.0)).tolist() == [[1.0, 4.0], [9.0, 16.0]]
    assert power(x, 2.0).tolist() == [[1.0, 4.0], [9.0, 16.0]]
    assert functions.on_the_host("exp", made)(numpy.array([0.0, -numpy.inf])).tolist() == [1.0, 0.0]


def test_every_function_of_the_namespace_is_examined_or_rounds_no_more_than_arithmetic() -> None:
    public = {
        name
        for name, value in vars(rows).items()
        if callable(value) and not name.startswith("_") and getattr(value, "__module__", rows.__name__) == rows.__name__
    }
    known = {*functions.REFERENCES, *functions.PAIRS, *functions.EXACT, *functions.OF_PYTHON_ALONE, "sqrt"}
    assert public <= known, f"say in functions.py how {sorted(public - known)} are examined"


# --------------------------------------------------------------------------------------------- numbers in and out


def test_a_library_that_takes_no_numpy_arrays() -> None:
    """Through DLPack, and where there is none, number by number."""

    def asarray(x: Any, dtype: Any = None, copy: bool | None = None) -> Array:
        if isinstance(x, numpy.ndarray):
            raise TypeError("no NumPy here")
        return numpy.asarray(x, dtype=dtype)

    for faults, way in (({}, "_in_dlpack"), ({"from_dlpack": asarray}, "_in_numbers")):
        made = Library(namespace(asarray=asarray, **faults))
        assert made.to_host(made.from_host([1.0, -0.0], FLOAT64)).tolist() == [1.0, -0.0]
        assert made._inward is not None
        assert made._inward.__name__ == way
