"""Convolutions (N3.1, N3.2) against fractions bit for bit, and against JAX's in binary64 where JAX is installed."""

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

import rcmlrs_core as rc
from rcmlrs_core.autograd import gradients
from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.plain import PlainArray
from tests.installed import BACKENDS
from tests.ops.agreement import array_bits, bits
from tests.ops.test_sums import KINDS, draw, sum_bits

Array = Any
Terms = dict[tuple[int, ...], list[Any]]

SETTINGS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 1, 1), (1, 1, 1), {}),
    ((2, 3, 7), (4, 3, 3), {}),
    ((2, 3, 8), (2, 3, 2), {"stride": (3,)}),
    ((1, 4, 9), (6, 2, 3), {"dilation": (3,), "stride": (2,), "groups": 2}),
    ((2, 3, 5), (3, 1, 2), {"groups": 3}),
    ((1, 2, 40), (2, 2, 33), {"stride": (2,)}),
    ((2, 2, 4, 5), (3, 2, 3, 2), {}),
    ((1, 4, 7, 6), (4, 2, 2, 3), {"stride": (2, 3), "dilation": (3, 1), "groups": 2}),
    ((1, 2, 3, 4, 3), (2, 2, 2, 2, 3), {}),
    ((1, 2, 5, 3, 4), (2, 1, 2, 2, 2), {"stride": (1, 2, 3), "dilation": (3, 1, 1), "groups": 2}),
    ((1, 1, 2, 1, 2, 3), (2, 1, 1, 1, 2, 2), {"stride": (2, 1, 1, 1)}),
]


def normal(shape: tuple[int, ...], given: dict[str, Any]) -> dict[str, Any]:
    """All attributes, in normal form."""
    one = (1,) * (len(shape) - 2)
    return {"stride": one, "dilation": one, "groups": 1} | given


def triples(
    x: tuple[int, ...], weight: tuple[int, ...], attributes: dict[str, Any]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """Every product of a convolution: the places in its result, in x and in the weight (clause 2, as it is written)."""
    stride, dilation, groups = attributes["stride"], attributes["dilation"], attributes["groups"]
    outputs, inputs, *kernel = weight
    lengths = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x[2:], kernel, stride, dilation, strict=True)]
    for n, o, *p in itertools.product(range(x[0]), range(outputs), *map(range, lengths)):
        first = o // (outputs // groups) * inputs
        for c, *k in itertools.product(range(inputs), *map(range, kernel)):
            seen = tuple(i * s + j * d for i, s, j, d in zip(p, stride, k, dilation, strict=True))
            yield (n, o, *p), (n, first + c, *seen), (o, c, *k)


def summed(terms: Terms, shape: tuple[int, ...], addends: Any = None) -> list[int]:
    """The bits of the sums at every place; of no terms, +0."""
    return [
        sum_bits([*terms[place], *([addends[place[1]]] if addends is not None else [])])
        for place in itertools.product(*map(range, shape))
    ]


def array_of(x: PlainArray) -> Array:
    return numpy.array(x.values.tolist()).reshape(x.shape)


def bits_of(t: rc.RamTensor) -> list[int]:
    return array_bits(t.plain())


@pytest.mark.parametrize("kind", KINDS)
def test_n3_1_conv(kind: str) -> None:
    """Definition and kernels, with a bias and without."""
    rng = random.Random(kind)
    operation = TABLE["conv"]
    for x_shape, w_shape, given in SETTINGS:
        attributes = normal(x_shape, given)
        x, weight, bias = draw(rng, kind, *x_shape), draw(rng, kind, *w_shape), draw(rng, kind, w_shape[0])
        values, weights, terms = array_of(x), array_of(weight), defaultdict(list)
        for y, a, b in triples(x_shape, w_shape, attributes):
            terms[y].append((float(values[a]), float(weights[b])))
        for operands in ((x, weight, bias), (x, weight)):
            shape = operation.check(*operands, **attributes).shape
            want = summed(terms, shape, bias.values if len(operands) == 3 else None)
            defined = operation.define(*operands, **attributes)
            assert defined.shape == shape
            assert array_bits(defined) == want
            for backend in BACKENDS:
                tensors = [rc.tensor(array_of(t), backend) for t in operands]
                result = rc.conv(*tensors, **attributes)
                assert result.shape == shape
                assert bits_of(result) == want, (backend, x_shape, w_shape, given)


