"""The data that the cases are measured on."""

from collections.abc import Callable
from typing import Any

import numpy

Array = Any


def gaussian(*shape: int, seed: int = 0) -> Array:
    """Standard normal numbers."""
    return numpy.random.default_rng(seed).standard_normal(shape).astype(numpy.float32)


def bf16(*shape: int, seed: int = 0) -> Array:
    """The same with 8 bits of significand, as weights that were kept in bfloat16 have."""
    return (gaussian(*shape, seed=seed).view(numpy.uint32) & 0xFFFF0000).view(numpy.float32)


def integers(*shape: int, seed: int = 0) -> Array:
    """Small integers."""
    return numpy.random.default_rng(seed).integers(-128, 128, shape).astype(numpy.float32)


def one_hot(*shape: int, seed: int = 0) -> Array:
    """A one in every row."""
    chosen = numpy.random.default_rng(seed).integers(0, shape[-1], shape[:-1])
    return (chosen[..., None] == numpy.arange(shape[-1])).astype(numpy.float32)


def half_zero(*shape: int, seed: int = 0) -> Array:
    """What a rectifier leaves."""
    return numpy.maximum(gaussian(*shape, seed=seed), numpy.float32(0))


KINDS: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "Gaussian": (gaussian, gaussian),
    "bf16": (bf16, bf16),
    "small integers": (integers, integers),
    "one-hot": (one_hot, gaussian),
    "half zero": (half_zero, gaussian),
}
"""The kinds of matrices to multiply: what is left, and what is right."""
