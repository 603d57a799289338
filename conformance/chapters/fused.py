"""The compositions that a backend may replace by one kernel (N5), each a subject: its kernel against the composition.

A backend that has a kernel owes the bits that the composition has on the definitions; where it has none, the
composition itself is tried on the backend's operations. All goes through what a user calls, an optimizer or a draw.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from random import Random
from typing import Any

from rcmlrs_core import random
from rcmlrs_core.creation import from_plain
from rcmlrs_core.fused import FUSED
from rcmlrs_core.optim import SGD, Adam, Optimizer
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape
from rcmlrs_core.registry import DERIVED, OWN, Backend
from rcmlrs_core.tensor import RamTensor

from ..bits import INFINITY, SIGN, floats, raw_bytes, show, words
from ..examine import Compute, Examiner, Finding
from ..inputs import elements
from ..inputs.trial import size
from ..status import COMPOSITION
from ..subjects import Case, Cases, Level, Subject


@dataclass(frozen=True)
class Agreement:
    """Tensors that the backend makes as the definitions do."""

    compute: Compute
    what: str
    clause: str
    inputs: tuple[str, ...] = ()

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with them, if anything is."""
        return examiner.agree(self.compute, self.what, self.clause, self.inputs)


# --------------------------------------------------------------------------------------------------- updates


@dataclass(frozen=True)
class Update:
    """An optimizer's step of one parameter. ``samples`` are settings, each of which tries lines that may fall away."""

    make: Callable[..., Optimizer]
    samples: tuple[dict[str, Any], ...]
    remembered: tuple[str, ...]


UPDATES = {
    "adam_update": Update(
        Adam,
        (
            {},
            {"weight_decay": 0.1},
            {"lr": 0.0, "betas": (0, 0.5), "eps": 0},
            {"weight_decay": 1e-60, "lr": 3},  # a decay that is not 0, and as a binary32 number is
        ),
        ("m", "v"),
    ),
    "sgd_update": Update(
        SGD,
        tuple(
            {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay, "lr": 0.1}
            for momentum, nesterov, decay in product((0, 0.9, 1e-60), (False, True), (0, 0.01, 1e-60))
            if momentum or not nesterov
        ),
        ("b",),
    ),
}

STEPS = (2, 3, 1000)
"""The numbers of later steps: what is divided by depends on them."""


def _updated(
    update: Update, options: Mapping[str, Any], step: int, numbers: tuple[PlainArray, ...]
) -> dict[str, RamTensor]:
    """What a step leaves of a parameter, of what is remembered, and of the gradient, which no kernel may change."""
    p, g, *remembered = map(from_plain, numbers)
    parameter = p.detach().requires_grad_()
    parameter.grad = g
    optimizer = update.make([parameter], **options)
    optimizer.step_count = step - 1
    if step > 1 and (update is not UPDATES["sgd_update"] or options["momentum"]):
        optimizer.state[0] = dict(zip(update.remembered, remembered, strict=True))
    optimizer.step()
    after = {"the parameter": parameter.detach()} | optimizer.state[0]
    before = {"the parameter of before": p, "the gradient": g}
    return after | before | {f"{name} of before": x for name, x in zip(update.remembered, remembered, strict=True)}


