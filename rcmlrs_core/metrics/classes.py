"""Precision, recall and F1: ratios of how often a class was predicted, was the label, and was both."""

from abc import abstractmethod
from fractions import Fraction
from math import isfinite
from typing import Any, Self

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.metrics.labels import above, binary_labels, check_tensors, class_numbers, counts
from rcmlrs_core.metrics.metric import Metric, spread_weight
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.numerics.sums import UNIT, units
from rcmlrs_core.plain import INT32
from rcmlrs_core.tensor import Number, RamTensor

AVERAGES = ("binary", "macro", "micro", "weighted", None)


class ClassMetric(Metric):
    """A ratio of three counts of each class: right predictions, predictions, and labels.

    ``average`` says what is asked (scikit-learn's words):

    * ``"binary"``: of class 1. Predictions are numbers of any shape, above ``threshold`` or not; targets are 0 and 1,
      of any element type and the same shape.
    * ``"macro"``: the mean of the ratios of all classes; ``"weighted"``, weighted by how often each is the label.
    * ``"micro"``: the ratio of the counts of all classes together.
    * None: the ratio of each class, a tensor ``(classes,)``.

    But for ``"binary"``, predictions are scores ``(n, classes)``, of which the highest counts, or int32 class numbers
    (then ``classes=`` says how many there are), and targets int32 class numbers, or rows as of ``one_hot``.

    A ratio of 0 / 0 (a class that was never predicted has no precision) counts as ``zero_division``. Counts are exact
    integers (with weights, exact sums), and the result is rounded once, whatever is averaged.

    Raises:
        DataError: a score that is NaN; a binary label that is neither 0 nor 1.
        IndexRangeError: a label or a predicted class outside of the classes.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        average: str | None = "binary",
        threshold: Number = 0.5,
        classes: int | None = None,
        zero_division: Number = 0.0,
    ) -> None:
        self.name = name or type(self).__name__.lower()
        if average not in AVERAGES:
            raise AttributeValueError(
                f"{self.name}: average is one of {', '.join(map(repr, AVERAGES))}, got {average!r}"
            )
        self.average, self.threshold, self.classes = average, threshold, classes
        instead = round_number(zero_division)
        if not isfinite(instead):
            raise AttributeValueError(f"{self.name}: zero_division must be a finite number, got {zero_division!r}")
        self.zero_division = Fraction(instead)
        self.reset()

    def reset(self) -> None:
        """Forget all counts."""
        self._counts: list[list[int]] = []  # right, predicted and labelled, of each class, in units of 2^-149

    @property
    def empty(self) -> bool:
        """Whether nothing was taken."""
        return not self._counts

    def update(self, prediction: RamTensor, target: RamTensor, weight: RamTensor | None = None) -> None:
        """Take a batch."""
        check_tensors(self.name, prediction, target)
        with no_grad():
            self.backend = prediction.backend
            if self.average == "binary":
                labels = binary_labels(self.name, prediction, target)
                predicted = above(self.name, prediction, self.threshold)
                found = [
                    [total(self.name, mask, weight)] for mask in (predicted.logical_and(labels), predicted, labels)
                ]
            else:
                predicted, labels, classes = class_numbers(self.name, prediction, target, self.classes)
                right = predicted.equal(labels).where(labels, labels.full_like(classes, INT32))  # elsewhere no class
                if weight is not None:
                    weight = spread_weight(self.name, weight, target.shape[:1]).flatten()
                found = [totals(x, classes, weight) for x in (right, predicted, labels)]
        self._add(found)

    def merge(self, other: Self) -> None:
        """Take what ``other`` has."""
        self._add(other._counts)
        self.backend = self.backend or other.backend

    def _add(self, found: list[list[int]]) -> None:
        if self._counts and found and len(found[0]) != len(self._counts[0]):
            raise AttributeValueError(
                f"{self.name}: this batch is of {len(found[0])} classes, and those before of {len(self._counts[0])}"
            )
        if found:
            known = self._counts or [[0] * len(row) for row in found]
            self._counts = [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(known, found, strict=True)]

    @staticmethod
    @abstractmethod
    def ratio(right: int, predicted: int, labelled: int) -> tuple[int, int]:
        """Numerator and denominator."""

    def _of(self, right: int, predicted: int, labelled: int) -> Fraction:
        numerator, denominator = self.ratio(right, predicted, labelled)
        return Fraction(numerator, denominator) if denominator else self.zero_division

    def result(self) -> RamTensor:
        """The ratio, or the average of the classes'; with ``average=None``, each."""
        self._refuse_empty()
        right, predicted, labelled = self._counts
        if self.average == "micro":
            return self._tensor(round_number(self._of(sum(right), sum(predicted), sum(labelled))))
        each = [self._of(*row) for row in zip(right, predicted, labelled, strict=True)]
        if self.average is None:
            return self._tensor([round_number(ratio) for ratio in each])
        shares = labelled if self.average == "weighted" else [1] * len(each)
        whole = sum(shares)
        weighed: Any = sum(ratio * share for ratio, share in zip(each, shares, strict=True))
        return self._tensor(round_number(weighed / whole if whole else self.zero_division))


class Precision(ClassMetric):
    """Of what was predicted to be of a class, the share that is; see :class:`ClassMetric`."""

    @staticmethod
    def ratio(right: int, predicted: int, labelled: int) -> tuple[int, int]:
        """``right / predicted``."""
        return right, predicted


class Recall(ClassMetric):
    """Of what is of a class, the share that was predicted to be; see :class:`ClassMetric`."""

    @staticmethod
    def ratio(right: int, predicted: int, labelled: int) -> tuple[int, int]:
        """``right / labelled``."""
        return right, labelled


class F1(ClassMetric):
    """The harmonic mean of precision and recall; see :class:`ClassMetric`."""

    @staticmethod
    def ratio(right: int, predicted: int, labelled: int) -> tuple[int, int]:
        """``2 right / (predicted + labelled)``."""
        return 2 * right, predicted + labelled


def precision(prediction: RamTensor, target: RamTensor, **options: Any) -> RamTensor:
    """Of what was predicted to be of a class, the share that is. The options are those of :class:`ClassMetric`."""
    return Precision(**options)(prediction, target)


def recall(prediction: RamTensor, target: RamTensor, **options: Any) -> RamTensor:
    """Of what is of a class, the share that was predicted to be. The options are those of :class:`ClassMetric`."""
    return Recall(**options)(prediction, target)


def f1(prediction: RamTensor, target: RamTensor, **options: Any) -> RamTensor:
    """The harmonic mean of precision and recall. The options are those of :class:`ClassMetric`."""
    return F1(**options)(prediction, target)


def total(name: str, mask: RamTensor, weight: RamTensor | None) -> int:
    """How often a mask holds, or the exact sum of the weights where it does; in units of 2^-149."""
    if weight is None:
        number: int = mask.count_nonzero().item()
        return number << 149
    return units(spread_weight(name, weight, mask.shape)[mask].tolist())


def totals(x: RamTensor, classes: int, weight: RamTensor | None) -> list[int]:
    """How often each class stands in ``x``, or the exact sums of the weights where it does; in units of 2^-149."""
    if weight is None:
        return [number << 149 for number in counts(x, classes)]
    found = [0] * (classes + 1)
    for number, share in zip(x.tolist(), weight.tolist(), strict=True):
        found[number] += int(share * UNIT)
    return found[:classes]
