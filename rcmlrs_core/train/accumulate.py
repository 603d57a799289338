"""A large batch in pieces, with the bits of the large batch: gradient accumulation.

The gradient of a weight is one exact sum over all examples, rounded once (N3.1); sums over pieces that are rounded and
then added would have other bits. So no piece makes its own. Each goes through the model, forward and, once the loss of
the whole batch says what every prediction receives, backward; but where the way back comes to a tensor that all
examples share (a weight, or what is computed of weights alone), what the gradient's rule would be given is put aside.
When all pieces are through, the parts are laid one behind the other, and each rule is asked once, for all examples.

So what is held of the whole batch are the operands of those operations that weights take part in, and not every
result on the way. The price is a second run forward.

Which operand depends on the examples, and along which axis, is found by comparing the tapes of two and of three
examples; a model whose examples see each other (batch normalization in training) shows there, or where two neighbours
of different pieces are predicted alone, and is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rcmlrs_core.autograd import backward_from, enable_grad, gradients, join, no_grad, rule_of
from rcmlrs_core.errors import TrainingError
from rcmlrs_core.nn.module import Module
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import Shape
from rcmlrs_core.random import Generator, default_generator, draws_again, draws_in_part
from rcmlrs_core.tensor import Node, RamTensor
from rcmlrs_core.train.checks import the_tensor

FEWEST = 3
"""So many examples show along which axis a tensor has them."""

Parts = dict[int, list[tuple[RamTensor, ...]]]
"""By the place of an operation on the tape: for each piece what it receives, the operands that are not shared, and its
result, where its rule looks at that."""


class Accumulation:
    """The loss of a batch, ``value``, and its gradients, by ``backward``, in pieces of ``size`` examples.

    Both have the bits of ``value = loss(model(x), *targets); value.backward()``. Examples lie along the first axis of
    ``x``, and the loss sees the predictions of all of them. What is drawn on the way (dropout) is the same too: a piece
    takes its part of the draw for the whole batch.

    Raises:
        TrainingError: examples that see each other, tensors of the model that change in a run, another order of
            operations for other examples, a ``rc.checkpoint`` in the model.
    """

    def __init__(
        self, model: Module, loss: Callable[..., RamTensor], x: RamTensor, *targets: RamTensor, size: int
    ) -> None:
        if x.shape[0] < FEWEST:
            raise TrainingError(f"a batch of {x.shape[0]} is not cut into pieces; {FEWEST} examples are the fewest")
        self._x = x.detach()
        self._count = x.shape[0]
        self._runs = _Runs(model, self._x)
        with enable_grad():
            self._plan = _plan_of(self._runs, self._count)
        with no_grad():
            self._slices = [slice(i, min(i + size, self._count)) for i in range(0, self._count, size)]
            pieces = [self._runs.part(rows, self._plan.draws, self._count) for rows in self._slices]
            along = self._plan.steps[-1].result
            assert along is not None
            whole = pieces[0].concat(*pieces[1:], axis=along.axis)
            for rows in self._slices[1:]:  # two neighbours of different pieces, alone
                edge = slice(rows.start - 1, rows.start + 1)
                alone = self._runs.part(edge, self._plan.draws, self._count)
                if alone.tobytes() != along.part(whole, edge).tobytes():
                    raise TrainingError(f"{REFUSED}: a prediction depends on which others are beside it; {ADVICE}")
        self._axis = along
        self._predictions = whole.detach().requires_grad_()
        self.value = loss(self._predictions, *targets)
        """The loss, a tensor on the tape of the predictions."""

    def backward(self) -> None:
        """Add to ``.grad`` of the model's parameters, and of what else the loss depends on."""
        (received,) = gradients(self.value, [self._predictions], retain_graph=True)
        kept: Parts = {}
        tape: list[Node] = []
        for rows in self._slices:
            with enable_grad():
                output = self._runs.part(rows, self._plan.draws, self._count)
            tape = _tape(output)
            with no_grad():
                _back(tape, self._axis.part(received, rows), self._plan, kept)
        with no_grad():
            seeds = [seed for place, parts in kept.items() for seed in self._shares(tape[place], place, parts)]
        self._runs.finish()
        backward_from([(self.value, self.value.detach().full_like(1.0)), *seeds])

    def _shares(self, node: Node, place: int, parts: list[tuple[RamTensor, ...]]) -> list[tuple[RamTensor, RamTensor]]:
        """What the shared operands of an operation receive from all examples: the rule, asked once."""
        step = self._plan.steps[place]
        axes = [step.result, *(along for along in step.operands if along is not None)]
        axes += [step.result] * step.looks
        joined = iter([_laid(along, pieces) for along, pieces in zip(axes, zip(*parts, strict=True), strict=True)])
        total, seen = next(joined), node.seen()
        operands = tuple(x if along is None else next(joined) for x, along in zip(seen, step.operands, strict=True))
        result = next(joined, _NOTHING)
        attributes = {name: step.attribute(name, self._count) for name in node.attributes}
        received = rule_of(node.operation, total, result, operands, attributes)
        return [
            (x, share)
            for x, along, share in zip(operands, step.operands, received, strict=True)
            if along is None and x.requires_grad and share is not None
        ]


