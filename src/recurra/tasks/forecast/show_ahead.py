"""What comes next, on top of a forecaster's report: what `predict` says after the last known values."""

import dataclasses

from recurra.experiment.task import Fitted
from recurra.inputs.series.origin import Origins
from recurra.report.download import MOST_ROWS, Download
from recurra.report.number import count
from recurra.report.section import Section
from recurra.tasks.forecast.answer import forecast_frame
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.show_window import SHOWN_LEVELS, window_legend, window_pieces, with_intervals
from recurra.tasks.forecast.wording import steps_text, time_words

SHOWN = 4
"""Series that are drawn; the table holds more."""


def ahead(fitted: Fitted, whole: ForecastPart) -> list[Section]:
    """The forecast of the first series, and a table of all.

    Args:
        fitted: The net that is kept and predicts.
        whole: All series, and the moment after the last value of each.
    """
    panel, horizon = whole.panel, whole.resolved.horizon
    told = min(len(whole), max(SHOWN, MOST_ROWS // horizon))
    part, given = with_intervals(fitted, _first(whole, told))
    shown = _first(part, SHOWN)
    few = given._replace(
        point=given.point[:SHOWN], quantiles=None if given.quantiles is None else given.quantiles[:SHOWN]
    )
    steps = steps_text(horizon, str(panel.frequency))
    until = fitted.schema.trained_until
    trained = f" The net was trained on times up to {time_words(until)}." if until else ""
    names = panel.columns.future
    notes = []
    if names and bool((panel.extents < panel.lengths + horizon).any()):
        notes.append(
            f"Covariates known ahead ({', '.join(names)}) were not given for all of these steps and count as "
            "unknown there; recurra predict takes them with --future FILE."
        )
    frame = forecast_frame(part, given, SHOWN_LEVELS)
    if len(whole) > SHOWN:
        rest = "those of all are in the table" if told == len(whole) else "recurra predict gives all"
        notes.append(f"These are the first {SHOWN} of {count(len(whole))} series; {rest}.")
    covered = "" if told == len(whole) else f", the first {count(told)} series"
    rows = (tuple(str(cell) if index < 2 else cell for index, cell in enumerate(row)) for row in frame.rows())
    return [
        Section(
            id="ahead",
            heading="What comes next",
            lead=f"{whole.target}, {steps} after the last known value, as recurra predict gives it.{trained}",
            legend=window_legend(fitted, known="what is known", baseline=False),
            pieces=window_pieces(shown, few, baseline=False),
            layout="hero",
            notes=notes,
            downloads=[Download.of(f"This forecast (CSV{covered})", "forecast.csv", frame.columns, rows)],
        )
    ]


def _first(part: ForecastPart, most: int) -> ForecastPart:
    return dataclasses.replace(part, origins=Origins(*(values[:most] for values in part.origins)))
