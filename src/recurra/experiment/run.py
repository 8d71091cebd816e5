"""The verbs over any task: train, evaluate, predict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import polars as pl

from recurra.config import validated
from recurra.errors import ConfigError
from recurra.experiment.artifact import CONFIG as MODEL
from recurra.experiment.artifact import load_fitted
from recurra.experiment.corpus_place import corpus_place
from recurra.experiment.entrant import RIVALS, baselines_of, entrants, fit_all
from recurra.experiment.judge import SUBJECT, Judgement, judge_on
from recurra.experiment.learnt import read_learnt
from recurra.experiment.refit import check_refit, refit
from recurra.experiment.run_folder import (
    check_folder,
    check_model,
    open_folder,
    put_back_when_refused,
    workplace,
)
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.experiment.written import write_run
from recurra.files import MANIFEST, exchange_folder
from recurra.report.page import read_records, write_page, write_report
from recurra.report.record import METRICS_FILE, MetricsRecord, read_metrics
from recurra.report.section import SectionsRecord
from recurra.training.callback import Callback
from recurra.training.progress import Progress


class Summary(NamedTuple):
    """What a run came to.

    Attributes:
        folder: The run folder.
        metrics: The scores, as in `metrics.json`; None where there are none, as no part was held out.
        interrupted: Whether Ctrl-C stopped training, so that it can be resumed.
    """

    folder: Path
    metrics: MetricsRecord | None
    interrupted: bool = False


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
    callbacks: Sequence[Callback] = (),
) -> Summary:
    """Train a net and judge it beside baselines, in a run folder.

    Args:
        task: The task.
        source: The data, as the task's input reads them.
        settings: Keys of the task's config, and of its input's.
        out: The run folder.
        validation: Data that choose the best epoch; None: a share of `source`.
        test: Data for the final score; None: a share of `source`.
        overwrite: Whether a run folder that is there may be replaced; it stays until the new run is whole.
        resume: Go on with the run in the folder; with `overwrite` with the one that is to replace it.
        show_progress: Whether to draw bars; None: where stderr is a terminal.
        command: What was typed, for the report.
        tell: Is given what was found in the data, a sentence at a time, before anything is trained.
        callbacks: Hear of the net, not of those beside it.

    Raises:
        ConfigError: A setting is wrong, or the folder exists and is neither to be replaced nor resumed.
        DataError: The data cannot be used as they are.
        NonFiniteError: Training diverged.
        OutOfMemoryError: The memory does not suffice for these sizes.
    """
    check_folder(out, overwrite=overwrite, resume=resume)
    work = workplace(out, overwrite=overwrite, resume=resume)
    progress = Progress(enabled=show_progress, hints=False)
    with corpus_place(work, resume=resume, progress=progress) as place:
        data = task.placed(task.read(source, settings, validation, test), place)
        prepared = _prepared(task, data)
        # Before anything is written or trained, so that mistakes in options and in a task's scores are told.
        nets, baselines = entrants(task, prepared), baselines_of(task, prepared, prepared.test)
        given = _texts(task=task.name, data=source, validation=validation, test=test)
        with put_back_when_refused(work):
            open_folder(work, prepared.config, given, settings, resume=resume)
            for sentence in (*prepared.repairs, *place.settle(), *filter(None, [prepared.outline])):
                tell(sentence)
            trained = fit_all(task, nets, work, resume=resume, progress=progress, callbacks=callbacks)
            whole = None
            if trained is not None and prepared.config.refit:
                whole = refit(task, data, prepared, trained[SUBJECT], folder=work, progress=progress)
        if trained is None or (whole is not None and whole.history.interrupted):
            return Summary(out, None, interrupted=True)
        metrics = write_run(task, trained, whole, baselines, prepared, work, command)
        place.remove()
    return Summary(_in_place(work, out), metrics)


def _prepared(task: Task, data: Any) -> Prepared:
    """What is settled before training, with what cannot be done told."""
    prepared = task.prepare(data)
    if prepared.test is None and prepared.no_test is not None:
        raise prepared.no_test
    check_refit(task, prepared.config)
    return prepared


def _texts(**given: Any) -> dict[str, str]:
    return {key: str(one) for key, one in given.items() if one is not None}


def _in_place(work: Path, out: Path) -> Path:
    """The folder of a run that is whole: in place of the old one, with its report."""
    if work != out:
        exchange_folder(work, out)
    write_report(out)
    return out


def evaluate(
    task: Task, run: Path, source: Any = None, again: Mapping[str, Any] = MappingProxyType({})
) -> MetricsRecord:
    """The scores of a run or saved model: the recorded ones, or those on other data.

    Args:
        task: The task.
        run: Its folder.
        source: Other data; None: the recorded scores.
        again: Settings that say how these are read, where they differ from those of training.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
        DataError: The data do not fit those of training.
    """
    check_model(run)
    if source is None:
        if not (run / METRICS_FILE).exists():
            why = ": test_size=0 kept nothing to score on" if (run / MANIFEST).exists() else ""
            raise ConfigError(
                f"{run} holds no scores{why}",
                "data to score it on",
                f"Give them: recurra evaluate {run} DATA.",
            )
        return read_metrics(run)
    return judged_on(task, run, source, again)[1].metrics


def write_evaluation(
    task: Task,
    run: Path,
    source: Any,
    page: Path,
    command: str | None,
    again: Mapping[str, Any] = MappingProxyType({}),
) -> MetricsRecord:
    """The scores of a run, and the page about them: that of the run itself, or of other data.

    Args:
        task: The task.
        run: The run folder.
        source: The data; None: the recorded scores.
        page: Where to write the page.
        command: What was typed.
        again: As for `evaluate`.

    Raises:
        As `evaluate`, and StorageError where the page cannot be written.
    """
    if source is None:
        metrics = evaluate(task, run)
        write_page(page, read_records(run))
        return metrics
    fitted, (part, rivals, scored) = judged_on(task, run, source, again)
    metrics = scored.model_copy(update={"command": command})
    sections = [*task.outlook(fitted, source), *task.show(fitted, part, rivals, metrics)]
    records = replace(read_records(run), metrics=metrics, sections=SectionsRecord(sections=sections))
    write_page(page, records)
    return metrics


def judged_on(task: Task, run: Path, source: Any, again: Mapping[str, Any]) -> tuple[Fitted, Judgement]:
    """The net of a run, and what it and all that was trained beside it scored on other data."""
    fitted, judge = judge_of(task, run, again)
    return fitted, judge(source)


def judge_of(task: Task, run: Path, again: Mapping[str, Any]) -> tuple[Fitted, Callable[[Any], Judgement]]:
    """The net of a run, and what judges it, and all that was trained beside it, on other data."""
    rivals = {
        place.parent.name: load_fitted(task, place.parent)
        for place in sorted((run / RIVALS).glob(f"*/{MODEL}"))
    }
    models = read_metrics(run).models if (run / METRICS_FILE).exists() else []
    seconds = {one.name: one.seconds for one in models}
    learnt = {
        name: replace(one, seconds=seconds.get(name)) for name, one in read_learnt(run / RIVALS).items()
    }
    fitted = given_again(load_fitted(task, run), again)
    return fitted, partial(judge_on, task, fitted, learnt=learnt, rivals=rivals, seconds=seconds)


def given_again(fitted: Fitted, again: Mapping[str, Any]) -> Fitted:
    """A net whose data are read with other settings than those of training."""
    if not again:
        return fitted
    settings = {**fitted.config.model_dump(), **again}
    return replace(fitted, config=validated(type(fitted.config), settings))


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
    """What a net says of data whose truth need not be known; `again` as for `evaluate`.

    The net is that of a run folder, or one that an estimator saved.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
        ConfigError: The task knows no such option.
        DataError: The data do not fit those of training.
    """
    check_model(run)
    fitted = given_again(load_fitted(task, run), again)
    wanted = validated(task.answer_config, options)
    part = task.part(source, fitted, wanted)
    return Told(task.write(fitted, part, task.answer(fitted, part), wanted), tuple(part.repairs))
