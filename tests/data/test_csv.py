"""read_csv and Table: what is read, bit for bit, and what is refused, word for word."""

import csv
import io
import math
import os
import struct
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core.data.csv
import rcmlrs_core.data.csv_blocks
from rcmlrs_core.data import Table, read_csv, round_decimal
from rcmlrs_core.data.csv import Missing
from rcmlrs_core.errors import DataError

Write = Callable[[bytes | str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, and gives its path."""

    def write(content: bytes | str) -> Path:
        path = tmp_path / "file.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path: str | os.PathLike[str], **how: Any) -> str:
    """The message, without the folder of the file."""
    with pytest.raises(DataError) as caught:
        read_csv(path, **how)
    return str(caught.value).replace(f"{Path(path).parent}{os.sep}", "")


def rows(table: Table) -> list[tuple[float, ...]]:
    return list(zip(*table.columns(table.names), strict=True))


def bits(values: "array[float]") -> list[int]:
    return [int.from_bytes(struct.pack("<f", value), "little") for value in values]


# ------------------------------------------------------------------------------------------------ what is read


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2.5\n-3,4e2\n",
        "a,b\r\n1,2.5\r\n-3,4e2",
        "a,b\r1,2.5\r-3,4e2\r",
        b"\xef\xbb\xbfa,b\n1,2.5\n-3,4e2\n",
        "\n\na,b\n\n1,2.5\n\r\n-3,4e2\n\n\n",
        '"a","b"\n"1","2.5"\n"-3",4e2\n',
        " a , b \n 1 ,\t2.5\n-3.0, +400. \n",
        '"a"\n,b\n1,2.5\n-3,4e2\n'.replace('"a"\n', '"a"'),
    ],
    ids=["plain", "crlf", "cr", "bom", "empty lines", "quotes", "spaces", "quoted name"],
)
def test_one_table_in_many_dresses(write: Write, content: bytes | str) -> None:
    table = read_csv(write(content))
    assert table.names == ("a", "b")
    assert (table.rows, len(table), table.dropped) == (2, 2, 0)
    assert rows(table) == [(1.0, 2.5), (-3.0, 400.0)]
    assert table["a"].typecode == "f"


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", "§"])
def test_delimiters(write: Write, delimiter: str) -> None:
    assert rows(read_csv(write(f"1{delimiter}2\n3{delimiter}4"), delimiter=delimiter)) == [(1, 2), (3, 4)]


def test_header_is_found_or_told(write: Write) -> None:
    assert read_csv(write("1,2\n3,4")).names == ("c0", "c1")
    assert read_csv(write("1,x\n3,4")).names == ("1", "x")
    assert read_csv(write(",x\n3,4")).names == ("c0", "x")
    assert read_csv(write("NA,2\n3,4"), missing="nan").rows == 2
    assert read_csv(write("1,2\n3,4"), header=True).names == ("1", "2")
    assert read_csv(write("1,2\n3,4"), header=True).rows == 1
    assert read_csv(write('"two\nlines",ü\n3,4')).names == ("two\nlines", "ü")
    assert read_csv(write("1_0,2\n3,4")).names == ("1_0", "2")


def test_n6_fields_are_rounded_once(write: Write) -> None:
    midpoint = "1.000000059604644775390625"
    table = read_csv(write(f"{midpoint}\n{midpoint}{'0' * 60}1\n3.4028235677973366e38\n7.0064923216240854e-46\n-0\n"))
    assert bits(table["c0"]) == [0x3F800000, 0x3F800001, 0x7F7FFFFF, 1, 0x80000000]


def test_missing_values(write: Write) -> None:
    path = write("a,b\n1,2\n, 3\nNA,4\n5,NaN\n6, ?\n-nan,8\n9,na \n10,11\n")
    table = read_csv(path, missing="nan")
    assert [v if v == v else None for v in table["a"]] == [1, None, None, 5, 6, None, 9, 10]
    assert [v if v == v else None for v in table["b"]] == [2, 3, 4, None, None, 8, None, 11]
    assert bits(table["a"])[1] == 0x7FC00000
    table = read_csv(path, missing="drop")
    assert (rows(table), table.dropped) == ([(1, 2), (10, 11)], 6)


def test_an_empty_line_in_a_single_column_is_a_missing_value(write: Write) -> None:
    table = read_csv(write("a\n\n1\n\n2\n\n\n"), missing="nan")
    assert [v if v == v else None for v in table["a"]] == [None, 1, None, 2]
    assert refusal(write("a\n1\n\n2\n")).startswith("file.csv, line 3, column 1 ('a'): the field is empty")


def test_max_rows_reads_no_further(write: Write) -> None:
    path = write(b"a\n1\n2\nNA\n3\nbad\n\xff")
    assert list(read_csv(path, max_rows=1)["a"]) == [1]
    assert list(read_csv(path, max_rows=2)["a"]) == [1, 2]
    assert list(read_csv(path, max_rows=3, missing="drop")["a"]) == [1, 2, 3]
    assert list(read_csv(write("7\n8\n9"), max_rows=1)["c0"]) == [7]
    assert read_csv(write("1\n2"), max_rows=5).rows == 2


def test_columns_by_name_and_by_position(write: Write) -> None:
    table = read_csv(write("a,b,c\n1,2,3\n4,5,6"))
    assert list(table["c"]) == list(table[2]) == [3, 6]
    assert table.select(["c", 0]).names == ("c", "a")
    assert rows(table.select(["c", 0])) == [(3, 1), (6, 4)]
    assert table.without("b").names == ("a", "c")
    column = table["a"]
    column[0] = 7
    assert table["a"][0] == 1, "a column is a copy"
    with pytest.raises(TypeError):
        list(table)  # type: ignore[call-overload]


def test_unknown_and_doubled_columns(write: Write) -> None:
    path = write("a,b\n1,2")
    table = read_csv(path)
    assert list(table[-1]) == [2]
    for column in ("x", 2, -3, True):
        with pytest.raises(DataError) as caught:
            table[column]
        assert str(caught.value) == f"{path}: there is no column {column!r}; columns 0 to 1 are 'a', 'b'"
    doubled: list[list[str | int]] = [[], ["a", "a"], ["a", 0]]
    for chosen in doubled:
        with pytest.raises(DataError, match="name at least one, and none twice"):
            table.select(chosen)
    with pytest.raises(DataError, match="name at least one"):
        table.without("a", "b")


WEATHER = "date,temp,sky\n2020-01-01,12.6,clear\n2020-01-02,NA,\n2020-01-03,13.1,rain\n"


def test_only_the_columns_asked_for_are_numbers(write: Write) -> None:
    path = write(WEATHER)
    asked: list[list[str | int]] = [["temp"], [1], [-2]]
    for columns in asked:
        table = read_csv(path, columns=columns, missing="drop")
        assert (table.names, table["temp"], table.dropped) == (("temp",), array("f", [12.6, 13.1]), 1)
    path = write("a,b,c,c\n1,x,3,4\n5,y,7,8\n")
    assert rows(read_csv(path, columns=["a"])) == [(1,), (5,)], (
        "two columns of one name do not matter where neither is read"
    )
    assert "columns 3 and 4 are both called 'c'" in refusal(path, columns=["c"])
    assert rows(read_csv(write("a,b\n1,2\n3,4"), columns=["b", 0])) == [(2, 1), (4, 3)]


def test_columns_that_cannot_be_read(write: Write) -> None:
    path = write(WEATHER)
    there = "columns 0 to 2 are 'date', 'temp', 'sky'"
    assert refusal(path, columns=["tmp"]) == (
        f"file.csv: there is no column 'tmp'; did you mean 'temp'? {there.capitalize()}"
    )
    assert refusal(path, columns=[3]) == f"file.csv: there is no column 3; {there}"
    assert refusal(path, columns="temp") == "columns='temp': it is a list of names or positions; write columns=['temp']"
    assert "name at least one, and none twice" in refusal(path, columns=[])
    assert "name at least one, and none twice" in refusal(path, columns=[1, "temp"])
    assert refusal(path, columns=["sky"]) == (
        f"file.csv, line 2, column 3 ('sky'): found 'clear', expected a number; {OTHERS}"
    )
    assert refusal(path, columns=["temp"]).startswith("file.csv, line 3, column 2 ('temp'): found 'NA'")
    with pytest.raises(DataError, match=r"expected a list of columns, got one name; write \['a'\]"):
        read_csv(write("a,b\n1,2")).tensor("a")


def test_a_first_record_that_may_be_either_is_not_guessed(write: Write) -> None:
    path = write("2020-01-01,12.5\n2020-01-02,13\n")
    assert refusal(path, columns=[1]) == (
        "file.csv, line 1: '12.5' beside '2020-01-01' may be names or values; pass header=True for names, "
        "header=False for values"
    )
    assert list(read_csv(path, columns=[1], header=False)["c1"]) == [12.5, 13]
    assert list(read_csv(path, columns=[1], header=True)["12.5"]) == [13]


def test_decimal_comma(write: Write) -> None:
    german = "tag;temp\n1;12,5\n2;-1,000000059604644775390625\n3;-1,0000000596046447753906251e0\n"
    table = read_csv(write(german), delimiter=";", decimal=",")
    assert bits(table["temp"]) == [0x41480000, 0xBF800000, 0xBF800001]
    assert list(read_csv(write('a,b\n1,"12,5"\n'), decimal=",")["b"]) == [12.5]
    assert list(read_csv(write("1,5;2\n"), delimiter=";", decimal=",")["c0"]) == [1.5], "and no header"
    point = refusal(write("a;b\n1;1.234,5\n"), delimiter=";", decimal=",")
    assert point.endswith(
        "found '1.234,5', expected a number; the decimal sign is a comma here: write it without points"
    )
    comma = 'expected a number; decimal="," takes the comma as the decimal sign; one between thousands must go'
    assert refusal(write(german), delimiter=";") == f"file.csv, line 2, column 2 ('temp'): found '12,5', {comma}"
    assert refusal(write('a,b\n1,"12,5"\n')) == f"file.csv, line 2, column 2 ('b'): found '12,5', {comma}"
    assert refusal(write('temp\n"12,5"\n')) == f"file.csv, line 2, column 1 ('temp'): found '12,5', {comma}"
    assert refusal(write("temp\n12,5\n"), delimiter=";").endswith(comma)
    with pytest.raises(DataError, match=r"found '2,5', expected a label, .* it is not an integer"):
        read_csv(write("y\n2,5\n"), delimiter=";", decimal=",").labels("y")
    assert refusal(write("1"), decimal=";") == "decimal=';': it is '.' or ','"


@pytest.mark.parametrize("other", [";", "\t", "|"])
def test_the_delimiter_that_line_1_shows_is_proposed(write: Write, other: str) -> None:
    hint = f"the delimiter is ',', and delimiter={other!r} may be the right one"
    for text in ("date;temp\n1;2\n", "date;temp\n1;12,6\n", "1;2\n3;4\n"):
        assert refusal(write(text.replace(";", other))).endswith(hint)
    assert refusal(write(f"date{other}temp\n1{other}2"), columns=["temp"]).endswith(hint)
    assert refusal(write(f"a{other}b\nx\n"), delimiter=other).count("may be") == 0, "never the one in use"


def test_a_comma_is_proposed_too(write: Write) -> None:
    hint = "the delimiter is a tab, and delimiter=',' may be the right one"
    assert refusal(write("a,b\n1,2\n"), delimiter="\t").endswith(hint)


# --------------------------------------------------------------------------------------------- what is refused

SCALE = "is beyond the largest binary32 number, 3.4028234663852886e+38; scale the column"
DIGITS = "write it in digits, as in -12.5 or 1e-3, or leave the field empty for a missing value"
OTHERS = f"{DIGITS}; columns=[...] reads only those that are numbers"
CHOOSE = 'expected a number; missing="nan" takes it as NaN, missing="drop" drops the row'


@pytest.mark.parametrize(
    ("content", "want"),
    [
        ("", " is empty; expected rows of numbers"),
        ("\ufeff", " is empty; expected rows of numbers"),
        ("\n\r\n\n", " is empty; expected rows of numbers"),
        (
            "\na,b\n\n",
            " has a header and no data: line 2 was read as the names of the columns; add rows, or pass header=False "
            "if it holds values",
        ),
        (
            "a,b\n1,2\n3\n",
            ", line 3: found a row of 1, expected 2 fields as on line 1; mend the row, or quote a field that has ',' "
            "in it",
        ),
        (
            "1,2\n3,4,\n",
            ", line 2: found a row of 3, expected 2 fields as on line 1; mend the row, or quote a field that has ',' "
            "in it",
        ),
        ("a,b\n1,2\n3,x\n", f", line 3, column 2 ('b'): found 'x', expected a number; {OTHERS}"),
        ("a,b\n1,1_0\n", ", line 2, column 2 ('b'): found '1_0', expected a number; write it without underscores"),
        ("1,2\n3,0x1F\n", f", line 2, column 2 ('c1'): found '0x1F', expected a number; {OTHERS}"),
        (
            "a,b\n1,-inf\n",
            ", line 2, column 2 ('b'): found '-inf', expected a number; write a finite number, or leave the field "
            "empty for a missing one",
        ),
        (
            "inf,2\n",
            ", line 1, column 1 ('c0'): found 'inf', expected a number; write a finite number, or leave the field "
            "empty for a missing one",
        ),
        ("a\n1e39\n", f", line 2, column 1 ('a'): '1e39' {SCALE}"),
        ("a\n1\n-1e999999999\n", f", line 3, column 1 ('a'): '-1e999999999' {SCALE}"),
        ("a,b\n1,2\n3,\n", f", line 3, column 2 ('b'): the field is empty, {CHOOSE}"),
        ("a,b\n1,2\n3, NA\n", f", line 3, column 2 ('b'): found ' NA', {CHOOSE}"),
        (
            "a;b\n1;2\n",
            ", line 2, column 1 ('a;b'): found '1;2', expected a number; the delimiter is ',', and delimiter=';' may "
            "be the right one",
        ),
        (
            "x, y ,x\n1,2,3\n",
            ", line 1: columns 1 and 3 are both called 'x'; rename one, or pass header=False if the line holds values",
        ),
        (
            ",c0\n1,2\n",
            ", line 1: columns 1 and 2 are both called 'c0'; rename one, or pass header=False if the line holds values",
        ),
        (b"a,b\n1,2\n3,\xff\n", ", line 3: byte 0xff is not UTF-8; save it as UTF-8 text"),
        (b"caf\xe9,b\n1,2\n", ", line 1: byte 0xe9 is not UTF-8; save it as UTF-8 text"),
        (b"a\n\xed\xb2\x80\n", ", line 2: byte 0xed is not UTF-8; save it as UTF-8 text"),
        (
            "a,b\n1,2\n".encode("utf-16"),
            f", line 1: byte 0x{'a'.encode('utf-16')[0]:02x} is not UTF-8; the file looks like UTF-16; save it as "
            "UTF-8 text",
        ),
        (
            b"a,b\n1,2\n3,\x004\n",
            ", line 3: found a NUL byte, expected text; the file is binary, UTF-16 or damaged: export it again as "
            "UTF-8 text",
        ),
        (
            'a,b\n1,2\n3,"4\n5,6\n7,8',
            ", line 3: a quoted field is not closed before the end of the file (the record runs over 3 lines); add the "
            'missing "',
        ),
        (
            'a,b\n1,"2"3\n',
            ', line 2: text follows the closing quote of a field; inside of quotes, write a quote as ""',
        ),
        (
            'a,b\n1,"' + "2" * 200_000 + '"\n',
            ", line 2: a field has more than 131072 characters; look for a quote that is never closed",
        ),
        (
            "a,b\n1," + "x" * 100 + "\n",
            f", line 2, column 2 ('b'): found '{'x' * 40}'... (100 characters), expected a number; {OTHERS}",
        ),
        ("a,b\n1,\x1b[31m\n", f", line 2, column 2 ('b'): found '\\x1b[31m', expected a number; {OTHERS}"),
    ],
)
def test_refusals(write: Write, content: bytes | str, want: str) -> None:
    assert refusal(write(content)) == f"file.csv{want}"


def test_lines_are_physical(write: Write) -> None:
    """A record over several lines counts as its last one, and everything after it is found where an editor finds it."""
    start = '"a\nb",c\n\n"1","\n2\n"\n'
    assert rows(read_csv(write(start))) == [(1, 2)]
    assert refusal(write(start + "3,x\n")).startswith("file.csv, line 7, column 2 ('c'): found 'x'")
    assert refusal(write(start + '3,"\n\nx"\n')).startswith(r"file.csv, line 9, column 2 ('c'): found '\n\nx'")
    assert refusal(write('"a\nb",c\nx,1')).startswith(r"file.csv, line 3, column 1 ('a\nb'): found 'x'")
    assert refusal(write("a,b\r1,2\r\r3\r")).startswith("file.csv, line 4: found a row of 1")


def test_the_first_error_in_the_file_is_told(write: Write) -> None:
    path = write("a,b\n1,2\n3,4\nx,NA\n5\n\0")
    assert refusal(path).startswith("file.csv, line 4, column 1 ('a'): found 'x'")
    assert refusal(path, max_rows=4).startswith("file.csv, line 4, column 1")
    assert refusal(write("a,b\n1,x\ny,2\n")).startswith("file.csv, line 2, column 2")
    assert refusal(write("a,b\n1,1e50\ny,2\n")).startswith("file.csv, line 2, column 2 ('b'): '1e50' is beyond")
    assert refusal(write("a,b\n1,NA\n2,x\n"), missing="nan").startswith("file.csv, line 3, column 2 ('b'): found 'x'")
    # A row that is dropped is not looked at further.
    assert rows(read_csv(write("a,b\nx,NA\n1,2\n"), missing="drop", header=True)) == [(1, 2)]


def test_files_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal("") == "the path of the CSV file is empty; name a file"
    assert refusal("no.csv") == f"no.csv: no such file; check the path (the working folder is {Path.cwd()})"
    assert refusal(tmp_path) == f"{tmp_path.name} is a directory; name a CSV file in it"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    want = "pipe is a device or a pipe, expected a file; copy it into a file first"
    assert refusal(tmp_path / "pipe") == want


def test_a_path_of_bytes(write: Write) -> None:
    assert rows(read_csv(os.fsencode(write("1,2\n")))) == [(1, 2)]


def test_arguments(write: Write) -> None:
    path = write("1,2\n")
    assert refusal(path, missing="skip") == """missing='skip': it is "error", "nan" or "drop\""""
    assert refusal(path, max_rows=0) == "max_rows=0: it is an integer of at least 1, or None for all rows"
    assert refusal(path, max_rows=1.5) == "max_rows=1.5: it is an integer of at least 1, or None for all rows"
    for delimiter in (5, None, b",", "", ",,", '"', "\n", "5", "e", ".", "-", "\0"):
        assert refusal(path, delimiter=delimiter) == (
            f"delimiter={delimiter!r}: it is one character that is in no number, such as ',' or ';'"
        )


def test_nothing_is_left_when_all_rows_are_dropped(write: Write) -> None:
    assert refusal(write("a\nNA\n?\n"), missing="drop") == (
        'file.csv: each of the 2 rows has a missing value and was dropped; missing="nan" keeps them'
    )


def test_a_file_without_line_ends_does_not_fill_the_memory(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rcmlrs_core.data.csv, "LONGEST_LINE", 1000)
    assert rows(read_csv(write(f"1,{'2' * 20}\n3,4{' ' * 900}\n")))[1] == (3, 4)
    assert refusal(write("1,2\n" + "3" * 5000)) == (
        "file.csv, line 2: found 1000 characters without a line end, expected one row a line; export it again as CSV"
    )


# ------------------------------------------------------------------------------------------------------ labels


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-1", "it is negative: number the classes from 0"),
        ("1.5", "it is not an integer: a column of measurements has no labels"),
        ("1e-400", "it is not an integer: a column of measurements has no labels"),
        ("3.00000000000000000000000001", "it is not an integer: a column of measurements has no labels"),
        ("1e-99999999999999999999", "it is not an integer: a column of measurements has no labels"),
        ("16777217", "it is too large: number the classes from 0 without gaps"),
        ("16777216.00000000000000000001", "it is not an integer: a column of measurements has no labels"),
        ("1e30", "it is too large: number the classes from 0 without gaps"),
        ("NA", "number the classes from 0, and give every row one"),
        ("", "number the classes from 0, and give every row one"),
    ],
)
def test_what_is_no_label(write: Write, text: str, reason: str) -> None:
    path = write(f"x,y\n1,0\n2,{text}\n3,-7\n")
    table = read_csv(path, missing="nan")
    for view in (table, table.select(["y", "x"])):
        with pytest.raises(DataError) as caught:
            view.labels("y")
        assert str(caught.value) == (
            f"{path}, line 3, column 2 ('y'): found {text!r}, expected a label, which is an integer from 0 to "
            f"16777216; {reason}"
        )


