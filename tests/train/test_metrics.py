"""Metrics: what they count, by definitions in fractions; the same bits however data are cut, and on all backends."""

from collections.abc import Callable
from fractions import Fraction
from math import inf, isnan, nan
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core import metrics
from rcmlrs_core.errors import AttributeValueError, DataError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.metrics.metric import exact_total
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.random import normal
from rcmlrs_core.tensor import RamTensor
from tests.installed import BACKENDS

CLASSES = 3


def ints(values: Any) -> RamTensor:
    return rc.tensor(values, dtype="int32")


def drawn(seed: int, n: int) -> tuple[list[list[float]], list[int], list[float]]:
    """Scores with many ties, labels, and weights."""
    draws = Random(seed)
    scores = [[draws.randrange(-4, 5) / 4 for _ in range(CLASSES)] for _ in range(n)]
    return scores, [draws.randrange(CLASSES) for _ in range(n)], [draws.randrange(9) / 8 + 0.1 for _ in range(n)]


# ---------------------------------------------------------------------------------------------- definitions


def test_accuracy_is_the_share_of_first_maxima() -> None:
    scores = rc.tensor([[0.1, 0.9], [0.5, 0.5], [2.0, 1.0], [0.0, 1.0], [-0.0, 0.0]])
    labels = ints([1, 0, 1, 0, 1])
    assert metrics.accuracy(scores, labels).item() == round_number(Fraction(2, 5))
    assert metrics.accuracy(scores, labels.one_hot(classes=2)).item() == round_number(Fraction(2, 5))
    assert metrics.top_k_accuracy(scores, labels, k=1).item() == round_number(Fraction(2, 5))
    assert metrics.top_k_accuracy(scores, labels, k=9).item() == 1.0
    words = scores.reshape((5, 1, 2)).broadcast_to((5, 4, 2))
    assert metrics.accuracy(words, labels.reshape((5, 1)).broadcast_to((5, 4))).item() == round_number(Fraction(2, 5))


def test_top_k_takes_the_first_of_equals() -> None:
    scores = rc.tensor([[1.0, 3.0, 3.0, 3.0]] * 4)
    assert metrics.top_k_accuracy(scores, ints([0, 1, 2, 3]), k=2).item() == 0.5


def test_binary_accuracy() -> None:
    scores, labels = rc.tensor([0.5, 0.75, nan, nan, 0.0]), [0, 1, 1, 0, 1]
    for kind in ("int32", "float32", "bool"):
        assert metrics.binary_accuracy(scores, rc.tensor(labels, dtype=kind)).item() == round_number(Fraction(2, 5))
    assert metrics.binary_accuracy(scores, ints(labels), threshold=-1).item() == round_number(Fraction(2, 5))


def test_rmse_and_mae() -> None:
    x, y = normal((5, 2), seed=1), normal((5, 2), seed=2)
    assert metrics.rmse(x, y).tobytes() == rc.sqrt(rc.mse_loss(x, y)).tobytes()
    assert metrics.mae(x, y).tobytes() == rc.mae_loss(x, y).tobytes()
    assert metrics.mse(x, y).tobytes() == rc.mse_loss(x, y).tobytes()
    assert metrics.rmse(rc.tensor([3.0, 0.0]), rc.tensor([0.0, 1.0])).item() == round_number(5.0**0.5)


def predicted(row: list[float]) -> int:
    return row.index(max(row))


