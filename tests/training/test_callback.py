"""Those who listen to a run: told of every step and epoch, and able to end it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.training.toy import ToySource, squared_error, toy_config, toy_model, valid_loss
from tests.trial import unchecked

from recurra.errors import ConfigError
from recurra.training.callback import Callback, TensorBoard
from recurra.training.history import History
from recurra.training.loop import fit
from recurra.training.progress import Progress

SOURCE = ToySource(batches=3, rows=4)


without_type_checks = pytest.fixture(unchecked)


class Listener:
    def __init__(self, last: int = 99) -> None:
        self.last = last
        self.epochs: list[Mapping[str, Any]] = []
        self.steps: list[Mapping[str, Any]] = []

    def on_epoch(self, record: Mapping[str, Any]) -> bool:
        self.epochs.append(record)
        return len(self.epochs) == self.last

    def on_step(self, record: Mapping[str, Any]) -> None:
        self.steps.append(record)


def listened(*callbacks: Callback, progress: Progress | None = None, **settings: Any) -> History:
    config = toy_config(**{"max_epochs": 3, **settings})
    return fit(
        toy_model(),
        squared_error,
        SOURCE,
        config,
        validate=valid_loss,
        progress=progress,
        callbacks=callbacks,
    )


def test_every_step_and_epoch_is_told() -> None:
    one, two = Listener(), Listener()
    history = listened(one, two)
    assert one.epochs == two.epochs
    assert [record["train_loss"] for record in one.epochs] == [e["train_loss"] for e in history.epochs]
    assert [record["step"] for record in one.steps] == list(range(9))
    assert all(
        set(record) == {"epoch", "step", "loss", "learning_rate", "gradient_norm"} for record in one.steps
    )


def test_one_of_them_may_end_the_run() -> None:
    history = listened(Listener(), Listener(last=2))
    assert (history.stopped, len(history.epochs)) == ("callback", 2)


@pytest.mark.usefixtures("without_type_checks")
def test_what_cannot_listen_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a callback of type int.*on_epoch"):
        listened(7)  # type: ignore[arg-type]


def test_a_line_for_each_epoch_stands_where_no_bar_can_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    listened(progress=Progress())
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("epoch 2 of 3: train_loss ")
    assert ", valid_loss " in lines[1]
    listened(progress=Progress(enabled=False))
    assert capsys.readouterr().err == ""


def test_tensorboard_gets_every_number(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: PLC0415

    history = listened(tensorboard=str(tmp_path))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert {"epoch/train_loss", "epoch/valid_loss", "step/loss"} <= set(events.Tags()["scalars"])
    kept = [event.value for event in events.Scalars("epoch/valid_loss")]
    assert kept == pytest.approx([record["valid_loss"] for record in history.epochs])
    assert len(events.Scalars("step/loss")) == 9


def test_tensorboard_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r"recurra\[tensorboard\]"):
        TensorBoard("anywhere")
