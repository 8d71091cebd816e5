"""What a net that listens to a stream has to know beside its words: silence, noise, and what is no word."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from jaxtyping import Float32

from recurra.data.sound import Clip
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.noise import NoiseSource
from recurra.inputs.examples import Examples

SILENCE, UNKNOWN = "silence", "unknown"
BACKGROUND = (SILENCE, UNKNOWN, "_silence_", "_unknown_")
"""Labels of what is no event; those with underscores are of the Speech Commands data (Warden 2018)."""
_LOUDEST, _SOFTEST = -20.0, -80.0  # decibels of silence, full scale being 0


@dataclass(frozen=True)
class Silence:
    """Noise of some loudness, made when it is asked for.

    Attributes:
        count: Its samples.
        rate: How many there are a second.
        seed: Of its noise and its loudness.
        noise: Where the noise comes from.
    """

    count: int
    rate: int
    seed: int
    noise: NoiseSource

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.count / self.rate

    def samples(self) -> Float32[np.ndarray, " samples"]:
        """The noise."""
        random = np.random.Generator(np.random.Philox(self.seed))
        loudness = 10 ** (random.uniform(_SOFTEST, _LOUDEST) / 20)
        return self.noise.of(self.count, self.rate, random) * np.float32(loudness)


@dataclass(frozen=True)
class Pieces:
    """The end of a recording and the beginning of another: what sounds like speech, and is no word.

    Attributes:
        first, second: The recordings, of one rate.
        cut: Share of the first that is left out, and of the second that is taken.
    """

    first: Clip
    second: Clip
    cut: float

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.first.rate

    @property
    def count(self) -> int:
        """How many samples there are."""
        return self.first.count - self._cut(self.first) + self._cut(self.second)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.count / self.rate

    def samples(self) -> Float32[np.ndarray, " samples"]:
        """The end of the one, then the beginning of the other."""
        first, second = self.first.samples(), self.second.samples()
        return np.concatenate([first[self._cut(self.first) :], second[: self._cut(self.second)]])

    def _cut(self, clip: Clip) -> int:
        return round(self.cut * clip.count)


def enriched(examples: Examples, config: AudioConfig) -> Examples:
    """The same examples, with some of silence and of what is no word as classes of their own.

    Each class gets the share `config.background` of the number of all others; one that is there gets none.
    """
    told = examples.kept.told
    if not config.background or told is None or examples.columns[told].dtype != pl.String:
        return examples
    random = np.random.Generator(np.random.Philox(key=0, counter=[0, 5, 0, 0]))
    labels = examples.columns[told].to_list()
    number = max(1, round(config.background * len(examples)))
    noise = NoiseSource(config.noise_folder)
    made: dict[str, list[Clip]] = {SILENCE: [], UNKNOWN: []}
    counts = [one.count for one in examples.contents]
    for seed in range(number):
        like = int(random.integers(len(counts)))
        made[SILENCE].append(Silence(counts[like], examples.contents[like].rate, seed, noise))
        if (pair := _pair(examples.contents, labels, random)) is not None:
            made[UNKNOWN].append(Pieces(*pair, float(random.uniform(0.3, 0.7))))
    for label, clips in made.items():
        if clips and not {label, f"_{label}_"} & {*labels}:
            examples = _with(examples, told, label, clips)
    return examples


def _pair(
    clips: Sequence[Clip], labels: Sequence[str], random: np.random.Generator
) -> tuple[Clip, Clip] | None:
    """Two recordings of different words and one rate; None where none were found."""
    for _ in range(20):
        first, second = random.integers(len(clips), size=2).tolist()
        if labels[first] != labels[second] and clips[first].rate == clips[second].rate:
            return clips[first], clips[second]
    return None


def _with(examples: Examples, told: str, label: str, clips: Sequence[Clip]) -> Examples:
    rows = pl.DataFrame({told: [label] * len(clips)})
    sentence = f"added {len(clips)} recordings of {label!r}, which background=0 leaves out"
    return replace(
        examples,
        contents=[*examples.contents, *clips],
        columns=pl.concat([examples.columns, rows], how="diagonal"),
        places=[*examples.places, *(f"{label}, made, {number + 1}" for number in range(len(clips)))],
        repairs=(*examples.repairs, sentence),
    )
