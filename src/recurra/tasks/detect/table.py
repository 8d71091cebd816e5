"""Tables of series to watch: the panel of their values, and the labels beside it, which no net sees."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool, Int64

from recurra.data.reader import require_columns
from recurra.data.table import Table, read_table
from recurra.errors import DataError
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.reading import check_names, read_panel, read_panel_again
from recurra.inputs.series.recent import Recent
from recurra.inputs.series.schema import PanelSchema
from recurra.tasks.detect.config import DetectConfig
from recurra.tasks.detect.watch import Units

TOLD = ("expected", "score", "flag", "alarm", "begin", "end", "rows")  # columns of answers
LABELS = ("label", "anomaly", "is_anomaly")
_WORDS = {"1": 1, "1.0": 1, "true": 1, "yes": 1, "0": 0, "0.0": 0, "false": 0, "no": 0, "": 0}


@dataclass(frozen=True)
class Watched:
    """Series and what is known of their anomalies.

    Attributes:
        panel: The series; it has no covariates.
        labels: For each row of the panel whether it is an anomaly; None: nobody says.
        label: The column that says so.
    """

    panel: Panel
    labels: Bool[np.ndarray, " rows"] | None = None
    label: str | None = None


def read_watched(source: Any, config: DetectConfig) -> Watched:
    """Read a table as the settings say.

    Raises:
        DataError: The table cannot be used as it is.
    """
    table, label = _with_labels(source, config)
    panel = read_panel(table, config, past=() if label is None else (label,))
    check_names(panel.columns, "|".join(TOLD), ", ".join(TOLD))
    return _parted(panel, label)


def read_again(source: Any, schema: PanelSchema, config: DetectConfig, label: str | None) -> Watched:
    """Read a table as that of training was, with its labels where it has any.

    Raises:
        DataError: The table does not fit.
    """
    table, label = _with_labels(
        source, config.model_copy(update={"label": label or config.label}), again=True
    )
    columns = replace(schema.columns, past=() if label is None else (label,))
    schema = replace(schema, columns=columns)
    panel = read_panel_again(table, schema, time_format=config.time_format, decimal=config.decimal)
    return _parted(panel, label)


def _with_labels(source: Any, config: DetectConfig, *, again: bool = False) -> tuple[Table, str | None]:
    """The table with its labels as 0 and 1, and their column; None where it has none.

    Raises:
        DataError: The column that the settings name is not there, or holds something else.
    """
    table = read_table(source, decimal="" if config.decimal == "auto" else config.decimal)
    there = table.frame.columns
    taken = {config.target, config.time, config.unique_id}
    if config.label in ("auto", "none"):
        known = (name for name in LABELS if name in there and name not in taken)
        label = next(known, None) if config.label == "auto" else None
    else:
        label = config.label if config.label in there else None
        if label is None and not again:
            require_columns(there, [config.label], table.source)
    if label is None:
        return table, None
    words = table.frame[label].cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase()
    wrong = [word for word in words.unique(maintain_order=True) if word not in _WORDS]
    if wrong:
        raise DataError(
            f"column {label!r} holds {wrong[0]!r}",
            "0 or 1, true or false: whether a row is an anomaly",
            "Correct it, or take no labels: label=none.",
        )
    marks = words.replace_strict(_WORDS, return_dtype=pl.Float64).alias(label)
    return replace(table, frame=table.frame.with_columns(marks)), label


def _parted(panel: Panel, label: str | None) -> Watched:
    """The panel without its labels, and these."""
    if label is None:
        return Watched(panel)
    columns = replace(panel.schema.columns, past=())
    alone = replace(panel, schema=replace(panel.schema, columns=columns), past=panel.past[:, :0])
    return Watched(alone, np.nan_to_num(panel.past[:, 0]) > 0, label)


@dataclass(frozen=True)
class DetectPart:
    """Series to watch from their first rows on, and what came before these.

    Attributes:
        watched: The series.
        before: By series, the rows that a run keeps and that come before its first; NaN is missing.
        units: By series.
    """

    watched: Watched
    before: dict[str, np.ndarray]
    units: dict[str, Units]

    @property
    def panel(self) -> Panel:
        """The series."""
        return self.watched.panel

    @property
    def table(self) -> Table:
        """Where they came from."""
        return self.panel.table

    @property
    def repairs(self) -> Sequence[str]:
        """What was mended in them."""
        return self.panel.repairs

    def __len__(self) -> int:
        return int(self.judged.sum())

    def each(self) -> Iterator[tuple[str, slice]]:
        """The series by name, and their rows."""
        for index, name in enumerate(self.panel.ids):
            begin = int(self.panel.offsets[index])
            yield name, slice(begin, begin + int(self.panel.lengths[index]))

    @property
    def judged(self) -> Bool[np.ndarray, " rows"]:
        """The rows that have a value and lie behind the probation."""
        judged: Bool[np.ndarray, " rows"] = ~np.isnan(self.panel.target)
        for name, rows in self.each():
            seen = int(np.sum(~np.isnan(self.before.get(name, np.empty(0)))))
            judged[rows] &= np.cumsum(judged[rows]) + seen > self.units[name].probation
        return judged


def rows_before(recent: Recent | None, panel: Panel, index: int, longest_gap: int) -> np.ndarray:
    """The rows that are kept of a series and come before its first one, with what is missing in between.

    As in a stream (`recurra.inputs.series.timeline`): none where the gap is too long.
    """
    if recent is None:
        return np.empty(0)
    rows = len(recent.values)
    times: Int64[np.ndarray, " steps"] = panel.schema.grid.advance(
        np.full(rows + longest_gap + 1, recent.start), np.arange(rows + longest_gap + 1)
    )
    place = int(np.searchsorted(times, panel.starts[index]))
    if place > rows + longest_gap:
        return np.empty(0)
    found = np.full(place, np.nan)
    found[:rows] = recent.values[:place, 0]
    return found
