"""Arrays of npz and npy files, read without running anything."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recurra.data.object_array import UNREADABLE
from recurra.errors import DataError


def read_arrays(
    path: Path, expected: str = "an npz file of arrays of numbers and texts"
) -> dict[str, np.ndarray]:
    """The arrays of a file by their names; that of an npy file has none.

    Args:
        path: The file. Arrays of objects are refused: to read them could run code.
        expected: What the file is to be, for the error.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
            arrays = {"": found} if isinstance(found, np.ndarray) else {one: found[one] for one in found}
    except UNREADABLE as error:
        raise DataError(
            f"{path} cannot be read ({error})",
            expected,
            "Write it again with numpy.savez; arrays of objects are not read, since they could run code.",
        ) from error
    return {name: one for name, one in arrays.items() if isinstance(one, np.ndarray)}


def beside(arrays: Mapping[str, Any], apart: Collection[str], rows: int) -> pl.DataFrame:
    """A table of the arrays that hold a number or text for each row, but some; of none, numbers of rows."""
    columns = {
        name: one.tolist()
        for name, one in arrays.items()
        if name not in apart
        and isinstance(one, np.ndarray)
        and one.shape == (rows,)
        and one.dtype.kind in "biufU"
    }
    return pl.DataFrame(columns) if columns else pl.DataFrame({"row": range(rows)})
