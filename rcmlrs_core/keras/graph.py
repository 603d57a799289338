"""The graph of a functional model: the layers' calls between its inputs and its outputs, in an order to run them."""

from collections.abc import Callable, Mapping
from typing import Any

from rcmlrs_core.errors import DataError, ShapeError
from rcmlrs_core.keras import tree
from rcmlrs_core.keras.input import InputLayer
from rcmlrs_core.keras.layer import Layer
from rcmlrs_core.keras.tensor import KerasTensor, Node
from rcmlrs_core.tensor import RamTensor


class Graph:
    """What lies between ``inputs`` and ``outputs``, each a KerasTensor or a list, tuple or dict of them.

    ``layers`` are in Keras' order: by their greatest distance from an output, and at the same distance as they are met
    on the way from the outputs back. So the weights of a model have the order that they have in Keras.
    """

    def __init__(self, model: str, inputs: Any, outputs: Any) -> None:
        self.model = model
        self.inputs = inputs
        self.outputs = outputs
        self.flat_inputs: list[KerasTensor] = self._checked("inputs", inputs)
        self.flat_outputs: list[KerasTensor] = self._checked("outputs", outputs)
        self.nodes = self._sorted()
        self.layers = self._ordered()
        names = [layer.name for layer in self.layers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataError(f"{model}: two layers have the name {', '.join(twice)}; name= gives one another")

    def _checked(self, what: str, structure: Any) -> list[KerasTensor]:
        found = list(tree.leaves(structure))
        for x in found:
            if not isinstance(x, KerasTensor) or x.node is None:
                got = f"a {type(x).__name__}" if not isinstance(x, KerasTensor) else "one that no layer gives"
                raise TypeError(
                    f"{self.model}: {what} are KerasTensors, such as Input(shape=(3,)) and what layers give for it; "
                    f"got {got}"
                )
        if not found:
            raise DataError(f"{self.model}: there are no {what}")
        if what == "inputs" and len({id(x) for x in found}) < len(found):
            raise DataError(f"{self.model}: an input is given twice")
        return found

    def _sorted(self) -> list[Node]:
        """The nodes, each after those that it needs."""
        given = {id(x) for x in self.flat_inputs}
        done: dict[int, Node] = {}
        self._met: dict[int, int] = {}
        """The order in which layers are met on the way from the outputs back."""
        for output in self.flat_outputs:
            stack: list[tuple[KerasTensor, bool]] = [(output, False)]
            while stack:
                x, finished = stack.pop()
                node: Any = x.node
                if id(x) in given or id(node) in done:
                    continue
                if finished:
                    done[id(node)] = node
                    continue
                if isinstance(node.layer, InputLayer):
                    raise DataError(
                        f"{self.model}: the outputs depend on {node.layer.name!r}, which is not among the inputs"
                    )
                self._met.setdefault(id(node.layer), len(self._met))
                stack.append((x, True))
                stack += [(parent, False) for parent in reversed(node.inputs)]
        return list(done.values())

    def _ordered(self) -> list[Layer]:
        """The layers in Keras' order."""
        given = {id(x) for x in self.flat_inputs}
        depth: dict[int, int] = {}
        of_layer: dict[int, int] = {}
        layers: dict[int, Layer] = {}
        for node in reversed(self.nodes):
            here = max(depth.get(id(node), 0), of_layer.get(id(node.layer), 0))
            depth[id(node)] = of_layer[id(node.layer)] = here
            layers[id(node.layer)] = node.layer
            for parent in node.inputs:
                before: Any = parent.node
                if id(parent) in given:
                    key = id(before.layer)
                    layers.setdefault(key, before.layer)
                    of_layer[key] = max(of_layer.get(key, 0), here + 1)
                else:
                    depth[id(before)] = max(depth.get(id(before), 0), here + 1)
        for x in self.flat_inputs:
            source: Any = x.node
            layers.setdefault(id(source.layer), source.layer)
            of_layer.setdefault(id(source.layer), 0)
        first = {id(x.node.layer): i - len(self.flat_inputs) for i, x in enumerate(self.flat_inputs) if x.node}
        place = {**self._met, **first}
        return sorted(layers.values(), key=lambda layer: (-of_layer[id(layer)], place[id(layer)]))

    # ------------------------------------------------------------------------------------------- running it

    def run(self, inputs: Any, apply: Callable[[Layer, tuple[Any, ...], dict[str, Any]], Any] | None = None) -> Any:
        """The outputs for these inputs; ``apply(layer, arguments, keywords)`` calls a layer."""
        known = {id(x): value for x, value in zip(self.flat_inputs, self.standard(inputs), strict=True)}

        def value_of(x: Any) -> Any:
            return known[id(x)] if isinstance(x, KerasTensor) else x

        for node in self.nodes:
            if apply is None and node.simple:
                known[id(node.outputs)] = node.layer(known[id(node.arguments[0])])
                continue
            arguments = tree.map_leaves(value_of, node.arguments)
            keywords = tree.map_leaves(value_of, node.keywords)
            found = apply(node.layer, arguments, keywords) if apply else node.layer(*arguments, **keywords)
            for symbol, value in zip(tree.leaves(node.outputs), tree.leaves(found), strict=True):
                known[id(symbol)] = value
        return tree.map_leaves(value_of, self.outputs)

    def standard(self, inputs: Any) -> list[Any]:
        """The inputs in order, of the element types and ranks that the model has; a dict goes by the names."""
        names = self.input_names
        if isinstance(inputs, Mapping):
            keys = sorted(self.inputs, key=str) if isinstance(self.inputs, Mapping) else names
            missing = [key for key in keys if key not in inputs]
            if missing:
                raise DataError(
                    f"{self.model}: input {', '.join(map(repr, missing))} is missing; "
                    f"got {', '.join(map(repr, inputs))}"
                )
            given = [inputs[key] for key in keys]
        else:
            given = list(tree.leaves(inputs))
        if len(given) != len(names):
            raise DataError(f"{self.model}: takes {len(names)} input(s) ({', '.join(names)}), got {len(given)}")
        return [self._fitted(x, symbol) for x, symbol in zip(given, self.flat_inputs, strict=True)]

    def _fitted(self, x: Any, symbol: KerasTensor) -> Any:
        wanted = symbol.shape
        if not hasattr(x, "shape"):
            raise TypeError(f"{self.model}: takes tensors or arrays, got a {type(x).__name__}")
        if isinstance(x, RamTensor):
            if x.dtype != symbol.dtype:
                x = x.astype(dtype=symbol.dtype)
            if x.ndim == len(wanted) + 1 and x.shape[-1] == 1:
                x = x.squeeze(axis=-1)
            elif x.ndim == len(wanted) - 1 and wanted[-1] == 1:
                x = x.expand_dims(axis=-1)
        shape = tuple(x.shape)
        fits = len(shape) == len(wanted) and all(
            n in (m, None) or m is None for n, m in zip(shape, wanted, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"{self.model}: input {symbol.name!r} has the shape {wanted} (None is the batch), got {shape}"
            )
        return x

    @property
    def input_names(self) -> list[str]:
        """The names of the input layers."""
        return [x.name for x in self.flat_inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that give the outputs."""
        return [x.node.layer.name for x in self.flat_outputs if x.node is not None]

    # ---------------------------------------------------------------------------------------- configuration

    def config(self, serialize: Callable[[Any], Any]) -> dict[str, Any]:
        """The graph as Keras 3 writes it: the layers, by ``serialize``, and how they are connected."""
        own = {id(node) for node in self.nodes} | {id(x.node) for x in self.flat_inputs}
        number: dict[int, int] = {}
        for layer in self.layers:
            kept = [node for node in layer._record.nodes if id(node) in own]
            number.update({id(node): i for i, node in enumerate(kept)})

        def history(x: KerasTensor) -> list[Any]:
            node: Any = x.node
            return [node.layer.name, number[id(node)], x.index]

        def end(x: KerasTensor) -> list[Any]:
            name, place, index = history(x)
            return [name, place + _first_node(x.node.layer), index] if x.node else [name, place, index]

        def written(value: Any) -> Any:
            if isinstance(value, KerasTensor):
                described = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": history(value)}
                return {"class_name": "__keras_tensor__", "config": described}
            if isinstance(value, list | tuple):
                return [written(part) for part in value]
            if isinstance(value, Mapping):
                return {key: written(part) for key, part in value.items()}
            return value if value is None or isinstance(value, str | int | float) else serialize(value)

        layers = []
        for layer in self.layers:
            calls = []
            for node in layer._record.nodes:
                if id(node) in number and not isinstance(layer, InputLayer):
                    keywords = {key: written(value) for key, value in node.keywords.items()}
                    calls.append({"args": [written(value) for value in node.arguments], "kwargs": keywords})
            layers.append({**serialize(layer), "name": layer.name, "inbound_nodes": calls})
        return {
            "layers": layers,
            "input_layers": tree.map_leaves(end, self.inputs),
            "output_layers": tree.map_leaves(end, self.outputs),
        }


def _first_node(layer: Layer) -> int:
    """Where a model ends, Keras counts the calls of a functional model in it from 1, and everywhere else from 0."""
    return 1 if type(layer).__name__ == "Functional" else 0


def from_graph_config(config: Mapping[str, Any], deserialize: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The inputs and outputs that ``Graph.config``, here or in Keras, described, of new layers."""
    layers: dict[str, Layer] = {}
    waiting: list[tuple[Layer, list[Any]]] = []
    for described in config["layers"]:
        layer = deserialize(described)
        layers[described.get("name") or layer.name] = layer
        waiting.append((layer, list(described.get("inbound_nodes", ()))))

    def tensor_of(history: Any) -> KerasTensor | None:
        name, node, index = history[:3]
        if name not in layers:
            raise DataError(f"from_config: a layer takes its input from {name!r}, which is none of the model's")
        made = layers[name]._record.nodes
        if node >= len(made):
            return None
        found: KerasTensor = list(tree.leaves(made[node].outputs))[index]
        return found

    def read(value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
            found = tensor_of(value["config"]["keras_history"])
            if found is None:
                raise _NotYet
            return found
        if isinstance(value, Mapping):
            return deserialize(value) if "class_name" in value else {key: read(part) for key, part in value.items()}
        return [read(part) for part in value] if isinstance(value, list | tuple) else value

    while any(calls for _, calls in waiting):
        moved = False
        for layer, calls in waiting:
            while calls:
                try:
                    arguments, keywords = [read(x) for x in calls[0]["args"]], read(calls[0]["kwargs"])
                except _NotYet:
                    break
                layer(*arguments, **keywords)
                calls.pop(0)
                moved = True
        if not moved:
            raise DataError("from_config: the layers of the model wait for each other in a circle")

    def ends(described: Any) -> Any:
        if isinstance(described, Mapping):
            return {key: ends(value) for key, value in described.items()}
        if len(described) >= 3 and isinstance(described[0], str) and isinstance(described[1], int):
            name, node, index = described[:3]
            return tensor_of([name, node - _first_node(layers[name]) if name in layers else node, index])
        return [ends(value) for value in described]

    return ends(config["input_layers"]), ends(config["output_layers"])


class _NotYet(Exception):
    """A tensor that no layer has given yet."""
