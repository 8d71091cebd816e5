"""The series of a table: read as the settings say, or as those of a fitted model were."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.errors import DataError
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema
from recurra.tasks.forecast.config import ForecastConfig


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


_LARGEST_COUNT = 2**24  # up to here 32 bits hold every whole number


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
        frequency=_named(config.frequency),
        season_length=None if config.season_length == "auto" else int(config.season_length),
        static_table=static,
    )
    _check_names(panel.columns)
    return panel


def read_panel_again(data: Any, schema: PanelSchema, *, future: Any = None, static: Any = None) -> Panel:
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
    return Panel.build(data, schema=schema, future=future, static=static)


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
