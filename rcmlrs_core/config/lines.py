"""``lines_of``: on which line of a TOML document each key stands. Python's ``tomllib`` gives values without places.

The document is one that ``tomllib`` has accepted, so this reads on where a parser would look twice. TOML v1.0.0, with
dotted and quoted keys, arrays of tables, inline tables, and strings of all four kinds.
"""

import re

Path = tuple[str | int, ...]
"""Where a value stands: names of keys, and places in arrays: ``("model", "layers", 0, "type")``."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\"]|\\.|"(?!""))*"{3,5}' r"|'''(?:[^']|'(?!''))*'{3,5}" r'|"(?:[^"\\]|\\.)*"' r"|'[^']*'", re.DOTALL
)
_OTHER = re.compile(r"[^,\]}#\n]+")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1, on which each key and each element of an array begins; of a table also that of its header."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.lengths: dict[Path, int] = {}
        """Of the arrays of tables so far."""

    def document(self) -> dict[Path, int]:
        table: Path = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._assignment(table)
            self._skip(_BLANK)
        return self.lines

    def _header(self) -> Path:
        start, many = self.at, self.text.startswith("[[", self.at)
        self.at += 1 + many
        key = self._key()
        self.at += 1 + many
        path = self._resolved(key[:-1]) + key[-1:]
        if many:
            self._note(path, start)
            place = self.lengths[path] = self.lengths.get(path, -1) + 1
            path = (*path, place)
        self._note(path, start)
        return path

    def _resolved(self, path: Path) -> Path:
        """The path, in the last element of each array of tables on its way."""
        found: Path = ()
        for part in path:
            found = (*found, part)
            if found in self.lengths:
                found = (*found, self.lengths[found])
        return found

    def _assignment(self, table: Path) -> None:
        start = self.at
        key = self._key()
        for i in range(len(key)):
            self._note(table + key[: i + 1], start)
        self.at += 1  # the sign of equality
        self._value(table + key)

    def _key(self) -> Path:
        """A key, to the character behind it."""
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            quote = self.text[self.at]
            found = (_STRING if quote in "\"'" else _BARE).match(self.text, self.at)
            assert found is not None, f"tomllib has accepted a key at {self.at}"
            self.at = found.end()
            part = found[0]
            parts.append(_unescaped(part[1:-1]) if quote == '"' else part[1:-1] if quote == "'" else part)
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        start = self.text[self.at]
        if start in "\"'":
            self._skip(_STRING)
        elif start == "[":
            self._elements(path)
        elif start == "{":
            self._members(path)
        else:
            self._skip(_OTHER)

    def _elements(self, path: Path) -> None:
        self.at += 1
        place = 0
        self._skip(_BLANK)
        while self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                self._note((*path, place), self.at)
                self._value((*path, place))
                place += 1
            self._skip(_BLANK)
        self.at += 1

    def _members(self, path: Path) -> None:
        self.at += 1
        self._skip(_BLANK)
        while self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                self._assignment(path)
            self._skip(_BLANK)
        self.at += 1

    def _note(self, path: Path, at: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, at) + 1)

    def _skip(self, pattern: "re.Pattern[str]") -> None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda m: _ESCAPES.get(m[1]) or (chr(int(m[1][1:], 16)) if len(m[1]) > 1 else m[1]), text)