@pytest.mark.parametrize("seed", range(4))
def test_ratios_of_classes_are_those_of_their_counts(seed: int) -> None:
    scores, labels, _ = drawn(seed, 40)
    labels = [label % 2 for label in labels] if seed == 0 else labels  # class 2 is no label then
    guesses = [predicted(row) for row in scores]
    pairs = list(zip(guesses, labels, strict=True))
    right = [pairs.count((c, c)) for c in range(CLASSES)]
    said, true = ([kind.count(c) for c in range(CLASSES)] for kind in (guesses, labels))
    wanted = {
        "precision": [Fraction(a, b) if b else Fraction(0) for a, b in zip(right, said, strict=True)],
        "recall": [Fraction(a, b) if b else Fraction(0) for a, b in zip(right, true, strict=True)],
        "f1": [Fraction(2 * a, b + c) for a, b, c in zip(right, said, true, strict=True)],
    }
    for name, each in wanted.items():
        function = getattr(metrics, name)
        x, y = rc.tensor(scores), ints(labels)
        assert function(x, y, average=None).tolist() == [round_number(ratio) for ratio in each]
        assert function(x, y, average="macro").item() == round_number(sum(each) / CLASSES)
        weighted: Any = sum(a * b for a, b in zip(each, true, strict=True))
        assert function(x, y, average="weighted").item() == round_number(weighted / 40)
        assert function(x, y, average="micro").item() == round_number(Fraction(sum(right), 40))
        assert function(ints(guesses), y, average="macro", classes=3).item() == function(x, y, average="macro").item()
    table = metrics.confusion_matrix(rc.tensor(scores), ints(labels))
    assert table.tolist() == [[pairs.count((j, i)) for j in range(CLASSES)] for i in range(CLASSES)]


def test_ratios_of_one_class() -> None:
    scores, labels = rc.tensor([[0.9, 0.6], [0.5, 0.7]]), rc.tensor([[1.0, 0.0], [1.0, 1.0]])
    assert metrics.precision(scores, labels).item() == round_number(Fraction(2, 3))
    assert metrics.recall(scores, labels).item() == round_number(Fraction(2, 3))
    assert metrics.f1(scores, labels, threshold=0.65).item() == round_number(Fraction(4, 5))
    assert metrics.confusion_matrix(scores.flatten(), ints([1, 0, 1, 1])).tolist() == [[0, 1], [1, 2]]


@pytest.mark.parametrize("instead", [0, 1, 0.1])
def test_nothing_by_nothing_is_as_stated(instead: float) -> None:
    scores, labels = rc.tensor([0.1, 0.2]), ints([0, 0])
    for function in (metrics.precision, metrics.recall, metrics.f1):
        assert function(scores, labels, zero_division=instead).item() == round_number(instead)
    guesses = ints([0, 0, 1])
    third = metrics.precision(guesses, ints([0, 0, 1]), average=None, classes=3, zero_division=instead)
    assert third.tolist() == [1.0, 1.0, round_number(instead)]


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=30))
def test_auroc_is_the_share_of_pairs_in_order(examples: list[tuple[int, bool]]) -> None:
    high = [score for score, label in examples if label]
    low = [score for score, label in examples if not label]
    scores, labels = rc.tensor([float(score) for score, _ in examples]), rc.tensor([label for _, label in examples])
    got = metrics.auroc(scores, labels).item()
    if not high or not low:
        assert isnan(got)
        return
    twice = sum((a > b) + (a >= b) for a in high for b in low)
    assert got == round_number(Fraction(twice, 2 * len(high) * len(low)))


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_auroc_of_no_pair_is_nan(average: str) -> None:
    nothing = rc.zeros((0, 3)), rc.zeros((0,), dtype="int32")
    assert isnan(metrics.auroc(*nothing, average=average).item())


def test_auroc_of_several_classes() -> None:
    scores, labels, _ = drawn(7, 30)
    x, y = rc.tensor(scores), ints(labels)
    each = [metrics.auroc(x[:, c], y.equal(c)).item() for c in range(CLASSES)]
    assert metrics.auroc(x, y, average=None).tolist() == each
    assert metrics.auroc(x, y).item() == pytest.approx(sum(each) / 3, rel=2**-23)
    counts = [labels.count(c) for c in range(CLASSES)]
    weighted = sum(a * b for a, b in zip(each, counts, strict=True)) / 30
    assert metrics.auroc(x, y, average="weighted").item() == pytest.approx(weighted, rel=2**-22)
    assert isnan(metrics.auroc(x, ints([0] * 15 + [1] * 15)).item())  # class 2 has no pairs
    assert not isnan(metrics.auroc(x, ints([0] * 15 + [1] * 15), average="weighted").item())


