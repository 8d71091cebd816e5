from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import DataError
from recurra.inputs.series.origin import OriginIndex
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import split_by_size
from recurra.tasks.forecast.config import PRESETS, forecast_config
from recurra.tasks.forecast.resolution import Resolved, resolve


def panel_of(*lengths: int, season: int | None = None) -> Panel:
    frames = [
        pl.DataFrame({"unique_id": [f"{index}"] * length, "ds": range(length), "y": np.arange(float(length))})
        for index, length in enumerate(lengths)
    ]
    return Panel.build(pl.concat(frames), season_length=season)


def check(resolved: Resolved, panel: Panel) -> None:
    """What holds for any data."""
    config, horizon = resolved.config, resolved.horizon
    assert resolved.context >= 1
    assert 1 <= resolved.patch <= resolved.context
    assert resolved.context % resolved.patch == 0
    assert 1 <= resolved.scale_span <= resolved.context
    assert resolved.lags == tuple(sorted(set(resolved.lags)))
    assert all(1 <= lag <= resolved.context for lag in resolved.lags)
    assert resolved.lags
    assert int(config.steps_per_epoch) >= 1
    for size in (resolved.test_size, resolved.validation_size):
        assert size == 0 or size >= horizon
    assert "auto" not in (config.context, config.patch, config.season_length, config.frequency, config.target)
    split = split_by_size(panel, horizon, validation=resolved.validation_size, test=resolved.test_size)
    index = OriginIndex(
        panel.target, panel.offsets, split.train_end, context=resolved.context, horizon=horizon
    )
    assert len(index) > 0


@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(2, 90), min_size=1, max_size=4),
    horizon=st.integers(1, 30),
    season=st.integers(1, 60),
)
def test_auto_fits_any_data_that_are_long_enough(lengths: list[int], horizon: int, season: int):
    panel = panel_of(*lengths, season=season)
    config = forecast_config({"horizon": horizon})
    if int(np.median(lengths)) < 2 * horizon:
        with pytest.raises(DataError, match=f"horizon is {horizon}"):
            resolve(config, panel)
        return
    check(resolve(config, panel), panel)


@pytest.mark.parametrize(
    "lengths", [(60,), (2000,), (30_000,), (40,) * 300], ids=["short", "long", "longer", "many"]
)
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_fit_data_of_any_size(lengths: tuple[int, ...], preset: str):
    panel = panel_of(*lengths, season=7)
    resolved = resolve(forecast_config({"horizon": 6, "preset": preset}), panel)
    check(resolved, panel)
    for key, value in PRESETS[preset].items():
        assert getattr(resolved.config, key) == value


@settings(deadline=None, max_examples=60)
@given(context=st.integers(1, 200), patch=st.integers(1, 50), season=st.integers(1, 40))
def test_what_is_given_is_taken(context: int, patch: int, season: int):
    panel = panel_of(300, season=5)
    given_settings: dict[str, Any] = {"context": context, "patch": patch, "season_length": season}
    resolved = resolve(forecast_config({"horizon": 7, **given_settings, "steps_per_epoch": 4}), panel)
    check(resolved, panel)
    assert resolved.patch == min(patch, context)
    assert context <= resolved.context < context + resolved.patch
    assert resolved.config.steps_per_epoch == 4


def test_long_data_are_held_out_for_validation_and_test():
    resolved = resolve(forecast_config({"horizon": 6}), panel_of(1000, season=7))
    assert resolved.test_size >= 6
    assert resolved.validation_size >= 6
    assert resolved.context >= 2 * 6


def test_short_data_keep_a_horizon_to_learn_from():
    resolved = resolve(forecast_config({"horizon": 6}), panel_of(12))
    assert (resolved.test_size, resolved.validation_size) == (0, 0)
    assert resolve(forecast_config({"horizon": 6}), panel_of(18)).test_size == 6


@pytest.mark.parametrize("text", ["1h", "15min", "1d", "1mo", "1y"])
def test_the_frequency_is_written_as_it_is_read(text: str):
    begin, end = pl.datetime(2000, 1, 1), pl.datetime(2060, 1, 1)
    times = pl.datetime_range(begin, end, text.replace("min", "m"), eager=True).head(50)
    frame = pl.DataFrame({"ds": times, "y": np.arange(50.0)})
    panel = Panel.build(frame)
    resolved = resolve(forecast_config({"horizon": 3}), panel)
    assert resolved.config.frequency == text
    again = Panel.build(frame, frequency=resolved.config.frequency)
    assert (again.frequency.step, again.frequency.unit) == (panel.frequency.step, panel.frequency.unit)


@pytest.mark.parametrize(
    ("lengths", "given_settings", "expected"),
    [
        ((3000,), {}, 5),  # long, and from a base
        ((300,), {}, None),  # soon done anyway
        ((3000,), {"base": "none"}, None),
        ((3000,), {"preset": "streaming"}, None),
        ((3000,), {"validation_size": 0}, None),
        ((3000,), {"patience": 2}, 2),
        ((3000,), {"patience": None}, None),
        ((3000,), {"max_epochs": 3}, None),
        ((300,) * 31, {}, None),
    ],
    ids=str,
)
def test_long_trainings_from_a_base_end_at_a_plateau_unless_told_otherwise(
    lengths: tuple[int, ...], given_settings: dict[str, Any], expected: int | None
):
    resolved = resolve(forecast_config({"horizon": 7, **given_settings}), panel_of(*lengths, season=7))
    assert resolved.config.patience == expected
