"""Figures of lines and of points, each as SVG for the page."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, DateLocator, DayLocator
from matplotlib.ticker import MaxNLocator

from recurra.report.number import NARROW_SPACE
from recurra.report.piece import Columns, Lines, Place, Scatter
from recurra.report.style import (
    TickNumbers,
    colour,
    drawing,
    finite,
    fit_margins,
    inline_svg,
    label_ends,
    plain_log_axis,
    whole_ticks,
)

SMALL = (400, 230)
WIDE = (1240, 380)

_DASHES: dict[str, str | tuple[int, tuple[float, ...]]] = {
    "model": "-",
    "reference": (0, (4, 2)),
    "third": (0, (1, 1.6)),
    "fourth": (0, (6, 2, 1, 2)),
}
_WIDTHS = {"model": 2.0, "ink": 1.2}
_DIAGONAL = (0, (4, 3))

_DATE_FORMATS = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"]
_ZERO_FORMATS = ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]
"""Tick labels by level (year to second): within the level above it, and at the beginning of that one."""


def lines_figure(piece: Lines, name: str, size: tuple[int, int]) -> Markup:
    """Lines over numbers or times, with intervals as bands beneath.

    Args:
        piece: What to draw.
        name: Unique within the page.
        size: Width and height in CSS pixels; a small figure begins at `piece.small_start`.
    """
    begin = piece.small_start if size == SMALL else 0
    places = _positions(piece.x)
    scale = 100.0 if piece.unit == "share" else 1.0
    with drawing(*size) as (figure, axes):
        axes.set(xscale="log" if piece.log_x else "linear", yscale="log" if piece.log_y else "linear")
        _draw_spans(axes, piece, places[begin])
        _draw_bands(axes, places, piece, begin, scale)
        for line in reversed(piece.lines):
            start = max(line.start, begin)
            values = [scale * value for value in finite(line.y[start - line.start :])]
            axes.plot(
                places[start : start + len(values)],
                values,
                color=colour(line.role),
                linewidth=_WIDTHS.get(line.role, 1.4),
                linestyle=_DASHES.get(line.role, "-"),
                marker="o" if sum(map(math.isfinite, values)) == 1 else "",
                markersize=5,
            )
        if piece.marker is not None:
            place = _positions([piece.marker])[0]
            axes.axvline(place, color=colour("muted"), linewidth=1, linestyle=(0, (1, 2)))
        _number_axes(axes, piece)
        if not piece.log_x:
            _place_ticks(axes, piece.x, size[0])
        fit_margins(figure, axes, x_label=piece.x_label, y_label=piece.y_label)
        if piece.labels == "ends":
            label_ends(figure, axes, [(line.label, line.role) for line in reversed(piece.lines)])
        return inline_svg(figure, name, piece.spoken)


def _draw_spans(axes: Axes, piece: Lines, begin: float) -> None:
    """Stretches of the horizontal axis, as far as they are drawn."""
    for span in piece.spans:
        first, last = _positions([span.begin, span.end])
        if last > begin:
            axes.axvspan(max(first, begin), last, color=colour(span.role), alpha=span.strength, linewidth=0)


def _draw_bands(axes: Axes, places: Sequence[float], piece: Lines, begin: int, scale: float) -> None:
    """Intervals as bands, the widest beneath; as bars where there is one step only."""
    ordered = sorted(piece.bands, key=lambda one: -one.level)
    for band in ordered:
        start = max(band.start, begin)
        lower, upper = (
            [scale * value for value in finite(values[start - band.start :])]
            for values in (band.lower, band.upper)
        )
        where = places[start : start + len(lower)]
        alpha = 0.16 if band is ordered[0] and len(ordered) > 1 else 0.24
        if len(where) == 1:
            axes.vlines(where, lower, upper, color=colour(band.role), alpha=alpha, linewidth=7)
        else:
            axes.fill_between(where, lower, upper, color=colour(band.role), alpha=alpha, linewidth=0)


def _number_axes(axes: Axes, piece: Lines) -> None:
    """Ends and numbers of the axes, as far as they are no times."""
    if piece.log_x:
        plain_log_axis(axes, "x")
    if piece.log_y:
        plain_log_axis(axes, "y")
    elif piece.from_zero:
        axes.set_ylim(bottom=0)
    if piece.unit == "share":
        axes.yaxis.set_major_formatter(TickNumbers(f"{NARROW_SPACE}%"))


def columns_figure(piece: Columns, name: str) -> Markup:
    """Columns from zero.

    Args:
        piece: What to draw.
        name: Unique within the page.
    """
    scale = 100.0 if piece.unit == "share" else 1.0
    width = 0.86 * (min(np.diff(sorted(piece.x))) if len(piece.x) > 1 else 1.0)
    with drawing(*SMALL) as (figure, axes):
        heights = [scale * value for value in finite(piece.heights)]
        axes.bar(piece.x, heights, width=width, color=colour("model"), linewidth=0)
        axes.axhline(0, color=colour("muted"), linewidth=1)
        if piece.limit is not None:
            for side in (-scale * piece.limit, scale * piece.limit):
                axes.axhline(side, color=colour("muted"), linewidth=1.2, linestyle=_DIAGONAL)
        whole = all(float(x).is_integer() for x in piece.x)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=whole, min_n_ticks=1 if whole else 2))
        axes.xaxis.set_major_formatter(TickNumbers())
        if piece.unit == "share":
            axes.yaxis.set_major_formatter(TickNumbers(f"{NARROW_SPACE}%"))
        fit_margins(figure, axes, x_label=piece.x_label, y_label=piece.y_label)
        return inline_svg(figure, name, piece.spoken)


def scatter_figure(piece: Scatter, name: str) -> Markup:
    """Points to equal scales, with the diagonal; logarithmic where they differ by orders of magnitude.

    Args:
        piece: What to draw.
        name: Unique within the page.
    """
    share = piece.unit == "share"
    points = np.array(sorted(piece.points) if piece.connected else piece.points)
    across, up = points.T * (100 if share else 1)
    with drawing(*SMALL) as (figure, axes):
        axes.grid(visible=True, axis="both")
        limits = (0.0, 103.0) if share else _limits(axes, float(points.min()), float(points.max()))
        if piece.diagonal:
            ends = (0.0, 100.0) if share else limits
            axes.plot(ends, ends, color=colour("muted"), linewidth=1.2, linestyle=_DIAGONAL)
        if piece.connected:
            axes.plot(across, up, "o-", color=colour("model"), linewidth=1.6, markersize=6)
        else:
            size = float(np.clip(1500 / len(points), 7, 36))
            axes.scatter(across, up, s=size, color=colour("model"), alpha=0.55, linewidths=0)
        axes.text(0.04, 0.89, piece.above, va="top", transform=axes.transAxes)
        axes.text(0.94, 0.06, piece.below, ha="right", transform=axes.transAxes)
        axes.set(xlim=limits, ylim=limits)
        for axis in (axes.xaxis, axes.yaxis):
            if axes.get_xscale() == "linear":
                axis.set_major_locator(MaxNLocator(nbins=5 if share else 4))
            axis.set_major_formatter(TickNumbers(f"{NARROW_SPACE}%" if share else ""))
            axis.set_minor_formatter("")
            axis.set_tick_params(which="minor", size=0)
        fit_margins(figure, axes, x_label=piece.x_label, y_label=piece.y_label)
        return inline_svg(figure, name, piece.spoken)


def _limits(axes: Axes, low: float, high: float) -> tuple[float, float]:
    """Ends of both axes, which become logarithmic where the numbers differ by orders of magnitude."""
    if low > 0 and high / low > 20:
        axes.set(xscale="log", yscale="log")
        return low / 1.15, high * 1.15
    room = 0.05 * (high - min(low, 0.0)) or 1.0
    return (low - room if low < 0 else 0.0), high + room


def _positions(places: Sequence[Place]) -> list[float]:
    """Where places lie on the axis: numbers as they are, dates in days; time zones are left aside."""
    dates = [datetime.fromisoformat(place).replace(tzinfo=None) for place in places if isinstance(place, str)]
    if dates:
        return [_days(date) for date in dates]
    return [float(place) for place in places]


def _days(date: datetime) -> float:
    """Days since 1970, as matplotlib counts them."""
    return (date - datetime(1970, 1, 1)) / timedelta(days=1)


def _place_ticks(axes: Axes, places: Sequence[Place], width: int) -> None:
    most = max(5, width // 110)  # fewer, and no interval of dates would do for some spans
    if isinstance(places[0], str):
        locator = _date_locator(_positions(places), most)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(
            ConciseDateFormatter(  # type: ignore[no-untyped-call]
                locator, formats=_DATE_FORMATS, zero_formats=_ZERO_FORMATS, show_offset=False
            )
        )
    elif all(isinstance(place, int) for place in places):
        whole_ticks(axes, max(6, most))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=most))
        axes.xaxis.set_major_formatter(TickNumbers())


def _date_locator(places: Sequence[float], most: int) -> DateLocator:
    """Ticks of dates; where there is no clock, days at the finest."""
    days = places[-1] - places[0]
    if days < most and all(place.is_integer() for place in places):
        return DayLocator(interval=max(1, round(days / most)))  # type: ignore[no-untyped-call]
    return AutoDateLocator(minticks=2, maxticks=most)  # type: ignore[no-untyped-call]
