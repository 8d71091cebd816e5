"""Judging: what a net and its rivals say of a part, and the record of their scores."""

import dataclasses
import datetime as dt
import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
import torch

from recurra.cells.registry import label_of
from recurra.experiment.config import NetConfig
from recurra.experiment.learnt import Learnt
from recurra.experiment.record import ScoredRecord, best_baseline, metrics_record
from recurra.experiment.task import Fitted, Groups, Part, Prepared, Rival, Task
from recurra.metrics.metric import metric
from recurra.version import __version__

SUBJECT = "recurra"
NETWORK_LABELS = {"feed_forward": "Feed-forward net", "convolutional": "Convolutional net"}

TimedT = TypeVar("TimedT", Learnt, Rival)


def judge(
    task: Task, nets: Mapping[str, tuple[Fitted, float | None]], learnt: Mapping[str, Learnt], part: Part
) -> list[Rival]:
    """What every net and every baseline says of a part; the first is the one that a run is about.

    Args:
        task: The task.
        nets: Name -> the net, and how long it trained.
        learnt: What `learn` gave.
        part: What is judged on.
    """
    return [*net_rivals(task, nets, part), *naive_rivals(task, nets[SUBJECT][0].schema, learnt, part)]


def net_rivals(task: Task, nets: Mapping[str, tuple[Fitted, float | None]], part: Part) -> list[Rival]:
    """What every net says of a part."""
    rivals = []
    for name, (fitted, seconds) in nets.items():
        label, kind = net_label(fitted.config)
        answer = task.answer(fitted, part)
        rivals.append(Rival(name, label, kind, answer, seconds, fitted.num_parameters))
    return rivals


def net_label(config: NetConfig) -> tuple[str, str]:
    """What people call a net, and its kind."""
    if config.network in NETWORK_LABELS:
        return NETWORK_LABELS[config.network], "neural"
    label = label_of(config.cell)
    return f"Bidirectional {label}" if config.bidirectional else label, "recurrent"


def naive_rivals(task: Task, schema: Any, learnt: Mapping[str, Learnt], part: Part) -> list[Rival]:
    """What every baseline that is no net says of a part."""
    return list(_timed(task.naive(schema, learnt, part)))


def learn(task: Task, prepared: Prepared) -> dict[str, Learnt]:
    """What baselines that are no nets learn from the training part, by their names."""
    return {one.name: one for one in _timed(task.learn(prepared))}


def _timed(found: Iterable[TimedT]) -> Iterator[TimedT]:
    """Each with the seconds that it took, where it does not say itself."""
    began = time.perf_counter()
    for one in found:
        took, began = time.perf_counter() - began, time.perf_counter()
        yield one if one.seconds is not None else dataclasses.replace(one, seconds=took)


def check_scores(task: Task, schema: Any, part: Part, rivals: Sequence[Rival]) -> None:
    """Make sure, before anything trains, that the scores of a task are known.

    Args:
        task: The task.
        schema: What was learnt without gradients.
        part: What will be judged on.
        rivals: What the baselines say of it.

    Raises:
        ConfigError: A metric is unknown.
    """
    scored = [task.score(schema, part, one.answer) for one in rivals[:1]]
    found = [task.groups(schema, part, one.answer) for one in rivals[:1]]
    grouped = [one.metrics for one in found if one is not None]
    for name in dict.fromkeys([*task.columns, *(name for names in (*scored, *grouped) for name in names)]):
        metric(name, task.metrics)


class Judgement(NamedTuple):
    """What was judged on, what everybody said of it, and the scores."""

    part: Part
    rivals: Sequence[Rival]
    metrics: ScoredRecord


def judge_on(
    task: Task,
    fitted: Fitted,
    source: Any,
    prepared: Prepared | None = None,
    *,
    learnt: Mapping[str, Learnt] | None = None,
    rivals: Mapping[str, Fitted] | None = None,
    seconds: Mapping[str, float | None] = MappingProxyType({}),
) -> Judgement:
    """Judge a net and what it is compared with: on other data, or on the test part of its own.

    Args:
        task: The task.
        fitted: The net.
        source: The data, where `prepared` is None.
        prepared: What the net was trained on.
        learnt: Baselines that were learnt beside it, by name.
        rivals: Nets that were trained beside it, by name.
        seconds: How long each of them trained, where that is known.
    """
    part = task.part(source, fitted, None) if prepared is None or prepared.test is None else prepared.test
    nets = {SUBJECT: fitted, **(rivals or {})}
    timed = {name: (one, seconds.get(name)) for name, one in nets.items()}
    judged = judge(task, timed, learnt or {}, part)
    repairs = part.repairs if prepared is None else prepared.repairs
    metrics = record(task, fitted, part, judged, repairs=repairs, held_out=prepared is not None)
    return Judgement(part, judged, metrics)


def record(
    task: Task,
    fitted: Fitted,
    part: Part,
    rivals: Sequence[Rival],
    *,
    repairs: Sequence[str],
    held_out: bool,
    command: str | None = None,
) -> ScoredRecord:
    """The record of what a net and its rivals scored.

    Args:
        task: The task.
        fitted: The net.
        part: What was judged on.
        rivals: The net first.
        repairs: What was put right in the data.
        held_out: Whether the part is the one that was kept for the final score.
        command: What to type to get the run again.
    """
    scores = {rival.name: task.score(fitted.schema, part, rival.answer) for rival in rivals}
    reference = best_baseline(task, rivals, scores)

    def groups_of(rival: Rival) -> Groups | None:
        return task.groups(fitted.schema, part, rival.answer) if rival.name in (SUBJECT, reference) else None

    return metrics_record(
        task,
        rivals,
        scores,
        task.describe(fitted, part),
        reference=reference,
        groups={one.name: own for one in rivals if (own := groups_of(one)) is not None},
        repairs=repairs,
        held_out=held_out,
        command=command,
        seed=fitted.config.seed,
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
