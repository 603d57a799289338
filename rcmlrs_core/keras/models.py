"""Model and Sequential: layers that are trained together.

Three ways, as in Keras: ``Sequential([layers])``; ``Model(inputs, outputs)``, whose layers are those between them, with
several inputs and outputs and layers that are shared; and a subclass of ``Model`` with a ``call`` of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from rcmlrs_core.errors import DataError, did_you_mean
from rcmlrs_core.keras import tree
from rcmlrs_core.keras.graph import Graph, from_graph_config
from rcmlrs_core.keras.input import Input, InputLayer
from rcmlrs_core.keras.layer import Layer
from rcmlrs_core.keras.summary import print_summary
from rcmlrs_core.keras.tensor import KerasTensor, standard_shape
from rcmlrs_core.keras.training import Trainer
from rcmlrs_core.nn.module import Module, _parts


class Model(Trainer, Layer):
    """Layers with a training loop. ``Model(inputs, outputs)`` is a :class:`Functional`; a subclass defines ``call``.

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.hidden = keras.layers.Dense(32, activation="relu")
                self.out = keras.layers.Dense(1)

            def call(self, inputs, training=None):
                return self.out(self.hidden(inputs))

    ``state_dict()`` names the weights by the layers' names: ``dense.kernel``.
    """

    _graph: Graph | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A Functional, where it is made of inputs and outputs."""
        made: Any = Functional if cls is Model and (len(args) >= 2 or "inputs" in kwargs) else cls
        model: Self = super().__new__(made, *args, **kwargs)
        return model

    def __init__(
        self, inputs: Any = None, outputs: Any = None, *, name: str | None = None, trainable: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        if inputs is not None or outputs is not None:
            if inputs is None or outputs is None:
                raise DataError(f"{type(self).__name__}: takes inputs and outputs, or none of them (and defines call)")
            self._graph = Graph(f"model {self.name!r}", inputs, outputs)
            self.built = True
            if not trainable:
                self.trainable = False

    def _members(self) -> Iterator[tuple[str, Any]]:
        """The layers by name, and what else is in attributes."""
        layers = self._own_layers()
        seen = {id(layer) for layer in layers}
        yield from ((layer.name, layer) for layer in layers)
        for part in self._attributes():
            if id(part[1]) not in seen:
                yield part

    def _own_layers(self) -> "Sequence[Layer]":
        return self._graph.layers if self._graph is not None else ()

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        yield from super()._members()

    @property
    def layers(self) -> list[Any]:
        """The layers of which it is made, one level down."""
        return [child for _, child in self.named_children() if isinstance(child, Layer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer by its name or its number."""
        layers = self.layers
        if (name is None) == (index is None):
            raise DataError("get_layer: takes a name or an index")
        if index is not None:
            if index >= len(layers):
                raise DataError(f"get_layer: {self.name} has {len(layers)} layers, and none of number {index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        known = [layer.name for layer in layers]
        raise DataError(
            f"get_layer: {self.name} has no layer {name!r}; it has {', '.join(known)}{did_you_mean(str(name), known)}"
        )

    # ------------------------------------------------------------------------------------------- its graph

    def _the_graph(self, what: str) -> Graph:
        if self._graph is None:
            raise AttributeError(
                f"model {self.name!r} has no {what}: it is not made of KerasTensors; begin it with Input(shape=...)"
            )
        return self._graph

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors that it begins with."""
        return self._the_graph("inputs").flat_inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors that it gives."""
        return self._the_graph("outputs").flat_outputs

    @property
    def input(self) -> Any:
        """Its inputs in the structure that they were given in."""
        return self._the_graph("input").inputs

    @property
    def output(self) -> Any:
        """Its outputs in the structure that they were given in."""
        return self._the_graph("output").outputs

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return self._the_graph("input_names").input_names

    @property
    def output_names(self) -> list[str] | None:
        """The names of the layers that give the outputs; None where that is not known."""
        return self._graph.output_names if self._graph is not None else None

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or those of the inputs."""
        return tree.map_leaves(lambda x: x.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or those of the outputs."""
        return tree.map_leaves(lambda x: x.shape, self.output)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The layers between the inputs and the outputs; a subclass without those defines its own."""
        if self._graph is None:
            raise NotImplementedError(
                f"{type(self).__name__} defines no call(), and has no inputs and outputs; a model says there what it "
                "computes"
            )
        return self._graph.run(args[0] if len(args) == 1 else list(args))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """KerasTensors of the shapes of the outputs."""
        if self._graph is None or type(self).call is not Model.call:
            return super().compute_output_spec(*args, **kwargs)
        return self._graph.run(
            args[0] if len(args) == 1 else list(args),
            lambda layer, arguments, keywords: layer.compute_output_spec(*arguments, **keywords),
        )

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape (with the batch)."""
        if self._graph is None and type(self).call is not Model.call and not _in_call(self):
            self._try_on_zeros((_symbols(input_shape),), {})
        self.built = True

    def _build(self, shapes: dict[str, Any]) -> None:
        if type(self).build is Model.build:  # the layers build themselves in the call that is about to be made
            self._record.build_shapes = shapes
            self.built = True
        else:
            super()._build(shapes)

    def summary(  # type: ignore[override]  # Keras' arguments
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, with shapes and numbers of parameters, as Keras does."""
        print_summary(self, line_length, print_fn, expand_nested, show_trainable, layer_range)

    # -------------------------------------------------------------------------------------------- its files

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write architecture, weights and compilation to a ``.keras`` file."""
        from rcmlrs_core.keras import saving

        saving.save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write the weights to a ``.weights.h5`` file (or ``.safetensors``)."""
        from rcmlrs_core.keras import saving

        saving.save_weights(self, filepath, overwrite=overwrite, **kwargs)

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        """Take over the weights of a file, also one of real Keras."""
        from rcmlrs_core.keras import saving

        saving.load_weights(self, filepath, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The graph, as Keras writes it; of a subclass, the arguments of its constructor."""
        if self._graph is None or type(self).__init__ is not Model.__init__:
            return super().get_config()
        from rcmlrs_core.keras.saving import serialize_keras_object

        return {"name": self.name, "trainable": self.trainable, **self._graph.config(serialize_keras_object)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Self:
        """The model that ``get_config``, here or in Keras, described."""
        if "input_layers" not in config:
            return super().from_config(config)
        from rcmlrs_core.keras.saving import deserialize_keras_object

        inputs, outputs = from_graph_config(config, deserialize_keras_object)
        return cls(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON."""
        import json

        from rcmlrs_core.keras.saving import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)


class Functional(Model):
    """What ``Model(inputs, outputs)`` makes: the layers between symbolic tensors."""


class Sequential(Model):
    """Layers one after another: ``Sequential([Input(shape=(4,)), Dense(8, activation="relu"), Dense(1)])``.

    Without an Input the layers are built by the first data.
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        self._stack: list[Layer] = []
        self._input: InputLayer | None = None
        for layer in layers or ():
            self.add(layer)
        if not trainable:
            self.trainable = False

    def add(self, layer: Any) -> None:
        """Put a layer at the end."""
        if isinstance(layer, KerasTensor):
            layer = layer.node.layer if layer.node is not None else layer
        if isinstance(layer, Module) and not isinstance(layer, Layer):
            raise TypeError(
                f"Sequential: a {type(layer).__name__} is a module and not a Keras layer; take the layer of this name "
                "in keras.layers, or call it in a layer of your own"
            )
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential: takes layers, got a {type(layer).__name__}")
        if isinstance(layer, InputLayer):
            if self._stack or self._input is not None:
                raise DataError("Sequential: an Input comes first, and there is one")
            self._input = layer
            return
        if any(other.name == layer.name for other in self._stack):
            raise DataError(
                f"Sequential: there is a layer {layer.name!r} already; layers have names of their own (name=...)"
            )
        shape = getattr(layer, "input_shape_argument", None)
        if self._input is None and not self._stack:
            if shape is not None:
                self._input = InputLayer(shape)
            elif isinstance(layer, Model) and layer._graph is not None and len(layer.inputs) == 1:
                self._input = InputLayer(batch_shape=layer.inputs[0].shape, dtype=layer.inputs[0].dtype)
        self._stack.append(layer)
        if self._input is not None:
            x = self._graph.outputs if self._graph is not None else self._input.tensor
            self._connect(layer(x))
        else:
            self.built = False

    def pop(self, rebuild: bool = True) -> Any:
        """Take the last layer away; returns it."""
        if not self._stack:
            raise DataError("Sequential: there is no layer to take away")
        last = self._stack.pop()
        self._graph, self.built = None, False
        if self._input is not None and self._stack:
            x: Any = self._input.tensor
            for layer in self._stack:
                x = layer(x)
            self._connect(x)
        return last

    def _connect(self, output: Any) -> None:
        assert self._input is not None
        self._graph = Graph(f"model {self.name!r}", self._input.tensor, output)
        self.built = True

    def _own_layers(self) -> "Sequence[Layer]":
        return self._stack

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            if name not in ("_record", "_stack", "_input"):
                yield from _parts(name, value)

    @property
    def layers(self) -> list[Any]:
        """The layers in order, without the Input."""
        return list(self._stack)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape (with the batch)."""
        if input_shape is not None and self._graph is None:
            if not self._stack:
                raise DataError(f"Sequential: model {self.name!r} has no layers; add() some first")
            self._input = InputLayer(batch_shape=(None, *standard_shape(input_shape)[1:]), dtype=self._data_dtype)
            x: Any = self._input.tensor
            for layer in self._stack:
                x = layer(x)
            self._connect(x)
        self.built = True

    _data_dtype = "float32"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Through all layers, in order."""
        if self._graph is None and args and hasattr(args[0], "dtype"):
            kind = getattr(args[0].dtype, "kind", None)
            self._data_dtype = "int32" if kind in ("i", "u") or args[0].dtype == "int32" else "float32"
        return super().__call__(*args, **kwargs)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Through all layers, in order."""
        if self._graph is not None:
            (inputs,) = self._graph.standard(inputs)
        for layer in self._stack:
            inputs = layer(inputs)
        return inputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """A KerasTensor of the shape of the output."""
        x = args[0] if args else kwargs["inputs"]
        for layer in self._stack:
            x = layer.compute_output_spec(x)
        return x

    def get_config(self) -> dict[str, Any]:
        """The layers, as Keras writes them."""
        from rcmlrs_core.keras.saving import serialize_keras_object

        first = [] if self._input is None else [serialize_keras_object(self._input)]
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype,
            "layers": first + [serialize_keras_object(layer) for layer in self._stack],
        }
        if self._graph is not None:
            config["build_input_shape"] = list(self.inputs[0].shape)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Self:
        """The model that ``get_config``, here or in Keras, described."""
        from rcmlrs_core.keras.saving import deserialize_keras_object

        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        for described in config["layers"]:
            model.add(deserialize_keras_object(described))
        if not model.built and config.get("build_input_shape"):
            model.build(config["build_input_shape"])
        return model


def _symbols(shape: Any) -> Any:
    from rcmlrs_core.keras.layer import map_shapes

    return map_shapes(KerasTensor, shape)


def _in_call(model: Model) -> bool:
    return model.built


def clone_model(model: Any) -> Any:
    """The same architecture with weights of its own."""
    return type(model).from_config(model.get_config())


def model_from_json(text: str, custom_objects: Any = None) -> Any:
    """The model whose ``to_json`` this is."""
    import json

    from rcmlrs_core.keras.saving import deserialize_keras_object

    return deserialize_keras_object(json.loads(text))


def load_model(filepath: Any, custom_objects: Any = None, compile: bool = True, **kwargs: Any) -> Any:
    """The model of a ``.keras`` file, also one of real Keras; see ``keras.saving``."""
    from rcmlrs_core.keras import saving

    return saving.load_model(filepath, custom_objects=custom_objects, compile=compile, **kwargs)


def save_model(model: Model, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """``model.save(filepath)``."""
    model.save(filepath, overwrite=overwrite, **kwargs)


__all__ = [
    "Functional",
    "Input",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
