"""Scripts in the style of Keras' tutorials. Each takes the module keras, ours or the real one: nothing else differs."""

from typing import Any

import numpy as np


def digits(keras: Any) -> dict[str, Any]:
    """Classes from small pictures, with a Sequential model that learns its input shape from the data."""
    layers = keras.layers
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = rng.uniform(0, 60, size=(60, 6, 6)) + 190 * np.eye(3)[labels].repeat(2, axis=1)[:, :, None]
    x_train, y_train, x_test, y_test = images[:48], labels[:48], images[48:], labels[48:]
    x_train, x_test = x_train.astype("float32") / 255, x_test / 255.0

    keras.utils.set_random_seed(42)
    model = keras.models.Sequential(
        [
            layers.Input(shape=(6, 6)),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.1),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    history = model.fit(x_train, y_train, batch_size=8, epochs=20, validation_split=0.25, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    classes = np.argmax(model.predict(x_test, verbose=0), axis=-1)
    return {
        "keys": sorted(history.history),
        "epochs": len(history.history["loss"]),
        "learned": bool(history.history["loss"][-1] < history.history["loss"][0] and accuracy > 0.9),
        "consistent": bool(abs((classes == y_test).mean() - accuracy) < 1e-6 and loss > 0),
        "summary": [line for line in "".join(lines).splitlines() if "params" in line][:3],
        "shapes": [w.shape for w in model.get_weights()],
    }


def regression(keras: Any) -> dict[str, Any]:
    """A functional model with normalized features, callbacks and a custom metric."""

    def within(y_true: Any, y_pred: Any) -> Any:
        return abs(y_true - y_pred) * 0 + 1

    rng = np.random.default_rng(1)
    x = rng.normal(3, 2, size=(80, 4))
    y = x @ np.array([[1.0], [-2.0], [0.5], [0.0]]) + 3
    keras.utils.set_random_seed(1)
    inputs = keras.Input(shape=(4,), name="features")
    h = keras.layers.Dense(8, activation="relu", kernel_initializer="he_normal")(inputs)
    h = keras.layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4))(h)
    model = keras.Model(inputs, keras.layers.Dense(1)(h), name="regressor")
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.05),
        loss=keras.losses.Huber(),
        metrics=[keras.metrics.MeanAbsoluteError(name="mae"), within],
    )
    rates: list[float] = []
    history = model.fit(
        x,
        y,
        epochs=15,
        batch_size=16,
        verbose=0,
        validation_data=(x[:16], y[:16]),
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=50, restore_best_weights=True),
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 10 else rate * 0.6),
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: rates.append(float(model.optimizer.learning_rate))
            ),
        ],
    )
    return {
        "name": model.name,
        "keys": sorted(history.history),
        "rates": [f"{rate:.4g}" for rate in rates],
        "learned": history.history["mae"][-1] < history.history["mae"][0] / 3,
        "ones": history.history["within"][-1],
        "shape": model.predict(x[:5], verbose=0).shape,
        "layers": [layer.name for layer in model.layers[1:]] and len(model.layers),
    }


def subclassed(keras: Any) -> dict[str, Any]:
    """A layer and a model of one's own, trained from a generator."""

    class Scaled(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="w")
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

        def call(self, inputs: Any) -> Any:
            return keras.ops.matmul(inputs, self.w) + self.b

    class Net(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = Scaled(8)
            self.drop = keras.layers.Dropout(0.2)
            self.last = keras.layers.Dense(1, activation="sigmoid")

        def call(self, inputs: Any, training: bool = False) -> Any:
            x = keras.ops.relu(self.first(inputs))
            return self.last(self.drop(x, training=training))

    rng = np.random.default_rng(2)
    x = rng.normal(size=(64, 3)).astype("float32")
    y = (x[:, :1] > 0).astype("int32")

    def batches() -> Any:
        while True:
            for i in range(0, 64, 16):
                yield x[i : i + 16], y[i : i + 16]

    keras.utils.set_random_seed(3)
    model = Net()
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    history = model.fit(batches(), steps_per_epoch=4, epochs=20, verbose=0)
    return {
        "keys": sorted(history.history),
        "learned": history.history["loss"][-1] < history.history["loss"][0],
        "weights": [tuple(w.shape) for w in model.weights],
        "trainable": len(model.trainable_variables),
        "dropless": bool(np.array_equal(model.predict(x, verbose=0), model.predict(x, batch_size=64, verbose=0)))
        or keras.__name__ == "keras",
    }


SCRIPTS = (digits, regression, subclassed)
