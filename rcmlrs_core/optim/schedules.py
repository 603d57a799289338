"""Learning rates that change with the step: ``schedule(step)``, for step = 0, 1, 2, ..., is the rate of the step.

A schedule is given to an optimizer in the place of ``lr``. It is a function of the number of the step alone (but for
:class:`ReduceOnPlateau`, which is fed), and can be saved: ``schedule.config()`` is a dict that JSON can hold, and
``Schedule.of`` makes the schedule again. The rate is RN of the formula's exact value at the exact values of its numbers
(N6), or one of the numbers itself.

Names and arguments are those of Keras, whose schedules are of this kind; those of PyTorch wrap an optimizer, and count
what their caller counts. To find one by its name there:

    LambdaLR                     a subclass of Schedule
    ConstantLR                   PiecewiseConstantDecay; a rate that never changes is Constant, or just a number
    StepLR                       ExponentialDecay(rate, step_size, gamma, staircase=True)
    MultiStepLR                  MultiStepDecay
    ExponentialLR                ExponentialDecay(rate, 1, gamma)
    LinearLR, PolynomialLR       PolynomialDecay; rising from a smaller rate is Warmup
    CosineAnnealingLR            CosineDecay
    CosineAnnealingWarmRestarts  CosineDecayRestarts
    OneCycleLR                   OneCycle
    ReduceLROnPlateau            ReduceOnPlateau
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import pairwise
from math import inf, isfinite, isqrt
from typing import Any, ClassVar

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.numerics.reals import Enclosure, Reals, decide_float, ratio_of
from rcmlrs_core.tensor import Number

Real = Fraction | Callable[[Reals], Enclosure]
"""A number at its exact value: a fraction, or what encloses a number that is irrational."""


class Schedule:
    """The base. A subclass is a dataclass of what JSON can hold, and defines ``rate(step)``, which gives the number.

    A subclass of one's own is loaded from a saved state by its name, so it must have been imported.
    """

    known: ClassVar[dict[str, type["Schedule"]]] = {}
    """The subclasses by name."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        Schedule.known[cls.__name__] = cls

    def __call__(self, step: int) -> Number:
        """The rate of the step number ``step`` = 0, 1, 2, ...

        Raises :class:`AttributeValueError` for another ``step``.
        """
        if not is_count(step):
            raise AttributeValueError(f"{type(self).__name__}: step must be an int of at least 0, got {step!r}")
        return self.rate(step)

    def rate(self, step: int) -> Number:
        """The number that calling the schedule gives, for a ``step`` that is one."""
        raise NotImplementedError(f"{type(self).__name__} defines no rate(step); a schedule says there what it is")

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.init}  # type: ignore[arg-type]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Schedule":
        """The schedule of these arguments."""
        return cls(**config)

    def config(self) -> dict[str, Any]:
        """The name of the class as ``schedule``, and the arguments: what ``Schedule.of`` takes, and JSON can hold."""
        arguments = {name: _plain(value) for name, value in self.get_config().items()}
        return {"schedule": type(self).__name__} | arguments

    @staticmethod
    def of(config: Mapping[str, Any]) -> "Schedule":
        """The schedule that gave ``config``.

        Raises :class:`AttributeValueError` for a name that is unknown, and arguments that the class does not take.
        """
        name = config.get("schedule")
        if not isinstance(name, str) or name not in Schedule.known:
            raise AttributeValueError(
                f"{name!r} is no schedule; there are {', '.join(sorted(Schedule.known))}, and subclasses of Schedule "
                "that have been imported"
            )
        arguments = {key: value for key, value in config.items() if key != "schedule"}
        try:
            return Schedule.known[name].from_config(arguments)
        except TypeError as error:
            raise AttributeValueError(f"{name}: {error}") from error
        except RecursionError:
            raise AttributeValueError(f"{name}: its arguments are nested too deeply") from None

    def resumed(self, saved: "Schedule") -> "Schedule":
        """What goes on where ``saved`` was, in the place of this one: ``saved``, as it has no history."""
        return saved


