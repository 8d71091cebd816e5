"""Which column holds the text."""

from typing import Any

import polars as pl

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.glance import LABEL_NAMES, TAG_NAMES, TEXT_NAMES, TOKEN_NAMES, is_list_of_text
from recurra.inputs.rows import Rows, wrong_column

_CLEARLY_LONGER = 2


def text_column(rows: Rows, config: Any) -> str:
    """The column with the text or the tokens: the named one, one with a known name, or the one that is prose.

    Raises:
        DataError: There is none, or there are several and none is clearly longer than the others.
    """
    wanted, frame = config.text, rows.frame
    holds = {one.name for one in frame if one.dtype == pl.String or is_list_of_text(one)}
    if wanted != "auto":
        if wanted not in holds:
            raise wrong_column(rows, "text", [wanted], "a column with texts, or with lists of tokens")
        return str(wanted)
    label = getattr(config, "label", "auto")
    by_lower = {name.lower(): name for name in frame.columns if name in holds and name != label}
    known = next((by_lower[name] for name in (*TOKEN_NAMES, *TEXT_NAMES) if name in by_lower), None)
    if known is not None:
        return known
    unlike = (*LABEL_NAMES, *TAG_NAMES)
    others = [name for lower, name in by_lower.items() if lower not in unlike] or list(by_lower.values())
    if not others:
        raise DataError(
            f"{rows.table.source} has no column with texts",
            f"one beside its columns {listed(frame.columns, 30)}",
            "Add a column `text`, or name it with text=.",
        )
    sizes = sorted(((_length(frame[name]), name) for name in others), reverse=True)
    if len(sizes) > 1 and sizes[0][0] < _CLEARLY_LONGER * sizes[1][0]:
        raise DataError(
            f"{rows.table.source} has several columns with texts, {listed(others)}",
            "one that is read",
            f"Name it: text={sizes[0][1]}.",
        )
    return sizes[0][1]


def _length(column: pl.Series) -> float:
    known = column.drop_nulls().head(1000)
    sizes = known.str.len_chars() if known.dtype == pl.String else known.list.len()
    return float(sizes.mean() or 0)  # type: ignore[arg-type]
