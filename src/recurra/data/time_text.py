"""Times as text: which pattern a column is written in, its times, and times written in that pattern again.

Patterns are those of `strftime`. Day and month may come in either order, and a year may have two digits:
where more than one reading fits all rows, none is taken, since 01/02/2020 means different days to different
people.
"""

import re
from typing import NamedTuple

import polars as pl

from recurra.errors import DataError

QUARTER = r"^\s*(\d{4})(-?)[Qq]([1-4])\s*$"
MONTH = r"^\s*(\d{4})([-/])(\d{2})\s*$"
_DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})"
    r"|\d{1,2}[- ][A-Za-z]{3,9}[- ](?:\d{4}|\d{2})|[A-Za-z]{3,9} \d{1,2},? \d{4})"
)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?"
_OFFSET = r"\s*(Z|[+-]\d{2}:?\d{2})$"
MOMENT = rf"^\s*{_DATE}(?:[T ]+{_CLOCK}(?:\s*(?:Z|[+-]\d{{2}}:?\d{{2}}))?)?\s*$"
_SHAPE = re.compile(rf"({_DATE})(?:([T ]+)({_CLOCK})(?:\s*(?:Z|[+-]\d{{2}}:?\d{{2}}))?)?")
_HAS_CLOCK = r"\d:\d{2}"
_LOOKED_AT = 1000
_PARTS = re.compile(r"(\d+|[A-Za-z]+)([-/. ])(\d+|[A-Za-z]+)(, |[-/. ])(\d+)")


class TextTimes(NamedTuple):
    """A column of text, read.

    Attributes:
        wall: What the clock shows: dates, or datetimes without a zone, null where the text is.
        pattern: How it is written, without the offset.
        offsets: The offset of each row as it is written ("Z", "+01:00"); None when there are none.
    """

    wall: pl.Series
    pattern: str
    offsets: pl.Series | None


def read_text(column: pl.Series, pattern: str = "", likely: str = "") -> TextTimes:
    """Read a column of text as times.

    Args:
        column: Text; null is missing.
        pattern: How it is written; "" to find out.
        likely: A pattern that is taken where it is one of several that fit.

    Raises:
        DataError: A text cannot be read, or can be read in several ways.
    """
    text = column.str.strip_chars()
    example = text.drop_nulls()[0]
    if pattern:
        return _as_told(column, text, pattern)
    for special, made in ((QUARTER, _quarters), (MONTH, _months)):
        if re.match(special, example):
            wall, found = made(text, example)
            return TextTimes(_whole(column, wall), found, None)
    offsets = None
    if re.search(_OFFSET, example) and re.search(_HAS_CLOCK, example):
        offsets = text.str.extract(_OFFSET, 1)
        if offsets.null_count() > column.null_count():
            raise _strange(column, offsets)
        text = text.str.replace(_OFFSET, "")
    shape = _SHAPE.fullmatch(text.drop_nulls()[0])
    if shape is None:
        raise _strange(column, None)
    wall, found = _read_shape(column, text, shape, likely)
    return TextTimes(wall.alias(column.name), found, offsets)


def write_text(wall: pl.Series, pattern: str) -> pl.Series:
    """Datetimes as text; a pattern without a clock gets one where a time is not midnight."""
    if not has_clock(pattern) and bool((wall.dt.truncate("1d") != wall).any()):
        pattern += " %H:%M:%S"
    return wall.dt.to_string(pattern)


def has_clock(pattern: str) -> bool:
    """Whether a pattern says more than the day."""
    return any(part in pattern for part in ("%H", "%I", "%-H", "%-I", "%T", "%R"))


def _read_shape(
    column: pl.Series, text: pl.Series, shape: re.Match[str], likely: str
) -> tuple[pl.Series, str]:
    """Text that looks like its first value, by the one reading of its date that fits all rows."""
    date, gap, clock = shape.groups()
    dates = _date_patterns(date)
    if clock is None and bool(text.str.contains(_HAS_CLOCK).any()):  # midnight, written without a clock
        gap, clock = " ", "00:00"
    clocks = [] if clock is None else _clock_patterns(clock)
    for end in clocks or [""]:
        known = [one + (gap or "").replace("  ", " ") + end for one in dates]
        fitting = [one for one in known if _fits(column, _parsed(text, one))]
        if fitting:
            return _only(column, text, fitting, likely)
    if clock is None:
        raise _strange(column, max((_parsed(text, one) for one in dates), key=pl.Series.count))
    filled = _with_seconds(text, gap)
    known = [f"{one} %H:%M:%S%.f" for one in dates]
    fitting = [one for one in known if _fits(column, _parsed(filled, one))]
    if not fitting:
        raise _strange(column, max((_parsed(filled, one) for one in known), key=pl.Series.count))
    wall, pattern = _only(column, filled, fitting, likely)
    return wall, pattern.removesuffix("%.f")


def _date_patterns(example: str) -> list[str]:
    """How the date of an example may be read."""
    parts = _PARTS.fullmatch(example)
    if parts is None:
        return []
    first, before, second, after, _ = parts.groups()
    year = "%Y" if len(parts[5]) == 4 else "%y"
    if len(first) == 4 and first.isdigit():
        orders = [("%Y", "%m", "%d")]
    elif not first.isdigit():
        orders = [("%b" if len(first) == 3 else "%B", "%d", year)]
    elif not second.isdigit():
        orders = [("%d", "%b" if len(second) == 3 else "%B", year)]
    elif before == ".":  # which nobody writes with the month first
        orders = [("%d", "%m", year)]
    else:
        orders = [("%d", "%m", year), ("%m", "%d", year)]
    return [before.join(one[:2]) + after + one[2] for one in orders]


