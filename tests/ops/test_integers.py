"""Operations on int32: exact by Python's ints on every backend; refused in the same words where there is no int32."""

import itertools
import math
import operator
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import rcmlrs_core as rc
from tests.installed import BACKENDS

LOW, HIGH = -(2**31), 2**31 - 1
EDGES = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    7,
    -7,
    31,
    32,
    33,
    40,
    46340,
    46341,
    -46341,
    2**16,
    2**24 + 1,
    HIGH - 1,
    HIGH,
    LOW,
    LOW + 1,
]


def power(x: int, y: int) -> int | None:
    """Without computing what is far too large."""
    return None if y < 0 or (abs(x) > 1 and y > 31) else x**y


ARITHMETIC: dict[str, Callable[[int, int], int | None]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "maximum": max,
    "minimum": min,
    "powf": power,
    "floor_divide": lambda x, y: x // y if y else None,
    "remainder": lambda x, y: x % y if y else None,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "bitwise_left_shift": lambda x, y: x << min(y, 64) if y >= 0 else None,
    "bitwise_right_shift": lambda x, y: x >> y if y >= 0 else None,
}
"""Of two numbers; None where there is no integer."""

FUNCTIONS: dict[str, Callable[[int], int]] = {
    "abs": abs,
    "neg": operator.neg,
    "square": lambda x: x * x,
    "sign": lambda x: (x > 0) - (x < 0),
    "bitwise_invert": operator.invert,
    "floor": lambda x: x,
    "ceil": lambda x: x,
    "trunc": lambda x: x,
    "round": lambda x: x,
}

ROWS: dict[str, Callable[[Sequence[int]], Any]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "argmax": lambda row: row.index(max(row)),
    "argmin": lambda row: row.index(min(row)),
    "cumsum": lambda row: [sum(row[: i + 1]) for i in range(len(row))],
    "sort": sorted,
    "argsort": lambda row: sorted(range(len(row)), key=row.__getitem__),
}


def fits(value: int | None) -> bool:
    """Whether it is an int32."""
    return value is not None and LOW <= value <= HIGH


def ints(values: Any, backend: str) -> rc.RamTensor:
    """An int32 tensor."""
    return rc.tensor(values, backend, dtype="int32")


def judge(name: str, columns: Sequence[Sequence[int]], want: Sequence[int | None], **attributes: Any) -> None:
    """Every backend gives the integers that are int32, and refuses each of the others in the same words."""
    right = [i for i, value in enumerate(want) if fits(value)]
    for backend in BACKENDS:
        operands = [ints([column[i] for i in right], backend) for column in columns]
        got = getattr(rc, name)(*operands, **attributes)
        assert (got.dtype, got.tolist()) == ("int32", [want[i] for i in right]), backend
    for i in set(range(len(want))) - set(right):
        said = set()
        for backend in BACKENDS:
            with pytest.raises(rc.IntegerRangeError) as caught:
                getattr(rc, name)(*(ints([column[i], 1], backend) for column in columns), **attributes)
            said.add(str(caught.value))
        (words,) = said
        assert words.startswith(f"{name}: the result of {', '.join(str(column[i]) for column in columns)}")
        assert "is no int32" in words
        assert ".astype('float32')" in words


@pytest.mark.parametrize("name", ARITHMETIC)
def test_n1_arithmetic_of_int32_is_exact(name: str) -> None:
    rng = random.Random(name)
    pairs = [*itertools.product(EDGES, EDGES)]
    pairs += [(rng.randint(-(2**15), 2**15), rng.randint(-(2**16), 2**16)) for _ in range(50)]
    judge(name, [*zip(*pairs, strict=True)], [ARITHMETIC[name](x, y) for x, y in pairs])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_n1_functions_of_int32_are_exact(name: str) -> None:
    judge(name, [EDGES], [FUNCTIONS[name](x) for x in EDGES])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 30, 31, 32, 33, HIGH, -1, LOW])
