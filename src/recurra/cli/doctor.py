"""`recurra doctor`: what is wrong with a trained net, what helps, and whether it did."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import screen
from recurra.cli.task_options import Run
from recurra.errors import ConfigError

if TYPE_CHECKING:
    from recurra.diagnosis import Finding, Limits
    from recurra.experiment.diagnose import Diagnosis
    from recurra.experiment.task import Task


def doctor(
    run: Run,
    *,
    data: Annotated[
        str | None, typer.Option(metavar="DATA", help="The data of the training, where they have moved.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Train again with the first remedies, and compare.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Folder of the new run; by default RUN-cured.")
    ] = None,
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="Rows that are looked at; by default 8.")] = 8,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: verdicts, and all that was measured.")
    ] = False,
) -> None:
    """Say what is wrong with a trained net, and what helps.

    Examples:
      recurra doctor runs/sales              verdicts and remedies; a page of them
      recurra doctor runs/sales --apply      trains again with them, and compares
      recurra doctor runs/sales --data moved.csv --json
    """
    if out is not None and not apply:
        raise ConfigError("--out without --apply", "both, or none", "Add --apply to train again.")
    from recurra.data.sample import check_source
    from recurra.experiment.ended import check_is_one
    from recurra.experiment.run_folder import begun
    from recurra.tasks.registry import entry

    check_source(data)
    check_is_one(run)
    task = entry(str(begun(run, overwrite=False)["task"])).load("task")
    from recurra.diagnosis import Limits
    from recurra.experiment.diagnose import diagnose, write_diagnosis

    limits = Limits(rows=rows)
    found = diagnose(task, run, data, limits=limits)
    write_diagnosis(found)
    if not apply:
        _tell(found, as_json=as_json)
        return
    place = out or run.with_name(f"{run.name}-cured")
    _cure(task, found, place, limits=limits, quiet=quiet, as_json=as_json)


def _cure(
    task: "Task", found: "Diagnosis", place: Path, *, limits: "Limits", quiet: bool, as_json: bool
) -> None:
    """Train again with the first remedies, and say what came of it."""
    from recurra.experiment.cure import cure
    from recurra.experiment.diagnose import write_diagnosis

    command = shlex.join(["recurra", "doctor", str(found.run), "--apply", "--out", str(place)])
    if not as_json:
        _print_verdicts(found)
        screen.say()
    cured = cure(
        task,
        found,
        place,
        show_progress=False if quiet else None,
        command=command,
        tell=lambda sentence: screen.note(f"note: {sentence}"),
        limits=limits,
    )
    if cured is None:
        screen.note(f"interrupted; go on with:\n  {command}")
        raise typer.Exit(screen.INTERRUPTED)
    write_diagnosis(cured, found)
    if as_json:
        screen.emit({"before": found.to_dict(), "after": cured.to_dict()})
    else:
        _compare(found, cured)


def _tell(found: "Diagnosis", *, as_json: bool) -> None:
    if as_json:
        screen.emit(found.to_dict())
        return
    _print_verdicts(found)
    screen.say()
    if any(one.remedies for one in found.findings):
        screen.say(f"apply     recurra doctor {shlex.quote(str(found.run))} --apply")
    screen.say(f"report    {found.run / 'report.html'}")


def _print_verdicts(found: "Diagnosis") -> None:
    """A table of verdicts, faults first, each fault with what it means and what helps."""
    screen.say(f"{found.run}: {found.verdict}")
    if found.measured is None:
        screen.say("This run did not end, so there is no net to measure: its history tells the rest.")
    screen.say()
    _print_table(
        ["", "verdict", "figure", "fault"],
        [[one.kind, one.verdict, *_figures(one)] for one in found.findings],
        [not one.healthy for one in found.findings],
    )
    told: set[str] = set()
    for one in found.findings:
        if not one.healthy:
            _print_fault(one, found, told)


def _print_fault(finding: "Finding", found: "Diagnosis", told: set[str]) -> None:
    """What a fault means, when it began, and what helps, if that was not told before."""
    total = screen.width(sys.stdout, 100)
    screen.say()
    screen.say(screen.paint(finding.verdict.capitalize(), screen.BOLD, sys.stdout))
    screen.say(screen.filled(finding.sentence, total, "  "))
    for warning in found.warnings:
        if warning.get("what") == finding.kind:
            screen.say(screen.filled(f"It began in epoch {warning['epoch'] + 1}.", total, "  "))
    longest = max((len(one.text) for one in finding.remedies[:3]), default=0)
    if finding.remedies and {one.text for one in finding.remedies[:3]} <= told:
        screen.say("  The same helps.")
        return
    told.update(one.text for one in finding.remedies[:3])
    for number, one in enumerate(finding.remedies[:3]):
        lead = f"  {'try' if number == 0 else 'or '} {one.text:<{longest}}  "
        screen.say(screen.filled(one.why, total, lead))


def _figures(finding: "Finding") -> list[str]:
    from recurra.experiment.diagnosis_section import figure_text

    limit = f"{'below' if finding.below else 'from'} {figure_text(finding.threshold)}"
    return [figure_text(finding.figure), limit]


def _compare(before: "Diagnosis", after: "Diagnosis") -> None:
    from recurra.experiment.diagnosis_section import compared

    names, rows = ["", before.run.name, after.run.name], compared(before, after)
    screen.say("Before and after")
    screen.say()
    _print_table(names, rows, [False] * len(rows))
    screen.say()
    screen.say(f"report    {after.run / 'report.html'}")


def _print_table(titles: list[str], rows: list[list[str]], bold: list[bool]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title == "figure" else "left")
    for row, strong in zip(rows, bold, strict=True):
        table.add_row(*(Text(cell, style="bold" if strong else "") for cell in row))
    colour: Any = screen.has_colour(sys.stdout)
    console = Console(width=screen.width(sys.stdout, 100), highlight=False, force_terminal=colour)
    with console.capture() as drawn:
        console.print(table)
    screen.say("\n".join(line.rstrip() for line in drawn.get().splitlines()))
