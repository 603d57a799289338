"""Kernels of the Python backend that are quicker than the derived ones."""

from collections.abc import Callable
from typing import Any

KERNELS: tuple[Callable[..., Any], ...] = ()
"""What the backend registers, each under its own name."""
