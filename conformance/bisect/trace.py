"""A copy of a backend that tells of every call of a kernel: what was called, on what, what came of it, and where.

The copy has the storage and the kernels of the backend, each in a wrapper. Nothing is wrapped in the backend itself.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

import rcmlrs_core
from rcmlrs_core import autograd, optim
from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import from_plain
from rcmlrs_core.derive import Kernel
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.optim.adam import adam_update
from rcmlrs_core.optim.sgd import sgd_update
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape
from rcmlrs_core.random import DRAWS
from rcmlrs_core.registry import Backend, use_backend
from rcmlrs_core.tensor import RamTensor, wrap

from ..examine import dtype_of
from ..judge.definition import Outcome, Outcomes

OPERATION, FUSED_CALL, LOAD = "operation", "fused", "load"
"""What is called: the kernel of an operation, that of a composition, or the storage, with elements from outside."""

KINDS = (OPERATION, FUSED_CALL, LOAD)

FORWARD, BACKWARD, OPTIMIZER = "forward", "backward", "optimizer"
"""Where in a step."""


def _draw(name: str) -> Callable[..., tuple[RamTensor, ...]]:
    return lambda **attributes: (from_plain(DRAWS[name](**attributes)),)


COMPOSITIONS: Mapping[str, Callable[..., tuple[RamTensor, ...]]] = {
    "adam_update": adam_update,
    "sgd_update": sgd_update,
    **{name: _draw(name) for name in DRAWS},
}
"""What the fused kernels owe the bits of."""


@dataclass(frozen=True)
class Call:
    """A call, as it is compared: elements by their digests. ``raised`` is the error, where there is no result."""

    kind: str
    name: str
    attributes: str
    """In JSON."""
    operands: tuple[str, ...]
    """Each ``float32[2,3]:`` and the SHA-256 of its bytes; so are the results."""
    results: tuple[str, ...]
    raised: str = ""
    changed: str = ""
    """The numbers of the operands that have other elements after the call: there should be none."""
    phase: str = FORWARD
    step: int = 1
    where: str = ""
    """The line of the training that asked for it."""

    @property
    def what(self) -> str:
        """The call without its elements: equal in two runs that are in step."""
        shapes = " ".join(tensor.partition(":")[0] for tensor in self.operands)
        return f"{self.kind} {self.name} {self.attributes} {shapes}"


Observe = Callable[[Call, Outcomes, Outcomes], None]
"""Told of each call, with its operands and results."""


class Enough(BaseException):
    """As many steps as were asked for are done. No error, so that no training catches it."""


class Tracer:
    """Makes the copy, and counts steps: one ends when an optimizer has updated, and something else begins."""

    def __init__(self, backend: Backend, observe: Observe, steps: int | None = None) -> None:
        self.untraced = backend
        self.observe = observe
        self.steps = steps
        self.step = 1
        self.phase = FORWARD
        self.backend = Backend(
            backend.name,
            _TracedStorage(self),
            {name: self._operation(name, kernel) for name, kernel in backend.kernels.items()},
            backend.origins,
            backend.about,
            {name: self._fused(name) for name in COMPOSITIONS},
            lambda operation: self._operation(operation.name, backend.kernel_of(operation)),
            {name: self._operation(name, backend.integer_kernel(name)) for name in backend.kernels},
        )

    def outcome(self, buffer: Any) -> Outcome:
        """What a buffer holds."""
        return Outcome(tuple(buffer.shape), dtype_of(buffer), self.untraced.storage.dump(buffer))

    def _operation(self, name: str, right: Kernel) -> Kernel:
        def kernel(*buffers: Any, **attributes: Any) -> Any:
            def compute() -> tuple[Any, ...]:
                return (right(*buffers, **attributes),)

            return self.called(OPERATION, name, attributes, buffers, compute)[0]

        return kernel

    def _fused(self, name: str) -> Callable[..., tuple[Any, ...]]:
        """The backend's kernel; where it has none, the composition, which is not traced: one call for one call."""
        right = self.untraced.fused.get(name)

        def kernel(*buffers: Any, **attributes: Any) -> tuple[Any, ...]:
            def compute() -> tuple[Any, ...]:
                if right is not None:
                    return right(*buffers, **attributes)
                tensors = [wrap(b, tuple(b.shape), FLOAT32, self.untraced) for b in buffers]
                return tuple(tensor._buffer for tensor in composed(name, tensors, attributes, self.untraced))

            return self.called(FUSED_CALL, name, attributes, buffers, compute)

        return kernel

    def called(
        self,
        kind: str,
        name: str,
        attributes: Mapping[str, Any],
        buffers: tuple[Any, ...],
        compute: Callable[[], tuple[Any, ...]],
    ) -> tuple[Any, ...]:
        """The buffers that ``compute`` gives, of which the observer is told. A load's operand is its own outcome."""
        phase, where = _place()
        if self.phase == OPTIMIZER and phase != OPTIMIZER:
            self.step += 1
            if self.steps is not None and self.step > self.steps:
                raise Enough
        self.phase = phase
        operands = buffers if kind == LOAD else tuple(map(self.outcome, buffers))
        found: tuple[Any, ...] = ()
        raised: Exception | None = None
        try:
            found = compute()
        except Exception as error:
            raised = error
        results = tuple(map(self.outcome, found))
        after = operands if kind == LOAD else map(self.outcome, buffers)
        changed = " ".join(str(i) for i, (a, b) in enumerate(zip(operands, after, strict=True)) if a != b)
        text = "" if raised is None else told(raised)
        self.observe(
            Call(
                kind,
                name,
                encoded(attributes),
                tuple(map(digest, operands)),
                tuple(map(digest, results)),
                text,
                changed,
                phase,
                self.step,
                where,
            ),
            operands,
            results,
        )
        if raised is not None:
            raise raised
        return found