@dataclass(frozen=True)
class Constant(Schedule):
    """``learning_rate`` in every step."""

    learning_rate: Number

    def __post_init__(self) -> None:
        _check(self, "learning_rate")

    def rate(self, step: int) -> Number:
        """The number itself."""
        return self.learning_rate


@dataclass(frozen=True)
class PiecewiseConstantDecay(Schedule):
    """``values[i]``, where i is the number of ``boundaries`` below ``step``; so a boundary itself has the value before.

    There is one value more than there are boundaries, which rise.
    """

    boundaries: Sequence[int]
    values: Sequence[Number]

    def __post_init__(self) -> None:
        _check_rising(self, "boundaries", self.boundaries)
        if not isinstance(self.values, tuple | list) or len(self.values) != len(self.boundaries) + 1:
            got = len(self.values) if isinstance(self.values, tuple | list) else repr(self.values)
            raise AttributeValueError(
                f"{_name(self)}: {len(self.boundaries)} boundaries need {len(self.boundaries) + 1} values, got {got}"
            )
        for i, value in enumerate(self.values):
            _check_number(self, f"values[{i}]", value)
        _freeze(self, boundaries=tuple(self.boundaries), values=tuple(self.values))

    def rate(self, step: int) -> Number:
        """One of the values."""
        return self.values[bisect_left(self.boundaries, step)]


@dataclass(frozen=True)
class MultiStepDecay(Schedule):
    """``initial_learning_rate * gamma^i``, where i is the number of ``milestones`` at ``step`` or below, which rise.

    PyTorch's MultiStepLR. A milestone itself has the new rate, unlike a boundary of :class:`PiecewiseConstantDecay`.
    """

    initial_learning_rate: Number
    milestones: Sequence[int]
    gamma: Number = 0.1

    def __post_init__(self) -> None:
        _check(self, "initial_learning_rate", "gamma")
        _check_rising(self, "milestones", self.milestones)
        _freeze(self, milestones=tuple(self.milestones))

    def rate(self, step: int) -> Number:
        """RN of the product."""
        return _scaled_power(self.initial_learning_rate, self.gamma, Fraction(bisect_right(self.milestones, step)))


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """``initial_learning_rate * decay_rate^(step / decay_steps)``; with ``staircase``, of the floor of the quotient."""

    initial_learning_rate: Number
    decay_steps: Number
    decay_rate: Number
    staircase: bool = False

    def __post_init__(self) -> None:
        _check(self, "initial_learning_rate", "decay_rate")
        _check_positive(self, "decay_steps")
        _check_bool(self, "staircase")

    def rate(self, step: int) -> Number:
        """RN of the formula of the class."""
        return _scaled_power(
            self.initial_learning_rate, self.decay_rate, _share(step, self.decay_steps, self.staircase)
        )


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``; ``staircase`` takes the quotient's floor."""

    initial_learning_rate: Number
    decay_steps: Number
    decay_rate: Number
    staircase: bool = False

    def __post_init__(self) -> None:
        _check(self, "initial_learning_rate", "decay_rate")
        _check_positive(self, "decay_steps")
        _check_bool(self, "staircase")

    def rate(self, step: int) -> Number:
        """RN of the formula of the class."""
        share = _share(step, self.decay_steps, self.staircase)
        return round_number(Fraction(self.initial_learning_rate) / (1 + Fraction(self.decay_rate) * share))


