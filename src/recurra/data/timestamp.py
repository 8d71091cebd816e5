"""A column of times as int64, and back in the type and the style it came in.

Dates and datetimes become microseconds since 1970-01-01 in UTC; whole numbers stay what they are, unless
they are seconds (or less) since 1970 or dates such as 20240131. Text is read as `time_text` says.
"""

from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Int64

from recurra.data.epoch import EPOCHS, FORMATS, INTEGER, is_format
from recurra.data.time_text import MOMENT, MONTH, QUARTER, TextTimes, has_clock, read_text, write_text
from recurra.data.zone import DAY, load_zone, offset_of, zone_of
from recurra.errors import ConfigError, DataError

_FURTHEST = 1 << 60  # microseconds; leaves room for the arithmetic of grids
_FIRST_EPOCH, _LAST_EPOCH = 946_684_800, 4_102_444_800  # 2000 to 2100: what whole numbers are seconds of
_FIRST_DAY, _LAST_DAY = 19_000_101, 21_001_231
_DAY_NUMBER = "%Y%m%d"
_WORDS = MappingProxyType({"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"})


@dataclass(frozen=True)
class TimeType:
    """How a table writes its times.

    Attributes:
        kind: "datetime", "date", or "integer".
        unit: Of a datetime: "ms", "us" or "ns".
        zone: Of a datetime; None when it has none. A name of the IANA database, or an offset ("+05:30").
        pattern: Of text; of days as whole numbers "%Y%m%d"; "" where the column's type says all.
        offset: How text writes the offset: "Z", "+00:00", "+0000"; "" where it does not.
        epoch: Of whole numbers: the unit in which they count from 1970.
        local: Whether the column has no zone, and shows the clock of `zone`.
    """

    kind: Literal["datetime", "date", "integer"]
    unit: Literal["ms", "us", "ns"] = "us"
    zone: str | None = None
    pattern: str = ""
    offset: str = ""
    epoch: str = ""
    local: bool = False

    def column(self, times: Int64[np.ndarray, " rows"], name: str) -> pl.Series:
        """Times as dates, datetimes or integers; datetimes of a plain offset in UTC."""
        series = pl.Series(name, times)
        if self.kind == "integer":
            return series
        if self.local and self.zone is not None:
            times = load_zone(self.zone).wall(times)
            series = pl.Series(name, times)
        if self.kind == "date" and not np.any(times % DAY):
            return series.cast(pl.Datetime("us")).cast(pl.Date)
        if self.zone is None or self.local:
            return series.cast(pl.Datetime("us")).cast(pl.Datetime(self.unit))
        utc = series.cast(pl.Datetime("us", "UTC")).cast(pl.Datetime(self.unit, "UTC"))
        return utc if self.zone[0] in "+-" else utc.dt.convert_time_zone(self.zone)

    def written(self, times: Int64[np.ndarray, " rows"], name: str) -> pl.Series:
        """Times as the table wrote them: text in its pattern, numbers since 1970, or as `column`."""
        if self.epoch:
            return pl.Series(name, _from_microseconds(times, self.epoch))
        if not self.pattern:
            return self.column(times, name)
        wall = times if self.zone is None else load_zone(self.zone).wall(times)
        text = write_text(pl.Series(name, wall).cast(pl.Datetime("us")), self.pattern).alias(name)
        if self.pattern == _DAY_NUMBER:
            return (
                text.cast(pl.Int64, strict=False) if text.str.len_chars().max() == len("20240131") else text
            )
        return text if not self.offset else text + _offsets_as_text(wall - times, self.offset)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "TimeType":
        """The type that `to_dict` described."""
        return cls(**description)


@dataclass(frozen=True)
class TimeReading:
    """How a column of times is to be read.

    Attributes:
        format: A pattern of `strftime`, "integer", or "epoch_s" (ms, us, ns); "" to find out.
        zone: The zone whose days and hours count; None: that of the column.
        known: How an earlier table wrote its times, which decides what this one leaves open.
    """

    format: str = ""
    zone: str | None = None
    known: TimeType | None = None

    def __post_init__(self) -> None:
        if self.format and not is_format(self.format):
            raise ConfigError(
                f"time_format is {self.format!r}",
                f"a pattern such as %d/%m/%Y, or one of {', '.join(FORMATS)}",
                "Use the letters of strftime: %Y year, %m month, %d day, %H:%M:%S clock.",
            )
        if self.zone is not None:
            try:
                load_zone(self.zone)
            except DataError as error:
                raise ConfigError(error.got, error.expected, error.remedy) from error


