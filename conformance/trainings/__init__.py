"""Small whole trainings: autograd, optimizers, draws and layers together, step by step, with bits that are known.

* ``models`` has them, one function each; ``TRAININGS`` is the table. A new one is a function and a line.
* ``loop`` runs one, on the current backend: the weights and the optimizer's state after every step.
* ``stored`` has the digests of the longer ones, which are made with the definitions (``python -m ...stored``).
"""

from .loop import LARGE, SIZES, SMALL, Model, Size, Tensors, Training, states
from .models import TRAININGS

__all__ = ["LARGE", "SIZES", "SMALL", "TRAININGS", "Model", "Size", "Tensors", "Training", "states"]
