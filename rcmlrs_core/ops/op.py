"""What an operation is: a name to which its rules are attached. This file holds what all of them share.

Every file of this folder that names an operation defines ``operation``, one of the families below, and its docstring is
the operation's page. The families differ in how the one right answer is stated:

* :class:`Elementwise`: a function of one element of each operand, broadcast against each other. Stated by ``exact``
  over exact reals and ``special`` for infinities and signed zeros, or, where no rounding is involved, by ``plain``.
* :class:`Reduction`: a function of a row (the elements along some axes). Stated by ``row``.
* :class:`Move`: elements in another order or place. Stated by ``source``, the place each one comes from.
* :class:`General`: anything else. Stated by ``definition`` on whole arrays.

``binary64`` states the same in binary64 with a proven error bound; any backend derives its kernel from it, the rounding
test, and the definition for what stays undecided. ``gradient`` is a composition of operations.
"""

import inspect
import operator as op
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NamedTuple, NoReturn, Protocol

from rcmlrs_core.errors import AttributeValueError, AxisError, DTypeError, IntegerRangeError, ShapeError
from rcmlrs_core.numerics import rows as m
from rcmlrs_core.numerics.formats import NAN, from_bits, round_number
from rcmlrs_core.numerics.reals import decide
from rcmlrs_core.numerics.rows import Row
from rcmlrs_core.ops.calls import Call
from rcmlrs_core.ops.shapes import broadcast_shapes, normalize_axes, nothing_along
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray, Shape, broadcast_offsets, offsets, strides_of


class Operand(Protocol):
    """What a shape check may look at."""

    @property
    def shape(self) -> Shape:
        """The lengths of the axes."""

    @property
    def dtype(self) -> str:
        """The element type."""


class Result(NamedTuple):
    """What a shape check finds: the result's shape and element type, and the attributes in their normal form.

    A length of -1 is one that depends on the elements: the kernel's buffer tells it.
    """

    shape: Shape
    dtype: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class NoGradient:
    """The explicit statement that an operation is not differentiable, with the reason that the error gives."""

    reason: str