def test_n1_integer_powers_of_int32_are_exact(n: int) -> None:
    xs = [x for x in EDGES if abs(x) < 2**20] + [1290, 1291, -1290, -1291]
    if n > 33:
        xs = [x for x in xs if abs(x) < 2]  # Python's own power of anything else would not end
    judge("powi", [xs], [power(x, n) if abs(x) > 1 or n < 0 else x ** (n % 2 or 2 if n else 0) for x in xs], n=n)


@pytest.mark.parametrize("name", ROWS)
def test_n1_rows_of_int32_are_exact(name: str) -> None:
    rng = random.Random(name)
    for n in (1, 2, 5, 33):
        table = [[rng.choice(EDGES) // (n if name in ("sum", "cumsum") else 1) for _ in range(n)] for _ in range(4)]
        for backend in BACKENDS:
            got = getattr(rc, name)(ints(table, backend), axis=1)
            assert (got.dtype, got.tolist()) == ("int32", [ROWS[name](row) for row in table])
            turned = getattr(rc, name)(ints([*zip(*table, strict=True)], backend), axis=0)
            assert turned.T.tolist() == got.tolist()


def test_a_sum_may_leave_int32_on_the_way_and_not_at_its_end() -> None:
    for backend in BACKENDS:
        assert ints([HIGH] * 1000 + [-HIGH] * 999, backend).sum().item() == HIGH
        with pytest.raises(rc.IntegerRangeError, match="2147483647, 1, 0 is no int32"):
            ints([[0, 0, 0], [HIGH, 1, 0]], backend).sum(axis=1)
        assert ints([], backend).sum().item() == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_large_tensor_is_looked_at_to_its_end(backend: str) -> None:
    """NumPy's kernel works on blocks."""
    n = 70_000 if backend != "python" else 2_000
    x = rc.tensor([*range(n - 1), HIGH], backend, dtype="int32")
    assert (x - 1).tolist() == [i - 1 for i in range(n - 1)] + [HIGH - 1]
    with pytest.raises(rc.IntegerRangeError, match="2147483647, 1 is no int32"):
        x + 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_shapes_of_int32_broadcast_and_may_be_empty(backend: str) -> None:
    x, y = ints([[1], [2]], backend), ints([10, 20, 30], backend)
    assert (x * y).tolist() == [[10, 20, 30], [20, 40, 60]]
    assert (x - 1).shape == (2, 1)
    assert (ints([[], []], backend) + x).shape == (2, 0)
    assert ints(HIGH, backend).neg().item() == -HIGH
    assert math.prod((ints([[2, 3]], backend).T ** 2).shape) == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_operators_of_int32(backend: str) -> None:
    x = ints([6, -7], backend)
    assert (x // 2).tolist() == [3, -4]
    assert (20 // x).tolist() == [3, -3]
    assert (x % 4).tolist() == [2, 1]
    assert (20 % x).tolist() == [2, -1]
    assert (x << 1).tolist() == [12, -14]
    assert (1 << ints([4], backend)).tolist() == [16]
    assert (x >> 1).tolist() == [3, -4]
    assert (1024 >> ints([4], backend)).tolist() == [64]
    assert (x & 3).tolist() == [2, 1]
    assert (3 & x).tolist() == [2, 1]
    assert (x | 1).tolist() == [7, -7]
    assert (1 | x).tolist() == [7, -7]
    assert (x ^ 1).tolist() == [7, -8]
    assert (1 ^ x).tolist() == [7, -8]
    assert (~x).tolist() == [-7, 6]
    assert (+x).tolist() == [6, -7]
    assert x.clip(-1, 5).tolist() == [5, -1]
    mask = rc.tensor([True, False], backend)
    assert (mask ^ True).tolist() == [False, True]
    assert (~mask & mask | mask).tolist() == [True, False]


@pytest.mark.parametrize("backend", BACKENDS)
def test_float32_beside_int32_is_refused(backend: str) -> None:
    x = ints([1, 2], backend)
    for call in (lambda: x + 0.5, lambda: x * rc.tensor([1.0], backend), lambda: rc.tensor([1.0], backend) - x):
        with pytest.raises(rc.DTypeError, match="differ; convert one"):
            call()
    with pytest.raises(rc.DTypeError, match=r"div: takes float32, got int32; .*astype\('float32'\)"):
        x / x
