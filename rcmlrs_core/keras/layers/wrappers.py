"""Layers around a layer: Bidirectional and TimeDistributed."""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras import tree
from rcmlrs_core.keras.layer import Layer
from rcmlrs_core.keras.layers.configured import StandardLayer, one_of
from rcmlrs_core.keras.layers.normalization import BatchNormalization
from rcmlrs_core.keras.saving.objects import deserialize, serialize
from rcmlrs_core.tensor import RamTensor


class Wrapper(StandardLayer):
    """The base of a layer around one layer, ``layer``, which is built for the same input."""

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = checked(self, "layer", layer)

    def build(self, input_shape: Any = None) -> None:
        """The layer inside."""
        if not self.layer.built:
            self.layer.build_from_config({"input_shape": input_shape})
        self.built = True

    def argument(self, name: str) -> Any:
        """The layer as its configuration."""
        return serialize(self.layer) if name == "layer" else super().argument(name)

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """With the layers inside made first."""
        made: Any = super().from_config(with_layers(config))
        return made


class TimeDistributed(Wrapper):
    """A layer on every step of ``(batch, time, ...)``, with the same weights.

    The steps are taken together, as so many samples of one batch, which gives the same bits; a layer with a batch
    normalization inside, whose samples see each other in training, is called step by step then, as in Keras.
    """

    supports_masking = True

    def call(self, inputs: RamTensor, training: bool | None = None, mask: Any = None) -> RamTensor:
        """Every step by the layer."""
        batch, time = inputs.shape[:2]
        if mask is not None and mask.shape[:2] != (batch, time):
            raise ShapeError(f"layer {self.name!r}: a mask of shape {mask.shape} for an input of shape {inputs.shape}")
        together = not any(isinstance(module, BatchNormalization) for module in self.layer.modules())
        if (not training or together) and time:
            joined = inputs.reshape((batch * time, *inputs.shape[2:]))
            outputs = self.layer(joined, training=training)
            found: RamTensor = outputs.reshape((batch, time, *outputs.shape[1:]))
            return found
        first, *others = (self.layer(step, training=training) for step in inputs.unstack(axis=1))
        stacked: RamTensor = first.stack(*others, axis=1)
        return stacked

    def build(self, input_shape: Any = None) -> None:
        """The layer inside, for one step."""
        super().build(self._step(input_shape))

    def _step(self, input_shape: Any) -> Any:
        if len(input_shape) < 3:
            raise ShapeError(f"layer {self.name!r}: takes (batch, time, ...), got {tuple(input_shape)}")
        return (input_shape[0], *input_shape[2:])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The layer's, of every step."""
        batch, *rest = self.layer.compute_output_shape(self._step(input_shape))
        return (batch, input_shape[1], *rest)


class Bidirectional(StandardLayer):
    """A recurrent layer forwards, and another one backwards, whose outputs are joined as ``merge_mode`` says.

    ``"concat"``, ``"sum"``, ``"mul"``, ``"ave"``, or None: both. As in Keras, both layers are made anew of ``layer``'s
    configuration, unless ``backward_layer`` is given; with ``return_state`` the forward states come first.
    """

    supports_masking = True

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        checked(self, "layer", layer)
        for name in ("return_sequences", "return_state", "go_backwards", "stateful"):
            if not hasattr(layer, name):
                raise AttributeValueError(
                    f"Bidirectional: takes a recurrent layer, which has {name}; got a {type(layer).__name__}"
                )
        self.merge_mode = one_of(self, "merge_mode", merge_mode, "concat", "sum", "mul", "ave", None)
        self.forward_layer = type(layer).from_config(
            {**layer.get_config(), "name": f"forward_{layer.name.removeprefix('forward_')}"}
        )
        if backward_layer is None:
            name = f"backward_{layer.name.removeprefix('backward_')}"
            config = {**layer.get_config(), "name": name, "go_backwards": True}
            self.backward_layer = type(layer).from_config(config)
        else:
            self.backward_layer = checked(self, "backward_layer", backward_layer)
        one, other = self.forward_layer, self.backward_layer
        same = all(getattr(one, a) == getattr(other, a) for a in ("stateful", "return_sequences", "return_state"))
        if one.go_backwards == other.go_backwards or not same:
            raise AttributeValueError(
                "Bidirectional: forward and backward layer have different go_backwards, and the same stateful, "
                "return_sequences and return_state"
            )
        for each in (one, other):
            if hasattr(each, "zero_output_for_mask"):
                each.zero_output_for_mask = each.return_sequences
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.stateful = layer.stateful
        self.input_spec = layer.input_spec

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Both layers."""
        for each in (self.forward_layer, self.backward_layer):
            if not each.built:
                each.build_from_config({"input_shape": sequences_shape})
        self.built = True

    def reset_state(self) -> None:
        """Begin the next batch with zeros again."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def call(
        self, sequences: RamTensor, initial_state: Any = None, mask: Any = None, training: bool | None = None
    ) -> Any:
        """Both, joined."""
        half = None if initial_state is None else len(initial_state) // 2
        first, last = (None, None) if half is None else (initial_state[:half], initial_state[half:])
        y = self.forward_layer(sequences, initial_state=first, mask=mask, training=training)
        back = self.backward_layer(sequences, initial_state=last, mask=mask, training=training)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states, y, back = (*y[1:], *back[1:]), y[0], back[0]
        if self.return_sequences:
            back = back.flip(axis=1)
        if self.merge_mode is None:
            return (y, back, *states)
        merged = {
            "concat": lambda: y.concat(back, axis=-1),
            "sum": lambda: y + back,
            "mul": lambda: y * back,
            "ave": lambda: y.stack(back, axis=0).mean(axis=0),
        }[self.merge_mode]()
        return (merged, *states) if self.return_state else merged

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """One layer's, or with "concat" twice its features; the states of both follow."""
        found = self.forward_layer.compute_output_shape(sequences_shape)
        output, *states = found if self.return_state else (found,)
        if self.merge_mode == "concat":
            output = (*output[:-1], 2 * output[-1])
        if self.merge_mode is None:
            return (output, output, *states, *states)
        return (output, *states, *states) if self.return_state else output

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the steps, for every output that has steps."""
        mask = next(iter(tree.leaves(previous_mask)), None) if self.return_sequences else None
        outputs = [mask, mask] if self.merge_mode is None else [mask]
        states = [None] * (2 * len(self.forward_layer.state_size)) if self.return_state else []
        return [*outputs, *states] if len(outputs) + len(states) > 1 else mask

    def argument(self, name: str) -> Any:
        """Both layers as their configurations."""
        layers = {"layer": self.forward_layer, "backward_layer": self.backward_layer}
        return serialize(layers[name]) if name in layers else super().argument(name)

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """With the layers made first."""
        made: Any = super().from_config(with_layers(config))
        return made


def with_layers(config: Any) -> dict[str, Any]:
    """A configuration with the layers in place of their own."""
    inside = {name: deserialize(config[name]) for name in ("layer", "backward_layer") if config.get(name)}
    return {**config, **inside}


def checked(wrapper: Layer, name: str, layer: Any) -> Any:
    """``layer``, which must be one."""
    if not isinstance(layer, Layer):
        raise AttributeValueError(
            f"{type(wrapper).__name__}: {name} is a layer of keras.layers, got a {type(layer).__name__}"
        )
    return layer


__all__ = ["Bidirectional", "TimeDistributed", "Wrapper"]
