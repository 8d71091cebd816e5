"""A forecaster that reads windows, on a stream: the numbers of `predict`, row by row."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.stream_example import series

from recurra import Forecaster
from recurra.errors import ArtifactError, DataError
from recurra.tasks.forecast.live_window import LiveWindow

HORIZON = 3
SETTINGS: dict[str, Any] = {
    "horizon": HORIZON,
    "target": "sales",
    "time": "day",
    "unique_id": "shop",
    "hidden_size": 4,
    "max_epochs": 1,
    "steps_per_epoch": 2,
    "season_length": 3,
    "test_size": 0,
    "validation_size": 9,
}


def table() -> pl.DataFrame:
    """Two shops, with covariates of every kind."""
    frame = pl.concat([series("a", 50, gaps=3), series("b", 41, seed=5)])
    step = pl.int_range(pl.len()).over("shop")
    return frame.with_columns(
        holiday=(step % 7 == 2).cast(pl.Int8),
        weather=pl.when(step % 5 < 2).then(pl.lit("rain")).otherwise(pl.lit("sun")),
        size=pl.when(pl.col("shop") == "a").then(3.0).otherwise(4.5),
    )


def fitted(frame: pl.DataFrame, **settings: Any) -> Forecaster:
    return Forecaster(**{**SETTINGS, **settings}).fit(frame)


def live(forecaster: Forecaster, *level: float) -> LiveWindow:
    return LiveWindow(forecaster.fitted_, "a digest", level)


COVARIATES = {"past": ("price", "weather"), "future": ("holiday",), "static": ("size",)}


@pytest.mark.filterwarnings("ignore::recurra.errors.DataWarning")  # of predict, as the stream has notes
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"base": "none", "head": "student_t"},
        {"network": "convolutional"},
        COVARIATES | {"series_embedding": True},
    ],
    ids=str,
)
def test_each_row_is_answered_as_predict_would(settings: dict[str, Any]) -> None:
    frame = table()
    forecaster = fitted(frame, **settings)
    stream = live(forecaster, 80.0, 95.0)
    later = frame.filter(pl.col("day") > dt.date(2024, 2, 10))
    for row in later.sort("day", "shop").to_dicts():
        found = stream.predict(row).values
        if row["sales"] is None or row["day"].day % 4:  # predict begins after the last value
            continue
        known = frame.filter(shop=row["shop"]).filter(pl.col("day") <= row["day"])
        expected = forecaster.predict(known, level=(80, 95))
        for name in expected.columns[2:]:
            np.testing.assert_array_equal(found[name], expected[name], err_msg=f"{name} {row['day']}")
        assert found["forecast-day"].tolist() == expected["day"].cast(pl.String).to_list()


def test_a_row_without_a_target_advances_and_forecasts() -> None:
    forecaster = fitted(table())
    one, other = live(forecaster), live(forecaster)
    days = [dt.date(2024, 2, 20) + dt.timedelta(days=step) for step in range(3)]
    values = [
        one.predict({"shop": "a", "day": day, "sales": own}).values
        for day, own in zip(days, (50, None, 52), strict=True)
    ]
    assert np.isfinite(values[1]["forecast"]).all()
    assert values[1]["forecast-day"][0] == "2024-02-22"
    other.predict({"shop": "a", "day": days[0], "sales": 50})
    skipped = other.predict({"shop": "a", "day": days[2], "sales": 52}).values
    np.testing.assert_array_equal(skipped["forecast"], values[2]["forecast"])


@pytest.mark.filterwarnings("ignore::recurra.errors.DataWarning")  # of predict, as the stream has notes
def test_covariates_known_ahead_come_in_a_list_or_in_columns_and_stay_known() -> None:
    frame = table()
    forecaster = fitted(frame, future=("holiday",))
    day = dt.date(2024, 2, 20)
    row = {"shop": "a", "day": day, "sales": 50.0}
    ahead = pl.DataFrame({
        "shop": ["a"] * HORIZON,
        "day": [day + dt.timedelta(days=step) for step in range(1, 1 + HORIZON)],
        "holiday": pl.Series([1, 0, 1], dtype=pl.Int8),
    })  # fmt: skip
    now = pl.DataFrame({**row, "holiday": 1}).cast({"holiday": pl.Int8})
    known = pl.concat([frame.filter(shop="a").select(now.columns), now])
    expected = forecaster.predict(known, future=ahead, level=())["forecast"]
    listed = live(forecaster).predict({**row, "holiday": [1, 1, 0, 1]})
    columns = live(forecaster).predict(
        {**row, "holiday": "1", "holiday-1": 1, "holiday-2": "0", "holiday-3": 1}
    )
    np.testing.assert_array_equal(listed.values["forecast"], expected)
    np.testing.assert_array_equal(columns.values["forecast"], expected)
    assert listed.notes == ()
    stream = live(forecaster)
    first = stream.predict({**row, "holiday": [1, 1]})
    assert "holiday: not known for all steps ahead" in first.notes[0]
    unknown = forecaster.predict(known, future=ahead.head(1), level=())["forecast"]
    np.testing.assert_array_equal(first.values["forecast"], unknown)
    second = stream.predict({**row, "day": day + dt.timedelta(days=1)})
    assert second.notes == ()
    with pytest.raises(DataError, match="5 values; expected at most 4"):
        stream.predict({**row, "day": day + dt.timedelta(days=2), "holiday": [1] * 5})


@pytest.mark.filterwarnings("ignore::recurra.errors.DataWarning")  # of predict, as the stream has notes
def test_a_series_that_training_did_not_see_is_forecast_and_told() -> None:
    forecaster = fitted(table(), **COVARIATES)
    stream = live(forecaster)
    row = {"shop": "new", "day": "2024-05-01", "sales": 7.0, "price": 1.0, "weather": "hail", "size": 2}
    found = stream.predict(row)
    assert found.notes[0] == "series new starts cold: the run holds no row of it"
    expected = forecaster.predict(
        pl.DataFrame({**row, "day": dt.date(2024, 5, 1), "holiday": pl.Series([None], dtype=pl.Int8)}),
        level=(),
    )
    np.testing.assert_array_equal(found.values["forecast"], expected["forecast"])
    untimed = {name: value for name, value in row.items() if name != "day"}
    with pytest.raises(DataError, match="a row without 'day'"):
        stream.predict({**untimed, "shop": "other"})
    assert "series a goes on after the run's last row" in stream.predict({**untimed, "shop": "a"}).notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"day": "yesterday"}, "'day' holds 'yesterday'"),
        ({"sales": "many"}, "'sales' holds 'many'"),
        ({"shop": None}, "'shop' holds None"),
        ({"price": "x"}, "'price' holds 'x'"),
        ({"holiday": "x"}, "'holiday' holds 'x'"),
        ({"size": "x"}, "'size' holds 'x'"),
    ],
)
def test_a_wrong_row_leaves_the_stream_as_it_was(change: dict[str, Any], message: str) -> None:
    stream = live(fitted(table(), **COVARIATES))
    row = {"shop": "a", "day": "2024-02-20", "sales": 50.0, "price": 1.0, "weather": "sun", "holiday": 0}
    stream.predict(row)
    before = stream.snapshot()
    with pytest.raises(DataError, match=message):
        stream.predict({**row, "day": "2024-02-21", **change})
    assert stream.snapshot() == before


def test_a_stream_goes_on_to_the_bit_and_keeps_no_more_than_it_needs() -> None:
    forecaster = fitted(table(), base="none", **COVARIATES)
    rows = [
        {"shop": shop, "day": dt.date(2024, 3, 1) + dt.timedelta(days=step), "sales": 50 + step % 3}
        | {"price": 1.0 * step, "weather": "rain", "holiday": [0, step % 2, 1]}
        for step in range(60)
        for shop in ("a", "b")
    ]
    whole, first, second = live(forecaster), live(forecaster), live(forecaster)
    for row in rows[:90]:
        first.predict(row)
    second.restore(first.snapshot())
    expected = [whole.predict(row).values["forecast"] for row in rows]
    np.testing.assert_array_equal(
        [second.predict(row).values["forecast"] for row in rows[90:]], expected[90:]
    )
    assert second.snapshot() == whole.snapshot()
    kept = second.snapshot()["a"]
    assert kept.marks[0] == whole._resolved.reach
    for wrong in (
        kept._replace(content=kept.content[:-4]),
        kept._replace(marks=()),
        kept._replace(marks=(999, 1, 2)),
    ):
        with pytest.raises(ArtifactError):
            live(forecaster).restore({"a": wrong})
    with pytest.raises(ArtifactError):
        live(fitted(table())).restore({"a": kept})
