"""What ``compile`` is told, made into losses and metrics for the outputs of a model when the first batch shows them."""

from collections.abc import Mapping
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import AttributeValueError, DataError, did_you_mean
from rcmlrs_core.keras import losses, metrics, tree
from rcmlrs_core.keras.names import snake_case
from rcmlrs_core.tensor import RamTensor


def flat_outputs(outputs: Any) -> tuple[list[Any], list[str] | None]:
    """The outputs one by one, and the keys where they are a dict."""
    if isinstance(outputs, Mapping):
        keys = sorted(outputs, key=str)
        return [outputs[key] for key in keys], keys
    return list(tree.leaves(outputs)), None


class Compiled:
    """An optimizer, losses and metrics.

    Built by the first batch: which loss and metrics are for which output, and what "accuracy" means there.
    """

    def __init__(
        self, optimizer: Any, loss: Any, loss_weights: Any, metric: Any, weighted: Any, options: Mapping[str, Any]
    ) -> None:
        self.optimizer = optimizer
        self.loss, self.loss_weights = loss, loss_weights
        self.metrics_given, self.weighted_given = metric, weighted
        self.options = options
        for what, given in (("metrics", metric), ("weighted_metrics", weighted)):
            if given is not None and not isinstance(given, list | tuple | dict):
                raise AttributeValueError(f"compile: {what} is a list (or a dict by output), got {given!r}")
            for one in tree.leaves(given or []):
                if isinstance(one, str) and one.lower() not in AMBIGUOUS:
                    metrics.get(one)
        for one in tree.leaves(loss):
            if isinstance(one, str) and one.lower() not in ("crossentropy", "ce"):
                losses.get(one)
        self.names: list[str] | None = None
        self.keys: list[str] | None = None
        self.terms: list[tuple[int, Any, Any]] = []
        """(number of the output, loss, weight)."""
        self.part_losses: list[tuple[str, metrics.Mean]] = []
        self.measured: list[tuple[int, bool, str, Any]] = []
        """(number of the output, whether weighted, name in the logs, metric)."""
        self.built = False

    # ---------------------------------------------------------------------------------------------- building

    def build(self, y_true: Any, y_pred: Any, names: list[str] | None) -> None:
        """Find out what is for which output."""
        outputs, self.keys = flat_outputs(y_pred)
        self.names = self.keys or names
        if self.names is None or len(self.names) != len(outputs):
            self.names = [f"output_{i}" for i in range(len(outputs))] if len(outputs) > 1 else ["output"]
        targets = self.targets(y_true, len(outputs)) if y_true is not None else [None] * len(outputs)
        self.terms, labels = [], []
        weights = self._per_output("loss_weights", self.loss_weights, len(outputs))
        per_output = self._per_output("loss", self.loss, len(outputs))
        order = map(self.names.index, self.loss) if isinstance(self.loss, Mapping) else range(len(outputs))
        for i in order:
            given = per_output[i]
            for one in given if isinstance(given, list | tuple) else [given]:
                if one is not None:
                    self.terms.append((i, loss_of(one, targets[i], outputs[i]), weights[i]))
                    labels.append(self.names[i])
        self.part_losses = []
        if len(outputs) > 1 and len(self.terms) > 1:
            self.part_losses = [(f"{name}_loss", metrics.Mean(f"{name}_loss")) for name in labels]
        self.measured = []
        used: dict[str, int] = {}
        for weighted, spec in ((False, self.metrics_given), (True, self.weighted_given)):
            for i, given in enumerate(self._per_output("metrics", spec, len(outputs))):
                for one in given if isinstance(given, list | tuple) else [given]:
                    if one is None:
                        continue
                    metric = metric_of(one, targets[i], outputs[i])
                    name = f"{self.names[i]}_{metric.name}" if len(outputs) > 1 else metric.name
                    if name in used and weighted:
                        name = f"weighted_{name}"
                    seen = used[name] = used.get(name, 0) + 1
                    self.measured.append((i, weighted, name if seen == 1 else f"{name}_{seen - 1}", metric))
        if len(outputs) > 1:  # the order of Keras' lists
            self.measured.sort(key=lambda entry: entry[2])
        self.built = True

    def _per_output(self, what: str, spec: Any, outputs: int) -> list[Any]:
        """What is for each output, of a dict by name, a list, or one for all."""
        names: Any = self.names
        if isinstance(spec, Mapping):
            unknown = [str(key) for key in spec if key not in names]
            if unknown:
                hint = did_you_mean(unknown[0], names)
                raise DataError(f"compile: {what} is for the output {unknown[0]!r}, and there are {names}{hint}")
            return [spec.get(name) for name in names]
        if outputs == 1:
            if what == "loss_weights" and isinstance(spec, list | tuple):
                return [spec[0]]
            return [spec]
        if isinstance(spec, list | tuple):
            if len(spec) == outputs:
                return list(spec)
            if what == "metrics" and not spec:
                return [None] * outputs
            raise DataError(
                f"compile: {what} has {len(spec)} entries for the {outputs} outputs {', '.join(names)}; give one (or a "
                "list) for each, or a dict by name"
            )
        return [spec] * outputs

    def targets(self, y_true: Any, outputs: int) -> list[Any]:
        """The targets one by one, as the outputs are."""
        if isinstance(y_true, Mapping):
            names: Any = self.names
            missing = [name for name in names if name not in y_true]
            if missing and len(missing) == len(names):
                raise DataError(f"y has the keys {', '.join(map(str, y_true))}, and the outputs are {', '.join(names)}")
            return [y_true.get(name) for name in names]
        found = list(tree.leaves(y_true))
        if len(found) != outputs:
            raise DataError(
                f"the model has {outputs} outputs ({', '.join(self.names or [])}), and y has {len(found)} parts"
            )
        return found

    # ----------------------------------------------------------------------------------------------- measuring

    def total_loss(self, y_true: Any, y_pred: Any, weight: Any) -> RamTensor | None:
        """The sum of the weighted losses; None where there is none."""
        outputs, _ = flat_outputs(y_pred)
        targets = self.targets(y_true, len(outputs))
        weights = self._weights(weight, len(outputs))
        values = []
        for place, (i, loss, factor) in enumerate(self.terms):
            value = loss(targets[i], outputs[i], weights[i])
            if self.part_losses:
                self.part_losses[place][1].update_state(value.detach(), float(outputs[i].shape[0]))
            values.append(value if factor is None else value * factor)
        if not values:
            return None
        first: RamTensor = values[0]
        return first if len(values) == 1 else first.add_n(*values[1:])

    def _weights(self, weight: Any, outputs: int) -> list[Any]:
        if isinstance(weight, Mapping):
            return [weight.get(name) for name in self.names or []]
        if isinstance(weight, list | tuple):
            if len(weight) != outputs:
                raise DataError(f"sample_weight has {len(weight)} parts for {outputs} outputs")
            return list(weight)
        return [weight] * outputs

    def update(self, y_true: Any, y_pred: Any, weight: Any) -> None:
        """Let the metrics take a batch."""
        if not self.measured:
            return
        outputs, _ = flat_outputs(y_pred)
        targets = self.targets(y_true, len(outputs))
        weights = self._weights(weight, len(outputs))
        with no_grad():
            for i, weighted, _, metric in self.measured:
                metric.update_state(targets[i], outputs[i], sample_weight=weights[i] if weighted else None)

    @property
    def metrics(self) -> list[Any]:
        """The metrics, without that of the loss."""
        return [metric for *_, metric in self.measured]

    def reset(self) -> None:
        """An epoch begins."""
        for _, mean in self.part_losses:
            mean.reset_state()
        for *_, metric in self.measured:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """The numbers so far, by name."""
        found = {name: number_of(mean.result()) for name, mean in self.part_losses}
        for *_, name, metric in self.measured:
            value = metric.result()
            if isinstance(value, Mapping):
                found.update({key: number_of(part) for key, part in value.items()})
            else:
                found[name] = number_of(value)
        return found


