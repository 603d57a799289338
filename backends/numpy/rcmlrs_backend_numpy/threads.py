"""The threads of NumPy's BLAS, which threadpoolctl can set where it is installed."""

from functools import cache
from typing import Any


@cache
def _controllers() -> list[Any]:
    """Of the BLAS libraries in this process; none without threadpoolctl."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return []
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


def set_threads(count: int) -> int | None:
    """Set their number, and return what it was; None where that cannot be done."""
    former: int | None = None
    for controller in _controllers():
        former = int(controller.num_threads) if former is None else former
        controller.set_num_threads(count)
    return former
