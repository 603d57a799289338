"""The activation functions as layers, which have no parameters."""

from rcmlrs_core.nn.module import Layer
from rcmlrs_core.tensor import RamTensor


class ReLU(Layer):
    """``max(0, x)``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``relu``."""
        return x.relu()


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


class Sigmoid(Layer):
    """``1 / (1 + e^-x)``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``sigmoid``."""
        return x.sigmoid()


class Tanh(Layer):
    """The hyperbolic tangent."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``tanh``."""
        return x.tanh()


class Swish(Layer):
    """``x / (1 + e^-x)``, which PyTorch calls SiLU."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``swish``."""
        return x.swish()


class GELU(Layer):
    """The Gaussian error linear unit in its tanh form: PyTorch's ``GELU(approximate="tanh")``."""

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``gelu``."""
        return x.gelu()


class Softmax(Layer):
    """``e^(x_i) / sum_j e^(x_j)`` along an axis. For ``cross_entropy`` it is left out."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: RamTensor) -> RamTensor:
        """The operation ``softmax``."""
        return x.softmax(axis=self.axis)

    def extra_repr(self) -> str:
        """The axis."""
        return f"axis={self.axis}"
