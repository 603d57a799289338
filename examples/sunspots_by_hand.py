"""A recurrent network written by hand forecasts the yearly sunspot numbers.

    python examples/sunspots_by_hand.py [--quick] [--backend NAME]

The network reads twelve years, one after the other. Its state after a year is made of what it saw in that year and of
its state before; after the last one, the state is turned into the forecast:

    z1 = weights state + inputs year + bias        a1 = tanh(z1), the new state
    forecast = readout state + offset

Nothing here is a layer or a training loop of the library: there are tensors, their gradients, and Adam.
"""

import argparse

import rcmlrs_core as rc
from rcmlrs_core import data, optim, random

YEARS = 12  # that the network sees; the sun's cycle has about eleven


def forecast(p: dict[str, rc.RamTensor], seen: rc.RamTensor) -> rc.RamTensor:
    """The next years ``(1, n)`` after the windows ``seen``, ``(YEARS, n)``: n of them at once, one in each column."""
    state = rc.zeros((p["weights"].shape[0], seen.shape[1]))
    for year in range(YEARS):
        z1 = p["weights"].matmul(state) + p["inputs"].matmul(seen[year : year + 1]) + p["bias"]
        state = z1.tanh()  # or z1.sigmoid()
    return p["readout"].matmul(state) + p["offset"]


def main(argv: list[str] | None = None) -> None:
    """Train on the earlier years, and test on the later ones."""
    parser = argparse.ArgumentParser(description="A recurrent network by hand, on the yearly sunspot numbers.")
    parser.add_argument("--quick", action="store_true", help="a small network for a few steps, on some of the years")
    parser.add_argument("--backend", help="python, numpy, native, ...; the fastest, if left out")
    args = parser.parse_args(argv)
    hidden, steps, years = (4, 5, 60) if args.quick else (16, 500, 309)
    with rc.use_backend(args.backend):
        series = data.load_sunspots()[:years]
        count = years - YEARS  # of windows: each one's target is the year that follows it
        split = count * 4 // 5
        scale = series[: split + YEARS]  # what is known of the years to train on
        x = (series - scale.mean()) / scale.std()
        windows = x[:count].stack(*(x[i : i + count] for i in range(1, YEARS)), axis=0)  # (YEARS, count)
        target = x[YEARS:].reshape((1, count))

        random.manual_seed(0)
        p = {
            "weights": random.normal((hidden, hidden)) / hidden,
            "inputs": random.normal((hidden, 1)),
            "bias": rc.zeros((hidden, 1)),
            "readout": random.normal((1, hidden)) / hidden,
            "offset": rc.zeros((1, 1)),
        }
        for parameter in p.values():
            parameter.requires_grad_()
        adam = optim.Adam(p.values(), lr=0.01)
        for step in range(steps):
            loss = forecast(p, windows[:, :split]).mse_loss(target[:, :split])
            adam.zero_grad()
            loss.backward()
            adam.step()
            if step % (1 + steps // 5) == 0 or step == steps - 1:
                print(f"step {step + 1:3}  loss {loss.item():.4f}")

        with rc.no_grad():
            error = (forecast(p, windows[:, split:]) - target[:, split:]) * scale.std()
            naive = (windows[-1:, split:] - target[:, split:]) * scale.std()
        print(f"error if every year were as the one before: {naive.square().mean().sqrt().item():.1f}")
        print(f"error in the last {count - split} years: {error.square().mean().sqrt().item():.1f}")
        print("digest", rc.io.state_digest(p))


if __name__ == "__main__":
    main()
