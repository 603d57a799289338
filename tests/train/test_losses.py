"""Losses: the compositions that their pages name, their derivatives, and what they refuse."""

from fractions import Fraction
from math import inf, isnan, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_conformance.trainings import LIBRARY
from rcmlrs_core import losses, nn, optim
from rcmlrs_core.creation import from_plain
from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError, TrainingError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Case, Refusal
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.random import normal
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train import fit
from tests.installed import BACKENDS

NAMES = (*losses.__all__, "min_max", "z_score")
CASES = [(name, case) for name in NAMES for case in TABLE[name].cases]
REFUSALS = [(name, refusal) for name in NAMES for refusal in TABLE[name].refusals]


def tensor_of(value: Any) -> RamTensor:
    return from_plain(value) if isinstance(value, PlainArray) else rc.tensor(value)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_cases(name: str, case: Case) -> None:
    """On every backend the same bits (N5), and those that are wanted."""
    found = set()
    for backend in BACKENDS:
        with rc.use_backend(backend):
            found.add(getattr(rc, name)(*map(tensor_of, case.inputs), **case.attributes).tobytes())
    assert len(found) == 1
    if case.want is not None:
        assert found == {rc.tensor(case.want).tobytes()}


@pytest.mark.parametrize(("name", "refusal"), REFUSALS)
def test_refusals(name: str, refusal: Refusal) -> None:
    with pytest.raises(refusal.error) as caught:
        getattr(rc, name)(*map(tensor_of, refusal.inputs), **refusal.attributes)
    assert refusal.match in str(caught.value)


ROWS = st.integers(1, 9).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(-100, 100, width=32), min_size=n, max_size=n)] * 2)
)


@given(ROWS)
def test_n5_losses_are_their_formulas(rows: tuple[list[float], list[float]]) -> None:
    """Every operation in fractions, rounded once."""
    p, t = rows
    errors = [Fraction(round_number(Fraction(a) - Fraction(b))) for a, b in zip(p, t, strict=True)]
    squares = [Fraction(round_number(e * e)) for e in errors]
    prediction, target = rc.tensor(p), rc.tensor(t)
    for reduce, divisor in (("mean", len(p)), ("sum", 1)):
        assert rc.mse_loss(prediction, target, reduction=reduce).item() == round_number(sum(squares) / divisor)
        assert rc.mae_loss(prediction, target, reduction=reduce).item() == round_number(
            sum(map(abs, errors)) / Fraction(divisor)
        )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", ["mse_loss", "mae_loss"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (7, 2), (4, 4)])
def test_the_derivative_has_the_bits_of_the_gradient(name: str, reduction: str, shape: tuple[int, ...]) -> None:
    prediction, target = normal(shape, seed=1).requires_grad_(), normal(shape, seed=2)
    getattr(prediction, name)(target, reduction=reduction).backward()
    derivative = getattr(rc, f"{name}_derivative")(prediction.detach(), target, reduction=reduction)
    assert prediction.grad is not None
    assert derivative.tobytes() == prediction.grad.tobytes()


def test_n7_the_derivative_of_an_absolute_error_of_zero_is_zero() -> None:
    assert rc.mae_loss_derivative(rc.tensor([2.0]), rc.tensor([2.0])).tolist() == [0.0]


def test_cross_entropy_is_a_composition() -> None:
    logits, labels = normal((6, 4), seed=1), rc.tensor([0, 3, 1, 1, 2, 0], dtype="int32")
    each = logits.cross_entropy(labels, reduction="none")
    by_hand = [-row[label] for row, label in zip(logits.log_softmax(axis=1).tolist(), labels.tolist(), strict=True)]
    assert each.tolist() == by_hand
    mean = round_number(sum(map(Fraction, by_hand)) / 6)
    assert logits.cross_entropy(labels).item() == mean
    assert losses.cross_entropy(logits, labels).item() == mean


def test_gradient_of_cross_entropy() -> None:
    """(softmax - one_hot) / n: the framework's own parts, whose last bits are those of another order of roundings.

    log_softmax gives g - softmax * sum(g) with g = -one_hot / n: five roundings of 2^-24 of numbers up to 1 / n.
    """
    logits, labels = normal((8, 4), seed=1).requires_grad_(), rc.tensor([0, 3, 1, 1, 2, 0, 3, 3], dtype="int32")
    logits.cross_entropy(labels).backward()
    assert logits.grad is not None
    want = (logits.detach().softmax(axis=1) - rc.one_hot(labels, classes=4)) / 8.0
    assert float((logits.grad - want).abs().max()) <= 5 * 2.0**-24 / 8


# ----------------------------------------------------------------------------------- losses of classes, of one kind

LABELS = rc.tensor([0, 3, 1, 1, 2, 0], dtype="int32")


