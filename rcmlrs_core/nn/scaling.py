"""Scalers: features brought to a common scale, fitted on the training part and saved with the model.

The names are scikit-learn's. A scaler is a module too, so it can be the first layer of a model: its numbers are
constants, which ``state_dict`` holds and no optimizer trains.
"""

from fractions import Fraction
from typing import Self

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import ones, tensor, zeros
from rcmlrs_core.errors import AttributeValueError, DataError, ShapeError
from rcmlrs_core.nn.linear import check_sizes
from rcmlrs_core.nn.module import Layer
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import RamTensor


class Scaler(Layer):
    """What the scalers share. The features are the last axis; along all others are examples.

    ``features`` is how many there are. It may be left to ``fit``, but a scaler into which a state is to be loaded has
    to know it before. NaN stands for a missing value: ``fit`` passes over it, and ``transform`` keeps it.
    """

    statistics: tuple[tuple[str, float], ...] = ()
    """The names of what is fitted, a number for each feature, and what they are before."""

    def __init__(self, features: int | None = None) -> None:
        if features is not None:
            check_sizes(type(self).__name__, features=features)
            for name, value in self.statistics:
                setattr(self, name, ones(features) if value else zeros(features))
        self.features = features
        self.n_samples_seen_ = tensor(0, dtype=INT32)

    def fit(self, x: RamTensor) -> Self:
        """Take the statistics of ``x``, each correctly rounded (N3); returns itself.

        Raises:
            DataError: an infinity, or a feature of which every value is NaN.
            ShapeError: no example, no axis of features, or another number of them.
        """
        name = type(self).__name__
        if not isinstance(x, RamTensor):
            raise TypeError(f"{name}.fit: takes a tensor, got a {type(x).__name__}; make it one with rc.tensor(...)")
        if x.dtype != FLOAT32 or x.ndim < 2 or not x.size:
            raise ShapeError(f"{name}.fit: takes float32 (examples, features), got {x.dtype} of shape {x.shape}")
        if self.features not in (None, x.shape[-1]):
            raise ShapeError(f"{name}.fit: it has {self.features} features, and x of shape {x.shape} {x.shape[-1]}")
        with no_grad():
            table = x.detach().reshape((-1, x.shape[-1]))
            self._check_values(table)
            found = self._statistics(table)
            gaps = table.isnan().any(axis=0).tolist()
            for place in [place for place, gap in enumerate(gaps) if gap]:
                column = table[:, place]
                present = self._statistics(column.masked_select(column.isnan().logical_not()).reshape((-1, 1)))
                found = {key: value.at[place].set(present[key][0]) for key, value in found.items()}
            self.features = x.shape[-1]
            for key, value in found.items():
                setattr(self, key, value)
            self.n_samples_seen_ = tensor(table.shape[0], x._backend, dtype=INT32)
        return self

    def _check_values(self, table: RamTensor) -> None:
        name = type(self).__name__
        for place, (infinite, present) in enumerate(
            zip(table.isinf().any(axis=0).tolist(), table.isnan().logical_not().any(axis=0).tolist(), strict=True)
        ):
            if infinite:
                raise DataError(f"{name}.fit: feature {place} has an infinity; nothing can be scaled by it: remove it")
            if not present:
                raise DataError(f"{name}.fit: feature {place} has no value but NaN; leave that feature out")

    def _statistics(self, table: RamTensor) -> dict[str, RamTensor]:
        """What is fitted, by name, for a table of examples and features without NaN."""
        raise NotImplementedError

    def forward(self, x: RamTensor) -> RamTensor:
        """The same as ``transform``."""
        return self.transform(x)

    def transform(self, x: RamTensor) -> RamTensor:
        """``x`` scaled."""
        raise NotImplementedError

    def inverse_transform(self, x: RamTensor) -> RamTensor:
        """The values that are scaled to ``x``, but for the roundings of both ways."""
        raise NotImplementedError

    def fit_transform(self, x: RamTensor) -> RamTensor:
        """``fit(x)``, and then ``transform(x)``."""
        return self.fit(x).transform(x)

    def _check(self, name: str, x: RamTensor) -> None:
        whole = f"{type(self).__name__}.{name}"
        if not self.n_samples_seen_.item():
            raise DataError(f"{whole}: it knows no scale yet; call fit(x) with the training data, or load its state")
        if x.ndim < 1 or x.shape[-1] != self.features:
            raise ShapeError(f"{whole}: it was fitted to {self.features} features, got x of shape {x.shape}")

    def extra_repr(self) -> str:
        """How many features."""
        return f"features={self.features}"


