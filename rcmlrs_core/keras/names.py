"""The names that layers get by themselves: ``dense``, ``dense_1``, ... as Keras counts them."""

import re
from collections import defaultdict

_taken: dict[str, int] = defaultdict(int)


def snake_case(name: str) -> str:
    """``BatchNormalization`` is ``batch_normalization``, and ``Conv2D`` is ``conv2d``."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(kind: str) -> str:
    """The next name of this kind that was not given yet, since the last ``clear_session``."""
    name = snake_case(kind)
    number = _taken[name]
    _taken[name] += 1
    return f"{name}_{number}" if number else name


def clear_session(free_memory: bool = True) -> None:
    """Begin anew with the names that layers get by themselves."""
    _taken.clear()
