"""Randomness (N8): element i of a draw is a function of seed, stream and i, whoever draws, how many, and after what.

That each draw has the bits of its formula is a matter of the subjects of ``fused``; here it is what has no formula:
values known from elsewhere, generators that count, masks, and threads that draw at the same time.
"""

from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from random import Random
from threading import Barrier, Thread

from rcmlrs_core import random
from rcmlrs_core.creation import from_plain
from rcmlrs_core.plain import INT32, PlainArray
from rcmlrs_core.registry import use_backend
from rcmlrs_core.tensor import RamTensor

from ..examine import BITS, Examiner, Finding
from ..judge import known_draws
from ..status import CORE
from ..subjects import Case, Cases, Level, Subject
from .fused import Agreement

NAME = "randomness"

CLAUSE = "N8"

Drawn = dict[str, RamTensor]


def _ints(values: list[int]) -> RamTensor:
    return from_plain(PlainArray.of(values, (len(values),), INT32))


# --------------------------------------------------------------------------------------------- known from elsewhere

KNOWN: dict[str, Callable[[int, int], RamTensor]] = {
    "uniform": lambda seed, stream: random.uniform(known_draws.COUNT, seed=seed, stream=stream),
    "uniform in an interval": lambda seed, stream: random.uniform(
        known_draws.COUNT, *known_draws.INTERVAL, seed=seed, stream=stream
    ),
    "normal": lambda seed, stream: random.normal(known_draws.COUNT, seed=seed, stream=stream),
    "bernoulli": lambda seed, stream: random.bernoulli(known_draws.COUNT, known_draws.CHANCE, seed=seed, stream=stream),
    "integers": lambda seed, stream: random.randint(
        known_draws.RANGE[0], known_draws.RANGE[1], known_draws.COUNT, seed=seed, stream=stream
    ),
    "permutation": lambda seed, stream: _ints(random.permutation(known_draws.COUNT, seed=seed, stream=stream)),
}
"""The draws of ``judge.known_draws``, as a user makes them."""