# ---------------------------------------------------------------------------------------------------- the plan


@dataclass(frozen=True)
class Along:
    """Where a tensor has the examples: ``each`` places of ``axis`` belong to one."""

    axis: int
    each: int

    def part(self, x: RamTensor, rows: slice) -> RamTensor:
        """The places of these examples."""
        return x[(*[slice(None)] * self.axis, slice(rows.start * self.each, rows.stop * self.each))]

    def whole(self, shape: Shape, count: int) -> Shape:
        """The shape for so many examples."""
        return (*shape[: self.axis], self.each * count, *shape[self.axis + 1 :])


@dataclass(frozen=True)
class Step:
    """An operation on the tape: of its result and its operands, where the examples are; None is shared by all."""

    operation: Operation
    result: Along | None
    operands: tuple[Along | None, ...]
    two: Mapping[str, Any]
    three: Mapping[str, Any]
    """The attributes for two and for three examples."""
    looks: bool
    """Whether the gradient's rule looks at the result."""
    seen: tuple[RamTensor, ...]
    """The operands for three examples."""

    def attribute(self, name: str, count: int) -> Any:
        """An attribute for so many examples: a shape, say, grows with their number."""
        return _grown(self.two[name], self.three[name], count, self.operation.name)


@dataclass(frozen=True)
class Plan:
    """The operations in the order of the tape, and where draws have the examples, by seed and stream."""

    steps: list[Step]
    draws: Mapping[tuple[int, int], Along]


def _plan_of(runs: "_Runs", count: int) -> Plan:
    """What three runs with few examples tell. Elements of a draw do not depend on how many there are (N8), so the
    first two of three examples draw what two examples draw."""
    state = runs.model.state_dict()
    draws_two, draws_three = _Draws(), _Draws()
    two = _tape(runs.noted(slice(0, 2), draws_two))
    three = _tape(runs.noted(slice(0, 3), draws_three))
    draws = {
        key: along
        for key, shape in draws_two.shapes.items()
        if (along := _along("a draw", shape, draws_three.shapes.get(key, ()))) is not None
    }
    if draws_two.permutations & set(draws):
        raise TrainingError(f"{REFUSED}: it draws a permutation of the examples; {ADVICE}")
    last = _tape(runs.part(slice(1, 3), draws, count))
    changed = [name for name, tensor in runs.model.named_tensors() if tensor._buffer is not state[name]._buffer]
    if changed:
        runs.model.load_state_dict(state)
        raise TrainingError(f"{REFUSED}: a run changes {', '.join(changed)}; {ADVICE}")
    if not len(two) == len(three) == len(last):
        raise TrainingError(f"{REFUSED}: other examples take other operations")
    if not two:
        raise TrainingError(f"{REFUSED}: its predictions depend on no parameter")
    places = {id(node): place for place, node in enumerate(three)}
    steps: list[Step] = []
    for a, b, c in zip(two, three, last, strict=True):
        name = b.operation.name
        if not a.operation is b.operation is c.operation:
            raise TrainingError(f"{REFUSED}: other examples take other operations, {a.operation.name} and {name}")
        operands = []
        for x, y, z in zip(a.operands, b.operands, c.operands, strict=True):
            if y._node is not None and id(y._node) in places:
                operands.append(steps[places[id(y._node)]].result)
            else:
                operands.append(_compared(f"an operand of {name}", x, y, z))
        result = _compared(f"the result of {name}", a.result(), b.result(), c.result())
        if result is None and any(along is not None for along in operands):
            raise TrainingError(f"{REFUSED}: {name} makes one result of several of them; {ADVICE}")
        if b.joint is not None and None in operands:
            raise TrainingError(f"{REFUSED}: {name} (rc.checkpoint, or a gradient of your own) hides what it shares")
        looks = None in operands and _looks(b)
        steps.append(Step(b.operation, result, tuple(operands), a.attributes, b.attributes, looks, b.operands))
    if steps[-1].result is None:
        raise TrainingError(f"{REFUSED}: its predictions do not depend on the examples")
    return Plan(steps, draws)