@pytest.mark.parametrize("kind", ["gauss", "integers", "ties", "mixed sizes", "tiny", "special"])
def test_n3_1_gradients_of_conv(kind: str) -> None:
    """Every element of a gradient is one exact sum, too. Infinities stand in ``g`` alone, where no zero meets them."""
    rng = random.Random(kind)
    for x_shape, w_shape, given in SETTINGS:
        attributes = normal(x_shape, given)
        other = "one binade" if kind == "special" else kind
        x, weight, bias = draw(rng, other, *x_shape), draw(rng, other, *w_shape), draw(rng, other, w_shape[0])
        shape = TABLE["conv"].check(x, weight, bias, **attributes).shape
        received = draw(rng, kind, *shape)
        values, weights, g = array_of(x), array_of(weight), array_of(received)
        to_x, to_weight, to_bias = defaultdict(list), defaultdict(list), defaultdict(list)
        for y, a, b in triples(x_shape, w_shape, attributes):
            to_x[a].append((float(g[y]), float(weights[b])))
            to_weight[b].append((float(g[y]), float(values[a])))
        for place in itertools.product(*map(range, shape)):
            to_bias[place[1:2]].append(float(g[place]))
        want = [summed(to_x, x_shape), summed(to_weight, w_shape), summed(to_bias, w_shape[:1])]
        for backend in BACKENDS:
            operands = [rc.tensor(array_of(t), backend, requires_grad=True) for t in (x, weight, bias)]
            got = gradients(rc.conv(*operands, **attributes), operands, rc.tensor(g, backend))
            assert [bits_of(t) for t in got] == want, (backend, x_shape, w_shape, given)


def test_a_gradient_that_nobody_asks_for_is_not_computed() -> None:
    x, weight = rc.tensor([[[1.0, 2.0, 3.0]]]), rc.tensor([[[1.0, 2.0]]], requires_grad=True)
    g = rc.tensor([[[1.0, 1.0]]])
    attributes = {"stride": (1,), "dilation": (1,), "groups": 1}
    to_x, to_weight, to_bias = TABLE["conv"].gradient(g, None, x, weight, rc.tensor([1.0]), **attributes)
    assert to_x is to_bias is None
    assert to_weight.tolist() == [[[3.0, 5.0]]]


def test_operands_are_tensors() -> None:
    x, weight = rc.ones((1, 1, 3)), rc.ones((1, 1, 2))
    for function in (rc.conv1d, rc.conv_transpose1d):
        for operands, words in (
            ((x, [[[1.0]]]), "weight is a tensor, got list"),
            ((x, None), "weight is a tensor, got NoneType"),
            ((x, weight, 1.0), "bias is a tensor, got float"),
        ):
            with pytest.raises(TypeError, match=words):
                function(*operands)


def test_a_sample_depends_on_no_neighbour() -> None:
    rng = numpy.random.default_rng(3)
    x = rng.standard_normal((5, 4, 9, 9)).astype(numpy.float32)
    weight = rng.standard_normal((6, 2, 3, 3)).astype(numpy.float32)
    x[2], x[3, 0, 0, 0] = math.inf, math.nan
    for backend in BACKENDS:
        whole = rc.tensor(x, backend).conv2d(rc.tensor(weight, backend), padding=1, groups=2).numpy()
        for i in range(5):
            one = rc.tensor(x[i : i + 1], backend).conv2d(rc.tensor(weight, backend), padding=1, groups=2)
            assert one.tobytes() == whole[i : i + 1].tobytes()


# -------------------------------------------------------------------------------------- transposed convolutions

