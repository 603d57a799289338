"""Recurrent layers: the cells, which go one step, and RNN, SimpleRNN, LSTM and GRU, which go through a sequence.

A step is that of ``nn.steps``: the input's product with its bias, and the state's product, are each rounded once, and
then added. The products of all steps' inputs are taken at once, which changes no bit (N3.1).
"""

from collections.abc import Callable, Sequence
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import ones, zeros
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.keras import tree
from rcmlrs_core.keras.layer import InputSpec, Layer
from rcmlrs_core.keras.layers.configured import StandardLayer, positive
from rcmlrs_core.keras.layers.regularization import probability
from rcmlrs_core.keras.saving.objects import deserialize, serialize
from rcmlrs_core.nn.dropout import drop
from rcmlrs_core.nn.steps import blend, cut, gru_step, lstm_step, steps
from rcmlrs_core.plain import BOOL
from rcmlrs_core.random import Generator
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import RamTensor

States = Any
"""A list of tensors, in which that of stacked cells has a list for each cell."""
Step = Callable[[RamTensor, States], tuple[RamTensor, States]]


class _Cell(StandardLayer):
    """The base of the cells: ``kernel`` (in, gates), ``recurrent_kernel`` (units, gates), ``bias``.

    ``dropout`` drops parts of the input, and ``recurrent_dropout`` of the state, the same at every step of a sequence
    and for all gates.
    """

    casts_integers = True
    gates = 1
    state_size: Any

    def set_cell(self, units: int, dropout: float, recurrent_dropout: float, seed: int | None) -> None:
        """What all cells have."""
        self.units = positive(self, units=units)
        self.state_size = self.units
        self.output_size = self.units
        self.dropout = probability(self, dropout)
        self.recurrent_dropout = probability(self, recurrent_dropout)
        self.seed = seed
        self.generator = None if seed is None else Generator(seed)

    def build(self, input_shape: Any) -> None:
        """The kernels and the bias."""
        width = self.gates * self.units
        self.kernel = self.weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self.weight("recurrent_kernel", (self.units, width), "recurrent")
        self.bias = self._bias(width) if getattr(self, "use_bias", True) else None
        self.built = True

    def _bias(self, width: int) -> RamTensor:
        return self.weight("bias", (width,))

    def project(self, x: RamTensor, training: bool | None) -> RamTensor:
        """What the input (one step, or a sequence of them) gives to the gates."""
        if training and self.dropout:
            mask = self._mask((x.shape[0], x.shape[-1]), self.dropout, x)
            x = x * (mask if x.ndim == 2 else mask.reshape((mask.shape[0], 1, mask.shape[1])))
        return x.linear(self.kernel.transpose(), self.input_bias())

    def input_bias(self) -> RamTensor | None:
        """The bias of the input's product."""
        return self.bias

    def _mask(self, shape: tuple[int, ...], rate: float, x: RamTensor) -> RamTensor:
        return drop(ones(shape, backend=x._backend), rate, shape, self.generator)

    def stepper(self, projected: RamTensor, training: bool | None) -> Step:
        """A step from ``project``'s part of one step and the states, for a batch of that length."""
        if training and self.recurrent_dropout:
            mask = self._mask((projected.shape[0], self.units), self.recurrent_dropout, projected)
            return self.step(lambda h: h * mask)
        return self.step(lambda h: h)

    def step(self, seen: Callable[[RamTensor], RamTensor]) -> Step:
        """The cell's own; ``seen`` is what the gates see of the state."""
        raise NotImplementedError

    def call(self, inputs: RamTensor, states: States, training: bool | None = None) -> tuple[RamTensor, States]:
        """One step: the output, and the next states."""
        given = list(states) if isinstance(states, list | tuple) else [states]
        projected = self.project(inputs, training)
        output, found = self.stepper(projected, training)(projected, given)
        return output, found if isinstance(states, list | tuple) else found[0]

    def compute_output_shape(self, input_shape: Any, states_shape: Any = None) -> Any:
        """The output's, and those of the states."""
        output = (input_shape[0], self.units)
        return output, [output for _ in self.state_sizes]

    @property
    def state_sizes(self) -> list[int]:
        """The lengths of the states."""
        return list(self.state_size) if isinstance(self.state_size, list | tuple) else [self.state_size]

    def get_initial_state(self, batch_size: int, backend: Backend | None = None) -> States:
        """Zeros."""
        return [zeros((batch_size, size), backend=backend) for size in self.state_sizes]


