import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recurra.config import validated
from recurra.errors import ConfigError, DataError
from recurra.experiment.config import TaskConfig, combined
from recurra.inputs.choice import suited
from recurra.inputs.delimited import read_delimited
from recurra.inputs.examples import Examples, Keep, Kept, keep_nothing
from recurra.inputs.registry import get
from recurra.inputs.text.config import TextConfig
from recurra.inputs.text.reader import read


def texts(source: Any, keep: Keep = keep_nothing, **settings: Any) -> Examples:
    return read(source, validated(TextConfig, settings), keep)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_file_without_a_header_has_texts_and_labels(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", 'a "good" one\t1\n\n"quite" bad\t0\n')
    found = texts(path)
    assert list(found.contents) == ['a "good" one', '"quite" bad']
    assert found.columns.to_dict(as_series=False) == {"label": [1, 0]}
    assert list(found.places) == ["a.tsv, line 1", "a.tsv, line 3"]
    assert found.repairs == ("skipped 1 empty line of a.tsv",)
    assert suited(path, ("table", "series", "text"), keep_nothing, get).name == "text"


def test_a_comma_in_a_text_does_not_separate(tmp_path: Path) -> None:
    found = texts(written(tmp_path / "a.csv", "it was a good, film 0;no\nit was a bad film;yes\n"))
    assert (found.contents[0], found.columns["label"].to_list()) == (
        "it was a good, film 0",
        ["no", "yes"],
    )


def test_the_label_may_stand_before_the_text(tmp_path: Path) -> None:
    found = texts(written(tmp_path / "a.csv", "1,it is a good one\n0,it is a bad one\n"))
    assert (list(found.contents)[1], found.columns["label"].to_list()) == ("it is a bad one", [1, 0])


def test_quotes_of_csv_hold_separators_and_lines(tmp_path: Path) -> None:
    content = 'text,label\n"one, ""two""\nthree",x\nfour,y\n'
    found = texts(written(tmp_path / "a.csv", content))
    assert list(found.contents) == ['one, "two"\nthree', "four"]
    assert list(found.places) == ["a.csv, line 2", "a.csv, line 4"]


def test_a_tsv_file_whose_values_are_quoted_as_a_whole_is_unquoted(tmp_path: Path) -> None:
    found = texts(written(tmp_path / "a.tsv", 'text\tlabel\n"he said ""no"" twice"\tx\n"yes"\ty\n'))
    assert list(found.contents) == ['he said "no" twice', "yes"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "frame", "a.csv.gz"])
def test_every_kind_of_table_gives_the_same(name: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"stars": [1, 5], "review": ["bad film", "good film"]})
    source: Any = tmp_path / name
    if name == "frame":
        source = frame.to_pandas()
    elif name == "a.parquet":
        frame.write_parquet(source)
    elif name == "a.jsonl":
        frame.write_ndjson(source)
    else:
        source.write_bytes(gzip.compress(frame.write_csv().encode()))
    found = texts(source)
    assert list(found.contents) == ["bad film", "good film"]
    assert found.columns["stars"].to_list() == [1, 5]


def test_a_folder_has_a_label_in_each_folder(tmp_path: Path) -> None:
    for label, name, content in (
        ("pos", "1.txt", "good\nfilm"),
        ("neg", "2.txt", "bad"),
        ("neg", "1.txt", ""),
    ):
        (tmp_path / label).mkdir(exist_ok=True)
        written(tmp_path / label / name, content)
    found = texts(tmp_path)
    assert list(found.contents) == ["", "bad", "good\nfilm"]
    assert found.columns["label"].to_list() == ["neg", "neg", "pos"]
    assert found.places[2] == f"{tmp_path.name}/pos/1.txt"
    assert found.repairs == ("1 text without a word",)
    with pytest.raises(DataError, match="holds no texts"):
        texts(_empty(tmp_path))


def _empty(folder: Path) -> Path:
    (folder / "nothing").mkdir()
    return folder / "nothing"


def test_lists_and_lines_of_texts_need_no_label(tmp_path: Path) -> None:
    found = texts(["one", "two"])
    assert (list(found.contents), found.columns.width) == (["one", "two"], 0)
    assert list(found.rows(pl.Series([1]).to_numpy()).contents) == ["two"]
    assert list(texts([["a", "b"], ["c"]]).contents) == [["a", "b"], ["c"]]
    assert list(texts(written(tmp_path / "a.txt", "one\r\n\ntwo\r\n")).places) == [
        "a.txt, line 1",
        "a.txt, line 3",
    ]
    for bad in ([], [1, "a"], [["a", 3]]):
        with pytest.raises(DataError):
            texts(bad)


