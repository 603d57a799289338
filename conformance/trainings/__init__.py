"""Small whole trainings: autograd, optimizers, draws and layers together, step by step, with bits that are known.

* ``models`` has them, one function each; ``TRAININGS`` is the table. A new one is a function and a line.
* ``library`` has a tiny one for each layer, loss, optimizer and schedule.
* ``loop`` runs one, on the current backend: the weights and the optimizer's state after every step.
* ``stored`` has the digests of the longer ones, which are made with the definitions (``python -m ...stored``).
"""

from .library import LIBRARY
from .loop import LARGE, SIZES, SMALL, Model, Size, Tensors, Training, states
from .models import TRAININGS

EVERY = TRAININGS | {training.name: training for kind in LIBRARY.values() for training in kind.values()}
"""By name: ``cnn``, ``layers/Conv2d``."""

__all__ = ["EVERY", "LARGE", "LIBRARY", "SIZES", "SMALL", "TRAININGS", "Model", "Size", "Tensors", "Training", "states"]
