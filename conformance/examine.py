"""One trial on one backend: is the result right, and did nothing else happen?

Beyond the bits, a kernel owes what the hooks say of buffers: shape and element type are those that the operation's
check found, operands stay as they were, a result stays as it was when the next one is computed, and the same call gives
the same bits again.
"""

from dataclasses import dataclass, replace
from typing import Any

from rcmlrs_core.creation import from_plain
from rcmlrs_core.derive import Kernel
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.errors import IntegerRangeError
from rcmlrs_core.ops.op import Composition, Refusal
from rcmlrs_core.plain import INT32, ITEMSIZE, PlainArray
from rcmlrs_core.registry import Backend, use_backend

from .bits import differences, raw_bytes
from .definition import Outcome, Outcomes, expected, outcomes
from .trial import Trial, plain

BITS = "wrong bits"
SHAPE = "wrong shape"
TYPE = "wrong element type"
RAISES = "an exception"
OPERAND = "an operand is changed"
REPEAT = "not the same twice"
OVERWRITTEN = "an earlier result is changed"
PUBLIC = "another result through the function"
REFUSAL = "not refused as it should be"
DEFINITION_ITSELF = "the operation's file contradicts itself"
STORAGE = "storage"
"""What can be wrong; each is a kind of :class:`Finding`."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a trial. ``wrong`` are the indices of the elements that differ from ``want``."""

    kind: str
    sentence: str
    trial: Trial | None = None
    want: Outcome | None = None
    got: Outcome | None = None
    wrong: tuple[int, ...] = ()


