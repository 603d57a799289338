"""How the registry deals with backends that misbehave: the error names backend and hook, and no other is harmed."""

import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import hookimpl, registry
from rcmlrs_core.errors import BackendError, BackendMismatchError
from rcmlrs_core.plain import PlainArray

PYTHON = EntryPoint("python", "rcmlrs_backend_python:plugin", registry.ENTRY_POINTS)


class PlainStorage:
    """What every plugin here needs."""

    def load(self, raw: Any, shape: Any, dtype: str) -> PlainArray:
        return PlainArray.frombytes(raw, shape, dtype)

    def dump(self, buffer: PlainArray) -> bytes:
        return buffer.tobytes()


class Good:
    """A plugin with storage and nothing else."""

    @hookimpl
    def rcmlrs_storage(self) -> PlainStorage:
        return PlainStorage()


Install = Callable[..., None]


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process: nothing is built, and no backend is chosen."""
    monkeypatch.delenv(registry.VARIABLE, raising=False)
    monkeypatch.setattr(registry, "_built", {})
    monkeypatch.setattr(registry, "_failed", {})
    monkeypatch.setattr(registry, "_default", None)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module to put plugins in: ``plugins_of_a_test:name``."""
    made = types.ModuleType("plugins_of_a_test")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Entry points as if distributions had been installed: beside the Python backend, which is always there."""

    def installed(**values: str | list[str]) -> None:
        points = [PYTHON]
        for name, several in values.items():
            for value in [several] if isinstance(several, str) else several:
                points.append(EntryPoint(name, value, registry.ENTRY_POINTS))
        monkeypatch.setattr(registry, "entry_points", lambda group: points)

    installed()
    return installed


def refused(module: types.ModuleType, plugin: object) -> str:
    """The text of the error with which a plugin is refused."""
    module.plugin = plugin  # type: ignore[attr-defined]
    with pytest.raises(BackendError) as caught:
        rc.tensor([1.0], backend="plugins_of_a_test:plugin")
    assert "'plugins_of_a_test:plugin'" in str(caught.value)
    return str(caught.value)


# ----------------------------------------------------------------------------------------------------- hooks


def test_storage_alone_is_a_backend(module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    x = rc.tensor([-1.0, 2.0], backend="plugins_of_a_test:plugin")
    assert x.relu().tolist() == [0.0, 2.0]
    assert set(registry.get_backend(x.backend).origins.values()) == {registry.DERIVED}


def test_misspelt_hook(module: types.ModuleType) -> None:
    class Misspelt(Good):
        @hookimpl
        def rcmlrs_registre(self, table: Any) -> None: ...

    text = refused(module, Misspelt())
    assert "rcmlrs_registre" in text
    assert "the hooks are:" in text
    assert "rcmlrs_register" in text


def test_wrong_argument(module: types.ModuleType) -> None:
    class Wrong(Good):
        @hookimpl
        def rcmlrs_register(self, kernels: Any) -> None: ...

    text = refused(module, Wrong())
    assert "rcmlrs_register" in text
    assert "'kernels'" in text


def test_missing_storage(module: types.ModuleType) -> None:
    text = refused(module, object())
    assert "implements no rcmlrs_storage" in text
    assert "@rcmlrs_core.hookimpl" in text


def test_unmarked_hook_counts_as_missing(module: types.ModuleType) -> None:
    class Unmarked:
        def rcmlrs_storage(self) -> PlainStorage:
            return PlainStorage()

    assert "marked with @rcmlrs_core.hookimpl" in refused(module, Unmarked())


def test_storage_without_a_method(module: types.ModuleType) -> None:
    class Half:
        @hookimpl
        def rcmlrs_storage(self) -> object:
            return object()

    assert "which has no method load" in refused(module, Half())


def test_kernel_registered_twice(module: types.ModuleType) -> None:
    class Twice(Good):
        @hookimpl
        def rcmlrs_register(self, table: registry.KernelTable) -> None:
            table.register("gelu", lambda x: x)
            table.register("gelu", lambda x: x)

    assert "registers two kernels for 'gelu'; register it once" in refused(module, Twice())


def test_unknown_operation(module: types.ModuleType) -> None:
    class Unknown(Good):
        @hookimpl
        def rcmlrs_register(self, table: registry.KernelTable) -> None:
            table.register("gleu", lambda x: x)

    assert "'gleu', which is no operation; did you mean 'gelu'?" in refused(module, Unknown())


def test_kernel_that_is_no_function(module: types.ModuleType) -> None:
    class Number(Good):
        @hookimpl
        def rcmlrs_register(self, table: registry.KernelTable) -> None:
            table.register("gelu", 3)  # type: ignore[arg-type]

    assert "the kernel for 'gelu' is 3, which is not callable" in refused(module, Number())


def test_derived_kernel_that_is_no_function(module: types.ModuleType) -> None:
    class Number(Good):
        @hookimpl
        def rcmlrs_derive(self, operation: object) -> object:
            return 3

    assert "rcmlrs_derive returns 3 for" in refused(module, Number())


def test_unhealthy_probe(module: types.ModuleType) -> None:
    class Sick(Good):
        @hookimpl
        def rcmlrs_probe(self) -> list[str]:
            return ["subnormals are flushed", "binary64 is emulated"]

    text = refused(module, Sick())
    assert "would give wrong bits here: subnormals are flushed; binary64 is emulated" in text


@pytest.mark.parametrize("hook", ["rcmlrs_storage", "rcmlrs_register", "rcmlrs_derive", "rcmlrs_probe", "rcmlrs_about"])
def test_hook_that_raises(module: types.ModuleType, hook: str) -> None:
    def raises(self: Any, **_: Any) -> None:
        raise OSError("no such device")

    arguments = {"rcmlrs_register": "table", "rcmlrs_derive": "operation"}.get(hook, "")
    namespace: dict[str, Any] = {"raises": raises}
    exec(f"def {hook}(self, {arguments}): raises(self)", namespace)
    plugin = type("Raising", (Good,), {hook: hookimpl(namespace[hook])})
    assert f"fails in {hook}: OSError: no such device" in refused(module, plugin())


def test_probe_that_raises_on_the_way(module: types.ModuleType) -> None:
    class Generator(Good):
        @hookimpl
        def rcmlrs_probe(self) -> Iterator[str]:
            raise OSError("no such device")
            yield ""

    assert "fails in rcmlrs_probe: OSError: no such device" in refused(module, Generator())


def test_probe_that_returns_no_strings(module: types.ModuleType) -> None:
    class Numbers(Good):
        @hookimpl
        def rcmlrs_probe(self) -> Any:
            return [1, 2]

    assert "would give wrong bits here: 1; 2" in refused(module, Numbers())


@pytest.mark.parametrize("hook", ["rcmlrs_storage", "rcmlrs_probe", "rcmlrs_about"])
def test_hook_that_ends_the_process(module: types.ModuleType, hook: str) -> None:
    plugin = type("Ending", (Good,), {hook: hookimpl(lambda self: sys.exit(3), specname=hook)})
    assert f"fails in {hook}: SystemExit: 3" in refused(module, plugin())


def test_attribute_that_raises(module: types.ModuleType) -> None:
    class Touchy:
        @property
        def load(self) -> Any:
            raise OSError("no such device")

    class Plugin:
        @hookimpl
        def rcmlrs_storage(self) -> Touchy:
            return Touchy()

    assert "cannot be built: OSError: no such device" in refused(module, Plugin())


def test_description_that_is_no_string(install: Install, module: types.ModuleType) -> None:
    class Number(Good):
        @hookimpl
        def rcmlrs_about(self) -> Any:
            return 5

    module.plugin = Number()  # type: ignore[attr-defined]
    install(number="plugins_of_a_test:plugin")
    assert {status.name: status.why for status in rc.backends()}["number"] == "5"


# --------------------------------------------------------------------------------------------- entry points


def test_broken_import_harms_nobody(install: Install, module: types.ModuleType) -> None:
    install(broken="no_such_module_anywhere:plugin", good="plugins_of_a_test:plugin")
    module.plugin = Good()  # type: ignore[attr-defined]
    states = {status.name: (status.state, status.why) for status in rc.backends()}
    assert states["python"][0] == states["good"][0] == "healthy"
    state, why = states["broken"]
    assert state == "broken"
    assert why == "backend 'broken' cannot be imported: No module named 'no_such_module_anywhere'"
    assert rc.tensor([1.0], backend="good").relu().tolist() == [1.0]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("1 / 0", "backend 'bad' fails on import: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "backend 'bad' fails on import: SystemExit: 3"),
        ("x = 1", "backend 'bad' fails on import: AttributeError: module 'bad_module' has no attribute 'plugin'"),
    ],
)
def test_import_that_fails(install: Install, tmp_path: Any, monkeypatch: Any, source: str, why: str) -> None:
    (tmp_path / "bad_module.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "bad_module", raising=False)
    install(bad="bad_module:plugin")
    assert {status.name: status.why for status in rc.backends()}["bad"] == why
    assert rc.tensor([1.0]).backend == "python"


def test_a_library_that_is_missing_says_what_to_install(install: Install) -> None:
    install(no_such_library="no_such_library.plugin")
    with pytest.raises(BackendError, match=r"install it: pip install 'rcmlrs\[no_such_library\]'"):
        rc.tensor([1.0], backend="no_such_library")
    assert {status.name: status.state for status in rc.backends()}["no_such_library"] == "not installed"


def test_unhealthy_is_told_from_broken(install: Install, module: types.ModuleType) -> None:
    class Sick(Good):
        @hookimpl
        def rcmlrs_probe(self) -> list[str]:
            return ["subnormals are flushed"]

    module.plugin = Sick()  # type: ignore[attr-defined]
    install(sick="plugins_of_a_test:plugin")
    (status,) = [status for status in rc.backends() if status.name == "sick"]
    assert status.state == "unhealthy"
    assert status.why == "backend 'sick' would give wrong bits here: subnormals are flushed"


def test_one_name_from_two_distributions(install: Install, module: types.ModuleType) -> None:
    module.first, module.second = Good(), Good()  # type: ignore[attr-defined]
    install(twin=["plugins_of_a_test:first", "plugins_of_a_test:second"])
    with pytest.raises(BackendError, match=r"'twin' is registered twice: .*:first .* and .*:second .*; uninstall one"):
        rc.tensor([1.0], backend="twin")


def test_one_distribution_seen_twice_is_one(install: Install, module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    install(same=["plugins_of_a_test:plugin", "plugins_of_a_test:plugin"])
    assert rc.tensor([1.0], backend="same").backend == "same"


def test_names_are_read_without_importing(install: Install, module: types.ModuleType) -> None:
    install(lazy="module_that_must_not_be_imported:plugin")
    assert rc.tensor([1.0], backend="python").backend == "python"
    assert "module_that_must_not_be_imported" not in sys.modules
    assert "lazy" not in registry._built.keys() | registry._failed.keys()


def test_unknown_name_lists_what_there_is(install: Install) -> None:
    install(broken="no_such_module_anywhere:plugin")
    with pytest.raises(BackendError) as caught:
        rc.tensor([1.0], backend="pyton")
    text = str(caught.value)
    assert "there is no backend 'pyton'; did you mean 'python'?" in text
    assert "python: healthy" in text
    assert "broken: broken (backend 'broken' cannot be imported" in text
    assert "module:attribute" in text


def test_an_error_is_the_same_the_second_time(install: Install) -> None:
    install(broken="no_such_module_anywhere:plugin")
    texts = []
    for _ in range(3):
        with pytest.raises(BackendError) as caught:
            rc.use_backend("broken")
        texts.append(str(caught.value))
        depth = len(caught.traceback)
    assert len(set(texts)) == 1
    assert depth < 6  # the traceback of an error that is kept does not grow


# --------------------------------------------------------------------------------------------------- choice


def test_variable_chooses(monkeypatch: pytest.MonkeyPatch, module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    monkeypatch.setenv(registry.VARIABLE, "plugins_of_a_test:plugin")
    assert rc.tensor([1.0]).backend == "plugins_of_a_test:plugin"


def test_variable_with_an_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(registry.VARIABLE, "nonesuch")
    with pytest.raises(BackendError, match="there is no backend 'nonesuch'"):
        rc.tensor([1.0])


def test_variable_set_too_late_warns_once(monkeypatch: pytest.MonkeyPatch, install: Install) -> None:
    assert rc.tensor([1.0]).backend == "python"
    monkeypatch.setenv(registry.VARIABLE, "numpy")
    with pytest.warns(UserWarning, match=r"RCMLRS_BACKEND=numpy was set after backend 'python' was chosen"):
        assert rc.tensor([1.0]).backend == "python"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rc.tensor([1.0]).backend == "python"


def test_variable_set_to_what_was_chosen_says_nothing(monkeypatch: pytest.MonkeyPatch, install: Install) -> None:
    assert rc.tensor([1.0]).backend == "python"
    monkeypatch.setenv(registry.VARIABLE, "python")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rc.tensor([1.0]).backend == "python"


def test_default_passes_over_what_is_broken(install: Install) -> None:
    install(native="no_such_module_anywhere:plugin", numpy="no_such_module_either:plugin")
    assert rc.tensor([1.0]).backend == "python"
    assert [status.name for status in rc.backends() if status.is_default] == ["python"]


def test_no_healthy_backend_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("python", "no_such_module_anywhere:plugin", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(BackendError, match="no backend is installed and healthy: backend 'python' cannot be imported"):
        rc.tensor([1.0])


def test_a_stranger_is_never_the_default(install: Install, module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    install(aaa="plugins_of_a_test:plugin")
    assert rc.tensor([1.0]).backend == "python"


def test_use_backend_nests(install: Install, module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    install(other="plugins_of_a_test:plugin")
    with rc.use_backend("other") as chosen:
        assert chosen.name == rc.tensor([1.0]).backend == "other"
        with rc.use_backend("python"):
            assert rc.tensor([1.0]).backend == "python"
            assert rc.tensor([1.0], backend="other").backend == "other"
        assert rc.tensor([1.0]).backend == "other"
        with pytest.raises(ZeroDivisionError), rc.use_backend("python"):
            raise ZeroDivisionError
        assert rc.tensor([1.0]).backend == "other"
    assert rc.tensor([1.0]).backend == "python"


def test_use_backend_of_none_is_the_one_in_use(install: Install, module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    install(other="plugins_of_a_test:plugin")
    with rc.use_backend(None) as chosen:
        assert chosen.name == "python"
    with rc.use_backend("other"), rc.use_backend(None):
        assert rc.tensor([1.0]).backend == "other"


def test_use_backend_refuses_at_once() -> None:
    with pytest.raises(BackendError, match="there is no backend 'nonesuch'"):
        rc.use_backend("nonesuch")


def test_one_use_backend_entered_twice(install: Install, module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    install(other="plugins_of_a_test:plugin")
    other = rc.use_backend("other")
    with other, rc.use_backend("python"), other:
        assert rc.tensor([1.0]).backend == "other"
    assert rc.tensor([1.0]).backend == "python"


def test_threads_choose_for_themselves(install: Install, module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    install(other="plugins_of_a_test:plugin")
    seen: dict[str, str] = {}
    inside, leave = threading.Event(), threading.Event()

    def chooses() -> None:
        with rc.use_backend("other"):
            seen["within"] = rc.tensor([1.0]).backend
            inside.set()
            leave.wait(10)
            seen["still"] = rc.tensor([1.0]).backend

    thread = threading.Thread(target=chooses)
    thread.start()
    assert inside.wait(10)
    seen["beside"] = rc.tensor([1.0]).backend
    leave.set()
    thread.join()
    assert seen == {"within": "other", "beside": "python", "still": "other"}


def test_one_use_backend_in_several_threads(install: Install, module: types.ModuleType) -> None:
    """Each thread leaves what it has entered itself, in whatever order they do."""
    module.plugin = Good()  # type: ignore[attr-defined]
    install(other="plugins_of_a_test:plugin")
    other = rc.use_backend("other")
    both_inside = threading.Barrier(2)
    seen: list[str] = []

    def chooses(waits: float) -> None:
        with other:
            both_inside.wait(10)
            time.sleep(waits)
            seen.append(rc.tensor([1.0]).backend)
        seen.append(rc.tensor([1.0]).backend)

    threads = [threading.Thread(target=chooses, args=(waits,)) for waits in (0.0, 0.1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["other", "other", "python", "python"]


def test_use_backend_left_too_often(install: Install) -> None:
    python = rc.use_backend("python")
    with python:
        pass
    with pytest.raises(BackendError, match=r"use_backend\('python'\) is left more often than this thread or task has"):
        python.__exit__(None, None, None)


def test_a_backend_is_built_once_however_many_ask(install: Install, module: types.ModuleType) -> None:
    asked = []
    everyone = threading.Barrier(8)

    class Counting(Good):
        @hookimpl
        def rcmlrs_about(self) -> str:
            asked.append(threading.get_ident())
            return "counts"

    module.plugin = Counting()  # type: ignore[attr-defined]
    install(counting="plugins_of_a_test:plugin")
    found = []

    def ask() -> None:
        everyone.wait(10)
        found.append(registry.get_backend("counting"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    assert len(set(map(id, found))) == 1


def test_two_backends_do_not_mix(install: Install, module: types.ModuleType) -> None:
    module.plugin = Good()  # type: ignore[attr-defined]
    install(other="plugins_of_a_test:plugin")
    x, y = rc.tensor([1.0], backend="other"), rc.tensor([2.0], backend="python")
    with pytest.raises(BackendMismatchError, match=r"on the backends other and python; move one with \.to"):
        x + y
    assert (x + y.to("other")).tolist() == [3.0]
