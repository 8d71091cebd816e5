"""What a vocoder writes: the samples of the bands of recordings, on one scale."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from recurra.data.on_demand import OnDemand
from recurra.data.sound import Clip
from recurra.decoding.subbands import Subbands
from recurra.decoding.waveform import MelSpectrogram
from recurra.errors import ConfigError
from recurra.experiment.examples import Data
from recurra.inputs.examples import Examples
from recurra.tasks.vocode.encoding import FrameEncoding

_HEARD = 500  # recordings that scales are taken of, spread over all, at most
_MOST_BANDS = 32  # that the settings allow


class Target:
    """What was learnt of recordings.

    Args:
        frames: What is read of them.
        bands: Bands of the waveform.
        deviation: (bands,) of them in the training part.
        peak: (bands,) the largest scaled sample there.

    Attributes:
        column: What is told.
    """

    column = "samples"

    def __init__(
        self, frames: FrameEncoding, bands: int, deviation: Sequence[float], peak: Sequence[float]
    ) -> None:
        self.frames, self.bands = frames, Subbands(bands)
        self.deviation, self.peak = np.array(deviation, np.float32), np.array(peak, np.float32)

    @classmethod
    def learn(cls, data: Data, train: Examples) -> "Target":
        """Learn the scales from the training part.

        Raises:
            ConfigError: A frame does not hold whole steps.
        """
        config = data.config
        names = ("num_mels", "window", "shift")
        mel = MelSpectrogram(int(config.sample_rate), **{name: getattr(config, name) for name in names})
        if mel.hop % config.bands:
            whole = [one for one in range(2, _MOST_BANDS + 1) if mel.hop % one == 0]
            raise ConfigError(
                f"bands is {config.bands}, and frames are {mel.hop} samples apart (shift={config.shift:g})",
                f"as many bands as divide them: {', '.join(map(str, whole))}"
                if whole
                else "a shift of which some bands are whole steps",
                "Change bands or shift.",
            )
        plain = FrameEncoding(mel, config.context, [0.0] * mel.num_mels, [1.0] * mel.num_mels)
        bands, seen, drawn, largest = (
            Subbands(config.bands),
            StandardScaler(),
            StandardScaler(),
            MaxAbsScaler(),
        )
        for one in train.contents[:: max(1, -(-len(train) // _HEARD))]:
            samples = plain.sound(one)
            seen.partial_fit(mel.frames(samples))
            apart = bands.apart(samples)
            drawn.partial_fit(apart)
            largest.partial_fit(apart)
        scales = seen.mean_.tolist(), np.sqrt(seen.var_).clip(min=1e-2).tolist()
        size = np.sqrt(drawn.var_ + np.square(drawn.mean_)).clip(min=1e-6)
        peak = (largest.max_abs_ / size).tolist()
        return cls(FrameEncoding(mel, config.context, *scales), config.bands, size.tolist(), peak)

    @property
    def steps(self) -> int:
        """Steps of a frame."""
        return self.frames.mel.hop // self.bands.count

    def encode(self, examples: Examples) -> OnDemand:
        """The samples of every recording, as the loss compares with."""
        lengths = np.array([self.frames.length(one) for one in examples.contents], np.int64)
        return OnDemand(lambda row: self.samples(examples.contents[row]), lengths)

    def samples(self, clip: Clip) -> Float32[np.ndarray, "time samples"]:
        """The scaled samples of all bands in each frame but the last, a step after the other."""
        heard = self.frames.sound(clip)
        count = len(heard) // self.frames.mel.hop
        scaled = self.bands.apart(heard)[: count * self.steps] / self.deviation
        return scaled.astype(np.float32).reshape(count, self.steps * self.bands.count)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "frames": self.frames.to_dict(),
            "bands": self.bands.count,
            "deviation": self.deviation.tolist(),
            "peak": self.peak.tolist(),
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Target":
        """The same again from what `to_dict` gave."""
        own = (description[name] for name in ("bands", "deviation", "peak"))
        return cls(FrameEncoding.from_dict(description["frames"]), *own)
