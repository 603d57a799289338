"""One case on one backend: is the result right, and did nothing else happen?

Beyond the bits, a kernel owes what the hooks say of buffers: shape and element type are those that the operation's
check found, operands stay as they were, a result stays as it was when the next one is computed, and the same call gives
the same bits again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from rcmlrs_core.creation import from_plain
from rcmlrs_core.derive import Kernel
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.errors import IntegerRangeError, RcmlrsError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, Operation, Refusal
from rcmlrs_core.plain import INT32, ITEMSIZE, PlainArray
from rcmlrs_core.registry import Backend, UnsupportedOperationError, use_backend
from rcmlrs_core.tensor import RamTensor

from .bits import differences, raw_bytes
from .inputs.trial import Trial, plain
from .judge.definition import DEFINITION, Outcome, Outcomes, expected, outcomes

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
LEAKS = "memory is not given back"
"""What can be wrong; each is a kind of :class:`Finding`."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a case. ``wrong`` are the indices of the elements that differ from ``want``.

    Of a case that is no call, ``inputs`` tells in lines what it was about, and ``clause`` what it breaks.
    """

    kind: str
    sentence: str
    trial: Trial | None = None
    want: Outcome | None = None
    got: Outcome | None = None
    wrong: tuple[int, ...] = ()
    inputs: tuple[str, ...] = ()
    clause: str = ""


NOTHING_SEEN = sha256().hexdigest()

Compute = Callable[[], Mapping[str, RamTensor]]
"""Makes named tensors on the current backend."""

Computed = Mapping[str, Outcome] | Exception
"""What came of it."""


class Examiner:
    """Runs cases on a backend, one after the other. What is right is what the definitions say, or ``against``."""

    def __init__(self, backend: Backend, against: Backend | None = None) -> None:
        self.backend = backend
        self.reference = against or DEFINITION
        """The backend of which the results are right."""
        self.compared = 0
        """Elements that were compared up to now."""
        self._previous: tuple[Any, Outcome] | None = None
        self._seen = sha256()

    def start_family(self) -> None:
        """Forget the last result and what was seen: a family runs alone as it runs among the others."""
        self._previous = None
        self._seen = sha256()

    def saw(self, *results: Outcome) -> None:
        """Take results of the backend into the digest of the family."""
        for shape, dtype, raw in results:
            self._seen.update(f"{dtype} {shape} {len(raw)}\n".encode() + raw)

    def saw_words(self, text: str) -> None:
        """Take words of the backend into the digest of the family, such as an error's."""
        self._seen.update(f"{len(text)} {text}\n".encode())

    @property
    def digest(self) -> str:
        """SHA-256 of whatever was seen of the backend since the family began; empty for nothing."""
        seen = self._seen.hexdigest()
        return seen if seen != NOTHING_SEEN else ""

    # ------------------------------------------------------------------------------------------------- calls

    def try_call(self, trial: Trial) -> Finding | None:
        """What is wrong with a call, if anything is."""
        try:
            want = self.expected(trial)
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
            self._pass_on_unsupported(error, trial.operation)
            return Finding(RAISES, f"{type(error).__name__}: {error}", trial, want[0])

    def _pass_on_unsupported(self, error: Exception | None, operation: Operation | None = None) -> None:
        """Raise an error that says that the backend does not have an operation, as it declares.

        An operation that has a kernel may not leave its work undone with the error of another one.
        """
        if isinstance(error, UnsupportedOperationError) and error.operation in self.backend.unsupported:
            if operation is None or isinstance(operation, Composition) or operation.name == error.operation:
                self.saw_words(_told(error))
                raise error

    def expected(self, trial: Trial) -> Outcomes:
        """The right result of a call: by the definitions, or on the backend that this one is compared with."""
        if self.reference is DEFINITION:
            return expected(trial)
        with use_backend(self.reference):
            tensors = [from_plain(x, self.reference) for x in trial.operands]
            return outcomes(FUNCTIONS[trial.operation.name](*tensors, **trial.attributes))

    def _refuses(self, trial: Trial, refused: IntegerRangeError) -> Finding | None:
        """What is wrong where some exact integer is no int32: the refusal must be that of the definition."""
        with use_backend(self.backend):
            tensors = [from_plain(x, self.backend) for x in trial.operands]
            try:
                FUNCTIONS[trial.operation.name](*tensors, **trial.attributes)
            except IntegerRangeError as error:
                self.saw_words(str(error))
                if str(error) == str(refused):
                    return None
                return Finding(REFUSAL, f"the error should say {str(refused)!r}, but it says {str(error)!r}", trial)
            except Exception as error:
                self._pass_on_unsupported(error, trial.operation)
                return Finding(REFUSAL, f"wanted IntegerRangeError, got {type(error).__name__}: {error}", trial)
        return Finding(REFUSAL, f"nothing was raised, but: {refused}", trial)

    def _kernel(self, trial: Trial, want: Outcome) -> Finding | None:
        storage, kernel = self.backend.storage, self.kernel_of(trial)
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
        self.saw(got)
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

    def kernel_of(self, trial: Trial) -> Kernel:
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
        self.saw(*got)
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

    # ---------------------------------------------------------------------------------------------- refusals

    def try_refusal(self, name: str, refusal: Refusal) -> Finding | None:
        """What is wrong with the way in which a call that must be refused is refused: the same way everywhere."""
        called = f"{name} of {', '.join(map(repr, refusal.inputs))}" + (
            f" with {refusal.attributes}" if refusal.attributes else ""
        )
        wanted = self._refused(name, refusal, self.reference)
        if not isinstance(wanted, refusal.error) or refusal.match not in str(wanted):
            told = _told(wanted)
            return Finding(DEFINITION_ITSELF, f"{called}: the file says {refusal.match!r}, but the core gives {told}")
        got = self._refused(name, refusal, self.backend)
        self._pass_on_unsupported(got, TABLE[name])
        self.saw_words(_told(got))
        if got is None:
            return Finding(REFUSAL, f"{called}: wanted {type(wanted).__name__}, but nothing was raised")
        if type(got) is not type(wanted):
            return Finding(REFUSAL, f"{called}: wanted {type(wanted).__name__}, got {_told(got)}")
        if str(got) != str(wanted):
            return Finding(REFUSAL, f"{called}: the error should say {str(wanted)!r}, but it says: {got}")
        return None

    def _refused(self, name: str, refusal: Refusal, backend: Backend) -> Exception | None:
        with use_backend(backend):
            operands = [_refusable(x, backend) for x in refusal.inputs]
            try:
                FUNCTIONS[name](*operands, **refusal.attributes)
            except Exception as error:
                return error
        return None

    # ----------------------------------------------------------------------------------------- anything else

    def agree(self, compute: Compute, what: str, clause: str = "", inputs: tuple[str, ...] = ()) -> Finding | None:
        """What is wrong with the tensors that ``compute`` makes on this backend, by name, if anything is.

        ``compute`` runs with the backend as the current one; it makes the same tensors wherever it runs, or is refused
        with the same error.
        """
        want = self._computed(compute, self.reference)
        got = self._computed(compute, self.backend)
        return self.same(want, got, what, clause, inputs)

    def _computed(self, compute: Compute, backend: Backend) -> Computed:
        with use_backend(backend):
            try:
                return {name: outcomes(x)[0] for name, x in compute().items()}
            except Exception as error:
                return error

    def same(
        self, want: Computed, got: Computed, what: str, clause: str = "", inputs: tuple[str, ...] = ()
    ) -> Finding | None:
        """How named results differ from those that are right, if they do."""
        if isinstance(got, Exception):
            self._pass_on_unsupported(got)
            self.saw_words(_told(got))
            if isinstance(want, RcmlrsError) and _told(want) == _told(got):
                return None
            due = _told(want) if isinstance(want, Exception) else "a result"
            return Finding(RAISES, f"{what}: wanted {due}, got {_told(got)}", inputs=inputs, clause=clause)
        self.saw(*got.values())
        if isinstance(want, Exception):
            told = _told(want)
            return Finding(REFUSAL, f"{what}: wanted {told}, but there is a result", inputs=inputs, clause=clause)
        if list(got) != list(want):
            sentence = f"{what} gives {', '.join(got)}; wanted {', '.join(want)}"
            return Finding(SHAPE, sentence, inputs=inputs, clause=clause)
        self.compared += sum(len(part.raw) // ITEMSIZE[part.dtype] for part in want.values())
        for name, wanted in want.items():
            part = got[name]
            which = f"{name} of {what}" if len(want) > 1 else what
            if part[:2] != wanted[:2]:
                sentence = f"{which} is {part.dtype} of shape {part.shape}, wanted {wanted.dtype} of {wanted.shape}"
                return Finding(SHAPE, sentence, want=wanted, inputs=inputs, clause=clause)
            if part.raw != wanted.raw:
                wrong = tuple(differences(wanted.raw, part.raw, wanted.dtype))
                sentence = f"{which}: {len(wrong)} of {len(wanted.raw) // ITEMSIZE[wanted.dtype]} elements"
                return Finding(BITS, sentence, None, wanted, part, wrong, inputs, clause)
        return None


def _told(error: Exception | None) -> str:
    return "nothing" if error is None else f"{type(error).__name__}: {error}"


def _refusable(x: Any, backend: Backend) -> Any:
    """An operand of a refusal, which may be nothing that makes a tensor."""
    if x is None or isinstance(x, str):
        return x
    return from_plain(plain(x), backend)


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
