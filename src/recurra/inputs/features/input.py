"""Features: what a task needs to know of them."""

from collections.abc import Sequence
from typing import Any

from recurra.data.stored import is_stored
from recurra.inputs.examples import Keep
from recurra.inputs.features.archive import holds_features
from recurra.inputs.features.config import FeaturesConfig
from recurra.inputs.features.content import Features
from recurra.inputs.features.encoding import FeatureEncoding
from recurra.inputs.features.exhibit import exhibit, gaze
from recurra.inputs.features.reader import read
from recurra.inputs.features.summary import FeatureSummary
from recurra.inputs.files import files_in, path_column
from recurra.inputs.glance import glance, left_of
from recurra.inputs.input import Input
from recurra.inputs.rows import path_of
from recurra.inputs.steps_encoder import StepsEncoder


def suits(source: Any, keep: Keep) -> bool:
    """Whether it is a file or a folder of features that are called so, or a table that names some files."""
    path = path_of(source)
    if path is not None and path.is_dir():
        return bool(files_in(path, is_stored))  # those of other inputs have been told from them
    if path is not None and is_stored(path):
        return path.is_file() and (path.suffix.lower() == ".safetensors" or holds_features(path))
    frame = glance(source)
    return frame is not None and path_column(left_of(frame, keep), is_stored) is not None


def learn(contents: Sequence[Features], config: FeaturesConfig) -> FeatureEncoding:
    """Learn the scales of the training part."""
    return FeatureEncoding.learn(contents, config)


def encoder(encoding: FeatureEncoding, config: FeaturesConfig) -> StepsEncoder:
    """Nothing stands before the net: another one has done its work."""
    del config
    return StepsEncoder(encoding.codec.size)


def show(content: Features) -> str:
    """What an item is called, and its shape."""
    return f"{content.name} ({' x '.join(map(str, content.shape))})"


FEATURES = Input(
    name="features",
    suits=suits,
    read=read,
    learn=learn,
    revive=FeatureEncoding.from_dict,
    encoder=encoder,
    summary=FeatureSummary,
    summary_label="Means of features",
    show=show,
    exhibit=exhibit,
    gaze=gaze,
)
