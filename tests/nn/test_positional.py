"""Positional encodings: every number is RN of the exact sine or cosine."""

from array import array
from fractions import Fraction

import mpmath
import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn import positional
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.random import Generator, normal


def exact(t: int, i: int, features: int, base: int, name: str) -> float:
    """RN of cos or sin of ``t / base^(2i / features)``, in 200 digits, which leave no tie undecided here."""
    with mpmath.workdps(200):
        value = getattr(mpmath, name)(t / mpmath.mpf(base) ** (mpmath.mpf(2 * i) / features))
        sign, significand, exponent, _ = value._mpf_
    return round_number((-1) ** sign * int(significand) * Fraction(2) ** int(exponent))


@pytest.mark.parametrize(("features", "base"), [(2, 10000), (10, 10000), (7, 10000), (6, 500000), (4, 1)])
def test_tables_are_correctly_rounded(features: int, base: int) -> None:
    cosines, sines = positional.rotations(100, features, base)
    half = (features + 1) // 2
    assert cosines.shape == sines.shape == (100, half)
    for t in range(100):
        for i in range(half):
            assert cosines[t, i].item() == exact(t, i, features, base, "cos")
            assert sines[t, i].item() == exact(t, i, features, base, "sin")


def test_far_positions_are_correctly_rounded() -> None:
    cosines, sines = positional.rotations(5000, 4)
    for t in (4096, 4441, 4999):
        for i in range(2):
            assert cosines[t, i].item() == exact(t, i, 4, 10000, "cos")
            assert sines[t, i].item() == exact(t, i, 4, 10000, "sin")


def test_what_the_quick_way_leaves_open_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = positional._tables.__wrapped__(64, 6, 10000)

    def nothing_decided(values: list[float], *_: object) -> "tuple[array[float], list[int]]":
        return array("f", [7.0] * len(values)), list(range(len(values)))

    monkeypatch.setattr(positional, "round_decided", nothing_decided)
    assert positional._tables.__wrapped__(64, 6, 10000) == quick


@pytest.mark.parametrize("features", [6, 5])
def test_sines_and_cosines_alternate(features: int) -> None:
    table = positional.sinusoids(3, features).tolist()
    for t, row in enumerate(table):
        assert row == [exact(t, i // 2, features, 10000, "cos" if i % 2 else "sin") for i in range(features)]
    x = normal((2, 3, features), seed=1)
    assert nn.SinusoidalEncoding(features)(x).tobytes() == (x + rc.tensor(table)).tobytes()
    later = nn.SinusoidalEncoding(features)(x[:, 1:], offset=1)
    assert later.tobytes() == (x + rc.tensor(table))[:, 1:].tobytes()
    assert list(nn.SinusoidalEncoding(features, 0.1).state_dict()) == []


def test_learned_positions() -> None:
    model = nn.LearnedEncoding(5, 4, generator=Generator(1))
    x = normal((2, 3, 4), seed=1)
    assert model(x).tobytes() == (x + model.weight[:3]).tobytes()
    assert model(x, offset=2).tobytes() == (x + model.weight[2:]).tobytes()
    assert [name for name, _ in model.named_parameters()] == ["weight"]
    model(x).sum().backward()
    assert model.weight.grad is not None
    assert model.weight.grad.tolist() == [[2.0] * 4] * 3 + [[0.0] * 4] * 2


def test_rotary_turns_pairs() -> None:
    model, x = nn.RotaryEmbedding(4), normal((2, 3, 5, 4), seed=1)
    found = model(x)
    for t in range(5):
        for i in range(2):
            c, s = (exact(t, i, 4, 10000, name) for name in ("cos", "sin"))
            a, b = x[:, :, t, i], x[:, :, t, 2 + i]
            assert found[:, :, t, i].tobytes() == (a * c - b * s).tobytes()
            assert found[:, :, t, 2 + i].tobytes() == (b * c + a * s).tobytes()
    assert model(x[:, :, 2:], offset=2).tobytes() == found[:, :, 2:].tobytes()


def test_rotary_products_see_distances_alone() -> None:
    """To the roundings of two turns and a product: some of 2^-24, of numbers below 16."""
    model = nn.RotaryEmbedding(8)
    q, k = (normal((1, 8), seed=1, stream=i) for i in range(2))
    products = [model(q, offset=t + 3).matmul(model(k, offset=t).transpose()).item() for t in (0, 1, 50, 700)]
    assert max(products) - min(products) < 2.0**-18


@pytest.mark.parametrize("name", ["numpy", "native"])
def test_backends_have_the_same_bits(name: str) -> None:
    def everything(backend: str) -> list[bytes]:
        with rc.use_backend(backend):
            x = normal((2, 3, 4), seed=1).requires_grad_()
            y = nn.RotaryEmbedding(4)(nn.SinusoidalEncoding(4)(x))
            y.square().sum().backward()
            assert x.grad is not None
            return [y.tobytes(), x.grad.tobytes()]

    assert everything(name) == everything("python")


def test_what_is_refused() -> None:
    x = rc.ones((2, 3, 4))
    with pytest.raises(ShapeError, match=r"x must be \(..., time, 6\), got \(2, 3, 4\)"):
        nn.SinusoidalEncoding(6)(x)
    with pytest.raises(AttributeValueError, match="an int from 0 on, got -1"):
        nn.RotaryEmbedding(4)(x, offset=-1)
    with pytest.raises(ShapeError, match="steps 1 to 3, and there are 3 positions"):
        nn.LearnedEncoding(3, 4)(x, offset=1)
    with pytest.raises(ShapeError, match="3 is odd"):
        nn.RotaryEmbedding(3)
    with pytest.raises(ShapeError, match="d_model must be a positive int"):
        nn.SinusoidalEncoding(0)
