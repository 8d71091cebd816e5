"""The settings of how tables of series are read."""

import re
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator

from recurra.config import Config, Option
from recurra.data.epoch import FORMATS, is_format
from recurra.errors import ConfigError

_LETTERS = re.compile(r"%[-_0#:.369]*(.?)")
_KNOWN = frozenset("aAbBcCdDeFfgGhHIjklmMnpPqrRsStTuUvVwWxXyYzZ%+")  # what polars reads


class SeriesConfig(Config):
    """Which columns of a table are what, and how its times and numbers are written.

    Attributes:
        target: Column of values; several with commas between are each a series of their own.
        time: Column of time stamps (or whole numbers); "auto" takes `ds`, or the only column of times.
        unique_id: Column that names the series; "auto" takes `unique_id` where there is one.
        wide: Whether each column is a series, named by its heading; "auto" takes it so where the names of all
            but the time differ in a number alone (store_1, store_2).
        time_format: How times are written: letters of strftime ("%d/%m/%Y %H:%M"), "integer", or "epoch_s"
            (ms, us, ns); "auto" finds out. New data may have another.
        decimal: Sign before the decimals of numbers in CSV (1.234,5 has a comma); "auto" finds out, and
            refuses what may be thousands. New data are read as those of training, unless it is given anew.
        time_zone: Zone whose days and hours count ("Europe/Berlin"); "auto" takes that of the times.
        frequency: Distance of two steps ("1h", "15min", "1d", "b" for business days, "1mo", "1" for whole
            numbers); "auto" infers it.
        season_length: Steps of a season; "auto" takes the natural one of the frequency (24 for hours).
    """

    heading: ClassVar[str] = "Tables of series:"

    target: Annotated[str, Option("COLUMN")] = "auto"
    time: Annotated[str, Option("COLUMN")] = "auto"
    unique_id: Annotated[str, Option("COLUMN", "--id")] = "auto"
    wide: Annotated[bool | Literal["auto"], Option("", "--wide/--no-wide")] = "auto"
    time_format: Annotated[str, Option("FORMAT", "--time-format", again=True)] = "auto"
    decimal: Annotated[Literal["auto", ".", ","], Option("SIGN", "--decimal", again=True)] = "auto"
    time_zone: Annotated[str, Option("ZONE", "--time-zone")] = "auto"
    frequency: str = "auto"
    season_length: int | Literal["auto"] = "auto"

    @field_validator("time_format")
    @classmethod
    def _is_format(cls, value: str) -> str:
        if value != "auto" and not is_format(value):
            raise ValueError(f"a pattern such as %d/%m/%Y, {', '.join(FORMATS)}, or auto")
        if unknown := [found[0] for found in _LETTERS.finditer(value) if found[1] not in _KNOWN]:
            raise ValueError(f"letters of strftime such as %d/%m/%Y, and {', '.join(unknown)} is none")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if value == "auto" or re.fullmatch(r"[+-]\d{2}:\d{2}", value):
            return value
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("a name of the IANA database such as Europe/Berlin, or auto") from error
        return value

    @field_validator("frequency")
    @classmethod
    def _is_frequency(cls, value: str) -> str:
        if value != "auto":
            from recurra.inputs.series.frequency import parse_frequency  # noqa: PLC0415 - help needs no NumPy

            try:
                parse_frequency(value)
            except ConfigError as error:
                raise ValueError(f"{error.expected}, or auto") from error
        return value

    @field_validator("season_length")
    @classmethod
    def _is_a_season(cls, value: int | Literal["auto"]) -> int | Literal["auto"]:
        return at_least(1, value)


def at_least(lowest: int, value: int | Literal["auto"]) -> int | Literal["auto"]:
    """The whole number, or "auto", for validators of settings.

    Raises:
        ValueError: It is below the lowest.
    """
    if value != "auto" and value < lowest:
        raise ValueError(f"a whole number of at least {lowest}, or auto")
    return value


def named(value: str) -> str | None:
    """What a setting names; None of "auto"."""
    return None if value == "auto" else value
