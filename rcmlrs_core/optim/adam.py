"""Adam: steps of a size that adapts to the moments of each gradient."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.numerics.reals import decide_float, ratio_of
from rcmlrs_core.optim.optimizer import Optimizer, State, check_range, fused
from rcmlrs_core.tensor import Number, RamTensor


class Adam(Optimizer):
    """Step t = 1, 2, ..., for a parameter p with gradient g:

        g = g + weight_decay * p      (falls away where weight_decay is 0)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        p = p - lr * ((m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps))

    m and v begin as zeros. Every operation rounds once; 1 - beta and 1 - beta^t are RN of the exact value at the
    number that beta is (N6).

    Source: D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015, arXiv:1412.6980, algorithm 1.
    """

    hyperparameters = ("lr", "betas", "eps", "weight_decay")
    remembered = ("m", "v")

    def __init__(
        self,
        params: Iterable[RamTensor],
        lr: Number = 1e-3,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-8,
        weight_decay: Number = 0,
    ) -> None:
        super().__init__(params)
        Adam.check_hyperparameters({"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    @staticmethod
    def check_hyperparameters(values: Mapping[str, Any]) -> None:
        """Betas are two numbers in [0, 1), the others finite and at least 0."""
        betas = values["betas"]
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise AttributeValueError(f"Adam: betas are two numbers, got {betas!r}")
        for i, beta in enumerate(betas):
            check_range("Adam", f"betas[{i}]", beta, below=1)
        for name in ("lr", "eps", "weight_decay"):
            check_range("Adam", name, values[name])

    def update(self, parameter: RamTensor, gradient: RamTensor, state: State, t: int) -> tuple[RamTensor, State]:
        """The formula of the class; by one kernel, where the backend has it."""
        p, g, (beta1, beta2) = parameter, gradient, self.betas
        zeros = p.zeros_like()
        m, v = state.get("m", zeros), state.get("v", zeros)
        rest1, rest2 = one_minus_power(beta1, 1), one_minus_power(beta2, 1)
        unbias1, unbias2 = one_minus_power(beta1, t), one_minus_power(beta2, t)
        numbers: dict[str, Any] = {
            "lr": self.lr,
            "beta1": beta1,
            "beta2": beta2,
            "rest1": rest1,
            "rest2": rest2,
            "unbias1": unbias1,
            "unbias2": unbias2,
            "eps": self.eps,
            "weight_decay": self.weight_decay or None,
        }
        p, m, v = fused("adam_update", (p, g, m, v), numbers) or adam_update(p, g, m, v, **numbers)
        return p, {"m": m, "v": v}


def adam_update(
    p: RamTensor,
    g: RamTensor,
    m: RamTensor,
    v: RamTensor,
    *,
    lr: Number,
    beta1: Number,
    beta2: Number,
    rest1: Number,
    rest2: Number,
    unbias1: Number,
    unbias2: Number,
    eps: Number,
    weight_decay: Number | None,
) -> tuple[RamTensor, ...]:
    """The composition of :mod:`rcmlrs_core.fused` that has this name: the parameter and its moments after a step."""
    if weight_decay is not None:
        g = g + weight_decay * p
    m = beta1 * m + rest1 * g
    v = beta2 * v + rest2 * g.square()
    return p - lr * ((m / unbias1) / ((v / unbias2).sqrt() + eps)), m, v


@lru_cache(maxsize=64)
def one_minus_power(beta: Number | Fraction, t: int) -> float:
    """``RN(1 - beta^t)`` at the exact value of ``beta``, in [0, 1): log2(t) products in an enclosure, whatever t."""
    return decide_float(lambda r: 1 - ratio_of(r, beta) ** t)
