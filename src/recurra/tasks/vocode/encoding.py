"""What a vocoder reads of recordings: mel frames with their neighbours, on one scale."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.sound import Clip, at_rate
from recurra.decoding.waveform import MelSpectrogram
from recurra.inputs.input import Encoding

Numbers = Sequence[float]


class FrameEncoding(Encoding):
    """Recordings as frames, each when it is needed.

    Args:
        mel: How sound becomes frames.
        context: Frames that are read on each side of a sample.
        mean, deviation: (bands,) of frames in the training part.
    """

    on_demand = True

    def __init__(self, mel: MelSpectrogram, context: int, mean: Numbers, deviation: Numbers) -> None:
        self.mel, self.context = mel, context
        self.mean, self.deviation = np.array(mean, np.float32), np.array(deviation, np.float32)

    @property
    def size(self) -> int:
        """Numbers that are read at a time."""
        return 2 * self.context * self.mel.num_mels

    def sound(self, clip: Clip) -> Float32[np.ndarray, " samples"]:
        """A recording at the rate of the net, a frame long at least.

        Raises:
            DataError: It cannot be read.
        """
        samples = at_rate(clip, self.mel.rate)
        return np.pad(samples, (0, max(0, self.mel.hop - len(samples))))

    def length(self, content: Clip) -> int:
        """See `Encoding.length`."""
        return max(1, round(content.seconds * self.mel.rate) // self.mel.hop)

    def encode(self, content: Clip) -> Float32[np.ndarray, "time features"]:
        """The frames around each one but the last; before the first and behind the last is the same."""
        frames = (self.mel.frames(self.sound(content)) - self.mean) / self.deviation
        beside = self.context - 1
        wide = np.concatenate([frames[:1].repeat(beside, 0), frames, frames[-1:].repeat(beside, 0)])
        several = [wide[begin : begin + len(frames) - 1] for begin in range(2 * self.context)]
        return np.concatenate(several, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        scales = {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}
        return {"mel": self.mel.to_dict(), "context": self.context, **scales}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "FrameEncoding":
        """The same again from what `to_dict` gave."""
        names = ("context", "mean", "deviation")
        return cls(MelSpectrogram(**description["mel"]), *(description[name] for name in names))
