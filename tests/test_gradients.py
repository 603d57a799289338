"""Every operation's gradient, and the gradient of that, against the definition; and the same bits on every backend.

How an operation is judged follows from its family, so a new one needs no entry here:

* elementwise with an exact formula: central differences of that formula in 256 bits, with steps of 2^-60 (2^-40 for
  second derivatives). Their own error is below 2^-75 of the value, nothing beside binary32.
* elementwise without rounding, which is piecewise linear: differences of the definition, which are exact.
* reductions: central differences of the binary64 formula with steps of 2^-17. They err by about 2^-34 from the terms
  that are left out and by 2^-53/2^-17 = 2^-36 from rounding, far below the tolerance.
* moves, other operations and compositions, at small integers: where they are linear in each element, the differences
  f(x + 1) - f(x - 1) are exact, and so is everything else.

What does not fit its family has an entry in ``FORMULAS``, ``ROWS`` or ``REFERENCES``. The tolerance is 2^-19 of the
larger of 1 and the gradient's largest element: a gradient is a composition of up to a dozen operations on numbers of
about that size, each rounded to 2^-24. For the gradient of a gradient it is 2^-17.
"""

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from math import inf, nan
from typing import Any

import mpmath
import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core.autograd import gradients
from rcmlrs_core.creation import from_plain
from rcmlrs_core.numerics import rows
from rcmlrs_core.numerics.reals import reals
from rcmlrs_core.numerics.rows import Row
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import OF_ITS_OPERATIONS, Case, Elementwise, NoGradient, Operation, Reduction
from rcmlrs_core.plain import FLOAT32, PlainArray
from tests.installed import BACKENDS

FIRST, SECOND = 2.0**-19, 2.0**-17

high = mpmath.mp.clone()
high.prec = 256

FORMULAS: dict[str, Callable[..., Any]] = {"powf": high.power}
"""Where the exact formula takes no exponent between binary64 numbers."""

ROWS: dict[str, Callable[..., Any]] = {"median": lambda values: [statistics.median(values)]}
"""Reductions without a binary64 formula."""

MATRIX = np.array([[0.5, -1.25, 2.0], [0.125, 3.5, -0.75]])
OTHER = np.array([[0.25, -1.5, 1.0], [2.125, 3.0, -2.75]])
BETWEEN = MATRIX + 0.0625
"""Neither integers, nor halves of them, nor multiples of those in ``OTHER``."""
LABELS = np.array([2, 0], "int32")


SHARES = np.array([[0.25, 0.5, 0.125], [0.75, 0.0625, 0.375]])
"""Probabilities of several kinds."""
WEIGHTS = np.array([0.5, 2.0, 1.25])
SIDES = np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]])


def added(losses: Any, reduction: str) -> Any:
    """The mean or the sum of losses, or all of them."""
    return {"mean": np.mean, "sum": np.sum, "none": lambda each: each}[reduction](losses)


def cross_entropy(
    logits: Any, labels: Any, weight: Any = 1.0, *, label_smoothing: float = 0.0, reduction: str = "mean"
) -> Any:
    """In binary64."""
    each = logits - np.log(np.exp(logits).sum(1))[:, None]
    p, shares = labels, np.ones(len(labels))
    if labels.ndim == 1:
        p = np.eye(3)[labels]
        shares = (p * weight).sum(1)
    p = p * (1 - label_smoothing) + label_smoothing / 3
    losses = -(each * p * weight).sum(1)
    return losses.sum() / shares.sum() if reduction == "mean" else added(losses, reduction)


def nll(x: Any, labels: Any, weight: Any, *, reduction: str = "mean") -> Any:
    """In binary64."""
    losses = -(x * weight)[np.arange(2), labels]
    return losses.sum() / weight[labels].sum() if reduction == "mean" else added(losses, reduction)


def binary_cross_entropy(p: Any, t: Any, weight: Any = 1.0, *, reduction: str = "mean") -> Any:
    """In binary64."""
    return added(-(t * np.log(p) + (1 - t) * np.log(1 - p)) * weight, reduction)


def with_logits(x: Any, t: Any, weight: Any, pos_weight: Any, *, reduction: str = "mean") -> Any:
    """In binary64."""
    p = 1 / (1 + np.exp(-x))
    return added(-(t * np.log(p) * pos_weight + (1 - t) * np.log(1 - p)) * weight, reduction)


