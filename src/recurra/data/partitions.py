"""Folders of Parquet files, here or behind a URL, as one table whose rows have one order.

The order is that of the files' names, then of their row groups, whoever reads them. URLs (`s3://`, `gs://`,
`memory://`, ...) go through fsspec and whatever it needs for their scheme.
"""

import importlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from recurra.data.naming import listed
from recurra.data.reader import damage_of_file_told, parquet_slices, read_file, require_columns
from recurra.errors import DataError, MissingDependencyError

SUFFIX = ".parquet"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_HIDDEN = (".", "_")  # how names begin of what writers leave beside their files


@dataclass(frozen=True)
class Partition:
    """A file of a folder.

    Attributes:
        name: Its path within the folder.
        place: Its path or URL.
        size: Bytes.
        changed: What changes when it is written again: a time, or a tag of its content.
    """

    name: str
    place: str
    size: int
    changed: str

    def read(self, columns: Sequence[str] | None = None, rows: int | None = None) -> pl.DataFrame:
        """Its rows.

        Raises:
            DataError: It is damaged, or lacks a column.
        """
        if not is_url(self.place):
            return read_file(Path(self.place), columns, rows)
        with damage_of_file_told(self.place, SUFFIX), _opened(self.place) as file:
            names = pl.read_parquet_schema(file)
            require_columns(list(names), columns or (), self.place)
            file.seek(0)
            return pl.read_parquet(file, columns=None if columns is None else list(columns), n_rows=rows)

    def slices(self, column: str, rows: int) -> Iterator[pl.Series]:
        """A column, so many rows or a row group at once.

        Raises:
            DataError: It is damaged, or lacks the column.
            MissingDependencyError: PyArrow, which reads row groups behind URLs, is not installed.
        """
        if not is_url(self.place):
            yield from parquet_slices(Path(self.place), column, rows)
            return
        parquet = _extra("pyarrow.parquet", self.place)
        with damage_of_file_told(self.place, SUFFIX), _opened(self.place) as file:
            groups = parquet.ParquetFile(file)
            require_columns(groups.schema_arrow.names, [column], self.place)
            for number in range(groups.num_row_groups):
                frame = pl.from_arrow(groups.read_row_group(number, columns=[column]))
                yield from (one[column] for one in pl.DataFrame(frame).iter_slices(rows))


def is_url(source: Any) -> bool:
    """Whether a source is named by a URL."""
    return isinstance(source, str) and _URL.match(source) is not None


def is_partitioned(source: Any) -> bool:
    """Whether a source is a URL, or a folder whose first file, by name, is a Parquet file."""
    if is_url(source):
        return True
    if not isinstance(source, str | Path):
        return False
    for folder, folders, files in os.walk(Path(source).expanduser()):
        folders.sort()
        folders[:] = [one for one in folders if not one.startswith(_HIDDEN)]
        names = sorted(one for one in files if not one.startswith(_HIDDEN))
        if names:
            return Path(folder, names[0]).suffix.lower() == SUFFIX
    return False


def partitions(source: str | Path) -> list[Partition]:
    """The Parquet files of a folder, of all that lies below it, or a single one; in the order of their names.

    Raises:
        DataError: There are none.
        MissingDependencyError: What reads such URLs is not installed.
    """
    found = _behind_url(str(source)) if is_url(source) else _in_folder(Path(source).expanduser())
    if not found:
        raise DataError(
            f"{source} holds no Parquet files",
            f"files that end in {SUFFIX}",
            "Check the path, or write them.",
        )
    return sorted(found, key=lambda one: one.name)


def read_partitions(
    source: str | Path, columns: Sequence[str] | None = None, rows: int | None = None
) -> pl.DataFrame:
    """The rows of all files as one table.

    Args:
        source: As for `partitions`.
        columns: The only ones to read.
        rows: At most so many from the top; files behind these are not opened.

    Raises:
        DataError: There are no files, one is damaged, or they have different columns; the message names it.
    """
    frames: list[pl.DataFrame] = []
    left = rows
    files = partitions(source)
    for one in files:
        frame = one.read(columns, left)
        if frames:
            check_alike(frame, frames[0], one, files[0])
        frames.append(frame)
        left = None if left is None else left - frame.height
        if left is not None and left <= 0:
            break
    return pl.concat(frames)


def check_alike(frame: pl.DataFrame, first: pl.DataFrame, partition: Partition, before: Partition) -> None:
    """Make sure that two files have the same columns.

    Raises:
        DataError: They have not.
    """
    mine, other = dict(frame.schema), dict(first.schema)
    if list(mine.items()) == list(other.items()):
        return
    lacks = [name for name in other if name not in mine]
    has = [name for name in mine if name not in other]
    kinds = [
        f"{name} is {kind}, not {other[name]}" for name, kind in mine.items() if other.get(name, kind) != kind
    ]
    what = [f"lacks {listed(lacks)}"] * bool(lacks) + [f"has {listed(has)} beside them"] * bool(has) + kinds
    raise DataError(
        f"{partition.place} has other columns than {before.name} ({'; '.join(what) or 'in another order'})",
        "the same columns, of the same types, in all files of a folder",
        "Write it again, or take it out of the folder.",
    )


def there(url: str) -> bool:
    """Whether something is behind a URL.

    Raises:
        DataError: It cannot be reached.
        MissingDependencyError: What reads such URLs is not installed.
    """
    files, path = _files(url)
    with _reached(url):
        return bool(files.exists(path))


def _in_folder(folder: Path) -> list[Partition]:
    paths = [folder] if folder.is_file() else folder.rglob("*")
    kept = [one for one in paths if one.suffix.lower() == SUFFIX and one.is_file()]
    found = []
    for one in kept:
        within = one.relative_to(folder) if one != folder else Path(one.name)
        if not any(part.startswith(_HIDDEN) for part in within.parts):
            about = one.stat()
            found.append(Partition(within.as_posix(), str(one), about.st_size, str(about.st_mtime_ns)))
    return found


def _behind_url(url: str) -> list[Partition]:
    files, path = _files(url)
    with _reached(url):
        listing: dict[str, Any] = files.find(path, detail=True)
    found = []
    for place, about in listing.items():
        within = place[len(path) :].strip("/") or place.rpartition("/")[2]
        if within.lower().endswith(SUFFIX) and not any(one.startswith(_HIDDEN) for one in within.split("/")):
            tags = (about.get(key) for key in ("ETag", "etag", "mtime", "LastModified", "updated", "created"))
            changed = next((str(one) for one in tags if one is not None), "")
            found.append(Partition(within, files.unstrip_protocol(place), int(about["size"] or 0), changed))
    return found


def _files(url: str) -> tuple[Any, str]:
    fsspec = _extra("fsspec", url)
    try:
        files, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingDependencyError(
            f"{url} without what reads such URLs ({error})",
            "the package for its scheme, such as s3fs or gcsfs",
            "Install it with pip.",
        ) from error
    except ValueError as error:
        raise DataError(f"{url} cannot be read ({error})", "a URL that fsspec knows", "Check it.") from error
    return files, str(path)


def _opened(url: str) -> Any:
    files, path = _files(url)
    return files.open(path, "rb")


@contextmanager
def _reached(url: str) -> Iterator[None]:
    """Tell what a storage refuses in the block."""
    try:
        yield
    except Exception as error:
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DataError(
            f"{url} cannot be reached ({said})", "a place that can be read", "Check URL and access."
        ) from error


def _extra(name: str, place: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependencyError(
            f"{place} without {error.name or name}",
            f"{name.partition('.')[0]} to be installed",
            "Run: pip install 'recurra[scale]'",
        ) from error
