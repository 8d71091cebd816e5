"""What a forecaster makes of tables: libraries, kinds of time, covariates, and odd data of all sorts."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.tasks.forecast.example import QUICK, hourly, integer_series

from recurra.errors import DataError, DataWarning, RecurraError
from recurra.tasks.forecast.forecaster import Forecaster

HORIZON = 3
VALUES = pl.col("^forecast.*$")


def fitted(frame: Any, **settings: Any) -> Forecaster:
    return Forecaster(settings.pop("horizon", HORIZON), **{**QUICK, **settings}).fit(frame)


def dated(times: list[Any], values: Any = None) -> pl.DataFrame:
    random = np.random.default_rng(1)
    return pl.DataFrame({"ds": times, "y": random.normal(size=len(times)) if values is None else values})


def every(step: timedelta, count: int = 50) -> list[Any]:
    start = date(2020, 1, 1) if step.days else datetime(2020, 1, 1)
    return [start + number * step for number in range(count)]


class TestLibrary:
    @pytest.mark.parametrize(("convert", "kind"), [
        (lambda frame: frame, pl.DataFrame), (lambda frame: frame.lazy(), pl.DataFrame),
        (lambda frame: frame.to_pandas(), pd.DataFrame), (lambda frame: frame.to_arrow(), pa.Table),
    ], ids=["polars", "lazy", "pandas", "pyarrow"])  # fmt: skip
    def test_every_library_gives_the_same_numbers_in_frames_of_its_own(self, convert: Any, kind: type):
        frame = hourly({"a": 60, "b": 45})
        expected = fitted(frame)
        forecaster = fitted(convert(frame))
        for mine, other in (
            (forecaster.predict(), expected.predict()),
            (forecaster.predict(convert(frame)), expected.predict()),
            (forecaster.backtest(), expected.backtest()),
            (forecaster.backtest(convert(frame)), expected.backtest()),
        ):
            assert isinstance(mine, kind)
            found = mine if isinstance(mine, pl.DataFrame) else pl.DataFrame(mine)
            assert found.columns == other.columns
            assert found.select(VALUES).equals(other.select(VALUES))
            assert found["unique_id"].to_list() == other["unique_id"].to_list()
            assert found["ds"].to_list() == other["ds"].to_list()
        assert forecaster.evaluate().scores == expected.evaluate().scores

    def test_a_pandas_index_of_times_is_the_time(self):
        index = pd.date_range("2024-01-01", periods=50, freq="h", name="when")
        frame = pd.DataFrame({"y": np.sin(np.arange(50.0))}, index=index)
        forecast = fitted(frame).predict()
        assert forecast["when"].tolist() == pd.date_range(index[-1], periods=4, freq="h")[1:].tolist()

    def test_columns_keep_their_names_and_types(self):
        frame = hourly({"1": 50, "2": 40}).with_columns(pl.col("unique_id").cast(pl.Int16))
        frame = frame.rename({"unique_id": "shop", "ds": "hour", "y": "sales"})
        forecaster = fitted(frame, unique_id="shop", time="hour", target="sales")
        schema = forecaster.predict().schema
        assert list(schema)[:3] == ["shop", "hour", "forecast"]
        assert (schema["shop"], schema["hour"]) == (pl.Int16, frame.schema["hour"])
        assert all(dtype == pl.Float32 for name, dtype in schema.items() if name.startswith("forecast"))


class TestTime:
    @pytest.mark.parametrize(("times", "following"), [
        (list(range(0, 100, 2)), [100, 102, 104]),
        (every(timedelta(days=1)), [date(2020, 2, 20), date(2020, 2, 21)]),
        ([date(1970 + year, 1, 1) for year in range(50)], [date(2020, 1, 1), date(2021, 1, 1)]),
        ([date(2020 + step // 12, step % 12 + 1, 1) for step in range(50)], [date(2024, 3, 1)]),
        ([date(2010 + step // 4, step % 4 * 3 + 1, 1) for step in range(50)], [date(2022, 7, 1)]),
        (every(timedelta(minutes=15)), [datetime(2020, 1, 1, 12, 30), datetime(2020, 1, 1, 12, 45)]),
        (every(timedelta(minutes=1)), [datetime(2020, 1, 1, 0, 50)]),
        (every(timedelta(seconds=1)), [datetime(2020, 1, 1, 0, 0, 50)]),
        ([f"2024-01-{day:02d}" for day in range(1, 31)], ["2024-01-31", "2024-02-01"]),
    ], ids=["integer", "day", "year", "month", "quarter", "15 min", "minute", "second", "text"])  # fmt: skip
    def test_forecasts_go_on_by_the_frequency(self, times: list[Any], following: list[Any]):
        forecast = fitted(dated(times)).predict()
        assert forecast["ds"].to_list()[: len(following)] == following
        assert np.isfinite(forecast.select(VALUES).to_numpy()).all()

    def test_ends_of_months_stay_ends_of_months(self):
        times = pl.date_range(date(2020, 1, 1), date(2023, 1, 1), "1mo", eager=True).dt.month_end()
        forecast = fitted(dated(times.to_list())).predict()
        assert forecast["ds"].to_list() == [date(2023, 2, 28), date(2023, 3, 31), date(2023, 4, 30)]

    def test_time_zones_are_kept_over_changes_of_the_clock(self):
        start = datetime(2024, 3, 28, 21)
        times = pl.datetime_range(start, start + timedelta(hours=49), "1h", eager=True)
        zoned = times.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
        forecast = fitted(pl.DataFrame({"ds": zoned, "y": np.sin(np.arange(50.0))})).predict()
        assert forecast.schema["ds"] == pl.Datetime("us", "Europe/Berlin")
        assert [time.hour for time in forecast["ds"]] == [0, 1, 3]

    def test_series_may_end_at_different_times(self):
        late = hourly({"b": 45}, start=datetime(2024, 6, 1))
        forecast = fitted(pl.concat([hourly({"a": 60}), late])).predict()
        ends = pl.concat([hourly({"a": 60}), late]).group_by("unique_id").agg(pl.col("ds").max().alias("end"))
        joined = forecast.join(ends, on="unique_id")
        assert (joined["ds"] - joined["end"]).dt.total_hours().to_list() == [1, 2, 3, 1, 2, 3]

    @pytest.mark.parametrize("length", [40, 120, 150, 151, 152, 250])
    def test_business_days_spare_weekends(self, length: int):
        days = [day for day in every(timedelta(days=1), length) if day.weekday() < 5]
        forecaster = fitted(dated(days))
        assert any("Saturday" in repair for repair in forecaster.repairs_)
        ahead = [days[-1] + timedelta(days=step) for step in range(1, 8)]
        assert forecaster.predict()["ds"].to_list() == [day for day in ahead if day.weekday() < 5][:3]


class TestCovariates:
    @pytest.fixture(scope="class")
    @classmethod
    def table(cls) -> pl.DataFrame:
        """The target is a covariate known ahead plus a level that a static one tells."""
        random = np.random.default_rng(0)
        frame = hourly({"a": 200, "b": 200})
        price = pl.Series("price", random.normal(size=400).round(2))
        return frame.with_columns(
            price,
            (price * 3 + (pl.col("unique_id") == "b") * 5).alias("y"),
            pl.Series("kind", random.choice(["x", "y", "z"], 400)),
            pl.Series("temperature", random.normal(size=400)),
            pl.col("unique_id").alias("shop"),
        )

    @pytest.fixture(scope="class")
    @classmethod
    def forecaster(cls, table: pl.DataFrame) -> Forecaster:
        known = table.filter(pl.int_range(pl.len()).over("unique_id") < 197)
        settings = {"max_epochs": 6, "steps_per_epoch": 15, "hidden_size": 16, "batch_size": 32, "context": 6}
        roles = {"future": ("price", "kind"), "past": ("temperature",), "static": ("shop",)}
        return Forecaster(
            HORIZON, **settings, **roles, learning_rate=1e-2, test_size=0, averaging="none"
        ).fit(known)

    def error(self, forecast: pl.DataFrame, table: pl.DataFrame) -> float:
        joined = forecast.join(table, on=["unique_id", "ds"])
        assert len(joined) == 2 * HORIZON
        return float((joined["forecast"] - joined["y"]).abs().mean())  # type: ignore[arg-type]

    def test_what_is_known_ahead_is_used(self, forecaster: Forecaster, table: pl.DataFrame):
        future = table.select("unique_id", "ds", "price", "kind")
        informed = self.error(forecaster.predict(future=future), table)
        spread = float(table["price"].std()) * 3  # type: ignore[arg-type]
        assert informed < 0.3 * spread
        with pytest.warns(DataWarning, match=r"price, kind not known for 6 of 6 steps .* \(series a, b\)"):
            blind = forecaster.predict()
        assert np.isfinite(blind.select(VALUES).to_numpy()).all()
        assert self.error(blind, table) > informed

    def test_the_future_may_stand_in_the_table_of_the_past(self, forecaster: Forecaster, table: pl.DataFrame):
        last = pl.int_range(pl.len()).over("unique_id") >= 197
        together = table.with_columns(pl.when(last).then(None).otherwise("y").alias("y"))
        apart = forecaster.predict(table.filter(~last), future=table.filter(last))
        assert forecaster.predict(together).equals(apart)

    def test_a_part_of_the_future_is_better_than_none(self, forecaster: Forecaster, table: pl.DataFrame):
        future = table.filter(pl.int_range(pl.len()).over("unique_id") == 197)
        with pytest.warns(DataWarning, match="for 6 of 6 steps"):
            blind = forecaster.predict()
        with pytest.warns(DataWarning, match="for 4 of 6 steps .* first 2024-03-06T11:00:00"):
            informed = forecaster.predict(future=future)
        assert len(informed) == 2 * HORIZON
        assert not informed["forecast"].equals(blind["forecast"])

    def test_unknown_categories_and_missing_values_are_answered(
        self, forecaster: Forecaster, table: pl.DataFrame
    ):
        odd = table.with_columns(
            pl.lit("never seen").alias("kind"),
            pl.lit(None, pl.Float64).alias("temperature"),
            pl.lit("c").alias("shop"),
        )
        with pytest.warns(DataWarning) as told:
            forecast = forecaster.predict(odd)
        assert np.isfinite(forecast.select(VALUES).to_numpy()).all()
        messages = " ".join(str(one.message) for one in told)
        assert "'kind' holds 'never seen' in 400 rows" in messages
        assert "'shop' holds 'c' in 400 rows" in messages

    @pytest.mark.parametrize("missing", ["price", "kind", "temperature", "shop", "y", "ds"])
    def test_a_missing_column_is_named(self, forecaster: Forecaster, table: pl.DataFrame, missing: str):
        with pytest.raises(DataError, match=missing):
            forecaster.predict(table.drop(missing))

    def test_static_covariates_may_come_apart(self, table: pl.DataFrame):
        frame, static = (
            table.select("unique_id", "ds", "y"),
            pl.DataFrame({"unique_id": ["a", "b"], "size": [1.0, 9.0]}),
        )
        forecaster = Forecaster(HORIZON, **QUICK, base="none").fit(frame, static=static)
        assert forecaster.fitted_.schema.panel.columns.static == ("size",)
        assert forecaster.predict().equals(forecaster.predict(frame, static=static))
        other = static.with_columns(size=pl.lit(200.0))
        assert not forecaster.predict(static=other).equals(forecaster.predict())
        assert len(forecaster.backtest(frame, static=static)) > 0
        assert forecaster.evaluate(frame, static=static).scores == forecaster.evaluate().scores


class TestOddData:
    @pytest.mark.parametrize(("values", "scale"), [
        (np.full(60, 3.5), 3.5), (np.zeros(60), 1.0), (np.full(60, -1e9), 1e9),
    ], ids=["constant", "zero", "large constant"])  # fmt: skip
    @pytest.mark.parametrize("head", ["quantile", "student_t"])
    def test_a_constant_is_forecast_as_itself(self, values: np.ndarray, scale: float, head: str):
        forecaster = fitted(integer_series(values), head=head)
        found = forecaster.predict().select(VALUES).to_numpy()
        np.testing.assert_allclose(found, np.broadcast_to(values[:3, None], found.shape), atol=0.002 * scale)
        assert forecaster.evaluate().scores["recurra"]["mae"] <= 0.001 * scale

    @pytest.mark.parametrize("factor", [1e-30, 1e-9, -1.0, 1e9, 1e30])
    def test_any_magnitude_is_forecast_in_its_own_size(self, factor: float):
        noise = 2 + np.random.default_rng(0).normal(size=80)
        forecaster = fitted(integer_series(factor * noise))
        values = forecaster.predict().select(VALUES).to_numpy() / abs(factor)
        assert (np.abs(values) < 8).all()
        assert (values[:, 2] - values[:, 1] > 0.3).all()
        assert np.isfinite(forecaster.evaluate().scores["recurra"]["rmse"])

    def test_truth_values_are_numbers(self):
        values = fitted(integer_series(np.arange(60) % 3 == 0)).predict()["forecast"].to_numpy()
        assert ((values > -1) & (values < 2)).all()

    def test_silence_before_a_burst_does_not_upset_training(self):
        """Long zeros, then values: their windows must not outweigh all others."""
        values = np.random.default_rng(0).normal(10, 1, size=300)
        values[100:160] = 0
        forecaster = fitted(integer_series(values), context=20, max_epochs=3, steps_per_epoch=20)
        assert forecaster.training_ is not None
        assert all(epoch["train_loss"] < 50 for epoch in forecaster.training_.epochs)
        assert abs(forecaster.predict()["forecast"].mean() - 10) < 1  # type: ignore[operator]

    @pytest.mark.parametrize("length", [6, 7, 9, 11, 17, 30])
    def test_the_shortest_series_are_learnt_from(self, length: int):
        forecaster = fitted(dated([date(2024, 1, 1) + timedelta(days=day) for day in range(length)]))
        assert np.isfinite(forecaster.predict().select(VALUES).to_numpy()).all()

    def test_one_of_two_series_may_be_too_short(self):
        forecaster = fitted(hourly({"a": 100, "b": 5}), horizon=6)
        assert set(forecaster.predict()["unique_id"]) == {"a", "b"}

    def test_a_gap_over_validation_or_test_is_survived(self):
        values: list[float | None] = np.random.default_rng(0).normal(size=60).tolist()
        values[46:59] = [None] * 13
        forecaster = fitted(integer_series(values))
        assert np.isfinite(forecaster.predict().select(VALUES).to_numpy()).all()
        assert np.isfinite(forecaster.evaluate().scores["recurra"]["mae"])

    @pytest.mark.parametrize(("frame", "said"), [
        (dated([date(2024, 1, 1)]), "two different times"),
        (dated(list(range(5))), "horizon is 3"),
        (dated(list(range(30)), [None] * 30), "target"),
        (dated(list(range(30)), [float("nan")] * 30), "target"),
        (dated(list(range(30)), [1.0] * 29 + [float("inf")]), "infinite"),
        (dated(list(range(30)), [f"v{step}" for step in range(30)]), "numbers"),
        (dated(list(range(30)), [1.0] * 30).drop("ds"), "time"),
        (pl.DataFrame({"ds": [], "y": []}), "no rows"),
    ], ids=["one row", "short", "null", "nan", "infinite", "text", "no time", "empty"])  # fmt: skip
    def test_what_cannot_be_used_is_refused_clearly(self, frame: pl.DataFrame, said: str):
        with pytest.raises(DataError, match=said):
            fitted(frame)

    @pytest.mark.parametrize(
        "data", [None, 3, [1, 2, 3], np.zeros((2, 3, 4)), "nowhere.csv", "sample:nothing"]
    )
    def test_what_is_no_table_is_refused_clearly(self, data: Any):
        with pytest.raises(RecurraError):
            fitted(data)

    def test_a_horizon_beyond_the_data_is_refused(self):
        with pytest.raises(DataError, match="horizon is 31"):
            fitted(hourly({"a": 60}), horizon=31)
