"""Numeric sequences: what a task needs to know of them."""

from collections.abc import Sequence
from typing import Any

from recurra.inputs.examples import Keep
from recurra.inputs.glance import glance, has_channels, has_text, id_name
from recurra.inputs.input import Input
from recurra.inputs.rows import file_kind, path_of
from recurra.inputs.sequence.config import SequenceConfig
from recurra.inputs.sequence.encoding import SequenceEncoding
from recurra.inputs.sequence.reader import read
from recurra.inputs.sequence.series import Series, show
from recurra.inputs.sequence.summary import ChannelSummary
from recurra.inputs.steps_encoder import StepsEncoder


def suits(source: Any, keep: Keep) -> bool:
    """Whether it holds lists of numbers, or numbers and an id that repeats."""
    path = path_of(source)
    if path is not None and file_kind(path) == ".ts":
        return path.is_file()
    frame = glance(source)
    if frame is None or has_text(frame, keep):
        return False
    return id_name(frame) is not None or has_channels(frame, keep)


def learn(contents: Sequence[Series], config: SequenceConfig) -> SequenceEncoding:
    """Learn the scales of the training part."""
    return SequenceEncoding.learn(contents, config)


def encoder(encoding: SequenceEncoding, config: SequenceConfig) -> StepsEncoder:
    """Nothing stands before the net: steps are scaled already."""
    del config
    return StepsEncoder(encoding.codec.size, streams=encoding.codec.elapsed is None)


SEQUENCE = Input(
    name="series",
    suits=suits,
    read=read,
    learn=learn,
    revive=SequenceEncoding.from_dict,
    encoder=encoder,
    summary=ChannelSummary,
    summary_label="Channel statistics",
    show=show,
)
