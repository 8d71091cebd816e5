"""What is no frame yet, as one: a dict of columns, one series as a Series, an array or a list of numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from recurra.errors import DataError

TIME, VALUE = "ds", "y"
"""Names of the columns of a series that has none: its place in time, and what it is."""


def framed(source: Any) -> Any:
    """A frame of plain data; a frame, or anything else, as it is.

    Args:
        source: A mapping of names to columns; a Series of polars or pandas, whose index is its times where it
            holds some; or a sequence of numbers, one for each step.

    Raises:
        DataError: An array has more than one axis.
    """
    if isinstance(source, Mapping):
        return pl.DataFrame({str(name): _column(values) for name, values in source.items()})
    if isinstance(source, np.ndarray | list | tuple):
        return _counted(_numbers(source))
    if isinstance(source, pl.Series):
        return _counted(source.alias(source.name or VALUE))
    series = nw.from_native(source, series_only=True, pass_through=True)
    if not isinstance(series, nw.Series):
        return source
    return _indexed(source)


def _column(values: Any) -> Any:
    return np.asarray(values) if not isinstance(values, pl.Series | list | tuple | np.ndarray) else values


def _numbers(source: Sequence[Any] | np.ndarray) -> pl.Series:
    """One series, in which None is a missing value."""
    values = np.asarray(source)
    if values.ndim != 1:
        raise DataError(
            f"an array of shape {values.shape}",
            "one series of numbers, (time,), or a table with names",
            "Name its columns: pl.DataFrame(array, schema=[...]).",
        )
    if values.dtype == object:
        return pl.Series(VALUE, values.tolist(), strict=False)
    return pl.Series(VALUE, values)


def _counted(values: pl.Series) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(TIME, range(len(values)), dtype=pl.Int64), values])


def _indexed(series: Any) -> Any:
    """A pandas frame of a Series: its index where it means something, else the number of each step."""
    if not hasattr(series, "to_frame") or not hasattr(series, "index"):
        return series
    frame = series.to_frame(name=VALUE if series.name is None else str(series.name))
    index = frame.index
    if index.name is None and index.nlevels == 1 and str(index.dtype).startswith(("int", "uint")):
        return frame.rename_axis(TIME)
    return frame
