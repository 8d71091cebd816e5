"""`recurra predict`: a forecast from a run and, if wanted, newer data."""

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra import files
from recurra.cli import screen
from recurra.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

FORMATS = (".csv", ".parquet", ".jsonl")


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder that `recurra train` wrote.")],
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="The history to go on from; left out: the data of the training."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write .csv, .parquet or .jsonl; left out: CSV on stdout."
        ),
    ] = None,
    future: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What is known ahead: a table of the future covariates."),
    ] = None,
    level: Annotated[
        str,
        typer.Option(
            metavar="LEVELS", help="Intervals to give, in percent, such as 50,80,95; none: no intervals."
        ),
    ] = "80,95",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: the forecast's rows, or where they are.")
    ] = False,
) -> None:
    """Forecast what comes after the data, with intervals.

    Examples:
      recurra predict runs/sales                         CSV on stdout
      recurra predict runs/sales -o forecast.csv
      recurra predict runs/sales newer.csv --level 50,90 -o forecast.parquet
      recurra predict runs/sales --future promotions.csv -o forecast.jsonl
    """
    levels = _levels(level)
    if output is not None:
        _check_output(output)
    from recurra.tasks.forecast import run as forecast

    frame = forecast.predict(run, data, future=future, levels=levels)
    if output is not None:
        files.write_bytes(output, _content(frame, output.suffix.lower()))
        _confirm(frame, output, as_json=as_json)
    elif as_json:
        screen.emit({"forecast": frame.to_dicts()})
    else:
        sys.stdout.write(frame.write_csv())


def _levels(text: str) -> tuple[int, ...]:
    if text.strip().lower() == "none":
        return ()
    try:
        levels = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        levels = (0,)
    if not all(0 < level < 100 for level in levels):
        raise ConfigError(
            f"--level is {text!r}",
            "whole numbers from 1 to 99 with commas between",
            "Pass --level 80,95, or none.",
        )
    return levels


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
        frame.write_csv(content)
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
