"""Whole trainings: layers, losses, autograd, optimizers (a backend's fused kernels among them) and draws, together.

A small one is compared with the same training on the definitions, tensor by tensor, after every step; a large one with
digests that the definitions have made before. A family is a model.
"""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rcmlrs_core.io.state import state_digest
from rcmlrs_core.registry import Backend, get_backend, use_backend

from ..examine import BITS, Examiner, Finding
from ..judge.definition import DEFINITION, Outcome, outcomes
from ..status import CORE
from ..subjects import Case, Cases, Level, Subject
from ..trainings import LARGE, LIBRARY, SMALL, TRAININGS, Size, Tensors, Training, states
from ..trainings.stored import SEED, right_digests

NAME = "trainings"

CLAUSE = "N5"
"""Whatever is no operation is a composition of them; that a single operation is wrong, their own subjects show."""

SMALL_STEPS = 2
LARGE_STEPS = {"standard": 10, "deep": 50}


@dataclass(frozen=True)
class _Run:
    """A training of so many steps."""

    training: Training
    size: Size
    steps: int
    seed: int

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with it, at the first step that is wrong."""
        try:
            got = self.states(examiner.backend)
        except Exception as error:
            return examiner.same({}, error, self.what, CLAUSE, self.inputs(examiner, self.steps))
        return self.judged(examiner, got)

    def judged(self, examiner: Examiner, got: list[Tensors]) -> Finding | None:
        """What is wrong with the state after each step."""
        for step, (right, found) in enumerate(zip(self.states(examiner.reference), got, strict=True), 1):
            finding = self.same(examiner, step, right, found)
            if finding:
                return finding
        return None

    def states(self, backend: Backend) -> list[Tensors]:
        """The state after every step on a backend."""
        with use_backend(backend):
            return states(self.training, self.size, self.steps, self.seed)

    def same(self, examiner: Examiner, step: int, right: Tensors, found: Tensors) -> Finding | None:
        """What is wrong after one step."""
        inputs = self.inputs(examiner, step)
        return examiner.same(_named(right), _named(found), f"{self.what}, step {step}", CLAUSE, inputs)

    @property
    def what(self) -> str:
        """Which training it is."""
        return f"{self.training.name}, {self.size.name}"

    def inputs(self, examiner: Examiner, step: int) -> tuple[str, ...]:
        """What the training is, and how the operation is found that is wrong first."""
        against = examiner.reference.name
        if self.size is LARGE and examiner.reference is DEFINITION:
            against = "python"  # which has the bits of the definitions here, and is quick
        words = ["rcmlrs", "bisect", examiner.backend.name, against, "--training", self.training.name]
        words += ["--size", self.size.name] if self.size is not SMALL else []
        words += ["--steps", str(step)] + (["--seed", str(self.seed)] if self.seed else [])
        return (self.training.about, "the operation that is wrong first is found by", f"    {shlex.join(words)}")


class _Stored(_Run):
    """One of which the digests are stored."""

    def judged(self, examiner: Examiner, got: list[Tensors]) -> Finding | None:
        """What is wrong with the state after each step: by its digest, and by its bits where that differs."""
        if examiner.reference is not DEFINITION:
            return super().judged(examiner, got)
        for step, (right, found) in enumerate(zip(right_digests(self.training.name), got, strict=False), 1):
            if state_digest(found) != right:
                return self._explained(examiner, step, right, found)
            examiner.compared += sum(tensor.size for tensor in found.values())
            examiner.saw(*_named(found).values())
        return None

    def _explained(self, examiner: Examiner, step: int, right: str, found: Tensors) -> Finding | None:
        """The bits are those of the python backend, if that has the right digest."""
        state = self.states(get_backend("python"))[step - 1]
        if state_digest(state) == right:
            return self.same(examiner, step, state, found)
        sentence = f"{self.what}, step {step}: the digest of all tensors is {state_digest(found)}, wanted {right}"
        return Finding(BITS, sentence, inputs=self.inputs(examiner, step), clause=CLAUSE)


def _named(state: Tensors) -> dict[str, Outcome]:
    return {name: outcomes(tensor)[0] for name, tensor in state.items()}


def _cases(training: Training) -> Cases:
    def cases(seed: int, level: Level) -> Iterator[Case]:
        yield _Run(training, SMALL, SMALL_STEPS, seed)
        if level.reaches("standard"):
            yield _Stored(training, LARGE, level.of(LARGE_STEPS), SEED)

    return cases


def _families(level: Level) -> dict[str, Cases]:
    return {name: _cases(training) for name, training in TRAININGS.items()}


def _library(kind: str) -> Callable[[Level], dict[str, Cases]]:
    def families(level: Level) -> dict[str, Cases]:
        if not level.reaches("standard"):
            return {}
        return {name: _cases_of_library(training) for name, training in LIBRARY[kind].items()}

    return families


def _cases_of_library(training: Training) -> Cases:
    return lambda seed, level: iter([_Run(training, SMALL, SMALL_STEPS, seed)])


def subjects() -> Iterator[Subject]:
    """Models; and from ``standard`` on everything in the library, kind by kind."""
    yield Subject(NAME, _families, lambda backend: CORE)
    for kind in LIBRARY:
        yield Subject(kind, _library(kind), lambda backend: CORE)
