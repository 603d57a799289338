"""Files: what one backend saves, another one loads, bit for bit, and both write the same bytes.

The other one is the definitions, or the backend that this one is compared with. Files are those of the library
(safetensors, JSON), with tensors of every element type, and the state of a training that goes on elsewhere.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from rcmlrs_core.creation import from_plain
from rcmlrs_core.io import (
    State,
    load_state_binary,
    load_state_json,
    save_tensors_binary,
    save_tensors_json,
)
from rcmlrs_core.nn import Linear, Sequential, Tanh
from rcmlrs_core.optim import SGD, Adam
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, ITEMSIZE, PlainArray
from rcmlrs_core.random import Generator
from rcmlrs_core.registry import Backend, use_backend
from rcmlrs_core.tensor import RamTensor

from ..bits import differences
from ..examine import Examiner, Finding
from ..inputs.elements import EDGES, int_edges, random_bits
from ..inputs.samples import ordinary
from ..inputs.trial import array_of, size
from ..judge.definition import Outcome
from ..status import CORE
from ..subjects import Case, Cases, Level, Subject

NAME = "persistence"
"""What the check is called, beside the operations."""

KIND = "a file that does not give back what was saved"

SHAPES = ((), (0,), (1,), (2, 0, 3), (3, 5), (2, 1, 4))
LONG = {"smoke": 300, "standard": 4097, "deep": 100_003}
"""The elements of the longest tensor in a file."""


@dataclass(frozen=True)
class Format:
    """A way to save tensors and to load them."""

    name: str
    save: Callable[[Path, Mapping[str, RamTensor]], None]
    load: Callable[..., State]


FORMATS = {
    "binary": Format("safetensors", save_tensors_binary, load_state_binary),
    "json": Format("JSON", save_tensors_json, load_state_json),
}
"""Families, beside the one of trainings."""

TRAINING = "training"


def _wrong(sentence: str) -> Finding:
    return Finding(KIND, sentence, clause="N1.1")


@dataclass(frozen=True, eq=False)
class Saved:
    """Tensors that are saved and loaded on each of two backends by the other."""

    how: Format
    tensors: Mapping[str, PlainArray]

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with the files, if anything is."""
        with TemporaryDirectory(prefix="rcmlrs-") as folder:
            return self._compare(examiner, Path(folder))

    def _compare(self, examiner: Examiner, folder: Path) -> Finding | None:
        here, there = examiner.backend, examiner.reference
        files = {"here": folder / "here", "there": folder / "there"}
        for backend, path in zip((here, there), files.values(), strict=True):
            with use_backend(backend):
                self.how.save(path, {name: from_plain(x) for name, x in self.tensors.items()})
        written = files["here"].read_bytes()
        examiner.saw_words(sha256(written).hexdigest())
        if written != files["there"].read_bytes():
            return _wrong(f"{self.how.name}: the backends {here.name} and {there.name} write different bytes")
        finding = self._loaded(examiner, files["there"], here) or self._loaded(examiner, files["here"], there)
        if finding is None and self.how is FORMATS["binary"] and find_spec("safetensors"):
            return self._by_others(files["here"])
        return finding

    def _loaded(self, examiner: Examiner, path: Path, backend: Backend) -> Finding | None:
        found = self.how.load(path, backend=backend)
        what = f"{self.how.name}, loaded on the backend {backend.name}"
        if list(found) != list(self.tensors):
            return _wrong(f"{what}: the names are {', '.join(found)}; wanted {', '.join(self.tensors)}")
        for name, x in self.tensors.items():
            tensor, want = found[name], Outcome(x.shape, x.dtype, x.tobytes())
            examiner.compared += len(x.values)
            got = Outcome(tensor.shape, tensor.dtype, tensor.tobytes())
            if got[:2] != want[:2]:
                return _wrong(f"{what}: {name} is {got.dtype} of shape {got.shape}, not {want.dtype} of {want.shape}")
            if got.raw != want.raw:
                wrong = tuple(differences(want.raw, got.raw, x.dtype))
                sentence = f"{what}: {len(wrong)} of {len(want.raw) // ITEMSIZE[x.dtype]} elements of {name}"
                return Finding(KIND, sentence, None, want, got, wrong, clause="N1.1")
        return None

    def _by_others(self, path: Path) -> Finding | None:
        """By the package of that name, where it is installed: no part of the digest."""
        from safetensors import safe_open

        with safe_open(path, framework="np") as file:
            for name, x in self.tensors.items():
                array = file.get_tensor(name)
                if (tuple(array.shape), str(array.dtype)) != (x.shape, x.dtype) or array.tobytes() != x.tobytes():
                    return _wrong(f"the package safetensors reads something else as {name}")
        return None


