"""What a speaker has to show: what it said beside the recordings, to see and to hear, and where it looked."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.data.sound import file_of
from recurra.experiment.examples import Part
from recurra.experiment.task import Description, Fitted, Rival
from recurra.metrics.speech import mel_cepstral_distortion
from recurra.report.heading import source_name
from recurra.report.medium import Audio, Picture
from recurra.report.number import count
from recurra.report.record import MetricsRecord, Piece
from recurra.report.section import Section
from recurra.tasks.speak.recordings import TEXT, sounds_of
from recurra.tasks.speak.synthesis import Speech

_SHOWN = 4
_LONGEST = 10  # seconds that are embedded
_MOST_TICKS = 60
_ENOUGH, _MINUTES = 3600, 120  # seconds: of speech for free texts, and from which on they are told in minutes
_COPY = (
    "The recordings through Griffin-Lim are their own frames made a waveform again: what the way from "
    "frames to sound costs by itself."
)
_DISTORTION = (
    "MCD says how near the sound is to one recording of the text; another one by the same voice is some "
    "decibels away, too. It does not say how natural it is."
)


def describe(fitted: Fitted, part: Part) -> Description:
    """What was spoken, and how much of it."""
    target, config, source = fitted.schema.target, fitted.config, part.examples.table.source
    facts = (
        ("Texts judged", count(len(part))),
        ("Reads", f"{config.reads}, {len(target.alphabet.known)} different ones"),
        (
            "Writes",
            f"{target.mel.num_mels} mel bands every {target.mel.shift:g} ms, {config.reduction} a step",
        ),
        ("Attention", config.attention),
    )
    return Description(
        title=f"{source_name(source)}, spoken",
        judged=f"{count(len(part))} texts",
        facts=facts,
        source=source,
        target="the recordings",
        notes=(_COPY, _DISTORTION, *_little(target.seconds)),
    )


def _little(seconds: float) -> Sequence[str]:
    """What is to be said of a voice that heard less than it takes."""
    if seconds >= _ENOUGH:
        return ()
    heard = f"{seconds / 60:.0f} minutes" if seconds >= _MINUTES else f"{seconds:.0f} seconds"
    said = (
        f"It learnt from {heard} of speech. That may do for a few words that come again and again; for any "
        "text it is too little: it will not sound natural, and often not even clear."
    )
    return (said,)


def show(fitted: Fitted, part: Part, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """The worst by distortion and the best, drawn beside their recordings, with players."""
    del metrics
    target, given = fitted.schema.target, rivals[0].answer
    sounds = sounds_of(part.examples)
    apart = [
        mel_cepstral_distortion(target.mel.frames(one.samples), target.spectrum(sound))
        for one, sound in zip(given, sounds, strict=True)
    ]
    order = np.argsort(-np.array(apart), kind="stable").tolist()
    rows = list(dict.fromkeys([*order[: _SHOWN // 2], *order[-_SHOWN // 2 :]]))
    pieces: list[Any] = []
    for row in rows:
        title = f"{part.examples.columns[TEXT][row]} ({apart[row]:.1f} dB)"
        pieces += _exhibit(fitted, part, row, given[row], title)
    lead = (
        "The two texts that are farthest from their recordings, and the two that are nearest: the frames of "
        "the recording, those of the speech, and where each step looked."
    )
    section = Section(id="speech", heading="What it said", lead=lead, pieces=pieces, layout="full")
    return [section] if pieces else []


def _exhibit(fitted: Fitted, part: Part, row: int, said: Speech, title: str) -> Sequence[Piece]:
    target, content = fitted.schema.target, part.examples.contents[row]
    sound = sounds_of(part.examples)[row]
    truth, told = target.spectrum(sound), target.mel.frames(said.samples)
    pieces = fitted.schema.encoding.pieces(content)
    picture = drawn(truth, told, said.weights, pieces, target.mel.shift / 1000)
    rate = target.mel.rate
    real = sound.samples()[: _LONGEST * sound.rate]
    return (
        Picture.of(picture, title=title, note="The recording, the speech, and its attention, over seconds."),
        Audio.of(file_of(said.samples[: _LONGEST * rate], rate, ".ogg"), title=title, note="The speech."),
        Audio.of(file_of(real, sound.rate, ".ogg"), title=title, note="The recording."),
    )


def drawn(
    truth: np.ndarray, told: np.ndarray, weights: np.ndarray | None, pieces: Sequence[str], shift: float
) -> bytes:
    """Two spectra over time and the attention of the second, as a PNG."""
    figure = Figure(figsize=(6, 5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(3)
    low, high = np.quantile(truth, (0.05, 1.0))
    for own, frames, label in ((axes[0], truth, "recording"), (axes[1], told, "speech")):
        extent = (0.0, len(frames) * shift, 0.0, float(frames.shape[1]))
        own.imshow(frames.T, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=high, extent=extent)
        own.set(ylabel=f"{label}\nmel band")
    if weights is not None:
        extent = (0.0, len(told) * shift, -0.5, weights.shape[1] - 0.5)
        axes[2].imshow(weights.T, origin="lower", aspect="auto", cmap="Blues", vmin=0, vmax=1, extent=extent)
        if len(pieces) == weights.shape[1] <= _MOST_TICKS:
            axes[2].set_yticks(range(len(pieces)), [*pieces[:-1], "end"], fontsize=6)
    axes[2].set(xlabel="seconds", ylabel="looks at")
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
