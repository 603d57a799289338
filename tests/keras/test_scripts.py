"""Scripts written for Keras run here with the import line changed, and do the same; and have the same bits on backends.

Random numbers differ from Keras' (N8), so of the trainings what is compared is what does not hang on them.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core import keras
from rcmlrs_core.keras import layers
from tests.keras.scripts import SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_a_script_does_what_it_does_with_keras(script: Callable[[Any], dict[str, Any]]) -> None:
    import keras as peer

    ours, theirs = script(keras), script(peer)
    assert ours == theirs
    assert ours["learned"]


def trained(backend: str) -> tuple[str, dict[str, list[float]]]:
    """A small run with dropout, shuffling and a batch normalization."""
    with rc.use_backend(backend):
        keras.utils.clear_session()
        keras.utils.set_random_seed(5)
        model = keras.Sequential(
            [
                keras.Input((3,)),
                layers.Dense(4, activation="gelu"),
                layers.BatchNormalization(),
                layers.Dropout(0.3),
                layers.Dense(2, activation="softmax"),
            ]
        )
        model.compile(
            optimizer=keras.optimizers.Nadam(0.02), loss="categorical_crossentropy", metrics=["accuracy", "auc"]
        )
        x = [[0.1 * i, 1.0 - 0.3 * (i % 4), float(i % 3)] for i in range(8)]
        y = [[float(i % 2), 1.0 - i % 2] for i in range(8)]
        history = model.fit(x, y, batch_size=3, epochs=2, validation_split=0.25, verbose=0)
        return model.digest(), history.history


def test_a_run_has_the_same_bits_on_every_backend() -> None:
    assert trained("python") == trained("numpy") == trained("native")


def test_a_run_after_the_seed_is_the_run_again() -> None:
    assert trained("native") == trained("native")


# ------------------------------------------------------------------------------------------------- what breaks


def small(**options: Any) -> Any:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **options})
    return model


X, Y = np.ones((6, 3)), np.zeros((6, 2))
LABELS = np.array([0, 1, 2, 0, 1, 5])
HOSTILE: list[tuple[str, type[Exception], str, Callable[[], Any]]] = [
    ("an unknown optimizer", rc.AttributeValueError, "did you mean adam", lambda: small(optimizer="adem")),
    ("an unknown loss", rc.AttributeValueError, "did you mean", lambda: small(loss="mean_square_error")),
    ("an unknown metric", rc.AttributeValueError, "did you mean", lambda: small(metrics=["precison"])),
    ("metrics as a string", rc.AttributeValueError, "metrics is a list", lambda: small(metrics="mae")),
    (
        "an unknown initializer",
        rc.AttributeValueError,
        "did you mean",
        lambda: layers.Dense(2, kernel_initializer="glorot_unifrom"),
    ),
    ("an unknown activation", rc.AttributeValueError, "did you mean relu", lambda: layers.Dense(2, activation="rellu")),
    ("a batch size of 0", rc.AttributeValueError, "batch_size must be", lambda: small().fit(X, Y, batch_size=0)),
    ("other numbers of examples", rc.ShapeError, "numbers of examples differ", lambda: small().fit(X, Y[:4])),
    ("no examples", rc.DataError, "no examples", lambda: small().fit(X[:0], Y[:0])),
    ("features of another number", rc.ShapeError, "expects|shape", lambda: small().fit(X[:, :2], Y, verbose=0)),
    (
        "targets of another shape",
        rc.ShapeError,
        "targets of shape",
        lambda: small().fit(X, np.zeros((6, 3)), verbose=0),
    ),
    (
        "a label outside of the classes",
        rc.DataError,
        r"the label 2 is not in \[0, 2\), .* at least 6 units",
        lambda: small(loss="sparse_categorical_crossentropy").fit(X, LABELS, verbose=0),
    ),
    (
        "labels for one-hot targets",
        rc.ShapeError,
        "sparse_categorical_crossentropy",
        lambda: small(loss="categorical_crossentropy").fit(X, LABELS, verbose=0),
    ),
    ("NaN in the data", rc.TrainingError, "loss is nan", lambda: small().fit(X * np.nan, Y, verbose=0)),
    ("a model that is not compiled", rc.DataError, "compile", lambda: keras.Sequential([layers.Dense(1)]).fit(X, Y)),
    ("a model without a loss", rc.DataError, "nothing to minimize", lambda: small(loss=None).fit(X, Y, verbose=0)),
    ("parameters that are not known yet", rc.DataError, "not built", lambda: layers.Dense(2).count_params()),
    (
        "weights of another shape",
        rc.ShapeError,
        "has shape",
        lambda: small().set_weights([np.ones((2, 2)), np.ones(2)]),
    ),
    ("too few weights", rc.DataError, "has 2 weights, got 1", lambda: small().set_weights([np.ones((3, 2))])),
    ("a KerasTensor as data", TypeError, "has no elements", lambda: small().predict(keras.Input((3,)))),
    (
        "a KerasTensor beside a tensor",
        TypeError,
        "a KerasTensor and a tensor",
        lambda: layers.Concatenate()([keras.Input((3,)), rc.ones((2, 3))]),
    ),
    ("a KerasTensor as a condition", TypeError, "no truth value", lambda: bool(keras.Input((3,)))),
    ("outputs of other inputs", rc.DataError, "not among the inputs", lambda: apart()),
    (
        "two layers of one name",
        rc.DataError,
        "already",
        lambda: keras.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")]),
    ),
    ("a module that is no layer", TypeError, "not a Keras layer", lambda: keras.Sequential([rc.nn.Linear(3, 2)])),
    ("an unknown layer", rc.DataError, "has no layer", lambda: small().get_layer("dens")),
    ("a split that leaves nothing", rc.DataError, "leaves none", lambda: small().fit(X, Y, validation_split=0.999)),
    (
        "two kinds of clipping",
        rc.AttributeValueError,
        "one of clipnorm",
        lambda: keras.optimizers.SGD(clipnorm=1, clipvalue=1),
    ),
    ("a callback that is none", TypeError, "callbacks", lambda: small().fit(X, Y, callbacks=[print], verbose=0)),
    ("half precision", rc.DTypeError, "float16", lambda: layers.Dense(2, dtype="float16")),
    ("a generator that is used up", rc.DataError, "no batches", lambda: small().fit(iter([]), verbose=0)),
    ("an unknown output", rc.DataError, "for the output", lambda: small(loss={"other": "mse"}).fit(X, Y, verbose=0)),
    (
        "predictions that are no shares",
        rc.AttributeValueError,
        r"must be in \[0, 1\]",
        lambda: keras.metrics.AUC()([1], [2.0]),
    ),
]


def apart() -> Any:
    a, b = keras.Input((3,)), keras.Input((3,))
    return keras.Model(a, layers.Add()([a, b]))


@pytest.mark.parametrize(("error", "text", "attempt"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE])
def test_bad_input_is_refused_in_words(error: type[Exception], text: str, attempt: Callable[[], Any]) -> None:
    with pytest.raises(error, match=text):
        attempt()


def test_a_loss_that_is_nan_changes_nothing_and_may_end_the_run() -> None:
    model = small()
    before = model.digest()
    with pytest.raises(rc.TrainingError, match="epoch 1, batch 1"):
        model.fit(X * np.inf, Y, verbose=0)
    history = model.fit(X * np.inf, Y, epochs=3, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert len(history.history["loss"]) == 1
    assert model.digest() == before


def test_what_layers_add_to_the_loss_counts_in_every_batch() -> None:
    """Also in the first, in which a model without an Input is built."""

    class Costly(layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(2.0)
            return inputs

    model = keras.Sequential([layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l1"), Costly()])
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    history = model.fit(X, Y + 3, batch_size=2, verbose=0)
    assert history.history["loss"] == pytest.approx([0.06 + 2.0], rel=1e-6)
    assert len(model.losses) == 1 + 1


def test_a_layer_is_a_module() -> None:
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(2, name="a"), layers.Dropout(0.5), layers.Dense(1, name="b")]
    )
    assert list(model.state_dict()) == ["a.kernel", "a.bias", "b.kernel", "b.bias"]
    assert sum(p.size for p in model.parameters()) == model.count_params() == 11
    x = rc.ones((4, 3))
    assert model(x).digest() == model(x).digest() == model.forward(x).digest()
    model.train()
    assert model(x).digest() != model(x).digest()
    assert model.eval()(x).digest() == model(x, training=False).digest()
    model.get_layer("a").trainable = False
    assert [name for name, _ in model.named_parameters()] == ["b.kernel", "b.bias"]


def test_names_count_as_in_keras() -> None:
    keras.utils.clear_session()
    names = [
        layer.name for layer in (layers.Dense(1), layers.Dense(1), layers.Conv2D(1, 2), layers.BatchNormalization())
    ]
    assert names == ["dense", "dense_1", "conv2d", "batch_normalization"]


def test_callbacks_serve_both_kinds_of_fit(tmp_path: Path) -> None:
    for run in (fit_keras, fit_module):
        rows, best = run(tmp_path / f"{run.__name__}.csv")
        assert rows[0].split(",")[:2] == ["epoch", "learning_rate"]
        assert len(rows) == 5
        assert [float(row.split(",")[1]) for row in rows[1:]] == [0.5, 0.25, 0.25, 0.25]
        assert best


def made_callbacks(path: Path, **options: Any) -> list[Any]:
    return [
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.5 if epoch < 1 else 0.25, **options),
        keras.callbacks.EarlyStopping(monitor="loss", patience=9, restore_best_weights=True),
        keras.callbacks.CSVLogger(path),
    ]


def fit_keras(path: Path) -> tuple[list[str], bool]:
    model = small()
    model.fit(X, Y + 1, epochs=4, verbose=0, callbacks=made_callbacks(path))
    return path.read_text().splitlines(), bool(np.isfinite(model.predict(X)).all())


def fit_module(path: Path) -> tuple[list[str], bool]:
    model = rc.nn.Linear(3, 2)
    optimizer = rc.optim.SGD(model.parameters(), lr=0.1)
    x, y = rc.tensor(X), rc.tensor(Y + 1)
    rc.train.fit(
        model,
        optimizer,
        rc.mse_loss,
        x,
        y,
        epochs=4,
        batch_size=6,
        callbacks=made_callbacks(path, optimizer=optimizer),
    )
    return path.read_text().splitlines(), True


def test_class_weights_and_loaders_and_data_sets_are_taken() -> None:
    model = small(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    labels = np.array([0, 1, 0, 1, 0, 1])
    data = rc.data.TensorDataset(rc.tensor(X), rc.tensor(labels, dtype="int32"))
    loader = rc.data.Loader(data, 2)
    assert model.fit(loader, verbose=0, validation_data=(X, labels)).history["val_loss"]
    assert model.fit(data, verbose=0).history["loss"]
    assert model.evaluate(loader, verbose=0)
    assert model.predict(loader).shape == (6, 2)


def test_summary_is_the_table_of_keras() -> None:
    import keras as peer

    texts: list[list[str]] = []
    for k in (keras, peer):
        k.utils.clear_session()
        a = k.Input((4,), name="a")
        h = k.layers.Dense(5)(a)
        model = k.Model(a, k.layers.Add()([h, k.layers.Dense(5, activation="relu")(h)]))
        lines: list[str] = []
        model.summary(line_length=78, print_fn=lines.append)
        texts.append([line.rstrip() for line in "".join(lines).splitlines()])
    assert texts[0] == texts[1]


def test_the_best_model_is_kept_in_a_file(tmp_path: Path) -> None:
    model = small(optimizer=keras.optimizers.SGD(0.01))
    kept = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True)
    numbered = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch:02d}.weights.h5", save_weights_only=True)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[kept, numbered])
    model_after = model.digest()
    model.fit(X, Y + 50, epochs=1, verbose=0, callbacks=[kept])  # worse, so nothing is written
    assert keras.models.load_model(tmp_path / "best.keras").digest() == model_after != model.digest()
    assert [path.name for path in sorted(tmp_path.glob("*.h5"))] == ["01.weights.h5", "02.weights.h5"]
    with pytest.raises(rc.AttributeValueError, match=r"must end in \.keras"):
        model.fit(X, Y, verbose=0, callbacks=[keras.callbacks.ModelCheckpoint(tmp_path / "model.bin")])
    wrong = keras.callbacks.ModelCheckpoint(tmp_path / "{val_lss}.keras")
    with pytest.raises(rc.AttributeValueError, match="cannot be filled in"):
        model.fit(X, Y, verbose=0, callbacks=[wrong])


def test_the_rate_of_a_schedule_is_not_set() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    model = small(optimizer=keras.optimizers.SGD(schedule))
    model.fit(X, Y, epochs=2, batch_size=6, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.025, rel=1e-7)
    assert model.optimizer.iterations == 2
    with pytest.raises(TypeError, match="is a schedule"):
        model.optimizer.learning_rate = 0.1
