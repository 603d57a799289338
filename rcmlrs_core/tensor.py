"""RamTensor: an N-dimensional array of binary32 numbers on some backend, and the way of an operation through it.

``run`` is that way: operands of one backend, the operation's check, the backend's kernel, a new tensor and, where a
gradient is wanted, a node on the tape. How tensors are made from Python data is in ``creation``, how gradients flow in
``autograd``.
"""

import builtins
import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from itertools import count
from numbers import Integral
from typing import TYPE_CHECKING, Any, Protocol, final

from rcmlrs_core.errors import ELSEWHERE, BackendMismatchError, DTypeError, GradientError, ShapeError, did_you_mean
from rcmlrs_core.methods import Methods
from rcmlrs_core.numerics.scalars import is_number, number
from rcmlrs_core.ops.op import Operation, Result
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray, Shape
from rcmlrs_core.registry import Backend, get_backend

if TYPE_CHECKING:
    import numpy as np

    from rcmlrs_core.indexing import At

Number = int | float

CPU = (1, 0)
"""The memory of the processor, as DLPack counts devices."""

grad_enabled: ContextVar[bool] = ContextVar("rcmlrs_grad_enabled", default=True)
"""Whether operations on tensors that require gradients are put on the tape; ``rc.no_grad()`` turns it off."""


class Node:
    """An operation on the tape: what it was, on which tensors (and their buffers then), and what came of it."""

    __slots__ = ("attributes", "backend", "buffer", "buffers", "joint", "operands", "operation", "sequence", "shape")

    numbers = count()
    """Where the next one's ``sequence`` comes from."""

    joint: "Joint | None"
    """What it is one of the results of, where that is more than an operation: see :class:`Joint`."""

    def __init__(
        self,
        operation: Operation,
        operands: "tuple[RamTensor, ...]",
        buffers: tuple[Any, ...],
        attributes: dict[str, Any],
        buffer: Any,
        shape: Shape,
        backend: Backend,
    ) -> None:
        self.operation = operation
        self.operands = operands
        self.buffers = buffers
        self.attributes = attributes
        self.buffer = buffer
        self.shape = shape
        self.backend = backend
        self.joint = None
        self.sequence = next(self.numbers)

    def result(self) -> "RamTensor":
        """The result, or its equal: the tape holds no reference back to the tensor itself."""
        tensor = wrap(self.buffer, self.shape, FLOAT32, self.backend)
        tensor.requires_grad = True
        tensor._node = self
        return tensor

    def release(self) -> None:
        """Forget all that a gradient needs; whoever asks for one then, is told."""
        self.operands, self.buffers, self.buffer, self.joint = (), (), None, None

    @property
    def released(self) -> bool:
        """Whether a walk has passed here that kept nothing."""
        return self.buffer is None

    def seen(self) -> "tuple[RamTensor, ...]":
        """The operands with the elements that the operation saw, also where one has changed in place since then."""
        for operand, buffer in zip(self.operands, self.buffers, strict=True):
            if operand._buffer is not buffer:
                return tuple(_as_it_was(*pair, self.backend) for pair in zip(self.operands, self.buffers, strict=True))
        return self.operands


class Joint(Protocol):
    """Something that gives several tensors and knows how their gradients flow on, together: a checkpoint, say."""

    first: int
    """The number of its nodes: above those of what it was made of, and below those of what is made of it."""

    def contributions(self, totals: "dict[int, RamTensor]") -> "Iterable[tuple[RamTensor, RamTensor | None]]":
        """Tensors and what each receives, when the results receive ``totals``, by index; those left out get none."""


class JointNode(Node):
    """One of the results of a :class:`Joint`: its ``index``-th."""

    __slots__ = ("index",)

    def __init__(
        self, operation: Operation, joint: Joint, index: int, operands: "tuple[RamTensor, ...]", result: "RamTensor"
    ) -> None:
        buffers = tuple(operand._buffer for operand in operands)
        super().__init__(operation, operands, buffers, {}, result._buffer, result._shape, result._backend)
        self.joint = joint
        self.index = index
        self.sequence = joint.first  # the same for all, whatever other threads make meanwhile


