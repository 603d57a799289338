"""Layers that act in training alone: noise and dropout, by N8, and a penalty on activations.

With a ``seed`` a layer draws from a generator of its own, and else from ``rc.random.default_generator()``.
"""

from fractions import Fraction
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.keras.layer import InputSpec, Layer
from rcmlrs_core.keras.layers.activations import Elementwise
from rcmlrs_core.keras.layers.configured import data_format_of
from rcmlrs_core.nn.dropout import drop
from rcmlrs_core.nn.init import root
from rcmlrs_core.random import Generator, default_generator
from rcmlrs_core.tensor import RamTensor


class _Random(Elementwise):
    """The base of what draws random numbers."""

    def set_seed(self, seed: Any) -> None:
        """A generator of its own, if there is a seed."""
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
            raise AttributeValueError(
                f"{type(self).__name__}: seed must be an int of at least 0, or None, got {seed!r}"
            )
        self.seed = seed
        self.generator = None if seed is None else Generator(seed)
        self.built = True


class Dropout(_Random):
    """In training, elements are 0 with probability ``rate``, and the others divided by ``1 - rate``.

    ``noise_shape`` is the shape of the mask, in which None stands for the input's length and 1 for sharing.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = probability(self, rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.set_seed(seed)

    def mask_shape(self, x: RamTensor) -> tuple[int, ...]:
        """The shape of the mask."""
        if self.noise_shape is None:
            return x.shape
        if len(self.noise_shape) != x.ndim:
            raise AttributeValueError(f"Dropout: noise_shape {self.noise_shape} does not fit an input of {x.shape}")
        return tuple(n if m is None else m for m, n in zip(self.noise_shape, x.shape, strict=True))

    def call(self, inputs: RamTensor, training: bool | None = None) -> RamTensor:
        """See ``nn.dropout.drop``."""
        if not training or self.rate == 0:
            return inputs
        return drop(inputs, self.rate, self.mask_shape(inputs), self.generator)


class _SpatialDropout(Dropout):
    """Dropout of whole channels."""

    rank: int

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, None, seed, name=name, dtype=dtype, **kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def mask_shape(self, x: RamTensor) -> tuple[int, ...]:
        """One fate for all places of a channel."""
        ones = (1,) * self.rank
        first = self.data_format == "channels_first"
        return (*x.shape[:2], *ones) if first else (x.shape[0], *ones, x.shape[-1])

    def get_config(self) -> dict[str, Any]:
        """The arguments; Keras has no ``trainable`` among them, and of ``SpatialDropout1D`` no ``data_format``."""
        config = super().get_config()
        config.pop("trainable")
        return config


class SpatialDropout1D(_SpatialDropout):
    """Of ``(batch, time, channels)``."""

    rank = 1

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, None, seed, name, dtype, **kwargs)


class SpatialDropout2D(_SpatialDropout):
    """Of ``(batch, height, width, channels)``."""

    rank = 2


class SpatialDropout3D(_SpatialDropout):
    """Of ``(batch, depth, height, width, channels)``."""

    rank = 3


class GaussianNoise(_Random):
    """In training, adds normal numbers of standard deviation ``stddev``."""

    def __init__(self, stddev: Any, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(stddev, int | float) or not 0 <= stddev <= 1:
            raise AttributeValueError(f"GaussianNoise: stddev must be a number from 0 to 1, got {stddev!r}")
        self.stddev = stddev
        self.set_seed(seed)

    def call(self, inputs: RamTensor, training: bool | None = None) -> RamTensor:
        """``x + noise``."""
        if not training or self.stddev == 0:
            return inputs
        generator = self.generator or default_generator()
        return inputs + generator.normal(inputs.shape, 0.0, self.stddev, backend=inputs._backend)


class GaussianDropout(_Random):
    """In training, multiplies by normal numbers of mean 1 and standard deviation ``sqrt(rate / (1 - rate))``."""

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = probability(self, rate)
        if self.rate == 1:
            raise AttributeValueError("GaussianDropout: a rate of 1 has no finite standard deviation")
        self.set_seed(seed)

    def call(self, inputs: RamTensor, training: bool | None = None) -> RamTensor:
        """``x * noise``."""
        if not training or self.rate == 0:
            return inputs
        generator = self.generator or default_generator()
        std = root(Fraction(self.rate) / (1 - Fraction(self.rate)))
        return inputs * generator.normal(inputs.shape, 1.0, std, backend=inputs._backend)


class ActivityRegularization(Elementwise):
    """What it is given; ``l1`` times the sum of the magnitudes and ``l2`` times that of the squares are penalties."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        from rcmlrs_core.keras.regularizers import L1L2

        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """The input."""
        return inputs


def probability(layer: Layer, rate: Any) -> float:
    """``rate``, a number from 0 to 1."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise AttributeValueError(f"{type(layer).__name__}: rate must be a number from 0 to 1, got {rate!r}")
    return rate


__all__ = [
    "ActivityRegularization",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]
