"""Files of features: which of their arrays hold them, and what each row is called."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from recurra.data.archive import FEATURES, read_heads
from recurra.data.stored import Stored, described, open_arrays
from recurra.errors import DataError
from recurra.inputs.features.config import FeaturesConfig
from recurra.inputs.features.content import Features, shape_of
from recurra.inputs.features.names import Names

_NAMES = (
    "names", "ids", "paths", "files", "filenames", "file_names", "image_ids", "image_names", "image_paths",
    "keys", "name", "id", "path", "file", "filename", "file_name", "image_id", "image", "key",
)  # fmt: skip
_FEW = 5  # names that an error shows


class Archive:
    """A file with the features of many items.

    Args:
        path: The file.
        config: The settings.

    Attributes:
        names: What items are called; None where nothing says so.

    Raises:
        DataError: It cannot be read, holds no features, or its arrays do not belong together.
    """

    def __init__(self, path: Path, config: FeaturesConfig) -> None:
        self.path, self._config = path, config
        self._arrays = open_arrays(path)
        self._array = _of_many(self._arrays, config.array)
        if self._array is None and (config.array != "auto" or not _able(self._arrays, 1)):
            raise no_features(path, self._arrays, config.array)
        self.names = self._named()
        self._index = Names(self.names or [], path)

    def __len__(self) -> int:
        if self._array is None:
            return len(self.names or ())
        return self._arrays[self._array].shape[0]

    def _named(self) -> list[str] | None:
        """What items are called: by an array of names, or by the names of the arrays."""
        if self._array is None:
            return _able(self._arrays, 1)
        wanted, count = self._config.names, len(self)
        if wanted == "auto":
            fitting = (one for one in _NAMES if one in self._arrays and self._arrays[one].shape == (count,))
            wanted = next(fitting, "")
        elif wanted not in self._arrays or self._arrays[wanted].shape != (count,):
            raise DataError(
                f"{self.path} has no array {wanted!r} of {count:,} names",
                f"one for each row of {self._array!r}; its arrays are {described(self._arrays)}",
                "Correct names=, or leave it out.",
            )
        return None if not wanted else [_text(one) for one in self._arrays[wanted].read(None).tolist()]

    def row_of(self, value: object) -> int | None:
        """The item that a value of a table means; see `Names`."""
        return self._index.row_of(_text(value))

    def knows(self, value: object) -> bool:
        """Whether a value of a table means an item, or may mean several."""
        try:
            return self.row_of(value) is not None
        except DataError:
            return True

    def missing(self, place: str, value: object) -> DataError:
        """The error for a row whose features are not there."""
        some = ", ".join(map(repr, (self.names or [])[:_FEW]))
        return DataError(
            f"{place}: {self.path} has no features of {_text(value)!r}",
            f"one of its {len(self):,} names, such as {some}",
            "Compute them, leave the row out, or name the column of names with path=.",
        )

    def features(self, row: int, picture: Path | None) -> Features:
        """Those of an item.

        Raises:
            DataError: They are of another shape.
        """
        name = str(row + 1) if self.names is None else self.names[row]
        key = name if self._array is None else self._array
        whole = self._arrays[key].shape
        place = f"{self.path}, {key}" if self._array is not None else f"{self.path}, {name}"
        shape, first = shape_of(whole if self._array is None else whole[1:], self._config.channels, place)
        return Features(self.path, key, None if self._array is None else row, shape, first, name, picture)

    def beside(self) -> pl.DataFrame:
        """A table of the arrays that hold a number or text for each item, and of what items are called."""
        columns = {} if self._array is not None or self.names is None else {"name": self.names}
        for name, one in self._arrays.items():
            if self._array is not None and one.shape == (len(self),) and name != self._array:
                columns[name] = one.read(None).tolist()
        return pl.DataFrame(columns) if columns else pl.DataFrame({"row": range(len(self))})


def read_single(path: Path, config: FeaturesConfig, name: str, picture: Path | None) -> Features:
    """The features of a file of one item.

    Raises:
        DataError: It cannot be read, or holds none, or several.
    """
    arrays = open_arrays(path)
    able = _able(arrays, 1)
    called = [one for one in able if one.lower() in FEATURES] or able
    wanted = config.array if config.array != "auto" else called[0] if len(called) == 1 else ""
    if wanted not in able:
        raise no_features(path, arrays, config.array)
    shape, first = shape_of(arrays[wanted].shape, config.channels, str(path))
    return Features(path, wanted, None, shape, first, name, picture)


def holds_features(path: Path) -> bool:
    """Whether a file holds an array that is called as features are.

    Raises:
        DataError: It cannot be read.
    """
    heads = read_heads(path)
    return any(
        one.lower() in FEATURES and head.kind.kind in "biuf" and head.shape for one, head in heads.items()
    )


def no_features(path: Path, arrays: Mapping[str, Stored], wanted: str) -> DataError:
    """The error for a file without an array of features."""
    return DataError(
        f"{path} has no array of features" + (f" {wanted!r}" if wanted != "auto" else " that is called so"),
        f"one of numbers; its arrays are {described(arrays)}",
        "Name it with array=.",
    )


def _able(arrays: Mapping[str, Stored], axes: int) -> list[str]:
    """The arrays of numbers, of so many axes at least."""
    return [name for name, one in arrays.items() if one.is_numeric and len(one.shape) >= axes]


def _of_many(arrays: Mapping[str, Stored], wanted: str) -> str | None:
    """The array that holds the features of all items; None where each has its own."""
    able = _able(arrays, 2)
    if wanted != "auto":
        return wanted if wanted in able else None
    called = [one for one in able if one.lower() in FEATURES]
    return called[0] if called else able[0] if len(able) == 1 else None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value)
