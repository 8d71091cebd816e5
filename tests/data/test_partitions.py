"""Folders of Parquet files, here and behind URLs: one table in one order."""

import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import polars as pl
import pytest

from recurra.data.partitions import is_partitioned, partitions, read_partitions
from recurra.data.sample import check_source, is_text
from recurra.data.table import read_table
from recurra.errors import DataError, MissingDependencyError
from recurra.inputs.corpus.config import CorpusConfig
from recurra.inputs.corpus.reader import read

FRAMES = {
    "b/part-0.parquet": pl.DataFrame({"text": ["five", "six", "seven"], "x": [5, 6, 7]}),
    "a/part-1.parquet": pl.DataFrame({"text": ["three", None], "x": [3, 4]}),
    "a/part-0.parquet": pl.DataFrame({"text": ["one", "two"], "x": [1, 2]}),
}
WHOLE = pl.concat([FRAMES[name] for name in sorted(FRAMES)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, frame in FRAMES.items():
        place = tmp_path / "table" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(place, row_group_size=2)
    (tmp_path / "table" / "_SUCCESS").write_text("")
    (tmp_path / "table" / "a" / ".part-0.parquet.crc").write_text("")
    return tmp_path / "table"


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    memory = fsspec.filesystem("memory")
    memory.put(f"{folder}/", "/lake/table/", recursive=True)
    yield "memory://lake/table"
    memory.rm("/lake", recursive=True)


def test_names_tell_the_order(folder: Path, url: str) -> None:
    for source in (folder, str(folder), url, f"file://{folder}"):
        assert is_partitioned(source)
        assert [one.name for one in partitions(source)] == sorted(FRAMES)
        assert read_partitions(source).equals(WHOLE)
        assert read_table(source, columns=["x"], rows=3).frame.equals(WHOLE.select("x").head(3))
    assert read_table(f"{url}/b/part-0.parquet").frame.equals(FRAMES["b/part-0.parquet"])


def test_only_what_is_needed_is_opened(folder: Path) -> None:
    (folder / "b" / "part-0.parquet").write_bytes(b"nothing")
    assert read_partitions(folder, rows=4).equals(WHOLE.head(4))
    with pytest.raises(DataError, match=r"b/part-0\.parquet cannot be read"):
        read_partitions(folder)


@pytest.mark.parametrize("behind", [False, True])
def test_texts_come_a_few_rows_at_once(folder: Path, url: str, behind: bool) -> None:
    documents = read(url if behind else folder, CorpusConfig())
    pieces = list(documents.pieces())
    assert [one.content for one in pieces] == [text for text in WHOLE["text"] if text]
    assert documents.name(pieces[3].document) == "b/part-0.parquet, row 1"
    assert [one for one in documents.repairs() if "skipped 1 row without text" in one]
    one = partitions(url if behind else folder)[2]
    assert [list(part) for part in one.slices("text", 1)] == [["five"], ["six"], ["seven"]]


def test_other_columns_and_nothing_at_all_are_told(folder: Path, tmp_path: Path) -> None:
    pl.DataFrame({"text": ["eight"], "y": [8.0]}).write_parquet(folder / "c.parquet")
    with pytest.raises(
        DataError, match=r"c\.parquet has other columns than a/part-0\.parquet \(lacks x; has y"
    ):
        read_partitions(folder)
    pl.DataFrame({"text": ["eight"], "x": [8.0]}).write_parquet(folder / "c.parquet")
    with pytest.raises(DataError, match="x is Float64, not Int64"):
        read_partitions(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert not is_partitioned(empty)
    with pytest.raises(DataError, match="holds no Parquet files"):
        partitions(empty)


def test_urls_are_looked_behind(url: str) -> None:
    assert not is_text("s3://bucket/table")
    check_source(url)
    with pytest.raises(DataError, match="memory://nowhere does not exist"):
        check_source("memory://nowhere")
    with pytest.raises(DataError, match="URL that fsspec knows"):
        check_source("nonsense://nowhere")


def test_what_is_missing_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'recurra\[scale\]'"):
        check_source(url)
