"""Hard cases of the functions: the inputs whose exact results lie nearest to the midpoint of two numbers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rcmlrs_core.io.atomic import atomic_write
from tests.certify import oracle

PATH = Path(__file__).with_name("hard_cases.json")

KEPT = 20
"""Of each function."""

SIGN = 0x80000000
ODD_SUBNORMALS = [bits | sign for bits in (1, 3, 5, 0x7FFFFF, 0x800001, 0xFFFFFF) for sign in (0, SIGN)]
"""Odd multiples of 2^-149: half of them are midpoints, which the exact values leave by next to nothing."""
HALVING = ("swish", "gelu")
"""The functions that are x/2 and a hair next to zero. They have 2^24 such cases."""

PROVENANCE = (
    "Found by make certify: of all 2^32 inputs, those at which the intervals of the second evaluation hold a midpoint; "
    f"the {KEPT} nearest to one by Arb. Bits of input and result; the distance is the base-2 logarithm of ulps."
)


@dataclass(frozen=True)
class HardCase:
    """An input of a function."""

    input: int
    result: int
    distance: float
    """The base-2 logarithm of the distance to a midpoint, in units in the last place."""


def read() -> dict[str, list[HardCase]]:
    """By function."""
    if not PATH.exists():
        return {}
    stored = json.loads(PATH.read_text(encoding="utf-8"))["functions"]
    return {name: [HardCase(int(x, 16), int(y, 16), d) for x, y, d in cases] for name, cases in stored.items()}


def select(name: str, candidates: Sequence[int]) -> list[HardCase]:
    """The nearest to a midpoint, and for some functions those that are so by their construction."""
    distances = sorted((oracle.exponent_of_distance(name, bits), bits) for bits in candidates)
    chosen = [bits for _, bits in distances[:KEPT]]
    chosen += ODD_SUBNORMALS if name in HALVING else []
    return [
        HardCase(bits, oracle.right(name, bits), round(oracle.exponent_of_distance(name, bits), 2)) for bits in chosen
    ]


def write(cases: dict[str, list[HardCase]]) -> None:
    """In one step, a line for each."""
    functions = []
    for name in sorted(cases):
        lines = [f'   ["{case.input:08x}", "{case.result:08x}", {case.distance}]' for case in cases[name]]
        functions.append(f'  "{name}": [\n' + ",\n".join(lines) + "\n  ]")
    text = f'{{\n "provenance": {json.dumps(PROVENANCE)},\n "functions": {{\n' + ",\n".join(functions) + "\n }\n}\n"
    with atomic_write(PATH) as file:
        file.write(text.encode())
