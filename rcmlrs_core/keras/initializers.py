"""Keras' initializers: first values of weights. Random ones are drawn by N8, so they differ from Keras' in the numbers.

The distributions are those of Keras: a kernel is ``(in, out)``, or ``(..., in channels, out channels)``. Without a seed
they draw from ``rc.random.default_generator()``, which ``keras.utils.set_random_seed`` begins anew.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any, Self

from rcmlrs_core.creation import eye, full, tensor
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras.lookup import Configured, Registry
from rcmlrs_core.keras.tensor import standard_dtype
from rcmlrs_core.nn import init
from rcmlrs_core.random import Generator, default_generator
from rcmlrs_core.tensor import Number, RamTensor

TRUNCATED_STD = Fraction("0.87962566103423978")
"""The standard deviation of a normal distribution cut at 2: Keras' constant."""


class Initializer(Configured):
    """The base: a callable ``initializer(shape, dtype=None)``."""

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__(shape, dtype=None)")


class Zeros(Initializer):
    """Zeros."""

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        return full(tuple(shape), 0, dtype=standard_dtype(dtype))


class Ones(Initializer):
    """Ones."""

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        return full(tuple(shape), 1, dtype=standard_dtype(dtype))


class Constant(Initializer):
    """One value everywhere, or an array of the weight's shape."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        return tensor(self.value, dtype=standard_dtype(dtype)).broadcast_to(tuple(shape))


class Identity(Initializer):
    """``gain`` times the unit matrix."""

    def __init__(self, gain: Number = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        if len(shape) != 2:
            raise ShapeError(f"Identity: a matrix has two axes, got the shape {tuple(shape)}")
        return eye(*shape) * self.gain


class RandomInitializer(Initializer):
    """The base of random ones: an int as seed gives the same numbers each time; None takes the default generator."""

    seed: Any

    def generator(self) -> Generator:
        """Where the numbers come from."""
        seed = self.seed
        if isinstance(seed, dict):  # Keras writes its SeedGenerator into files
            seed = seed.get("config", {}).get("seed")
        return default_generator() if seed is None else Generator(int(seed))


class RandomNormal(RandomInitializer):
    """Normal numbers."""

    def __init__(self, mean: Number = 0.0, stddev: Number = 0.05, seed: int | None = None) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        return self.generator().normal(tuple(shape)) * self.stddev + self.mean


class TruncatedNormal(RandomInitializer):
    """Normal numbers; those more than two standard deviations from the mean are drawn again."""

    def __init__(self, mean: Number = 0.0, stddev: Number = 0.05, seed: int | None = None) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        return init.truncated_normal(tuple(shape), generator=self.generator()) * self.stddev + self.mean


class RandomUniform(RandomInitializer):
    """Uniform numbers from ``minval`` to before ``maxval``."""

    def __init__(self, minval: Number = -0.05, maxval: Number = 0.05, seed: int | None = None) -> None:
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        return self.generator().uniform(tuple(shape), float(self.minval), float(self.maxval))


class VarianceScaling(RandomInitializer):
    """Of the variance ``scale / n``, where n is fan_in, fan_out or their mean.

    ``truncated_normal`` is cut at two standard deviations and scaled up to have the variance; ``untruncated_normal``
    is not; ``uniform`` is on ``[-a, a)`` with ``a = sqrt(3 scale / n)``.
    """

    def __init__(
        self,
        scale: Number = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        if not scale > 0:
            raise AttributeValueError(f"VarianceScaling: scale must be above 0, got {scale!r}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise AttributeValueError(f"VarianceScaling: mode is fan_in, fan_out or fan_avg, got {mode!r}")
        if distribution == "normal":
            distribution = "truncated_normal"
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise AttributeValueError(
                "VarianceScaling: distribution is truncated_normal, untruncated_normal or uniform, got "
                f"{distribution!r}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """What ``get_config`` described, here or in Keras, where axes may be named that fans are counted along."""
        axes = ("input_axes", "output_axes")
        given = [name for name in axes if config.get(name) is not None]
        if given:
            raise AttributeValueError(f"{cls.__name__}: {given[0]} is not implemented; leave it out")
        return cls(**{name: value for name, value in config.items() if name not in axes})

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": Fraction(fan_in), "fan_out": Fraction(fan_out), "fan_avg": Fraction(fan_in + fan_out, 2)}
        variance = Fraction(self.scale) / max(Fraction(1), n[self.mode])
        generator = self.generator()
        if self.distribution == "uniform":
            return init.symmetric_uniform(tuple(shape), init.root(3 * variance), generator=generator)
        if self.distribution == "untruncated_normal":
            return init.scaled_normal(tuple(shape), init.root(variance), generator=generator)
        return init.truncated_normal(tuple(shape), generator=generator) * init.root(variance / TRUNCATED_STD**2)


class _Scaled(VarianceScaling):
    """A VarianceScaling of fixed numbers."""

    settings: tuple[Number, str, str] = (1, "fan_in", "uniform")

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.settings, seed=seed)


class GlorotUniform(_Scaled):
    """Uniform, with the variance ``2 / (fan_in + fan_out)``: Keras' default for kernels."""

    settings = (1, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal, with the variance ``2 / (fan_in + fan_out)``."""

    settings = (1, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform, with the variance ``2 / fan_in``."""

    settings = (2, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal, with the variance ``2 / fan_in``."""

    settings = (2, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform, with the variance ``1 / fan_in``."""

    settings = (1, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal, with the variance ``1 / fan_in``."""

    settings = (1, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """``gain`` times a matrix with orthonormal rows or columns; more than two axes are taken as ``(..., last)``."""

    def __init__(self, gain: Number = 1.0, seed: int | None = None) -> None:
        self.gain = gain
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None) -> RamTensor:
        """A first value of this shape."""
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal: needs two axes or more, got the shape {tuple(shape)}")
        rows, columns = prod(shape[:-1]), shape[-1]
        drawn = self.generator().normal((max(rows, columns), min(rows, columns)))
        q = init.orthonormal_columns(drawn)
        return (q if rows >= columns else q.T).reshape(tuple(shape)) * self.gain


def compute_fans(shape: Any) -> tuple[int, int]:
    """``(fan_in, fan_out)`` of a weight in Keras' layout, the channels last."""
    lengths = tuple(shape)
    if len(lengths) < 2:
        return (lengths[0], lengths[0]) if lengths else (1, 1)
    field = prod(lengths[:-2])
    return lengths[-2] * field, lengths[-1] * field


_registry = Registry(
    "initializer",
    "initializers",
    {
        kind.__name__: kind
        for kind in (
            Constant,
            GlorotNormal,
            GlorotUniform,
            HeNormal,
            HeUniform,
            Identity,
            LecunNormal,
            LecunUniform,
            Ones,
            Orthogonal,
            RandomNormal,
            RandomUniform,
            TruncatedNormal,
            VarianceScaling,
            Zeros,
        )
    }
    | {"normal": RandomNormal, "uniform": RandomUniform, "one": Ones, "zero": Zeros}
    | {"OrthogonalInitializer": Orthogonal, "IdentityInitializer": Identity},
)


def get(identifier: Any) -> Any:
    """An initializer by name, configuration or itself. A function is called with (shape, dtype=...)."""
    return _registry.get(identifier)


def serialize(initializer: Any) -> Any:
    """Its configuration, as Keras writes it."""
    return _registry.serialize(initializer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The initializer of a configuration."""
    return _registry.get(config)


__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "deserialize",
    "get",
    "serialize",
]
