"""What an optimizer remembers, in a model's file: ``optimizer/vars/0`` is the number of steps, ``1`` the learning rate.

Then comes what is remembered of each parameter, in the order of ``model.trainable_variables``. Of the optimizers listed
here, Keras and RCMLRS remember the same; of others nothing is written, and what a file has is passed over.
"""

import warnings
from collections.abc import Mapping
from typing import Any

from rcmlrs_core.errors import DataError
from rcmlrs_core.keras.saving.weights import Found
from rcmlrs_core.tensor import RamTensor

GROUP = "optimizer/vars"
SLOTS: Mapping[str, tuple[str, ...]] = {
    "Adadelta": ("v", "u"),
    "Adagrad": ("s",),
    "Adam": ("m", "v"),
    "AdamW": ("m", "v"),
    "Adamax": ("m", "u"),
    "Lion": ("m",),
}
"""What is remembered of a parameter, in Keras' order, under the names of ``rc.optim``."""


def to_write(model: Any) -> dict[str, RamTensor]:
    """What the model's optimizer remembers, by path; nothing before its first step."""
    optimizer: Any = getattr(model, "optimizer", None)
    slots = SLOTS.get(type(optimizer).__name__)
    if slots is None or getattr(optimizer, "inner", None) is None:
        return {}
    state = optimizer.inner.state
    if not all(tuple(remembered) == slots for remembered in state):
        return {}
    variables = optimizer.variables
    if len(variables) != 2 + len(slots) * len(state):  # a schedule has no learning rate to write
        return {}
    return {f"{GROUP}/{i}": variable.value for i, variable in enumerate(variables)}


def take_over(model: Any, arrays: Mapping[str, Found], source: str) -> None:
    """Let the optimizer of a compiled model go on from what a file has of it, if it fits."""
    optimizer: Any = getattr(model, "optimizer", None)
    count = sum(path.startswith(f"{GROUP}/") for path in arrays)
    if optimizer is None or count <= 2:
        return
    slots = SLOTS.get(type(optimizer).__name__)
    parameters = model.trainable_variables
    names = [(i, parameter, slot) for i, parameter in enumerate(parameters) for slot in slots or ()]
    paths = [f"{GROUP}/{2 + place}" for place in range(len(names))]
    fits = count == 2 + len(names) and all(
        path in arrays and arrays[path].shape == parameter.shape and arrays[path].dtype == parameter.dtype
        for path, (_, parameter, _) in zip(paths, names, strict=True)
    )
    steps = arrays.get(f"{GROUP}/0")
    if slots is None or not fits or steps is None or steps.shape != ():
        warnings.warn(
            f"{source}: what {optimizer.name} remembers is not taken over; training goes on as with a new one",
            stacklevel=3,
        )
        return
    optimizer.build(parameters)
    backend = parameters[0].value._backend
    tensors = {f"{i}.{slot}": arrays[path].read(backend) for path, (i, _, slot) in zip(paths, names, strict=True)}
    step = steps.read(backend).item()
    if not isinstance(step, int) or step < 0:
        raise DataError(f"{source}: the number of steps is an int of at least 0, got {step!r}")
    optimizer.load_state_dict({**optimizer.state_dict(), "step": step, "tensors": tensors})
