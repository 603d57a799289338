"""Frames, schemas and files that are read row by row: what columns become, and what is refused, with its place."""

import json
import math
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.data import CsvDataset, Loader, Schema, read_frame
from rcmlrs_core.data.schema import Feature, Target
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.numerics.formats import round_number

BACKENDS = ("python", "numpy", "native")
Write = Callable[..., Path]

HOUSES = """\
date,rooms,colour,zip,price
2020-01-31,3,red,01097,100.5
2020-02-01,4,blue,10115,200
2020-02-02,,red,01097,150
2020-02-03,5,,10115,99
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "houses.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(call: Callable[[], Any], kind: type[Exception] = DataError) -> str:
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    return message[message.find("houses.csv") :] if "houses.csv" in message else message


# ----------------------------------------------------------------------------------------------------- frames


def test_columns_are_of_numbers_or_of_text(write: Write) -> None:
    frame = read_frame(write(HOUSES), text=["zip"])
    assert {name: frame.kind(name) for name in frame.names} == {
        "date": "text",
        "rooms": "number",
        "colour": "text",
        "zip": "text",
        "price": "number",
    }
    rooms = frame.column("rooms")
    assert [value if value == value else None for value in rooms] == [3.0, 4.0, None, 5.0]
    assert frame.column("colour") == ["red", "blue", "red", None]
    assert frame.column("zip") == ["01097", "10115", "01097", "10115"]
    assert (len(frame), frame.take([3, 0]).column("price").tolist()) == (4, [99.0, 100.5])  # type: ignore[union-attr]
    assert read_frame(write(HOUSES), max_rows=2).rows == 2
    assert read_frame(write("a;b\n1,5;x\n"), delimiter=";", decimal=",").column("a")[0] == 1.5
    assert read_frame(write("1,x\n2,y\n"), header=False).names == ("c0", "c1")
    assert read_frame(write('a,b\n"two\nlines",1\n3,4\n')).where(1, "b").endswith("line 4, column 2 ('b')")


def test_frames_are_split_as_data_sets_are(write: Write) -> None:
    frame = read_frame(write("n,c\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(20))))
    train, test = frame.split([0.8, 0.2], seed=1, stratify="c")
    assert (train.rows, test.rows, list(test.column("c")).count("a")) == (16, 4, 2)
    assert sorted([*train.column("n"), *test.column("n")]) == list(range(20))  # type: ignore[type-var]
    assert test.where(0, "n").endswith(f"line {int(test.column('n')[0]) + 2}, column 1 ('n')")  # type: ignore[arg-type]


def test_refusals_of_frames(write: Write) -> None:
    assert refused(lambda: read_frame(write(HOUSES), numbers=["colour"])) == (
        "houses.csv, line 2, column 3 ('colour'): found 'red', expected a number; write it in digits, as in -12.5 or "
        "1e-3, or leave the field empty for a missing value"
    )
    assert "line 3, column 1 ('a'): '1e39' is beyond the largest" in refused(
        lambda: read_frame(write("a\n1\n1e39\n"), numbers=["a"])
    )
    assert "line 3: found a row of 1, expected 2 fields" in refused(lambda: read_frame(write("a,b\n1,2\n3\n")))
    assert refused(lambda: read_frame(write("a;b\n1;2,5\n"))).endswith(
        "line 2: found a row of 2, expected 1 field; the delimiter is ',', and delimiter=';' may be the right one"
    )
    assert "both called 'a'" in refused(lambda: read_frame(write("a,a\n1,2\n")))
    assert "is empty" in refused(lambda: read_frame(write("")))
    assert "no data" in refused(lambda: read_frame(write("a,b\n")))
    assert "line 2: byte 0xff is not UTF-8" in refused(lambda: read_frame(write(b"a\n\xff\n")))
    assert "no such file" in refused(lambda: read_frame("none.csv"))
    assert "there is no column 'size'" in refused(lambda: read_frame(write(HOUSES), text=["size"]))
    assert "write text=['zip']" in refused(lambda: read_frame(write(HOUSES), text="zip"))
    assert "there is no column 'size'" in refused(lambda: read_frame(write(HOUSES)).column("size"))


# ---------------------------------------------------------------------------------------------------- schemas


@pytest.mark.parametrize("backend", BACKENDS)
def test_tables_with_categories_become_tensors(write: Write, backend: str) -> None:
    frame = read_frame(write(HOUSES), text=["zip"])
    schema = Schema.fit(frame, target="price", missing="mean")
    assert schema.passed_over == ("date",)
    assert schema.names == ("rooms", "colour=blue", "colour=red", "zip=01097", "zip=10115")
    data = schema.encode(frame, backend=backend)
    x, y = data.tensors()
    assert x.tolist() == [
        [3.0, 0.0, 1.0, 1.0, 0.0],
        [4.0, 1.0, 0.0, 0.0, 1.0],
        [4.0, 0.0, 1.0, 1.0, 0.0],
        [5.0, 0.0, 0.0, 0.0, 1.0],
    ]
    assert (y.shape, y.tolist()) == ((4, 1), [[100.5], [200.0], [150.0], [99.0]])
    assert {part.backend for part in (x, y)} == {backend}
    assert len(schema.encode(frame, target=False).tensors()) == 1


def test_codes_and_classes(write: Write) -> None:
    frame = read_frame(write(HOUSES), text=["zip"])
    schema = Schema.fit(frame, target="zip", ignore=["price"], one_hot=False, missing=-1)
    x, codes, y = schema.encode(frame).tensors()
    assert (schema.names, schema.codes) == (("rooms",), {"colour": 3})
    assert x.tolist() == [[3.0], [4.0], [-1.0], [5.0]]
    assert (codes.dtype, codes.tolist()) == ("int32", [[1], [0], [1], [2]])
    assert (y.dtype, y.tolist()) == ("int32", [0, 1, 0, 1])
    counted = read_frame(write("a,k\n1,10\n2,9\n3,10\n"))
    schema = Schema.fit(counted, target="k", classes=True)
    assert schema.target is not None
    assert schema.target.classes == ("9", "10")
    assert schema.encode(counted).tensors()[1].tolist() == [1, 0, 1]
    assert "found 0.5, expected a class" in refused(
        lambda: Schema.fit(read_frame(write("a,k\n1,0.5\n")), target="k", classes=True)
    )


def test_n3_the_mean_is_rounded_once(write: Write) -> None:
    texts = ["16777216", "1", "1.5", "NA"]
    frame = read_frame(write("a,y\n" + "".join(f"{text},1\n" for text in texts)))
    schema = Schema.fit(frame, target="y", missing="mean")
    assert schema.features[0].fill == round_number(Fraction(16777216 * 2 + 5, 6))


def test_new_data_take_the_schema_of_the_old(write: Write) -> None:
    train = read_frame(write("n,c,y\n1,red,a\n2,blue,b\n"))
    strict, open_ = (Schema.fit(train, target="y", unknown=unknown) for unknown in ("error", "reserve"))
    new = read_frame(write("c,y,more,n\nmauve,a,?,7\nred,b,?,8\n"))
    assert refused(lambda: strict.encode(new)) == (
        "houses.csv, line 2, column 1 ('c'): found 'mauve', expected one of 'blue', 'red'; mend it, or fit the schema "
        'with unknown="reserve"'
    )
    assert [part.tolist() for part in open_.encode(new).tensors()] == [[[7.0, 0.0, 0.0], [8.0, 0.0, 1.0]], [0, 1]]
    assert open_.encode(read_frame(write("n,c\n7,red\n"))).tensors()[0].tolist() == [[7.0, 0.0, 1.0]]
    coded = Schema.fit(train, target="y", unknown="reserve", one_hot=False)
    assert (coded.encode(new).tensors()[1].tolist(), coded.codes) == ([[2], [1]], {"c": 3})


def test_missing_values(write: Write) -> None:
    train = read_frame(write("n,c,y\n1,red,1\n,blue,2\n3,,3\n4,red,\n"))
    assert refused(lambda: Schema.fit(train, target="y").encode(train)) == (
        "houses.csv, line 3, column 1 ('n'): the value is missing, expected a number; fit the schema with "
        'missing="mean", a number, "nan" or "drop"'
    )
    dropped = Schema.fit(train, target="y", missing="drop").encode(train)
    assert [part.tolist() for part in dropped.tensors()] == [[[1.0, 0.0, 1.0]], [[1.0]]]
    assert "line 5, column 3 ('y'): the target is missing" in refused(
        lambda: Schema.fit(train, target="y", missing="nan").encode(train)
    )
    kept = Schema.fit(train, target="y", missing="nan").encode(train, target=False).tensors()[0].tolist()
    assert math.isnan(kept[1][0])
    assert kept[2] == [3.0, 0.0, 0.0]
    whole = read_frame(write("n,c\n1,red\n2,\n"))
    assert "line 3, column 2 ('c'): the value is missing, expected one of 'red'" in refused(
        lambda: Schema.fit(whole).encode(whole)
    )
    none = read_frame(write("n,c,y\n,red,1\n"), numbers=["n"])
    assert "each row has a missing value" in refused(lambda: Schema.fit(train, target="y", missing="drop").encode(none))


def test_refusals_of_schemas(write: Write) -> None:
    many = read_frame(write("name,y\n" + "".join(f"n{i},1\n" for i in range(101))))
    assert refused(lambda: Schema.fit(many, target="y")).startswith(
        "houses.csv, line 2, column 1 ('name'): 'n0' is one of 101 different texts, and 100 categories are the most; "
        "pass ignore=['name'] or most_categories=..."
    )
    commas = read_frame(write("a;y\n" + "".join(f"{i},5;1\n" for i in range(101))), delimiter=";")
    assert refused(lambda: Schema.fit(commas, target="y")).endswith(
        "or if it should hold numbers with the comma as the decimal sign, decimal=','"
    )
    frame = read_frame(write(HOUSES))
    assert "did you mean 'price'" in refused(lambda: Schema.fit(frame, target="prize"))
    assert "there is no column 'x'" in refused(lambda: Schema.fit(frame, ignore=["x"]))
    assert "no column is left" in refused(lambda: Schema.fit(frame, target="price", ignore=["rooms", "colour", "zip"]))
    assert "found text, expected numbers; read it with read_frame(..., numbers=['colour'])" in refused(
        lambda: Schema.fit(frame, target="colour", classes=False)
    )
    assert "missing='often': it is" in refused(lambda: Schema.fit(frame, missing="often"))  # type: ignore[arg-type]
    assert 'is "error" or "reserve"' in refused(lambda: Schema.fit(frame, unknown="x"))  # type: ignore[arg-type]
    schema = Schema.fit(frame, target="price", missing="mean")
    assert "there is no column 'rooms'" in refused(lambda: schema.encode(read_frame(write("a\n1\n"))))
    swapped = read_frame(write("rooms,colour,zip\n1,2,3\n"))
    assert "('colour'): found numbers, expected text" in refused(lambda: schema.encode(swapped))
    assert "fitted without a target" in refused(lambda: Schema.fit(frame, ignore=["colour"]).encode(frame, target=True))


TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)


@given(
    st.lists(TEXTS.filter(lambda text: text.strip() == text and text), min_size=1, max_size=5, unique=True),
    st.floats(width=32),
)
def test_a_schema_comes_back_from_json(texts: list[str], number: float) -> None:
    number = number if math.isfinite(number) else 0.1
    schema = Schema(
        (Feature("c", tuple(texts)), Feature("n", fill=round_number(Fraction(number)))),
        Target("y", tuple(texts), False),
        ("d",),
        False,
        number,
        "reserve",
    )
    assert Schema.from_json(schema.to_json()) == schema


def test_hostile_json(write: Write) -> None:
    whole = json.loads(Schema.fit(read_frame(write(HOUSES)), target="price", missing="mean").to_json())
    Schema.from_json(json.dumps(whole))
    bad: list[Any] = ["", "[" * 100_000, "5", "{}", "null"]
    for key in whole:
        bad.append(json.dumps({name: value for name, value in whole.items() if name != key}))
        bad += [json.dumps(whole | {key: wrong}) for wrong in ([5], {"a": 1})]
    for text in bad:
        assert "expected a schema of the format 'rcmlrs schema 1'" in refused(
            lambda text=text: Schema.from_json(text), FileFormatError
        )


def test_a_schema_travels_with_a_model(write: Write, tmp_path: Path) -> None:
    frame = read_frame(write(HOUSES))
    schema = Schema.fit(frame, target="price", missing="mean")
    rc.save_tensors_binary(tmp_path / "model", {"w": rc.zeros(2)}, metadata={"schema": schema.to_json()})
    assert Schema.from_json(rc.load_state_binary(tmp_path / "model").metadata["schema"]) == schema


# ------------------------------------------------------------------------------------------------ row by row


def test_rows_of_a_file_are_those_of_its_frame(write: Write) -> None:
    path = write("\ufeff" + HOUSES.replace("\n", "\r\n").replace("blue", '"blue"') + "\r\n2020-02-04,1,red,10115,5")
    frame = read_frame(path, text=["zip"])
    schema = Schema.fit(frame, target="price", missing="mean")
    digests = set()
    for backend in BACKENDS:
        data = CsvDataset(path, schema, backend=backend)
        assert len(data) == 5
        digests.add(data.digest())
        batch = data.take([4, 1, 4])
        want = schema.encode(frame, backend=backend).take([4, 1, 4])
        assert [part.tobytes() for part in batch] == [part.tobytes() for part in want]
    assert digests == {schema.encode(frame).digest()}
    ahead = [batch[0].tobytes() for batch in Loader(data, 2, seed=3, prefetch=2).batches(0)]
    assert ahead == [batch[0].tobytes() for batch in Loader(schema.encode(frame), 2, seed=3).batches(0)]
    assert [data.subset([2]).take([0])[0].tolist()[0][0]] == [13 / 4]


def test_lines_in_quotes_are_no_rows(write: Write) -> None:
    path = write('a,b\n1,"x\n\ny"\n\n2,"he said ""no"""\n3,z\n')
    schema = Schema.fit(read_frame(path))
    data = CsvDataset(path, schema)
    assert len(data) == 3
    assert data.frame([1, 0]).column("b") == ['he said "no"', "x\n\ny"]
    path = write("\ufeff1,2\n3,4\n")
    assert CsvDataset(path, Schema.fit(read_frame(path, header=False)), header=False).tensors()[0].tolist() == [
        [1.0, 2.0],
        [3.0, 4.0],
    ]


