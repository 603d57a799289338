"""Moves and compositions of them against NumPy's own functions, bit for bit (N4.1), and their gradients as adjoints."""

import itertools
import math
import random
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.errors import AttributeValueError, AxisError, DTypeError, ShapeError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.plain import PlainArray
from tests.ops.agreement import PYTHON, array_bits

SHAPES = [(), (1,), (5,), (2, 3), (3, 1), (2, 3, 4), (1, 2, 1, 3), (0,), (2, 0), (0, 3)]
DTYPES = ["float32", "int32", "bool"]


def sample(shape: tuple[int, ...], dtype: str = "float32") -> numpy.ndarray[Any, Any]:
    """Elements that are all different, with -0, NaN and infinities among the first."""
    size = math.prod(shape)
    if dtype == "bool":
        return (numpy.arange(size) % 3 == 0).reshape(shape)
    values = numpy.arange(1, size + 1).astype(dtype)
    if dtype == "float32":
        values[: min(size, 4)] = numpy.array([-0.0, math.nan, -math.inf, 2.0**-149])[: min(size, 4)]
    return values.reshape(shape)


def plain(x: numpy.ndarray[Any, Any]) -> PlainArray:
    return PlainArray.of(x.ravel().tolist(), x.shape, x.dtype.name)


def same(got: PlainArray, want: numpy.ndarray[Any, Any]) -> None:
    """The same shape, element type and bits."""
    assert got.shape == want.shape
    assert got.dtype == want.dtype.name
    assert got.tobytes() == plain(want).tobytes()


def both(name: str, *xs: numpy.ndarray[Any, Any], want: numpy.ndarray[Any, Any], **attributes: Any) -> None:
    """The definition, the derived kernel and the method, against NumPy."""
    operands = [plain(x) for x in xs]
    operation = TABLE[name]
    if name in rc.ops.KERNELS:
        result = operation.check(*operands, **attributes)
        assert result.shape == want.shape
        assert result.dtype == want.dtype.name
        again = operation.check(*operands, **result.attributes)
        assert again == result, "the normal form of the attributes is not normal"
        same(operation.define(*operands, **result.attributes), want)
        same(plain_kernel(operation)(*operands, **result.attributes), want)
    first, *others = (rc.tensor(x, backend=PYTHON, dtype=x.dtype.name) for x in xs)
    same(getattr(first, name)(*others, **attributes).plain(), want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_reshape_flatten_squeeze(shape: tuple[int, ...], dtype: str) -> None:
    x = sample(shape, dtype)
    for target in {(-1,), (x.size,), (1, x.size), (x.size, 1, 1), shape}:
        if -1 not in target or x.size:
            both("reshape", x, shape=target, want=x.reshape(target))
    both("flatten", x, want=x.reshape(-1))
    both("squeeze", x, want=x.squeeze())
    for axis in range(-len(shape) - 1, len(shape) + 1):
        both("expand_dims", x, axis=axis, want=numpy.expand_dims(x, axis))
    both("expand_dims", x, axis=(0, -1), want=numpy.expand_dims(x, (0, -1)))
    ones = [i for i, n in enumerate(shape) if n == 1]
    for chosen in itertools.chain.from_iterable(itertools.combinations(ones, k) for k in range(1, len(ones) + 1)):
        both("squeeze", x, axis=chosen, want=x.squeeze(chosen))
    for first in range(len(shape)):
        for last in range(first, len(shape)):
            target = (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])
            both("flatten", x, start_axis=first, end_axis=last, want=x.reshape(target))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "target"),
    [
        ((), (2, 3)),
        ((3,), (2, 3)),
        ((2, 1), (2, 3)),
        ((1, 1), (4, 1, 5)),
        ((2, 3), (2, 3)),
        ((1,), (0,)),
        ((0, 1), (0, 2)),
    ],
)
def test_broadcast_to(shape: tuple[int, ...], target: tuple[int, ...], dtype: str) -> None:
    x = sample(shape, dtype)
    both("broadcast_to", x, shape=target, want=numpy.broadcast_to(x, target))


