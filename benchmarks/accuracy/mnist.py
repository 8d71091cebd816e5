"""The digits of MNIST, as their four files hold them (train-images-idx3-ubyte.gz and so on)."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl

HELD_OUT = 5_000
"""The last training digits, which choose settings and epochs."""


def read_idx(path: Path) -> np.ndarray:
    """The bytes of an IDX file, in the shape that it names."""
    content = gzip.decompress(path.read_bytes())
    places = range(4, 4 + 4 * content[3], 4)
    shape = [int.from_bytes(content[place : place + 4], "big") for place in places]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape)


def digits(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (digits, 28, 28) from 0 to 255 and labels of a part, "train" or "t10k"."""
    return tuple(read_idx(folder / f"{part}-{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1"))


def frame(images: np.ndarray, labels: np.ndarray) -> pl.DataFrame:
    """A table of images and their labels."""
    column = pl.Series("image", images, dtype=pl.Array(pl.UInt8, images.shape[1:]))
    return pl.DataFrame([column, pl.Series("label", labels.astype(str))])
