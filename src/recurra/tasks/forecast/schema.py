"""How series are read, and what a forecaster learns of them without gradients."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Int64

from recurra.data.timestamp import TimeReading, TimeType
from recurra.errors import DataError
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import Scaling
from recurra.inputs.series.schema import PanelSchema
from recurra.tasks.forecast.base import Base
from recurra.tasks.forecast.config import ForecastConfig, forecast_config
from recurra.tasks.forecast.resolution import Resolved

RECENT = "recent"
_CONSTANT = 1e-7  # of a spread, as a share of the level: less than 32 bits can tell from none
_SMALLEST_SHARE = 0.01  # of the spread of the steadiest series
_LARGEST_COUNT = 2**24  # up to here 32 bits hold every whole number


@dataclass(frozen=True)
class SeriesSource:
    """A table with what belongs to it.

    Attributes:
        data: Anything that `recurra.data.table.read_table` takes.
        static: A table with one row of static covariates for each series, if they are not columns of `data`.
        future: A table of the covariates known ahead.
    """

    data: Any
    static: Any = None
    future: Any = None

    @classmethod
    def of(cls, source: Any) -> "SeriesSource":
        """The source itself, or a table alone."""
        return source if isinstance(source, cls) else cls(source)


def read_panel(data: Any, config: ForecastConfig, *, static: Any = None) -> Panel:
    """Read a table as the settings say.

    Raises:
        DataError: The table cannot be used as it is.
    """
    panel = Panel.read(
        data,
        unique_id=_named(config.unique_id),
        time=_named(config.time),
        target=_named(config.target),
        past=config.past,
        future=config.future,
        static=config.static,
        categorical=config.categorical,
        reading=TimeReading(_named(config.time_format) or "", _named(config.time_zone)),
        frequency=_named(config.frequency),
        season_length=None if config.season_length == "auto" else int(config.season_length),
        static_table=static,
    )
    _check_names(panel.columns)
    return panel


def read_panel_again(
    data: Any, schema: PanelSchema, *, future: Any = None, static: Any = None, time_format: str = "auto"
) -> Panel:
    """Read a table as the data of a fitted model were read.

    Raises:
        DataError: The table does not fit them, or covariates are given of which the model knows nothing.
    """
    for role, table in (("future", future), ("static", static)):
        if table is not None and not getattr(schema.columns, role):
            raise DataError(
                f"a table of {role} covariates",
                f"none, as the model was fitted without {role} covariates",
                f"Leave it out, or fit with {role}=(...).",
            )
    reading = schema.reading(_named(time_format) or "")
    return Panel.build(data, schema=schema, future=future, static=static, reading=reading)


def check_counts(panel: Panel) -> None:
    """Make sure that all targets are counts.

    Raises:
        DataError: One is negative, no whole number, or too large for 32 bits to be exact.
    """
    values = panel.target
    wrong = np.flatnonzero((values < 0) | (values > _LARGEST_COUNT) | (np.mod(values, 1) > 0))
    if len(wrong):
        raise DataError(
            f"column {panel.columns.target!r} holds {float(values[wrong[0]]):g}",
            f"whole numbers from 0 to {_LARGEST_COUNT:,}, since head is negative_binomial",
            "Choose head=quantile or head=student_t.",
        )


def _check_names(columns: Columns) -> None:
    """Results have columns of their own beside the table's id, time and target."""
    for name in (columns.unique_id, columns.time, columns.target):
        if name is not None and (name in ("forecast", "cutoff") or name.startswith("forecast-")):
            raise DataError(
                f"column {name!r} is the id, time or target",
                "a name that forecasts do not need (forecast, forecast-..., cutoff)",
                "Rename the column.",
            )


def _named(name: str) -> str | None:
    return None if name == "auto" else name


class Units(NamedTuple):
    """What the targets of the training part are measured in, in the units of the data.

    Attributes:
        spread: Standard deviation of all training targets; their mean magnitude where they are all the same.
        smallest: What the spread of a window is never below: a hundredth of that of the steadiest series.
        level: Mean of all training targets; may be negative.
        change: Root mean square of the changes from one step to the next.
        reach: The same of the changes over a horizon.
    """

    spread: float
    smallest: float
    level: float = 0.0
    change: float = 1.0
    reach: float = 1.0


