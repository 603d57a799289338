"""What a saved model knows of its data: how files become examples. A source of each kind reads the file that is trained
on and, years later, those that are predicted; it is kept with the model as JSON.
"""

import os
from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, cast

from rcmlrs_core.creation import from_plain, tensor
from rcmlrs_core.data.arrays import read_arrays
from rcmlrs_core.data.check import check_finite, check_labels
from rcmlrs_core.data.csv import Wording, open_text, read_csv, records_of
from rcmlrs_core.data.dataset import Dataset, TensorDataset
from rcmlrs_core.data.frame import Frame, head, read_frame
from rcmlrs_core.data.images import CHANNELS, ImageFolder, Mode, read_image
from rcmlrs_core.data.schema import Schema
from rcmlrs_core.data.sequences import WindowDataset
from rcmlrs_core.data.table import positions_of
from rcmlrs_core.errors import DataError
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray, Shape
from rcmlrs_core.tensor import RamTensor

CONFIGURATION = Wording(
    header="header = true",
    no_header="header = false",
    columns="target and columns below [data] choose others",
    missing='missing = "drop" below [data] leaves out such rows',
    all_dropped="there is nothing to learn from",
    decimal='decimal = "comma"',
    delimiter="delimiter = {!r}".format,
)
"""How errors about a file name what one would change."""


@dataclass(frozen=True)
class Examples:
    """The examples of a file: inputs, and targets in their own unit where there are some; and what they are called."""

    dataset: Dataset
    names: Sequence[str]
    """Of the examples: the line of a table, the file of a picture, ..."""
    heading: str
    """What the names are: ``line``, ``file``, ..."""
    left_out: int = 0
    """Rows with missing values, which have no prediction."""


class Source(ABC):
    """How files of one kind become examples."""

    kind: ClassVar[str]

    @abstractmethod
    def read(self, path: str, *, target: bool) -> Examples:
        """The examples in a file, with their targets or without."""

    @abstractmethod
    def as_data(self) -> dict[str, Any]:
        """What JSON keeps."""


@dataclass(frozen=True)
class TableSource(Source):
    """A CSV file whose columns a schema knows."""

    schema: Schema
    delimiter: str = ","
    decimal: str = "."
    header: bool = True
    shape: Shape | None = None
    divide: float = 1.0

    kind = "csv"

    def read(self, path: str, *, target: bool) -> Examples:
        """A row is an example; those with missing values that the schema drops are left out."""
        frame = self.frame(path, target=target)
        kept = complete_rows(frame, self.schema, target) if self.schema.missing == "drop" else range(frame.rows)
        if not len(kept):
            raise DataError(f"{path}: every row has a missing value; there is nothing to predict")
        whole = frame if len(kept) == frame.rows else frame.take(kept)
        lines = [
            whole.where(row, whole.names[0]).rpartition(", column")[0].rpartition(" ")[2] for row in range(whole.rows)
        ]
        return Examples(self.encode(whole, target=target), lines, "line", frame.rows - len(kept))

    def frame(self, path: str, *, target: bool) -> Frame:
        """The table in a file, with the columns that the schema takes; others may hold anything."""
        names = self.columns(path)
        wanted = self.schema.kinds
        if self.schema.target is not None and not target:
            del wanted[self.schema.target.name]
        positions_of(path, names, wanted)
        return read_frame(
            path,
            numbers=[name for name, kind in wanted.items() if kind == "number"],
            text=[name for name, kind in wanted.items() if kind == "text"],
            header=self.header,
            delimiter=self.delimiter,
            decimal=self.decimal,
        )

    def columns(self, path: str) -> list[str]:
        """The names of the columns of a file."""
        with open_text(path) as file:
            return head(path, records_of(path, file, self.delimiter), self.header)[0]

    def encode(self, frame: Frame, *, target: bool) -> Dataset:
        """The examples of a table."""
        try:
            found = self.schema.encode(frame, target=target)
        except DataError as error:  # who reads this has a configuration, and fits no schema
            raise DataError(str(error).replace("fit the schema with", "train with, below [data],")) from error
        if self.shape is None:
            return found
        x, *others = found.tensors()
        shape = self.shape
        return TensorDataset(x.reshape((x.shape[0], *shape)) / self.divide, *others)

    def as_data(self) -> dict[str, Any]:
        """The schema as the JSON text that it makes of itself."""
        return {
            "schema": self.schema.to_json(),
            "delimiter": self.delimiter,
            "decimal": self.decimal,
            "header": self.header,
            "shape": self.shape,
            "divide": self.divide,
        }


