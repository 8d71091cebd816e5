"""Resuming: the same bits as without the interruption, and clear words where that cannot be."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.toy import (
    ToySource,
    files_in,
    same_bits,
    squared_error,
    toy_config,
    toy_model,
    valid_loss,
    weights,
    without_timings,
)
from tests.training.toy_run import SETTINGS, toy_run
from torch import Tensor, nn

from recurra.errors import ConfigError, DamagedError, NewerFormatError, NonFiniteError, StorageError
from recurra.training import checkpoint
from recurra.training.checkpoint import checkpoints
from recurra.training.contract import Loss
from recurra.training.history import TIMINGS, History
from recurra.training.loop import fit

Finished = tuple[list[Tensor], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk protects from the end of the machine, which is not tested here."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture(scope="module")
def uninterrupted() -> Finished:
    model, history = toy_run(None)
    return weights(model), without_timings(history)


def lines(folder: Path) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return [{key: value for key, value in record.items() if key not in TIMINGS} for record in records]


class Killed(BaseException):
    """Stands for the end of the process."""


def stopped_after(folder: Path, steps: int, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Train until an optimiser step, and end there as if killed."""
    taken = iter(range(1, 10_000))
    step = torch.optim.Adam.step

    def counted(self: torch.optim.Adam, closure: Any = None) -> Any:
        if next(taken) > steps:
            raise Killed
        return step(self, closure)

    with monkeypatch.context() as patched:
        patched.setattr(torch.optim.Adam, "step", counted)
        with pytest.raises(Killed):
            toy_run(folder, **settings)


@pytest.mark.parametrize("steps", [0, 1, 7, 8, 25])
def test_a_resumed_run_ends_with_the_same_bits(
    tmp_path: Path, uninterrupted: Finished, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_after(tmp_path, steps, monkeypatch)
    model, history = toy_run(tmp_path, resume=True)
    assert same_bits(weights(model), uninterrupted[0])
    assert without_timings(history) == uninterrupted[1]
    assert sorted(lines(tmp_path), key=str) == sorted(uninterrupted[1], key=str)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "nadam", "averaging": "swa", "schedule": "plateau", "decay_epochs": 1},
        {"optimizer": "rmsprop", "momentum": 0.5, "schedule": "one_cycle", "tbptt_steps": None},
        {"optimizer": "sgd", "patience": 2, "min_delta": 0.05, "schedule": "step", "checkpoint_every": 1},
        {"precision": "bf16-mixed", "checkpoint_every": None, "accumulate": 1},
    ],
)
def test_every_setting_resumes_from_any_checkpoint(tmp_path: Path, settings: dict[str, Any]) -> None:
    """The run is copied at some validations, and the copies are resumed from what they had saved."""
    folder, copies = tmp_path / "run", tmp_path / "copies"
    seen: list[float] = []

    def validate(model: nn.Module) -> dict[str, float]:
        seen.append(valid_loss(model)["valid_loss"])
        if len(seen) in {1, 3}:
            shutil.copytree(folder, copies / str(len(seen)))
        return {"valid_loss": seen[-1]}

    config = toy_config(**{**SETTINGS, "max_epochs": 4, **settings})
    whole = toy_model()
    history = fit(whole, squared_error, ToySource(), config, validate=validate, folder=folder)
    for copy in copies.iterdir():
        model = toy_model()
        again = fit(model, squared_error, ToySource(), config, validate=valid_loss, folder=copy, resume=True)
        assert same_bits(weights(model), weights(whole))
        assert without_timings(again) == without_timings(history)
        assert (again.stopped, again.best_epoch) == (history.stopped, history.best_epoch)


@dataclass(frozen=True)
class Growing:
    """A loss that counts more and more."""

    scale: float = 1.0
    seen: list[float] = field(default_factory=list)

    def paced(self, progress: float) -> "Growing":
        self.seen.append(progress)
        return replace(self, scale=1.0 + progress)

    def __call__(self, model: Any, batch: Any, state: Any) -> Loss:
        loss = squared_error(model, batch, state)
        return replace(loss, total=self.scale * loss.total)


