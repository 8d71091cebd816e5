"""Figures draw whatever a run may hold, without a warning, as SVG that fits into the page."""

import datetime as dt
import re

import numpy as np
import pytest
from tests.report.document import Document

from recurra.report.figure import SMALL, WIDE, lines_figure, scatter_figure
from recurra.report.history import Course
from recurra.report.piece import Lines, Scatter
from recurra.report.style import tick_texts
from recurra.report.training_figure import curve_figure, gradient_figure, rate_figure


def example(times, seen=30, **change):
    rng = np.random.default_rng(0)
    values = rng.normal(size=len(times)).tolist()
    steps = len(times) - seen
    content = {
        "description": "A forecast.",
        "x": times,
        "lines": [
            {"label": "forecast", "role": "model", "start": seen, "y": [0.0] * steps},
            {"label": "truth", "role": "ink", "y": values},
            {"label": "drift", "role": "reference", "start": seen, "y": [0.5] * steps},
        ],
        "bands": [
            {"label": "80 %", "level": 80, "start": seen, "lower": [-1.0] * steps, "upper": [1.0] * steps}
        ],
        "marker": times[seen - 1],
        "small_start": seen // 2,
    }
    return Lines.model_validate(content | change)


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
    document = drawn(lines_figure(example(times), "one", size))
    assert 2 <= sum(bool(text.strip()) for text in document.texts) <= 24


def test_times_may_be_integers_or_have_a_zone():
    drawn(lines_figure(example(list(range(35))), "one", SMALL))
    times = [f"2025-03-{day:02d}T00:00:00+01:00" for day in range(1, 20)]
    drawn(lines_figure(example(times, 15), "one", SMALL))


def test_missing_values_leave_gaps():
    lines = [{"label": "truth", "role": "ink", "y": [None] * 30 + [1.0, None, 2.0, None, None]}]
    drawn(lines_figure(example(list(range(35)), lines=lines), "one", SMALL))
    lines = [{"label": "truth", "role": "ink", "y": [None] * 35}]
    drawn(lines_figure(example(list(range(35)), lines=lines), "one", SMALL))


def test_one_step_ahead_is_drawn_as_points():
    svg = str(lines_figure(example(list(range(31))), "one", SMALL))
    assert "<use " in svg


def test_a_small_figure_begins_later():
    small, wide = (
        len(str(lines_figure(example(list(range(35)), small_start=start), "one", SMALL))) for start in (28, 0)
    )
    assert small < wide
    one, other = (lines_figure(example(list(range(35)), small_start=start), "one", WIDE) for start in (28, 0))
    assert one == other


def test_descriptions_are_escaped_and_ids_are_the_figures_own():
    piece = Scatter(points=[(0.8, 0.7)], description='"<b>"', unit="share")
    svg = str(scatter_figure(piece, "calibration"))
    assert 'aria-label="&quot;&lt;b&gt;&quot;"' in svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert ids
    assert all(one.startswith("calibration-") for one in ids)
    assert "xmlns" not in svg


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [1.0], [None, 2.0, None], [0.0, 0.0, 0.0]])
def test_lines_of_any_length(values):
    lines = [{"label": role, "role": role, "y": values} for role in ("model", "reference", "third", "fourth")]
    for change in ({"from_zero": True}, {"unit": "share", "x_label": "epoch", "y_label": "share right"}):
        content = {"x": list(range(1, len(values) + 1)), "lines": lines, "description": "Errors."} | change
        drawn(lines_figure(Lines.model_validate(content), "by-step", SMALL))


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_axes_may_be_logarithmic(size):
    content = {
        "x": [1, 10.5, 1000],
        "lines": [{"label": "a", "role": "model", "y": [0.01, 1.0, 100.0]}],
        "log_x": True,
        "log_y": True,
    }
    document = drawn(lines_figure(Lines.model_validate(content), "log", size))
    texts = {text.strip() for text in document.texts if text.strip()}
    assert len(texts) >= 4
    assert not any("$" in text for text in texts)


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("spread", [1.0, 1.5, 1e4, 0.0, -3.0])
def test_points_of_any_spread(spread, connected):
    points = [(1.0, 0.5), (spread, 2.0), (2.0, spread)]
    drawn(scatter_figure(Scatter(points=points, connected=connected, x_label="a", y_label="b"), "points"))


@pytest.mark.parametrize("points", [[(0.0, 0.0)], [(1.0, 1.0)] * 3, [(-1.0, -1.0)]])
def test_points_in_one_place(points):
    drawn(scatter_figure(Scatter(points=points, diagonal=False), "points"))


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
    piece = Scatter(points=[(0.8, 0.7)], description="id 1.23456  #0c0c01")
    assert 'aria-label="id 1.23456  #0c0c01"' in str(scatter_figure(piece, "calibration"))