@pytest.mark.parametrize("shape", SHAPES)
def test_transpose_and_flip(shape: tuple[int, ...]) -> None:
    x = sample(shape)
    for axes in itertools.permutations(range(len(shape))):
        both("transpose", x, axes=axes, want=x.transpose(axes))
    both("transpose", x, want=x.transpose())
    for k in range(len(shape) + 1):
        for axis in itertools.combinations(range(-len(shape), 0), k):
            both("flip", x, axis=axis, want=numpy.flip(x, axis))
    both("flip", x, want=numpy.flip(x))
    if len(shape) > 1:
        both("matrix_transpose", x, want=numpy.swapaxes(x, -1, -2))


def test_aliases() -> None:
    x = rc.tensor(sample((2, 3)), backend=PYTHON)
    assert x.permute_dims((1, 0)).digest() == x.T.digest() == x.transpose().digest()
    assert x.concatenate(x, axis=1).digest() == x.concat(x, axis=1).digest()
    assert x.unsqueeze(0).shape == (1, 2, 3)
    assert (x.find_max().shape, x.amax(axis=0).shape, x.find_min().shape, x.amin(axis=1).shape) == ((), (3,), (), (2,))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(6))
def test_pad(dtype: str, seed: int) -> None:
    rng = random.Random(seed)
    for shape in SHAPES:
        x = sample(shape, dtype)
        widths = tuple((rng.randrange(3), rng.randrange(3)) for _ in shape)
        interior = tuple(rng.randrange(3) for _ in shape)
        value: Any = {"float32": -0.1, "int32": -7, "bool": True}[dtype]
        lengths = [a + max(0, n + (n - 1) * gap) + b for n, (a, b), gap in zip(shape, widths, interior, strict=True)]
        want = numpy.full(lengths, value, dtype)
        places = tuple(
            slice(a, a + max(0, n + (n - 1) * gap), gap + 1)
            for n, (a, _), gap in zip(shape, widths, interior, strict=True)
        )
        want[places] = x
        both("pad", x, widths=widths, interior=interior, value=value, want=want)
        if shape:
            both("pad", x, widths=widths, want=numpy.pad(x, widths))
            both("pad", x, widths=(1, 2), want=numpy.pad(x, (1, 2)))
            both("pad", x, widths=2, want=numpy.pad(x, 2))