class StandardScaler(Scaler):
    """``(x - mean_) / scale_``, feature by feature: mean 0 and standard deviation 1, as ``rc.z_score(x, axis=0)``.

    ``mean_`` and ``scale_``, the deviation with the divisor n, are rounded once from the exact values; ``var_`` is the
    variance likewise. A constant feature has ``scale_`` 1, as in scikit-learn, and becomes 0. Since its deviation is
    exact here, only a feature that is constant to the bit is taken for one.

    ``with_mean=False`` does not centre, and ``with_std=False`` does not scale.
    """

    statistics = (("mean_", 0.0), ("var_", 1.0), ("scale_", 1.0))
    mean_: RamTensor
    var_: RamTensor
    scale_: RamTensor

    def __init__(self, features: int | None = None, *, with_mean: bool = True, with_std: bool = True) -> None:
        super().__init__(features)
        self.with_mean = with_mean
        self.with_std = with_std

    def _statistics(self, table: RamTensor) -> dict[str, RamTensor]:
        deviation = table.std(axis=0, correction=0)
        return {
            "mean_": table.mean(axis=0),
            "var_": table.var(axis=0, correction=0),
            "scale_": deviation.equal(0.0).where(1.0, deviation),
        }

    def transform(self, x: RamTensor) -> RamTensor:
        """``(x - mean_) / scale_``: ``sub`` and ``div``, each rounded once (N5)."""
        self._check("transform", x)
        if self.with_mean:
            x = x - self.mean_
        return x / self.scale_ if self.with_std else x

    def inverse_transform(self, x: RamTensor) -> RamTensor:
        """``x * scale_ + mean_``: ``mul`` and ``add``, each rounded once (N5)."""
        self._check("inverse_transform", x)
        if self.with_std:
            x = x * self.scale_
        return x + self.mean_ if self.with_mean else x


class MinMaxScaler(Scaler):
    """Each feature to ``feature_range`` = (a, b): ``(x - data_min_) / (data_max_ - data_min_) * (b - a) + a``.

    With (0, 1), the default, these are the bits of ``rc.min_max(x, axis=0)``, and nothing is multiplied or added. The
    span of a constant feature counts as 1, as in scikit-learn, so that it becomes a. What lies beyond the training
    data lands outside of the range, unless ``clip`` cuts it off.
    """

    statistics = (("data_min_", 0.0), ("data_max_", 1.0))
    data_min_: RamTensor
    data_max_: RamTensor

    def __init__(
        self, features: int | None = None, *, feature_range: tuple[float, float] = (0, 1), clip: bool = False
    ) -> None:
        low, high = feature_range
        if not -(2**100) < low < high < 2**100:
            raise AttributeValueError(f"MinMaxScaler: feature_range={feature_range!r}; it is (least, greatest)")
        super().__init__(features)
        self.feature_range = (low, high)
        self.clip = clip

    def _statistics(self, table: RamTensor) -> dict[str, RamTensor]:
        return {"data_min_": table.min(axis=0), "data_max_": table.max(axis=0)}

    @property
    def data_range_(self) -> RamTensor:
        """``data_max_ - data_min_``, and 1 where that is 0."""
        span = self.data_max_ - self.data_min_
        return span.equal(0.0).where(1.0, span)

    @property
    def _width(self) -> float:
        low, high = self.feature_range
        return round_number(Fraction(high) - Fraction(low))

    def transform(self, x: RamTensor) -> RamTensor:
        """``(x - data_min_) / data_range_ * (b - a) + a``: operations, each rounded once (N5)."""
        self._check("transform", x)
        x = (x - self.data_min_) / self.data_range_
        if self.feature_range != (0, 1):
            x = x * self._width + self.feature_range[0]
        return x.clip(*self.feature_range) if self.clip else x

    def inverse_transform(self, x: RamTensor) -> RamTensor:
        """``(x - a) / (b - a) * data_range_ + data_min_``: operations, each rounded once (N5)."""
        self._check("inverse_transform", x)
        if self.feature_range != (0, 1):
            x = (x - self.feature_range[0]) / self._width
        return x * self.data_range_ + self.data_min_

    def extra_repr(self) -> str:
        """How many features, and the range."""
        return f"features={self.features}, feature_range={self.feature_range}"
