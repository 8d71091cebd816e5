from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.example import QUICK, hourly, integer_series

from recurra.errors import ConfigError
from recurra.experiment.judge import judge, judge_on
from recurra.experiment.task import Fitted
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.window import Origins, history_before
from recurra.metrics.forecast import OwaReference
from recurra.metrics.forecast_baseline import BASELINES
from recurra.metrics.naive2 import naive2
from recurra.tasks.forecast.answer import evaluation_of
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.part import ForecastPart, held_out_origins
from recurra.tasks.forecast.schema import resolved_of
from recurra.tasks.forecast.task import FORECAST


def fitted(frame: pl.DataFrame, **settings: Any) -> Forecaster:
    return Forecaster(3, **{**QUICK, "context": 4, "season_length": 6, **settings}).fit(frame)


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return fitted(hourly({"a": 60, "b": 50}))


def part_of(one: Fitted, frame: pl.DataFrame, size: int) -> ForecastPart:
    panel = Panel.build(frame, schema=one.schema.panel)
    return ForecastPart(
        panel, held_out_origins(panel, resolved_of(one), size), resolved_of(one), one.schema.scaling
    )


def judged(one: Fitted, frame: pl.DataFrame, size: int, seconds: float | None = None, **rivals: Any) -> Any:
    part = part_of(one, frame, size)
    return evaluation_of(part, judge(FORECAST, {"recurra": (one, seconds), **rivals}, {}, part))


def scores(result: Any, name: str) -> Any:
    return next(model.scores for model in result.models if model.name == name)


def test_baselines_see_a_season_even_where_the_network_sees_less(forecaster: Forecaster):
    """A seasonal naive forecast from four steps of a season of six would be none."""
    values = np.random.default_rng(0).normal(size=60).astype(np.float32)
    result = judged(fitted(integer_series(values)).fitted_, integer_series(values), 3)
    truth = values[57:].astype(np.float64)
    assert scores(result, "seasonal_naive").overall["mae"] == pytest.approx(
        np.abs(values[51:54] - truth).mean()
    )
    assert scores(result, "last_value").overall["mae"] == pytest.approx(np.abs(values[56] - truth).mean())
    assert scores(result, "mean").overall["mae"] == pytest.approx(np.abs(values[45:57].mean() - truth).mean())


def test_histories_end_before_the_forecast_and_begin_with_the_series(forecaster: Forecaster):
    frame = hourly({"a": 60, "b": 8})
    part = part_of(forecaster.fitted_, frame, 3)
    panel = part.panel
    windows = next(part.windows())
    origins = Origins(windows.series.numpy(), windows.origin.numpy())
    history, known = history_before(panel, origins, 12)
    assert history.shape == (2, 12)
    np.testing.assert_array_equal(history[0], panel.series(0)[45:57])
    np.testing.assert_array_equal(history[1, 7:], panel.series(1)[:5])
    assert known[0].all()
    assert known[1].tolist() == [False] * 7 + [True] * 5


def test_all_models_are_scored_on_the_same_observed_steps(forecaster: Forecaster):
    frame = hourly({"a": 60, "b": 50}, seed=7)
    hour = pl.int_range(pl.len()).over("unique_id")
    holes = frame.with_columns(pl.when(hour % 4 == 1).then(None).otherwise("y").alias("y"))
    backtest = forecaster.backtest(holes, size=8, stride=1)
    result = judged(forecaster.fitted_, holes, 8)
    for name in ("recurra", *BASELINES):
        assert np.isfinite(scores(result, name).overall["mae"])
    expected = (backtest["forecast"] - backtest["y"]).abs().mean()
    assert scores(result, "recurra").overall["mae"] == pytest.approx(expected, rel=1e-5)


def test_the_scale_of_mase_does_not_see_what_is_forecast(forecaster: Forecaster):
    frame = hourly({"a": 60, "b": 50})
    hour = pl.int_range(pl.len()).over("unique_id")
    last = hour >= pl.len().over("unique_id") - 8
    wild = frame.with_columns(y=pl.when(last).then(pl.col("y") * 99).otherwise("y"))
    before, after = (judged(forecaster.fitted_, one, 8).scale for one in (frame, wild))
    np.testing.assert_array_equal(before.values, after.values)
    steps = (
        frame.filter(pl.col("unique_id") == "a")["y"].to_numpy().astype(np.float32)[:52].astype(np.float64)
    )
    assert before.values[0] == pytest.approx(np.abs(steps[6:] - steps[:-6]).mean(), rel=1e-6)


