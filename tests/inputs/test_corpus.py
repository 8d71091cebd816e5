"""Documents from files, folders, tables and lists."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recurra.errors import DataError
from recurra.inputs.corpus.config import CorpusConfig
from recurra.inputs.corpus.input import CORPUS, suits
from recurra.inputs.examples import keep_nothing
from recurra.inputs.symbol import Documents

PLAIN = CorpusConfig()


def texts(documents: Documents) -> list[str]:
    """Every document whole."""
    found, held = [], ""
    for content, ends, _ in documents.pieces():
        held += content
        if ends:
            found.append(held)
            held = ""
    assert not held
    return found


def names(documents: Documents) -> list[str]:
    return [documents.name(number) for _, ends, number in documents.pieces() if ends]


def test_every_kind_of_source_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("first line\n\nsecond line\n")
    with gzip.open(tmp_path / "two.txt.gz", "wt") as file:
        file.write("packed")
    (tmp_path / "rows.jsonl").write_text('{"text": "a row of text"}\n{"text": ""}\n{"text": "another row"}\n')
    (tmp_path / "rows.csv").write_text("id,content\n1,some words in here\n2,more words in here\n")
    whole = "first line\n\nsecond line\n"
    assert texts(CORPUS.read(tmp_path / "one.txt", PLAIN)) == [whole]
    assert texts(CORPUS.read(tmp_path / "two.txt.gz", PLAIN)) == ["packed"]
    assert texts(CORPUS.read(tmp_path, PLAIN)) == [whole, "packed"]
    assert texts(CORPUS.read(tmp_path / "rows.csv", PLAIN)) == ["some words in here", "more words in here"]
    lines = CORPUS.read(tmp_path / "one.txt", CorpusConfig(documents="line"))
    assert texts(lines) == ["first line", "second line"]
    assert names(lines) == ["one.txt, line 1", "one.txt, line 3"]
    assert lines.repairs() == ("skipped 1 empty line of one.txt",)
    rows = CORPUS.read(tmp_path / "rows.jsonl", PLAIN)
    assert texts(rows) == ["a row of text", "another row"]
    assert rows.repairs() == (f"skipped 1 row without text of {tmp_path / 'rows.jsonl'}",)
    assert texts(CORPUS.read(["one", "two"], PLAIN)) == ["one", "two"]
    assert texts(CORPUS.read(pl.DataFrame({"text": ["of a frame"]}), PLAIN)) == ["of a frame"]
    assert texts(CORPUS.read(["one\r\ntwo", " "], PLAIN)) == ["one\ntwo"]
    assert all(suits(tmp_path / name, keep_nothing) for name in ("", "one.txt", "two.txt.gz", "rows.jsonl"))


def test_ends_of_lines_are_made_alike_wherever_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recurra.data.encoding._AT_ONCE", 3)
    (tmp_path / "mixed.txt").write_bytes("one\r\ntwo\rthree\n日本\r".encode())
    assert texts(CORPUS.read(tmp_path / "mixed.txt", PLAIN)) == ["one\ntwo\nthree\n日本\n"]
    (tmp_path / "wide.txt").write_bytes("one\r\ntwo".encode("utf-16"))
    assert texts(CORPUS.read(tmp_path / "wide.txt", PLAIN)) == ["one\ntwo"]


def test_pieces_end_where_words_do_and_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.inputs.corpus.reader._LONGEST", 10)
    (tmp_path / "words.txt").write_text("a few words of text " * 5 + "x" * 40)
    pieces = [content for content, *_ in CORPUS.read(tmp_path / "words.txt", PLAIN).pieces()]
    assert "".join(pieces) == "a few words of text " * 5 + "x" * 40
    assert max(map(len, pieces)) <= 10
    assert all(piece.endswith(" ") for piece in pieces if "x" not in piece)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b" \n\n ", "is empty"),
        (b"caf\xe9 au lait", "line 1: byte 0xe9 at position 3 is no UTF-8"),
        (b"fine\nnot \xff", "line 2: byte 0xff at position 9"),
        ("two bytes each".encode("utf-16-le"), "zero bytes.*utf-16le"),
        ("two bytes each".encode("utf-16-be"), "zero bytes.*utf-16be"),
    ],
)
def test_files_that_are_no_text_are_told(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        CORPUS.read(path, PLAIN)


def test_a_damaged_gz_and_wrong_lists_are_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.txt.gz"
    path.write_bytes(gzip.compress(np.random.default_rng(0).bytes(999).hex().encode())[:400])
    with pytest.raises(DataError, match="cannot be read"):
        CORPUS.read(path, PLAIN)
    with pytest.raises(DataError, match="text 2 is of type int"):
        CORPUS.read(["one", 2], PLAIN)
    with pytest.raises(DataError, match="does not exist"):
        CORPUS.read(tmp_path / "none.txt", PLAIN)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no texts"):
        CORPUS.read(tmp_path / "empty", PLAIN)
    with pytest.raises(DataError, match="2 columns that may be the text"):
        CORPUS.read(pl.DataFrame({"p": ["a b c d"], "q": ["e f g h"]}), PLAIN)
    with pytest.raises(DataError, match="no column of texts named 'r'"):
        CORPUS.read(pl.DataFrame({"p": ["a b c d"]}), CorpusConfig(text="r"))


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('{"text": "some words"}\n{"text": "more"}\n\n{"text": 5}\n', "line 4: text is '5'"),
        ('{"text": "some words"}\n["text"]\n', "line 2 of .* is not valid JSON"),
        ('{"n": 1}\n{"m": 1}\n', "no column of texts; expected one; its columns are n, m"),
        ('{"p": "a b c", "q": "d e f"}\n', "2 columns that may be the text; expected one of p, q"),
    ],
)
def test_wrong_lines_of_json_are_named(lines: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines)
    with pytest.raises(DataError, match=complaint):
        list(CORPUS.read(path, PLAIN).pieces())


def test_parquet_and_json_lines_are_gone_through_in_stretches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recurra.inputs.corpus.reader._AT_ONCE", 2)
    monkeypatch.setattr("recurra.inputs.corpus.reader._PEEKED", 2)
    frame = pl.DataFrame({"id": [1, 2, 3, 4, 5], "text": ["one", None, "three", " ", "five"]})
    frame.write_parquet(tmp_path / "rows.parquet")
    frame.write_ndjson(tmp_path / "rows.jsonl")
    for name, what in (("rows.parquet", "row"), ("rows.jsonl", "line")):
        found = CORPUS.read(tmp_path / name, PLAIN)
        assert texts(found) == ["one", "three", "five"]
        assert names(found) == [f"{name}, {what} {place}" for place in (1, 3, 5)]
        assert found.repairs() == (f"skipped 2 rows without text of {tmp_path / name}",)