def huber(p: Any, t: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """In binary64."""
    e = abs(p - t)
    return added(np.where(e < delta, e * e / 2, delta * (e - delta / 2)), reduction)


def kl_div(x: Any, t: Any, *, log_target: bool = False, reduction: str = "mean") -> Any:
    """In binary64."""
    losses = np.exp(t) * (t - x) if log_target else t * (np.log(t) - x)
    return losses.sum() / len(x) if reduction == "batchmean" else added(losses, reduction)


def multi_margin(x: Any, labels: Any, weight: Any, *, p: int = 1, margin: float = 1.0) -> Any:
    """In binary64."""
    own = np.eye(3)[labels]
    losses = np.maximum(0, margin - (x * own).sum(1, keepdims=True) + x) ** p * (1 - own)
    return (losses.mean(1) * weight[labels]).mean()


def cosines(x: Any, y: Any, axis: int = 1) -> Any:
    """In binary64."""
    return (x * y).sum(axis) / np.sqrt((x * x).sum(axis) * (y * y).sum(axis))


def cosine_embedding(x: Any, y: Any, target: Any, *, margin: float = 0.0) -> Any:
    """In binary64."""
    return np.where(target > 0, 1 - cosines(x, y), np.maximum(0, cosines(x, y) - margin)).mean()


def along(axis: Any) -> dict[str, Any]:
    """NumPy's keywords for a scale."""
    return {"axis": axis, "keepdims": True}


REFERENCES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Sequence[dict[str, Any]]]] = {
    "where": (np.where, (MATRIX > 0, MATRIX, OTHER), [{}]),
    "ceil": (np.ceil, (BETWEEN,), [{}]),
    "clip": (np.clip, (BETWEEN, OTHER, OTHER + 1.5), [{}]),
    "binary_cross_entropy": (binary_cross_entropy, (SHARES, SHARES[::-1], WEIGHTS), [{}, {"reduction": "none"}]),
    "binary_cross_entropy_with_logits": (with_logits, (MATRIX, SHARES, WEIGHTS, WEIGHTS[::-1]), [{}]),
    "cosine_embedding_loss": (
        cosine_embedding,
        (MATRIX, OTHER, np.array([-1, 1], "int32")),
        [{}, {"margin": -0.5}],
    ),
    "cosine_similarity": (cosines, (MATRIX, OTHER), [{}, {"axis": 0}]),
    "cross_entropy": (
        cross_entropy,
        (MATRIX, LABELS, WEIGHTS),
        [{}, {"reduction": "sum"}, {"reduction": "none"}, {"label_smoothing": 0.25}],
    ),
    "floor": (np.floor, (BETWEEN,), [{}]),
    "floor_divide": (np.floor_divide, (BETWEEN, OTHER), [{}]),
    "fmod": (np.fmod, (BETWEEN, OTHER), [{}]),
    "hinge_loss": (
        lambda p, t, squared=False: (np.maximum(0, 1 - p * t) ** (1 + squared)).mean(),
        (MATRIX, SIDES),
        [{}, {"squared": True}],
    ),
    "huber_loss": (huber, (MATRIX, OTHER), [{}, {"delta": 2.0, "reduction": "sum"}]),
    "kl_div": (kl_div, (MATRIX, SHARES), [{}, {"reduction": "batchmean"}, {"log_target": True, "reduction": "none"}]),
    "log_cosh_loss": (lambda p, t: np.log(np.cosh(p - t)).mean(), (MATRIX, OTHER), [{}]),
    "logsigmoid": (lambda x: -np.log1p(np.exp(-x)), (MATRIX,), [{}]),
    "logsigmoid_derivative": (lambda x: 1 / (1 + np.exp(x)), (MATRIX,), [{}]),
    "mae_loss": (lambda p, t: np.abs(p - t).mean(), (MATRIX, OTHER), [{}]),
    "mae_loss_derivative": (lambda p, t: np.sign(p - t) / p.size, (MATRIX, OTHER), [{}]),
    "mse_loss": (lambda p, t: ((p - t) ** 2).mean(), (MATRIX, OTHER), [{}]),
    "mse_loss_derivative": (lambda p, t: (p - t) * 2 / p.size, (MATRIX, OTHER), [{}]),
    "min_max": (
        lambda x, axis=None: (x - x.min(**along(axis))) / (x.max(**along(axis)) - x.min(**along(axis))),
        (MATRIX,),
        [{}, {"axis": 0}, {"axis": 1}],
    ),
    "multi_margin_loss": (multi_margin, (MATRIX, LABELS, WEIGHTS), [{}, {"p": 2, "margin": 0.5}]),
    "nll_loss": (nll, (MATRIX, LABELS, WEIGHTS), [{}, {"reduction": "sum"}]),
    "norm": (
        lambda x, axis=None, ord=2: np.linalg.norm(x if axis is not None else x.reshape(-1), ord, axis),
        (MATRIX,),
        [{"ord": p, "axis": axis} for p in (1, 2, 3, 0.5, 1.5, -2, inf, -inf, 0) for axis in (None, 1)],
    ),
    "poisson_nll_loss": (
        lambda x, t, log_input=True: (np.exp(x) - t * x if log_input else x - t * np.log(x + 1e-8)).mean(),
        (SHARES, abs(OTHER)),
        [{}, {"log_input": False}],
    ),
    "remainder": (np.remainder, (BETWEEN, OTHER), [{}]),
    "round": (np.round, (BETWEEN,), [{}]),
    "smooth_l1_loss": (
        lambda p, t, beta=1.0: huber(p, t, delta=beta) / beta,
        (MATRIX, OTHER),
        [{}, {"beta": 2.0}],
    ),
    "softplus_derivative": (lambda x: 1 / (1 + np.exp(-x)), (MATRIX,), [{}]),
    "trunc": (np.trunc, (BETWEEN,), [{}]),
    "z_score": (
        lambda x, axis=None: (x - x.mean(**along(axis))) / x.std(**along(axis)),
        (MATRIX,),
        [{}, {"axis": 0}, {"axis": 1}],
    ),
}
"""Operations that no family's way suits: the same in NumPy's binary64, inputs without ties, and attributes."""

