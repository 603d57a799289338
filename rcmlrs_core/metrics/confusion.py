"""How often each class was taken for each."""

from typing import Self

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.metrics.labels import above, binary_labels, check_tensors, class_numbers, counts
from rcmlrs_core.metrics.metric import Metric
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import Number, RamTensor


class ConfusionMatrix(Metric):
    """Element ``[i, j]``: how many examples of class i were predicted to be of class j; int32, ``(classes, classes)``.

    Predictions are scores ``(n, classes)``, of which the highest counts, or int32 class numbers (then ``classes=`` says
    how many there are); or scores of one axis, which are of class 1 above ``threshold`` and of class 0 elsewhere. A
    count that is no int32 is refused when the result is asked for.
    """

    def __init__(self, name: str = "confusion_matrix", *, classes: int | None = None, threshold: Number = 0.5) -> None:
        self.name, self.classes, self.threshold = name, classes, threshold
        self.reset()

    def reset(self) -> None:
        """Forget all counts."""
        self._counts: list[int] = []
        self._classes = 0

    @property
    def empty(self) -> bool:
        """Whether nothing was taken."""
        return not self._counts

    def update(self, prediction: RamTensor, target: RamTensor, weight: RamTensor | None = None) -> None:
        """Take a batch; counts have no weights."""
        if weight is not None:
            raise AttributeValueError(f"{self.name}: counts examples, and takes no weight")
        check_tensors(self.name, prediction, target)
        with no_grad():
            self.backend = prediction.backend
            if prediction.dtype == FLOAT32 and prediction.ndim == 1 and self.classes in (None, 2):
                labels = binary_labels(self.name, prediction, target).astype(dtype=INT32)
                predicted, classes = above(self.name, prediction, self.threshold).astype(dtype=INT32), 2
            else:
                predicted, labels, classes = class_numbers(self.name, prediction, target, self.classes)
            self._add(counts(labels * classes + predicted, classes * classes), classes)

    def merge(self, other: Self) -> None:
        """Take what ``other`` has."""
        if not other.empty:
            self._add(other._counts, other._classes)
            self.backend = self.backend or other.backend

    def _add(self, found: list[int], classes: int) -> None:
        if self._classes not in (0, classes):
            raise AttributeValueError(
                f"{self.name}: this batch is of {classes} classes, those before of {self._classes}"
            )
        known = self._counts or [0] * len(found)
        self._counts, self._classes = [a + b for a, b in zip(known, found, strict=True)], classes

    def result(self) -> RamTensor:
        """The table."""
        self._refuse_empty()
        if max(self._counts) >= 1 << 31:
            raise DTypeError(f"{self.name}: a count of {max(self._counts)} is no int32")
        return tensor(self._counts, self.backend, dtype=INT32).reshape((self._classes, self._classes))


def confusion_matrix(
    prediction: RamTensor, target: RamTensor, *, classes: int | None = None, threshold: Number = 0.5
) -> RamTensor:
    """How often each class (row) was predicted to be each (column): see :class:`ConfusionMatrix`."""
    return ConfusionMatrix(classes=classes, threshold=threshold)(prediction, target)
