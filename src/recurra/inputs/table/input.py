"""Rows of a table, each a single step."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.examples import Examples, Keep
from recurra.inputs.glance import ID_NAMES, glance, has_text, id_name, left_of
from recurra.inputs.input import Input
from recurra.inputs.rows import check_not_told, check_numbers, is_mostly_numbers, read_rows, wrong_column
from recurra.inputs.steps_encoder import StepsEncoder
from recurra.inputs.table.config import TableConfig
from recurra.inputs.table.encoding import FEW_ROWS, TableEncoding

_SHOWN = 200


def suits(source: Any, keep: Keep) -> bool:
    """Whether it is a table of numbers and categories: without texts, lists, or an id that repeats."""
    frame = glance(source)
    if frame is None or frame.width < 2 or has_text(frame, keep) or id_name(frame) is not None:
        return False
    return not any(one.dtype.is_nested() for one in left_of(frame, keep))


def read(source: Any, config: TableConfig, keep: Keep) -> Examples:
    """Read a table; a content is a mapping of a row's columns to their values.

    Raises:
        DataError: It cannot be read, a named column is not there, or one of numbers holds something else.
    """
    rows = read_rows(source)
    names = rows.frame.columns
    if config.columns == "auto":
        kept = keep(rows.frame)
        idle = {one.name: why for one in rows.frame if one.name not in kept.names and (why := _idle(one))}
        columns = [name for name in names if name not in kept.names and name not in idle]
        rows = rows.noting(
            f"left out {', '.join(f'{name} ({why})' for name, why in idle.items())}" if idle else ""
        )
    else:
        columns = [config.columns] if isinstance(config.columns, str) else list(config.columns)
        missing = [name for name in columns if name not in names]
        if missing:
            raise wrong_column(rows, "columns", missing, "columns of the table")
        kept = keep(rows.frame.drop(columns))
        check_not_told(rows, "columns", columns, kept)
    if not columns:
        raise DataError(
            f"{rows.table.source} with no column to read from beside {listed(kept.names)}",
            "numbers or categories",
            "Add columns, or name them with columns=.",
        )
    for name in columns:
        check_numbers(rows, rows.frame[name])
    return rows.examples(
        rows.frame.select(columns).to_dicts(),
        [name for name in names if name not in columns],
        reads=columns,
        kept=kept,
        settings={"columns": tuple(columns)},
    )


def _idle(column: pl.Series) -> str:
    """Why a column tells nothing of a row; "" where it does."""
    if column.dtype.is_nested():
        return "lists"
    if column.null_count() == len(column):
        return "without any value"
    own = column.n_unique() == len(column)
    if own and column.name.lower() in ID_NAMES:
        return "another in every row"
    if own and column.dtype == pl.String and len(column) > FEW_ROWS and not is_mostly_numbers(column):
        return "a text of its own in every row"
    return ""


def learn(contents: Sequence[Mapping[str, Any]], config: TableConfig) -> TableEncoding:
    """Learn scales and categories of the columns from the training part."""
    del config
    return TableEncoding.learn(contents)


def encoder(encoding: TableEncoding, config: TableConfig) -> StepsEncoder:
    """Nothing stands before the net: rows are scaled already."""
    del config
    return StepsEncoder(encoding.size)


def show(content: Mapping[str, Any]) -> str:
    """A row as "name=value, name=value"."""
    text = ", ".join(f"{name}={_shown(value)}" for name, value in content.items())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "?" if value is None else str(value)


TABLE = Input(
    name="table",
    suits=suits,
    read=read,
    learn=learn,
    revive=TableEncoding.from_dict,
    encoder=encoder,
    summary=TableEncoding,
    summary_label="Scaled columns",
    show=show,
)
