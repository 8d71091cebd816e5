"""`recurra explain RUN DATA`: which inputs made the answers of its net."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from recurra.cli import screen
from recurra.cli.task_options import Data, Given, Run, TaskCommand, answer_options
from recurra.errors import ConfigError
from recurra.tasks.registry import check_answer, entry_of_run

PAGE = "explain.html"


class Request(NamedTuple):
    """What is asked of a run, but for the options of the answer; as of `explain`."""

    run: Path
    data: str | None
    pairs: Sequence[str]
    rows: int
    named: Sequence[str]
    outcome: str | None
    step: int | None
    method: str
    out: Path | None
    as_json: bool


class Explain(TaskCommand):
    """The command, with the options of the tasks' answers and of how data are read."""

    answers = True

    def perform(self, request: Any, given: Sequence[Given]) -> None:
        """See `TaskCommand.perform`."""
        _tell(request, given)


def explain(
    run: Run,
    data: Data = None,
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Options of the task's answers.")
    ] = None,
    *,
    rows: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many of the first rows; by default 8.")
    ] = 8,
    row: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW", help="A row by number, from 1 on, or a series by its id; may be repeated."
        ),
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Explain this class, tag or symbol; by default what is answered."),
    ] = None,
    step: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="Explain step K of the answer, from 1 on; by default all, or what comes next."
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="METHOD", help="How: integrated_gradients, which adds up, or occlusion.")
    ] = "integrated_gradients",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"The page; by default {PAGE} in RUN.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: shares, and whether they add up.")
    ] = False,
) -> Request:
    """Say which inputs made the net's answers, and draw a page of it.

    Examples:
      recurra explain runs/reviews new.csv     words, by their share of the class
      recurra explain runs/reviews new.csv --row 7 --outcome negative --json
      recurra explain runs/sales               earlier values and columns, by series
      recurra explain runs/sales newer.csv --step 1 --method occlusion
    """
    return Request(run, data, pairs or [], rows, row or [], outcome, step, method, out, as_json)


def _tell(request: Request, given: Sequence[Given]) -> None:
    from recurra.cli.setting import data_and_pairs
    from recurra.data.sample import check_source

    run = request.run
    data, pairs = data_and_pairs(request.data, request.pairs)
    entry = entry_of_run(run)
    page = run / PAGE if request.out is None else request.out
    if page.is_dir() or not page.parent.is_dir():
        raise ConfigError(f"--out {page}", "a file in a folder that exists", "Choose another place.")
    options, again = answer_options(entry, pairs, given)
    check_answer(entry, run, options)
    check_source(data)
    from dataclasses import replace

    from recurra.cli.explanation_text import say_explanations
    from recurra.experiment.explain import explain_run
    from recurra.experiment.wanted import Wanted

    wanted = Wanted(request.rows, tuple(request.named), request.outcome, request.step)
    found = explain_run(
        entry.load("task"), run, data, wanted, method=request.method, options=options, again=again
    )
    for sentence in found.repairs:
        screen.note(f"note: {sentence}")
    found = replace(found, command=_command(request, given))
    found.write(page)
    if request.as_json:
        screen.emit({**found.to_dict(), "page": str(page)})
        return
    say_explanations(found)
    screen.say(f"page      {page}")


def _command(request: Request, given: Sequence[Given]) -> str:
    """What was typed, as far as it tells what is on the page."""
    words = ["recurra", "explain", str(request.run), *filter(None, [request.data]), *request.pairs]
    words += [one.flag if one.text == "True" else f"{one.flag}={one.text}" for one in given]
    words += [f"--row={name}" for name in request.named] or [f"--rows={request.rows}"]
    for flag, value in (("outcome", request.outcome), ("step", request.step), ("out", request.out)):
        words += [] if value is None else [f"--{flag}={value}"]
    return shlex.join([*words, f"--method={request.method}"])