@given(st.lists(st.tuples(*[st.floats(-100, 100, width=32)] * 2), min_size=1, max_size=12))
def test_r2_is_rounded_once(pairs: list[tuple[float, float]]) -> None:
    exact = [(Fraction(p), Fraction(t)) for p, t in pairs]
    mean: Any = sum(t for _, t in exact) / len(exact)
    about: Any = sum((t - mean) ** 2 for _, t in exact)
    errors: Any = sum((p - t) ** 2 for p, t in exact)
    want = 1 - errors / about if about else Fraction(not errors)
    assert metrics.r2(*map(rc.tensor, zip(*pairs, strict=True))).item() == round_number(want)


def test_r2_of_columns_is_their_mean() -> None:
    p, t = rc.tensor([[1.0, 0.0], [2.0, 5.0]]), rc.tensor([[1.0, 5.0], [3.0, 5.0]])
    assert metrics.r2(p, t).item() == 0.25  # 1 - 1/2, and 0 of a constant column
    assert isnan(metrics.r2(rc.tensor([inf]), rc.tensor([1.0])).item())


def test_perplexity() -> None:
    assert metrics.perplexity(rc.zeros((2, 3, 8)), ints([[1, 2, 3], [4, 5, 6]])).item() == pytest.approx(8, rel=2**-21)
    logits, labels = normal((6, 5), seed=1), ints([0, 3, -1, 1, 2, -1])
    want = logits.cross_entropy(labels, ignore_index=-1).exp()
    got = metrics.perplexity(logits, labels, ignore_index=-1)
    assert got.item() == pytest.approx(want.item(), rel=2**-22)
    masked = metrics.Perplexity(ignore_index=-1)(logits, labels, rc.tensor([1.0, 0.0, 1.0, 0.0, 0.0, 1.0]))
    assert masked.tobytes() == logits[:1].cross_entropy(labels[:1]).exp().tobytes()


@pytest.mark.parametrize("junk", [nan, inf, -inf])
def test_perplexity_does_not_look_at_what_is_ignored(junk: float) -> None:
    logits = rc.tensor([[junk, 0.0], [0.0, 0.0], [junk, junk]])
    assert metrics.perplexity(logits, ints([-100, 1, -100]), ignore_index=-100).item() == 2.0


def test_log_loss() -> None:
    p, labels = rc.tensor([0.5, 0.25, 1.0]), ints([1, 0, 1])
    each = [rc.tensor(0.5).log().item(), rc.tensor(-0.25).log1p().item(), 0.0]
    want = round_number(-sum(map(Fraction, each)) / 3)
    assert metrics.log_loss(p, labels).item() == want
    rows = rc.tensor([[0.5, 0.5], [0.75, 0.25], [0.0, 1.0]])
    assert metrics.log_loss(rows, labels).item() == pytest.approx(want, rel=2**-22)
    assert metrics.log_loss(rc.tensor([0.0]), ints([1])).item() == inf


# ----------------------------------------------------------------------------------------- gathered over batches

BINARY = [metrics.BinaryAccuracy, metrics.Precision, metrics.Recall, metrics.F1, metrics.AUROC, metrics.LogLoss]
SEVERAL: list[Callable[[], metrics.Metric]] = [
    metrics.Accuracy,
    lambda: metrics.TopKAccuracy(k=2),
    *(lambda average=average: metrics.F1(average=average) for average in ("macro", "micro", "weighted", None)),
    metrics.AUROC,
    metrics.ConfusionMatrix,
    metrics.Perplexity,
]
NUMBERS = [metrics.MSE, metrics.MAE, metrics.RMSE, metrics.R2, lambda: metrics.MeanMetric(rc.sub, "bias")]
UNWEIGHTED = (metrics.AUROC, metrics.ConfusionMatrix)


def shares(scores: list[list[float]]) -> list[float]:
    return [row[0] / 4 + 0.5 for row in scores]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("make", [*BINARY, *SEVERAL, *NUMBERS])
