"""The errors of RCMLRS. Each says what was asked, what was got, and what to do.

Every class is also one of Python's own kinds (``ValueError``, ``TypeError``, ...), so that code which does not
know RCMLRS still catches what it expects to catch.
"""

from collections.abc import Iterable
from difflib import get_close_matches

ELSEWHERE = {
    "binary_crossentropy": "binary_cross_entropy",
    "cat": "concat",
    "categorical_crossentropy": "cross_entropy",
    "clone": "detach",
    "copy": "detach",
    "cpu": "to",
    "cuda": "to",
    "dim": "ndim",
    "from_numpy": "asarray",
    "huber": "huber_loss",
    "kl_divergence": "kl_div",
    "l1_loss": "mae_loss",
    "load": "load_state_binary",
    "load_tensors_binary": "load_state_binary",
    "load_tensors_json": "load_state_json",
    "log_cosh": "log_cosh_loss",
    "long": "astype",
    "numel": "size",
    "rand": "random.uniform",
    "randint": "random.randint",
    "randn": "random.normal",
    "randperm": "random.permutation",
    "ravel": "flatten",
    "save": "save_tensors_binary",
    "save_state_binary": "save_tensors_binary",
    "save_state_json": "save_tensors_json",
    "sparse_categorical_crossentropy": "cross_entropy",
    "type": "astype",
    "view": "reshape",
}
"""What other libraries call a thing, for the hints of errors."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name: the name that was perhaps meant, or nothing."""
    meant = ELSEWHERE.get(name) or next(iter(get_close_matches(name, known, 1)), None)
    return f"; did you mean {meant}?" if meant else ""


class RcmlrsError(Exception):
    """The root: ``except rc.RcmlrsError`` catches whatever RCMLRS refuses."""


class ShapeError(RcmlrsError, ValueError):
    """Shapes that do not fit each other or the operation."""


class AxisError(RcmlrsError, ValueError, IndexError):
    """An axis that the tensor does not have, or one that is named twice."""


class IndexRangeError(RcmlrsError, IndexError):
    """An index outside of the axis that it points into."""


class DTypeError(RcmlrsError, TypeError):
    """A tensor of another element type than the operation takes."""


class IntegerRangeError(RcmlrsError, OverflowError):
    """An int32 operation whose exact result is no int32: too large, or a quotient by zero."""


class AttributeValueError(RcmlrsError, ValueError):
    """An attribute of an operation (an exponent, a slope, ...) outside of what it may be."""


class BackendError(RcmlrsError, RuntimeError):
    """A backend that is unknown, broken, unhealthy, or lacks what was asked of it."""


class BackendMismatchError(BackendError, TypeError):
    """Tensors of two backends in one operation."""


class GradientError(RcmlrsError, RuntimeError):
    """A gradient that was asked for where there is none."""


class OperationError(RcmlrsError, ValueError):
    """An operation from outside that cannot be added: it is none, or its name is taken."""


class PrecisionError(RcmlrsError, ArithmeticError):
    """A value that no working precision up to the limit separates from a rounding boundary."""


class DataError(RcmlrsError, ValueError):
    """Input data (CSV, labels, a series) that cannot be taken as it is."""


class ConfigError(RcmlrsError, ValueError):
    """A configuration that cannot be followed; it says which file, line and key."""


class FileFormatError(RcmlrsError, ValueError):
    """A file that is not what it claims to be: truncated, altered, oversized or of another kind."""


class TrainingError(RcmlrsError, ArithmeticError):
    """A training run that cannot go on: a loss that is infinite or NaN, or a model that gives no tensor."""
