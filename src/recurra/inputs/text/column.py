"""Which column holds the text."""

import polars as pl

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.examples import Keep, Kept
from recurra.inputs.glance import is_known_text, is_list_of_text, text_length, texts_first
from recurra.inputs.rows import Rows, check_not_told, wrong_column
from recurra.inputs.text.config import TextConfig

_CLEARLY_LONGER = 2


def text_column(rows: Rows, config: TextConfig, keep: Keep) -> tuple[str, Kept]:
    """The column with the text or the tokens, and those that the task keeps.

    It is the named one, one with a known name, or the one that is clearly the longest.

    Raises:
        DataError: There is none, or there are several and none is clearly longer than the others.
    """
    wanted, frame = config.text, rows.frame
    holds = {one.name for one in frame if one.dtype == pl.String or is_list_of_text(one)}
    if wanted != "auto":
        if wanted not in holds:
            raise wrong_column(rows, "text", [wanted], "a column with texts, or with lists of tokens")
        kept = keep(frame.drop(wanted))
        check_not_told(rows, "text", [wanted], kept)
        return wanted, kept
    ordered = texts_first(frame)
    kept = keep(ordered)
    left = [one for one in ordered if one.name in holds and one.name not in kept.names]
    if not left:
        raise DataError(
            f"{rows.table.source} has no column with texts",
            f"one beside its columns {listed(frame.columns, 30)}",
            "Add a column `text`, or name it with text=.",
        )
    if is_known_text(left[0]):
        return left[0].name, kept
    sizes = sorted(((text_length(one), one.name) for one in left), reverse=True)
    if len(sizes) > 1 and sizes[0][0] < _CLEARLY_LONGER * sizes[1][0]:
        raise DataError(
            f"{rows.table.source} has several columns with texts, {listed(one.name for one in left)}",
            "one that is read",
            f"Name it: text={sizes[0][1]}.",
        )
    return sizes[0][1], kept
