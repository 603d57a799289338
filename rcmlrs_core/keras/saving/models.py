"""Whole models in Keras' ``.keras`` files: architecture, weights and compilation."""

import json
import os
from collections.abc import Mapping
from io import BytesIO
from math import prod
from typing import Any

from rcmlrs_core.errors import BackendError, DataError, FileFormatError, RcmlrsError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.io.reading import decoded, open_regular
from rcmlrs_core.keras.layer import Layer, weights_to_come
from rcmlrs_core.keras.saving import archive, hdf5, optimizers
from rcmlrs_core.keras.saving.objects import custom_object_scope, deserialize, serialize, sharing
from rcmlrs_core.keras.saving.weights import check_overwrite, layout_of, take_over, to_hdf5

FORMAT_OF = "3.15.1"
"""The Keras whose form of the files is written."""


def save_model(model: Layer, filepath: FilePath, overwrite: bool = True, **unused: Any) -> None:
    """Write a model to a ``.keras`` file, which real Keras loads too: equal models make equal bytes.

    The optimizer is written with its settings and, where Keras has the same of it, what it remembers. The file
    is replaced in one step.

    Raises:
        DataError: another ending, a file that is there without ``overwrite``, or a layer without a configuration.
        OSError: the file system refuses; what was there is unchanged.
    """
    path = os.fspath(filepath)
    if not os.fsdecode(path).endswith(".keras"):
        raise DataError(
            f"save: the name of the file ends in .keras, got {os.fsdecode(path)!r}; save_weights writes .weights.h5 "
            "and .safetensors"
        )
    if unused.pop("include_optimizer", True) is None or unused.pop("zipped", True) is not True or unused:
        raise TypeError(f"save: there is no argument {', '.join(unused) or 'zipped=False'}")
    check_overwrite(path, overwrite)
    if not model.built:
        raise DataError(f"save: model {model.name!r} is not built yet; call it once on data, or begin it with an Input")
    members = {
        archive.METADATA: json.dumps({"keras_version": FORMAT_OF}).encode(),
        archive.CONFIG: json.dumps(serialize(model), allow_nan=False).encode(),
        archive.WEIGHTS: to_hdf5(model, optimizers.to_write(model)),
    }
    archive.write_archive(path, members)


def load_model(
    filepath: FilePath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in a ``.keras`` file, also one that real Keras wrote.

    The file is only read: classes are Keras' own and those in ``custom_objects`` (by name) or registered; code in it is
    never executed, whatever ``safe_mode`` says, and memory is bounded by what the file holds. With ``compile`` the
    model has the file's optimizer, loss and metrics.

    Raises:
        FileFormatError: the file is truncated or altered, or what it describes cannot be made.
        DataError: a class that is not known, or weights that do not fit the architecture.
        OSError: it cannot be read.
    """
    path = os.fspath(filepath)
    source = os.fsdecode(path)
    if not source.endswith(".keras"):
        raise DataError(f"load_model: the name of the file ends in .keras, got {source!r}")
    with open_regular(path) as (file, size):
        config = _config(source, archive.read_member(source, file, size, archive.CONFIG))
        weights = BytesIO(archive.read_member(source, file, size, archive.WEIGHTS))
    with hdf5.opened(source, weights) as arrays:
        elements = sum(prod(stored.shape) for stored in arrays.values())
        with weights_to_come(2 * elements):  # Bidirectional makes the layer that it is given a second time
            model = _made(source, config, custom_objects, compile)
        take_over(layout_of(model), arrays, source)
        optimizers.take_over(model, arrays, source)
    return model


def _config(source: str, raw: bytes) -> dict[str, Any]:
    """The configuration, parsed."""
    within = f"{source}, {archive.CONFIG}"
    text = decoded(within, raw, archive.ADVICE)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{within}: expected JSON, found: {error}; {archive.ADVICE}") from None
    if not isinstance(found, dict) or "class_name" not in found:
        raise FileFormatError(f"{within}: expected an object with a class_name; {archive.ADVICE}")
    return found


def _made(source: str, config: dict[str, Any], custom_objects: Mapping[str, Any] | None, compile: bool) -> Layer:
    """The model that the configuration describes, with first weights."""
    if not compile:
        config["compile_config"] = None
    try:
        with custom_object_scope(custom_objects or {}), sharing():
            model = deserialize(config)
    except (FileFormatError, BackendError):
        raise
    except RcmlrsError as error:
        raise type(error)(f"{source}: {error}") from None
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        NotImplementedError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise FileFormatError(
            f"{source}, {archive.CONFIG}: no model can be made of it: {type(error).__name__}: {error}; {archive.ADVICE}"
        ) from error
    if not isinstance(model, Layer):
        raise FileFormatError(f"{source}: expected a model, found a {type(model).__name__}; {archive.ADVICE}")
    return model