DIFFERENTIABLE = [
    name
    for name, operation in TABLE.items()
    if not isinstance(operation.gradient, NoGradient) or operation.gradient is OF_ITS_OPERATIONS
]


def family_of(name: str) -> str:
    """How an operation's gradient is judged."""
    operation = TABLE[name]
    if name in REFERENCES:
        return "reference"
    if isinstance(operation, Elementwise):
        return "exact" if operation.exact or name in FORMULAS else "plain"
    if isinstance(operation, Reduction):
        return "row"
    return "integers"


def named(family: str) -> list[str]:
    """The differentiable operations of a family."""
    return [name for name in DIFFERENTIABLE if family_of(name) == family]


def test_every_differentiable_operation_is_judged() -> None:
    """What the ways below need is there; otherwise the operation wants an entry in this file."""
    for name in DIFFERENTIABLE:
        operation = TABLE[name]
        assert family_of(name) in ("reference", "exact", "plain", "row", "integers")
        if isinstance(operation, Reduction):
            assert operation.binary64 or name in ROWS, f"{name} has no binary64 formula: add it to ROWS"
        if family_of(name) == "integers":
            assert operation.cases, f"{name} has no cases to take shapes from: add it to REFERENCES"
    assert set(REFERENCES) | set(FORMULAS) | set(ROWS) <= set(TABLE)


def test_every_other_operation_says_why_it_has_no_gradient() -> None:
    for name, operation in TABLE.items():
        if isinstance(operation.gradient, NoGradient):
            assert len(operation.gradient.reason.split()) > 3, name


# -------------------------------------------------------------------------------------- what is compared


def tensors_of(inputs: Sequence[Any], backend: str) -> list[rc.RamTensor]:
    """Inputs (arrays, or what a case lists) as tensors, of which the float32 ones want a gradient."""
    made = []
    for x in inputs:
        if isinstance(x, PlainArray):
            t = from_plain(x, backend)
        else:
            dtype = x.dtype.name if isinstance(x, np.ndarray) and x.dtype.kind != "f" else None
            t = rc.tensor(x, backend, dtype=dtype)
        made.append(t.requires_grad_(t.dtype == FLOAT32))
    return made


def weights(shape: tuple[int, ...]) -> Any:
    """What a result receives: numbers that no symmetry hides errors behind, exact in binary32."""
    n = math.prod(shape)
    return ((np.arange(n) * 7 % 11 - 4) / 4 + 0.125).reshape(shape)


def joined(results: Any) -> rc.RamTensor:
    """The result of an operation; of one that gives several, those of float32 one after another."""
    if isinstance(results, rc.RamTensor):
        return results
    return rc.concat(*(y.flatten() for y in results if y.dtype == FLOAT32))


