"""``read_config``: a TOML file to a ``Config``, in which every key is known and every value of its form.

A number is its exact decimal value when it is rounded to binary32 (contract N6), not that of binary64 in between.
"""

import math
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

from rcmlrs_core.config.keys import BOOL, INT, INTS, NUMBER, SECTIONS, TABLE, TABLES, TEXT, TEXTS, Key
from rcmlrs_core.config.lines import Path, lines_of
from rcmlrs_core.errors import ConfigError
from rcmlrs_core.numerics.decimal_text import round_decimal, shown
from rcmlrs_core.numerics.formats import round_number

LARGEST_FILE = 1 << 20
"""In bytes. Nobody writes more by hand."""


def exact_number(text: str) -> float:
    """The binary64 number nearest to a decimal, unless rounding that to binary32 were a second rounding: then the
    binary32 number nearest to the decimal. So it is as Python has it, and as a tensor's element RN of the decimal (N6).
    """
    plain = text.replace("_", "")
    value = float(plain)
    if not math.isfinite(value):
        return value
    once = round_decimal(plain)
    return value if round_number(value) == once else once


@dataclass(frozen=True)
class Option:
    """A value that an option of the command gave in the place of the file's: ``Option("--epochs", 3)``."""

    name: str
    value: Any


@dataclass(frozen=True)
class Config:
    """The values of a configuration, by section and key, and where they stand."""

    source: str
    """The file as errors name it; the empty string where there is none."""
    folder: FilePath
    values: dict[str, dict[str, Any]]
    lines: dict[Path, int] = field(repr=False)
    options: dict[Path, str] = field(default_factory=dict, repr=False)
    """The options that gave a value, by path."""

    def get(self, section: str, key: str, default: Any = None) -> Any:
        """A value, or what stands for it where it was not given."""
        return self.values.get(section, {}).get(key, default)

    def given(self, section: str, key: str) -> bool:
        """Whether a value was given."""
        return key in self.values.get(section, {})

    def path(self, section: str, key: str) -> FilePath | None:
        """A file that a value names: of the configuration's from its folder on, of an option's from here on."""
        name = self.get(section, key)
        return None if name is None else self.located((section, key), name)

    def located(self, path: Path, name: str) -> FilePath:
        """The file called ``name`` by the value at ``path``."""
        if not name:
            raise self.error(path, "the name of the file is empty")
        return FilePath(name) if path[:2] in self.options else self.folder / name

    def check_kind(self, section: str, kind: str) -> None:
        """Refuse the keys of a section that are for other kinds than this one."""
        for name in self.values.get(section, {}):
            key = SECTIONS[section].keys.get(name)
            if key is not None and key.of and kind not in key.of:
                raise self.error((section, name), f"is for the kinds {', '.join(key.of)}, and this is {kind}")

    def error(self, path: Path, problem: str) -> ConfigError:
        """An error about the value at ``path``: file, line, key and problem."""
        return ConfigError(
            f"{self.where(path)}: {dotted(path)}: {problem}" if path else f"{self.where(path)}: {problem}"
        )

    def where(self, path: Path) -> str:
        """The option, or file and line, that says what stands at ``path``, or the nearest thing around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.options:
                return self.options[path[:end]]
            if path[:end] in self.lines:
                return f"{self.source}, line {self.lines[path[:end]]}"
        return self.source or "rcmlrs train"


def dotted(path: Path) -> str:
    """A path as TOML writes it, with places in brackets from 0."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def meant(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name."""
    names = list(known)
    close = get_close_matches(name.lower(), [each.lower() for each in names], 1)
    found = next((each for each in names if each.lower() == close[0]), None) if close else None
    return f"; did you mean {found!r}?" if found else f"; there are {', '.join(names)}"


