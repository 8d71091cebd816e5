"""Bodies that were made up, and what they do: a small world for nets that read motion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
from jaxtyping import Float64

_RATE = 15  # frames a second
_HEIGHT = 1.7  # metres
# Shares of the height: the trunk from the pelvis up, half a width, upper and lower limbs.
_TRUNK, _HEAD, _SHOULDERS, _HIPS = 0.28, 0.12, 0.11, 0.06
_ARM, _LEG = (0.17, 0.15), (0.24, 0.24)
JOINTS = (
    "pelvis", "neck", "head",
    "left shoulder", "left elbow", "left hand", "right shoulder", "right elbow", "right hand",
    "left hip", "left knee", "left foot", "right hip", "right knee", "right foot",
)  # fmt: skip
Angles = Float64[np.ndarray, " time"]
Places = Float64[np.ndarray, "time 3"]


@dataclass
class Pose:
    """What a body does with its joints; angles in radians, 0 where it stands still.

    Attributes:
        raised: (time,) of each arm, from hanging down to its side.
        bent: Of each elbow.
        forward: Of each arm.
        kicked: Of the right leg.
        crouch: Of both knees.
        lift: How high it is off the ground, in heights.
    """

    raised: dict[str, Angles]
    bent: dict[str, Angles]
    forward: dict[str, Angles]
    kicked: Angles
    crouch: Angles
    lift: Angles


def gesture_rows(count: int) -> pl.DataFrame:
    """So many motions that are made up, as many of each of seven kinds.

    Returns:
        `frames` (time, 15 joints, 3 axes: metres to the right of who looks, up, and towards them), `label`.
    """
    random = np.random.default_rng(0)
    labels = [list(ACTIONS)[number % len(ACTIONS)] for number in range(count)]
    return pl.DataFrame(
        {"frames": [_motion(one, random).round(3).tolist() for one in labels], "label": labels}
    )


def _motion(action: str, random: np.random.Generator) -> Float64[np.ndarray, "time joints 3"]:
    """A body of a random size that does something at its own speed, seen from not quite in front of it."""
    frames = int(random.integers(round(1.2 * _RATE), round(2.4 * _RATE)))
    phase = np.linspace(0, 1, frames)
    still = np.zeros(frames)
    rest = {side: still + 0.15 + random.normal(0, 0.06) for side in ("left", "right")}
    pose = Pose(rest, dict.fromkeys(rest, still + 0.2), dict.fromkeys(rest, still), still, still, still)
    ACTIONS[action](pose, phase, random.uniform(0.7, 1.1), random)
    body = _joints(pose) * _HEIGHT * random.uniform(0.8, 1.15)
    angle = np.radians(random.uniform(-25, 25))
    x, z = body[..., 0].copy(), body[..., 2].copy()
    body[..., 0], body[..., 2] = np.cos(angle) * x + np.sin(angle) * z, np.cos(angle) * z - np.sin(angle) * x
    return body + random.normal(0, 0.01, body.shape) + random.normal(0, 0.5, 3) * [1, 0, 1]


def _joints(pose: Pose) -> Float64[np.ndarray, "time joints 3"]:
    """Where the joints are, in heights of the body."""
    at: dict[str, Places] = {}
    crouch = pose.crouch
    at["pelvis"] = _offset(0 * crouch, sum(_LEG) * np.cos(crouch) + pose.lift, 0 * crouch)
    at["neck"] = at["pelvis"] + _TRUNK * _offset(0 * crouch, np.cos(0.6 * crouch), np.sin(0.6 * crouch))
    at["head"] = at["neck"] + _HEAD * _offset(0 * crouch, np.cos(0.4 * crouch), np.sin(0.4 * crouch))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        raised, bent, forward = pose.raised[side], pose.bent[side], pose.forward[side]
        at[f"{side} shoulder"] = at["neck"] + [sign * _SHOULDERS, -0.02, 0]
        at[f"{side} elbow"] = at[f"{side} shoulder"] + _ARM[0] * _direction(raised, forward, sign)
        lower = raised + np.where(forward > 0.1, -bent, bent)
        at[f"{side} hand"] = at[f"{side} elbow"] + _ARM[1] * _direction(lower, forward + 0.3 * bent, sign)
        kicked = pose.kicked if side == "right" else 0 * crouch
        at[f"{side} hip"] = at["pelvis"] + [sign * _HIPS, -0.02, 0]
        at[f"{side} knee"] = at[f"{side} hip"] + _LEG[0] * _direction(
            0.05 + 0 * crouch, crouch + kicked, sign
        )
        shin = _direction(0.02 + 0 * crouch, 0.6 * kicked - crouch, sign)
        at[f"{side} foot"] = at[f"{side} knee"] + _LEG[1] * shin
    return np.stack([at[name] for name in JOINTS], axis=1)


def _offset(right: Angles, up: Angles, towards: Angles) -> Places:
    return np.stack([right, up, towards], axis=1)


def _direction(raised: Angles, forward: Angles, sign: float) -> Places:
    """Of a limb: down at 0, raised to its side and swung forward by angles."""
    return _offset(sign * np.sin(raised), -np.cos(raised) * np.cos(forward), np.cos(raised) * np.sin(forward))


def _often(phase: Angles, random: np.random.Generator) -> Angles:
    """To and fro, two or three times."""
    return np.sin(2 * np.pi * random.uniform(2, 3) * phase + random.uniform(0, 6))


def _clap(pose: Pose, phase: Angles, strength: float, random: np.random.Generator) -> None:
    meanwhile = np.minimum(1, 4 * np.sin(np.pi * phase))
    beats = _often(phase, random)
    for side in ("left", "right"):
        pose.forward[side] = 1.2 * meanwhile
        pose.bent[side] = pose.bent[side] + strength * meanwhile * (0.7 + 0.5 * beats)


def _jump(pose: Pose, phase: Angles, strength: float, random: np.random.Generator) -> None:
    del random
    pose.crouch = 0.35 * strength * np.maximum(0, np.sin(3 * np.pi * phase))
    pose.lift = 0.35 * strength * np.maximum(0, np.sin(3 * np.pi * phase - np.pi))


def _kick(pose: Pose, phase: Angles, strength: float, random: np.random.Generator) -> None:
    del random
    pose.kicked = 1.3 * strength * np.maximum(0, np.sin(2 * np.pi * phase - 0.5 * np.pi))


def _raise_arms(pose: Pose, phase: Angles, strength: float, random: np.random.Generator) -> None:
    del random
    for side in ("left", "right"):
        pose.raised[side] = pose.raised[side] + 2.4 * strength * np.sin(np.pi * phase)


def _sit_down(pose: Pose, phase: Angles, strength: float, random: np.random.Generator) -> None:
    del random
    pose.crouch = 0.9 * strength * np.clip(1.6 * phase - 0.3, 0, 1)


def _stand_up(pose: Pose, phase: Angles, strength: float, random: np.random.Generator) -> None:
    _sit_down(pose, 1 - phase, strength, random)


def _wave(pose: Pose, phase: Angles, strength: float, random: np.random.Generator) -> None:
    meanwhile = np.minimum(1, 3 * np.sin(np.pi * phase))
    pose.raised["right"] = pose.raised["right"] + 2.0 * strength * meanwhile
    pose.bent["right"] = pose.bent["right"] + meanwhile * (0.5 + 0.6 * _often(phase, random))


ACTIONS: Mapping[str, Callable[[Pose, Angles, float, np.random.Generator], None]] = MappingProxyType({
    "clap": _clap,
    "jump": _jump,
    "kick": _kick,
    "raise arms": _raise_arms,
    "sit down": _sit_down,
    "stand up": _stand_up,
    "wave": _wave,
})  # fmt: skip
