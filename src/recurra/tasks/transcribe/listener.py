"""A transcriber on a live stream of sound, without torch: texts as they come, and when they are final."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.experiment.listening import Ear, Event, Listener, Outputs, Samples, Told, step_seconds_of
from recurra.experiment.live import damaged_program
from recurra.experiment.reading import reading_of
from recurra.experiment.script import Script, Word
from recurra.inputs.alphabet import revive_alphabet
from recurra.streaming import Program
from recurra.tasks.transcribe.config import Listening
from recurra.tasks.transcribe.decoder import decoder_of

_DIGITS = 3


class LiveTranscriber(Listener):
    """Says after each step what has changed, and what is final.

    A text is final after so long without a symbol, after so long in any case, and at the end of the sound.
    Then the net begins anew and hears the pause again, in which a word may have begun that is not told yet;
    what comes later depends on nothing else. So it does after every pause, also where nothing was said.

    Events have `kind` ("partial" or "final"), `text`, `start` and `end` in seconds of the sound; final ones
    `confidence` and `words`, each with its own. The `end` of a partial one is when it is said.

    Args:
        program: What a transcriber's `to_program` made.
        options: `Listening`: how to search, and when a text ends.
        weights: "float32", "bfloat16" or "int8".
        rate: Samples a second of what comes; None: those that the net was trained with.

    Raises:
        DamagedError: What the program says of itself does not fit its layers.
        ConfigError: An option does not fit the program, or its input hears nothing.
    """

    options = Listening

    def __init__(
        self, program: Program, options: Any, weights: str = "float32", rate: int | None = None
    ) -> None:
        description = program.metadata.get("alphabet")
        if not isinstance(description, Mapping):
            raise damaged_program("says nothing of its alphabet")
        self._step = step_seconds_of(program)
        self._script = Script(revive_alphabet(description), self._step)
        self._reading = reading_of(program, len(self._script.pieces()), weights)
        self._decoder = decoder_of(options, self._script, self._reading)
        self._pause = max(round(options.endpoint / self._step), 1)
        self._longest = max(round(options.max_seconds / self._step), self._pause)
        self._ear = Ear(program, weights, rate, kept=self._pause)
        self.rate = self._ear.rate
        self._open()

    def _open(self) -> None:
        """Before the first step of a text."""
        self._search = self._decoder()
        self._begin, self._first = self._ear.steps, 0
        self._outputs: list[Outputs] = []
        self._said: tuple[int, ...] = ()

    def push(self, samples: Samples) -> Iterator[Event]:
        """See `Listener.push`."""
        for outputs in self._ear.push(samples):
            yield from self._heard(outputs)

    def end(self) -> Iterator[Event]:
        """See `Listener.end`."""
        for outputs in self._ear.end():
            yield from self._heard(outputs)
        yield from self._final()

    @staticmethod
    def latencies(told: Sequence[Told]) -> list[float]:
        """See `Listener.latencies`: a word is told for good when it and all before it stay as they are."""
        late, since = [], 0
        for number, (_, event) in enumerate(told):
            if event["kind"] == "final":
                late += _latencies(told[since : number + 1])
                since = number + 1
        return late

    def _heard(self, outputs: Outputs) -> Iterator[Event]:
        self._outputs.append(outputs)
        self._search.push(outputs[None])
        best = self._search.best()
        if best != self._said:
            self._first = self._first if self._said else self._ear.steps - 1
            self._said = best
            yield self._event("partial", self._script.text(best), self._first, self._ear.steps)
        if self._search.blanks >= self._pause or len(self._outputs) >= self._longest:
            yield from self._final()
            self._ear.begin_anew()
            self._open()

    def _final(self) -> Iterator[Event]:
        """The text that ends here, if it is one, or takes back what was said of it."""
        if not self._outputs:
            return
        found = self._search.hypotheses(1)[0]
        text = self._script.text(found.symbols)
        if not text and not self._said:
            return
        spans = self._reading.align(np.stack(self._outputs), found.symbols)
        words = self._script.words(spans, found.symbols)
        event = self._event("final", text, self._first, self._ear.steps)
        moved = [self._moved(one) for one in words]
        if moved:
            event |= {"start": moved[0]["start"], "end": moved[-1]["end"]}
        yield {**event, "confidence": round(float(np.exp(found.log_probability)), _DIGITS), "words": moved}

    def _event(self, kind: str, text: str, first: int, end: int) -> dict[str, object]:
        return {"kind": kind, "text": text, "start": self._seconds(first), "end": self._seconds(end)}

    def _moved(self, word: Word) -> dict[str, object]:
        """A word, in seconds of the sound."""
        begin = self._begin * self._step
        return {
            **word._asdict(),
            "start": round(begin + word.start, _DIGITS),
            "end": round(begin + word.end, _DIGITS),
        }

    def _seconds(self, steps: int) -> float:
        return round(steps * self._step, _DIGITS)


def _latencies(told: Sequence[Told]) -> list[float]:
    """Of each word of one text, whose last event is final."""
    final, found = told[-1].event, []
    words = final["text"].split()
    for place, word in enumerate(final["words"]):
        stands = told[-1].fed
        for fed, event in reversed(told):
            if event["text"].split()[: place + 1] != words[: place + 1]:
                break
            stands = fed
        found.append(stands - word["end"])
    return found
