"""Figures draw whatever a run may hold, without a warning, as SVG that fits into the page."""

import datetime as dt
import re

import numpy as np
import pytest
from tests.report.document import Document

from recurra.report.figure import SMALL, WIDE, calibration_figure, forecast_figure, series_figure, step_figure
from recurra.report.history import Course
from recurra.report.record import CoverageRecord, ExampleRecord
from recurra.report.style import tick_texts
from recurra.report.training_figure import curve_figure, gradient_figure, rate_figure


def example(times, seen=30, **change):
    rng = np.random.default_rng(0)
    past, ahead = times[:seen], times[seen:]
    values = rng.normal(size=len(times)).tolist()
    steps = len(ahead)
    content = {
        "unique_id": "a",
        "origin": past[-1],
        "history": {"ds": past, "y": values[:seen]},
        "ds": ahead,
        "truth": values[seen:],
        "forecast": [0.0] * steps,
        "baselines": {"drift": [0.5] * steps},
        "intervals": [{"level": 80, "lower": [-1.0] * steps, "upper": [1.0] * steps}],
    }
    return ExampleRecord.model_validate(content | change)


def drawn(svg):
    document = Document(str(svg))
    assert document.count("svg") == 1
    assert document.count("path") > 2
    return document


@pytest.mark.parametrize("size", [SMALL, WIDE])
@pytest.mark.parametrize(
    "step",
    [
        dt.timedelta(microseconds=1),
        dt.timedelta(milliseconds=20),
        dt.timedelta(seconds=30),
        dt.timedelta(minutes=15),
        dt.timedelta(hours=1),
        dt.timedelta(days=1),
        dt.timedelta(days=7),
        dt.timedelta(days=30),
        dt.timedelta(days=91),
        dt.timedelta(days=365),
        dt.timedelta(days=3650),
    ],
)
def test_any_frequency_has_readable_ticks(step, size):
    start = dt.datetime(1850, 1, 1) if step.days > 300 else dt.datetime(2024, 12, 30, 21, 40)
    times = [(start + index * step).isoformat() for index in range(35)]
    document = drawn(forecast_figure(example(times), "drift", "one", "A forecast.", size))
    assert 2 <= sum(bool(text.strip()) for text in document.texts) <= 24


def test_times_may_be_integers_or_have_a_zone():
    drawn(forecast_figure(example(list(range(35))), "drift", "one", "A forecast.", SMALL))
    times = [f"2025-03-{day:02d}T00:00:00+01:00" for day in range(1, 20)]
    drawn(forecast_figure(example(times, 15), "unknown", "one", "A forecast.", SMALL))


def test_missing_values_leave_gaps():
    times = list(range(35))
    history = {"ds": times[:30], "y": [None] * 30}
    drawn(
        forecast_figure(
            example(times, truth=[None] * 5, history=history), "drift", "one", "A forecast.", SMALL
        )
    )


def test_one_step_ahead_is_drawn_as_points():
    svg = str(forecast_figure(example(list(range(31))), "drift", "one", "A forecast.", SMALL))
    assert "<use " in svg


def test_descriptions_are_escaped_and_ids_are_the_figures_own():
    svg = str(calibration_figure([CoverageRecord(level=80, coverage=0.7)], "calibration", '"<b>"'))
    assert 'aria-label="&quot;&lt;b&gt;&quot;"' in svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert ids
    assert all(one.startswith("calibration-") for one in ids)
    assert "xmlns" not in svg


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [1.0], [None, 2.0, None], [0.0, 0.0, 0.0]])
def test_errors_by_step_of_any_length(values):
    drawn(step_figure([values, values], "by-step", "Error by step.", "MASE"))


@pytest.mark.parametrize("spread", [1.0, 1.5, 1e4])
def test_series_of_any_spread(spread):
    pairs = [(1.0, 0.5), (spread, 2.0), (2.0, spread)]
    drawn(series_figure(pairs, "by-series", "Series.", "MASE of the baseline", "MASE of the model"))


def course(steps, epochs, **change):
    return Course(
        [
            {"step": i + 1.0, "loss": 1 / (i + 1), "learning_rate": 0.1, "gradient_norm": 10.0 ** (i % 5)}
            | change
            for i in range(steps)
        ],
        [
            {
                "step": 7.0 * (i + 1),
                "train_loss": 1.0,
                "valid_loss": 2.0,
                "learning_rate": 0.1,
                "gradient_norm": 1.0,
            }
            | change
            for i in range(epochs)
        ],
    )


@pytest.mark.parametrize(
    "one", [course(0, 3), course(5, 0), course(700, 100), course(3, 1), course(2, 2, gradient_norm=0.0)]
)
def test_courses_of_any_length(one):
    drawn(curve_figure(one, ["train_loss", "valid_loss"], 0 if one.epochs else None, "loss", "Loss.", "loss"))
    drawn(rate_figure(one, "rate", "Learning rate."))
    drawn(gradient_figure(one, 1.0, "gradient", "Gradient."))


def test_losses_that_are_not_finite_leave_gaps():
    one = course(9, 3, loss=np.nan, valid_loss=np.nan, gradient_norm=np.inf)
    drawn(curve_figure(one, ["train_loss", "valid_loss"], None, "loss", "Loss.", ""))
    drawn(gradient_figure(one, None, "gradient", "Gradient."))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.0, 0.001, 0.002], ["0.000", "0.001", "0.002"]),
        ([0.0, 2.5, 5.0], ["0.0", "2.5", "5.0"]),
        ([0.0, 10000.0, 20000.0], ["0", "10k", "20k"]),
        ([-2e7, 0.0, 2e7], ["\u221220M", "0", "20M"]),
        ([0.0, 1e-6], ["0", "1.00\u00d710⁻⁶"]),
        ([], []),
    ],
)
def test_ticks_have_the_decimals_that_tell_them_apart(values, texts):
    assert tick_texts(values) == texts


def test_a_description_stays_as_it_is():
    svg = str(
        calibration_figure([CoverageRecord(level=80, coverage=0.7)], "calibration", "id 1.23456  #0c0c01")
    )
    assert 'aria-label="id 1.23456  #0c0c01"' in svg
