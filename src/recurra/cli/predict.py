"""`recurra predict RUN`: what its net says of data; the options are those of the answers of all tasks."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from recurra import files
from recurra.cli import screen
from recurra.cli.task_options import Data, Given, Run, Scale, TaskCommand, answer_options
from recurra.errors import ConfigError
from recurra.tasks.registry import check_answer, entry_of_run

if TYPE_CHECKING:
    import polars as pl

FORMATS = (".csv", ".parquet", ".jsonl")
SOUNDS = (".wav", ".flac", ".ogg")


class Request(NamedTuple):
    """What is asked of a run, but for the options of the answer; as of `predict`."""

    run: Path
    data: str | None
    pairs: Sequence[str]
    output: Path | None
    as_json: bool
    scale: str


class Predict(TaskCommand):
    """The command, with the options of the tasks' answers and of how data are read."""

    answers = True

    def perform(self, request: Any, given: Sequence[Given]) -> None:
        """See `TaskCommand.perform`."""
        _tell(request, given)


def predict(
    run: Run,
    data: Data = None,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Options of the task's answers, such as probabilities=no."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write .csv, .parquet or .jsonl, of speech .wav, .flac or .ogg; a folder, of a folder of "
            "Parquet files; left out: CSV on stdout.",
        ),
    ] = None,
    scale: Scale = "none",
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
      recurra predict runs/voice 'three one four' -o said.wav
      recurra predict runs/reviews lake/ -o told/        file by file of a folder
    """
    return Request(run, data, pairs or [], output, as_json, scale)


def _tell(request: Request, given: Sequence[Given]) -> None:
    from recurra.cli.partition_options import tell_partitions, wants_partitions
    from recurra.cli.setting import data_and_pairs

    run, _, _, output, as_json, _ = request
    data, pairs = data_and_pairs(request.data, request.pairs)
    entry = entry_of_run(run)
    by_files = wants_partitions(data, output, request.scale)
    if output is not None and not by_files:
        _check_output(output, (*FORMATS, *SOUNDS) if entry.sound else FORMATS)
    options, again = answer_options(entry, pairs, given)
    if as_json and output is None:
        options = {**entry.load("answer").in_json, **options}
    check_answer(entry, run, options)
    from recurra.data.sample import check_source, is_text

    said = entry.takes_text and data is not None and is_text(data)
    if not said:
        check_source(data)
    if by_files:
        tell_partitions(entry, request, str(data), options, again)
        return
    heard = output is not None and output.suffix.lower() in SOUNDS
    from recurra.config import validated
    from recurra.experiment.run import told_by

    wanted = {**options, "samples": True} if heard else options
    frame, repairs = told_by(entry.load("task"), run, [data] if said else data, wanted, again)
    for sentence in repairs:
        screen.note(f"note: {sentence}")
    if output is not None and heard:
        how = validated(entry.load("answer"), wanted)
        content, notes = entry.load("sound")(frame, how, output.suffix.lower())
        files.write_bytes(output, content)
        for sentence in notes:
            screen.note(f"note: {sentence}")
        _confirm(frame.drop("samples"), output, as_json=as_json)
    elif output is not None:
        files.write_bytes(output, _content(frame, output.suffix.lower()))
        _confirm(frame, output, as_json=as_json)
    elif as_json:
        screen.emit({entry.name: frame.to_dicts()})
    else:
        from recurra.data.comma_separated import as_csv

        sys.stdout.write(as_csv(frame))


def _check_output(output: Path, formats: Sequence[str]) -> None:
    if output.suffix.lower() not in formats:
        raise ConfigError(
            f"--output {output} ends in {output.suffix or 'no format'!r}",
            f"one of {', '.join(formats)}",
            "Rename it.",
        )
    if output.is_dir() or not output.parent.is_dir():
        missing = "is a folder" if output.is_dir() else f"is in a folder that does not exist, {output.parent}"
        raise ConfigError(
            f"--output {output} {missing}", "a file in a folder that exists", "Choose another place."
        )


def _content(frame: "pl.DataFrame", suffix: str) -> bytes:
    from recurra.data.comma_separated import as_csv

    content = io.BytesIO()
    if suffix == ".csv":
        content.write(as_csv(frame).encode())
    elif suffix == ".parquet":
        frame.write_parquet(content)
    else:
        frame.write_ndjson(content)
    return content.getvalue()


def _confirm(frame: "pl.DataFrame", output: Path, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"output": str(output), "rows": frame.height, "columns": frame.columns})
    else:
        screen.note(f"{frame.height} rows written to {output}")
