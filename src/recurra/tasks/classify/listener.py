"""Words in sound that does not end: a classifier of recordings listens to every stretch of it, without torch.

Stretches are as long as the quiet in which training recordings lay, and one begins every tenth of a second;
each is classified by a session of its own, with the probabilities that it would have as a recording of these
steps: what a net keeps of all steps, as `pooling=max` does, begins anew with each. Of stretches that follow
each other the mean counts.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from recurra.errors import ConfigError
from recurra.experiment.listening import Event, Listener, Outputs, Samples, hearing_of, step_seconds_of
from recurra.experiment.live import damaged_program
from recurra.streaming import Program, Session
from recurra.streaming.live import is_names
from recurra.tasks.classify.config import Listening

_DIGITS = 3


class LiveSpotter(Listener):
    """Tells words as they come.

    Events have `word`, `score` (the largest of its probabilities, 0 to 1), and `start` and `end`, the seconds
    of the sound between which it lies.

    Args:
        program: What `Classifier.to_program` made of a net that was trained on recordings with a span.
        options: `Listening`.
        weights: "float32", "bfloat16" or "int8".
        rate: Samples a second of what comes; None: as many as the net hears.

    Raises:
        ConfigError: The net hears no sound, tells no classes, or heard recordings as they are.
        DamagedError: What the program says of itself does not fit its layers.
    """

    options = Listening

    def __init__(
        self, program: Program, options: Any, weights: str = "float32", rate: int | None = None
    ) -> None:
        hearing, labels = hearing_of(program), program.metadata.get("labels")
        if program.metadata.get("kind") != "multiclass":
            raise ConfigError("a net that tells no classes", "one of words", "Train it on their names.")
        if not isinstance(labels, list) or not is_names(labels) or len(labels) != program.output_size:
            raise damaged_program(f"says labels={labels!r}")
        if hearing.span_steps is None:
            raise ConfigError(
                "a net that was trained on recordings as they are",
                "one that knows silence, and words somewhere in it",
                "Train it with background=0.2, or give span= the seconds that a word lasts at most.",
            )
        self.rate, self._length = rate or hearing.rate, hearing.span_steps
        self._labels, self._background = list(labels), hearing.background
        self._blank: Session = program.session(weights)
        self._sound, self._quiet = hearing.hear(self.rate), hearing.quiet(self.rate)
        self._seconds = step_seconds_of(program)
        self._hop = max(1, round(options.hop / self._seconds))
        self._threshold, self._step = options.threshold, 0
        self._listening: deque[tuple[int, Session]] = deque()
        self._last: deque[tuple[int, Outputs]] = deque(maxlen=options.smooth)
        self._heard: list[tuple[int, int, float]] = []  # of a word that goes on: begin, word, score

    def push(self, samples: Samples) -> Iterator[Event]:
        """See `Listener.push`: the words that are over with these samples."""
        yield from self._listen(self._sound.push(samples))

    def end(self) -> Iterator[Event]:
        """See `Listener.end`: those that the end cuts off, as if quiet followed."""
        yield from self._listen(self._sound.push(self._quiet))
        yield from self._listen(self._sound.end())
        yield from self._over()

    def _listen(self, steps: np.ndarray) -> Iterator[Event]:
        for step in steps:
            if self._step % self._hop == 0:
                self._listening.append((self._step, self._blank.fork()))
            self._step += 1
            outputs = [(begin, np.array(session.step(step))) for begin, session in self._listening]
            if self._listening and self._step - self._listening[0][0] == self._length:
                self._listening.popleft()
                yield from self._judge(*outputs[0])

    def _judge(self, begin: int, probabilities: Outputs) -> Iterator[Event]:
        """Take in a stretch; the word that it ends, if it ends one."""
        self._last.append((begin, probabilities))
        mean = np.mean([one for _, one in self._last], axis=0)
        word, score = int(mean.argmax()), float(mean.max())
        tells = score >= self._threshold and self._labels[word] not in self._background
        if not (tells and self._heard and self._heard[-1][1] == word):
            yield from self._over()
        if tells:
            self._heard.append((self._last[0][0] if not self._heard else begin, word, score))

    def _over(self) -> Iterator[Event]:
        """The word that went on until now: it lies where all of its stretches meet, if they do."""
        if not self._heard:
            return
        (first, word, _), last = self._heard[0], self._heard[-1][0]
        score = max(one[2] for one in self._heard)
        self._heard = []
        start, end = last, first + self._length
        if end - start < self._length // 4:
            start, end = first, last + self._length
        yield {
            "word": self._labels[word],
            "score": round(score, _DIGITS),
            "start": round(start * self._seconds, _DIGITS),
            "end": round(end * self._seconds, _DIGITS),
        }