REFUSED = "a batch cannot be cut into pieces for this model"
ADVICE = (
    "examples that see each other, as in batch normalization, need the whole batch: leave out accumulate=, or use a "
    "layer that looks at one example, such as GroupNorm or LayerNorm"
)


class _Nothing:
    """What stands for a result that nobody looks at."""


_NOTHING: Any = _Nothing()


def _looks(node: Node) -> bool:
    """Whether the rule of an operation fails without its result: most do not look at it, and it need not be kept."""
    if node.joint is not None:
        return True
    try:
        rule_of(node.operation, node.result().detach(), _NOTHING, node.seen(), node.attributes)
    except Exception:  # whatever a rule does with something that is no tensor
        return True
    return False


def _compared(what: str, two: RamTensor, three: RamTensor, last: RamTensor) -> Along | None:
    """Where the examples are in a tensor of the runs with the first two, all three, and the last two."""
    if two is three is last:
        return None
    along = _along(what, two._shape, three._shape)
    first, rest = (three, three) if along is None else (along.part(three, slice(0, 2)), along.part(three, slice(1, 3)))
    if two.tobytes() != first.detach().tobytes() or last.tobytes() != rest.detach().tobytes():
        raise TrainingError(f"{REFUSED}: {what} depends on which others are beside an example; {ADVICE}")
    return along