@dataclass(frozen=True)
class Case:
    """Inputs at which an operation is hard, and where it is worth stating, the result that they must have.

    Inputs are nested lists of numbers (or :class:`PlainArray`, where an element type must be said). ``want`` is the
    result as a nested list: a second telling beside the definition, which guards the definition itself.
    """

    inputs: tuple[Any, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    want: Any = None
    note: str = ""


@dataclass(frozen=True)
class Refusal:
    """Inputs that an operation refuses, the error class, and words of its message."""

    inputs: tuple[Any, ...]
    error: type[Exception]
    match: str
    attributes: dict[str, Any] = field(default_factory=dict)


def case(*inputs: Any, want: Any = None, note: str = "", **attributes: Any) -> Case:
    """A :class:`Case`: ``case(-0.0, want=-0.0)``."""
    return Case(inputs, attributes, want, note)


def refusal(error: type[Exception], match: str, *inputs: Any, **attributes: Any) -> Refusal:
    """A :class:`Refusal`: ``refusal(ShapeError, "2 and 3", [1, 2], [1, 2, 3])``."""
    return Refusal(inputs, error, match, attributes)


Gradient = Callable[..., tuple[Any, ...]]
"""``gradient(g, y, *operands, **attributes)``: what each operand receives when the result ``y`` receives ``g``.

A composition of operations on tensors, so that it has a gradient itself. None for an operand that takes none; where a
contribution is costly, None too for one whose ``requires_grad`` says that nobody asks.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """What every operation has. ``module`` is ``__name__`` of its file, which gives name and documentation."""

    module: str
    gradient: Gradient | NoGradient
    clause: str = "N2.1"
    cases: Sequence[Case] = ()
    refusals: Sequence[Refusal] = ()
    aliases: Sequence[str] = ()
    integers: Callable[..., Any] | None = None
    """The same for int32 operands, where it is another formula: ``integers(m, *x, **attributes)``, over Python's ints
    or int64 arrays, in the form of ``binary64``. It gives the exact integer, or where that does not fit int64 (or there
    is none: ``NO_INTEGER``) any integer that is no int32. The result is int32, and refused where it is none.
    """
    calls: Sequence[Call] = ()
    """What the suite calls at random, where the operation's form does not say it; ``data`` is what it fills in."""
    data: str = "sums"
    of_length: Callable[[int], Call] | None = None
    """A call whose sums have n terms, or whose blocks end at n."""
    samples: Sequence[dict[str, Any]] = ({},)
    """Attributes to try, where the form says how it is called and the defaults are not enough."""

    @cached_property
    def name(self) -> str:
        """The operation's name is its file's."""
        return self.module.rpartition(".")[2]

    @cached_property
    def documentation(self) -> str:
        """The operation's page: the docstring of its file (of one made in a notebook, there is none)."""
        return inspect.cleandoc(getattr(sys.modules.get(self.module), "__doc__", None) or "")

    @cached_property
    def signature(self) -> inspect.Signature:
        """Operands (annotated ``Operand``), then attributes: the signature of the method and the function."""
        raise NotImplementedError

    @cached_property
    def variadic(self) -> bool:
        """Whether it takes any number of operands."""
        return any(p.kind is p.VAR_POSITIONAL for p in self.signature.parameters.values())

    @cached_property
    def arity(self) -> int:
        """The number of operands (of those that have a name)."""
        return sum(
            p.annotation is Operand for p in self.signature.parameters.values() if p.kind is not p.VAR_POSITIONAL
        )

    def of_integers(self, *operands: Operand) -> bool:
        """Whether ``integers`` is the formula for these operands."""
        return self.integers is not None and operands[0].dtype == INT32

    def refuse_integers(self, operands: Sequence[Any], attributes: dict[str, Any]) -> NoReturn:
        """The error for int32 elements ``operands`` (of a row, some) whose result is no int32."""
        shown = [*map(str, operands[:4]), *(["..."] if len(operands) > 4 else [])]
        given = "".join(f", {key}={value}" for key, value in attributes.items())
        raise IntegerRangeError(
            f"{self.name}: the result of {', '.join(shown)}{given} is no int32; "
            "for numbers that are rounded instead, convert the operands with .astype('float32')"
        )

    def check(self, *operands: Operand, **attributes: Any) -> Result:
        """Shape, element type and normal attributes of the result; or the refusal, as a typed error."""
        raise NotImplementedError

    def define(self, *operands: PlainArray, **attributes: Any) -> PlainArray:
        """The result by definition alone: no binary64 short cut. ``attributes`` are in their normal form."""
        raise NotImplementedError


# --------------------------------------------------------------------------------------------- elementwise


@dataclass(frozen=True, kw_only=True, eq=False)
class Elementwise(Operation):
    """A function of one element of each operand.

    ``exact(r, *x, **attributes)`` encloses the value for finite arguments. ``special(*x, **attributes)`` returns the
    value where ``exact`` does not apply (infinities, zeros whose sign matters, poles), else None. A NaN argument gives
    NaN unless ``sees_nan``: then ``special`` is asked. ``plain`` replaces both where nothing is rounded.
    ``binary64(m, *x, **attributes)`` returns the value in binary64, or the value and the magnitude (at least its
    absolute value) to which the error is relative. ``bound`` is the error's bound in units of 2^-53; 0 says that
    rounding the binary64 value to binary32 is right as it stands. It holds for every argument, infinite ones and NaN
    included, with m's functions within 4 ulp.
    """

    exact: Callable[..., Any] | None = None
    special: Callable[..., float | None] = lambda *arguments, **attributes: None
    plain: Callable[..., Any] | None = None
    binary64: Callable[..., Any]
    bound: float
    sees_nan: bool = False
    takes: Sequence[str] = (FLOAT32,)
    gives: str | None = FLOAT32
    attribute_check: Callable[..., dict[str, Any]] | None = None

    @cached_property
    def signature(self) -> inspect.Signature:
        """From the definition: its first parameter is the namespace of exact reals, where it has one."""
        signature = inspect.signature(self.plain or self.exact or self.binary64)
        parameters = list(signature.parameters.values())
        if not self.plain:
            parameters = parameters[1:]
        operands = [p.replace(annotation=Operand) if p.kind is not p.KEYWORD_ONLY else p for p in parameters]
        return signature.replace(parameters=operands)

    def check(self, *operands: Operand, **attributes: Any) -> Result:
        """Operands broadcast against each other; a number among the attributes is rounded once (N6)."""
        dtype = check_dtypes(self.name, operands, self.takes)
        shape = operands[0].shape
        for other in operands[1:]:
            if other.shape != shape and other.shape:  # a number beside a tensor changes no shape
                shape = broadcast_shapes(self.name, *(operand.shape for operand in operands))
                break
        if self._attribute_types or attributes:
            attributes = self._normal(attributes)
        gives = INT32 if self.integers and dtype == INT32 else self.gives or dtype
        return Result(shape, gives, attributes)

    @cached_property
    def _attribute_types(self) -> dict[str, inspect.Parameter]:
        return {name: p for name, p in self.signature.parameters.items() if p.kind is p.KEYWORD_ONLY}

    def _normal(self, given: dict[str, Any]) -> dict[str, Any]:
        attributes = bind_attributes(self.name, self._attribute_types, given)
        return self.attribute_check(**attributes) if self.attribute_check else attributes

    def value(self, *arguments: Any, **attributes: Any) -> Any:
        """The one right answer for one element."""
        if self.plain:
            return self.plain(*arguments, **attributes)
        if not self.sees_nan and any(x != x for x in arguments):
            return NAN
        special = self.special(*arguments, **attributes)
        if special is not None:
            return special
        exact = self.exact
        assert exact is not None
        return from_bits(decide(lambda r: exact(r, *map(r.number, arguments), **attributes)))

    def whole(self, columns: Sequence[Sequence[int]], **attributes: Any) -> list[int]:
        """The int32 results for columns of int32 elements, by ``integers``; the first that is none is refused."""
        assert self.integers is not None
        values: list[int] = self.integers(m, *map(Row, columns), **attributes).values
        for i, value in enumerate(values):
            if not LOWEST <= value <= HIGHEST:
                self.refuse_integers([column[i] for column in columns], attributes)
        return values

    def define(self, *operands: PlainArray, **attributes: Any) -> PlainArray:
        """Every element by :meth:`value`."""
        shape = broadcast_shapes(self.name, *(operand.shape for operand in operands))
        rows = [spread(operand, shape) for operand in operands]
        if self.of_integers(*operands):
            return PlainArray.of(self.whole(rows, **attributes), shape, INT32)
        dtype = self.gives or operands[-1].dtype
        return PlainArray.of((self.value(*x, **attributes) for x in zip(*rows, strict=True)), shape, dtype)


LOWEST, HIGHEST = -(1 << 31), (1 << 31) - 1
"""The ends of int32."""

NO_INTEGER = (1 << 63) - 1
"""What an ``integers`` formula gives where there is no integer, as of a quotient by zero: an int64, and no int32."""


def check_dtypes(name: str, operands: Sequence[Operand], takes: Sequence[str]) -> str:
    """The element type that all operands share; an error names what was got and what is taken."""
    dtype = operands[0].dtype
    for operand in operands:
        if operand.dtype not in takes:
            raise DTypeError(
                f"{name}: takes {' or '.join(takes)}, got {operand.dtype}; {conversion(takes[0], operand.dtype)}"
            )
        if operand.dtype != dtype:
            raise DTypeError(f"{name}: element types {dtype} and {operand.dtype} differ; convert one with .astype(...)")
    return dtype


def conversion(wanted: str, got: str) -> str:
    """What a user can do who has ``got`` where ``wanted`` is taken, as the end of an error."""
    if wanted == BOOL:
        return "make a condition of it, such as .not_equal(0)"
    if wanted == INT32 and got == FLOAT32:
        return "make it of whole numbers, with rc.tensor(values, dtype='int32')"
    return f"convert it with .astype({wanted!r})"


def bind_attributes(
    name: str, parameters: dict[str, inspect.Parameter], given: dict[str, Any], others: Sequence[str] = ()
) -> dict[str, Any]:
    """Attributes in normal form: all present, floats rounded once to binary32 (N6), ints as ints.

    ``others`` are attributes that the operation has besides, and has bound already.
    """
    attributes = {}
    for key, parameter in parameters.items():
        if key not in given and parameter.default is parameter.empty:
            raise missing_attribute(name, key)
        value = given.get(key, parameter.default)
        try:
            attributes[key] = NORMAL_FORMS.get(parameter.annotation, lambda value: value)(value)
        except (TypeError, ValueError, AttributeError) as error:
            wanted = getattr(parameter.annotation, "__name__", parameter.annotation)
            raise AttributeValueError(f"{name}: {key} must be of type {wanted}, got {value!r}") from error
    for key in given:
        if key not in parameters:
            raise unknown_attribute(name, key, [*others, *parameters])
    return attributes


def missing_attribute(name: str, key: str) -> AttributeValueError:
    """The error for an attribute that has no default and is not given."""
    return AttributeValueError(f"{name}: the attribute {key!r} is missing; pass {key}=...")


def unknown_attribute(name: str, key: str, known: Sequence[str]) -> AttributeValueError:
    """The error for an attribute that there is not, with the one that was perhaps meant."""
    meant = next((x for x in SYNONYMS.get(key, ()) if x in known), "".join(get_close_matches(key, known, 1)))
    hint = f"; did you mean {meant!r}?" if meant else f"; the attributes are: {', '.join(known) or 'none'}"
    return AttributeValueError(f"{name}: there is no attribute {key!r}{hint}")


def apply_rule(
    operation: Operation, rule: Callable[..., Result], operands: Sequence[Operand], attributes: dict[str, Any]
) -> Result:
    """``rule(*operands, **attributes)``; attributes that it does not have, or lacks, are told in words."""
    try:
        return rule(*operands, **attributes)
    except TypeError as error:
        parameters = {k: p for k, p in operation.signature.parameters.items() if p.annotation is not Operand}
        for key in attributes:
            if key not in parameters:
                raise unknown_attribute(operation.name, key, list(parameters)) from error
        for key, parameter in parameters.items():
            if key not in attributes and parameter.default is parameter.empty:
                raise missing_attribute(operation.name, key) from error
        raise


SYNONYMS = {
    "ddof": ("correction",),
    "diagonal": ("k",),
    "dim": ("axis",),
    "dims": ("axis", "axes"),
    "keepdim": ("keepdims",),
    "kernel_size": ("kernel",),
    "num_classes": ("classes",),
    "size": ("shape",),
    "unbiased": ("correction",),
}
"""Other libraries' names of attributes, for the errors' hints."""

NORMAL_FORMS: dict[Any, Callable[[Any], Any]] = {float: round_number, int: op.index, bool: bool}


def spread(operand: PlainArray, shape: Shape) -> Sequence[Any]:
    """The elements of ``operand`` broadcast to ``shape``, in row-major order."""
    if operand.shape == shape:
        return operand.values.tolist()
    values = operand.values.tolist()
    if len(values) == 1:
        length = 1
        for axis in shape:
            length *= axis
        return values * length
    return [values[offset] for offset in broadcast_offsets(operand.shape, shape)]


# ----------------------------------------------------------------------------------------------- reductions


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduction(Operation):
    """A function of the elements along some axes, taken together as one row in row-major order.

    ``row(values, **attributes)`` is the definition: one number, or as many as ``maps`` or ``squares`` say.
    ``binary64(m, x, **attributes)`` takes the rows along the last axis of ``x``, keeps that axis (of length one for
    a number) and returns the value and the magnitude to which the error is relative; ``bound(n)`` bounds the error
    in units of 2^-53 for rows of length n. ``one_axis`` operations take one axis (or, with None, the whole tensor as
    one row). ``maps`` says that the result has the row's length and stays where the row was (softmax); ``squares``
    that it has one row for each element (a Jacobian).
    """

    row: Callable[..., Any]
    at: Callable[..., Sequence[float]] | None = None
    """``at(values, places, **attributes)``: the elements of ``row`` at some places, where each is costly."""
    binary64: Callable[..., Any] | None = None
    bound: Callable[[int], float] = lambda n: 0
    one_axis: bool = False
    maps: bool = False
    squares: bool = False
    default_axis: int | None = None
    needs_axis: bool = False
    """Whether the axis must be said of a tensor that has not one but several (the Array API's cumulative sums)."""
    empty: str = ""
    """Why an empty row is refused; where it is not, nothing."""
    row_check: Callable[..., None] | None = None
    """``row_check(n, **attributes)`` refuses attributes that do not fit rows of length n."""
    takes: Sequence[str] = (FLOAT32,)
    gives: str = FLOAT32

    @cached_property
    def keeps(self) -> bool:
        """Whether there is a ``keepdims`` attribute: where rows become numbers."""
        return not (self.maps or self.squares)

    @cached_property
    def signature(self) -> inspect.Signature:
        """``(x, axis, keepdims, further attributes of row)``."""
        kind = inspect.Parameter.KEYWORD_ONLY
        axis_type = int | None if self.one_axis else int | tuple[int, ...] | None
        if self.default_axis is not None:
            axis_type = int
        parameters = [
            inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Operand),
            inspect.Parameter(
                "axis", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=self.default_axis, annotation=axis_type
            ),
        ]
        if self.keeps:
            parameters.append(
                inspect.Parameter("keepdims", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=False, annotation=bool)
            )
        parameters += [p for p in inspect.signature(self.row).parameters.values() if p.kind is kind]
        return inspect.Signature(parameters)

    def check(self, *operands: Operand, axis: Any = ..., keepdims: bool = False, **attributes: Any) -> Result:
        """Axes are normalised to a sorted tuple; the reduced ones vanish or, with ``keepdims``, have length one."""
        (x,) = operands
        if attributes or not (axis is None or axis is ... or isinstance(axis, int)):
            return self._check(x, axis, keepdims, attributes)
        key = (x.shape, x.dtype, axis, keepdims)
        result = self._checked.get(key)
        if result is None:
            if len(self._checked) >= 1024:
                self._checked.clear()
            result = self._checked[key] = self._check(x, axis, keepdims, attributes)
        return result

    @cached_property
    def _checked(self) -> dict[Any, Result]:
        """What recent checks found: the same shapes come again and again."""
        return {}

    def _check(self, x: Operand, axis: Any, keepdims: bool, attributes: dict[str, Any]) -> Result:
        check_dtypes(self.name, (x,), self.takes)
        if self.needs_axis and (axis is None or axis is ...) and len(x.shape) != 1:
            raise AxisError(f"{self.name}: a tensor of shape {x.shape} has not one axis; say which, with axis=...")
        axes = normalize_axes(self.name, self.default_axis if axis is ... else axis, x.shape, one=self.one_axis)
        length = 1
        for a in axes:
            length *= x.shape[a]
        if self.empty and length == 0:
            raise ShapeError(f"{self.name}: {nothing_along(axes, x.shape)}; {self.empty}")
        normal = {"axis": axes}
        if self.keeps:
            normal["keepdims"] = bool(keepdims)  # type: ignore[assignment]
            shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes)
        else:
            shape = (
                x.shape if self.maps else tuple(n for i, n in enumerate(x.shape) if i not in axes) + (length, length)
            )
        parameters = {k: p for k, p in self.signature.parameters.items() if k not in ("x", "axis", "keepdims")}
        if parameters or attributes:
            bound = bind_attributes(
                self.name, parameters, attributes, ("axis", "keepdims") if self.keeps else ("axis",)
            )
            if self.row_check:
                self.row_check(length, **bound)
            normal |= bound
        return Result(shape, self.gives_of(x), normal)

    def gives_of(self, x: Operand) -> str:
        """The element type of the result."""
        return INT32 if self.of_integers(x) else self.gives

    def elements(self, values: list[float], places: Sequence[int], **attributes: Any) -> Sequence[Any]:
        """What the definition has at some places of a row's result; a number is at place 0."""
        if self.at:
            return self.at(values, places, **attributes)
        result = self.row(values, **attributes)
        return [result] if self.keeps else [result[place] for place in places]

    def define(self, *operands: PlainArray, **attributes: Any) -> PlainArray:
        """Every row by ``row``; of int32, by ``integers``."""
        return self.by_rows(operands[0], self.whole if self.of_integers(*operands) else self.row, **attributes)

    def whole(self, values: list[int], **attributes: Any) -> Any:
        """The int32 result of a row of int32 elements, by ``integers``, or as many as there are; refused if none is."""
        assert self.integers is not None
        result = self.integers(m, Row(values), **attributes)
        for value in result.values if isinstance(result, Row) else [result]:
            if not LOWEST <= value <= HIGHEST:
                self.refuse_integers(values, attributes)
        return result.values if isinstance(result, Row) else result

    def by_rows(self, x: PlainArray, row: Callable[..., Any], **attributes: Any) -> PlainArray:
        """Apply ``row`` to every row of ``x``, and put the results where the operation's result has them."""
        gives = self.gives_of(x)
        axes = attributes.pop("axis")
        keepdims = attributes.pop("keepdims", False)
        kept = [i for i in range(len(x.shape)) if i not in axes]
        strides = strides_of(x.shape)
        starts = offsets(tuple(x.shape[i] for i in kept), [strides[i] for i in kept])
        steps = offsets(tuple(x.shape[i] for i in axes), [strides[i] for i in axes])
        values = x.values.tolist()
        stride = steps[1] if len(steps) > 1 else 1
        span = len(steps) * stride
        if stride > 0 and steps == list(range(0, span, stride)):  # a row lies as a slice does
            results = [row(values[start : start + span : stride], **attributes) for start in starts]
        else:
            results = [row([values[start + step] for step in steps], **attributes) for start in starts]
        if self.maps:
            flat: list[Any] = [0] * len(values)
            for start, result in zip(starts, results, strict=True):
                for step, value in zip(steps, result, strict=True):
                    flat[start + step] = value
            return PlainArray.of(flat, x.shape, gives)
        if self.squares:
            shape = tuple(x.shape[i] for i in kept) + (len(steps), len(steps))
            return PlainArray.of((value for result in results for value in result), shape, gives)
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes)
        return PlainArray.of(results, shape, gives)