def test_the_result_depends_on_no_cut_no_order_and_no_backend(
    make: Callable[[], metrics.Metric], weighted: bool
) -> None:
    scores, labels, weights = drawn(3, 24)
    digests = set()
    for backend in BACKENDS:
        with rc.use_backend(backend):
            if make in BINARY:
                x, y = rc.tensor(shares(scores)) * 0.9 + 0.05, ints([label % 2 for label in labels])
            elif make in NUMBERS:
                x, y = normal((24, 2), seed=1), normal((24, 2), seed=2)
            else:
                x, y = rc.tensor(scores), ints(labels)
            metric = make()
            w = rc.tensor(weights) if weighted and not isinstance(metric, UNWEIGHTED) else None
            assert metric.empty
            digests.add(metric(x, y, w).digest())
            assert metric.empty  # a call changes nothing
            for step in (1, 7, 24):
                metric.reset()
                for i in reversed(range(0, 24, step)):
                    metric.update(x[i : i + step], y[i : i + step], None if w is None else w[i : i + step])
                digests.add(metric.result().digest())
            one, other = make(), make()
            one.update(x[:5], y[:5], None if w is None else w[:5])
            other.update(x[5:], y[5:], None if w is None else w[5:])
            for result in (other, make()):
                one.merge(result)
            digests.add(one.result().digest())
            assert one.result().backend == backend
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("made", "function", "kind"),
    [
        (metrics.Accuracy, metrics.accuracy, "classes"),
        (metrics.TopKAccuracy, metrics.top_k_accuracy, "classes"),
        (metrics.BinaryAccuracy, metrics.binary_accuracy, "shares"),
        (metrics.LogLoss, metrics.log_loss, "shares"),
        (metrics.MSE, metrics.mse, "numbers"),
        (metrics.MAE, metrics.mae, "numbers"),
        (metrics.RMSE, metrics.rmse, "numbers"),
    ],
)
def test_gathered_is_the_function_of_all(made: Any, function: Any, kind: str) -> None:
    scores, labels, _ = drawn(5, 20)
    x = rc.tensor(scores) if kind == "classes" else rc.tensor(shares(scores)) * 0.9 + 0.05
    y = ints(labels) if kind == "classes" else ints([label % 2 for label in labels])
    y = normal((20,), seed=1) if kind == "numbers" else y
    assert made()(x, y).tobytes() == function(x, y).tobytes()


def test_a_weight_counts_like_as_many_examples() -> None:
    scores, labels, _ = drawn(11, 10)
    times = [i % 3 for i in range(10)]
    rows = [i for i in range(10) for _ in range(times[i])]
    for metric in (metrics.Accuracy(), metrics.F1(average="macro"), metrics.Recall(average="weighted")):
        once = metric(rc.tensor(scores), ints(labels), rc.tensor(times, dtype="float32"))
        assert once.item() == metric(rc.tensor([scores[i] for i in rows]), ints([labels[i] for i in rows])).item()


def test_counts_beyond_2_to_the_24_are_exact() -> None:
    """3 * 2^26 examples and one more: a count of binary32 would have stopped at 2^24."""
    scores, labels = rc.tensor([0.9, 0.9, 0.1]), ints([1, 0, 0])
    many, table = metrics.Precision(), metrics.ConfusionMatrix()
    share = metrics.BinaryAccuracy()
    for metric in (many, table, share):
        metric.update(scores, labels)
        for _ in range(26):
            metric.merge(metric)
        metric.update(scores[:1], labels[:1])
    n = 1 << 26
    assert table.result().tolist() == [[n, n], [0, n + 1]]
    assert many.result().item() == round_number(Fraction(n + 1, 2 * n + 1))
    assert share.result().item() == round_number(Fraction(2 * n + 1, 3 * n + 1))
    for _ in range(6):
        table.merge(table)
    with pytest.raises(DTypeError, match="is no int32"):
        table.result()


@given(st.lists(st.floats(width=32), max_size=8))
def test_the_exact_total(values: list[float]) -> None:
    total, special = exact_total(rc.tensor(values) if values else rc.zeros(0))
    if all(abs(value) < inf for value in values):
        assert special is None
        assert Fraction(total, 1 << 149) == sum(map(Fraction, values))
    else:
        want = sum(value for value in values if not abs(value) < inf)
        assert special == want or (special != special and want != want)


