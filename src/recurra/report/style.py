"""One look for all figures: colours that follow the page, thin axes, and SVG that fits into HTML.

Figures are drawn in stand-in colours, one for each role. `inline_svg` turns them into the page's CSS
variables, so that one drawing serves light, dark and paper; text stays text, in the page's own font.
"""

import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, MaxNLocator

from recurra.report.number import fixed

ROLES = ("ink", "muted", "line", "model", "reference", "third", "fourth")
"""The colours of the page, each a CSS variable of that name in templates/page.css."""

_STAND_INS = {role: f"#0c0c{index:02x}" for index, role in enumerate(ROLES)}
_POINTS_PER_INCH = 72
_FONT_SIZE = 11.5
_DIGIT_WIDTH = 0.6 * _FONT_SIZE
_LETTER_WIDTH = 0.53 * _FONT_SIZE


def colour(role: str) -> str:
    """The stand-in colour to draw a role in."""
    return _STAND_INS[role]


_LOOK: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": colour("line"),
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": colour("muted"),
    "axes.labelsize": _FONT_SIZE,
    "axes.linewidth": 1.0,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.xmargin": 0.01,
    "axes.ymargin": 0.06,
    "figure.dpi": _POINTS_PER_INCH,
    "figure.facecolor": "none",
    "font.size": _FONT_SIZE,
    "grid.color": colour("line"),
    "grid.linewidth": 1.0,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "recurra",
    "text.color": colour("muted"),
    "text.parse_math": False,
    "xtick.bottom": False,
    "xtick.labelcolor": colour("muted"),
    "xtick.labelsize": _FONT_SIZE,
    "xtick.major.pad": 6,
    "ytick.labelcolor": colour("muted"),
    "ytick.labelsize": _FONT_SIZE,
    "ytick.left": False,
    "ytick.major.pad": 5,
}


class TickNumbers(Formatter):
    """Tick labels with just the decimals that tell them apart, and k, M, G for thousands and more."""

    def __init__(self, unit: str = "") -> None:
        self._unit = unit

    def format_ticks(self, values: Iterable[float]) -> list[str]:
        """Label all ticks of an axis together."""
        return [text + self._unit for text in tick_texts([float(value) for value in values])]

    def __call__(self, value: float, position: int | None = None) -> str:
        """Label one tick alone, as matplotlib asks for where it shows the pointer's place."""
        del position
        return tick_texts([float(value)])[0] + self._unit


