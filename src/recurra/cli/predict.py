"""`recurra predict RUN`: what its net says of data; the options are those of the answers of all tasks."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from recurra import files
from recurra.cli import screen
from recurra.cli.task_options import Given, TaskCommand, checked, marks_of
from recurra.errors import ConfigError
from recurra.tasks.registry import Entry, check_answer, entry_of_run

if TYPE_CHECKING:
    import polars as pl

FORMATS = (".csv", ".parquet", ".jsonl")


class Request(NamedTuple):
    """What is asked of a run, but for the options of the answer; as of `predict`."""

    run: Path
    data: str | None
    pairs: Sequence[str]
    output: Path | None
    as_json: bool


class Predict(TaskCommand):
    """The command, with the options of the tasks' answers and of how data are read."""

    answers = True

    def perform(self, request: Any, given: Sequence[Given]) -> None:
        """See `TaskCommand.perform`."""
        _tell(request, given)


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder that `recurra train` wrote.")],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", help="What to tell of; for a forecast the history, by default that of training."
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Options of the task's answers, such as probabilities=no."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write .csv, .parquet or .jsonl; left out: CSV on stdout."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: the rows of the answer, or where they are.")
    ] = False,
) -> Request:
    """Tell of new data: what comes next, what each example is, what each step is.

    Examples:
      recurra predict runs/sales                         CSV on stdout
      recurra predict runs/sales -o forecast.csv
      recurra predict runs/sales newer.csv --level 50,90 -o forecast.parquet
      recurra predict runs/sales --future promotions.csv -o forecast.jsonl
      recurra predict runs/reviews new.csv -o told.csv
    """
    return Request(run, data, pairs or [], output, as_json)


def _tell(request: Request, given: Sequence[Given]) -> None:
    from recurra.cli.setting import data_and_pairs

    run, _, _, output, as_json = request
    data, pairs = data_and_pairs(request.data, request.pairs)
    if output is not None:
        _check_output(output)
    entry = entry_of_run(run)
    options, again = _options(entry, pairs, given)
    if as_json and output is None:
        options = {**entry.load("answer").in_json, **options}
    check_answer(entry, run, options)
    from recurra.data.sample import check_source

    check_source(data)
    from recurra.experiment.run import told_by

    frame, repairs = told_by(entry.load("task"), run, data, options, again)
    for sentence in repairs:
        screen.note(f"note: {sentence}")
    if output is not None:
        files.write_bytes(output, _content(frame, output.suffix.lower()))
        _confirm(frame, output, as_json=as_json)
    elif as_json:
        screen.emit({entry.name: frame.to_dicts()})
    else:
        sys.stdout.write(_as_csv(frame))


def _options(
    entry: Entry, pairs: Sequence[str], given: Sequence[Given]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of the answer, and of how data are read; what the task of the run lacks is a mistake."""
    from recurra.cli.setting import parse_settings

    answer = entry.load("answer")
    again, options = (own for _, own in marks_of(entry, answers=True))
    flags = {key: mark.flag for key, mark in {**options, **again}.items()}
    for key, flag, _ in given:
        if key not in flags:
            known = [flags.get(name, f"{name}=VALUE") for name in (*answer.model_fields, *again)]
            raise ConfigError(
                f"{flag} for a run of task {entry.name}",
                f"an option of its answers: {', '.join(known)}"
                if known
                else "none, as its answers have none",
                f"Leave {flag} out.",
            )
    for kind, own in marks_of(entry, answers=True):
        checked(kind, own, given)
    texts = {one.key: one.text for one in given}
    chosen = {key: text for key, text in texts.items() if key in options}
    return {**parse_settings([answer], pairs, {}), **chosen}, {k: v for k, v in texts.items() if k in again}


def _check_output(output: Path) -> None:
    if output.suffix.lower() not in FORMATS:
        raise ConfigError(
            f"--output {output} ends in {output.suffix or 'no format'!r}",
            f"one of {', '.join(FORMATS)}",
            "Rename it.",
        )
    if output.is_dir() or not output.parent.is_dir():
        missing = "is a folder" if output.is_dir() else f"is in a folder that does not exist, {output.parent}"
        raise ConfigError(
            f"--output {output} {missing}", "a file in a folder that exists", "Choose another place."
        )


def _content(frame: "pl.DataFrame", suffix: str) -> bytes:
    content = io.BytesIO()
    if suffix == ".csv":
        content.write(_as_csv(frame).encode())
    elif suffix == ".parquet":
        frame.write_parquet(content)
    else:
        frame.write_ndjson(content)
    return content.getvalue()


def _as_csv(frame: "pl.DataFrame") -> str:
    """Rows as CSV, which knows no lists: entries stand with spaces between, lists of lists with "; "."""
    return frame.with_columns(_joined(one) for one in frame if one.dtype.is_nested()).write_csv()


def _joined(lists: "pl.Series") -> "pl.Series":
    import polars as pl

    inner = lists.dtype.inner  # type: ignore[attr-defined]  # it is a list
    if inner.is_nested():
        joined = pl.Series(lists.name, [[*map(_in_a_row, own)] for own in lists], dtype=pl.List(pl.String))
        return joined.list.join("; ")
    return lists.list.eval(pl.element().cast(pl.String)).list.join(" ")


def _in_a_row(entries: "pl.Series") -> str:
    return " ".join(map(str, entries))


def _confirm(frame: "pl.DataFrame", output: Path, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"output": str(output), "rows": frame.height, "columns": frame.columns})
    else:
        screen.note(f"{frame.height} rows written to {output}")