def number_of(value: Any) -> Any:
    """A result as a number, or as a list of numbers."""
    if isinstance(value, RamTensor):
        return value.item() if value.size == 1 else value.tolist()
    return value if isinstance(value, int | float) else float(value)


AMBIGUOUS = ("accuracy", "acc", "crossentropy", "ce")
"""Names whose meaning the shapes decide."""


def _kind(y_true: Any, y_pred: Any) -> str:
    """binary, sparse or categorical, as Keras reads the shapes."""
    if y_pred.shape[-1] == 1:
        return "binary"
    if y_true is None or y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1:
        return "sparse"
    return "categorical"


def metric_of(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """The metric of a name, a function or an object; "accuracy" by the shapes."""
    if isinstance(identifier, str) and identifier.lower() in AMBIGUOUS:
        kinds: Mapping[str, Any] = {
            "binary": metrics.BinaryAccuracy,
            "sparse": metrics.SparseCategoricalAccuracy,
            "categorical": metrics.CategoricalAccuracy,
        }
        if identifier.lower() in ("crossentropy", "ce"):
            kinds = {
                "binary": metrics.BinaryCrossentropy,
                "sparse": metrics.SparseCategoricalCrossentropy,
                "categorical": metrics.CategoricalCrossentropy,
            }
        return kinds[_kind(y_true, y_pred)](name=identifier)
    found = metrics.get(identifier)
    if not isinstance(found, metrics.Metric):
        found = metrics.MeanMetricWrapper(found)
    if isinstance(identifier, str):
        found.name = identifier
    return found


def loss_of(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """The loss of a name, a function or an object; "crossentropy" by the shapes."""
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        functions = {
            "binary": losses.binary_crossentropy,
            "sparse": losses.sparse_categorical_crossentropy,
            "categorical": losses.categorical_crossentropy,
        }
        identifier = functions[_kind(y_true, y_pred)]
    found = losses.get(identifier)
    if isinstance(found, losses.Loss):
        return found
    name = getattr(found, "__name__", snake_case(type(found).__name__))
    return losses.LossFunctionWrapper(found, name=name)
