"""A video in a report: some of its frames, as the net reads them."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.data.video import Video, frames_of
from recurra.inputs.video.encoding import VideoEncoding
from recurra.report.medium import Picture
from recurra.report.record import Piece

_SHOWN = 8  # frames
_LARGEST = 128  # pixels of the longer side


def exhibit(
    content: Video, encoding: VideoEncoding, title: str, marks: Sequence[tuple[str, float]] = ()
) -> Sequence[Piece]:
    """Frames at equal distances, with their seconds above them."""
    del marks  # a frame says when it is
    steps, rate = encoding.length(content), encoding.codec.rate
    factor = min(1.0, _LARGEST / max(content.height, content.width))
    size = max(1, round(content.height * factor)), max(1, round(content.width * factor))
    places = np.unique(np.linspace(0, steps - 1, min(_SHOWN, steps)).round().astype(int)).tolist()
    wanted = set(places)
    grey = encoding.codec.channels == 1
    read = enumerate(frames_of(content, rate, size, grey=grey, steps=steps))
    shown = [frame for place, frame in read if place in wanted]
    figure = Figure(figsize=(1.2 * len(places), 1.2 * size[0] / size[1] + 0.3), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes_of = np.atleast_1d(figure.subplots(1, len(places)))
    for axes, frame, place in zip(axes_of, shown, places, strict=True):
        axes.imshow(frame[..., 0] if grey else frame, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.set_title(f"{place / rate:.2f} s", fontsize=8, color="0.35")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    note = (
        f"Some of the {steps:,} frames that are read of {content.seconds:.2f} seconds, {rate:g} each second; "
        f"the net sees them at {encoding.codec.width} x {encoding.codec.height} pixels."
    )
    return (Picture.of(drawn.getvalue(), title=title, note=note),)