@pytest.mark.parametrize("text", ["0e99999999999999999999", "-0.00E+99999999999999999999", "0e-99999999999999999999"])
def test_zero_is_a_label_whatever_its_exponent(write: Write, text: str) -> None:
    assert read_csv(write(f"y\n2\n{text}\n")).labels("y").tolist() == [2, 0]


def test_a_label_error_tells_of_a_row_that_is_there(write: Write) -> None:
    """A row that was dropped may hold anything."""
    path = write("x,y\nNA,-1\n1,2.5\n")
    with pytest.raises(DataError, match=r"line 3, column 2 \('y'\): found '2.5'"):
        read_csv(path, missing="drop").labels("y")


# -------------------------------------------------------------------------------------------------- properties

CELLS = st.one_of(
    st.integers(-9, 9).map(str),
    st.floats(-1e38, 1e38).map(repr),
    st.sampled_from(["", "NA", " nan", "?", "1.000000059604644775390625" + "0" * 20 + "1", '"', "x", "1e99", "1_0"]),
)


@given(
    table=st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=9)
    ),
    missing=st.sampled_from(["error", "nan", "drop"]),
    cells_at_once=st.integers(1, 12),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    way=st.sampled_from(["numpy", "python", "records"]),
)
def test_any_table(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[str]],
    missing: Any,
    cells_at_once: int,
    quoting: Any,
    way: str,
) -> None:
    """Against the plain definition, cell by cell; and how many cells are read at once changes nothing."""
    buffer = io.StringIO()
    csv.writer(buffer, quoting=quoting).writerows([[f"n{i}" for i in range(len(table[0]))], *table])
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")

    want: list[list[float]] = []
    error = None
    for line, fields in enumerate(table, 2):
        gaps = [text.strip().lower() in ("", "na", "nan", "?") for text in fields]
        if missing == "drop" and any(gaps):
            continue
        row = []
        for position, (text, gap) in enumerate(zip(fields, gaps, strict=True)):
            try:
                value = math.nan if gap and missing == "nan" else round_decimal(text)
                bad = math.isinf(value)
            except DataError:
                bad, value = True, math.nan
            if bad and error is None:
                error = f"line {line}, column {position + 1} "
            row.append(value)
        want.append(row)
    if error is None and not want:
        error = "each of the"

    with pytest.MonkeyPatch.context() as patch:
        go(patch, way, 8 * cells_at_once)
        patch.setattr(rcmlrs_core.data.csv, "CELLS_AT_ONCE", cells_at_once)
        if error is not None:
            with pytest.raises(DataError, match=error):
                read_csv(path, header=True, missing=missing)
            return
        got = read_csv(path, header=True, missing=missing)
    assert [bits(column) for column in got.columns(got.names)] == [
        bits(array("f", column)) for column in zip(*want, strict=True)
    ]
    assert got.dropped == len(table) - len(want)