@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    """``end + (initial - end) * (1 - s / d)^power``, with d = ``decay_steps`` and s = ``step``, d at the most.

    ``power=1`` is a straight line. With ``cycle`` s is the step itself, and d the first multiple of ``decay_steps``
    that is not below it.
    """

    initial_learning_rate: Number
    decay_steps: Number
    end_learning_rate: Number = 0.0001
    power: Number = 1.0
    cycle: bool = False

    def __post_init__(self) -> None:
        _check(self, "initial_learning_rate", "end_learning_rate", "power")
        _check_positive(self, "decay_steps")
        _check_bool(self, "cycle")

    def rate(self, step: int) -> Number:
        """RN of the formula of the class."""
        whole = Fraction(self.decay_steps)
        if self.cycle:
            whole *= max(1, -(-step // whole))
        left = 1 - min(step / whole, Fraction(1))
        return _between(self.initial_learning_rate, self.end_learning_rate, _power(left, Fraction(self.power)))


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """Half a wave of a cosine from the initial rate down to the part ``alpha`` of it, after a rise where one is wanted:

        initial * (alpha + (1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2)    and then initial * alpha

    With ``warmup_target`` the rate first rises (or falls) on a straight line from the initial one to the target, in
    ``warmup_steps``; from there it is the formula with the target in the place of the initial rate, and with the steps
    since then.

    Source: I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, arXiv:1608.03983, section 3.
    """

    initial_learning_rate: Number
    decay_steps: Number
    alpha: Number = 0.0
    warmup_target: Number | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        _check(self, "initial_learning_rate", "alpha", "warmup_steps")
        _check_positive(self, "decay_steps")
        if self.warmup_target is not None:
            _check(self, "warmup_target")

    def rate(self, step: int) -> Number:
        """RN of the formula of the class."""
        start, since = Fraction(self.initial_learning_rate), Fraction(step)
        if self.warmup_target is not None:
            target = Fraction(self.warmup_target)
            if step < self.warmup_steps:
                return round_number(start + (target - start) * step / Fraction(self.warmup_steps))
            start, since = target, since - Fraction(self.warmup_steps)
        share = min(since / Fraction(self.decay_steps), Fraction(1))
        return _between(start, start * Fraction(self.alpha), _half_wave(share))


@dataclass(frozen=True)
class CosineDecayRestarts(Schedule):
    """:class:`CosineDecay` again and again: round i = 0, 1, ... takes ``first_decay_steps * t_mul^i`` steps, and is

        initial * (alpha + (1 - alpha) * m_mul^i * (1 + cos(pi * share)) / 2)

    at the ``share`` of its steps that are done. ``t_mul`` is 1, or at least 1.1.

    Source: I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, arXiv:1608.03983, section 3.
    """

    initial_learning_rate: Number
    first_decay_steps: Number
    t_mul: Number = 2.0
    m_mul: Number = 1.0
    alpha: Number = 0.0

    def __post_init__(self) -> None:
        _check(self, "initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha")
        if self.first_decay_steps < 1:
            raise AttributeValueError(
                f"{_name(self)}: first_decay_steps must be at least 1, got {self.first_decay_steps!r}"
            )
        if self.t_mul != 1 and self.t_mul < 1.1:
            raise AttributeValueError(f"{_name(self)}: t_mul must be 1, or at least 1.1; got {self.t_mul!r}")

    def rate(self, step: int) -> Number:
        """RN of the formula of the class."""
        length, since, times = Fraction(self.first_decay_steps), Fraction(step), Fraction(self.t_mul)
        if times == 1:
            restart = since // length
            since -= restart * length
        else:
            restart = 0
            while since >= length:
                since, length, restart = since - length, length * times, restart + 1
        start = Fraction(self.initial_learning_rate)
        share = _times(_power(Fraction(self.m_mul), Fraction(restart)), _half_wave(since / length))
        return _between(start, start * Fraction(self.alpha), share)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """PyTorch's OneCycleLR: up from ``max_learning_rate / div_factor`` to the maximum, and down to a rate that is
    ``final_div_factor`` times smaller than the first.

    The maximum is in step ``pct_start * total_steps - 1`` (which may lie between two), the last rate in step
    ``total_steps - 1`` and ever after. With ``three_phase`` the rate is back at the first one in step
    ``2 * pct_start * total_steps - 2``, and goes down to the last from there. Between them it follows half a wave of a
    cosine (``anneal_strategy="cos"``) or a straight line (``"linear"``). Momentum does not cycle here.

    Source: L. N. Smith, N. Topin, Super-convergence, arXiv:1708.07120; in the form of PyTorch.
    """

    max_learning_rate: Number
    total_steps: int
    pct_start: Number = 0.3
    anneal_strategy: str = "cos"
    div_factor: Number = 25.0
    final_div_factor: Number = 1e4
    three_phase: bool = False

    def __post_init__(self) -> None:
        _check(self, "max_learning_rate", "pct_start")
        _check_positive(self, "total_steps", "div_factor", "final_div_factor")
        _check_bool(self, "three_phase")
        if not isinstance(self.total_steps, int):
            raise AttributeValueError(f"{_name(self)}: total_steps must be an int, got {self.total_steps!r}")
        if self.pct_start > (0.5 if self.three_phase else 1):
            most = "0.5 with three phases" if self.three_phase else "1"
            raise AttributeValueError(f"{_name(self)}: pct_start must be at most {most}, got {self.pct_start!r}")
        if self.anneal_strategy not in ("cos", "linear"):
            raise AttributeValueError(
                f"{_name(self)}: anneal_strategy must be 'cos' or 'linear', got {self.anneal_strategy!r}"
            )

    def rate(self, step: int) -> Number:
        """RN of the rate at ``step`` in the phase where it lies."""
        top = Fraction(self.max_learning_rate)
        first = top / Fraction(self.div_factor)
        last, end = first / Fraction(self.final_div_factor), Fraction(self.total_steps - 1)
        peak = Fraction(self.pct_start) * self.total_steps - 1
        phases = [(peak, first, top), (end, top, last)]
        if self.three_phase:
            phases[1:] = [(2 * peak, top, first), (end, first, last)]
        begin = Fraction(0)
        for stop, high, low in phases:
            if step <= stop:
                share = (step - begin) / (stop - begin) if stop > begin else Fraction(1)
                return _between(high, low, _half_wave(share) if self.anneal_strategy == "cos" else 1 - share)
            begin = stop
        return round_number(last)


@dataclass(frozen=True)
class Warmup(Schedule):
    """A straight line from ``start`` to the first rate of ``schedule``, in ``warmup_steps``; then the schedule."""

    schedule_after: Schedule
    warmup_steps: int
    start: Number = 0.0

    def __post_init__(self) -> None:
        after: Any = self.schedule_after
        if isinstance(after, Mapping):
            after = Schedule.of(after)
            _freeze(self, schedule_after=after)
        if not isinstance(after, Schedule) or isinstance(after, Warmup):
            raise AttributeValueError(
                f"{_name(self)}: what follows is another Schedule, such as Constant(0.1); got {after!r}"
            )
        _check(self, "start")
        if not is_count(self.warmup_steps):
            raise AttributeValueError(
                f"{_name(self)}: warmup_steps must be an int of at least 0, got {self.warmup_steps!r}"
            )

    def rate(self, step: int) -> Number:
        """RN of the line, or the rate of the schedule."""
        if step >= self.warmup_steps:
            return self.schedule_after(step - self.warmup_steps)
        start = Fraction(self.start)
        return round_number(start + (Fraction(self.schedule_after(0)) - start) * step / self.warmup_steps)


@dataclass
class ReduceOnPlateau(Schedule):
    """A rate that falls by ``factor`` when what is told with ``observe`` has not improved for more than ``patience``
    times in a row: PyTorch's ReduceLROnPlateau.

    The rate is ``RN(initial_learning_rate * factor^k)`` after k reductions, ``min_learning_rate`` at the least, and
    does not fall any more by ``eps`` or less. A value is an improvement if it is below ``best - |best| * threshold``
    with ``threshold_mode="rel"`` (PyTorch has ``best * (1 - threshold)``, the same for a positive best), or below
    ``best - threshold`` with ``"abs"``; with ``mode="max"``, above the sum instead. What is not finite is none.
    After a reduction, ``cooldown`` values are not counted.

    The step plays no part; the history does, and is saved with the arguments. Keras has this as a callback.
    """

    initial_learning_rate: Number
    mode: str = "min"
    factor: Number = 0.1
    patience: int = 10
    threshold: Number = 1e-4
    threshold_mode: str = "rel"
    cooldown: int = 0
    min_learning_rate: Number = 0.0
    eps: Number = 1e-8
    best: float | None = None
    """The best value so far."""
    bad: int = 0
    """How many values in a row were no improvement."""
    cooling: int = 0
    """How many of the next values are not counted."""
    reductions: int = 0
    """How often the rate fell."""

    def __post_init__(self) -> None:
        _check(self, "initial_learning_rate", "factor", "threshold", "min_learning_rate", "eps")
        if self.factor >= 1:
            raise AttributeValueError(f"{_name(self)}: factor must be below 1, got {self.factor!r}")
        for name, choices in (("mode", ("min", "max")), ("threshold_mode", ("rel", "abs"))):
            if getattr(self, name) not in choices:
                raise AttributeValueError(
                    f"{_name(self)}: {name} must be {choices[0]!r} or {choices[1]!r}, got {getattr(self, name)!r}"
                )
        for name in ("patience", "cooldown", "bad", "cooling", "reductions"):
            value = getattr(self, name)
            if not is_count(value):
                raise AttributeValueError(f"{_name(self)}: {name} must be an int of at least 0, got {value!r}")
        best: Any = self.best
        if best is not None and (isinstance(best, bool) or not isinstance(best, int | float) or not isfinite(best)):
            raise AttributeValueError(f"{_name(self)}: best must be a finite number or None, got {self.best!r}")

    def rate(self, step: int) -> Number:
        """The rate as it is now."""
        return self._after(self.reductions)

    def observe(self, metric: Any) -> None:
        """Tell the value that should fall (or, with ``mode="max"``, rise), such as the validation loss of an epoch."""
        try:
            value = float(metric)
        except (TypeError, ValueError):
            raise AttributeValueError(f"{_name(self)}: metric must be a number, got {metric!r}") from None
        if self._improves(value):
            self.best, self.bad = value, 0
        else:
            self.bad += 1
        if self.cooling:
            self.cooling, self.bad = self.cooling - 1, 0
        if self.bad > self.patience:
            self.cooling, self.bad = self.cooldown, 0
            if Fraction(self._after(self.reductions)) - Fraction(self._after(self.reductions + 1)) > Fraction(self.eps):
                self.reductions += 1

    def resumed(self, saved: Schedule) -> Schedule:
        """This one, with what ``saved`` has, if it is of the same kind: whoever observes for it goes on with it."""
        if type(saved) is not type(self):
            return saved
        vars(self).update(vars(saved))
        return self

    def _after(self, reductions: int) -> Number:
        if not reductions:
            return self.initial_learning_rate
        return max(_scaled_power(self.initial_learning_rate, self.factor, Fraction(reductions)), self.min_learning_rate)

    def _improves(self, value: float) -> bool:
        if not isfinite(value):
            return False
        if self.best is None:
            return True
        sign = 1 if self.mode == "min" else -1
        margin = Fraction(self.threshold) * (abs(Fraction(self.best)) if self.threshold_mode == "rel" else 1)
        return sign * Fraction(value) < sign * Fraction(self.best) - margin


# ---------------------------------------------------------------------------------------------- exact values


def _between(high: Number | Fraction, low: Number | Fraction, share: Real) -> float:
    """``RN(low + (high - low) * share)``; a share that is no fraction is irrational, so that there is no tie."""
    start, rise = Fraction(low), Fraction(high) - Fraction(low)
    if isinstance(share, Fraction):
        return round_number(start + rise * share)
    if not rise:
        return round_number(start)
    return decide_float(lambda r: ratio_of(r, start) + ratio_of(r, rise) * share(r))


def _scaled_power(scale: Number, base: Number, exponent: Fraction) -> float:
    """``RN(scale * base^exponent)``."""
    return _between(scale, 0, _power(Fraction(base), exponent))


def _power(base: Fraction, exponent: Fraction) -> Real:
    """``base^exponent`` for numbers of at least 0; 0^0 is 1.

    With exponent = n/d in lowest terms it is rational if and only if the d-th root of the base is (d and n have no
    common divisor, so a root whose n-th and d-th power are rational is itself). It is then a power of that root, which
    is enclosed where its digits are many.
    """
    if exponent == 0 or base == 1:
        return Fraction(1)
    if base == 0:
        return Fraction(0)
    n, d = exponent.numerator, exponent.denominator
    root = _rational_root(base, d)
    if root is None:
        return lambda r: r.exp(ratio_of(r, exponent) * r.log(ratio_of(r, base)))
    if n * max(root.numerator.bit_length(), root.denominator.bit_length()) <= MOST_BITS:
        return root**n
    return lambda r: ratio_of(r, root) ** n


def _times(a: Real, b: Real) -> Real:
    """The product."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b
    return lambda r: _enclosed(r, a) * _enclosed(r, b)


def _enclosed(r: Reals, x: Real) -> Enclosure:
    return ratio_of(r, x) if isinstance(x, Fraction) else x(r)


MOST_BITS = 1 << 14
"""Of the numerator and denominator of a power that is computed as a fraction."""


def _rational_root(x: Fraction, d: int) -> Fraction | None:
    """The d-th root of a positive x, if it is rational."""
    parts = [_integer_root(part, d) for part in (x.numerator, x.denominator)]
    return None if parts[0] is None or parts[1] is None else Fraction(parts[0], parts[1])


def _integer_root(n: int, d: int) -> int | None:
    """The d-th root of a positive n, if it is an integer: halving an interval that holds it."""
    if n == 1 or d == 1:
        return n
    if d >= n.bit_length():  # 2^d > n
        return None
    if d == 2:
        root = isqrt(n)
        return root if root * root == n else None
    low, high = 1, 1 << (n.bit_length() // d + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**d < n:
            low = middle + 1
        else:
            high = middle
    return low if low**d == n else None


HALF_WAVES = {Fraction(i, 6): Fraction(n, 4) for i, n in ((0, 4), (2, 3), (3, 2), (4, 1), (6, 0))}
"""(1 + cos(pi x)) / 2 for the rational x in [0, 1] for which it is rational, and no others are (I. Niven, Irrational
Numbers, 1956, corollary 3.12)."""


def _half_wave(share: Fraction) -> Real:
    """``(1 + cos(pi * share)) / 2`` for a rational share in [0, 1]: 1 at the beginning, and 0 at the end."""
    if share in HALF_WAVES:
        return HALF_WAVES[share]
    return lambda r: (1 + r.cos(r.pi * ratio_of(r, share))) / 2


def _share(step: int, whole: Number, staircase: bool) -> Fraction:
    share = step / Fraction(whole)
    return Fraction(share.numerator // share.denominator) if staircase else share


# ---------------------------------------------------------------------------------------------------- checks


def is_count(value: Any) -> bool:
    """Whether it is an int of at least 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _name(schedule: Schedule) -> str:
    return type(schedule).__name__


def _check_number(schedule: Schedule, name: str, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < inf:
        raise AttributeValueError(f"{_name(schedule)}: {name} must be a number, at least 0 and finite, got {value!r}")


def _check(schedule: Schedule, *names: str) -> None:
    for name in names:
        _check_number(schedule, name, getattr(schedule, name))


def _check_positive(schedule: Schedule, *names: str) -> None:
    _check(schedule, *names)
    for name in names:
        if not getattr(schedule, name):
            raise AttributeValueError(f"{_name(schedule)}: {name} must be above 0, got {getattr(schedule, name)!r}")


def _check_bool(schedule: Schedule, name: str) -> None:
    value = getattr(schedule, name)
    if not isinstance(value, bool):
        raise AttributeValueError(f"{_name(schedule)}: {name} must be True or False, got {value!r}")


def _check_rising(schedule: Schedule, name: str, values: Any) -> None:
    if (
        not isinstance(values, tuple | list)
        or not all(map(is_count, values))
        or any(a >= b for a, b in pairwise(values))
    ):
        raise AttributeValueError(f"{_name(schedule)}: {name} must be ints of at least 0 that rise, got {values!r}")


def _freeze(schedule: Schedule, **values: Any) -> None:
    """Set attributes of a frozen dataclass while it is made: JSON has lists where it has tuples."""
    for name, value in values.items():
        object.__setattr__(schedule, name, value)


def _plain(value: Any) -> Any:
    """An argument as JSON holds it."""
    if isinstance(value, Schedule):
        return value.config()
    return list(value) if isinstance(value, tuple) else value
