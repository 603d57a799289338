"""A layer, a loss and a gradient of your own: below which mass are nine penguins of ten that measure the same?

    python examples/own_layer_and_loss.py [--quick] [--backend NAME]

* The layer learns some typical penguins, and tells how close to each of them one is.
* The loss is the quantile loss: a bound that is too low costs nine times as much as one that is too high.
* A mass is never negative, so the bound is cut off at 0. The cut has a gradient of its own: by the true one, which is
  0 there, a network whose bounds are all below 0 would never learn again.

What is made of operations has its gradient by itself; here it is held against quotients of differences.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rcmlrs_core as rc
from rcmlrs_core import data, nn, optim, random, train

PENGUINS = Path(__file__).parent / "data" / "penguins.csv"
SHARE = 0.9


def closeness(x: rc.RamTensor, centres: rc.RamTensor, widths: rc.RamTensor) -> rc.RamTensor:
    """``exp(-(|x - centre| / width)^2)``: of each x ``(n, features)`` to each of the k centres ``(k, features)``."""
    apart = x.expand_dims(1) - centres  # (n, k, features)
    return (-apart.square().sum(axis=2) / widths.square()).exp()


class Patterns(nn.Layer):
    """The closeness of x ``(batch, features)`` to patterns that are learned: ``(batch, patterns)``, from 0 to 1."""

    def __init__(self, features: int, patterns: int) -> None:
        self.centres = nn.Parameter(random.normal((patterns, features)))
        self.widths = nn.Parameter(rc.full((patterns,), 2.0))

    def forward(self, x: rc.RamTensor) -> rc.RamTensor:
        """What the layer makes of x."""
        return closeness(x, self.centres, self.widths)


def quantile_loss(prediction: rc.RamTensor, target: rc.RamTensor) -> rc.RamTensor:
    """The mean of ``max(s e, (s - 1) e)``, e = target - prediction: least where a share s of the targets is below."""
    error = target - prediction
    return (SHARE * error).maximum((SHARE - 1) * error).mean()


@rc.custom_gradient
def not_negative(x: rc.RamTensor) -> tuple[rc.RamTensor, Any]:
    """``max(x, 0)``; and as its gradient what arrives, as if nothing had been cut off."""
    return x.relu(), lambda received: received


def gradient_error(function: Callable[[rc.RamTensor], rc.RamTensor], x: rc.RamTensor, h: float = 2.0**-6) -> float:
    """The largest distance of a gradient from ``(f(x + h) - f(x - h)) / 2h``, each element of x moved on its own.

    The quotient itself is off by the order of h^2, and of 2^-24 / h by the rounding of f.
    """
    steps = (rc.eye(x.size) * h).reshape((x.size, *x.shape))
    quotients = [(function(x + steps[i]) - function(x - steps[i])) / (2 * h) for i in range(x.size)]
    found = rc.grad(function)(x).flatten()
    return float((found - quotients[0].stack(*quotients[1:])).abs().max().item())


def main(argv: list[str] | None = None) -> None:
    """Check the gradients, train, and count how often the bound was kept."""
    parser = argparse.ArgumentParser(description="A layer, a loss and a gradient of your own.")
    parser.add_argument("--quick", action="store_true", help="a small network and two epochs, on some of the rows")
    parser.add_argument("--backend", help="python, numpy, native, ...; the fastest, if left out")
    args = parser.parse_args(argv)
    patterns, epochs = (3, 2) if args.quick else (16, 60)
    with rc.use_backend(args.backend):
        rc.manual_seed(0)
        layer = Patterns(3, patterns)
        x, a, b = random.normal((2, 3)), rc.tensor([1.0, 4.0, 2.0]), rc.tensor([2.0, 3.5, 1.0])
        print(f"gradient of the layer: off by {gradient_error(lambda x: layer(x).sum(), x):.0e}")
        centres = layer.centres.detach()
        print(f"of its centres: {gradient_error(lambda c: closeness(x, c, layer.widths).sum(), centres):.0e}")
        print(f"of the loss: {gradient_error(lambda a: quantile_loss(a, b), a):.0e}")
        print(f"of the cut at -1 and 2: {rc.grad(lambda x: not_negative(x).sum())(rc.tensor([-1.0, 2.0])).tolist()}")

        frame = data.read_frame(PENGUINS)
        if args.quick:
            frame = frame.take(range(0, frame.rows, 5))
        training, test = frame.split([0.8, 0.2])
        other = ["species", "island", "sex", "year"]
        schema = data.Schema.fit(training, target="body_mass_g", ignore=other, missing="drop")
        x, grams = schema.encode(training).tensors()
        model = nn.Sequential(nn.StandardScaler().fit(x), layer, nn.Linear(patterns, 1), nn.Lambda(not_negative))
        adam = optim.Adam(model.parameters(), lr=0.02)
        history = train.fit(model, adam, quantile_loss, x, grams / 1000.0, epochs=epochs, batch_size=16)
        print(f"loss {history.losses[0]:.4f} at first, {history.losses[-1]:.4f} in the end")
        x, grams = schema.encode(test).tensors()
        kept = (grams / 1000.0).less_equal(train.predict(model, x)).count_nonzero().item()
        print(f"of {len(x)} penguins for the test {kept} have at most the mass of their bound")
        print("digest", model.digest())


if __name__ == "__main__":
    main()
