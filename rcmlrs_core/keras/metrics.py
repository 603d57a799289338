"""Keras' metrics: gathered over batches with ``update_state``, until ``result`` is asked for.

What is gathered is exact, so a metric does not depend on how the examples were cut into batches (in Keras it does, in
the last bits); the result is rounded once.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor, zeros
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras import initializers, losses
from rcmlrs_core.keras.layer import Variable, as_tensor
from rcmlrs_core.keras.lookup import Registry
from rcmlrs_core.keras.masking import get_keras_mask
from rcmlrs_core.keras.names import auto_name, snake_case
from rcmlrs_core.keras.shapes import as_float, as_labels, chosen, fitted, weights_for
from rcmlrs_core.metrics.metric import Mean as ExactMean
from rcmlrs_core.metrics.metric import exact_total
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.tensor import Number, RamTensor

EPSILON = Fraction(1, 10**7)


class Metric:
    """The base. A subclass defines ``update_state(y_true, y_pred, sample_weight=None)`` and ``result()``.

    What it keeps is in variables, ``self.total = self.add_variable(shape=(), initializer="zeros", name="total")``,
    which ``reset_state`` sets to zero.
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """float32."""
        return FLOAT32

    @property
    def variables(self) -> list[Variable]:
        """What it keeps."""
        return self._variables

    def add_variable(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, aggregation: str = "sum", name: Any = None
    ) -> Variable:
        """A tensor to keep something in: ``v.assign(value)``."""
        value = initializers.get(initializer)(tuple(shape), dtype=dtype)
        variable = Variable(value.detach(), name or auto_name("variable"), self.name, False)
        self._variables.append(variable)
        return variable

    def add_weight(self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: Any = None) -> Variable:
        """The same as ``add_variable``."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take a batch."""
        raise NotImplementedError(f"{type(self).__name__} defines no update_state()")

    def result(self) -> Any:
        """The metric of all that was taken."""
        raise NotImplementedError(f"{type(self).__name__} defines no result()")

    def reset_state(self) -> None:
        """Forget all that was taken."""
        for variable in self._variables:
            variable.assign(variable.value.zeros_like())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch, and give the result of all so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Metric":
        """What ``get_config`` described."""
        return cls(**{key: value for key, value in config.items() if key != "dtype"})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class Mean(Metric):
    """``sum(w v) / sum(w)`` of all values; 0 where there are none."""

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name)
        self._mean = ExactMean(self.name)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values, and weights of their first axes."""
        with no_grad():
            values = as_float(values).detach()
            if sample_weight is None:
                self._mean.update(values)
                return
            weight = weights_for(self.name, sample_weight, values)
            self._mean.update(values, weight=weight.broadcast_to(values.shape))

    def result(self) -> RamTensor:
        """The mean."""
        return zeros(()) if self._mean.empty else self._mean.result()

    def reset_state(self) -> None:
        """Forget all values."""
        self._mean.reset()


class Sum(Metric):
    """``sum(w v)`` of all values, exact until it is rounded once."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name)
        self._total = Fraction(0)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values."""
        with no_grad():
            values = as_float(values).detach()
            if sample_weight is not None:
                values = values * weights_for(self.name, sample_weight, values)
            self._total += _exact_sum(values)

    def result(self) -> RamTensor:
        """The sum."""
        return tensor(self._total)

    def reset_state(self) -> None:
        """Forget all values."""
        self._total = Fraction(0)


class MeanMetricWrapper(Mean):
    """The mean of ``fn(y_true, y_pred)``, a value for each example."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name or getattr(fn, "__name__", None) or snake_case(type(fn).__name__))
        self.fn = fn
        self.options = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take a batch; what a mask of the predictions leaves out does not count."""
        mask = get_keras_mask(y_pred)
        with no_grad():
            values = as_float(self.fn(as_tensor(y_true), as_tensor(y_pred), **self.options))
            if mask is not None:
                counts = mask.astype(dtype=FLOAT32)
                if sample_weight is not None:
                    counts = counts * weights_for(self.name, sample_weight, counts)
                sample_weight = counts
            super().update_state(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        config = {**super().get_config(), **self.options}
        return {**config, "fn": self.fn.__name__} if type(self) is MeanMetricWrapper else config


# --------------------------------------------------------------------------------------- functions of a batch


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where they are equal."""
    y_true, y_pred = fitted("accuracy", y_true, y_pred)
    return y_true.equal(y_pred).astype(dtype=FLOAT32)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: Number = 0.5) -> Any:
    """1 where ``y_pred > threshold`` says what ``y_true``, 0 or 1, says."""
    y_true, y_pred = fitted("binary_accuracy", y_true, y_pred)
    return (y_pred > threshold).astype(dtype=FLOAT32).equal(y_true).astype(dtype=FLOAT32)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the highest score is that of the one-hot target; of equals, the first."""
    y_true, y_pred = fitted("categorical_accuracy", y_true, y_pred)
    return y_true.argmax(axis=-1).equal(y_pred.argmax(axis=-1)).astype(dtype=FLOAT32)


def _rows(name: str, y_true: Any, y_pred: RamTensor) -> Any:
    labels: RamTensor = as_tensor(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = labels.squeeze(axis=-1)
    if labels.shape != y_pred.shape[:-1]:
        raise ShapeError(f"{name}: labels of shape {labels.shape} and predictions of {y_pred.shape} do not fit")
    return as_labels(name, labels)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the highest score is that of the class number; of equals, the first."""
    y_pred = as_float(y_pred)
    labels = _rows("sparse_categorical_accuracy", y_true, y_pred)
    return y_pred.argmax(axis=-1).equal(labels).astype(dtype=FLOAT32)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the one-hot target is among the k highest scores."""
    y_true, y_pred = fitted("top_k_categorical_accuracy", y_true, y_pred)
    return sparse_top_k_categorical_accuracy(y_true.argmax(axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where fewer than k scores are above that of the class number."""
    y_pred = as_float(y_pred)
    labels = _rows("sparse_top_k_categorical_accuracy", y_true, y_pred)
    own = chosen("sparse_top_k_categorical_accuracy", y_pred, labels)
    above = (y_pred > own.expand_dims(axis=-1)).astype(dtype=FLOAT32).sum(axis=-1)
    return (above < k).logical_and(own.isfinite()).astype(dtype=FLOAT32)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine between target and prediction: 1 for the same direction (as a loss it is negated)."""
    return -losses.cosine_similarity(y_true, y_pred, axis)


# --------------------------------------------------------------------------------------------------- classes


def _mean_class(title: str, function: Callable[..., Any], name: str, **defaults: Any) -> Any:
    """The class that takes the mean of a function: ``BinaryAccuracy(name="binary_accuracy", threshold=0.5)``."""

    def __init__(self: Any, *args: Any, dtype: Any = None, **options: Any) -> None:
        order = (*_first(title), "name", "dtype", *(key for key in defaults if key not in _first(title)))
        given = {**dict(zip(order, args, strict=False)), **options}
        given.pop("dtype", None)
        called = given.pop("name", None) or name
        unknown = sorted(set(given) - set(defaults))
        if unknown:
            raise TypeError(f"{title}: takes {', '.join([*defaults, 'name'])}, got {', '.join(unknown)}")
        MeanMetricWrapper.__init__(self, function, called, **{**defaults, **given})

    about = f"The mean over the examples of: {(function.__doc__ or '').strip().splitlines()[0]}"
    return type(title, (MeanMetricWrapper,), {"__init__": __init__, "__doc__": about, "__module__": __name__})


def _first(title: str) -> tuple[str, ...]:
    """The options that come before the name."""
    return ("k",) if "TopK" in title else ()


Accuracy = _mean_class("Accuracy", accuracy, "accuracy")
BinaryAccuracy = _mean_class("BinaryAccuracy", binary_accuracy, "binary_accuracy", threshold=0.5)
CategoricalAccuracy = _mean_class("CategoricalAccuracy", categorical_accuracy, "categorical_accuracy")
SparseCategoricalAccuracy = _mean_class(
    "SparseCategoricalAccuracy", sparse_categorical_accuracy, "sparse_categorical_accuracy"
)
TopKCategoricalAccuracy = _mean_class(
    "TopKCategoricalAccuracy", top_k_categorical_accuracy, "top_k_categorical_accuracy", k=5
)
SparseTopKCategoricalAccuracy = _mean_class(
    "SparseTopKCategoricalAccuracy", sparse_top_k_categorical_accuracy, "sparse_top_k_categorical_accuracy", k=5
)
MeanSquaredError = _mean_class("MeanSquaredError", losses.mean_squared_error, "mean_squared_error")
MeanAbsoluteError = _mean_class("MeanAbsoluteError", losses.mean_absolute_error, "mean_absolute_error")
MeanAbsolutePercentageError = _mean_class(
    "MeanAbsolutePercentageError", losses.mean_absolute_percentage_error, "mean_absolute_percentage_error"
)
MeanSquaredLogarithmicError = _mean_class(
    "MeanSquaredLogarithmicError", losses.mean_squared_logarithmic_error, "mean_squared_logarithmic_error"
)
CosineSimilarity = _mean_class("CosineSimilarity", cosine_similarity, "cosine_similarity", axis=-1)
LogCoshError = _mean_class("LogCoshError", losses.log_cosh, "logcosh")
Hinge = _mean_class("Hinge", losses.hinge, "hinge")
SquaredHinge = _mean_class("SquaredHinge", losses.squared_hinge, "squared_hinge")
CategoricalHinge = _mean_class("CategoricalHinge", losses.categorical_hinge, "categorical_hinge")
KLDivergence = _mean_class("KLDivergence", losses.kl_divergence, "kl_divergence")
Poisson = _mean_class("Poisson", losses.poisson, "poisson")
BinaryCrossentropy = _mean_class(
    "BinaryCrossentropy", losses.binary_crossentropy, "binary_crossentropy", from_logits=False, label_smoothing=0
)
CategoricalCrossentropy = _mean_class(
    "CategoricalCrossentropy",
    losses.categorical_crossentropy,
    "categorical_crossentropy",
    from_logits=False,
    label_smoothing=0,
    axis=-1,
)
SparseCategoricalCrossentropy = _mean_class(
    "SparseCategoricalCrossentropy",
    losses.sparse_categorical_crossentropy,
    "sparse_categorical_crossentropy",
    from_logits=False,
    axis=-1,
)


class RootMeanSquaredError(Mean):
    """The root of the mean of all ``(y_true - y_pred)^2``."""

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take a batch."""
        with no_grad():
            y_true, y_pred = fitted(self.name, y_true, y_pred)
            super().update_state((y_true - y_pred).square(), sample_weight)

    def result(self) -> RamTensor:
        """The root of the mean."""
        return super().result().sqrt()


