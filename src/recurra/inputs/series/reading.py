"""A panel of a table as settings say, and of another table as that of training was read."""

import re
from collections.abc import Sequence
from typing import Any

from recurra.data.timestamp import TimeReading
from recurra.errors import DataError
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.config import SeriesConfig, named
from recurra.inputs.series.holiday import Holidays
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema


def read_panel(
    data: Any,
    config: SeriesConfig,
    *,
    past: Sequence[str] = (),
    future: Sequence[str] = (),
    static: Sequence[str] = (),
    categorical: Sequence[str] = (),
    static_table: Any = None,
    holidays: Holidays | None = None,
) -> Panel:
    """Read a table as the settings say; covariates as of `Panel.read`.

    Raises:
        DataError: The table cannot be used as it is.
    """
    return Panel.read(
        data,
        unique_id=named(config.unique_id),
        time=named(config.time),
        target=named(config.target),
        past=past,
        future=future,
        static=static,
        categorical=categorical,
        wide=None if config.wide == "auto" else config.wide,
        reading=TimeReading(named(config.time_format) or "", named(config.time_zone)),
        decimal=named(config.decimal) or "",
        frequency=named(config.frequency),
        season_length=None if config.season_length == "auto" else config.season_length,
        static_table=static_table,
        holidays=holidays,
    )


def read_panel_again(
    data: Any,
    schema: PanelSchema,
    *,
    future: Any = None,
    static: Any = None,
    time_format: str = "auto",
    decimal: str = "auto",
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
    reading = schema.reading(named(time_format) or "")
    sign = named(decimal) or ""
    return Panel.build(data, schema=schema, future=future, static=static, reading=reading, decimal=sign)


def check_names(columns: Columns, taken: str, what: str) -> None:
    """Make sure that results can have columns of their own beside the table's id, time and target.

    Args:
        columns: Of the table.
        taken: A pattern of the names that results have.
        what: These names, in words.

    Raises:
        DataError: One of them is taken.
    """
    for name in (columns.unique_id, columns.time, columns.target):
        if name is not None and re.fullmatch(taken, name):
            raise DataError(
                f"column {name!r} is the id, time or target",
                f"a name that results do not need ({what})",
                "Rename the column.",
            )
