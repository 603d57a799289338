"""Whether a model behaves as in training or as in use, for as long as a block takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rcmlrs_core.nn.module import Module


@contextmanager
def behaving(model: Any, training: bool) -> Iterator[None]:
    """Inside, every module of ``model`` is in training, or none is; afterwards each is as it was.

    What is no :class:`Module` (a function) has no such mode.
    """
    before = [(module, module.training) for module in model.modules()] if isinstance(model, Module) else []
    try:
        for module, _ in before:
            module.training = training
        yield
    finally:
        for module, former in before:
            module.training = former
