"""What a finished run holds, written into its folder; the manifest comes last."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from recurra.experiment.artifact import write_fitted, write_program
from recurra.experiment.entrant import RIVALS, Baselines
from recurra.experiment.fit import Trained
from recurra.experiment.judge import SUBJECT, net_rivals, record
from recurra.experiment.learnt import write_learnt
from recurra.experiment.run_folder import CONFIG, HISTORY
from recurra.experiment.task import Part, Prepared, Task
from recurra.files import write_manifest
from recurra.report.record import METRICS_FILE, MetricsRecord, write_metrics
from recurra.report.section import SECTIONS_FILE, Section, write_sections


def write_run(
    task: Task,
    trained: Mapping[str, Trained],
    whole: Trained | None,
    baselines: Baselines,
    prepared: Prepared,
    out: Path,
    command: str | None,
) -> MetricsRecord | None:
    """Write everything.

    Args:
        task: The task.
        trained: The net and its rivals.
        whole: The net that was then trained on all data, and is kept in place of the scored one; or None.
        baselines: What is no net.
        prepared: What they were trained on.
        out: Where to.
        command: What was typed, for the report.

    Returns:
        The scores; None where no part was held out to score on.
    """
    kept = (whole or trained[SUBJECT]).fitted
    files = [CONFIG, HISTORY, *write_fitted(task, kept, out), *write_program(task, kept, out)]
    metrics, sections = None, [*task.outlook(kept, None)]
    if prepared.test is not None:
        metrics, shown = _write_scores(task, trained, whole, baselines, prepared, out, command)
        sections += shown
        files.append(METRICS_FILE)
    if metrics is not None or sections:
        write_sections(out, sections)
        files.append(SECTIONS_FILE)
    for name, one in trained.items():
        if name != SUBJECT:
            names = write_fitted(task, one.fitted, out / RIVALS / name)
            files += [f"{RIVALS}/{name}/{own}" for own in names]
    for name, learnt in baselines.learnt.items():
        files += [f"{RIVALS}/{name}/{own}" for own in write_learnt(learnt, out / RIVALS / name)]
    write_manifest(out, files)
    return metrics


def _write_scores(
    task: Task,
    trained: Mapping[str, Trained],
    whole: Trained | None,
    baselines: Baselines,
    prepared: Prepared,
    out: Path,
    command: str | None,
) -> tuple[MetricsRecord, Sequence[Section]]:
    """Judge the nets on the test part, write the scores, and tell what the report shows of them."""
    part, scored = cast("Part", prepared.test), trained[SUBJECT].fitted
    nets = {name: (one.fitted, one.seconds) for name, one in trained.items()}
    rivals = [*net_rivals(task, nets, part), *baselines.rivals]
    metrics = record(task, scored, part, rivals, repairs=prepared.repairs, held_out=True, command=command)
    if whole is not None:
        epochs = len(whole.history.epochs)
        told = (
            "The scores are of a net that did not see the test part. The one that is kept, and predicts, was "
            f"then trained on all data for {epochs} {'epoch' if epochs == 1 else 'epochs'}."
        )
        metrics = metrics.model_copy(update={"notes": [*metrics.notes, told]})
    write_metrics(out, metrics)
    return metrics, task.show(scored, part, rivals, metrics)
