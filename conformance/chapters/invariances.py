"""What changes no bit of a result: the batch, the order of a sum, the threads, the layout of memory, and repetition.

The backend is compared with itself, so the operands may be large enough for its blocks and threads to come into play.
A whole may be too large for the definitions; a piece of it that is computed alone is small, and other families
compare calls of that size with the definitions.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

from rcmlrs_core.creation import from_plain
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.ops.calls import Call, Ints, call, product
from rcmlrs_core.ops.op import Composition, Elementwise, Operation, Reduction
from rcmlrs_core.plain import FLOAT32, PlainArray, offsets, strides_of
from rcmlrs_core.registry import UnsupportedOperationError, current_backend, use_backend
from rcmlrs_core.tensor import RamTensor, wrap

from ..examine import Examiner
from ..inputs import rows
from ..inputs.generators import accepted
from ..inputs.generators import filled as filled_rows
from ..inputs.samples import filled, large, of_rows, of_shape, small
from ..inputs.trial import Trial, array_of, size
from ..judge.definition import Outcomes, outcomes
from ..subjects import Case, Cases, Level
from .relations import LAYER, Cut, Load, Relation, along, results_of, results_on, taken, taken_of

BATCHES, PIECES, THREADS, REPEATS, LAYOUTS = "batches", "pieces", "threads", "repeats", "layouts"
"""The families."""


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """Those that mean something for the operation."""
    found: dict[str, Cases] = {}
    if isinstance(operation, Elementwise | Reduction) or operation.name in CUT:
        found[BATCHES] = _family(operation, BATCHES, _batches)
    if operation.name in (*SUMMED, *ORDERLESS):
        found[PIECES] = _family(operation, PIECES, _pieces)
    if isinstance(operation, Composition) and not level.reaches("standard"):
        return found  # the others are tried of its operations
    found[THREADS] = _family(operation, THREADS, _threads)
    found[REPEATS] = _family(operation, REPEATS, _repeats)
    found[LAYOUTS] = _family(operation, LAYOUTS, _layouts)
    return found


def _family(operation: Operation, name: str, make: Callable[[Random, Operation, Level], Iterator[Case]]) -> Cases:
    def cases(seed: int, level: Level) -> Iterator[Case]:
        return make(Random(f"rcmlrs conformance {seed} {operation.name} {name}"), operation, level)

    return cases


ROUNDS = {"smoke": 1, "standard": 2, "deep": 12}
"""How often a family draws its calls."""


# --------------------------------------------------------------------------------------------------- batches


ROWS = Cut((0,), 0)
SAMPLES = (ROWS, Cut((1,), 1))
"""Of a pool: neither the samples nor the channels know of each other."""
PAIRS = Cut((0, 0), 0)
OF_ELEMENTS = (
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "log_cosh_loss",
    "mae_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
)
"""Losses of a prediction and its target."""
OF_LABELS = ("cross_entropy", "multi_margin_loss", "nll_loss")
"""Losses of a row of scores and its label."""

CUT: dict[str, tuple[Cut, ...]] = {
    "matmul": (Cut((0, None), 0), Cut((None, 1), 1)),
    "linear": LAYER,
    "conv": LAYER,
    **{f"conv{n}d": (Cut((0, None, None), 0),) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": (Cut((0, None, None), 0),) for n in (1, 2, 3)},
    **{f"{kind}_pool{n}d": SAMPLES for kind in ("avg", "max", "adaptive_avg", "adaptive_max") for n in (1, 2, 3)},
    "quantile": (ROWS,),
    "vecdot": (PAIRS,),
    "outer": (Cut((0, None), 0), Cut((None, 0), 1)),
    "astype": (ROWS,),
    "where": (Cut((0, 0, 0), 0),),
    "clip": (ROWS,),
    "isclose": (PAIRS,),
    "logsigmoid": (ROWS,),
    "logsigmoid_derivative": (ROWS,),
    "softplus_derivative": (ROWS,),
    "searchsorted": (Cut((None, 0), 0),),
    "scatter_add": (Cut((1, 1, 1), 1),),
    "segment_sum": (Cut((1, None), 1),),
    "cumulative_sum": (ROWS,),
    "cumulative_prod": (ROWS,),
    **dict.fromkeys((*OF_LABELS, *OF_ELEMENTS, "cosine_similarity"), (PAIRS,)),
    "cosine_embedding_loss": (Cut((0, 0, 0), 0),),
    "diff": (ROWS,),
    "topk": (ROWS,),
    "min_max": (ROWS,),
    "z_score": (ROWS,),
    "take": (Cut((None, 0), 0),),
    "one_hot": (ROWS,),
}
"""Where a function of one element or of a row, of which its form says this, does not."""

IN_BATCHES: dict[str, Call] = {
    "avg_pool1d": call((3, 4, 9), kernel=3),
    "avg_pool2d": call((3, 4, 5, 6), kernel=2),
    "avg_pool3d": call((3, 2, 4, 3, 4), kernel=2),
    "max_pool1d": call((3, 4, 9), kernel=3),
    "max_pool2d": call((3, 4, 5, 6), kernel=2),
    "max_pool3d": call((3, 2, 4, 3, 4), kernel=2),
    "adaptive_avg_pool1d": call((3, 4, 9), output=4),
    "adaptive_avg_pool2d": call((3, 4, 5, 6), output=3),
    "adaptive_avg_pool3d": call((3, 2, 4, 3, 4), output=3),
    "adaptive_max_pool1d": call((3, 4, 9), output=4),
    "adaptive_max_pool2d": call((3, 4, 5, 6), output=3),
    "adaptive_max_pool3d": call((3, 2, 4, 3, 4), output=3),
    "conv1d": call((5, 4, 20), (6, 4, 3), (6,), padding=1),
    "conv2d": call((5, 4, 7, 6), (6, 4, 3, 3), (6,), padding=1),
    "conv3d": call((3, 2, 4, 5, 3), (3, 2, 2, 3, 2), (3,)),
    "conv_transpose1d": call((5, 4, 9), (4, 3, 3), (3,), stride=2),
    "conv_transpose2d": call((5, 4, 4, 3), (4, 3, 3, 2), (3,), stride=2),
    "conv_transpose3d": call((3, 2, 3, 2, 3), (2, 3, 2, 3, 2), (3,), stride=2),
    "outer": call((37,), (19,)),
    "astype": call((300,), dtype="float32"),
    "clip": call((300,), min=-0.5, max=0.5),
    "isclose": call((300,), (300,), rtol=0.5),
    "logsigmoid": call((37,)),
    "logsigmoid_derivative": call((37,)),
    "softplus_derivative": call((37,)),
    "searchsorted": call((1,), (300,)),
    "cumulative_sum": call((5, 33), axis=1),
    "cumulative_prod": call((5, 33), axis=1),
    **{name: call((9, 7), Ints((9,), 0, 7), reduction="none") for name in OF_LABELS},
    **{name: call((37,), (37,), reduction="none") for name in OF_ELEMENTS},
    "cosine_similarity": call((9, 7), (9, 7)),
    "cosine_embedding_loss": call((9, 7), (9, 7), (9,), reduction="none"),
    "diff": call((5, 33)),
    "topk": call((5, 33), k=4),
    "min_max": call((5, 33), axis=1),
    "z_score": call((5, 33), axis=1),
    "take": call((9, 7), Ints((70,), 0, 9)),
    "one_hot": call(Ints((70,), 0, 9), classes=9),
}
"""Calls that have a batch, where the usual large one has none."""


@dataclass(frozen=True, eq=False)
class Batch(Relation):
    """A batch that is cut in pieces, or whose rows change places, gives the pieces of the result, or changes it so."""

    cut: Cut
    pieces: tuple[range | list[int], ...]
    kind = "a result that depends on the batch"

    def hold(self, examiner: Examiner) -> None:
        """The whole first; then each piece."""
        whole = results_of(self.trial)
        examiner.saw(*whole)
        for piece in self.pieces:
            operands = along(self.trial.operands, self.cut.operands, partial(taken, places=piece))
            part = Trial(self.trial.operation, BATCHES, operands, self.trial.attributes)
            want = tuple(taken_of(x, self.cut.result, piece) for x in whole)
            told = (
                f"rows {piece.start} to {piece.stop - 1}" if isinstance(piece, range) else "the rows in another order"
            )
            self.same(
                examiner,
                f"the result of {told} alone, of {whole[0].shape[self.cut.result]},",
                want,
                results_of(part),
            )


def _batches(rng: Random, operation: Operation, level: Level) -> Iterator[Case]:
    for _ in range(level.of(ROUNDS)):
        for trial, cut in _cuttable(rng, operation, level):
            axis, x = next((a, x) for a, x in zip(cut.operands, trial.operands, strict=False) if a is not None)
            n = x.shape[axis]
            yield Batch(trial, cut, tuple(_pieces_of(rng, n)))


def _cuttable(rng: Random, operation: Operation, level: Level) -> Iterator[tuple[Trial, Cut]]:
    if operation.name in CUT:
        how = IN_BATCHES.get(operation.name)
        trial = filled(rng, operation, how) if how else large(rng, operation, level)
        assert trial is not None
        yield from ((trial, cut) for cut in CUT[operation.name])
    elif isinstance(operation, Elementwise):
        trial = large(rng, operation, level)
        assert trial is not None
        yield trial, Cut((0,) * len(trial.operands), 0)
    elif isinstance(operation, Reduction):
        n = 70 if level.reaches("standard") else 9
        yield of_rows(rng, operation, (n, 33), -1), ROWS
        if not operation.squares:
            yield of_rows(rng, operation, (33, n), 0), Cut((1,), 1 if operation.maps else 0)


def _pieces_of(rng: Random, n: int) -> Iterator[range | list[int]]:
    """One row, some at an odd place, the rest; and all of them in another order."""
    first = rng.randrange(n)
    yield range(first, first + 1)
    middle = rng.randrange(1, n) if n > 1 else 1
    yield range(middle)
    yield range(middle, n)
    yield rng.sample(range(n), n)


# ---------------------------------------------------------------------------------------------------- pieces

SUMMED: dict[str, tuple[tuple[int, ...], Callable[[int], Call]]] = {
    "matmul": ((1, 0), lambda k: product((3, k), (k, 2))),
    "linear": ((1, 1), lambda k: call((3, k), (2, k), (2,))),
    "conv": ((1, 1), lambda k: call((2, k, 3), (2, k, 2), (2,))),
    "dot": ((0, 0), lambda k: call((k,), (k,))),
    "vecdot": ((1, 1), lambda k: call((2, k), (2, k))),
    "sum": ((1,), lambda k: call((2, k), axis=1)),
    "segment_sum": ((0, 0), lambda k: call((k, 2), Ints((k,), 0, 2), num_segments=2)),
}
"""Sums of terms that stand along these axes of the operands: their order is free, and terms of zero are nothing."""

ORDERLESS = ("mean", "var", "std", "norm", "logsumexp", "prod", "max", "min", "median", "softmax", "log_softmax")
"""Functions of a row in which its order is free."""

LENGTHS = {"smoke": (70,), "standard": (9, 70, 257), "deep": (3, 9, 31, 70, 257, 1025)}
DATA = ("cancellation", "mixed", "ties", "gaussian", "bf16", "large_integers")
"""Rows in which the order of a sum that is not exact shows."""


@dataclass(frozen=True, eq=False)
class Reordered(Relation):
    """The terms of a sum in another order, and with terms of zero among them: the same sum."""

    axes: tuple[int, ...]
    others: tuple[tuple[str, list[int]], ...]
    """What is done to the terms, in words, and the places that they come from; -1 is a term of zero."""
    follows: bool = False
    """Whether the result has an element for each term, which moves with it."""
    kind = "a sum that depends on its order"

    def hold(self, examiner: Examiner) -> None:
        """The sum first; then each of the others."""
        whole = results_of(self.trial)
        examiner.saw(*whole)
        for what, places in self.others:
            operands = along(self.trial.operands, self.axes, partial(_with_zeros, places=places))
            other = Trial(self.trial.operation, PIECES, operands, self.trial.attributes)
            want: Outcomes = whole
            if self.follows:
                want = tuple(taken_of(x, self.axes[0], places) for x in whole)
            self.same(examiner, f"the result with {what}", want, results_of(other))


def _with_zeros(x: PlainArray, axis: int, places: list[int]) -> PlainArray:
    """The elements at these places; -1 is a zero, as a last place that is added here."""
    if -1 not in places:
        return taken(x, axis, places)
    n = x.shape[axis]
    step = size(x.shape[axis + 1 :]) * x.values.itemsize
    raw = x.values.tobytes()
    row = n * step
    longer = b"".join(raw[start : start + row] + bytes(step) for start in range(0, len(raw), row))
    shape = (*x.shape[:axis], n + 1, *x.shape[axis + 1 :])
    return taken(PlainArray.frombytes(longer, shape, x.dtype), axis, [n if place == -1 else place for place in places])


def _pieces(rng: Random, operation: Operation, level: Level) -> Iterator[Case]:
    for k in level.of(LENGTHS):
        for data in DATA[: 2 if level.name == "smoke" else len(DATA)]:
            for _ in range(level.of(ROUNDS) // 2 or 1):
                yield _reordered(rng, operation, k, data)


def _reordered(rng: Random, operation: Operation, k: int, data: str) -> Case:
    every = list(range(k))
    others = [("its terms in another order", rng.sample(every, k)), ("its terms backwards", every[::-1])]
    if operation.name not in SUMMED:
        assert isinstance(operation, Reduction)
        x = filled_rows(rng, rows.FAMILIES[data if operation.clause == "N3.1" else "gaussian"], (2, k))
        trial = Trial(operation, PIECES, (x,), accepted(rng, operation, x, {"axis": 1}))
        return Reordered(trial, (1,), tuple(others), follows=operation.maps)
    axes, how = SUMMED[operation.name]
    trial = filled(rng, operation, how(k))
    operands = list(trial.operands)
    for i, axis in enumerate(axes):
        if operands[i].dtype == FLOAT32:
            family = rows.FAMILIES[data] if i == 0 else rows.BESIDE.get(data, rows.FAMILIES[data])
            operands[i] = filled_rows(rng, family, operands[i].shape, axis)
    few, many = rng.randint(1, 7), rng.randint(8, 70)
    inside = [place for i in every for place in ([-1, i] if rng.getrandbits(2) == 0 else [i])]
    others += [
        (f"{few} zeros before its terms", [-1] * few + every),
        ("zeros among its terms", inside),
        (f"{many} zeros behind its terms", every + [-1] * many),
    ]
    return Reordered(Trial(operation, PIECES, tuple(operands), trial.attributes), axes, tuple(others))


# --------------------------------------------------------------------------------------------------- threads

COUNTS = {"smoke": (1, 2), "standard": (1, 2, 3, 7), "deep": (1, 2, 3, 5, 7, 16)}


@dataclass(frozen=True, eq=False)
class Threads(Relation):
    """A call with one thread, with several, and from several threads of Python at once.

    A backend that does not say how its threads are set (``rcmlrs_threads``) runs with those that it has.
    """

    counts: tuple[int, ...]
    kind = "a result that depends on threads"

    def hold(self, examiner: Examiner) -> None:
        """Whatever the number of threads was, it is that again afterwards."""
        backend = examiner.backend
        want = results_of(self.trial)
        examiner.saw(*want)
        former = None if backend.set_threads is None else backend.set_threads(self.counts[0])
        if former is not None and backend.set_threads is not None:
            try:
                for count in self.counts:
                    backend.set_threads(count)
                    threads = f"{count} thread{'s' * (count != 1)}"
                    self.same(examiner, f"the result with {threads}", want, results_of(self.trial))
            finally:
                backend.set_threads(former)
        for got in self.at_once(examiner, max(self.counts)):
            if isinstance(got, Exception):
                raise got
            self.same(examiner, f"the result of one of {max(self.counts)} calls at once", want, got)

    def at_once(self, examiner: Examiner, count: int) -> list[Outcomes | Exception]:
        """The results of calls that start together."""
        gate = threading.Barrier(count)
        results: list[Outcomes | Exception] = []

        def run() -> None:
            try:
                with use_backend(examiner.backend):
                    gate.wait()
                    results.append(results_of(self.trial))
            except Exception as error:
                results.append(error)

        threads = [threading.Thread(target=run) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


def _threads(rng: Random, operation: Operation, level: Level) -> Iterator[Case]:
    for _ in range(level.of(ROUNDS)):
        trial = large(rng, operation, level)
        if trial is not None:
            yield Threads(trial, level.of(COUNTS))


# --------------------------------------------------------------------------------------------------- repeats

TIMES = {"smoke": 4, "standard": 20, "deep": 20}


@dataclass(frozen=True, eq=False)
class Repeated(Relation):
    """The same call again and again, on the same operands and on new ones, with another call in between.

    The results are looked at when all of them are there, so that none may lie where another one is.
    """

    other: Trial
    times: int
    kind = "a result that changes from call to call"

    def hold(self, examiner: Examiner) -> None:
        """The first ones are what the others should be."""
        name = self.trial.operation.name
        pairs = [[*map(from_plain, trial.operands)] for trial in (self.trial, self.other)]
        function = FUNCTIONS[name]
        first, second = results_of(self.trial), results_of(self.other)
        examiner.saw(*first, *second)
        found = []
        for i in range(self.times):
            if i == self.times // 2:
                pairs = [[*map(from_plain, trial.operands)] for trial in (self.trial, self.other)]
            found += [
                function(*tensors, **trial.attributes)
                for tensors, trial in zip(pairs, (self.trial, self.other), strict=True)
            ]
        for i, result in enumerate(found):
            want = second if i % 2 else first
            self.same(examiner, f"the result of call {i // 2 + 2}", want, outcomes(result))


def _repeats(rng: Random, operation: Operation, level: Level) -> Iterator[Case]:
    for _ in range(level.of(ROUNDS)):
        for trial, other in zip(small(rng, operation), small(rng, operation), strict=True):
            yield Repeated(trial, Trial(operation, REPEATS, other.operands, trial.attributes), level.of(TIMES))
            if not level.reaches("standard"):
                break


# --------------------------------------------------------------------------------------------------- layouts


def turned(x: PlainArray) -> RamTensor:
    """The transposition of what was loaded in the reverse order of its axes."""
    axes = tuple(reversed(range(len(x.shape))))
    strides = strides_of(x.shape)
    raw = [x.values[i] for i in offsets(tuple(reversed(x.shape)), tuple(reversed(strides)))]
    return from_plain(PlainArray.of(raw, tuple(reversed(x.shape)), x.dtype)).transpose(axes=axes)


def cut_out(x: PlainArray) -> RamTensor:
    """A part of something larger: one element further on each axis."""
    larger = tuple(n + 3 for n in x.shape)
    inside = offsets(x.shape, strides_of(larger), sum(strides_of(larger)))
    return from_plain(_among(x, larger, inside))[tuple(slice(1, n + 1) for n in x.shape)]


def spaced(x: PlainArray) -> RamTensor:
    """Every second element of each axis."""
    larger = tuple(2 * n for n in x.shape)
    inside = offsets(x.shape, [2 * stride for stride in strides_of(larger)])
    return from_plain(_among(x, larger, inside))[tuple(slice(None, None, 2) for _ in x.shape)]


def backwards(x: PlainArray) -> RamTensor:
    """Turned round twice: once by hand, and once by the backend."""
    return from_plain(PlainArray(x.values[::-1], x.shape)).flip(axis=None)


def repeated(x: PlainArray) -> RamTensor:
    """The first row, broadcast; the operand is one of equal rows."""
    first = taken(x, 0, range(1)) if x.shape else x
    return from_plain(first).broadcast_to(x.shape)


def borrowed(x: PlainArray) -> RamTensor:
    """Loaded from memory that begins at an odd address."""
    raw, backend = x.values.tobytes(), current_backend()
    start = 1 + len(raw) // x.values.itemsize % 15
    memory = memoryview(bytearray(start) + raw)[start:]
    return wrap(backend.storage.load(memory, x.shape, x.dtype), x.shape, x.dtype, backend)


def joined(x: PlainArray) -> RamTensor:
    """Put together of its first row and the others."""
    if not x.shape or x.shape[0] < 2:
        return from_plain(x)
    first, others = taken(x, 0, range(1)), taken(x, 0, range(1, x.shape[0]))
    return from_plain(first).concat(from_plain(others), axis=0)


def _among(x: PlainArray, shape: tuple[int, ...], places: list[int]) -> PlainArray:
    """The elements at these places of a larger array; what lies elsewhere is something else."""
    elsewhere = 0x7E967699 if x.dtype == FLOAT32 else 1
    whole = array_of([elsewhere] * size(shape), shape, x.dtype)
    for place, value in zip(places, x.values, strict=True):
        whole.values[place] = value
    return whole


LAID: tuple[Load, ...] = (turned, cut_out, spaced, backwards, borrowed, joined)
"""Ways in which the same elements may lie elsewhere."""


@dataclass(frozen=True, eq=False)
class Layout(Relation):
    """A call on operands that are results of other kernels: what counts is the elements, and not where they lie."""

    ways: tuple[Load, ...]
    kind = "a result that depends on where the operands lie"

    def hold(self, examiner: Examiner) -> None:
        """On fresh operands first; then on others of the same elements."""
        want = results_of(self.trial)
        examiner.saw(*want)
        for way in self.ways:
            self.compare(examiner, self.trial, way, f"every operand {way.__name__.replace('_', ' ')}", want)
        spread = tuple(_of_equal_rows(x) for x in self.trial.operands)
        if all(x.dtype == FLOAT32 for x in spread):  # indices must stay indices of their axis
            trial = Trial(self.trial.operation, LAYOUTS, spread, self.trial.attributes)
            self.compare(examiner, trial, repeated, "every operand a row that is broadcast", results_of(trial))

    def compare(self, examiner: Examiner, trial: Trial, way: Load, what: str, want: Outcomes) -> None:
        """One way; none, where it is the way and not the call that needs what the backend declares not to have."""
        try:
            tensors = [*map(way, trial.operands)]
        except UnsupportedOperationError:
            return
        self.same(examiner, f"the result with {what}", want, results_on(trial, tensors))


def _of_equal_rows(x: PlainArray) -> PlainArray:
    return taken(x, 0, [0] * x.shape[0]) if x.shape and x.shape[0] else x


def _layouts(rng: Random, operation: Operation, level: Level) -> Iterator[Case]:
    for _ in range(level.of(ROUNDS)):
        if isinstance(operation, Elementwise) and not operation.calls:
            yield Layout(of_shape(rng, operation, (5, 7)), LAID)
            continue
        most: list[Trial] = sorted(small(rng, operation), key=lambda trial: -max(len(x.shape) for x in trial.operands))
        yield from (Layout(trial, LAID) for trial in (most if level.reaches("standard") else most[:1]))
    if level.reaches("standard"):
        trial = large(rng, operation, level)
        if trial is not None:
            yield Layout(trial, LAID)
