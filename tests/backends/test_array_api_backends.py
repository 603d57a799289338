"""Array libraries as backends: not one wrong bit, none imported before it is chosen, nobody's settings changed."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import array_api_strict
import numpy
import pytest

import rcmlrs_core as rc
from rcmlrs_backend_array_api import backend_of, named
from rcmlrs_backend_array_api.library import SMALL, Library, quiet
from rcmlrs_conformance import check_backend
from rcmlrs_conformance.subjects import LEVELS, Level
from rcmlrs_core import registry
from rcmlrs_core.errors import BackendError
from rcmlrs_core.ops import KERNELS, TABLE
from rcmlrs_core.ops.op import Reduction
from rcmlrs_core.plain import PlainArray
from tests.backends.array_libraries import build, namespace

NAMED = "rcmlrs_backend_array_api.named:"
"""Where the plugins of the entry points are, whether or not those are installed."""

FEW_SHAPES = Level("few_shapes", 24, 1, (0, 1, 3, 17), 1, rank=0)
"""For a library that compiles for each new shape, which takes it some 40 ms for every function."""

FAMILIES = ("cases", "refusals", "edges", "ties", "specials", "subnormals", "moved", "int32")
"""Of the families of operands, those that are hard for a library."""


COMPOSITIONS = [name for name in TABLE if name not in KERNELS]
"""They have the bits of their operations (N5), so a few trials will do."""


def right(backend: Any, level: str = "smoke", ops: Any = None, families: Any = None) -> None:
    """The conformance suite finds nothing."""
    report = check_backend(backend, level=level, ops=ops, families=families)
    assert report.ok, "\n".join(f"{f.subject}: {f.kind}: {f.sentence}; {f.command}" for f in report.failures)


def test_array_api_strict() -> None:
    """It has what the standard says and nothing else, so no kernel leans on anything that it does not say."""
    right(NAMED + "array_api_strict", level="standard", ops=["storage", *KERNELS])
    right(NAMED + "array_api_strict", ops=COMPOSITIONS)


def test_as_for_a_library_that_flushes_and_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paths that JAX takes, for every family, on a library that is quicker at it."""

    def flushing(x: Any, dtype: Any) -> Any:
        result = array_api_strict.astype(x, dtype)
        tiny = abs(result) < 2.0**-126 if dtype == array_api_strict.float32 else None
        return result if tiny is None else array_api_strict.where(tiny, result * 0.0, result)

    names = {name: getattr(array_api_strict, name) for name in dir(array_api_strict) if not name.startswith("_")}
    strict = SimpleNamespace(**names | {"astype": flushing, "__name__": "strict"})
    backend = build(monkeypatch, backend_of(strict, compiles=True))
    assert "kept in binary64" in backend.about
    right(backend)