class _TracedStorage(Storage):
    """The backend's storage; what is loaded is told of."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._right = tracer.untraced.storage

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> Any:
        given = Outcome(shape, dtype, PlainArray.frombytes(raw, shape, dtype).tobytes())
        return self._tracer.called(LOAD, LOAD, {}, (given,), lambda: (self._right.load(raw, shape, dtype),))[0]

    def dump(self, buffer: Any) -> bytes:
        return self._right.dump(buffer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._right, name)  # views, of which not every storage has any


def composed(
    name: str, tensors: list[RamTensor], attributes: Mapping[str, Any], backend: Backend
) -> tuple[RamTensor, ...]:
    """A composition, by its operations on a backend."""
    with use_backend(backend), no_grad():
        return COMPOSITIONS[name](*tensors, **attributes)


# ----------------------------------------------------------------------------------------------------- words


def told(error: BaseException) -> str:
    """An error in one line."""
    return printable(f"{type(error).__name__}: {error}")


def printable(text: str) -> str:
    """Text in one line, in which nothing steers a terminal."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def digest(x: Outcome) -> str:
    """Element type, shape and SHA-256 of the bytes."""
    return f"{x.dtype}[{','.join(map(str, x.shape))}]:{sha256(x.raw).hexdigest()}"


def encoded(attributes: Mapping[str, Any]) -> str:
    """Attributes in JSON, the same for the same ones: tuples are arrays, an exact ratio is ``{"ratio": "1/3"}``."""
    return json.dumps(dict(sorted(attributes.items())), default=_encoded)


def _encoded(value: Any) -> Any:
    if isinstance(value, Fraction):
        return {"ratio": str(value)}
    raise TypeError(f"an attribute of the type {type(value).__name__} has no form in a recording")


_RATIO = re.compile(r"-?[0-9]{1,4000}(?:/[1-9][0-9]{0,4000})?")


def decoded(text: str) -> dict[str, Any]:
    """The attributes again; raises ValueError for text that is none."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("attributes are nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("attributes are an object by name")
    return {name: _decoded(value) for name, value in found.items()}


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_decoded, value))
    if isinstance(value, dict):
        (key, text), *more = value.items() if value else [("", "")]
        if key != "ratio" or more or not isinstance(text, str) or not _RATIO.fullmatch(text):
            raise ValueError("an attribute is a number, text, or an array of such")
        return Fraction(text)
    return value


# ---------------------------------------------------------------------------------------------------- places

_CORE = os.path.dirname(rcmlrs_core.__file__) + os.sep
_OPTIM = os.path.dirname(optim.__file__) + os.sep
_OURS = (_CORE, os.path.dirname(__file__) + os.sep)


def _place() -> tuple[str, str]:
    """The phase, and the line of the training, of what is called now."""
    phase, where, gradient_of = FORWARD, "", ""
    for frame in _frames():
        file = frame.f_code.co_filename
        if file == autograd.__file__:
            if frame.f_code.co_name == autograd.rule_of.__name__ and not gradient_of:
                gradient_of = f" of {frame.f_locals['operation'].name}"
            phase = BACKWARD
        elif file.startswith(_OPTIM):
            phase = OPTIMIZER
        elif not where and not file.startswith(_OURS):
            where = printable(f"{Path(file).name}:{frame.f_lineno} in {frame.f_code.co_name}")
        if where and phase != FORWARD:
            break
    return phase + gradient_of, where


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