def flow(
    name: str, inputs: Sequence[Any], attributes: dict[str, Any], received: Any = None, second: bool = False
) -> list[Any]:
    """The gradients of an operation's float32 operands, as NumPy arrays: of the same bits on all backends (N7).

    With ``second``, the gradients of their sum, each weighed by ``weights``.
    """
    found, digests = [], set()
    for backend in BACKENDS:
        xs = tensors_of(inputs, backend)
        y = joined(getattr(rc, name)(*xs, **attributes))
        wanted = [x for x in xs if x.requires_grad]
        g = rc.tensor(weights(y.shape) if received is None else received, backend, dtype=FLOAT32)
        got = gradients(y, wanted, g, create_graph=second)
        if second:
            total = rc.tensor(0.0, backend)
            for x in got:
                total = total + (x * rc.tensor(weights(x.shape), backend)).sum()
            got = gradients(total, wanted)
        digests.add(tuple(x.digest() for x in got))
        found = [x.numpy().astype(float) for x in got]
    assert len(digests) == 1, f"{name}: gradients differ between backends"
    return found


def check(got: Sequence[Any], want: Sequence[Any], tolerance: float, what: Any) -> None:
    """Within the tolerance, of the largest element."""
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        a, b = np.asarray(a, float), np.asarray(b, float)
        assert a.shape == b.shape, what
        limit = tolerance * max(1.0, np.abs(b).max(initial=0))
        assert (np.abs(a - b) <= limit).all(), f"{what}: got {a}, want {b}"


def attributes_of(operation: Operation, *without: str) -> list[dict[str, Any]]:
    """The different attributes among an operation's cases."""
    found: list[dict[str, Any]] = [{}] if not operation.cases else []
    for case in operation.cases:
        attributes = {key: value for key, value in case.attributes.items() if key not in without}
        if attributes not in found:
            found.append(attributes)
    return found


# ------------------------------------------------------------------------------------ elementwise, exact

POINTS = [float(np.float32(x)) for x in (-3.1, -1.7, -0.8, -0.3, 0.2, 0.45, 0.9, 1.3, 2.6)]


def places(operation: Elementwise, attributes: dict[str, Any]) -> Iterator[tuple[float, ...]]:
    """Where the operation is smooth and of a size that says something."""
    arity = operation.arity or 3
    points = POINTS if arity == 1 else POINTS[4:] if operation.name == "powf" else POINTS[1::2]
    for x in itertools.product(points, repeat=arity):
        value = operation.value(*x, **attributes)
        if math.isfinite(value) and 2.0**-60 < abs(value) < 2.0**20:
            yield x


def exact_cases(name: str) -> Iterator[tuple[dict[str, Any], Callable[..., Any], list[tuple[float, ...]]]]:
    """Attributes, the formula at numbers between the binary32 ones, and places; at least one."""
    operation = TABLE[name]
    assert isinstance(operation, Elementwise)
    exact, r, some = operation.exact, reals(high.prec), False
    assert exact is not None
    for given in attributes_of(operation):
        attributes = operation.check(*[rc.zeros(1)] * (operation.arity or 3), **given).attributes

        def formula(*x: Any, attributes: dict[str, Any] = attributes) -> Any:
            if name in FORMULAS:
                return FORMULAS[name](*x)
            low, top = exact(r, *map(r.number, x), **attributes)._mpi_
            return (high.make_mpf(low) + high.make_mpf(top)) / 2

        found = list(places(operation, attributes))
        if found:
            some = True
            yield given, formula, found
    assert some, f"{name} has no smooth place among POINTS"


@pytest.mark.parametrize("name", named("exact"))
def test_gradients_of_exact_formulas(name: str) -> None:
    h, received = high.mpf(2) ** -60, 0.375
    for given, formula, found in exact_cases(name):
        got = flow(name, [np.array(x) for x in zip(*found, strict=True)], given, np.full(len(found), received))

        def slope(x: Sequence[float], i: int, formula: Callable[..., Any] = formula) -> Any:
            ahead, behind = ([high.mpf(a) + s * (j == i) for j, a in enumerate(x)] for s in (h, -h))
            return received * (formula(*ahead) - formula(*behind)) / (2 * h)

        for i, column in enumerate(got):
            for x, value in zip(found, column, strict=True):
                check([value], [slope(x, i)], FIRST, (name, given, x, i))