def complete_rows(frame: Frame, schema: Schema, target: bool) -> Sequence[int]:
    """The rows of which no value that the schema takes is missing."""
    names = [feature.name for feature in schema.features]
    if target and schema.target is not None:
        names.append(schema.target.name)
    columns = [frame.column(name) for name in names]
    return [row for row in range(frame.rows) if not any(c[row] is None or c[row] != c[row] for c in columns)]


@dataclass(frozen=True)
class SeriesSource(Source):
    """A CSV file with a row for each step: windows of some columns, and what comes after each in one of them."""

    columns: tuple[str, ...]
    target: str
    window: int
    horizon: int
    delimiter: str = ","
    decimal: str = "."
    header: bool | None = None
    missing: str = "error"

    kind = "series"

    def read(self, path: str, *, target: bool) -> Examples:
        """A window is an example, called by the row that is forecast from it; without targets also the last ones."""
        series, dropped = self.series(path)
        rows, ahead = series.shape[0], 0 if target else self.horizon
        if ahead:
            after = from_plain(PlainArray(array("f", bytes(4 * ahead * series.shape[1])), (ahead, series.shape[1])))
            series = series.concat(after.to(series.backend), axis=0)
        windows = self.windows(series)
        first = self.window + self.horizon
        names = [str(first + place) for place in range(len(windows))]
        assert not target or int(names[-1]) == rows
        found = windows if target else TensorDataset(windows.tensors()[0])
        return Examples(found, names, "row", dropped)

    def series(self, path: str) -> tuple[RamTensor, int]:
        """The columns ``(rows, columns)``, the target the last of them, and how many rows were dropped."""
        names: list[str | int] = [*self.columns, *[self.target] * (self.target not in self.columns)]
        if not self.header and self.header is not None:
            names = [int(str(name).removeprefix("c")) for name in names]
        table = read_csv(
            path,
            columns=names,
            header=self.header,
            delimiter=self.delimiter,
            decimal=self.decimal,
            missing=cast(Literal["error", "drop"], self.missing),
            wording=CONFIGURATION,
        )
        return table.tensor(), table.dropped

    def windows(self, series: RamTensor) -> Dataset:
        """The windows over a series, and their targets."""
        place = [*self.columns, self.target].index(self.target)
        found = WindowDataset(series, self.window, horizon=self.horizon, targets=[place])
        if series.shape[1] == len(self.columns):
            return found
        x, y = found.tensors()
        return TensorDataset(x[:, :, : len(self.columns)], y)

    def as_data(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


@dataclass(frozen=True)
class ImageSource(Source):
    """Pictures: in a folder for each class to learn from, and anywhere to predict."""

    classes: tuple[str, ...]
    size: tuple[int, int] | None
    mode: str

    kind = "images"

    def read(self, path: str, *, target: bool) -> Examples:
        """With targets a folder of folders by class; without, a picture or a folder of them."""
        if target:
            folder = self.folder(path)
            labels = {name: self.classes.index(name) for name in folder.classes if name in self.classes}
            strange = [name for name in folder.classes if name not in labels]
            if strange:
                raise DataError(f"{path}: has the folder {strange[0]!r}; the classes are {', '.join(self.classes)}")
            codes = tensor([labels[name] for name in folder.classes], dtype=INT32)
            return Examples(folder.map(lambda x, y: (x, codes.take(y, axis=0))), folder.files, "file")
        files = [path] if os.path.isfile(path) else pictures_in(path)
        return Examples(_Pictures(files, self.size, cast(Mode, self.mode)), files, "file")

    def folder(self, path: str) -> ImageFolder:
        """The pictures by class."""
        return ImageFolder(path, size=self.size, mode=cast(Mode, self.mode), scale=True)

    def as_data(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


def pictures_in(path: str) -> list[str]:
    """The pictures in a folder and in those in it, by name."""
    found = [
        os.path.join(here, name)
        for here, _, names in os.walk(path)
        for name in names
        if name.lower().endswith((".png", ".jpg", ".jpeg")) and not name.startswith(".")
    ]
    if not found:
        raise DataError(f"{path}: no picture (.png, .jpg, .jpeg) is there; name a picture, or a folder of some")
    return sorted(found)


class _Pictures(Dataset):
    """Pictures in files, without labels."""

    def __init__(self, files: Sequence[str], size: tuple[int, int] | None, mode: Mode) -> None:
        self.files, self.size, self.mode = files, size, mode

    def __len__(self) -> int:
        return len(self.files)

    def take(self, indices: Sequence[int], epoch: int = 0) -> tuple[RamTensor, ...]:
        """The pictures at ``indices``."""
        found = [read_image(self.files[i], size=self.size, mode=self.mode, scale=True) for i in indices]
        odd = next((i for i, x in zip(indices, found, strict=True) if x.shape != found[0].shape), None)
        if odd is not None:
            raise DataError(
                f"{self.files[odd]} has another size than {self.files[indices[0]]}; the model takes one size"
            )
        return (found[0].stack(*found[1:], axis=0),)


@dataclass(frozen=True)
class ArraySource(Source):
    """Arrays by name in a file of NumPy or safetensors; ``classes`` are how many where the targets are labels."""

    inputs: str
    target: str
    classes: int | None = None

    kind = "arrays"

    def read(self, path: str, *, target: bool) -> Examples:
        """The first axis is that of the examples."""
        found = read_arrays(path)
        x = self._array(path, found, self.inputs)
        if x.dtype == FLOAT32:
            check_finite(x, f"{path}, {self.inputs}")
        parts = [x]
        if target:
            y = self._array(path, found, self.target)
            if self.classes is not None:
                check_labels(y, self.classes, f"{path}, {self.target}")
            else:
                y = y.astype(dtype=FLOAT32).reshape((y.shape[0], 1)) if y.ndim == 1 else y.astype(dtype=FLOAT32)
                check_finite(y, f"{path}, {self.target}")
            parts.append(y)
        return Examples(TensorDataset(*parts), list(map(str, range(x.shape[0]))), "example")

    @staticmethod
    def _array(path: str, found: dict[str, RamTensor], name: str) -> RamTensor:
        if name not in found:
            raise DataError(f"{path}: there is no array {name!r}; it has {', '.join(map(repr, found))}")
        if not found[name].ndim:
            raise DataError(f"{path}: the array {name!r} has no axis; along the first are the examples")
        return found[name]

    def as_data(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


def source_of(data: Any) -> Source:
    """The source that ``{"kind": ..., **source.as_data()}`` describes.

    Raises :class:`ValueError`, :class:`KeyError` or :class:`TypeError` for anything else.
    """
    fields = dict(data)
    kind = fields.pop("kind")
    for name, value in fields.items():
        if isinstance(value, list):
            fields[name] = tuple(value)
    for name, kinds in FORMS.items():
        if name in fields and not isinstance(fields[name], kinds):
            raise TypeError(f"{name} is {fields[name]!r:.40}")
    match kind:
        case "csv":
            return TableSource(**(fields | {"schema": Schema.from_json(fields["schema"])}))
        case "series":
            found = SeriesSource(**fields)
            if found.window < 1 or found.horizon < 1 or not found.columns or found.missing not in ("error", "drop"):
                raise ValueError(f"window {found.window}, horizon {found.horizon}, missing {found.missing!r:.40}")
            return found
        case "images":
            if fields["mode"] not in CHANNELS:
                raise ValueError(f"mode {fields['mode']!r:.40}")
            return ImageSource(**fields)
        case "arrays":
            return ArraySource(**fields)
    raise ValueError(f"there is no kind of data {kind!r:.40}")


FORMS: dict[str, Any] = {
    "schema": str,
    "delimiter": str,
    "decimal": str,
    "header": bool | None,
    "shape": tuple | None,
    "divide": int | float,
    "columns": tuple,
    "target": str,
    "window": int,
    "horizon": int,
    "missing": str,
    "size": tuple | None,
    "mode": str,
    "inputs": str,
}
"""The types of the fields of all sources; ``classes`` differ."""
