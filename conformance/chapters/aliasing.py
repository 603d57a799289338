"""Results that share memory with their operands: what is done to the one must not show in the other.

A kernel may return a view. A tensor changes only by what its user does with it (``replace_``, ``x[i] = v``, a step of
an optimizer), and then no other tensor does: not one that it was made of, none that was made of it, no view of either.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import from_plain
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.ops.op import Composition, Elementwise, Operation, Reduction
from rcmlrs_core.optim import SGD, Adam
from rcmlrs_core.plain import FLOAT32, Shape
from rcmlrs_core.tensor import RamTensor

from ..examine import Examiner
from ..inputs.samples import operand, small
from ..inputs.trial import Trial
from ..judge.definition import outcomes
from ..subjects import Case, Cases, Level
from .relations import Differs, Relation

ALIASING = "aliasing"
"""The family, of every operation."""


def _replaced(x: RamTensor, other: RamTensor) -> None:
    x.replace_(other)


def _set(x: RamTensor, other: RamTensor) -> None:
    """Some elements first, and then all."""
    if x.shape and x.shape[0]:
        x[0] = other[0]
    x[...] = other


def _scaled(x: RamTensor, other: RamTensor) -> None:
    if x.size:
        x.min_max_()


def _stepped(optimizer: Callable[[list[RamTensor]], SGD | Adam]) -> Callable[[RamTensor, RamTensor], None]:
    def step(x: RamTensor, other: RamTensor) -> None:
        x.requires_grad_()
        made = optimizer([x])
        for _ in range(2):  # the second has something to remember
            x.grad = other
            made.step()
        x.grad = None
        x.requires_grad_(False)

    return step


Update = Callable[[RamTensor, RamTensor], None]

ANY: dict[str, Update] = {"replace_": _replaced, "x[i] = v": _set, "min_max_": _scaled}
STEPS: dict[str, Update] = {
    "a step of SGD": _stepped(lambda parameters: SGD(parameters, lr=0.5, momentum=0.5)),
    "a step of Adam": _stepped(lambda parameters: Adam(parameters, lr=0.5)),
}
"""What a user can do that changes a tensor."""


@dataclass(frozen=True, eq=False)
class Shared(Relation):
    """An operand changes, and the result does not; the result changes, and no operand does; likewise views of both."""

    update: str
    other: int
    """Draws what the tensor changes to."""
    kind = "a tensor that changes with another one"

    def hold(self, examiner: Examiner) -> None:
        """Both directions."""
        rng = Random(self.other)
        operands = [*map(from_plain, self.trial.operands)]
        result = FUNCTIONS[self.trial.operation.name](*operands, **self.trial.attributes)
        results = list(result) if isinstance(result, tuple) else [result]
        tensors = {f"operand {i}": x for i, x in enumerate(operands)}
        tensors |= {f"result {i}" if len(results) > 1 else "the result": y for i, y in enumerate(results)}
        tensors |= {f"a view of {name}": _view_of(x) for name, x in tensors.items()}
        before = {name: outcomes(x) for name, x in tensors.items()}
        examiner.saw(*outcomes(result))
        for changed in list(tensors):
            x = tensors[changed]
            with no_grad():
                (ANY | STEPS)[self.update if x.dtype == FLOAT32 else "replace_"](x, _other(rng, x.shape, x.dtype))
            before[changed] = outcomes(x)
            for name, y in tensors.items():
                self.same(examiner, f"{name}, after {self.update} has changed {changed},", before[name], outcomes(y))
        for name, x in tensors.items():
            if not x.memoryview().readonly:
                raise Differs(self.finding(self.kind, f"the memoryview of {name} can be written to"))


def _view_of(x: RamTensor) -> RamTensor:
    """The same elements as one row, which a backend may leave where they lie."""
    return x.reshape((x.size,))


def _other(rng: Random, shape: Shape, dtype: str) -> RamTensor:
    return from_plain(operand(rng, shape, dtype))


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """One; at the smoke level only of what returns a view, or may."""
    moves = not isinstance(operation, Elementwise | Reduction)
    if not level.reaches("standard") and (
        not moves or (isinstance(operation, Composition) and operation.data == "few")
    ):
        return {}
    return {ALIASING: lambda seed, level: _cases(operation, seed, level)}


def _cases(operation: Operation, seed: int, level: Level) -> Iterator[Case]:
    rng = Random(f"rcmlrs conformance {seed} {operation.name} {ALIASING}")
    found: list[Trial] = list(small(rng, operation))
    if not level.reaches("standard"):
        found = found[:1]
    for trial in found:
        takes = any(x.dtype == FLOAT32 for x in trial.operands)
        updates = [*ANY, *STEPS] if takes else ["replace_"]
        if takes and not level.reaches("standard"):
            updates = [rng.choice([*ANY]), rng.choice([*STEPS])]
        for update in updates:
            yield Shared(trial, update, rng.getrandbits(32))
