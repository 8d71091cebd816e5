import json
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.inputs.series.example import (
    COVARIATE_COLUMNS,
    daily_dates,
    hourly,
    integer_series,
    with_covariates,
)

from recurra.errors import DataError, DataWarning
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema


def through_json(schema: PanelSchema) -> PanelSchema:
    return PanelSchema.from_dict(json.loads(json.dumps(schema.to_dict())))


def test_a_description_gives_the_same_schema() -> None:
    for panel in (
        Panel.build(with_covariates(), COVARIATE_COLUMNS),
        Panel.build(integer_series(1, 2, 3), season_length=2, frequency="1"),
        Panel.build(hourly().with_columns(pl.col("ds").dt.replace_time_zone("Asia/Tokyo"))),
    ):
        assert through_json(panel.schema) == panel.schema


def test_the_same_data_are_read_in_the_same_way() -> None:
    frame = with_covariates()
    panel = Panel.build(frame, COVARIATE_COLUMNS)
    again = Panel.build(frame, schema=through_json(panel.schema))
    assert_frame_equal(again.to_frame(), panel.to_frame())
    assert again.schema == panel.schema


def test_codes_are_those_of_the_model_and_new_categories_are_unknown() -> None:
    frame = with_covariates()
    schema = Panel.build(frame, COVARIATE_COLUMNS).schema
    other = frame.with_columns(pl.col("sky").replace({"clear": "volcanic ash"}), kind=pl.lit("kind b"))
    with pytest.warns(DataWarning, match="'sky' holds 'volcanic ash' in 33 rows"):
        panel = Panel.build(other, schema=schema)
    assert set(panel.past_codes[:, 0].tolist()) == {0, 2}
    assert panel.static_codes[:, 0].tolist() == [2, 2, 2]


def test_few_rows_need_no_frequency() -> None:
    schema = Panel.build(hourly()).schema
    for rows in (1, 2):
        panel = Panel.build(hourly({"new": 30}).head(rows), schema=schema)
        assert panel.lengths.tolist() == [rows]
    apart = Panel.build(hourly({"new": 30}).filter(pl.col("y") % 5 == 0).head(2), schema=schema)
    assert apart.lengths.tolist() == [6]


def test_another_frequency_is_an_error() -> None:
    schema = Panel.build(hourly()).schema
    daily = daily_dates(*(f"2024-01-{day:02}" for day in range(1, 20))).with_columns(unique_id=pl.lit("a"))
    with pytest.raises(DataError, match=r"data have a step of 1d; expected 1h, as in the data of the model"):
        Panel.build(daily, schema=schema)
    with pytest.raises(DataError, match="a step of 2h"):
        Panel.build(hourly().filter(pl.col("y") % 2 == 0), schema=schema)


def test_irregular_times_are_an_error_unless_the_model_resamples() -> None:
    frame = hourly({"a": 30}).with_columns(pl.col("ds") + pl.int_range(pl.len()) * timedelta(minutes=7))
    frame = frame.with_columns(pl.col("ds") + pl.int_range(pl.len()) ** 2 % 11 * timedelta(minutes=1))
    with pytest.raises(DataError, match="times lie off the grid of 1h"):
        Panel.build(frame, schema=Panel.build(hourly()).schema)
    resampling = Panel.build(hourly(), frequency="1h").schema
    assert Panel.build(frame, schema=resampling).lengths[0] > 30


def test_another_kind_of_time_is_an_error() -> None:
    schema = Panel.build(hourly()).schema
    numbers = integer_series(1, 2, 3).with_columns(unique_id=pl.lit("a"))
    with pytest.raises(
        DataError, match=r"'ds' holds integer times; expected datetime times, as in the data of"
    ):
        Panel.build(numbers, schema=schema)
    zoned = hourly().with_columns(pl.col("ds").dt.replace_time_zone("Asia/Tokyo"))
    with pytest.raises(DataError, match=r"times have zone Asia/Tokyo; expected none.*Remove their zone"):
        Panel.build(zoned, schema=schema)
    with pytest.raises(
        DataError, match=r"times have no time zone; expected one.*Give them the zone Asia/Tokyo"
    ):
        Panel.build(hourly(), schema=Panel.build(zoned).schema)


def test_another_zone_counts_the_models_days_and_gives_back_its_own_times() -> None:
    midnights = daily_dates(*(f"2024-03-{day:02}" for day in range(20, 32))).cast({"ds": pl.Datetime("us")})
    berlin = midnights.with_columns(pl.col("ds").dt.replace_time_zone("Europe/Berlin"))
    schema = Panel.build(berlin).schema
    utc = berlin.with_columns(pl.col("ds").dt.convert_time_zone("UTC"))
    panel = Panel.build(utc, schema=schema)
    assert panel.lengths.tolist() == [12]
    assert_frame_equal(panel.to_frame().select("ds"), utc.select("ds"))


def test_a_missing_column_is_an_error() -> None:
    schema = Panel.build(with_covariates(), COVARIATE_COLUMNS).schema
    with pytest.raises(DataError, match=r"no column 'price'; expected one of its columns"):
        Panel.build(with_covariates().drop("price"), schema=schema)


def test_a_number_column_that_became_text_is_an_error() -> None:
    columns = Columns("unique_id", "ds", "y", future=("price",))
    schema = Panel.build(with_covariates(), columns).schema
    with pytest.raises(DataError, match=r"column 'price' holds 'cheap' in row 1, and"):
        Panel.build(with_covariates().with_columns(price=pl.lit("cheap")), schema=schema)
