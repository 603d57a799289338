"""Calls of operations as strategies of Hypothesis, and the smallest of them that is wrong.

Elements come from a small pool: numbers where functions have their edges and worst cases, dyadic numbers of a few bits,
any bits. Each element of an operand is one of the pool, the number next to it, or its negative, so that sums cancel and
ties arise.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, assume, find, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.ops.calls import Call, Floats, Ints
from rcmlrs_core.ops.op import Composition, Elementwise, Operation, Reduction
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray, Shape

from ..bits import SIGN
from ..corpus import read
from .elements import EDGES, ONE, dyadic
from .generators import LONGEST_SQUARE, attribute_samples
from .trial import Trial, array_of, size

Draw = Callable[[st.SearchStrategy[Any]], Any]
Words = st.SearchStrategy[int]

MOST_DRAWN = 12
"""Elements of an operand that are drawn one by one; of more, so many are, and come again and again."""

LARGEST_POOL = 6

SIMPLE = (0, ONE, ONE | SIGN, 0x40000000, SIGN, 0x40400000)

WORD = st.integers(0, (1 << 32) - 1)
INT = st.one_of(st.integers(-3, 3), st.sampled_from([(1 << 31) - 1, -(1 << 31), (1 << 24) + 1]), WORD).map(
    lambda value: value % (1 << 32)
)
BIT = st.booleans()
ELEMENT = st.sampled_from(
    [(i, sign, step) for step in (0, 0, 0, 0, 0, 0, 1, -1) for sign in (0, SIGN) for i in range(LARGEST_POOL)]
)
"""Which of the pool, whether its negative, and how many words beside it."""

LENGTH = st.one_of(st.integers(0, 5), st.sampled_from([7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65]))
LENGTHS = st.lists(st.integers(0, 4), max_size=3)
SMALL = st.integers(0, 3)
POOL_SIZE = st.sampled_from((1, 2, LARGEST_POOL))


class Provider(HypothesisProvider):
    """Hypothesis without the constants that it finds in whatever modules are loaded: a seed means the same draws."""

    def _maybe_draw_constant(self, *arguments: Any, **more: Any) -> None:
        return None


AVAILABLE_PROVIDERS["rcmlrs"] = f"{__name__}.Provider"


def smallest(
    strategy: st.SearchStrategy[Trial], wrong: Callable[[Trial], bool], name: str, examples: int
) -> Trial | None:
    """The smallest call that is wrong, of those that the name stands for; None if none of so many is."""
    quiet = settings(
        backend="rcmlrs",
        database=None,
        deadline=None,
        max_examples=examples,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    seen: list[Trial] = []

    def condition(trial: Trial) -> bool:
        found = wrong(trial)
        seen.extend([trial] if found else [])
        return found

    try:
        return find(strategy, condition, settings=quiet, random=Random(name))
    except NoSuchExample:
        return None
    except Flaky:  # wrong once and right the next time
        return seen[0]


def trials(operation: Operation, family: str) -> st.SearchStrategy[Trial]:
    """Calls of an operation, by its form or by the calls that its file lists."""
    # Strategies are made here or above, once: Hypothesis looks at each new one for long.
    words = _words(operation)
    calls = st.sampled_from(operation.calls) if operation.calls else st.nothing()
    attributes = st.sampled_from(attribute_samples(operation))
    takes = getattr(operation, "takes", (FLOAT32,))
    others = [dtype for dtype in takes if dtype != FLOAT32]
    dtypes = st.sampled_from([FLOAT32] * 3 * (FLOAT32 in takes) + others)  # there is more to get wrong in float32

    @st.composite
    def trial(draw: Draw) -> Trial:
        given: dict[str, Any]
        if operation.calls:
            operands, given = _of_call(draw, words, draw(calls))
        elif isinstance(operation, Reduction):
            operands, given = _of_row(draw, words, operation, draw(dtypes))
            given |= draw(attributes)
        else:
            assert isinstance(operation, Elementwise)
            operands, given = _of_elements(draw, words, operation, draw(dtypes)), draw(attributes)
        if not isinstance(operation, Composition):
            try:
                operation.check(*operands, **given)
            except RcmlrsError:
                assume(False)
        return Trial(operation, family, operands, given)

    return trial()


def _words(operation: Operation) -> Words:
    """Of a pool: simple ones first, as what is shrunk comes to these."""
    few_bits = st.builds(dyadic, st.integers(-9, 9), st.integers(-30, 30))
    worst = [case.input for case in read().get(operation.name, [])]
    found = [st.sampled_from(SIMPLE), st.sampled_from(EDGES), few_bits, st.sampled_from(SIMPLE)]
    return st.one_of(*found, *([st.sampled_from(worst)] if worst else []), WORD)


def _of_call(draw: Draw, words: Words, call: Call) -> tuple[tuple[PlainArray, ...], dict[str, Any]]:
    """Operands as a call of the operation's file asks for."""
    pool = _pool(draw, words)
    operands = []
    for data in call.operands:
        if isinstance(data, Floats):
            operands.append(_array(draw, pool, data.shape, FLOAT32))
        elif isinstance(data, Ints):
            values = [data.low + draw(WORD) % (data.high - data.low) for _ in range(size(data.shape))]
            operands.append(PlainArray.of(values, data.shape, INT32))
        else:
            operands.append(_array(draw, pool, data.shape, BOOL))
    return tuple(operands), dict(call.attributes)


def _of_elements(draw: Draw, words: Words, operation: Elementwise, dtype: str) -> tuple[PlainArray, ...]:
    """Operands that broadcast."""
    arity = operation.arity or 1 + draw(SMALL)
    shape, pool = _shape(draw), _pool(draw, words)
    return tuple(_array(draw, pool, _broadcastable(draw, shape), dtype) for _ in range(arity))


def _of_row(
    draw: Draw, words: Words, operation: Reduction, dtype: str
) -> tuple[tuple[PlainArray, ...], dict[str, Any]]:
    """One operand, and the axis of its rows."""
    shape = _shape(draw)
    assume(shape)
    axis = draw(SMALL) % len(shape)
    assume(not (operation.squares and shape[axis] > LONGEST_SQUARE))
    more = {"keepdims": draw(BIT)} if operation.keeps else {}
    return (_array(draw, _pool(draw, words), shape, dtype),), {"axis": axis} | more


def _shape(draw: Draw) -> Shape:
    """One axis of any length, or a few short ones."""
    return tuple(draw(LENGTHS)) if draw(BIT) else (draw(LENGTH),)


def _broadcastable(draw: Draw, shape: Shape) -> Shape:
    """The shape, or one that broadcasts with it: without some leading axes, with ones among the others."""
    if draw(SMALL):
        return shape
    start = draw(SMALL)
    return tuple(1 if draw(BIT) else length for length in shape[start:])


def _pool(draw: Draw, words: Words) -> list[int]:
    return [draw(words) for _ in range(draw(POOL_SIZE))]


def _array(draw: Draw, pool: list[int], shape: Shape, dtype: str) -> PlainArray:
    """Elements of the pool, or next to them, or their negatives; of another type, integers or bits."""
    count = size(shape)
    drawn = []
    for _ in range(min(count, MOST_DRAWN)):
        if dtype == FLOAT32:
            i, sign, step = draw(ELEMENT)
            drawn.append(((pool[i % len(pool)] + step) ^ sign) % (1 << 32))
        else:
            drawn.append(draw(INT if dtype == INT32 else BIT))
    return array_of([drawn[i % len(drawn)] for i in range(count)], shape, dtype)
