"""The round trip of elements: into a backend's buffer and out of it again, for every element type and many shapes."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray, Shape

from ..bits import raw_bytes
from ..examine import STORAGE, Examiner, Finding, dtype_of
from ..inputs.elements import EDGES, int_edges, powers, random_bits, truth_table
from ..inputs.trial import array_of, size
from ..judge.definition import Outcome
from ..status import OWN
from ..subjects import Cases, Level, Subject

NAME = "storage"
"""What the check is called, beside the operations."""

SHAPES: tuple[Shape, ...] = (
    (),
    (0,),
    (1,),
    (2,),
    (3,),
    (7,),
    (2, 0, 3),
    (3, 5),
    (17,),
    (1, 1, 1),
    (2, 3, 4, 5),
    (1025,),
)

FAMILIES = (FLOAT32, INT32, BOOL)
"""The element types; each is tried on every shape."""


def round_trips(dtype: str, seed: int) -> Iterator[PlainArray]:
    """What is loaded and dumped: every edge and power of two, NaN of all kinds, and any bits."""
    rng = Random(f"rcmlrs conformance {seed} {NAME} {dtype}")
    if dtype == FLOAT32:
        yield array_of(list(EDGES), (len(EDGES),), dtype)
        (every,) = powers(rng, 2000, 1)
        yield array_of(every, (len(every),), dtype)
    elif dtype == INT32:
        (ends,) = int_edges(rng, 0, 1)
        yield array_of(ends, (len(ends),), dtype)
    draw = truth_table if dtype == BOOL else random_bits
    for shape in SHAPES:
        n = size(shape)
        yield array_of(draw(rng, n, 1)[0][:n], shape, dtype)


@dataclass(frozen=True, eq=False)
class RoundTrip:
    """Elements that are loaded and dumped."""

    x: PlainArray

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with loading and dumping, if anything is."""
        x, backend = self.x, examiner.backend
        what = f"{x.dtype} of shape {x.shape}"
        raw, want = raw_bytes(x), x.tobytes()
        examiner.compared += len(x.values)
        writable = bytearray(raw)
        for given in (raw, memoryview(writable)):
            kind = type(given).__name__
            try:
                buffer = backend.storage.load(given, x.shape, x.dtype)
                shape, dtype = tuple(buffer.shape), dtype_of(buffer)
                got: object = backend.storage.dump(buffer)
            except Exception as error:
                return _wrong(f"load or dump of {what} ({kind}) raises {type(error).__name__}: {error}")
            if shape != x.shape or dtype != x.dtype:
                return _wrong(f"load of {what} gives a buffer that says {dtype} of shape {shape}")
            if type(got) is not bytes:  # a subclass may compare as it likes
                return _wrong(f"dump of {what} gives {type(got).__name__}, wanted bytes")
            examiner.saw(Outcome(shape, dtype, got))
            if got != want:
                first = _first(x, want, got)
                clause = "N1.2" if x.dtype == FLOAT32 and "wanted 0x7fc00000" in first else "N1.1"
                return _wrong(f"{what} comes back with other bits: {first}", clause)
            if isinstance(given, memoryview) and raw:
                writable[:] = bytes(len(raw)) if any(raw) else b"\1" * len(raw)
                if backend.storage.dump(buffer) != want:
                    return _wrong(
                        f"a buffer of {what} changes with the memory that it was loaded from; load must copy it"
                    )
        return None


def _wrong(sentence: str, clause: str = "N1.1") -> Finding:
    return Finding(STORAGE, sentence, clause=clause)


def _first(x: PlainArray, want: bytes, got: bytes) -> str:
    """The first element that differs."""
    if len(want) != len(got):
        return f"{len(got)} bytes, wanted {len(want)}"
    itemsize = x.values.itemsize
    at = next(i for i, (w, g) in enumerate(zip(want, got, strict=True)) if w != g) // itemsize * itemsize
    part = slice(at, at + itemsize)
    loaded, wanted, dumped = (int.from_bytes(raw[part], "little") for raw in (raw_bytes(x), want, got))
    width = 2 * itemsize
    return f"0x{loaded:0{width}x} as 0x{dumped:0{width}x}, wanted 0x{wanted:0{width}x}"


def _families(level: Level) -> dict[str, Cases]:
    def of(dtype: str) -> Cases:
        return lambda seed, level: map(RoundTrip, round_trips(dtype, seed))

    return {dtype: of(dtype) for dtype in FAMILIES}


def subjects() -> Iterator[Subject]:
    """The one subject."""
    yield Subject(NAME, _families, lambda backend: OWN)