@pytest.mark.parametrize(
    "content",
    [
        'size,n\n5" pipe,1\n6" pipe,2\n7 pipe,3\n8" pipe,4\n',
        'size,n\nx"",1\n"a ""b"", c",2\n"d\ne",3\n',
        "\ufeff\na,b\n1,2\n3,4\n",
    ],
)
def test_a_quote_within_a_field_joins_no_rows(write: Write, content: str) -> None:
    path = write(content)
    frame = read_frame(path)
    schema = Schema.fit(frame)
    data = CsvDataset(path, schema)
    assert len(data) == len(frame)
    assert data.digest() == schema.encode(frame).digest()


@pytest.mark.parametrize(("old", "new"), [("red", "blue"), ('"c"', '"a"'), ('"y"', '"a"')])
def test_what_comes_twice_in_a_written_schema_is_refused(write: Write, old: str, new: str) -> None:
    text = Schema.fit(read_frame(write("a,c,y\n1,red,0\n2,blue,1\n")), target="y").to_json()
    assert Schema.from_json(text).to_json() == text
    assert "expected a schema of the format" in refused(
        lambda: Schema.from_json(text.replace(old, new)), FileFormatError
    )


def test_dates_are_passed_over(write: Write) -> None:
    for date, other in (("2024-01-31", "2024-13"), ("31.01.2024", "2024-1"), ("2024-12", "24-12"), ("12:30", "12:3")):
        frame = read_frame(write(f"date,other,x\n{date},{other},1\n"))
        assert Schema.fit(frame).passed_over == ("date",)


