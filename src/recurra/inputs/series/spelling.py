"""How times of live rows are written: text of ISO 8601 and the like, in a pattern, or numbers; no polars."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Int64

from recurra.data.epoch import EPOCHS
from recurra.data.zone import DAY, SECOND

Unit = Literal["", "D", "m", "s", "us"]

_QUARTER = re.compile(r"(\d{4})-?[Qq]([1-4])")
_YEAR_FIRST = re.compile(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ](.+))?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})(?:[T ]+(\d{1,2}:\d{2}(?::\d{2})?))?")
_OFFSET = re.compile(r"\s*(Z|[+-]\d{2}:?\d{2})$")
_ISO = re.compile(r"%Y-%m-%d([T ]%H:%M(:%S)?)?")
_DAY_ONLY = 10  # letters of a date
_BEGIN = datetime(1970, 1, 1)


class Style(NamedTuple):
    """How a time was written.

    Attributes:
        unit: The smallest part that was written: "D" of a date, "" of a whole number.
        separator: Between date and time of day.
        zone: "" without one, "Z", or "+" for an offset.
        pattern: Of text that is not written like 2020-01-31 14:00, in letters of `strftime`.
        epoch: Of a number, the unit in which it counts from 1970.
    """

    unit: Unit = "D"
    separator: str = "T"
    zone: str = ""
    pattern: str = ""
    epoch: str = ""


_DAYS = Style()


@dataclass(frozen=True)
class Spelling:
    """How the times of a column are written, as far as a time alone does not tell.

    Attributes:
        pattern: Letters of `strftime`, without the offset; "" where times are like 2020-01-31 14:00.
        epoch: The unit in which numbers count from 1970: "s", "ms", "us", "ns"; "" where they do not.
        local: Whether times without a zone are those of the clock of the grid's zone.
        strict: Whether no time may be written otherwise.
    """

    pattern: str = ""
    epoch: str = ""
    local: bool = False
    strict: bool = False

    @classmethod
    def of(cls, pattern: str, epoch: str, *, local: bool) -> "Spelling":
        """That of a table."""
        return cls("" if _ISO.fullmatch(pattern) else pattern, epoch, local)

    def told(self, time_format: str) -> "Spelling":
        """That which a caller names: a pattern, or "epoch_s" (ms, us, ns)."""
        if time_format.startswith("epoch_"):
            return Spelling(epoch=time_format.removeprefix("epoch_"), strict=True)
        return Spelling(re.sub(r"\s*(%:?z|Z)$", "", time_format), local=self.local, strict=True)

    @property
    def expected(self) -> str:
        """What is expected, in words."""
        if self.epoch:
            return f"{self.epoch} since 1970, as a number"
        return f"a time written as {self.pattern!r}" if self.pattern else "a time such as 2020-01-31 14:00"

    def number(self, given: object) -> int | None:
        """Microseconds since 1970 of a number, where numbers are times; None of anything else."""
        if not self.epoch or isinstance(given, bool) or not isinstance(given, int | float | str):
            return None
        try:
            value = int(given) if isinstance(given, int) or float(given).is_integer() else float(given)
            return int(value * SECOND // EPOCHS[self.epoch])
        except (ValueError, OverflowError):
            return None

    def read(self, given: object) -> tuple[datetime | None, Style]:
        """A time that is no number since 1970, and how it was written; None where it is none."""
        if self.pattern and isinstance(given, str | int) and not isinstance(given, bool):
            when, style = _in_pattern(str(given).strip(), self.pattern)
            if when is not None:
                return when, style._replace(unit="") if isinstance(given, int) else style
        return (None, _DAYS) if self.strict else _written_time(given)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Spelling":
        """The spelling that `to_dict` described.

        Raises:
            ValueError, TypeError: It is none.
        """
        found = cls(**description)
        texts, truths = (found.pattern, found.epoch), (found.local, found.strict)
        if not all(isinstance(one, str) for one in texts) or not all(isinstance(one, bool) for one in truths):
            raise ValueError("no description of how times are written")
        if found.epoch and found.epoch not in EPOCHS:
            raise ValueError(f"times in {found.epoch!r} since 1970")
        return found


def write(times: Int64[np.ndarray, " steps"], wall: Int64[np.ndarray, " steps"], style: Style) -> np.ndarray:
    """Times as numbers, or as text in a style; (steps,).

    Args:
        times: Microseconds since 1970 in UTC.
        wall: What the clock shows at them; as `times` where there is no zone.
        style: How to write them.
    """
    if style.epoch:
        each = EPOCHS[style.epoch]
        fine, coarse = max(each // SECOND, 1), max(SECOND // each, 1)
        numbers: np.ndarray = times * fine // coarse
        return numbers
    if style.pattern:
        texts = np.array([_formatted(one, style.pattern) for one in wall.tolist()])
    else:
        unit: Any = style.unit if style.unit != "D" or not np.any(wall % DAY) else "s"
        texts = np.datetime_as_string(wall.astype("datetime64[us]"), unit=unit)
        if style.separator != "T":
            texts = np.char.replace(texts, "T", style.separator)
    if style.zone:
        texts = np.char.add(
            texts, "Z" if style.zone == "Z" else [_offset(one) for one in (wall - times).tolist()]
        )
    is_number = style.pattern and not style.unit and all(text.isdecimal() for text in texts)
    return texts.astype(np.int64) if is_number else texts


def _in_pattern(text: str, pattern: str) -> tuple[datetime | None, Style]:
    """A time in a pattern, with or without an offset behind it."""
    if "%q" in pattern:
        when = _spelt(text) if _QUARTER.fullmatch(text) else None
        return when, Style(pattern=pattern)
    letters = re.sub(r"%[-:]", "%", pattern)
    if not any(day in pattern for day in ("d", "%e", "%j")):
        text, letters = f"{text} 01", f"{letters} %d"
    for own in (letters, f"{letters}.%f"):
        if (when := _parsed(text, own)) is not None:
            return when, Style(pattern=pattern)
    if found := _OFFSET.search(text):
        when = _parsed(f"{text[: found.start()]} {found[1]}", f"{letters} %z")
        return when, Style(pattern=pattern, zone="Z" if found[1] == "Z" else "+")
    return None, _DAYS


def _parsed(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)
    except (ValueError, OverflowError):
        return None


def _formatted(wall: int, pattern: str) -> str:
    try:
        when = _BEGIN + timedelta(microseconds=wall)
    except OverflowError:  # after the year 9999
        return str(np.datetime64(wall, "us"))
    if wall % DAY and not any(hour in pattern for hour in ("H", "I", "%T", "%R")):
        pattern += " %H:%M:%S"
    short = re.sub(r"%-(\w)", lambda found: str(int(when.strftime(f"%{found[1]}"))), pattern)
    return when.strftime(short.replace("%q", str((when.month + 2) // 3)))


def _written_time(given: object) -> tuple[datetime | None, Style]:
    """A time, and how it was written; None where it is none."""
    if isinstance(given, datetime):
        return given, Style("us" if given.microsecond else "s", zone="+" if given.tzinfo else "")
    if isinstance(given, date):
        return datetime.combine(given, time()), Style()
    if not isinstance(given, str):
        return None, Style()
    text = given.strip()
    try:
        when: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        when = _spelt(text)
    return when, _style(text)


def _style(text: str) -> Style:
    if len(text) == _DAY_ONLY:
        return _DAYS
    clock = re.split(r"[Zz+-]", text[_DAY_ONLY:])[0]
    if ":" not in clock:
        return _DAYS
    unit: Unit = "us" if re.search("[.,]", clock) else "s" if clock.count(":") > 1 else "m"
    zone = "Z" if text[-1] in "Zz" else "+" if re.search(r"[+-]\d\d:?\d\d$", text[_DAY_ONLY:]) else ""
    return Style(unit, "T" if "T" in text else " ", zone)


def _spelt(text: str) -> datetime | None:
    """A time that is not in full, or has the year last; None where days and months cannot be told apart."""
    if found := _QUARTER.fullmatch(text):
        return _day(found[1], str(3 * int(found[2]) - 2), "1", None)
    if found := _YEAR_FIRST.fullmatch(text):
        return _day(found[1], found[2], found[3] or "1", found[4])
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return None
    first, separator, second, year, clock = found.groups()
    if separator == "." or int(first) > 12:
        return _day(year, second, first, clock)
    return _day(year, first, second, clock) if int(second) > 12 else None


def _day(year: str, month: str, day: str, clock: str | None) -> datetime | None:
    try:
        whole = datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}")
        return whole if clock is None else datetime.fromisoformat(f"{whole.date()}T{clock:0>5}")
    except ValueError:
        return None


def _offset(microseconds: int) -> str:
    minutes = int(microseconds) // (60 * SECOND)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