def test_a_mean_of_what_overflows_and_cancels() -> None:
    mean = metrics.Mean()
    for value in (3e38, 3e38, 1e-45, -3e38, -3e38):
        mean.update(rc.tensor([value]))
    assert mean.result().item() == round_number(Fraction(round_number(1e-45)) / 5)
    mean.update(rc.tensor([inf]))
    assert mean.result().item() == inf
    mean.update(rc.tensor([-inf]))
    assert isnan(mean.result().item())
    mean.reset()
    mean.update(rc.tensor([[1.0, 2.0], [3.0, 4.0]]), weight=rc.tensor([1.0, 0.0]))
    assert mean.result().item() == 1.5


def test_a_metric_keeps_no_history() -> None:
    x = normal((4,), seed=1).requires_grad_()
    metric = metrics.MSE()
    metric.update(x * 2, x.detach())
    assert not metric.result().requires_grad


# ------------------------------------------------------------------------------------------------- refusals


def test_what_is_refused() -> None:
    with pytest.raises(DTypeError, match="class numbers"):
        metrics.accuracy(rc.ones((2, 2)), rc.ones(2))
    with pytest.raises(ShapeError, match=r"scores are \(n, classes\)"):
        metrics.accuracy(rc.ones((2, 2)), ints([1]))
    with pytest.raises(ShapeError, match="broadcasts nothing"):
        metrics.rmse(rc.ones((2, 1)), rc.ones(2))


SCORES, LABELS = [[0.25, 0.5], [1.0, 2.0]], [0, 1]
REFUSED: list[tuple[Any, Any, Any, type[Exception], str]] = [
    (metrics.accuracy, SCORES, [0, 2], IndexRangeError, r"accuracy: label 2 \(element 1\) is not in \[0, 2\)"),
    (metrics.accuracy, SCORES, [-1, 0], IndexRangeError, "label -1"),
    (lambda x, y: metrics.top_k_accuracy(x, y, k=0), SCORES, LABELS, AttributeValueError, "at least 1, got 0"),
    (metrics.binary_accuracy, [0.5, 0.5], [0, 2], DataError, "neither 0 nor 1"),
    (metrics.binary_accuracy, [0.5, 0.5], [0], ShapeError, "nothing is broadcast"),
    (metrics.precision, [0.5, nan], [0, 1], DataError, "a score is NaN"),
    (metrics.precision, [0.5, 0.5], [0.5, 1.0], DataError, "neither 0 nor 1"),
    (lambda x, y: metrics.f1(x, y, average="macro"), [[nan, 0.5]], [0], DataError, "a score is NaN"),
    (lambda x, y: metrics.f1(x, y, average="macro"), SCORES, [0, 5], IndexRangeError, "label 5"),
    (lambda x, y: metrics.f1(x, y, average="mean"), SCORES, LABELS, AttributeValueError, "average is one of 'binary'"),
    (lambda x, y: metrics.f1(y, y, average="micro"), SCORES, LABELS, AttributeValueError, "pass classes="),
    (lambda x, y: metrics.f1(y, y, average="micro", classes=1), SCORES, LABELS, IndexRangeError, "label 1"),
    (lambda x, y: metrics.f1(x, y, average="micro", classes=3), SCORES, LABELS, AttributeValueError, "classes is 3"),
    (lambda x, y: metrics.f1(x, y, average="micro"), [0.5, 0.5], LABELS, ShapeError, r"\(n, classes\)"),
    (lambda x, y: metrics.f1(x, y, average="micro"), SCORES, [0], ShapeError, "must be as many"),
    (lambda x, y: metrics.f1(x, y, average="micro"), SCORES, [0.5, 1.0], DTypeError, "class numbers"),
    (metrics.auroc, [0.5, nan], [0, 1], DataError, "a score is NaN"),
    (metrics.auroc, [0.5, 0.5], [0, 3], DataError, "neither 0 nor 1"),
    (metrics.auroc, SCORES, [0, 2], IndexRangeError, "label 2"),
    (metrics.auroc, SCORES, [0], ShapeError, r"labels \(n,\)"),
    (metrics.auroc, SCORES, [0.5, 1.0], DTypeError, "class numbers"),
    (lambda x, y: metrics.auroc(x, y, average="micro"), SCORES, LABELS, AttributeValueError, "average is one of"),
    (metrics.confusion_matrix, SCORES, [0, 2], IndexRangeError, "label 2"),
    (metrics.r2, [1.0], [1.0, 2.0], ShapeError, "broadcasts nothing"),
    (metrics.r2, [1.0], [1], DTypeError, "float32"),
    (metrics.log_loss, [1.5], [1], DataError, r"not in \[0, 1\]"),
    (metrics.log_loss, [nan], [1], DataError, r"not in \[0, 1\]"),
    (metrics.log_loss, SCORES[:1], [2], IndexRangeError, "label 2"),
    (metrics.log_loss, SCORES[:1], [0.5], DTypeError, "class numbers"),
    (metrics.perplexity, SCORES, [0, 2], IndexRangeError, r"not in \[0, 2\)"),
    (metrics.perplexity, SCORES, [[0], [1]], ShapeError, r"logits are \(n, classes\) and labels \(n,\)"),
    (metrics.perplexity, [SCORES], LABELS, ShapeError, r"got \(1, 2, 2\) and \(2,\)"),
    (lambda x, y: metrics.f1(x, y, zero_division=nan), SCORES, LABELS, AttributeValueError, "finite number, got nan"),
]


