"""Ink in a report, as it was written."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.inputs.strokes.encoding import StrokesEncoding
from recurra.inputs.strokes.ink import Ink, show
from recurra.report.medium import Picture
from recurra.report.record import Piece

_INK, _MARK = "0.15", "#c65d3b"
_HEIGHT, _WIDEST, _NARROWEST = 1.6, 9.0, 1.6  # inches
_MARGIN = 0.15  # heights


def exhibit(
    content: Ink, encoding: StrokesEncoding, title: str, marks: Sequence[tuple[str, float]] = ()
) -> Sequence[Piece]:
    """A picture of the strokes, and of marks at the steps that they stand at."""
    seen = encoding.codec.seen(content)
    low, high = seen.points.min(axis=0) - _MARGIN, seen.points.max(axis=0) + _MARGIN
    room = _MARGIN * 4 if marks else 0.0
    size = high - low + np.array([0, room])
    width = float(np.clip(_HEIGHT * size[0] / size[1], _NARROWEST, _WIDEST))
    figure = Figure(figsize=(width, _HEIGHT), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for stroke in seen.strokes():
        if len(stroke) == 1:
            axes.plot(*stroke.T, "o", color=_INK, markersize=2)
        else:
            axes.plot(*stroke.T, "-", color=_INK, linewidth=1.5, solid_capstyle="round")
    for text, step in marks:
        x, y = seen.points[min(max(round(step), 0), len(seen) - 1)]
        axes.plot(x, y, "o", color=_MARK, markersize=3)
        axes.annotate(text, (x, low[1] - room / 2), color=_MARK, fontsize=9, ha="center", va="center")
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1] - room))
    axes.set_aspect("equal")
    axes.set_axis_off()
    file = io.BytesIO()
    figure.savefig(file, format="png")
    anew = f", {len(seen):,} as the net reads them" if len(seen) != len(content) else ""
    note = f"{show(content).capitalize()}{anew}."
    return (Picture.of(file.getvalue(), title=title, note=note),)