def test_an_objective_that_changes_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, copy = tmp_path / "run", tmp_path / "copy"

    def validate(model: nn.Module) -> dict[str, float]:
        if not copy.exists():
            shutil.copytree(folder, copy)
        return valid_loss(model)

    config = toy_config(**{**SETTINGS, "checkpoint_every": 1})
    whole, first = toy_model(), Growing()
    fit(whole, first, ToySource(), config, validate=validate, folder=folder)
    assert first.seen[0] == 0
    assert first.seen == sorted(set(first.seen))
    assert 0.9 < first.seen[-1] < 1
    model, again = toy_model(), Growing()
    fit(model, again, ToySource(), config, validate=valid_loss, folder=copy, resume=True)
    assert same_bits(weights(model), weights(whole))
    assert again.seen == first.seen[-len(again.seen) :]
    assert 0 < len(again.seen) < len(first.seen)


def test_a_finished_run_is_resumed_without_training(tmp_path: Path, uninterrupted: Finished) -> None:
    toy_run(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in files_in(tmp_path)}
    model, history = toy_run(tmp_path, resume=True)
    assert same_bits(weights(model), uninterrupted[0])
    assert without_timings(history) == uninterrupted[1]
    assert {path: path.stat().st_mtime_ns for path in files_in(tmp_path / "checkpoints")} == {
        path: when for path, when in before.items() if path.name != "history.jsonl"
    }


