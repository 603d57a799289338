"""One call alone: by the exact definition, and on a backend."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from rcmlrs_core.creation import from_bytes
from rcmlrs_core.errors import AxisError, FileFormatError
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import FLOAT32, INT32, ITEMSIZE, PlainArray, check_memory
from rcmlrs_core.registry import Backend, current_backend
from rcmlrs_core.tensor import wrap

from ..bits import differences
from ..examine import dtype_of
from ..inputs.trial import Trial
from ..judge.definition import DEFINITION, Outcome, Outcomes, expected, outcomes
from .case import Case
from .find import Difference, bisect
from .program import Program
from .recording import End
from .trace import FUSED_CALL, LOAD, OPERATION, composed

Came = Outcomes | Exception
"""What came of a call."""


def by_definition(case: Case) -> Came:
    """What is right. Raises FileFormatError for a call that cannot be made of the case."""
    if case.kind == LOAD:
        return case.operands
    if case.kind == FUSED_CALL:
        return _tried(lambda: outcomes(composed(case.name, _tensors(case, DEFINITION), case.attributes, DEFINITION)))
    trial = trial_of(case)
    return _tried(lambda: expected(trial))


def on_backend(case: Case, backend: Backend) -> Came:
    """What the backend's kernel gives (or its storage): that which the training reached."""
    return _tried(lambda: _on_backend(case, backend))


def _on_backend(case: Case, backend: Backend) -> Outcomes:
    storage = backend.storage
    buffers = [storage.load(x.raw, x.shape, x.dtype) for x in case.operands]
    found: tuple[Any, ...]
    if case.kind == LOAD:
        found = tuple(buffers)
    elif case.kind == OPERATION:
        of_integers = bool(case.operands) and case.operands[0].dtype == INT32
        kernel = backend.integer_kernel(case.name) if of_integers else backend.kernel_of(KERNELS[case.name])
        found = (kernel(*buffers, **case.attributes),)
    elif case.name in backend.fused:
        found = backend.fused[case.name](*buffers, **case.attributes)
    else:
        tensors = [wrap(buffer, tuple(buffer.shape), FLOAT32, backend) for buffer in buffers]
        found = tuple(tensor._buffer for tensor in composed(case.name, tensors, case.attributes, backend))
    return tuple(Outcome(tuple(x.shape), dtype_of(x), storage.dump(x)) for x in found)


def _tried(compute: Any) -> Came:
    try:
        found: Outcomes = compute()
    except Exception as error:
        return error
    return found


def _tensors(case: Case, backend: Backend) -> list[Any]:
    return [from_bytes(x.raw, x.shape, backend, dtype=x.dtype) for x in case.operands]


def trial_of(case: Case) -> Trial:
    """The call of an operation, as the suite makes one."""
    operation = KERNELS[case.name]
    operands = tuple(PlainArray.frombytes(x.raw, x.shape, x.dtype) for x in case.operands)
    return Trial(operation, "bisect", operands, _as_given(operation, operands, case.attributes))


def _as_given(operation: Operation, operands: tuple[PlainArray, ...], normal: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that ``check`` brings into the normal form that a kernel was called with."""
    for given in (dict(normal), dict(normal) | ({"axis": None} if "axis" in normal else {})):
        try:
            shape, dtype, attributes = operation.check(*operands, **given)
        except AxisError:  # of all axes, where the operation takes one, or none for all
            continue
        except Exception as error:  # whatever a check meets in operands that it was not made for
            raise FileFormatError(f"{operation.name} cannot be called as the case says: {error}") from error
        if attributes == normal:
            check_memory(operation.name, tuple(max(n, 0) for n in shape), ITEMSIZE[dtype])
            return given
    raise FileFormatError(f"{operation.name} cannot be called as the case says: {dict(normal)} is no normal form")


@dataclass(frozen=True)
class Wrong:
    """The first element that is not right, of the ``part``-th result."""

    part: int
    index: int
    count: int
    want: Outcome
    got: Outcome


def first_wrong(want: Outcomes, got: Outcomes) -> Wrong | str:
    """The first element that differs; words, where it is not elements; an empty text where nothing differs."""
    if len(want) != len(got):
        return f"{len(got)} results instead of {len(want)}"
    for part, (w, g) in enumerate(zip(want, got, strict=True)):
        if len(g.raw) != ITEMSIZE.get(g.dtype, 0) * prod(g.shape):
            return f"a buffer of {g.dtype} and shape {g.shape} that holds {len(g.raw)} bytes"
        if (w.shape, w.dtype) != (g.shape, g.dtype):
            return f"{g.dtype} of shape {g.shape} instead of {w.dtype} of shape {w.shape}"
        wrong = differences(w.raw, g.raw, w.dtype)
        if wrong:
            return Wrong(part, wrong[0], len(wrong), w, g)
    return ""


def inside(case: Case, backend: Backend) -> Difference | None:
    """Of a composition that runs on the backend's operations: the one that is wrong first, if one is."""

    def start() -> None:
        backend = current_backend()
        composed(case.name, _tensors(case, backend), case.attributes, backend)

    found = bisect(Program(case.name, "", start, 0, None), DEFINITION, backend)
    return None if isinstance(found, End) else found
