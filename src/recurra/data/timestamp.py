"""A column of times as int64, and back in the type it came in.

Dates and datetimes become microseconds since 1970-01-01 in UTC; whole numbers stay what they are. Text is
written year first (ISO 8601), or day or month first where only one reading fits all rows: 01/02/2020 alone
means different days to different people.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from jaxtyping import Int64

from recurra.data.zone import load_zone
from recurra.errors import DataError

_ISO = (
    r"^\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?\s*$"
)
_MONTH = r"^\s*\d{4}-\d{2}\s*$"
_QUARTER = r"^\s*(\d{4})-?[Qq]([1-4])\s*$"
_LOCAL = r"^\s*(\d{1,2})([./-])(\d{1,2})[./-](\d{4})(?:[T ]+(\d{1,2}:\d{2}(?::\d{2})?))?\s*$"
_FURTHEST = 1 << 60  # microseconds; leaves room for the arithmetic of grids


@dataclass(frozen=True)
class TimeType:
    """How a table writes its times.

    Attributes:
        kind: "datetime", "date", or "integer".
        unit: Of a datetime: "ms", "us" or "ns".
        zone: Of a datetime; None when it has none.
    """

    kind: Literal["datetime", "date", "integer"]
    unit: Literal["ms", "us", "ns"] = "us"
    zone: str | None = None

    def column(self, times: Int64[np.ndarray, " rows"], name: str) -> pl.Series:
        """Times as the table wrote them."""
        series = pl.Series(name, times)
        if self.kind == "integer":
            return series
        if self.kind == "date" and not np.any(times % 86_400_000_000):
            return series.cast(pl.Datetime("us")).cast(pl.Date)
        if self.zone is None:
            return series.cast(pl.Datetime("us")).cast(pl.Datetime(self.unit))
        utc = series.cast(pl.Datetime("us", "UTC")).cast(pl.Datetime(self.unit, "UTC"))
        return utc.dt.convert_time_zone(self.zone)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "TimeType":
        """The type that `to_dict` described."""
        return cls(**description)


def read_times(column: pl.Series) -> tuple[Int64[np.ndarray, " rows"], TimeType]:
    """A column of times as int64, and its type.

    Raises:
        DataError: A time is missing or cannot be read, or the column holds no times.
    """
    column = parse_text(column)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise DataError(
            f"column {column.name!r} has {column.null_count()} missing times, first in row {row + 1}",
            "a time in every row",
            "Remove these rows or give them a time.",
        )
    times, kind = _as_numbers(column)
    far = (times > _FURTHEST) | (times < -_FURTHEST)
    if far.any():
        row = int(far.argmax())
        raise DataError(
            f"column {column.name!r} has {column.cast(pl.String)[row]} in row {row + 1}",
            "times within 36,000 years of 1970, or whole numbers below 1.1e18",
            "Correct these times.",
        )
    return times, kind


def _as_numbers(column: pl.Series) -> tuple[Int64[np.ndarray, " rows"], TimeType]:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        if kind.time_zone:
            load_zone(kind.time_zone)
        times = column.cast(pl.Datetime("us", kind.time_zone)).to_physical()
        return times.to_numpy(), TimeType("datetime", kind.time_unit, kind.time_zone)
    if kind == pl.Date:
        return column.cast(pl.Datetime("us")).to_physical().to_numpy(), TimeType("date")
    whole = kind.is_float() and bool((column.is_finite() & (column == column.round())).all())
    if kind.is_integer() or whole:
        furthest = np.iinfo(np.int64).max  # stands for all that are larger, which are refused
        return column.cast(pl.Int64, strict=False).fill_null(furthest).to_numpy(), TimeType("integer")
    raise DataError(
        f"column {column.name!r} has type {kind} (such as {column.head(1).to_list()[0]!r})",
        "dates, datetimes or whole numbers",
        "Choose the column with time=..., or write times like 2020-01-31 or 2020-01-31 14:00.",
    )


def looks_like_time(column: pl.Series) -> bool:
    """Whether a column holds dates or datetimes, or text that is written like them."""
    if isinstance(column.dtype, pl.Datetime) or column.dtype == pl.Date:
        return True
    if column.dtype != pl.String:
        return False
    text = column.drop_nulls()
    pattern = f"{_ISO}|{_MONTH}|{_QUARTER}|{_LOCAL}"
    return len(text) > 0 and bool(text.head(100).str.contains(pattern).all())


def parse_text(column: pl.Series) -> pl.Series:
    """Text as dates or datetimes; other columns as they are.

    Raises:
        DataError: A text cannot be read as a time.
    """
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype != pl.String or column.is_null().all():
        return column
    first = column.drop_nulls()[0]
    parsed = _parse_like(column, first)
    if parsed is None or parsed.null_count() > column.null_count():
        wrong = parsed.is_null() & column.is_not_null() if parsed is not None else column.is_not_null()
        row = int(wrong.arg_max() or 0)
        raise DataError(
            f"column {column.name!r} has {column[row]!r} in row {row + 1}",
            "times all written in one way, the year first or last",
            "Write them like 2020-01-31, 2020-01-31 14:00 or 2020-01-31T14:00:00+01:00.",
        )
    return parsed


def _parse_like(column: pl.Series, first: str) -> pl.Series | None:
    """Text as times in the way its first value is written; None when that is no way we know."""
    example = pl.Series([first])
    if bool(example.str.contains(_QUARTER).all()):
        parts = column.str.extract_groups(_QUARTER)
        year, quarter = parts.struct.field("1"), parts.struct.field("2").cast(pl.Int32)
        month = (quarter * 3 - 2).cast(pl.String).str.zfill(2)
        return (year + "-" + month + "-01").str.to_date("%Y-%m-%d", strict=False).alias(column.name)
    if bool(example.str.contains(_MONTH).all()):
        return (column.str.strip_chars() + "-01").str.to_date("%Y-%m-%d", strict=False)
    if bool(example.str.contains(_LOCAL).all()):
        return _parse_local(column)
    if not bool(example.str.contains(_ISO).all()):
        return None
    zoned = bool(example.str.extract(_ISO, 1).is_not_null().all())
    try:
        return _parse_iso(column, first, "UTC" if zoned else None)
    except pl.exceptions.PolarsError:
        return None


def _parse_local(column: pl.Series) -> pl.Series:
    """Times written day or month first (31.12.2020, 12/31/2020 23:59); null where the likelier reading fails.

    Raises:
        DataError: Both readings fit all rows.
    """
    parts = column.str.extract_groups(_LOCAL).struct
    first, second = (parts.field(number).str.zfill(2) for number in ("1", "3"))
    clock = parts.field("5")
    times = None
    if clock.null_count() < len(clock):
        times = clock.zip_with(clock.str.count_matches(":") == 2, clock + ":00")
    by_order = [
        _joined(parts.field("4"), month, day, times) for day, month in ((first, second), (second, first))
    ]
    failures = [one.null_count() - column.null_count() for one in by_order]
    with_points = bool(
        (parts.field("2").drop_nulls() == ".").all()
    )  # which nobody writes with the month first
    if failures == [0, 0] and not with_points:
        raise DataError(
            f"column {column.name!r} may be day or month first (such as {column.drop_nulls()[0]!r})",
            "times that can be read in one way only",
            "Write them year first, like 2020-01-31.",
        )
    return by_order[0 if with_points or failures[0] <= failures[1] else 1].alias(column.name)


def _joined(year: pl.Series, month: pl.Series, day: pl.Series, times: pl.Series | None) -> pl.Series:
    """Dates, or datetimes, of their parts as text; null where there is no such date."""
    date = year + "-" + month + "-" + day
    if times is None:
        return date.str.to_date("%Y-%m-%d", strict=False)
    whole = date + " " + times.fill_null("00:00:00").str.zfill(8)
    return whole.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")


def _parse_iso(column: pl.Series, first: str, zone: str | None) -> pl.Series:
    if ":" not in first:
        return column.str.strip_chars().str.to_date(strict=False)
    for pattern in _patterns(first):
        parsed = column.str.to_datetime(pattern, strict=False, time_unit="us")
        if parsed.null_count() == column.null_count():
            return parsed
    return column.str.strip_chars().str.to_datetime(strict=False, time_unit="us", time_zone=zone)


def _patterns(first: str) -> list[str]:
    """How a plain datetime may be written, fastest first; for others polars is asked, which is slow."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?", first):
        return []
    minutes = f"%Y-%m-%d{first[10]}%H:%M"
    return [minutes] if first.count(":") == 1 else [f"{minutes}:%S", f"{minutes}:%S%.f"]
