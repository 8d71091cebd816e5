"""A table of any origin as a polars frame, and results back in the caller's library.

Sources are files (CSV, TSV, JSON, JSON Lines, Parquet, Excel), standard input, bundled samples
("sample:co2"), and frames of polars, pandas or pyarrow. Read only the columns you need: ten million rows of
three columns take 240 MiB.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import numpy as np
import polars as pl
from jaxtyping import Float64
from narwhals.exceptions import NarwhalsError

from recurra.data.decimal import Decimals
from recurra.data.partitions import is_partitioned, read_partitions
from recurra.data.plain import framed
from recurra.data.reader import named_as, read_file, require_columns, standard_input
from recurra.data.sample import sample_path
from recurra.errors import DataError, MissingDependencyError

Library = Literal["polars", "pandas", "pyarrow"]
SAMPLE_PREFIX = "sample:"
STANDARD_INPUT = "-"
INDEX_NAME = "ds"
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Table:
    """A polars frame that remembers where it came from.

    Attributes:
        frame: The rows.
        library: Whose frame the caller gave; "polars" for files.
        source: What to call the table in messages and records.
        from_file: Whether it was read from a file, and is no frame of the caller's.
        decimals: The decimal sign of a text file, and the columns that leave it open.
    """

    frame: pl.DataFrame
    library: Library = "polars"
    source: str = "the table"
    from_file: bool = False
    decimals: Decimals = field(default_factory=Decimals)

    def require_numbers(self, names: Sequence[str]) -> None:
        """Make sure that the numbers of some columns can be read in one way only.

        Raises:
            DataError: Thousands and decimals cannot be told apart in one.
        """
        name = next((one for one in names if one in self.decimals.doubtful), None)
        if name is not None:
            text = self.decimals.doubtful[name]
            point, comma = text.replace(",", "."), text.replace(",", "").replace(".", "")
            raise DataError(
                f"column {name!r} of {self.source} holds {text}, which may be {point} or {comma}",
                "numbers that can be read in one way",
                "Say which sign is the decimal one: --decimal . or --decimal , (in Python decimal=...).",
            )

    def give_back(self, frame: pl.DataFrame) -> Any:
        """A frame of results in the caller's library.

        Raises:
            MissingDependencyError: The library is not installed.
        """
        if self.library == "polars":
            return frame
        try:
            return frame.to_pandas() if self.library == "pandas" else frame.to_arrow()
        except ImportError as error:
            raise _missing_pandas(error) from error


def read_table(
    source: Any, *, columns: Sequence[str] | None = None, rows: int | None = None, decimal: str = ""
) -> Table:
    """Read a table.

    Args:
        source: A path to .csv, .tsv, .jsonl, .ndjson, .json (each also .gz), .parquet, .xlsx or a .zip of
            one; a folder of Parquet files, also by a URL that fsspec knows; "-" for standard input;
            "sample:NAME"; a frame of polars, pandas or pyarrow; a dict of columns; one series as a Series or
            as numbers; or a Table. A pandas index that has a name or holds times becomes a column (named "ds"
            when it has no name).
        columns: The only columns to read, in this order.
        rows: At most so many rows from the top.
        decimal: The decimal sign of numbers in CSV, "." or ","; "": as found.

    Raises:
        DataError: The source is missing, empty, damaged or of an unknown kind, or lacks a column.
        MissingDependencyError: The frame's library needs an extra.
    """
    if isinstance(source, Table):
        table = source
    elif is_partitioned(source):
        table = Table(read_partitions(source, columns, rows), "polars", str(source), from_file=True)
    elif isinstance(source, str | Path):
        text = str(source)
        if text == STANDARD_INPUT:
            path, text = standard_input(), "standard input"
        elif text.startswith(SAMPLE_PREFIX):
            path = sample_path(text.removeprefix(SAMPLE_PREFIX))
        else:
            path = Path(source).expanduser()
        with named_as(path, text):
            decimals = Decimals(decimal)
            frame = read_file(path, columns, rows, decimals)
            table = Table(frame, "polars", text, from_file=True, decimals=decimals)
    else:
        table = _from_frame(source, columns)
    frame = table.frame
    require_columns(frame.columns, columns or (), table.source)
    frame = frame.select(columns) if columns is not None else frame
    frame = frame.head(rows) if rows is not None else frame
    if frame.height == 0:
        raise DataError(
            f"{table.source} has no rows",
            "at least two rows",
            "Check the file or the filter that made the table.",
        )
    return replace(table, frame=frame)


def _from_frame(source: Any, columns: Sequence[str] | None) -> Table:
    try:
        return _convert(framed(source), columns)
    except ImportError as error:
        raise _missing_pandas(error) from error
    except (TypeError, ValueError, OSError, pl.exceptions.PolarsError, NarwhalsError) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"a {type(source).__name__} that cannot be converted ({reason})",
            "columns with names of their own that each hold one type of value",
            "Rename the columns, or give each one type.",
        ) from error


def _convert(source: Any, columns: Sequence[str] | None) -> Table:
    if isinstance(source, pl.LazyFrame):
        return Table((source if columns is None else source.select(columns)).collect())
    if isinstance(source, pl.DataFrame):
        return Table(source)
    try:
        native = nw.from_native(source, eager_only=True)
    except TypeError as error:
        raise DataError(
            f"a table of type {type(source).__name__}",
            "a path, 'sample:NAME', a frame of polars, pandas or pyarrow, a dict of columns, or one series",
            "Convert it to one of these.",
        ) from error
    library: Library = "polars"
    if native.implementation.is_pandas():
        library, native = "pandas", nw.from_native(_plain_pandas(source), eager_only=True)
    elif native.implementation.is_pyarrow():
        library = "pyarrow"
    if columns is not None:
        native = native.select([name for name in native.columns if name in columns])
    return Table(native.to_polars(), library)


def _plain_pandas(frame: Any) -> Any:
    """A pandas frame with its meaningful index as columns, and with periods as their first moment."""
    index = frame.index
    if hasattr(index, "to_timestamp"):
        frame = frame.set_axis(index.to_timestamp(), axis=0)
        index = frame.index
    periods = [name for name, kind in frame.dtypes.items() if str(kind).startswith("period")]
    frame = frame.assign(**{name: frame[name].dt.to_timestamp() for name in periods}) if periods else frame
    if index.nlevels > 1 or index.name is not None:
        return frame.reset_index()
    temporal = nw.from_native(index.to_series(), series_only=True).dtype.is_temporal()
    return frame.rename_axis(INDEX_NAME).reset_index() if temporal else frame


def _missing_pandas(error: ImportError) -> MissingDependencyError:
    return MissingDependencyError(
        f"converting the frame needs {error.name or 'pyarrow'}",
        "pandas and pyarrow to be installed",
        "Run: pip install 'recurra[pandas]'",
    )


def numbers(column: pl.Series) -> Float64[np.ndarray, " rows"]:
    """A numeric column, missing values as NaN.

    Raises:
        DataError: The column is not numeric, or holds values that are infinite or too large for 32 bits.
    """
    kind, given = column.dtype, column.drop_nulls()
    if not kind.is_numeric() and kind != pl.Boolean and len(given):
        where = f"has type {kind} (such as {given[0]!r})"
        if kind == pl.String:
            where = _strangers(column)
        raise DataError(
            f"column {column.name!r} {where}",
            "numbers",
            "Choose another column, or turn its values into numbers first.",
        )
    values: np.ndarray = column.cast(pl.Float64).to_numpy() if len(given) else np.full(len(column), np.nan)
    wrong = np.abs(values) > _LARGEST
    if wrong.any():
        row = int(wrong.argmax())
        word = "infinite" if np.isinf(values[wrong]).any() else "too large"
        raise DataError(
            f"column {column.name!r} has {int(wrong.sum())} {word} values, first in row {row + 1}",
            "finite numbers below 3.4e38",
            "Replace them, or leave them empty to mark them as missing.",
        )
    return values


def _strangers(column: pl.Series) -> str:
    """Which values of a text column are no numbers: the first, its row, and how many more."""
    wrong = column.is_not_null() & column.str.strip_chars().cast(pl.Float64, strict=False).is_null()
    count = int(wrong.sum())
    if not count:
        return f"holds numbers as text (such as {column.drop_nulls()[0]!r})"
    row = int(wrong.arg_max() or 0)
    more = f", and {count - 1:,} more such values" if count > 1 else ""
    return f"holds {column[row]!r} in row {row + 1}{more}"
