"""Covariates of a panel: numbers, and categories as codes with a vocabulary that is kept."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float32, Int32

from recurra.data.naming import counted, listed
from recurra.data.table import numbers
from recurra.errors import DataError, DataWarning
from recurra.inputs.series.assembly import Placement
from recurra.inputs.series.columns import SINGLE_SERIES, Columns
from recurra.inputs.series.schema import PanelSchema


def is_categorical(column: pl.Series) -> bool:
    """Whether a column holds categories: text, categoricals, or truth values."""
    return column.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean)


def vocabulary(column: pl.Series) -> tuple[str, ...]:
    """The categories of a column, sorted."""
    return tuple(column.cast(pl.String).drop_nulls().unique().sort().to_list())


def codes(column: pl.Series, words: Sequence[str]) -> Int32[np.ndarray, " rows"]:
    """Categories as numbers from 1 in the order of the vocabulary; 0 is a missing or unknown one."""
    if not words:
        return np.zeros(len(column), dtype=np.int32)
    known = column.cast(pl.String).cast(pl.Enum(list(words)), strict=False)
    return (known.to_physical().cast(pl.Int32) + 1).fill_null(0).to_numpy()


def learn_vocabularies(
    frame: pl.DataFrame, static: pl.DataFrame | None, columns: Columns
) -> dict[str, tuple[str, ...]]:
    """The categories of every categorical covariate."""
    vocabularies = {}
    for name in columns.covariates:
        column = static[name] if static is not None and name in columns.static else frame[name]
        if is_categorical(column) or name in columns.categorical:
            vocabularies[name] = vocabulary(column)
    return vocabularies


class Covariates(NamedTuple):
    """All covariates of a panel, and what was missing of them."""

    past: Float32[np.ndarray, "rows past"]
    future: Float32[np.ndarray, "rows future"]
    past_codes: Int32[np.ndarray, "rows past_categories"]
    future_codes: Int32[np.ndarray, "rows future_categories"]
    static: Float32[np.ndarray, "series static"]
    static_codes: Int32[np.ndarray, "series static_categories"]
    repairs: list[str]


def place_covariates(
    frame: pl.DataFrame, static: pl.DataFrame | None, schema: PanelSchema, placement: Placement
) -> Covariates:
    """Put the covariates of a table (static ones perhaps from a table of their own) where its rows go.

    Raises:
        DataError: A column is missing, of the wrong type, infinite, or a static one changes within a series.
    """
    words = schema.vocabularies
    _warn_of_unseen(frame, static, schema)
    constants, repairs = _static_columns(frame, static, schema.columns, placement.ids)
    fixed = [numbers(constants[name]) for name in schema.numeric("static")]
    fixed_codes = [codes(constants[name], words[name]) for name in schema.categorical("static")]
    count = len(placement.ids)
    return Covariates(
        _spread_numbers(frame, schema.numeric("past"), placement),
        _spread_future(frame, schema, placement),
        _spread_codes(frame, schema.categorical("past"), words, placement),
        _spread_codes(frame, schema.categorical("future"), words, placement),
        np.stack(fixed, axis=1).astype(np.float32) if fixed else np.empty((count, 0), np.float32),
        np.stack(fixed_codes, axis=1) if fixed_codes else np.empty((count, 0), np.int32),
        repairs,
    )


def _warn_of_unseen(frame: pl.DataFrame, static: pl.DataFrame | None, schema: PanelSchema) -> None:
    """Warn of categories that the vocabularies do not have."""
    for name, words in schema.vocabularies.items():
        column = static[name] if static is not None and name in schema.columns.static else frame[name]
        unseen = sorted(set(vocabulary(column)) - set(words))
        if unseen:
            rows = int(column.cast(pl.String).is_in(unseen).sum())
            shown = f"{listed(map(repr, unseen), 4)} in {counted(rows, 'row')}"
            warning = f"column {name!r} holds {shown}, which training did not: they count as unknown"
            warnings.warn(warning, DataWarning, stacklevel=2)


def _spread_numbers(
    frame: pl.DataFrame, names: Sequence[str], placement: Placement
) -> Float32[np.ndarray, "rows columns"]:
    """Numeric covariates on the grid, missing values as NaN."""
    flat = np.empty((int(placement.extent.offsets[-1]), len(names)), dtype=np.float32)
    for index, name in enumerate(names):
        values = placement.steps.merge_numbers(numbers(frame[name]))
        flat[:, index] = placement.extent.spread(values, np.float32)
    return flat


def _spread_future(
    frame: pl.DataFrame, schema: PanelSchema, placement: Placement
) -> Float32[np.ndarray, "rows columns"]:
    """Numeric covariates known ahead: those of the table, and those that times alone give."""
    computed = schema.holidays.names
    named = _spread_numbers(
        frame, [one for one in schema.numeric("future") if one not in computed], placement
    )
    offsets = placement.extent.offsets
    sizes = np.diff(offsets)
    steps = np.arange(len(named)) - np.repeat(offsets[:-1], sizes)
    shares = schema.holidays.shares(schema.grid, np.repeat(placement.starts, sizes), steps)
    return np.concatenate([named, shares], axis=1)


def _spread_codes(
    frame: pl.DataFrame, names: Sequence[str], words: dict[str, tuple[str, ...]], placement: Placement
) -> Int32[np.ndarray, "rows columns"]:
    """Categorical covariates on the grid, as codes."""
    flat = np.empty((int(placement.extent.offsets[-1]), len(names)), dtype=np.int32)
    for index, name in enumerate(names):
        values = placement.steps.merge_codes(codes(frame[name], words[name]))
        flat[:, index] = placement.extent.spread(values, np.int32)
    return flat


def _static_columns(
    frame: pl.DataFrame, static: pl.DataFrame | None, columns: Columns, ids: pl.Series
) -> tuple[pl.DataFrame, list[str]]:
    """One row of static covariates for every series of the panel.

    Raises:
        DataError: A covariate changes within a series, or the static table lacks or repeats an id.
    """
    if static is None:
        return _constant_columns(frame, columns, ids), []
    key = columns.unique_id
    if key is None:
        if static.height != 1:
            raise DataError(
                f"the static table has {static.height} rows for one series", "one row", "Name the id column."
            )
        return static.select(columns.static), []
    static = static.select(key, *columns.static).with_columns(pl.col(key).cast(pl.String))
    if static[key].n_unique() < static.height:
        twice = static[key].filter(static[key].is_duplicated())[0]
        raise DataError(
            f"the static table has several rows for series {twice!r}",
            "one row for a series",
            "Remove the others.",
        )
    joined = ids.cast(pl.String).alias(key).to_frame().join(static, on=key, how="left", maintain_order="left")
    absent = len(ids) - int(ids.cast(pl.String).is_in(static[key].implode()).sum())
    notes = (
        [f"{counted(absent, 'series')} without a row in the static table: missing values"] if absent else []
    )
    return joined.drop(key), notes


def _constant_columns(frame: pl.DataFrame, columns: Columns, ids: pl.Series) -> pl.DataFrame:
    """The first value of each static covariate in every series, after making sure that there is only one."""
    if not columns.static:
        return pl.DataFrame()
    key = (
        pl.col(columns.unique_id)
        if columns.unique_id is not None
        else pl.lit(SINGLE_SERIES).alias("unique_id")
    )
    names = list(columns.static)
    grouped = (
        frame.lazy()
        .group_by(key.cast(pl.String).alias("unique_id"))
        .agg(
            *(pl.col(name).drop_nulls().n_unique().alias(f"count {name}") for name in names),
            *(pl.col(name).drop_nulls().first() for name in names),
        )
        .collect()
    )
    for name in names:
        varying = grouped.filter(pl.col(f"count {name}") > 1)
        if varying.height:
            raise DataError(
                f"static column {name!r} has several values in {varying.height:,} series, "
                f"such as {varying['unique_id'].min()!r}",
                "one value in every series",
                "Name it in past=... or future=... instead.",
            )
    own = ids.cast(pl.String).alias("unique_id").to_frame()
    return own.join(grouped, on="unique_id", how="left", maintain_order="left").select(names)
