import gzip
import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from tests.inputs.series.example import hourly

from recurra.data.reader import read_file
from recurra.data.separator import separator_of
from recurra.data.table import read_table
from recurra.errors import DataError, MissingDependencyError


def csv(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv does not exist; expected a file"):
        read_file(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_file(tmp_path)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.parquet", "t.csv.gz"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"t\..* is empty; expected a table with a header"):
        read_file(tmp_path / name)


@pytest.mark.parametrize("name", ["table.csv", "table.jsonl"])
@pytest.mark.parametrize("text", ["\n", "\n\n\n", " \n", "unique_id,ds,y\n"])
def test_a_file_without_rows(tmp_path: Path, text: str, name: str) -> None:
    with pytest.raises(DataError, match=r"is empty|has no rows|cannot be read|not valid JSON"):
        read_table(csv(tmp_path, text, name))


@pytest.mark.parametrize("name", ["table.ods", "table", "table.parquet.gz", "table.zip.gz"])
def test_an_unknown_format_names_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"unknown format; .* ends in \.csv, \.tsv, \.jsonl"):
        read_file(csv(tmp_path, "a,b\n1,2\n", name))


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["table.parquet", "table.csv.gz", "table.jsonl.gz"])
def test_a_truncated_file(tmp_path: Path, name: str, keep: float) -> None:
    frame = hourly()
    path = tmp_path / name
    if name.endswith("parquet"):
        frame.write_parquet(path)
    else:
        text = frame.write_csv() if "csv" in name else frame.write_ndjson()
        path.write_bytes(gzip.compress(text.encode()))
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(DataError, match=r"cannot be read|is empty"):
        read_file(path)


def test_a_parquet_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"table\.parquet cannot be read .*whole \.parquet file"):
        read_file(csv(tmp_path, "unique_id,ds,y\n", "table.parquet"))


def test_a_bad_json_line_is_named(tmp_path: Path) -> None:
    path = csv(tmp_path, '{"ds": 1, "y": 2}\n{"ds": 2, "y" 3}\n{"ds": 3, "y": 4}\n', "table.jsonl")
    with pytest.raises(DataError, match=r"line 2 of .*jsonl is not valid JSON .*one JSON object a line"):
        read_file(path)


def test_a_json_array_is_no_json_lines(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1"):
        read_file(csv(tmp_path, '[{"ds": 1, "y": 2},\n{"ds": 2, "y": 3}]\n', "table.jsonl"))


def test_json_lines_may_lack_keys_and_change_from_whole_numbers(tmp_path: Path) -> None:
    frame = read_file(csv(tmp_path, '{"ds": 1, "y": 2}\n\n{"ds": 2}\n{"ds": 3, "y": 2.5}\n', "table.jsonl"))
    assert frame["y"].to_list() == [2.0, None, 2.5]


def test_ragged_lines_and_other_encodings(tmp_path: Path) -> None:
    ragged = r"line 3 of .*table\.csv holds 3 values; expected 2, as the header has columns"
    with pytest.raises(DataError, match=ragged):
        read_file(csv(tmp_path, "ds,y\n1,2\n3,4,5\n"))
    late = "".join(f"{step},1\n" for step in range(20_000))
    with pytest.raises(DataError, match=r"line 20002 of .* holds 3 values"):
        read_file(csv(tmp_path, f"ds,y\n{late}3,4,5\n"))
    path = tmp_path / "latin.csv"
    path.write_bytes("unique_id,ds,y\nm\xfcnchen,1,2\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"line 2: byte 0xfc at position 16 is no UTF-8.*iconv -f latin1"):
        read_file(path)


@pytest.mark.parametrize("at", [20, (1 << 20) - 1, (1 << 20) + 5])
def test_a_byte_that_is_no_text_is_found_wherever_it_is(tmp_path: Path, at: int) -> None:
    content = bytearray(b"ds,y\n" + b"1,2\n" * (1 << 19))
    content[at - 1 : at + 2] = "\u00e9".encode() + b"\xe9"
    (tmp_path / "table.csv").write_bytes(content)
    line = content[: at + 1].count(b"\n") + 1
    with pytest.raises(DataError, match=rf"line {line}: byte 0xe9 at position {at + 1} is no UTF-8"):
        read_file(tmp_path / "table.csv")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["table.csv", "table.jsonl"])
def test_a_byte_order_mark_says_how_a_file_is_written(tmp_path: Path, encoding: str, name: str) -> None:
    frame = pl.DataFrame({"ds": [1, 2], "y": [1.5, 2.5], "name": ["m\u00fcnchen", "k\u00f6ln"]})
    text = frame.write_csv() if name.endswith("csv") else frame.write_ndjson()
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert read_file(tmp_path / name).to_dicts() == frame.to_dicts()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ds;y\n1;1,5\n2;-2\n3;1.234,25\n", [1.5, -2.0, 1234.25]),
        ('ds,y\n1,"1,500"\n2,"0,750"\n', [1.5, 0.75]),
        ("ds;y;z\n1;1.234;0,5\n2;987;2\n", [1234.0, 987.0]),
        ("ds;y\n1;1.234\n2;1500\n", [1.234, 1500.0]),
        ("ds;y\n1;0,125\n2;NA\n3;7,250\n", [0.125, None, 7.25]),
        ('ds,y\n1,"1,5"\n2,"2,25"\n', [1.5, 2.25]),
        ('ds,y\n1,"1,234.5"\n2,999\n', [1234.5, 999.0]),
        ('ds,y\n1,"1,234"\n2,"12,345,678"\n', [1234.0, 12345678.0]),
    ],
)
def test_decimal_commas_and_thousands_are_seen(
    tmp_path: Path, text: str, expected: list[float | None]
) -> None:
    assert read_file(csv(tmp_path, text))["y"].to_list() == expected


