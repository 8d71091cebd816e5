"""The verbs over any task: judge, train, evaluate, predict."""

import dataclasses
import datetime as dt
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch
from torch import nn

from recurra.config import validated
from recurra.errors import ConfigError
from recurra.experiment.artifact import CONFIG as MODEL
from recurra.experiment.artifact import WEIGHTS, load_fitted, table_files, write_fitted
from recurra.experiment.fit import Trained, fit, fresh_net
from recurra.experiment.record import metrics_record
from recurra.experiment.run_folder import (
    CONFIG,
    HISTORY,
    check_folder,
    check_run,
    open_folder,
    put_back_when_refused,
)
from recurra.experiment.task import Fitted, Groups, Prepared, Rival, Task
from recurra.files import write_manifest
from recurra.report.page import write_report
from recurra.report.record import METRICS_FILE, MetricsRecord, read_metrics, write_metrics
from recurra.report.section import SECTIONS_FILE, write_sections
from recurra.streaming import PROGRAM
from recurra.training.progress import Progress
from recurra.version import __version__

WRITTEN = (CONFIG, HISTORY, MODEL, WEIGHTS, METRICS_FILE, SECTIONS_FILE)
SUBJECT = "recurra"
RIVALS = "baselines"  # the folder of the nets that are trained beside it
NETWORK_LABELS = {"feed_forward": "Feed-forward net", "convolutional": "Convolutional net"}
CELL_LABELS = {"lstm": "LSTM", "gru": "GRU", "elman": "Elman", "elman_relu": "Elman (ReLU)"}


class Summary(NamedTuple):
    """What a run came to.

    Attributes:
        folder: The run folder.
        metrics: The scores, as in `metrics.json`; None where training was interrupted.
    """

    folder: Path
    metrics: MetricsRecord | None


def judge(
    task: Task, trained: Mapping[str, tuple[Fitted, float | None]], prepared: Prepared | None, part: Any
) -> list[Rival]:
    """What every net and every naive baseline says of a part; the first is the one that a run is about."""
    rivals = []
    for name, (fitted, seconds) in trained.items():
        network = fitted.config.network
        label = CELL_LABELS.get(fitted.config.cell, fitted.config.cell)
        if fitted.config.bidirectional:
            label = f"Bidirectional {label}"
        kind = "neural" if network in NETWORK_LABELS else "recurrent"
        answer = task.answer(fitted, part)
        rivals.append(
            Rival(name, NETWORK_LABELS.get(network, label), kind, answer, seconds, fitted.num_parameters)
        )
    began = time.perf_counter()
    for rival in task.naive(trained[SUBJECT][0], prepared, part):
        took, began = time.perf_counter() - began, time.perf_counter()
        rivals.append(rival if rival.seconds is not None else dataclasses.replace(rival, seconds=took))
    return rivals


def train(
    task: Task,
    source: Any,
    settings: Mapping[str, Any],
    out: Path,
    *,
    validation: Any = None,
    test: Any = None,
    overwrite: bool = False,
    resume: bool = False,
    show_progress: bool | None = None,
    command: str | None = None,
) -> Summary:
    """Train a net and judge it beside baselines, in a run folder.

    Args:
        task: The task.
        source: The data, as the task's input reads them.
        settings: Keys of the task's config, and of its input's.
        out: The run folder.
        validation: Data that choose the best epoch; None: a share of `source`.
        test: Data for the final score; None: a share of `source`.
        overwrite: Whether a run folder that is there may be replaced.
        resume: Go on with the run in the folder.
        show_progress: Whether to draw bars; None: where stderr is a terminal.
        command: What was typed, for the report.

    Raises:
        ConfigError: A setting is wrong, or the folder exists and is neither to be replaced nor resumed.
        DataError: The data cannot be used as they are.
        NonFiniteError: Training diverged.
        OutOfMemoryError: The memory does not suffice for these sizes.
    """
    check_folder(out, overwrite=overwrite, resume=resume)
    prepared = task.prepare(task.read(source, settings, validation, test))
    if prepared.test is None:
        raise prepared.no_test or ConfigError(
            "test_size is 0 and there are no test data",
            "something to score a run on",
            "Leave test_size out, or give test data.",
        )
    nets = _entrants(task, prepared)  # before anything is written, so that a mistake in their options is told
    names = {"validation": validation, "test": test}
    given = {"task": task.name, "data": str(source), **{k: str(v) for k, v in names.items() if v is not None}}
    with put_back_when_refused(out):
        open_folder(out, prepared.config, given, resume=resume)
        trained = _fit_all(task, nets, out, resume=resume, progress=Progress(enabled=show_progress))
    if trained is None:
        return Summary(out, None)
    return Summary(out, _finish(task, trained, prepared, out, command))


def _entrants(task: Task, prepared: Prepared) -> dict[str, tuple[Prepared, nn.Module]]:
    """The net and its rivals with fresh weights, each with what it trains on."""
    networks = {SUBJECT: prepared.config.network}
    networks |= {name: name for name in prepared.config.baselines if name != prepared.config.network}
    found = {}
    for name, network in networks.items():
        config = prepared.config.model_copy(update={"network": network})
        if network in NETWORK_LABELS:  # without a state that goes from chunk to chunk
            config = config.model_copy(update={"tbptt_steps": None})
        own = dataclasses.replace(prepared, config=config)
        found[name] = (own, fresh_net(task, own))
    return found