def tick_texts(values: Sequence[float]) -> list[str]:
    """Numbers of an axis, all with the same decimals, and with k, M or G where they are large."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest and (largest < 1e-4 or largest >= 1e12):
        return [fixed(value, None) for value in values]
    scale, suffix = next(
        (pair for pair in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if largest >= 10 * pair[0]), (1.0, "")
    )
    shown = [value / scale for value in values]
    decimals = next((d for d in range(9) if all(_is_close(value, d, largest / scale) for value in shown)), 9)
    return [fixed(value, decimals) + (suffix if value else "") for value in shown]


def _is_close(value: float, decimals: int, largest: float) -> bool:
    return abs(round(value, decimals) - value) <= 1e-6 * max(largest, 1e-12)


@contextmanager
def drawing(width: int, height: int) -> Iterator[tuple[Figure, Axes]]:
    """An empty figure of so many CSS pixels and its axes; draw and turn into SVG within the block."""
    with mpl.rc_context(_LOOK):
        yield _new_axes(width, height)


def _new_axes(width: int, height: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.yaxis.set_major_formatter(TickNumbers())
    axes.yaxis.set_major_locator(MaxNLocator(nbins=max(3, height // 55), steps=[1, 2, 2.5, 5, 10]))
    return figure, axes


def fit_margins(figure: Figure, axes: Axes, *, x_label: str = "", y_label: str = "") -> None:
    """Leave just the room that the labels need."""
    width, height = figure.get_size_inches() * _POINTS_PER_INCH
    low, high = sorted(axes.get_ylim())
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    texts = axes.yaxis.get_major_formatter().format_ticks(ticks)
    left = 10 + _DIGIT_WIDTH * max((len(text) for text in texts), default=1) + (18 if y_label else 0)
    bottom = 26 + (17 if x_label else 0)
    figure.subplots_adjust(
        left=left / width, right=1 - 10 / width, bottom=bottom / height, top=1 - 8 / height
    )
    if x_label:
        axes.set_xlabel(x_label, labelpad=5)
    if y_label:
        axes.set_ylabel(y_label, labelpad=6)


def label_ends(figure: Figure, axes: Axes, names: Sequence[tuple[str, str]]) -> None:
    """Name lines at their right ends, in their colours, and keep the names apart.

    Args:
        figure: The figure, whose margins are set.
        axes: Its axes, whose first lines are those to name.
        names: What each is called, and its role.
    """
    width, height = figure.get_size_inches() * _POINTS_PER_INCH
    ends = [
        (float(known[-1]), name, role)
        for line, (name, role) in zip(axes.get_lines(), names, strict=False)
        if len(known := np.asarray(line.get_ydata(), float)[np.isfinite(line.get_ydata())])
    ]
    room = min(0.45 * width, 12 + _LETTER_WIDTH * max((len(name) for _, name, _ in ends), default=0))
    figure.subplots_adjust(right=1 - (room + 4) / width)
    box = axes.get_position()
    apart = (_FONT_SIZE + 3) / (height * (box.y1 - box.y0))
    wanted = [(axes.transAxes.inverted().transform(axes.transData.transform((0, end)))[1], name, role)
              for end, name, role in ends]  # fmt: skip
    places: list[float] = []
    for place, _, _ in (ordered := sorted(wanted)):
        places.append(max(place, places[-1] + apart) if places else max(place, 0.02))
    over = max(0.0, places[-1] - 1.0) if places else 0.0
    for number in reversed(range(len(places))):
        most = 1.0 if number == len(places) - 1 else places[number + 1] - apart
        places[number] = min(places[number], most) if over else places[number]
    for place, (_, name, role) in zip(places, ordered, strict=True):
        axes.text(1.015, place, name, color=colour(role), va="center", transform=axes.transAxes)


def whole_ticks(axes: Axes, nbins: int = 6) -> None:
    """Ticks of the horizontal axis at whole numbers only, and room for one where there is a single place."""
    low, high = axes.get_xlim()
    if high - low < 1:
        axes.set_xlim((low + high) / 2 - 0.6, (low + high) / 2 + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=nbins, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter(TickNumbers())


def plain_log_axis(axes: Axes, which: Literal["x", "y"]) -> None:
    """Numbers at the powers of ten of a logarithmic axis, and no small ticks between them."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(TickNumbers())
    axis.set_minor_formatter("")
    axis.set_tick_params(which="minor", size=0)


def inline_svg(figure: Figure, name: str, description: str) -> Markup:
    """A figure as an SVG element for an HTML page.

    Args:
        figure: The figure.
        name: Unique within the page; keeps the ids of figures apart.
        description: What the figure shows, for those who do not see it.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    body = file.getvalue()
    body = body[body.index("<svg") :]
    body = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    view = re.search(r'viewBox="([^"]*)"', body)
    head = f'<svg viewBox="{view[1] if view else ""}" role="img" aria-label="{escape(description)}">'
    body = _page_colours(_short_numbers(_own_ids(body[body.index(">") + 1 :], name)))
    body = re.sub(r"\s+", " ", body).replace("> <", "><").strip()
    return Markup(head + body)  # noqa: S704  # our own drawing; matplotlib escapes its texts


def _own_ids(body: str, name: str) -> str:
    """Keep only the ids that are referred to, and make them this figure's own."""
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', body))
    names = {first or second for first, second in used}
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in names else "", body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", body)
    return re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', body)


def _short_numbers(body: str) -> str:
    """Round coordinates, which stand in attributes and not in texts, to a hundredth of a pixel."""

    def shortened(attribute: re.Match[str]) -> str:
        return re.sub(
            r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), attribute[0]
        )

    return re.sub(r'="[^"]*"', shortened, body)


def _page_colours(body: str) -> str:
    """Stand-in colours become CSS variables, and text takes the page's font."""
    for role, stand_in in _STAND_INS.items():
        body = body.replace(stand_in, f"var(--{role})")
    body = re.sub(r"font-family: [^;\"]*;?|font: [\d.]+px [^;\"]*;", "", body)
    return body.replace("<defs></defs>", "")


def finite(values: Iterable[float | None]) -> list[float]:
    """Numbers to draw: what is not defined becomes NaN, which leaves a gap."""
    return [math.nan if value is None else value for value in values]
