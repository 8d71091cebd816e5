"""What a forecaster's report shows: what lies ahead, residuals, the worst forecasts, all of the series."""

import csv
import dataclasses
import io
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.example import QUICK, hourly

from recurra.experiment.judge import judge, record
from recurra.experiment.task import Rival
from recurra.tasks.forecast.answer import Answer
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.show_residual import residual_sections
from recurra.tasks.forecast.show_series import series_section
from recurra.tasks.forecast.task import FORECAST


def shown(frame: pl.DataFrame, **settings: Any) -> tuple[dict[str, Any], Any, Any, Forecaster]:
    """Sections by id, the part and the rivals they were made of, and the forecaster."""
    forecaster = Forecaster(**{"horizon": 3, **QUICK, **settings}).fit(frame)
    part = forecaster._prepared.test
    rivals = judge(FORECAST, {"recurra": (forecaster.fitted_, None)}, {}, part)
    metrics = record(FORECAST, forecaster.fitted_, part, rivals, repairs=(), held_out=True)
    sections = [*FORECAST.outlook(forecaster.fitted_, None)]
    sections += FORECAST.show(forecaster.fitted_, part, rivals, metrics)
    return {section.id: section for section in sections}, part, rivals, forecaster


@pytest.fixture(scope="module")
def made() -> tuple[dict[str, Any], Any, Any, Forecaster]:
    hour = pl.int_range(pl.len()).over("unique_id")
    frame = hourly({"a": 90, "b": 80}).with_columns(
        y=pl.when((pl.col("unique_id") == "a") & hour.is_between(10, 14)).then(None).otherwise("y")
    )
    return shown(frame, test_size=40, validation_size=9)


def test_what_comes_next_is_what_predict_says(made: Any):
    sections, _, _, forecaster = made
    assert next(iter(sections)) == "ahead"
    given = forecaster.predict(level=(80, 95))
    for piece, series in zip(sections["ahead"].pieces, ("a", "b"), strict=True):
        own = given.filter(pl.col("unique_id") == series)
        assert piece.title == series
        forecast = piece.lines[0]
        assert forecast.y == pytest.approx(own["forecast"].to_list(), rel=1e-5)
        assert [*piece.x[forecast.start :]] == [time.isoformat() for time in own["ds"]]
        assert len(piece.lines[1].y) == forecast.start  # nothing is known after it
        for band in piece.bands:
            assert band.lower == pytest.approx(own[f"forecast-lo-{band.level:g}"].to_list(), rel=1e-5)
    rows = list(csv.DictReader(io.StringIO(sections["ahead"].downloads[0].content)))
    assert [float(row["forecast"]) for row in rows] == pytest.approx(given["forecast"].to_list())
    assert list(rows[0]) == given.columns


def test_charts_and_errors_name_the_target_and_its_unit():
    sections, _, _, forecaster = shown(hourly({"a": 90}), unit="kWh", test_size=40)
    drawn = [piece for name in ("ahead", "series") for piece in sections[name].pieces]
    assert {piece.y_label for piece in drawn} == {"y (kWh)"}
    assert any("y (kWh)" in piece.x_label for piece in sections["residuals"].pieces)
    assert sections["ahead"].lead.startswith("y (kWh), 3 hours after")
    assert FORECAST.describe(forecaster.fitted_, forecaster._prepared.test).target == "y (kWh)"


def test_covariates_that_are_not_known_ahead_are_named():
    frame = hourly({"a": 60}).with_columns(promo=(pl.int_range(pl.len()) % 4 == 0).cast(pl.Float64))
    forecaster = Forecaster(horizon=3, **QUICK, future=("promo",)).fit(frame)
    (section,) = FORECAST.outlook(forecaster.fitted_, None)
    assert "promo" in section.notes[0]


def test_parts_and_gaps_of_a_series_are_shaded(made: Any):
    sections, part, _, _ = made
    piece = sections["series"].pieces[0]
    assert [span.label for span in piece.spans] == ["validation part", "test part", "no value"]
    validation, test, gap = piece.spans
    assert (piece.x.index(validation.begin), piece.x.index(test.begin)) == (90 - 49, 90 - 40)
    assert validation.end == test.begin
    assert (piece.x.index(gap.begin), piece.x.index(gap.end)) == (10, 15)
    assert "5 without a value" in piece.note
    of_other_data = series_section(dataclasses.replace(part, train_end=None)).pieces[0]
    assert [span.label for span in of_other_data.spans] == ["scored", "no value"]


def test_of_a_long_series_means_and_range_are_drawn():
    part = shown(hourly({"a": 2500}), max_epochs=1, test_size=6, validation_size=6)[1]
    piece = series_section(part).pieces[0]
    values = part.panel.series(0)[:2499].reshape(-1, 3)
    assert piece.lines[0].y[:-1] == pytest.approx(values.mean(axis=1), rel=1e-5)
    assert piece.bands[0].upper[:-1] == pytest.approx(values.max(axis=1), rel=1e-5)


def test_residuals_that_are_known_are_told(made: Any):
    _, part, _, forecaster = made
    scale = part.truth.scale.values[part.truth.series][:, None]
    off = np.full(part.truth.values.shape, 0.25) * scale
    off[5] = 4 * scale[5]
    subject = Rival("recurra", "LSTM", "recurrent", Answer(part.truth.values - off, None))
    worst, residuals = residual_sections(forecaster.fitted_, part, subject)
    spread, left, bias = residuals.pieces
    assert sum(spread.heights) == pytest.approx(1)
    assert all(value >= 0.25 - 1e-6 for value in bias.lines[0].y)
    assert len(left.x) == len(left.heights)
    assert worst.pieces[0].title == part.panel.ids[part.origins.series[5]]
    assert "16 times the usual error" in worst.pieces[0].note
    chosen = {(piece.title, piece.marker) for piece in worst.pieces}
    assert len(chosen) == 3
