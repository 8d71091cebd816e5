"""Figures of what was measured several times: dots with whiskers, a row for each, named at the left."""

import statistics

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from recurra.report.number import NARROW_SPACE
from recurra.report.piece import Point, Points, Scatter
from recurra.report.style import TickNumbers, colour, drawing, fit_margins, inline_svg, plain_log_axis

WIDTH, ROW, EDGE = 400, 24, 40
SMALL = (WIDTH, 230)
LETTER = 6.3
LONGEST = 24
"""Letters of a name; of longer ones the beginning is shown."""


def points_figure(piece: Points, name: str) -> Markup:
    """Dots with whiskers, the first row uppermost.

    Args:
        piece: What to draw.
        name: Unique within the page.
    """
    scale = 100.0 if piece.unit == "share" else 1.0
    rows = len(piece.points)
    height = ROW * rows + EDGE
    with drawing(WIDTH, height) as (figure, axes):
        axes.set_xscale("log" if piece.log else "linear")
        for row, point in enumerate(piece.points):
            _draw(axes, row, point, scale)
        axes.set_ylim(rows - 0.5, -0.5)
        names = [_short(point.label) for point in piece.points]
        axes.set_yticks(range(rows), names)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        if piece.log:
            plain_log_axis(axes, "x")
        else:
            axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
            axes.xaxis.set_major_formatter(TickNumbers(f"{NARROW_SPACE}%" if piece.unit == "share" else ""))
        left = 14 + LETTER * max(map(len, names))
        figure.subplots_adjust(
            left=left / WIDTH, right=1 - 16 / WIDTH, bottom=(EDGE - 8) / height, top=1 - 8 / height
        )
        return inline_svg(figure, name, _spoken(piece))


def slice_figure(piece: Scatter, name: str) -> Markup:
    """Points of two numbers of different kinds, each axis to its own scale.

    Args:
        piece: What to draw.
        name: Unique within the page.
    """
    across, up = zip(*piece.points, strict=True)
    with drawing(*SMALL) as (figure, axes):
        axes.set_xscale("log" if piece.log_x and min(across) > 0 else "linear")
        axes.margins(x=0.06)
        axes.scatter(across, up, s=22, color=colour("model"), alpha=0.6, linewidths=0)
        if axes.get_xscale() == "log":
            plain_log_axis(axes, "x")
            if max(across) < 10 * min(across):  # else no power of ten may be in sight
                axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
        else:
            whole = all(float(x).is_integer() for x in across)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=whole))
            axes.xaxis.set_major_formatter(TickNumbers())
        fit_margins(figure, axes, x_label=piece.x_label, y_label=piece.y_label)
        return inline_svg(figure, name, piece.spoken)


def _draw(axes: Axes, row: int, point: Point, scale: float) -> None:
    values = [scale * value for value in point.values]
    mean, tint = statistics.fmean(values), colour(point.role)
    if len(values) > 1:
        deviation = statistics.stdev(values)
        axes.plot([mean - deviation, mean + deviation], [row, row], color=tint, linewidth=1.8)
        axes.scatter(values, [row] * len(values), s=9, color=tint, alpha=0.4, linewidths=0)
    axes.scatter([mean], [row], s=38, color=tint, linewidths=0, zorder=3)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _spoken(piece: Points) -> str:
    means = (f"{one.label} {statistics.fmean(one.values):.4g}" for one in piece.points)
    return piece.description or f"{piece.title}: {', '.join(means)}"
