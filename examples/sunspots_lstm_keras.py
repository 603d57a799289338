"""The yearly sunspot numbers again, by an LSTM, in the words of Keras.

    python examples/sunspots_lstm_keras.py [--quick] [--backend NAME]

With ``import keras`` in the place of ``from rcmlrs_core import keras`` it runs on Keras 3: its first weights are other
draws, so its numbers differ. Here they are the same on every backend and every machine.
"""

import argparse
import hashlib

import numpy as np

import rcmlrs_core as rc
from rcmlrs_core import keras

YEARS = 12  # that the network sees


def main(argv: list[str] | None = None) -> None:
    """Train on the earlier years, and test on the later ones."""
    parser = argparse.ArgumentParser(description="An LSTM in the style of Keras, on the yearly sunspot numbers.")
    parser.add_argument("--quick", action="store_true", help="a small network and two epochs, on some of the years")
    parser.add_argument("--backend", help="python, numpy, native, ...; the fastest, if left out")
    args = parser.parse_args(argv)
    units, epochs, years = (4, 2, 60) if args.quick else (16, 60, 309)
    with rc.use_backend(args.backend):
        series = rc.data.load_sunspots()[:years]
        split = (years - YEARS) * 4 // 5  # so many windows to train on
        known = series[: split + YEARS]
        deviation = known.std().item()  # by rc: what np.std returns depends on the machine in its last bits
        scaled = ((series - known.mean()) / deviation).numpy()
        windows = np.lib.stride_tricks.sliding_window_view(scaled, YEARS + 1)
        x, y = windows[:, :-1, None], windows[:, -1:]

        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input(shape=(YEARS, 1)),
                keras.layers.LSTM(units),
                keras.layers.Dense(1),
            ]
        )
        model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse", metrics=["mae"])
        history = model.fit(x[:split], y[:split], batch_size=32, epochs=epochs, validation_split=0.1, verbose=0)
        for name, curve in history.history.items():
            print(f"{name:8} {curve[0]:.4f} at first, {curve[-1]:.4f} in the end")

        error = (model.predict(x[split:], verbose=0) - y[split:]) * deviation
        print(f"error in the last {len(x) - split} years: {np.sqrt(np.mean(np.square(error))):.1f}")
        weights = b"".join(np.asarray(weight, dtype="<f4").tobytes() for weight in model.get_weights())
        print("digest", hashlib.sha256(weights).hexdigest())


if __name__ == "__main__":
    main()
