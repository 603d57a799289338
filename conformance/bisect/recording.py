"""What a backend did in a training, as a file: a line of JSON for each call.

The first line says what was run, and on what; the last one how many calls there were and with which error the training
ended, if it did. A file may come from anyone, so everything in it is checked, and nothing in it is run.
"""

import json
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import BinaryIO

import rcmlrs_core
from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io.reading import JsonReader, decoded
from rcmlrs_core.numerics.decimal_text import shown

from . import trace
from .program import BisectError, Program
from .trace import Call

FORMAT = "1"

LONGEST = 1 << 20
"""Bytes of a line; one takes some hundreds."""

_ADVICE = "the file is truncated, altered or no recording; record it again, with rcmlrs bisect BACKEND --record FILE"

_TENSOR = re.compile(r"(?:float32|int32|bool)\[(?:[0-9]{1,19}(?:,[0-9]{1,19})*)?\]:[0-9a-f]{64}")


@dataclass(frozen=True)
class Header:
    """What was run, on what. All are strings."""

    format: str
    training: str
    source: str
    seed: str
    steps: str
    """Empty, where the training ends by itself."""
    backend: str
    about: str
    rcmlrs: str
    python: str
    machine: str


@dataclass(frozen=True)
class End:
    """How a training ended: after so many calls, with this error, or none."""

    calls: int
    raised: str = ""


def header_of(program: Program, backend: str, about: str) -> Header:
    """The header of a recording that is made here."""
    steps = "" if program.steps is None else str(program.steps)
    machine = f"{platform.system()} {platform.machine()}"
    return Header(
        FORMAT,
        program.name,
        program.source,
        str(program.seed),
        steps,
        backend,
        about,
        rcmlrs_core.__version__,
        platform.python_version(),
        machine,
    )


def _line(content: dict[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=True).encode() + b"\n"


class Recorder:
    """Writes a recording."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self.file = file
        self.calls = 0
        file.write(_line(vars(header)))

    def __call__(self, call: Call, operands: object, results: object) -> None:
        """Take a call."""
        self.calls += 1
        content = vars(call) | {"operands": " ".join(call.operands), "results": " ".join(call.results)}
        self.file.write(_line(content))

    def end(self, raised: str) -> End:
        """Take the end."""
        self.file.write(_line({"calls": self.calls, "ended by": raised}))
        return End(self.calls, raised)


class Recording:
    """Reads one from a file. Raises FileFormatError for anything but a recording that is whole."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file = file
        self.name = name
        file.seek(0)
        text = dict(self._strings(self._next(0), 0, [field.name for field in fields(Header)]))
        self.header = Header(**text)
        if self.header.format != FORMAT:
            raise FileFormatError(
                f"{name}: a recording of the format {self.header.format!r}, expected {FORMAT}; use the version of "
                f"rcmlrs that made it, which was {self.header.rcmlrs!r}"
            )

    def calls(self) -> Iterator[Call | End]:
        """Call by call, and the end."""
        number = 0
        while True:
            number += 1
            raw = self._next(number)
            if raw.startswith(b'{"calls"'):
                yield self._end(raw, number)
                return
            yield self._call(raw, number)

    def check(self) -> End:
        """Read all of it once, before it is used; returns the end."""
        place = self.file.tell()
        end = End(0)
        for call in self.calls():
            if isinstance(call, End):
                end = call
        self.file.seek(place)
        return end

    def _next(self, number: int) -> bytes:
        raw = self.file.readline(LONGEST + 1)
        if not raw.endswith(b"\n"):
            problem = f"is longer than {LONGEST} bytes" if len(raw) > LONGEST else "is not there, or not to its end"
            raise FileFormatError(f"{self.name}: line {number + 1} {problem}; {_ADVICE}")
        return raw

    def _reader(self, raw: bytes, number: int) -> JsonReader:
        within = f"{self.name}, record {number + 1}"
        return JsonReader(within, decoded(within, raw, _ADVICE), _ADVICE)

    def _text(self, reader: JsonReader) -> str:
        """A string that may be shown on a terminal."""
        text = reader.string()
        if not text.isprintable():
            raise reader.error(f"expected printable text, found {shown(text)}")
        return text

    def _strings(self, raw: bytes, number: int, names: list[str]) -> Iterator[tuple[str, str]]:
        """The members of an object, which are these, all of them strings."""
        reader = self._reader(raw, number)
        expected = iter(names)
        for name in reader.members():
            if name != next(expected, None):
                raise reader.error(f"expected {', '.join(names)}, in this order")
            yield name, self._text(reader)
        if next(expected, None) is not None:
            raise reader.error(f"expected {', '.join(names)}, one of which is missing")
        reader.end()

    def _end(self, raw: bytes, number: int) -> End:
        reader = self._reader(raw, number)
        found: dict[str, object] = {}
        for name in reader.members():
            if name not in ("calls", "ended by"):
                raise reader.error("expected calls and how they ended")
            found[name] = reader.natural() if name == "calls" else self._text(reader)
        reader.end()
        if found.get("calls") != number - 1 or "ended by" not in found:
            raise FileFormatError(f"{self.name}: found {number - 1} calls, and its end says otherwise; {_ADVICE}")
        if self.file.read(1):
            raise FileFormatError(f"{self.name}: something follows the end; {_ADVICE}")
        return End(number - 1, str(found["ended by"]))

    def _call(self, raw: bytes, number: int) -> Call:
        reader = self._reader(raw, number)
        text: dict[str, str] = {}
        step = 0
        for name in reader.members():
            if name == "step":
                step = reader.natural()
            elif name in _TEXTS:
                text[name] = self._text(reader)
            else:
                raise reader.error(f"expected step, {', '.join(_TEXTS)}")
        reader.end()
        if len(text) != len(_TEXTS) or not step or text["kind"] not in trace.KINDS:
            raise reader.error(f"expected step, {', '.join(_TEXTS)}, one of which is missing or of another kind")
        tensors = {name: tuple(text.pop(name).split()) for name in ("operands", "results")}
        for tensor in (*tensors["operands"], *tensors["results"]):
            if not _TENSOR.fullmatch(tensor):
                raise reader.error("expected tensors as TYPE[SHAPE]:DIGEST")
        return Call(step=step, **text, **tensors)  # type: ignore[arg-type]


_TEXTS = tuple(field.name for field in fields(Call) if field.name != "step")


def check_same(header: Header, program: Program, name: str) -> None:
    """Refuse a recording of something else than ``program``."""
    mine = header_of(program, "", "")
    for what in ("training", "source", "seed", "steps"):
        theirs, ours = getattr(header, what), getattr(mine, what)
        if theirs != ours:
            differs = "its source differs" if what == "source" else f"its {what} is {theirs!r}, and here {ours!r}"
            raise BisectError(
                f"{name} is a recording of something else: {differs}; give the same --training, --size, --steps and "
                f"--seed, with the same file or version of rcmlrs (recorded with {header.rcmlrs}, this is "
                f"{rcmlrs_core.__version__})"
            )
