"""``State``: named tensors and metadata, which is what the files hold; what may be in one; and its digest."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from rcmlrs_core.errors import DataError, ShapeError
from rcmlrs_core.plain import Shape
from rcmlrs_core.tensor import RamTensor

Tensors = Mapping[str, RamTensor] | Iterable[RamTensor]
"""What can be saved: tensors by name, or in a list, where they are called "0", "1", ... by their place."""

RESERVED = "__metadata__"
"""The one name that the safetensors format takes for itself."""
MOST_AXES = 64
"""NumPy's limit; a file with more could be loaded on some backends only."""
MOST_ELEMENTS = 2**40
"""Lengths that are not 0 multiply to at most this. It matters where there is no element: (0, 2^62, 2^62)."""


class State(dict[str, RamTensor]):
    """Tensors by name, in the order of the file, and ``metadata``, a dict of strings.

    A dict in all else. What was saved as a list unpacks as ``weights, biases = state.values()``. Two states
    are compared by ``state_digest``, because ``==`` of tensors is elementwise.
    """

    def __init__(self, tensors: Mapping[str, RamTensor], metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(tensors)
        self.metadata: dict[str, str] = dict(metadata or {})


def state_digest(tensors: Tensors) -> str:
    """SHA-256, in hex, over names and tensors; the order of the names does not matter.

    Hashed are, name by name in the order of their UTF-8 bytes: the length of the name in bytes, as a little-endian
    64-bit integer; the name; and the 32 bytes of ``tensor.digest()``, which covers element type, shape and elements.
    Metadata is left out. Equal digests are equal names and bits, on whatever backend and from whatever file.
    """
    whole = hashlib.sha256()
    for name, tensor in sorted(named(tensors).items()):  # by code point, which is by UTF-8 bytes; names differ
        encoded = name.encode()
        whole.update(len(encoded).to_bytes(8, "little") + encoded + bytes.fromhex(tensor.digest()))
    return whole.hexdigest()


def named(tensors: Tensors) -> dict[str, RamTensor]:
    """The tensors by name, each of which a file can hold.

    Raises:
        TypeError: not tensors, or names that are not strings.
        DataError: a name that is reserved or is no Unicode text (a lone surrogate).
        ShapeError: more axes than files have, or longer ones.
    """
    if isinstance(tensors, RamTensor):
        raise TypeError("got one tensor, expected several; give a list, [tensor], or a dict, {'weights': tensor}")
    if not isinstance(tensors, Iterable):
        raise TypeError(f"got {type(tensors).__name__}, expected tensors; give a list or a dict of them")
    if isinstance(tensors, Mapping):
        found = dict(tensors)
    else:
        found = {str(place): tensor for place, tensor in enumerate(tensors)}
    for name, tensor in found.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of a tensor is a string, got {name!r}; name it {str(name)!r}")
        if name == RESERVED:
            raise DataError(f"a tensor cannot be called {RESERVED!r}, which is the format's own; rename it")
        if not is_unicode(name):
            raise DataError(f"a tensor cannot be called {name!r}: half of a surrogate pair is no text; rename it")
        if not isinstance(tensor, RamTensor):
            raise TypeError(f"{name!r} is {type(tensor).__name__}, expected a tensor; make it one with rc.tensor(...)")
        if problem := shape_problem(tensor.shape):
            raise ShapeError(f"tensor {name!r} cannot be stored: {problem}")
    return found


def metadata_of(tensors: Tensors, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """The metadata to save: what is given, by default that of a ``State``, else none.

    Raises:
        TypeError: a key or a value that is not a string.
        DataError: one that is no Unicode text.
    """
    if metadata is None:
        metadata = tensors.metadata if isinstance(tensors, State) else {}
    items: Iterable[tuple[Any, Any]] = metadata.items()
    for key, value in items:
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(
                f"metadata are strings by string, got {key!r}: {value!r}; store {str(value)!r}, or its JSON"
            )
        if not is_unicode(key + "\0" + value):
            raise DataError(f"metadata {key!r}: {value!r}: half of a surrogate pair is no text; remove it")
    return dict(metadata)


def is_unicode(text: str) -> bool:
    """Whether ``text`` has a UTF-8 form: Python strings may hold halves of surrogate pairs, which have none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shape_problem(shape: Shape) -> str | None:
    """Why no file holds a tensor of ``shape``; None if one can."""
    if len(shape) > MOST_AXES:
        return f"it has {len(shape)} axes, and {MOST_AXES} are the most; merge some with reshape"
    elements = 1
    for length in shape:
        elements *= length or 1
    if elements > MOST_ELEMENTS:
        return f"its axes {shape} are too long: without those of length 0 they multiply to more than 2^40"
    return None
