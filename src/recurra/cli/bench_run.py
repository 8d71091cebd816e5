"""`recurra bench RUN DATA`: how fast a trained net answers live on this machine."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.cli import screen
from recurra.cli.machine import tell_disturbance
from recurra.errors import ConfigError, DataError
from recurra.tasks.registry import entry

if TYPE_CHECKING:
    from recurra.data.sound import Clip
    from recurra.experiment.listening import Listener

PIECE = 0.05
"""Seconds of sound that come at once."""
_WORDS = {
    "load_ms": "from the files to a net that is ready, in milliseconds",
    "rows": "",
    "row_us": "median time of a row, in microseconds",
    "slow_row_us": "99th percentile of it",
    "recordings": "",
    "seconds": "of sound",
    "real_time_factor": "seconds of the processor for a second of sound",
    "piece_ms": "median time of a piece of sound, in milliseconds",
    "slow_piece_ms": "99th percentile of it",
    "words": "that were told",
    "latency_seconds": "mean time from the end of a word until it was told for good, in seconds of sound",
    "latency_90": "90th percentile of it",
    "weights": "",
}


def bench_run(run: Path, words: Sequence[str], piece: float | None, weights: str, *, as_json: bool) -> None:
    """Print what a run costs on a stream of data: sound where it listens, else rows as of `recurra stream`.

    Args:
        run: The folder.
        words: The data, and how to listen as KEY=VALUE, in any order.
        piece: Seconds of sound that come at once; None: 0.05.
        weights: "float32", "bfloat16" or "int8".
        as_json: Whether to print one JSON object.

    Raises:
        ConfigError: The run does not stream, or an option is not for it.
        DataError: There are no data, or they cannot be used.
    """
    from recurra.bench.machine import Disturbance
    from recurra.cli.setting import data_and_pairs

    data, pairs = data_and_pairs(None, words)
    if data is None:
        raise DataError("a run without data", "what it answers to", f"Say: recurra bench {run} DATA")
    disturbance = Disturbance()
    if _listens(run):
        found = _of_sound(run, data, pairs, PIECE if piece is None else piece, weights)
    else:
        given = f"--piece {piece:g}" if piece is not None else pairs[0] if pairs else None
        if given is not None:
            raise ConfigError(f"{given} for a run that reads rows", "one that listens", "Leave it out.")
        found = _of_rows(run, data, weights)
    found["weights"] = weights
    if as_json:
        screen.emit(found)
    else:
        width = max(map(len, found)) + 2
        for name, value in found.items():
            shown = "-" if value is None else str(value)
            screen.say(f"{name.ljust(width)}{shown:<12}{_WORDS[name]}".rstrip())
    tell_disturbance(disturbance.share())


def _listens(run: Path) -> bool:
    """Whether a run is of a task that listens, and of an input that hears."""
    from recurra.experiment.listening import hears
    from recurra.streaming import Program
    from recurra.tasks.predictor import program_folder

    place = program_folder(run)
    if place is None:
        return False
    program = Program.load(place)
    task = program.metadata.get("task")
    return task is not None and bool(entry(str(task)).listener) and hears(program)


def _of_rows(run: Path, data: str, weights: str) -> dict[str, Any]:
    from recurra.experiment.pace import pace_of_rows
    from recurra.experiment.row import CSVReader, JSONReader, Row, form_of
    from recurra.tasks.predictor import load_predictor

    began = time.perf_counter()
    live = load_predictor(run, weights)
    loaded = time.perf_counter() - began
    lines = _lines(data)
    first = next((line for line in lines if line.strip()), "")
    reader = CSVReader(live.check_columns) if form_of("auto", first) == "csv" else JSONReader()

    def usable(rows: Iterator[Row]) -> Iterator[Any]:
        for row in rows:
            if isinstance(row.content, DataError):
                raise DataError(
                    f"{data}, line {row.number}: {row.content.got}", row.content.expected, row.content.remedy
                )
            yield row.content

    return {
        "load_ms": round(1e3 * loaded, 1),
        **pace_of_rows(live, usable(reader.rows(iter(lines)))),
    }


def _lines(data: str) -> list[str]:
    try:
        return Path(data).expanduser().read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()
    except OSError as error:
        raise DataError(
            f"{data} cannot be read ({error.strerror})", "a file of rows, as stream takes them", "Check it."
        ) from error


def _of_sound(run: Path, data: str, pairs: Sequence[str], piece: float, weights: str) -> dict[str, Any]:
    from recurra.cli.setting import parse_settings
    from recurra.config import validated
    from recurra.experiment.pace import pace_of_sound
    from recurra.files import damage_told
    from recurra.tasks.predictor import program_of

    began = time.perf_counter()
    program = program_of(run)
    kind: type[Listener] = entry(str(program.metadata["task"])).load("listener")
    settings = validated(kind.options, parse_settings([kind.options], pairs, {}))

    def listener(rate: int | None = None) -> "Listener":
        with damage_told(run):
            return kind(program, settings, weights, rate)

    listener()
    loaded = time.perf_counter() - began
    return {
        "load_ms": round(1e3 * loaded, 1),
        **pace_of_sound(listener, _clips(program.metadata["input"], data), piece),
    }


def _clips(name: str, data: str) -> "Sequence[Clip]":
    """The recordings of data, as an input reads them where nothing is set: listeners hear them raw."""
    from recurra.data.sample import check_source
    from recurra.experiment.truth import find_nothing, keeping
    from recurra.inputs import registry

    check_source(data)
    settings = registry.config(name)()
    contents: Sequence[Clip] = registry.get(name).read(data, settings, keeping(find_nothing, {})).contents
    return contents
