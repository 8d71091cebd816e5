"""Recordings: what a task needs to know of them."""

from collections.abc import Sequence
from typing import Any

from recurra.data.sound import Clip, Sound, is_sound
from recurra.inputs.audio.background import enriched
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.encoding import AudioEncoding
from recurra.inputs.audio.exhibit import exhibit
from recurra.inputs.audio.reader import read, recordings
from recurra.inputs.audio.summary import SpectrumSummary
from recurra.inputs.examples import Keep
from recurra.inputs.files import path_column
from recurra.inputs.glance import glance, left_of
from recurra.inputs.input import Input
from recurra.inputs.rows import path_of
from recurra.inputs.steps_encoder import StepsEncoder


def suits(source: Any, keep: Keep) -> bool:
    """Whether it is a recording, a folder of them, or a table that names some."""
    path = path_of(source)
    if path is not None:
        if path.is_dir():
            return bool(recordings(path))
        if is_sound(path):
            return True
    frame = glance(source)
    return frame is not None and path_column(left_of(frame, keep), is_sound) is not None


def learn(contents: Sequence[Clip], config: AudioConfig) -> AudioEncoding:
    """Learn the scales of the training part."""
    return AudioEncoding.learn(contents, config)


def encoder(encoding: AudioEncoding, config: AudioConfig) -> StepsEncoder:
    """Nothing stands before the net: steps are scaled already."""
    del config
    return StepsEncoder(encoding.codec.spectrum.size)


def show(content: Clip) -> str:
    """A recording's name, where a piece begins in it, and how long it lasts."""
    name = content.path.name if isinstance(content, Sound) else "samples"
    begin = content.first / content.rate if isinstance(content, Sound) else 0
    return f"{name} ({f'from {begin:.2f} s, ' if begin else ''}{content.seconds:.2f} s)"


AUDIO = Input(
    name="audio",
    suits=suits,
    read=read,
    learn=learn,
    revive=AudioEncoding.from_dict,
    encoder=encoder,
    summary=SpectrumSummary,
    summary_label="Spectrum statistics",
    show=show,
    exhibit=exhibit,
    enrich=enriched,
)
