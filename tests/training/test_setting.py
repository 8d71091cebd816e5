"""Settings that are wrong only together, found before training."""

from pathlib import Path
from typing import Any

import pytest
from tests.training.toy import ToySource, toy_config, valid_loss

from recurra.errors import ConfigError
from recurra.training.setting import check_settings, remedy_for_divergence


@pytest.mark.parametrize(
    ("settings", "source", "arguments", "message"),
    [
        ({}, ToySource(batches=0), {}, "the source has no batches"),
        ({"patience": 2}, ToySource(), {}, "monitor is 'valid_loss', but there is no validation"),
        ({"schedule": "plateau"}, ToySource(), {}, "Set monitor=train_loss"),
        ({}, ToySource(), {"resume": True}, "resume is set without a folder"),
        ({"devices": 10**6, "device": "cpu"}, ToySource(), {}, "devices is 1000000 on a CPU"),
    ],
)
def test_what_cannot_work_is_refused(
    settings: dict[str, Any], source: ToySource, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_settings(source, toy_config(**settings), None, None, **{"resume": False, **arguments})


def test_another_runs_checkpoints_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "epoch-00001-step-000000004").mkdir(parents=True)
    with pytest.raises(ConfigError, match="holds the checkpoints of an earlier run"):
        check_settings(ToySource(), toy_config(), None, tmp_path, resume=False)
    check_settings(ToySource(), toy_config(), None, tmp_path, resume=True)


def test_what_can_work_is_let_through() -> None:
    check_settings(ToySource(), toy_config(patience=2), valid_loss, None, resume=False)
    check_settings(ToySource(), toy_config(patience=2, monitor="train_loss"), None, None, resume=False)
    check_settings(ToySource(), toy_config(), None, None, resume=False)


@pytest.mark.parametrize(
    ("clip", "words"), [(None, "set gradient_clip=1.0"), (0.5, "gradient_clip (now 0.5)")]
)
def test_advice_names_the_settings_as_they_are(clip: float | None, words: str) -> None:
    advice = remedy_for_divergence(toy_config(gradient_clip=clip, learning_rate=0.25))
    assert words in advice
    assert "learning_rate (now 0.25)" in advice
