"""The gradients of every operation that has one: on the backend, backward has the bits that it has by definition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from rcmlrs_core.creation import from_plain
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.ops.op import OF_ITS_OPERATIONS, Composition, Operation
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.transforms import vjp

from ..examine import BITS, Examiner, Finding
from ..inputs.generators import cases as own_cases
from ..inputs.samples import ordinary, small
from ..inputs.trial import Trial
from ..report.words import input_lines, operand_names
from ..subjects import Case, Cases, Level

GRADIENTS = "gradients"
"""The family, of every operation that is differentiable."""

WRONG_GRADIENT = "a wrong gradient"
CLAUSE = "N7"

CALLS = {"smoke": (1, 1), "standard": (6, 3), "deep": (40, 40)}
"""How many of the operation's own cases are differentiated, and how many drawn calls."""


@dataclass(frozen=True, eq=False)
class Backward:
    """The gradient of one call. ``twice`` asks for the second derivative too; ``seed`` draws the cotangents."""

    trial: Trial
    seed: str
    twice: bool

    def examine(self, examiner: Examiner) -> Finding | None:
        """Which operand's gradient is wrong, if any is."""
        name = self.trial.operation.name
        finding = examiner.agree(self.compute, f"backward of {name}", CLAUSE, tuple(input_lines(self.trial)))
        if finding and finding.kind == BITS:
            finding = replace(finding, kind=WRONG_GRADIENT)
        return finding

    def compute(self) -> Mapping[str, RamTensor]:
        """The gradients on the current backend, by the names of the operands."""
        tensors = [from_plain(x) for x in self.trial.operands]
        names = operand_names(self.trial)
        places = [i for i, x in enumerate(tensors) if x.dtype == FLOAT32]
        inputs = [tensors[i] for i in places]
        rng = Random(self.seed)

        def parts(*given: RamTensor) -> tuple[RamTensor, ...]:
            operands = tensors[:]
            for i, x in zip(places, given, strict=True):
                operands[i] = x
            result = FUNCTIONS[self.trial.operation.name](*operands, **self.trial.attributes)
            results = result if isinstance(result, tuple) else (result,)
            return tuple(part for part in results if part.dtype == FLOAT32)

        values, pull = vjp(parts, *inputs)
        cotangents = [from_plain(ordinary(rng, value.shape)) for value in values]
        found = {f"the gradient of {names[i]}": gradient for i, gradient in zip(places, pull(*cotangents), strict=True)}
        if self.twice:
            seconds = vjp(lambda *given: vjp(parts, *given)[1](*cotangents), *inputs)
            directions = [from_plain(ordinary(rng, value.shape)) for value in seconds[0]]
            for i, gradient in zip(places, seconds[1](*directions), strict=True):
                found[f"the second derivative by {names[i]}"] = gradient
        return found


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """One, if the operation has a gradient and operands for it."""
    if not (callable(operation.gradient) or operation.gradient is OF_ITS_OPERATIONS):
        return {}
    return {GRADIENTS: lambda seed, level: _cases(operation, seed, level)}


def _cases(operation: Operation, seed: int, level: Level) -> Iterator[Case]:
    family = f"rcmlrs conformance {seed} {operation.name} {GRADIENTS}"
    rng = Random(family)
    stated, drawn = level.of(CALLS)
    if isinstance(operation, Composition) and not level.reaches("standard"):
        stated = 0  # the gradients of its operations are tried beside it
    twice = level.reaches("deep")
    found = [t for t in own_cases(operation) if _takes_gradient(t)][:stated]
    while drawn > 0:
        some = [t for t in small(rng, operation) if _takes_gradient(t)][:drawn]
        if not some:
            break
        found += some
        drawn -= len(some)
    for number, trial in enumerate(found):
        yield Backward(trial, f"{family} {number}", twice)


def _takes_gradient(trial: Trial) -> bool:
    return any(x.dtype == FLOAT32 for x in trial.operands)