def test_rivals_are_scored_on_the_same_windows(forecaster: Forecaster):
    frame = hourly({"a": 60, "b": 50})
    rival = fitted(frame, network="feed_forward")
    result = judged(forecaster.fitted_, frame, 8, 2.5, feed_forward=(rival.fitted_, 1.5))
    names = [(model.name, model.label, model.kind) for model in result.models]
    assert names[:2] == [("recurra", "LSTM", "recurrent"), ("feed_forward", "Feed-forward net", "neural")]
    assert [model.seconds for model in result.models[:2]] == [2.5, 1.5]
    assert [model.parameters for model in result.models[:2]] == [
        forecaster.num_parameters_,
        rival.num_parameters_,
    ]
    alone = judged(rival.fitted_, frame, 8)
    assert (alone.models[0].kind, alone.models[0].label) == ("neural", "Feed-forward net")
    assert scores(alone, "recurra").overall["mae"] == scores(result, "feed_forward").overall["mae"]


def test_scores_do_not_depend_on_how_windows_are_batched(forecaster: Forecaster):
    one = forecaster.fitted_
    other = replace(one, config=one.config.model_copy(update={"batch_size": 5}))
    frame = hourly({"a": 60, "b": 50})
    before, after = (judged(each, frame, 8) for each in (one, other))
    for name in ("recurra", *BASELINES):
        assert scores(before, name).overall == pytest.approx(scores(after, name).overall, rel=1e-5)


def test_owa_is_relative_to_the_reference_that_is_given(forecaster: Forecaster):
    own = forecaster.evaluate().scores["seasonal_naive"]
    reference = OwaReference(smape=own["smape"], mase=own["mase"])
    related = forecaster.evaluate(reference=reference).scores
    assert related["seasonal_naive"]["owa"] == pytest.approx(1)
    ratios = [related["recurra"][name] / own[name] for name in ("smape", "mase")]
    assert related["recurra"]["owa"] == pytest.approx(sum(ratios) / 2)


def test_naive2_sees_each_series_up_to_the_moment_of_the_forecast(forecaster: Forecaster):
    frame = hourly({"a": 60, "b": 50}, seed=7)
    related = forecaster.evaluate(frame, size=8, stride=2, reference="naive2").scores
    plain = forecaster.evaluate(frame, size=8, stride=2).scores
    smapes, mases = [], []
    for (_,), part in frame.group_by("unique_id", maintain_order=True):
        values = part["y"].to_numpy().astype(np.float64)
        first = len(values) - 8
        moments = range(first, len(values) - 2, 2)
        points = np.concatenate([naive2(values[:moment], 3, 6) for moment in moments])
        truth = np.concatenate([values[moment : moment + 3] for moment in moments])
        scale = np.abs(values[6:first] - values[: first - 6]).mean()
        smapes.append(np.mean(200 * np.abs(points - truth) / (np.abs(points) + np.abs(truth))))
        mases.append(np.abs(points - truth).mean() / scale)
    for name, own in plain.items():
        expected = (own["smape"] / np.mean(smapes) + own["mase"] / np.mean(mases)) / 2
        assert related[name]["owa"] == pytest.approx(expected, rel=1e-5)
        assert "owa" not in own
    assert related.keys() == plain.keys()


def test_another_reference_is_refused(forecaster: Forecaster):
    with pytest.raises(ConfigError, match="reference is 'naive'; expected 'naive2'"):
        forecaster.evaluate(reference="naive")


def test_metrics_that_no_series_defines_are_left_out_of_the_record(forecaster: Forecaster):
    """Every second step is missing, so no pair of values is a step or a season of seven apart."""
    frame = integer_series(np.random.default_rng(0).normal(size=80).astype(np.float32))
    sparse = frame.with_columns(pl.when(pl.col("ds") % 2 == 0).then(pl.col("y")))
    one = Forecaster(3, **{**QUICK, "context": 4, "season_length": 7}).fit(sparse)
    record = judge_on(FORECAST, one.fitted_, sparse).metrics
    assert "mase" not in {one.name for one in record.metrics}
    assert record.metrics[0].name == "smape"
