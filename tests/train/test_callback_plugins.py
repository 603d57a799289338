"""The hook through which a package adds callbacks to every training; and packages that are broken."""

import inspect
import sys
import types
import warnings
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import hookimpl, nn, optim
from rcmlrs_core.train import Callback, Checkpoint, fit, plugins
from rcmlrs_core.train.callbacks.base import HOOKS
from rcmlrs_core.train.plugins import CallbackWarning, Guarded, plugin_callbacks

Install = Callable[..., None]


class Counter(Callback):
    """Counts epochs, over all runs that it is saved with; may fail in a hook."""

    def __init__(self, fails: str = "") -> None:
        super().__init__()
        self.epochs = 0
        for hook in filter(None, fails.split()):
            setattr(self, hook, self.fail)

    def fail(self, *arguments: Any) -> None:
        raise RuntimeError("it is broken")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epochs += 1

    def state_dict(self) -> dict[str, Any]:
        return {"epochs": self.epochs}

    def load_state_dict(self, state: Any) -> None:
        self.epochs = state["epochs"]


class Plugin:
    """Gives a counter, which it remembers."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.made: list[Counter] = []

    @hookimpl
    def rcmlrs_callbacks(self) -> list[Callback]:
        self.made.append(Counter(self.fails))
        return [self.made[-1]]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """``install(name=object)``: as if packages with these plugins were installed."""
    module = types.ModuleType("callbacks_of_a_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(plugins, "_loaded", {})
    monkeypatch.delenv(plugins.VARIABLE, raising=False)

    def install(**objects: Any) -> None:
        for name, value in objects.items():
            setattr(module, name, value)
        points = [EntryPoint(name, f"callbacks_of_a_test:{name}", plugins.ENTRY_POINTS) for name in objects]
        monkeypatch.setattr(plugins, "_installed", lambda: tuple(points))

    return install


def train(**options: Any) -> tuple[str, int]:
    layer = nn.Linear(2, 1, generator=rc.random.Generator(1))
    x = rc.ones((4, 2))
    history = fit(
        layer, optim.SGD(layer.parameters(), lr=0.1), rc.mse_loss, x, x[:, :1], epochs=3, batch_size=2, **options
    )
    return layer.digest(), len(history.epochs)


def test_a_plugin_adds_callbacks_to_every_training(install: Install) -> None:
    alone = train()
    acme = Plugin()
    install(acme=acme)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [train(), train()] == [alone, alone], "to look on changes no bit"
    assert [counter.epochs for counter in acme.made] == [3, 3]
    assert acme.made[0].model is not acme.made[1].model
    assert acme.made[0].params.keys() == {"epochs", "steps", "verbose", "optimizer"}


@pytest.mark.parametrize("value", ["", "off", " OFF "])
def test_the_variable_switches_plugins_off(value: str, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(acme=Plugin())
    monkeypatch.setenv(plugins.VARIABLE, value)
    assert plugin_callbacks() == []


def test_the_variable_names_who_is_let_in(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Plugin(), Plugin()
    install(first=first, second=second)
    monkeypatch.setenv(plugins.VARIABLE, "second")
    assert len(plugin_callbacks()) == 1
    assert (first.made, len(second.made)) == ([], 1)
    monkeypatch.setenv(plugins.VARIABLE, "first, third")
    with pytest.warns(CallbackWarning, match="RCMLRS_CALLBACKS names third; installed are first, second"):
        assert len(plugin_callbacks()) == 1


class Misspelt(Plugin):
    @hookimpl
    def rcmlrs_callback(self) -> list[Callback]:
        return []


class Argument:
    @hookimpl
    def rcmlrs_callbacks(self, model: Any) -> list[Callback]:
        return []


class NoneAtAll:
    pass


def giving(value: Any) -> Any:
    class Giving:
        @hookimpl
        def rcmlrs_callbacks(self) -> Any:
            if isinstance(value, BaseException):
                raise value
            return value

    return Giving()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (Misspelt(), r"cannot be loaded, and is left out: PluginValidationError: unknown hook 'rcmlrs_callback'"),
        (Argument(), r"cannot be loaded, and is left out: PluginValidationError: .*'model'"),
        (NoneAtAll(), r"cannot be loaded, and is left out: TypeError: it has no rcmlrs_callbacks"),
        (giving(SystemExit(3)), r"fails in rcmlrs_callbacks, and is left out: SystemExit: 3"),
        (giving(RuntimeError("no")), r"fails in rcmlrs_callbacks, and is left out: RuntimeError: no"),
        (giving(7), r"fails in rcmlrs_callbacks, and is left out: TypeError"),
        (giving([Counter]), r"takes instances of .*Callback, got <class"),
        (Plugin("set_model"), r"fails in Counter.set_model, and is left out: RuntimeError: it is broken"),
        *((Plugin(hook), rf"fails in Counter\.{hook}, and is left out") for hook in HOOKS if "predict" not in hook),
    ],
)
def test_a_broken_plugin_is_named_and_breaks_nobody(broken: Any, words: str, install: Install) -> None:
    alone, good = train(), Plugin()
    install(bad=broken, good=good)
    validation = rc.ones((2, 2)), rc.ones((2, 1))
    with pytest.warns(CallbackWarning, match=rf"callback plugin 'bad' \(callbacks_of_a_test:bad\).*{words}") as told:
        assert train(validation=validation) == alone
    assert len(told) == 1, "once, however often it would have been called"
    assert "RCMLRS_CALLBACKS=off lets none in" in str(told[0].message)
    assert good.made[0].epochs == 3


def test_one_that_cannot_be_imported_is_named(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    point = EntryPoint("gone", "no_such_module_of_a_test", plugins.ENTRY_POINTS)
    monkeypatch.setattr(plugins, "_installed", lambda: (point,))
    with pytest.warns(CallbackWarning, match="'gone' .* cannot be loaded, .*ModuleNotFoundError"):
        assert train() == train()


def test_a_checkpoint_holds_what_a_plugin_remembers(install: Install, tmp_path: Path) -> None:
    acme = Plugin()
    install(acme=acme)
    path = tmp_path / "run.safetensors"
    train(checkpoint=path, callback=lambda epoch: epoch.epoch == 1)
    ((kind, state),) = Checkpoint.read(path).callbacks
    assert (kind, state) == ("the callback plugin 'acme' (callbacks_of_a_test:acme): Counter", {"epochs": 2})
    train(checkpoint=path, resume=True)
    assert acme.made[1].epochs == 2
    acme.fails = "state_dict"
    with pytest.warns(CallbackWarning, match="fails in Counter.state_dict"):
        train(checkpoint=path)


def test_the_hook_is_documented() -> None:
    assert "rcmlrs_callbacks" in (plugins.__doc__ or "")
    assert plugins.Hooks.rcmlrs_callbacks.__doc__
    page = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text(encoding="utf-8")
    (signature,) = {"rcmlrs_callbacks(" + ", ".join(inspect.signature(Plugin().rcmlrs_callbacks).parameters) + ")"}
    assert f"`{signature}`" in page
    assert plugins.VARIABLE in page
    assert all(f"`{hook}" in page for hook in HOOKS)
    assert Guarded.__doc__


def test_the_group_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(plugins, "entry_points", lambda group: asked.append(group) or [])
    plugins._installed.cache_clear()
    assert plugin_callbacks() == plugin_callbacks() == []
    plugins._installed.cache_clear()
    assert asked == ["rcmlrs.callbacks"]
