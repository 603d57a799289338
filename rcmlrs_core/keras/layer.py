"""Layer: the base of everything in ``keras.layers`` and of the models.

It is an ``nn.Module``, so a Keras layer has ``parameters()``, ``state_dict()`` and ``digest()``, and goes into any
other module. What Keras has of its own is here: building on the first call, names, symbolic calls, masks,
regularization, configurations.
"""

import inspect
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from math import prod
from typing import Any, Self

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor, zeros
from rcmlrs_core.errors import AttributeValueError, DataError, DTypeError, ShapeError
from rcmlrs_core.keras import constraints, initializers, regularizers, tree
from rcmlrs_core.keras.masking import get_keras_mask, set_keras_mask
from rcmlrs_core.keras.names import auto_name
from rcmlrs_core.keras.tensor import Dims, KerasTensor, Node, standard_dtype, standard_shape
from rcmlrs_core.nn.module import Module, _parts
from rcmlrs_core.plain import BOOL, FLOAT32, INT32
from rcmlrs_core.tensor import RamTensor

_training: ContextVar[bool | None] = ContextVar("rcmlrs_keras_training", default=None)
"""What the call that this one is in was told about ``training``; None outside of any."""


_to_come: ContextVar[list[int] | None] = ContextVar("rcmlrs_keras_weights_to_come", default=None)
"""How many elements of weights a file still has, for the model that is made to take them."""


@contextmanager
def weights_to_come(elements: int) -> Iterator[None]:
    """Inside, layers begin with zeros, since their weights come from a file, and with no more than it has elements."""
    token = _to_come.set([elements])
    try:
        yield
    finally:
        _to_come.reset(token)


def _take_from_file(layer: str, shape: tuple[int, ...]) -> bool:
    """Whether the weight is to come from a file.

    Raises :class:`DataError` where the file has not so many elements.
    """
    left = _to_come.get()
    if left is not None:
        left[0] -= prod(shape)
        if left[0] < 0:
            raise DataError(f"layer {layer!r}: a weight of shape {shape} makes the model larger than its file")
    return left is not None


def as_tensor(x: Any) -> Any:
    """Data as a tensor: floats are rounded once to binary32, integers become int32 (N1.1)."""
    if x is None or isinstance(x, RamTensor | KerasTensor):
        return x
    if isinstance(x, Variable):
        return x.value
    kind = getattr(getattr(x, "dtype", None), "kind", None)
    if kind is None and isinstance(x, list | tuple):
        first = next(tree.leaves(x), 0.0)
        if isinstance(first, bool):
            kind = "b"
        elif isinstance(first, int) and all(isinstance(v, int) for v in tree.leaves(x)):
            kind = "i"
    if kind == "O":
        raise DTypeError(
            "keras: an array of objects holds no numbers; sequences of several lengths are padded to one, and text "
            "becomes numbers first (data.Schema)"
        )
    return tensor(x, dtype=INT32 if kind in ("i", "u") else None)


def as_array(x: Any) -> Any:
    """A tensor as a NumPy array where NumPy is installed; otherwise the tensor itself."""
    try:
        import numpy  # noqa: F401
    except ImportError:
        return x
    return x.numpy() if isinstance(x, RamTensor) else x


_with_losses: "weakref.WeakSet[Record]" = weakref.WeakSet()
"""The layers that have added a loss since it was last cleared, so that nobody need look for them in vain."""


