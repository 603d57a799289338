"""Callbacks that installed packages add to every training, through the hook ``rcmlrs_callbacks`` (pluggy).

A package names an object with the hook (a module, as a rule) by an entry point in the group ``rcmlrs.callbacks``:

    [project.entry-points."rcmlrs.callbacks"]
    acme = "acme_rcmlrs.callbacks"

    # acme_rcmlrs/callbacks.py
    import rcmlrs_core as rc
    from rcmlrs_core import train

    class Logger(train.Callback):
        def on_epoch_end(self, epoch, logs=None):
            print(epoch, logs)

    @rc.hookimpl
    def rcmlrs_callbacks():
        return [Logger()]

Then every ``fit``, that of :mod:`rcmlrs_core.train` and that of :mod:`rcmlrs_core.keras`, has a ``Logger`` behind its
own callbacks. The environment variable ``RCMLRS_CALLBACKS`` limits whose: names of entry points, with commas between;
an empty one, or ``off``, lets in none. Callbacks look on: bits depend on them only where they mean to change them.

A package that is broken breaks nobody. What cannot be loaded, gives no callbacks, or fails while a model is trained is
named in a warning and left out, and the training goes on.
"""

import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from rcmlrs_core.hookspecs import PROJECT
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.callbacks import Callback
from rcmlrs_core.train.callbacks.base import HOOKS, implements

ENTRY_POINTS = "rcmlrs.callbacks"
VARIABLE = "RCMLRS_CALLBACKS"
OFF = ("", "off")

_loaded: dict[tuple[str, str], Any] = {}
"""Plugins by name and value of their entry points, each imported once; None for one that is left out."""


class Hooks:
    """The hooks of a plugin of this group."""

    @pluggy.HookspecMarker(PROJECT)
    def rcmlrs_callbacks(self) -> Iterable[Callback]:  # type: ignore[empty-body]
        """Return new callbacks for a training that is about to begin; asked once for each."""


class CallbackWarning(UserWarning):
    """A plugin whose callbacks are left out, and why."""


def plugin_callbacks() -> list[Callback]:
    """New callbacks of every installed plugin that is let in, in the order of the names."""
    found: list[Callback] = []
    for point in sorted(_points(), key=lambda point: (point.name, point.value)):
        hook = _hook(point)
        if hook is None:
            continue
        try:
            callbacks: list[Any] = [callback for answer in hook() for callback in answer]
            wrong = next((each for each in callbacks if not isinstance(each, Callback)), None)
            if wrong is not None:
                raise TypeError(f"takes instances of rcmlrs_core.train.Callback, got {wrong!r}")
        except (Exception, SystemExit) as error:
            _complain(f"{_called(point)} fails in rcmlrs_callbacks", error)
        else:
            found += [Guarded(callback, _called(point)) for callback in callbacks]
    return found


def _points() -> Iterable[EntryPoint]:
    """The entry points that are let in. A name that the variable has and nobody is called is warned of."""
    installed = _installed()
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return installed
    if wanted.strip().lower() in OFF:
        return ()
    names = {name.strip() for name in wanted.split(",")}
    unknown = ", ".join(sorted(names - {point.name for point in installed}))
    if unknown:
        known = ", ".join(sorted(point.name for point in installed)) or "none"
        warnings.warn(f"{VARIABLE} names {unknown}; installed are {known}", CallbackWarning, stacklevel=2)
    return [point for point in installed if point.name in names]


@cache
def _installed() -> tuple[EntryPoint, ...]:
    """Looked for once: that takes some milliseconds."""
    return tuple(entry_points(group=ENTRY_POINTS))


def _called(point: EntryPoint) -> str:
    return f"the callback plugin {point.name!r} ({point.value})"


def _hook(point: EntryPoint) -> Callable[[], Iterable[Iterable[Callback]]] | None:
    """What asks the plugin; None for one that is left out."""
    key = point.name, point.value
    if key not in _loaded:
        _loaded[key] = None
        try:
            plugin = point.load()
            manager = pluggy.PluginManager(PROJECT)
            manager.add_hookspecs(Hooks)
            manager.register(plugin, point.name)
            manager.check_pending()  # a misspelt hook
            if not manager.hook.rcmlrs_callbacks.get_hookimpls():
                raise TypeError("it has no rcmlrs_callbacks, marked with @rcmlrs_core.hookimpl")
        except (Exception, SystemExit) as error:  # a module that gives up must not take the program with it
            _complain(f"{_called(point)} cannot be loaded", error)
        else:
            _loaded[key] = manager.hook.rcmlrs_callbacks
    hook: Callable[[], Iterable[Iterable[Callback]]] | None = _loaded[key]
    return hook


def _complain(problem: str, error: BaseException) -> None:
    reason = " ".join(str(error).split())  # pluggy's reasons have several lines
    warnings.warn(
        f"{problem}, and is left out: {type(error).__name__}: {reason}; {VARIABLE}=off lets none in",
        CallbackWarning,
        stacklevel=3,
    )


class Guarded(Callback):
    """A plugin's callback: if one of its hooks fails, that is told once, and it is not called any more."""

    def __init__(self, callback: Callback, plugin: str) -> None:
        super().__init__()
        self.callback = callback
        self.plugin = plugin
        self.failed = False
        for hook in HOOKS:
            if implements(callback, hook):
                setattr(self, hook, self._guarded(hook))

    def _guarded(self, hook: str) -> Callable[..., Any]:
        """A method of the callback that fails for nobody else."""

        def call(*arguments: Any) -> Any:
            if not self.failed:
                try:
                    return getattr(self.callback, hook)(*arguments)
                except (Exception, SystemExit) as error:
                    self.failed = True
                    _complain(f"{self.plugin} fails in {type(self.callback).__name__}.{hook}", error)
            return None

        return call

    @property
    def checkpoint_name(self) -> str:
        """The plugin and the callback, by which a checkpoint knows it."""
        return f"{self.plugin}: {type(self.callback).__name__}"

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand on."""
        self._guarded("set_params")(params)

    def set_model(self, model: Any) -> None:
        """Hand on."""
        self._guarded("set_model")(model)

    def state_dict(self) -> Mapping[str, Any]:
        """What the callback has to keep; nothing after a failure, or where a file could not hold it."""
        state = self._guarded("state_dict")() or {}
        try:
            json.dumps({name: value for name, value in state.items() if not isinstance(value, RamTensor)})
        except (AttributeError, TypeError, ValueError) as error:
            self.failed = True
            _complain(f"{self.plugin} fails in {type(self.callback).__name__}.state_dict", error)
            return {}
        return dict(state)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Hand on."""
        self._guarded("load_state_dict")(state)