@dataclass(frozen=True)
class _Step(Agreement):
    """A step from ``numbers``: the parameter, the gradient and what is remembered."""

    names: tuple[str, ...] = ()
    numbers: tuple[PlainArray, ...] = ()

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with it, if anything is, and the numbers that it began with there."""
        finding = super().examine(examiner)
        if finding is None or not finding.wrong:
            return finding
        at = finding.wrong[0]
        begun = [words(raw_bytes(x), FLOAT32)[at] for x in self.numbers]
        told = (f"{name} = {show(word)}" for name, word in zip(self.names, begun, strict=True))
        return replace(finding, inputs=(*finding.inputs, *told))


def _step(name: str, options: Mapping[str, Any], step: int, columns: elements.Columns, shape: Shape) -> Case:
    update = UPDATES[name]
    given = ", ".join(f"{key}={value}" for key, value in options.items())
    numbers = tuple(floats(column, shape) for column in columns)
    inputs = (f"{update.make.__name__}({given}), step {step}, of shape {shape}",)
    compute = partial(_updated, update, options, step, numbers)
    return _Step(compute, name, "N5", inputs, ("p", "g", *update.remembered), numbers)


HARD = (0, SIGN, INFINITY, INFINITY | SIGN, 0x7FC00000, 1, 1 | SIGN, 0x00800000, 0x3F800000, 0xFF7FFFFF)
"""Both zeros and infinities, NaN, the smallest numbers, 1, and the largest with a minus."""


def _edges(rng: Random, count: int, arity: int) -> elements.Columns:
    """All pairs of a parameter and a gradient that are hard, with anything remembered; then any edges."""
    tuples = [(p, g, *rng.choices(elements.EDGES, k=arity - 2)) for p, g in product(HARD, HARD)]
    return elements.columns(tuples + list(zip(*elements.edges(rng, count, arity), strict=True)), arity)


FAMILIES = elements.FAMILIES | {"edges": _edges}


def _of_elements(name: str, label: str, family: elements.Family) -> Cases:
    """Elements of one family, with every setting: the first step, and a later one from any state."""
    update = UPDATES[name]

    def cases(seed: int, level: Level) -> Iterator[Case]:
        rng = Random(f"rcmlrs conformance {seed} {name} {label}")
        few = 4 if label == "edges" else 2
        samples = update.samples if level.reaches("standard") else rng.sample(update.samples, few)
        for options in samples:
            for step in (1, rng.choice(STEPS)):
                columns = family(rng, max(level.elements // (2 * len(samples)), 4), 2 + len(update.remembered))
                short = [column[: max(level.elements, 100)] for column in columns]
                yield _step(name, options, step, short, (len(short[0]),))

    return cases


def _of_shapes(name: str) -> Cases:
    """Every length up to some ends of blocks, and other shapes."""
    update = UPDATES[name]

    def cases(seed: int, level: Level) -> Iterator[Case]:
        rng = Random(f"rcmlrs conformance {seed} {name} shapes")
        shapes: list[Shape] = [(), (2, 0), (2, 3), *((n,) for n in level.lengths)]
        for shape in shapes:
            columns = elements.exponents(rng, size(shape), 2 + len(update.remembered))
            yield _step(name, rng.choice(update.samples), rng.choice((1, *STEPS)), columns, shape)

    return cases


def _of_update(name: str, level: Level) -> dict[str, Cases]:
    found = {label: _of_elements(name, label, family) for label, family in FAMILIES.items()}
    return found | {"shapes": _of_shapes(name)}


# ----------------------------------------------------------------------------------------------------- draws

ENDS = (0, 1, (1 << 32) - 1, 1 << 32, (1 << 63) + 5, (1 << 64) - 1)
"""Seeds and streams at which a word ends."""

INTERVALS = (
    (-1, 1),
    (-0.03125, 0.0625),
    (0.1, 0.1),
    (0, -1),
    (0, 2.0**-149),
    (-1e-45, 1e-45),
    (2.0**-1074, 2.0**-1070),
    (-3.4e38, 3.4e38),
    (1, 1 + 2.0**-23),
    (10**400, 2 * 10**400),
)
SPREADS = ((0, 1), (0, 0.02), (1, 0.1), (-3, 0), (0, 2.0**-149), (1e38, 1e38), (1 << 24, 0.3))
CHANCES = (0.5, 0, 1, 0.1, 2.0**-24, 1 - 2.0**-24, 1e-300)
RANGES = ((-(1 << 31), 1 << 31), (0, 2), (-3, 14), (0, 1), ((1 << 31) - 1, 1 << 31), (-(1 << 31), 0), (0, 3 << 29))

ATTRIBUTES: dict[str, tuple[tuple[Any, ...], ...]] = {
    "random_uniform": ((), *INTERVALS),
    "random_normal": ((), *SPREADS),
    "random_bernoulli": tuple((chance,) for chance in CHANCES),
    "random_integers": RANGES,
    "random_permutation": ((),),
}

LONG = (1023, 1024, 1025, 32767, 32769, 70001)
"""Ends of blocks, beside those of the levels' lengths."""

