"""Piano rolls and folders as documents, and what is said of those that are misshapen."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.io import savemat
from tests.inputs.notes.midi_file import file, off, on, tempo, track

from recurra.errors import DataError
from recurra.experiment.symbols import read_symbols
from recurra.inputs.examples import keep_nothing
from recurra.inputs.notes.config import NotesConfig
from recurra.inputs.notes.input import NOTES, learn, suits, vary
from recurra.inputs.notes.live import LiveNotes
from recurra.inputs.notes.roll import arrays_of_npz
from recurra.inputs.notes.tune import Tune
from recurra.inputs.symbol import END, Documents, Piece
from recurra.tasks.language.config import LanguageConfig
from recurra.tasks.language.task import prepare

PLAIN = NotesConfig()
CHORDS = [[74, 70, 65, 58], [74, 70], [], [60]]


def read(source: Any, **settings: Any) -> Documents:
    return NOTES.read(source, NotesConfig(**settings))


def chords(documents: Documents) -> list[list[list[int]]]:
    """The keys of each step of each tune."""
    found = []
    for piece in documents.pieces():
        steps: list[list[int]] = [[] for _ in range(piece.content.steps)]
        for step, key in zip(*(one.tolist() for one in piece.content.sounding()[:2]), strict=True):
            steps[step].append(key)
        found.append(steps)
    return found


def names(documents: Documents) -> list[str]:
    return [documents.name(piece.document) for piece in documents.pieces()]


def roll(steps: list[list[int]], width: int = 88) -> np.ndarray:
    found = np.zeros((len(steps), width), np.uint8)
    for step, keys in enumerate(steps):
        found[step, [key - (21 if width == 88 else 0) for key in keys]] = 1
    return found


def test_rolls_of_every_kind_are_read(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(CHORDS))
    (tmp_path / "two.json").write_text(json.dumps([CHORDS, [[61]]]))
    np.savez(tmp_path / "rolls.npz", a=roll(CHORDS), b=roll([[61]], 128), other=np.zeros(3))
    np.save(tmp_path / "roll.npy", roll(CHORDS).astype(float))
    assert chords(read(tmp_path / "one.json")) == [CHORDS]
    assert chords(read(tmp_path / "two.json")) == [CHORDS, [[61]]]
    assert chords(read(tmp_path / "rolls.npz")) == [CHORDS, [[61]]]
    assert chords(read(tmp_path / "roll.npy")) == [CHORDS]
    assert chords(read(CHORDS)) == [CHORDS]
    assert chords(read([CHORDS, [[61]]])) == [CHORDS, [[61]]]
    assert chords(read([roll(CHORDS), roll([[61]])])) == [CHORDS, [[61]]]
    frame = pl.DataFrame({"name": ["a", "b"], "notes": [CHORDS, [[61]]]})
    assert chords(read(frame)) == [CHORDS, [[61]]]
    frame.rename({"notes": "mine"}).write_ndjson(tmp_path / "rows.jsonl")
    assert chords(read(tmp_path / "rows.jsonl", notes="mine")) == [CHORDS, [[61]]]
    assert names(read(tmp_path / "two.json")) == ["two.json 1", "two.json 2"]
    rests = [[74, None, -1, 0], [float("nan")], [60.0]]
    assert chords(read([rests])) == [[[74], [], [60]]]
    for source in ("one.json", "rolls.npz", "roll.npy"):
        assert suits(tmp_path / source, keep_nothing)
    for source in ([CHORDS], CHORDS, frame, [roll(CHORDS)]):
        assert suits(source, keep_nothing)
    for source in (["a text"], tmp_path / "rows.jsonl", []):
        assert not suits(source, keep_nothing)


def test_a_source_sets_its_parts_apart(tmp_path: Path) -> None:
    parts = {"train": [CHORDS, [[61]]], "valid": [[[62]]], "test": [[[63]], [[64]]]}
    (tmp_path / "parts.json").write_text(json.dumps(parts))
    cells = {}
    for part, own in parts.items():
        cells[f"{part}data"] = np.empty(len(own), object)
        cells[f"{part}data"][:] = [roll(one) for one in own]
    savemat(tmp_path / "parts.mat", cells)
    savemat(tmp_path / "fields.mat", {"chorales": cells})
    for name in ("parts.json", "parts.mat", "fields.mat"):
        found = read(tmp_path / name)
        assert suits(tmp_path / name, keep_nothing)
        assert chords(found) == parts["train"]
        assert {part: chords(one) for part, one in found.parts.items()} == {
            "validation": parts["valid"],
            "test": parts["test"],
        }
    (tmp_path / "test.json").write_text(json.dumps({"test": parts["test"]}))
    alone = read(tmp_path / "test.json")
    assert chords(alone) == parts["test"]
    assert not alone.parts


def test_parts_are_whole_words_of_any_case(tmp_path: Path) -> None:
    names = {
        "valse": "train",
        "devil": "train",
        "testament": "train",
        "training": "train",
        "Valid": "validation",
    }
    names |= {"TESTDATA": "test", "dev_2": "validation", "train": "train", "value": "train"}
    np.savez(tmp_path / "all.npz", **{name: roll(CHORDS) for name in names})
    found = arrays_of_npz(tmp_path / "all.npz")
    assert {one.name.removeprefix("all.npz, "): one.part for one in found} == names
    (tmp_path / "upper.json").write_text(json.dumps({"Train": [CHORDS], "TEST": [CHORDS]}))
    (tmp_path / "odd.json").write_text(json.dumps({"valse": [CHORDS]}))
    assert suits(tmp_path / "upper.json", keep_nothing)
    assert list(read(tmp_path / "upper.json").parts) == ["test"]
    assert not suits(tmp_path / "odd.json", keep_nothing)


def test_of_parts_to_choose_and_to_score_alone_nothing_is_to_train_on(tmp_path: Path) -> None:
    (tmp_path / "two.json").write_text(json.dumps({"valid": [[[62]]], "test": [[[63]]]}))
    found = read(tmp_path / "two.json")
    assert chords(found) == []
    assert {part: chords(one) for part, one in found.parts.items()} == {
        "validation": [[[62]]],
        "test": [[[63]]],
    }
    with pytest.raises(DataError, match=r"two\.json holds no sign to train on"):
        prepare(read_symbols(LanguageConfig, str(tmp_path / "two.json"), {}, None, None))


def test_a_folder_leaves_out_what_cannot_be_read_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.mid").write_bytes(
        file(track([(0, tempo(70)), (0, on(60)), (480, off(60))]), track([(0, on(36, 9)), (9, off(36, 9))]))
    )
    (tmp_path / "b.json").write_text(json.dumps(CHORDS))
    (tmp_path / "c.mid").write_bytes(b"MThd")
    (tmp_path / "d.json").write_text('{"about": "nothing"}')
    assert suits(tmp_path, keep_nothing)
    found = read(tmp_path)
    assert chords(found) == [CHORDS, [[60]] * 4]
    left, drums = sorted(found.repairs(), reverse=True)
    assert left.startswith("left out 1 file of 3; the first: ")
    assert drums == "a.mid: left out 1 note of drums"
    assert found.settings == {"ties": True, "resolution": 4, "loudness": False}
    assert learn((one.content for one in found.pieces()), NotesConfig(**found.settings)).tempo == 70
    (tmp_path / "below" / "a.mid").unlink()
    (tmp_path / "b.json").unlink()
    with pytest.raises(DataError, match=r"c\.mid"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"holds no files of notes.*\.midi"):
        read(tmp_path / "below")
    np.savez(tmp_path / "below" / "weights.npz", a=np.zeros((8, 89)))
    assert not suits(tmp_path / "below", keep_nothing)
    np.savez(tmp_path / "below" / "a.npz", a=roll(CHORDS))
    assert suits(tmp_path / "below", keep_nothing)
    assert chords(read(tmp_path / "below")) == [CHORDS]


def test_what_is_misshapen_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "tune.json"

    def said(document: Any) -> str:
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        with pytest.raises(DataError) as caught:
            read(path)
        return str(caught.value).replace(str(path), "FILE")

    assert "FILE, tune 2, step 1 holds 'x'; expected a key" in said([[[60]], [["x"]]])
    assert "FILE, step 2 is '60'; expected [[74, 70, 65, 58]" in said([[60], 60])
    assert "FILE, step 1 has key 200; expected keys of a piano, 21 (A0) to 108 (C8)" in said([[200]])
    assert "FILE, step 1 holds 60.5" in said([[60.5]])
    assert "FILE, training is '1'; expected [[74, 70, 65, 58]" in said('{"train": [[[60]]], "training": 1}')
    assert "FILE has a key 'more'; expected train, valid and test" in said('{"train": [[[60]]], "more": 1}')
    assert "FILE holds no notes; expected a key in some step" in said([[], []])
    assert "FILE is no JSON" in said("[[60], [")
    assert "no column of notes named notes or roll or chords" in said({"tunes": [[[60]]]})


def test_arrays_that_are_no_rolls_are_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "wrong.npz", a=np.zeros((4, 3)))
    with pytest.raises(DataError, match=r"holds no piano roll, but a \(4, 3\); expected arrays"):
        read(tmp_path / "wrong.npz")
    np.savez(tmp_path / "empty.npz", a=np.zeros((4, 88)))
    with pytest.raises(DataError, match="a holds no notes"):
        read(tmp_path / "empty.npz")
    np.savez(tmp_path / "low.npz", a=roll([[3]], 128))
    with pytest.raises(DataError, match="has key 3"):
        read(tmp_path / "low.npz")
    np.savez(tmp_path / "objects.npz", a=np.array([{}], object))
    with pytest.raises(DataError, match="could run code"):
        read(tmp_path / "objects.npz")
    np.save(tmp_path / "open.npy", roll(CHORDS))
    content = (tmp_path / "open.npy").read_bytes()
    (tmp_path / "open.npy").write_bytes(content.replace(b"(4, 88)", b"(4, 88 "))
    with pytest.raises(DataError, match=r"open\.npy cannot be read"):
        read(tmp_path / "open.npy")
    (tmp_path / "cut.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(40))
    with pytest.raises(DataError, match=r"cut\.mat cannot be read \(no MAT file of version 5 to 7\)"):
        read(tmp_path / "cut.mat")
    with pytest.raises(DataError, match=r"tune 1 is an array of float64 of shape \(3,\)"):
        read([np.zeros(3)])
    with pytest.raises(DataError, match="has no column of notes named notes or roll or chords"):
        read(pl.DataFrame({"a": [1]}))
    frame = pl.DataFrame({"notes": [None, None]}, {"notes": pl.List(pl.List(pl.Int64))})
    with pytest.raises(DataError, match="holds no tune in column notes"):
        read(frame)
    with pytest.raises(DataError, match="tune 1, step 1 holds inf; expected a key"):
        read([[[float("inf")]]])
    with pytest.raises(DataError, match="tune 1, step 1 holds False; expected a key"):
        read([[[False, 60]]])


def test_training_hears_other_keys_as_far_as_the_piano_goes() -> None:
    tunes = [Tune.of_chords([[60, 64]]), Tune.of_chords([[107]])]

    def pieces() -> Iterator[Piece]:
        return (Piece(one, ends=True, document=at) for at, one in enumerate(tunes))

    found = vary(pieces(), NotesConfig(transpose=2))
    assert found.copies == 5
    keys = [(piece.document, *piece.content.keys.tolist()) for piece in found.pieces]
    assert keys[:2] == [(0, 64, 60), (1, 107)]
    assert sorted(keys) == sorted(
        [*((0, 64 + shift, 60 + shift) for shift in range(-2, 3)), *((1, 107 + at) for at in (-2, -1, 0, 1))]
    )
    assert "up to 2 semitones" in found.note
    same = vary(pieces(), NotesConfig(transpose=0))
    assert ([piece.content for piece in same.pieces], same.note) == (tunes, "")


def test_copies_of_a_tune_that_was_cut_end_but_the_last() -> None:
    pieces = [Piece(Tune.of_chords([[60]]), ends=True), Piece(Tune.of_chords([[62]]), ends=False, document=1)]
    found = [(one.document, one.ends) for one in vary(iter(pieces), NotesConfig(transpose=1)).pieces]
    assert found == [(0, True), (1, True), (0, True), (1, True), (0, True), (1, False)]
    prepared = prepare(read_symbols(LanguageConfig, [CHORDS * 30], {"transpose": 1}, None, None))
    numbers = prepared.train.tokens.read(0, len(prepared.train))
    assert prepared.schema.has_ends
    assert (numbers == END).sum() == 2
    assert len(prepared.train.ends) == 3


def test_rows_of_a_stream_are_signs_or_keys() -> None:
    live = LiveNotes(learn(iter([]), NotesConfig(ties=False, resolution=2)))
    signs = live.steps({"notes": "D5 A#4 F4 A#3 |"})
    assert live.steps({"notes": [58, 65, 70, 74]}) == signs
    assert live.steps({"notes": [[74, 70, 65, 58], [74]]}) == [*signs, *live.steps({"notes": "D5 |"})]
    for rest, bars in (([], "|"), ([[]], "|"), ([[], []], "| |"), ([[74], []], "D5 | |")):
        assert live.steps({"notes": rest}) == live.steps({"notes": bars})
    tied = LiveNotes(learn(iter([]), NotesConfig(ties=True, resolution=2)))
    with pytest.raises(DataError, match=r"notes is \[\[74\]\] \(a list does not say what is held\)"):
        tied.steps({"notes": [[74]]})
    for row, said in (
        ({}, "a row without notes"),
        ({"notes": 3}, "notes is 3"),
        ({"notes": "D5 H4 |"}, "'H4' in notes"),
        ({"notes": [3]}, "has key 3"),
    ):
        with pytest.raises(DataError, match=said):
            live.steps(row)