# ------------------------------------------------------------------------------------------- counting hits


def _exact_sum(x: RamTensor) -> Fraction:
    total, special = exact_total(x)
    if special is not None:
        raise AttributeValueError("metrics: a value is infinite or NaN, and has no exact sum")
    return Fraction(total, 1 << 149)


def _share(over: Fraction, under: Fraction) -> Fraction:
    return over / under if under else Fraction(0)


class _Counting(Metric):
    """Gathers how much weight the examples have that are predicted and true, at each of some thresholds."""

    counts = ("tp", "fp", "tn", "fn")

    def __init__(
        self, name: str | None, thresholds: Any, top_k: int | None = None, class_id: int | None = None
    ) -> None:
        super().__init__(name)
        self.init_thresholds = thresholds
        self.top_k, self.class_id = top_k, class_id
        default = float("-inf") if top_k is not None else 0.5
        found = default if thresholds is None else thresholds
        self.thresholds = list(found) if isinstance(found, list | tuple) else [found]
        for value in self.thresholds:
            if not isinstance(value, int | float | Fraction) or (top_k is None and not -1 <= value <= 2):
                raise AttributeValueError(f"{self.name}: thresholds are numbers in [0, 1], got {value!r}")
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all that was counted."""
        self.found = {key: [Fraction(0)] * len(self.thresholds) for key in self.counts}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch: targets 0 and 1, and predictions in [0, 1]."""
        with no_grad():
            y_true, y_pred = fitted(self.name, y_true, y_pred)
            if self.top_k is not None:
                least = y_pred.sort(axis=-1, descending=True)[..., self.top_k - 1 : self.top_k]
                y_pred = (y_pred >= least).where(y_pred, float("-inf"))
            elif y_pred.size and not bool((y_pred >= 0.0).logical_and(y_pred <= 1.0).all().item()):
                raise AttributeValueError(
                    f"{self.name}: predictions must be in [0, 1]; end the model with a sigmoid or softmax"
                )
            weight = as_float(1.0) if sample_weight is None else weights_for(self.name, sample_weight, y_true)
            weight = weight.broadcast_to(y_true.shape)
            if self.class_id is not None:
                y_true, y_pred, weight = (x[..., self.class_id] for x in (y_true, y_pred, weight))
            true, scores, weight = y_true.flatten().not_equal(0.0), y_pred.flatten(), weight.flatten()
            positive, negative = true.where(weight, 0.0), true.where(0.0, weight)
            total_positive, total_negative = _exact_sum(positive), _exact_sum(negative)
            alike = sample_weight is None and scores.size < 1 << 24  # then binary32 holds every count
            hits = self._counts(scores, true) if alike else self._sums(scores, positive, negative)
            for i, (tp, fp) in enumerate(hits):
                for key, value in (("tp", tp), ("fp", fp), ("tn", total_negative - fp), ("fn", total_positive - tp)):
                    self.found[key][i] += value

    def _counts(self, scores: RamTensor, true: RamTensor) -> Iterator[tuple[Fraction, Fraction]]:
        """How many are predicted and true, and predicted and not true, at each threshold."""
        limits = tensor(self.thresholds, scores.backend, dtype=FLOAT32).expand_dims(axis=-1)
        said = (scores.expand_dims(axis=0) > limits).astype(dtype=FLOAT32)
        right = true.astype(dtype=FLOAT32)
        tp, fp = (said * right).sum(axis=1).tolist(), (said * (1 - right)).sum(axis=1).tolist()
        return ((Fraction(a), Fraction(b)) for a, b in zip(tp, fp, strict=True))

    def _sums(self, scores: RamTensor, positive: RamTensor, negative: RamTensor) -> Iterator[tuple[Fraction, Fraction]]:
        """The same of weights."""
        for threshold in self.thresholds:
            said = scores > threshold
            yield _exact_sum(said.where(positive, 0.0)), _exact_sum(said.where(negative, 0.0))

    def _result(self, values: list[Fraction]) -> RamTensor:
        return tensor(values[0] if len(values) == 1 else values)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Counting):
    """How many (how much weight) are predicted and true."""

    key = "tp"

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name or auto_name(type(self).__name__), thresholds)

    def result(self) -> RamTensor:
        """The count, or one for each threshold."""
        return self._result(self.found[self.key])


