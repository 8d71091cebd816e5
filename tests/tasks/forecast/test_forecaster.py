"""What a forecaster promises whatever the data: fitting, predicting, backtesting, evaluating."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.base import clone
from tests.tasks.forecast.example import QUICK, TOO_LARGE, hourly, integer_series, long_series

from recurra.errors import ConfigError, DataError, NotFittedError, OutOfMemoryError
from recurra.metrics.forecast_baseline import BASELINES
from recurra.tasks.forecast.baseline import RIDGE
from recurra.tasks.forecast.forecaster import Forecaster

HORIZON = 3
LENGTHS = {"a": 60, "b": 45, "c": 30}
VALUES = pl.col("^forecast.*$")


def fitted(frame: Any = None, **settings: Any) -> Forecaster:
    return Forecaster(HORIZON, **{**QUICK, **settings}).fit(hourly(LENGTHS) if frame is None else frame)


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return fitted()


def weights(forecaster: Forecaster) -> dict[str, torch.Tensor]:
    return forecaster.fitted_.model.state_dict()


def same_bits(one: Forecaster, other: Forecaster) -> bool:
    before, after = weights(one), weights(other)
    return all(torch.equal(before[name], after[name]) for name in before)


class TestBeforeFitting:
    @pytest.mark.parametrize("use", [
        lambda one: one.predict(), lambda one: one.predict(hourly(LENGTHS)), lambda one: one.backtest(),
        lambda one: one.evaluate(), lambda one: one.save("model"), lambda one: one.fitted_,
        lambda one: one.config_, lambda one: one.num_parameters_,
    ])  # fmt: skip
    def test_nothing_can_be_asked(self, use: Any):
        with pytest.raises(NotFittedError, match="fit"):
            use(Forecaster(HORIZON))

    def test_settings_are_refused_at_once(self):
        with pytest.raises(ConfigError, match="Did you mean 'hidden_size'"):
            Forecaster(HORIZON, hiden_size=3)
        with pytest.raises(ConfigError, match="layer_norm_lstm"):
            Forecaster(HORIZON, cell="lsmt", network="feed_forward")
        with pytest.raises(ConfigError, match="horizon is 0"):
            Forecaster(0)


class TestFit:
    def test_it_returns_itself_and_resolves_every_setting(self):
        forecaster = Forecaster(HORIZON, **QUICK)
        assert forecaster.fit(hourly(LENGTHS)) is forecaster
        assert "auto" not in {
            getattr(forecaster.config_, key)
            for key in ("context", "patch", "test_size", "frequency", "target")
        }
        assert forecaster.config.context == "auto"
        assert forecaster.num_parameters_ == sum(one.numel() for one in forecaster.fitted_.model.parameters())
        assert forecaster.training_ is not None
        assert len(forecaster.training_.epochs) == 2

    def test_one_seed_gives_the_same_bits(self, forecaster: Forecaster):
        torch.rand(7)
        again = fitted()
        assert same_bits(forecaster, again)
        assert again.predict().equals(forecaster.predict())
        assert not same_bits(forecaster, fitted(seed=1))

    def test_the_order_of_rows_and_series_does_not_matter(self, forecaster: Forecaster):
        frame = hourly(LENGTHS)
        shuffled = frame.sample(fraction=1.0, shuffle=True, seed=5)
        assert same_bits(forecaster, fitted(shuffled))
        assert forecaster.predict(shuffled).equals(forecaster.predict(frame))

    def test_the_held_out_parts_are_not_learnt_from(self):
        frame = hourly(LENGTHS)
        position = pl.int_range(pl.len()).over("unique_id")
        last = position >= pl.len().over("unique_id") - 4
        changed = frame.with_columns(pl.when(last).then(pl.col("y") * 50).otherwise("y").alias("y"))
        settings = {"test_size": 4, "validation_size": 0}
        assert same_bits(fitted(frame, **settings), fitted(changed, **settings))

    def test_fitting_again_begins_anew(self, forecaster: Forecaster):
        other = fitted(hourly({"z": 50}, seed=3))
        other.fit(hourly(LENGTHS))
        assert same_bits(forecaster, other)

    @pytest.mark.parametrize("factor", [2.0**-40, 2.0**40])
    def test_forecasts_follow_the_unit_of_the_data(self, forecaster: Forecaster, factor: float):
        other = fitted(hourly(LENGTHS).with_columns(pl.col("y").cast(pl.Float32) * factor))
        one, scaled = forecaster.predict().select(VALUES), other.predict().select(VALUES / factor)
        np.testing.assert_allclose(scaled.to_numpy(), one.to_numpy(), rtol=1e-5)

    @pytest.mark.parametrize("settings", [{}, {"base": "none"}, {"preset": "streaming"}], ids=str)
    def test_a_level_far_from_zero_costs_no_accuracy(self, tmp_path: Path, settings: dict[str, Any]):
        frame = hourly(LENGTHS)
        near, far = (fitted(frame.with_columns(pl.col("y") + level), **settings) for level in (1e6, 2.0**30))
        far.save(tmp_path / "far")
        for one in (far, Forecaster.load(tmp_path / "far")):
            shifted = one.predict().select(VALUES - 2.0**30 + 1e6)
            np.testing.assert_allclose(
                shifted.to_numpy(), near.predict().select(VALUES).to_numpy(), atol=1e-3
            )
        scores = [one.evaluate().scores["recurra"]["mase"] for one in (near, far)]
        assert scores[1] == pytest.approx(scores[0], rel=1e-4)

    @pytest.mark.parametrize("settings", [
        {"head": "student_t"}, {"network": "feed_forward"}, {"network": "convolutional"}, {"point": "mean"},
        {"precision": "bf16-mixed"}, {"scaling": "global", "centre": "last"}, {"series_embedding": True},
        {"linear": False, "calendar": False}, {"dropout": 0.3, "recurrent_dropout": 0.3, "zoneout": 0.1},
        {"cell": "gru", "num_layers": 2}, {"averaging": "swa"}, {"averaging": "none", "schedule": "plateau"},
        {"accumulate": 2, "optimizer": "sgd", "momentum": 0.5}, {"validation_size": 0}, {"test_size": 0},
        {"preset": "single_series"}, {"context": 5, "patch": 2}, {"context": max(LENGTHS.values())},
    ], ids=str)  # fmt: skip
    def test_every_option_trains_and_forecasts(self, settings: dict[str, Any]):
        forecaster = fitted(**settings)
        values = forecaster.predict(level=(50, 90)).select(VALUES).to_numpy()
        assert np.isfinite(values).all()
        assert (values[:, 3] <= values[:, 1]).all()
        assert (values[:, 1] <= values[:, 2]).all()
        assert (values[:, 2] <= values[:, 4]).all()

    def test_a_context_longer_than_every_series_is_refused(self):
        with pytest.raises(ConfigError, match="context is 500 and the longest series has 60 steps"):
            fitted(context=500)
        with pytest.raises(ConfigError, match="context is 61"):
            fitted(context=max(LENGTHS.values()) + 1)

    def test_sizes_that_no_memory_holds_are_told(self):
        settings = {**QUICK, **TOO_LARGE, "validation_size": 0}
        with pytest.raises(OutOfMemoryError, match=r"out of memory.*context \(now 2700000\)"):
            Forecaster(**settings).fit(long_series())

    def test_counts_are_forecast_as_counts(self):
        counts = np.random.default_rng(0).poisson(4, size=80)
        forecaster = fitted(integer_series(counts), head="negative_binomial")
        values = forecaster.predict().select(VALUES).to_numpy()
        assert (values >= 0).all()
        assert (values == values.round()).all()
        with pytest.raises(DataError, match="negative_binomial"):
            fitted(head="negative_binomial")

    def test_two_processes_train_together(self):
        settings = {"max_epochs": 1, "averaging": "none", "dropout": 0.0, "device": "cpu"}
        one, two = fitted(**settings), fitted(**settings, devices=2)
        assert one.training_ is not None
        assert two.training_ is not None
        for single, shared in zip(one.training_.steps, two.training_.steps, strict=True):
            assert shared["loss"] == pytest.approx(single["loss"], rel=1e-5)
        np.testing.assert_allclose(
            two.predict().select(VALUES).to_numpy(), one.predict().select(VALUES).to_numpy(), rtol=1e-4
        )

    def test_every_metric_of_validation_can_be_monitored(self, forecaster: Forecaster):
        assert forecaster.training_ is not None
        names = [name for name in forecaster.training_.epochs[0] if name.startswith("valid_")]
        assert {"valid_loss", "valid_mae", "valid_rmse", "valid_smape"} <= set(names)
        for name in [*names, "train_loss"]:
            history = fitted(monitor=name, max_epochs=3).training_
            assert history is not None
            best = int(np.argmin([epoch[name] for epoch in history.epochs]))
            assert history.best_epoch == best

    def test_patience_stops_early(self):
        history = fitted(patience=1, min_delta=1e6, max_epochs=9).training_
        assert history is not None
        assert history.stopped == "patience"
        assert len(history.epochs) == 2

    def test_patience_needs_something_to_watch(self):
        with pytest.raises(ConfigError, match="validation"):
            fitted(patience=1, validation_size=0)

    def test_a_run_in_a_folder_is_resumed_to_the_same_bits(self, tmp_path: Path):
        frame, settings = hourly(LENGTHS), {**QUICK, "schedule": "constant", "warmup": 0.0}
        whole = Forecaster(HORIZON, **{**settings, "max_epochs": 4}).fit(frame)
        Forecaster(HORIZON, **{**settings, "max_epochs": 2}).fit(frame, folder=tmp_path / "deep" / "run")
        resumed = Forecaster(HORIZON, **{**settings, "max_epochs": 4})
        resumed.fit(frame, folder=tmp_path / "deep" / "run", resume=True)
        assert same_bits(whole, resumed)
        with pytest.raises(ConfigError, match="hidden_size"):
            Forecaster(HORIZON, **{**settings, "hidden_size": 5}).fit(
                frame, folder=tmp_path / "deep" / "run", resume=True
            )
        with pytest.raises(ConfigError, match="earlier run"):
            Forecaster(HORIZON, **settings).fit(frame, folder=tmp_path / "deep" / "run")


class TestPredict:
    def test_intervals_are_nested_around_the_median(self, forecaster: Forecaster):
        frame = forecaster.predict(level=(95, 50, 80))
        names = [f"forecast-{side}-{level}" for level in (95, 50, 80) for side in ("lo", "hi")]
        assert frame.columns == ["unique_id", "ds", "forecast", *names]
        ordered = ["forecast-lo-95", "forecast-lo-80", "forecast-lo-50", "forecast", "forecast-hi-50",
                   "forecast-hi-80", "forecast-hi-95"]  # fmt: skip
        assert (np.diff(frame.select(ordered).to_numpy(), axis=1) >= 0).all()

    @pytest.mark.parametrize(("level", "names"), [
        ((), []), (None, []), ([12.5], ["lo-12.5", "hi-12.5"]), ((80, 80), ["lo-80", "hi-80"]),
    ])  # fmt: skip
    def test_any_levels_may_be_asked_for(self, forecaster: Forecaster, level: Any, names: list[str]):
        columns = forecaster.predict(level=level).columns
        assert columns == ["unique_id", "ds", "forecast", *(f"forecast-{name}" for name in names)]

    @pytest.mark.parametrize("level", [80, "80", (0,), (100,), ("80",)])
    def test_other_levels_are_refused(self, forecaster: Forecaster, level: Any):
        with pytest.raises(ConfigError, match="level"):
            forecaster.predict(level=level)
        with pytest.raises(ConfigError, match="level"):
            forecaster.backtest(level=level)

    def test_what_fit_saw_is_gone_on_from(self, forecaster: Forecaster):
        assert forecaster.predict().equals(forecaster.predict(hourly(LENGTHS)))

    def test_a_series_is_forecast_alone_as_among_others(self, forecaster: Forecaster):
        together = forecaster.predict()
        for name, length in LENGTHS.items():
            alone = forecaster.predict(hourly(LENGTHS).filter(pl.col("unique_id") == name))
            expected = together.filter(pl.col("unique_id") == name)
            assert alone.select("unique_id", "ds").equals(expected.select("unique_id", "ds"))
            np.testing.assert_allclose(alone.select(VALUES), expected.select(VALUES), rtol=1e-5)
            assert len(alone) == HORIZON, length

    @pytest.mark.parametrize("embedded", [False, True])
    def test_new_series_are_answered(self, embedded: bool):
        forecaster = fitted(series_embedding=embedded)
        frame = forecaster.predict(hourly({"new": 40, "newer": 2}))
        assert frame["unique_id"].to_list() == ["new"] * HORIZON + ["newer"] * HORIZON
        assert np.isfinite(frame.select(VALUES).to_numpy()).all()

    def test_gaps_are_answered(self):
        frame = hourly(LENGTHS).with_columns(
            pl.when(pl.int_range(pl.len()) % 7 < 3).then(None).otherwise("y").alias("y")
        )
        holes = frame.filter(pl.int_range(pl.len()) % 5 > 0)
        forecaster = fitted(holes)
        assert any("missing" in repair for repair in forecaster.repairs_)
        for values in (forecaster.predict(), forecaster.predict(holes), forecaster.predict(frame)):
            assert np.isfinite(values.select(VALUES).to_numpy()).all()

    def test_missing_rows_are_missing_values(self, forecaster: Forecaster):
        frame = hourly({"a": 50})
        gone = pl.int_range(pl.len()).is_in([20, 41, 47])
        empty = frame.with_columns(pl.when(gone).then(None).otherwise("y").alias("y"))
        assert forecaster.predict(empty).equals(forecaster.predict(frame.filter(~gone)))

    def test_series_too_short_to_learn_from_are_left_out_but_answered(self):
        forecaster = fitted(hourly({"a": 60, "b": 60, "brief": 4}))
        assert any("brief" in repair for repair in forecaster.repairs_)
        assert set(forecaster.predict()["unique_id"]) == {"a", "b", "brief"}


class TestBacktest:
    def test_truth_stands_beside_forecasts_from_every_moment(self, forecaster: Forecaster):
        data = hourly(LENGTHS)
        frame = forecaster.backtest(data, size=6)
        assert frame.columns[:5] == ["unique_id", "cutoff", "ds", "y", "forecast"]
        assert len(frame) == 3 * 6
        joined = frame.join(data, on=["unique_id", "ds"], how="left")
        np.testing.assert_allclose(joined["y"], joined["y_right"], rtol=1e-6)
        steps = (frame["ds"] - frame["cutoff"]).dt.total_hours()
        assert steps.to_list() == [1, 2, 3] * 6

    def test_a_forecast_knows_nothing_after_its_cutoff(self, forecaster: Forecaster):
        data = hourly(LENGTHS)
        frame = forecaster.backtest(data, size=6)
        for (name, cutoff), part in frame.group_by("unique_id", "cutoff"):
            known = data.filter((pl.col("unique_id") == name) & (pl.col("ds") <= cutoff))
            expected = forecaster.predict(known)
            assert part["ds"].equals(expected["ds"])
            np.testing.assert_allclose(part.select(VALUES), expected.select(VALUES), rtol=1e-5)

    def test_the_stride_sets_how_often(self, forecaster: Forecaster):
        assert len(forecaster.backtest(size=6, stride=1)) == 3 * 4 * HORIZON
        assert forecaster.backtest(stride=1).height > forecaster.backtest().height

    def test_missing_truth_stays_missing(self, forecaster: Forecaster):
        values: list[float | None] = [float(step % 5) for step in range(40)]
        data = hourly({"a": 40}).with_columns(pl.Series("y", [*values[:36], None, *values[37:]]))
        frame = forecaster.backtest(data, size=HORIZON + 1, stride=1)
        assert frame["y"].is_null().to_list() == [True, False, False, False, False, False]
        assert frame["forecast"].null_count() == 0

    def test_series_too_short_are_refused(self, forecaster: Forecaster):
        for use in (forecaster.backtest, forecaster.evaluate):
            with pytest.raises(DataError, match="4 steps"):
                use(hourly({"a": 4}), size=4)
            with pytest.raises(DataError):
                use(size=1000)


class TestEvaluate:
    def test_scores_stand_beside_all_baselines(self, forecaster: Forecaster):
        result = forecaster.evaluate()
        assert list(result.scores) == ["recurra", *BASELINES, RIDGE]
        for scores in result.scores.values():
            assert all(np.isfinite(value) for value in scores.values())
        assert result.ids == ["a", "b", "c"]
        assert result.windows == 3 * (int(forecaster.config_.test_size) - HORIZON + 1)

    def test_it_is_the_score_of_the_backtest(self, forecaster: Forecaster):
        frame = forecaster.backtest(stride=1)
        error = (frame["forecast"] - frame["y"]).abs().mean()
        assert forecaster.evaluate().scores["recurra"]["mae"] == pytest.approx(error, rel=1e-5)
        inside = frame["y"].is_between(frame["forecast-lo-80"], frame["forecast-hi-80"]).mean()
        assert forecaster.evaluate().scores["recurra"]["coverage_80"] == pytest.approx(inside)

    def test_other_data_are_scored_too(self, forecaster: Forecaster):
        result = forecaster.evaluate(hourly({"new": 50}, seed=5), size=10)
        assert result.windows == 8
        assert result.ids == ["new"]

    def test_without_a_test_part_there_is_nothing_to_score(self, tmp_path: Path):
        forecaster = fitted(test_size=0)
        with pytest.raises(ConfigError, match="test_size"):
            forecaster.evaluate()
        assert forecaster.evaluate(size=6).windows == 3 * 4
        loaded = Forecaster.load(forecaster.save(tmp_path / "model"))
        with pytest.raises(NotFittedError, match="data"):
            loaded.evaluate()
        assert loaded.evaluate(hourly(LENGTHS), size=6).windows == 3 * 4


class TestRecurrence:
    @pytest.mark.parametrize(
        "settings",
        [
            {"bidirectional": True},
            {"bidirectional": True, "residual": True, "num_layers": 2, "cell": "gru"},
            {"variational": True, "num_layers": 2, "recompute": True},
        ],
        ids=str,
    )
    def test_every_option_of_the_recurrence_is_within_reach(self, tmp_path: Path, settings: dict[str, Any]):
        forecaster = Forecaster(3, **{**QUICK, **settings}).fit(hourly({"a": 60, "b": 45}))
        assert forecaster.config_.recurrence.model_dump().items() >= settings.items()
        again = Forecaster.load(forecaster.save(tmp_path / "model"))
        assert again.predict().equals(forecaster.predict())

    def test_a_stream_has_one_direction(self):
        with pytest.raises(ConfigError, match="bidirectional is true"):
            Forecaster(3, preset="streaming", bidirectional=True).fit(hourly({"a": 60}))

    def test_scikit_learns_manners(self):
        forecaster = Forecaster(3, **QUICK)
        assert forecaster.get_params() == {"horizon": 3, **QUICK}
        again = clone(forecaster.set_params(cell="gru"))
        assert repr(again).startswith("Forecaster(horizon=3, ")
        assert again.config.cell == "gru"
        frame = hourly({"a": 60, "b": 45})
        again.fit(frame)
        assert again.score() == -again.evaluate().scores["recurra"]["mase"]
        with pytest.raises(ConfigError, match="unknown setting 'horizn'"):
            forecaster.set_params(horizn=3)

    def test_the_callers_random_numbers_go_on(self):
        torch.manual_seed(5)
        expected = torch.rand(3)
        torch.manual_seed(5)
        Forecaster(3, **QUICK).fit(hourly({"a": 60}))
        assert torch.equal(torch.rand(3), expected)