def test_without_numpy_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Number by number, as the standard has it."""
    plugin = backend_of(array_api_strict)
    plugin.library._numpy = None
    backend = build(monkeypatch, plugin)
    right(backend, ops=["storage", "exp", "sum", "matmul", "transpose", "where", "argmax", "scatter_add"])
    assert plugin.library._outward.__name__ == "_out_numbers"  # type: ignore[union-attr]


jax_is_here = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed: pip install 'rcmlrs[jax]'")


@jax_is_here
def test_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    """In few shapes and families: all of them take minutes, and `rcmlrs conformance --backend jax` does them."""
    monkeypatch.setitem(LEVELS, "few_shapes", FEW_SHAPES)
    right(NAMED + "jax", level="few_shapes", ops=["storage", *KERNELS], families=FAMILIES)
    right(NAMED + "jax", ops=COMPOSITIONS, families=["cases", "refusals"])


@jax_is_here
def test_jax_keeps_the_settings_of_its_user() -> None:
    import jax
    import jax.numpy

    before = jax.config.jax_enable_x64, jax.config.values.copy()
    x = rc.tensor([1.0, 2.0**-149, 3.0], backend=NAMED + "jax")
    assert (x * 0.5).tolist() == [0.5, 0.0, 1.5]
    assert (x + x).tolist() == [2.0, 2.0**-148, 6.0]
    assert (jax.config.jax_enable_x64, jax.config.values) == before
    assert jax.numpy.asarray([1.0]).dtype == (jax.numpy.float64 if before[0] else jax.numpy.float32)


@jax_is_here
def test_what_is_worked_around_is_told() -> None:
    about = registry.get_backend(NAMED + "jax").about
    assert about.startswith("JAX 0.")
    assert "as it flushes subnormal ones" in about
    assert "log1p built on others" in about


@pytest.mark.parametrize("library", ["torch", "cupy"])
def test_a_library_that_is_installed_here(library: str) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed: pip install 'rcmlrs[{library}]'")
    right(NAMED + library)


def test_a_lazy_library() -> None:
    """Dask computes each step as a graph, which is slow: some operations of every family."""
    if find_spec("dask") is None or find_spec("dask.array") is None:
        pytest.skip("Dask is not installed: pip install 'rcmlrs[dask]'")
    right(NAMED + "dask", ops=["storage", "add", "max", "take", "transpose"], families=["cases", "specials", "float32"])


# ---------------------------------------------------------------------------------------------------- large ones


def drawn(*shape: int, seed: int = 1) -> PlainArray:
    """Numbers of which many are equal, and sums of many lie on ties."""
    rng = Random(seed)
    n = numpy.prod(shape, dtype=int)
    return PlainArray.of((rng.choice((rng.gauss(0, 1), rng.randint(-3, 3) / 4)) for _ in range(n)), shape)


@pytest.mark.parametrize("compiles", [False, True])
@pytest.mark.parametrize("shape", [(90, 70), (5, 3)])
def test_large_and_small_arrays_have_the_bits_of_numpy(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], compiles: bool
) -> None:
    backend = build(monkeypatch, backend_of(array_api_strict, compiles=compiles))
    (m, k), n = shape, shape[1] + 2
    assert (m * k > SMALL) == (m > 5)
    data = [drawn(m, k), drawn(k, n, seed=2), drawn(n, k, seed=3), drawn(n, seed=4), drawn(2, k, n, seed=5)]
    results = []
    for where in (backend, registry.get_backend("numpy")):
        x, y, weight, bias, batch = (rc.from_bytes(a.tobytes(), a.shape, where) for a in data)
        indices = rc.tensor([i * 7 % m for i in range(3 * m)], dtype="int32", backend=where)
        results.append([
            x @ y, x @ batch, x.linear(weight, bias), x.linear(weight), x.exp(), x + x[0], x.T, x.flip(), x[1:, ::2],
            x.softmax(axis=0), x.sum(axis=0), x.sum(), x.mean(axis=1), x.max(axis=0), x.argmax(axis=0), x.var(),
            x.argsort(axis=0), x.median(axis=0), rc.concat(x, x, axis=1), x.take(indices), x.reshape((k, m)),
            (x > x[0]).where(x, 0.0),
            x.scatter_add(indices.reshape((3 * m, 1)).broadcast_to((3 * m, k)), rc.concat(x, x, x), axis=0),
            x.gather(indices[:m].reshape((m, 1)).broadcast_to((m, k)), axis=0), x.pad(((1, 2), (0, 3))),
        ])  # fmt: skip
    for i, (got, want) in enumerate(zip(*results, strict=True)):
        assert (got.shape, got.dtype, got.digest()) == (want.shape, want.dtype, want.digest()), i


def test_gradients_pass_through() -> None:
    digests = set()
    for where in ("numpy", NAMED + "array_api_strict"):
        w = rc.tensor([[0.5, -1.0], [2.0, 0.25], [1.0, 3.0]], backend=where, requires_grad=True)
        x = rc.tensor([[1.0, 2.0], [3.0, -4.0]], backend=where)
        loss = rc.cross_entropy(x.linear(w).gelu(), rc.tensor([2, 0], dtype="int32", backend=where))
        loss.backward()
        assert w.grad is not None
        digests.add((loss.digest(), w.grad.digest()))
    assert len(digests) == 1


def test_buffers_are_few_lengths_for_a_library_that_compiles() -> None:
    made = Library(array_api_strict, compiles=True)
    assert [made.length(n) for n in (0, 1, 2, 16, 17, 64, 65, SMALL, SMALL + 1)] == [
        1, 1, 16, 16, 64, 64, 256, SMALL, SMALL + 1,
    ]  # fmt: skip
    assert [Library(array_api_strict).length(n) for n in (0, 1, 2, 17)] == [1, 1, 2, 17]


def test_no_operation_is_computed_on_copies() -> None:
    """Every operation of a family has a kernel over the library's own arrays, also one that nobody here knew of."""
    backend = registry.get_backend(NAMED + "array_api_strict")
    on_copies = {name for name, kernel in backend.kernels.items() if kernel.__qualname__.startswith("_on_copies")}
    assert {name for name in on_copies if derivable(name)} == set()
    assert "matmul" not in on_copies
    assert backend.kernels["matmul"].__qualname__.startswith("within")


