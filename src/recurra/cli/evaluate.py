"""`recurra evaluate`: scores of a trained model beside the baselines."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from recurra.cli import screen
from recurra.cli.task_options import Given, Run, Scale, TaskCommand, checked, marks_of
from recurra.errors import ConfigError


class Request(NamedTuple):
    """What is asked of a run; as of `evaluate`."""

    run: Path
    data: str | None
    report: Path | None
    as_json: bool
    output: Path | None
    scale: str


class Evaluate(TaskCommand):
    """The command, with the options of how data are read."""

    def perform(self, request: Any, given: Sequence[Given]) -> None:
        """See `TaskCommand.perform`."""
        _tell(request, given)


def evaluate(
    run: Run,
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="Another table to score on; left out: the recorded scores."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write a page about these scores, as HTML, too."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Score each file of a folder of Parquet files.",
        ),
    ] = None,
    scale: Scale = "none",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: the scores and how they were taken.")
    ] = False,
) -> Request:
    """Show a run's scores beside baselines, or score it on other data.

    Examples:
      recurra evaluate runs/sales
      recurra evaluate runs/sales sales-2025.csv
      recurra evaluate runs/sales sales-2025.csv --report 2025.html
      recurra evaluate runs/sales --json
      recurra evaluate runs/reviews lake/ -o scores/     file by file of a folder
    """
    return Request(run, data, report, as_json, output, scale)


def _tell(request: Request, given: Sequence[Given]) -> None:
    run, data, report, as_json, output, scale = request
    from recurra.cli.partition_options import tell_scores, wants_partitions
    from recurra.cli.score_table import print_scores
    from recurra.data.sample import check_source
    from recurra.tasks.registry import entry_of_run

    check_source(data)
    wants_partitions(data, output, scale)
    entry = entry_of_run(run)
    kinds = list(marks_of(entry, answers=False))
    stray = next((one.flag for one in given if not any(one.key in own for _, own in kinds)), None)
    if stray is not None:
        raise ConfigError(f"{stray} for a run of task {entry.name}", "none", f"Leave {stray} out.")
    for kind, own in kinds:
        checked(kind, own, given)
    from recurra.experiment.run import evaluate as scores_of
    from recurra.experiment.run import write_evaluation

    task, again = entry.load("task"), {one.key: one.text for one in given}
    if output is not None:
        if not wants_partitions(data, output, scale) or report is not None:
            raise ConfigError(
                f"--output {output} for something else than the scores of each file of a folder",
                "a folder of Parquet files as DATA, a folder as --output, and no --report",
                "Leave --output out.",
            )
        tell_scores(task, request, str(data), again)
        return
    if report is None:
        metrics = scores_of(task, run, data, again)
    else:
        words = ["recurra", "evaluate", str(run), *([data] if data else []), "--report", str(report)]
        metrics = write_evaluation(task, run, data, report, shlex.join(words), again)
    if as_json:
        screen.emit(metrics.model_dump(mode="json"))
        return
    print_scores(metrics)
    if report is not None:
        screen.say(f"\nreport    {report}")
