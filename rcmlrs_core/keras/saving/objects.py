"""Objects as configurations and back, in the form of Keras 3: ``{"module", "class_name", "config", ...}``.

A configuration names a class, and it is looked up in a table: Keras' own, and what the user registered or gave in
``custom_objects``. Nothing is imported by its name and nothing is executed: a Lambda with code is refused.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import Any

from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import DataError, did_you_mean
from rcmlrs_core.keras import lookup
from rcmlrs_core.keras.input import InputLayer
from rcmlrs_core.keras.layer import Layer
from rcmlrs_core.keras.tensor import standard_dtype
from rcmlrs_core.tensor import RamTensor

_custom: ContextVar[Mapping[str, Any]] = ContextVar("rcmlrs_keras_custom_objects", default={})  # noqa: B039  (never changed)
_shared: ContextVar[dict[int, Any] | None] = ContextVar("rcmlrs_keras_shared_objects", default=None)

FUNCTIONS = ("activations", "losses", "metrics", "initializers", "regularizers", "constraints")
"""Modules whose names may stand for functions and objects in a configuration."""


KINDS = ("optimizers", "losses", "metrics", "initializers", "regularizers", "constraints")
"""Modules that make their own objects of configurations."""


@contextmanager
def custom_object_scope(*given: Mapping[str, Any]) -> Iterator[None]:
    """Inside, files may name these classes and functions too."""
    joined = {**_custom.get(), **{name: value for objects in given for name, value in (objects or {}).items()}}
    token = _custom.set(joined)
    try:
        yield
    finally:
        _custom.reset(token)


@contextmanager
def sharing() -> Iterator[None]:
    """Inside, one object that is described twice is made once."""
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


@cache
def known_classes() -> Mapping[str, type[Layer]]:
    """The layers and models of Keras, by name."""
    layers = import_module("rcmlrs_core.keras.layers")
    models = import_module("rcmlrs_core.keras.models")
    found = {name: getattr(layers, name) for name in layers.__all__}
    found |= {"Sequential": models.Sequential, "Functional": models.Functional, "Model": models.Model}
    return {name: cls for name, cls in found.items() if isinstance(cls, type)} | {"InputLayer": InputLayer}


def is_known(cls: type) -> bool:
    """Whether it is Keras' class, and none that the user made of it."""
    return known_classes().get(cls.__name__) is cls


def serialize(thing: Any) -> Any:
    """The configuration of a layer, a model or any other object; plain values are themselves."""
    if thing is None or isinstance(thing, str | int | float | bool):
        return thing
    if isinstance(thing, list | tuple):
        return [serialize(part) for part in thing]
    if isinstance(thing, Mapping):
        return {key: serialize(part) for key, part in thing.items()}
    if isinstance(thing, slice):
        ends = {"start": thing.start, "stop": thing.stop, "step": thing.step}
        return {"class_name": "__slice__", "config": ends}
    if thing is ...:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(thing, RamTensor):
        return {"class_name": "__tensor__", "config": {"value": thing.tolist(), "dtype": thing.dtype}}
    if isinstance(thing, Layer):
        return _serialize_layer(thing)
    if hasattr(thing, "get_config"):
        place = type(thing).__module__.removeprefix("rcmlrs_core.keras.")
        if place.split(".")[0] in KINDS:
            return import_module(f"rcmlrs_core.keras.{place}").serialize(thing)
        return lookup.Registry("object", type(thing).__module__, {}).serialize(thing)
    if callable(thing) and hasattr(thing, "__name__"):
        return serialize_function(thing)
    if hasattr(thing, "tolist"):  # a NumPy array or number
        value = thing.tolist()
        return (
            {"class_name": "__numpy__", "config": {"value": value, "dtype": str(thing.dtype)}} if thing.shape else value
        )
    raise DataError(f"serialize: a {type(thing).__name__} has no configuration; give it a get_config()")


def _serialize_layer(layer: Layer) -> dict[str, Any]:
    cls = type(layer)
    config = {key: serialize(value) for key, value in layer.get_config().items()}
    if not is_known(cls):
        place = {"module": cls.__module__, "registered_name": registered_name(cls)}
    elif cls.__name__ == "Functional":
        place = {"module": "keras.src.models.functional", "registered_name": "Functional"}
    else:
        place = {"module": "keras" if cls.__name__ in ("Sequential", "Model") else "keras.layers"}
    described = {"class_name": cls.__name__, "config": config, "registered_name": None, **place}
    build = layer.get_build_config()
    if build is not None and layer.built and not isinstance(layer, InputLayer):
        described["build_config"] = serialize(build)
    compiled = getattr(layer, "get_compile_config", None)
    if compiled is not None and compiled() is not None:
        described["compile_config"] = serialize(compiled())
    return described


