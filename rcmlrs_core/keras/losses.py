"""Keras' losses: functions of (y_true, y_pred) that give a loss for each example, and classes that reduce those.

The formulas are Keras', also where they clip probabilities to [1e-7, 1 - 1e-7]; each operation in them is rounded once.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import AttributeValueError, DataError
from rcmlrs_core.keras import tree
from rcmlrs_core.keras.lookup import Registry
from rcmlrs_core.keras.masking import get_keras_mask, set_keras_mask
from rcmlrs_core.keras.names import snake_case
from rcmlrs_core.keras.shapes import as_float, as_labels, chosen, fitted, same_rank, weights_for
from rcmlrs_core.numerics.reals import decide_float
from rcmlrs_core.tensor import Number, RamTensor

EPSILON = Fraction(1, 10**7)
"""Keras' ``backend.epsilon()``."""
ALMOST_ONE = 1 - EPSILON
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


# ---------------------------------------------------------------------------------------------- functions


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((y_true - y_pred)^2)`` along the last axis."""
    y_true, y_pred = fitted("mean_squared_error", y_true, y_pred)
    return (y_true - y_pred).square().mean(axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(|y_true - y_pred|)`` along the last axis."""
    y_true, y_pred = fitted("mean_absolute_error", y_true, y_pred)
    return (y_true - y_pred).abs().mean(axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """``100 mean(|y_true - y_pred| / max(|y_true|, 1e-7))`` along the last axis."""
    y_true, y_pred = fitted("mean_absolute_percentage_error", y_true, y_pred)
    return 100 * ((y_true - y_pred) / y_true.abs().maximum(float(EPSILON))).abs().mean(axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((log(max(y_pred, 1e-7) + 1) - log(max(y_true, 1e-7) + 1))^2)`` along the last axis."""
    y_true, y_pred = fitted("mean_squared_logarithmic_error", y_true, y_pred)
    low = float(EPSILON)
    return (y_pred.maximum(low).log1p() - y_true.maximum(low).log1p()).square().mean(axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """``-sum(y_true / |y_true| * y_pred / |y_pred|)``: -1 for the same direction; 0 where one is all zeros."""
    y_true, y_pred = fitted("cosine_similarity", y_true, y_pred)
    return -(_unit(y_true, axis) * _unit(y_pred, axis)).sum(axis=axis)


def _unit(x: RamTensor, axis: int) -> Any:
    return x / x.square().sum(axis=axis, keepdims=True).maximum(1e-12).sqrt()


def huber(y_true: Any, y_pred: Any, delta: Number = 1.0) -> Any:
    """``mean`` of ``e^2 / 2`` where ``|e| <= delta``, and of ``delta |e| - delta^2 / 2`` beyond."""
    y_true, y_pred = fitted("huber", y_true, y_pred)
    error = y_pred - y_true
    size = error.abs()
    far = delta * size - Fraction(delta) ** 2 / 2
    return (size <= delta).where(0.5 * error.square(), far).mean(axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """``mean(e + softplus(-2 e) - log 2)``, which is ``log(cosh(e))``."""
    y_true, y_pred = fitted("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return (error + (-2 * error).softplus() - LOG_2).mean(axis=-1)


LOG_2 = decide_float(lambda r: r.log(r.number(2)))


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """``sum(y_true * log(y_true / y_pred))``, both clipped to [1e-7, 1]."""
    y_true, y_pred = fitted("kl_divergence", y_true, y_pred)
    y_true, y_pred = y_true.clip(float(EPSILON), 1.0), y_pred.clip(float(EPSILON), 1.0)
    return (y_true * (y_true / y_pred).log()).sum(axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """``mean(y_pred - y_true * log(y_pred + 1e-7))``."""
    y_true, y_pred = fitted("poisson", y_true, y_pred)
    return (y_pred - y_true * (y_pred + float(EPSILON)).log()).mean(axis=-1)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 - y_true * y_pred, 0))``; labels 0 and 1 are taken as -1 and 1."""
    y_true, y_pred = fitted("hinge", y_true, y_pred)
    return (1 - _signs(y_true) * y_pred).maximum(0.0).mean(axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 - y_true * y_pred, 0)^2)``; labels 0 and 1 are taken as -1 and 1."""
    y_true, y_pred = fitted("squared_hinge", y_true, y_pred)
    return (1 - _signs(y_true) * y_pred).maximum(0.0).square().mean(axis=-1)


def _signs(y_true: RamTensor) -> Any:
    binary = y_true.equal(0.0).logical_or(y_true.equal(1.0)).all()
    return 2 * y_true - 1 if bool(binary.item()) else y_true


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """``max(max((1 - y_true) * y_pred) - sum(y_true * y_pred) + 1, 0)``."""
    y_true, y_pred = fitted("categorical_hinge", y_true, y_pred)
    wrong, right = ((1 - y_true) * y_pred).max(axis=-1), (y_true * y_pred).sum(axis=-1)
    return (wrong - right + 1).maximum(0.0)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: Number = 0.0, axis: int = -1
) -> Any:
    """``-sum(y_true * log(p))``, one-hot targets; p are ``y_pred / sum(y_pred)`` clipped, or the softmax of logits."""
    y_true, y_pred = fitted("categorical_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, y_true.shape[-1])
    return -(y_true * _log_probabilities(y_pred, from_logits, axis)).sum(axis=axis)


def _smoothed(y_true: RamTensor, smoothing: Number, classes: int) -> Any:
    """``y_true * (1 - smoothing) + smoothing / classes``."""
    if not smoothing:
        return y_true
    if not 0 <= smoothing <= 1:
        raise AttributeValueError(f"label_smoothing must be in [0, 1], got {smoothing!r}")
    share = Fraction(smoothing)
    return y_true * (1 - share) + share / classes


def _log_probabilities(y_pred: RamTensor, from_logits: bool, axis: int) -> Any:
    if from_logits:
        return y_pred.log_softmax(axis=axis)
    return _clipped(y_pred / y_pred.sum(axis=axis, keepdims=True)).log()


def _clipped(p: RamTensor) -> Any:
    return p.clip(LOW, HIGH)


LOW, HIGH = (tensor(value, "python").item() for value in (EPSILON, ALMOST_ONE))
"""The binary32 numbers nearest to 1e-7 and 1 - 1e-7."""


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """``-log(p[y_true])`` with class numbers as targets; see ``categorical_crossentropy``.

    Where a target is ``ignore_class`` the loss is 0, and does not count in the mean.
    """
    y_pred = as_float(y_pred)
    if axis not in (-1, y_pred.ndim - 1):
        y_pred = y_pred.moveaxis(axis, -1)
    y_true = y_true if isinstance(y_true, RamTensor) else tensor(y_true)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true.squeeze(axis=-1)
    if y_true.shape != y_pred.shape[:-1]:
        raise DataError(
            f"sparse_categorical_crossentropy: class numbers of shape {y_true.shape} and predictions of {y_pred.shape};"
            " there is one number for each row of predictions (for one-hot targets take categorical_crossentropy)"
        )
    valid = None
    if ignore_class is not None:
        valid = y_true.not_equal(ignore_class)
        y_true = valid.where(y_true, y_true.zeros_like())
    labels = as_labels("sparse_categorical_crossentropy", y_true)
    losses = -chosen("sparse_categorical_crossentropy", _log_probabilities(y_pred, from_logits, -1), labels)
    if valid is not None:
        losses = valid.where(losses, 0.0)
        set_keras_mask(losses, valid)
    return losses


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: Number = 0.0, axis: int = -1
) -> Any:
    """``mean(-y_true * log(p) - (1 - y_true) * log(1 - p))``; p are clipped, or the sigmoid of logits."""
    y_true, y_pred = fitted("binary_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, 2)
    return _binary(y_true, y_pred, from_logits).mean(axis=axis)


def _binary(y_true: RamTensor, y_pred: RamTensor, from_logits: bool) -> Any:
    if from_logits:
        return -(y_true * y_pred.logsigmoid() + (1 - y_true) * (-y_pred).logsigmoid())
    p = _clipped(y_pred)
    return -(y_true * p.log() + (1 - y_true) * (1 - p).log())


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: Number = 0.25,
    gamma: Number = 2.0,
    from_logits: bool = False,
    label_smoothing: Number = 0.0,
    axis: int = -1,
) -> Any:
    """The binary cross-entropy times ``(1 - p_t)^gamma``, where p_t is the probability of the target."""
    y_true, y_pred = fitted("binary_focal_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, 2)
    p = y_pred.sigmoid() if from_logits else y_pred
    right = y_true * p + (1 - y_true) * (1 - p)
    losses = (1 - right).powf(gamma) * _binary(y_true, p, False)
    if apply_class_balancing:
        losses = (y_true * alpha + (1 - y_true) * (1 - Fraction(alpha))) * losses
    return losses.mean(axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: Number = 2.0,
    from_logits: bool = False,
    label_smoothing: Number = 0.0,
    axis: int = -1,
) -> Any:
    """``sum(alpha * (1 - p)^gamma * -y_true * log(p))``; p as in ``categorical_crossentropy``."""
    y_true, y_pred = fitted("categorical_focal_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, y_true.shape[-1])
    p = y_pred.softmax(axis=axis) if from_logits else y_pred
    p = _clipped(p / p.sum(axis=axis, keepdims=True))
    balance = as_float(alpha) if isinstance(alpha, list | tuple) else alpha
    return ((1 - p).powf(gamma) * balance * (-y_true * p.log())).sum(axis=axis)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """``1 - 2 sum(y_true * y_pred) / (sum(y_true) + sum(y_pred) + 1e-7)``."""
    y_true, y_pred = fitted("dice", y_true, y_pred)
    both = (y_true * y_pred).sum(axis=axis)
    return 1 - 2 * both / (y_true.sum(axis=axis) + y_pred.sum(axis=axis) + float(EPSILON))


def tversky(y_true: Any, y_pred: Any, alpha: Number = 0.5, beta: Number = 0.5, axis: Any = None) -> Any:
    """``1 - tp / (tp + alpha fp + beta fn + 1e-7)``, in Keras' reading of fp and fn."""
    y_true, y_pred = fitted("tversky", y_true, y_pred)
    both = (y_true * y_pred).sum(axis=axis)
    one, other = ((1 - y_pred) * y_true).sum(axis=axis), (y_pred * (1 - y_true)).sum(axis=axis)
    return 1 - both / (both + one * alpha + other * beta + float(EPSILON))


# ------------------------------------------------------------------------------------------------ classes


class Loss:
    """The base: ``loss(y_true, y_pred, sample_weight=None)``, a number. A subclass defines ``call``.

    ``call`` gives a loss for each example, of which ``reduction`` makes one number: ``sum_over_batch_size`` (the mean
    over all of them, whatever the weights add up to), ``sum``, ``mean_with_sample_weight``, or ``none``.
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction not in REDUCTIONS:
            known = ", ".join(map(str, REDUCTIONS))
            raise AttributeValueError(f"{type(self).__name__}: reduction is one of {known}, got {reduction!r}")
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction

    def call(self, y_true: Any, y_pred: Any) -> RamTensor:
        """A loss for each example."""
        raise NotImplementedError(f"{type(self).__name__} defines no call(y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> RamTensor:
        """The losses of all examples, weighted and reduced."""
        losses: RamTensor = self.call(tree.map_leaves(_data, y_true), tree.map_leaves(_data, y_pred))
        mask, own = get_keras_mask(y_pred), get_keras_mask(losses)
        if mask is not None and own is not None:
            mask = mask.logical_and(own)
        found: RamTensor = reduced(self.name, losses, sample_weight, own if mask is None else mask, self.reduction)
        return found

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Loss":
        """What ``get_config`` described."""
        return cls(**{key: value for key, value in config.items() if key != "dtype"})


def _data(x: Any) -> Any:
    return x if isinstance(x, RamTensor) else as_float(x) if not hasattr(x, "dtype") else tensor_of(x)


def tensor_of(x: Any) -> Any:
    """An array as a tensor."""
    from rcmlrs_core.keras.layer import as_tensor

    made: RamTensor = as_tensor(x)
    return made


def reduced(name: str, losses: RamTensor, weight: Any, mask: RamTensor | None, reduction: str | None) -> Any:
    """One number, or all of them for ``none``; what a mask leaves out does not count in a mean."""
    spread = None if weight is None else weights_for(name, weight, losses)
    if mask is not None:
        mask, _ = (mask, losses) if mask.ndim == losses.ndim else same_rank(mask, losses)
        counts = mask.astype(dtype="float32")
        if reduction in ("mean", "sum_over_batch_size"):
            valid = counts.sum()
            counts = mask.where(valid.maximum(1.0).reciprocal() * mask.size, 0.0)
        counts = counts.reshape(counts.shape + (1,) * (losses.ndim - counts.ndim))
        spread = counts if spread is None else spread * counts
    if spread is not None:
        losses = losses * spread
    if reduction in (None, "none") or losses.ndim == 0:
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean_with_sample_weight" and spread is not None:
        total = spread.broadcast_to(losses.shape).sum()
        return losses.sum() / total if total.item() else losses.sum() * 0.0
    return losses.mean()


class LossFunctionWrapper(Loss):
    """A function of (y_true, y_pred) as a loss."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn = fn
        self.options = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """What the function gives."""
        if isinstance(y_true, RamTensor) and isinstance(y_pred, RamTensor):
            y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.options)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        config = {**super().get_config(), **self.options}
        return {**config, "fn": self.fn.__name__} if type(self) is LossFunctionWrapper else config


