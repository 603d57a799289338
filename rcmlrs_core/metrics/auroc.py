"""The area under the receiver operating characteristic."""

from fractions import Fraction
from math import nan
from typing import Any, Self

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.metrics.labels import binary_labels, check_range, check_tensors, refuse_nan
from rcmlrs_core.metrics.metric import Metric
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import RamTensor

AVERAGES = ("macro", "weighted", None)


class AUROC(Metric):
    """How often an example of the class has a higher score than one of another class; equal scores count half.

    ``RN`` of the exact share of all pairs (Mann-Whitney's U, counted in integers): no thresholds are tried out, so it
    is the area under the whole curve (Keras' ``AUC`` takes 200 trapezoids of it).

    Scores are of one axis, and labels 0 and 1 of any element type; or scores ``(n, classes)``, labels int32 ``(n,)``,
    and each class stands against the rest: ``average`` is ``"macro"``, the mean of the classes, ``"weighted"``,
    weighted by how often each is the label, or None, a tensor ``(classes,)``. Where there is no pair, since all
    examples or none are of the class, the area is NaN.

    All scores and labels are kept until ``reset``, since every one is compared with all others.

    Raises:
        DataError: a score that is NaN, or a label that is neither 0 nor 1.
        IndexRangeError: a label outside of the classes.

    Source: J. A. Hanley, B. J. McNeil, The meaning and use of the area under a ROC curve, Radiology 143, 1982.
    """

    def __init__(self, name: str = "auroc", *, average: str | None = "macro") -> None:
        if average not in AVERAGES:
            raise AttributeValueError(f"{name}: average is one of {', '.join(map(repr, AVERAGES))}, got {average!r}")
        self.name, self.average = name, average
        self.reset()

    def reset(self) -> None:
        """Forget all scores."""
        self._scores: list[RamTensor] = []
        self._labels: list[RamTensor] = []

    @property
    def empty(self) -> bool:
        """Whether nothing was taken."""
        return not self._scores

    def update(self, prediction: RamTensor, target: RamTensor, weight: RamTensor | None = None) -> None:
        """Take a batch; pairs have no weights."""
        if weight is not None:
            raise AttributeValueError(f"{self.name}: counts pairs of examples, and takes no weight")
        check_tensors(self.name, prediction, target)
        with no_grad():
            self.backend = prediction.backend
            if prediction.ndim == 2 and target.ndim == 1:
                if prediction.dtype != FLOAT32 or target.dtype != INT32:
                    raise DTypeError(
                        f"{self.name}: scores (n, classes) are float32 and labels (n,) int32 class numbers, got "
                        f"{prediction.dtype} and {target.dtype}"
                    )
                if prediction.shape[:1] != target.shape:
                    raise ShapeError(
                        f"{self.name}: scores are (n, classes) and labels (n,), got {prediction.shape} and "
                        f"{target.shape}"
                    )
                check_range(self.name, target, prediction.shape[1])
                labels = target
            else:
                labels = binary_labels(self.name, prediction, target).astype(dtype=INT32).flatten()
                prediction = prediction.flatten()
            refuse_nan(self.name, prediction)
            if self._scores and self._scores[0].shape[1:] != prediction.shape[1:]:
                raise ShapeError(
                    f"{self.name}: scores of this batch are of {prediction.shape}, those before of "
                    f"{self._scores[0].shape}"
                )
            self._scores.append(prediction.detach())
            self._labels.append(labels)

    def merge(self, other: Self) -> None:
        """Take what ``other`` has."""
        self._scores += other._scores
        self._labels += other._labels
        self.backend = self.backend or other.backend

    def result(self) -> RamTensor:
        """The area, or the average of the classes'."""
        self._refuse_empty()
        with no_grad():
            scores = self._scores[0].concat(*self._scores[1:], axis=0)
            labels = self._labels[0].concat(*self._labels[1:], axis=0)
            if scores.ndim == 1:
                area, _ = _area(scores, labels.equal(1))
                return self._tensor(_rounded(area))
            columns = scores.transpose()
            found = [_area(columns[c], labels.equal(c)) for c in range(columns.shape[0])]
        if self.average is None:
            return self._tensor([_rounded(area) for area, _ in found])
        known = [(area, count if self.average == "weighted" else 1) for area, count in found]
        if any(area is None and count for area, count in known):
            return self._tensor(nan)
        whole = sum(count for _, count in known)
        if not whole:
            return self._tensor(nan)
        weighed: Any = sum(area * count for area, count in known if area is not None)
        return self._tensor(_rounded(weighed / whole))


def auroc(scores: RamTensor, labels: RamTensor, *, average: str | None = "macro") -> RamTensor:
    """The area under the receiver operating characteristic, exact; see :class:`AUROC`."""
    return AUROC(average=average)(scores, labels)


def _area(scores: RamTensor, positive: RamTensor) -> tuple[Fraction | None, int]:
    """The share of pairs in order, exactly, or None where there are none; and how many examples are of the class."""
    high, low = scores[positive], scores[positive.logical_not()].sort()
    pairs = high.size * low.size
    if not pairs:
        return None, high.size
    # Twice U: a lower score counts once on the left and once on the right, an equal one on the right alone. Each is an
    # int32, but their sum may be none, so it is one of Python's.
    twice = sum(low.searchsorted(high, side="left").tolist()) + sum(low.searchsorted(high, side="right").tolist())
    return Fraction(twice, 2 * pairs), high.size


def _rounded(area: Fraction | None) -> float:
    return nan if area is None else round_number(area)
