"""``Schema``: how columns of numbers and of text become tensors. Fitted on the training part, applied to all others,
and kept with the model as JSON.
"""

import json
import math
import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rcmlrs_core.creation import from_bytes, from_plain
from rcmlrs_core.data.csv import WITH_COMMA
from rcmlrs_core.data.dataset import TensorDataset
from rcmlrs_core.data.frame import Frame, Kind
from rcmlrs_core.data.table import little_endian
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.numerics.decimal_text import shown
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.tensor import RamTensor

Missing = Literal["error", "nan", "mean", "drop"] | float
Unknown = Literal["error", "reserve"]

FORMAT = "rcmlrs schema 1"
MOST_CATEGORIES = 100
"""More different texts than this are rather names or remarks than categories, unless one says otherwise."""

_TIME = r"([T ]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|[AaPp][Mm]|[+-]\d{2}:?\d{2})?)?"
_DATE = re.compile(rf"(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](\d{{4}}|\d{{2}})){_TIME}")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?")


@dataclass(frozen=True)
class Feature:
    """A column that is taken: of numbers, with what stands for a missing one; or of text, with its categories."""

    name: str
    categories: tuple[str, ...] | None = None
    fill: float | None = None


@dataclass(frozen=True)
class Target:
    """The column to predict: numbers, or the classes that it names, in the order of their labels."""

    name: str
    classes: tuple[str, ...] | None = None
    counted: bool = False
    """Whether the classes are whole numbers."""


