"""The program of a forecaster forecasts what the forecaster does, row by row."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.stream_example import CONTEXT, HORIZON, SETTINGS, fitted, series

from recurra import Forecaster
from recurra.errors import ConfigError
from recurra.streaming import Program
from recurra.tasks.forecast.live import LiveForecast

LEVELS = (50.0, 83.0, 95.0, 99.0)
TOLERANCE = 1e-5  # of the values' size: the rounding of 32 bits


def streamed(forecaster: Forecaster, frame: pl.DataFrame, level: Any = ()) -> dict[str, np.ndarray]:
    """The forecast after the last row of a table."""
    live = LiveForecast(forecaster.to_program(level=level))
    return [live.step(row) for row in frame.to_dicts()][-1]


@pytest.mark.parametrize(
    "settings",
    [
        {"level": LEVELS},
        {"level": LEVELS, "centre": "mean", "point": "mean"},
        {"level": LEVELS, "point": "mean", "cell": "gru", "num_layers": 2, "zoneout": 0.2, "dropout": 0.2},
        {"level": LEVELS, "cell": "layer_norm_lstm", "past": ("price",)},
        {"level": LEVELS, "residual": True, "num_layers": 2},
        {"cell": "gru", "residual": True, "variational": True, "num_layers": 3, "dropout": 0.2},
        {"level": LEVELS, "head": "student_t", "cell": "elman", "recurrent_dropout": 0.2},
        {"level": LEVELS, "validation_size": 8},
        {"level": LEVELS, "validation_size": 8, "point": "mean"},
        {"level": LEVELS, "validation_size": 8, "head": "student_t"},
        {"level": LEVELS, "head": "negative_binomial"},
        {"level": LEVELS, "head": "negative_binomial", "point": "mean", "centre": "mean"},
        {
            "head": "student_t",
            "cell": "gru_reset_before",
            "centre": "mean",
            "past": ("price",),
            "weighting": "unit",
        },
        {"weighting": "owa"},
    ],
    ids=str,
)
@pytest.mark.parametrize("length", [1, CONTEXT - 3, CONTEXT])
def test_streamed_forecasts_are_those_of_predict(settings: dict[str, Any], length: int) -> None:
    level = settings.get("level", ())
    forecaster = fitted(
        series("a", 60, gaps=4).with_columns(pl.col("sales").round()),
        **{name: value for name, value in settings.items() if name != "level"},
    )
    recent = series("a", length, seed=1).with_columns(pl.col("sales").round())
    expected = forecaster.predict(recent, level=level)
    found = streamed(forecaster, recent, level)
    assert list(found) == [name for name in expected.columns if name.startswith("forecast")]
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], rtol=TOLERANCE)


@pytest.mark.parametrize("past", [(), ("price",)])
def test_gaps_count_as_they_do_for_predict(past: tuple[str, ...]) -> None:
    forecaster = fitted(series("a", 60, gaps=9), past=past)
    recent = series("a", CONTEXT, seed=2, gaps=4)
    recent = recent.with_columns(sales=pl.when(pl.int_range(pl.len()) > 1).then("sales"))  # none at first
    assert recent["sales"].null_count() > 3
    expected = forecaster.predict(recent, level=())["forecast"]
    np.testing.assert_allclose(streamed(forecaster, recent)["forecast"], expected, rtol=TOLERANCE)


def test_before_its_first_value_a_series_has_no_forecast() -> None:
    live = LiveForecast(fitted(series("a", 60)).to_program())
    assert np.isnan(live.step({"sales": None})["forecast"]).all()
    assert live.snapshot() == {}
    assert np.isfinite(live.step({"sales": 50.0})["forecast"]).all()


def test_beyond_the_context_the_stream_knows_the_whole_series_and_predict_only_its_end() -> None:
    frame = series("a", 60)
    forecaster = fitted(frame, max_epochs=8)
    whole = streamed(forecaster, frame)["forecast"]
    recent = streamed(forecaster, frame.tail(CONTEXT))["forecast"]
    np.testing.assert_allclose(forecaster.predict(level=())["forecast"], recent, rtol=TOLERANCE)
    assert np.abs(whole - recent).max() > 1e-4


def test_a_series_that_only_differs_by_its_level_gets_the_same_forecast_at_that_level() -> None:
    frame = series("a", 60)
    forecaster = fitted(frame)
    higher = frame.with_columns(pl.col("sales") + 4096)
    expected = streamed(forecaster, frame)["forecast"] + 4096
    np.testing.assert_allclose(streamed(forecaster, higher)["forecast"], expected, rtol=1e-5)


def test_series_in_one_stream_do_not_meet() -> None:
    frame = pl.concat([series("a", 40), series("b", 40, seed=5)])
    forecaster = fitted(frame)
    mixed = frame.sort("day", "shop")
    live = LiveForecast(forecaster.to_program())
    found = {row["shop"]: live.step(row)["forecast"] for row in mixed.to_dicts()}
    for name in ("a", "b"):
        alone = LiveForecast(forecaster.to_program())
        own = [alone.step(row) for row in frame.filter(shop=name).to_dicts()][-1]["forecast"]
        np.testing.assert_array_equal(found[name], own)


def test_a_program_on_the_disk_is_the_same(tmp_path) -> None:
    forecaster = fitted(series("a", 60))
    forecaster.to_program(level=(80,)).save(tmp_path / "program")
    program = Program.load(tmp_path / "program")
    assert program.digest == forecaster.to_program(level=(80,)).digest
    assert LiveForecast(program).outputs == ("forecast", "forecast-lo-80", "forecast-hi-80")
    assert program.output_size == 3 * HORIZON


@pytest.mark.parametrize("weights", ["bfloat16", "int8"])
def test_narrow_weights_forecast_nearly_the_same(weights: str) -> None:
    frame = series("a", 60)
    program = fitted(frame, hidden_size=16).to_program()
    exact, narrow = LiveForecast(program), LiveForecast(program, weights)
    for row in frame.to_dicts():
        expected = exact.step(row)["forecast"]
        np.testing.assert_allclose(narrow.step(row)["forecast"], expected, atol=0.1)


def test_a_loaded_forecaster_exports_as_well(tmp_path) -> None:
    forecaster = fitted(series("a", 60), past=("price",))
    forecaster.save(tmp_path / "model")
    assert Forecaster.load(tmp_path / "model").to_program().digest == forecaster.to_program().digest


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "default"}, "network is 'recurrent', which reads a whole window at once"),
        ({"preset": "default", "network": "feed_forward"}, "network is 'feed_forward'"),
    ],
)
def test_networks_that_read_windows_are_refused(settings: dict[str, Any], message: str) -> None:
    plain = {key: value for key, value in SETTINGS.items() if key != "preset"}
    frame = series("a", 60).drop("shop")
    forecaster = Forecaster(**plain, target="sales", time="day", **settings).fit(frame)
    with pytest.raises(ConfigError, match=message) as error:
        forecaster.to_program()
    assert "preset=streaming" in str(error.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scaling": "window"}, "network is 'streaming' and scaling is window; expected scaling=global"),
        ({"linear": True}, "linear is true; expected linear=false, since .* Set linear=false, or"),
        ({"calendar": True}, "calendar is true"),
        ({"patch": 3}, "patch is 3; expected patch=1"),
        ({"patch": "auto"}, "patch is auto"),
        ({"series_embedding": True}, "series_embedding is true"),
        ({"future": ("price",)}, "future is price; expected no future, since .* Leave future out, or"),
        ({"past": ("kind",)}, "the covariate 'kind' is categorical"),
    ],
)
def test_settings_that_do_not_stream_are_refused_before_training(
    settings: dict[str, Any], message: str
) -> None:
    frame = series("a", 60).with_columns(kind=pl.lit("x"))
    with pytest.raises(ConfigError, match=message):
        fitted(frame, **settings)


def test_validation_widens_intervals_of_streams_too() -> None:
    forecaster = fitted(series("a", 60), validation_size=8)
    widening = dict(forecaster.fitted_.model.named_buffers())["widening"]
    assert (widening != 1).any()


@pytest.mark.parametrize("head", ["student_t", "negative_binomial"])
def test_programs_of_distributions_give_intervals_of_any_level(head: str) -> None:
    frame = series("a", 60).with_columns(pl.col("sales").round())
    program = fitted(frame, head=head).to_program(level=(80,))
    assert LiveForecast(program).outputs == ("forecast", "forecast-lo-80", "forecast-hi-80")
    found = LiveForecast(program, level=(20.0, 99.0)).step({"sales": 50.0})
    low, inner, high = (found[f"forecast-{side}"] for side in ("lo-99", "lo-20", "hi-99"))
    assert (low < inner).all()
    assert (inner < high).all()
