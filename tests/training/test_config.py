"""The settings of training."""

import pytest

from recurra.config import validated
from recurra.errors import ConfigError
from recurra.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_epochs", 0),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("inf")),
        ("optimizer", "adamax"),
        ("schedule", "linear"),
        ("warmup", 1.0),
        ("gradient_clip", -1),
        ("precision", "fp16"),
        ("averaging", "mean"),
        ("patience", 0),
        ("seed", -1),
        ("devices", 0),
    ],
)
def test_values_out_of_range_are_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{key} is "):
        validated(TrainingConfig, {key: value})


def test_momentum_needs_an_optimiser_that_takes_it() -> None:
    assert validated(TrainingConfig, {"optimizer": "sgd", "momentum": 0.5}).momentum == 0.5
    with pytest.raises(ConfigError, match="momentum only with sgd or rmsprop; adam has its own"):
        validated(TrainingConfig, {"momentum": 0.5})


def test_every_key_is_described() -> None:
    described = TrainingConfig.__doc__ or ""
    assert [key for key in TrainingConfig.model_fields if f"\n        {key}: " not in described] == []
