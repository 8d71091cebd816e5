"""`recurra evaluate`: scores of a trained model beside the baselines."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli import screen


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder that `recurra train` wrote.")],
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="Another table to score on; left out: the recorded scores."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write a page about these scores, as HTML, too."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: the scores and how they were taken.")
    ] = False,
) -> None:
    """Show a run's scores beside baselines, or score it on other data.

    Examples:
      recurra evaluate runs/sales
      recurra evaluate runs/sales sales-2025.csv
      recurra evaluate runs/sales sales-2025.csv --report 2025.html
      recurra evaluate runs/sales --json
    """
    from recurra.cli.score_table import print_scores
    from recurra.data.sample import check_source
    from recurra.tasks.registry import entry_of_run

    check_source(data)
    entry = entry_of_run(run)
    from recurra.experiment.run import evaluate as scores_of
    from recurra.experiment.run import write_evaluation

    task = entry.load("task")
    if report is None:
        metrics = scores_of(task, run, data)
    else:
        words = ["recurra", "evaluate", str(run), *([data] if data else []), "--report", str(report)]
        metrics = write_evaluation(task, run, data, report, shlex.join(words))
    if as_json:
        screen.emit(metrics.model_dump(mode="json"))
        return
    print_scores(metrics)
    if report is not None:
        screen.say(f"\nreport    {report}")