# ---------------------------------------------------------------------------------------------------- moves


@dataclass(frozen=True, kw_only=True, eq=False)
class Move(Operation):
    """Elements in another order or place; no bit changes (N4.1).

    ``rule`` checks the shapes and names the attributes (its signature is the operation's). ``source(*shapes,
    **attributes)`` lists for each element of the result the offset of the element that it is, in the operands' elements
    written one operand after another; an offset of -1 is the attribute ``value`` (the filling of a pad), or a zero.
    """

    rule: Callable[..., Result]
    source: Callable[..., Sequence[int]]
    clause: str = "N4.1"
    data: str = "moves"

    @cached_property
    def signature(self) -> inspect.Signature:
        """That of the rule."""
        return inspect.signature(self.rule)

    def check(self, *operands: Operand, **attributes: Any) -> Result:
        """By the rule; every element type is moved alike, but one at a time."""
        return apply_rule(self, self.rule, operands, attributes)

    def define(self, *operands: PlainArray, **attributes: Any) -> PlainArray:
        """Every element from its source."""
        shape, dtype, _ = self.check(*operands, **attributes)
        values = [value for operand in operands for value in operand.values]
        values.append(attributes.get("value", 0))
        sources = self.source(*(operand.shape for operand in operands), **attributes)
        return PlainArray.of((values[i] for i in sources), shape, dtype)


