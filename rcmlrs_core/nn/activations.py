"""The activation functions as layers, under PyTorch's names. Each is the operation it names, rounded once (N2.1)."""

from rcmlrs_core.creation import full
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn.checks import check_between, check_sizes
from rcmlrs_core.nn.module import Layer, Parameter
from rcmlrs_core.tensor import Number, RamTensor


class ReLU(Layer):
    """``max(0, x)``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``relu``."""
        return x.relu()


class ReLU6(Layer):
    """``min(max(0, x), 6)``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``relu6``."""
        return x.relu6()


class LeakyReLU(Layer):
    """``max(slope * x, x)``."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``leaky_relu``."""
        return x.leaky_relu(slope=self.negative_slope)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"negative_slope={self.negative_slope}"


class PReLU(Layer):
    """``x`` where it is above 0, and ``weight * x`` elsewhere: a leaky rectifier that learns its slope.

    ``weight`` is ``(num_parameters,)`` and begins as ``init``: one slope for all, or one for each channel, which is the
    second axis of ``x``.

    Source: K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers, arXiv:1502.01852.
    """

    def __init__(self, num_parameters: int = 1, init: Number = 0.25) -> None:
        check_sizes("PReLU", num_parameters=num_parameters)
        self.num_parameters = num_parameters
        self.weight = Parameter(full((num_parameters,), init))

    def forward(self, x: RamTensor) -> RamTensor:
        """``greater``, ``mul`` and ``where``."""
        weight = self.weight
        if self.num_parameters > 1:
            if x.ndim < 2 or x.shape[1] != self.num_parameters:
                raise ShapeError(
                    f"PReLU: {self.num_parameters} slopes are for (batch, {self.num_parameters}, ...), "
                    f"got a tensor of shape {x.shape}"
                )
            weight = weight.reshape((self.num_parameters, *(1,) * (x.ndim - 2)))
        return x.greater(0.0).where(x, x * weight)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"num_parameters={self.num_parameters}"


class _OfAlpha(Layer):
    """What the exponential units share."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"alpha={self.alpha}"


class ELU(_OfAlpha):
    """``x`` above 0, and ``alpha * (e^x - 1)`` elsewhere."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``elu``."""
        return x.elu(alpha=self.alpha)


class CELU(_OfAlpha):
    """``x`` above 0, and ``alpha * (e^(x / alpha) - 1)`` elsewhere."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``celu``."""
        return x.celu(alpha=self.alpha)


class SELU(Layer):
    """The scaled exponential unit, whose two constants keep mean 0 and variance 1."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``selu``."""
        return x.selu()


class GELU(Layer):
    """The Gaussian error linear unit ``x * Phi(x)`` or, with ``approximate="tanh"``, its tanh form."""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise AttributeValueError(f"GELU: approximate is one of none, tanh, got {approximate!r}")
        self.approximate = approximate

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``gelu_erf``, or ``gelu``, which is the tanh form."""
        return x.gelu() if self.approximate == "tanh" else x.gelu_erf()

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"approximate={self.approximate!r}"


class Swish(Layer):
    """``x / (1 + e^-x)``, which PyTorch calls SiLU."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``swish``."""
        return x.swish()


class SiLU(Swish):
    """``x / (1 + e^-x)``: :class:`Swish` under PyTorch's name."""


class Mish(Layer):
    """``x * tanh(softplus(x))``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``mish``."""
        return x.mish()


class Sigmoid(Layer):
    """``1 / (1 + e^-x)``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``sigmoid``."""
        return x.sigmoid()


class LogSigmoid(Layer):
    """``log(1 / (1 + e^-x))``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``logsigmoid``."""
        return x.logsigmoid()


class Hardsigmoid(Layer):
    """``min(max(x + 3, 0), 6) / 6``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``hardsigmoid``."""
        return x.hardsigmoid()


class Hardswish(Layer):
    """``x * min(max(x + 3, 0), 6) / 6``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``hardswish``."""
        return x.hardswish()


class Hardtanh(Layer):
    """``min(max(x, min_val), max_val)``."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``hardtanh``."""
        return x.hardtanh(min_val=self.min_val, max_val=self.max_val)

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"min_val={self.min_val}, max_val={self.max_val}"


class Tanh(Layer):
    """The hyperbolic tangent."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``tanh``."""
        return x.tanh()


class Softplus(Layer):
    """``log(1 + e^(beta x)) / beta``: ``mul``, ``softplus`` and ``div``; for ``beta=1`` the operation alone.

    PyTorch's ``threshold``, above which it returns x itself, is not needed: nothing overflows here.
    """

    def __init__(self, beta: Number = 1.0) -> None:
        check_between("Softplus", "beta", beta, 2.0**-126, 2.0**126)
        self.beta = beta

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``softplus``, of ``beta x``."""
        return x.softplus() if self.beta == 1 else (x * self.beta).softplus() / self.beta

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"beta={self.beta}"


class Softsign(Layer):
    """``x / (1 + |x|)``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``softsign``."""
        return x.softsign()


class _AlongAxis(Layer):
    """What softmax and its logarithm share."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def extra_repr(self) -> str:
        """The axis."""
        return f"axis={self.axis}"


class Softmax(_AlongAxis):
    """``e^(x_i) / sum_j e^(x_j)`` along an axis. For ``cross_entropy`` it is left out."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``softmax``."""
        return x.softmax(axis=self.axis)


class LogSoftmax(_AlongAxis):
    """``x_i - log(sum_j e^(x_j))`` along an axis."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``log_softmax``."""
        return x.log_softmax(axis=self.axis)
