"""Faults of kernels for whole compositions: draws that are not a function of seed, stream and index, updates that round
at other places than the formula does."""

import math
from array import array
from itertools import count
from math import prod
from typing import Any

import rcmlrs_core as rc
from rcmlrs_core.optim.adam import adam_update
from rcmlrs_core.optim.sgd import sgd_update
from rcmlrs_core.plain import INT32, PlainArray, Shape
from rcmlrs_core.random import draw_words
from rcmlrs_core.tensor import RamTensor
from rcmlrs_saboteur.formulas import Results, on_tensors
from rcmlrs_saboteur.plugin import Kernel, fused_fault


def single(x: float) -> float:
    """x, rounded to binary32."""
    return array("f", [x])[0]


# ---------------------------------------------------------------------------------------------------- draws


@fused_fault("random_uniform", "random_normal", "random_bernoulli", "random_integers", clause="N8")
def draws_go_on_from_call_to_call(kernel: Kernel) -> Kernel:
    """A generator with a state of its own: what it gives depends on how often it was called."""
    calls = count(1)
    return lambda *, stream, **attributes: kernel(stream=(stream + next(calls)) % (1 << 64), **attributes)


@fused_fault("random_uniform", "random_normal", clause="N8")
def draws_begin_anew_in_every_block(kernel: Kernel) -> Kernel:
    """An element is numbered within its block of 1024, so that every block of a launch holds the same numbers."""

    def draw(*, shape: Shape, **attributes: Any) -> Results:
        (block,) = kernel(shape=(1024,), **attributes)
        return (PlainArray.of((block.values[i % 1024] for i in range(prod(shape))), shape),)

    return draw


@fused_fault("random_uniform", "random_bernoulli", clause="N8")
def draws_forget_the_upper_half_of_the_stream(kernel: Kernel) -> Kernel:
    """The stream is an integer of 32 bits somewhere on the way."""
    return lambda *, stream, **attributes: kernel(stream=stream % (1 << 32), **attributes)


@fused_fault("random_uniform", clause="N8")
def uniform_of_32_bits(kernel: Kernel) -> Kernel:
    """All 32 bits of the word, rounded: finer near zero, and 1 is among them."""

    def draw(*, seed: int, stream: int, shape: Shape, **attributes: Any) -> Results:
        if attributes != {"start": 0, "factor": 1}:
            return tuple(kernel(seed=seed, stream=stream, shape=shape, **attributes))
        return (PlainArray.of((word * 2.0**-32 for word in draw_words(prod(shape), seed, stream)), shape),)

    return draw


@fused_fault("random_uniform", "random_normal", clause="N8")
def spread_rounds_twice(kernel: Kernel) -> Kernel:
    """The product with the width of the interval is rounded before its beginning is added."""

    def draw(*, start: Any, factor: Any, **attributes: Any) -> Results:
        (product,) = kernel(start=0, factor=factor, **attributes)
        if start == 0:
            return (product,)
        try:
            return (PlainArray.of((x + float(start) for x in product.values), product.shape),)
        except OverflowError:
            return tuple(kernel(start=start, factor=factor, **attributes))

    return draw


@fused_fault("random_normal", clause="N8")
def normal_by_box_and_muller(kernel: Kernel) -> Kernel:
    """Two uniform numbers, a logarithm and a cosine: as normal as the quantile, and other numbers."""

    def draw(*, seed: int, stream: int, shape: Shape, **attributes: Any) -> Results:
        words = draw_words(prod(shape), seed, stream, words=2)
        pairs = zip(words[::2], words[1::2], strict=True)
        values = (
            math.sqrt(-2 * math.log((a + 0.5) * 2.0**-32)) * math.cos(2 * math.pi * b * 2.0**-32) for a, b in pairs
        )
        start, factor = (min(float(attributes[name]), 1e300) for name in ("start", "factor"))
        return (PlainArray.of((start + factor * z for z in values), shape),)

    return draw


@fused_fault("random_permutation", clause="N8")
def permutation_by_one_word(kernel: Kernel) -> Kernel:
    """The keys have 32 bits: where two of them are equal, the second word is not asked."""

    def draw(*, seed: int, stream: int, shape: Shape) -> Results:
        words = draw_words(prod(shape), seed, stream)
        return (PlainArray.of(sorted(range(len(words)), key=words.__getitem__), shape, INT32),)

    return draw


