"""A motion in a report: the body in some of its frames, with its bones."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.inputs.motion.encoding import MotionEncoding
from recurra.inputs.motion.motion import Motion
from recurra.report.medium import Picture
from recurra.report.record import Piece

_SHOWN = 8  # frames
_LEFT, _MIDDLE, _RIGHT = "#c65d3b", "0.35", "#3b5b92"


def exhibit(
    content: Motion, encoding: MotionEncoding, title: str, marks: Sequence[tuple[str, float]] = ()
) -> Sequence[Piece]:
    """A picture of frames at equal distances, seen as the net sees them, one side of the body in blue."""
    del marks  # steps have no duration
    skeleton = encoding.codec.body.skeleton
    whole = content.positions[: encoding.codec.max_length]
    seen = encoding.codec.body.see(whole, None)[0]
    places = np.unique(np.linspace(0, len(whole) - 1, min(_SHOWN, len(whole))).round().astype(int))
    across, up = skeleton.across, skeleton.upright
    drawn = seen.positions[places]
    figure = Figure(figsize=(1.1 * len(places), 2.0), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    middle = np.array(skeleton.pose)[:, across]
    for axes, frame, missing, place in zip(
        np.atleast_1d(figure.subplots(1, len(places), sharex=True, sharey=True)),
        drawn, seen.missing[places], places, strict=True,
    ):  # fmt: skip
        for joint, parent in enumerate(skeleton.parents):
            side = 0 if skeleton.opposites[joint] == joint else np.sign(middle[joint])
            colour = (_MIDDLE, _RIGHT, _LEFT)[int(side)]
            style = ":" if missing[joint] or missing[parent] else "-"
            axes.plot(
                frame[[joint, parent], across], frame[[joint, parent], up], style, color=colour, linewidth=1.6
            )
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.set_title(f"{place + 1}", fontsize=8, color="0.35")
    content_of = io.BytesIO()
    figure.savefig(content_of, format="png")
    gaps = " Bones to joints that were not seen are dotted." if seen.missing[places].any() else ""
    note = f"The body in some of its {len(content):,} frames, whose numbers stand above them.{gaps}"
    return (Picture.of(content_of.getvalue(), title=title, note=note),)
