"""An image in a report: itself, small, with what was told of its places."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.data.image import Image, library
from recurra.inputs.gaze import Weights
from recurra.inputs.images.codec import Region
from recurra.inputs.images.encoding import ImageEncoding
from recurra.report.medium import Picture
from recurra.report.record import Piece

_LARGEST = 360  # pixels of the longer side
_SMALL = 100  # pixels of an image that is shown larger, its pixels square
_INK = "#c65d3b"
_DARK = 0.25  # of its light keeps what was not looked at


def exhibit(
    content: Image, encoding: ImageEncoding, title: str, marks: Sequence[tuple[str, float]] = ()
) -> Sequence[Piece]:
    """The image, with marks over the steps that they stand at."""
    if marks:
        return (Picture.of(_marked(content, encoding, marks), title=title, note=_note(content)),)
    factor = min(1.0, _LARGEST / max(content.height, content.width))
    size = (max(1, round(content.height * factor)), max(1, round(content.width * factor)))
    values = content.scaled(*size, content.channels)
    small = max(size) <= _SMALL
    return (Picture.of(_png(values), title=title, note=_note(content), pixelated=small),)


def gaze(
    content: Image, encoding: ImageEncoding, title: str, words: Sequence[str], weights: Weights
) -> Sequence[Piece]:
    """The image, once for each word, bright where the net looked for it; see `recurra.inputs.gaze.Gaze`."""
    if not words:
        return ()
    factor = min(1.0, _LARGEST / 3 / max(content.height, content.width))
    size = (max(1, round(content.height * factor)), max(1, round(content.width * factor)))
    values, regions = content.scaled(*size, 3), encoding.regions(content)
    across = min(len(words), max(1, 6 * size[0] // size[1]), 6)
    down = -(-len(words) // across)
    shape = (1.7 * across, (1.7 * size[0] / size[1] + 0.3) * down)
    figure = Figure(figsize=shape, dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for place, axes in enumerate(np.atleast_1d(figure.subplots(down, across)).ravel()):
        axes.set_axis_off()
        if place < len(words):
            light = _light(regions, weights[place], size)
            axes.imshow(values * (_DARK + (1 - _DARK) * light[..., None]), vmin=0, vmax=1)
            axes.set_title(words[place], fontsize=8, color="0.25")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    note = "The image for each word that was written, bright where the net looked for it."
    return (Picture.of(drawn.getvalue(), title=title, note=note),)


def _light(regions: Sequence[Region], weights: np.ndarray, size: tuple[int, int]) -> np.ndarray:
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


def _marked(content: Image, encoding: ImageEncoding, marks: Sequence[tuple[str, float]]) -> bytes:
    """The image with a text over each step that has one."""
    factor = min(1.0, 3 * _LARGEST / max(content.height, content.width))
    size = (max(1, round(content.height * factor)), max(1, round(content.width * factor)))
    values = content.scaled(*size, content.channels)
    regions = encoding.regions(content)
    wide = size[1] >= size[0]
    shape = (6.0, max(0.5, 6.0 * size[0] / size[1]) + 0.3) if wide else (3.0 * size[1] / size[0] + 0.8, 3.0)
    figure = Figure(figsize=shape, dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.imshow(values, cmap="gray", vmin=0, vmax=1, aspect="auto", extent=(0, 1, 1, 0))
    for text, step in marks:
        place = regions[min(int(step), len(regions) - 1)]
        middle = (place.left + place.right) / 2, (place.top + place.bottom) / 2
        if encoding.codec.view == "columns":
            axes.axvline(middle[0], color=_INK, linewidth=0.7, alpha=0.7)
            axes.annotate(text, (middle[0], 0), xytext=(0, 2), textcoords="offset points", color=_INK,
                          fontsize=8, ha="center", va="bottom", annotation_clip=False)  # fmt: skip
        else:
            axes.annotate(text, middle, color=_INK, fontsize=8, ha="center", va="center")
    axes.set_axis_off()
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    return drawn.getvalue()


def _png(values: np.ndarray) -> bytes:
    """Pixels from 0 to 1 as a file."""
    whole = np.clip(values * 255, 0, 255).round().astype(np.uint8)
    file = io.BytesIO()
    library().fromarray(whole[..., 0] if whole.shape[2] == 1 else whole).save(file, format="PNG")
    return file.getvalue()


def _note(content: Image) -> str:
    return (
        f"{content.width:,} x {content.height:,} pixels, {'grey' if content.channels == 1 else 'in colour'}."
    )
