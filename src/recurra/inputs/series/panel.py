"""Every series of a table on a regular grid, in flat arrays.

The rows of series i are `offsets[i]` to `offsets[i + 1]`; the first `lengths[i]` of them reach to its last
target, the others hold known-future covariates. Times are not stored: they are computed from each series'
start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float32, Float64, Int32, Int64

from recurra.data.reader import require_columns
from recurra.data.table import Table, read_table
from recurra.data.timestamp import TimeReading, TimeType
from recurra.data.zone import DAY
from recurra.errors import ConfigError
from recurra.inputs.series.assembly import Placement, place_rows
from recurra.inputs.series.calendar import calendar_cycles, calendar_features
from recurra.inputs.series.collection import collect, find_columns
from recurra.inputs.series.columns import Columns, Wanted, resolve_columns
from recurra.inputs.series.covariate import learn_vocabularies, place_covariates
from recurra.inputs.series.frequency import Frequency, as_frequency
from recurra.inputs.series.holiday import Holidays
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.schema import PanelSchema


@dataclass(frozen=True, eq=False)
class Panel:
    """Several series with their covariates.

    Attributes:
        schema: How the table was read; what a saved model keeps.
        table: The table without its rows: the caller's library, and what to call the source.
        time_type: How this table writes its times.
        id_values: The ids as the table writes them, sorted.
        starts: The grid time of each series' first step.
        lengths: Steps from a series' first to its last target.
        offsets: Where each series begins in the flat arrays, and where the last one ends.
        target: What is forecast; NaN is missing.
        levels: What windows of each series are cut relative to, since nets compute in 32 bits; mostly 0.
        past, future: Numeric covariates of every row; NaN is missing.
        past_codes, future_codes: Categorical covariates of every row; 0 is missing or unknown.
        static, static_codes: The same of every series.
        repairs: What was found and done while reading, in sentences.
    """

    schema: PanelSchema
    table: Table
    time_type: TimeType
    id_values: pl.Series
    starts: Int64[np.ndarray, " series"]
    lengths: Int64[np.ndarray, " series"]
    offsets: Int64[np.ndarray, " series_plus_1"]
    target: Float64[np.ndarray, " rows"]
    levels: Float64[np.ndarray, " series"]
    past: Float32[np.ndarray, "rows past"]
    future: Float32[np.ndarray, "rows future"]
    past_codes: Int32[np.ndarray, "rows past_categories"]
    future_codes: Int32[np.ndarray, "rows future_categories"]
    static: Float32[np.ndarray, "series static"]
    static_codes: Int32[np.ndarray, "series static_categories"]
    repairs: list[str]

    @classmethod
    def read(
        cls,
        source: Any,
        *,
        unique_id: str | None = None,
        time: str | None = None,
        target: str | None = None,
        past: Sequence[str] = (),
        future: Sequence[str] = (),
        static: Sequence[str] = (),
        categorical: Sequence[str] = (),
        wide: bool | None = None,
        frequency: Frequency | str | None = None,
        season_length: int | None = None,
        static_table: Any = None,
        reading: TimeReading | None = None,
        decimal: str = "",
        holidays: Holidays | None = None,
    ) -> "Panel":
        """Find the columns of a source, read only these, and put its series on a grid.

        Args:
            source: Anything that `read_table` takes; all of it is read where time or target is not named.
            unique_id: The column that names the series; None: by convention, or a single series.
            time: The column of times; None: by convention, or the only one that holds dates.
            target: The column to forecast, or several series ("a,b"); None: by convention, or the only one.
            past: Covariates known up to now.
            future: Covariates known for the time to be forecast as well.
            static: Covariates that are the same for all rows of a series.
            categorical: Those covariates to read as categories although they are numbers.
            wide: Whether each column is a series; None: so where nothing else can be meant.
            frequency: As for `build`.
            season_length: As for `build`.
            static_table: As `static` for `build`.
            reading: As for `build`.
            decimal: As for `build`.
            holidays: As for `build`.

        Raises:
            DataError: As `read_table`, `resolve_columns` and `build` do.
        """
        static_frame = None if static_table is None else read_table(static_table, decimal=decimal).frame
        wanted = Wanted(unique_id, time, target, past, future, static, categorical, wide)
        table, columns, notes = find_columns(source, wanted, static_frame, decimal)
        return cls.build(
            table,
            columns,
            frequency=frequency,
            season_length=season_length,
            static=static_frame,
            reading=reading,
            decimal=decimal,
            holidays=holidays,
            notes=notes,
        )

    @classmethod
    def build(
        cls,
        table: Any,
        columns: Columns | None = None,
        *,
        frequency: Frequency | str | None = None,
        season_length: int | None = None,
        static: Any = None,
        future: Any = None,
        schema: PanelSchema | None = None,
        reading: TimeReading | None = None,
        decimal: str = "",
        holidays: Holidays | None = None,
        notes: Sequence[str] = (),
    ) -> "Panel":
        """Put the series of a table on a regular grid.

        Rows are sorted, and those that repeat a time of their series become one: numbers are averaged, of
        categories the first in the alphabet stays. Steps without a row are missing. A few times off the grid
        move to their nearest step; given a frequency, all do. A series is cut to its targets, and later rows
        kept with known-future covariates; one without a target is left out. `repairs` tells all this.

        Args:
            table: Anything that `read_table` takes.
            columns: The roles of its columns; None: by convention (`resolve_columns`), or the schema's.
            frequency: The distance between steps, such as "1h"; None: inferred, or the schema's.
            season_length: Steps of a season; None: the frequency's own.
            static: A table of the static covariates, a row a series; None: they are columns of `table`.
            future: A table with known-future covariates after the last target; its targets are ignored.
            schema: Read the table as the data of a model were read.
            reading: How times are written, and whose clock counts; None: as found, or the schema's.
            decimal: The decimal sign of numbers in CSV; "": as found, or the schema's.
            holidays: Covariates known ahead that times alone give; None: the schema's, or none.
            notes: Sentences to begin `repairs` with.

        Raises:
            DataError: The table cannot be used as it is, or does not fit the schema.
        """
        table, fixed, future = _read_tables(table, static, future, decimal, schema)
        columns, found = _find_columns(table, fixed, columns, schema)
        reading = reading or (TimeReading() if schema is None else schema.reading())
        frame, read = collect(table, columns, reading, with_static=static is None, future=future)
        placement = place_rows(frame, columns, as_frequency(frequency), schema, read, reading.zone, holidays)
        schema = schema or _make_schema(
            frame, fixed, columns, placement, season_length, reading, table, resampled=frequency is not None
        )
        covariates = place_covariates(frame, fixed, schema, placement)
        return cls(
            schema,
            replace(table, frame=table.frame.clear()),
            placement.time_type,
            placement.ids,
            placement.starts,
            placement.extent.lengths,
            placement.extent.offsets,
            placement.target,
            np.zeros(len(placement.ids)),
            *covariates[:6],
            [*notes, *found, *placement.repairs, *covariates.repairs],
        )

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def columns(self) -> Columns:
        """The roles of the table's columns."""
        return self.schema.columns

    @property
    def frequency(self) -> Frequency:
        """The distance between steps."""
        return self.schema.frequency

    @property
    def season_length(self) -> int:
        """Steps of a season."""
        return self.schema.season_length

    @cached_property
    def ids(self) -> list[str]:
        """The names of the series, as text."""
        return [str(value) for value in self.id_values]

    @property
    def extents(self) -> Int64[np.ndarray, " series"]:
        """All steps of each series, those of the known future included."""
        return np.diff(self.offsets)

    @property
    def last_origins(self) -> Origins:
        """The step after the last target of every series: where forecasts begin."""
        return Origins(np.arange(len(self)), self.lengths)

    @property
    def time(self) -> Int64[np.ndarray, " rows"]:
        """The time of every row, in UTC (or integers); computed anew at each call."""
        series = np.repeat(np.arange(len(self)), self.extents)
        return self.step_times(series, np.arange(len(series)) - self.offsets[series])

    def step_times(
        self, series: Int64[np.ndarray, "*series"], positions: Int64[np.ndarray, "*positions"]
    ) -> Int64[np.ndarray, "*result"]:
        """Times (UTC, or integers) of steps of some series, before and after their rows too (broadcast)."""
        grid = self.schema.grid
        return grid.to_utc(grid.advance(self.starts[series], positions))

    def times(self, index: int) -> Int64[np.ndarray, " steps"]:
        """The times (UTC, or integers) of a series from its first to its last target."""
        return self.step_times(np.int64(index) + np.zeros(1, dtype=np.int64), np.arange(self.lengths[index]))

    def series(self, index: int) -> Float64[np.ndarray, " steps"]:
        """The target of a series from its first to its last value: a view; NaN is missing."""
        begin = int(self.offsets[index])
        return self.target[begin : begin + int(self.lengths[index])]

    def calendar(
        self, series: Int64[np.ndarray, "*series"], positions: Int64[np.ndarray, "*positions"]
    ) -> Float32[np.ndarray, "*result columns"]:
        """Calendar features of steps of some series; arrays broadcast."""
        grid = self.schema.grid
        wall = grid.to_wall(grid.advance(self.starts[series], positions))
        return calendar_features(wall, self.schema.cycles)

    def index_frame(
        self,
        series: Int64[np.ndarray, " rows"],
        positions: Int64[np.ndarray, " rows"],
        *,
        written: bool = False,
    ) -> pl.DataFrame:
        """The id and time columns of some steps, named as in the table.

        Args:
            series: Which series.
            positions: Which steps of theirs.
            written: Whether times are text or numbers where the table has text or numbers.
        """
        name = self.columns.unique_id or "unique_id"
        times = self.step_times(series, positions)
        column = self.time_type.written if written else self.time_type.column
        return pl.DataFrame([self.id_values.gather(series).alias(name), column(times, self.columns.time)])

    def to_frame(self) -> pl.DataFrame:
        """All rows on their grid, known future included, with targets and covariates; null is missing."""
        series = np.repeat(np.arange(len(self)), self.extents)
        frame = self.index_frame(series, np.arange(len(series)) - self.offsets[series])
        columns = [pl.Series(self.columns.target, self.target)]
        for role, values, chosen in (
            ("past", self.past, self.past_codes),
            ("future", self.future, self.future_codes),
            ("static", self.static[series], self.static_codes[series]),
        ):
            columns += [pl.Series(name, values[:, at]) for at, name in enumerate(self.schema.numeric(role))]
            for at, name in enumerate(self.schema.categorical(role)):
                words = pl.Series(name, [None, *self.schema.vocabularies[name]], dtype=pl.String)
                columns.append(words.gather(chosen[:, at]))
        return frame.with_columns(columns).with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))