def _along(what: str, two: Shape, three: Shape) -> Along | None:
    """The axis that has grown by half; None where none has changed."""
    if two == three:
        return None
    grown = [axis for axis, (a, b) in enumerate(zip(two, three, strict=False)) if a != b]
    if len(two) != len(three) or len(grown) != 1 or 3 * two[grown[0]] != 2 * three[grown[0]]:
        raise TrainingError(
            f"{REFUSED}: {what} has shape {two} for two and {three} for three, so that it cannot be cut; {ADVICE}"
        )
    return Along(grown[0], two[grown[0]] // 2)


def _grown(two: Any, three: Any, count: int, name: str) -> Any:
    """An attribute that grows evenly with the examples."""
    if two == three:
        return two
    if isinstance(two, tuple) and isinstance(three, tuple) and len(two) == len(three):
        return tuple(_grown(a, b, count, name) for a, b in zip(two, three, strict=True))
    if isinstance(two, int) and isinstance(three, int):
        return two + (three - two) * (count - 2)
    raise TrainingError(f"{REFUSED}: {name} has an attribute {two!r} for two and {three!r} for three; {ADVICE}")


# ---------------------------------------------------------------------------------------------------- the runs


@dataclass
class _Draws:
    """The shapes that were drawn, by seed and stream."""

    shapes: dict[tuple[int, int], Shape] = field(default_factory=dict)
    permutations: set[tuple[int, int]] = field(default_factory=set)

    def note(self, name: str, seed: int, stream: int, shape: Shape) -> None:
        """A draw is made."""
        if self.shapes.setdefault((seed, stream), shape) != shape:
            raise TrainingError(f"{REFUSED}: the stream {stream} of the seed {seed} is drawn in two shapes")
        if name == "random_permutation":
            self.permutations.add((seed, stream))


class _Runs:
    """The model, run again and again with parts of a batch, as if for the first time: with the same draws."""

    def __init__(self, model: Module, x: RamTensor) -> None:
        self.model = model
        self.x = x
        generator = default_generator()
        self.seed, self.stream = generator.seed, generator.stream
        self.after = self.stream
        own = (value for module in model.modules() for value in vars(module).values() if isinstance(value, Generator))
        self.generators = [(one, one.stream) for one in own]

    def noted(self, rows: slice, draws: _Draws) -> RamTensor:
        """The predictions for these examples alone."""

        def note(name: str, seed: int, stream: int, shape: Shape) -> None:
            draws.note(name, seed, stream, shape)

        return self._run(rows, note)

    def part(self, rows: slice, draws: Mapping[tuple[int, int], Along], count: int) -> RamTensor:
        """The predictions for these of ``count`` examples, with their part of what is drawn for all."""

        def part(
            name: str, seed: int, stream: int, shape: Shape
        ) -> tuple[Shape, Callable[[RamTensor], RamTensor]] | None:
            along = draws.get((seed, stream))
            return None if along is None else (along.whole(shape, count), lambda whole: along.part(whole, rows))

        return self._run(rows, part)

    def finish(self) -> None:
        """Leave the default generator where one run leaves it; the model's own are there already."""
        default_generator().stream = self.after

    def _run(self, rows: slice, part: Any) -> RamTensor:
        for generator, stream in self.generators:
            generator.stream = stream
        with draws_again(self.seed, self.stream), draws_in_part(part):
            output = self.model(self.x[rows.start : rows.stop])
            self.after = default_generator().stream
        return the_tensor(output)


# ------------------------------------------------------------------------------------------------------ the tape


def _tape(output: RamTensor) -> list[Node]:
    """The operations that a tensor depends on, in the order in which they ran."""
    found: dict[int, Node] = {}
    stack = [output._node]
    while stack:
        node = stack.pop()
        if node is not None and id(node) not in found:
            found[id(node)] = node
            stack += [operand._node for operand in node.operands]
    return sorted(found.values(), key=lambda node: (node.sequence, getattr(node, "index", 0)))


def _back(tape: list[Node], received: RamTensor, plan: Plan, kept: Parts) -> None:
    """Take a piece back to the shared tensors, and put aside what their gradients need."""
    if [node.operation for node in tape] != [step.operation for step in plan.steps]:
        raise TrainingError(f"{REFUSED}: other examples take other operations")
    places = {id(node): place for place, node in enumerate(tape)}
    pending: dict[int, list[RamTensor]] = {len(tape) - 1: [received]}

    def pass_on(x: RamTensor, share: RamTensor | None) -> None:
        if x._node is None or id(x._node) not in places or share is None:
            raise TrainingError(f"{REFUSED}: a gradient goes to a tensor that is made anew for every run")
        pending.setdefault(places[id(x._node)], []).append(share)

    for place in reversed(range(len(tape))):
        node, step = tape[place], plan.steps[place]
        if place not in pending:
            continue
        if node.joint is not None:
            group = [at for at, one in enumerate(tape) if one.joint is node.joint and at in pending]
            totals = {tape[at].index: join(pending.pop(at)) for at in group}  # type: ignore[attr-defined]
            for x, share in node.joint.contributions(totals):
                if x.requires_grad:
                    pass_on(x, share)
            continue
        total, seen = join(pending.pop(place)), node.seen()
        for x, y, along in zip(seen, step.seen, step.operands, strict=True):
            if along is None and x._node is None and x._buffer is not y._buffer and x.tobytes() != y.tobytes():
                raise TrainingError(
                    f"{REFUSED}: an operand of {node.operation.name} depends on which others are beside an example; "
                    f"{ADVICE}"
                )
        own = [x.detach() for x, along in zip(seen, step.operands, strict=True) if along is not None]
        if any(x.requires_grad and along is None for x, along in zip(seen, step.operands, strict=True)):
            looked_at = [node.result().detach()] if step.looks else []
            kept.setdefault(place, []).append((total, *own, *looked_at))
        # Without its requires_grad, a rule spends nothing on what is shared.
        given = tuple(x.detach() if along is None else x for x, along in zip(seen, step.operands, strict=True))
        if any(x.requires_grad for x in given):
            shares = rule_of(node.operation, total, node.result(), given, node.attributes)
            for x, share in zip(given, shares, strict=True):
                if x.requires_grad:
                    pass_on(x, share)


def _laid(along: Along | None, pieces: Sequence[RamTensor]) -> RamTensor:
    """The pieces, one behind the other."""
    assert along is not None
    return pieces[0].concat(*pieces[1:], axis=along.axis)
