"""Videos: what a task needs to know of them."""

from collections.abc import Sequence
from typing import Any

from recurra.data.video import Video, is_video
from recurra.inputs.examples import Keep
from recurra.inputs.files import files_in, path_column
from recurra.inputs.glance import glance, left_of
from recurra.inputs.input import Input
from recurra.inputs.rows import path_of
from recurra.inputs.video.config import VideoConfig
from recurra.inputs.video.encoder import VideoEncoder
from recurra.inputs.video.encoding import VideoEncoding
from recurra.inputs.video.exhibit import exhibit
from recurra.inputs.video.reader import read
from recurra.inputs.video.summary import FrameSummary


def suits(source: Any, keep: Keep) -> bool:
    """Whether it is a video, a folder of them, or a table that names some."""
    path = path_of(source)
    if path is not None and path.is_dir():
        return bool(files_in(path, is_video))
    if path is not None and is_video(path):
        return True
    frame = glance(source)
    return frame is not None and path_column(left_of(frame, keep), is_video) is not None


def learn(contents: Sequence[Video], config: VideoConfig) -> VideoEncoding:
    """Learn the scales of the training part."""
    return VideoEncoding.learn(contents, config)


def encoder(encoding: VideoEncoding, config: VideoConfig) -> VideoEncoder:
    """The front of convolutions."""
    return VideoEncoder(encoding.codec, config)


def show(content: Video) -> str:
    """A video's name and how long it is."""
    return f"{content.path.name} ({content.seconds:.1f} s)"


VIDEO = Input(
    name="video",
    suits=suits,
    read=read,
    learn=learn,
    revive=VideoEncoding.from_dict,
    encoder=encoder,
    summary=FrameSummary,
    summary_label="Pixels and their changes",
    show=show,
    exhibit=exhibit,
)
