"""The data sets that come along: the bytes, and what the README beside them says of them."""

import hashlib
import re
from pathlib import Path

import pytest

from rcmlrs_core.data import path_of, read_csv
from rcmlrs_core.data.shipped import FILES
from rcmlrs_core.errors import DataError


def test_the_readme_tells_rows_columns_and_digest_of_every_set() -> None:
    folder = path_of("digits").parent
    rows = re.findall(
        r"^\| `(\S+)` \| (\d+) \| ?(\d*) \| .* \| `([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M
    )
    assert [name for name, *_ in rows] == ["digits.csv", "sunspots.csv", "alice.txt"]
    assert {name for name, *_ in rows} == set(FILES.values())
    assert {path.name for path in folder.iterdir()} == {"README.md", *(name for name, *_ in rows)}
    for name, count, columns, digest in rows:
        path = folder / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, name
        if not columns:
            assert path.read_text(encoding="ascii").count("\n") == int(count)
            continue
        table = read_csv(path)
        assert (table.rows, len(table.names)) == (int(count), int(columns))


def test_digits() -> None:
    table = read_csv(path_of("digits"))
    assert table.names == (*(f"p{row}{column}" for row in range(8) for column in range(8)), "label")
    counts = [list(table["label"]).count(label) for label in range(10)]
    assert counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    pixels = {value for column in table.without("label").columns(table.names[:64]) for value in column}
    assert pixels == set(range(17))


def test_sunspots() -> None:
    table = read_csv(path_of("sunspots"))
    assert table.names == ("year", "sunspots")
    assert list(table["year"]) == list(range(1700, 2009))
    assert (table["sunspots"][0], table["sunspots"][257], min(table["sunspots"])) == (5.0, 190.19999694824219, 0.0)


def test_paths() -> None:
    assert isinstance(path_of("digits"), Path)
    with pytest.raises(DataError) as caught:
        path_of("mnist")
    assert str(caught.value) == "there is no data set 'mnist'; the sets are alice, digits, sunspots"
