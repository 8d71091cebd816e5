import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.example import QUICK, hourly

from recurra.experiment.judge import judge, judge_on
from recurra.inputs.series.panel import Panel
from recurra.report.heading import time_text
from recurra.report.number import percent
from recurra.tasks.forecast.answer import METRICS
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.show import EXAMPLES
from recurra.tasks.forecast.task import FORECAST
from recurra.tasks.forecast.wording import span_text


def records(frame: pl.DataFrame, **settings: Any) -> tuple[Any, Any, Panel, Forecaster]:
    forecaster = Forecaster(**{"horizon": 3, **QUICK, **settings}).fit(frame)
    one = forecaster.fitted_
    part = FORECAST.part(frame, one, None)
    metrics = judge_on(FORECAST, one, frame).metrics
    rivals = judge(FORECAST, {"recurra": (one, None)}, {}, part)
    shown = {section.id: section for section in FORECAST.show(one, part, rivals, metrics)}
    return metrics, shown, part.panel, forecaster


@pytest.mark.parametrize("head", ["quantile", "student_t"])
def test_metrics_tell_what_was_done(head: str):
    metrics, _, panel, forecaster = records(hourly({"a": 60, "b": 45}), head=head, test_size=9)
    assert [one.name for one in metrics.metrics] == list(METRICS)
    assert set(METRICS) <= set(metrics.models[0].scores)
    assert metrics.reference in {model.name for model in metrics.models}
    assert (metrics.data.rows, metrics.data.target) == (105, "y")
    assert metrics.data.repairs == panel.repairs
    assert metrics.title == "the table, 3 hours ahead"
    assert metrics.judged == "14 forecasts"
    facts = dict(metrics.data.facts)
    assert (facts["Series"], facts["Time step"]) == ("2", "1 hour")
    assert facts["Forecasts judged"] == "14, each 3 hours ahead, from 7 origins a series, 1 hour apart"
    times = pl.from_epoch(pl.Series(panel.times(0)), "us")
    train_end = 60 - 9 - forecaster.config_.validation_size
    assert facts["Training until"] == time_text(times[train_end - 1].isoformat())
    assert facts["Scored part"] == span_text(times[51].isoformat(), times[59].isoformat())
    held = percent(metrics.models[0].scores["coverage_80"])
    assert metrics.remarks[-1].startswith(f"Its 80\u202f% interval held {held} of the truth")
    assert [row["group"] for row in metrics.per_group["recurra"]] == ["a", "b"]
    json.loads(metrics.model_dump_json())


def test_one_forecast_is_one():
    metrics, _, _, _ = records(hourly({"a": 60}), test_size=3)
    assert metrics.judged == "1 forecast"


@pytest.mark.parametrize("head", ["quantile", "student_t"])
def test_errors_are_shown_by_step_and_by_level(head: str):
    metrics, shown, _, _ = records(hourly({"a": 60, "b": 45}), head=head, test_size=9)
    step, calibration = shown["errors"].pieces
    assert [line.role for line in step.lines] == ["model", "reference", "third", "fourth"]
    assert [line.label for line in step.lines[:2]] == [
        "LSTM",
        next(one.label for one in metrics.models if one.name == metrics.reference),
    ]
    assert all(len(line.y) == 3 for line in step.lines)
    scores = metrics.models[0].scores
    for level, coverage in calibration.points:
        assert coverage == scores[f"coverage_{100 * level:g}"]
    assert len(calibration.points) == sum(name.startswith("coverage_") for name in scores)


def test_many_series_are_shown_against_the_reference_and_one_step_has_no_course():
    metrics, shown, _, _ = records(hourly({f"s{number}": 40 for number in range(6)}), horizon=1)
    best = min(metrics.models[1:], key=lambda one: one.scores["mase"])
    assert metrics.reference == best.name
    title = f"Against {best.label.lower()}, series by series"
    assert [piece.title for piece in shown["errors"].pieces][1:] == [title]
    rows = {
        name: {row["group"]: row["mase"] for row in metrics.per_group[name]} for name in metrics.per_group
    }
    expected = [(rows[best.name][name], rows["recurra"][name]) for name in rows["recurra"]]
    assert [*shown["errors"].pieces[-1].points] == [pair for pair in expected if None not in pair]


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
def test_examples_are_of_several_series_and_moments(count: int):
    frame = hourly({f"s{number}": 40 for number in range(count)})
    _, sections_shown, _, _ = records(frame, test_size=9, validation_size=0)
    shown = sections_shown["forecasts"].pieces
    assert sections_shown["forecasts"].layout == "hero"
    assert len(shown) == EXAMPLES
    assert len({one.title for one in shown}) == min(count, EXAMPLES)
    assert len({(one.title, one.marker) for one in shown}) == EXAMPLES
    for one in shown:
        own = frame.filter(pl.col("unique_id") == one.title)
        known = dict(zip((time.isoformat() for time in own["ds"]), own["y"], strict=True))
        forecast, truth, _ = one.lines
        assert (truth.role, truth.start) == ("ink", 0)
        assert truth.y == pytest.approx([known[time] for time in one.x], rel=1e-5)
        assert one.x[forecast.start - 1] == one.marker < one.x[forecast.start]


def test_examples_show_forecast_intervals_and_baseline():
    _, shown, _, _ = records(hourly({"a": 60, "b": 45}))
    for one in shown["forecasts"].pieces:
        forecast, truth, baseline = one.lines
        assert (forecast.role, baseline.role, baseline.label) == ("model", "reference", "seasonal_naive")
        assert len(forecast.y) == len(baseline.y) == 3
        assert len(truth.y) == len(one.x) == forecast.start + 3
        assert [band.level for band in one.bands] == [80, 95]
        assert {band.start for band in one.bands} == {forecast.start}
        low, high = (np.array([getattr(band, side) for band in one.bands]) for side in ("lower", "upper"))
        assert (low[1] <= low[0]).all()
        assert (high[0] <= high[1]).all()


def test_missing_truth_is_null_in_examples():
    hour = pl.int_range(pl.len())
    frame = hourly({"a": 60}).with_columns(y=pl.when(hour % 5 != 2).then("y"))
    _, shown, _, _ = records(frame)
    values = [value for one in shown["forecasts"].pieces for line in one.lines for value in line.y]
    assert None in values
    assert all(value is None or np.isfinite(value) for value in values)


def test_whole_numbers_are_times_too():
    frame = pl.DataFrame({"ds": range(60), "y": np.sin(np.arange(60.0))})
    metrics, shown, _, _ = records(frame)
    assert dict(metrics.data.facts)["Scored part"].endswith("to 59")
    first = shown["forecasts"].pieces[0]
    assert first.x[first.lines[0].start :] == [57, 58, 59]
