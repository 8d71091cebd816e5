"""Which epoch was the best, and when to stop."""

import math

import pytest

from recurra.errors import ConfigError
from recurra.training.config import TrainingConfig
from recurra.training.early_stopping import EarlyStopping


@pytest.mark.parametrize("sign", [1, -1])
def test_patience_runs_out_after_epochs_without_improvement(sign: int) -> None:
    stopping = EarlyStopping(TrainingConfig(patience=2, monitor_mode="min" if sign > 0 else "max"))
    values = [math.inf, -math.inf, 3.0, 2.0, 2.5, 1.5, math.nan, 1.6]
    improved = [stopping.observe(epoch, {"valid_loss": sign * value}) for epoch, value in enumerate(values)]
    assert improved == [False, False, True, True, False, True, False, False]
    assert stopping.exhausted
    assert (stopping.best, stopping.best_epoch) == (sign * 1.5, 5)


def test_small_changes_are_no_improvement() -> None:
    stopping = EarlyStopping(TrainingConfig(min_delta=0.1))
    assert [
        stopping.observe(epoch, {"valid_loss": value}) for epoch, value in enumerate([1.0, 0.95, 0.85])
    ] == [
        True,
        False,
        True,
    ]
    assert not stopping.exhausted


def test_without_patience_it_never_ends() -> None:
    stopping = EarlyStopping(TrainingConfig())
    for epoch in range(50):
        stopping.observe(epoch, {"valid_loss": float(epoch)})
    assert not stopping.exhausted


def test_an_unknown_metric_lists_those_there_are() -> None:
    stopping = EarlyStopping(TrainingConfig(monitor="valid_mae"))
    with pytest.raises(ConfigError, match="monitor is 'valid_mae'; expected one of train_loss, valid_mase"):
        stopping.observe(0, {"train_loss": 1.0, "valid_mase": 1.0})
