"""A forecast as matplotlib draws it: the last steps of a series, what comes next, and its intervals."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from recurra.data.naming import listed, suggestion
from recurra.errors import ConfigError, DataError
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.answer import Answer
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.resolution import Resolved


def draw_forecast(
    part: ForecastPart, given: Answer, level: Sequence[float], history: int, ax: Axes | None
) -> Axes:
    """Draw one series.

    Args:
        part: The series, and one moment to forecast it from.
        given: Its forecast.
        level: The intervals of the forecast, in percent.
        history: How many steps before it to draw.
        ax: Where to; None: a new figure of pyplot's.
    """
    axes: Axes = importlib.import_module("matplotlib.pyplot").subplots()[1] if ax is None else ax
    panel, series, origin = part.panel, int(part.origins.series[0]), int(part.origins.position[0])
    before = _times(panel, series, np.arange(max(origin - history, 0), origin))
    after = _times(panel, series, origin + np.arange(part.resolved.horizon))
    axes.plot(before, panel.series(series)[origin - len(before) : origin], color="black", linewidth=1)
    (line,) = axes.plot(after, given.point[0], label="forecast", linewidth=1.8)
    if given.quantiles is not None:
        for index, one in enumerate(level):
            low, high = given.quantiles[0, :, 2 * index], given.quantiles[0, :, 2 * index + 1]
            axes.fill_between(
                after, low, high, alpha=0.2, linewidth=0, color=line.get_color(), label=f"{one:g} % interval"
            )
    axes.set(title=panel.ids[series], ylabel=part.target)
    axes.legend(frameon=False)
    return axes


def series_place(panel: Panel, name: Any) -> int:
    """Where a series is in a panel.

    Raises:
        DataError: There is none of that name.
    """
    if name is None:
        return 0
    if str(name) not in panel.ids:
        raise DataError(
            f"series {name!r}",
            f"one of {listed(panel.ids)}",
            suggestion(str(name), panel.ids, "Name one of these, or leave series out."),
        )
    return panel.ids.index(str(name))


def history_steps(resolved: Resolved, wanted: int | None) -> int:
    """How many steps of the past to draw.

    Raises:
        ConfigError: The number that is asked for is below 1.
    """
    if wanted is not None and wanted < 1:
        raise ConfigError(f"history is {wanted}", "a whole number of at least 1", "Raise history.")
    return wanted or max(3 * resolved.horizon, 2 * int(resolved.config.season_length), 32)


def _times(panel: Panel, series: int, positions: Any) -> list[Any]:
    named = np.full(len(positions), series)
    return list(panel.index_frame(named, positions)[panel.columns.time].to_list())
