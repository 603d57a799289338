"""The moves that NumPy has too, bit for bit, on every backend; resize against fractions and against JAX."""

import itertools
import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.numerics.formats import round_number
from tests.installed import BACKENDS
from tests.ops.test_moves import DTYPES, sample


def agree(name: str, want: Any, *xs: Any, **attributes: Any) -> None:
    """Shape, element type and bits of each result are NumPy's, on every backend."""
    for backend in BACKENDS:
        tensors = [rc.tensor(x, backend, dtype=x.dtype.name) for x in xs]
        got = getattr(rc, name)(*tensors, **attributes)
        several = got if isinstance(got, tuple) else (got,)
        wanted = want if isinstance(want, list | tuple) else (want,)
        assert len(several) == len(wanted), (name, backend)
        for g, w in zip(several, wanted, strict=True):
            assert g.shape == w.shape, (name, backend, attributes)
            assert g.dtype == w.dtype.name, (name, backend)
            assert g.digest() == rc.tensor(w, backend, dtype=w.dtype.name).digest(), (name, backend, attributes)


shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)


@given(shapes, st.sampled_from(DTYPES), st.data())
@settings(max_examples=60, deadline=None)
def test_rearrangements(shape: tuple[int, ...], dtype: str, data: st.DataObject) -> None:
    x, rank = sample(shape, dtype), len(shape)
    axis = st.integers(-rank, rank - 1) if rank else st.nothing()
    shift = data.draw(st.integers(-9, 9))
    agree("roll", np.roll(x, shift), x, shift=shift)
    count = data.draw(st.integers(0, 3))
    agree("repeat", np.repeat(x, count), x, repeats=count)
    repetitions = tuple(data.draw(st.lists(st.integers(0, 3), max_size=4)))
    agree("tile", np.tile(x, repetitions), x, repetitions=repetitions)
    if not rank:
        return
    one, two = data.draw(axis), data.draw(axis)
    agree("swapaxes", np.swapaxes(x, one, two), x, axis1=one, axis2=two)
    agree("moveaxis", np.moveaxis(x, one, two), x, source=one, destination=two)
    order = data.draw(st.permutations(range(rank)))
    agree("moveaxis", np.moveaxis(x, range(rank), order), x, source=tuple(range(rank)), destination=tuple(order))
    shifts = tuple(data.draw(st.integers(-9, 9)) for _ in range(2))
    agree("roll", np.roll(x, shifts, (one, two)), x, shift=shifts, axis=(one, two))
    agree("roll", np.roll(x, shift, one), x, shift=shift, axis=one)
    agree("repeat", np.repeat(x, count, one), x, repeats=count, axis=one)
    counts = tuple(data.draw(st.integers(0, 3)) for _ in range(shape[one]))
    agree("repeat", np.repeat(x, counts, one), x, repeats=counts, axis=one)
    if shape[one]:
        parts = [part.squeeze(one) for part in np.split(x, shape[one], one)]
        agree("unstack", parts, x, axis=one)
        size = data.draw(st.integers(1, 5))
        agree("split", np.split(x, range(size, shape[one], size), one), x, sizes=size, axis=one)
        cuts = sorted(data.draw(st.integers(0, shape[one])) for _ in range(2))
        sizes = (cuts[0], cuts[1] - cuts[0], shape[one] - cuts[1])
        agree("split", np.split(x, cuts, one), x, sizes=sizes, axis=one)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=4).map(tuple), st.integers(-6, 6), st.data())
@settings(max_examples=60, deadline=None)
def test_matrices(shape: tuple[int, ...], k: int, data: st.DataObject) -> None:
    x = sample(shape, data.draw(st.sampled_from(DTYPES)))
    agree("tril", np.tril(x, k), x, k=k)
    agree("triu", np.triu(x, k), x, k=k)
    one, two = data.draw(st.permutations(range(-len(shape), 0)))[:2]
    rows, columns = shape[one], shape[two]
    if -rows <= k <= columns:  # NumPy refuses some of the others
        agree("diagonal", np.diagonal(x, k, one, two), x, offset=k, axis1=one, axis2=two)
    vector = sample(shape[:1])
    agree("diag", np.diag(vector, k), vector, offset=k)
    if len(shape) == 2 and -rows <= k <= columns:
        agree("diag", np.diag(x, k), x, offset=k)


def test_diagonals_far_beside_a_matrix_are_empty() -> None:
    x = sample((3, 4))
    for k in (4, 5, 2**70, -3, -4, -(2**70)):
        agree("diagonal", np.zeros(0, "f4"), x, offset=k)
        agree("tril", x if k > 0 else np.zeros((3, 4), "f4"), x, k=k)
        agree("triu", x if k < 0 else np.zeros((3, 4), "f4"), x, k=k)


