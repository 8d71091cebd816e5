"""Motions: what a task needs to know of them."""

from collections.abc import Sequence
from typing import Any

from recurra.inputs.examples import Keep
from recurra.inputs.glance import glance, id_name, is_list_of_numbers, left_of
from recurra.inputs.input import Input
from recurra.inputs.motion.archive import holds_frames, is_archive
from recurra.inputs.motion.config import MotionConfig
from recurra.inputs.motion.encoding import MotionEncoding
from recurra.inputs.motion.exhibit import exhibit
from recurra.inputs.motion.motion import Motion, show
from recurra.inputs.motion.reader import frames_column, holds_a_motion, joint_columns, motion_files, read
from recurra.inputs.motion.summary import MotionSummary
from recurra.inputs.rows import path_of
from recurra.inputs.steps_encoder import StepsEncoder


def suits(source: Any, keep: Keep) -> bool:
    """Whether it holds frames of joints, or is a folder of such files."""
    path = path_of(source)
    if path is not None and path.is_dir():
        return any(map(holds_a_motion, motion_files(path)[:1]))
    if path is not None and is_archive(path):
        return path.is_file() and holds_frames(path)
    frame = glance(source)
    if frame is None:
        return False
    left = left_of(frame, keep)
    if frames_column(left) is not None:
        return True
    joints = joint_columns(left)
    lists = any(is_list_of_numbers(frame[own[0]]) for own in joints.values())
    return bool(joints) and (lists or id_name(frame) is not None)


def learn(contents: Sequence[Motion], config: MotionConfig) -> MotionEncoding:
    """Learn the body, and the scales of the training part."""
    return MotionEncoding.learn(contents, config)


def encoder(encoding: MotionEncoding, config: MotionConfig) -> StepsEncoder:
    """Nothing stands before the net: steps are scaled already."""
    del config
    return StepsEncoder(len(encoding.codec.names))


MOTION = Input(
    name="motion",
    suits=suits,
    read=read,
    learn=learn,
    revive=MotionEncoding.from_dict,
    encoder=encoder,
    summary=MotionSummary,
    summary_label="Motion statistics",
    show=show,
    exhibit=exhibit,
)
