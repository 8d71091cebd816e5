"""Corpora that are tokenised once, beside a run or in it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra.errors import DataError, StorageError
from recurra.experiment import tokenised
from recurra.experiment.corpus_place import CorpusPlace
from recurra.experiment.run import train
from recurra.experiment.symbols import SymbolSchema
from recurra.experiment.task import Prepared
from recurra.tasks.language.task import LANGUAGE, prepare

SMALL: dict[str, Any] = {
    "hidden_size": 8,
    "max_epochs": 1,
    "batch_size": 2,
    "ngram_order": 2,
    "documents": "line",
}


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenised, "LARGE", 1)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text("".join(f"line {number} of a book\n\n" for number in range(60)))
    return path


def prepared_in(place: CorpusPlace | None, book: Path, **settings: Any) -> Prepared:
    data = LANGUAGE.read(str(book), {**SMALL, **settings}, None, None)
    return prepare(data if place is None else LANGUAGE.placed(data, place))


def same(first: Prepared, second: Prepared) -> bool:
    alike = first.schema.to_dict() == second.schema.to_dict() and first.repairs == second.repairs
    for part, other in (
        (getattr(first, name), getattr(second, name)) for name in ("train", "validation", "test")
    ):
        alike &= bool((part.tokens.read(0, len(part)) == other.tokens.read(0, len(other))).all())
        alike &= part.table.frame.equals(other.table.frame) and bool((part.ends == other.ends).all())
        alike &= all(bool((own == other.sizes[name]).all()) for name, own in part.sizes.items())
    return alike


def test_a_resumed_run_finds_its_corpus_and_tokenises_nothing_again(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    place = CorpusPlace(run, resume=False)
    first = prepared_in(place, book)
    assert place.path.parent == tmp_path
    assert place.path.name.startswith(".run.corpus")
    assert same(first, prepared_in(None, book))
    run.mkdir()
    (said,) = place.settle()
    assert str(run / "corpus") in said
    assert same(first, prepared_in(None, book))  # from where it lies now

    calls = []
    encode = SymbolSchema.encode
    monkeypatch.setattr(SymbolSchema, "encode", lambda *given: calls.append(1) or encode(*given))
    again = CorpusPlace(run, resume=True)
    assert same(first, prepared_in(again, book))
    assert not calls
    for changed in ({"lowercase": True}, {"test_size": 0.2}):
        prepared_in(again, book, **changed)
    assert len(calls) == 6
    book.write_text(book.read_text() + "a line more\n")
    assert len(prepared_in(again, book).train.ends) != 0
    assert len(calls) == 9


@pytest.mark.parametrize("name", ["train.ids", "documents.safetensors", "corpus.json"])
def test_what_was_altered_is_tokenised_anew(name: str, book: Path, tmp_path: Path) -> None:
    place = CorpusPlace(tmp_path / "run", resume=False)
    first = prepared_in(place, book)
    (path,) = place.path.rglob(name)
    path.write_bytes(path.read_bytes()[:-3])
    assert same(prepared_in(place, book), prepared_in(None, book))
    assert len(first.train) > 0


def test_nothing_is_left_of_what_was_refused_interrupted_or_has_ended(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    run = tmp_path / "run"
    few = tmp_path / "few.txt"
    few.write_text("a b c d")
    with pytest.raises(DataError, match="none is left to score"):
        train(LANGUAGE, str(few), {**SMALL, "tokens": "word", "validation_size": 0.0}, run)
    encode = SymbolSchema.encode

    def interrupted(*given: Any) -> Any:
        encode(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(SymbolSchema, "encode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(LANGUAGE, str(book), SMALL, run)
    monkeypatch.undo()
    monkeypatch.setattr(tokenised, "LARGE", 1)
    assert {one.name for one in tmp_path.iterdir()} == {"book.txt", "few.txt"}
    train(LANGUAGE, str(book), SMALL, run, tell=said.append)
    assert any("MB of numbers lie in" in one for one in said)
    assert {one.name for one in tmp_path.iterdir()} == {"book.txt", "few.txt", "run"}
    assert not (run / "corpus").exists()


def test_runs_at_once_and_sources_without_files_have_places_of_their_own(book: Path, tmp_path: Path) -> None:
    places = [CorpusPlace(tmp_path / "run", resume=False) for _ in range(2)]
    first, second = (prepared_in(place, book) for place in places)
    assert places[0].path != places[1].path
    places[0].remove()
    assert same(second, prepared_in(None, book))
    assert np.sum(first.train.ends) > 0
    place = CorpusPlace(tmp_path / "other", resume=False)
    prepare(LANGUAGE.placed(LANGUAGE.read(book.read_text().split("\n"), SMALL, None, None), place))
    assert not place.path.exists()


def test_a_full_disk_is_told(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = CorpusPlace(tmp_path / "run", resume=False)
    opened = Path.open

    def full(path: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if path.suffix == ".ids" and "a" in mode:
            raise OSError(28, "No space left on device")
        return opened(path, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StorageError, match=r"no room for the symbols of the corpus \(No space.*--out"):
        prepared_in(place, book)
    place.forsake()
    assert {one.name for one in tmp_path.iterdir()} == {"book.txt"}
