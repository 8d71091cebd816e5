"""Figures of forecasts and of scores, each as SVG for the page."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from recurra.report.record import CoverageRecord, ExampleRecord, Time
from recurra.report.style import (
    TickNumbers,
    colour,
    drawing,
    finite,
    fit_margins,
    inline_svg,
    whole_ticks,
)

SMALL = (400, 230)
WIDE = (1240, 380)
LINES = ("model", "reference", "third", "fourth")
"""Roles of the lines of several models, the first for the subject, the second for the reference."""

_DASHES: dict[str, str | tuple[int, tuple[float, ...]]] = {
    "model": "-",
    "reference": (0, (4, 2)),
    "third": (0, (1, 1.6)),
    "fourth": (0, (6, 2, 1, 2)),
}

_DATE_FORMATS = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"]
_ZERO_FORMATS = ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]
"""Tick labels by level (year to second): within the level above it, and at the beginning of that one."""


def forecast_figure(
    example: ExampleRecord, reference: str, name: str, description: str, size: tuple[int, int]
) -> Markup:
    """History, truth, median and intervals of one forecast.

    Args:
        example: The forecast.
        reference: Which of its baselines to show beside it; none where it has no such baseline.
        name: Unique within the page.
        description: For those who do not see it.
        size: Width and height in CSS pixels.
    """
    with drawing(*size) as (figure, axes):
        shown = _history_shown(example, size)
        past, ahead = _positions(example.history.ds[-shown:]), _positions(example.ds)
        _draw_intervals(axes, ahead, example)
        marker = "o" if len(ahead) == 1 else ""
        if reference in example.baselines:
            values = finite(example.baselines[reference])
            axes.plot(
                ahead,
                values,
                color=colour("reference"),
                linewidth=1.3,
                linestyle=_DASHES["reference"],
                marker=marker,
                markersize=5,
            )
        truth = [*finite(example.history.y[-shown:]), *finite(example.truth)]
        axes.plot([*past, *ahead], truth, color=colour("ink"), linewidth=1.2)
        axes.plot(
            ahead, finite(example.forecast), color=colour("model"), linewidth=2, marker=marker, markersize=5
        )
        origin = _positions([example.origin])[0]
        axes.axvline(origin, color=colour("muted"), linewidth=1, linestyle=(0, (1, 2)))
        _time_axis(axes, example.ds, size[0])
        fit_margins(figure, axes)
        return inline_svg(figure, name, description)


def _draw_intervals(axes: Axes, ahead: Sequence[float], example: ExampleRecord) -> None:
    """Intervals as bands, the widest beneath; as bars where there is one step only."""
    ordered = sorted(example.intervals, key=lambda one: -one.level)
    for interval in ordered:
        lower, upper = finite(interval.lower), finite(interval.upper)
        alpha = 0.16 if interval is ordered[0] and len(ordered) > 1 else 0.24
        if len(ahead) == 1:
            axes.vlines(ahead, lower, upper, color=colour("model"), alpha=alpha, linewidth=7)
        else:
            axes.fill_between(ahead, lower, upper, color=colour("model"), alpha=alpha, linewidth=0)


def _history_shown(example: ExampleRecord, size: tuple[int, int]) -> int:
    """How many values of the history to draw: enough to see the season, few enough to see the forecast."""
    times = 4 if size == WIDE else 2
    return min(len(example.history.ds), max(16 * times, times * len(example.ds)))


def step_figure(lines: Sequence[Sequence[float | None]], name: str, description: str, y_label: str) -> Markup:
    """Error by step ahead, one line per model in the order of `LINES`."""
    with drawing(*SMALL) as (figure, axes):
        for role, values in reversed(list(zip(LINES, lines, strict=False))):
            steps = np.arange(1, len(values) + 1)
            marker = "o" if len(values) == 1 else ""
            width = 2 if role == "model" else 1.5
            axes.plot(
                steps,
                finite(values),
                color=colour(role),
                linestyle=_DASHES[role],
                linewidth=width,
                marker=marker,
            )
        axes.set_ylim(bottom=0)
        whole_ticks(axes)
        fit_margins(figure, axes, x_label="steps ahead", y_label=y_label)
        return inline_svg(figure, name, description)


def calibration_figure(calibration: Sequence[CoverageRecord], name: str, description: str) -> Markup:
    """Coverage of the intervals against what it should be."""
    with drawing(*SMALL) as (figure, axes):
        axes.grid(visible=True, axis="both")
        axes.plot([0, 100], [0, 100], color=colour("muted"), linewidth=1.2, linestyle=(0, (4, 3)))
        points = sorted((one.level, 100 * one.coverage) for one in calibration)
        levels, coverages = zip(*points, strict=True)
        axes.plot(levels, coverages, "o-", color=colour("model"), linewidth=1.6, markersize=6)
        axes.text(4, 92, "intervals too wide", va="top")
        axes.text(97, 6, "intervals too narrow", ha="right")
        axes.set(xlim=(0, 103), ylim=(0, 103))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(nbins=5))
            axis.set_major_formatter(TickNumbers("\N{NARROW NO-BREAK SPACE}%"))
        fit_margins(figure, axes, x_label="level of the interval", y_label="truth inside")
        return inline_svg(figure, name, description)


def series_figure(
    pairs: Sequence[tuple[float, float]], name: str, description: str, x_label: str, y_label: str
) -> Markup:
    """Score of every series: the reference's against the subject's, with the line where they are equal.

    Args:
        pairs: (reference, subject), both positive.
        name: Unique within the page.
        description: For those who do not see it.
        x_label: What the reference's score is.
        y_label: What the subject's score is.
    """
    with drawing(*SMALL) as (figure, axes):
        axes.grid(visible=True, axis="both")
        across, up = np.array(pairs).T
        low, high = min(across.min(), up.min()), max(across.max(), up.max())
        if high / low > 20:
            axes.set(xscale="log", yscale="log")
            limits = (low / 1.15, high * 1.15)
        else:
            limits = (0.0, high * 1.05)
        axes.plot(limits, limits, color=colour("muted"), linewidth=1.2, linestyle=(0, (4, 3)))
        size = float(np.clip(1500 / len(pairs), 7, 36))
        axes.scatter(across, up, s=size, color=colour("model"), alpha=0.55, linewidths=0)
        axes.set(xlim=limits, ylim=limits)
        for axis in (axes.xaxis, axes.yaxis):
            if axes.get_xscale() == "linear":
                axis.set_major_locator(MaxNLocator(nbins=4))
            axis.set_major_formatter(TickNumbers())
            axis.set_minor_formatter("")
            axis.set_tick_params(which="minor", size=0)
        fit_margins(figure, axes, x_label=x_label, y_label=y_label)
        return inline_svg(figure, name, description)


def _positions(times: Sequence[Time]) -> list[float]:
    """Where times lie on the axis: whole numbers as they are, dates in days; time zones are left aside."""
    dates = [datetime.fromisoformat(time).replace(tzinfo=None) for time in times if isinstance(time, str)]
    if dates:
        return [_days(date) for date in dates]
    return [float(time) for time in times]


def _days(date: datetime) -> float:
    """Days since 1970, as matplotlib counts them."""
    return (date - datetime(1970, 1, 1)) / timedelta(days=1)


def _time_axis(axes: Axes, times: Sequence[Time], width: int) -> None:
    if isinstance(times[0], str):
        most = max(4, width // 110)
        locator = AutoDateLocator(minticks=2, maxticks=most)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(
            ConciseDateFormatter(  # type: ignore[no-untyped-call]
                locator, formats=_DATE_FORMATS, zero_formats=_ZERO_FORMATS, show_offset=False
            )
        )
    else:
        whole_ticks(axes, max(4, width // 110))