@pytest.mark.parametrize(("name", "mode"), [("pad_edge", "edge"), ("pad_reflect", "reflect"), ("pad_wrap", "wrap")])
@pytest.mark.parametrize("seed", range(15))
def test_extensions(name: str, mode: Any, seed: int) -> None:
    rng = random.Random(seed)
    for shape in ((1,), (5,), (2, 3), (3, 1), (2, 3, 4)):
        least = 2 if mode == "reflect" else 1
        widths = tuple((rng.randrange(9), rng.randrange(9)) if n >= least else (0, 0) for n in shape)
        x = sample(shape, rng.choice(DTYPES))
        agree(name, np.pad(x, widths, mode), x, widths=widths)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_grids(indexing: Any) -> None:
    for lengths in ((3,), (2, 3), (2, 1, 4), (0, 2)):
        xs = [sample((n,)) for n in lengths]
        agree("meshgrid", np.meshgrid(*xs, indexing=indexing), *xs, indexing=indexing)
    for one, two in itertools.product([(3, 1), (1, 4), (), (2, 3, 4)], repeat=2):
        xs = [sample(one), sample(two)]
        agree("broadcast_arrays", np.broadcast_arrays(*xs), *xs) if _fit(one, two) else None


def _fit(one: tuple[int, ...], two: tuple[int, ...]) -> bool:
    return all(a == b or 1 in (a, b) for a, b in zip(one[::-1], two[::-1], strict=False))


@given(shapes, st.data())
@settings(max_examples=60, deadline=None)
def test_masks(shape: tuple[int, ...], data: st.DataObject) -> None:
    size = math.prod(shape)
    x = sample(shape, data.draw(st.sampled_from(DTYPES)))
    flat = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    mask = np.array(flat, bool).reshape(shape)
    agree("masked_select", x[mask], x, mask)
    agree("argwhere", np.argwhere(mask).astype("i4"), mask)
    agree("argwhere", np.argwhere(x).astype("i4"), x)
    if shape:
        agree("nonzero", [part.astype("i4") for part in np.nonzero(mask)], mask)
        agree("index_mask", x[mask], x, mask)
    if x.dtype == np.float32:
        agree("masked_fill", np.where(mask, np.float32(-0.1), x), x, mask, np.array(-0.1, "f4"))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple), st.data())
@settings(max_examples=60, deadline=None)
def test_scatter_is_a_loop(shape: tuple[int, ...], data: st.DataObject) -> None:
    """In row-major order, one after another: the last one stays."""
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    lengths = [data.draw(st.integers(0, n)) for n in shape]
    lengths[axis] = data.draw(st.integers(0, 9))
    size = math.prod(lengths)
    flat = data.draw(st.lists(st.integers(0, shape[axis] - 1), min_size=size, max_size=size))
    indices = np.array(flat, "i4").reshape(lengths)
    x, updates = sample(shape), -sample(tuple(lengths))
    want = x.copy()
    for place in np.ndindex(*lengths):
        target = list(place)
        target[axis] = indices[place]
        want[tuple(target)] = updates[place]
    agree("scatter", want, x, indices, updates, axis=axis)
    window = tuple(slice(n) if i != axis % len(shape) else slice(None) for i, n in enumerate(lengths))
    if all(lengths):
        agree("take_along_axis", np.take_along_axis(x[window], indices, axis), x[window], indices, axis=axis)


# ------------------------------------------------------------------------------------------------- resize


def by_fractions(x: Any, axis: int, m: int, mode: str) -> Any:
    """One axis, from the docstring's clauses."""
    n = x.shape[axis]
    x = np.moveaxis(x, axis, 0)
    rows = []
    for i in range(m):
        c = (i + Fraction(1, 2)) * n / m - Fraction(1, 2)
        if mode == "nearest":
            rows.append(x[math.floor(c + Fraction(1, 2))])
            continue
        c = min(max(c, Fraction(0)), Fraction(n - 1))
        j = math.floor(c)
        u, w = (np.float32(round_number(part)) for part in (1 - (c - j), c - j))
        rows.append(x[j] * u + x[j + 1] * w if w else x[j])
    return np.moveaxis(np.stack(rows), 0, axis).astype("f4")


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("seed", range(10))
def test_resize_is_its_clauses_and_jaxs(mode: str, seed: int) -> None:
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 2).tolist())
    target = tuple(rng.integers(1, 20, 2).tolist())
    x = rng.normal(size=shape).astype("f4")
    want = x
    for axis in (0, 1):
        if shape[axis] != target[axis]:
            want = by_fractions(want, axis, target[axis], mode)
    agree("resize", want, x, shape=target, mode=mode)
    peer = np.asarray(jax.image.resize(x, target, mode, antialias=False))
    if mode == "linear":
        # Five roundings to 24 bits along each of two axes, of numbers below 4, and as many of JAX's.
        assert np.abs(peer - want).max() <= 4 * 20 * 2.0**-24
    elif not any((2 * i + 1) * n % (2 * m) == 0 for n, m in zip(shape, target, strict=True) for i in range(m)):
        assert peer.tolist() == want.tolist()  # where no sample lies on the border between two cells


def test_this_comparison_can_fail() -> None:
    x = sample((3, 2))
    with pytest.raises(AssertionError):
        agree("roll", np.roll(x, 1, 0), x, shift=1, axis=1)
    with pytest.raises(AssertionError):
        agree("tril", np.where(np.tri(3, 2) > 0, x, np.float32(-0.0)), x)
