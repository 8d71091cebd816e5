"""An image in a report: itself, small, with what was told of its places."""

import io
from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.data.image import Image
from recurra.inputs.gaze import Weights
from recurra.inputs.images.encoding import ImageEncoding
from recurra.inputs.looks import LARGEST, drawn_looks, note_of, picture_of
from recurra.report.medium import Picture
from recurra.report.record import Piece

_INK = "#c65d3b"


def exhibit(
    content: Image, encoding: ImageEncoding, title: str, marks: Sequence[tuple[str, float]] = ()
) -> Sequence[Piece]:
    """The image, with marks over the steps that they stand at."""
    if marks:
        return (Picture.of(_marked(content, encoding, marks), title=title, note=note_of(content)),)
    return (picture_of(content, title),)


def gaze(
    content: Image, encoding: ImageEncoding, title: str, words: Sequence[str], weights: Weights
) -> Sequence[Piece]:
    """The image, once for each word, bright where the net looked for it; see `recurra.inputs.gaze.Gaze`."""
    if not words:
        return ()
    factor = min(1.0, LARGEST / 3 / max(content.height, content.width))
    size = (max(1, round(content.height * factor)), max(1, round(content.width * factor)))
    values, regions = content.scaled(*size, 3), encoding.regions(content)
    return (drawn_looks(values, regions, title, words, weights),)


def _marked(content: Image, encoding: ImageEncoding, marks: Sequence[tuple[str, float]]) -> bytes:
    """The image with a text over each step that has one."""
    factor = min(1.0, 3 * LARGEST / max(content.height, content.width))
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