def _as_it_was(operand: "RamTensor", buffer: Any, backend: Backend) -> "RamTensor":
    if operand._buffer is buffer:
        return operand
    if operand.requires_grad and grad_enabled.get():
        raise GradientError(
            "a tensor has changed in place since it was used, so there is no gradient of the gradient in it; "
            "differentiate before the change"
        )
    found = wrap(buffer, operand._shape, operand._dtype, backend)
    found.requires_grad = operand.requires_grad  # a gradient may ask whether it is wanted
    return found


@final
class RamTensor(Methods):
    """An N-dimensional tensor of binary32 numbers (or int32 indices, or bool masks) in memory.

    Made by ``rc.tensor(data)``, ``rc.zeros(shape)``, ``rc.from_bytes(raw, shape)`` and by operations. Its elements
    never change, but for the in-place methods, whose names end in an underscore. It is not made to be subclassed.
    """

    __slots__ = ("__weakref__", "_backend", "_buffer", "_dtype", "_node", "_shape", "grad", "requires_grad")

    _buffer: Any
    _shape: Shape
    _dtype: str
    _backend: Backend
    _node: Node | None
    requires_grad: bool
    grad: "RamTensor | None"

    __array_ufunc__ = None  # array + tensor asks the tensor; NumPy's own functions refuse one rather than round twice

    def __init__(self, data: Any, dtype: str | None = None, backend: str | None = None) -> None:
        """The same as ``rc.tensor(data, dtype=dtype, backend=backend)``."""
        from rcmlrs_core.creation import tensor

        made = tensor(data, dtype=dtype, backend=backend)
        for name in ("_buffer", "_shape", "_dtype", "_backend", "_node", "requires_grad", "grad"):
            setattr(self, name, getattr(made, name))

    def __init_subclass__(cls) -> None:
        raise TypeError("RamTensor is not made to be subclassed; write functions of tensors, or a class that holds one")

    # ------------------------------------------------------------------------------------------ what it is

    @property
    def shape(self) -> Shape:
        """The lengths of the axes; ``()`` for a single number."""
        return self._shape

    @property
    def dtype(self) -> str:
        """``"float32"``, ``"int32"`` or ``"bool"`` (N1.1)."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        n = 1
        for length in self._shape:
            n *= length
        return n

    @property
    def backend(self) -> str:
        """The name of the backend that holds the tensor."""
        return self._backend.name

    @property
    def device(self) -> str:
        """The backend's name, under the Array API standard's name for where a tensor is."""
        return self._backend.name

    @property
    def T(self) -> "RamTensor":
        """The transposed matrix; of more than two axes, all axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> "RamTensor":
        """The last two axes exchanged: a stack of matrices, each transposed."""
        return self.matrix_transpose()

    # --------------------------------------------------------------------------------------- out of a tensor

    def tobytes(self) -> bytes:
        """The elements as little-endian binary32 (int32, or bool as one byte), row-major; NaN is 0x7fc00000 (N1.2)."""
        return self._backend.storage.dump(self._buffer)

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers, each the exact value; of shape (), the number itself."""
        values: Any = self.plain().values.tolist()
        if self._dtype == BOOL:
            values = list(map(bool, values))
        return nested(values, self._shape)

    def plain(self) -> PlainArray:
        """The elements in pure Python, as the definitions take them."""
        return self._backend.to_plain(self._buffer, self._shape, self._dtype)

    def item(self) -> Any:
        """The only element, as a Python number."""
        if self.size != 1:
            raise ShapeError(f"item: a tensor of one element is a number; this one has shape {self._shape}")
        value = self.plain().values[0]
        return bool(value) if self._dtype == BOOL else value

    def numpy(self) -> "np.ndarray[Any, Any]":
        """The elements as a NumPy array of the same shape, a copy; NaN is 0x7fc00000 (N1.2)."""
        numpy = numpy_of("numpy()")
        view = self._view()
        if view is not None:
            return numpy.array(view).astype(self._dtype, copy=False)  # type: ignore[no-any-return]
        little = numpy.dtype({FLOAT32: "<f4", INT32: "<i4", BOOL: "?"}[self._dtype])
        array: np.ndarray[Any, Any] = numpy.frombuffer(bytearray(self.tobytes()), little).reshape(self._shape)
        return array.astype(self._dtype, copy=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> "np.ndarray[Any, Any]":
        if copy is False:
            raise ValueError(
                "a RamTensor is given to NumPy as a copy; ask for copy=None or copy=True, or take "
                "numpy.asarray(t.memoryview()), which is read-only, and no copy where the backend can give a view"
            )
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def memoryview(self) -> builtins.memoryview:
        """A read-only view of the elements, with their shape, for what takes the buffer protocol; NaN is 0x7fc00000.

        It is of a copy, where the backend has no such view to give. A memoryview has no empty axes: a tensor without
        elements gives one of a single axis.
        """
        lying = self._view()
        if lying is not None:
            return lying
        values = PlainArray.frombytes(self.tobytes(), self._shape, self._dtype).values  # in the machine's byte order
        view: Any = memoryview(values.tobytes())
        code = "?" if self._dtype == BOOL else values.typecode
        return view.cast(code, self._shape) if values else view.cast(code)  # type: ignore[no-any-return]

    def _view(self) -> builtins.memoryview | None:
        """The elements where they lie, if the backend gives a view of them and there are any."""
        give: Any = getattr(self._backend.storage, "view", None)
        view: builtins.memoryview | None = give(self._buffer) if give is not None and self.size else None
        return view

    def __dlpack__(
        self,
        *,
        stream: None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A capsule of DLPack with the elements, read-only: no copy where the backend can give a view."""
        if stream is not None:
            raise BufferError("__dlpack__: the memory of the processor has no streams; stream is None")
        if dl_device not in (None, CPU):
            raise BufferError(f"__dlpack__: the elements lie on device {CPU}, not {dl_device}")
        give: Any = getattr(self._backend.storage, "dlpack", None)
        asked = {"stream": None, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        if give is not None:
            return give(self._buffer).__dlpack__(**asked)
        view = self._view() if copy is not True and max_version is not None and max_version >= (1, 0) else None
        if copy is False and view is None:
            raise BufferError(
                f"__dlpack__: copy is False, and the backend {self.backend!r} has no view of these elements to give "
                "(or a reader of DLPack before 1.0 asks, which knows nothing of read-only elements)"
            )
        numpy = numpy_of("__dlpack__")
        array = self.numpy() if view is None else numpy.asarray(view)
        return array.__dlpack__(stream=None, max_version=max_version)

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU

    def __buffer__(self, flags: int) -> builtins.memoryview:  # Python asks for it from 3.12 on
        return self.memoryview()

    def __jax_array__(self) -> Any:
        """For JAX's functions, which ask an operand of another kind for this: a copy."""
        import jax.numpy

        return jax.numpy.asarray(self.numpy())

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The functions of the Array API standard for tensors: :mod:`rcmlrs_core.array_api`."""
        from rcmlrs_core import array_api

        array_api.check_version(api_version)
        return array_api

    def to_device(self, device: str, /, *, stream: None = None) -> "RamTensor":
        """``to(backend)``, under the name of the Array API standard."""
        if stream is not None:
            raise ValueError("to_device: backends have no streams; stream is None")
        return self.to(device)

    def digest(self) -> str:
        """SHA-256, in hex, over the element type, the shape and the bytes: equal digests are equal tensors.

        Hashed are the name of the element type and a zero byte; the number of axes and each length, as little-endian
        64-bit integers; and ``tobytes()``.
        """
        head = self._dtype.encode() + b"\0" + struct.pack(f"<{len(self._shape) + 1}Q", len(self._shape), *self._shape)
        return hashlib.sha256(head + self.tobytes()).hexdigest()

    def to(self, backend: str | Backend) -> "RamTensor":
        """The same tensor on another backend (itself, if it is there). The gradient does not pass through."""
        target = get_backend(backend)
        if target is self._backend:
            return self
        moved = wrap(target.storage.load(self.tobytes(), self._shape, self._dtype), self._shape, self._dtype, target)
        moved.requires_grad = self._is_trained()
        return moved

    def __repr__(self) -> str:
        from rcmlrs_core.display import describe

        return describe(self)

    def __format__(self, spec: str) -> str:
        """``f"{loss:.4f}"``: a tensor of one element is formatted as the number that it is."""
        return format(self.item(), spec) if spec else str(self)

    # ------------------------------------------------------------------------------------------- gradients

    def backward(
        self, gradient: "RamTensor | None" = None, *, create_graph: bool = False, retain_graph: bool | None = None
    ) -> None:
        """Add to ``.grad`` of every leaf that requires it the gradient of this tensor, which has one element.

        ``gradient`` is what this tensor itself receives (1 by default; required when it has more elements). With
        ``create_graph`` the gradients are on the tape too. The tape is freed on the way, so that memory falls while
        gradients are computed; ``retain_graph`` (by default as ``create_graph``) keeps it for another walk.
        """
        from rcmlrs_core.autograd import backward

        backward(self, gradient, create_graph=create_graph, retain_graph=retain_graph)

    def detach(self) -> "RamTensor":
        """The same elements without history: no gradient flows through it."""
        return wrap(self._buffer, self._shape, self._dtype, self._backend)

    def requires_grad_(self, requires_grad: bool = True) -> "RamTensor":
        """Say whether gradients are wanted; returns the tensor itself."""
        if requires_grad and self._dtype != FLOAT32:
            raise GradientError(f"a tensor of {self._dtype} has no gradient; only float32 tensors have")
        if not requires_grad and self._node is not None:
            raise GradientError("a result of operations cannot stop requiring gradients; use .detach()")
        self.requires_grad = requires_grad
        return self

    # --------------------------------------------------------------------------------------------- in place

    def replace_(self, other: "RamTensor") -> "RamTensor":
        """Take over the elements of ``other``, of the same shape and type, from any backend; returns the tensor itself.

        What operations saw before stays what they saw: gradients are those at the old elements.
        """
        if self._node is not None or (self.requires_grad and grad_enabled.get()):
            raise GradientError("a tensor that is on the tape cannot change in place; use rc.no_grad() or .detach()")
        if (other._shape, other._dtype) != (self._shape, self._dtype):
            raise ShapeError(
                f"replace_: {self._dtype} of shape {self._shape} cannot take over {other._dtype} of {other._shape}"
            )
        self._buffer = other.to(self._backend)._buffer
        return self

    def min_max_(self, axis: int | tuple[int, ...] | None = None) -> "RamTensor":
        """``min_max`` in place: every element scaled to [0, 1]."""
        return self.replace_(self.detach().min_max(axis=axis))

    def z_score_(self, axis: int | tuple[int, ...] | None = None) -> "RamTensor":
        """``z_score`` in place: mean 0 and standard deviation 1."""
        return self.replace_(self.detach().z_score(axis=axis))

    # -------------------------------------------------------------------------------------------- creation

    def full_like(self, value: Number, dtype: str | None = None) -> "RamTensor":
        """A tensor of the same shape and backend, of which every element is ``value``, rounded once (N6).

        It has the element type ``dtype``, or else this tensor's, if that can hold a number of this kind.
        """
        if dtype is None:
            return as_operand(value, self).broadcast_to(self._shape)
        from rcmlrs_core.creation import constant

        return constant("full_like", value, dtype, self._backend).broadcast_to(self._shape)

    # ------------------------------------------------------------------------------------------- operators

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ELSEWHERE]

    def _augmented(self, other: Any) -> Any:
        """``p += ...`` makes a new tensor; where p is a parameter, that is never what was meant."""
        if self.requires_grad and self._node is None:
            raise GradientError(
                "an augmented assignment would bind the name to another tensor and leave the parameter as it is; "
                "write p.replace_(p - rate * p.grad) under rc.no_grad()"
            )
        return NotImplemented

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ifloordiv__ = __imod__ = __ipow__ = __imatmul__ = _augmented
    __iand__ = __ior__ = __ixor__ = __ilshift__ = __irshift__ = _augmented

    def __add__(self, other: Any) -> "RamTensor":
        return self.add(other) if is_operand(other) else NotImplemented

    __radd__ = __add__  # the same bits, by N2.1

    def __sub__(self, other: Any) -> "RamTensor":
        return self.sub(other) if is_operand(other) else NotImplemented

    def __rsub__(self, other: Any) -> "RamTensor":
        return as_operand(other, self).sub(self) if is_operand(other) else NotImplemented

    def __mul__(self, other: Any) -> "RamTensor":
        return self.mul(other) if is_operand(other) else NotImplemented

    __rmul__ = __mul__  # the same bits, by N2.1

    def __truediv__(self, other: Any) -> "RamTensor":
        return self.div(other) if is_operand(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> "RamTensor":
        return as_operand(other, self).div(self) if is_operand(other) else NotImplemented

    def __matmul__(self, other: Any) -> "RamTensor":
        return self.matmul(other) if is_operand(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> "RamTensor":
        return as_operand(other, self).matmul(self) if is_operand(other) else NotImplemented

    def __pow__(self, other: Any) -> "RamTensor":
        if type(other) is not bool and isinstance(other, Integral):
            return self.powi(n=int(other))
        return self.powf(other) if is_operand(other) else NotImplemented

    def __rpow__(self, other: Any) -> "RamTensor":
        return as_operand(other, self).powf(self) if is_operand(other) else NotImplemented

    def __neg__(self) -> "RamTensor":
        return self.neg()

    def __pos__(self) -> "RamTensor":
        return itself(self)

    def __abs__(self) -> "RamTensor":
        return self.abs()

    def __eq__(self, other: Any) -> "RamTensor":  # type: ignore[override]  # elementwise, as in NumPy
        return self.equal(other) if _is_comparable(other) else NotImplemented

    def __ne__(self, other: Any) -> "RamTensor":  # type: ignore[override]
        return self.not_equal(other) if _is_comparable(other) else NotImplemented

    def __lt__(self, other: Any) -> "RamTensor":
        return self.less(other) if is_operand(other) else NotImplemented

    def __le__(self, other: Any) -> "RamTensor":
        return self.less_equal(other) if is_operand(other) else NotImplemented

    def __gt__(self, other: Any) -> "RamTensor":
        return self.greater(other) if is_operand(other) else NotImplemented

    def __ge__(self, other: Any) -> "RamTensor":
        return self.greater_equal(other) if is_operand(other) else NotImplemented

    def __invert__(self) -> "RamTensor":
        return self.bitwise_invert() if self._dtype == INT32 else self.logical_not()

    def __floordiv__(self, other: Any) -> "RamTensor":
        return self.floor_divide(other) if is_operand(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> "RamTensor":
        return as_operand(other, self).floor_divide(self) if is_operand(other) else NotImplemented

    def __mod__(self, other: Any) -> "RamTensor":
        return self.remainder(other) if is_operand(other) else NotImplemented

    def __rmod__(self, other: Any) -> "RamTensor":
        return as_operand(other, self).remainder(self) if is_operand(other) else NotImplemented

    def __lshift__(self, other: Any) -> "RamTensor":
        return self.bitwise_left_shift(other) if is_operand(other) else NotImplemented

    def __rlshift__(self, other: Any) -> "RamTensor":
        return as_operand(other, self).bitwise_left_shift(self) if is_operand(other) else NotImplemented

    def __rshift__(self, other: Any) -> "RamTensor":
        return self.bitwise_right_shift(other) if is_operand(other) else NotImplemented

    def __rrshift__(self, other: Any) -> "RamTensor":
        return as_operand(other, self).bitwise_right_shift(self) if is_operand(other) else NotImplemented

    def __xor__(self, other: Any) -> "RamTensor":
        return self.bitwise_xor(other) if is_operand(other) else NotImplemented

    __rxor__ = __xor__

    def __and__(self, other: Any) -> "RamTensor":
        if self._dtype == INT32 and is_operand(other):
            return self.bitwise_and(other)
        return self.logical_and(other) if is_operand(other) else NotImplemented

    __rand__ = __and__

    def __or__(self, other: Any) -> "RamTensor":
        if self._dtype == INT32 and is_operand(other):
            return self.bitwise_or(other)
        return self.logical_or(other) if is_operand(other) else NotImplemented

    __ror__ = __or__

    __hash__ = object.__hash__  # by identity, as in PyTorch: == is elementwise

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"a tensor of shape {self._shape} is neither true nor false; compare digests, or use .item()"
            )
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    __trunc__ = __int__  # math.floor and math.ceil take the float

    def __round__(self, ndigits: int | None = None) -> "RamTensor":
        """``round(x)``: every element, halves to even, as Python rounds a number."""
        if ndigits is not None:
            raise TypeError(f"round: a tensor is rounded to integers, not to {ndigits} digits; take round(x.item(), n)")
        return self.round()

    def __bytes__(self) -> bytes:
        return self.tobytes()

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._dtype != INT32:
            raise DTypeError(f"a tensor of {self._dtype} is no index; only int32 tensors of one element are")
        return int(self.item())

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("a tensor of shape () has no length")
        return self._shape[0]

    def __iter__(self) -> "Iterator[RamTensor]":
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> "RamTensor":
        return _get(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        """``x[index] = value``: this tensor takes over ``x.at[index].set(value)``, as ``replace_`` does.

        No other tensor changes: not one that was made of this one, such as ``y = x[0]``, and not what operations saw.
        It makes a copy each time, so of many elements it is quicker to set them all at once; and where two threads set
        elements of one tensor, one may undo what the other did.
        """
        if self._node is not None or (self.requires_grad and grad_enabled.get()):
            raise GradientError(
                "a tensor that is on the tape cannot change in place; y = x.at[index].set(value) is a copy, through "
                "which gradients flow, and condition.where(value, x) another"
            )
        with_value = self.at[index].set(value if isinstance(value, RamTensor) else as_operand(value, self))
        if with_value.requires_grad:
            raise GradientError(
                "a value that is on the tape cannot be put into a tensor in place; y = x.at[index].set(value) is a copy"
            )
        self.replace_(with_value)

    @property
    def at(self) -> "At":
        """Copies with some elements replaced: ``x.at[index].set(value)``, ``x.at[index].add(value)``."""
        from rcmlrs_core.indexing import At

        return At(self)

    def __copy__(self) -> "RamTensor":
        """A leaf of its own: without history and without ``.grad``. Buffers never change, so two may share one."""
        copy = self.detach()
        copy.requires_grad = self._is_trained()
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> "RamTensor":
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.tobytes(), self._shape, self._dtype, self._backend.name, self._is_trained())

    def _is_trained(self) -> bool:
        """Whether it requires a gradient of its own account, as a parameter does: a leaf."""
        return self.requires_grad and self._node is None


def _first_get(x: RamTensor, index: Any) -> RamTensor:
    """``indexing`` is made of operations and comes after them; once it is there, nothing is asked for it again."""
    global _get
    from rcmlrs_core.indexing import get

    _get = get
    return get(x, index)


_get: Callable[[RamTensor, Any], RamTensor] = _first_get


class _Elsewhere:
    """What another library calls a thing: asking a tensor for it says what it is called here.

    A ``__getattr__`` would say it of every wrong name, and make each operation slower by a quarter: Python looks names
    up in a slower way where there is one. For misspelt names, Python itself adds what was meant to the traceback.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        hint = did_you_mean(self.name, ())
        raise AttributeError(f"a tensor has no {self.name!r}{hint}", name=self.name, obj=instance)


for _name in ELSEWHERE:
    setattr(RamTensor, _name, _Elsewhere(_name))


def numpy_of(name: str) -> Any:
    """NumPy, for those who ask for it."""
    try:
        import numpy
    except ModuleNotFoundError as error:
        if error.name != "numpy":  # it is installed, and broken: its own error says how
            raise
        raise ImportError(f"{name}: NumPy is not installed; pip install 'rcmlrs[numpy]', or use tolist()") from error
    return numpy


def _restore(raw: bytes, shape: Shape, dtype: str, backend: str, requires_grad: bool) -> RamTensor:
    """Unpickle."""
    chosen = get_backend(backend)
    tensor = wrap(chosen.storage.load(raw, shape, dtype), shape, dtype, chosen)
    tensor.requires_grad = requires_grad
    return tensor


def nested(values: list[Any], shape: Shape) -> Any:
    """A row-major list of elements as lists within lists; of shape (), the element itself."""
    if not shape:
        return values[0]
    if 0 in shape:
        return [nested(values, shape[1:]) for _ in range(shape[0])] if len(shape) > 1 else []
    for length in reversed(shape[1:]):
        values = [values[i : i + length] for i in range(0, len(values), length)]
    return values


def wrap(buffer: Any, shape: Shape, dtype: str, backend: Backend) -> RamTensor:
    """A tensor around a buffer of ``backend``."""
    tensor: RamTensor = _new(RamTensor)
    tensor._buffer = buffer
    tensor._shape = shape
    tensor._dtype = dtype
    tensor._backend = backend
    tensor._node = None
    tensor.requires_grad = False
    tensor.grad = None
    return tensor


_new = object.__new__


def itself(x: RamTensor) -> RamTensor:
    """A tensor of its own with the elements of ``x``, through which gradients flow."""
    return x.reshape(x.shape) if x.requires_grad else x.detach()


def is_operand(x: Any) -> bool:
    """Whether ``x`` may stand beside a tensor: a tensor, a number, or an array of another library."""
    return isinstance(x, _OPERANDS) or is_number(x)


_OPERANDS = (RamTensor, float, int)


def _is_comparable(x: Any) -> bool:
    """Whether ``==`` compares elements; with a list it would compare identities, which nobody means."""
    if isinstance(x, list | tuple):
        raise TypeError(f"== compares a tensor with a tensor or a number, got {type(x).__name__}; use rc.tensor(...)")
    return is_operand(x)


def as_operand(x: Any, beside: RamTensor) -> RamTensor:
    """A number ``x`` (or an array of numbers) as a tensor on the backend of ``beside``, rounded once (N6).

    It has the element type of ``beside`` where that can hold numbers of its kind.
    """
    if x.__class__ is not float and x.__class__ is not int:
        if not is_operand(x):
            raise TypeError(
                f"an operand is a tensor or a number, got {type(x).__name__}; make it one with rc.tensor(...)"
            )
        if getattr(x, "shape", ()) != ():
            return _array_beside(x, beside)
        x = number(x)
    dtype = _dtype_beside(x, beside._dtype)
    backend = beside._backend
    return wrap(backend.scalar(x, dtype), (), dtype, backend)


def _dtype_beside(x: Any, dtype: str) -> str:
    """The element type of a number beside a tensor of ``dtype``: the tensor's, if it can hold a number of that kind."""
    if isinstance(x, bool):
        return dtype
    if isinstance(x, int):
        return FLOAT32 if dtype == BOOL else dtype
    return FLOAT32


def _array_beside(x: Any, beside: RamTensor) -> RamTensor:
    from rcmlrs_core.creation import tensor

    integers = getattr(getattr(x, "dtype", None), "kind", "") in ("i", "u")
    return tensor(x, beside._backend, dtype=INT32 if integers and beside._dtype == INT32 else None)


def run(operation: Operation, operands: tuple[Any, ...], attributes: dict[str, Any]) -> RamTensor:
    """Apply ``operation``: the way from tensors to a tensor."""
    backend, track = None, False
    key: list[Any] = [operation]
    buffers = []
    for operand in operands:
        if operand.__class__ is not RamTensor:
            return run(operation, _tensors(operation, operands), attributes)
        if operand._backend is not backend:
            if backend is not None:
                _refuse_mixture(operation, operands)
            backend = operand._backend
        if operand.requires_grad:
            track = True
        key += operand._shape, operand._dtype
        buffers.append(operand._buffer)
    if backend is None:
        raise TypeError(f"{operation.name}: takes at least one tensor, got none")
    shape, dtype, attributes = _checked(operation, operands, attributes, key)
    name = operation.name
    kernel = backend.kernels[name] if operands[0]._dtype != INT32 else backend.integer_kernel(name)
    buffer = kernel(*buffers, **attributes)
    if -1 in shape:  # a length that depends on the elements
        shape = tuple(buffer.shape)
    result = wrap(buffer, shape, dtype, backend)
    if track and dtype == FLOAT32 and grad_enabled.get():
        _record(result, operation, operands, tuple(buffers), attributes)
    return result


def run_one(operation: Operation, x: Any) -> RamTensor:
    """``run`` for one operand and no attributes: no loops, and half of the time."""
    if x.__class__ is not RamTensor:
        return run(operation, (x,), {})
    found = _checks.get((operation, x._shape, x._dtype))
    if found is None:
        return run(operation, (x,), {})  # and from then on it is known
    shape, dtype, attributes = found
    backend, buffer = x._backend, x._buffer
    name = operation.name
    kernel = backend.kernels[name] if x._dtype != INT32 else backend.integer_kernel(name)
    result = wrap(kernel(buffer), shape, dtype, backend)
    if x.requires_grad and dtype == FLOAT32 and grad_enabled.get():
        _record(result, operation, (x,), (buffer,), attributes)
    return result


def run_known(operation: Operation, x: RamTensor, found: Result) -> RamTensor:
    """``run`` for one operand, where the caller knows what the check finds."""
    shape, dtype, attributes = found
    backend, buffer = x._backend, x._buffer
    result = wrap(backend.kernels[operation.name](buffer, **attributes), shape, dtype, backend)
    if x.requires_grad and dtype == FLOAT32 and grad_enabled.get():
        _record(result, operation, (x,), (buffer,), attributes)
    return result


def run_two(operation: Operation, x: Any, y: Any) -> RamTensor:
    """``run`` for two operands and no attributes, likewise."""
    if x.__class__ is not RamTensor:
        return run(operation, (x, y), {})
    if y.__class__ is not RamTensor:
        y = as_operand(y, x)
    if x._backend is not y._backend:
        _refuse_mixture(operation, (x, y))
    found = _checks.get((operation, x._shape, x._dtype, y._shape, y._dtype))
    if found is None:
        return run(operation, (x, y), {})  # and from then on it is known
    shape, dtype, attributes = found
    backend, x_buffer, y_buffer = x._backend, x._buffer, y._buffer
    name = operation.name
    kernel = backend.kernels[name] if x._dtype != INT32 else backend.integer_kernel(name)
    result = wrap(kernel(x_buffer, y_buffer), shape, dtype, backend)
    if (x.requires_grad or y.requires_grad) and dtype == FLOAT32 and grad_enabled.get():
        _record(result, operation, (x, y), (x_buffer, y_buffer), attributes)
    return result


def _record(
    result: RamTensor,
    operation: Operation,
    operands: tuple[RamTensor, ...],
    buffers: tuple[Any, ...],
    attributes: dict[str, Any],
) -> None:
    """Put an operation on the tape."""
    result.requires_grad = True
    result._node = Node(operation, operands, buffers, attributes, result._buffer, result._shape, result._backend)


_checks: dict[Any, Result] = {}
_open_checks: dict[Any, Result] = {}
"""Those in which a length depends on the elements: ``run`` looks for that, ``run_one`` and ``run_two`` do not."""

_KINDS = {int, bool, float, str, type(None)}


def _ints(item: Any) -> bool:
    """Whether it is a tuple of ints, such as the widths of a pad."""
    return item.__class__ is tuple and all(number.__class__ is int for number in item)


def _checked(
    operation: Operation, operands: tuple[RamTensor, ...], attributes: dict[str, Any], key: list[Any]
) -> Result:
    """``operation.check``, or what it found before: it looks at shapes, element types and attributes alone.

    ``key`` has the operation, shapes and element types. Attributes are told apart that are equal and not the same: 1,
    1.0 and True, or 0.0 and -0.0.
    """
    for name, value in attributes.items():
        kind = value.__class__
        if kind is tuple:
            for item in value:
                if item.__class__ is not int and item is not None and not _ints(item):
                    return operation.check(*operands, **attributes)
        elif kind not in _KINDS:
            return operation.check(*operands, **attributes)
        key += name, kind, value or repr(value)
    index = tuple(key)
    found = _checks.get(index) or _open_checks.get(index)
    if found is None:
        if len(_checks) >= 4096:
            _checks.clear()
            _open_checks.clear()
        found = operation.check(*operands, **attributes)
        (_open_checks if -1 in found.shape else _checks)[index] = found
    return found


def _tensors(operation: Operation, operands: tuple[Any, ...]) -> tuple[RamTensor, ...]:
    """All operands as tensors; numbers go to the backend of the first tensor."""
    beside = None
    for operand in operands:
        # The condition of a where says nothing about the numbers: any other tensor comes first.
        if operand.__class__ is RamTensor and (beside is None or (beside._dtype == BOOL != operand._dtype)):
            beside = operand
    if beside is None:
        got = ", ".join(type(operand).__name__ for operand in operands) or "nothing"
        raise TypeError(f"{operation.name}: takes tensors, got {got}; make them with rc.tensor(...)")
    return tuple([x if x.__class__ is RamTensor else as_operand(x, beside) for x in operands])


def _refuse_mixture(operation: Operation, operands: tuple[Any, ...]) -> None:
    names = sorted({operand._backend.name for operand in operands if operand.__class__ is RamTensor})
    if len(names) > 1:
        raise BackendMismatchError(
            f"{operation.name}: operands are on the backends {' and '.join(names)}; move one with .to({names[0]!r})"
        )
