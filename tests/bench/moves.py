"""Indexing and moves on the NumPy backend, beside NumPy's own on arrays of the same shape."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy

import rcmlrs_core as rc
from rcmlrs_core.tensor import RamTensor
from tests.bench.measure import Effort, Result, beyond

GROUP = "moves"
GOAL = 2.0
"""Microseconds over NumPy's own."""

SHAPE = (8, 16, 32)
MASK = numpy.arange(8 * 16 * 32).reshape(SHAPE) % 3 == 0
ROWS, COLUMNS = numpy.array([1, 5, -2], dtype="i4"), numpy.array([0, 15, 7], dtype="i4")

Work = Callable[[Any], Any]

# What is measured: on a tensor, and on an array. The indices of a tensor are tensors, and those of an array arrays.
CASES: dict[str, tuple[Callable[[RamTensor, dict[str, RamTensor]], Any], Work]] = {
    "x[3]": (lambda x, t: x[3], lambda a: a[3]),
    "x[:, t]": (lambda x, t: x[:, 5], lambda a: a[:, 5]),
    "x[1:7, ::-2]": (lambda x, t: x[1:7, ::-2], lambda a: a[1:7, ::-2]),
    "x[..., None]": (lambda x, t: x[..., None], lambda a: a[..., None]),
    "x[i]": (lambda x, t: x[t["i"]], lambda a: a[ROWS]),
    "x[i, j]": (lambda x, t: x[t["i"], t["j"]], lambda a: a[ROWS, COLUMNS]),
    "x[:, j]": (lambda x, t: x[:, t["j"]], lambda a: a[:, COLUMNS]),
    "x[mask]": (lambda x, t: x[t["mask"]], lambda a: a[MASK]),
    "x[i, :, 2]": (lambda x, t: x[t["i"], :, 2], lambda a: a[ROWS, :, 2]),
    "reshape": (lambda x, t: x.reshape((128, 32)), lambda a: a.reshape((128, 32))),
    "transpose": (lambda x, t: x.transpose((0, 2, 1)), lambda a: a.transpose((0, 2, 1))),
    "swapaxes": (lambda x, t: x.swapaxes(0, 1), lambda a: a.swapaxes(0, 1)),
    "moveaxis": (lambda x, t: x.moveaxis(0, -1), lambda a: numpy.moveaxis(a, 0, -1)),
    "squeeze": (lambda x, t: x.squeeze(), lambda a: a.squeeze()),
    "broadcast_to": (lambda x, t: x.broadcast_to((2, *SHAPE)), lambda a: numpy.broadcast_to(a, (2, *SHAPE))),
    "flip": (lambda x, t: x.flip(axis=1), lambda a: numpy.flip(a, 1)),
    "roll": (lambda x, t: x.roll(3, axis=1), lambda a: numpy.roll(a, 3, 1)),
    "repeat": (lambda x, t: x.repeat(2, axis=1), lambda a: numpy.repeat(a, 2, 1)),
    "tile": (lambda x, t: x.tile((2, 1, 1)), lambda a: numpy.tile(a, (2, 1, 1))),
    "tril": (lambda x, t: x.tril(), numpy.tril),
    "diagonal": (lambda x, t: x.diagonal(), lambda a: a.diagonal()),
    "concat": (lambda x, t: x.concat(x, axis=1), lambda a: numpy.concatenate((a, a), 1)),
    "stack": (lambda x, t: x.stack(x), lambda a: numpy.stack((a, a))),
    "split": (lambda x, t: x.split(4, axis=1), lambda a: numpy.split(a, 4, 1)),
    "unstack": (lambda x, t: x.unstack(), lambda a: list(a)),
    "pad": (lambda x, t: x.pad(1), lambda a: numpy.pad(a, 1)),
    "pad_edge": (lambda x, t: x.pad_edge(1), lambda a: numpy.pad(a, 1, "edge")),
    "take": (lambda x, t: x.take(t["j"], axis=1), lambda a: numpy.take(a, COLUMNS, 1)),
    "where": (lambda x, t: t["mask"].where(x, x), lambda a: numpy.where(MASK, a, a)),
}


def results(effort: Effort) -> Iterator[Result]:
    """Each case, with the tape off and the goal for one call."""
    a = numpy.arange(8 * 16 * 32, dtype="f4").reshape(SHAPE)
    x = rc.tensor(a, "numpy")
    tensors = {
        "i": rc.tensor(ROWS, "numpy", dtype="int32"),
        "j": rc.tensor(COLUMNS, "numpy", dtype="int32"),
        "mask": rc.tensor(MASK, "numpy", dtype="bool"),
    }
    for case, (ours, peer) in CASES.items():
        yield beyond(GROUP, case, lambda ours=ours: ours(x, tensors), lambda peer=peer: peer(a), effort, GOAL)  # type: ignore[misc]
