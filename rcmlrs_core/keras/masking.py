"""Masks that go with tensors: which steps of a sequence count. ``Embedding(mask_zero=True)`` and ``Masking`` make them.

A tensor has no place for a mask, so they are kept here, beside it, as long as it lives.
"""

import weakref
from typing import Any

from rcmlrs_core.tensor import RamTensor

_masks: dict[int, tuple[Any, RamTensor]] = {}


def get_keras_mask(tensor: Any) -> RamTensor | None:
    """The mask that goes with a tensor: a bool tensor, true where it counts; None, where all of it does."""
    found = _masks.get(id(tensor)) if _masks else None
    return found[1] if found is not None and found[0]() is tensor else None


def set_keras_mask(tensor: Any, mask: RamTensor | None) -> None:
    """Let ``mask`` go with ``tensor``; None takes it away."""
    key = id(tensor)
    if mask is None:
        _masks.pop(key, None)
    elif isinstance(tensor, RamTensor):
        _masks[key] = (weakref.ref(tensor, lambda _: _masks.pop(key, None)), mask)
