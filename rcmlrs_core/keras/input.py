"""Input: where a model begins."""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.keras.layer import Layer
from rcmlrs_core.keras.tensor import Dims, KerasTensor, Node, standard_dtype, standard_shape


class InputLayer(Layer):
    """The layer of an ``Input``: it hands on what the model is called with."""

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        batch_shape: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", shape)
        for ignored in ("sparse", "ragged", "optional"):
            kwargs.pop(ignored, None)
        super().__init__(name=name, **kwargs)
        if (shape is None) == (batch_shape is None):
            raise ShapeError(
                "Input: give a shape without the batch, such as Input(shape=(28, 28, 1)), or a batch_shape with it"
            )
        whole = (batch_size, *standard_shape(shape)) if batch_shape is None else standard_shape(batch_shape)
        self.batch_shape: Dims = whole
        self.dtype = standard_dtype(dtype)
        self.built = True
        self.tensor = KerasTensor(whole, self.dtype, name=self.name)
        Node(self, (), {}, self.tensor)

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The shape, the element type and the name."""
        return {
            "batch_shape": list(self.batch_shape),
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
        }


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    **kwargs: Any,
) -> KerasTensor:
    """A symbolic tensor for a model to begin with; ``shape`` is without the batch: ``Input(shape=(28, 28, 1))``."""
    if tensor is not None:
        return tensor
    return InputLayer(shape, batch_size, dtype, batch_shape, name, **kwargs).tensor
