"""The weights of a model by path, as Keras lays them out in a file, and their way in and out of the formats.

The path of a weight follows the model: ``layers/dense_1/vars/0`` is the first weight of the second Dense among the
model's layers, whatever its name is; what a layer holds is further down, under the name of its attribute:
``layers/lstm/cell/vars/0``. Within a layer the weights that may be trained come first. Nothing in here builds a model.
"""

import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import DataError
from rcmlrs_core.io.atomic import FilePath, atomic_write
from rcmlrs_core.io.binary import load_state_binary, save_tensors_binary
from rcmlrs_core.io.reading import open_regular
from rcmlrs_core.keras.layer import Layer, Variable
from rcmlrs_core.keras.names import snake_case
from rcmlrs_core.keras.saving import hdf5
from rcmlrs_core.keras.saving.archive import WEIGHTS, read_member
from rcmlrs_core.nn.module import Module
from rcmlrs_core.numerics.decimal_text import shown
from rcmlrs_core.plain import Shape
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import RamTensor

PASSED_OVER = ("optimizer", "seed_generator", "_seed_generators", "metrics", "_compile_metrics", "_loss_tracker")
"""Parts of paths below which Keras keeps what is no weight of the model."""


@dataclass
class Layout:
    """What a model's weight file holds."""

    variables: dict[str, Variable] = field(default_factory=dict)
    """The weights by path."""
    names: dict[str, str] = field(default_factory=dict)
    """The names of the layers, by the path of their weights' group."""


class Found(Protocol):
    """A weight of a file, before it is read."""

    @property
    def shape(self) -> Shape:
        """Its shape."""

    @property
    def dtype(self) -> str:
        """The element type that it is read as."""

    def read(self, backend: Backend) -> RamTensor:
        """Its elements."""


class Loaded:
    """A weight that is read already."""

    def __init__(self, tensor: RamTensor) -> None:
        self.tensor = tensor
        self.shape = tensor.shape
        self.dtype = tensor.dtype

    def read(self, backend: Backend) -> RamTensor:
        """On that backend."""
        return self.tensor.to(backend)


def layout_of(model: Layer) -> Layout:
    """The weights of a model, or of a layer, by path."""
    found = Layout()
    _visit(model, "", found, set())
    return found


def _visit(layer: Layer, path: str, found: Layout, seen: set[int]) -> None:
    """The layer's own weights, then those of what it holds; what was met before is passed over."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    group = f"{path}/vars".lstrip("/")
    found.names[group] = layer.name
    own = sorted(layer._record.variables, key=lambda variable: not variable.may_train)
    for index, variable in enumerate(own):
        found.variables[f"{group}/{index}"] = variable
    for name, held in _held(layer):
        below = f"{path}/{name}".lstrip("/")
        if isinstance(held, Layer):
            _visit(held, below, found, seen)
        elif isinstance(held, Module):
            raise DataError(
                f"layer {layer.name!r} holds a {type(held).__name__}, a module that Keras has no place for; save its "
                "state_dict() with rc.save_tensors_binary"
            )
        else:
            _visit_all(held, below, found, seen, set())


def _visit_all(container: Any, path: str, found: Layout, seen: set[int], above: set[int]) -> None:
    """The layers in a list, tuple or dict, by their classes' names: ``dense``, ``dense_1``, ..."""
    if id(container) in above:
        return
    used: dict[str, int] = {}
    for item in container.values() if isinstance(container, Mapping) else container:
        if isinstance(item, Layer):
            _visit(item, f"{path}/{_numbered(snake_case(type(item).__name__), used)}", found, seen)
        elif isinstance(item, list | tuple | dict):
            _visit_all(item, f"{path}/{_numbered('container', used)}", found, seen, above | {id(container)})


def _numbered(name: str, used: dict[str, int]) -> str:
    number = used[name] = used.get(name, -1) + 1
    return f"{name}_{number}" if number else name


def _held(layer: Layer) -> Iterator[tuple[str, Any]]:
    """The attributes with layers in them in Keras' order, by name and private ones last.

    The ``layers`` of a model that is made of a graph come first, and of another one at the place of their name.
    """
    held = {name: value for name, value in vars(layer).items() if name != "_input"}
    model = isinstance(getattr(type(layer), "layers", None), property)
    if model:
        held["layers"] = layer.layers  # type: ignore[attr-defined]
    first = model and (getattr(layer, "_graph", None) is not None or hasattr(layer, "_stack"))
    for name in sorted(held, key=lambda name: (not (first and name == "layers"), name[0] == "_", name)):
        if isinstance(held[name], Module | list | tuple | dict):
            yield name, held[name]


# ------------------------------------------------------------------------------------------------- writing


def to_hdf5(model: Layer, others: Mapping[str, RamTensor] | None = None) -> bytes:
    """The weights of a built model as Keras' HDF5 file, and ``others`` beside them."""
    layout = _of_built(model)
    tensors = {path: variable.value for path, variable in layout.variables.items()} | dict(others or {})
    return hdf5.written(tensors, {path: {"name": name} for path, name in layout.names.items()})


