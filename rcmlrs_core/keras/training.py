"""Trainer: what a model of Keras is trained with: ``compile``, ``fit``, ``evaluate``, ``predict``; by single batches.

The loop is the engine of :mod:`rcmlrs_core.train`. Random orders are drawn by N8 from the default generator, which
``keras.utils.set_random_seed`` begins anew: so a script has the same bits on every backend.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import AttributeValueError, DataError, TrainingError
from rcmlrs_core.keras import optimizers, tree
from rcmlrs_core.keras.callbacks import CallbackList, History, TerminateOnNaN
from rcmlrs_core.keras.compiled import Compiled
from rcmlrs_core.keras.data import Content, source_of, split, tensors
from rcmlrs_core.keras.layer import as_array
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train import engine
from rcmlrs_core.train.engine import Measured, Place, Training
from rcmlrs_core.train.plugins import plugin_callbacks
from rcmlrs_core.train.update import constants_of, put_back

IGNORED = {
    "run_eagerly": "every operation runs at once",
    "jit_compile": "there is no compiler",
    "steps_per_execution": "a step is a step",
    "auto_scale_loss": "it is for half precision",
}
"""Arguments of ``compile`` that change nothing here, and why."""


class Trainer:
    """The training loop of a model."""

    _compiled: Compiled | None = None
    stop_training = False
    _parts: tuple[list[RamTensor], list[Any]] | None = None
    """The tensors that are not trained and the variables that are; looked up at the begin of every epoch."""
    history: Any = None
    """That of the last ``fit``."""

    # ------------------------------------------------------------------------------------------------ compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        **kwargs: Any,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: a name such as "adam", or an object of ``keras.optimizers`` (or of ``rcmlrs_core.optim``).
            loss: a name such as "mse", an object or a function ``loss(y_true, y_pred)``; of several outputs a list, or
                a dict by the names of the layers that give them.
            loss_weights: what each of those losses counts.
            metrics: a list of names, objects and functions; of several outputs a list of lists, or a dict by name.
                "accuracy" is that for two classes, class numbers or one-hot targets, as the shapes say.
            weighted_metrics: the same for metrics that go by ``sample_weight`` and ``class_weight``.
            run_eagerly, steps_per_execution, jit_compile, auto_scale_loss: taken and without effect, as every operation
                runs at once here and has the same bits in any case.
        """
        if kwargs:
            raise TypeError(f"compile: unexpected arguments {', '.join(kwargs)}")
        options = {"loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics}
        self._compiled = Compiled(
            optimizers.get(optimizer),
            loss,
            loss_weights,
            metrics,
            weighted_metrics,
            {"optimizer": optimizer, **options},
        )

    @property
    def compiled(self) -> bool:
        """Whether ``compile`` was called."""
        return self._compiled is not None

    @property
    def optimizer(self) -> Any:
        """The optimizer; None before ``compile``."""
        return self._compiled.optimizer if self._compiled is not None else None

    @property
    def loss(self) -> Any:
        """The loss as ``compile`` was told it."""
        return self._compiled.loss if self._compiled is not None else None

    @property
    def metrics(self) -> list[Any]:
        """The metrics, once the first batch has shown what they are of."""
        return self._compiled.metrics if self._compiled is not None else []

    @property
    def metrics_names(self) -> list[str]:
        """What ``evaluate`` gives, by name."""
        return ["loss", *self._checked("metrics_names").result()]

    def get_compile_config(self) -> dict[str, Any] | None:
        """What ``compile`` was told, as Keras writes it into files; None where it was not called."""
        if self._compiled is None:
            return None
        from rcmlrs_core.keras.saving import serialize_keras_object

        given = self._compiled.options
        return {
            key: serialize_keras_object(value)
            for key, value in {**given, "optimizer": self._compiled.optimizer}.items()
        } | {"run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile as ``get_compile_config``, here or in Keras, said."""
        from rcmlrs_core.keras.saving import deserialize_keras_object

        given = {key: deserialize_keras_object(value) for key, value in config.items() if key not in IGNORED}
        self.compile(**given)

    def _checked(self, what: str) -> Compiled:
        if self._compiled is None:
            raise DataError(f'{what}: the model is not compiled; call compile(optimizer="adam", loss="mse") first')
        return self._compiled

    # -------------------------------------------------------------------------------------------------- steps

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch: that of ``compile``, and what layers and regularizers add. May be overridden."""
        compiled = self._checked("compute_loss")
        model: Any = self
        if not compiled.built:
            compiled.build(y, y_pred, model.output_names)
        terms: list[Any] = [] if compiled.loss is None or y is None else [compiled.total_loss(y, y_pred, sample_weight)]
        if self._parts is None:
            terms += model.losses
        else:
            terms += model.added_losses() + [v.regularizer(v.value) for v in self._parts[1] if v.regularizer]
        terms = [term for term in terms if term is not None]
        if not terms:
            raise DataError(
                "there is nothing to minimize: compile has no loss or y is missing, and the layers add none of their "
                "own"
            )
        terms = [term if isinstance(term, RamTensor) else tensor(term) for term in terms]
        return terms[0] if len(terms) == 1 else terms[0].add_n(*terms[1:])

    def _train(self, content: Any, place: Place | None, keep_nan: bool = False) -> Measured:
        """One update; returns what was measured before it."""
        model: Any = self
        compiled = self._checked("fit")
        x, y, weight = content
        constants = constants_of(model) if self._parts is None else self._parts[0]
        before = [constant._buffer for constant in constants]
        try:
            y_pred = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight)
            value = float(loss)
            if not math.isfinite(value) and not keep_nan:
                raise TrainingError(
                    f"the loss is {value} in {place or 'this batch'}; that update was not made, and the model is as "
                    "the one before left it. Look for NaN and infinities in the data, or take a smaller learning rate "
                    "(keras.callbacks.TerminateOnNaN ends the run without an error)"
                )
        except BaseException:
            put_back(constants, before)
            raise
        if not math.isfinite(value):
            put_back(constants, before)
            return Measured(examples_of(x), {"loss": value})
        optimizer = compiled.optimizer
        trained = model.trainable_variables if self._parts is None else self._parts[1]
        if not optimizer.built:
            optimizer.build(trained)
        elif self._parts is None and not optimizer.covers(trained):
            raise DataError(
                "the model has weights that the optimizer does not know: it was thawed, or has new layers; call "
                "compile again"
            )
        for variable in trained:
            variable.value.grad = None
        if loss.requires_grad:
            loss.backward()
        optimizer.step()
        for variable in trained:
            variable.value.grad = None
        if y is not None:
            compiled.update(y, y_pred, weight)
        return Measured(examples_of(x), {"loss": value})

    def _test(self, content: Any) -> Measured:
        """The loss of a batch, in use."""
        model: Any = self
        compiled = self._checked("evaluate")
        x, y, weight = content
        with no_grad():
            y_pred = model(x, training=False)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight, training=False)
        if y is not None:
            compiled.update(y, y_pred, weight)
        return Measured(examples_of(x), {"loss": float(loss)})

    # ---------------------------------------------------------------------------------------------------- fit

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> History:
        """Train the model; returns a :class:`~rcmlrs_core.keras.callbacks.History`.

        Arguments are Keras'. ``x`` and ``y`` are arrays, tensors, lists, dicts of them by the names of the inputs and
        outputs, or ``x`` alone gives batches (a generator, a ``data.Loader``, a ``PyDataset``). Floats are rounded once
        to binary32, integers become int32. ``validation_split`` takes the last part, before any shuffling. ``verbose``
        is 0, 1 (a bar), 2 (a line an epoch), or "auto" (a bar on a terminal).

        A loss that is NaN or infinite raises a :class:`TrainingError` before the update, unless the callback
        TerminateOnNaN is there, which ends the run. Ctrl-C ends it after the update that is under way.
        """
        compiled = self._checked("fit")
        _check_count("fit: epochs", epochs, 0)
        _check_count("fit: initial_epoch", initial_epoch, 0)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split("fit", x, y, sample_weight, validation_split)
        source = source_of("fit", x, y, sample_weight, batch_size, shuffle, steps_per_epoch)
        given: list[Any] = list(callbacks.callbacks if isinstance(callbacks, CallbackList) else each(callbacks))
        history = History()
        keep_nan = any(isinstance(callback, TerminateOnNaN) for callback in given)
        progress = _progress(verbose)
        compiled.reset()

        def step(content: Any, place: Place) -> Measured:
            if class_weight is not None:
                content = weighted_by_class(content, class_weight)
            if place.batch == 0:  # in which layers may be built
                self._parts = None
            elif self._parts is None:
                self._parts = (constants_of(self), self.trainable_variables)  # type: ignore[attr-defined]
            return self._train(content, place, keep_nan)

        run = Training(
            self,
            step,
            source,
            epochs=range(initial_epoch, epochs),
            callbacks=CallbackList(
                [*given, *plugin_callbacks(), history],
                self,
                epochs=epochs,
                steps=source.steps,
                verbose=1 if progress is None else progress,
            ),
            tracked=compiled,
            progress=progress,
        )
        if validation_data is not None:
            held = _validation(validation_data, validation_batch_size or batch_size, validation_steps)

            def validate(epoch: int) -> Mapping[str, float]:
                if not _is_due(epoch, validation_freq):
                    return {}
                found = engine.run_test(
                    self,
                    lambda content, place: self._test(content),
                    held.batches(0),
                    callbacks=run.callbacks,
                    tracked=compiled,
                )
                return {f"val_{name}": value for name, value in found.items()}

            run.validate = validate
        self.history = history
        try:
            run.run()
        finally:
            self._parts = None
        return history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and the metrics over all of the data: a number, a list, or with ``return_dict`` a dict by name."""
        compiled = self._checked("evaluate")
        source = source_of("evaluate", x, y, sample_weight, batch_size, False, steps)
        told = callbacks if isinstance(callbacks, CallbackList) else CallbackList(each(callbacks), self, verbose=0)
        found: dict[str, Any] = engine.run_test(
            self, lambda content, place: self._test(content), source.batches(0), callbacks=told, tracked=compiled
        )
        if not found:
            raise DataError("evaluate: there are no batches; is the generator used up?")
        if verbose in (1, 2):
            print(", ".join(f"{name}: {value:.4f}" for name, value in found.items() if isinstance(value, float)))
        return in_order(found, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """What the model gives for ``x``: NumPy arrays where NumPy is installed, and otherwise tensors.

        ``batch_size`` bounds the memory, and changes no bit (N3).
        """
        source = source_of("predict", x, None, None, batch_size, False, steps)
        told = callbacks if isinstance(callbacks, CallbackList) else CallbackList(each(callbacks), self, verbose=0)
        model: Any = self
        pieces = engine.run_predict(
            self, lambda content: model(content[0], training=False), source.batches(0), callbacks=told
        )
        if not pieces:
            raise DataError("predict: there are no batches; is the generator used up?")

        def joined(*parts: RamTensor) -> Any:
            return as_array(parts[0] if len(parts) == 1 else parts[0].concat(*parts[1:], axis=0))

        return tree.map_leaves(joined, pieces[0], *pieces[1:])

    # ------------------------------------------------------------------------------------------ single batches

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One update; returns the loss before it, and the metrics of the batch."""
        content: Any = (tensors("x", x), tensors("y", y), tensors("sample_weight", sample_weight))
        if class_weight is not None:
            content = weighted_by_class(content, class_weight)
        self.reset_metrics()
        return self._of_batch(self._train(content, None), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and the metrics of a batch."""
        content = (tensors("x", x), tensors("y", y), tensors("sample_weight", sample_weight))
        self.reset_metrics()
        return self._of_batch(self._test(content), return_dict)

    def _of_batch(self, measured: Measured, return_dict: bool) -> Any:
        return in_order({**measured.values, **self._checked("train_on_batch").result()}, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """What the model gives for a batch."""
        model: Any = self
        with no_grad():
            return tree.map_leaves(as_array, model(tensors("x", x), training=False))

    def reset_metrics(self) -> None:
        """Forget what the metrics have gathered."""
        if self._compiled is not None:
            self._compiled.reset()


def in_order(found: dict[str, Any], as_dict: bool) -> Any:
    """What was measured: a dict, a list or, of a loss alone, a number."""
    if as_dict:
        return found
    return found["loss"] if len(found) == 1 else list(found.values())


def examples_of(x: Any) -> int:
    """How many examples a batch has."""
    first: RamTensor = next(tree.leaves(x))
    return first.shape[0]


def each(callbacks: Any) -> list[Any]:
    """The callbacks that were given: one, or several in lists, as Keras takes them."""
    return [] if callbacks is None else list(tree.leaves(callbacks))


def weighted_by_class(content: Content, class_weight: Any) -> Content:
    """The batch with the weight of each example's class times its own."""
    x, y, weight = content
    if not isinstance(y, RamTensor):
        raise DataError("fit: class_weight is for a model with a single output, and needs y")
    if not isinstance(class_weight, Mapping) or not all(hasattr(label, "__index__") for label in class_weight):
        raise DataError(
            f"fit: class_weight is a dict such as {{0: 1.0, 1: 2.5}}, by class number; got {class_weight!r}"
        )
    labels = y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape((y.shape[0],))
    numbers = [class_weight.get(int(label), 1.0) for label in labels.tolist()]
    own = tensor(numbers, y.backend, dtype=FLOAT32)
    return x, y, own if weight is None else own * weight.reshape((weight.shape[0],))


def _validation(data: Any, batch_size: int | None, steps: int | None) -> Any:
    if isinstance(data, tuple | list) and 2 <= len(data) <= 3:
        x, y, weight = (*data, None)[:3]
        return source_of("validation_data", x, y, weight, batch_size, False, steps)
    return source_of("validation_data", data, limit=steps)


def _is_due(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    if isinstance(frequency, Sequence):
        return epoch + 1 in frequency
    raise AttributeValueError(f"fit: validation_freq is an int or a list of epochs, got {frequency!r}")


def _progress(verbose: Any) -> int | None:
    if verbose == "auto":
        return None
    if verbose in (0, 1, 2, True, False):
        return int(verbose)
    raise AttributeValueError(f"fit: verbose is 'auto', 0, 1 or 2, got {verbose!r}")


def _check_count(name: str, value: Any, least: int) -> None:
    if not hasattr(value, "__index__") or isinstance(value, bool) or value < least:
        raise AttributeValueError(f"{name} must be an int of at least {least}, got {value!r}")