class ReadTimes(NamedTuple):
    """Times as numbers, how the table wrote them, and what was found out about that."""

    times: Int64[np.ndarray, " rows"]
    type: TimeType
    notes: tuple[str, ...]


def read_times(column: pl.Series, reading: TimeReading | None = None) -> ReadTimes:
    """A column of times as int64, and its type.

    Raises:
        DataError: A time is missing or cannot be read, or the column holds no times.
    """
    reading = reading or TimeReading()
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise DataError(
            f"column {column.name!r} has {column.null_count()} missing times, first in row {row + 1}",
            "a time in every row",
            "Remove these rows or give them a time.",
        )
    found = _read_text(column, reading) if column.dtype == pl.String else _read_typed(column, reading)
    far = (found.times > _FURTHEST) | (found.times < -_FURTHEST)
    if far.any():
        row = int(far.argmax())
        raise DataError(
            f"column {column.name!r} has {column.cast(pl.String)[row]} in row {row + 1}",
            "times within 36,000 years of 1970, or whole numbers below 1.1e18",
            "Correct these times.",
        )
    return _on_the_clock_of(found, reading)


def _on_the_clock_of(found: ReadTimes, reading: TimeReading) -> ReadTimes:
    """Times without a zone as those of the clock of a zone, if one is named."""
    kind = found.type
    if reading.zone is None or kind.zone is not None or kind.epoch:
        return found
    if kind.kind == "integer":
        raise DataError(
            f"time_zone is {reading.zone} and times are whole numbers", "dates or datetimes", "Leave it out."
        )
    times = load_zone(reading.zone).utc(found.times)
    return ReadTimes(times, replace(kind, zone=reading.zone, local=True), found.notes)


def _read_text(column: pl.Series, reading: TimeReading) -> ReadTimes:
    likely = "" if reading.known is None else reading.known.pattern
    pattern = reading.format if reading.format not in FORMATS else ""
    text = read_text(column, pattern, likely)
    kind: Literal["datetime", "date"] = "datetime" if has_clock(text.pattern) else "date"
    wall = text.wall.cast(pl.Datetime("us")).to_physical().to_numpy()
    if text.offsets is None:
        return ReadTimes(wall, TimeType(kind, pattern=text.pattern), ())
    return _with_offsets(wall, text.offsets, TimeType("datetime", pattern=text.pattern), reading)


def _with_offsets(
    wall: Int64[np.ndarray, " rows"], written: pl.Series, kind: TimeType, reading: TimeReading
) -> ReadTimes:
    """Times of which each states its offset."""
    known = {text: offset_of(text) for text in written.unique()}
    offsets = written.replace_strict(known, return_dtype=pl.Int64).to_numpy()
    times = wall - offsets
    example = str(written[0])
    style = example if example == "Z" else "+00:00" if ":" in example else "+0000"
    before = () if reading.known is None or reading.known.zone is None else (reading.known.zone,)
    likely = [name for name in (reading.zone, *before) if name is not None and name[0] not in "+-"]
    constant = len(set(known.values())) == 1
    zone = next((name for name in likely if zone_of(times, offsets, [name]) == name), None)
    notes: tuple[str, ...] = ()
    if zone is None and constant:
        zone = "UTC" if example == "Z" else _colon(example)
    elif zone is None:
        zone = zone_of(times, offsets)
        shown = " and ".join(sorted(known)[:2])
        if zone is not None:
            notes = (f"times have offsets {shown}, as those of {zone} do; time_zone=... names another",)
        else:
            zone, style = "UTC", "Z"
            notes = (f"times have offsets {shown}: they come back in UTC; time_zone=... names their zone",)
    return ReadTimes(times, replace(kind, zone=zone, offset=style), notes)


def _colon(offset: str) -> str:
    return offset if ":" in offset else f"{offset[:3]}:{offset[3:]}"


def _offsets_as_text(offsets: Int64[np.ndarray, " rows"], style: str) -> pl.Series:
    """Offsets in microseconds in the style of an example."""
    minutes = offsets // 60_000_000
    between = ":" if ":" in style else ""
    known = {
        one: "Z"
        if style == "Z" and one == 0
        else f"{'-' if one < 0 else '+'}{abs(one) // 60:02d}{between}{abs(one) % 60:02d}"
        for one in np.unique(minutes).tolist()
    }
    return pl.Series(minutes).replace_strict(known, return_dtype=pl.String)


