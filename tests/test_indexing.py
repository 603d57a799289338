"""``x[...]`` and ``x.at[...]`` against NumPy: values, shapes, refusals; their gradients; and that nothing is shared."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.plain import PlainArray
from tests.installed import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Any:
    with rc.use_backend(request.param):
        yield request.param


def numbered(shape: tuple[int, ...]) -> Any:
    """Elements that are all different."""
    return np.arange(1, math.prod(shape) + 1, dtype="f4").reshape(shape)


def positions(length: int) -> st.SearchStrategy[Any]:
    """Positions on an axis, sometimes one that is not there, in shapes that often broadcast against each other."""
    inside = st.integers(-length, length - 1) if length else st.nothing()
    element = st.one_of(*[inside] * 12, st.integers(-length - 2, length + 1)) if length else st.just(0)

    def fill(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
        size = math.prod(shape)
        return st.lists(element, min_size=size, max_size=size).map(lambda found: np.array(found, int).reshape(shape))

    return st.sampled_from([(2,), (2,), (1,), (2, 1), (1, 2), (3, 2), (0,), ()]).flatmap(fill)


@st.composite
def indices(draw: Any, shape: tuple[int, ...]) -> Any:
    """Any index: ints, slices, '...', None, arrays of positions, masks of one or two axes, single bools."""
    items: list[Any] = []
    axis, used = 0, False
    for _ in range(draw(st.integers(0, len(shape) + 3))):
        if axis > len(shape):
            break
        length = shape[axis] if axis < len(shape) else 1
        kind = draw(
            st.sampled_from(["int", "slice", "slice", "array", "array", "mask", "mask2", "...", "None", "bool"])
        )
        if kind == "int":
            items.append(draw(st.integers(-length, max(0, length - 1 + (draw(st.integers(0, 9)) == 0)))))
            axis += 1
        elif kind == "slice":
            bound = st.none() | st.integers(-length - 2, length + 2)
            items.append(slice(draw(bound), draw(bound), draw(st.none() | st.integers(-3, 3).filter(bool))))
            axis += 1
        elif kind == "array":
            items.append(draw(positions(length)))
            axis += 1
        elif kind in ("mask", "mask2"):
            lengths = shape[axis : axis + (2 if kind == "mask2" else 1)]
            size = math.prod(lengths)
            items.append(np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool).reshape(lengths))
            axis += len(lengths) or 1
        elif kind == "..." and not used:
            items.append(Ellipsis)
            used = True
            axis = max(axis, len(shape) - draw(st.integers(0, 1)))  # which leaves the last axis, or none
        elif kind == "None":
            items.append(None)
        elif kind == "bool" and draw(st.integers(0, 3)) == 0:
            items.append(draw(st.booleans()))
    return items[0] if len(items) == 1 and draw(st.booleans()) else tuple(items)


def as_tensors(index: Any, backend: str) -> Any:
    """The same index with tensors in the place of arrays."""

    def convert(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            return rc.tensor(item, backend, dtype="bool" if item.dtype == bool else "int32")
        return item

    return tuple(map(convert, index)) if isinstance(index, tuple) else convert(index)


def as_lists(index: Any) -> Any:
    """The same index with lists in the place of arrays."""

    def convert(item: Any) -> Any:
        return item.tolist() if isinstance(item, np.ndarray) and item.size else item

    return tuple(map(convert, index)) if isinstance(index, tuple) else convert(index)


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_indexing_is_numpys(data: st.DataObject) -> None:
    """Values, shapes and refusals; arrays, tensors and lists as positions and masks; on every backend."""
    shape = data.draw(st.lists(st.integers(0, 3), max_size=4).map(tuple))
    index = data.draw(indices(shape))
    values = numbered(shape)
    try:
        want = np.asarray(values[index])
    except IndexError:
        want = None
    for name in BACKENDS:
        x = rc.tensor(values, name)
        for form in (index, as_tensors(index, name), as_lists(index)):
            if want is None:
                with pytest.raises(rc.IndexRangeError):
                    x[form]
                continue
            got = x[form]
            assert got.shape == want.shape
            assert got.tolist() == want.tolist()
            assert got.numpy().tobytes() == np.ascontiguousarray(want).tobytes()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_gradients_of_indexing_are_adjoints(data: st.DataObject) -> None:
    """An element receives the sum of what its copies do, exactly: numbers are small integers."""
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple))
    index = data.draw(indices(shape))
    try:
        places = np.asarray(np.arange(math.prod(shape)).reshape(shape)[index])
    except IndexError:
        return
    received = np.arange(places.size, dtype="f4").reshape(places.shape) * 3 - 5
    want = np.zeros(math.prod(shape), "f4")
    np.add.at(want, places.reshape(-1), received.reshape(-1))
    found = set()
    for name in BACKENDS:
        x = rc.tensor(numbered(shape), name, requires_grad=True)
        y = x[as_tensors(index, name)]
        y.backward(rc.tensor(received, name))
        assert x.grad is not None
        assert x.grad.tolist() == want.reshape(shape).tolist()
        found.add(x.grad.digest())
    assert len(found) == 1


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_replacing_is_an_assignment_to_a_copy(data: st.DataObject) -> None:
    """``x.at[i].set(v)`` is ``y = x.copy(); y[i] = v`` in row-major order; ``add`` adds up every value."""
    shape = data.draw(st.lists(st.integers(0, 3), max_size=3).map(tuple))
    index = data.draw(indices(shape))
    try:
        places = np.asarray(np.arange(math.prod(shape)).reshape(shape)[index])
    except IndexError:
        return
    given_values = -numbered(places.shape)
    x, v = numbered(shape).reshape(-1), given_values.reshape(-1)
    put, added = x.copy(), x.copy()
    for place, value in zip(places.reshape(-1), v, strict=True):
        put[place] = value
        added[place] += value
    last = {int(place): i for i, place in enumerate(places.reshape(-1))}
    for name in BACKENDS:
        t = rc.tensor(x.reshape(shape), name, requires_grad=True)
        values = rc.tensor(given_values, name, requires_grad=True)
        y = t.at[as_tensors(index, name)].set(values)
        assert y.tolist() == put.reshape(shape).tolist()
        assert t.at[index].add(values).tolist() == added.reshape(shape).tolist()
        assert t.tolist() == x.reshape(shape).tolist()
        y.backward(rc.tensor(numbered(shape), name))
        assert t.grad is not None
        assert values.grad is not None
        stays = np.array([place not in last for place in range(x.size)], "f4")
        assert t.grad.tolist() == (numbered(shape).reshape(-1) * stays).reshape(shape).tolist()
        wins = [x[p] if last[int(p)] == i else 0.0 for i, p in enumerate(places.reshape(-1))]
        assert values.grad.tolist() == np.reshape(np.array(wins, "f4"), places.shape).tolist()


def test_numbers_replace_too(backend: str) -> None:
    x = rc.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.at[0].set(0.1).tolist() == [[np.float32(0.1)] * 2, [3.0, 4.0]]
    assert x.at[x > 2].set(-0.0).tolist() == [[1.0, 2.0], [-0.0, -0.0]]
    assert x.at[:, [0, 0]].add(1).tolist() == [[3.0, 2.0], [5.0, 4.0]]
    assert rc.tensor([1, 2], dtype="int32").at[-1].set(7).tolist() == [1, 7]
    with pytest.raises(rc.ShapeError, match="does not broadcast"):
        x.at[0].set(rc.tensor([1.0, 2.0, 3.0]))
    with pytest.raises(rc.IndexRangeError, match="index 2 is out of range"):
        x.at[2]
    row, before = x[0], x.tolist()
    x[0] = 9.0  # which takes over a copy: no other tensor changes
    assert x.tolist() == [[9.0, 9.0], before[1]]
    assert row.tolist() == before[0]


def test_gradients_of_gradients(backend: str) -> None:
    """The gradient of an index is one of its own: the second derivative of a cube at chosen places."""
    x = rc.tensor([1.0, 2.0, 3.0])
    for index in (slice(None, None, -2), rc.tensor([0, 2, 2], dtype="int32"), rc.tensor([True, False, True]), None):
        once = rc.grad(lambda t, index=index: (t[index] * t[index] * t[index]).sum())
        twice = rc.grad(lambda t, once=once: once(t).sum())
        counts = np.bincount(
            np.arange(3)[index.numpy() if isinstance(index, rc.RamTensor) else index].ravel(), minlength=3
        )
        assert twice(x).tolist() == (6 * np.array([1.0, 2.0, 3.0]) * counts).tolist()


VIEWS = {
    "int": lambda x: x[1],
    "slice": lambda x: x[:2],
    "column": lambda x: x[:, 1],
    "backwards": lambda x: x[::-1],
    "None": lambda x: x[None],
    "all": lambda x: x[...],
    "transpose": lambda x: x.T,
    "reshape": lambda x: x.reshape(-1),
    "diagonal": lambda x: x.diagonal(),
    "expand": lambda x: x.expand((2, -1, -1)),
    "split": lambda x: x.split(2)[0],
    "unstack": lambda x: x.unstack()[1],
    "swapaxes": lambda x: x.swapaxes(0, 1),
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_does_not_write_through(view: str, backend: str) -> None:
    """What changes in place takes other elements: neither a part of a tensor nor what it is of changes with it."""
    x = rc.tensor(numbered((3, 3)))
    before, part = x.tolist(), VIEWS[view](x)
    seen = part.tolist()
    part.replace_(part * 2)
    assert x.tolist() == before
    again = VIEWS[view](x)
    x.min_max_()
    assert again.tolist() == seen
    array = again.numpy()
    array[...] = 99
    assert again.tolist() == seen
    assert x.tolist() == rc.tensor(before).min_max().tolist()


def test_equal_indices_of_other_kinds_are_told_apart(backend: str) -> None:
    """1, True and 1.0 are equal as keys of a dict, and mean an element, a mask and nothing."""
    x = rc.tensor(numbered((2, 3)))
    for _ in range(2):  # what is known of one is not taken for another
        assert x[1].shape == (3,)
        assert x[True].shape == (1, 2, 3)
        assert x[:1].shape == (1, 3)
        assert x[0, 1].shape == ()
        assert x[np.int64(1)].shape == (3,)
        for bad in (1.0, (0, 1.0), slice(1.0), slice(None, 1.0)):
            with pytest.raises(rc.IndexRangeError):
                x[bad]
        assert x[:True].shape == (1, 3)


def test_masks_of_other_lengths_are_refused(backend: str) -> None:
    x = rc.tensor(numbered((2, 3)))
    for mask in ([True], [[True, False]], [True, False, True]):
        with pytest.raises(rc.IndexRangeError, match="a mask of shape"):
            x[rc.tensor(mask)]
    with pytest.raises(rc.IndexRangeError, match="3 indices"):
        x[rc.tensor([[True] * 3] * 2), 0]


def test_tensors_of_two_backends_do_not_mix() -> None:
    for one, other in itertools.permutations(BACKENDS[:2]):
        x, index = rc.tensor([1.0, 2.0], one), rc.tensor([1, 0], other, dtype="int32")
        for form in (index, (index,), (None, index), index > 0):
            with pytest.raises(rc.BackendMismatchError):
                x[form]


def test_to_replace_a_few_elements_no_more_places_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of a large tensor costs its own length and one copy, not Python's count of every element."""
    counted = []
    of = PlainArray.of

    def counting(values: Any, shape: Any, dtype: str = "float32") -> PlainArray:
        counted.append(len(values))
        return of(values, shape, dtype)

    x = rc.zeros((100, 10), dtype="int32")
    monkeypatch.setattr(PlainArray, "of", counting)
    x[-1, 2:8:3] = 7
    x[:, 1] = rc.ones(100, dtype="int32")
    assert max(counted) <= 100
    monkeypatch.undo()
    wanted = [[0] * 10 for _ in range(100)]
    wanted[-1][2] = wanted[-1][5] = 7
    for row in wanted:
        row[1] = 1
    assert x.tolist() == wanted
