"""The forecaster as people know estimators: its looks, its frames, its plot and page, what it takes."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from matplotlib.figure import Figure
from tests.tasks.forecast.example import QUICK

from recurra import Forecaster
from recurra.errors import ConfigError, DataError, NotFittedError
from recurra.tasks.forecast.task import FORECAST

HORIZON, DAYS = 3, 60
DAY = dt.datetime(2024, 1, 1)
VALUES = [float(step % 7) + 0.1 * (step % 5) for step in range(DAYS)]
FRAME = pl.DataFrame({
    "shop": ["a"] * DAYS + ["b"] * DAYS,
    "ds": [DAY + dt.timedelta(days=step) for step in range(DAYS)] * 2,
    "sales": VALUES + [10 + value for value in VALUES],
})  # fmt: skip


def fitted(data: Any = FRAME, **settings: Any) -> Forecaster:
    own = {"unique_id": "shop", "target": "sales"} if hasattr(data, "columns") and "shop" in data else {}
    return Forecaster(HORIZON, **{**QUICK, "season_length": 7, **own, **settings}).fit(
        data, show_progress=False
    )


@pytest.fixture(scope="module")
def one() -> Forecaster:
    return fitted()


def test_it_shows_settings_and_scores() -> None:
    new = Forecaster(HORIZON, cell="gru")
    assert repr(new) == "Forecaster(horizon=3, cell='gru')"
    trained = fitted()
    assert "LSTM" in repr(trained)
    assert "evaluate()" in repr(trained)
    scores = trained.evaluate().to_frame()
    shown = repr(trained).splitlines()
    assert re.search(r"LSTM, [\d,]+ parameters, epoch [12] of 2 kept", shown[1])
    assert shown[2].split()[:2] == ["MASE", "sMAPE"]
    assert len(shown) == 3 + len(scores)
    page = trained._repr_html_()
    assert page.count("<tr>") == 1 + len(scores)
    assert "Seasonal naive" in page


def test_scores_and_history_are_frames(one: Forecaster) -> None:
    evaluation = one.evaluate()
    scores = evaluation.to_frame()
    assert scores.columns[:3] == ["model", "label", "kind"]
    assert dict(zip(scores["model"], scores["mase"], strict=True)) == {
        name: own["mase"] for name, own in evaluation.scores.items()
    }
    assert one.history_["epoch"].to_list() == [0, 1]
    assert {"train_loss", "valid_loss", "learning_rate"} <= set(one.history_.columns)
    assert isinstance(fitted(FRAME.to_pandas()).history_, pd.DataFrame)
    with pytest.raises(NotFittedError):
        _ = Forecaster(HORIZON).history_


def test_fewer_steps_than_trained_are_the_first_ones(one: Forecaster) -> None:
    whole, short = one.predict(), one.predict(horizon=2)
    assert short.equals(whole.filter(pl.int_range(pl.len()) % HORIZON < 2))
    for wrong in (0, HORIZON + 1):
        with pytest.raises(ConfigError, match=rf"horizon is {wrong}; expected .*from 1 to 3"):
            one.predict(horizon=wrong)


def test_a_forecast_is_drawn_after_its_series(one: Forecaster) -> None:
    axes = one.plot(series="b", history=5, level=(80,), ax=Figure().subplots())
    past, future = axes.get_lines()
    assert past.get_ydata().tolist() == pytest.approx([10 + value for value in VALUES[-5:]])
    forecast = one.predict().filter(pl.col("shop") == "b")["forecast"].to_list()
    assert future.get_ydata().tolist() == pytest.approx(forecast)
    assert (axes.get_title(), axes.get_ylabel()) == ("b", "sales")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["forecast", "80 % interval"]
    with pytest.raises(DataError, match="series 'c'; expected one of a, b"):
        one.plot(series="c")
    with pytest.raises(ConfigError, match="history is 0"):
        one.plot(history=0)


def test_its_page_is_that_of_a_run(one: Forecaster, tmp_path: Path) -> None:
    page = one.report(tmp_path / "page.html").read_text()
    for text in ("Seasonal naive", "Where the errors are", "hidden_size", "Training", "Forecasts"):
        assert text in page
    again = Forecaster.load(one.save(tmp_path / "model"))
    with pytest.raises(NotFittedError, match="data to judge on"):
        again.report(tmp_path / "none.html")
    assert again.report(tmp_path / "other.html", FRAME).exists()


@pytest.mark.parametrize(
    "data",
    [
        np.array(VALUES),
        VALUES,
        pl.Series("y", VALUES),
        pd.Series(VALUES),
        {"ds": range(DAYS), "y": VALUES},
        {"ds": np.arange(DAYS), "y": pd.Series(VALUES)},
    ],
    ids=["array", "list", "polars", "pandas", "dict", "dict of arrays"],
)
def test_plain_data_are_one_series(data: Any) -> None:
    expected = fitted(pl.DataFrame({"ds": range(DAYS), "y": VALUES})).predict()
    told = fitted(data).predict()
    assert isinstance(told, pd.DataFrame) == isinstance(data, pd.Series)
    assert pl.DataFrame(told).equals(expected)


def test_a_pandas_series_keeps_its_times() -> None:
    series = pd.Series(VALUES, index=pd.date_range("2024-01-01", periods=DAYS), name="sales")
    assert fitted(series).predict(horizon=1)["ds"].tolist() == [pd.Timestamp("2024-03-01")]


def test_an_array_of_two_axes_is_refused() -> None:
    with pytest.raises(DataError, match=r"an array of shape \(60, 2\)"):
        fitted(np.zeros((DAYS, 2)))


def test_the_random_numbers_of_the_caller_go_on() -> None:
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    fitted(refit=True).predict()
    assert torch.equal(torch.rand(4), expected)


class TestRefit:
    def test_everything_is_trained_on_and_scores_stay_honest(self) -> None:
        one, both = (fitted(refit=refit, base="none") for refit in (False, True))
        assert both.evaluate().scores == one.evaluate().scores
        assert both.backtest().equals(one.backtest())
        assert not both.predict().equals(one.predict())
        until = [each.fitted_.schema.trained_until for each in (one, both)]
        assert until == ["2024-02-17 00:00:00", "2024-02-29 00:00:00"]
        assert both.config_ == one.config_.model_copy(update={"refit": True})

    def test_without_a_score_the_part_that_chooses_the_epoch_stays_unless_it_is_refused(self) -> None:
        changes: list[dict[str, Any]] = [{}, {"refit": True}, {"validation_size": 0}]
        until = [fitted(test_size=0, **each).fitted_.schema.trained_until for each in changes]
        assert until == ["2024-02-23 00:00:00", "2024-02-29 00:00:00", "2024-02-29 00:00:00"]

    def test_what_validation_settled_is_taken_over(self, one: Forecaster) -> None:
        both = fitted(refit=True)
        before, after = (dict(each.fitted_.model.named_buffers()) for each in (one, both))
        for name in FORECAST.calibrated:
            assert torch.equal(before[name], after[name]), name

    def test_calibration_writes_no_other_buffers(self, one: Forecaster) -> None:
        model, prepared = one.fitted_.model, one._prepared
        for name in FORECAST.calibrated:
            dict(model.named_buffers())[name].fill_(0.5)
        before = {name: value.clone() for name, value in model.named_buffers()}
        assert prepared is not None
        FORECAST.calibrate(model, prepared)
        changed = {name for name, value in model.named_buffers() if not torch.equal(value, before[name])}
        assert changed <= set(FORECAST.calibrated)
        assert changed