def test_no_row_is_passed_over_in_silence(write: Write) -> None:
    path = write("a,b\n1,2\r3,4\n5,6\n")
    data = CsvDataset(path, Schema.fit(read_frame(path)))
    assert data.take([1])[0].tolist() == [[5.0, 6.0]]
    assert "row 1: found 2 rows where a line ends in a carriage return alone" in refused(lambda: data.take([0]))


def test_refusals_row_by_row(write: Write) -> None:
    path = write("a,c,y\n1,red,1\nx,red,2\n3,red\n4,mauve,4\n,red,5\n")
    schema = Schema.fit(read_frame(write("a,c,y\n1,red,1\n", "other.csv")), target="y")
    data = CsvDataset(path, schema)
    assert data.take([0])[0].tolist() == [[1.0, 1.0]]
    assert "houses.csv, row 2, column 1 ('a'): found 'x', expected a number" in refused(lambda: data.take([1]))
    assert "houses.csv, row 3: found a row of 2, expected 3 fields" in refused(lambda: data.take([2]))
    assert "houses.csv, row 4, column 2 ('c'): found 'mauve', expected one of 'red'" in refused(lambda: data.take([3]))
    assert "houses.csv, row 5, column 1 ('a'): the value is missing" in refused(lambda: data.take([4]))
    assert "example 5 of 5" in refused(lambda: data.take([5]))
    os.utime(path, ns=(1, 1))
    assert "has changed since it was opened" in refused(lambda: data.take([0]))
    assert "there is no column 'c'" in refused(lambda: CsvDataset(write("a\n1\n"), schema))
    assert "no data" in refused(lambda: CsvDataset(write("a,c,y\n"), schema))
    assert "is empty" in refused(lambda: CsvDataset(write(""), schema))
    dropping = Schema.fit(read_frame(write("a,c,y\n1,red,1\n")), missing="drop")
    assert 'missing="drop" reads frames only' in refused(lambda: CsvDataset(path, dropping))
