"""Features from files: one for all rows of a table, one for each row, or one that is the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from recurra.data.image import is_image
from recurra.data.naming import counted
from recurra.data.stored import is_stored
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.examples import Examples, Keep, placed
from recurra.inputs.features.archive import Archive, read_single
from recurra.inputs.features.config import FeaturesConfig
from recurra.inputs.features.content import Features
from recurra.inputs.files import (
    PATH,
    files_in,
    named_path_column,
    path_column,
    path_in,
    rows_of_file,
    rows_of_files,
)
from recurra.inputs.rows import Rows, check_not_told, numbered, path_of, read_rows, wrong_column

_LOOKED_AT = 50  # values of a column


@dataclass(frozen=True)
class _Found:
    """Features, the table beside them, the column that they were found by, and the file of all of them."""

    rows: Rows
    features: Sequence[Features]
    reads: list[str]
    file: Path | None = None


def read(source: Any, config: FeaturesConfig, keep: Keep) -> Examples:
    """Read where features are; numbers are read when they are needed.

    Args:
        source: A table, a picture or a folder of some, with the file of all features in the settings; a table
            with a column of paths of files; a file of the features of many items, with arrays of the other
            columns (of one, where settings say that each has its own); a folder of files, whose label is the
            folder they lie in or, where all lie in one, their name before "_".
        config: The settings.
        keep: Which columns the task keeps.

    Raises:
        DataError: There are none, one cannot be read or found, or they have different channels.
    """
    path, joined = path_of(source), config.features != "none"
    if path is not None and path.is_dir():
        found = _of_pictures(path, config) if joined else _of_folder(path, config)
    elif path is not None and joined and is_image(path):
        found = _of_files(rows_of_file(path), config)
    elif path is not None and is_stored(path):
        alone = config.path != "auto" and not joined  # each example of training had its own
        found = _of_file(path, config) if alone else _of_archive(Archive(path, config))
    else:
        base = path.parent if path is not None else Path()
        rows = read_rows(source)
        found = _of_table(rows, base, config) if joined else _of_paths(rows, base, config)
    kept = keep(found.rows.frame.drop(found.reads))
    check_not_told(found.rows, "path", found.reads, kept)
    return _examples(found, config, kept)


def _examples(found: _Found, config: FeaturesConfig, kept: Any) -> Examples:
    rows, features = found.rows, found.features
    for place, one in zip(rows.places, features, strict=True):
        if one.channels != features[0].channels:
            raise DataError(
                f"{place}: features of shape {one.shape}, {one.channels:,} channels",
                f"{features[0].channels:,} channels, as in the first row",
                "Compute all by the same net; channels=first where that is the axis of channels.",
            )
    cut = sum(one.cells > config.max_length for one in features)
    turned = config.channels == "auto" and any(one.first for one in features)
    rows = rows.noting(
        f"cut {counted(cut, 'example')} of more than {config.max_length:,} steps (max_length)" if cut else "",
        "took the first axis of features, which is the longest, for their channels (channels=last takes the "
        "last)"
        if turned
        else "",
    )
    settings = {"path": found.reads[0] if found.reads else config.path}
    if found.file is not None:
        settings["features"] = str(found.file.resolve())
    return rows.examples(features, rows.frame.columns, reads=found.reads, kept=kept, settings=settings)


def _of_folder(folder: Path, config: FeaturesConfig) -> _Found:
    files = files_in(folder, is_stored)
    if not files:
        raise DataError(
            f"{folder} holds no features", "npz, npy or safetensors files, one for each example", "Check it."
        )
    rows = rows_of_files(folder, files, "file of features")
    features = [read_single(one, config, one.name, None) for one in files]
    return _Found(rows, features, [PATH])


def _of_pictures(folder: Path, config: FeaturesConfig) -> _Found:
    """A folder of pictures, whose features lie in one file."""
    files = files_in(folder, is_image)
    if not files:
        raise DataError(f"{folder} holds no pictures", "those that the features are of", "Give a table.")
    return _of_files(rows_of_files(folder, files, "picture"), config)


def _of_files(rows: Rows, config: FeaturesConfig) -> _Found:
    """Pictures by their paths, whatever the column of names is in a table."""
    return _of_table(rows, Path(), config.model_copy(update={"path": PATH}))


def _of_file(path: Path, config: FeaturesConfig) -> _Found:
    """A file of one example."""
    return _Found(rows_of_file(path), [read_single(path, config, path.name, None)], [PATH])


def _of_archive(archive: Archive) -> _Found:
    """A file that is the table."""
    frame = archive.beside()
    source = str(archive.path)
    rows = Rows(frame, numbered(archive.path.name, frame.height), Table(frame, "polars", source))
    return _Found(rows, [archive.features(row, None) for row in range(len(archive))], [])


def _of_paths(rows: Rows, base: Path, config: FeaturesConfig) -> _Found:
    """A table that names a file in each row."""
    column = named_path_column(rows, config.path, is_stored, "file of features", "features/one.npy")
    features = []
    shown = _pictures(rows, base)
    for name, place, picture in zip(rows.frame[column].to_list(), rows.places, shown, strict=True):
        path = path_in(base, name, column, place, "file of features")
        try:
            features.append(read_single(path, config, path.name, picture))
        except DataError as error:
            raise placed(place, error) from error
    return _Found(rows, features, [column])


def _of_table(rows: Rows, base: Path, config: FeaturesConfig) -> _Found:
    """A table whose rows are found in a file by their names, or by their order."""
    archive = Archive(_file(config, base), config)
    shown = _pictures(rows, base)
    if archive.names is None:
        if len(archive) != rows.frame.height:
            raise DataError(
                f"{archive.path} holds the features of {len(archive):,} items without their names, for "
                f"{counted(rows.frame.height, 'row')}",
                "an array `names` beside them, or one item for each row, in their order",
                "Add it, or name it with names=.",
            )
        features = [archive.features(row, picture) for row, picture in enumerate(shown)]
        said = f"took the features of {archive.path.name}, which have no names, in the order of the rows"
        return _Found(rows.noting(said), features, [], archive.path)
    column = _column_of_names(rows, archive, config.path)
    features = []
    for value, place, picture in zip(rows.frame[column].to_list(), rows.places, shown, strict=True):
        if value is None:
            raise DataError(
                f"{place}: no name in column {column!r}",
                f"the name of an item in {archive.path}",
                "Fill it in, or leave the row out.",
            )
        try:
            row = archive.row_of(value)
        except DataError as error:
            raise placed(place, error) from error
        if row is None:
            raise archive.missing(place, value)
        features.append(archive.features(row, picture))
    return _Found(rows, features, [column], archive.path)


def _column_of_names(rows: Rows, archive: Archive, wanted: str) -> str:
    """The column whose values are names of the file's items."""
    if wanted in rows.frame.columns:
        return wanted
    if wanted != "auto":
        raise wrong_column(rows, "path", [wanted], "a column of names of features")
    shares: dict[str, int] = {}
    for column in rows.frame:
        if column.dtype == pl.String or column.dtype.is_integer():
            some = column.drop_nulls().head(_LOOKED_AT).to_list()
            shares[column.name] = sum(archive.knows(value) for value in some)
    best = max(shares, key=lambda name: shares[name], default=None)
    if best is None or not shares[best]:
        shown = ", ".join(map(repr, (archive.names or [])[:3]))
        raise DataError(
            f"{rows.table.source} has no column with names of {archive.path}",
            f"values such as {shown}; its columns are {', '.join(rows.frame.columns)}",
            "Add the column, or name it with path=.",
        )
    return best


def _file(config: FeaturesConfig, base: Path) -> Path:
    """The file of all features: from where one is, else from where the table lies."""
    path = Path(config.features).expanduser()
    return path if path.exists() or not (base / path).exists() else base / path


def _pictures(rows: Rows, base: Path) -> list[Path | None]:
    """The picture of each row, where a column names some that are there."""
    column = path_column(rows.frame, is_image)
    if column is None:
        return [None] * rows.frame.height
    paths = [None if one is None else base / Path(one).expanduser() for one in rows.frame[column].to_list()]
    return [one if one is not None and one.is_file() else None for one in paths]