class FalsePositives(TruePositives):
    """How many are predicted and not true."""

    key = "fp"


class TrueNegatives(TruePositives):
    """How many are neither predicted nor true."""

    key = "tn"


class FalseNegatives(TruePositives):
    """How many are true and not predicted."""

    key = "fn"


class Precision(_Counting):
    """``tp / (tp + fp)``; 0 where nothing is predicted."""

    other = "fp"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name or auto_name(type(self).__name__), thresholds, top_k, class_id)

    def result(self) -> RamTensor:
        """The share, or one for each threshold."""
        pairs = zip(self.found["tp"], self.found[self.other], strict=True)
        return self._result([_share(tp, tp + other) for tp, other in pairs])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


class Recall(Precision):
    """``tp / (tp + fn)``; 0 where nothing is true."""

    other = "fn"


class AUC(_Counting):
    """The area under the ROC or the precision-recall curve, at 200 thresholds, as Keras cuts it.

    ``rcmlrs_core.metrics.AUROC`` is that of the whole curve, without thresholds. ``curve`` is ROC or PR;
    ``summation_method`` is interpolation, minoring or majoring.
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        from_logits: bool = False,
    ) -> None:
        if curve not in ("ROC", "PR"):
            raise AttributeValueError(f"AUC: curve is ROC or PR, got {curve!r}")
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise AttributeValueError(
                f"AUC: summation_method is interpolation, minoring or majoring, got {summation_method!r}"
            )
        if thresholds is None and num_thresholds < 2:
            raise AttributeValueError(f"AUC: num_thresholds must be an int above 1, got {num_thresholds!r}")
        if thresholds is None:
            inner: list[Any] = [Fraction(i, num_thresholds - 1) for i in range(1, num_thresholds - 1)]
        else:
            inner = sorted(thresholds)
        self.curve, self.summation_method, self.from_logits = curve, summation_method, from_logits
        self.num_thresholds = len(inner) + 2
        super().__init__(name or auto_name("auc"), [-EPSILON, *inner, 1 + EPSILON])
        self.init_thresholds = thresholds

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch."""
        with no_grad():
            scores = as_float(y_pred)
            super().update_state(y_true, scores.sigmoid() if self.from_logits else scores, sample_weight)

    def result(self) -> RamTensor:
        """The area."""
        tp, fp, tn, fn = (self.found[key] for key in self.counts)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._interpolated()
        recall = [_share(a, a + b) for a, b in zip(tp, fn, strict=True)]
        if self.curve == "ROC":
            x, y = [_share(a, a + b) for a, b in zip(fp, tn, strict=True)], recall
        else:
            x, y = recall, [_share(a, a + b) for a, b in zip(tp, fp, strict=True)]
        area = Fraction(0)
        for (x0, x1), (y0, y1) in zip(itertools.pairwise(x), itertools.pairwise(y), strict=True):
            height = {"interpolation": (y0 + y1) / 2, "minoring": min(y0, y1), "majoring": max(y0, y1)}
            area += (x0 - x1) * height[self.summation_method]
        return tensor(area)

    def _interpolated(self) -> RamTensor:
        """The area under the precision-recall curve by the formula of J. Davis and M. Goadrich, ICML 2006, section 4:
        in each interval precision is ``(tp + slope (p - p_a)) / p``."""
        tp, fp, fn = (self.found[key] for key in ("tp", "fp", "fn"))
        p = [a + b for a, b in zip(tp, fp, strict=True)]
        terms: list[RamTensor] = []
        for i in range(len(tp) - 1):
            slope = _share(tp[i] - tp[i + 1], max(p[i] - p[i + 1], Fraction(0)))
            rest = tp[i + 1] - slope * p[i + 1]
            share = _share(slope, max(tp[i + 1] + fn[i + 1], Fraction(0)))
            if p[i] > 0 and p[i + 1] > 0:
                step = tensor(tp[i] - tp[i + 1]) + tensor(rest) * tensor(p[i] / p[i + 1]).log()
            else:
                step = tensor(tp[i] - tp[i + 1])
            terms.append(tensor(share) * step)
        return terms[0].stack(*terms[1:]).sum() if len(terms) > 1 else terms[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        inner = None if self.init_thresholds is None else self.init_thresholds
        return {
            "name": self.name,
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "thresholds": inner,
            "from_logits": self.from_logits,
        }


class FBetaScore(Metric):
    """``(1 + beta^2) precision recall / (beta^2 precision + recall)`` of each class; 0 where that is 0 / 0.

    ``average`` is None (one for each class), micro, macro or weighted (by how often a class is true). Without a
    threshold the prediction is the class of the highest score.
    """

    def __init__(
        self,
        average: str | None = None,
        beta: Number = 1.0,
        threshold: Number | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name)
        if average not in (None, "micro", "macro", "weighted"):
            raise AttributeValueError(f"{self.name}: average is None, micro, macro or weighted, got {average!r}")
        if beta <= 0:
            raise AttributeValueError(f"{self.name}: beta must be a number above 0, got {beta!r}")
        self.average, self.beta, self.threshold = average, beta, threshold
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all that was counted."""
        self.tp: list[Fraction] = []
        self.fp: list[Fraction] = []
        self.fn: list[Fraction] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch of one-hot (or several-hot) targets ``(n, classes)`` and scores."""
        with no_grad():
            y_true, y_pred = as_float(y_true), as_float(y_pred)
            if y_true.ndim != 2 or y_true.shape != y_pred.shape:
                raise ShapeError(
                    f"{self.name}: takes one-hot targets and scores, both (n, classes), got {y_true.shape} and "
                    f"{y_pred.shape}; keras.utils.to_categorical makes class numbers one-hot"
                )
            if self.threshold is None:
                best = y_pred >= y_pred.max(axis=-1, keepdims=True)
                said = best.logical_and(y_pred.abs() > 1e-9).astype(dtype=FLOAT32)
            else:
                said = (y_pred > self.threshold).astype(dtype=FLOAT32)
            weight = as_float(1.0) if sample_weight is None else weights_for(self.name, sample_weight, y_true)
            axis = None if self.average == "micro" else 0
            sums = [
                (both * weight).sum(axis=axis).reshape((-1,)).tolist()
                for both in (said * y_true, said * (1 - y_true), (1 - said) * y_true)
            ]
            for kept, new in zip((self.tp, self.fp, self.fn), sums, strict=True):
                kept[:] = [
                    old + Fraction(value) for old, value in zip(kept or [Fraction(0)] * len(new), new, strict=True)
                ]

    def result(self) -> RamTensor:
        """The score, or one for each class."""
        square = Fraction(self.beta) ** 2
        scores = []
        for tp, fp, fn in zip(self.tp, self.fp, self.fn, strict=True):
            precision, recall = _share(tp, tp + fp), _share(tp, tp + fn)
            scores.append(_share((1 + square) * precision * recall, square * precision + recall))
        if not scores:
            return zeros(())
        if self.average == "weighted":
            often = [tp + fn for tp, fn in zip(self.tp, self.fn, strict=True)]
            return tensor(
                _share(sum((a * b for a, b in zip(scores, often, strict=True)), Fraction(0)), sum(often, Fraction(0)))
            )
        if self.average is not None:
            return tensor(sum(scores, Fraction(0)) / len(scores))
        return tensor(scores)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        options = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **options}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall; see FBetaScore."""

    def __init__(
        self,
        average: str | None = None,
        threshold: Number | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {key: value for key, value in super().get_config().items() if key != "beta"}


class R2Score(Metric):
    """``1 - sum((y_true - y_pred)^2) / sum((y_true - mean)^2)`` of each output.

    ``class_aggregation`` is uniform_average, variance_weighted_average, or None (one for each output). An infinite
    score (targets that are all equal) is 0.
    """

    def __init__(
        self, class_aggregation: str | None = "uniform_average", name: str | None = "r2_score", dtype: Any = None
    ) -> None:
        super().__init__(name)
        known = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in known:
            raise AttributeValueError(f"R2Score: class_aggregation is one of {known}, got {class_aggregation!r}")
        self.class_aggregation = class_aggregation
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all that was taken."""
        self.sums: list[list[Fraction]] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch of targets and predictions, ``(n, outputs)``."""
        with no_grad():
            y_true, y_pred = fitted(self.name, y_true, y_pred)
            if y_true.ndim == 1:
                y_true, y_pred = y_true.expand_dims(axis=-1), y_pred.expand_dims(axis=-1)
            weight = as_float(1.0) if sample_weight is None else weights_for(self.name, sample_weight, y_true)
            weight = weight.broadcast_to(y_true.shape)
            new = [
                [_exact_sum(column) for column in x.unstack(axis=-1)]
                for x in (weight, y_true * weight, y_true * (y_true * weight), (y_true - y_pred).square() * weight)
            ]
            old = self.sums or [[Fraction(0)] * y_true.shape[-1] for _ in new]
            self.sums = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(old, new, strict=True)]

    def result(self) -> RamTensor:
        """The score."""
        if not self.sums:
            return zeros(())
        totals, scores = [], []
        for count, total, squares, errors in zip(*self.sums, strict=True):
            variance = squares - total * _share(total, count)
            totals.append(variance)
            scores.append(1 - errors / variance if variance else Fraction(0))
        if self.class_aggregation is None:
            return tensor(scores)
        if self.class_aggregation == "uniform_average":
            return tensor(sum(scores, Fraction(0)) / len(scores))
        weighted = sum((a * b for a, b in zip(scores, totals, strict=True)), Fraction(0))
        return tensor(_share(weighted, sum(totals, Fraction(0))))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {**super().get_config(), "class_aggregation": self.class_aggregation}


CLASSES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        AUC,
        Accuracy,
        BinaryAccuracy,
        BinaryCrossentropy,
        CategoricalAccuracy,
        CategoricalCrossentropy,
        CategoricalHinge,
        CosineSimilarity,
        F1Score,
        FBetaScore,
        FalseNegatives,
        FalsePositives,
        Hinge,
        KLDivergence,
        LogCoshError,
        Mean,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        Poisson,
        Precision,
        R2Score,
        Recall,
        RootMeanSquaredError,
        SparseCategoricalAccuracy,
        SparseCategoricalCrossentropy,
        SparseTopKCategoricalAccuracy,
        SquaredHinge,
        Sum,
        TopKCategoricalAccuracy,
        TrueNegatives,
        TruePositives,
    )
}
SHORT = {
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "logcosh": LogCoshError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
    "rmse": RootMeanSquaredError,
}
_registry = Registry("metric", "metrics", {**CLASSES, **SHORT, **{key.upper(): kind for key, kind in SHORT.items()}})


def get(identifier: Any) -> Any:
    """A metric by name, configuration or itself; a function stays one."""
    return _registry.get(identifier)


def serialize(metric: Any) -> Any:
    """Its configuration, as Keras writes it."""
    return _registry.serialize(metric)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The metric of a configuration."""
    return _registry.get(config)