def read_config(path: str | os.PathLike[str], options: Mapping[tuple[str, ...], Option] | None = None) -> Config:
    """The configuration in a TOML file; ``options`` by path (section, key, ...) stand in the place of its values.

    Raises:
        ConfigError: no such file; what is no TOML; an unknown section or key, and a value of another form, with file
            and line.
    """
    source = os.fspath(path)
    try:
        if os.path.isfile(source) and os.path.getsize(source) > LARGEST_FILE:
            raise ConfigError(f"{source}: has more than {LARGEST_FILE} bytes; a configuration is a page of text")
        text = FilePath(source).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{source} is no text in UTF-8; a configuration is a TOML file") from None
    except FileNotFoundError:
        raise ConfigError(f"{source}: no such file; check the path (the working folder is {os.getcwd()})") from None
    except OSError as error:
        raise ConfigError(f"{source} cannot be read: {error.strerror}") from None
    try:
        values = tomllib.loads(text, parse_float=exact_number)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problem, _, place = str(error).rpartition(" (at ")
        line = place.removeprefix("line ").partition(",")[0]
        if line == "end of document)":
            line = str(text.rstrip("\n").count("\n") + 1)
        where = f"{source}, line {line}" if line.isdigit() else source
        raise ConfigError(f"{where}: {problem or error}; this is no TOML") from None
    return _checked(
        Config(source, FilePath(source).parent, values, lines_of(text.replace("\r\n", "\n"))), options or {}
    )


def of_options(options: Mapping[tuple[str, ...], Option]) -> Config:
    """The configuration that options alone make."""
    return _checked(Config("", FilePath(), {}, {}), options)


def _checked(config: Config, options: Mapping[tuple[str, ...], Option]) -> Config:
    for section, values in config.values.items():
        if section not in SECTIONS:
            raise config.error((section,), _stray(section))
        if not isinstance(values, dict):
            raise config.error((section,), f"is a section, [{section}], found {_found(values)}")
    for path, option in options.items():
        table: dict[str, Any] = config.values
        for part in path[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{option.name}: {dotted(path)} cannot be set: {part} is no table")
        table[path[-1]] = option.value
        config.options[path] = option.name
        if path[0] not in SECTIONS:
            raise config.error(path, _stray(path[0]))
    for section, values in config.values.items():
        known = SECTIONS[section]
        for name, value in values.items():
            if name in known.keys:
                _check(config, (section, name), value, known.keys[name])
            elif not known.open:
                raise config.error((section, name), f"there is no key {name!r}{_other_home(section, name)}")
    return config


def _stray(name: str) -> str:
    """What is wrong with something outside of all sections."""
    homes = [section for section, known in SECTIONS.items() if name in known.keys]
    if homes:
        return f"stands outside of all sections; it belongs below [{homes[0]}]"
    return f"there is no section {name!r}{meant(name, SECTIONS)}"


def _other_home(section: str, name: str) -> str:
    homes = [other for other, known in SECTIONS.items() if name in known.keys]
    return f"; it belongs below [{homes[0]}]" if homes else meant(name, SECTIONS[section].keys)


def _check(config: Config, path: Path, value: Any, key: Key) -> None:
    if not any(_has_form(value, form) for form in key.forms):
        raise config.error(path, f"expected {_expected(key)}, found {_found(value)}")
    for place, each in enumerate(value if isinstance(value, list) else [value]):
        here = (*path, place) if isinstance(value, list) else path
        if isinstance(each, str) and key.choices and each not in key.choices:
            raise config.error(here, f"found {each!r}, expected {_expected(key)}{meant(each, key.choices)}")
        if isinstance(each, int | float) and not isinstance(each, bool):
            if not math.isfinite(each):
                raise config.error(here, f"{each} is not a finite number")
            if (key.least is not None and each < key.least) or (key.below is not None and each >= key.below):
                below = f" and below {key.below}" if key.below is not None else ""
                raise config.error(here, f"{each} is out of range; it is at least {key.least}{below}")


def _has_form(value: Any, form: str) -> bool:
    match form:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case "true or false":
            return isinstance(value, bool)
        case "table":
            return isinstance(value, dict)
        case _:
            of = {TEXTS: TEXT, INTS: INT, TABLES: TABLE}[form]
            return isinstance(value, list) and bool(value) and all(_has_form(each, of) for each in value)


def _expected(key: Key) -> str:
    names = {TEXT: "a text in quotes", INT: "an integer", NUMBER: "a number", TABLE: "a table"}
    forms = [
        f"one of {', '.join(key.choices)}"
        if form == TEXT and key.choices
        else names.get(form, form)
        if form in names or form == BOOL
        else f"a {form}"
        for form in key.forms
    ]
    return " or ".join(forms)


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return f"a {'table' if isinstance(value, dict) else 'list'}" if value else f"an empty {type(value).__name__}"
    return shown(value) if isinstance(value, str) else str(value)