def _read_tables(
    table: Any, static: Any, future: Any, decimal: str, schema: PanelSchema | None
) -> tuple[Table, pl.DataFrame | None, Table | None]:
    """The rows, static covariates and those of the future, where there are some."""
    decimal = decimal or ("" if schema is None else schema.decimal)
    fixed = None if static is None else read_table(static, decimal=decimal).frame
    ahead = None if future is None else read_table(future, decimal=decimal)
    return read_table(table, decimal=decimal), fixed, ahead


def _find_columns(
    table: Table, static: pl.DataFrame | None, columns: Columns | None, schema: PanelSchema | None
) -> tuple[Columns, list[str]]:
    """The given columns, or the schema's, or those found by convention, and what to tell about them."""
    notes: list[str] = []
    if schema is not None:
        columns = schema.columns
    elif columns is None:
        columns, notes = resolve_columns(table.frame, static=static, source=table.source)
    if static is not None:
        own = columns.static if columns.unique_id is None else (columns.unique_id, *columns.static)
        require_columns(static.columns, own, "the static table")
    return columns, notes


def _make_schema(
    frame: pl.DataFrame,
    static: pl.DataFrame | None,
    columns: Columns,
    placement: Placement,
    season_length: int | None,
    reading: TimeReading,
    table: Table,
    *,
    resampled: bool,
) -> PanelSchema:
    if season_length is not None and season_length < 1:
        raise ConfigError(
            f"season_length is {season_length}", "a whole number of at least 1", "Leave it out."
        )
    frequency = placement.grid.frequency
    size = frequency.size or max(frequency.months * 30, 1) * DAY
    return PanelSchema(
        columns,
        frequency,
        season_length or frequency.season_length,
        placement.time_type,
        learn_vocabularies(frame, static, columns),
        calendar_cycles(frequency, int(placement.extent.lengths.max()) * size),
        resampled,
        reading.zone,
        placement.holidays,
        table.decimals.sign,
    )