class SimpleRNNCell(_Cell):
    """``h' = activation(x kernel + bias + h recurrent_kernel)``."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias
        self.set_options(
            activation=activation,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self.set_cell(units, dropout, recurrent_dropout, seed)

    def step(self, seen: Callable[[RamTensor], RamTensor]) -> Step:
        """The formula above."""
        recurrent = self.recurrent_kernel.transpose()

        def go(x: RamTensor, states: States) -> tuple[RamTensor, States]:
            h = self.activation(x + seen(states[0]).linear(recurrent))
            return h, [h]

        return go


class LSTMCell(_Cell):
    """The step of ``nn.steps.lstm_step``; the gates are i, f, c, o. ``unit_forget_bias`` begins f's bias at 1."""

    gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias
        self.unit_forget_bias = unit_forget_bias
        self.set_options(
            activation=activation,
            recurrent_activation=recurrent_activation,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self.set_cell(units, dropout, recurrent_dropout, seed)
        self.state_size = [self.units, self.units]

    def _bias(self, width: int) -> RamTensor:
        if not self.unit_forget_bias:
            return super()._bias(width)

        def first(shape: tuple[int, ...], dtype: Any = None) -> RamTensor:
            draw, n = self.bias_initializer, self.units
            return draw((n,), dtype=dtype).concat(ones((n,)), draw((2 * n,), dtype=dtype), axis=0)  # type: ignore[no-any-return]

        return self.add_weight(
            shape=(width,),
            name="bias",
            initializer=first,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def step(self, seen: Callable[[RamTensor], RamTensor]) -> Step:
        """The step that the layers of ``nn`` take too."""
        recurrent = self.recurrent_kernel.transpose()

        def go(x: RamTensor, states: States) -> tuple[RamTensor, States]:
            h, c = lstm_step(
                x + seen(states[0]).linear(recurrent),
                states[1],
                activation=self.activation,
                recurrent_activation=self.recurrent_activation,
            )
            return h, [h, c]

        return go


class GRUCell(_Cell):
    """The step of ``nn.steps.gru_step``; the gates are z, r, h. With ``reset_after`` the bias is ``(2, 3 * units)``.

    Its first row is that of the input's product, and its second that of the state's.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias
        self.reset_after = reset_after
        self.set_options(
            activation=activation,
            recurrent_activation=recurrent_activation,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self.set_cell(units, dropout, recurrent_dropout, seed)

    def _bias(self, width: int) -> RamTensor:
        return self.weight("bias", (2, width) if self.reset_after else (width,))

    def input_bias(self) -> RamTensor | None:
        """The first row, if there are two."""
        return self.bias[0] if self.bias is not None and self.reset_after else self.bias

    def step(self, seen: Callable[[RamTensor], RamTensor]) -> Step:
        """The reset gate acts after the state's product or, without ``reset_after``, before it."""
        recurrent = self.recurrent_kernel.transpose()
        if self.reset_after:
            bias = None if self.bias is None else self.bias[1]

            def after(x: RamTensor, states: States) -> tuple[RamTensor, States]:
                h = gru_step(
                    x,
                    seen(states[0]).linear(recurrent, bias),
                    states[0],
                    update_first=True,
                    activation=self.activation,
                    recurrent_activation=self.recurrent_activation,
                )
                return h, [h]

            return after
        n = self.units
        of_gates, of_candidate = recurrent[: 2 * n], recurrent[2 * n :]

        def before(x: RamTensor, states: States) -> tuple[RamTensor, States]:
            h = states[0]
            gates, candidate = cut(x, sizes=(2 * n, n))
            both = self.recurrent_activation(gates + seen(h).linear(of_gates))
            z, r = cut(both, sizes=(n, n))
            h = blend(z, self.activation(candidate + (r * seen(h)).linear(of_candidate)), h)
            return h, [h]

        return before


class StackedRNNCells(StandardLayer):
    """Cells one on the other: each takes the output of the one below, and has states of its own."""

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = list(cells)
        for cell in self.cells:
            check_cell("StackedRNNCells", cell)

    @property
    def state_size(self) -> list[Any]:
        """Those of the cells."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """That of the last cell."""
        return int(size_of_output(self.cells[-1]))

    def build(self, input_shape: Any) -> None:
        """Each cell for what it takes."""
        for cell in self.cells:
            if isinstance(cell, Layer):
                cell.build_from_config({"input_shape": input_shape})
            input_shape = (input_shape[0], size_of_output(cell))
        self.built = True

    def call(self, inputs: RamTensor, states: States, training: bool | None = None) -> tuple[RamTensor, States]:
        """One step of each."""
        found = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, new = cell(inputs, state)
            found.append(new)
        return inputs, found

    def compute_output_shape(self, input_shape: Any, states_shape: Any = None) -> Any:
        """That of the last cell, and the states'."""
        states = tree.map_leaves(lambda size: (input_shape[0], size), self.state_size)
        return (input_shape[0], self.output_size), states

    def get_initial_state(self, batch_size: int, backend: Backend | None = None) -> States:
        """Zeros."""
        return tree.map_leaves(lambda size: zeros((batch_size, size), backend=backend), self.state_size)

    def argument(self, name: str) -> Any:
        """The cells' configurations."""
        return [serialize(cell) for cell in self.cells]

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """With the cells made first."""
        made: Any = super().from_config({**config, "cells": [deserialize(cell) for cell in config["cells"]]})
        return made


class RNN(StandardLayer):
    """A cell through a sequence, ``(batch, time, ...)``: the last output, or with ``return_sequences`` all of them.

    ``return_state`` adds the last states to what is returned. ``go_backwards`` begins at the end, and gives outputs in
    the order in which they came. ``stateful`` begins where the last batch ended, until ``reset_state()``. At a step
    that is masked the state stays, and the output is the one before (or 0, with ``zero_output_for_mask``). ``unroll``
    changes nothing here.
    """

    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        check_cell("RNN", cell)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.states: list[Any] | None = None

    @property
    def state_size(self) -> list[Any]:
        """The lengths of the states."""
        size = self.cell.state_size
        return list(size) if isinstance(size, list | tuple) else [size]

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """The cell, for one step; and the states, if they are kept."""
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build_from_config({"input_shape": (sequences_shape[0], *sequences_shape[2:])})
        if self.stateful and self.states is None:
            if sequences_shape[0] is None:
                raise ShapeError(
                    f"layer {self.name!r}: stateful=True needs to know the batch; give Input(batch_shape=(n, ...))"
                )
            self.states = self.get_initial_state(sequences_shape[0])
        self.built = True

    def get_initial_state(self, batch_size: int, backend: Backend | None = None) -> list[Any]:
        """Zeros, or what the cell says."""
        of_cell = getattr(self.cell, "get_initial_state", None)
        if of_cell is None:
            return [zeros((batch_size, size), backend=backend) for size in self.state_size]
        found = of_cell(batch_size, backend) if isinstance(self.cell, _Cell | StackedRNNCells) else of_cell(batch_size)
        return list(found) if isinstance(found, list | tuple) else [found]

    def reset_state(self) -> None:
        """Begin the next batch with zeros again."""
        if self.states is not None:
            with no_grad():
                for state in tree.leaves(self.states):
                    state.replace_(state.full_like(0.0))

    reset_states = reset_state

    def call(
        self, sequences: RamTensor, initial_state: Any = None, mask: Any = None, training: bool | None = None
    ) -> Any:
        """Step by step."""
        if not sequences.shape[1]:
            raise ShapeError(f"layer {self.name!r}: a sequence has one step or more, got {sequences.shape}")
        states = self._first_states(sequences, initial_state)
        if isinstance(self.cell, _Cell):
            sequences = self.cell.project(sequences, training)
            go: Step = self.cell.stepper(sequences, training)
        else:
            go = self._cell_call
        parts = list(steps(sequences))
        kept = [None] * len(parts) if mask is None else mask_steps(mask, self.name, sequences.shape)
        outputs: list[RamTensor] = []
        order = range(len(parts) - 1, -1, -1) if self.go_backwards else range(len(parts))
        for t in order:
            output, new = go(parts[t], states)
            now = kept[t]
            if now is not None:
                before = output.full_like(0.0) if self.zero_output_for_mask else previous_output(states)
                output = beside(now, output).where(output, before)
                new = tree.map_leaves(lambda a, b, now=now: beside(now, a).where(a, b), new, states)
            states = new
            outputs.append(output)
        if self.stateful and self.states is not None:
            with no_grad():
                for own, last in zip(tree.leaves(self.states), tree.leaves(states), strict=True):
                    own.replace_(last.detach())
        result = outputs[0].stack(*outputs[1:], axis=1) if self.return_sequences else outputs[-1]
        return (result, *states) if self.return_state else result

    def _cell_call(self, x: RamTensor, states: States) -> tuple[RamTensor, States]:
        output, new = self.cell(x, states)
        return output, list(new) if isinstance(new, list | tuple) else [new]

    def _first_states(self, x: RamTensor, initial_state: Any) -> list[Any]:
        if initial_state is not None:
            given = list(initial_state) if isinstance(initial_state, list | tuple) else [initial_state]
            if len(given) != len(self.state_size):
                raise ShapeError(
                    f"layer {self.name!r}: initial_state has {len(given)} tensors, expected {len(self.state_size)}"
                )
            return given
        if self.stateful and self.states is not None:
            batch = next(tree.leaves(self.states)).shape[0]
            if x.shape[0] != batch:
                raise ShapeError(
                    f"layer {self.name!r}: a stateful layer keeps the states of {batch} sequences, got {x.shape[0]}"
                )
            return list(tree.map_leaves(lambda state: state.detach(), self.states))
        return self.get_initial_state(x.shape[0], x._backend)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The output's, and with ``return_state`` those of the states."""
        batch, time = sequences_shape[:2]
        size = size_of_output(self.cell)
        output = (batch, time, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return output
        return (output, *tree.map_leaves(lambda n: (batch, n), self.state_size))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the steps, if the output has steps."""
        mask = next(iter(tree.leaves(previous_mask)), None)
        found = mask if self.return_sequences else None
        return [found, *(None for _ in self.state_size)] if self.return_state else found

    def argument(self, name: str) -> Any:
        """The cell as its configuration."""
        return serialize(self.cell) if name == "cell" else super().argument(name)

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """With the cell made first."""
        if "cell" in config:
            config = {**config, "cell": deserialize(config["cell"])}
        made: Any = super().from_config(config)
        return made


class _CellLayer(RNN):
    """The base of the layers that have a cell of a fixed kind: their arguments are the cell's and RNN's."""

    def argument(self, name: str) -> Any:
        """RNN's own, or the cell's."""
        return getattr(self, name) if name in vars(self) else getattr(self.cell, name)

    @property
    def units(self) -> int:
        """The length of the state."""
        return int(self.cell.units)

    def get_config(self) -> dict[str, Any]:
        """The arguments of cell and layer."""
        return {**super().get_config(), "zero_output_for_mask": self.zero_output_for_mask}


class SimpleRNN(_CellLayer):
    """A sequence by :class:`SimpleRNNCell`."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name="simple_rnn_cell",
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = [InputSpec(ndim=3)]


class LSTM(_CellLayer):
    """A sequence by :class:`LSTMCell`; the states are h and c."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name="lstm_cell",
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = [InputSpec(ndim=3)]


class GRU(_CellLayer):
    """A sequence by :class:`GRUCell`."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            reset_after=reset_after,
            seed=seed,
            name="gru_cell",
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = [InputSpec(ndim=3)]


def check_cell(layer: str, cell: Any) -> None:
    """A cell takes a step and tells the lengths of its states."""
    if not callable(cell) or not hasattr(cell, "state_size"):
        raise AttributeValueError(
            f"{layer}: a cell is a layer with call(inputs, states) -> (output, states) and state_size, got {cell!r}"
        )


def size_of_output(cell: Any) -> int:
    """The features of a cell's output: ``output_size``, else the length of its first state."""
    found = getattr(cell, "output_size", None)
    return int(found if found is not None else next(tree.leaves(cell.state_size)))


def mask_steps(mask: Any, layer: str, shape: tuple[int, ...]) -> list[RamTensor]:
    """The mask of each step, ``(batch,)`` of bools."""
    if mask.ndim == 3 and mask.shape[2] == 1:
        mask = mask.reshape(mask.shape[:2])
    if mask.shape != shape[:2]:
        raise ShapeError(f"layer {layer!r}: a mask has the shape (batch, time) = {shape[:2]}, got {mask.shape}")
    return list((mask if mask.dtype == BOOL else mask != 0).unstack(axis=1))


def beside(mask: RamTensor, x: RamTensor) -> RamTensor:
    """``(batch,)`` in a shape that broadcasts to that of ``x``."""
    return mask.reshape((mask.shape[0], *(1,) * (x.ndim - 1)))


def previous_output(states: States) -> RamTensor:
    """The output before, which is the first state (of the last cell, where they are stacked)."""
    first = states[-1][0] if isinstance(states[0], list | tuple) else states[0]
    assert isinstance(first, RamTensor)
    return first


__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "SimpleRNN", "SimpleRNNCell", "StackedRNNCells"]