def registered_name(thing: Any) -> str:
    """``package>name`` where it was registered, else its own name."""
    for name, value in lookup.custom_objects.items():
        if value is thing and ">" in name:
            return name
    return str(thing.__name__)


def serialize_function(function: Any) -> dict[str, Any]:
    """A function by its name, which whoever loads the file must know."""
    name = function.__name__
    if name == "<lambda>":
        raise DataError("serialize: a lambda has no name to be saved by; define a function")
    module = "builtins" if _named(name) is function else function.__module__
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered_name(function)}


def _named(name: str) -> Any:
    """A function of Keras by its name, or None."""
    for module in FUNCTIONS:
        found = getattr(import_module(f"rcmlrs_core.keras.{module}"), name, None)
        if found is not None:
            return found
    return None


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The object of a configuration.

    Raises :class:`DataError` for a class that is neither Keras' nor in ``custom_objects``, and for code.
    """
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(config)
    if isinstance(config, list | tuple):
        return [deserialize(part) for part in config]
    if not isinstance(config, Mapping):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: deserialize(part) for key, part in config.items()}
    name, inner = config["class_name"], config["config"]
    if not isinstance(name, str):
        raise DataError(f"deserialize: a class_name is text, got {name!r}")
    if name.startswith("__"):
        return _special(name, inner)
    if name == "function":
        return _function(inner)
    shared, key = _shared.get(), config.get("shared_object_id")
    if shared is not None and key in shared:
        return shared[key]
    kind = _kind_of(config)
    if kind is not None:
        return import_module(f"rcmlrs_core.keras.{kind}").deserialize(config)
    cls = find_class(config)
    if not isinstance(inner, Mapping) or not hasattr(cls, "from_config"):
        raise DataError(f"deserialize: {name}: expected a class with from_config() and a config that is a dict")
    made = cls.from_config(dict(inner))
    if isinstance(made, Layer):
        if config.get("build_config") and not made.built:
            made.build_from_config(config["build_config"])
        if config.get("compile_config") and hasattr(made, "compile_from_config"):
            made.compile_from_config(config["compile_config"])
    if shared is not None and isinstance(key, int):
        shared[key] = made
    return made


def _special(name: str, inner: Any) -> Any:
    """The values that JSON has no form for."""
    if name == "__slice__":
        return slice(*(deserialize(inner.get(end)) for end in ("start", "stop", "step")))
    if name == "__ellipsis__":
        return ...
    if name == "__bytes__":
        return str(inner["value"]).encode()
    if name in ("__tensor__", "__numpy__"):
        return tensor(inner["value"], dtype=standard_dtype(inner["dtype"]))
    if name == "__lambda__":
        raise DataError(
            "deserialize: the configuration holds the code of a lambda, which is never executed; rebuild the model in "
            "your script and take over the weights with load_weights, or save it with a named function, to be given in "
            "custom_objects={name: function}"
        )
    raise DataError(f"deserialize: there is no object {name!r} here")


def _function(name: Any) -> Any:
    """A function by its name: the user's, or Keras'."""
    if isinstance(name, str):
        found = _custom.get().get(name) or lookup.custom_objects.get(name)
        if found is None and name.isidentifier() and not name.startswith("_"):
            found = _named(name)
        if found is not None:
            return found
    raise DataError(f"deserialize: there is no function {name!r}; give it in custom_objects={{{name!r}: function}}")


def _kind_of(config: Mapping[str, Any]) -> str | None:
    """The module of ``KINDS`` that a configuration's class is of, if it is Keras' own."""
    parts = str(config.get("module")).split(".")
    if parts[0] != "keras" or config["class_name"] in _custom.get():
        return None
    if "schedules" in parts:
        return "optimizers.schedules"
    return next((part for part in parts[1:3] if part in KINDS), None)


def find_class(config: Mapping[str, Any]) -> Any:
    """The class that a configuration names: the user's first, then Keras' own."""
    name, registered, module = config["class_name"], config.get("registered_name"), config.get("module")
    for objects in (_custom.get(), lookup.custom_objects):
        for key in (registered, name, str(registered or "").rpartition(">")[2]):
            if isinstance(key, str) and key in objects:
                return objects[key]
    of_keras = module is None or str(module).split(".")[0] in ("keras", "tensorflow")
    if of_keras and ".ops." not in str(module):
        cls = known_classes().get(name)
        if cls is not None:
            return cls
    where = f"{module}.{name}" if module else name
    hint = did_you_mean(name, known_classes()) if of_keras else ""
    raise DataError(
        f"deserialize: {where} is not known here{hint}; if it is yours, give it in custom_objects={{{name!r}: {name}}} "
        "or put @keras.saving.register_keras_serializable() before it"
    )


serialize_keras_object = serialize
deserialize_keras_object = deserialize