def _fit_all(
    task: Task,
    nets: Mapping[str, tuple[Prepared, nn.Module]],
    out: Path,
    *,
    resume: bool,
    progress: Progress,
) -> dict[str, Trained] | None:
    """Train the net and its rivals on the same data. None: Ctrl-C stopped it."""
    trained: dict[str, Trained] = {}
    with progress.bar("networks", len(nets)) as bar:
        for number, (name, (own, model)) in enumerate(nets.items(), start=1):
            network = own.config.network.replace("_", "-")
            bar.advance(0, description=f"network {number} of {len(nets)}, {network}")
            folder = out if name == SUBJECT else out / RIVALS / name
            trained[name] = fit(task, own, model, folder=folder, resume=resume, progress=progress)
            if trained[name].history.interrupted:
                return None
            bar.advance()
    return trained


def _finish(
    task: Task, trained: Mapping[str, Trained], prepared: Prepared, out: Path, command: str | None
) -> MetricsRecord:
    """Write everything that a finished run holds; the manifest comes last."""
    fitted = trained[SUBJECT].fitted
    nets = {name: (one.fitted, one.seconds) for name, one in trained.items()}
    rivals = judge(task, nets, prepared, prepared.test)
    metrics = _record(task, fitted, prepared.test, rivals, prepared.repairs, command)
    write_fitted(task, fitted, out)
    write_metrics(out, metrics)
    write_sections(out, task.show(fitted, prepared.test, rivals, metrics))
    files = [*WRITTEN, *table_files(task, fitted), *_write_program(task, fitted, out)]
    for name, one in trained.items():
        if name != SUBJECT:
            names = write_fitted(task, one.fitted, out / RIVALS / name)
            files += [f"{RIVALS}/{name}/{own}" for own in names]
    write_manifest(out, files)
    write_report(out)
    return metrics


def _write_program(task: Task, fitted: Fitted, out: Path) -> list[str]:
    """The stream program of a net that streams; the names of its files."""
    if task.program is None:
        return []
    try:
        program = task.program(fitted)
    except ConfigError:
        return []  # `recurra stream` says what stands against it
    program.save(out / PROGRAM, overwrite=True)
    return [f"{PROGRAM}/{path.name}" for path in sorted((out / PROGRAM).iterdir())]


def evaluate(task: Task, run: Path, source: Any = None) -> MetricsRecord:
    """The scores of a run: the recorded ones, or those on other data.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
        DataError: The data do not fit those of training.
    """
    check_run(run)
    if source is None:
        return read_metrics(run)
    rivals = {
        place.parent.name: load_fitted(task, place.parent)
        for place in sorted((run / RIVALS).glob(f"*/{MODEL}"))
    }
    return scores_on(task, load_fitted(task, run), source, rivals=rivals)


def scores_on(
    task: Task,
    fitted: Fitted,
    source: Any,
    prepared: Prepared | None = None,
    *,
    rivals: Mapping[str, Fitted] | None = None,
) -> MetricsRecord:
    """The scores of a net and of what it is compared with: on other data, or on the test part of its own.

    Args:
        task: The task.
        fitted: The net.
        source: The data, where `prepared` is None.
        prepared: What the net was trained on.
        rivals: Nets that were trained beside it, by name.
    """
    part = task.part(source, fitted, None) if prepared is None else prepared.test
    nets = {SUBJECT: fitted, **(rivals or {})}
    judged = judge(task, {name: (one, None) for name, one in nets.items()}, prepared, part)
    repairs = tuple(part.repairs) if prepared is None else prepared.repairs
    return _record(task, fitted, part, judged, repairs, None)


def told_by(task: Task, run: Path, source: Any, options: Mapping[str, Any]) -> pl.DataFrame:
    """What the net of a run says of data.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
        ConfigError, DataError: As `predict`.
    """
    check_run(run)
    return predict(task, load_fitted(task, run), source, options)


def predict(task: Task, fitted: Fitted, source: Any, options: Mapping[str, Any]) -> pl.DataFrame:
    """What a net says of data whose truth need not be known.

    Raises:
        ConfigError: The task knows no such option.
        DataError: The data do not fit those of training.
    """
    wanted = validated(task.answer_config, options)
    part = task.part(source, fitted, wanted)
    return task.write(fitted, part, task.answer(fitted, part), wanted)


def _record(
    task: Task,
    fitted: Fitted,
    part: Any,
    rivals: list[Rival],
    repairs: tuple[str, ...],
    command: str | None,
) -> MetricsRecord:
    scores = {rival.name: task.score(fitted.schema, part, rival.answer) for rival in rivals}
    compared = {SUBJECT, task.reference}

    def groups_of(rival: Rival) -> Groups | None:
        return task.groups(fitted.schema, part, rival.answer) if rival.name in compared else None

    return metrics_record(
        task,
        rivals,
        scores,
        task.describe(fitted, part),
        groups={one.name: own for one in rivals if (own := groups_of(one)) is not None},
        repairs=repairs,
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
