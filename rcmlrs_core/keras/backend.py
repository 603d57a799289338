"""The few functions of ``keras.backend`` that scripts call."""

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.keras.names import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "image_data_format", "set_floatx"]


def backend() -> str:
    """What the operations run on: the name of the current backend of RCMLRS."""
    from rcmlrs_core.registry import current_backend

    return current_backend().name


def epsilon() -> float:
    """The small number in losses and optimizers, 1e-7."""
    return 1e-7


def floatx() -> str:
    """The element type of floats: float32 (N1.1)."""
    return "float32"


def set_floatx(value: str) -> None:
    """Accept float32, which there is."""
    if value != "float32":
        raise AttributeValueError(f"set_floatx: floats are float32 here (N1), got {value!r}")


def image_data_format() -> str:
    """Where the channels of pictures are: last."""
    return "channels_last"
