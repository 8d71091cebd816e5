"""Files of the UCR/UEA archive (.ts): a sequence in each line, its channels one after the other."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.rows import Rows, decoded

TIME = "time"
_BETWEEN_CHANNELS = re.compile(r":(?![^(]*\))")  # no colon of a time in brackets
_STAMPED = re.compile(r"\(([^,()]+),([^()]*)\)")
Channels = list[list[float | None]]


def read_ts(path: Path) -> Rows:
    """Read a file, also .gz: list columns `dim_1`, `dim_2` and so on, `label`, and `time` if it has times.

    Raises:
        DataError: It has no data, or a line cannot be read; the message names the line.
    """
    stamped, labelled = False, False
    found: list[Channels] = []
    times: list[list[float]] = []
    labels: list[str] = []
    places: list[str] = []
    for number, line in _data_lines(decoded(path), path.name):
        if line.startswith("@"):
            key, _, value = line[1:].partition(" ")
            stamped |= key.lower() == "timestamps" and value.strip().lower().startswith("true")
            labelled |= key.lower() in ("classlabel", "targetlabel") and value.strip().lower().startswith(
                "true"
            )
            continue
        place = f"{path.name}, line {number}"
        parts = [part.strip() for part in _BETWEEN_CHANNELS.split(line)]
        if labelled:
            labels.append(parts.pop())
        channels, own_times = _channels(parts, place, stamped=stamped)
        if found and len(channels) != len(found[0]):
            raise DataError(
                f"{place}: {len(channels)} channels", f"{len(found[0])}, as before", "Correct the line."
            )
        found.append(channels)
        times.append(own_times)
        places.append(place)
    if not found:
        raise DataError(f"{path} has no sequence after @data", "one in each line", "Check the file.")
    columns = {
        f"dim_{at + 1}": pl.Series([row[at] for row in found], dtype=pl.List(pl.Float64))
        for at in range(len(found[0]))
    }
    if stamped:
        columns[TIME] = pl.Series(times, dtype=pl.List(pl.Float64))
    frame = pl.DataFrame({**columns, "label": labels} if labelled else columns)
    return Rows(frame, places, Table(frame, "polars", str(path)))


def _data_lines(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Lines of the header, then those of data, each with its number.

    Raises:
        DataError: Data come before the line @data.
    """
    begun = False
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith(("#", "%")):
            continue
        if line.lower() == "@data":
            begun = True
            continue
        if not begun and not line.startswith("@"):
            raise DataError(f"{name}, line {number}: data before @data", "a header of @ lines", "Add @data.")
        yield number, line


def _channels(parts: list[str], place: str, *, stamped: bool) -> tuple[Channels, list[float]]:
    """The channels of a line, of equal lengths, and the times that they share."""
    channels: Channels = []
    times: list[float] = []
    for part in parts:
        fields = _STAMPED.findall(part) if stamped else [("", value) for value in part.split(",")]
        channels.append([_number(value, place) for _, value in fields])
        if stamped:
            own = [_time(moment, place) for moment, _ in fields]
            if times and own != times:
                raise DataError(f"{place}: channels at other times", "the same times in all", "Align them.")
            times = own
    lengths = sorted({len(channel) for channel in channels})
    if len(lengths) != 1:
        raise DataError(
            f"{place}: channels of {' and '.join(map(str, lengths)) or 'no'} values",
            "as many in each, ? where one is missing",
            "Correct the line.",
        )
    return channels, times


def _number(text: str, place: str) -> float | None:
    if text.strip() in ("?", "", "NaN", "nan"):
        return None
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{place}: {text.strip()[:40]!r}", "a number, or ?", "Correct the line.") from error


def _time(text: str, place: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise DataError(f"{place}: time {text!r}", "a number or a date", "Correct the line.") from error
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