def save_weights(model: Layer, filepath: FilePath, overwrite: bool = True) -> None:
    """Write the weights of a model: Keras' ``.weights.h5``, which needs h5py, or ``.safetensors`` of the same paths.

    The file is replaced in one step. Real Keras loads the former.

    Raises:
        DataError: another ending, a file that is there without ``overwrite``, or a model that is not built yet.
        OSError: the file system refuses; what was there is unchanged.
    """
    path = os.fspath(filepath)
    check_overwrite(path, overwrite)
    kind = _kind(path, "save_weights", keras=False)
    if kind == "safetensors":
        layout = _of_built(model)
        tensors = {path: variable.value for path, variable in layout.variables.items()}
        save_tensors_binary(path, tensors, metadata={"format": "keras"})
        return
    content = to_hdf5(model)
    with atomic_write(path) as file:
        file.write(content)


def check_overwrite(path: Any, overwrite: bool) -> None:
    """Refuse a file that is there, unless it may be replaced."""
    if not overwrite and os.path.exists(path):
        raise DataError(f"{os.fsdecode(path)} exists already; overwrite=True replaces it, or choose another name")


def _kind(path: Any, what: str, keras: bool) -> str:
    name = os.fsdecode(path)
    if name.endswith("weights.h5"):
        return "h5"
    if name.endswith(".safetensors"):
        return "safetensors"
    if keras and name.endswith(".keras"):
        return "keras"
    endings = ".weights.h5, .safetensors" + (" or .keras" if keras else "")
    raise DataError(f"{what}: the name of the file ends in {endings}, got {name!r}")


def _of_built(model: Layer) -> Layout:
    if not model.built:
        raise DataError(
            f"model {model.name!r} is not built yet, so it has no weights to save or to load; call it once on data, or "
            "begin it with an Input"
        )
    return layout_of(model)


# ------------------------------------------------------------------------------------------------- reading


def load_weights(model: Layer, filepath: FilePath, skip_mismatch: bool = False, **unused: Any) -> None:
    """Take over the weights of a file, also one of real Keras: ``.weights.h5``, ``.safetensors`` or ``.keras``.

    All of them, or none on an error. With ``skip_mismatch`` what does not fit is left as it is, with a warning.

    Raises:
        DataError: the file's weights are those of another architecture; all differences are listed.
        FileFormatError: the file is not what its name says.
        OSError: it cannot be read.
    """
    if unused:
        raise TypeError(f"load_weights: there is no argument {', '.join(unused)}")
    path = os.fspath(filepath)
    kind = _kind(path, "load_weights", keras=True)
    source = os.fsdecode(path)
    layout = _of_built(model)
    if kind == "safetensors":
        take_over(layout, {name: Loaded(t) for name, t in load_state_binary(path).items()}, source, skip_mismatch)
        return
    with open_regular(path) as (file, size):
        if kind == "keras":
            file = BytesIO(read_member(source, file, size, WEIGHTS))
        with hdf5.opened(source, file) as arrays:
            take_over(layout, arrays, source, skip_mismatch)


def take_over(layout: Layout, arrays: Mapping[str, Found], source: str, skip_mismatch: bool = False) -> None:
    """Give the model's weights the elements of a file, once all of them are known to fit and are read."""
    amiss = differences(layout, arrays)
    if amiss and not skip_mismatch:
        listed = "; ".join(amiss[:MOST_LISTED]) + (
            f"; and {len(amiss) - MOST_LISTED} more" * (len(amiss) > MOST_LISTED)
        )
        raise DataError(
            f"{source} holds the weights of another architecture: {listed}; nothing was loaded; skip_mismatch=True "
            "takes what fits"
        )
    if amiss:
        warnings.warn(f"{source}: left as they are: {'; '.join(amiss)}", stacklevel=3)
    fitting = [
        (variable, arrays[path])
        for path, variable in layout.variables.items()
        if path in arrays and arrays[path].shape == variable.shape and arrays[path].dtype == variable.dtype
    ]
    read = [(variable, stored.read(variable.value._backend)) for variable, stored in fitting]
    with no_grad():
        for variable, tensor in read:
            variable.value.replace_(tensor)


MOST_LISTED = 20
"""Differences in one error."""


def differences(layout: Layout, arrays: Mapping[str, Found]) -> list[str]:
    """What is missing in the file, what it has too much, and what has another shape or type."""
    amiss = []
    for path, variable in layout.variables.items():
        called = f"{variable.path} ({path})"
        if path not in arrays:
            amiss.append(f"{called} is not in the file")
        elif arrays[path].shape != variable.shape:
            amiss.append(f"{called} has shape {arrays[path].shape} in the file and {variable.shape} in the model")
        elif arrays[path].dtype != variable.dtype:
            amiss.append(f"{called} is {arrays[path].dtype} in the file and {variable.dtype} in the model")
    for path in arrays:
        if path not in layout.variables and not any(part in PASSED_OVER for part in path.split("/")):
            amiss.append(f"{shown(path)} of shape {arrays[path].shape} is not in the model")
    return amiss
