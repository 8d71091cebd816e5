"""`recurra predict`: a forecast from a run and, if wanted, newer data."""

import io
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra import files
from recurra.cli import screen
from recurra.errors import ConfigError
from recurra.tasks.registry import Entry, entry_of_run

if TYPE_CHECKING:
    import polars as pl

FORMATS = (".csv", ".parquet", ".jsonl")


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
    future: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Of forecasts: what is known ahead, a table of the future covariates."
        ),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            metavar="LEVELS", help="Of forecasts: intervals in percent, by default 80,95; none: no intervals."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: the forecast's rows, or where they are.")
    ] = False,
) -> None:
    """Tell of new data: what comes next, what each example is, what each step is.

    Examples:
      recurra predict runs/sales                         CSV on stdout
      recurra predict runs/sales -o forecast.csv
      recurra predict runs/sales newer.csv --level 50,90 -o forecast.parquet
      recurra predict runs/sales --future promotions.csv -o forecast.jsonl
      recurra predict runs/reviews new.csv -o told.csv
    """
    if output is not None:
        _check_output(output)
    entry = entry_of_run(run)
    options = _options(entry, pairs or [], {"level": level, "future": future})
    from recurra.data.sample import check_source

    check_source(data)
    from recurra.experiment.run import told_by

    frame = told_by(entry.load("task"), run, data, options)
    if output is not None:
        files.write_bytes(output, _content(frame, output.suffix.lower()))
        _confirm(frame, output, as_json=as_json)
    elif as_json:
        screen.emit({entry.name: frame.to_dicts()})
    else:
        sys.stdout.write(_as_csv(frame))


def _options(entry: Entry, pairs: Sequence[str], named: Mapping[str, str | None]) -> dict[str, Any]:
    """The options of the answer; those that the task of the run does not have are mistakes."""
    from recurra.cli.setting import parse_settings
    from recurra.config import options_of, validated

    answer = entry.load("answer")
    known = options_of(answer)
    for key, value in named.items():
        if value is not None and key not in known:
            raise ConfigError(
                f"--{key} for a run of task {entry.name}",
                f"one of its own: {', '.join(answer.model_fields) or 'it has none'}",
                f"Leave --{key} out.",
            )
    own = {key: value for key, value in named.items() if value is not None}
    try:
        validated(answer, own)
    except ConfigError as error:
        flags = "|".join(own)
        raise ConfigError(
            re.sub(rf"^({flags}) ", r"--\1 ", error.got), error.expected, error.remedy
        ) from error
    return {**parse_settings([answer], pairs, {}), **own}


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
    """Rows as CSV, which knows no lists: their entries stand with spaces between."""
    return frame.with_columns(one.list.join(" ") for one in frame if one.dtype.is_nested()).write_csv()


def _confirm(frame: "pl.DataFrame", output: Path, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"output": str(output), "rows": frame.height, "columns": frame.columns})
    else:
        screen.note(f"{frame.height} rows written to {output}")
