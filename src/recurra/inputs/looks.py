"""Pictures in reports: small, or once for each word that was written of it, bright where the net looked."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.data.image import Image, Values, library
from recurra.inputs.gaze import Weights
from recurra.inputs.region import Region
from recurra.report.medium import Picture

LARGEST = 360
"""Pixels of the longer side of a picture."""
_SMALL = 100  # pixels of an image that is shown larger, its pixels square
_DARK = 0.25  # of its light keeps what was not looked at


def picture_of(content: Image, title: str) -> Picture:
    """The image itself, small."""
    factor = min(1.0, LARGEST / max(content.height, content.width))
    size = (max(1, round(content.height * factor)), max(1, round(content.width * factor)))
    values = content.scaled(*size, content.channels)
    small = max(size) <= _SMALL
    return Picture.of(_png(values), title=title, note=note_of(content), pixelated=small)


def drawn_looks(
    pixels: Values, regions: Sequence[Region], title: str, words: Sequence[str], weights: Weights
) -> Picture:
    """The picture for each word.

    Args:
        pixels: (height, width, channels) from 0 to 1.
        regions: Where each step stands in it.
        title: What was written.
        words: Its words, one at least.
        weights: (words, steps) how much of each word's look fell on each step.
    """
    height, width = pixels.shape[:2]
    across = min(len(words), max(1, 6 * height // width), 6)
    down = -(-len(words) // across)
    shape = (1.7 * across, (1.7 * height / width + 0.3) * down)
    figure = Figure(figsize=shape, dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for place, axes in enumerate(np.atleast_1d(figure.subplots(down, across)).ravel()):
        axes.set_axis_off()
        if place < len(words):
            light = lit(regions, weights[place], (height, width))
            axes.imshow(pixels * (_DARK + (1 - _DARK) * light[..., None]), vmin=0, vmax=1)
            axes.set_title(words[place], fontsize=8, color="0.25")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    note = "The image for each word that was written, bright where the net looked for it."
    return Picture.of(drawn.getvalue(), title=title, note=note)


def lit(regions: Sequence[Region], weights: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(height, width) how much each pixel was looked at, 1 where the most."""
    found = np.zeros(size)
    for region, weight in zip(regions, weights / max(float(weights.max()), 1e-12), strict=True):
        rows, columns = (
            slice(max(0, round(begin * length)), max(0, round(end * length)))
            for begin, end, length in (
                (region.top, region.bottom, size[0]),
                (region.left, region.right, size[1]),
            )
        )
        found[rows, columns] = weight
    return found


def _png(values: np.ndarray) -> bytes:
    """Pixels from 0 to 1 as a file."""
    whole = np.clip(values * 255, 0, 255).round().astype(np.uint8)
    file = io.BytesIO()
    library().fromarray(whole[..., 0] if whole.shape[2] == 1 else whole).save(file, format="PNG")
    return file.getvalue()


def note_of(content: Image) -> str:
    """How large it is."""
    return (
        f"{content.width:,} x {content.height:,} pixels, {'grey' if content.channels == 1 else 'in colour'}."
    )