def test_killed_at_random_moments_and_resumed_until_done(tmp_path: Path, uninterrupted: Finished) -> None:
    seed = int(time.time())
    command = [sys.executable, "-m", "tests.training.toy_run", "killed", str(tmp_path), str(seed)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(ended.stdout) >= 2, f"seed {seed}"
    model, _ = toy_run(tmp_path, resume=True)
    assert same_bits(weights(model), uninterrupted[0]), f"seed {seed}"
    assert sorted(lines(tmp_path), key=str) == sorted(uninterrupted[1], key=str), f"seed {seed}"


def test_ctrl_c_saves_and_stops(tmp_path: Path, uninterrupted: Finished) -> None:
    command = [sys.executable, "-m", "tests.training.toy_run", "run", str(tmp_path), "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    place = tmp_path / "history.jsonl"
    while not (place.exists() and place.stat().st_size):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate()
    assert process.returncode == 0, messages
    assert messages.startswith("Interrupted at epoch ")
    assert f"Resume it from the checkpoint in {tmp_path}." in messages
    assert "Traceback" not in messages
    assert len(lines(tmp_path)) < len(uninterrupted[1])
    model, _ = toy_run(tmp_path, resume=True)
    assert same_bits(weights(model), uninterrupted[0])


@pytest.mark.parametrize("where", ["step", "validation"])
def test_an_interrupted_run_says_so_and_goes_on(tmp_path: Path, uninterrupted: Finished, where: str) -> None:
    model = toy_model()
    calls = iter(range(1000))

    def objective(*arguments: Any) -> Any:
        if where == "step" and next(calls) == 17:
            os.kill(os.getpid(), signal.SIGINT)
        return squared_error(*arguments)

    def validate(model: nn.Module) -> dict[str, float]:
        if where == "validation" and next(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return valid_loss(model)

    source, config = ToySource(batches=5, rows=6), toy_config(**SETTINGS)
    history = fit(model, objective, source, config, validate=validate, folder=tmp_path)
    assert history.interrupted
    assert history.stopped == "interrupted"
    assert len(history.epochs) == {"step": 1, "validation": 3}[where]
    model, history = toy_run(tmp_path, resume=True)
    assert not history.interrupted
    assert same_bits(weights(model), uninterrupted[0])


@pytest.mark.parametrize("name", ["model.safetensors", "training.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing"])
def test_a_damaged_checkpoint_is_noticed_and_the_one_before_it_serves(
    tmp_path: Path, uninterrupted: Finished, name: str, damage: str
) -> None:
    toy_run(tmp_path)
    newest = checkpoints(tmp_path / "checkpoints")[-1]
    content = bytearray((newest / name).read_bytes())
    if damage == "truncated":
        (newest / name).write_bytes(content[:-5])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        (newest / name).write_bytes(content)
    else:
        (newest / name).unlink()

    with pytest.raises(DamagedError) as caught:
        toy_run(tmp_path, resume=True)
    assert name in caught.value.got
    assert f"Delete {newest} to go on from the checkpoint before it" in caught.value.remedy

    shutil.rmtree(newest)
    model, _ = toy_run(tmp_path, resume=True)
    assert same_bits(weights(model), uninterrupted[0])


def test_an_altered_history_is_noticed(tmp_path: Path) -> None:
    toy_run(tmp_path)
    place = tmp_path / "history.jsonl"
    content = place.read_bytes()
    for altered in (content[:-1], content.replace(b"loss", b"Loss", 1)):
        place.write_bytes(altered)
        with pytest.raises(DamagedError, match=r"history\.jsonl is not what it was"):
            toy_run(tmp_path, resume=True)
    place.write_bytes(content + b'{"kind": "step", "half a li')
    toy_run(tmp_path, resume=True)
    assert place.read_bytes() == content


def test_a_newer_checkpoint_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "FORMAT", 2)
        toy_run(tmp_path)
    with pytest.raises(NewerFormatError, match="Upgrade recurra"):
        toy_run(tmp_path, resume=True)


@pytest.mark.parametrize(
    ("key", "value"), [("learning_rate", 0.01), ("seed", 1), ("max_epochs", 3), ("averaging", "none")]
)
def test_other_settings_are_refused_by_name(tmp_path: Path, key: str, value: Any) -> None:
    toy_run(tmp_path)
    with pytest.raises(ConfigError, match=f"{key} is {value!r}; expected .*as in the checkpoint"):
        toy_run(tmp_path, resume=True, **{key: value})


def test_more_epochs_are_granted_where_they_change_nothing_before(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"schedule": "constant", "averaging": "ema"}
    toy_run(tmp_path, max_epochs=3, **settings)
    longer, history = toy_run(tmp_path, resume=True, max_epochs=5, checkpoint_every=None, **settings)
    expected, _ = toy_run(None, max_epochs=5, **settings)
    assert same_bits(weights(longer), weights(expected))
    assert len(history.epochs) == 5


def test_a_run_may_become_longer_under_any_schedule(tmp_path: Path) -> None:
    short, _ = toy_run(tmp_path, schedule="one_cycle")
    before = lines(tmp_path)
    longer, history = toy_run(tmp_path, resume=True, max_epochs=6, schedule="one_cycle")
    assert [len(history.epochs), history.stopped] == [6, "max_epochs"]
    assert lines(tmp_path)[: len(before)] == before
    assert not same_bits(weights(longer), weights(short))


def test_other_data_and_models_are_refused(tmp_path: Path) -> None:
    config = toy_config(max_epochs=1)
    fit(toy_model(), squared_error, ToySource(batches=4), config, folder=tmp_path)
    with pytest.raises(ConfigError, match="the data give 5 batches an epoch; expected 4"):
        fit(toy_model(), squared_error, ToySource(batches=5), config, folder=tmp_path, resume=True)
    with pytest.raises(ConfigError, match=r"the model.*as in the checkpoint"):
        fit(nn.Linear(3, 5), squared_error, ToySource(batches=4), config, folder=tmp_path, resume=True)


def test_a_full_disk_stops_the_run_and_leaves_whole_checkpoints(
    tmp_path: Path, uninterrupted: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes = iter(range(10_000))
    flush = os.fsync

    def sometimes_full(descriptor: int) -> None:
        if next(flushes) == 100:
            raise OSError(28, "No space left on device")
        flush(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", sometimes_full)
        with pytest.raises(StorageError, match="No space left"):
            toy_run(tmp_path)
    for place in checkpoints(tmp_path / "checkpoints"):
        assert {path.name for path in place.iterdir()} == {*checkpoint.TENSOR_FILES, "state.json"}
    model, _ = toy_run(tmp_path, resume=True)
    assert same_bits(weights(model), uninterrupted[0])


def test_two_checkpoints_are_kept_and_nothing_else_lies_about(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / ".epoch-00000-step-000000002.abc").mkdir(parents=True)
    toy_run(tmp_path)
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2


def test_a_run_that_diverged_can_be_resumed_from_before(tmp_path: Path) -> None:
    def exploding(model: Any, batch: Any, state: Any) -> Any:
        if (tmp_path / "checkpoints").exists():
            batch.targets[:] = float("nan")
        return squared_error(model, batch, state)

    config = toy_config(checkpoint_every=3)
    with pytest.raises(NonFiniteError, match="epoch 0, step 3"):
        fit(toy_model(), exploding, ToySource(), config, folder=tmp_path)
    history = fit(toy_model(), squared_error, ToySource(), config, folder=tmp_path, resume=True)
    assert isinstance(history, History)
    assert history.stopped == "max_epochs"