def _loss_class(title: str, function: Callable[..., RamTensor], called: str | None = None, /, **defaults: Any) -> Any:
    """The class for a function: ``MeanSquaredError(reduction="sum_over_batch_size", name="mean_squared_error")``."""

    def __init__(
        self: Any,
        *args: Any,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        given = dict(zip((*defaults, "reduction", "name", "dtype"), args, strict=False))
        reduction, name = given.pop("reduction", reduction), given.pop("name", name)
        given.pop("dtype", None)
        unknown = sorted(set(options) - set(defaults))
        if unknown or len(args) > len(defaults) + 3:
            raise TypeError(f"{title}: takes {', '.join([*defaults, 'reduction', 'name'])}, got {', '.join(unknown)}")
        LossFunctionWrapper.__init__(
            self, function, reduction, name or called or function.__name__, dtype, **{**defaults, **given, **options}
        )

    about = f"The loss ``{function.__name__}``: {(function.__doc__ or '').strip().splitlines()[0]}"
    return type(title, (LossFunctionWrapper,), {"__init__": __init__, "__doc__": about, "__module__": __name__})


MeanSquaredError = _loss_class("MeanSquaredError", mean_squared_error)
MeanAbsoluteError = _loss_class("MeanAbsoluteError", mean_absolute_error)
MeanAbsolutePercentageError = _loss_class("MeanAbsolutePercentageError", mean_absolute_percentage_error)
MeanSquaredLogarithmicError = _loss_class("MeanSquaredLogarithmicError", mean_squared_logarithmic_error)
CosineSimilarity = _loss_class("CosineSimilarity", cosine_similarity, axis=-1)
Huber = _loss_class("Huber", huber, "huber_loss", delta=1.0)
LogCosh = _loss_class("LogCosh", log_cosh)
KLDivergence = _loss_class("KLDivergence", kl_divergence)
Poisson = _loss_class("Poisson", poisson)
Hinge = _loss_class("Hinge", hinge)
SquaredHinge = _loss_class("SquaredHinge", squared_hinge)
CategoricalHinge = _loss_class("CategoricalHinge", categorical_hinge)
BinaryCrossentropy = _loss_class(
    "BinaryCrossentropy", binary_crossentropy, from_logits=False, label_smoothing=0.0, axis=-1
)
BinaryFocalCrossentropy = _loss_class(
    "BinaryFocalCrossentropy",
    binary_focal_crossentropy,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    axis=-1,
)
CategoricalCrossentropy = _loss_class(
    "CategoricalCrossentropy", categorical_crossentropy, from_logits=False, label_smoothing=0.0, axis=-1
)
CategoricalFocalCrossentropy = _loss_class(
    "CategoricalFocalCrossentropy",
    categorical_focal_crossentropy,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    axis=-1,
)
SparseCategoricalCrossentropy = _loss_class(
    "SparseCategoricalCrossentropy", sparse_categorical_crossentropy, from_logits=False, ignore_class=None, axis=-1
)
Dice = _loss_class("Dice", dice, axis=None)
Tversky = _loss_class("Tversky", tversky, alpha=0.5, beta=0.5, axis=None)

FUNCTIONS: dict[str, Callable[..., RamTensor]] = {
    function.__name__: function
    for function in (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_hinge,
        cosine_similarity,
        dice,
        hinge,
        huber,
        kl_divergence,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        poisson,
        sparse_categorical_crossentropy,
        squared_hinge,
        tversky,
    )
}
SHORT = {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "kullback_leibler_divergence": kl_divergence,
    "logcosh": log_cosh,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}
CLASSES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        BinaryCrossentropy,
        BinaryFocalCrossentropy,
        CategoricalCrossentropy,
        CategoricalFocalCrossentropy,
        CategoricalHinge,
        CosineSimilarity,
        Dice,
        Hinge,
        Huber,
        KLDivergence,
        LogCosh,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        Poisson,
        SparseCategoricalCrossentropy,
        SquaredHinge,
        Tversky,
    )
}
_registry = Registry(
    "loss", "losses", {**FUNCTIONS, **SHORT, **{name.upper(): f for name, f in SHORT.items()}, **CLASSES}
)


def get(identifier: Any) -> Any:
    """A loss by name, configuration or itself; None is None."""
    return _registry.get(identifier)


def serialize(loss: Any) -> Any:
    """Its configuration, as Keras writes it."""
    return _registry.serialize(loss)


def deserialize(name: Any, custom_objects: Any = None) -> Any:
    """The loss of a configuration."""
    return _registry.get(name)
