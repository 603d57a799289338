"""Things by name: ``"adam"``, ``"glorot_uniform"``, ``"mse"``, and the configurations that Keras writes into files."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Self

from rcmlrs_core.errors import AttributeValueError, did_you_mean
from rcmlrs_core.keras.names import snake_case


class Configured:
    """Something that its constructor's arguments describe, which it keeps as attributes of the same names."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        parameters = inspect.signature(type(self).__init__).parameters.values()
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return {p.name: getattr(self, p.name) for p in list(parameters)[1:] if p.kind in kinds}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """What ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.get_config().items())})"


class Registry:
    """The classes or functions of one kind, by the names that Keras has for them."""

    def __init__(self, kind: str, module: str, found: Mapping[str, Any]) -> None:
        self.kind = kind
        self.module = module
        self.by_name: dict[str, Any] = {}
        for name, value in found.items():
            self.by_name[name] = value
            if isinstance(value, type):
                self.by_name.setdefault(snake_case(name), value)
                self.by_name.setdefault(name.lower(), value)

    def find(self, name: str) -> Any:
        """The class or function of this name.

        Raises :class:`AttributeValueError`, which says what was perhaps meant.
        """
        found = self.by_name.get(name) or custom_objects.get(name) or self.by_name.get(name.lower())
        if found is None:
            hint = did_you_mean(name, self.by_name) or f"; see dir(keras.{self.module})"
            raise AttributeValueError(f"keras: there is no {self.kind} {name!r}{hint}")
        return found

    def get(self, identifier: Any) -> Any:
        """What a name, a configuration, a class or the thing itself stands for; None is None."""
        if identifier is None:
            return None
        if isinstance(identifier, str):
            return made(self.find(identifier))
        if isinstance(identifier, Mapping):
            if "class_name" not in identifier:
                raise AttributeValueError(f"keras: a {self.kind} as a dict has a class_name, got {dict(identifier)!r}")
            if identifier["class_name"] == "function":
                return self.find(str(identifier["config"]))
            kind: Any = self.find(str(identifier["class_name"]))
            return kind.from_config(identifier.get("config") or {}) if hasattr(kind, "from_config") else kind
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier):
            return identifier
        raise AttributeValueError(
            f"keras: a {self.kind} is a name, a function or an object of keras.{self.module}, got {identifier!r}"
        )

    def serialize(self, thing: Any) -> Any:
        """Its configuration in the form of Keras 3; None is None, and a function is its name."""
        if thing is None or isinstance(thing, str | dict):
            return thing
        if inspect.isfunction(thing) or not hasattr(thing, "get_config"):
            return getattr(thing, "__name__", repr(thing))
        kind = type(thing)
        known = self.by_name.get(kind.__name__) is kind
        return {
            "module": f"keras.{self.module}" if known else kind.__module__,
            "class_name": kind.__name__,
            "config": thing.get_config(),
            "registered_name": None if known else kind.__name__,
        }


def made(found: Any) -> Any:
    """An object of a class, and a function itself."""
    return found() if isinstance(found, type) else found


custom_objects: dict[str, Any] = {}
"""Classes and functions of the user, by name; see ``keras.utils.register_keras_serializable``."""


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """A decorator: let files name this class or function, as ``package>name``."""

    def register(thing: Any) -> Any:
        called = name or thing.__name__
        custom_objects[f"{package}>{called}"] = thing
        custom_objects.setdefault(called, thing)
        return thing

    return register
