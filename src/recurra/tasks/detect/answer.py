"""What a detector says of series row by row, as a table, and its scores."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl
from jaxtyping import Bool, Float64

from recurra.experiment.task import Fitted, Groups
from recurra.export import to_program
from recurra.metrics.detection import average_precision, range_scores, stretches
from recurra.metrics.metric import Metric
from recurra.metrics.nab import PROFILES, Scored, nab_score
from recurra.streaming.live import at_once
from recurra.tasks.detect.config import DetectAnswer, DetectConfig
from recurra.tasks.detect.network import SurpriseNetwork
from recurra.tasks.detect.table import DetectPart
from recurra.tasks.detect.watch import Rules, Watch

METRICS = (
    Metric("auc_pr", "AUC-PR", "average precision of the rows, by their scores", "high", unit="share"),
    Metric(
        "range_f1", "Range F1", "harmonic mean of precision and recall of stretches", "high", unit="share"
    ),
    Metric(
        "range_precision",
        "Range precision",
        "share of each flagged stretch that is an anomaly, over the pieces it meets",
        "high",
        unit="share",
    ),
    Metric(
        "range_recall",
        "Range recall",
        "share of each anomaly that is flagged, over the pieces it is in",
        "high",
        unit="share",
    ),
    Metric(
        "nab", "NAB", "score of the Numenta benchmark, standard profile; 0 = no alarm, 100 = perfect", "high"
    ),
    Metric("flagged", "Flagged", "share of the rows that are flagged", "none", unit="share"),
    Metric("alarms", "Alarms", "how many alarms were raised", "none", unit="count"),
)


class Answer(NamedTuple):
    """What is told of each row of a panel; of rows without a value the score is NaN.

    Attributes:
        scores: 0 to 1.
        onsets: The score where no row shortly before had one as high, else 0.
        flags: Whether it is out of the ordinary.
        alarms: Whether it is the first to be.
        expected: What was expected; NaN where nobody says.
    """

    scores: Float64[np.ndarray, " rows"]
    onsets: Float64[np.ndarray, " rows"]
    flags: Bool[np.ndarray, " rows"]
    alarms: Bool[np.ndarray, " rows"]
    expected: Float64[np.ndarray, " rows"]

    @classmethod
    def empty(cls, rows: int) -> "Answer":
        """Nothing is told yet."""
        nothing = np.full(rows, np.nan)
        return cls(nothing, np.zeros(rows), np.zeros(rows, bool), np.zeros(rows, bool), nothing.copy())


def rules_of(config: DetectConfig) -> Rules:
    """When a score is an alarm."""
    return Rules(config.threshold, None if config.rest == "auto" else config.rest, config.memory)


def answer(fitted: Fitted, part: DetectPart) -> Answer:
    """Watch every series from its first row to its last, with what a stream runs: the same bits."""
    net = cast("SurpriseNetwork", fitted.model)
    blank = to_program(net.stream_modules()).session()
    rules, found = rules_of(fitted.config), Answer.empty(len(part.panel.target))
    for name, rows in part.each():
        watch = Watch(part.units[name], rules, blank.fork())
        for value in part.before.get(name, ()):
            at_once(watch.take(float(value)))
        for row in range(rows.start, rows.stop):
            reading = at_once(watch.take(float(part.panel.target[row])))
            for own, one in zip(found, reading, strict=True):
                own[row] = one
    return found


def score(schema: Any, part: DetectPart, given: Answer) -> Mapping[str, float]:
    """Scores against the labels, and how much is flagged; without labels that alone."""
    del schema
    judged, labels = part.judged, part.watched.labels
    found = {one.name: float("nan") for one in METRICS}
    if not judged.any():
        return found
    found |= {"flagged": float(given.flags[judged].mean()), "alarms": float(given.alarms[judged].sum())}
    if labels is None or not labels[judged].any():
        return found
    found["auc_pr"] = average_precision(given.scores[judged], labels[judged])
    found |= range_scores(*(_stretches(part, one & judged) for one in (labels, given.flags)))
    corpus = []
    for _, rows in part.each():
        own = judged[rows]
        windows = [(begin, end - 1) for begin, end in stretches(labels[rows][own])]
        corpus.append(Scored(given.alarms[rows][own].astype(float), windows, probation=0))
    found["nab"] = nab_score(corpus, PROFILES["standard"], threshold=1.0).score
    return found


def _stretches(part: DetectPart, flags: Bool[np.ndarray, " rows"]) -> list[tuple[int, int]]:
    """Those of every series, in rows of the panel."""
    return [
        (rows.start + begin, rows.start + end)
        for _, rows in part.each()
        for begin, end in stretches(flags[rows])
    ]


def groups(schema: Any, part: DetectPart, given: Answer) -> Groups | None:
    """How much is flagged of each of several series."""
    del schema
    if len(part.panel) < 2:
        return None
    judged = part.judged
    scores = {
        name: {
            "flagged": float(given.flags[rows][judged[rows]].mean()) if judged[rows].any() else float("nan"),
            "alarms": float(given.alarms[rows][judged[rows]].sum()),
        }
        for name, rows in part.each()
    }
    return Groups("series", ("alarms", "flagged"), scores)


def write(fitted: Fitted, part: DetectPart, given: Answer, options: DetectAnswer) -> pl.DataFrame:
    """A row for each step, or for each flagged stretch."""
    del fitted
    series = np.repeat(np.arange(len(part.panel)), part.panel.extents)
    place = np.arange(len(series)) - part.panel.offsets[series]
    frame = part.panel.index_frame(series, place, written=True)
    target, time = part.panel.columns.target, part.panel.columns.time
    frame = frame.with_columns(
        pl.Series(target, part.panel.target).fill_nan(None),
        pl.Series("expected", given.expected).fill_nan(None),
        pl.Series("score", given.scores).fill_nan(None),
        pl.Series("flag", given.flags),
        pl.Series("alarm", given.alarms),
    )
    if not options.spans:
        return frame
    found = _stretches(part, given.flags)
    first, last = [begin for begin, _ in found], [end - 1 for _, end in found]
    highest = pl.Series("score", [float(np.nanmax(given.scores[b:e])) for b, e in found], dtype=pl.Float64)
    return pl.DataFrame(
        [
            frame[first].get_columns()[0],
            frame[time][first].alias("begin"),
            frame[time][last].alias("end"),
            pl.Series("rows", [end - begin for begin, end in found], dtype=pl.Int64),
            highest,
        ]
    )
