"""How series are read, and what a forecaster learns of them without gradients."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Int64

from recurra.data.timestamp import TimeType
from recurra.errors import DataError
from recurra.inputs.series.holiday import Holidays
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.reading import check_names, read_panel, read_panel_again
from recurra.inputs.series.scaling import Scaling
from recurra.inputs.series.schema import PanelSchema
from recurra.tasks.forecast.base import Base
from recurra.tasks.forecast.config import ForecastConfig, forecast_config
from recurra.tasks.forecast.resolution import Resolved
from recurra.tasks.forecast.unit import Units, learn_levels

RECENT = "recent"
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


def read_series(data: Any, config: ForecastConfig, *, static: Any = None) -> Panel:
    """Read a table with its covariates as the settings say.

    Raises:
        DataError: The table cannot be used as it is.
    """
    panel = read_panel(
        data,
        config,
        past=config.past,
        future=config.future,
        static=config.static,
        categorical=config.categorical,
        static_table=static,
        holidays=Holidays(config.holidays, config.horizon if config.holidays else 0),
    )
    check_names(panel.columns, r"forecast(-.*)?|cutoff", "forecast, forecast-..., cutoff")
    return panel


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
        levelled: Whether windows of series far from 0 are cut relative to their level.
        levels: The levels of those that training saw, by id.
        floor: What no forecast is below; None: nothing.
        trained_until: Time of the last step that training saw, as the table writes it; "" if unknown.
    """

    panel: PanelSchema
    scaling: Scaling
    units: Units
    series: tuple[str, ...]
    lags: tuple[int, ...]
    scale_span: int
    recent: pl.DataFrame
    base: Base | None = None
    levelled: bool = False
    levels: Mapping[str, float] = field(default_factory=dict)
    floor: float | None = None
    trained_until: str = ""

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
            "levelled": self.levelled,
            "levels": dict(self.levels),
            "floor": self.floor,
            "trained_until": self.trained_until,
        }

    def tables(self) -> dict[str, pl.DataFrame]:
        """What is kept as a table beside the model."""
        weights = {} if self.base is None else self.base.tables()
        return {RECENT: self.recent, **weights}

    def read_panel(
        self,
        data: Any = None,
        *,
        future: Any = None,
        static: Any = None,
        time_format: str = "auto",
        decimal: str = "auto",
    ) -> Panel:
        """Read a table as `read_panel_again` does, with the levels.

        None: the last rows, whose times are written as those of the data were.
        """
        tables = {"future": future, "static": static}
        if data is None:
            panel = read_panel_again(self.recent, self.panel, **tables)
            return self.with_levels(replace(panel, time_type=self.panel.time_type))
        return self.with_levels(
            read_panel_again(data, self.panel, **tables, time_format=time_format, decimal=decimal)
        )

    def with_levels(self, panel: Panel) -> Panel:
        """A panel with the levels that training learnt; new series get levels of their own."""
        if not self.levelled:
            return panel
        levels = learn_levels(panel, panel.lengths)
        known = self.places(panel) >= 0
        levels[known] = [
            self.levels.get(name, 0.0) for name, own in zip(panel.ids, known, strict=True) if own
        ]
        return replace(panel, levels=levels)

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
        bool(own.get("levelled", False)),
        {str(name): float(level) for name, level in own.get("levels", {}).items()},
        None if own.get("floor") is None else float(own["floor"]),
        str(own.get("trained_until", "")),
    )
    return forecast_config(document["config"]), schema


def last_time(panel: Panel, ends: Int64[np.ndarray, " series"]) -> str:
    """The time of the last step before the ends of all series, as the table writes it."""
    series = np.flatnonzero(ends)
    latest = series[[int(np.argmax(panel.step_times(series, ends[series] - 1)))]]
    return str(panel.index_frame(latest, ends[latest] - 1, written=True)[panel.columns.time][0])


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