TRANSPOSED: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 4), (3, 2, 3), {}),
    ((1, 2, 4), (2, 2, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    ((1, 4, 5), (4, 3, 2), {"groups": 2, "dilation": 3}),
    ((2, 2, 6), (2, 2, 1), {"stride": 3, "padding": 2}),
    ((1, 2, 5), (2, 1, 2), {"stride": 2, "padding": 3}),
    ((1, 1, 3), (1, 1, 2), {"dilation": 3, "output_padding": 2}),
    ((1, 3, 2, 3), (3, 2, 3, 2), {"stride": (2, 1), "padding": (1, 0), "output_padding": (1, 0)}),
    ((1, 4, 3, 2), (4, 1, 2, 2), {"groups": 4, "dilation": (2, 1), "stride": (1, 3)}),
    ((1, 2, 2, 1, 2), (2, 2, 2, 1, 2), {"stride": (2, 1, 2), "padding": (1, 0, 0)}),
]


@pytest.mark.parametrize("kind", ["gauss", "integers", "ties", "mixed sizes", "tiny", "any bits"])
def test_n3_1_transposed_convolutions(kind: str) -> None:
    """Every element of x adds its multiple of the kernel, as clause 1 says: one exact sum for each place."""
    rng = random.Random(kind)
    for x_shape, w_shape, given in TRANSPOSED:
        rank, groups = len(x_shape) - 2, given.get("groups", 1)
        stride, padding, more, dilation = (
            (value,) * rank if isinstance(value, int) else value
            for value in (given.get(key, int(key in ("stride", "dilation"))) for key in KEYS)
        )
        x, weight = draw(rng, kind, *x_shape), draw(rng, kind, *w_shape)
        bias = draw(rng, kind, w_shape[1] * groups)
        values, weights, terms = array_of(x), array_of(weight), defaultdict(list)
        for n, c, *i in itertools.product(*map(range, x_shape)):
            for o, *k in itertools.product(*map(range, w_shape[1:])):
                output = c // (x_shape[1] // groups) * w_shape[1] + o
                place = [a * s + b * d - p for a, s, b, d, p in zip(i, stride, k, dilation, padding, strict=True)]
                terms[(n, output, *place)].append((float(values[(n, c, *i)]), float(weights[(c, o, *k)])))
        lengths = [
            (n - 1) * s - 2 * p + d * (k - 1) + m + 1
            for n, s, p, d, k, m in zip(x_shape[2:], stride, padding, dilation, w_shape[2:], more, strict=True)
        ]
        shape = (x_shape[0], w_shape[1] * groups, *lengths)
        for backend in BACKENDS:
            operands = [rc.tensor(array_of(t), backend) for t in (x, weight, bias)]
            function = getattr(rc, f"conv_transpose{rank}d")
            result = function(*operands, **given)
            assert result.shape == shape
            assert bits_of(result) == summed(terms, shape, bias.values), (backend, x_shape, w_shape, given)
            assert bits_of(function(*operands[:2], **given)) == summed(terms, shape)


KEYS = ("stride", "padding", "output_padding", "dilation")


def test_a_transposed_convolution_is_what_x_receives_from_conv() -> None:
    rng = numpy.random.default_rng(4)
    weight = rng.standard_normal((6, 2, 3, 2))
    for given in ({}, {"stride": 2}, {"stride": (3, 2), "padding": (1, 0), "dilation": (1, 2)}):
        x = rc.tensor(rng.standard_normal((2, 4, 9, 8)), requires_grad=True)
        w = rc.tensor(weight)
        y = x.conv2d(w, groups=2, **given)
        g = rc.tensor(rng.standard_normal(y.shape))
        y.backward(g)
        transposed = g.conv_transpose2d(w, groups=2, **given)
        again = g.conv_transpose2d(
            w,
            groups=2,
            output_padding=tuple(a - b for a, b in zip(x.shape[2:], transposed.shape[2:], strict=True)),
            **given,
        )
        assert x.grad is not None
        assert again.digest() == x.grad.digest()


# -------------------------------------------------------------------------------------------------- beside JAX


def half_a_place(want: Array, inexact: float = 2.0**-40) -> Array:
    """One rounding to binary32, and what binary64 loses of sums of at most some hundreds of terms of size one."""
    return numpy.spacing(numpy.abs(want).astype(numpy.float32)).astype(float) / 2 + inexact


def random_setting(rng: random.Random) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    rank, groups = rng.choice([1, 1, 2, 2, 2, 3]), rng.choice([1, 1, 2, 3])
    inputs, each = rng.randrange(1, 4), rng.randrange(1, 4)
    kernel = [rng.randrange(1, 5 - (rank == 3)) for _ in range(rank)]
    dilation = tuple(rng.randrange(1, 4) for _ in range(rank))
    padding = tuple(rng.randrange(4) for _ in range(rank))
    lengths = [
        max(1, (k - 1) * d + 1 - 2 * p + rng.randrange(7)) for k, d, p in zip(kernel, dilation, padding, strict=True)
    ]
    stride = tuple(rng.randrange(1, 4) for _ in range(rank))
    given = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (rng.randrange(1, 4), inputs * groups, *lengths), (each * groups, inputs, *kernel), given


@pytest.mark.parametrize("seed", range(8))
def test_against_jax(seed: int) -> None:
    """The result, the gradients and the gradients of the gradients; each but the last within half a place."""
    jax = pytest.importorskip("jax")
    rng, numbers = random.Random(seed), numpy.random.default_rng(seed)
    x_shape, w_shape, given = random_setting(rng)
    if rng.random() < 0.3:
        given["padding"] = rng.choice(["same", "valid"])
    rank = len(x_shape) - 2
    spans = [(k - 1) * d + 1 for k, d in zip(w_shape[2:], given["dilation"], strict=True)]
    if given["padding"] == "valid" and any(s > n for s, n in zip(spans, x_shape[2:], strict=True)):
        with pytest.raises(ShapeError, match="which is more than"):
            rc.zeros(x_shape).conv(rc.zeros(w_shape), dilation=given["dilation"], groups=given["groups"])
        return
    arrays = [numbers.standard_normal(shape).astype(numpy.float32) for shape in (x_shape, w_shape, w_shape[:1])]
    padding = given["padding"]

    def reference(x: Any, weight: Any, bias: Any) -> Any:
        y = jax.lax.conv_general_dilated(
            x,
            weight,
            given["stride"],
            padding.upper() if isinstance(padding, str) else [(p, p) for p in padding],
            rhs_dilation=given["dilation"],
            feature_group_count=given["groups"],
            precision=jax.lax.Precision.HIGHEST,
        )
        return y + bias.reshape(1, -1, *[1] * rank)

    with jax.enable_x64(True):
        wide = [jax.numpy.asarray(a, "float64") for a in arrays]
        y, pull = jax.vjp(reference, *wide)
        want_y = numpy.asarray(y)
        g = numbers.standard_normal(want_y.shape).astype(numpy.float32)
        want = [numpy.asarray(a) for a in pull(jax.numpy.asarray(g, "float64"))]

        def through(*operands: Any) -> Any:
            found = jax.vjp(reference, *operands[:3])[1](operands[3])
            return sum((a * a * a).sum() for a in found)

        second = jax.grad(through, argnums=(0, 1, 3))(*wide, jax.numpy.asarray(g, "float64"))
        want_second = [numpy.asarray(a) for a in second]
    operands = [rc.tensor(a, requires_grad=True) for a in arrays]
    received = rc.tensor(g, requires_grad=True)
    ours = getattr(rc, f"conv{rank}d")(*operands, **given)
    assert ours.shape == want_y.shape
    assert (numpy.abs(ours.numpy() - want_y) <= half_a_place(want_y)).all()
    got = gradients(ours, operands, received, create_graph=True)
    for a, b in zip(got, want, strict=True):
        assert (numpy.abs(a.numpy() - b) <= half_a_place(b)).all()
    total = sum(((a * a * a).sum() for a in got), rc.tensor(0.0))
    for a, b in zip(gradients(total, [*operands[:2], received]), want_second, strict=True):
        assert numpy.abs(a.numpy() - b).max() <= 2.0**-18 * max(1.0, numpy.abs(b).max())


# ------------------------------------------------------------------------------------------------ it can fail


def test_an_oracle_that_turns_the_kernel_or_rounds_twice_disagrees() -> None:
    rng = random.Random(1)
    x, weight = draw(rng, "gauss", 1, 2, 9), draw(rng, "gauss", 2, 2, 3)
    attributes = normal(x.shape, {})
    values, weights = array_of(x), array_of(weight)
    turned, twice = defaultdict(list), defaultdict(float)
    for y, a, b in triples(x.shape, weight.shape, attributes):
        turned[y].append((float(values[a]), float(weights[(*b[:2], 2 - b[2])])))
        twice[y] = float(numpy.float32(twice[y] + numpy.float32(values[a]) * numpy.float32(weights[b])))
    got = array_bits(TABLE["conv"].define(x, weight, **attributes))
    assert got != summed(turned, (1, 2, 7))
    assert got != [bits(twice[place]) for place in itertools.product(range(1), range(2), range(7))]