def _clock_patterns(example: str) -> list[str]:
    """How the clock of an example may be written."""
    half = re.search(r"( ?)[AaPp][Mm]$", example)
    start = "%I:%M" if half else "%H:%M"
    end = "" if half is None else f"{half[1]}%p"
    if example.count(":") == 1:
        return [start + end]
    return [f"{start}:%S{end}"] if "." not in example else [f"{start}:%S%.f{end}"]


def _only(column: pl.Series, text: pl.Series, fitting: list[str], likely: str) -> tuple[pl.Series, str]:
    """The reading that is left, or the likely one, with numbers as long as they are written.

    Raises:
        DataError: There are several.
    """
    shorter = [re.sub("%([dmHI])", r"%-\1", one) for one in fitting]
    known = [one for one in (*fitting, *shorter) if one == likely]
    if len(fitting) > 1 and not known:
        names = " or ".join(f"--time-format '{one}'" for one in fitting)
        raise DataError(
            f"column {column.name!r} may be day or month first (such as {column.drop_nulls()[0]!r})",
            "times that can be read in one way only",
            f"Say which: {names} (in Python time_format=...).",
        )
    pattern = re.sub("%-", "%", known[0]) if known else fitting[0]
    wall = _parsed(text, pattern)
    written = write_text(wall.drop_nulls().head(_LOOKED_AT), pattern.replace("%.f", ""))
    given = text.drop_nulls().head(_LOOKED_AT).str.replace(r"(:\d{2})\.\d+", "$1")
    if bool((written.str.len_chars() > given.str.len_chars()).any()):
        pattern = re.sub("%([dmHI])", r"%-\1", pattern)
    return wall, pattern


def _as_told(column: pl.Series, text: pl.Series, pattern: str) -> TextTimes:
    """Text in the pattern that the caller names."""
    offsets = None
    if pattern.endswith(("%z", "%:z", "Z")):
        offsets = text.str.extract(_OFFSET, 1)
        text, pattern = text.str.replace(_OFFSET, ""), re.sub(r"\s*(%:?z|Z)$", "", pattern)
    wall = _parsed(text, pattern)
    if not _fits(column, wall) or (offsets is not None and not _fits(column, offsets)):
        wrong = wall if not _fits(column, wall) else offsets
        raise DataError(
            f"column {column.name!r} has {_first(column, wrong)}",
            f"times written as {pattern!r}, as --time-format says",
            "Correct the format (letters as of strftime: %d %m %Y %H:%M:%S), or these rows.",
        )
    return TextTimes(wall.alias(column.name), pattern, offsets)


def _parsed(text: pl.Series, pattern: str) -> pl.Series:
    """Dates or datetimes of text in a pattern, null where it is written otherwise."""
    if has_clock(pattern) and not any(part in pattern for part in ("%M", "%T", "%R")):
        text, pattern = text + " 00", f"{pattern} %M"  # polars takes no hour without minutes
    if not has_clock(pattern) and not any(part in pattern for part in ("d", "%e", "%j")):
        text, pattern = text + " 01", f"{pattern} %d"
    try:
        if has_clock(pattern):
            return text.str.to_datetime(pattern, strict=False, time_unit="us")
        return text.str.to_date(pattern, strict=False)
    except pl.exceptions.PolarsError:
        return pl.Series(text.name, [None] * len(text), dtype=pl.Date)


def _with_seconds(text: pl.Series, gap: str) -> pl.Series:
    """Times with a clock of hours, minutes and seconds, 0 where a row says less."""
    whole = text.str.replace_all(gap.strip(" ") or r"\s+", " ").str.replace(r"(\d),(\d+)$", "$1.$2")
    clocked = whole.zip_with(whole.str.contains(_HAS_CLOCK), whole + " 00:00")
    return clocked.zip_with(clocked.str.count_matches(":") == 2, clocked + ":00")


def _quarters(text: pl.Series, example: str) -> tuple[pl.Series, str]:
    parts = text.str.extract_groups(QUARTER).struct
    month = (parts.field("3").cast(pl.Int32) * 3 - 2).cast(pl.String).str.zfill(2)
    letter = "Q" if "Q" in example else "q"
    dash = "-" if "-" in example else ""
    return (parts.field("1") + "-" + month + "-01").str.to_date(
        "%Y-%m-%d", strict=False
    ), f"%Y{dash}{letter}%q"


def _months(text: pl.Series, example: str) -> tuple[pl.Series, str]:
    separator = example[4]
    return (text + f"{separator}01").str.to_date(
        f"%Y{separator}%m{separator}%d", strict=False
    ), f"%Y{separator}%m"


def _whole(column: pl.Series, wall: pl.Series) -> pl.Series:
    """The times, if all could be read."""
    if not _fits(column, wall):
        raise _strange(column, wall)
    return wall.alias(column.name)


def _fits(column: pl.Series, read: pl.Series) -> bool:
    return read.null_count() == column.null_count()


def _first(column: pl.Series, read: pl.Series | None) -> str:
    """The first value that could not be read, and where it stands."""
    wrong = column.is_not_null() if read is None else read.is_null() & column.is_not_null()
    row, count = int(wrong.arg_max() or 0), int(wrong.sum())
    more = f", and {count - 1:,} more such times" if count > 1 and read is not None else ""
    return f"{column[row]!r} in row {row + 1}{more}"


def _strange(column: pl.Series, read: pl.Series | None) -> DataError:
    """The error for text that is no time, or written otherwise than the first."""
    return DataError(
        f"column {column.name!r} has {_first(column, read)}",
        "times all written in one way, such as 2020-01-31, 2020-01-31 14:00 or 31.01.2020",
        "Remove rows that hold none, or write all alike; times of another form need --time-format, such as "
        "'%d/%m/%Y %H:%M' (in Python time_format=...).",
    )