def test_what_is_no_number_in_any_reading_stays_text(tmp_path: Path) -> None:
    frame = read_file(csv(tmp_path, "ds;y;z\n1;1,5;1,2,3\n2;2.5;4\n"))
    assert frame["y"].to_list() == ["1,5", "2.5"]
    assert frame["z"].to_list() == ["1,2,3", "4"]


@pytest.mark.parametrize("text", ["2024-01-01,1.5\n2024-01-02,2\n", "1,2,2\n3,4,5\n", "1.5\n2\n"])
def test_a_file_without_a_header_is_noticed(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"the first line of .* holds data .*Add a first line such as ds"):
        read_file(csv(tmp_path, text))


def test_an_array_of_objects(tmp_path: Path) -> None:
    rows = [{"ds": 1, "y": 2.5}, {"ds": 2, "y": None}]
    path = csv(tmp_path, json.dumps(rows, indent=1), "table.json")
    assert read_file(path).to_dicts() == rows
    assert read_file(path, ["y"], 1).to_dicts() == [{"y": 2.5}]
    assert read_file(csv(tmp_path, '{"ds": 1, "y": 2.5}\n', "lines.json")).to_dicts() == rows[:1]
    for text, message in (("[1]", "entry 1 of .* is no object"), ("[{", "no valid JSON"), ("[]", "is empty")):
        with pytest.raises(DataError, match=message):
            read_file(csv(tmp_path, text, "bad.json"))


