"""Handwritten digits, told apart by a convolutional network.

    python examples/digits_cnn.py [--quick] [--backend NAME] [--seed 0] [--plot curve.svg]

Of the 1797 pictures it is trained on 70%, watched on 10%, and tested on 20%, of every digit the same share. Settings
were chosen without the test's pictures, which are looked at once, at the end.
"""

import argparse

import rcmlrs_core as rc
from rcmlrs_core import data, metrics, nn, optim, train


def network(width: int) -> nn.Sequential:
    """Pictures ``(batch, 1, 8, 8)`` to a score for each digit ``(batch, 10)``."""
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.MaxPool2d(2),  # 4 x 4 are left
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        nn.MaxPool2d(2),  # 2 x 2
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(8 * width, 10),
    )


def main(argv: list[str] | None = None) -> None:
    """Train it, and test it."""
    parser = argparse.ArgumentParser(description="Handwritten digits, told apart by a convolutional network.")
    parser.add_argument("--quick", action="store_true", help="a small network and one epoch, on a few pictures")
    parser.add_argument("--backend", help="python, numpy, native, ...; the fastest, if left out")
    parser.add_argument("--seed", type=int, default=0, help="of the first weights, the order and the variations")
    parser.add_argument("--plot", metavar="FILE", help="draw the learning curve: a PNG, SVG or PDF")
    args = parser.parse_args(argv)
    width, epochs = (2, 1) if args.quick else (24, 20)
    with rc.use_backend(args.backend):
        digits: data.Dataset = data.digits()
        if args.quick:
            digits = digits.subset(range(100))
        labels = digits.tensors()[1]
        rest, test = data.split(digits, [0.8, 0.2], stratify=labels)
        training, validation = data.split(rest, [0.875, 0.125], stratify=rest.tensors()[1])

        rc.manual_seed(args.seed)
        model = network(width)
        # Turned, shifted and enlarged a little, anew in every epoch, a picture is still the same digit.
        varied = data.Augmented(training, [data.RandomAffine(10, shift=0.7, zoom=0.1)], seed=args.seed)
        loader = data.Loader(varied, 32, seed=args.seed)
        adam = optim.Adam(model.parameters(), lr=optim.OneCycle(0.02, epochs * loader.steps))
        history = train.fit(
            model,
            adam,
            rc.cross_entropy,
            loader,
            epochs=epochs,
            validation=data.Loader(validation, 100),
            metrics=[metrics.accuracy],
        )
        last = history.epochs[-1].logs
        print(f"loss {last['loss']:.4f}, validation {last['val_loss']:.4f}, accuracy {last['val_accuracy']:.2%}")
        print(f"test accuracy {train.evaluate(model, metrics.accuracy, data.Loader(test, 100)):.2%}")
        if args.plot:
            history.plot(args.plot)
        print("digest", model.digest())


if __name__ == "__main__":
    main()
