"""Keras' utilities: one-hot targets, seeds, sequences of one length."""

from typing import Any

from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import AttributeValueError, DataError
from rcmlrs_core.keras.data import PyDataset
from rcmlrs_core.keras.layer import as_array, as_tensor
from rcmlrs_core.keras.lookup import custom_objects, register_keras_serializable
from rcmlrs_core.keras.names import clear_session
from rcmlrs_core.keras.shapes import as_float, as_int32
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.random import manual_seed

Sequence = PyDataset
"""The former name of PyDataset."""

__all__ = [
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_objects",
    "normalize",
    "pad_sequences",
    "register_keras_serializable",
    "set_random_seed",
    "to_categorical",
]


def set_random_seed(seed: int) -> None:
    """Begin the random numbers anew: first weights, dropout and the order of examples (N8).

    Python's ``random`` and NumPy's legacy generator get the seed too, as in Keras, for the data that a script draws.
    """
    import random
    import sys

    manual_seed(seed)
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed % (1 << 32))


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Class numbers as one-hot rows: an array where NumPy is installed."""
    labels = as_tensor(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels.squeeze(axis=-1)
    if not labels.size:
        raise DataError("to_categorical: there are no labels")
    labels = as_int32(labels)
    classes = int(labels.max().item()) + 1 if num_classes is None else num_classes
    return as_array(labels.one_hot(classes=classes))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """``x`` divided by its norm along an axis; where that is 0, ``x`` itself."""
    values = as_float(x)
    if order == 2:
        norm = values.square().sum(axis=axis, keepdims=True).sqrt()
    elif order == 1:
        norm = values.abs().sum(axis=axis, keepdims=True)
    else:
        raise AttributeValueError(f"normalize: order is 1 or 2, got {order!r}")
    return as_array(values / norm.equal(0.0).where(1.0, norm))


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> Any:
    """Sequences of different lengths as one array ``(n, maxlen)``: filled up with ``value``, and cut, at one end.

    ``padding`` and ``truncating`` are "pre" or "post". Without ``maxlen`` it is the longest.
    """
    for name, end in (("padding", padding), ("truncating", truncating)):
        if end not in ("pre", "post"):
            raise AttributeValueError(f"pad_sequences: {name} is 'pre' or 'post', got {end!r}")
    rows = [list(row) for row in sequences]
    length = max((len(row) for row in rows), default=0) if maxlen is None else maxlen
    filled = []
    for row in rows:
        kept = row if len(row) <= length else row[len(row) - length :] if truncating == "pre" else row[:length]
        fill = [value] * (length - len(kept))
        filled.append(fill + kept if padding == "pre" else kept + fill)
    integers = "int" in str(dtype)
    if integers:
        filled = [[int(entry) for entry in row] for row in filled]
    return as_array(tensor(filled, dtype=INT32 if integers else FLOAT32))
