"""Moves: NumPy's own, as views where it can (buffers never change, so a view is safe)."""

from typing import Any

import numpy

Array = Any

KERNELS: dict[str, Any] = {}
