"""A backend that declares things of itself: cases that it waives, operations that it does not have."""

import math
from collections.abc import Callable
from typing import Any

from rcmlrs_conformance.chapters import subjects
from rcmlrs_conformance.subjects import LEVELS
from rcmlrs_conformance.suite import numbered
from rcmlrs_core import hookimpl
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.registry import KernelTable, UnsupportedOperationError

NAME = "backend_of_a_test:plugin"


def relu_without_nan(x: PlainArray) -> PlainArray:
    """Wrong at NaN, and nowhere else."""
    return PlainArray.of([value if value > 0 else 0.0 for value in x.values], x.shape)


def relu_without_ones(x: PlainArray) -> PlainArray:
    """Wrong above one, which many cases of a family have."""
    return PlainArray.of([0.0 if value <= 0 or value > 1 else value for value in x.values], x.shape)


def giving_up(*operands: PlainArray, **attributes: Any) -> PlainArray:
    """A kernel that says that it lacks another one."""
    raise UnsupportedOperationError("no mean here", "mean")


class Plugin:
    """A backend whose relu is wrong at NaN, and that declares what it is told to."""

    def __init__(self, waivers: Any = "", unsupported: dict[str, str] | None = None, **kernels: Any) -> None:
        self.waivers = waivers
        self.unsupported = unsupported or {}
        self.kernels = kernels

    @hookimpl
    def rcmlrs_storage(self) -> "Plugin":
        return self

    def load(self, raw: Any, shape: Any, dtype: str) -> PlainArray:
        return PlainArray.frombytes(raw, shape, dtype)

    def dump(self, buffer: PlainArray) -> bytes:
        return buffer.tobytes()

    @hookimpl
    def rcmlrs_register(self, table: KernelTable) -> None:
        for name, kernel in self.kernels.items():
            table.register(name, kernel)
        for name, reason in self.unsupported.items():
            table.declare_unsupported(name, reason)

    @hookimpl
    def rcmlrs_waivers(self) -> Any:
        return self.waivers


def entry(name: str, **keys: Any) -> str:
    """One entry of the file."""
    drawn = {} if name.split("/")[1] in ("cases", "refusals") else {"level": "smoke", "seed": 0}
    every = {"case": name, **drawn, "reason": "the NaN is lost", "link": "https://example.org/1"} | keys
    return "[[waiver]]\n" + "".join(f"{key} = {value!r}\n" for key, value in every.items() if value is not None)


def wrong_cases(*families: str, wrong: Callable[[float], bool] = math.isnan) -> list[str]:
    """The names of the cases of relu in which a kernel is wrong that is so where some element is ``wrong``: NaN."""
    found = []
    level, relu = LEVELS["smoke"], subjects()["relu"]
    for family in families or relu.families(level):
        for number, case in numbered(relu, family, level, 0):
            trial: Any = case
            values = [v for x in getattr(trial, "operands", ()) if x.dtype == "float32" for v in x.values]
            if any(map(wrong, values)):
                found.append(f"relu/{family}/{number}")
    return found