@pytest.mark.parametrize(("function", "prediction", "target", "error", "match"), REFUSED)
def test_bad_input_is_refused(function: Any, prediction: Any, target: Any, error: Any, match: str) -> None:
    whole = all(isinstance(label, int) for label in target)
    with pytest.raises(error, match=match):
        function(rc.tensor(prediction), ints(target) if whole else rc.tensor(target))


@pytest.mark.parametrize("make", [*BINARY, *SEVERAL, *NUMBERS, metrics.Mean])
def test_of_nothing_there_is_no_result(make: Callable[[], metrics.Metric]) -> None:
    with pytest.raises(DataError, match="no example was taken"):
        make().result()


@pytest.mark.parametrize(
    ("weight", "error", "match"),
    [
        ([1.0, -1.0], DataError, "negative, infinite or NaN"),
        ([1.0, nan], DataError, "negative, infinite or NaN"),
        ([1.0, inf], DataError, "negative, infinite or NaN"),
        ([1.0], ShapeError, r"weight of shape \(1,\) does not fit"),
        ([[1.0], [1.0]], ShapeError, "does not fit"),
    ],
)
def test_bad_weights_are_refused(weight: Any, error: Any, match: str) -> None:
    for metric in (metrics.Accuracy(), metrics.F1(average="macro"), metrics.Perplexity()):
        with pytest.raises(error, match=match):
            metric.update(rc.tensor(SCORES), ints(LABELS), rc.tensor(weight))
    metric = metrics.Accuracy()
    metric.update(rc.tensor(SCORES), ints(LABELS), rc.zeros(2))
    assert metric.empty


@pytest.mark.parametrize("make", [*BINARY, *SEVERAL, *NUMBERS[:-1]])
def test_what_is_no_tensor_is_refused(make: Callable[[], metrics.Metric]) -> None:
    for x, y in (([0.5], ints([1])), (rc.tensor([0.5]), [1])):
        with pytest.raises(TypeError, match=r"takes tensors, got list; make them with rc\.tensor"):
            make().update(x, y)  # type: ignore[arg-type]


def test_batches_of_other_classes_are_refused() -> None:
    for metric in (metrics.F1(average="macro"), metrics.ConfusionMatrix()):
        metric.update(rc.tensor(SCORES), ints(LABELS))
        with pytest.raises(AttributeValueError, match="of 3 classes"):
            metric.update(rc.zeros((1, 3)), ints([0]))
    with pytest.raises(AttributeValueError, match="takes no weight"):
        metrics.AUROC().update(rc.tensor(SCORES), ints(LABELS), rc.ones(2))


def test_what_a_check_here_would_notice() -> None:
    """A mean of the batches' means is another number: the tests above can fail."""
    x = rc.tensor([1.0, 2.0, 4.0])
    means = metrics.Mean()
    for part in (x[:1], x[1:]):
        means.update(part.mean())
    assert means.result().item() != metrics.Mean()(x, x).item()
