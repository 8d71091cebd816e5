"""A folder of Parquet files, told of or judged a file at a time: what `predict` and `evaluate` share."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from recurra.cli import screen
from recurra.errors import ConfigError

if TYPE_CHECKING:
    from recurra.experiment.partitioned import Outcome
    from recurra.tasks.registry import Entry


def wants_partitions(data: str | None, output: Path | None, scale: str) -> bool:
    """Whether each file of a folder is to give a file of another one.

    Raises:
        ConfigError: A cluster is wanted for something else.
    """
    from recurra.data.partitions import is_partitioned

    wants = output is not None and not output.suffix and data is not None and is_partitioned(data)
    if scale != "none" and not wants:
        raise ConfigError(
            f"--scale {scale} for something else than a folder of Parquet files and a folder to write",
            "both",
            "Give them as DATA and --output, or leave --scale out.",
        )
    return wants


def tell_partitions(
    entry: "Entry", request: Any, data: str, options: Mapping[str, Any], again: Mapping[str, Any]
) -> None:
    """Predict of each file."""
    from recurra.experiment.partition_verbs import predict_partitions
    from recurra.training.progress import Progress

    outcome = predict_partitions(
        entry.load("task"),
        request.run,
        data,
        request.output,
        options,
        again,
        scale=request.scale,
        progress=Progress(),
    )
    if request.as_json:
        screen.emit(_document(outcome, request.output))
    _end(outcome, request.output, data, as_json=request.as_json)


def tell_scores(task: Any, request: Any, data: str, again: Mapping[str, Any]) -> None:
    """Judge on each file, and show the scores of all together."""
    from recurra.cli.score_table import print_scores
    from recurra.experiment.partition_verbs import evaluate_partitions
    from recurra.training.progress import Progress

    outcome, metrics = evaluate_partitions(
        task, request.run, data, request.output, again, scale=request.scale, progress=Progress()
    )
    if request.as_json:
        scores = {} if metrics is None else metrics.model_dump(mode="json")
        screen.emit({**_document(outcome, request.output), **scores})
    elif metrics is not None:
        print_scores(metrics)
    _end(outcome, request.output, data, as_json=request.as_json)


def _document(outcome: "Outcome", output: Path) -> dict[str, Any]:
    failures = {name: screen.error_document(error)["error"] for name, error in outcome.failures.items()}
    return {
        "output": str(output),
        "done": outcome.done,
        "kept": outcome.kept,
        "rows": outcome.rows,
        "failures": failures,
    }


def _end(outcome: "Outcome", output: Path, data: str, *, as_json: bool) -> None:
    """What was done, and an exit code that says whether all was."""
    if not as_json:
        before = f", {outcome.kept} done before" if outcome.kept else ""
        screen.note(f"{outcome.done} files of {data} done into {output}{before}; {outcome.rows} rows in all")
    for name, error in outcome.failures.items():
        screen.report_error(
            f"nothing came of {name}: {error.got}; expected {error.expected}.\n{error.remedy}"
        )
    if outcome.failures:
        screen.note(f"{len(outcome.failures)} files are missing; the same command again does these alone")
        raise typer.Exit(1)
