"""The numbers of training, beside those of real Keras 3: losses, metrics, optimizers, whole runs.

Keras computes in binary32 and rounds at every step, in an order of its own; ours rounds once for each operation. So a
loss or a metric of some ten terms agrees to 1e-6 of its size, and weights after some steps to a few units in the last
place for each step, which the tolerances give room for.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

import inspect
import warnings
from typing import Any

import keras as peer
import numpy as np
import pytest

from rcmlrs_core import keras
from rcmlrs_core.errors import DataError
from rcmlrs_core.keras import layers

RNG = np.random.default_rng(7)
X = RNG.normal(size=(12, 5)).astype("float32")
Y = RNG.normal(size=(12, 2)).astype("float32")
POSITIVE = RNG.uniform(0.05, 0.95, size=(12, 4)).astype("float32")
SHARES = (POSITIVE / POSITIVE.sum(axis=1, keepdims=True)).astype("float32")
LABELS = RNG.integers(0, 4, size=12)
ONE_HOT = np.eye(4, dtype="float32")[LABELS]
BINARY = (RNG.uniform(size=(12, 4)) > 0.5).astype("float32")
WEIGHTS = RNG.uniform(0, 2, size=12).astype("float32")


def close(ours: Any, theirs: Any, rtol: float = 2e-6, atol: float = 2e-7) -> None:
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=rtol, atol=atol)


# ------------------------------------------------------------------------------------------------------ losses

PAIRS: dict[str, tuple[Any, Any]] = {
    "MeanSquaredError": (Y, Y[::-1].copy()),
    "MeanAbsoluteError": (Y, Y[::-1].copy()),
    "MeanAbsolutePercentageError": (Y, Y[::-1].copy()),
    "MeanSquaredLogarithmicError": (POSITIVE, SHARES),
    "CosineSimilarity": (Y, Y[::-1].copy()),
    "Huber": (2 * Y, Y[::-1].copy()),
    "LogCosh": (Y, Y[::-1].copy()),
    "KLDivergence": (SHARES, SHARES[::-1].copy()),
    "Poisson": (POSITIVE, SHARES),
    "Hinge": (BINARY, POSITIVE),
    "SquaredHinge": (BINARY, POSITIVE),
    "CategoricalHinge": (ONE_HOT, POSITIVE),
    "BinaryCrossentropy": (BINARY, POSITIVE),
    "BinaryFocalCrossentropy": (BINARY, POSITIVE),
    "CategoricalCrossentropy": (ONE_HOT, POSITIVE),
    "CategoricalFocalCrossentropy": (ONE_HOT, POSITIVE),
    "SparseCategoricalCrossentropy": (LABELS, POSITIVE),
    "Dice": (BINARY, POSITIVE),
    "Tversky": (BINARY, POSITIVE),
}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "Huber": [{"delta": 0.4}],
    "BinaryCrossentropy": [{"from_logits": True}, {"label_smoothing": 0.2}],
    "BinaryFocalCrossentropy": [{"from_logits": True, "apply_class_balancing": True, "gamma": 1.5}],
    "CategoricalCrossentropy": [{"from_logits": True}, {"label_smoothing": 0.1}],
    "CategoricalFocalCrossentropy": [{"from_logits": True, "gamma": 1.0}],
    "SparseCategoricalCrossentropy": [{"from_logits": True}, {"ignore_class": 2}],
}


@pytest.mark.parametrize("name", PAIRS)
def test_losses_are_those_of_keras(name: str) -> None:
    y_true, y_pred = PAIRS[name]
    for options in [{}, {"reduction": "sum"}, {"reduction": "none"}, *OPTIONS.get(name, [])]:
        ours, theirs = getattr(keras.losses, name)(**options), getattr(peer.losses, name)(**options)
        assert ours.name == theirs.name
        close(ours(y_true, y_pred), theirs(y_true, y_pred))
        if name not in ("Dice", "Tversky"):
            close(ours(y_true, y_pred, sample_weight=WEIGHTS), theirs(y_true, y_pred, sample_weight=WEIGHTS))


def test_every_loss_has_the_arguments_of_keras() -> None:
    for name in keras.losses.CLASSES:
        parameters = list(inspect.signature(getattr(peer.losses, name).__init__).parameters)[1:]
        ours = getattr(keras.losses, name)(**{p: getattr_default(name, p) for p in parameters if p != "dtype"})
        config = getattr(peer.losses, name)().get_config()
        assert {key: ours.get_config()[key] for key in config} == config


def getattr_default(name: str, parameter: str) -> Any:
    return inspect.signature(getattr(peer.losses, name).__init__).parameters[parameter].default


@pytest.mark.parametrize("short", ["mse", "mae", "mape", "msle", "bce", "kld", "MSE", "categorical_crossentropy"])
def test_losses_have_the_short_names_of_keras(short: str) -> None:
    assert keras.losses.get(short).__name__ == peer.losses.get(short).__name__


# ----------------------------------------------------------------------------------------------------- metrics

METRICS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "Accuracy": (LABELS.astype("float32"), LABELS[::-1].astype("float32"), {}),
    "BinaryAccuracy": (BINARY, POSITIVE, {"threshold": 0.4}),
    "CategoricalAccuracy": (ONE_HOT, POSITIVE, {}),
    "SparseCategoricalAccuracy": (LABELS, POSITIVE, {}),
    "TopKCategoricalAccuracy": (ONE_HOT, POSITIVE, {"k": 2}),
    "SparseTopKCategoricalAccuracy": (LABELS, POSITIVE, {"k": 2}),
    "MeanSquaredError": (Y, Y[::-1].copy(), {}),
    "RootMeanSquaredError": (Y, Y[::-1].copy(), {}),
    "MeanAbsoluteError": (Y, Y[::-1].copy(), {}),
    "MeanAbsolutePercentageError": (Y, Y[::-1].copy(), {}),
    "MeanSquaredLogarithmicError": (POSITIVE, SHARES, {}),
    "CosineSimilarity": (Y, Y[::-1].copy(), {}),
    "LogCoshError": (Y, Y[::-1].copy(), {}),
    "Hinge": (BINARY, POSITIVE, {}),
    "SquaredHinge": (BINARY, POSITIVE, {}),
    "CategoricalHinge": (ONE_HOT, POSITIVE, {}),
    "KLDivergence": (SHARES, SHARES[::-1].copy(), {}),
    "Poisson": (POSITIVE, SHARES, {}),
    "BinaryCrossentropy": (BINARY, POSITIVE, {"label_smoothing": 0.1}),
    "CategoricalCrossentropy": (ONE_HOT, POSITIVE, {}),
    "SparseCategoricalCrossentropy": (LABELS, POSITIVE, {"from_logits": True}),
    "TruePositives": (BINARY, POSITIVE, {}),
    "FalsePositives": (BINARY, POSITIVE, {"thresholds": [0.2, 0.6]}),
    "TrueNegatives": (BINARY, POSITIVE, {}),
    "FalseNegatives": (BINARY, POSITIVE, {}),
    "Precision": (BINARY, POSITIVE, {"thresholds": [0.2, 0.6]}),
    "Recall": (BINARY, POSITIVE, {}),
    "F1Score": (ONE_HOT, POSITIVE, {}),
    "FBetaScore": (ONE_HOT, POSITIVE, {"average": "weighted", "beta": 2.0, "threshold": 0.3}),
    "R2Score": (Y, Y[::-1].copy(), {}),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_are_those_of_keras(name: str) -> None:
    """Of two batches with weights and, after a reset, of one without."""
    weights = WEIGHTS
    y_true, y_pred, options = METRICS[name]
    ours, theirs = getattr(keras.metrics, name)(**options), getattr(peer.metrics, name)(**options)
    if name.startswith(("True", "False")):
        weights = np.repeat(weights[:, None], 4, axis=1)
    for part in (slice(0, 5), slice(5, 12)):
        ours.update_state(y_true[part], y_pred[part], sample_weight=weights[part])
        theirs.update_state(y_true[part], y_pred[part], sample_weight=weights[part])
    close(ours.result(), theirs.result())
    ours.reset_state()
    ours.update_state(y_true, y_pred)
    theirs.reset_state()
    theirs.update_state(y_true, y_pred)
    close(ours.result(), theirs.result())


@pytest.mark.parametrize("options", [{}, {"curve": "PR"}, {"summation_method": "minoring", "num_thresholds": 11}])
def test_the_area_under_a_curve_is_that_of_keras(options: dict[str, Any]) -> None:
    y_true, y_pred = BINARY[:, 0], POSITIVE[:, 0]
    ours, theirs = keras.metrics.AUC(**options), peer.metrics.AUC(**options)
    for weights in (None, WEIGHTS):
        ours.update_state(y_true, y_pred, weights)
        theirs.update_state(y_true, y_pred, weights)
        close(ours.result(), theirs.result(), rtol=1e-5)


# -------------------------------------------------------------------------------------------------- optimizers

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "clipvalue": 0.3}),
    ("Adam", {"epsilon": 0.1}),
    ("Adam", {"amsgrad": True, "learning_rate": 0.02, "clipnorm": 0.5}),
    ("Adam", {"weight_decay": 0.1, "global_clipnorm": 0.5}),
    ("AdamW", {"learning_rate": 0.01}),
    ("Adamax", {"learning_rate": 0.01, "epsilon": 0.1}),
    ("Nadam", {"learning_rate": 0.01, "epsilon": 0.1}),
    ("RMSprop", {"epsilon": 0.1}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adagrad", {"learning_rate": 0.1, "epsilon": 0.1}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Lion", {"learning_rate": 0.01, "weight_decay": 0.01}),
]


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=[f"{n}-{i}" for i, (n, _) in enumerate(OPTIMIZERS)])
def test_optimizers_go_the_way_of_keras(name: str, options: dict[str, Any]) -> None:
    """Gradients that do not depend on the parameters, so that nothing adds up but the roundings of the updates.

    With an epsilon that is large enough to see where it stands, and a rate that changes on the way.
    """
    import rcmlrs_core as rc

    start = RNG.normal(size=(3, 4)).astype("float32")
    theirs, ours = peer.Variable(start), rc.tensor(start, requires_grad=True)
    their_optimizer = getattr(peer.optimizers, name)(**options)
    our_optimizer = getattr(keras.optimizers, name)(**options)
    for step in range(6):
        gradient = np.sin(np.arange(12, dtype="float32").reshape(3, 4) + step).astype("float32")
        if step == 3:
            their_optimizer.learning_rate = our_optimizer.learning_rate = 0.03
        their_optimizer.apply([gradient], [theirs])
        our_optimizer.apply([rc.tensor(gradient)], [ours])
    close(ours.detach().numpy(), theirs.numpy(), rtol=1e-6, atol=2e-6)
    assert np.abs(ours.detach().numpy() - start).max() > 1e-4
    assert our_optimizer.iterations == 6


def test_optimizers_have_the_configuration_of_keras() -> None:
    for name in ("SGD", "Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Adagrad", "Adadelta", "Lion"):
        ours, theirs = getattr(keras.optimizers, name)(), getattr(peer.optimizers, name)()
        config = {**theirs.get_config(), "name": ours.name, "learning_rate": float(ours.learning_rate)}
        assert ours.get_config() == config
        again = getattr(keras.optimizers, name).from_config(theirs.get_config())
        close(float(again.learning_rate), float(ours.learning_rate))


STEPS = (0, 2, 5, 9)
SCHEDULES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("ExponentialDecay", (0.1, 10, 0.9), {}),
    ("ExponentialDecay", (0.1, 4, 0.5), {"staircase": True}),
    ("PiecewiseConstantDecay", ([3, 6], [0.1, 0.05, 0.01]), {}),
    ("PolynomialDecay", (0.1, 7), {"power": 2.0}),
    ("InverseTimeDecay", (0.1, 3, 0.5), {}),
    ("CosineDecay", (0.1, 8), {"alpha": 0.1}),
    ("CosineDecay", (0.0, 8), {"warmup_target": 0.1, "warmup_steps": 3}),
    ("CosineDecayRestarts", (0.1, 3), {}),
]


@pytest.mark.parametrize(
    ("name", "arguments", "options"), SCHEDULES, ids=[f"{s[0]}-{i}" for i, s in enumerate(SCHEDULES)]
)
def test_schedules_are_those_of_keras(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    ours = getattr(keras.optimizers.schedules, name)(*arguments, **options)
    theirs = getattr(peer.optimizers.schedules, name)(*arguments, **options)
    close([float(ours(step)) for step in STEPS], [float(theirs(step)) for step in STEPS], rtol=1e-5, atol=1e-7)


# -------------------------------------------------------------------------------------------------- whole runs


def both(build: Any) -> tuple[Any, Any]:
    """The same model in both, with the same weights."""
    ours, theirs = build(keras, layers), build(peer, peer.layers)
    ours.set_weights(theirs.get_weights())
    return ours, theirs


def compare_runs(build: Any, compile_: Any, x: Any, y: Any, **options: Any) -> tuple[Any, Any]:
    """Without shuffling: histories, evaluations, predictions and weights agree."""
    ours, theirs = both(build)
    ours.compile(**compile_(keras))
    theirs.compile(**compile_(peer))
    given = {"epochs": 2, "batch_size": 4, "shuffle": False, "verbose": 0, **options}
    our_history, their_history = ours.fit(x, y, **given), theirs.fit(x, y, **given)
    assert list(our_history.history) == list(their_history.history)
    assert our_history.epoch == their_history.epoch
    for name, values in our_history.history.items():
        close(values, their_history.history[name], rtol=2e-5, atol=1e-6)
    found, wanted = (model.evaluate(x, y, verbose=0, return_dict=True) for model in (ours, theirs))
    assert set(found) == set(wanted)
    for name, value in found.items():
        close(value, wanted[name], rtol=2e-5, atol=1e-6)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        close(a, b, rtol=2e-5, atol=5e-6)
    return ours, theirs


def classifier(k: Any, la: Any) -> Any:
    return k.Sequential([k.Input((5,)), la.Dense(6, activation="tanh"), la.Dense(4, activation="softmax")])


def test_a_classifier_trains_as_in_keras() -> None:
    def compiled(k: Any) -> dict[str, Any]:
        return {
            "optimizer": k.optimizers.Adam(0.05),
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy", k.metrics.SparseTopKCategoricalAccuracy(k=2)],
        }

    ours, theirs = compare_runs(classifier, compiled, X, LABELS, validation_split=0.25)
    close(ours.predict(X), theirs.predict(X, verbose=0), rtol=2e-5, atol=1e-6)


def test_weights_of_classes_and_examples_count_as_in_keras() -> None:
    def compiled(k: Any) -> dict[str, Any]:
        return {
            "optimizer": "sgd",
            "loss": k.losses.CategoricalCrossentropy(label_smoothing=0.1),
            "metrics": ["accuracy", "mse"],
            "weighted_metrics": ["accuracy"],
        }

    weights = {0: 0.5, 1: 2.0, 2: 1.0, 3: 0.25}
    compare_runs(
        classifier,
        compiled,
        X,
        ONE_HOT,
        class_weight=weights,
        batch_size=5,
        validation_data=(X[:4], ONE_HOT[:4], WEIGHTS[:4]),
    )
    compare_runs(classifier, compiled, X, ONE_HOT, sample_weight=WEIGHTS, batch_size=5)


def test_two_inputs_and_outputs_and_a_shared_layer_train_as_in_keras() -> None:
    def build(k: Any, la: Any) -> Any:
        a, b = k.Input((5,), name="a"), k.Input((5,), name="b")
        shared = la.Dense(4, activation="relu", name="shared", kernel_regularizer="l2")
        joined = la.Concatenate(name="joined")([shared(a), shared(b)])
        value = la.Dense(2, name="value")(joined)
        label = la.Dense(1, activation="sigmoid", name="label")(la.Dense(3, activation="tanh", name="h")(joined))
        return k.Model(inputs=[a, b], outputs={"value": value, "label": label})

    def compiled(k: Any) -> dict[str, Any]:
        return {
            "optimizer": k.optimizers.RMSprop(0.01),
            "loss": {"value": "mse", "label": k.losses.BinaryCrossentropy()},
            "loss_weights": {"value": 0.5, "label": 2.0},
            "metrics": {"value": ["mae"], "label": ["accuracy"]},
        }

    ours, theirs = both(build)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    ours.compile(**compiled(keras))
    theirs.compile(**compiled(peer))
    x, y = {"a": X, "b": X[::-1].copy()}, {"value": Y, "label": BINARY[:, :1]}
    options = {"epochs": 2, "batch_size": 5, "shuffle": False, "verbose": 0}
    mine, other = ours.fit(x, y, **options).history, theirs.fit(x, y, **options).history
    assert set(mine) == set(other)
    for name, values in mine.items():
        close(values, other[name], rtol=2e-5, atol=1e-6)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        close(a, b, rtol=2e-5, atol=5e-6)
    close(ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), rtol=2e-5, atol=1e-6)


def test_frozen_layers_and_constraints_are_those_of_keras() -> None:
    def build(k: Any, la: Any) -> Any:
        first = la.Dense(6, activation="relu")
        model = k.Sequential(
            [k.Input((5,)), first, la.Dense(2, kernel_constraint=k.constraints.MaxNorm(0.7), kernel_regularizer="l1")]
        )
        first.trainable = False
        return model

    ours, theirs = compare_runs(build, lambda k: {"optimizer": k.optimizers.SGD(0.1), "loss": "mae"}, X, Y)
    assert [w.path.split("/")[-1] for w in ours.trainable_weights] == ["kernel", "bias"]
    assert len(ours.non_trainable_weights) == len(theirs.non_trainable_weights) == 2
    assert ours.count_params() == theirs.count_params()


def test_accuracy_means_what_the_shapes_say_as_in_keras() -> None:
    def build_binary(k: Any, la: Any) -> Any:
        return k.Sequential([k.Input((5,)), la.Dense(1, activation="sigmoid")])

    compare_runs(
        build_binary,
        lambda k: {"optimizer": "adagrad", "loss": "binary_crossentropy", "metrics": ["acc"]},
        X,
        BINARY[:, 0],
    )
    compare_runs(
        classifier,
        lambda k: {"optimizer": "nadam", "loss": "crossentropy", "metrics": ["accuracy"]},
        X,
        LABELS[:, None],
    )


def test_batches_by_hand_are_those_of_keras() -> None:
    ours, theirs = both(classifier)
    for model, k in ((ours, keras), (theirs, peer)):
        model.compile(
            optimizer=k.optimizers.SGD(0.1, momentum=0.5), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
    for _ in range(3):
        close(ours.train_on_batch(X, LABELS), theirs.train_on_batch(X, LABELS), rtol=1e-5)
    close(ours.test_on_batch(X, LABELS), theirs.test_on_batch(X, LABELS), rtol=1e-5)


def test_callbacks_do_what_those_of_keras_do() -> None:
    def run(k: Any, model: Any) -> tuple[dict[str, list[float]], list[Any], Any]:
        model.compile(optimizer=k.optimizers.SGD(0.5), loss="mse")
        stop = k.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
        reduce = k.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_delta=0.01)
        seen: list[Any] = []
        note = k.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs))))
        history = model.fit(
            X,
            Y,
            epochs=12,
            batch_size=12,
            shuffle=False,
            verbose=0,
            validation_data=(X[:3], -Y[:3]),
            callbacks=[reduce, stop, note],
        )
        return history.history, seen, stop

    def build(k: Any, la: Any) -> Any:
        return k.Sequential([k.Input((5,)), la.Dense(2)])

    ours, theirs = both(build)
    (mine, seen, stop), (other, noted, halted) = run(keras, ours), run(peer, theirs)
    assert seen == noted
    assert (stop.stopped_epoch, stop.best_epoch) == (halted.stopped_epoch, halted.best_epoch)
    for name, values in mine.items():
        close(values, other[name], rtol=2e-5, atol=1e-6)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        close(a, b, rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("steps", [1, 2, 3, 9])
def test_short_epochs_go_on_in_the_data_as_in_keras(steps: int) -> None:
    """Of 5 batches an epoch takes some, the next one those behind them; validation takes the first ones always."""

    def losses(library: Any) -> Any:
        model = library.Sequential([library.Input((5,)), library.layers.Dense(2, kernel_initializer="ones")])
        model.compile(library.optimizers.SGD(0.05), "mse")
        data: Any = {"batch_size": 3, "steps_per_epoch": steps, "shuffle": False, "verbose": 0}
        held: Any = {"validation_data": (X, Y), "validation_steps": 2, "validation_batch_size": 5}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns where a pass ends
            return model.fit(X, Y, epochs=6, **data, **held).history

    ours, theirs = losses(keras), losses(peer)
    for name in ("loss", "val_loss"):
        close(ours[name], theirs[name], rtol=1e-5)


def test_whole_floats_are_class_numbers_and_tokens_as_in_keras() -> None:
    """Files of numbers give labels and tokens as floats."""
    labels = LABELS.astype("float32")
    for name in ("SparseCategoricalCrossentropy", "sparse_categorical_accuracy"):
        if name[0] == "S":
            close(getattr(keras.losses, name)()(labels, SHARES), getattr(peer.losses, name)()(labels, SHARES))
        else:
            close(getattr(keras.metrics, name)(labels, SHARES), getattr(peer.metrics, name)(labels, SHARES))
    np.testing.assert_array_equal(
        keras.utils.to_categorical([0.0, 2.0, 1.0]), peer.utils.to_categorical([0.0, 2.0, 1.0])
    )
    tokens = np.array([[1, 2, 0, 0], [3, 0, 2, 1]])
    models = [
        library.Sequential([library.Input((4,)), library.layers.Embedding(5, 3, mask_zero=True)])
        for library in (keras, peer)
    ]
    models[1].set_weights([np.asarray(w) for w in models[0].get_weights()])
    np.testing.assert_array_equal(models[0].predict(tokens, verbose=0), models[1].predict(tokens, verbose=0))


@pytest.mark.parametrize("junk", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_class_number(junk: float) -> None:
    with pytest.raises(DataError):
        keras.losses.SparseCategoricalCrossentropy()(np.array([0.0, junk]), SHARES[:2])
    with pytest.raises(DataError, match="NaN or an infinity"):
        keras.utils.to_categorical([0.0, junk])


def test_one_callback_and_numbers_of_numpy_are_taken_as_in_keras() -> None:
    def history(library: Any) -> Any:
        model = library.Sequential([library.Input((5,)), library.layers.Dense(2, kernel_initializer="ones")])
        model.compile(library.optimizers.SGD(0.05), "mse")
        rate = library.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
        size = np.int64(5)
        return model.fit(X, Y, batch_size=size, epochs=np.int64(2), shuffle=False, verbose=0, callbacks=rate).history

    close(history(keras)["loss"], history(peer)["loss"], rtol=1e-5)


@pytest.mark.parametrize("weights", [[1.0, 2.0], {"cat": 2.0}])
def test_weights_of_classes_that_are_none_are_refused(weights: Any) -> None:
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(DataError, match="class_weight is a dict such as"):
        model.fit(X, LABELS, class_weight=weights, verbose=0)
