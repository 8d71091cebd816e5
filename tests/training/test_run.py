"""A run's position and what it tells about it."""

import pytest
from tests.training.toy import ToySource, squared_error, toy_config, toy_model

from recurra.errors import ConfigError
from recurra.training.progress import Progress
from recurra.training.run import Position, Run


def toy_run(**settings: object) -> Run:
    return Run(toy_model(), squared_error, ToySource(batches=4), toy_config(**settings))


def test_names_of_later_positions_sort_behind_earlier_ones() -> None:
    positions = [
        Position(0, 3, 1, 9),
        Position(0, 3, 2, 10),
        Position(1, 0, 0, 10),
        Position(10, 0, 0, 100_000),
    ]
    names = [position.name for position in positions]
    assert names == sorted(names)
    assert len(set(names)) == 4


def test_batches_are_cut_into_chunks_that_make_up_the_epoch() -> None:
    run = toy_run(tbptt_steps=3, max_epochs=2)
    assert [part.inputs.shape for part in run.open_batch(1)] == [(5, 3, 3), (5, 3, 3), (5, 1, 3)]
    run.position.chunk = 2
    assert run.epochs_done == pytest.approx((1 + 2 / 3) / 4)
    run.step_began = 0.25
    assert run.progress == pytest.approx((0.25 + 5 / 12) / 2 / 2)
    assert run.hands_on
    run.position.chunk = 3
    assert not run.hands_on
    run.close_batch()
    assert (run.position.batch, run.position.chunk, run.parts) == (2, 0, [])
    assert run.epochs_done == 0.5


def test_the_bar_shows_loss_and_monitored_metric(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "150")
    run = toy_run()
    run.history.add({"kind": "epoch", "valid_loss": 0.123456})
    run.tally.add(1.0, 2.0, 1.0, clipped=False, seconds=1.0)
    with Progress(enabled=True).bar("training", 12) as run.bar:
        run.open_epoch()
        run.close_batch()
        run.open_epoch()
    assert "loss 0.5, valid_loss 0.1235" in capsys.readouterr().err


def test_metrics_may_not_hide_other_records() -> None:
    assert toy_run().epoch_record({"valid_loss": 2.0})["valid_loss"] == 2.0
    with pytest.raises(ConfigError, match=r"metric named step.*Call it valid_step"):
        toy_run().epoch_record({"step": 2.0})