def derivable(name: str) -> bool:
    """Whether an operation has a formula in binary64, or is a move."""
    operation = KERNELS[name]
    if isinstance(operation, Reduction):
        return operation.binary64 is not None
    return hasattr(operation, "binary64") or hasattr(operation, "source")


# ------------------------------------------------------------------------------------------------ how one is found


def test_a_list_of_backends_imports_no_library() -> None:
    code = (
        "import sys, rcmlrs_core as rc\n"
        "from importlib.metadata import EntryPoint\n"
        "from rcmlrs_core import registry\n"
        "points = [EntryPoint(n, f'rcmlrs_backend_array_api.named:{n}', 'rcmlrs.backends') for n in sys.argv[1:]]\n"
        "registry.entry_points = lambda group: points if group == 'rcmlrs.backends' else []\n"
        "states = {status.name: status.state for status in rc.backends()}\n"
        "assert set(states.values()) <= {'not loaded', 'not installed'}, states\n"
        "assert states['array_api_strict'] == 'not loaded', states\n"
        "assert not {'jax', 'torch', 'dask', 'cupy', 'array_api_strict', 'array_api_compat'} & set(sys.modules)\n"
        "assert rc.tensor([1.0], backend='array_api_strict').tolist() == [1.0]\n"
        "assert {s.name: s.state for s in rc.backends()}['array_api_strict'] == 'healthy'\n"
    )
    names = ["jax", "torch", "cupy", "dask", "array_api_strict"]
    run = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr


def test_entry_points_name_the_plugins_and_extras_install_the_libraries() -> None:
    import tomllib

    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    points, extras = project["entry-points"]["rcmlrs.backends"], project["optional-dependencies"]
    plugins = {name: value for name, value in vars(named).items() if isinstance(value, type(named.jax))}
    assert {name: value for name, value in points.items() if value.startswith(NAMED)} == {
        name: NAMED + name for name in plugins
    }
    assert all(plugin._extra in extras for plugin in plugins.values())
    assert project["entry-points"]["rcmlrs.backend_makers"] == {"array_api": "rcmlrs_backend_array_api:backend_of"}


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = type(named.jax)(lambda: 1 / 0, "A Library", "no_such_library", "no-such-extra")  # type: ignore[arg-type,return-value]
    with pytest.raises(BackendError, match=r"no_such_library is not installed: pip install 'rcmlrs\[no-such-extra\]'"):
        build(monkeypatch, plugin)
    points = [EntryPoint("missing", "library_of_a_test:plugin", registry.ENTRY_POINTS)]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    (status,) = rc.backends()
    assert (status.state, status.optional) == ("not installed", True)
    assert "pip install" in status.why


def test_any_namespace_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = EntryPoint("array_api", "rcmlrs_backend_array_api:backend_of", registry.MAKERS)
    monkeypatch.setattr(registry, "_built", dict(registry._built))
    monkeypatch.setattr(registry, "_failed", dict(registry._failed))
    monkeypatch.setattr(registry, "entry_points", lambda group: [maker] if group == registry.MAKERS else [])
    x = rc.tensor([0.1, 2.0], backend="array_api:numpy")
    assert x.backend == "array_api:numpy"
    assert x.exp().tobytes() == rc.tensor([0.1, 2.0], backend=NAMED + "array_api_strict").exp().tobytes()
    with pytest.raises(BackendError, match="no_such_namespace cannot be imported: No module named 'no_such_namespace'"):
        rc.tensor([1.0], backend="array_api:no_such_namespace")


def test_the_scope_is_entered_for_all_use_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    entered = []

    def scope() -> Any:
        entered.append(True)
        return quiet()

    backend = build(monkeypatch, backend_of(namespace(), scope=scope))
    for use in (
        lambda: backend.storage.load(bytes(8), (2,), "float32"),
        lambda: backend.storage.dump(backend.storage.load(bytes(8), (2,), "float32")),
        lambda: rc.tensor([1.0], backend=backend).exp(),
    ):
        entered.clear()
        use()
        assert entered
