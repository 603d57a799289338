"""Backends that are wrong on purpose: ``rcmlrs_saboteur:sum_in_float32`` and so on, one classic fault each.

Each is the pure Python backend with some kernels (or the storage) replaced. The faults are in ``faults`` (operations,
storage), in ``compositions`` (fused kernels, draws) and in ``rare`` (what only a thorough level sees).
"""

from rcmlrs_saboteur import compositions, faults, rare
from rcmlrs_saboteur.plugin import FAULTS

globals().update(FAULTS)
__all__ = ["FAULTS", "compositions", "faults", "rare"]