def _read_typed(column: pl.Series, reading: TimeReading) -> ReadTimes:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        if kind.time_zone:
            load_zone(kind.time_zone)
        times = column.cast(pl.Datetime("us", kind.time_zone)).to_physical()
        return ReadTimes(times.to_numpy(), TimeType("datetime", kind.time_unit, kind.time_zone), ())
    if kind == pl.Date:
        return ReadTimes(column.cast(pl.Datetime("us")).to_physical().to_numpy(), TimeType("date"), ())
    whole = kind.is_float() and bool((column.is_finite() & (column == column.round())).all())
    if kind.is_integer() or whole:
        furthest = np.iinfo(np.int64).max  # stands for all that are larger, which are refused
        return _read_numbers(column.cast(pl.Int64, strict=False).fill_null(furthest), reading)
    raise DataError(
        f"column {column.name!r} has type {kind} (such as {column.head(1).to_list()[0]!r})",
        "dates, datetimes or whole numbers",
        "Choose the column with --time (in Python time=...), or write times like 2020-01-31 14:00.",
    )


def _read_numbers(column: pl.Series, reading: TimeReading) -> ReadTimes:
    """Whole numbers: since 1970, days such as 20240131, or plain ones."""
    values = column.to_numpy()
    told = reading.format or _format_of(reading.known)
    found = told or _guessed(column)
    unit = found.removeprefix("epoch_")
    if unit in EPOCHS:
        word = _WORDS[unit]
        note = f"column {column.name!r} holds {word} since 1970 in UTC; time_format=integer keeps the numbers"
        return ReadTimes(
            _microseconds(values, unit), TimeType("datetime", epoch=unit), () if told else (note,)
        )
    if "%" in found:
        text = read_text(column.cast(pl.String), found)
        wall = text.wall.cast(pl.Datetime("us")).to_physical().to_numpy()
        note = f"column {column.name!r} holds days such as {values[0]}; time_format=integer keeps the numbers"
        return ReadTimes(wall, TimeType("date", pattern=text.pattern), () if told else (note,))
    return ReadTimes(values, TimeType("integer"), ())


def _format_of(known: TimeType | None) -> str:
    """How an earlier table wrote whole numbers; "" when it wrote none."""
    if known is None or (known.kind != "integer" and not known.epoch and known.pattern != _DAY_NUMBER):
        return ""
    return f"epoch_{known.epoch}" if known.epoch else known.pattern or INTEGER


def _guessed(column: pl.Series) -> str:
    """What whole numbers are, from their size alone and whether they are days."""
    lowest, highest = int(column.min()), int(column.max())  # type: ignore[arg-type]
    for unit, each in EPOCHS.items():
        if _FIRST_EPOCH * each <= lowest and highest <= _LAST_EPOCH * each:
            return f"epoch_{unit}"
    if lowest >= _FIRST_DAY and highest <= _LAST_DAY and column.n_unique() > 1:
        days = column.cast(pl.String).str.to_date(_DAY_NUMBER, strict=False)
        if not days.null_count():
            return _DAY_NUMBER
    return INTEGER


def _microseconds(values: Int64[np.ndarray, " rows"], unit: str) -> Int64[np.ndarray, " rows"]:
    each = EPOCHS[unit]
    furthest = np.iinfo(np.int64).max
    if each > EPOCHS["us"]:
        return values // (each // EPOCHS["us"])
    size = EPOCHS["us"] // each
    times: np.ndarray = np.where(np.abs(values) > furthest // size, furthest, values * size)
    return times


def _from_microseconds(times: Int64[np.ndarray, " rows"], unit: str) -> Int64[np.ndarray, " rows"]:
    each = EPOCHS[unit]
    fine, coarse = max(each // EPOCHS["us"], 1), max(EPOCHS["us"] // each, 1)
    values: np.ndarray = times * fine // coarse
    return values


def looks_like_time(column: pl.Series) -> bool:
    """Whether a column holds dates or datetimes, or text that is written like them."""
    if isinstance(column.dtype, pl.Datetime) or column.dtype == pl.Date:
        return True
    if column.dtype != pl.String:
        return False
    text = column.drop_nulls()
    pattern = f"{MOMENT}|{MONTH}|{QUARTER}"
    return len(text) > 0 and bool(text.head(100).str.contains(pattern).all())


def parse_text(column: pl.Series) -> pl.Series:
    """Text as dates or datetimes (in UTC where it states offsets); other columns as they are.

    Raises:
        DataError: A text cannot be read as a time.
    """
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype != pl.String or column.is_null().all():
        return column
    found: TextTimes = read_text(column)
    if found.offsets is None:
        return found.wall
    known = {text: offset_of(text) for text in found.offsets.drop_nulls().unique()}
    offsets = found.offsets.replace_strict(known, return_dtype=pl.Int64)
    return (found.wall.to_physical() - offsets).cast(pl.Datetime("us", "UTC")).alias(column.name)
