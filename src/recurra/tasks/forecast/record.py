"""What a run leaves for its report in words and numbers: scores beside the baselines, and of what."""

import datetime as dt
import platform
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import torch

from recurra.inputs.series.panel import Panel
from recurra.metrics.forecast import Scores
from recurra.metrics.metric import metric
from recurra.report.heading import source_name, time_text
from recurra.report.number import NARROW_SPACE, count, percent
from recurra.report.record import DataRecord, MetricRecord, MetricsRecord, ModelRecord, TileRecord
from recurra.tasks.forecast.evaluation import Evaluation
from recurra.tasks.forecast.fitted import Fitted
from recurra.tasks.forecast.wording import frequency_text, span_text, steps_text, time_at
from recurra.version import __version__

METRICS = ["mase", "smape", "mae", "rmse", "wql", "coverage_80", "coverage_95"]
REFERENCE = "seasonal_naive"
SHOWN_SERIES = 500


def metrics_record(
    evaluation: Evaluation,
    fitted: Fitted,
    panel: Panel,
    *,
    repairs: list[str],
    command: str | None = None,
) -> MetricsRecord:
    """The scores of all models and what they were computed on."""
    network = evaluation.models[0].scores
    horizon, frequency = fitted.resolved.horizon, str(panel.frequency)
    tiles, remarks = _interval(network.overall)
    return MetricsRecord(
        task="forecast",
        metrics=[
            MetricRecord.of(metric(name))
            for name in METRICS
            if np.isfinite(network.overall.get(name, np.nan))
        ],
        models=[
            ModelRecord(
                name=model.name,
                label=model.label,
                kind=model.kind,
                scores=dict(model.scores.overall),
                seconds=model.seconds,
                parameters=model.parameters,
            )
            for model in evaluation.models
        ],
        subject="recurra",
        reference=REFERENCE,
        title=f"{source_name(panel.table.source)}, {steps_text(horizon, frequency)} ahead",
        judged=f"{count(evaluation.windows)} forecasts in the test part",
        group="series",
        per_group={
            model.name: _rows(model.scores, evaluation.ids)
            for model in evaluation.models
            if model.name in ("recurra", REFERENCE)
        },
        tiles=tiles,
        remarks=remarks,
        data=DataRecord(
            source=panel.table.source,
            target=panel.columns.target,
            rows=len(panel.target),
            facts=_facts(evaluation, fitted, panel),
            repairs=repairs,
        ),
        seed=fitted.resolved.config.seed,
        notes=list(evaluation.scale.notes),
        command=command,
        finished=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """The versions that a result may depend on."""
    return {
        "recurra": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "polars": pl.__version__,
    }


def _rows(scores: Scores, ids: Sequence[str]) -> list[dict[str, str | float | None]]:
    """Scores of each series, as the report has groups."""
    return [
        {"group" if name == "unique_id" else name: value for name, value in row.items()}
        for row in scores.rows(ids)[:SHOWN_SERIES]
    ]


def _interval(overall: Mapping[str, float]) -> tuple[list[TileRecord], list[str]]:
    """What the 80 % interval held, as a tile and as a sentence; nothing where there is none."""
    share = overall.get("coverage_80", np.nan)
    if not np.isfinite(share):
        return [], []
    tile = TileRecord(number=percent(share, 1), label="of the truth", note="inside the 80 % interval")
    return [tile], [f"Its 80{NARROW_SPACE}% interval held {percent(share)} of the truth."]


def _facts(evaluation: Evaluation, fitted: Fitted, panel: Panel) -> list[tuple[str, str]]:
    """What the series are, and from which moments was forecast, in words.

    Times are those of the longest series that was scored.
    """
    origins, horizon, frequency = evaluation.origins, fitted.resolved.horizon, str(panel.frequency)
    series = int(origins.series[np.argmax(panel.lengths[origins.series])])
    positions = origins.position[origins.series == series]
    first, last = int(positions[0]), int(positions[-1])
    train_end = max(first - fitted.resolved.validation_size, 1)
    judged = f"{count(evaluation.windows)}, each {steps_text(horizon, frequency)} ahead"
    if len(positions) > 1:
        stride = steps_text(int(positions[1] - positions[0]), frequency)
        judged += f", from {count(len(positions))} origins a series, {stride} apart"
    begin, end = (time_at(panel, series, step) for step in (first, last + horizon - 1))
    return [
        ("Series", count(len(panel))),
        ("Time step", frequency_text(frequency)),
        ("Season", f"{panel.season_length} steps"),
        ("Training until", time_text(time_at(panel, series, train_end - 1))),
        ("Test part", span_text(begin, end)),
        ("Forecasts judged", judged),
    ]