class Variable:
    """A weight of a layer under its name: a view of the tensor that the layer holds."""

    def __init__(
        self,
        value: RamTensor,
        name: str,
        layer_name: str,
        trainable: bool,
        regularizer: Callable[[RamTensor], RamTensor] | None = None,
        constraint: Callable[[RamTensor], RamTensor] | None = None,
    ) -> None:
        self.value = value
        self.name = name
        self.path = f"{layer_name}/{name}"
        self.may_train = trainable
        """False for what is never trained, such as the moving mean of a batch normalization."""
        self.regularizer = regularizer
        self.constraint = constraint

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.value.shape

    @property
    def dtype(self) -> str:
        """Its element type."""
        return self.value.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def trainable(self) -> bool:
        """Whether it is trained: it may be, and nobody froze it."""
        return self.value.requires_grad

    @trainable.setter
    def trainable(self, wanted: bool) -> None:
        self.value.requires_grad_(bool(wanted) and self.may_train)

    def numpy(self) -> Any:
        """A copy as a NumPy array."""
        return self.value.numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.value.__array__(dtype)

    def assign(self, value: Any) -> "Variable":
        """Take over these elements, of the same shape."""
        given = value if isinstance(value, RamTensor) else as_tensor(value)
        if given.dtype != self.value.dtype:
            given = given.astype(dtype=self.value.dtype)
        if given.shape != self.shape:
            raise ShapeError(f"{self.path}: a weight of shape {self.shape} cannot take over one of {given.shape}")
        with no_grad():
            self.value.replace_(given.detach())
        return self

    def assign_add(self, value: Any) -> "Variable":
        """Add to its elements."""
        return self.assign(self.value.detach() + as_tensor(value))

    def assign_sub(self, value: Any) -> "Variable":
        """Subtract from its elements."""
        return self.assign(self.value.detach() - as_tensor(value))

    def __add__(self, other: Any) -> Any:
        return self.value + as_tensor(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self.value - as_tensor(other)

    def __rsub__(self, other: Any) -> Any:
        return as_tensor(other) - self.value

    def __mul__(self, other: Any) -> Any:
        return self.value * as_tensor(other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self.value / as_tensor(other)

    def __rtruediv__(self, other: Any) -> Any:
        return as_tensor(other) / self.value

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"


class Record:
    """What the base keeps of a layer. It is one object, so that none of it is taken for a part of the module."""

    def __init__(self, arguments: dict[str, Any] | None) -> None:
        self.ready = False
        self.name = ""
        self.trainable = True
        self.variables: list[Variable] = []
        self.losses: list[Any] = []
        self.nodes: list[Node] = []
        self.arguments = arguments
        """What the constructor was called with, by name; None where positions have no names."""
        self.build_shapes: dict[str, Any] | None = None


class InputSpec:
    """What a layer takes: the number of axes, their lengths, the element type. Set as ``layer.input_spec``."""

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else standard_shape(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = dict(axes or {})
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def check(self, layer: str, x: Any) -> None:
        """Raise :class:`ShapeError` for a tensor that does not fit."""
        shape = x.shape
        wrong = ""
        if self.ndim is not None and len(shape) != self.ndim and not self.allow_last_axis_squeeze:
            wrong = f"{self.ndim} axes (with the batch)"
        elif self.max_ndim is not None and len(shape) > self.max_ndim:
            wrong = f"at most {self.max_ndim} axes"
        elif self.min_ndim is not None and len(shape) < self.min_ndim:
            wrong = f"at least {self.min_ndim} axes (with the batch)"
        else:
            for axis, length in [*self.axes.items(), *enumerate(self.shape or ())]:
                if axis < len(shape) and length is not None and shape[axis] not in (length, None):
                    wrong = f"axis {axis} to have length {length}"
        if wrong:
            raise ShapeError(f"layer {layer!r}: expects {wrong}, got an input of shape {tuple(shape)}")
        if self.dtype is not None and x.dtype != self.dtype:
            raise DTypeError(f"layer {layer!r}: expects {self.dtype}, got {x.dtype}")


class Layer(Module):
    """The base of Keras layers. A subclass defines ``call``, and ``build`` where it has weights.

        class Scale(keras.layers.Layer):
            def build(self, input_shape):
                self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

            def call(self, inputs, training=None, mask=None):
                return inputs * self.scale

    * ``build`` is called once, before the first call, with the shape of the input (None where a length is unknown); of
      several tensors, with those that it names: ``build(self, query_shape, value_shape)``.
    * ``call`` gets ``training`` and ``mask`` if it names them. ``training`` is what the call was told, else what the
      call around it was told, else ``self.training``: False, as in Keras, until ``train()`` says otherwise.
    * The attribute that ``add_weight`` gives is a tensor, a parameter of the module if it is ``trainable``.
    * ``compute_output_shape(input_shape)`` may be left out: the layer is then tried on zeros.
    * ``casts_integers = True`` says that an int32 input is turned into float32 first (for arithmetic on it).
    """

    training = False
    casts_integers = False
    supports_masking = False
    input_spec: Any = None
    built = False
    activity_regularizer: Any = None
    _record: Record

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Remember the arguments, for ``get_config``."""
        layer = super().__new__(cls)
        layer._record = Record(_named_arguments(cls, args, kwargs))
        return layer

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", None)
        dim = kwargs.pop("input_dim", None)
        if kwargs:
            raise TypeError(
                f"{type(self).__name__}: unexpected keyword arguments {', '.join(kwargs)}; the base takes name, "
                "trainable, dtype and activity_regularizer"
            )
        if name is not None and (not name or "/" in name):
            raise AttributeValueError(f"{type(self).__name__}: name must be a string without a slash, got {name!r}")
        self._record.name = name or auto_name(type(self).__name__)
        self._record.trainable = bool(trainable)
        self._record.ready = True
        self.dtype = standard_dtype(dtype)
        if activity_regularizer is not None:
            self.activity_regularizer = regularizers.get(activity_regularizer)
        if shape is not None or dim is not None:
            self.input_shape_argument: Dims = standard_shape(shape if shape is not None else (dim,))

    # ------------------------------------------------------------------------------------------ what it is

    @property
    def name(self) -> str:
        """Its name, in tables, in files and in the paths of a model's weights."""
        return self._record.name

    @property
    def path(self) -> str:
        """The same as the name."""
        return self._record.name

    @property
    def compute_dtype(self) -> str:
        """The element type that it computes in."""
        return self.dtype

    @property
    def variable_dtype(self) -> str:
        """The element type of its weights."""
        return self.dtype

    @property
    def trainable(self) -> bool:
        """Whether its weights are trained. Setting it freezes or thaws everything in it."""
        return self._record.trainable

    @trainable.setter
    def trainable(self, wanted: bool) -> None:
        self._record.trainable = bool(wanted)
        for variable in self._record.variables:
            variable.trainable = wanted
        for _, child in self.named_children():
            if isinstance(child, Layer):
                child.trainable = wanted
            else:
                for _, found in child.named_tensors():
                    if found.dtype == FLOAT32:
                        found.requires_grad_(bool(wanted))

    # --------------------------------------------------------------------------------------------- weights

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        name: str | None = None,
    ) -> RamTensor:
        """A new weight of this layer; assign it to an attribute. ``initializer`` is a name, a function or an object."""
        self._check_ready()
        lengths = standard_shape(() if shape is None else (shape,) if isinstance(shape, int) else shape)
        if None in lengths:
            raise ShapeError(
                f"layer {self.name!r}: a weight of shape {lengths} has a length that is not known; give the input a "
                "whole shape, such as Input(shape=(28, 28, 1))"
            )
        kind = standard_dtype(dtype or self.dtype)
        draw = initializers.get(initializer or ("glorot_uniform" if kind == FLOAT32 else "zeros"))
        to_come = _take_from_file(self.name, lengths)  # type: ignore[arg-type]
        made = zeros(lengths, dtype=kind) if to_come else as_tensor(draw(lengths, dtype=kind))  # type: ignore[arg-type]
        if made.shape != lengths:
            raise ShapeError(f"layer {self.name!r}: the initializer gave a shape {made.shape} in place of {lengths}")
        value: RamTensor = made.detach() if made.dtype == kind else made.detach().astype(dtype=kind)
        may_train = bool(trainable) and kind == FLOAT32
        variable = Variable(
            value,
            name or auto_name("variable"),
            self.name,
            may_train,
            None if regularizer is None else regularizers.get(regularizer),
            None if constraint is None else constraints.get(constraint),
        )
        variable.trainable = self.trainable
        self._record.variables.append(variable)
        return value

    def add_variable(self, shape: Any, initializer: Any, **options: Any) -> Any:
        """The same as ``add_weight``."""
        return self.add_weight(shape=shape, initializer=initializer, **options)

    def _members(self) -> Iterator[tuple[str, Any]]:
        """What is in attributes and, under ``weights.0``, weights that are in none."""
        found: set[int] = set()
        for name, value in vars(self).items():
            if name != "_record":
                for part in _parts(name, value):
                    found.add(id(part[1]))
                    yield part
        for index, variable in enumerate(self._record.variables):
            if id(variable.value) not in found:
                yield f"weights.{index}", variable.value

    @property
    def weights(self) -> list[Variable]:
        """Its own that may be trained, its own others, and those of the layers in it; each once."""
        return list({id(v.value): v for v in self._variables()}.values())

    def _variables(self) -> Iterator[Variable]:
        own = self._record.variables
        yield from sorted(own, key=lambda variable: not variable.may_train)
        for name, child in self.named_children():
            if isinstance(child, Layer):
                yield from child._variables()
            else:
                for path, value in child.named_tensors():
                    yield Variable(value, f"{name}.{path}", self.name, value.requires_grad)
        if not own:  # tensors that were made by hand, without add_weight
            for name, value in self._members():
                if isinstance(value, RamTensor) and value._node is None and value.requires_grad:
                    yield Variable(value, name, self.name, True)

    @property
    def variables(self) -> list[Variable]:
        """The same as ``weights``."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that are trained: none of a layer that is frozen."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The others."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as ``trainable_weights``."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as ``non_trainable_weights``."""
        return self.non_trainable_weights

    def get_weights(self) -> list[Any]:
        """The elements of ``weights``: NumPy arrays where NumPy is installed, and otherwise tensors."""
        return [as_array(v.value.detach()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over what ``get_weights`` gave, also that of real Keras: all of them, or none on an error."""
        own = self.weights
        given = [w if isinstance(w, RamTensor) else as_tensor(w) for w in weights]
        if len(own) != len(given):
            hint = "" if self.built else "; it is not built yet: call it once, or give its model an Input"
            raise DataError(f"set_weights: layer {self.name!r} has {len(own)} weights, got {len(given)}{hint}")
        for variable, value in zip(own, given, strict=True):
            if variable.shape != value.shape:
                raise ShapeError(f"set_weights: {variable.path} has shape {variable.shape}, got {value.shape}")
        for variable, value in zip(own, given, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """How many numbers are in its weights."""
        if not self.built:
            raise DataError(
                f"count_params: layer {self.name!r} is not built, so its weights are not known; call build(input_shape)"
            )
        return sum(prod(v.shape) for v in self.weights)

    # -------------------------------------------------------------------------------------------- building

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape. Here: none."""
        self.built = True

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that it was built for, as Keras writes them into a file."""
        shapes = self._record.build_shapes
        if not shapes:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": dict(shapes)}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Build as ``get_build_config`` says."""
        if config.get("input_shape") is not None:
            self._build({"input_shape": tree_of_shapes(config["input_shape"])})
        elif "shapes_dict" in config:
            self._build({name: tree_of_shapes(shape) for name, shape in config["shapes_dict"].items()})

    def _build(self, shapes: dict[str, Any]) -> None:
        """Call ``build`` with the shapes that it names."""
        if self.built:
            return
        names = _names_of(type(self).build)
        self._record.build_shapes = shapes
        if len(shapes) > 1 and all(name in shapes for name in names):
            self.build(**{name: shapes[name] for name in names})
        elif shapes:
            self.build(next(iter(shapes.values())))
        self.built = True

    def _check_ready(self) -> None:
        if not self._record.ready:
            raise TypeError(
                f"{type(self).__name__}: super().__init__() was not called; a layer calls it first in its __init__"
            )

    # ----------------------------------------------------------------------------------------------- calls

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes."""
        raise NotImplementedError(f"{type(self).__name__} defines no call(); a layer says there what it computes")

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The same as calling it."""
        return self(*inputs, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build on the first call, and ``call``; of a KerasTensor, another one."""
        self._check_ready()
        spec: CallSpec = _spec_of(type(self))
        if kwargs or len(args) != 1 or type(args[0]) is not RamTensor:
            args = tree.map_leaves(_converted, args)
            kwargs = {k: v if k in ("training", "name") else tree.map_leaves(_converted, v) for k, v in kwargs.items()}
        if self.casts_integers:
            args = tree.map_leaves(_float, args)
        first = args[0] if args else next(iter(kwargs.values()), None)
        if self.input_spec is not None:
            self._check_input(first)
        symbolic = any(isinstance(x, KerasTensor) for x in tree.leaves((args, kwargs)))
        if symbolic:
            return self._symbolic_call(spec, args, kwargs)
        if not self.built:
            self._build(spec.shapes(args, kwargs))
        outer = _training.get()
        training = kwargs.get("training")
        if training is None:
            training = outer if outer is not None else self.training
        if spec.training:
            kwargs["training"] = training
        elif not spec.keywords:
            kwargs.pop("training", None)
        previous = kwargs.get("mask")
        if previous is None:
            previous = _masks_of(first)
            if spec.mask and previous is not None:
                kwargs["mask"] = previous
        if spec.other_masks:
            spec.add_masks(args, kwargs)
        token = _training.set(bool(training)) if training is not outer else None
        try:
            if outer is None:
                self.clear_losses()
            outputs = self.call(*args, **kwargs)
            if self.activity_regularizer is not None:
                for output in tree.leaves(outputs):
                    loss = self.activity_regularizer(output)
                    self.add_loss(loss / output.shape[0] if output.ndim else loss)
        finally:
            if token is not None:
                _training.reset(token)
        if previous is not None:
            if self.supports_masking:
                self._pass_mask(first, outputs, previous)
            elif type(self).compute_mask is Layer.compute_mask:
                warnings.warn(
                    f"layer {self.name!r} ({type(self).__name__}) was given an input with a mask and does not support "
                    "masks: the layers after it will not see it",
                    stacklevel=2,
                )
        elif type(self).compute_mask is not Layer.compute_mask and self.supports_masking:
            self._pass_mask(first, outputs, None)
        return outputs

    def _check_input(self, inputs: Any) -> None:
        specs = list(tree.leaves(self.input_spec))
        given = list(tree.leaves(inputs))
        if len(specs) != len(given):
            raise ShapeError(f"layer {self.name!r}: takes {len(specs)} input(s), got {len(given)}")
        for spec, x in zip(specs, given, strict=True):
            if spec is not None and not (x is None and spec.optional):
                if not hasattr(x, "shape"):
                    raise TypeError(f"layer {self.name!r}: takes tensors, got a {type(x).__name__}")
                spec.check(self.name, x)

    def _pass_mask(self, inputs: Any, outputs: Any, previous: Any) -> None:
        given = list(tree.leaves(outputs))
        masks = self.compute_mask(inputs, previous)
        if masks is None:
            return
        for output, mask in zip(given, masks if isinstance(masks, list | tuple) else [masks], strict=False):
            if isinstance(output, RamTensor) and get_keras_mask(output) is None:
                set_keras_mask(output, mask)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask that goes with the output; here, that of the input."""
        return previous_mask

    # ------------------------------------------------------------------------------------- symbolic calls

    def _symbolic_call(self, spec: "CallSpec", args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if any(isinstance(x, RamTensor) for x in tree.leaves((args, kwargs))) and not isinstance(self, FunctionLayer):
            raise TypeError(
                f"layer {self.name!r}: a KerasTensor and a tensor with elements in one call; a model is made of "
                "KerasTensors alone, and a model that is called takes tensors alone"
            )
        if not self.built:
            self._build(spec.shapes(args, kwargs))
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """KerasTensors of the shapes of the output: by ``compute_output_shape``, or tried on zeros."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            shapes = _spec_of(type(self)).shapes(args, kwargs)
            names = _names_of(type(self).compute_output_shape)
            if len(shapes) > 1 and all(name in shapes for name in names):
                found = self.compute_output_shape(**{name: shapes[name] for name in names})
            else:
                found = self.compute_output_shape(next(iter(shapes.values())))
            return _tensors_of_shapes(found, self.dtype)
        return self._try_on_zeros(args, kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for an input of this shape, in which a length may be None."""
        inputs = map_shapes(lambda shape: KerasTensor(shape), input_shape)
        return tree.map_leaves(lambda x: x.shape, self._try_on_zeros((inputs,), {}))

    def _try_on_zeros(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The output for zeros, with the unknown lengths once this and once that: those that then differ are unknown.

        Without gradients, out of training, and with the losses and the random stream put back.
        """
        given = list(tree.leaves((args, kwargs)))
        unknown = any(isinstance(x, KerasTensor) and None in x.shape for x in given)
        found = []
        for length in (2, 3) if unknown else (2,):

            def zero(x: Any, length: int = length) -> Any:
                if not isinstance(x, KerasTensor):
                    return x
                return zeros(tuple(length if n is None else n for n in x.shape), dtype=x.dtype)

            with no_grad(), outside_training():
                kept = list(self._record.losses)
                found.append(self.call(*tree.map_leaves(zero, args), **tree.map_leaves(zero, kwargs)))
                self._record.losses = kept

        def spec(first: Any, last: Any) -> KerasTensor:
            same = zip(first.shape, last.shape, strict=True)
            return KerasTensor([a if a == b else None for a, b in same], first.dtype)

        return tree.map_leaves(spec, found[0], found[-1])

    @property
    def input(self) -> Any:
        """The symbolic tensor (or tensors) that it was first called on."""
        node = self._node("input")
        return node.inputs[0] if len(node.inputs) == 1 else node.inputs

    @property
    def output(self) -> Any:
        """What it gave when it was first called on symbolic tensors."""
        return self._node("output").outputs

    def _node(self, what: str) -> Node:
        if not self._record.nodes:
            raise AttributeError(f"layer {self.name!r} has no {what}: it was never called on a KerasTensor")
        return self._record.nodes[0]

    # ---------------------------------------------------------------------------------------------- losses

    def add_loss(self, loss: Any) -> None:
        """Add a number to what is minimized; in ``call``."""
        for one in loss if isinstance(loss, list | tuple) else [loss]:
            self._record.losses.append(one)
            _with_losses.add(self._record)

    @property
    def losses(self) -> list[RamTensor]:
        """What was added in the last call, and the regularization of the weights that are trained."""
        return self.added_losses() + [
            v.regularizer(v.value) for v in self.trainable_weights if v.regularizer is not None
        ]

    def added_losses(self) -> list[Any]:
        """What was added in the last call."""
        if not _with_losses:
            return []
        return [loss for module in self.modules() if isinstance(module, Layer) for loss in module._record.losses]

    def clear_losses(self) -> None:
        """Forget what was added in calls."""
        if _with_losses:
            for module in self.modules():
                if isinstance(module, Layer) and module._record.losses:
                    module._record.losses.clear()
                    _with_losses.discard(module._record)

    # --------------------------------------------------------------------------------------- configuration

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, by name.

        A subclass adds its own to these. One that has no ``get_config`` gives what its constructor was called with.
        """
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        if type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__:
            parameters = inspect.signature(type(self).__init__).parameters
            if self._record.arguments is None:
                raise NotImplementedError(f"{type(self).__name__}: define get_config(); *args have no names to save")
            if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
                config = {key: value for key, value in config.items() if key in parameters}
            config.update(self._record.arguments)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The layer that ``get_config`` described, with weights of its own."""
        try:
            return cls(**config)
        except TypeError as error:
            raise DataError(f"from_config: {cls.__name__} cannot be made of {dict(config)!r}: {error}") from error

    def extra_repr(self) -> str:
        """Its name, and whether it has its weights."""
        return f"name={self.name}, built={self.built}"


class FunctionLayer(Layer):
    """A function of tensors in a model: what arithmetic with KerasTensors makes."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        super().__init__(name=auto_name(name))
        self.function = function
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The function of the arguments."""
        return self.function(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """None: a function has no configuration."""
        raise NotImplementedError(
            f"{self.name}: arithmetic on KerasTensors is not saved; use a layer (Add, Multiply, Rescaling), and "
            "save_weights saves the weights"
        )


class CallSpec:
    """What ``call`` of a class takes, looked up once."""

    def __init__(self, cls: type[Layer]) -> None:
        parameters = list(inspect.signature(cls.call).parameters.values())[1:]
        self.keywords = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        every = {p.name for p in parameters}
        self.training = "training" in every
        self.mask = "mask" in every
        self.other_masks = [name for name in every if name.endswith("_mask") and name[: -len("_mask")] in every]

    def shapes(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The shapes of the arguments that are tensors, by ``NAME_shape``."""
        named = dict(zip([*self.names, *map(str, range(len(args)))], args, strict=False)) | kwargs
        found = {}
        for name, value in named.items():
            parts = list(tree.leaves(value))
            is_data = parts and all(isinstance(x, RamTensor | KerasTensor) or x is None for x in parts)
            if is_data and any(x is not None for x in parts) and name != "mask" and not name.endswith("_mask"):
                found[f"{name}_shape"] = tree.map_leaves(lambda x: None if x is None else tuple(x.shape), value)
        return found

    def add_masks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Hand on the masks of arguments that ``call`` asks for by name, such as ``query_mask``."""
        named = dict(zip(self.names, args, strict=False)) | kwargs
        for name in self.other_masks:
            if named.get(name) is None:
                found = _masks_of(named.get(name[: -len("_mask")]))
                if found is not None:
                    kwargs[name] = found


_spec_of: Callable[[Any], CallSpec] = cache(CallSpec)


@cache
def _names_of(method: Any) -> tuple[str, ...]:
    """The names of a method's parameters that must be given."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty)


def _named_arguments(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
    if not args:
        return dict(kwargs)
    names = [p.name for p in inspect.signature(cls.__init__).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(args) > len(names) - 1:
        return None
    return dict(zip(names[1:], args, strict=False)) | kwargs


def _converted(x: Any) -> Any:
    if isinstance(x, Variable) or (hasattr(x, "__array__") and not isinstance(x, RamTensor | KerasTensor)):
        return as_tensor(x)
    return x


def _float(x: Any) -> Any:
    if isinstance(x, RamTensor) and x.dtype in (INT32, BOOL):
        return x.astype(dtype=FLOAT32)
    return x


def _masks_of(inputs: Any) -> Any:
    if isinstance(inputs, list | tuple):
        masks = [_masks_of(x) for x in inputs]
        return masks if any(mask is not None for mask in masks) else None
    return get_keras_mask(inputs)


@contextmanager
def outside_training() -> Iterator[None]:
    """Inside, layers behave as in use, unless a call says otherwise."""
    token = _training.set(False)
    try:
        yield
    finally:
        _training.reset(token)


def is_shape(value: Any) -> bool:
    """Whether it is one shape, and no list or dict of shapes."""
    return isinstance(value, list | tuple) and all(n is None or isinstance(n, int) for n in value)


def map_shapes(function: Callable[[Dims], Any], shapes: Any) -> Any:
    """The same structure of ``function`` of each shape."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, Mapping):
        return {key: map_shapes(function, shape) for key, shape in shapes.items()}
    return [map_shapes(function, shape) for shape in shapes]


def tree_of_shapes(shapes: Any) -> Any:
    """Shapes as tuples, where JSON made lists of them."""
    return map_shapes(lambda shape: shape, shapes)


def _tensors_of_shapes(shapes: Any, dtype: str) -> Any:
    if isinstance(shapes, tuple) and not is_shape(shapes):
        return tuple(_tensors_of_shapes(shape, dtype) for shape in shapes)
    return map_shapes(lambda shape: KerasTensor(shape, dtype), shapes)