@dataclass(frozen=True)
class KnownDraw:
    """A draw whose digest was worked out without the core."""

    name: str
    place: int

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with it, if anything is."""
        seed, stream = known_draws.PLACES[self.place]
        with use_backend(examiner.backend):
            raw = KNOWN[self.name](seed, stream).tobytes()
        examiner.compared += known_draws.COUNT
        digest = sha256(raw).hexdigest()
        examiner.saw_words(digest)
        want = known_draws.DIGESTS[self.name, self.place]
        if digest == want:
            return None
        inputs = (f"{self.name} of {known_draws.COUNT} elements", f"seed {seed}, stream {stream}")
        return Finding(BITS, f"the digest is {digest}; that of mpmath's is {want}", inputs=inputs, clause=CLAUSE)


@dataclass(frozen=True)
class KnownAnswer:
    """A vector of the authors of Philox; where a draw can reach its counter, the backend's draw too."""

    counter: known_draws.Words
    key: known_draws.Words

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with it, if anything is."""
        want = known_draws.KNOWN_ANSWERS[self.counter, self.key]
        c0, c1, c2, c3 = self.counter
        found = random.philox((c0, c1, c2, c3), (self.key[0], self.key[1]))
        if c0 == c1 == 0:
            with use_backend(examiner.backend):
                first = random.randint(
                    -(1 << 31), 1 << 31, (), seed=self.key[1] << 32 | self.key[0], stream=c3 << 32 | c2
                )
                found = (int(first.item()) + (1 << 31), *found[1:])
        examiner.compared += len(want)
        examiner.saw_words(repr(found))
        if found == want:
            return None
        told = " ".join(f"{word:08x}" for word in found)
        sentence = f"counter {self.counter}, key {self.key} give {told}; wanted {' '.join(f'{w:08x}' for w in want)}"
        return Finding(BITS, sentence, clause=CLAUSE)


def known(seed: int, level: Level) -> Iterator[Case]:
    """Vectors of Random123, and digests of whole draws."""
    for counter, key in known_draws.KNOWN_ANSWERS:
        yield KnownAnswer(counter, key)
    for name, place in known_draws.DIGESTS:
        yield KnownDraw(name, place)


# ------------------------------------------------------------------------------------------------- whoever draws


def _whatever_else(seed: int, stream: int, n: int, between: int) -> Drawn:
    """The same numbers, drawn alone, among more, in other shapes, and again after other draws."""
    found = {
        "a draw": random.normal(n, seed=seed, stream=stream),
        "a longer one": random.normal((2, n + 5), seed=seed, stream=stream),
        "one of its own shape": random.normal((n, 1), seed=seed, stream=stream).reshape(n),
    }
    random.uniform(between, seed=seed, stream=stream)
    random.bernoulli(between, seed=seed, stream=stream ^ 1)
    random.permutation(between, seed=seed, stream=stream)
    return found | {
        "the same after others": random.normal(n, seed=seed, stream=stream),
        "the uniform ones": random.uniform(n, seed=seed, stream=stream),
    }


def independence(seed: int, level: Level) -> Iterator[Case]:
    """An element depends on nothing but its seed, stream and index."""
    rng = Random(f"rcmlrs conformance {seed} {NAME} independence")
    for n in (1, 33, 200, *(() if not level.reaches("standard") else (1025, 5000))):
        place = rng.getrandbits(64), rng.getrandbits(64)
        compute = partial(_whatever_else, *place, n, rng.randint(1, 50))
        yield Agreement(compute, "the numbers of one place", CLAUSE, ("seed {}, stream {}".format(*place), f"n = {n}"))


# ------------------------------------------------------------------------------------------------ generators

Step = Callable[[random.Generator], RamTensor]

STEPS: dict[str, Step] = {
    "uniform": lambda g: g.uniform((3, 2)),
    "uniform from -1 to 2": lambda g: g.uniform(5, -1, 2),
    "normal": lambda g: g.normal((2, 3)),
    "normal about 1": lambda g: g.normal(5, 1, 0.1),
    "bernoulli": lambda g: g.bernoulli(9, 0.4),
    "randint": lambda g: g.randint(-5, 5, 9),
    "permutation": lambda g: _ints(g.permutation(9)),
    "shuffle": lambda g: g.shuffle(_ints(list(range(7)))),
}

DEFAULTS: dict[str, Callable[[], RamTensor]] = {
    "uniform": lambda: random.uniform((3, 2)),
    "normal": lambda: random.normal(5),
    "bernoulli": lambda: random.bernoulli(9, 0.4),
    "randint": lambda: random.randint(-5, 5, 9),
    "permutation": lambda: _ints(random.permutation(9)),
    "shuffle": lambda: random.shuffle(_ints(list(range(7)))),
}


def _state(generator: random.Generator) -> RamTensor:
    """Where it stands, as four words of 16 bits each of the seed and the stream."""
    return _ints([number >> 16 * i & 0xFFFF for number in (generator.seed, generator.stream) for i in range(4)])


def _generated(seed: int, stream: int, names: tuple[str, ...]) -> Drawn:
    generator = random.Generator(seed, stream)
    found = {f"{i}: {name}": STEPS[name](generator) for i, name in enumerate(names)}
    return found | {"where it stands": _state(generator)}


def _resumed(seed: int, stream: int, names: tuple[str, ...]) -> Drawn:
    """As :func:`_generated`, with a new generator for each draw, which takes up where the last one stood."""
    found, generator = {}, random.Generator(seed, stream)
    for i, name in enumerate(names):
        generator = random.Generator(generator.seed, generator.stream)
        found[f"{i}: {name}"] = STEPS[name](generator)
    return found | {"where it stands": _state(generator)}


def _by_default(seed: int, names: tuple[str, ...]) -> Drawn:
    """The default generator's draws, twice from the same beginning; the caller's default generator stays as it is."""
    with random.draws_again(0, 0):
        found: Drawn = {}
        for time in ("first", "again"):
            random.manual_seed(seed)
            found |= {f"{time}, {i}: {name}": DEFAULTS[name]() for i, name in enumerate(names)}
        return found | {"where it stands": _state(random.default_generator())}


def generators(seed: int, level: Level) -> Iterator[Case]:
    """Generators that count streams, also over the end; saved and taken up; and the default one."""
    rng = Random(f"rcmlrs conformance {seed} {NAME} generators")
    for i in range(4 * level.rounds):
        place = rng.getrandbits(64), (random.FIRST_STREAM, (1 << 64) - 2, (1 << 32) - 1, rng.getrandbits(64))[i % 4]
        names = tuple(rng.sample(list(STEPS), len(STEPS)))
        inputs = ("Generator({}, {})".format(*place), "draws: " + ", ".join(names))
        yield Agreement(partial(_generated, *place, names), "a generator", CLAUSE, inputs)
        yield Agreement(partial(_resumed, *place, names), "a generator that is taken up", CLAUSE, inputs)
        names = tuple(rng.choices(list(DEFAULTS), k=8))
        inputs = (f"manual_seed({place[0]})", "draws: " + ", ".join(names))
        yield Agreement(partial(_by_default, place[0], names), "the default generator", CLAUSE, inputs)


# ---------------------------------------------------------------------------------------------------- masks


def _masked(seed: int, stream: int, rate: float, n: int) -> Drawn:
    """Inverted dropout as N8 defines its mask: an element is kept where its uniform number is not below the rate."""
    u = random.uniform(n, seed=seed, stream=stream)
    x = random.normal(n, seed=seed, stream=stream ^ 1)
    mask = u >= rate
    return {
        "the mask": mask,
        "what is dropped": random.bernoulli(n, rate, seed=seed, stream=stream),
        "what is left": mask.where(x / (1 - rate), 0.0 * x),
    }


def masks(seed: int, level: Level) -> Iterator[Case]:
    """Dropout masks, with rates that are a binary32 number and rates that are not."""
    rng = Random(f"rcmlrs conformance {seed} {NAME} masks")
    for rate in (0.0, 0.5, 0.1, 0.9, 2.0**-24, 1 - 2.0**-24, *(rng.getrandbits(30) * 2.0**-30 for _ in range(4))):
        place = rng.getrandbits(64), rng.getrandbits(64)
        inputs = (f"rate {rate!r}", "seed {}, stream {}".format(*place))
        yield Agreement(partial(_masked, *place, rate, max(50, level.elements)), "a mask", CLAUSE, inputs)


# -------------------------------------------------------------------------------------------------- threads


def _at_once(places: tuple[tuple[int, int], ...], n: int) -> Drawn:
    """Draws of as many threads as there are places, which begin together."""
    together = Barrier(len(places))
    found: list[dict[str, RamTensor] | Exception] = [{} for _ in places]

    def work(i: int) -> None:
        try:
            generator = random.Generator(*places[i])
            together.wait()
            found[i] = {f"thread {i}, {name}": step(generator) for name, step in STEPS.items()}
            found[i] |= {f"thread {i}, many": generator.normal(n)}  # type: ignore[operator]
        except Exception as error:
            found[i] = error

    threads = [Thread(target=copy_context().run, args=(work, i)) for i in range(len(places))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drawn: Drawn = {}
    for part in found:
        if isinstance(part, Exception):
            raise part
        drawn |= part
    return drawn


def threads(seed: int, level: Level) -> Iterator[Case]:
    """Threads that draw at the same time, each with a generator of its own."""
    rng = Random(f"rcmlrs conformance {seed} {NAME} threads")
    for count in (2, *((4, 7) if level.reaches("standard") else ())):
        places = tuple((rng.getrandbits(64), rng.getrandbits(64)) for _ in range(count))
        yield Agreement(partial(_at_once, places, 10 * level.elements), f"{count} threads", CLAUSE)


FAMILIES: dict[str, Cases] = {
    "known": known,
    "independence": independence,
    "generators": generators,
    "masks": masks,
    "threads": threads,
}


def subjects() -> Iterator[Subject]:
    """The one subject."""
    yield Subject(NAME, lambda level: FAMILIES, lambda backend: CORE)
