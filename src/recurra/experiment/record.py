"""The scores of a run as its report reads them, from what models said and the words of the task."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from recurra.experiment.task import Description, Groups, Rival, Task, nothing_to_learn
from recurra.metrics.metric import metric
from recurra.report.record import DataRecord, MetricRecord, MetricsRecord, ModelRecord
from recurra.report.verdict import BASELINE_KINDS


class ScoredRecord(MetricsRecord):
    """A record that was just made, which also comes as a frame."""

    def to_frame(self) -> pl.DataFrame:
        """A row for each model: name, label, kind and every score."""
        return pl.DataFrame([
            {"model": one.name, "label": one.label, "kind": one.kind, **one.scores} for one in self.models
        ])  # fmt: skip


def metrics_record(
    task: Task,
    rivals: Sequence[Rival],
    scores: Mapping[str, Mapping[str, float]],
    description: Description,
    *,
    reference: str,
    groups: Mapping[str, Groups],
    repairs: Sequence[str],
    held_out: bool,
    command: str | None,
    seed: int,
    finished: str,
    versions: Mapping[str, str],
) -> ScoredRecord:
    """The record of what some models scored; the first is the one that a run is about.

    Args:
        task: The task.
        rivals: The models.
        scores: Model -> metric -> score.
        description: Words about data and protocol.
        reference: Name of the model that others are compared with; "" for none.
        groups: Model -> its scores by class, tag or the like.
        repairs: What was put right in the data.
        held_out: Whether what was judged is the part that the run kept for it.
        command: What to type to get the run again.
        seed: Of all random numbers.
        finished: When, in ISO 8601.
        versions: Package -> version.
    """
    first = next(iter(groups.values()), None)
    tiles, remarks = task.highlights(scores[rivals[0].name])
    return ScoredRecord(
        task=task.name,
        metrics=_metrics(task, scores, rivals[0].name),
        models=[_model(rival, scores[rival.name]) for rival in rivals],
        subject=rivals[0].name,
        reference=reference,
        title=description.title,
        judged=f"{description.judged} in the test part" if held_out else description.judged,
        group="" if first is None else first.noun,
        group_metrics=[] if first is None else _described(task, first.metrics),
        per_group={name: _rows(own) for name, own in groups.items()},
        tiles=list(tiles),
        remarks=[*_missing(task, rivals), *remarks],
        notes=list(description.notes),
        data=DataRecord(
            source=description.source,
            target=description.target,
            rows=description.rows,
            facts=list(description.facts),
            repairs=list(repairs),
        ),
        seed=seed,
        command=command,
        finished=finished,
        versions=dict(versions),
    )


def best_baseline(task: Task, rivals: Sequence[Rival], scores: Mapping[str, Mapping[str, float]]) -> str:
    """Name of the best of those that are no nets, by the first metric; "" where there are none."""
    judge = _metrics(task, scores, rivals[0].name)[0]
    names = [rival.name for rival in rivals if rival.kind in BASELINE_KINDS]
    return min(names, key=lambda name: judge.badness(scores[name].get(judge.name)), default="")


def _missing(task: Task, rivals: Sequence[Rival]) -> list[str]:
    """A sentence where baselines that learn are missing."""
    if task.learn is nothing_to_learn or any(rival.kind == "linear" for rival in rivals):
        return []
    why = "none was kept with the net, or there was too little to learn from"
    return [f"No baseline that learns is among the models ({why}): a verdict against it may be another."]


def _metrics(task: Task, scores: Mapping[str, Mapping[str, float]], subject: str) -> list[MetricRecord]:
    """Those that are defined for any model."""
    names = task.columns or list(scores[subject])
    shown = [name for name in names if any(np.isfinite(own.get(name, np.nan)) for own in scores.values())]
    return _described(task, shown or names)


def _described(task: Task, names: Sequence[str]) -> list[MetricRecord]:
    return [MetricRecord.of(metric(name, task.metrics)) for name in names]


def _model(rival: Rival, scores: Mapping[str, float]) -> ModelRecord:
    return ModelRecord(
        name=rival.name,
        label=rival.label,
        kind=rival.kind,
        scores={name: float(value) for name, value in scores.items()},
        seconds=rival.seconds,
        parameters=rival.parameters,
    )


def _rows(groups: Groups) -> list[dict[str, Any]]:
    return [{"group": name, **scores} for name, scores in groups.scores.items()]