def test_long_texts_are_cut_and_their_tags_with_them(tmp_path: Path) -> None:
    found = texts(["one two, three", "four"], max_length=2)
    assert list(found.contents) == ["one two", "four"]
    assert found.repairs == ("cut 1 text of more than 2 tokens to the first 2",)
    assert texts(["abc"], tokens="character", max_length=2).contents[0] == "ab"
    rows = [{"tokens": ["a", "b", "c"], "tags": ["x", "y", "z"]}, {"tokens": ["d"], "tags": ["x"]}]
    path = written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    found = texts(path, max_length=2)
    assert (list(found.contents), found.columns["tags"].to_list()) == (
        [["a", "b"], ["d"]],
        [["x", "y"], ["x"]],
    )
    rows = [{"text": "a b, c", "tags": ["w", "x", "y", "z"]}, {"text": "d", "tags": ["x"]}]
    found = texts(pl.DataFrame(rows), max_length=3)
    assert (list(found.contents), found.columns["tags"].to_list()) == (
        ["a b,", "d"],
        [["w", "x", "y"], ["x"]],
    )
    path = written(tmp_path / "long.tsv", "word " * 100_000 + "\t1\nshort\t0\n")
    assert texts(path).repairs == ("cut 1 text of more than 400 tokens to the first 400",)


def test_control_characters_are_kept_and_stated() -> None:
    found = texts(["a\x00b", "c\td"])
    assert (found.contents[0], found.repairs) == ("a\x00b", ("control characters in 1 text, which are kept",))


def test_other_encodings_name_the_byte(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", "good\t1\ncafé\t0\n".encode("latin1"))
    with pytest.raises(DataError, match=r"line 2: byte 0xe9 at position 10 is no UTF-8"):
        texts(path)
    assert list(texts(written(tmp_path / "b.tsv", b"\xef\xbb\xbftext\tlabel\na\t1\n")).contents) == ["a"]


def test_the_same_twice_in_the_first_line_of_a_tsv_is_no_header(tmp_path: Path) -> None:
    rows = read_delimited(written(tmp_path / "a.tsv", "a\ta\nbc\td\n"))
    assert rows.frame.rows() == [("a", "a"), ("bc", "d")]
    assert list(rows.places) == ["a.tsv, line 1", "a.tsv, line 2"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "x\tx\ty\na\tb\tc\n", "two columns 'x'"),
        ("a.tsv", "", "is empty"),
        ("a.tsv", " \n\n", "is empty"),
        ("a.tsv", "text\tlabel\n", "has no rows"),
        ("a.tsv", "text\tlabel\na\t1\nb\n", r"line 3: 1 columns; expected 2"),
        ("a.csv", 'text,label\n"a,1\n', "line 2: unexpected end of data"),
        ("a.csv", "x,y\n1,2\n", r"no column with texts.*x, y"),
        ("a.csv", "x,x\na,b\n", "two columns 'x'"),
        ("a.csv.gz", "no gzip", "cannot be read"),
        ("a.csv", "first,second,label\nab,cd,1\n", "several columns with texts, first, second.*text="),
    ],
)
def test_bad_files_say_what_is_wrong(name: str, content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        texts(written(tmp_path / name, content))


def test_the_named_column_is_read_and_a_wrong_name_lists_those_there_are(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "first,second\nab,cd\n")
    assert list(texts(path, text="second").contents) == ["cd"]
    with pytest.raises(DataError, match=r"no such column as 'third'.*first, second"):
        texts(path, text="third")


def test_the_label_that_a_task_names_is_not_the_text(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text,remark\nab,it was quite good\n")
    found = texts(path, lambda _: Kept("text"))
    assert (list(found.contents), found.reads) == (["it was quite good"], ("remark",))
    with pytest.raises(DataError, match=r"text names 'text' of .*, which is to be told"):
        texts(path, lambda _: Kept("text"), text="text")


def test_what_was_guessed_is_a_setting_for_other_data(tmp_path: Path) -> None:
    found = texts(pl.DataFrame({"review": ["a b", "c"], "label": [1, 2]}))
    assert found.settings == {"text": "review", "tokens": "word"}
    for source in (["a", "b"], [["a"], ["b"]], written(tmp_path / "a.txt", "a\nb\n")):
        assert texts(source, **found.settings).reads == ("review",)
    with pytest.raises(DataError, match="no such column as 'review'"):
        texts(pl.DataFrame({"title": ["a b", "c"]}), **found.settings)


def test_settings_go_with_those_of_a_task_and_are_checked() -> None:
    config = validated(combined(TaskConfig, TextConfig), {"tokens": "character", "hidden_size": 5})
    assert (config.tokens, config.hidden_size) == ("character", 5)
    with pytest.raises(ConfigError, match="goes with tokens=word"):
        validated(TextConfig, {"tokens": "character", "characters": "lstm"})