def go(patch: pytest.MonkeyPatch, way: str, block: int) -> None:
    """Read by records alone, or by blocks of so many bytes, with NumPy or without it."""
    patch.setattr(rcmlrs_core.data.csv_blocks, "BLOCK", block)
    patch.setattr(rcmlrs_core.data.csv, "numpy_is_there", lambda size: way == "numpy")
    if way == "records":
        patch.setattr(rcmlrs_core.data.csv, "plain_line", lambda raw, longest: None)


LINES = st.lists(
    st.lists(st.one_of(CELLS, st.sampled_from(["1", "2", "-0.5", "3", ""])), min_size=2, max_size=2).map(",".join),
    max_size=8,
)


@given(
    text=st.one_of(st.text(alphabet='0123456789.,;e-+\n\r" \tNA_xn\u0663\0', max_size=40), LINES.map("\n".join)),
    missing=st.sampled_from(["error", "nan", "drop"]),
    block=st.integers(1, 30),
    columns=st.sampled_from([None, [0], [-1]]),
    decimal=st.sampled_from([(",", "."), (";", ","), (",", ",")]),
)
def test_the_quick_ways_find_what_the_slow_one_finds(
    tmp_path_factory: pytest.TempPathFactory, text: str, missing: Any, block: int, columns: Any, decimal: Any
) -> None:
    """Tables with their flaws, or errors, word for word."""
    path = tmp_path_factory.getbasetemp() / "ways.csv"
    path.write_bytes(text.encode())
    found = []
    for way in ("records", "python", "numpy"):
        with pytest.MonkeyPatch.context() as patch:
            go(patch, way, block)
            try:
                table = read_csv(path, missing=missing, columns=columns, delimiter=decimal[0], decimal=decimal[1])
                found.append((table.names, table.dropped, table._flaws, [bits(c) for c in table._values]))
            except DataError as error:
                found.append(str(error))  # type: ignore[arg-type]
    assert found[0] == found[1] == found[2]


def is_a_table_or_a_data_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    ways: tuple[Missing, ...] = ("error", "nan", "drop")
    for missing in ways:
        try:
            table = read_csv(path, missing=missing)
        except DataError as error:
            assert str(error).startswith(str(path))  # noqa: PT017  (a refusal is as good as a table here)
        else:
            assert table.rows >= 1


@given(st.binary(max_size=60))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    is_a_table_or_a_data_error(tmp_path_factory.getbasetemp() / "bytes.csv", content)


@given(st.text(alphabet='0123456789.,;e-+\n\r" \tNAxn', max_size=40))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    is_a_table_or_a_data_error(tmp_path_factory.getbasetemp() / "text.csv", content.encode())