@dataclass(frozen=True)
class Schema:
    """What ``Schema.fit`` found. ``encode`` makes a data set of a frame; ``to_json`` and ``from_json`` keep it."""

    features: tuple[Feature, ...]
    target: Target | None
    passed_over: tuple[str, ...]
    """Columns that are not taken: those that one chose to ignore, and dates."""
    one_hot: bool
    missing: Missing
    unknown: Unknown

    @classmethod
    def fit(
        cls,
        frame: Frame,
        *,
        target: str | None = None,
        classes: bool | None = None,
        ignore: Iterable[str] = (),
        one_hot: bool = True,
        missing: Missing = "error",
        unknown: Unknown = "error",
        most_categories: int = MOST_CATEGORIES,
    ) -> "Schema":
        """The schema of a frame, which should be the training part alone.

        A column of numbers is one feature. A column of text has categories: its different texts, ordered by code
        point. Columns of dates or times of the day are passed over.

        Args:
            frame: the training part.
            target: the column to predict.
            classes: whether the target names classes; by default it does if it is text. Classes are ordered by code
                point, or if they are whole numbers by value.
            ignore: columns to pass over.
            one_hot: whether a category becomes one feature for each, 1 where it is that and 0 elsewhere; else
                categories become int32 codes in a tensor of their own, as ``nn.Embedding`` takes them.
            missing: a missing number is an ``"error"``, stays ``"nan"``, becomes the ``"mean"`` of the column (RN of
                the exact mean of the training part) or a number that is given; ``"drop"`` leaves out its row. A
                missing text is an error, or its row is dropped, or it counts as unknown.
            unknown: a category that the training part did not have is an ``"error"``, or has a code in ``"reserve"``:
                the one behind all others, or no 1 at all.
            most_categories: a column with more is refused.

        Raises:
            DataError: a column that is not there; text with too many categories; a target with missing values.
        """
        if missing not in ("error", "nan", "mean", "drop") and not _is_finite(missing):
            raise DataError(f'missing={missing!r}: it is "error", "nan", "mean", "drop" or a finite number')
        if unknown not in ("error", "reserve"):
            raise DataError(f'unknown={unknown!r}: it is "error" or "reserve"')
        if isinstance(ignore, str):
            raise DataError(f"ignore={ignore!r}: it is a list of names; write ignore=[{ignore!r}]")
        passed_over = []
        for name in ignore:
            frame.column(name)  # which refuses a name that is not there
            passed_over.append(name)
        features = []
        for name in frame.names:
            if name == target or name in passed_over:
                continue
            values = frame.column(name)
            if isinstance(values, array):
                features.append(Feature(name, fill=_fill(values, missing)))
                continue
            texts = [text for text in values if text is not None]
            if not texts or all(map(_is_date, texts)):
                passed_over.append(name)
                continue
            features.append(Feature(name, _categories(frame, name, values, most_categories)))
        if not features:
            raise DataError(
                f"{frame.source}: no column is left to learn from; passed over are {passed_over}. A series, which is "
                'forecast from its own past, is kind = "series" of a configuration, and data.Windows'
            )
        found = None if target is None else _target(frame, target, classes)
        return cls(tuple(features), found, tuple(passed_over), one_hot, missing, unknown)

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns of x are called: ``age``, ``colour=red``."""
        found: list[str] = []
        for feature in self.features:
            if feature.categories is None:
                found.append(feature.name)
            elif self.one_hot:
                found += [f"{feature.name}={category}" for category in feature.categories]
        return tuple(found)

    @property
    def classes(self) -> tuple[str, ...]:
        """What the classes of the target are called, in the order of their labels; none where it is a number."""
        return () if self.target is None else self.target.classes or ()

    @property
    def codes(self) -> dict[str, int]:
        """The columns of codes and how many there are of each: what ``nn.Embedding`` takes; none where one-hot."""
        if self.one_hot:
            return {}
        reserve = self._reserves
        return {f.name: len(f.categories) + reserve for f in self.features if f.categories is not None}

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column must hold, for ``read_frame``."""
        found: dict[str, Kind] = {f.name: "number" if f.categories is None else "text" for f in self.features}
        if self.target is not None:
            numeric = self.target.classes is None or self.target.counted
            found[self.target.name] = "number" if numeric else "text"
        return found

    @property
    def _reserves(self) -> bool:
        return self.unknown == "reserve" or self.missing not in ("error", "drop")

    def encode(self, frame: Frame, *, target: bool | None = None, backend: str | None = None) -> TensorDataset:
        """The data set of a frame: ``(x, y)``; with codes ``(x, codes, y)``, without x where there are no numbers.

        x is float32 ``(n, len(names))`` and codes int32 ``(n, len(codes))``. y is float32 ``(n, 1)``, or for classes
        int32 ``(n,)``; ``target=False`` leaves it out, which is the default where the frame has no such column.

        Raises:
            DataError: a column is missing or holds something else than in the training part; a missing value or an
                unknown category where ``missing`` or ``unknown`` is "error". It says file, line, column and what to do.
        """
        if target is None:
            target = self.target is not None and self.target.name in frame.names
        if target and self.target is None:
            raise DataError("encode: the schema was fitted without a target; fit it with target=...")
        if self.missing == "drop":
            frame = self._without_gaps(frame, target)
        wide: list[array[float]] = []
        codes: list[array[int]] = []
        for feature in self.features:
            if feature.categories is None:
                wide.append(self._numbers(frame, feature))
            elif self.one_hot:
                chosen = self._codes(frame, feature.name, feature.categories)
                wide += [array("f", [code == at for code in chosen]) for at in range(len(feature.categories))]
            else:
                codes.append(self._codes(frame, feature.name, feature.categories))
        parts: list[RamTensor] = []
        if wide:
            parts.append(_interleaved("f", wide, frame.rows, backend))
        if codes:
            parts.append(_interleaved("i", codes, frame.rows, backend))
        if target and self.target is not None:
            parts.append(self._y(frame, self.target, backend))
        return TensorDataset(*parts)

    def _without_gaps(self, frame: Frame, target: bool) -> Frame:
        names = [feature.name for feature in self.features]
        if target and self.target is not None:
            names.append(self.target.name)
        columns = [frame.column(name) for name in names]
        kept = [row for row in range(frame.rows) if not any(_is_gap(values[row]) for values in columns)]
        if not kept:
            raise DataError(f"{frame.source}: each row has a missing value and was dropped; choose another missing=...")
        return frame.take(kept)

    def _numbers(self, frame: Frame, feature: Feature) -> "array[float]":
        values = frame.column(feature.name)
        if not isinstance(values, array):
            raise _other_kind(frame, feature.name, "numbers")
        if not any(map(math.isnan, values)):
            return values
        if feature.fill is not None:
            fill = feature.fill
            return array("f", [fill if value != value else value for value in values])
        if self.missing == "nan":
            return values
        row = next(row for row, value in enumerate(values) if value != value)
        raise DataError(
            f"{frame.where(row, feature.name)}: the value is missing, expected a number; fit the schema with "
            'missing="mean", a number, "nan" or "drop"'
        )

    def _codes(self, frame: Frame, name: str, categories: tuple[str, ...]) -> "array[int]":
        values = frame.column(name)
        if isinstance(values, array):
            if all(map(math.isnan, values)):
                values = [None] * len(values)
            else:
                raise _other_kind(frame, name, "text")
        codes: dict[str | None, int] = {category: code for code, category in enumerate(categories)}
        if self.missing not in ("error", "drop"):
            codes[None] = len(categories)
        found = array("i")
        for row, value in enumerate(values):
            code = codes.get(value, -1)
            if code < 0:
                if value is None or self.unknown == "error":
                    raise self._unknown(frame, row, name, value, categories)
                code = len(categories)
            found.append(code)
        return found

    def _unknown(self, frame: Frame, row: int, name: str, value: str | None, categories: Sequence[str]) -> DataError:
        known = ", ".join(map(shown, categories[:8])) + (", ..." if len(categories) > 8 else "")
        if value is None:
            found, hint = "the value is missing", 'fit the schema with missing="drop", or another than "error"'
        else:
            found, hint = f"found {shown(value)}", 'mend it, or fit the schema with unknown="reserve"'
        return DataError(f"{frame.where(row, name)}: {found}, expected one of {known}; {hint}")

    def _y(self, frame: Frame, target: Target, backend: str | None) -> RamTensor:
        values = frame.column(target.name)
        gap = next((row for row, value in enumerate(values) if _is_gap(value)), None)
        if gap is not None:
            raise DataError(
                f"{frame.where(gap, target.name)}: the target is missing; give every row one, or drop such rows by "
                'missing="drop"'
            )
        if target.classes is None:
            if not isinstance(values, array):
                raise _other_kind(frame, target.name, "numbers")
            return from_bytes(little_endian(values), (frame.rows, 1), backend)
        labels = {name: label for label, name in enumerate(target.classes)}
        found = array("i")
        for row, value in enumerate(values):
            label = labels.get(_class_name(value) or "", -1)
            if label < 0:
                known = ", ".join(map(shown, target.classes[:8])) + (", ..." if len(target.classes) > 8 else "")
                raise DataError(
                    f"{frame.where(row, target.name)}: found {shown(str(value))}, expected a class of the training "
                    f"part: {known}; mend it, or fit the schema on data that have it"
                )
            found.append(label)
        return from_plain(PlainArray(found, (frame.rows,)), backend)

    # ------------------------------------------------------------------------------------------------- JSON

    def to_json(self) -> str:
        """As text, such as for the metadata of a model's file: ``metadata={"schema": schema.to_json()}``."""
        target = self.target
        return json.dumps(
            {
                "format": FORMAT,
                "features": [
                    {"name": f.name, "fill": f.fill}
                    if f.categories is None
                    else {"name": f.name, "categories": list(f.categories)}
                    for f in self.features
                ],
                "target": None
                if target is None
                else {
                    "name": target.name,
                    "classes": None if target.classes is None else list(target.classes),
                    "counted": target.counted,
                },
                "passed_over": list(self.passed_over),
                "one_hot": self.one_hot,
                "missing": self.missing,
                "unknown": self.unknown,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "Schema":
        """The schema that ``to_json`` wrote.

        Raises:
            FileFormatError: anything else.
        """
        try:
            return cls._of(json.loads(text))
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            raise FileFormatError(
                f"expected a schema of the format {FORMAT!r} as Schema.to_json writes it, found {shown(str(text))}; "
                "fit it again"
            ) from None

    @classmethod
    def _of(cls, found: Any) -> "Schema":
        features = []
        for entry in found["features"]:
            if "categories" in entry:
                features.append(Feature(_text(entry["name"]), _texts(entry["categories"])))
            else:
                fill = entry["fill"]
                features.append(Feature(_text(entry["name"]), fill=None if fill is None else _number(fill)))
        target = found["target"]
        if target is not None:
            classes = target["classes"]
            counted = target["counted"]
            if not isinstance(counted, bool):
                raise TypeError
            target = Target(_text(target["name"]), None if classes is None else _texts(classes), counted)
        missing, unknown, one_hot = found["missing"], found["unknown"], found["one_hot"]
        if missing not in ("error", "nan", "mean", "drop"):
            _number(missing)
        if found["format"] != FORMAT or unknown not in ("error", "reserve") or not isinstance(one_hot, bool):
            raise ValueError
        _distinct([each.name for each in (*features, *([] if target is None else [target]))])
        return cls(tuple(features), target, _texts(found["passed_over"]), one_hot, missing, unknown)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError
    return _distinct([_text(value) for value in values])


def _distinct(texts: list[str]) -> tuple[str, ...]:
    """Of two that are equal, one would never be found."""
    if len(set(texts)) < len(texts):
        raise ValueError
    return tuple(texts)


def _number(value: Any) -> float:
    if not _is_finite(value):
        raise TypeError
    return round_number(value)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_gap(value: float | str | None) -> bool:
    return value is None or value != value


def _is_date(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (_DATE, _MONTH, _CLOCK))


def _fill(values: "array[float]", missing: Missing) -> float | None:
    """What stands for a missing number of this column."""
    if missing == "mean":
        present = array("f", [value for value in values if value == value])
        mean: float = from_plain(PlainArray(present, (len(present),))).mean().item()
        return mean
    return None if isinstance(missing, str) else round_number(missing)


def _categories(frame: Frame, name: str, values: Sequence[str | None], most: int) -> tuple[str, ...]:
    categories = {text for text in values if text is not None}
    if len(categories) > most:
        row = next(row for row, text in enumerate(values) if text is not None)
        raise DataError(
            f"{frame.where(row, name)}: {shown(str(values[row]))} is one of {len(categories)} different texts, and "
            f"{most} categories are the most; pass ignore=[{name!r}] or most_categories=..., or if it should hold "
            + (
                "numbers with the comma as the decimal sign, decimal=','"
                if all(map(WITH_COMMA.fullmatch, categories))
                else f"numbers, numbers=[{name!r}] shows what is none"
            )
        )
    return tuple(sorted(categories))


def _target(frame: Frame, name: str, classes: bool | None) -> Target:
    values = frame.column(name)
    if classes is None:
        classes = not isinstance(values, array)
    if not classes:
        if not isinstance(values, array):
            raise _other_kind(frame, name, "numbers")
        return Target(name)
    for row, value in enumerate(values):
        if not _is_gap(value) and _class_name(value) is None:
            raise DataError(
                f"{frame.where(row, name)}: found {value!r}, expected a class, which is text or a whole number; pass "
                "classes=False to predict a measurement"
            )
    names = {_class_name(value) or "" for value in values if not _is_gap(value)}
    counted = isinstance(values, array)
    order: Callable[[str], Any] = int if counted else str
    return Target(name, tuple(sorted(names, key=order)), counted)


def _class_name(value: float | str | None) -> str | None:
    """A class as text; None for a number that is not whole."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return value


def _other_kind(frame: Frame, name: str, wanted: str) -> DataError:
    other = "text" if wanted == "numbers" else "numbers"
    argument = f"{wanted}=[{name!r}]"
    return DataError(
        f"{frame.source}, column {frame.names.index(name) + 1} ({shown(name)}): found {other}, expected {wanted}; read "
        f"it with read_frame(..., {argument})" + (", which shows what is no number" if wanted == "numbers" else "")
    )


def _interleaved(code: str, columns: "Sequence[array[Any]]", rows: int, backend: str | None) -> RamTensor:
    """The tensor of these columns, row-major."""
    flat: array[Any] = array(code, bytes(4 * rows * len(columns)))
    for place, values in enumerate(columns):
        flat[place :: len(columns)] = values
    return from_plain(PlainArray(flat, (rows, len(columns))), backend)
