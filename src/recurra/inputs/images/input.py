"""Images: what a task needs to know of them."""

from collections.abc import Sequence
from typing import Any

from recurra.data.image import Image, ImageFile, is_image
from recurra.inputs.examples import Keep
from recurra.inputs.files import files_in, path_column
from recurra.inputs.glance import glance, left_of
from recurra.inputs.images.arrays import array_column, holds_images, is_archive
from recurra.inputs.images.config import ImagesConfig
from recurra.inputs.images.encoder import ImageEncoder
from recurra.inputs.images.encoding import ImageEncoding
from recurra.inputs.images.exhibit import exhibit, gaze
from recurra.inputs.images.reader import read
from recurra.inputs.images.summary import PixelSummary
from recurra.inputs.input import Encoder, Input
from recurra.inputs.rows import path_of
from recurra.inputs.steps_encoder import StepsEncoder


def suits(source: Any, keep: Keep) -> bool:
    """Whether it is an image, a folder of them, arrays of them, or a table that names some."""
    path = path_of(source)
    if path is not None:
        if path.is_dir():
            return bool(files_in(path, is_image))
        if is_image(path):
            return True
        if is_archive(path):
            return path.is_file() and holds_images(path)
    frame = glance(source)
    if frame is None:
        return False
    left = left_of(frame, keep)
    return array_column(left) is not None or path_column(left, is_image) is not None


def learn(contents: Sequence[Image], config: ImagesConfig) -> ImageEncoding:
    """Learn the scales of the training part."""
    return ImageEncoding.learn(contents, config)


def encoder(encoding: ImageEncoding, config: ImagesConfig) -> Encoder:
    """The front of convolutions, or nothing where steps are lists of numbers."""
    codec = encoding.codec
    if codec.flat:
        return StepsEncoder(codec.step_size)
    blocks = None if config.front_blocks == "auto" else config.front_blocks
    return ImageEncoder(codec, width=config.front_width, blocks=blocks, places=config.places)


def show(content: Image) -> str:
    """An image's name and size."""
    name = content.path.name if isinstance(content, ImageFile) else "pixels"
    return f"{name} ({content.width} x {content.height})"


IMAGES = Input(
    name="images",
    suits=suits,
    read=read,
    learn=learn,
    revive=ImageEncoding.from_dict,
    encoder=encoder,
    summary=PixelSummary,
    summary_label="Pixels",
    show=show,
    exhibit=exhibit,
    gaze=gaze,
)