def test_an_archive_of_one_table(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "table.zip", "w") as archive:
        archive.writestr("folder/table.csv", "ds,y\n1,2.5\n")
        archive.writestr("__MACOSX/folder/._table.csv", "x")
    assert read_file(tmp_path / "table.zip").to_dicts() == [{"ds": 1, "y": 2.5}]
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "ds,y\n1,2.5\n")
        archive.writestr("b.csv", "ds,y\n1,2.5\n")
    with pytest.raises(DataError, match="holds 2 files; expected one table in an archive"):
        read_file(tmp_path / "two.zip")
    (tmp_path / "none.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="cannot be read"):
        read_file(tmp_path / "none.zip")
    with zipfile.ZipFile(tmp_path / "ragged.zip", "w") as archive:
        archive.writestr("t.csv", "ds,y\n1,2\n3,4,5\n")
    with pytest.raises(DataError, match=r"^line 3 of t\.csv in .*ragged\.zip holds 3 values"):
        read_file(tmp_path / "ragged.zip")
    locked = bytearray((tmp_path / "ragged.zip").read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + flags] |= 1  # says that a password is needed
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(DataError, match=r"encrypted.*a whole archive without a password"):
        read_file(tmp_path / "locked.zip")


def test_a_workbook(tmp_path: Path) -> None:
    pytest.importorskip("fastexcel")
    pl.DataFrame({"ds": ["2024-01-01", "2024-01-02"], "y": [1.5, 2.5]}).write_excel(tmp_path / "table.xlsx")
    assert read_table(tmp_path / "table.xlsx", columns=["y"]).frame["y"].to_list() == [1.5, 2.5]


def test_a_workbook_without_its_reader_says_what_to_install(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(MissingDependencyError, match=r"recurra\[excel\]"):
        read_file(csv(tmp_path, "PK", "table.xlsx"))


def test_two_columns_of_one_name_are_refused_and_blank_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b," a"\n1,2,3\n')
    with pytest.raises(DataError, match="two columns 'a'"):
        read_file(path)
    path.write_text("a,,\n1,2,3\n")
    assert read_file(path).shape == (1, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good, film 0;no\nbad film;yes\n", ";"),
        ("text;label\ngood, film, really;no\n", ";"),
        ("a,b\n1,2\n", ","),
        ('"a;b;c",d\n"x;y",z\n', ","),
        ("a\n1\n", ","),
        ("", ","),
    ],
)
def test_what_separates_is_in_every_line_alike(text: str, expected: str) -> None:
    assert separator_of(text, "a.csv") == expected
    assert separator_of(text, "a.tsv.gz") == "\t"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found_in_the_header(tmp_path: Path, separator: str) -> None:
    text = "\n".join(separator.join(row) for row in [("unique_id", "ds", "y"), ("a", "2024-01-01", "2.5")])
    frame = read_file(csv(tmp_path, text))
    assert frame.columns == ["unique_id", "ds", "y"]
    assert frame["y"].to_list() == [2.5]


def test_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    frame = read_file(csv(tmp_path, "\ufeffunique_id,ds,y\r\na,2024-01-01,1.5\r\n"))
    assert frame.columns == ["unique_id", "ds", "y"]
    assert frame["y"].to_list() == [1.5]


@pytest.mark.parametrize("word", ["NA", "", "NaN", "null", "N/A", "-"])
@pytest.mark.parametrize("row", [0, 1, 20_000])
def test_words_for_missing_values_leave_numbers_numbers(tmp_path: Path, word: str, row: int) -> None:
    values = ["1"] * 20_001
    values[row] = word
    lines = "\n".join(f"{step},{value}" for step, value in enumerate(values))
    column = read_file(csv(tmp_path, f"ds,y\n{lines}\n"))["y"]
    assert column.dtype.is_numeric()
    assert column.fill_nan(None).null_count() == 1


def test_words_for_missing_values_may_come_first_and_long(tmp_path: Path) -> None:
    lines = "\n".join(f"{step},{'NA' if step < 2500 else '1.5'}" for step in range(2600))
    column = read_file(csv(tmp_path, f"ds,y\n{lines}\n"))["y"]
    assert column.null_count() == 2500
    assert column.to_list()[2500:] == [1.5] * 100


def test_a_damaged_parquet_file_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pl.DataFrame({"ds": range(20), "y": [1.5, 2.5] * 10}).write_parquet(path)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        try:
            read_file(path)
        except DataError:
            refused += 1
    assert refused > 0


def test_whole_numbers_that_become_fractions_late(tmp_path: Path) -> None:
    lines = "\n".join(f"{step},1" for step in range(20_000))
    assert read_file(csv(tmp_path, f"ds,y\n{lines}\n20000,2.5\n"))["y"].to_list()[-1] == 2.5


def test_a_country_called_na_stays_a_name(tmp_path: Path) -> None:
    assert read_file(csv(tmp_path, "unique_id,ds,y\nNA,1,2\nDE,1,3\n"))["unique_id"].to_list() == ["NA", "DE"]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31",
        "2024-01-31 05:00",
        "2024-01-31T05:00:07",
        "2024-01-31 05:00:00.25",
        "2024-01-31T05:00:00Z",
    ],
)
def test_times_are_left_as_they_are_written(tmp_path: Path, text: str) -> None:
    column = read_file(csv(tmp_path, f"ds,y\n{text},1\n{text},2\n"))["ds"]
    assert column.to_list() == [text, text]


