"""The examples that a configuration names: read, and divided into those to learn from, to validate and to test."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any, cast

from rcmlrs_core.config.read import Config, exact_number, meant
from rcmlrs_core.data.arrays import read_arrays
from rcmlrs_core.data.csv import PYTHON, better_delimiter, is_delimiter
from rcmlrs_core.data.dataset import Dataset, TensorDataset, split
from rcmlrs_core.data.frame import Frame, read_frame
from rcmlrs_core.data.schema import Schema
from rcmlrs_core.data.shipped import path_of
from rcmlrs_core.errors import DataError
from rcmlrs_core.numerics.decimal_text import shown
from rcmlrs_core.plain import INT32, Shape
from rcmlrs_core.train.measures import CLASSIFICATION, REGRESSION
from rcmlrs_core.train.sources import ArraySource, ImageSource, SeriesSource, Source, TableSource, complete_rows

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " ", "\\t": "\t"}
"""Words for delimiters: a shell takes some of the characters for its own."""
DECIMALS = {"point": ".", "comma": ","}
TINY_SHARE = Fraction(1, 1 << 40)
"""Sums of decimals in binary are off by less."""
FEW_VALUES = 10
"""A column of so few whole numbers may be one of classes."""


@dataclass
class Parts:
    """The examples, with targets in their own unit."""

    source: Source
    training: Dataset
    validation: Dataset | None
    test: Dataset | None
    task: str
    target: str
    classes: tuple[str, ...] | None
    outputs: int
    about: list[str] = field(default_factory=list)
    """What a person should know of them."""


class Division:
    """Reads what ``[data]`` says."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.kind: str = config.get("data", "kind", "csv")
        config.check_kind("data", self.kind)

    def parts(self) -> Parts:
        """The examples, read and divided."""
        config = self.config
        if self.kind == "digits":
            for name in ("path", "target", "task"):
                if config.given("data", name):
                    raise config.error(("data", name), "digits is the shipped set, which has its own; leave it out")
            return self.table(os.fspath(path_of("digits")), "label", classes=True, shape=(1, 8, 8), divide=16.0)
        path = config.path("data", "path")
        if path is None:
            raise config.error(("data",), "path is missing: the file to learn from")
        if not path.exists():
            raise config.error(("data", "path"), f"{path}: there is no such file or folder")
        self.numbers(("data", "divide"), above=0)
        source = os.fspath(path)
        if self.kind == "images":
            return self.images(source)
        if self.kind == "arrays":
            return self.arrays(source)
        if self.kind == "series":
            return self.series(source)
        target = config.get("data", "target")
        if target is None:
            raise config.error(("data",), f"target is missing: the column of {path.name} to predict")
        task = config.get("data", "task")
        shape = config.get("data", "shape")
        return self.table(
            source,
            target,
            classes=None if task is None else task == CLASSIFICATION,
            shape=None if shape is None else tuple(shape),
            divide=config.get("data", "divide", 1.0),
        )

    def numbers(self, path: tuple[str, str], above: float) -> None:
        """Refuse a number that is not above another."""
        value = self.config.get(*path)
        if value is not None and value <= above:
            raise self.config.error(path, f"{value} is out of range; it is above {above}")

    def shares(self) -> list[Fraction]:
        """Of training, validation and test; of those two 0 where there is none."""
        config = self.config
        self.numbers(("data", "train_share"), above=0)
        train = Fraction(config.get("data", "train_share", exact_number("0.8")))
        if train > 1:
            raise config.error(("data", "train_share"), f"{float(train)} is out of range; it is at most 1")
        given = config.get("data", "validation_share")
        validation = 1 - train if given is None else Fraction(given)
        test = 1 - train - validation
        if test < -TINY_SHARE:
            key = "validation_share" if config.given("data", "validation_share") else "train_share"
            raise config.error(
                ("data", key), f"the shares add up to {float(train + validation):g}, which is more than 1"
            )
        return [train, validation, test if test > TINY_SHARE else Fraction(0)]

    def divided(self, divide: Callable[[list[Fraction]], Sequence[Any]]) -> list[Any]:
        """Training, validation and test, None where there is none; ``divide`` takes the shares of those there are."""
        shares = self.shares()
        there = [share for share in shares if share]
        there[-1] = 1 - sum(there[:-1], Fraction(0))
        found = iter([None] if len(there) == 1 else divide(there))
        return [next(found) if share else None for share in shares]

    def split(self, dataset: Dataset, *, shuffle: bool, stratify: Any = None) -> list[Any]:
        """A data set in its parts."""
        seed = self.config.get("data", "seed", 0)
        parts = self.divided(lambda s: split(dataset, s, shuffle=shuffle, seed=seed, stratify=stratify))
        return [parts[0] or dataset, *parts[1:]]

    def text(self, key: str, words: Mapping[str, str]) -> str:
        """A delimiter or a decimal sign, for which there are words."""
        found: str = self.config.get("data", key, next(iter(words)))
        sign = words.get(found, found)
        if key == "decimal" and sign not in words.values():
            raise self.config.error(("data", key), f"found {found!r}; it is {' or '.join(words)}")
        if key == "delimiter" and not is_delimiter(sign):
            raise self.config.error(
                ("data", key), f"found {found!r}; it is {', '.join(words)}, or one character that is in no number"
            )
        return sign

    def columns(self, path: str, names: Sequence[str], key: str) -> list[str]:
        """The columns that a list in the configuration names, each of which is there."""
        chosen: list[str] = self.config.get("data", key, [])
        for place, name in enumerate(chosen):
            if name not in names:
                raise self.config.error(
                    ("data", key, place), f"there is no column {name!r} in {os.path.basename(path)}{meant(name, names)}"
                )
        return chosen

    def table(self, path: str, target: str, *, classes: bool | None, shape: Shape | None, divide: float) -> Parts:
        """A CSV file with columns of numbers and of text."""
        config = self.config
        delimiter, decimal = self.text("delimiter", DELIMITERS), self.text("decimal", DECIMALS)
        header = config.get("data", "header", True)
        names = read_frame(path, header=header, delimiter=delimiter, decimal=decimal, max_rows=1).names
        if target not in names:
            hint = better_delimiter(delimiter, PYTHON, names[0]) if len(names) == 1 else None
            problem = f"there is no column {target!r} in {os.path.basename(path)}{meant(target, names)}"
            raise config.error(("data", "target"), f"{problem}; {hint}" if hint else problem)
        frame = read_frame(
            path,
            numbers=self.columns(path, names, "numbers"),
            text=self.columns(path, names, "categories"),
            header=header,
            delimiter=delimiter,
            decimal=decimal,
        )
        about = []
        ignore = self.columns(path, names, "ignore")
        if target in ignore:
            raise config.error(("data", "ignore"), f"the target, {target!r}, cannot be ignored")
        is_text = frame.kind(target) == "text"
        if classes is False and is_text:
            raise config.error(
                ("data", "task"), f"the column {target!r} holds text, which only classification can predict"
            )
        by_class = is_text if classes is None else classes
        if classes is None and not by_class:
            values = [value for value in frame.column(target) if value is not None and value == value]
            whole = {value for value in values if float(value).is_integer()}
            if len(whole) <= FEW_VALUES and all(value in whole for value in values):
                about.append(
                    f'{target!r} takes {len(whole)} whole values; task = "classification" below [data] would take them '
                    "for classes, and not for a measure."
                )
        missing = config.get("data", "missing", "error")
        how = {"target": target, "classes": classes, "ignore": ignore, "missing": missing}
        how["unknown"] = config.get("data", "unknown", "error")
        if missing == "drop":
            kept = complete_rows(frame, Schema.fit(frame, **how), True)
            if len(kept) < frame.rows:
                about.append(f"{frame.rows - len(kept)} of {frame.rows} rows have missing values and are left out.")
                if not kept:
                    raise DataError(f"{path}: every row has a missing value; choose another missing below [data]")
                frame = frame.take(kept)
        shuffle, stratify = config.get("data", "shuffle", True), config.get("data", "stratify")
        by_share = by_class if stratify is None else stratify
        if stratify and not shuffle:
            raise config.error(
                ("data", "stratify"), "chooses examples by class, so shuffle = false cannot keep them so"
            )
        frames = self.divided(
            lambda s: frame.split(
                s,
                shuffle=shuffle,
                seed=config.get("data", "seed", 0),
                stratify=target if by_share and shuffle else None,
            )
        )
        training: Frame = frames[0] or frame
        try:
            schema = Schema.fit(training, **how)
        except DataError as error:
            if shown(target) in str(error):
                raise config.error(("data", "target"), str(error)) from error
            raise  # it is about another column
        if schema.passed_over:
            about.append(f"Columns that are passed over: {', '.join(schema.passed_over)}.")
        if shape is not None and len(schema.names) != prod(shape):
            raise config.error(
                ("data", "shape"), f"{list(shape)} has {prod(shape)} places, and there are {len(schema.names)} columns"
            )
        source = TableSource(schema, delimiter, decimal, header, shape, divide)
        found = [source.encode(part, target=True) if part is not None else None for part in (training, *frames[1:])]
        assert schema.target is not None
        names_of = schema.target.classes
        return Parts(
            source, cast(Dataset, found[0]), found[1], found[2],
            REGRESSION if names_of is None else CLASSIFICATION, target, names_of, len(names_of or "1"), about,
        )  # fmt: skip

    def series(self, path: str) -> Parts:
        """A CSV file with a row for each step."""
        config = self.config
        delimiter, decimal = self.text("delimiter", DELIMITERS), self.text("decimal", DECIMALS)
        header = config.get("data", "header")
        missing = config.get("data", "missing", "error")
        if missing not in ("error", "drop"):
            raise config.error(("data", "missing"), f"{missing!r}: in a series it is error or drop")
        if config.get("data", "task") == CLASSIFICATION:
            raise config.error(("data", "task"), "a series is forecast by regression")
        if config.get("data", "shuffle"):
            raise config.error(("data", "shuffle"), "the latest windows of a series are its validation; leave it out")
        names = read_frame(path, header=header is not False, delimiter=delimiter, decimal=decimal, max_rows=1).names
        target = config.get("data", "target", names[-1])
        if target not in names:
            raise config.error(
                ("data", "target"), f"there is no column {target!r} in {os.path.basename(path)}{meant(target, names)}"
            )
        columns = tuple(self.columns(path, names, "columns")) or (target,)
        source = SeriesSource(
            columns, target, config.get("data", "window", 12), config.get("data", "horizon", 1), delimiter, decimal,
            header, missing,
        )  # fmt: skip
        values, dropped = source.series(path)
        about = [f"{dropped} rows without a value are left out; the gaps are closed."] if dropped else []
        parts = self.split(source.windows(values), shuffle=False)
        return Parts(source, *_held(parts), REGRESSION, target, None, 1, about)

    def images(self, path: str) -> Parts:
        """Pictures in folders by class."""
        config = self.config
        if config.get("data", "task") == REGRESSION:
            raise config.error(("data", "task"), "pictures in folders by class are classified")
        size = config.get("data", "size")
        if size is not None and len(size) != 2:
            raise config.error(("data", "size"), f"{size}: it is [height, width]")
        source = ImageSource((), None if size is None else tuple(size), config.get("data", "mode", "RGB"))
        folder = source.folder(path)
        source = ImageSource(folder.classes, source.size, source.mode)
        shuffle = config.get("data", "shuffle", True)
        labels = folder.labels if shuffle and config.get("data", "stratify", True) else None
        parts = self.split(folder, shuffle=shuffle, stratify=labels)
        return Parts(source, parts[0], parts[1], parts[2], CLASSIFICATION, "class", folder.classes, len(folder.classes))

    def arrays(self, path: str) -> Parts:
        """Arrays in a file."""
        config = self.config
        names = {"inputs": config.get("data", "inputs", "x"), "target": config.get("data", "target", "y")}
        found = read_arrays(path)
        for key, name in names.items():
            if name not in found:
                raise config.error(
                    ("data", key), f"there is no array {name!r} in {os.path.basename(path)}{meant(name, found)}"
                )
        y = found[names["target"]]
        task = config.get("data", "task") or (CLASSIFICATION if y.dtype == INT32 and y.ndim == 1 else REGRESSION)
        if task == CLASSIFICATION and (y.dtype != INT32 or y.ndim != 1):
            raise config.error(
                ("data", "task"), f"classes are integers of shape (n,), and {names['target']} is {y.dtype} of {y.shape}"
            )
        classes = 1 + max(y.tolist()) if task == CLASSIFICATION else None
        source = ArraySource(names["inputs"], names["target"], classes)
        dataset = source.read(path, target=True).dataset
        shuffle = config.get("data", "shuffle", True)
        by_class = task == CLASSIFICATION and shuffle and config.get("data", "stratify", True)
        parts = self.split(dataset, shuffle=shuffle, stratify=y if by_class else None)
        outputs = classes or prod(dataset.take([0])[1].shape[1:])
        named = None if classes is None else tuple(map(str, range(classes)))
        return Parts(source, *_held(parts), task, names["target"], named, outputs)


@contextmanager
def told(config: Config, section: str, key: str) -> Iterator[None]:
    """An error about the data inside is also one about this line of the configuration, if it says something."""
    try:
        yield
    except DataError as error:
        if not config.given(section, key):
            raise
        raise config.error((section, key), str(error)) from error


def _held(parts: Sequence[Any]) -> tuple[Any, Any, Any]:
    """Training, validation and test in the memory."""
    training, validation, test = (None if part is None else TensorDataset(*part.tensors()) for part in parts)
    return training, validation, test