def test_what_is_ignored_is_as_if_it_were_not_there() -> None:
    """Nor does it matter what its logits are: NaN neither."""
    logits, weight = normal((8, 4), seed=1), rc.tensor([0.5, 1.0, 2.0, 4.0])
    kept, labels = logits[:6], rc.concat(LABELS, rc.tensor([-1, -1], dtype="int32"))
    broken = rc.concat(kept, rc.full((2, 4), nan))
    for options in ({}, {"label_smoothing": 0.25}):
        for reduction in ("mean", "sum"):
            want = kept.cross_entropy(LABELS, weight, reduction=reduction, **options)
            for x in (logits, broken):
                got = x.cross_entropy(labels, weight, reduction=reduction, ignore_index=-1, **options)
                assert got.tobytes() == want.tobytes()
        x = logits.detach().requires_grad_()
        x.cross_entropy(labels, ignore_index=-1, **options).backward()
        assert x.grad is not None
        assert not x.grad[6:].not_equal(0.0).any()


def test_classes_along_an_axis_with_others_behind_it() -> None:
    logits, weight = normal((2, 4, 3), seed=1), rc.tensor([0.5, 1.0, 2.0, 4.0])
    labels, flat = LABELS.reshape((2, 3)), logits.transpose((0, 2, 1)).reshape((6, 4))
    for options in ({}, {"label_smoothing": 0.25}, {"ignore_index": 1}):
        for reduction in ("mean", "sum", "none"):
            got = logits.cross_entropy(labels, weight, reduction=reduction, **options)
            want = flat.cross_entropy(LABELS, weight, reduction=reduction, **options)
            assert got.flatten().tobytes() == want.flatten().tobytes()
        got = logits.log_softmax(axis=1).nll_loss(labels, weight)
        assert got.tobytes() == logits.cross_entropy(labels, weight).tobytes()


def test_rows_with_a_one_are_class_numbers() -> None:
    """Of one_hot rows without weights the exact sum of products has one term, which is not rounded."""
    logits = normal((6, 4), seed=1)
    for options in ({}, {"reduction": "none"}, {"reduction": "sum"}):
        numbers, rows = (
            logits.cross_entropy(LABELS, **options),
            logits.cross_entropy(LABELS.one_hot(classes=4), **options),
        )
        assert numbers.tobytes() == rows.tobytes()
    smooth = {"label_smoothing": 0.25, "reduction": "none"}  # whose numbers are exact: 13/16 and 1/16
    assert (
        logits.cross_entropy(LABELS, **smooth).tobytes()
        == logits.cross_entropy(LABELS.one_hot(classes=4), **smooth).tobytes()
    )


def test_a_smoothed_loss_is_rounded_twice() -> None:
    """The sum of exact products of ``log_softmax``, and the mean, in fractions."""
    logits = normal((6, 4), seed=1)
    rows = logits.log_softmax(axis=1).tolist()
    each = []
    for row, label in zip(rows, LABELS.tolist(), strict=True):
        parts = [Fraction(round_number(Fraction(1, 16) * (13 if c == label else 1))) for c in range(4)]
        each.append(round_number(-sum(Fraction(a) * b for a, b in zip(row, parts, strict=True))))
    assert logits.cross_entropy(LABELS, label_smoothing=0.25, reduction="none").tolist() == each
    assert logits.cross_entropy(LABELS, label_smoothing=0.25).item() == round_number(sum(map(Fraction, each)) / 6)


def test_weights_divide_the_mean() -> None:
    logits, weight = normal((6, 4), seed=1), rc.tensor([0.5, 1.0, 2.0, 4.0])
    each = logits.cross_entropy(LABELS, weight, reduction="none")
    assert each.tobytes() == (logits.cross_entropy(LABELS, reduction="none") * weight.take(LABELS)).tobytes()
    assert logits.cross_entropy(LABELS, weight).tobytes() == (each.sum() / 9.0).tobytes()


# ------------------------------------------------------------------------------------------------ extreme input


def test_no_gradient_at_an_edge_is_nan() -> None:
    """Where a logarithm would be infinite, or a hyperbolic sine overflow."""
    edges: list[tuple[str, Any, Any, dict[str, Any]]] = [
        ("binary_cross_entropy", [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0], {}),
        ("binary_cross_entropy", [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0], {"eps": 1e-7}),
        ("binary_cross_entropy", [1e-45, 1e-40], [1.0, 0.5], {}),
        ("binary_cross_entropy_with_logits", [3e38, -3e38, 100.0], [0.0, 1.0, 0.5], {}),
        ("kl_div", [-1.0, -2.0], [0.0, 1.0], {}),
        ("log_cosh_loss", [0.0, 200.0, 1e30], [0.0, 0.0, 0.0], {}),
        ("huber_loss", [0.0, 1.0, 1e30], [0.0, 0.0, 0.0], {}),
        ("smooth_l1_loss", [0.0, 1.0, 1e30], [0.0, 0.0, 0.0], {}),
        ("poisson_nll_loss", [0.0, 1.0], [0.0, 2.0], {"log_input": False}),
        ("cosine_similarity", [[0.0, 0.0], [1e-30, 0.0]], [[1.0, 2.0], [0.0, 0.0]], {}),
    ]
    for name, x, y, options in edges:
        given = [rc.tensor(x, requires_grad=True), rc.tensor(y, requires_grad=True)]
        getattr(rc, name)(*given, **options).sum().backward()
        for operand in given:
            assert operand.grad is not None
            assert not operand.grad.isnan().any(), (name, operand.grad)