ROWS = ["2024-01-01,1200.5", "2024-01-02,1300.25", "2024-01-03,1250"]
TABLE = {"ds": ["2024-01-01", "2024-01-02", "2024-01-03"], "y": [1200.5, 1300.25, 1250.0]}


def lines(*above: str, end: str = "\n", below: str = "", rows: Sequence[str] = ROWS) -> str:
    return end.join([*above, *rows]) + end + below


@pytest.mark.parametrize(
    "text",
    [
        lines("\ufeffds,y"),
        lines("ds,y,", rows=[f"{row}," for row in ROWS]).replace("ds,y,", "ds,y"),
        lines("ds,y", below="\n\n  \n"),
        lines("ds,y", below=",\n , \n"),
        lines("# exported, by a tool", "#", "ds,y"),
        lines("Sales of 2024", "", "ds,y"),
        lines("sep=;", "ds;y").replace(",", ";"),
        lines(" ds , y "),
        lines("ds,y", end="\r"),
        lines("ds,y", end="\r\n"),
        lines('"ds","y"', rows=[row.replace(",", ',"') + '"' for row in ROWS]),
        lines("ds;y", rows=[row.replace(",", ";").replace(".", ",") + " €" for row in ROWS]),
        lines("ds,y", rows=[row.replace(",", ",$") for row in ROWS]),
        lines("ds,y", rows=[f"{row}%" for row in ROWS]),
        lines("ds;y", rows=["2024-01-01;1 200,5", "2024-01-02;1\u00a0300,25", "2024-01-03;1250"]),
        lines("ds,y", rows=['2024-01-01,"1,200.5"', "2024-01-02,'1300.25", "2024-01-03,1250"]).replace(
            "'", ""
        ),
    ],
)
def test_tables_as_people_export_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(text.encode())
    assert read_file(path).to_dict(as_series=False) == TABLE
    assert read_file(path, ["y", "ds"]).columns == ["y", "ds"]
    assert read_file(path, ["y"], 2)["y"].to_list() == TABLE["y"][:2]


def test_what_stands_above_is_left_out_only_where_a_header_follows(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    for text, names in (
        ("#ds,y\n2024-01-01,1\n2024-01-02,2\n", ["#ds", "y"]),
        ("a\n1\n2\n3\n", ["a"]),
        ("a\n\nb\n", ["a"]),
    ):
        path.write_text(text)
        assert read_file(path).columns == names
    for text in ("review\ngood, film\nbad, film\n", "Sales\nds,y\n2024-01-01,1,2\n2024-01-02,2\n"):
        path.write_text(text)
        with pytest.raises(DataError, match=r"line \d of .* or remove lines above the header"):
            read_file(path)
    path.write_text(
        "# by a tool\nds,y\n2024-01-01,1\n2024-01-02,2\n" + "2024-01-03,3\n" * 40 + "2024-01-04,4,5\n"
    )
    with pytest.raises(DataError, match="line 45 of "):
        read_file(path)


@pytest.mark.parametrize("text", ["$1 €2", "5% 6", "1_23 4_567", "kg_1 kg_2", "1$$ 2$$"])
def test_signs_that_differ_stay_text(tmp_path: Path, text: str) -> None:
    path, texts = tmp_path / "odd.csv", [one.replace("_", " ") for one in text.split()]
    path.write_text("a;b\n" + "".join(f"x;{one}\n" for one in texts))
    assert read_file(path)["b"].to_list() == texts
