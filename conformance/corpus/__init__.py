"""The worst cases: of each function of one number, the inputs whose exact results lie nearest to a midpoint.

There the rounding test leaves most open, and a kernel that rounds twice, or has a constant that is a little wrong,
gives the other number. They were searched for among all 2^32 inputs, by ``rcmlrs_conformance.corpus.search`` or, for
the functions that ``make certify`` encloses, by that.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import inf
from pathlib import Path

from rcmlrs_core.io.atomic import atomic_write
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Elementwise

FILE = "worst_cases.json"
PATH = Path(__file__).with_name(FILE)

KEPT = 20
"""Of each function."""

SIGN = 0x80000000
ODD_SUBNORMALS = [bits | sign for bits in (1, 3, 5, 0x7FFFFF, 0x800001, 0xFFFFFF) for sign in (0, SIGN)]
"""Odd multiples of 2^-149: half of them are midpoints, which the exact values leave by next to nothing."""

HALVING = ("gelu", "gelu_erf", "hardswish", "swish")
"""The functions that are x/2 and a hair next to zero. They have 2^24 such cases: some are listed, after the others."""

NEXT_TO_ZERO = 1 << 24
"""Numbers of either sign, below 2^-125, among which those cases are."""

TWINS = 0.05
"""How far apart the distances' logarithms may be of inputs that are as good as one: by sign or a power of two."""

PROVENANCE = (
    "Of all 2^32 inputs of each function, with its attributes at their defaults, those whose exact results lie nearest "
    f"to a midpoint of two numbers but on none: the {KEPT} nearest, one for all that differ by sign or a power of two "
    "and are as near as it; of functions that are x/2 and a hair next to zero, some below 2^-125 beside them. Bits of "
    "input and result; the base-2 logarithm of the distance in ulps."
)


@dataclass(frozen=True)
class WorstCase:
    """An input of a function."""

    input: int
    result: int
    distance: float
    """The base-2 logarithm of the distance to a midpoint, in units in the last place."""


Corpus = dict[str, list[WorstCase]]
"""By function, the nearest first."""


@cache
def read() -> Corpus:
    """The stored corpus."""
    stored = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))["functions"]
    return {name: [WorstCase(int(x, 16), int(y, 16), d) for x, y, d in cases] for name, cases in stored.items()}


def write(corpus: Corpus) -> None:
    """In one step, a line for each case."""
    functions = []
    for name in sorted(corpus):
        lines = [f'   ["{case.input:08x}", "{case.result:08x}", {case.distance}]' for case in corpus[name]]
        functions.append(f'  "{name}": [\n' + ",\n".join(lines) + "\n  ]")
    text = f'{{\n "provenance": {json.dumps(PROVENANCE)},\n "functions": {{\n' + ",\n".join(functions) + "\n }\n}\n"
    with atomic_write(PATH) as file:
        file.write(text.encode())
    read.cache_clear()


def searchable() -> list[str]:
    """The functions of one number for which a worst case means something: those with a rounding test."""
    return [
        name
        for name, operation in TABLE.items()
        if isinstance(operation, Elementwise)
        and operation.exact is not None
        and operation.arity == 1
        and operation.bound > 0
        and all(p.default is not p.empty for p in operation.signature.parameters.values() if p.kind is p.KEYWORD_ONLY)
    ]


def select(name: str, candidates: Iterable[int]) -> list[WorstCase]:
    """The nearest to a midpoint, and for some functions those that are so by their construction."""
    from ..judge.arb import exponent_of_distance, right

    halving = name in HALVING
    near = []
    for bits in candidates:
        distance = None if halving and bits & ~SIGN < NEXT_TO_ZERO else exponent_of_distance(name, bits)
        if distance is not None:
            near.append((distance, bits))
    chosen: list[int] = []
    last: dict[int, float] = {}
    for distance, bits in sorted(near):
        significand = _significand(bits)
        if distance > last.get(significand, -inf) + TWINS:
            chosen.append(bits)
        last[significand] = distance
        if len(chosen) == KEPT:
            break
    found = chosen + (ODD_SUBNORMALS if halving else [])
    return [WorstCase(bits, right(name, bits), round(exponent_of_distance(name, bits) or 0, 2)) for bits in found]


def _significand(bits: int) -> int:
    """The odd integer of which a number is a multiple by a power of two."""
    significand = bits & 0x7FFFFF | (0x800000 if bits & 0x7F800000 else 0)
    return significand // (significand & -significand or 1)
