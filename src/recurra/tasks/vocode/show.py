"""What a vocoder has to show: recordings, and what became of them, to hear."""

from collections.abc import Sequence
from typing import Any

from recurra.data.sound import file_of
from recurra.experiment.examples import Part
from recurra.experiment.task import Description, Fitted, Rival
from recurra.report.heading import source_name
from recurra.report.medium import Audio
from recurra.report.number import count
from recurra.report.record import MetricsRecord
from recurra.report.section import Section

_SHOWN, _LONGEST = 3, 10  # recordings, seconds of each
_NOTE = (
    "MCD compares mel frames, which is what Griffin-Lim brings into agreement: by it Griffin-Lim is nearly "
    "as good as can be. How natural a voice is, it does not say."
)


def describe(fitted: Fitted, part: Part) -> Description:
    """What was made again, and how."""
    target, config = fitted.schema.target, fitted.config
    mel, source = target.frames.mel, part.examples.table.source
    facts = (
        ("Recordings judged", count(len(part))),
        ("Reads", f"{mel.num_mels} mel bands every {mel.shift:g} ms, {2 * config.context} frames at a time"),
        ("Writes", f"{config.bands} bands of {mel.rate // config.bands:,} samples a second"),
    )
    return Description(
        title=f"{source_name(source)}, made again of its frames",
        judged=f"{count(len(part))} recordings",
        facts=facts,
        source=source,
        target="the recordings",
        notes=(_NOTE,),
    )


def show(fitted: Fitted, part: Part, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """The first recordings, with what each way made of them."""
    del metrics
    rate = fitted.schema.target.frames.mel.rate
    pieces: list[Any] = []
    for row, clip in enumerate(part.examples.contents[:_SHOWN]):
        title = part.examples.places[row]
        real = clip.samples()[: _LONGEST * clip.rate]
        pieces.append(Audio.of(file_of(real, clip.rate, ".ogg"), title=title, note="The recording."))
        for one in rivals:
            samples = one.answer[row][: _LONGEST * rate]
            pieces.append(Audio.of(file_of(samples, rate, ".ogg"), title=title, note=f"{one.label}."))
    lead = "Recordings, and the same made again of their frames."
    return [Section(id="sound", heading="What it made", lead=lead, pieces=pieces)] if pieces else []
