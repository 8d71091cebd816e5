"""A recording in a report: its waveform over its spectrum, and a player."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.data.sound import Clip, library
from recurra.inputs.audio.encoding import AudioEncoding
from recurra.report.medium import Audio, Picture
from recurra.report.record import Piece

_LONGEST = 20  # seconds that are drawn and embedded
_INK = "#3b5b92"


def exhibit(
    content: Clip, encoding: AudioEncoding, title: str, marks: Sequence[tuple[str, float]] = ()
) -> Sequence[Piece]:
    """Picture and player, with marks over the spectrum; of long recordings the beginning."""
    samples = content.samples()[: _LONGEST * content.rate]
    beginning = "" if len(samples) == content.count else f" Its first {_LONGEST} seconds."
    spectrum = encoding.codec.spectrum
    steps = spectrum.of(samples, content.rate).reshape(-1, spectrum.numbers)
    seconds = len(samples) / content.rate
    figure = Figure(figsize=(6, 2.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, sharex=True, height_ratios=(1, 2))
    above.plot(np.linspace(0, seconds, len(samples)), samples, color=_INK, linewidth=0.5)
    above.set(ylim=(-1.05 * np.abs(samples).max() - 1e-9, 1.05 * np.abs(samples).max() + 1e-9), yticks=[])
    low, high = np.quantile(steps, (0.05, 1.0))
    below.imshow(
        steps.T, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=high,
        extent=(0, seconds, 0, spectrum.numbers),
    )  # fmt: skip
    unit = "mel band" if spectrum.features == "log_mel" else "cepstrum"
    below.set(xlabel="seconds", ylabel=unit, xlim=(0, seconds))
    for text, moment in marks:
        if moment <= seconds:
            below.axvline(moment, color="white", linewidth=0.8, alpha=0.8)
            below.annotate(
                text, (moment, spectrum.numbers), xytext=(1, -2), textcoords="offset points", color="white",
                fontsize=7, va="top",
            )  # fmt: skip
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    drawn, sound = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    library("soundfile").write(sound, samples, content.rate, format="OGG", subtype="VORBIS")
    marked = ", with what it told where it told it" if marks else ""
    note = f"Waveform, and what the net reads of it{marked}, over {seconds:.2f} seconds.{beginning}"
    return (
        Picture.of(drawn.getvalue(), title=title, note=note),
        Audio.of(sound.getvalue(), title=title, note="The recording, to listen to."),
    )
