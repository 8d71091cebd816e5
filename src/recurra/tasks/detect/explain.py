"""What a detector can be asked for: which earlier rows made what it expected of a row."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from recurra.diagnosis import Column, Question
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted
from recurra.tasks.detect.answer import Answer, answer
from recurra.tasks.detect.prepare import as_read
from recurra.tasks.detect.table import DetectPart
from recurra.tasks.detect.watch import MOST_UNITS, Units


class _Moment(NamedTuple):
    """A row of a series, and those before it that the net is shown: as many as it was trained through.

    Attributes:
        series: The place of the series.
        row: The row in its series, from 0 on.
        values: Of the rows before it, in their unit; NaN is missing.
    """

    series: int
    row: int
    values: np.ndarray


def explain(fitted: Fitted, part: DetectPart, wanted: Wanted) -> Iterator[Question]:
    """What was expected of a row of each series: of the named one, else of that with the highest score.

    Series are left out where there is no score, or no value before the row.

    Raises:
        ConfigError: There is no such series or row, or an outcome is named.
    """
    wanted.refuse("outcome", "what is expected is one number")
    given, all_rows = answer(fitted, part), [rows for _, rows in part.each()]
    for series in wanted.chosen(part.panel.ids):
        rows, name = all_rows[series], part.panel.ids[series]
        scores = given.scores[rows]
        row = wanted.place_among(len(scores), "row")
        if row is None and not np.isnan(scores).all():
            row = int(np.nanargmax(scores))
        if row is None:
            continue
        before = part.before.get(name, np.empty(0))
        values = np.concatenate([before, part.panel.target[rows][:row]])[-fitted.config.steps :]
        known = np.flatnonzero(~np.isnan(values))
        if len(known):
            yield _question(fitted, part, _Moment(series, row, values[known[0] :]), given)


def _question(fitted: Fitted, part: DetectPart, moment: _Moment, given: Answer) -> Question:
    panel, name = part.panel, part.panel.ids[moment.series]
    target, units = panel.columns.target, part.units[name]
    device = next(fitted.model.parameters()).device
    read = torch.as_tensor(as_read(moment.values, units), device=device).unsqueeze(0)
    at = int(panel.offsets[moment.series]) + moment.row
    *before, time = _times(part, moment)
    value, score, expected = panel.target[at], given.scores[at], given.expected[at]
    return Question(
        name,
        f"{value:.4g} at {time}, where {expected:.4g} was expected: score {score:.2f}",
        f"{target} expected at {time}",
        target,
        partial(_expected, fitted.model, units),
        read,
        torch.zeros_like(read),
        "all rows at the median of those taken for normal",
        tuple(before),
        (Column(target, read.shape[-1]),),
        moment.values[:, None],
    )


def _expected(net: Any, units: Units, read: Tensor) -> Tensor:
    """What the net expects after the last row, in the unit of the values."""
    lengths = torch.full((len(read),), read.shape[1], device=read.device)
    inner = read[:, -1, 0] + net(read, lengths)[:, -1, 0].float()
    wide = (inner.clamp(-MOST_UNITS, MOST_UNITS) * units.spread).clamp(-MOST_UNITS, MOST_UNITS)
    return units.centre + units.scale * torch.sinh(wide)


def _times(part: DetectPart, moment: _Moment) -> list[str]:
    """Of the rows that are shown, and of the one that is explained."""
    steps = moment.row + np.arange(-len(moment.values), 1)
    frame = part.panel.index_frame(np.full(len(steps), moment.series), steps, written=True)
    return [str(one).removesuffix(" 00:00:00") for one in frame[part.panel.columns.time]]
