"""What both formats need to read a file that a stranger may have made: the file itself, and JSON of a known form.

``JsonReader`` is asked for what must come next, and refuses anything else where it stands. So nothing is built that the
format has no place for, nesting cannot exhaust the stack, and every error has its line and column.
"""

import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.io.state import is_unicode
from rcmlrs_core.numerics.decimal_text import shown

SPACE = r"[ \t\n\r]*+"
NUMBER = r"-?+(?:0|[1-9][0-9]*+)(?>(?:\.[0-9]++)?)(?>(?:[eE][+-]?+[0-9]++)?)"
"""The grammar of RFC 8259, without backtracking.

Possessive quantifiers stand behind single characters alone, and atomic groups elsewhere: before Python 3.11.5 the
quantifiers match what they should not where they repeat a group that can backtrack (CPython issue 106052).
"""
AT_ONCE = 2**12
"""How many elements of an array are held as text before they become numbers; to match one takes some 200 bytes."""

_SPACE = re.compile(SPACE)
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?>(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*)"')
_NATURAL = re.compile(r"(?:0|[1-9][0-9]{0,18})(?![0-9.eE])")


@contextmanager
def open_regular(path: FilePath) -> Iterator[tuple[BinaryIO, int]]:
    """A file opened for reading, and its size in bytes.

    Raises:
        OSError: there is no such file, or it may not be read.
        FileFormatError: it is a device or a pipe, which have no size and may have no end.
    """
    with open(os.fsdecode(path), "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileFormatError(
                f"{os.fsdecode(path)} is a device or a pipe, expected a file; copy it into a file first"
            )
        yield file, status.st_size


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would wait for its writer


def decoded(source: str, raw: bytes, advice: str) -> str:
    """``raw`` as UTF-8 text."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        found = f"byte 0x{raw[error.start]:02x} at position {error.start}"
        raise FileFormatError(f"{source}: expected UTF-8 text, found {found}; {advice}") from None


class JsonReader:
    """Reads JSON text from the front: each method takes what it is named after, or raises FileFormatError.

    ``source`` names the file in errors, and ``advice`` ends them: what to do about it.
    """

    def __init__(self, source: str, text: str, advice: str) -> None:
        self.source = source
        self.advice = advice
        self._text = text
        self._position = 0

    def members(self) -> Iterator[str]:
        """The keys of an object. The caller takes the value of each before it asks for the next."""
        self._take("{")
        if self._skip("}"):
            return
        seen: set[str] = set()
        while True:
            self._space()
            start = self._position
            key = self.string("a name in quotes")
            if key in seen:
                raise self.error(f"the name {shown(key)} is there twice, expected once", start)
            seen.add(key)
            self._take(":")
            yield key
            if not self._skip(","):
                self._take("}", "',' or '}'")
                return

    def string(self, expected: str = "a string") -> str:
        """A string, whose escapes are resolved."""
        self._space()
        match = _STRING.match(self._text, self._position)
        if match is None:
            raise self.unexpected(expected)
        value: str = json.loads(match[0])
        if not is_unicode(value):
            raise self.unexpected(f"{expected} that is Unicode text, without half of a surrogate pair")
        self._position = match.end()
        return value

    def natural(self) -> int:
        """An integer from 0 to 10^19 - 1, written as one."""
        self._space()
        match = _NATURAL.match(self._text, self._position)
        if match is None:
            raise self.unexpected("a non-negative integer of at most 19 digits")
        self._position = match.end()
        return int(match[0])

    def naturals(self, most: int) -> tuple[int, ...]:
        """An array of at most ``most`` such integers."""
        self._take("[")
        if self._skip("]"):
            return ()
        found = [self.natural()]
        while self._skip(","):
            if len(found) == most:
                raise self.unexpected(f"']' after {most} integers, which are the most")
            found.append(self.natural())
        self._take("]", "',' or ']'")
        return tuple(found)

    def array(self, element: str, expected: str) -> Iterator[list[str]]:
        """The elements of an array as they are written, some at a time.

        ``element`` is a regular expression that matches no comma, no bracket and no space at its ends; ``expected`` is
        what it is called.
        """
        several = re.compile(rf"(?>(?:{SPACE}(?:{element}){SPACE},){{1,{AT_ONCE}}})")
        last = re.compile(rf"{SPACE}(?:{element}){SPACE}\]")
        self._take("[")
        if self._skip("]"):
            return
        while True:
            match = several.match(self._text, self._position)
            ended = match is None
            match = match or last.match(self._text, self._position)
            if match is None:
                one = re.compile(element).match(self._text, _end_of(_SPACE.match(self._text, self._position)))
                if one is None:
                    raise self.unexpected(expected)
                self._position = one.end()
                raise self.unexpected("',' or ']'")
            self._position = match.end()
            yield list(map(str.strip, match[0][:-1].split(",")))
            if ended:
                return

    def end(self) -> None:
        """The end of the text."""
        self._space()
        if self._position < len(self._text):
            raise self.unexpected("the end")

    def unexpected(self, expected: str) -> FileFormatError:
        """The error that something else is next."""
        self._space()
        rest = self._text[self._position : self._position + 24]
        return self.error(f"expected {expected}, found {shown(rest) if rest else 'the end of the text'}")

    def error(self, problem: str, position: int | None = None) -> FileFormatError:
        """The error that something is wrong at ``position``, by default here."""
        before = self._text[: self._position if position is None else position]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        return FileFormatError(f"{self.source}, line {line}, column {column}: {problem}; {self.advice}")

    def _space(self) -> None:
        self._position = _end_of(_SPACE.match(self._text, self._position))

    def _skip(self, mark: str) -> bool:
        """Take ``mark`` if it is next, and tell whether it was."""
        self._space()
        found = self._text.startswith(mark, self._position)
        self._position += found
        return found

    def _take(self, mark: str, expected: str | None = None) -> None:
        if not self._skip(mark):
            raise self.unexpected(expected or repr(mark))


def _end_of(match: "re.Match[str] | None") -> int:
    assert match is not None  # space matches everywhere, if only as nothing
    return match.end()
