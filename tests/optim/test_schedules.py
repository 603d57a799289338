"""Rates by the step, against their formulas in 300 bits or in fractions, rounded once (N6)."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from mpmath import mp, mpf, workprec

from rcmlrs_core import optim
from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.numerics.formats import round_number

Formula = Callable[[int], Any]
"""The rate at a step, as a fraction or as a number of 300 bits."""


def rounded(value: Any) -> float:
    if isinstance(value, mpf):
        value = Fraction(int(mp.floor(value * mpf(2) ** 400)), 2**400)
    return round_number(value)


def power(base: Fraction, exponent: Fraction) -> mpf:
    return mp.power(mpf(base.numerator) / base.denominator, mpf(exponent.numerator) / exponent.denominator)


def wave(share: Fraction) -> mpf:
    return (1 + mp.cos(mp.pi * share.numerator / share.denominator)) / 2


def scaled(number: float | Fraction) -> mpf:
    exact = Fraction(number)
    return mpf(exact.numerator) / exact.denominator


def exponential(rate: float, whole: float, decay: float, staircase: bool) -> Formula:
    def at(step: int) -> Any:
        share = step / Fraction(whole)
        return scaled(rate) * power(Fraction(decay), Fraction(share // 1) if staircase else share)

    return at


def polynomial(rate: float, whole: int, end: float, exponent: float, cycle: bool) -> Formula:
    def at(step: int) -> Any:
        to = whole * max(1, math.ceil(Fraction(step, whole))) if cycle else whole
        left = 1 - min(Fraction(step, to), Fraction(1))
        return scaled(end) + scaled(Fraction(rate) - Fraction(end)) * power(left, Fraction(exponent))

    return at


def cosine(rate: float, whole: int, alpha: float, target: float | None = None, warmup: int = 0) -> Formula:
    def at(step: int) -> Any:
        top = rate if target is None else target
        if target is not None and step < warmup:
            return Fraction(rate) + (Fraction(target) - Fraction(rate)) * Fraction(step, warmup)
        share = min(Fraction(step - (0 if target is None else warmup), whole), Fraction(1))
        return scaled(top) * (scaled(alpha) + (1 - scaled(alpha)) * wave(share))

    return at


def restarts(rate: float, first: int, t_mul: float, m_mul: float, alpha: float) -> Formula:
    def at(step: int) -> Any:
        begin, length, top = Fraction(0), Fraction(first), Fraction(1)
        while step >= begin + length:
            begin, length, top = begin + length, length * Fraction(t_mul), top * Fraction(m_mul)
        height = (1 - scaled(alpha)) * scaled(top) * wave((step - begin) / length)
        return scaled(rate) * (scaled(alpha) + height)

    return at


def one_cycle(top: float, total: int, part: float, linear: bool, div: float, final: float, three: bool) -> Formula:
    """PyTorch's list of phases, read again."""
    first = Fraction(top) / Fraction(div)
    last, peak = first / Fraction(final), Fraction(part) * total - 1
    ends = [peak, 2 * peak, Fraction(total - 1)] if three else [peak, Fraction(total - 1)]
    rates = [first, Fraction(top), first, last] if three else [first, Fraction(top), last]

    def at(step: int) -> Any:
        if step >= ends[-1]:
            return last
        i = next(i for i, end in enumerate(ends) if step <= end)
        begin = ends[i - 1] if i else Fraction(0)
        share = (step - begin) / (ends[i] - begin)
        if linear:
            return rates[i] + (rates[i + 1] - rates[i]) * share
        return scaled(rates[i + 1]) + scaled(rates[i] - rates[i + 1]) * wave(share)

    return at


def multi_step(rate: float, milestones: list[int], gamma: float) -> Formula:
    return lambda step: Fraction(rate) * Fraction(gamma) ** sum(step >= at for at in milestones)


