"""Which column of a long table is what: by convention (`unique_id`, `ds`, `y`), by name, or found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from recurra.data.naming import listed
from recurra.data.reader import require_columns
from recurra.data.timestamp import looks_like_time
from recurra.errors import DataError

UNIQUE_ID, TIME, TARGET = "unique_id", "ds", "y"
SINGLE_SERIES = "series"


@dataclass(frozen=True)
class Columns:
    """The roles of a table's columns.

    Attributes:
        unique_id: Names the series of a row; None: the table is one series, called "series".
        time: When.
        target: What is forecast.
        past: Covariates known up to now.
        future: Covariates known for the time to be forecast as well (prices, holidays).
        static: Covariates that are the same for all rows of a series.
        categorical: Those covariates to read as categories although they are numbers.
        wide: Columns of a wide table, each of which is a series; none: the table is long.
    """

    unique_id: str | None
    time: str
    target: str
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        used = Counter(self.names)
        twice = [name for name, count in used.items() if count > 1]
        if twice:
            raise DataError(
                f"column {twice[0]!r} has two roles",
                "one role for every column",
                "Name it once; the target's own past needs no covariate.",
            )
        stray = [name for name in self.categorical if name not in self.covariates]
        if stray:
            raise DataError(
                f"categorical column {stray[0]!r} is no covariate",
                f"one of the covariates: {listed(self.covariates)}",
                "Name it in past, future or static as well.",
            )

    @property
    def covariates(self) -> tuple[str, ...]:
        """Past, future and static covariates, in this order."""
        return (*self.past, *self.future, *self.static)

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that have a role."""
        return (*filter(None, [self.unique_id]), self.time, self.target, *self.covariates)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "Columns":
        """The columns that `to_dict` described."""
        lists = ("past", "future", "static", "categorical", "wide")
        names: dict[str, Any] = {key: tuple(description.get(key, ())) for key in lists}
        return cls(description["unique_id"], description["time"], description["target"], **names)


@dataclass(frozen=True)
class Wanted:
    """The columns that a caller names; what is None is looked up.

    Attributes:
        unique_id, time, target: As of `Columns`; a target may be several series ("a,b").
        past, future, static, categorical: As of `Columns`.
        wide: Whether each column is a series; None: so where nothing else can be meant.
    """

    unique_id: str | None = None
    time: str | None = None
    target: str | None = None
    past: Sequence[str] = ()
    future: Sequence[str] = ()
    static: Sequence[str] = ()
    categorical: Sequence[str] = ()
    wide: bool | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """All columns but the time that are named."""
        return (*filter(None, (self.unique_id, self.target)), *self.past, *self.future, *self.static)


def resolve_columns(
    frame: pl.DataFrame,
    wanted: Wanted | None = None,
    *,
    static: pl.DataFrame | None = None,
    source: str = "the table",
) -> tuple[Columns, list[str]]:
    """Find the roles of a table's columns.

    A column that is not named is looked up by convention (`unique_id`, `ds`, `y`). Without it, the table is
    one series, its time is the only column of dates, and its target the only numeric column that has no other
    role. Static covariates are columns of the table, or of `static`: those named, or all but its ids.

    Returns:
        The columns, and a sentence about every one that was found otherwise than by name.

    Raises:
        DataError: A named column does not exist, has two roles, or the choice is not clear.
    """
    wanted = wanted or Wanted()
    unique_id, time, target = wanted.unique_id, wanted.time, wanted.target
    past, future, fixed = wanted.past, wanted.future, wanted.static
    named = (unique_id, time, target, *past, *future, *(fixed if static is None else ()))
    require_columns(frame.columns, [name for name in named if name is not None], source)
    notes: list[str] = []
    taken = {*past, *future, *fixed}
    if unique_id is None:
        unique_id = UNIQUE_ID if UNIQUE_ID in frame.columns and UNIQUE_ID not in (time, target) else None
        if unique_id is None:
            notes.append(f"no column {UNIQUE_ID!r}: all rows are one series")
    taken.add(unique_id or "")
    if static is not None and not fixed:
        fixed = [name for name in static.columns if name != unique_id]
    if time is None:
        time = TIME if TIME in frame.columns and target != TIME else None
        if time is None:
            time = _only_time(frame.select(pl.exclude([*taken, target or ""])), source)
            notes.append(f"time is column {time!r}, the only one that holds dates")
    if target is None:
        target = TARGET if TARGET in frame.columns and time != TARGET else None
        if target is None:
            target = _only_number(frame.select(pl.exclude([*taken, time])), source)
            notes.append(f"target is column {target!r}, the only numeric one without another role")
    lists = (tuple(names) for names in (past, future, fixed, wanted.categorical))
    return Columns(unique_id, time, target, *lists), notes


def _only_time(frame: pl.DataFrame, source: str) -> str:
    candidates = [column.name for column in frame if looks_like_time(column)]
    if len(candidates) == 1:
        return candidates[0]
    found = (
        f"{listed(candidates)} all hold dates"
        if candidates
        else f"no column {TIME!r} and none that holds dates"
    )
    joined = "" if candidates else ", or join its parts (year, month, ...) to one such as 2020-01-31"
    raise DataError(
        f"{source} leaves the time open: {found}",
        "one column of dates, datetimes or whole numbers",
        f"Name it with --time COLUMN (in Python time=...){joined}; its columns are {listed(frame.columns)}.",
    )


def _only_number(frame: pl.DataFrame, source: str) -> str:
    candidates = [column.name for column in frame if column.dtype.is_numeric()]
    if len(candidates) == 1:
        return candidates[0]
    found = (
        f"{listed(candidates)} are all numeric"
        if candidates
        else f"no column {TARGET!r} and none that is numeric"
    )
    raise DataError(
        f"{source} leaves the target open: {found}",
        "one numeric column to forecast",
        "Name it with --target COLUMN (in Python target=...), or several with commas between, each a series "
        "of its own; --wide (in Python wide=True) takes all as series. "
        f"Its columns are {listed(frame.columns)}.",
    )
