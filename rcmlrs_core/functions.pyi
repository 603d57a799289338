"""The operations as functions. Generated from the operations' files by rcmlrs_core.stubs; do not edit."""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.tensor import RamTensor

def add(x: RamTensor, y: RamTensor | float) -> RamTensor: ...
def gelu(x: RamTensor) -> RamTensor: ...
def sum(x: RamTensor, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> RamTensor: ...
def transpose(x: RamTensor, axes: Sequence[int] | None = None) -> RamTensor: ...

__all__ = [
    "add",
    "gelu",
    "sum",
    "transpose",
]
