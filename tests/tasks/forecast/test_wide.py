"""Forecasts of wide tables: in, out, and on a stream."""

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.stream_example import HORIZON, SETTINGS

from recurra import Forecaster
from recurra.errors import DataError
from recurra.streaming import Live
from recurra.tasks.forecast.live import LiveForecast
from recurra.tasks.forecast.live_window import LiveWindow
from recurra.tasks.forecast.stream_program import run_program


def wide(rows: int, begin: int = 0) -> pl.DataFrame:
    steps = range(begin, begin + rows)
    days = [date(2024, 1, 1) + timedelta(days=step) for step in steps]
    frame = {name: [level + math.sin(step) for step in steps] for name, level in (("north", 5), ("south", 9))}
    return pl.DataFrame({"day": days, **frame})


def fitted(**settings: Any) -> Forecaster:
    return Forecaster(**{**SETTINGS, "wide": True, **settings}).fit(wide(60))


def test_new_wide_tables_are_forecast_and_scored() -> None:
    forecaster = fitted(preset="default", base="none")
    told = forecaster.predict(wide(20, 60))
    assert told["unique_id"].unique().sort().to_list() == ["north", "south"]
    assert told["day"].min() == date(2024, 1, 1) + timedelta(days=80)
    assert forecaster.evaluate(wide(30, 60), size=8).ids == ["north", "south"]


@pytest.mark.parametrize("preset", ["streaming", "default"])
def test_a_row_of_a_stream_tells_of_all_series(preset: str) -> None:
    forecaster = fitted(preset=preset, base="none")
    program = preset == "streaming"
    live: Live = (
        LiveForecast(run_program(forecaster.fitted_)) if program else LiveWindow(forecaster.fitted_, "")
    )
    (row,) = wide(1, 60).to_dicts()
    row["day"] = str(row["day"])
    told = [live.predict(one) for one in live.split(row)]
    assert [one.kept["unique_id"] for one in told] == ["north", "south"]
    values = np.concatenate([one.values["forecast"] for one in told])
    expected = forecaster.predict(pl.concat([wide(60), wide(1, 60)]))["forecast"].to_numpy()
    if not program:  # whose state is that of the whole series
        np.testing.assert_allclose(values, expected, rtol=1e-4)
    assert values.shape == (2 * HORIZON,)
    long = {"day": "2024-03-02", "unique_id": "south", "y": 9.0}
    assert live.split(long) == [long]
    assert len(live.split([5.0, 9.0])) == 2
    assert len(live.split({"day": "2024-03-02", "south": 9.0})) == 1
    with pytest.raises(DataError, match="'south' holds 'x'"):
        live.predict(live.split({"day": "2024-03-02", "south": "x"})[0])
    for wrong, message in (([1.0], "1 values"), ({"day": "2024-03-02"}, "a value of some series: north")):
        with pytest.raises(DataError, match=message):
            live.split(wrong)
