"""Backends that are wrong on purpose: ``rcmlrs_saboteur:sum_in_float32`` and so on, one classic fault each.

Each is the pure Python backend with some kernels (or the storage) replaced. The faults are in ``faults`` (operations,
storage), in ``compositions`` (fused kernels, draws), in ``rare`` (what only a thorough level sees) and in ``places``
(what only comparing calls with each other shows); in ``behaviour`` are backends whose bits are right and who behave
badly.
"""

from rcmlrs_saboteur import compositions, faults, places, rare
from rcmlrs_saboteur.behaviour import BEHAVIOURS
from rcmlrs_saboteur.plugin import FAULTS

globals().update(FAULTS)
globals().update(BEHAVIOURS)
__all__ = ["BEHAVIOURS", "FAULTS", "compositions", "faults", "places", "rare"]
