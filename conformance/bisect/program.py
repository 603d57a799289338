"""What is run on both backends: a training of the suite by its name, or ``train()`` in somebody's own file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import ModuleType

from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.random import FIRST_STREAM, draws_again

from .. import trainings
from ..subjects import unknown
from ..trainings import EVERY, SIZES, Size

MODULE = "rcmlrs_bisect_training"
"""What a file is called while it runs: not ``__main__``, so that what it does as a script stays undone."""

FUNCTION = "train"


class BisectError(RcmlrsError):
    """What cannot be compared: a training that there is not, that raises, or that computes nothing."""


@dataclass(frozen=True)
class Program:
    """Something that makes tensors on the current backend. ``source`` is a digest of what it is made of."""

    name: str
    source: str
    start: Callable[[], object]
    """Runs it; an iterator that it returns is exhausted."""
    seed: int
    steps: int | None
    """How many steps it is stopped after; None, where it ends by itself."""

    def run(self) -> None:
        """On the current backend, with the draws of the seed."""
        with draws_again(self.seed, FIRST_STREAM):
            result = self.start()
            if isinstance(result, Iterator):
                for _ in result:
                    pass


def program_of(name: str, size: str, steps: int | None, seed: int) -> Program:
    """The training called ``name``, or that in the file of this name.

    Raises :class:`BisectError` for a name that is neither, and OSError for a file that cannot be read.
    """
    if name.endswith(".py"):
        return _of_file(Path(name), steps, seed)
    if name not in EVERY:
        raise BisectError(f"{unknown('training', name, EVERY)}; a file of your own ends in .py")
    if size not in SIZES:
        raise BisectError(f"there is no size {size!r}; there are: {', '.join(SIZES)}")
    count = 3 if steps is None else steps
    return Program(_named(name, SIZES[size]), _source(), lambda: _train(name, SIZES[size], count), seed, count)


def _named(name: str, size: Size) -> str:
    return f"{name}, {size.name}"


def _train(name: str, size: Size, steps: int) -> None:
    for _ in islice(EVERY[name].steps(size), steps):
        pass


def _source() -> str:
    """Of the trainings of the suite."""
    total = sha256()
    for path in sorted(Path(trainings.__file__).parent.glob("*.py")):
        total.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()


def _of_file(path: Path, steps: int | None, seed: int) -> Program:
    source = path.read_bytes()

    def start() -> object:
        with _imported(path, source) as module:
            train = getattr(module, FUNCTION, None)
            if not callable(train):
                raise BisectError(
                    f"{path} has no function {FUNCTION}(); write the training as one, which makes its data, its model "
                    "and its optimizer itself, on the current backend"
                )
            result = train()
            if isinstance(result, Iterator):
                for _ in result:
                    pass
        return None

    return Program(path.name, sha256(source.replace(b"\r\n", b"\n")).hexdigest(), start, seed, steps)


@contextmanager
def _imported(path: Path, source: bytes) -> Iterator[ModuleType]:
    """The file as a module that is made anew, with those that it imports from its folder: every run begins alike."""
    module = ModuleType(MODULE)
    module.__file__ = str(path)
    folder = str(path.resolve().parent)
    sys.modules[MODULE] = module
    sys.path.insert(0, folder)
    before = set(sys.modules)
    try:
        exec(compile(source, str(path), "exec"), vars(module))
        yield module
    finally:
        sys.path.remove(folder)
        for name in set(sys.modules) - before | {MODULE}:
            path_of = getattr(sys.modules[name], "__file__", None)
            if name == MODULE or (path_of and Path(path_of).is_relative_to(folder)):
                del sys.modules[name]
