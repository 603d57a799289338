"""Lines of JSON that hold one dataclass each: written in one way only, and read strictly.

A field that has its default is left out. A line that is not exactly what would be written for what it says is refused:
another order of keys, a key twice, a default that is spelt out, another spelling of a number or of a string, NaN. So
whatever is read means one thing, and one thing has one line.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from rcmlrs_core.io.state import is_unicode
from rcmlrs_core.numerics.decimal_text import shown

T = TypeVar("T")

RECORD = "record"
"""The key that says what a line is."""


class RecordError(ValueError):
    """Why a line is not what it should be."""


def line_of(kind: str, record: Any) -> str:
    """The line of a dataclass, without its end: ASCII, keys in the order of the fields."""
    return _dumped({RECORD: kind, **_members(record)})


def _members(record: Any) -> dict[str, Any]:
    """The fields that have not their defaults."""
    defaults = _defaults(cast(Any, type(record)))
    members = {name: getattr(record, name) for name in _hints(cast(Any, type(record)))}
    return {
        name: _members(value) if is_dataclass(value) else value
        for name, value in members.items()
        if name not in defaults or value != defaults[name]
    }


def _dumped(members: Mapping[str, Any]) -> str:
    return json.dumps(members, ensure_ascii=True, allow_nan=False)


def parsed(line: str) -> dict[str, Any]:
    """The members of a line, of which nothing is known but that it is exactly what would be written for them."""
    try:
        members = json.loads(line, object_pairs_hook=_once, parse_constant=_refused)
    except RecordError:
        raise
    except (ValueError, RecursionError) as error:
        raise RecordError(f"is not JSON ({str(error) or type(error).__name__:.80})") from None
    if not isinstance(members, dict):
        raise RecordError("is JSON, but no object")
    try:
        again = _dumped(members)
    except (ValueError, RecursionError):  # a number too large for binary64 is read as an infinity
        raise RecordError("holds a number that is none") from None
    if again != line:
        at = next((i for i, (a, b) in enumerate(zip(again, line, strict=False)) if a != b), min(len(again), len(line)))
        raise RecordError(f"is not written as it would be: expected {shown(again[at:])}, found {shown(line[at:])}")
    return members


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RecordError("has a key twice")
    return members


def _refused(constant: str) -> None:
    raise RecordError(f"holds {constant}, which is no JSON")


def built(kind: type[T], members: Mapping[str, Any], where: str = "it") -> T:
    """A dataclass of exactly these members, each of the type that its field states; what has a default may lack."""
    hints, defaults = _hints(cast(Any, kind)), _defaults(cast(Any, kind))
    if list(members) != [key for key in hints if key in members]:
        wrong = next((key for key in members if key not in hints), None)
        raise RecordError(f"{where} has {shown(wrong)}" if wrong else f"{where} has its keys in another order")
    for key in hints:
        if key not in members and key not in defaults:
            raise RecordError(f"{where} has no {key!r}")
    values = {key: _value(hints[key], value, key) for key, value in members.items()}
    for key, value in values.items():
        if key in defaults and value == defaults[key]:
            raise RecordError(f"{where} spells out the default of {key!r}")
    return kind(**values)


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    return {field.name: field.default for field in fields(kind) if field.default is not MISSING}


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType and NoneType in arguments:
        (hint,) = (argument for argument in arguments if argument is not NoneType)
        return None if value is None else _value(hint, value, where)
    if is_dataclass(hint) and isinstance(value, dict):
        return built(hint, value, where)  # type: ignore[arg-type]
    if origin is tuple and isinstance(value, list):
        return tuple(_value(arguments[0], element, where) for element in value)
    if origin is dict and isinstance(value, dict):
        return {_value(str, key, where): _value(arguments[1], element, where) for key, element in value.items()}
    if type(value) is not hint:
        raise RecordError(f"{where!r} is {shown(repr(value))}, expected {getattr(hint, '__name__', hint)}")
    if hint is str and not is_unicode(value):
        raise RecordError(f"{where!r} holds half of a surrogate pair")
    if hint is float and not (math.isfinite(value) and value >= 0):
        raise RecordError(f"{where!r} is {value!r}, expected a time")
    return value
