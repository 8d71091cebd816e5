"""Rows of a table, each a single step."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from recurra.data.naming import counted
from recurra.errors import DataError
from recurra.inputs.examples import Examples
from recurra.inputs.glance import ID_NAMES, glance, has_text, id_name, label_name
from recurra.inputs.input import Input
from recurra.inputs.rows import read_rows, wrong_column
from recurra.inputs.steps_encoder import StepsEncoder
from recurra.inputs.table.config import TableConfig
from recurra.inputs.table.encoding import TableEncoding

_SHOWN = 200


def suits(source: Any) -> bool:
    """Whether it is a table of numbers and categories: without texts, lists, or an id that repeats."""
    frame = glance(source)
    if frame is None or frame.width < 2 or has_text(frame) or id_name(frame) is not None:
        return False
    label = label_name(frame.columns, None)
    return not any(one.dtype.is_nested() for one in frame if one.name != label)


def read(source: Any, config: TableConfig) -> Examples:
    """Read a table; a content is a mapping of a row's columns to their values.

    Raises:
        DataError: It cannot be read, or a named column is not there.
    """
    rows = read_rows(source)
    names = rows.frame.columns
    if config.columns == "auto":
        label = label_name(names, config)
        if label is None and getattr(config, "label", "auto") == "auto":
            label = names[-1]
        columns = [one.name for one in rows.frame if one.name != label and _is_feature(one)]
    else:
        columns = [config.columns] if isinstance(config.columns, str) else list(config.columns)
        missing = [name for name in columns if name not in names]
        if missing:
            raise wrong_column(rows, "columns", missing, "columns of the table")
    if not columns:
        raise DataError(
            f"{rows.table.source} with no column to read from beside {names[-1]!r}",
            "numbers or categories",
            "Add columns, or name them with columns=.",
        )
    others = [name for name in names if name not in columns]
    empty = [name for name in columns if rows.frame[name].null_count() == rows.frame.height]
    rows = rows.noting(
        f"{counted(len(empty), 'column')} without any value: {', '.join(empty)}" if empty else ""
    )
    return rows.examples(rows.frame.select(columns).to_dicts(), others)


def _is_feature(column: pl.Series) -> bool:
    """Whether a column tells something of a row; a number of its own in each row does not."""
    numbers_rows = column.name.lower() in ID_NAMES and column.n_unique() == len(column)
    return not (column.dtype.is_nested() or numbers_rows)


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