@dataclass(frozen=True)
class ForecastSchema:
    """Everything that a forecast needs beside the settings and the weights.

    Attributes:
        panel: How tables are read.
        scaling: Of the covariates, learnt on the training part.
        units: What the training targets are measured in.
        series: Ids of the series that training saw.
        lags: Distances, in steps, at which the horizon looks back.
        scale_span: How many of the last steps tell a window's scale.
        recent: The last rows of every series, for forecasts that are given no data.
        base: What forecasts begin from, if not from the centre of each window.
    """

    panel: PanelSchema
    scaling: Scaling
    units: Units
    series: tuple[str, ...]
    lags: tuple[int, ...]
    scale_span: int
    recent: pl.DataFrame
    base: Base | None = None

    def to_dict(self) -> dict[str, Any]:
        """All but the rows, which are a table of their own."""
        return {
            "panel": self.panel.to_dict(),
            "scaling": self.scaling.to_dict(),
            "units": self.units._asdict(),
            "series": list(self.series),
            "lags": list(self.lags),
            "scale_span": self.scale_span,
            "base": None if self.base is None else self.base.to_dict(),
        }

    def tables(self) -> dict[str, pl.DataFrame]:
        """What is kept as a table beside the model."""
        weights = {} if self.base is None else self.base.tables()
        return {RECENT: self.recent, **weights}

    def read_recent(self, *, future: Any = None, static: Any = None) -> Panel:
        """The last rows as a panel, whose times are written as those of the data were."""
        panel = read_panel_again(self.recent, self.panel, future=future, static=static)
        return replace(panel, time_type=self.panel.time_type)

    def places(self, panel: Panel) -> Int64[np.ndarray, " series"]:
        """Where training saw each series of a panel; -1 for those it did not see."""
        known = {name: index for index, name in enumerate(self.series)}
        return np.array([known.get(name, -1) for name in panel.ids], dtype=np.int64)


def resolved_of(fitted: Any) -> Resolved:
    """The settings of a fitted forecaster with what follows from them."""
    schema = fitted.schema
    return Resolved(fitted.config, schema.lags, schema.scale_span, schema.base)


def revive(document: Mapping[str, Any]) -> tuple[Any, ForecastSchema]:
    """Settings and schema from what a run folder holds."""
    own = document["schema"]
    schema = ForecastSchema(
        PanelSchema.from_dict(own["panel"]),
        Scaling.from_dict(own["scaling"]),
        Units(**own["units"]),
        tuple(own["series"]),
        tuple(own["lags"]),
        int(own["scale_span"]),
        document["tables"][RECENT],
        Base.revive(own.get("base"), document["tables"]),
    )
    return forecast_config(document["config"]), schema


def learn_units(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Units:
    """Measure the training targets.

    Args:
        panel: The series.
        ends: Where the training part of each series ends, counted from its beginning; later steps are not
            looked at.
    """
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    known = (position < np.repeat(ends, panel.extents)) & ~np.isnan(panel.target)
    values = panel.target[known].astype(np.float64)
    series = np.repeat(np.arange(len(panel)), panel.extents)[known]
    count = np.maximum(np.bincount(series, minlength=len(panel)), 1)
    mean = np.bincount(series, weights=values, minlength=len(panel)) / count
    spreads = np.sqrt(np.bincount(series, weights=(values - mean[series]) ** 2, minlength=len(panel)) / count)
    changing = spreads[spreads > _CONSTANT * np.abs(mean)]
    spread = float(values.std())
    if spread <= _CONSTANT * float(np.abs(values).mean()):
        spread = float(np.abs(values).mean()) or 1.0
    smallest = _SMALLEST_SHARE * float(changing.min()) if len(changing) else _CONSTANT * spread
    return Units(spread, smallest)


def learn_stream_units(panel: Panel, ends: Int64[np.ndarray, " series"], horizon: int) -> Units:
    """As `learn_units`, and what a stream is measured from and in: the level, and how far targets move."""
    units = learn_units(panel, ends)
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    known = (position < np.repeat(ends, panel.extents)) & ~np.isnan(panel.target)
    level = float(panel.target[known].mean(dtype=np.float64))
    change, reach = (max(_change(panel, ends, steps), units.smallest) for steps in (1, horizon))
    return units._replace(level=level, change=change, reach=reach)


def _change(panel: Panel, ends: Int64[np.ndarray, " series"], steps: int) -> float:
    """Root mean square of the differences of values some steps apart; 0 where there are none."""
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    inside = (position + steps < np.repeat(ends, panel.extents))[:-steps]
    before, after = panel.target[:-steps][inside], panel.target[steps:][inside]
    differences = after.astype(np.float64) - before
    there = differences[~np.isnan(differences)]
    return float(np.sqrt(np.square(there).mean())) if len(there) else 0.0


def recent_rows(panel: Panel, steps: int) -> pl.DataFrame:
    """The last `steps` steps of every series and its known future, as a table that can be read again."""
    dropped = np.maximum(panel.lengths - steps, 0)
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    kept = position >= np.repeat(dropped, panel.extents)
    grid = panel.schema.grid
    zoned = panel.time_type.zone is not None
    shorter = replace(
        panel,
        time_type=TimeType("datetime", zone="UTC") if zoned else panel.time_type,
        starts=grid.advance(panel.starts, dropped),
        lengths=panel.lengths - dropped,
        offsets=np.concatenate([[0], np.cumsum(panel.extents - dropped)]),
        target=panel.target[kept],
        past=panel.past[kept],
        future=panel.future[kept],
        past_codes=panel.past_codes[kept],
        future_codes=panel.future_codes[kept],
    )
    return shorter.to_frame()
