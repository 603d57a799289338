"""How far predicted numbers are from the true ones."""

from fractions import Fraction
from math import nan
from typing import Any, Self

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.metrics.labels import check_tensors
from rcmlrs_core.metrics.metric import MeanMetric, Metric, spread_weight
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.numerics.sums import UNIT, special_sum
from rcmlrs_core.ops.loss import check_same_shape
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.tensor import RamTensor


def mse(prediction: RamTensor, target: RamTensor) -> RamTensor:
    """The mean squared error."""
    return prediction.mse_loss(target)


def rmse(prediction: RamTensor, target: RamTensor) -> RamTensor:
    """The root of the mean squared error, in the unit of the target."""
    return prediction.mse_loss(target).sqrt()


def mae(prediction: RamTensor, target: RamTensor) -> RamTensor:
    """The mean absolute error, in the unit of the target."""
    return prediction.mae_loss(target)


def r2(prediction: RamTensor, target: RamTensor) -> RamTensor:
    """The coefficient of determination; see :class:`R2`."""
    return R2()(prediction, target)


def _squares(prediction: RamTensor, target: RamTensor) -> RamTensor:
    check_tensors("mse", prediction, target)
    return prediction.mse_loss(target, reduction="none")


def _errors(prediction: RamTensor, target: RamTensor) -> RamTensor:
    check_tensors("mae", prediction, target)
    return prediction.mae_loss(target, reduction="none")


class MSE(MeanMetric):
    """:func:`mse` over batches."""

    def __init__(self, name: str = "mse") -> None:
        super().__init__(_squares, name)


class RMSE(MeanMetric):
    """:func:`rmse` over batches."""

    def __init__(self, name: str = "rmse") -> None:
        super().__init__(_squares, name, finish=RamTensor.sqrt)


class MAE(MeanMetric):
    """:func:`mae` over batches."""

    def __init__(self, name: str = "mae") -> None:
        super().__init__(_errors, name)


class R2(Metric):
    """The coefficient of determination: 1 minus the squared errors' sum over that of a prediction of the mean.

    ``1 - sum((p - t)^2) / sum((t - mean(t))^2)``, of exact sums of the exact terms, rounded once at the end; with
    weights, in both sums and in the mean. Of targets ``(n, ...)`` it is the mean of the columns'. Where all targets of
    a column are equal, it is 1 if they are predicted exactly and 0 otherwise (scikit-learn's ``r2_score``). NaN where
    an element is infinite or NaN.
    """

    def __init__(self, name: str = "r2") -> None:
        self.name = name
        self.reset()

    def reset(self) -> None:
        """Forget all sums."""
        self._columns: list[list[int]] = []  # sums of w, w t, w t^2, w (p - t)^2; t and w in units of 2^-149
        self._special = False

    @property
    def empty(self) -> bool:
        """Whether there is no example of a weight above 0."""
        return not any(column[0] for column in self._columns)

    def update(self, prediction: RamTensor, target: RamTensor, weight: RamTensor | None = None) -> None:
        """Take a batch."""
        check_tensors(self.name, prediction, target)
        check_same_shape(self.name, prediction, target)
        if prediction.dtype != FLOAT32 or target.dtype != FLOAT32:
            raise DTypeError(
                f"{self.name}: takes float32, got {prediction.dtype} and {target.dtype}; use .astype('float32')"
            )
        self.backend = prediction.backend
        columns = target.size // target.shape[0] if target.ndim and target.shape[0] else 1
        weights = spread_weight(self.name, weight, target.shape).flatten().tolist() if weight is not None else None
        found = []
        for i in range(columns):
            p, t = (x.detach().flatten().tolist()[i::columns] for x in (prediction, target))
            if special_sum(p) is not None or special_sum(t) is not None:
                self._special = True
                p = t = [0.0] * len(t)
            w = [1 << 149] * len(t) if weights is None else [int(x * UNIT) for x in weights[i::columns]]
            found.append(_sums([int(x * UNIT) for x in p], [int(x * UNIT) for x in t], w))
        self._add(found)

    def merge(self, other: Self) -> None:
        """Take what ``other`` has."""
        if other._columns:
            self._add(other._columns)
        self._special |= other._special
        self.backend = self.backend or other.backend

    def _add(self, found: list[list[int]]) -> None:
        if self._columns and len(found) != len(self._columns):
            raise ShapeError(f"{self.name}: this batch has {len(found)} columns, those before {len(self._columns)}")
        known = self._columns or [[0] * 4 for _ in found]
        self._columns = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(known, found, strict=True)]

    def result(self) -> RamTensor:
        """The mean of the columns'."""
        self._refuse_empty()
        if self._special:
            return self._tensor(nan)
        each: Any = sum(map(_determination, self._columns))
        return self._tensor(round_number(each / len(self._columns)))


def _sums(p: list[int], t: list[int], w: list[int]) -> list[int]:
    """What a column adds to its sums."""
    weighed = [c * b for b, c in zip(t, w, strict=True)]
    squares = sum(a * b for a, b in zip(weighed, t, strict=True))
    return [sum(w), sum(weighed), squares, sum(c * (a - b) ** 2 for a, b, c in zip(p, t, w, strict=True))]


def _determination(sums: list[int]) -> Fraction:
    """Of one column. The sum about the mean is ``(W Q - S^2) / W``."""
    weight, total, squares, errors = sums
    about = weight * squares - total * total
    if not about:
        return Fraction(not errors)
    return 1 - Fraction(errors * weight, about)
