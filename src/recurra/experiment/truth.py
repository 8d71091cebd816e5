"""Which columns of a table are the truth, and so are not for the net to read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from recurra.inputs.examples import Keep, Kept

Find = Callable[[pl.DataFrame], str | None]
"""(columns that the input could do without, the most wanted first) -> the one that a task tells."""
Beside = Callable[[pl.DataFrame, str | None], Sequence[str]]
"""(the same, the one that a task tells) -> others that hold the truth, too."""
STEP_TRUTHS = ("tags", "upos", "xpos", "ner_tags", "pos_tags", "chunk_tags", "tag", "ner", "pos")
"""What lists of classes are called that are told of steps: they give away what other tasks are to tell."""


def find_nothing(frame: pl.DataFrame) -> None:
    """No column is known before the data are read."""
    del frame


def nothing_beside(frame: pl.DataFrame, told: str | None) -> Sequence[str]:
    """One column holds all of the truth."""
    del frame, told
    return ()


def keeping(find: Find, settings: Mapping[str, Any], beside: Beside = nothing_beside) -> Keep:
    """Keep from an input what is told, as settings or a task say, and the truth of other tasks."""
    named = settings.get("label", "auto")

    def keep(frame: pl.DataFrame) -> Kept:
        told = find(frame) if named == "auto" else str(named)
        others = [one.name for one in frame if one.name != told and _is_step_truth(one)]
        return Kept(told, tuple(dict.fromkeys([*others, *beside(frame, told)])))

    return keep


def keeping_column(column: str, beside: Beside = nothing_beside) -> Keep:
    """Keep the column that training told, and what `keeping` keeps beside it."""
    return keeping(find_nothing, {"label": column}, beside)


def _is_step_truth(column: pl.Series) -> bool:
    kind = column.dtype
    return column.name.lower() in STEP_TRUTHS and isinstance(kind, pl.List) and not kind.inner.is_float()