def _files(family: str) -> Cases:
    def cases(seed: int, level: Level) -> Iterator[Case]:
        rng = Random(f"rcmlrs conformance {seed} {NAME} {family}")
        yield Saved(FORMATS[family], {})
        for dtype in (FLOAT32, INT32, BOOL):
            words = list(EDGES) if dtype == FLOAT32 else int_edges(rng, 0, 1)[0] if dtype == INT32 else [0, 1]
            tensors = {"edges": array_of(words, (len(words),), dtype)}
            for shape in (*SHAPES, (level.of(LONG),)):
                n = size(shape)
                drawn = [rng.getrandbits(1) for _ in range(n)] if dtype == BOOL else random_bits(rng, n, 1)[0]
                tensors["of shape " + "x".join(map(str, shape))] = array_of(drawn, shape, dtype)
            yield Saved(FORMATS[family], tensors)

    return cases


# ------------------------------------------------------------------------------------------------- training

OPTIMIZERS: dict[str, Callable[[Any], SGD | Adam]] = {
    "SGD": lambda parameters: SGD(parameters, lr=0.3, momentum=0.7, nesterov=True),
    "Adam": lambda parameters: Adam(parameters, lr=0.1, weight_decay=0.3),
}

BEFORE, AFTER = 2, 1
"""Steps."""


@dataclass(frozen=True, eq=False)
class Resumed:
    """A training that stops on one backend and goes on, from its file, on the other, is as one that never stopped."""

    optimizer: str
    how: Format
    seed: int
    samples: PlainArray
    targets: PlainArray

    def examine(self, examiner: Examiner) -> Finding | None:
        """What the parameters and the optimizer's memory are in the end, each way."""
        here, there = examiner.backend, examiner.reference
        with use_backend(there):
            want = self._state(*self._trained(*self._made(), BEFORE + AFTER))
        ways = {f"not stopped on {here.name}": (here, here), f"stopped on {here.name}, on {there.name}": (here, there)}
        ways[f"stopped on {there.name}, on {here.name}"] = there, here
        first = True
        for what, (before, after) in ways.items():
            got = self._run(before, after, stop=not first)
            if first:
                examiner.saw(*got.values())
            first = False
            for name, wanted in want.items():
                examiner.compared += len(wanted.raw) // ITEMSIZE[wanted.dtype]
                if got[name].raw != wanted.raw:
                    wrong = tuple(differences(wanted.raw, got[name].raw, wanted.dtype))
                    sentence = f"{self.optimizer}, {self.how.name}, a training {what}: {name} has other bits"
                    return Finding(KIND, sentence, None, wanted, got[name], wrong, clause="N5")
        return None

    def _run(self, before: Backend, after: Backend, stop: bool) -> Mapping[str, Outcome]:
        with use_backend(before):
            model, optimizer = self._trained(*self._made(), BEFORE)
            if not stop:
                return self._state(*self._trained(model, optimizer, AFTER))
            with TemporaryDirectory(prefix="rcmlrs-") as folder:
                path = Path(folder) / "state"
                memory = optimizer.state_dict()
                parts = {"model": model.state_dict(), "memory": memory["tensors"]}
                self.how.save(path, {f"{part}/{name}": t for part, of in parts.items() for name, t in of.items()})
                found = self.how.load(path, backend=after)
        with use_backend(after):
            model, optimizer = self._made()
            model.load_state_dict(_part(found, "model/"))
            optimizer.load_state_dict(memory | {"tensors": _part(found, "memory/")})
            return self._state(*self._trained(model, optimizer, AFTER))

    def _made(self) -> tuple[Sequential, SGD | Adam]:
        draws = Generator(self.seed)
        model = Sequential(Linear(3, 4, generator=draws), Tanh(), Linear(4, 2, generator=draws))
        return model, OPTIMIZERS[self.optimizer](model.parameters())

    def _trained(self, model: Sequential, optimizer: SGD | Adam, steps: int) -> tuple[Sequential, SGD | Adam]:
        samples, targets = from_plain(self.samples), from_plain(self.targets)
        for _ in range(steps):
            optimizer.zero_grad()
            model(samples).mse_loss(targets).backward()
            optimizer.step()
        return model, optimizer

    def _state(self, model: Sequential, optimizer: SGD | Adam) -> Mapping[str, Outcome]:
        named = model.state_dict() | {f"memory {name}": t for name, t in optimizer.state_dict()["tensors"].items()}
        return {name: Outcome(t.shape, t.dtype, t.tobytes()) for name, t in named.items()}


def _part(state: Mapping[str, RamTensor], prefix: str) -> dict[str, RamTensor]:
    return {name.removeprefix(prefix): t for name, t in state.items() if name.startswith(prefix)}


def _trainings(seed: int, level: Level) -> Iterator[Case]:
    rng = Random(f"rcmlrs conformance {seed} {NAME} {TRAINING}")
    pairs = [*zip(OPTIMIZERS, FORMATS.values(), strict=True)]
    if level.reaches("standard"):
        pairs = [(optimizer, how) for optimizer in OPTIMIZERS for how in FORMATS.values()]
    for optimizer, how in pairs:
        yield Resumed(optimizer, how, rng.getrandbits(32), ordinary(rng, (3, 3)), ordinary(rng, (3, 2)))


def _families(level: Level) -> dict[str, Cases]:
    return {family: _files(family) for family in FORMATS} | {TRAINING: _trainings}


def subjects() -> Iterator[Subject]:
    """The one subject."""
    yield Subject(NAME, _families, lambda backend: CORE)