# -------------------------------------------------------------------------------------------------- general


@dataclass(frozen=True, kw_only=True, eq=False)
class General(Operation):
    """An operation of a form of its own: ``rule`` checks, ``definition`` computes on whole arrays, exactly.

    Backends write their own kernel; where one does not, the definition itself is the kernel.
    """

    rule: Callable[..., Result]
    definition: Callable[..., PlainArray]

    @cached_property
    def signature(self) -> inspect.Signature:
        """That of the rule; an operand that may be absent (``Operand | None``) is one of the operands."""
        signature = inspect.signature(self.rule)
        optional = Operand | None
        parameters = signature.parameters.values()
        return signature.replace(
            parameters=[p.replace(annotation=Operand) if p.annotation == optional else p for p in parameters]
        )

    def check(self, *operands: Operand, **attributes: Any) -> Result:
        """By the rule."""
        return apply_rule(self, self.rule, operands, attributes)

    def define(self, *operands: PlainArray, **attributes: Any) -> PlainArray:
        """By the definition."""
        return self.definition(*operands, **attributes)


ALL_DTYPES = (FLOAT32, INT32, BOOL)
"""For operations that move or compare elements without rounding them."""


# --------------------------------------------------------------------------------------------- compositions


OF_ITS_OPERATIONS = NoGradient("a composition has the gradients of its operations")
"""The gradient of a composition, which need not be stated; one that has none says why."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Composition(Operation):
    """A composition of operations, written once over tensors; it has their bits on every backend (N5).

    ``function(x, ..., **attributes)`` takes tensors and gives one, or a tuple of them (its cases then want a tuple). It
    has no kernel and needs no gradient of its own.
    """

    function: Callable[..., Any]
    gradient: Gradient | NoGradient = OF_ITS_OPERATIONS
    clause: str = "N5"
    data: str = "few"
    text_first: bool = False
    """Whether text may stand before the tensors: the subscripts of an ``einsum``."""

    @cached_property
    def signature(self) -> inspect.Signature:
        """That of the function."""
        return inspect.signature(self.function)