@pytest.mark.parametrize("name", named("exact"))
def test_gradients_of_gradients_of_exact_formulas(name: str) -> None:
    """The derivative along an axis of the derivative along a direction, which is what ``flow`` weighs it with."""
    h, weight = high.mpf(2) ** -40, float(weights(()))
    for given, formula, found in exact_cases(name):
        for x in found[::3]:

            def curvature(i: int, formula: Callable[..., Any] = formula, x: tuple[float, ...] = x) -> Any:
                total = 0
                for along_axis, along_all in itertools.product((h, -h), repeat=2):
                    corner = [high.mpf(a) + along_all * weight + along_axis * (j == i) for j, a in enumerate(x)]
                    total += formula(*corner) if along_axis == along_all else -formula(*corner)
                return total / (4 * h * h)

            got = flow(name, [np.array(a) for a in x], given, 1.0, second=True)
            check(got, [curvature(i) for i in range(len(x))], SECOND, (name, given, x))


# ------------------------------------------------------------------------------- elementwise, without rounding


@pytest.mark.parametrize("name", named("plain"))
def test_gradients_of_piecewise_linear_functions(name: str) -> None:
    """Exactly, away from the kinks: at numbers whose differences are exact."""
    operation, h = TABLE[name], 2.0**-20
    assert isinstance(operation, Elementwise)
    plain = operation.plain
    assert plain is not None
    for given in attributes_of(operation):
        attributes = operation.check(*[rc.zeros(1)] * operation.arity, **given).attributes
        found = list(itertools.permutations([-1.5, -0.75, 0.25, 2.0, 3.25], operation.arity))
        inputs = [np.array(x) for x in zip(*found, strict=True)]
        for i, got in enumerate(flow(name, inputs, given, np.full(len(found), 0.375))):
            for x, value in zip(found, got, strict=True):
                ahead, behind = ([a + s * (j == i) for j, a in enumerate(x)] for s in (h, -h))
                assert value == 0.375 * (plain(*ahead, **attributes) - plain(*behind, **attributes)) / (2 * h)


# ---------------------------------------------------------------------------------------------- reductions

ROW = [0.5, -1.25, 2.0, 0.125, -0.75]


def row_of(operation: Reduction, attributes: dict[str, Any]) -> Callable[[Any], Any]:
    """The results of a row, in binary64: one number, or a row, or a square."""

    def function(values: Any) -> Any:
        if operation.name in ROWS:
            return np.array(ROWS[operation.name](list(values), **attributes))
        assert operation.binary64 is not None
        result = operation.binary64(rows, Row(values), **attributes)
        value = result[0] if isinstance(result, tuple) else result
        return np.array(value.values if isinstance(value, Row) else [value])

    return function


@pytest.mark.parametrize("name", named("row"))
def test_gradients_of_reductions(name: str) -> None:
    operation = TABLE[name]
    assert isinstance(operation, Reduction)
    x, steps, finer = np.array(ROW), np.eye(len(ROW)) * 2.0**-17, np.eye(len(ROW)) * 2.0**-12
    for given in attributes_of(operation, "axis", "keepdims"):
        normal = operation.check(rc.tensor(ROW), **given).attributes
        function = row_of(operation, {k: v for k, v in normal.items() if k not in ("axis", "keepdims")})
        shape = operation.check(rc.tensor(ROW), axis=0, **given).shape
        g = weights(shape).reshape(-1)
        want = [(g * (function(x + h) - function(x - h))).sum() / 2.0**-16 for h in steps]
        check(flow(name, [x], {"axis": 0, **given}), [want], FIRST, (name, given))
        c = weights((len(ROW),)) * 2.0**-12
        want = [
            (g * (function(x + h + c) - function(x + h - c) - function(x - h + c) + function(x - h - c))).sum()
            / 2.0**-22
            for h in finer
        ]
        check(flow(name, [x], {"axis": 0, **given}, second=True), [want], SECOND, (name, given, "second"))


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1), (1,), None], ids=repr)
@pytest.mark.parametrize("name", named("row"))
def test_gradients_of_reductions_are_those_of_their_rows(name: str, axis: Any) -> None:
    """Bit for bit: a row's gradient depends on no neighbour, and on no way of asking for it."""
    operation = TABLE[name]
    assert isinstance(operation, Reduction)
    if operation.one_axis and isinstance(axis, tuple):
        pytest.skip("takes one axis")
    if operation.needs_axis and axis is None:
        pytest.skip("takes no axis of several")
    axes = (0, 1) if axis is None else tuple(a % 2 for a in (axis if isinstance(axis, tuple) else (axis,)))
    order = [*(a for a in (0, 1) if a not in axes), *axes]
    n = math.prod(MATRIX.shape[a] for a in axes)
    received = weights(operation.check(rc.tensor(MATRIX), axis=axis).shape)
    if operation.squares:
        parts = received.reshape(-1, n, n)
    elif operation.maps:
        parts = received.transpose(order).reshape(-1, n)
    else:
        parts = received.reshape(-1)
    each = [
        flow(name, [row], {"axis": 0}, part)[0]
        for row, part in zip(MATRIX.transpose(order).reshape(-1, n), parts, strict=True)
    ]
    back = np.argsort(order)
    want = np.array(each).reshape([MATRIX.shape[a] for a in order]).transpose(back)
    assert flow(name, [MATRIX], {"axis": axis})[0].tolist() == want.tolist()
    if operation.keeps:
        kept = np.asarray(received).reshape([1 if a in axes else MATRIX.shape[a] for a in (0, 1)])
        assert flow(name, [MATRIX], {"axis": axis, "keepdims": True}, kept)[0].tolist() == want.tolist()


