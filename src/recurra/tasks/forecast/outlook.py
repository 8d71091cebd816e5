"""What stands against a good forecast: covariates that are missing ahead, little or old history.

A forecast is given all the same, since the net was trained with windows that lack their future; but who reads
it must know.
"""

import warnings

import numpy as np
from jaxtyping import Bool, Int64

from recurra.data.naming import listed
from recurra.errors import DataWarning
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.wording import time_at

_SHORT = 2  # values; fewer show neither a trend nor a season
_OLD = 2  # horizons before the last end of all


def warn_of_missing_future(panel: Panel, horizon: int) -> None:
    """Warn, by name, of covariates known ahead that are not given for all steps to be forecast.

    Warns:
        DataWarning: Some are not.
    """
    gaps = _gaps(panel, horizon)
    counts = {name: int(gap.sum()) for name, gap in gaps.items() if gap.any()}
    if not counts:
        return
    missing = np.any(list(gaps.values()), axis=0)
    alike = len(set(counts.values())) == 1
    names = [name if alike else f"{name} ({number:,})" for name, number in counts.items()]
    series, step = (int(one) for one in np.argwhere(missing)[0])
    first = time_at(panel, series, int(panel.lengths[series]) + step)
    lacking = np.flatnonzero(missing.any(axis=1))
    where = listed([panel.ids[one] for one in lacking.tolist()], 4)
    warnings.warn(
        f"{listed(names)} not known for {int(missing.sum()):,} of {missing.size:,} steps to be forecast, the "
        f"first {first} (series {where}): forecasts there are worse and less sure. Give them by "
        "future=TABLE (in a command --future FILE), or in rows after the last target.",
        DataWarning,
        stacklevel=2,
    )


def _gaps(panel: Panel, horizon: int) -> dict[str, Bool[np.ndarray, "series horizon"]]:
    """Where each covariate known ahead is missing in the steps to be forecast."""
    steps = panel.lengths[:, None] + np.arange(horizon)
    inside = steps < panel.extents[:, None]
    rows = np.where(inside, panel.offsets[:-1, None] + steps, 0)
    schema = panel.schema
    numbers = {name: np.isnan(panel.future[rows, at]) for at, name in enumerate(schema.numeric("future"))}
    words = {name: panel.future_codes[rows, at] == 0 for at, name in enumerate(schema.categorical("future"))}
    return {name: gap | ~inside for name, gap in {**numbers, **words}.items()}


def notes_on_history(panel: Panel, horizon: int) -> list[str]:
    """A sentence about series that have hardly a value, and one about those that ended before the others."""
    begins = panel.offsets[:-1]
    values = np.add.reduceat((~np.isnan(panel.target)).astype(np.int64), begins)
    notes = []
    short = np.flatnonzero(values < _SHORT)
    if len(short):
        have = "has" if len(short) == 1 else "have"
        notes.append(
            f"{_named(panel, short)} {have} a single value: the forecast rests on it and on other series"
        )
    ends = panel.step_times(np.arange(len(panel)), panel.lengths - 1)
    last = int(ends.argmax())
    behind = _OLD * horizon
    before = panel.step_times(np.array([last]), np.array([int(panel.lengths[last]) - 1 - behind]))
    old = np.flatnonzero(ends < before[0])
    if len(old):
        ended = "ends" if len(old) == 1 else "end"
        first = time_at(panel, int(old[0]), int(panel.lengths[old[0]]) - 1)
        newest = time_at(panel, last, int(panel.lengths[last]) - 1)
        notes.append(
            f"{_named(panel, old)} {ended} long before the others ({first}, the newest {newest}): forecasts "
            "begin where each series ends"
        )
    return notes


def _named(panel: Panel, series: Int64[np.ndarray, " chosen"]) -> str:
    """Some series, by their names."""
    names = listed([panel.ids[one] for one in series.tolist()], 4)
    return f"series {names}" if len(series) < len(panel) or len(panel) == 1 else f"all {len(panel):,} series"
