"""Layers that stand alone: Dense, EinsumDense, Embedding, Activation, Lambda, Masking, Identity."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Self

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.keras import activations
from rcmlrs_core.keras.layer import InputSpec
from rcmlrs_core.keras.layers.configured import StandardLayer, positive, refuse
from rcmlrs_core.keras.shapes import as_int32
from rcmlrs_core.tensor import RamTensor


class Dense(StandardLayer):
    """``activation(x kernel + bias)`` along the last axis: each element one sum with the bias inside, rounded once.

    ``kernel`` is ``(in, units)`` and ``bias`` ``(units,)``; ``(..., in)`` becomes ``(..., units)``.
    """

    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        refuse(self, lora_rank=lora_rank, lora_alpha=lora_alpha, quantization_config=quantization_config)
        self.units = positive(self, units=units)
        self.use_bias = use_bias
        self.set_options(
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        """kernel and bias."""
        self.kernel = self.weight("kernel", (input_shape[-1], self.units))
        self.bias = self.weight("bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        self.built = True

    def call(self, inputs: RamTensor, training: bool | None = None) -> RamTensor:
        """The operation ``linear``, by the kernel with its axes exchanged."""
        return self.activation(inputs.linear(self.kernel.transpose(), self.bias))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The last length is ``units``."""
        return (*input_shape[:-1], self.units)