# ------------------------------------------------------------------------------- moves, products, compositions


def small_integers(case: Case) -> list[Any]:
    """The inputs of a case with small integers in the place of float32 numbers; indices and masks stay."""
    made = []
    for t in tensors_of(case.inputs, "python"):
        integers = (np.arange(t.size) * 5 % 7 - 3.0).reshape(t.shape)
        made.append(integers if t.dtype == FLOAT32 else t.numpy())
    return made


@pytest.mark.parametrize("name", named("integers"))
def test_gradients_at_small_integers(name: str) -> None:
    """Exactly, but where a quotient is rounded; every case of the operation that has a float32 operand."""
    function, compared, masks = getattr(rc, name), 0, True
    for case in TABLE[name].cases:
        inputs = small_integers(case)

        def value(inputs: Sequence[Any], attributes: dict[str, Any] = case.attributes) -> Any:
            y = joined(function(*tensors_of(inputs, "python"), **attributes))
            return np.nan_to_num(y.numpy().astype(float))  # what a pad is filled with is a constant

        y = joined(function(*tensors_of(inputs, "python"), **case.attributes))
        where = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]
        masks = masks and y.dtype != FLOAT32
        if y.dtype != FLOAT32 or not where:
            continue
        got = flow(name, inputs, case.attributes)
        for i, found in zip(where, got, strict=True):
            assert found.shape == inputs[i].shape
            for place in np.ndindex(found.shape):
                ends = []
                for step in (1.0, -1.0):
                    moved = [x.copy() for x in inputs]
                    moved[i][place] += step
                    ends.append(value(moved))
                want = (weights(y.shape) * (ends[0] - ends[1])).sum() / 2
                tolerance = 0.0 if want * 16 == round(want * 16) else FIRST
                check([found[place]], [want], tolerance, (name, case, i, place))
                compared += 1
    assert compared or masks, f"{name} has no case with a float32 operand: add it to REFERENCES"


@pytest.mark.parametrize("name", REFERENCES)
def test_gradients_of_references(name: str) -> None:
    reference, inputs, several = REFERENCES[name]
    h = 2.0**-17
    for attributes in several:
        g = weights(np.shape(reference(*inputs, **attributes)))
        want = []
        for i, x in enumerate(inputs):
            if x.dtype.kind != "f":
                continue
            slopes = np.zeros(x.shape)
            for place in np.ndindex(x.shape):
                ends = []
                for step in (h, -h):
                    moved = [a.copy() for a in inputs]
                    moved[i][place] += step
                    ends.append(reference(*moved, **attributes))
                slopes[place] = (g * (ends[0] - ends[1])).sum() / (2 * h)
            want.append(slopes)
        check(flow(name, inputs, attributes), want, FIRST, (name, attributes))


# -------------------------------------------------------------------------------------- these tests can fail


@pytest.mark.parametrize(
    ("name", "judge"),
    [
        ("tanh", test_gradients_of_exact_formulas),
        ("tanh", test_gradients_of_gradients_of_exact_formulas),
        ("abs", test_gradients_of_piecewise_linear_functions),
        ("softmax", test_gradients_of_reductions),
        ("matmul", test_gradients_at_small_integers),
        ("concat", test_gradients_at_small_integers),
        ("where", test_gradients_of_references),
    ],
)
def test_a_gradient_that_is_off_by_little_is_noticed(name: str, judge: Callable[[str], None]) -> None:
    operation = TABLE[name]
    right = operation.gradient
    assert not isinstance(right, NoGradient)

    def wrong(*arguments: Any, **attributes: Any) -> tuple[Any, ...]:
        return tuple(part if part is None else part * (1 + 2.0**-15) for part in right(*arguments, **attributes))

    object.__setattr__(operation, "gradient", wrong)
    try:
        with pytest.raises(AssertionError):
            judge(name)
    finally:
        object.__setattr__(operation, "gradient", right)
    judge(name)


