"""The verbs over any task: train, evaluate, predict."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import polars as pl
from torch import nn

from recurra.config import validated
from recurra.errors import ConfigError
from recurra.experiment.artifact import CONFIG as MODEL
from recurra.experiment.artifact import WEIGHTS, load_fitted, table_files, write_fitted
from recurra.experiment.config import NetConfig
from recurra.experiment.fit import Trained, fit, fresh_net
from recurra.experiment.judge import (
    NETWORK_LABELS,
    SUBJECT,
    check_scores,
    learn,
    naive_rivals,
    net_rivals,
    record,
    scores_on,
)
from recurra.experiment.learnt import Learnt, read_learnt, write_learnt
from recurra.experiment.run_folder import (
    CONFIG,
    HISTORY,
    check_folder,
    check_run,
    open_folder,
    put_back_when_refused,
)
from recurra.experiment.task import Fitted, Part, Prepared, Rival, Task
from recurra.files import write_manifest
from recurra.report.page import write_report
from recurra.report.record import METRICS_FILE, MetricsRecord, read_metrics, write_metrics
from recurra.report.section import SECTIONS_FILE, write_sections
from recurra.streaming import PROGRAM
from recurra.training.progress import Progress

WRITTEN = (CONFIG, HISTORY, MODEL, WEIGHTS, METRICS_FILE, SECTIONS_FILE)
RIVALS = "baselines"  # the folder of what is trained beside it


class Summary(NamedTuple):
    """What a run came to.

    Attributes:
        folder: The run folder.
        metrics: The scores, as in `metrics.json`; None where training was interrupted.
    """

    folder: Path
    metrics: MetricsRecord | None


def silent(sentence: str) -> None:
    """Tell nobody."""
    del sentence


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
    tell: Callable[[str], None] = silent,
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
        tell: Is given what was found in the data, a sentence at a time, before anything is trained.

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
    # Before anything is written or trained, so that mistakes in options and in a task's scores are told.
    nets, baselines = _entrants(task, prepared), _baselines(task, prepared, prepared.test)
    names = {"validation": validation, "test": test}
    given = {"task": task.name, "data": str(source), **{k: str(v) for k, v in names.items() if v is not None}}
    with put_back_when_refused(out):
        open_folder(out, prepared.config, given, resume=resume)
        for sentence in (*prepared.repairs, *filter(None, [prepared.outline])):
            tell(sentence)
        trained = _fit_all(task, nets, out, resume=resume, progress=Progress(enabled=show_progress))
    if trained is None:
        return Summary(out, None)
    return Summary(out, _finish(task, trained, baselines, prepared, prepared.test, out, command))


class Baselines(NamedTuple):
    """What a run's nets are compared with that is no net: what was learnt, and answers for the test part."""

    learnt: Mapping[str, Learnt]
    rivals: Sequence[Rival]


def _baselines(task: Task, prepared: Prepared, part: Part) -> Baselines:
    """Learn and judge what needs no net.

    Raises:
        ConfigError: A metric of the task is unknown, or its reference is none of these.
    """
    learnt = learn(task, prepared)
    rivals = naive_rivals(task, prepared.schema, learnt, part)
    check_scores(task, prepared.schema, part, rivals)
    return Baselines(learnt, rivals)


def _entrants(task: Task, prepared: Prepared) -> dict[str, tuple[Prepared, nn.Module]]:
    """The net and its rivals with fresh weights, each with what it trains on."""
    settings: NetConfig = prepared.config
    networks = {SUBJECT: settings.network}
    networks |= {name: name for name in settings.baselines if name != settings.network}
    found = {}
    for name, network in networks.items():
        config = settings.model_copy(update={"network": network})
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
    task: Task,
    trained: Mapping[str, Trained],
    baselines: Baselines,
    prepared: Prepared,
    part: Part,
    out: Path,
    command: str | None,
) -> MetricsRecord:
    """Write everything that a finished run holds; the manifest comes last."""
    fitted = trained[SUBJECT].fitted
    nets = {name: (one.fitted, one.seconds) for name, one in trained.items()}
    rivals = [*net_rivals(task, nets, part), *baselines.rivals]
    metrics = record(task, fitted, part, rivals, repairs=prepared.repairs, held_out=True, command=command)
    write_fitted(task, fitted, out)
    write_metrics(out, metrics)
    write_sections(out, task.show(fitted, part, rivals, metrics))
    files = [*WRITTEN, *table_files(task, fitted), *_write_program(task, fitted, out)]
    for name, one in trained.items():
        if name != SUBJECT:
            names = write_fitted(task, one.fitted, out / RIVALS / name)
            files += [f"{RIVALS}/{name}/{own}" for own in names]
    for name, learnt in baselines.learnt.items():
        files += [f"{RIVALS}/{name}/{own}" for own in write_learnt(learnt, out / RIVALS / name)]
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


def evaluate(
    task: Task, run: Path, source: Any = None, again: Mapping[str, Any] = MappingProxyType({})
) -> MetricsRecord:
    """The scores of a run: the recorded ones, or those on other data.

    Args:
        task: The task.
        run: The run folder.
        source: Other data; None: the recorded scores.
        again: Settings that say how these are read, where they differ from those of training.

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
    fitted = _given_again(load_fitted(task, run), again)
    return scores_on(task, fitted, source, learnt=read_learnt(run / RIVALS), rivals=rivals)


def _given_again(fitted: Fitted, again: Mapping[str, Any]) -> Fitted:
    """A net whose data are read with other settings than those of training."""
    if not again:
        return fitted
    settings = {**fitted.config.model_dump(), **again}
    return dataclasses.replace(fitted, config=validated(type(fitted.config), settings))


class Told(NamedTuple):
    """What a net says of data.

    Attributes:
        frame: As a table.
        repairs: What was put right in the data, in sentences.
    """

    frame: pl.DataFrame
    repairs: tuple[str, ...]


def told_by(
    task: Task,
    run: Path,
    source: Any,
    options: Mapping[str, Any],
    again: Mapping[str, Any] = MappingProxyType({}),
) -> Told:
    """What the net of a run says of data whose truth need not be known; `again` as for `evaluate`.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
        ConfigError: The task knows no such option.
        DataError: The data do not fit those of training.
    """
    check_run(run)
    fitted = _given_again(load_fitted(task, run), again)
    wanted = validated(task.answer_config, options)
    part = task.part(source, fitted, wanted)
    return Told(task.write(fitted, part, task.answer(fitted, part), wanted), tuple(part.repairs))
