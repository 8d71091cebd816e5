"""The records of a run and their file."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from recurra.errors import DamagedError, StorageError
from recurra.training.history import History, HistoryFile, Mark, Tally

RECORDS = [
    {"kind": "step", "epoch": 0, "step": 3, "loss": 0.1 + 0.2},
    {"kind": "epoch", "epoch": 0, "step": 5, "train_loss": 1e-300},
    {"kind": "step", "epoch": 1, "step": 6, "loss": 7.0},
]


def written(path: Path | None) -> tuple[HistoryFile, History, list[Mark]]:
    history = History()
    file = HistoryFile(path, history)
    file.begin()
    marks = [file.mark()]
    for record in RECORDS:
        file.add(record)
        marks.append(file.mark())
    return file, history, marks


def test_records_are_kept_and_written_line_by_line(tmp_path: Path) -> None:
    place = tmp_path / "new" / "history.jsonl"
    _, history, _ = written(place)
    assert [json.loads(line) for line in place.read_text().splitlines()] == RECORDS
    assert history.steps == [RECORDS[0], RECORDS[2]]
    assert history.epochs == [RECORDS[1]]


def test_without_a_path_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, history, marks = written(None)
    assert len(history.steps) == 2
    assert list(tmp_path.iterdir()) == []
    HistoryFile(None, History()).rewind(marks[1])


@pytest.mark.parametrize("kept", range(4))
def test_what_was_written_after_a_mark_is_dropped(tmp_path: Path, kept: int) -> None:
    place = tmp_path / "history.jsonl"
    _, _, marks = written(place)
    whole = place.read_bytes()
    place.write_bytes(whole + b'{"kind": "st')

    history = History()
    file = HistoryFile(place, history)
    file.rewind(marks[kept])
    assert len(history.steps) + len(history.epochs) == kept
    assert file.mark() == marks[kept]

    for record in RECORDS[kept:]:
        file.add(record)
    assert place.read_bytes() == whole
    assert file.mark() == marks[-1]


def test_a_file_that_is_not_what_it_was_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "history.jsonl"
    _, _, marks = written(place)
    content = place.read_bytes()
    for altered in (content[:-1], content.replace(b"7.0", b"8.0")):
        place.write_bytes(altered)
        with pytest.raises(DamagedError, match="is not what it was at the checkpoint"):
            HistoryFile(place, History()).rewind(marks[-1])
    place.unlink()
    with pytest.raises(DamagedError, match="cannot be read"):
        HistoryFile(place, History()).rewind(marks[-1])
    place.mkdir()
    with pytest.raises(DamagedError, match="cannot be read"):
        HistoryFile(place, History()).rewind(marks[-1])


def test_a_file_that_cannot_be_cut_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "history.jsonl"
    _, _, marks = written(place)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.truncate", refuse)
    with pytest.raises(StorageError, match=r"Permission denied.*can be resumed"):
        HistoryFile(place, History()).rewind(marks[1])


def test_a_new_run_begins_with_an_empty_file(tmp_path: Path) -> None:
    written(tmp_path / "history.jsonl")
    HistoryFile(tmp_path / "history.jsonl", History()).begin()
    assert (tmp_path / "history.jsonl").read_bytes() == b""


def test_numbers_of_all_kinds_become_plain_json(tmp_path: Path) -> None:
    file, history, _ = written(tmp_path / "history.jsonl")
    values = {
        "a": torch.tensor(1.5),
        "b": np.float32(2.5),
        "c": np.int64(3),
        "d": math.nan,
        "e": -math.inf,
        "f": 4,
    }
    file.add({"kind": "epoch", **values})
    expected = {"kind": "epoch", "a": 1.5, "b": 2.5, "c": 3, "d": None, "e": None, "f": 4}
    assert history.epochs[-1] == expected
    assert json.loads((tmp_path / "history.jsonl").read_text().splitlines()[-1]) == expected


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="could not be written"):
        HistoryFile(tmp_path / "file" / "history.jsonl", History()).begin()
    with pytest.raises(StorageError, match="could not be written"):
        HistoryFile(tmp_path, History()).add(RECORDS[0])


def test_a_tally_weighs_losses_by_their_valid_steps() -> None:
    tally = Tally()
    tally.add(6.0, 3.0, 2.0, clipped=True, seconds=0.5)
    tally.add(4.0, 7.0, 4.0, clipped=False, seconds=1.5)
    record = tally.epoch_record(1, 9, 0.25)
    assert (record["train_loss"], record["gradient_norm"], record["clipped_share"]) == (1.0, 3.0, 0.5)
    assert (record["items_per_second"], record["seconds"]) == (5.0, 2.0)
    record = tally.step_record(1, 9, 0.25)
    assert (record["loss"], record["clipped"], record["steps_per_second"]) == (1.0, 0.5, 1.0)


def test_a_tally_of_nothing_has_no_loss() -> None:
    assert math.isnan(Tally().loss)
    assert math.isnan(Tally().step_record(0, 1, 0.1)["gradient_norm"])
