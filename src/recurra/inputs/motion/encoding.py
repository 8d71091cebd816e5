"""What was learnt of the motions of the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.inputs.input import Encoding, Feature
from recurra.inputs.motion.body import Body
from recurra.inputs.motion.codec import MotionCodec
from recurra.inputs.motion.config import MotionConfig
from recurra.inputs.motion.mixing import mixed
from recurra.inputs.motion.motion import Motion
from recurra.inputs.motion.skeleton import Skeleton
from recurra.inputs.motion.variation import Variation
from recurra.inputs.revival import reviving


class MotionEncoding(Encoding):
    """How motions become arrays (time, features).

    Args:
        codec: Motions to scaled steps.
        variation: What training does to them.
        limbs: Share of the motions of which it takes limbs from others.
    """

    def __init__(self, codec: MotionCodec, variation: Variation, limbs: float) -> None:
        self.codec, self.variation, self.mixing = codec, variation, limbs

    @classmethod
    def learn(cls, contents: Sequence[Motion], config: MotionConfig) -> "MotionEncoding":
        """Learn the body, and the scales of the training part.

        Raises:
            ConfigError: There is no such root.
            DataError: No frame shows all joints.
        """
        contents = [one.arranged(contents[0].joints) for one in contents]
        skeleton = Skeleton.learn(contents, config.root)
        unseen = np.any([np.isnan(one.positions).any(axis=(0, 2)) for one in contents], axis=0)
        gaps = tuple(np.flatnonzero(unseen).tolist())
        codec = MotionCodec(
            contents[0].joints,
            Body(skeleton, config.turn, config.spans),
            config.bones,
            gaps,
            config.max_length,
            columns=contents[0].columns,
        )
        scaled = (
            codec.learn_scales(contents, by_kind=config.scaled_by == "kind") if config.standardize else codec
        )
        return cls(scaled, Variation.of(config), config.limbs)

    def encode(self, content: Motion) -> Float32[np.ndarray, "time features"]:
        """Scaled steps; see `MotionCodec.encode`."""
        return self.codec.encode(content)

    def features(self) -> list[Feature]:
        """See `MotionCodec.names`."""
        codec = self.codec
        plain = [(0.0, 1.0)] * len(codec.names)
        scales = list(zip(codec.mean, codec.deviation, strict=True)) or plain
        return [Feature(name, 1, *scale) for name, scale in zip(codec.names, scales, strict=True)]

    def vary(self, content: Motion, random: np.random.Generator) -> Motion:
        """See `Variation.motion`."""
        return self.variation.motion(content, self.codec.body.skeleton, random)

    def mix(self, content: Motion, other: Motion, random: np.random.Generator) -> Motion:
        """See `recurra.inputs.motion.mixing`."""
        return mixed(content, other, self.codec.body.skeleton, random)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {**self.codec.to_dict(), "variation": asdict(self.variation), "limbs": self.mixing}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "MotionEncoding":
        """The encoding that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        codec = MotionCodec.from_dict(description)
        with reviving("motions"):
            return cls(codec, Variation(**description["variation"]), float(description["limbs"]))
