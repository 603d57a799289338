"""The compositions as kernels on the buffers of the Python backend, which are right: what their faults start from."""

from collections.abc import Callable
from typing import Any

from rcmlrs_core.creation import from_plain
from rcmlrs_core.optim.adam import adam_update
from rcmlrs_core.optim.sgd import sgd_update
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.random import DRAWS
from rcmlrs_core.tensor import RamTensor

Results = tuple[PlainArray, ...]


def on_tensors(formula: Callable[..., tuple[RamTensor, ...]]) -> Callable[..., Results]:
    """The kernel that is a formula on tensors."""

    def kernel(*buffers: PlainArray, **attributes: Any) -> Results:
        results = formula(*(from_plain(x, "python") for x in buffers), **attributes)
        return tuple(result.plain() for result in results)

    return kernel


def drawn(name: str) -> Callable[..., Results]:
    """The kernel of a draw."""
    return lambda **attributes: (DRAWS[name](**attributes),)


COMPOSED: dict[str, Callable[..., Results]] = {name: drawn(name) for name in DRAWS}
COMPOSED |= {"adam_update": on_tensors(adam_update), "sgd_update": on_tensors(sgd_update)}
"""By the names of :mod:`rcmlrs_core.fused`."""
