"""The verbs over a folder of Parquet files, a file at a time: each gives an output file, once.

Beside these lies `manifest.jsonl`: its first line says of which net and options they are, each other one
which file was read, as it was then, and the checksum of what was written. What is there and unaltered is not
done again; everything else is written whole or not at all, and then stated.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from recurra.cluster import spread
from recurra.data.partitions import Partition, check_alike
from recurra.errors import ConfigError, DataError, RecurraError
from recurra.files import checksum, flush, read_bytes, storage_errors, write_bytes

MANIFEST = "manifest.jsonl"
FORMAT = 1


class Made(NamedTuple):
    """What came of a file: the content of its output, None where there is nothing to tell of, and rows."""

    content: bytes | None
    rows: int
    repairs: tuple[str, ...] = ()


Make = Callable[[pl.DataFrame, str], Made]
"""(rows, what to call them) -> what comes of them; can be sent to another machine."""


class Outcome(NamedTuple):
    """What came of a folder.

    Attributes:
        done: Files that were done now.
        kept: Files that had been done before.
        rows: Rows of all of these.
        failures: What was wrong with the others, by their names.
    """

    done: int
    kept: int
    rows: int
    failures: Mapping[str, RecurraError]


@dataclass(frozen=True)
class _Reading:
    """Reads a file and makes its output, wherever it is called."""

    make: Make
    first: Partition
    head: pl.DataFrame

    def __call__(self, partition: Partition) -> Made:
        frame = partition.read()
        check_alike(frame, self.head, partition, self.first)
        if not frame.height:
            return Made(None, 0)
        return self.make(frame, partition.place)


@dataclass(frozen=True)
class _Line:
    """A line of the manifest: a file that was read, and what was written."""

    name: str
    size: int
    changed: str
    rows: int
    output: str | None
    checksum: str

    def holds(self, partition: Partition, out: Path) -> bool:
        """Whether the file is as it was, and so is its output."""
        if (self.size, self.changed) != (partition.size, partition.changed):
            return False
        if self.output is None:
            return True
        place = out / self.output
        return place.is_file() and checksum(read_bytes(place)) == self.checksum


def each_partition(
    files: Sequence[Partition],
    make: Make,
    out: Path,
    suffix: str,
    asked: Mapping[str, Any],
    *,
    scale: str = "none",
    processors: int = 1,
    step: Callable[[str], None],
    say: Callable[[str], None],
) -> Outcome:
    """Make an output of each file that has none yet.

    Args:
        files: What is read, in order.
        make: Makes the output of a file's rows.
        out: The folder of the outputs; made if need be.
        suffix: What their names end in.
        asked: What the outputs depend on beside the files; plain JSON.
        scale: "none": here, one after another; "ray": on a Ray cluster.
        processors: How many each takes there.
        step: Is called with the name of each file that is done with.
        say: Is told what was put right in files.

    Raises:
        ConfigError: The folder holds outputs of something else.
        DataError: None of the files can be read.
        StorageError: The disk is full, or the folder cannot be written.
        ClusterError: The cluster went away; what is done stays done.
    """
    lines = _opened(out, asked)
    kept = [one for one in files if one.name in lines and lines[one.name].holds(one, out)]
    rows = sum(lines[one.name].rows for one in kept)
    names = {one.name for one in kept}
    left = [one for one in files if one.name not in names]
    for one in kept:
        step(one.name)
    failures: dict[str, RecurraError] = {}
    if left:
        first, head = _head(files)
        reading = _Reading(make, first, head)
        results = _here(reading, left) if scale == "none" else _away(reading, left, processors, say, out)
        for one, made in results:
            if isinstance(made, RecurraError):
                failures[one.name] = made
            else:
                _write(out, one, made, suffix)
                rows += made.rows
                for sentence in made.repairs:
                    say(f"{one.name}: {sentence}")
            step(one.name)
    in_order = {one.name: failures[one.name] for one in files if one.name in failures}
    return Outcome(len(left) - len(failures), len(kept), rows, in_order)


def _here(reading: _Reading, files: Sequence[Partition]) -> Iterator[tuple[Partition, Made | RecurraError]]:
    for one in files:
        try:
            yield one, reading(one)
        except RecurraError as error:
            yield one, error


def _away(
    reading: _Reading, files: Sequence[Partition], processors: int, say: Callable[[str], None], out: Path
) -> Iterator[tuple[Partition, Made | RecurraError]]:
    kept = f"What is done stays in {out}: give the same command again to go on."
    yield from spread(reading, files, processors, say, kept)


def _head(files: Sequence[Partition]) -> tuple[Partition, pl.DataFrame]:
    """The first file that can be read, and its columns, which all have to have.

    Raises:
        DataError: There is none.
    """
    first: DataError | None = None
    for one in files:
        try:
            return one, one.read(rows=0)
        except DataError as error:
            first = first or error
    raise first or DataError("no files", "some", "Check the path.")


def _write(out: Path, partition: Partition, made: Made, suffix: str) -> None:
    """Write an output, then state it."""
    name = None
    if made.content is not None:
        name = str(Path(partition.name).with_suffix(suffix))
        with storage_errors(out / name):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
        write_bytes(out / name, made.content)
    line = _Line(
        partition.name, partition.size, partition.changed, made.rows, name, checksum(made.content or b"")
    )
    _state(out, asdict(line))


def _state(out: Path, document: Mapping[str, Any]) -> None:
    place = out / MANIFEST
    with storage_errors(place), place.open("ab") as file:
        file.write(json.dumps(document).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _opened(out: Path, asked: Mapping[str, Any]) -> dict[str, _Line]:
    """What the manifest of a folder states, which is begun if there is none.

    Raises:
        ConfigError: The folder holds something else.
    """
    head = {"format": FORMAT, **json.loads(json.dumps(asked, default=str))}
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file", "a folder for the outputs", "Choose another place.")
    place = out / MANIFEST
    if not place.exists():
        if out.is_dir() and any(out.iterdir()):
            raise ConfigError(
                f"{out} holds something else than outputs of partitions", "a new folder", "Choose another."
            )
        with storage_errors(out):
            out.mkdir(parents=True, exist_ok=True)
        _state(out, head)
        flush(out)
        return {}
    content = read_bytes(place)
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:  # a process died while it wrote the last line
        write_bytes(place, whole)
    documents = [_parsed(line, place) for line in whole.decode(errors="replace").splitlines()]
    before = documents[0] if documents else None
    if before != head:
        key = next((key for key in head if before is None or before.get(key) != head[key]), "format")
        raise ConfigError(
            f"{out} holds outputs made with another {key}",
            "those of the same run, data and options",
            "Choose another folder, or take this one away.",
        )
    return {one["name"]: _line(one, place) for one in documents[1:]}


def _parsed(line: str, place: Path) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _altered(place)
    return document


def _line(document: Mapping[str, Any], place: Path) -> _Line:
    try:
        return _Line(**document)
    except TypeError as error:
        raise _altered(place) from error


def _altered(place: Path) -> ConfigError:
    return ConfigError(
        f"{place} is not as it was written", "a line of JSON for each output", "Take the folder away."
    )
