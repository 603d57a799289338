"""Nested lists, tuples and dicts of tensors: how several inputs and outputs of a layer come."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def leaves(structure: Any) -> Iterator[Any]:
    """What is in it, depth first; a dict by the order of its keys, as Keras has it."""
    if isinstance(structure, Mapping):
        for key in sorted(structure, key=str):
            yield from leaves(structure[key])
    elif isinstance(structure, list | tuple):
        for value in structure:
            yield from leaves(value)
    else:
        yield structure


def map_leaves(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """The same structure of ``function`` of each leaf, beside those at its place in ``others``."""
    if isinstance(structure, Mapping):
        return {key: map_leaves(function, value, *(o[key] for o in others)) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        mapped = [map_leaves(function, *parts) for parts in zip(structure, *others, strict=True)]
        if hasattr(structure, "_fields"):
            return type(structure)(*mapped)
        return mapped if isinstance(structure, list) else tuple(mapped)
    return function(structure, *others)
