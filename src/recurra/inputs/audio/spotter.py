"""Words in sound that does not end: a classifier of recordings listens to every stretch of it, without torch.

Stretches are as long as the quiet in which training recordings lay, and one begins every tenth of a second;
each is classified by a session of its own, with the probabilities that it would have as a recording of these
steps. Of stretches that follow each other the mean counts.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import ConfigError
from recurra.inputs.audio.background import BACKGROUND
from recurra.inputs.audio.codec import AudioCodec
from recurra.inputs.audio.sound import checked, framed
from recurra.inputs.audio.spectrum import SpectrumStream
from recurra.streaming import Program, Session


@dataclass(frozen=True)
class Event:
    """A word that was heard.

    Attributes:
        word: Which.
        score: Its largest probability, 0 to 1.
        start, end: Seconds from the beginning of the sound between which it lies.
    """

    word: str
    score: float
    start: float
    end: float


class Spotter:
    """Tells words as they come.

    Args:
        program: What `Classifier.to_program` made of a net that was trained on recordings with a span.
        weights: "float32", "bfloat16" or "int8".
        rate: Samples a second of what comes; None: as many as the net hears.
        threshold: The probability from which on a word is told.
        hop: Seconds from one stretch to the next.
        smooth: Stretches whose mean counts.

    Raises:
        ConfigError: The net hears no sound, or recordings as they are.
        DamagedError: What the program says of itself does not fit its layers.
    """

    def __init__(
        self,
        program: Program,
        weights: str = "float32",
        *,
        rate: int | None = None,
        threshold: float = 0.6,
        hop: float = 0.1,
        smooth: int = 3,
    ) -> None:
        about = program.metadata
        if about.get("input") != "audio" or about.get("kind") != "multiclass":
            raise ConfigError(
                "a net that tells no words of sound", "a classifier of recordings", "Train one."
            )
        codec = AudioCodec.from_dict(about["encoding"])
        if codec.span is None:
            raise ConfigError(
                "a net that was trained on recordings as they are",
                "one that knows silence, and words somewhere in it",
                "Train it with background=0.2, or give span= the seconds that a word lasts at most.",
            )
        self.labels, self._codec, self._span = list(about["labels"]), codec, codec.span
        self._blank: Session = program.session(weights)
        self._rate = rate or codec.spectrum.rate
        self._stream = SpectrumStream(codec.spectrum, self._rate)
        self._length = codec.spectrum.steps(round(codec.span * codec.spectrum.rate), codec.spectrum.rate)
        self._hop = max(1, round(hop / codec.spectrum.step_seconds))
        self._threshold, self._step = threshold, 0
        self._listening: deque[tuple[int, Session]] = deque()
        self._last: deque[tuple[int, np.ndarray[Any, Any]]] = deque(maxlen=smooth)
        self._heard: list[tuple[int, int, float]] = []  # of a word that goes on: stretches' begins, score

    def push(self, samples: Float32[np.ndarray, " samples"]) -> list[Event]:
        """The words that are over with these samples.

        Raises:
            DataError: A sample is no number.
        """
        return self._listen(self._stream.push(checked(samples, "the sound"))) if len(samples) else []

    def end(self) -> list[Event]:
        """The words that the end of the sound cuts off."""
        quiet = framed(np.zeros(0, np.float32), round(self._span * self._rate))
        return [*self._listen(self._stream.push(quiet)), *self._listen(self._stream.end()), *self._over()]

    def _listen(self, steps: np.ndarray) -> list[Event]:
        events: list[Event] = []
        for step in self._codec.scaled(steps):
            if self._step % self._hop == 0:
                self._listening.append((self._step, self._blank.fork()))
            self._step += 1
            outputs = [(begin, np.array(session.step(step))) for begin, session in self._listening]
            if self._listening and self._step - self._listening[0][0] == self._length:
                self._listening.popleft()
                events += self._judge(*outputs[0])
        return events

    def _judge(self, begin: int, probabilities: np.ndarray) -> list[Event]:
        """Take in a stretch; the word that it ends, if it ends one."""
        self._last.append((begin, probabilities))
        mean = np.mean([one for _, one in self._last], axis=0)
        word, score = int(mean.argmax()), float(mean.max())
        tells = score >= self._threshold and self.labels[word] not in BACKGROUND
        goes_on = tells and bool(self._heard) and self._heard[-1][1] == word
        events = [] if goes_on else self._over()
        if tells:
            self._heard.append((self._last[0][0] if not self._heard else begin, word, score))
        return events

    def _over(self) -> list[Event]:
        """The word that went on until now: it lies where all of its stretches meet, if they do."""
        if not self._heard:
            return []
        (first, word, _), last = self._heard[0], self._heard[-1][0]
        score = max(one[2] for one in self._heard)
        self._heard = []
        start, end = last, first + self._length
        if end - start < self._length // 4:
            start, end = first, last + self._length
        second = self._codec.spectrum.step_seconds
        return [Event(self.labels[word], score, start * second, end * second)]
