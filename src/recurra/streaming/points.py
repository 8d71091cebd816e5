"""Where in a map of channels something is, frame by frame, as `recurra.layers.points` reads it."""

import numpy as np

from recurra.streaming.layer import Array

TENTHS = 5.0
"""Tenths of a map in what places are measured in: a map goes from -1 to 1."""


def points_of(maps: Array, sharpness: Array) -> tuple[Array, Array]:
    """Of each channel the mean place, weighted by what is found there, and the largest value.

    Args:
        maps: (height, width, channels) of one frame.
        sharpness: (channels,) what the map is multiplied by before the softmax over its places.

    Returns:
        (channels, 2), right and down from -1 to 1, and (channels,).
    """
    height, width, channels = maps.shape
    sharp = (maps * sharpness).reshape(-1, channels)
    weights = np.exp(sharp - sharp.max(axis=0))
    shares = (weights / weights.sum(axis=0)).reshape(maps.shape)
    right = (shares.sum(axis=0) * _places(width)[:, None]).sum(axis=0)
    down = (shares.sum(axis=1) * _places(height)[:, None]).sum(axis=0)
    return np.stack([right, down], axis=-1), maps.max(axis=(0, 1))


def _places(count: int) -> Array:
    """The middles of so many places from -1 to 1."""
    return (2 * np.arange(count, dtype=np.float32) + 1) / np.float32(count) - np.float32(1)