class Examiner:
    """Runs trials on a backend, one after the other."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.compared = 0
        """Elements that were compared up to now."""
        self._previous: tuple[Any, Outcome] | None = None

    def examine(self, trial: Trial) -> Finding | None:
        """What is wrong with the trial, if anything is."""
        try:
            want = expected(trial)
            contradiction = _stated_otherwise(trial, want)
        except IntegerRangeError as error:
            return self._refuses(trial, error)
        except Exception as error:
            return Finding(DEFINITION_ITSELF, f"the definition fails: {type(error).__name__}: {error}", trial)
        if contradiction:
            return Finding(DEFINITION_ITSELF, contradiction, trial, want[0])
        self.compared += sum(len(part.raw) // ITEMSIZE[part.dtype] for part in want)
        try:
            if isinstance(trial.operation, Composition):
                return self._through_function(trial, want, BITS)
            return self._kernel(trial, want[0]) or (
                self._through_function(trial, want, PUBLIC) if trial.family == "cases" else None
            )
        except Exception as error:
            return Finding(RAISES, f"{type(error).__name__}: {error}", trial, want[0])

    def _refuses(self, trial: Trial, refused: IntegerRangeError) -> Finding | None:
        """What is wrong where some exact integer is no int32: the refusal must be that of the definition."""
        with use_backend(self.backend):
            tensors = [from_plain(x, self.backend) for x in trial.operands]
            try:
                FUNCTIONS[trial.operation.name](*tensors, **trial.attributes)
            except IntegerRangeError as error:
                if str(error) == str(refused):
                    return None
                return Finding(REFUSAL, f"the error should say {str(refused)!r}, but it says {str(error)!r}", trial)
            except Exception as error:
                return Finding(REFUSAL, f"wanted IntegerRangeError, got {type(error).__name__}: {error}", trial)
        return Finding(REFUSAL, f"nothing was raised, but: {refused}", trial)

    def _kernel(self, trial: Trial, want: Outcome) -> Finding | None:
        storage, kernel = self.backend.storage, self._kernel_of(trial)
        attributes = trial.operation.check(*trial.operands, **trial.attributes).attributes
        operands = [storage.load(raw_bytes(x), x.shape, x.dtype) for x in trial.operands]
        before = [storage.dump(operand) for operand in operands]

        result = kernel(*operands, **attributes)
        shape, dtype = tuple(result.shape), dtype_of(result)
        if shape != want.shape:
            return Finding(SHAPE, f"the kernel's buffer has shape {shape}, wanted {want.shape}", trial, want)
        if dtype != want.dtype:
            return Finding(TYPE, f"the kernel's buffer has element type {dtype}, wanted {want.dtype}", trial, want)
        got = Outcome(shape, dtype, storage.dump(result))
        finding = compare(trial, want, got)
        if finding:
            return finding

        again = storage.dump(kernel(*operands, **attributes))
        if again != got.raw:
            finding = compare(trial, want, got._replace(raw=again), REPEAT)
            return finding or Finding(REPEAT, "the second call gives another number of bytes", trial, want)
        for i, (operand, old) in enumerate(zip(operands, before, strict=True)):
            if storage.dump(operand) != old:
                return Finding(OPERAND, f"operand {i} has other elements after the call than before", trial, want)
        if self._previous is not None:
            earlier, outcome = self._previous
            if storage.dump(earlier) != outcome.raw:
                self._previous = None
                return Finding(OVERWRITTEN, "the result of the call before this one has changed with it", trial, want)
        self._previous = result, got
        return None

    def _kernel_of(self, trial: Trial) -> Kernel:
        """What a call of the operation on operands of these types reaches."""
        name = trial.operation.name
        if trial.operands and trial.operands[0].dtype == INT32:
            return self.backend.integer_kernel(name)
        return self.backend.kernels[name]

    def _through_function(self, trial: Trial, want: Outcomes, kind: str) -> Finding | None:
        """The same by ``rc.name(...)``, which may give a tuple of tensors."""
        with use_backend(self.backend):
            tensors = [from_plain(x, self.backend) for x in trial.operands]
            before = [t.tobytes() for t in tensors]
            got = outcomes(FUNCTIONS[trial.operation.name](*tensors, **trial.attributes))
        if len(got) != len(want):
            return Finding(SHAPE, f"the result is of {len(got)} tensors, wanted {len(want)}", trial, want[0])
        for i, (part, wanted) in enumerate(zip(got, want, strict=True)):
            which = f"result {i}" if len(want) > 1 else "the result"
            if part.shape != wanted.shape:
                return Finding(SHAPE, f"{which} has shape {part.shape}, wanted {wanted.shape}", trial, wanted)
            if part.dtype != wanted.dtype:
                return Finding(TYPE, f"{which} has element type {part.dtype}, wanted {wanted.dtype}", trial, wanted)
            finding = compare(trial, wanted, part, kind)
            if finding:
                return replace(finding, sentence=f"{which}: {finding.sentence}") if len(want) > 1 else finding
        if [t.tobytes() for t in tensors] != before:
            return Finding(OPERAND, "an operand has other elements after the call than before", trial, want[0])
        return None

    def start_family(self) -> None:
        """Forget the last result: a family runs alone as it runs among the others."""
        self._previous = None

    def refuse(self, name: str, refusal: Refusal) -> Finding | None:
        """What is wrong with the way in which a call that must be refused is refused."""
        with use_backend(self.backend):
            operands = [self._refusable(x) for x in refusal.inputs]
            called = f"{name} of {', '.join(map(repr, refusal.inputs))}" + (
                f" with {refusal.attributes}" if refusal.attributes else ""
            )
            try:
                FUNCTIONS[name](*operands, **refusal.attributes)
            except refusal.error as error:
                if refusal.match in str(error):
                    return None
                return Finding(REFUSAL, f"{called}: the error should say {refusal.match!r}, but it says: {error}")
            except Exception as error:
                wanted = refusal.error.__name__
                return Finding(REFUSAL, f"{called}: wanted {wanted}, got {type(error).__name__}: {error}")
        return Finding(REFUSAL, f"{called}: wanted {refusal.error.__name__}, but nothing was raised")

    def _refusable(self, x: Any) -> Any:
        """An operand of a refusal, which may be nothing that makes a tensor."""
        if x is None or isinstance(x, str):
            return x
        return from_plain(plain(x), self.backend)


def dtype_of(buffer: Any) -> str:
    """The name of a buffer's element type: that of an array library may have the library's name before it."""
    return str(buffer.dtype).rpartition(".")[2]


def compare(trial: Trial, want: Outcome, got: Outcome, kind: str = BITS) -> Finding | None:
    """The elements that differ, if any do."""
    if got.raw == want.raw:
        return None
    if len(got.raw) != len(want.raw):
        itemsize = ITEMSIZE[want.dtype]
        return Finding(
            SHAPE,
            f"the buffer holds {len(got.raw) // itemsize} elements, wanted {len(want.raw) // itemsize}",
            trial,
            want,
        )
    wrong = tuple(differences(want.raw, got.raw, want.dtype))
    return Finding(kind, f"{len(wrong)} of {len(want.raw) // ITEMSIZE[want.dtype]} elements", trial, want, got, wrong)


def _stated_otherwise(trial: Trial, want: Outcomes) -> str:
    """How the result that a case states differs from the definition's, if it does."""
    if trial.want is None:
        return ""
    parts = trial.want if isinstance(trial.want, tuple) else (trial.want,)
    if len(parts) != len(want):
        return f"the case wants {len(parts)} tensors, the definition gives {len(want)}"
    return next(filter(None, map(_part_stated_otherwise, parts, want)), "")


def _part_stated_otherwise(stated: Any, want: Outcome) -> str:
    told: PlainArray = plain(stated, want.dtype)
    if not want.raw and not isinstance(stated, PlainArray):
        told.shape += want.shape[len(told.shape) :]  # nested lists say nothing of the axes inside an empty one
    if told.shape != want.shape:
        return f"the case wants shape {told.shape}, the definition gives {want.shape}"
    if told.tobytes() != want.raw:
        defined = PlainArray.frombytes(want.raw, want.shape, want.dtype)
        return f"the case wants {stated}, the definition gives {defined.values.tolist()}"
    return ""
