"""`recurra report`: one offline HTML page about a run."""

from typing import Annotated

import typer

from recurra.cli import screen
from recurra.cli.task_options import Run
from recurra.experiment.ended import check_is_one
from recurra.files import MANIFEST, verify_manifest


def report(
    run: Run,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: where the page is.")
    ] = False,
) -> None:
    """Write a run's report again: one HTML file that needs no network.

    Examples:
      recurra report runs/sales                      writes runs/sales/report.html
    """
    from recurra.report import write_report

    check_is_one(run)
    if (run / MANIFEST).exists():
        verify_manifest(run)
    page = write_report(run)
    if as_json:
        screen.emit({"report": str(page)})
    else:
        screen.say(str(page))
