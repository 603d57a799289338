"""The compositions as they are right, as kernels on the buffers of the Python backend: what their faults start from."""

from collections.abc import Callable
from typing import Any

from rcmlrs_core.creation import from_plain
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.random import DRAWS
from rcmlrs_core.tensor import RamTensor

Results = tuple[PlainArray, ...]
Formula = Callable[..., tuple[RamTensor, ...]]
Descend = Callable[[RamTensor, float, RamTensor], RamTensor]


def descend(p: RamTensor, lr: float, step: RamTensor) -> RamTensor:
    """The last line of every update, rounded twice."""
    return p - lr * step


def sgd(
    p: RamTensor, g: RamTensor, *b: RamTensor, lr: float, momentum: float | None, nesterov: bool,
    weight_decay: float | None, last: Descend = descend,
) -> tuple[RamTensor, ...]:  # fmt: skip
    """``sgd_update`` of :mod:`rcmlrs_core.fused`."""
    if weight_decay is not None:
        g = g + weight_decay * p
    if momentum is None:
        return (last(p, lr, g),)
    after = momentum * b[0] + g if b else g
    return last(p, lr, g + momentum * after if nesterov else after), after


def adam(
    p: RamTensor, g: RamTensor, m: RamTensor, v: RamTensor, *, lr: float, beta1: float, beta2: float, rest1: float,
    rest2: float, unbias1: float, unbias2: float, eps: float, weight_decay: float | None, last: Descend = descend,
    eps_inside: bool = False,
) -> tuple[RamTensor, ...]:  # fmt: skip
    """``adam_update`` of :mod:`rcmlrs_core.fused`; with eps inside of the root, where that is asked for."""
    if weight_decay is not None:
        g = g + weight_decay * p
    m = beta1 * m + rest1 * g
    v = beta2 * v + rest2 * g.square()
    spread = (v / unbias2 + eps).sqrt() if eps_inside else (v / unbias2).sqrt() + eps
    return last(p, lr, (m / unbias1) / spread), m, v


def on_tensors(formula: Formula) -> Callable[..., Results]:
    """The kernel that is a formula on tensors."""

    def kernel(*buffers: PlainArray, **attributes: Any) -> Results:
        results = formula(*(from_plain(x, "python") for x in buffers), **attributes)
        return tuple(result.plain() for result in results)

    return kernel


def drawn(name: str) -> Callable[..., Results]:
    """The kernel of a draw."""
    return lambda **attributes: (DRAWS[name](**attributes),)


COMPOSED: dict[str, Callable[..., Results]] = {name: drawn(name) for name in DRAWS}
COMPOSED |= {"sgd_update": on_tensors(sgd), "adam_update": on_tensors(adam)}
"""By the names of :mod:`rcmlrs_core.fused`."""
