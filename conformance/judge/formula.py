"""What is right for millions of elements at once: the operation's binary64 formula with its proven bound, on NumPy.

Where the formula leaves the rounding open, the exact definition decides. The bound is taken ``MARGIN`` times as wide as
it is proven, so that a library whose functions err more than they promise would not be believed.
"""

from collections.abc import Callable
from typing import Any

from rcmlrs_core.errors import BackendError
from rcmlrs_core.ops.op import Elementwise

MARGIN = 4
BLOCK = 1 << 15
"""Elements at a time: the temporaries stay in a cache."""

Judge = Callable[[Any], Any]
"""From an array of float32 elements to the right results."""


def need_numpy() -> None:
    """Raise what to install where it is missing."""
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        raise BackendError(
            "the level exhaustive computes what is right with NumPy, which is not installed; "
            "install it: pip install 'rcmlrs[numpy]'"
        ) from error


def judge(operation: Elementwise, attributes: dict[str, Any]) -> Judge:
    """The right results of a function of one float32 element, with these attributes in their normal form."""
    import numpy

    from rcmlrs_backend_array_api.derive import elementwise
    from rcmlrs_backend_array_api.rounding import Rounded, round_decided

    def widened(xp: Any, value: Any, bound: float, magnitude: Any = None) -> Rounded:
        return round_decided(xp, value, MARGIN * bound, magnitude)

    kernel = elementwise(operation, numpy, widened)

    def right(x: Any) -> Any:
        with numpy.errstate(all="ignore"):
            blocks = [kernel(x[start : start + BLOCK], **attributes) for start in range(0, len(x), BLOCK)]
            return numpy.concatenate(blocks)

    return right
