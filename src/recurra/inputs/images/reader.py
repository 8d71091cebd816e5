"""Images from folders, tables and arrays; of files only headers are read here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recurra.data.image import Image, ImageFile, Pixels, is_image, open_image
from recurra.data.naming import counted
from recurra.errors import DataError
from recurra.inputs.examples import Examples, Keep, placed
from recurra.inputs.files import PATH, files_in, named_path_column, path_in, rows_of_file, rows_of_files
from recurra.inputs.images.arrays import array_column, is_archive, read_archive, read_column
from recurra.inputs.images.config import ImagesConfig
from recurra.inputs.rows import Rows, check_not_told, path_of, read_rows

WHITES = (1.0, 255.0, 65_535.0)
_USUAL, _USUAL_WHOLE = 64, 128  # the most pixels that images are scaled to if nobody says how many
_WIDE = 2  # times as wide as high: read in columns


class Found(NamedTuple):
    """Images, the table beside them, which of its columns they came from, and what was found to be so."""

    rows: Rows
    images: Sequence[Image]
    reads: list[str]
    settings: dict[str, Any]


def read(source: Any, config: ImagesConfig, keep: Keep) -> Examples:
    """Read where images are.

    Args:
        source: A folder of images, whose label is the folder they lie in or, where all lie in one, their name
            before "_", and whose text stands in NAME.txt beside NAME.png; a table with a column of paths, or
            of nested lists of numbers; an npz file with an array of images and arrays of the other columns; a
            single image.
        config: The settings.
        keep: Which columns the task keeps.

    Raises:
        DataError: There is none, or one cannot be read; the message names it.
    """
    path = path_of(source)
    if path is not None and path.is_dir():
        found = _of_folder(path)
    elif path is not None and is_image(path):
        found = _of_paths(rows_of_file(path), Path(), PATH)
    elif path is not None and is_archive(path):
        found = _of_arrays(*read_archive(path, config.image), config)
    else:
        found = _of_table(read_rows(source), path, config)
    kept = keep(found.rows.frame.drop(found.reads, strict=False))
    setting = "path" if found.settings["image"] == "none" else "image"
    check_not_told(found.rows, setting, found.reads, kept)
    settings = resolved(found.images, config.model_copy(update=found.settings))
    moving = sum(isinstance(one, ImageFile) and one.moving for one in found.images)
    rows = found.rows.noting(
        f"took the first image of {counted(moving, 'file')} that {'hold' if moving > 1 else 'holds'} several"
        if moving
        else ""
    )
    beside = [one for one in rows.frame.columns if setting == "path" or one not in found.reads]
    return rows.examples(found.images, beside, reads=found.reads, kept=kept, settings=settings)


def resolved(images: Sequence[Image], config: ImagesConfig) -> dict[str, Any]:
    """The settings that were "auto", as some images have them."""
    height, width = (int(np.median([getattr(one, name) for one in images])) for name in ("height", "width"))
    view = config.view
    if view == "auto":
        view = "columns" if width >= _WIDE * height else "rows"
    found: dict[str, Any] = {"path": config.path, "image": config.image, "white": config.white, "view": view}
    most = _USUAL if view in ("rows", "columns") else _USUAL_WHOLE
    factor = min(
        1.0, most / (width if view == "rows" else height if view == "columns" else max(height, width))
    )
    for name, usual, proportional in (("height", height, "rows"), ("width", width, "columns")):
        given = getattr(config, name)
        if given == "auto" and view != proportional:
            given = max(1, round(usual * factor))
            if view == "grid":
                given = -(-given // config.patch) * config.patch
        found[name] = given
    found["color"] = any(one.channels > 1 for one in images) if config.color == "auto" else config.color
    return found


def _of_folder(folder: Path) -> Found:
    files = files_in(folder, is_image)
    if not files:
        raise DataError(f"{folder} holds no images", "PNG, JPEG, TIFF or WebP files", "Check the folder.")
    return _of_paths(rows_of_files(folder, files, "image"), Path(), PATH)


def _of_table(rows: Rows, path: Path | None, config: ImagesConfig) -> Found:
    name = array_column(rows.frame) if config.image == "auto" and config.path == "auto" else None
    if config.image not in ("auto", "none"):
        name = config.image
    if name is not None:
        return _of_arrays(rows, read_column(rows, name), name, config)
    column = named_path_column(rows, config.path, is_image, "image", "pictures/one.png")
    return _of_paths(rows, path.parent if path is not None else Path(), column)


def _of_paths(rows: Rows, base: Path, column: str) -> Found:
    """The images that rows name; an error says which row it is."""
    images = []
    for name, place in zip(rows.frame[column].to_list(), rows.places, strict=True):
        path = path_in(base, name, column, place, "image")
        try:
            images.append(open_image(path))
        except DataError as error:
            raise placed(place, error) from error
    return Found(rows, images, [column], {"path": column, "image": "none", "white": 1.0})


def _of_arrays(rows: Rows, arrays: Sequence[np.ndarray], name: str, config: ImagesConfig) -> Found:
    """Images of arrays (height, width, channels), with the number of white.

    Raises:
        DataError: A number is below 0 or above white, or none.
    """
    largest = 0.0
    for place, one in zip(rows.places, arrays, strict=True):
        low, high = float(one.min()), float(one.max())
        if not 0 <= low <= high < np.inf:
            raise DataError(
                f"{place}: pixels from {low:g} to {high:g}", "numbers from 0 to white", "Correct the row."
            )
        if config.white != "auto" and high > float(config.white) * (1 + 1e-6):
            raise DataError(
                f"{place}: a pixel of {high:g}",
                f"at most {float(config.white):g}, which is white",
                "Scale the pixels as those of training were, or set white=.",
            )
        largest = max(largest, high)
    white = config.white
    if white == "auto":
        known = next((one for one in WHITES if largest <= one), None)
        if known is None:
            raise DataError(
                f"{rows.table.source}: pixels up to {largest:g}",
                "at most 65,535",
                "Name the number of white with white=.",
            )
        white = known
    images = [Pixels(one, float(white)) for one in arrays]
    return Found(rows, images, [name], {"path": "none", "image": name, "white": float(white)})
