"""The table of a model that ``model.summary()`` prints, in the form that Keras gives it."""

import shutil
from collections.abc import Iterator
from math import prod
from typing import Any

from rcmlrs_core.errors import DataError
from rcmlrs_core.keras import tree
from rcmlrs_core.keras.input import InputLayer
from rcmlrs_core.keras.layer import Layer, Variable
from rcmlrs_core.plain import BOOL


def print_summary(
    model: Any,
    line_length: int | None = None,
    print_fn: Any = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """Print the layers with shapes and numbers of parameters; ``print_fn`` gets the text instead, if it is given."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    branches = _branches(model)
    header, widths, width = ["Layer (type)", "Output Shape", "Param #"], [0.45, 0.8, 1.0], 88
    if branches:
        header, widths, width = [*header, "Connected to"], [0.3, 0.56, 0.74, 1.0], 108
    if show_trainable:
        header, widths, width = [*header, "Trainable"], [*(0.9 * part for part in widths), 1.0], width + 12
    if line_length is None:
        line_length = min(width, shutil.get_terminal_size().columns - 4)
    ends = [int(part * line_length) for part in widths]
    sizes = [max(end - start, 4) for start, end in zip([0, *ends], ends, strict=False)]
    columns = [
        Column(name, justify="right" if name == "Param #" else "left", width=size)
        for name, size in zip(header, sizes, strict=True)
    ]
    table = Table(*columns, width=line_length, show_lines=True)
    layers = list(model.layers)
    if layer_range is not None:
        names = [layer.name for layer in layers]
        if any(name not in names for name in layer_range):
            raise DataError(f"summary: layer_range names two of the layers {', '.join(names)}, got {layer_range!r}")
        layers = layers[names.index(layer_range[0]) : names.index(layer_range[1]) + 1]
    for level, layer in _rows(layers, 0, expand_nested):
        indent = "   " * level + "└ " if level else ""
        fields = [f"{indent}{layer.name} ({type(layer).__name__})", _shape(layer), _count(layer)]
        if branches:
            fields.append(_connections(model, layer))
        if show_trainable:
            fields.append("-" if not layer.weights else "Y" if layer.trainable else "N")
        table.add_row(*map(escape, fields))
    console = Console(highlight=False, width=max(line_length, 40), color_system=None if print_fn else "auto")
    with console.capture() if print_fn else _nothing() as captured:
        console.print(f"[bold]Model: {escape(chr(34) + model.name + chr(34))}[/bold]")
        console.print(table)
        optimizer = getattr(model, "optimizer", None)
        state = optimizer.variables if optimizer is not None and optimizer.built else []
        trained, others = model.trainable_weights, model.non_trainable_weights
        for name, weights in (
            ("Total", [*trained, *others, *state]),
            ("Trainable", trained),
            ("Non-trainable", others),
            *([("Optimizer", state)] if state else []),
        ):
            console.print(f"[bold] {name} params: [/bold]{_size(weights)}")
    if print_fn:
        print_fn(captured.get())


class _nothing:
    """A block that captures nothing."""

    def __enter__(self) -> Any:
        return None

    def __exit__(self, *error: object) -> None:
        return None


def _rows(layers: list[Any], level: int, nested: bool) -> Iterator[tuple[int, Any]]:
    for layer in layers:
        yield level, layer
        inner = getattr(layer, "layers", None)
        if nested and isinstance(inner, list):
            yield from _rows(inner, level + 1, nested)


def _branches(model: Any) -> bool:
    """Whether its layers are more than one chain."""
    graph = model._graph
    if graph is None:
        return False
    calls = [id(node.layer) for node in graph.nodes]
    return any(len(node.inputs) > 1 for node in graph.nodes) or len(set(calls)) < len(calls) or _forks(graph)


def _forks(graph: Any) -> bool:
    taken = [id(x) for node in graph.nodes for x in node.inputs]
    return len(set(taken)) < len(taken) or len(graph.flat_outputs) > 1 or len(graph.flat_inputs) > 1


def _shape(layer: Layer) -> str:
    nodes = layer._record.nodes
    if not nodes:
        graph = getattr(layer, "_graph", None)
        if graph is None:
            return "?"
        outputs = graph.outputs
    else:
        outputs = nodes[0].outputs
    shapes = [str(tuple(x.shape)) for x in tree.leaves(outputs)]
    if isinstance(layer, InputLayer) or len(shapes) == 1:
        return shapes[0]
    return f"[{', '.join(shapes)}]"


def _count(layer: Layer) -> str:
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _connections(model: Any, layer: Layer) -> str:
    own = {id(node) for node in model._graph.nodes}
    found = [
        f"{x.node.layer.name}[{x.node.index}][{x.index}]"
        for node in layer._record.nodes
        if id(node) in own
        for x in node.inputs
        if x.node is not None
    ]
    return ", ".join(found) or "-"


def _size(weights: list[Variable]) -> str:
    """``1,234 (4.82 KB)``."""
    count = sum(prod(w.shape) for w in weights)
    size: float = sum(prod(w.shape) * (1 if w.dtype == BOOL else 4) for w in weights)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{count:,} ({size:.2f} {unit})"