class EinsumDense(StandardLayer):
    """``activation(einsum(equation, x, kernel) + bias)``, as in ``EinsumDense("abc,cde->abde", (None, 2, 3), "de")``.

    ``output_shape`` is that without the batch. Where the equation is that of a Dense layer on joined axes, and
    the bias has all axes of the kernel that remain, the bias is inside the one sum; otherwise it is added to it.
    """

    casts_integers = True

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse(self, lora_rank=lora_rank, lora_alpha=lora_alpha, quantization_config=quantization_config)
        refuse(self, gptq_unpacked_column_size=gptq_unpacked_column_size)
        self.equation = equation
        self.partial_output_shape = tuple(output_shape) if isinstance(output_shape, tuple | list) else (output_shape,)
        self.bias_axes = bias_axes
        self.set_options(
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def argument(self, name: str) -> Any:
        """``output_shape`` has another attribute: a layer of a model has one of that name already."""
        if name == "gptq_unpacked_column_size":
            return None
        return self.partial_output_shape if name == "output_shape" else super().argument(name)

    def _labels(self, rank: int) -> tuple[str, str, str]:
        """The letters of input, kernel and output; those of ``...`` are made digits."""
        text = self.equation.replace(" ", "")
        inputs, arrow, output = text.partition("->")
        first, comma, second = inputs.partition(",")
        others = rank - len(first.replace("...", ""))
        if not arrow or not comma or "..." in second or others < 0 or (others and "..." not in first):
            raise ShapeError(
                f"{self.name}: the equation {self.equation!r} does not fit an input of {rank} axes; it has the form "
                "'ab,bc->ac' or '...b,bc->...c'"
            )
        elided = "".join(map(str, range(others)))
        return first.replace("...", elided), second, output.replace("...", elided)

    def _dims(self, input_shape: Any) -> tuple[str, str, str, dict[str, Any]]:
        """The letters, and the length of each."""
        first, second, output = self._labels(len(input_shape))
        dims = dict(zip(first, input_shape, strict=True))
        given = self.partial_output_shape
        right = self.equation.replace(" ", "").partition("->")[2].startswith("...")
        letters = output[-len(given) :] if right or not any(c.isdigit() for c in output) else output[1 : 1 + len(given)]
        if len(letters) != len(given):
            raise ShapeError(f"{self.name}: output_shape {given} has more axes than {self.equation!r} gives")
        for letter, length in zip(letters, given, strict=True):
            if length is not None:
                if dims.get(letter) not in (None, length):
                    raise ShapeError(
                        f"{self.name}: {letter!r} of {self.equation!r} has length {dims[letter]} in the input and "
                        f"{length} in output_shape {given}"
                    )
                dims[letter] = length
        missing = [letter for letter in second + output if letter not in dims]
        if missing:
            raise ShapeError(f"{self.name}: {self.equation!r} with output_shape {given} does not tell {missing[0]!r}")
        return first, second, output, dims

    def build(self, input_shape: Any) -> None:
        """kernel and bias."""
        _, second, output, dims = self._dims(input_shape)
        self.kernel = self.weight("kernel", tuple(dims[letter] for letter in second))
        self.bias = None
        if self.bias_axes:
            if not set(self.bias_axes) <= set(output):
                raise AttributeValueError(
                    f"{self.name}: bias_axes {self.bias_axes!r} are axes of the output {output!r}"
                )
            axes = output[min(output.index(letter) for letter in self.bias_axes) :]
            self.bias = self.weight("bias", tuple(dims[a] if a in self.bias_axes else 1 for a in axes))
        self.built = True

    def call(self, inputs: RamTensor, training: bool | None = None) -> RamTensor:
        """By ``linear`` where it can be, else by ``einsum``."""
        first, second, output = self._labels(inputs.ndim)
        summed = [letter for letter in second if letter not in output]
        count = len(summed)
        kept = second[count:]
        joined = (
            second[:count] == first[len(first) - count :] and output == first[: len(first) - count] + kept and count
        )
        if joined and kept and (self.bias is None or self.bias.shape == self.kernel.shape[count:]):
            rows = self.kernel.reshape((-1, *self.kernel.shape[count:]))
            matrix = rows.reshape((rows.shape[0], -1)).transpose()
            x = inputs.reshape((*inputs.shape[: inputs.ndim - count], matrix.shape[1]))
            y = x.linear(matrix, None if self.bias is None else self.bias.reshape((matrix.shape[0],)))
            return self.activation(y.reshape((*y.shape[:-1], *self.kernel.shape[count:])))
        letters = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        names = {digit: next(letters) for digit in first if digit.isdigit()}
        equation = "".join(names.get(c, c) for c in f"{first},{second}->{output}")
        y = inputs.einsum(self.kernel, subscripts=equation)
        return self.activation(y if self.bias is None else y + self.bias)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """By the letters of the output."""
        _, _, output, dims = self._dims(input_shape)
        return tuple(dims[letter] for letter in output)


class Embedding(StandardLayer):
    """``embeddings[index]``, a row for each index: ``(...)`` of ints becomes ``(..., output_dim)``.

    ``embeddings`` is ``(input_dim, output_dim)``. With ``mask_zero`` the index 0 is padding, and masked. An index that
    is not in [0, input_dim) is refused.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        length = kwargs.pop("input_length", None)
        if length is not None:
            kwargs["input_shape"] = (length,)
        super().__init__(**kwargs)
        refuse(self, lora_rank=lora_rank, lora_alpha=lora_alpha, quantization_config=quantization_config)
        self.input_dim = positive(self, input_dim=input_dim)
        self.output_dim = positive(self, output_dim=output_dim)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.set_options(
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
        )
        if weights is not None:
            self.build(None)
            self.set_weights(weights if isinstance(weights, tuple | list) else [weights])

    def build(self, input_shape: Any = None) -> None:
        """The table."""
        if not self.built:
            self.embeddings = self.weight("embeddings", (self.input_dim, self.output_dim))
            self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """The operation ``take``; numbers of float32 lose their fractions."""
        return self.embeddings.take(as_int32(inputs), axis=0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """False where the index is 0, with ``mask_zero``."""
        return inputs != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """One more axis."""
        return (*input_shape, self.output_dim)


class Activation(StandardLayer):
    """``activation(x)``, element by element (or along an axis, as softmax)."""

    casts_integers = True
    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.built = True

    def call(self, inputs: RamTensor) -> RamTensor:
        """The function of the input."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape


class Identity(StandardLayer):
    """What it is given."""

    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape


class Masking(StandardLayer):
    """Masks the steps of ``(batch, time, ...)`` whose features all equal ``mask_value``, and makes them 0."""

    casts_integers = True
    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.built = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where some feature is another value."""
        return (inputs != self.mask_value).any(axis=-1)

    def call(self, inputs: RamTensor) -> RamTensor:
        """The input, with zeros where it is masked."""
        kept = (inputs != self.mask_value).any(axis=-1, keepdims=True)
        return kept.where(inputs, inputs.full_like(0.0))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape


class Lambda(StandardLayer):
    """``function(x, **arguments)``. A function is code, so a model with one is saved as weights, not as a ``.keras``.

    ``output_shape``, without the batch or as a function of the input's shape, is only needed where zeros cannot tell.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise DTypeError(f"Lambda: takes a function, got {type(function).__name__}")
        self.function = function
        self.lambda_output_shape = output_shape
        self.mask = mask
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None
        try:
            named = set(inspect.signature(function).parameters)
        except ValueError:  # a builtin that does not tell
            named = set()
        self.wants = tuple(name for name in ("mask", "training") if name in named)
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The function, which gets ``mask`` and ``training`` if it names them."""
        options = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: options[name] for name in self.wants})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """``mask``, which may be a function of input and mask."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """``output_shape``, or what the function gives for zeros."""
        if self.lambda_output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self.lambda_output_shape):
            return self.lambda_output_shape(input_shape)
        return (input_shape[0], *self.lambda_output_shape)

    def get_config(self) -> dict[str, Any]:
        """None where the function is a lambda; a function with a name is saved by its name."""
        name = getattr(self.function, "__name__", "<lambda>")
        if name == "<lambda>":
            raise NotImplementedError(
                f"{self.name}: a lambda has no name to be saved by; define a function and load with "
                "custom_objects={name: function}, or save the weights alone"
            )
        from rcmlrs_core.keras.saving.objects import serialize_function

        config = {
            **super(StandardLayer, self).get_config(),
            "function": serialize_function(self.function),
            "arguments": self.arguments,
        }
        if self.lambda_output_shape is not None and not callable(self.lambda_output_shape):
            config["output_shape"] = self.lambda_output_shape
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """With the function found by its name; code is refused."""
        from rcmlrs_core.keras.saving.objects import deserialize

        return super().from_config({**config, "function": deserialize(config["function"])})


__all__ = ["Activation", "Dense", "EinsumDense", "Embedding", "Identity", "Lambda", "Masking"]
