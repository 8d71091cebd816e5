"""Features in a report: the picture that they are of, and where a net looked in it."""

from collections.abc import Sequence

import numpy as np

from recurra.data.image import Image, open_image
from recurra.errors import RecurraError
from recurra.inputs.features.content import Features
from recurra.inputs.features.encoding import FeatureEncoding
from recurra.inputs.gaze import Weights, over_steps
from recurra.inputs.looks import LARGEST, drawn_looks, picture_of
from recurra.inputs.region import grid_regions
from recurra.report.record import Piece

_CELL = 8  # of a cell, where there is no picture


def exhibit(
    content: Features, encoding: FeatureEncoding, title: str, marks: Sequence[tuple[str, float]] = ()
) -> Sequence[Piece]:
    """The picture, if there is one; what features look like says nothing to anybody."""
    del encoding, marks
    picture = _picture(content)
    return () if picture is None else (picture_of(picture, title),)


def gaze(
    content: Features, encoding: FeatureEncoding, title: str, words: Sequence[str], weights: Weights
) -> Sequence[Piece]:
    """The picture for each word, or its cells alone; a map of words by steps where these are no grid."""
    grid = encoding.codec.grid
    if not words:
        return ()
    if grid is None or grid[0] * grid[1] != weights.shape[1]:
        return over_steps(content, encoding, title, words, weights)
    picture = _picture(content)
    if picture is None:
        pixels = np.ones((_CELL * grid[0], _CELL * grid[1], 3), np.float32)
    else:
        factor = min(1.0, LARGEST / 3 / max(picture.height, picture.width))
        pixels = picture.scaled(
            max(1, round(picture.height * factor)), max(1, round(picture.width * factor)), 3
        )
    return (drawn_looks(pixels, grid_regions(*grid), title, words, weights),)


def _picture(content: Features) -> Image | None:
    """The picture that features are of; None where it cannot be shown."""
    try:
        return None if content.picture is None else open_image(content.picture)
    except RecurraError:  # a report can do without it
        return None