ON_THE_EDGE = {
    0: (0, 33008474),
    (1 << 24) - 1: (0, 1205178),
    (1 << 23) - 1: (0, 7751033),
    1 << 23: (0, 12125520),
    7628356: (0, 7536905),
    9148859: (0, 9184996),
}
"""Seed and stream of draws by the top 24 bits of their first word: both ends, the middle, and the two of all 2^24 whose
normal numbers lie so close to a midpoint that a bound of 64 units of binary64 does not decide."""


EQUAL_FIRST_WORDS = (0, 96180)
"""Seed and stream of a draw in which elements 135 and 463 have the same first word, 0xbacd8ae6, and the later one comes
before the other by its second."""


def _drawn(name: str, shape: Shape, attributes: tuple[Any, ...], seed: int, stream: int) -> dict[str, RamTensor]:
    if name == "random_permutation":
        order = random.permutation(shape[0], seed=seed, stream=stream)
        line = from_plain(PlainArray.of(range(shape[0]), shape, "int32"))
        return {
            "the order": from_plain(PlainArray.of(order, shape, "int32")),
            "what is shuffled": random.shuffle(line, seed=seed, stream=stream),
        }
    if name == "random_integers":
        low, high = attributes
        return {"the draw": random.randint(low, high, shape, seed=seed, stream=stream)}
    draw = getattr(random, name.removeprefix("random_"))
    return {"the draw": draw(shape, *attributes, seed=seed, stream=stream)}


def _draw(name: str, shape: Shape, attributes: tuple[Any, ...], seed: int, stream: int) -> Case:
    told = f"{name.removeprefix('random_')} of shape {shape}, {attributes}" if attributes else f"shape {shape}"
    inputs = (told, f"seed {seed}, stream {stream}")
    return Agreement(partial(_drawn, name, shape, attributes, seed, stream), name, "N8", inputs)


def _of_draw(name: str, level: Level) -> dict[str, Cases]:
    samples = ATTRIBUTES[name]
    one_axis = name == "random_permutation"

    def seeds(seed: int, level: Level) -> Iterator[Case]:
        """Every end of seed and stream, and any others."""
        rng = Random(f"rcmlrs conformance {seed} {name} seeds")
        places = [*product(ENDS, ENDS), *((rng.getrandbits(64), rng.getrandbits(64)) for _ in range(level.elements))]
        for place in places:
            yield _draw(name, (7,), rng.choice(samples), *place)

    def shapes(seed: int, level: Level) -> Iterator[Case]:
        """Every length up to some ends of blocks, and other shapes."""
        rng = Random(f"rcmlrs conformance {seed} {name} shapes")
        shapes: list[Shape] = [(n,) for n in (*level.lengths, *LONG[: 3 if not level.reaches("standard") else None])]
        for shape in shapes + ([] if one_axis else [(), (2, 0, 3), (2, 3), (3, 1, 2, 2)]):
            yield _draw(name, shape, samples[0], rng.getrandbits(64), rng.getrandbits(64))

    def attributes(seed: int, level: Level) -> Iterator[Case]:
        """All intervals, spreads, chances, ranges, with enough elements that each of them is hard for some."""
        rng = Random(f"rcmlrs conformance {seed} {name} attributes")
        for sample in samples:
            yield _draw(name, (max(400, level.elements),), sample, rng.getrandbits(64), rng.getrandbits(64))

    def edges(seed: int, level: Level) -> Iterator[Case]:
        """The ends, the middle, and the normal numbers next to a midpoint; of permutations, equal first words."""
        for place in (EQUAL_FIRST_WORDS,) if one_axis else ON_THE_EDGE.values():
            yield _draw(name, (500 if one_axis else 2,), (), *place)

    found: dict[str, Cases] = {"seeds": seeds, "shapes": shapes}
    found |= {} if one_axis else {"attributes": attributes}
    return found | ({"edges": edges} if () in samples else {})


def subjects() -> Iterator[Subject]:
    """One for each composition of ``rcmlrs_core.fused``."""
    for name in FUSED:
        yield Subject(name, partial(_of_update if name in UPDATES else _of_draw, name), partial(_origin, name))


def _origin(name: str, backend: Backend) -> str:
    if name not in backend.fused:
        return COMPOSITION
    return DERIVED if name in backend.fused_derived else OWN