# -------------------------------------------------------------------------------------------------- updates


def contracted(p: RamTensor, lr: float, step: RamTensor) -> RamTensor:
    """``p - lr * step`` with one rounding, as a compiler may make it."""
    return rc.fma(step, rc.tensor(-lr, "python"), p)


@fused_fault("sgd_update", clause="N5")
def sgd_contracts(kernel: Kernel) -> Kernel:
    """p - lr * g by a fused multiply-add, where the composition rounds twice."""

    def update(
        p: RamTensor, g: RamTensor, *b: RamTensor, momentum: Any, nesterov: bool, weight_decay: Any, **others: Any
    ) -> tuple[RamTensor, ...]:
        numbers = {"momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay} | others
        _, *after = sgd_update(p, g, *b, **numbers)
        if weight_decay is not None:
            g = g + weight_decay * p
        for total in after:
            g = g + momentum * total if nesterov else total
        return contracted(p, others["lr"], g), *after

    return on_tensors(update)


@fused_fault("sgd_update", clause="N5")
def sgd_begins_with_zeros(kernel: Kernel) -> Kernel:
    """The first step takes a momentum of zeros, and so loses the sign of a gradient that is -0."""

    def update(p: PlainArray, g: PlainArray, *b: PlainArray, **attributes: Any) -> Results:
        if attributes["momentum"] is None or b:
            return tuple(kernel(p, g, *b, **attributes))
        return tuple(kernel(p, g, PlainArray.of([0.0] * len(p.values), p.shape), **attributes))

    return update


@fused_fault("sgd_update", clause="N5")
def sgd_writes_over_the_gradient(kernel: Kernel) -> Kernel:
    """The gradient with its decay is kept where the gradient was."""

    def update(p: PlainArray, g: PlainArray, *b: PlainArray, **attributes: Any) -> Results:
        results = tuple(kernel(p, g, *b, **attributes))
        if attributes["weight_decay"] is not None:
            decay = (single(attributes["weight_decay"] * x) for x in p.values)
            g.values[:] = array("f", map(float.__add__, g.values, decay))
        return results

    return update


@fused_fault("adam_update", clause="N5")
def adam_contracts(kernel: Kernel) -> Kernel:
    """p - lr * (...) by a fused multiply-add, where the composition rounds twice."""

    def update(p: RamTensor, *others: RamTensor, **numbers: Any) -> tuple[RamTensor, ...]:
        _, m, v = adam_update(p, *others, **numbers)
        step = (m / numbers["unbias1"]) / ((v / numbers["unbias2"]).sqrt() + numbers["eps"])
        return contracted(p, numbers["lr"], step), m, v

    return on_tensors(update)


@fused_fault("adam_update", clause="N5")
def adam_adds_eps_inside_the_root(kernel: Kernel) -> Kernel:
    """sqrt(v + eps) instead of sqrt(v) + eps, as some texts have it."""

    def update(p: RamTensor, *others: RamTensor, **numbers: Any) -> tuple[RamTensor, ...]:
        _, m, v = adam_update(p, *others, **numbers)
        step = (m / numbers["unbias1"]) / (v / numbers["unbias2"] + numbers["eps"]).sqrt()
        return p - numbers["lr"] * step, m, v

    return on_tensors(update)


@fused_fault("adam_update", clause="N5")
def adam_takes_powers_in_binary32(kernel: Kernel) -> Kernel:
    """1 - beta^t is worked out anew with a power in binary32, by one product after the other."""

    def unbias(beta: float, right: float) -> float:
        if not 0 < beta < 1 or right in (0, 1):
            return right
        power = 1.0
        for _ in range(max(1, round(math.log1p(-right) / math.log(beta)))):
            power = single(power * beta)
        return single(1.0 - power)

    def update(*operands: PlainArray, **attributes: Any) -> Results:
        for i in "12":
            attributes["unbias" + i] = unbias(attributes["beta" + i], attributes["unbias" + i])
        return tuple(kernel(*operands, **attributes))

    return update
