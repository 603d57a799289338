"""Backends that are wrong on purpose: ``rcmlrs_saboteur:sum_in_float32`` and so on, one classic fault each.

Each is the pure Python backend with some kernels (or the storage) replaced. The faults are in ``faults``.
"""

from rcmlrs_saboteur.faults import FAULTS

globals().update(FAULTS)
__all__ = ["FAULTS"]
