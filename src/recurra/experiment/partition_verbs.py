"""`predict` and `evaluate` over a folder of Parquet files, a file at a time."""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import torch

from recurra.config import validated
from recurra.data.naming import counted
from recurra.data.partitions import Partition, partitions
from recurra.data.table import Table
from recurra.experiment.artifact import CONFIG, load_fitted
from recurra.experiment.judge import Judgement
from recurra.experiment.partitioned import Made, Make, Outcome, each_partition
from recurra.experiment.run import given_again, judge_of
from recurra.experiment.run_folder import check_model
from recurra.experiment.task import Fitted, Task
from recurra.files import checksum, read_bytes
from recurra.report.record import MetricsRecord
from recurra.training.progress import Progress

WEIGHTS = "model.safetensors"
ANSWERS = "answers"
"""Key of how many answers a file was judged by."""


@dataclass(frozen=True)
class _Telling:
    """What a net says of the rows of a file, as a Parquet file."""

    task: Task
    fitted: Fitted
    wanted: Any
    threads: int

    def __call__(self, frame: pl.DataFrame, name: str) -> Made:
        torch.set_num_threads(self.threads)  # the same bits wherever it runs
        source = Table(frame, "polars", name, from_file=True)
        part = self.task.part(source, self.fitted, self.wanted)
        told = self.task.write(self.fitted, part, self.task.answer(self.fitted, part), self.wanted)
        content = io.BytesIO()
        told.write_parquet(content)
        return Made(content.getvalue(), frame.height, tuple(part.repairs))


@dataclass(frozen=True)
class _Judging:
    """The scores of a net, and of what was trained beside it, on the rows of a file, as JSON."""

    judge: Callable[[Any], Judgement]
    threads: int

    def __call__(self, frame: pl.DataFrame, name: str) -> Made:
        torch.set_num_threads(self.threads)
        judged = self.judge(Table(frame, "polars", name, from_file=True))
        document = {ANSWERS: len(judged.part), **judged.metrics.model_dump(mode="json")}
        return Made(json.dumps(document, indent=2).encode(), frame.height)


class Scored(NamedTuple):
    """What came of a folder, and the scores of all files together; None where none was judged."""

    outcome: Outcome
    metrics: MetricsRecord | None


def predict_partitions(
    task: Task,
    run: Path,
    source: str,
    out: Path,
    options: Mapping[str, Any],
    again: Mapping[str, Any],
    *,
    scale: str,
    progress: Progress,
) -> Outcome:
    """What a net says of every file of a folder; see `recurra.experiment.partitioned.each_partition`.

    Args:
        task: The task.
        run: A run folder, or what an estimator saved.
        source: The folder, or a URL.
        out: Gets a Parquet file for each.
        options: Those of the answer.
        again: As for `recurra.experiment.run.evaluate`.
        scale: "none" or "ray".
        progress: Shows how far it has come.
    """
    check_model(run)
    fitted = given_again(load_fitted(task, run), again)
    wanted = validated(task.answer_config, options)
    make = _Telling(task, fitted, wanted, torch.get_num_threads())
    asked = {
        "verb": "predict",
        **_of_run(run),
        "options": wanted.model_dump(mode="json"),
        "read": dict(again),
    }
    return _each(partitions(source), make, out, ".parquet", asked, scale, progress)


def evaluate_partitions(
    task: Task, run: Path, source: str, out: Path, again: Mapping[str, Any], *, scale: str, progress: Progress
) -> Scored:
    """The scores of a run on every file of a folder, and their means, weighted by what was judged.

    A mean is the score of all rows together where that is a mean over rows (accuracy, a loss), and near it
    elsewhere (F1, rank statistics). Arguments as of `predict_partitions`.
    """
    check_model(run)
    _, judge = judge_of(task, run, again)
    make = _Judging(judge, torch.get_num_threads())
    asked = {"verb": "evaluate", **_of_run(run), "read": dict(again)}
    files = partitions(source)
    outcome = _each(files, make, out, ".json", asked, scale, progress)
    places = [out / Path(one.name).with_suffix(".json") for one in files if one.name not in outcome.failures]
    documents = [json.loads(read_bytes(place)) for place in places if place.exists()]
    return Scored(outcome, _together(documents, source) if documents else None)


def _each(
    files: Sequence[Partition],
    make: Make,
    out: Path,
    suffix: str,
    asked: Mapping[str, Any],
    scale: str,
    progress: Progress,
) -> Outcome:
    with progress.bar("partitions", len(files)) as bar:
        return each_partition(
            files,
            make,
            out,
            suffix,
            asked,
            scale=scale,
            processors=torch.get_num_threads(),
            step=lambda name: bar.advance(note=name),
            say=lambda sentence: progress.say(f"note: {sentence}"),
        )


def _of_run(run: Path) -> dict[str, str]:
    """What tells a net from another one."""
    return {"run": checksum(read_bytes(run / CONFIG) + read_bytes(run / WEIGHTS))}


def _together(documents: list[dict[str, Any]], source: str) -> MetricsRecord:
    """The first record, with the means of all in place of its scores."""
    total = sum(one[ANSWERS] for one in documents)
    records = [MetricsRecord.model_validate(one) for one in documents]
    models = []
    for model in records[0].models:
        scores = {}
        for name in model.scores:
            found = [
                (document[ANSWERS], other.scores.get(name))
                for document, record in zip(documents, records, strict=True)
                for other in record.models
                if other.name == model.name
            ]
            known = [(weight, score) for weight, score in found if score is not None and math.isfinite(score)]
            weights = sum(weight for weight, _ in known)
            scores[name] = sum(weight * score for weight, score in known) / weights if weights else None
        models.append(model.model_copy(update={"scores": scores}))
    note = f"Scores are means over {counted(len(records), 'file')}, weighted by what was judged in each."
    return records[0].model_copy(
        update={
            "models": models,
            "per_group": {},
            "group": "",
            "group_metrics": [],
            "tiles": [],
            "remarks": [],
            "judged": f"{total:,} rows of {counted(len(records), 'file')}",
            "data": records[0].data.model_copy(update={"source": source, "rows": total}),
            "notes": [*records[0].notes, note],
        }
    )