# ------------------------------------------------------------------------------------------ kinks and ties


def of_sum(function: Callable[[rc.RamTensor], rc.RamTensor], data: Any) -> str:
    """The gradient of a sum, with its signs of zero, the same on both backends."""
    found = set()
    for backend in BACKENDS:
        with rc.use_backend(backend):
            found.add(str(rc.grad(lambda t: function(t).sum())(rc.tensor(data)).tolist()))
    assert len(found) == 1
    return found.pop()


DIAGONAL = float(np.float32(0.5**0.5))
AWAY = [0.0, DIAGONAL, 1.0, 0.0, -DIAGONAL]
"""Along the diagonal, also where the length overflows, and along an axis."""
TINY = float(np.float32(0.5 / 3e38))


@pytest.mark.parametrize(
    ("function", "data", "want"),
    [
        (lambda x: x.relu(), [0.0, -0.0, 2.0**-149, -(2.0**-149)], [0.0, 0.0, 1.0, 0.0]),
        (lambda x: x.abs(), [0.0, -0.0, 2.0**-149, -1.0], [0.0, 0.0, 1.0, -1.0]),
        (lambda x: x.leaky_relu(slope=0.25), [0.0, -0.0, 1.0, -1.0], [0.25, 0.25, 1.0, 0.25]),
        (lambda x: x.leaky_relu(slope=2), [0.0, -0.0, 1.0, -1.0], [1.0, 1.0, 2.0, 1.0]),
        (lambda x: x.sign(), [0.0, 1.0, -1.0], [0.0, 0.0, 0.0]),
        (lambda x: x.sqrt(), [0.0, 4.0], [inf, 0.25]),
        (lambda x: x.log(), [0.0, 4.0], [inf, 0.25]),
        (lambda x: x.powi(n=0), [0.0, inf], [0.0, 0.0]),
        (lambda x: x.powi(n=1), [0.0, -2.0], [1.0, 1.0]),
        (lambda x: x.powf(0.0), [0.0, nan], [0.0, 0.0]),
        (lambda x: x.maximum(rc.tensor([1.0, 1.0, 1.0])), [1.0, 2.0, 0.0], [1.0, 1.0, 0.0]),
        (lambda x: rc.tensor([1.0, 1.0, 1.0]).maximum(x), [1.0, 2.0, 0.0], [0.0, 1.0, 0.0]),
        (lambda x: x.minimum(rc.tensor([1.0, 1.0, 1.0])), [1.0, 2.0, 0.0], [1.0, 0.0, 1.0]),
        (lambda x: x.max(), [1.0, 3.0, 3.0, 2.0], [0.0, 1.0, 0.0, 0.0]),
        (lambda x: x.max(), [-0.0, 0.0], [1.0, 0.0]),
        (lambda x: x.max(), [[1.0, 5.0], [5.0, 5.0]], [[0.0, 1.0], [0.0, 0.0]]),
        (lambda x: x.max(axis=0), [[5.0, 1.0], [5.0, 1.0]], [[1.0, 1.0], [0.0, 0.0]]),
        (lambda x: x.max(), [1.0, nan, 3.0, nan], [0.0, 1.0, 0.0, 0.0]),
        (lambda x: x.min(), [2.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
        (lambda x: x.min(axis=1), [[2.0, 2.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]),
        (lambda x: x.median(), [3.0, 1.0, 3.0, 3.0], [0.5, 0.0, 0.5, 0.0]),
        (lambda x: x.std(), [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
        (lambda x: x.softmax(), [-inf, 0.0], [0.0, 0.0]),
        (lambda x: x.logsumexp(), [-inf, 0.0, 0.0], [0.0, 0.5, 0.5]),
        (lambda x: x.mae_loss(rc.tensor([1.0, 2.0]), reduction="sum"), [1.0, 3.0], [0.0, 1.0]),
        (lambda x: x.hypot(rc.tensor([0.0, 3e38, 1.0, inf, inf])), [0.0, 3e38, inf, 1.0, -inf], AWAY),
        (
            lambda x: x.atan2(rc.tensor([0.0, 3e38, 1.0, inf, -inf])),
            [0.0, 3e38, inf, 1.0, 2.0],
            [0.0, TINY, 0.0, 0.0, -0.0],
        ),
        (lambda x: rc.tensor([0.0, 3e38, 1.0, inf]).atan2(x), [0.0, 3e38, inf, 1.0], [-0.0, -TINY, -0.0, -0.0]),
        (lambda x: x.powf(rc.tensor([0.0, 1.0, 2.0, 0.0, inf])), [0.0, 0.0, 0.0, nan, 0.5], [0.0, 1.0, 0.0, 0.0, 0.0]),
        (lambda x: rc.tensor([0.0, 0.0, inf]).powf(x), [0.0, 2.0, -1.0], [0.0, 0.0, 0.0]),
        (lambda x: rc.tensor([0.0, 0.0, 1.0]) / x, [2.0**-140, -(2.0**-149), inf], [-0.0, -0.0, -0.0]),
        (lambda x: x.clip(min=0.0, max=1.0), [0.0, 1.0, 2.0, -1.0], [1.0, 1.0, 0.0, 0.0]),
        (lambda x: x.sort() * rc.tensor([1.0, 2.0, 3.0]), [2.0, 1.0, 2.0], [2.0, 1.0, 3.0]),
        (lambda x: x.norm(), [0.0, -0.0], [0.0, -0.0]),
        (lambda x: x.prod(), [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
        (lambda x: x.cumprod(), [2.0, 0.0, 3.0], [1.0, 8.0, 0.0]),
        (lambda x: x.logaddexp(rc.tensor([-inf, inf, -inf])), [-inf, inf, 1.0], [0.5, 0.5, 1.0]),
        (lambda x: x.z_score(), [1.0, 1.0], [0.0, 0.0]),
        (lambda x: x.swish_derivative(), [inf, -inf], [-0.0, -0.0]),
        (lambda x: x.tanh() + x.sigmoid() + x.gelu() + x.erf(), [inf, -inf, 500.0], [1.0, 0.0, 1.0]),
    ],
)
def test_kinks_and_ties(function: Any, data: Any, want: Any) -> None:
    """relu'(0) = 0 and |x|'(0) = 0 (N7); of equal elements the first takes the gradient (N4.3)."""
    assert of_sum(function, data) == str(want)


@pytest.mark.parametrize(
    ("name", "data", "want"),
    [
        ("powf", [[0.0, 2.0], [0.0, 3.0], [2.0, 0.0]], [[2.0, 0.0], [0.0, 0.0], [0.0, 0.5]]),
        ("fmod", [[5.0, 3.0], [1.0, 2.0**-149], [0.1, 2.0**-126]], [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]),
        ("hypot", [[inf, 1.0], [1.0, -inf]], [[0.0, 0.0], [0.0, 0.0]]),
        ("atan2", [[inf, 1.0], [1.0, -inf]], [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_second_derivatives_at_special_places(name: str, data: Any, want: Any) -> None:
    """Of x by the first operand and then by either: what a gradient masks out makes no NaN in the gradient of that."""
    for backend in BACKENDS:
        with rc.use_backend(backend):
            for (x, y), expected in zip(data, want, strict=True):
                inner = rc.grad(getattr(rc, name), 0)
                found = rc.grad(inner, (0, 1))(rc.tensor(x), rc.tensor(y))
                assert [float(part) for part in found] == expected


# ------------------------------------------------------------------------------------ the same bits everywhere

EDGES = [0.0, -0.0, 1.0, -2.5, 2.0**-149, -(2.0**-126), 3.4028234663852886e38, inf, -inf, nan, 88.8, -104.0]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_at_hard_inputs_have_the_same_bits_on_both_backends(name: str) -> None:
    """At the cases of the operation and, elementwise, at all combinations of edges; ``flow`` compares."""
    operation = TABLE[name]
    for case in operation.cases:
        xs = tensors_of(case.inputs, "python")
        y = joined(getattr(rc, name)(*xs, **case.attributes))
        if y.requires_grad:
            flow(name, case.inputs, case.attributes, np.resize(np.array(EDGES[2:] + EDGES[:2]), y.shape))
    if isinstance(operation, Elementwise) and name not in REFERENCES:
        arity = operation.arity or 2
        columns = [np.array(column) for column in zip(*itertools.product(EDGES, repeat=arity), strict=True)]
        for attributes in attributes_of(operation):
            for received in (1.0, -0.3, inf):
                flow(name, columns, attributes, np.full(len(columns[0]), received))