@pytest.mark.parametrize("seed", range(20))
def test_slice(seed: int) -> None:
    rng = random.Random(seed)
    for shape in SHAPES:
        x = sample(shape, rng.choice(DTYPES))
        bounds = [
            (rng.choice([None, *range(-6, 7)]), rng.choice([None, *range(-6, 7)]), rng.choice([None, 1, 2, 3]))
            for _ in shape
        ]
        given_axes = rng.randrange(len(shape) + 1)
        start, stop, step = ([b[i] for b in bounds[:given_axes]] for i in range(3))
        want = x[tuple(slice(*b) for b in bounds[:given_axes])]
        both("slice", x, start=start, stop=stop, step=step, want=want)
        if all(s in (None, 1) for s in step):
            both("slice", x, start=start, stop=stop, want=want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_concat_and_stack(dtype: str) -> None:
    for shape in SHAPES:
        for axis in range(-len(shape), len(shape)):
            pieces = []
            for length in (2, 0, 1, 3):
                lengths = list(shape)
                lengths[axis] = length
                pieces.append(sample(tuple(lengths), dtype))
            both("concat", *pieces, axis=axis, want=numpy.concatenate(pieces, axis))
            both("concat", pieces[0], axis=axis, want=pieces[0])
        for axis in range(-len(shape) - 1, len(shape) + 1):
            alike = [sample(shape, dtype)] * 3
            both("stack", *alike, axis=axis, want=numpy.stack(alike, axis))


def test_likes() -> None:
    for dtype in DTYPES:
        x = sample((2, 3), dtype)
        both("zeros_like", x, want=numpy.zeros_like(x))
        both("ones_like", x, want=numpy.ones_like(x))


def test_sum_to_and_restore_axes() -> None:
    rng = numpy.random.default_rng(1)
    x = rng.integers(-9, 9, (2, 3, 4)).astype(numpy.float32)  # their sums are exact
    for target in [(2, 3, 4), (3, 4), (4,), (), (1, 3, 1), (2, 1, 4), (1, 1), (1,), (3, 1)]:
        added = 3 - len(target)
        want = x.sum(axis=tuple(range(added)))
        want = want.sum(axis=tuple(i for i, n in enumerate(target) if n != want.shape[i]), keepdims=True)
        both("sum_to", x, shape=target, want=want.astype(numpy.float32))
    for axis in [None, 0, -1, (0, 2), (0, 1, 2)]:
        for keepdims in (False, True):
            reduced = x.max(axis=axis, keepdims=keepdims)
            want = x.max(axis=axis, keepdims=True)
            both("restore_axes", reduced, shape=x.shape, axis=axis, keepdims=keepdims, want=want)


shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@settings(max_examples=150, deadline=None)
@given(shapes, st.data())
def test_any_pad_and_its_slice(shape: tuple[int, ...], data: st.DataObject) -> None:
    """The slice of a pad is the array, and pad is slice's adjoint: one puts where the other takes."""
    x = sample(shape)
    widths = tuple(data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in shape)
    interior = tuple(data.draw(st.integers(0, 2)) for _ in shape)
    t = rc.tensor(x, backend=PYTHON)
    padded = t.pad(widths, interior=interior)
    start = tuple(a for a, _ in widths)
    stop = tuple(a + max(0, n + (n - 1) * gap) for n, (a, _), gap in zip(shape, widths, interior, strict=True))
    back = padded.slice(start=start, stop=stop, step=tuple(gap + 1 for gap in interior))
    assert back.digest() == t.digest()


@settings(max_examples=150, deadline=None)
@given(shapes.filter(len), st.data())
def test_any_slice(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = sample(shape)
    bound = st.none() | st.integers(-6, 6)
    slices = [slice(data.draw(bound), data.draw(bound), data.draw(st.none() | st.integers(1, 4))) for _ in shape]
    start, stop, step = ([getattr(s, key) for s in slices] for key in ("start", "stop", "step"))
    both("slice", x, start=start, stop=stop, step=step, want=x[tuple(slices)])


@settings(max_examples=100, deadline=None)
@given(shapes, st.data())
def test_any_permutation(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = sample(shape)
    axes = data.draw(st.permutations(range(len(shape))))
    both("transpose", x, axes=axes, want=x.transpose(axes))
    negative = [axis - len(shape) for axis in axes]
    both("transpose", x, axes=negative, want=x.transpose(axes))


# ---------------------------------------------------------------------------------------------- gradients

GRADIENTS: list[tuple[str, tuple[tuple[int, ...], ...], dict[str, Any]]] = [
    ("reshape", ((2, 3),), {"shape": (3, 2)}),
    ("flatten", ((2, 3, 2),), {"start_axis": 1}),
    ("squeeze", ((1, 3, 1),), {}),
    ("expand_dims", ((3,),), {"axis": (0, 2)}),
    ("broadcast_to", ((3, 1),), {"shape": (2, 3, 4)}),
    ("broadcast_to", ((),), {"shape": (2, 2)}),
    ("transpose", ((2, 3, 4),), {"axes": (2, 0, 1)}),
    ("matrix_transpose", ((2, 3, 4),), {}),
    ("flip", ((2, 3),), {"axis": 1}),
    ("pad", ((2, 3),), {"widths": ((1, 0), (2, 1)), "interior": (0, 2), "value": 5.0}),
    ("pad", ((0, 2),), {"widths": 1}),
    ("slice", ((4, 5),), {"start": (1, 0), "stop": (4, 5), "step": (2, 3)}),
    ("slice", ((4, 5),), {"start": (1, 4), "stop": (None, 2)}),
    ("slice", ((7,),), {"start": (1,), "stop": (6,), "step": (3,)}),
    ("concat", ((2, 1), (2, 3), (2, 0)), {"axis": 1}),
    ("stack", ((2, 3), (2, 3)), {"axis": 1}),
    ("sum_to", ((2, 3, 4),), {"shape": (3, 1)}),
    ("restore_axes", ((2,),), {"shape": (2, 3), "axis": 1}),
]


@pytest.mark.parametrize(("name", "operands", "attributes"), GRADIENTS)
def test_gradients_are_adjoints(name: str, operands: Any, attributes: Any) -> None:
    """A move A is linear but for a filling: <g, A(x) - A(0)> = <A^T g, x>, exactly: the integers are small."""
    rng = numpy.random.default_rng(2)

    def draw(shape: tuple[int, ...]) -> Any:
        return rng.integers(-9, 10, shape).astype(numpy.float32)

    arrays = [draw(shape) for shape in operands]
    xs = [rc.tensor(x, backend=PYTHON, requires_grad=True) for x in arrays]
    y = getattr(xs[0], name)(*xs[1:], **attributes)
    zero = [rc.tensor(numpy.zeros_like(x), backend=PYTHON) for x in arrays]
    offset = getattr(zero[0], name)(*zero[1:], **attributes)
    g = draw(y.shape)
    y.backward(rc.tensor(g, backend=PYTHON))
    left = float((g * (y.numpy() - offset.numpy())).sum())
    right = 0.0
    for x, array in zip(xs, arrays, strict=True):
        assert x.grad is not None
        assert x.grad.shape == x.shape
        right += float((x.grad.numpy() * array).sum())
    assert left == right


def test_moves_of_infinite_gradients_stay_clean() -> None:
    """Zeros are put beside an infinite gradient, not products with zero."""
    x = rc.tensor([1.0, 2.0, 3.0], backend=PYTHON, requires_grad=True)
    x[1].backward(rc.tensor(math.inf, backend=PYTHON))
    assert x.grad.tolist() == [0.0, math.inf, 0.0]


# --------------------------------------------------------------------------------------------- refusals


def test_errors_say_what_to_do() -> None:
    x = rc.tensor([[1.0, 2.0, 3.0]], backend=PYTHON)
    i = rc.tensor([[1, 2, 3]], backend=PYTHON, dtype="int32")
    with pytest.raises(ShapeError, match=r"shape \(1, 3\) has 3 elements, \(2, 2\) has 4"):
        x.reshape((2, 2))
    with pytest.raises(ShapeError, match="tuple of ints"):
        x.reshape((1.5, 2))
    with pytest.raises(ShapeError, match="slice takes elements away"):
        x.pad(-1)
    with pytest.raises(AttributeValueError, match="not a value of int32"):
        i.pad(1, value=0.5)
    with pytest.raises(AttributeValueError, match="not a value of int32"):
        i.pad(1, value=2**31)
    with pytest.raises(AttributeValueError, match="must be a number"):
        i.pad(1, value=math.nan)
    with pytest.raises(ShapeError, match="flip turns an axis around"):
        x.slice(start=(0,), stop=(1,), step=(0,))
    with pytest.raises(DTypeError, match="differ"):
        x.concat(i)
    with pytest.raises(ShapeError, match="at least one"):
        TABLE["concat"].check()
    with pytest.raises(AxisError, match="must name each"):
        x.transpose((0,))
    with pytest.raises(ShapeError, match="only axes of length 1"):
        x.squeeze(1)
    with pytest.raises(ShapeError, match="concat joins"):
        x.stack(x[0])


def test_a_wrong_source_is_found() -> None:
    """The comparison with NumPy can fail: reversed axes that are not reversed."""
    x = sample((2, 3))
    with pytest.raises(AssertionError):
        both("transpose", x, axes=(1, 0), want=x.reshape(3, 2))
    with pytest.raises(AssertionError):
        same(plain(numpy.array([0.0], dtype=numpy.float32)), numpy.array([-0.0], dtype=numpy.float32))


def test_nothing_moves_in_a_reshape() -> None:
    """The elements are shared: a PlainArray never changes after it is made."""
    x = plain(sample((2, 3)))
    assert plain_kernel(TABLE["reshape"])(x, shape=(3, 2)).values is x.values
    assert array_bits(x) == array_bits(plain_kernel(TABLE["broadcast_to"])(x, shape=(2, 3)))
