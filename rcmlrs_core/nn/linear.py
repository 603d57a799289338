"""The affine layer."""

from math import prod

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.nn.checks import check_sizes as check_sizes
from rcmlrs_core.nn.init import fan_in_uniform
from rcmlrs_core.nn.module import Layer, Parameter
from rcmlrs_core.random import Generator
from rcmlrs_core.tensor import RamTensor


class Linear(Layer):
    """``y = x W^T + b`` from ``(..., in_features)`` to ``(..., out_features)``; the bias is inside the sum (N3.1).

    ``weight`` is ``(out_features, in_features)`` and ``bias`` ``(out_features,)``; both begin uniform on [-a, a) with
    ``a = 1 / sqrt(in_features)``, drawn in this order.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, generator: Generator | None = None
    ) -> None:
        check_sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(fan_in_uniform((out_features, in_features), in_features, generator=generator))
        self.bias = Parameter(fan_in_uniform((out_features,), in_features, generator=generator)) if bias else None

    def forward(self, x: RamTensor) -> RamTensor:
        """``x W^T + b``."""
        if x.shape[-1:] != (self.in_features,):
            hint = "; put Flatten() before it" if prod(x.shape[1:]) == self.in_features else ""
            raise ShapeError(f"Linear: takes (..., {self.in_features}), got a tensor of shape {x.shape}{hint}")
        return x.linear(self.weight, self.bias)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
