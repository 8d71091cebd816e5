"""The speech that is learnt: frames of recordings on one scale, and the characters of what is said."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.on_demand import OnDemand
from recurra.data.sound import Clip, at_rate
from recurra.decoding.waveform import MelSpectrogram
from recurra.experiment.examples import Data
from recurra.inputs.alphabet import learn_alphabet, revive_alphabet
from recurra.inputs.examples import Examples
from recurra.inputs.symbol import RESERVED, Alphabet
from recurra.tasks.speak.recordings import END, SOUND, sounds_of

_HEARD = 1_000  # recordings that means and deviations are taken of, spread over all
_MOST_CHARACTERS = 5_000
_KEPT_AROUND = 2  # frames of silence

Frames = Float32[np.ndarray, "time bands"]


class Target:
    """What was learnt of texts and recordings.

    Args:
        alphabet: The characters.
        mel: How sound becomes frames.
        trim: Decibels below the loudest frame at which silence at the ends is cut off; None leaves it.
        mean, deviation: (bands,) of frames in the training part.
        frames: Frames for a character, at most.
        usual: The same of all training texts together.
        seconds: How much speech there was in the training part.

    Attributes:
        column: Where recordings stand.
    """

    column = SOUND

    def __init__(
        self,
        alphabet: Alphabet,
        mel: MelSpectrogram,
        trim: float | None,
        mean: Sequence[float],
        deviation: Sequence[float],
        frames: float,
        usual: float,
        seconds: float,
    ) -> None:
        self.alphabet, self.mel, self.trim = alphabet, mel, trim
        self.frames, self.usual, self.seconds = frames, usual, seconds
        self.mean, self.deviation = np.array(mean, np.float32), np.array(deviation, np.float32)

    @classmethod
    def learn(cls, data: Data, train: Examples) -> "Target":
        """Learn the alphabet of all that is given to train on, and scales from the training part."""
        config = data.config
        alphabet = learn_alphabet(
            iter(data.train.contents), "character", max_size=_MOST_CHARACTERS, lowercase=config.lowercase
        )
        names = ("num_mels", "window", "shift")
        mel = MelSpectrogram(int(config.sample_rate), **{name: getattr(config, name) for name in names})
        plain = cls(alphabet, mel, config.trim, [0.0] * mel.num_mels, [1.0] * mel.num_mels, 1.0, 1.0, 0.0)
        step = max(1, len(train) // _HEARD)
        heard = [plain.spectrum(one) for one in sounds_of(train)[::step]]
        every = np.concatenate(heard).astype(np.float64)
        deviation = np.maximum(every.std(axis=0), 1e-2)
        sizes = np.array([len(one) for one in train.contents[::step]])
        counts = np.array([len(one) for one in heard])
        most, usual = float(np.quantile(counts / sizes, 0.99)), float(counts.sum() / sizes.sum())
        scales = every.mean(axis=0).tolist(), deviation.tolist()
        seconds = sum(one.seconds for one in sounds_of(train))
        return cls(alphabet, mel, config.trim, *scales, most, usual, seconds)

    def spectrum(self, sound: Clip) -> Frames:
        """The frames of a recording without the silence around it.

        Raises:
            DataError: It cannot be read.
        """
        frames = self.mel.frames(at_rate(sound, self.mel.rate))
        if self.trim is None:
            return frames
        loudness = np.log(np.exp(2 * frames).mean(axis=1)) * 10 / np.log(10)
        loud = np.flatnonzero(loudness > loudness.max() - self.trim)
        return frames[max(0, loud[0] - _KEPT_AROUND) : loud[-1] + 1 + _KEPT_AROUND]

    def scaled(self, frames: Frames) -> Frames:
        """Frames by mean and deviation."""
        return (frames - self.mean) / self.deviation

    def unscaled(self, frames: Frames) -> Frames:
        """The frames that `scaled` made these of."""
        return frames * self.deviation + self.mean

    def encode(self, examples: Examples) -> OnDemand:
        """Scaled frames of every recording, and 1 behind each: padding has 0 there."""
        sounds = sounds_of(examples)

        def make(row: int) -> np.ndarray:
            frames = self.scaled(self.spectrum(sounds[row]))
            return np.concatenate([frames, np.ones((len(frames), 1), np.float32)], axis=1)

        lengths = np.array([self.mel.count(round(one.seconds * self.mel.rate)) for one in sounds], np.int64)
        return OnDemand(make, lengths)

    def most_frames(self, content: str) -> int:
        """Frames after which the speech of a text is cut off."""
        return int(2 * self.frames * len(content)) + 20

    @property
    def known(self) -> list[str]:
        """The characters that training met."""
        numbers = list(range(RESERVED, len(self.alphabet)))
        return [one for one in self.alphabet.symbols(numbers) if one != END]

    def unknown(self, content: str) -> list[str]:
        """The characters of a text that training did not meet."""
        known = set(self.alphabet.texts(self.alphabet.content(self.alphabet.ids(content))))
        return [one for one in dict.fromkeys(self.alphabet.texts(content)) if one not in known]

    def spoken(self, content: str) -> str:
        """A text without these."""
        return " ".join(self.alphabet.content(self.alphabet.ids(content)).split()) + END

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "alphabet": self.alphabet.to_dict(),
            "mel": self.mel.to_dict(),
            "trim": self.trim,
            "mean": self.mean.tolist(),
            "deviation": self.deviation.tolist(),
            "frames": self.frames,
            "usual": self.usual,
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Target":
        """The same again from what `to_dict` gave."""
        rest = {name: value for name, value in description.items() if name not in ("alphabet", "mel")}
        return cls(revive_alphabet(description["alphabet"]), MelSpectrogram(**description["mel"]), **rest)