def inverse(rate: float, whole: float, decay: float, staircase: bool) -> Formula:
    def at(step: int) -> Fraction:
        share = step / Fraction(whole)
        return Fraction(rate) / (1 + Fraction(decay) * (share // 1 if staircase else share))

    return at


def warmup(rate: float, count: int, start: float) -> Formula:
    return lambda step: Fraction(start) + (Fraction(rate) - Fraction(start)) * min(Fraction(step, count), Fraction(1))


CASES: list[tuple[optim.Schedule, Formula]] = [
    (optim.ExponentialDecay(0.1, 30, 0.96), exponential(0.1, 30, 0.96, False)),
    (optim.ExponentialDecay(0.1, 7, 0.5, True), exponential(0.1, 7, 0.5, True)),
    (optim.ExponentialDecay(0.1, 7.5, 1.25), exponential(0.1, 7.5, 1.25, False)),
    (optim.ExponentialDecay(1, 4, 0.0625), exponential(1, 4, 0.0625, False)),
    (optim.InverseTimeDecay(0.1, 9, 0.3), inverse(0.1, 9, 0.3, False)),
    (optim.InverseTimeDecay(0.1, 9, 0.3, True), inverse(0.1, 9, 0.3, True)),
    (optim.PolynomialDecay(0.1, 40), polynomial(0.1, 40, 1e-4, 1, False)),
    (optim.PolynomialDecay(0.1, 40, 0.01, 0.5), polynomial(0.1, 40, 0.01, 0.5, False)),
    (optim.PolynomialDecay(0.1, 40, 0, 2.3, True), polynomial(0.1, 40, 0, 2.3, True)),
    (optim.CosineDecay(0.1, 36), cosine(0.1, 36, 0)),
    (optim.CosineDecay(0.01, 36, 0.1, 0.3, 7), cosine(0.01, 36, 0.1, 0.3, 7)),
    (optim.CosineDecay(0.1, 36, 1.0), cosine(0.1, 36, 1)),
    (optim.CosineDecayRestarts(0.1, 6), restarts(0.1, 6, 2, 1, 0)),
    (optim.CosineDecayRestarts(0.1, 6, 1.5, 0.9, 0.01), restarts(0.1, 6, 1.5, 0.9, 0.01)),
    (optim.CosineDecayRestarts(0.1, 6, 1, 0.5), restarts(0.1, 6, 1, 0.5, 0)),
    (optim.OneCycle(0.1, 50), one_cycle(0.1, 50, 0.3, False, 25, 1e4, False)),
    (optim.OneCycle(0.1, 50, 0.25, "linear", 10, 100), one_cycle(0.1, 50, 0.25, True, 10, 100, False)),
    (optim.OneCycle(0.1, 50, 0.4, three_phase=True), one_cycle(0.1, 50, 0.4, False, 25, 1e4, True)),
    (optim.MultiStepDecay(0.1, [10, 40], 0.3), multi_step(0.1, [10, 40], 0.3)),
    (optim.Warmup(optim.Constant(0.125), 12, 0.01), warmup(0.125, 12, 0.01)),
]


@pytest.mark.parametrize(("schedule", "formula"), CASES, ids=lambda value: type(value).__name__)
def test_n6_a_rate_is_its_formula_rounded_once(schedule: optim.Schedule, formula: Formula) -> None:
    with workprec(400):
        for step in (*range(64), 1000, 12345):
            assert schedule(step) == rounded(formula(step)), step


@pytest.mark.parametrize("schedule", [schedule for schedule, _ in CASES], ids=lambda value: type(value).__name__)
def test_a_schedule_goes_through_json(schedule: optim.Schedule) -> None:
    again = optim.Schedule.of(json.loads(json.dumps(schedule.config())))
    assert again == schedule
    assert [again(step) for step in range(5)] == [schedule(step) for step in range(5)]
    assert type(schedule).from_config(schedule.get_config()) == schedule


def test_numbers_that_are_given_stay_as_they_are() -> None:
    assert optim.Constant(0.1)(10**9) == 0.1
    pieces = optim.PiecewiseConstantDecay([3, 5], [0.5, 0.3, 0.1])
    assert [pieces(step) for step in range(8)] == [0.5] * 4 + [0.3] * 2 + [0.1] * 2
    steps = optim.MultiStepDecay(0.5, [3, 5], 0.5)
    assert [steps(step) for step in range(8)] == [0.5] * 3 + [0.25] * 2 + [0.125] * 3
    after = optim.Warmup(pieces, 2)
    assert [after(step) for step in range(6)] == [0, 0.25, 0.5, 0.5, 0.5, 0.5]


def test_roots_that_come_out_are_exact_and_ties_go_to_even() -> None:
    """A power with a rational value may be a tie, which no enclosure decides."""
    assert [optim.ExponentialDecay(1, 2, 0.25)(step) for step in range(4)] == [1, 0.5, 0.25, 0.125]
    tie = 1 + 2.0**-24
    assert Fraction(tie**2) == Fraction(tie) ** 2
    assert optim.ExponentialDecay(1, 2, tie**2)(1) == 1.0
    assert optim.ExponentialDecay(tie, 3, 0.125)(1) == 0.5
    assert optim.ExponentialDecay(1 + 3 * 2.0**-24, 3, 8.0)(1) == 2 + 2.0**-21
    assert optim.CosineDecay(2 * tie, 10)(5) == 1.0
    assert optim.CosineDecay(4 * (1 + 3 * 2.0**-24), 30)(20) == 1 + 2.0**-22
    assert optim.PolynomialDecay(4 * tie, 100, 0, 0.5)(75) == 2.0
    assert optim.ExponentialDecay(0.1, 1, 0.0)(0) == round_number(0.1)
    assert optim.ExponentialDecay(0.1, 1, 0.0)(1) == 0.0


def test_a_late_step_is_quick_and_right() -> None:
    """Powers of 53 bits have 53 million bits at step 10^6; nothing here computes them."""
    assert optim.ExponentialDecay(0.1, 1, 0.999999)(10**6) == rounded_power(0.1, 0.999999, 10**6)
    assert optim.ExponentialDecay(0.1, 1, 0.9)(10**9) == 0.0
    assert optim.MultiStepDecay(1, range_list(2000), 0.99)(10**9) == rounded_power(1, 0.99, 2000)
    assert optim.CosineDecayRestarts(0.1, 1, 1.1)(10**6) >= 0
    assert optim.CosineDecayRestarts(0.1, 3, 1, 0.999)(9000) == rounded_power(0.1, 0.999, 3000)
    assert optim.CosineDecayRestarts(0.1, 3, 1, 0.999)(3 * 10**9) == 0
    assert optim.PolynomialDecay(0.1, 3, 0, 1e300)(1) == 0
    assert optim.ExponentialDecay(0.1, 5e-324, 0.5)(1) == 0
    assert optim.ExponentialDecay(0.1, 5e-324, 1e300)(1) == math.inf


def rounded_power(scale: float, base: float, exponent: int) -> float:
    with workprec(400):
        return rounded(scaled(scale) * scaled(base) ** exponent)


def range_list(count: int) -> list[int]:
    return list(range(1, count + 1))


def test_n6_binary64_would_round_twice() -> None:
    """The exact product is 2^-61 above a midpoint, where binary64 lands on it."""
    rate, gamma = 1 + 2.0**-24 - 2.0**-37, 1 + 2.0**-37
    assert round_number(rate * gamma) == 1.0
    assert optim.MultiStepDecay(rate, [1], gamma)(1) == 1 + 2.0**-23
    assert optim.ExponentialDecay(rate, 5, gamma)(5) == 1 + 2.0**-23


# ------------------------------------------------------------------------------------------------- a plateau


def torch_plateau(rate: float, metrics: list[float], **options: Any) -> list[float]:
    """PyTorch's ReduceLROnPlateau.step, read again, in binary64."""
    o: dict[str, Any] = {"mode": "min", "factor": 0.1, "patience": 10, "threshold": 1e-4, "threshold_mode": "rel"}
    o |= {"cooldown": 0, "min_learning_rate": 0.0, "eps": 1e-8} | options
    best, bad, cooling, rates = math.inf if o["mode"] == "min" else -math.inf, 0, 0, []
    for metric in metrics:
        sign = 1 if o["mode"] == "min" else -1
        margin = abs(best) * o["threshold"] if o["threshold_mode"] == "rel" else o["threshold"]
        if math.isinf(best) or sign * metric < sign * best - margin:
            best, bad = metric, 0
        else:
            bad += 1
        if cooling > 0:
            cooling, bad = cooling - 1, 0
        if bad > o["patience"]:
            new = max(rate * o["factor"], o["min_learning_rate"])
            if rate - new > o["eps"]:
                rate = new
            cooling, bad = o["cooldown"], 0
        rates.append(rate)
    return rates


@pytest.mark.parametrize("seed", range(8))
def test_a_plateau_falls_where_that_of_pytorch_does(seed: int) -> None:
    random = Random(seed)
    options: dict[str, Any] = {
        "mode": random.choice(["min", "max"]),
        "factor": random.choice([0.5, 0.3]),
        "patience": random.randrange(4),
        "threshold": random.choice([1e-4, 0.1]),
        "threshold_mode": random.choice(["rel", "abs"]),
        "cooldown": random.randrange(3),
        "min_learning_rate": random.choice([0.0, 0.02]),
    }
    metrics = [random.uniform(0.5, 2) + 3 / (1 + i) for i in range(60)]
    plateau, rates = optim.ReduceOnPlateau(0.5, **options), []
    for metric in metrics:
        plateau = optim.Schedule.of(json.loads(json.dumps(plateau.config())))  # type: ignore[assignment]
        plateau.observe(metric)
        rates.append(plateau(0))
    assert rates == pytest.approx(torch_plateau(0.5, metrics, **options), rel=2.0**-24 + 1e-14)
    assert len(set(rates)) > 1


def test_a_plateau_at_the_ends() -> None:
    plateau = optim.ReduceOnPlateau(0.1, patience=0, factor=0.5)
    for metric in (math.inf, math.nan, 1.0, -math.inf, -math.inf):
        plateau.observe(metric)
    assert (plateau.best, plateau.reductions) == (1.0, 4)
    assert plateau(0) == round_number(Fraction(0.1) / 16)
    again = optim.Schedule.of(json.loads(json.dumps(plateau.config())))
    assert again == plateau
    with pytest.raises(AttributeValueError, match="ReduceOnPlateau: metric must be a number, got 'low'"):
        plateau.observe("low")
    assert plateau == again


# ---------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("step", [-1, 1.0, True, "1", None])
def test_a_step_is_an_int(step: Any) -> None:
    with pytest.raises(AttributeValueError, match="Constant: step must be an int of at least 0, got"):
        optim.Constant(0.1)(step)


def nested(depth: int) -> dict[str, Any]:
    config = optim.Constant(0.1).config()
    for _ in range(depth):
        config = {"schedule": "Warmup", "schedule_after": config, "warmup_steps": 1}
    return config


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: optim.Constant(-0.1), "Constant: learning_rate must be a number, at least 0 and finite, got -0.1"),
        (lambda: optim.Constant(True), "learning_rate must be a number, .* got True"),
        (lambda: optim.ExponentialDecay(0.1, 0, 0.5), "decay_steps must be above 0, got 0"),
        (lambda: optim.ExponentialDecay(0.1, 1, math.nan), "decay_rate must be a number"),
        (lambda: optim.ExponentialDecay(0.1, 1, 1, 1), "staircase must be True or False, got 1"),  # type: ignore[arg-type]
        (lambda: optim.PolynomialDecay(0.1, 10, power="2"), "power must be a number"),  # type: ignore[arg-type]
        (lambda: optim.CosineDecay(0.1, 10, 0.1, -1), "warmup_target must be a number"),
        (lambda: optim.CosineDecayRestarts(0.1, 10, 1.05), "t_mul must be 1, or at least 1.1; got 1.05"),
        (lambda: optim.OneCycle(0.1, 10.5), "total_steps must be an int, got 10.5"),  # type: ignore[arg-type]
        (lambda: optim.OneCycle(0.1, 10, 1.5), "pct_start must be at most 1, got 1.5"),
        (lambda: optim.OneCycle(0.1, 10, 0.6, three_phase=True), "pct_start must be at most 0.5 with three phases"),
        (lambda: optim.OneCycle(0.1, 10, anneal_strategy="exp"), "anneal_strategy must be 'cos' or 'linear'"),
        (lambda: optim.MultiStepDecay(0.1, [3, 3]), r"milestones must be ints of at least 0 that rise, got \[3, 3\]"),
        (lambda: optim.PiecewiseConstantDecay([1], [0.1]), "1 boundaries need 2 values, got 1"),
        (lambda: optim.PiecewiseConstantDecay([1], [0.1, -1]), r"values\[1\] must be a number"),
        (lambda: optim.Warmup(0.1, 10), r"what follows is another Schedule, such as Constant\(0.1\); got 0.1"),  # type: ignore[arg-type]
        (lambda: optim.Schedule.of(nested(2)), "what follows is another Schedule"),
        (lambda: optim.Warmup(optim.Warmup(optim.Constant(0.1), 1), 1), "what follows is another Schedule"),
        (lambda: optim.Schedule.of(nested(2000)), "Warmup: its arguments are nested too deeply"),
        (lambda: optim.CosineDecayRestarts(0.1, 0.5), "first_decay_steps must be at least 1, got 0.5"),
        (lambda: optim.Warmup(optim.Constant(0.1), 1.5), "warmup_steps must be an int"),  # type: ignore[arg-type]
        (lambda: optim.ReduceOnPlateau(0.1, factor=1), "factor must be below 1, got 1"),
        (lambda: optim.ReduceOnPlateau(0.1, mode="low"), "mode must be 'min' or 'max', got 'low'"),
        (lambda: optim.ReduceOnPlateau(0.1, bad=-1), "bad must be an int of at least 0, got -1"),
        (lambda: optim.ReduceOnPlateau(0.1, best="1"), "best must be a finite number or None, got '1'"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_schedule(make: Callable[[], optim.Schedule], words: str) -> None:
    with pytest.raises(AttributeValueError, match=words):
        make()


def test_a_schedule_of_ones_own() -> None:
    @dataclass(frozen=True)
    class Halves(optim.Schedule):
        first: float

        def rate(self, step: int) -> float:
            return float(self.first / 2**step)

    assert optim.Schedule.of(Halves(0.5).config()) == Halves(0.5)
    assert Halves(0.5)(3) == 0.0625
    del optim.Schedule.known["Halves"]
    with pytest.raises(AttributeValueError, match=r"'Halves' is no schedule; there are Constant, .* been imported"):
        optim.Schedule.of(Halves(0.5).config())
    with pytest.raises(NotImplementedError, match=r"defines no rate\(step\)"):
        optim.Schedule()(0)
