"""Checkpoints on the disk."""

from pathlib import Path

import pytest
import torch
from tests.training.toy import files_in
from torch import nn

from recurra.errors import DamagedError, StorageError
from recurra.training.checkpoint import (
    KEPT,
    Snapshot,
    checkpoints,
    load_checkpoint,
    save_checkpoint,
    tensors_from_bytes,
    tensors_to_bytes,
)


def snapshot(number: int = 3) -> Snapshot:
    return Snapshot(
        {"weight": torch.arange(15.0).reshape(3, 5) + number},
        {
            "random/cpu": torch.get_rng_state(),
            "step": torch.tensor(float(number)),
            "empty": torch.zeros(0, 7),
        },
        {"position": {"epoch": number}, "rate": 0.1 + 0.2, "best": None},
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    before = snapshot()
    after = load_checkpoint(save_checkpoint(tmp_path, "epoch-1", before))
    assert after.document == before.document
    for saved, loaded in zip(before[:2], after[:2], strict=True):
        assert saved.keys() == loaded.keys()
        for name, tensor in saved.items():
            assert torch.equal(tensor, loaded[name])
            assert tensor.dtype == loaded[name].dtype


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        save_checkpoint(tmp_path, f"epoch-{number}", snapshot(number))
    assert [place.name for place in checkpoints(tmp_path)] == ["epoch-3", "epoch-4"]
    assert len(list(tmp_path.iterdir())) == KEPT
    assert load_checkpoint(checkpoints(tmp_path)[-1]).document["position"] == {"epoch": 4}


def test_there_may_be_none(tmp_path: Path) -> None:
    assert checkpoints(tmp_path / "nowhere") == []


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("position", [0.0, 0.1, 0.5, 0.9])
def test_every_flipped_byte_is_noticed(tmp_path: Path, number: int, position: float) -> None:
    place = save_checkpoint(tmp_path, "epoch-1", snapshot())
    file = files_in(place)[number]
    content = bytearray(file.read_bytes())
    content[int(position * len(content))] ^= 4
    file.write_bytes(content)
    with pytest.raises(DamagedError) as caught:
        load_checkpoint(place)
    assert file.name in caught.value.got
    assert "go on from the checkpoint before it" in caught.value.remedy


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="could not be written"):
        save_checkpoint(tmp_path / "file", "epoch-1", snapshot())


def test_an_old_one_that_cannot_be_removed_is_said(tmp_path: Path) -> None:
    for number in range(KEPT):
        save_checkpoint(tmp_path, f"epoch-{number}", snapshot(number))
    (tmp_path / ".epoch-0").write_text("in the way")
    with pytest.raises(StorageError, match="could not be written"):
        save_checkpoint(tmp_path, "epoch-7", snapshot())
    assert load_checkpoint(tmp_path / "epoch-7").document == snapshot().document


def test_remains_of_an_old_one_are_not_in_the_way(tmp_path: Path) -> None:
    for number in range(KEPT):
        save_checkpoint(tmp_path, f"epoch-{number}", snapshot(number))
    (tmp_path / ".epoch-0").mkdir()
    (tmp_path / ".epoch-0" / "state.json").write_text("half removed")
    save_checkpoint(tmp_path, "epoch-7", snapshot())
    assert sorted(place.name for place in tmp_path.iterdir()) == ["epoch-1", "epoch-7"]


def test_tied_and_strided_weights_come_back() -> None:
    tied = nn.Linear(3, 5).weight.detach()
    tensors = tensors_from_bytes(tensors_to_bytes({"one": tied, "other": tied, "turned": tied.T}))
    assert torch.equal(tensors["one"], tensors["other"])
    assert torch.equal(tensors["turned"], tied.T)
