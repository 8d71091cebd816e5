"""Pen strokes: what a task needs to know of them."""

from collections.abc import Sequence
from typing import Any

from recurra.inputs.examples import Keep
from recurra.inputs.glance import glance, id_name, is_list_of_numbers, left_of
from recurra.inputs.input import Input
from recurra.inputs.rows import file_kind, path_of
from recurra.inputs.steps_encoder import StepsEncoder
from recurra.inputs.strokes.archive import holds_ink, is_archive
from recurra.inputs.strokes.columns import INK_KINDS, channels_of, path_column, strokes_column
from recurra.inputs.strokes.config import StrokesConfig
from recurra.inputs.strokes.encoding import StrokesEncoding
from recurra.inputs.strokes.exhibit import exhibit
from recurra.inputs.strokes.ink import Ink, show
from recurra.inputs.strokes.reader import ink_files, read
from recurra.inputs.strokes.summary import StrokesSummary


def suits(source: Any, keep: Keep) -> bool:
    """Whether it holds strokes, or is a file of ink or a folder of such."""
    path = path_of(source)
    if path is not None and path.is_dir():
        return bool(ink_files(path, INK_KINDS))
    if path is not None and file_kind(path) in INK_KINDS:
        return True
    if path is not None and is_archive(path):
        return path.is_file() and holds_ink(path)
    frame = glance(source)
    if frame is None:
        return False
    left = left_of(frame, keep)
    if strokes_column(left) is not None or path_column(left) is not None:
        return True
    channels = channels_of(left)
    return channels is not None and (is_list_of_numbers(frame[channels.x]) or id_name(frame) is not None)


def learn(contents: Sequence[Ink], config: StrokesConfig) -> StrokesEncoding:
    """Learn the scales of the training part."""
    return StrokesEncoding.learn(contents, config)


def encoder(encoding: StrokesEncoding, config: StrokesConfig) -> StepsEncoder:
    """Nothing stands before the net: steps are scaled already."""
    del config
    return StepsEncoder(len(encoding.codec.names))


STROKES = Input(
    name="strokes",
    suits=suits,
    read=read,
    learn=learn,
    revive=StrokesEncoding.from_dict,
    encoder=encoder,
    summary=StrokesSummary,
    summary_label="Ink statistics",
    show=show,
    exhibit=exhibit,
)