def test_the_pieces_of_a_huber_loss_meet_in_value_and_slope() -> None:
    x = rc.tensor([0.5, 1.0, 1.0 + 2.0**-23, 2.0], requires_grad=True)
    x.huber_loss(x.detach() * 0.0, delta=1.0, reduction="sum").backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.5, 1.0, 1.0, 1.0]


def test_nan_goes_through() -> None:
    for name in losses.__all__:
        if name in ("cross_entropy", "nll_loss", "multi_margin_loss"):
            made = getattr(rc, name)(rc.tensor([[nan, 1.0]]), rc.tensor([0], dtype="int32"))
        else:
            x, y = rc.tensor([[0.5, nan]]), rc.tensor([[0.5, 0.5]])
            made = getattr(rc, name)(x, y, *([rc.tensor([1.0])] if name == "cosine_embedding_loss" else []))
        assert any(map(isnan, made.flatten().tolist())), name


def test_a_label_that_is_nan_ends_the_training_with_a_word_about_it() -> None:
    model = nn.Linear(2, 1)
    y = rc.tensor([[0.0], [nan], [1.0]])
    with pytest.raises(TrainingError, match="y holds NaN or an infinity in example 2"):
        fit(
            model,
            optim.SGD(model.parameters(), lr=0.1),
            rc.binary_cross_entropy_with_logits,
            normal((3, 2), seed=1),
            y,
            epochs=1,
            batch_size=3,
            progress=False,
        )


HOSTILE: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ("cross_entropy", ([[1.0, 2.0]], [0]), {}, DTypeError, "labels are int32 class numbers, got list"),
    ("cross_entropy", ([[1.0, 2.0]], None), {}, DTypeError, "got NoneType"),
    ("cross_entropy", ([[1.0, 2.0]], LABELS[:1], [1.0, 2.0]), {}, ShapeError, "one number for each class"),
    ("cross_entropy", ([[1.0, 2.0]], LABELS[:1]), {"label_smoothing": nan}, AttributeValueError, "got nan"),
    ("cross_entropy", ([[1.0, 2.0]], LABELS[:1]), {"label_smoothing": "a"}, AttributeValueError, "got 'a'"),
    ("cross_entropy", ([[1.0, 2.0]], LABELS[:1]), {"ignore_index": 2**31}, AttributeValueError, "an int32 or None"),
    ("cross_entropy", ([[1.0, 2.0]], LABELS[1:2]), {}, IndexRangeError, r"cross_entropy: a label is not in \[0, 2\)"),
    ("nll_loss", ([[1.0, 2.0]], LABELS[1:2]), {}, IndexRangeError, r"nll_loss: a label is not in \[0, 2\)"),
    ("multi_margin_loss", ([[1.0, 2.0]], LABELS[1:2]), {}, IndexRangeError, "multi_margin_loss: a label"),
    ("huber_loss", ([1.0], [1.0]), {}, ShapeError, "must be a tensor"),
    ("huber_loss", ([1.0], rc.tensor([1.0])), {"delta": inf}, AttributeValueError, "above 0"),
    ("huber_loss", ([1.0], rc.tensor([1.0])), {"beta": 1.0}, AttributeValueError, "no attribute 'beta'"),
    ("binary_cross_entropy_with_logits", ([1.0], rc.tensor([1.0]), 2.0), {}, ShapeError, "weight is a tensor"),
    ("binary_cross_entropy", ([1.0], rc.tensor([1.0])), {"eps": "small"}, AttributeValueError, "got 'small'"),
    ("cosine_embedding_loss", ([1.0], rc.tensor([1.0]), 1.0), {}, ShapeError, "got \\(1,\\) and float"),
    ("cosine_embedding_loss", ([1.0], rc.tensor([1.0]), rc.tensor(1.0)), {"margin": nan}, AttributeValueError, "nan"),
]


@pytest.mark.parametrize(("name", "operands", "options", "error", "match"), HOSTILE)
def test_hostile_input_is_refused(name: str, operands: Any, options: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        getattr(rc, name)(rc.tensor(operands[0]), *operands[1:], **options)


def test_every_loss_has_a_training_in_the_suite() -> None:
    assert {name for name in losses.__all__ if not name.endswith("_derivative")} <= LIBRARY["losses"].keys()


def test_losses_are_one_module() -> None:
    for name in losses.__all__:
        assert getattr(losses, name) is getattr(rc, name)
