"""No silent fallback: a kernel that a backend registers as its own does the work itself.

While the kernel runs once, Python tells which functions it calls. Among them may be the exact definition, for elements
that a kernel leaves undecided, and exact sums of the core. But where the whole result comes from the kernel that the
core derives, from the definition, or from a kernel of another backend, the table says what is not so: that is what
``rcmlrs_derive`` is for.
"""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from random import Random
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.ops.op import Composition, Elementwise, General, Operation, Reduction
from rcmlrs_core.registry import OWN, Backend, UnsupportedOperationError, built_backends

from ..bits import raw_bytes
from ..examine import RAISES, Examiner, Finding
from ..inputs.samples import large, small
from ..inputs.trial import Trial
from ..subjects import Case, Cases, Level

PROVENANCE = "provenance"
"""The family, of every operation that has a kernel; it asks nothing of a kernel that is registered as derived."""

FALLBACK = "a silent fallback"

DRAWS = 3
"""Calls of which every one must fall back: one alone may have had nothing but undecided elements."""


@dataclass(frozen=True, eq=False)
class Provenance:
    """Calls of one shape. The backend's own kernel falls back if all of them do."""

    trials: tuple[Trial, ...]

    def examine(self, examiner: Examiner) -> Finding | None:
        """What the kernel runs in place of code of its own, if it does."""
        backend, operation = examiner.backend, self.trials[0].operation
        if backend.origins.get(operation.name) != OWN:
            return None
        found = _another_ones(backend, operation)
        if not found:
            for trial in self.trials:
                try:
                    called = _called(backend, trial)
                except UnsupportedOperationError:
                    raise
                except Exception as error:
                    return Finding(RAISES, f"{type(error).__name__}: {error}", trial)
                found = _fallback(backend, operation, *called)
                if not found:
                    return None
        sentence = (
            f"the kernel is registered as the backend's own, but {found}; give it by rcmlrs_derive, so that the table "
            "says derived, or do not register it"
        )
        return Finding(FALLBACK, sentence)


def _another_ones(backend: Backend, operation: Operation) -> str:
    """Of which other backend the kernel is: one that was there before, and is not this one by another name."""
    kernel = backend.kernels[operation.name]
    for other in _others(backend):
        if other is backend:
            break
        if any(kernel is theirs for theirs in other.kernels.values()):
            return f"it is a kernel of the backend {other.name!r}"
    return ""


def _others(backend: Backend) -> Iterator[Backend]:
    """The backends that are built, in that order; this one, but not those that are the same by another name."""
    own = {name: backend.kernels[name] for name, origin in backend.origins.items() if origin == OWN}
    for other in built_backends():
        theirs = {name for name, origin in other.origins.items() if origin == OWN}
        same = theirs == own.keys() and all(other.kernels[name] is kernel for name, kernel in own.items())
        if other is backend or not same:
            yield other


def _called(backend: Backend, trial: Trial) -> tuple[Counter[CodeType | None], dict[int, object], int]:
    """What runs during one call: Python's functions, the others by identity; and how many elements there are."""
    operation, storage = trial.operation, backend.storage
    attributes = operation.check(*trial.operands, **trial.attributes).attributes
    operands = [storage.load(raw_bytes(x), x.shape, x.dtype) for x in trial.operands]
    codes: Counter[CodeType | None] = Counter()
    others: dict[int, object] = {}  # which keeps them, so that no identity comes twice

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            codes[frame.f_code] += 1
        elif event == "c_call":
            others[id(argument)] = argument

    former, of_threads = sys.getprofile(), threading.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        result = backend.kernels[operation.name](*operands, **attributes)
    finally:
        sys.setprofile(former)
        threading.setprofile(of_threads)
    return codes, others, prod(result.shape)


def _fallback(
    backend: Backend, operation: Operation, codes: Counter[CodeType | None], others: dict[int, object], size: int
) -> str:
    """What was run in place of a kernel, in words."""
    if codes[code_of(plain_kernel(operation))] or codes[code_of(operation.define)]:
        return "it runs the kernel that the core derives, or the definition as a whole"
    if isinstance(operation, General) and codes[code_of(operation.definition)]:
        return "it runs the definition as a whole"
    if isinstance(operation, Elementwise) and 2 * codes[code_of(operation.value)] > size:
        return "most elements come from the definition"
    if isinstance(operation, Reduction) and not operation.row.__module__.startswith("rcmlrs_core.numerics"):
        rows = codes[code_of(operation.row)]
        if rows and 2 * rows > (size if operation.keeps else 1):
            return "most rows come from the definition"
    kernels = (*backend.kernels.values(), backend.storage.load, backend.storage.dump)
    own, mine = {code_of(kernel) for kernel in kernels}, {id(kernel) for kernel in kernels}
    for other in _others(backend):
        for name, kernel in {**other.kernels, "load": other.storage.load, "dump": other.storage.dump}.items():
            code = code_of(kernel)
            if (code not in own and codes[code]) if code else id(kernel) in others.keys() - mine:
                return f"it runs {name} of the backend {other.name!r}"
    return ""


def code_of(kernel: object) -> CodeType | None:
    """The code of a function of Python, a method or an object that can be called; None of anything else."""
    function = kernel if isinstance(kernel, FunctionType | MethodType) else type(kernel).__call__
    code = getattr(function, "__code__", None)  # a method has that of its function
    return code if isinstance(code, CodeType) else None


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """One, of what has a kernel."""
    if isinstance(operation, Composition):
        return {}
    return {PROVENANCE: lambda seed, level: _cases(operation, seed, level)}


def _cases(operation: Operation, seed: int, level: Level) -> Iterator[Case]:
    rng = Random(f"rcmlrs conformance {seed} {operation.name} {PROVENANCE}")
    draws = [list(small(rng, operation)) for _ in range(DRAWS)]
    found = list(zip(*draws, strict=True))
    if level.reaches("standard"):
        more = [large(rng, operation, level) for _ in range(DRAWS)]
        found.append(tuple(trial for trial in more if trial is not None))
    else:
        found = found[:1]
    yield from (Provenance(trials) for trials in found if trials)
