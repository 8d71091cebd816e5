from typing import Any

import pytest

from recurra.cells.registry import CELLS
from recurra.errors import ConfigError
from recurra.tasks.forecast.config import PRESETS, ForecastConfig, forecast_config

WHOLE = ["season_length", "context", "patch", "steps_per_epoch"]


@pytest.mark.parametrize(("key", "nearest"), [
    ("hiden_size", "hidden_size"), ("horizont", "horizon"), ("learningrate", "learning_rate"),
    ("epochs", "max_epochs"), ("lag", "patch"),
])  # fmt: skip
def test_an_unknown_key_names_the_nearest_or_all(key: str, nearest: str):
    with pytest.raises(ConfigError, match=nearest):
        forecast_config({"horizon": 3, key: 1})


@pytest.mark.parametrize(("key", "value"), [
    ("horizon", 0), ("horizon", -1), ("horizon", 2.5), ("horizon", "many"), ("horizon", None),
    ("hidden_size", 0), ("num_layers", 0), ("dropout", 1.0), ("zoneout", -0.1), ("batch_size", 0),
    ("learning_rate", 0), ("learning_rate", float("nan")), ("network", "transformer"), ("head", "gaussian"),
    ("centre", "median"), ("scaling", "none"), ("point", "mode"), ("past", "temperature"),
    ("baselines", ("lstm",)), ("preset", "nonsense"), ("preset", ["m4"]),
    ("tbptt_steps", 5), ("test_size", -1), ("validation_size", -3), ("context", "long"),
    *[(key, 0) for key in WHOLE], *[(key, -2) for key in WHOLE], *[(key, 1.5) for key in WHOLE],
])  # fmt: skip
def test_a_wrong_value_is_refused_by_name(key: str, value: Any):
    with pytest.raises(ConfigError) as caught:
        forecast_config({"horizon": 3, key: value})
    assert caught.value.got.startswith(f"{key} ") or caught.value.got.startswith(f"{key}.")


@pytest.mark.parametrize("text", ["%Q", "%d.%m.%J", "%Y-%", "dmy"])
def test_letters_that_no_reader_knows_are_told(text: str):
    with pytest.raises(ConfigError, match="time_format"):
        forecast_config({"horizon": 1, "time_format": text})


@pytest.mark.parametrize(
    "text", ["%d/%m/%y %H:%M", "%-d %b %Y, %I:%M %p", "%FT%T%.3f%:z", "100%% %s", "epoch_ms"]
)
def test_all_others_are_taken(text: str):
    assert forecast_config({"horizon": 1, "time_format": text}).time_format == text


def test_the_horizon_has_no_default():
    with pytest.raises(ConfigError, match="horizon is missing"):
        forecast_config({})


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_is_known(cell: str):
    assert forecast_config({"horizon": 3, "cell": cell}).cell == cell


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_defaults_that_keys_beside_them_override(preset: str):
    config = forecast_config({"horizon": 3, "preset": preset})
    for key, value in PRESETS[preset].items():
        assert getattr(config, key) == value
    other = forecast_config({"horizon": 3, "preset": preset, "batch_size": 7, "calendar": True})
    assert (other.batch_size, other.calendar, other.preset) == (7, True, preset)


def test_plain_values_make_the_same_config():
    config = forecast_config({"horizon": 3, "past": ["a", "b"], "preset": "single_series", "dropout": 0.25})
    assert forecast_config(config.model_dump(mode="json")) == config


def test_every_key_is_described():
    for name, field in ForecastConfig.model_fields.items():
        assert field.description, name
