"""A vocoder on a live stream of frames; no torch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.decoding.vocoding import Vocoding, Writer
from recurra.errors import DataError
from recurra.experiment.live import END, SEQUENCE, START, is_true
from recurra.streaming import Live, Prediction, Program
from recurra.streaming.live import ONLY, States, Stepping, number, values_of
from recurra.tasks.vocode.config import VocodeAnswer


class LiveVocoder(Live):
    """After every frame the samples that it settles: those of the frame `context` frames before.

    A row may name its sequence (`sequence_id`) and end it (`sequence_end`). With the row that ends it, which
    needs no frame, come the samples that were still waiting. Randomness and temperature are those that
    `recurra predict` has where nothing else is asked for.

    Args:
        program: What a vocoder's `to_program` made.
        weights: "float32", "bfloat16" or "int8".

    Raises:
        DamagedError: The program is another.
    """

    def __init__(self, program: Program, weights: str = "float32") -> None:
        self.program, self.digest = program, program.digest
        self._vocoding = Vocoding(program, weights)
        self._open: dict[str, Writer] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The mel bands of a frame."""
        return tuple(f"band {one}" for one in range(1, len(self._vocoding.mean) + 1))

    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """See `Live.answering`: `samples`, a list, empty while too little is known; no steps of a session."""
        yield from ()
        names = self.columns
        given = row if isinstance(row, Mapping) else values_of(row, names)
        name = given.get(SEQUENCE, ONLY)
        if not isinstance(name, str | int):
            raise DataError(f"{SEQUENCE} holds {name!r}", "the name or number of a sequence", "Correct it.")
        ends, goes_on = is_true(given, END), not is_true(given, START)
        frames = np.zeros((0, len(names)), np.float32)
        if not ends or any(given.get(one) not in (None, "") for one in names):
            frames = np.array([[number(one, given.get(one)) for one in names]], np.float32)
        if not np.isfinite(frames).all():
            raise DataError("a frame without all of its bands", f"{len(names)} numbers", "Give all.")
        writer = (self._open.get(str(name)) if goes_on else None) or self._begun()
        samples = writer.push(frames)
        if ends:
            samples = np.concatenate([samples, writer.end()])
            self._open.pop(str(name), None)
        else:
            self._open[str(name)] = writer
        told = [float(str(one)) for one in samples]  # in the digits that tell float32 apart
        return Prediction({SEQUENCE: name} if SEQUENCE in given else {}, {"samples": told})

    @property
    def names(self) -> Collection[str]:
        """See `Live.names`."""
        return self._open

    def snapshot(self) -> States:
        """See `Live.snapshot`."""
        return {name: writer.snapshot() for name, writer in self._open.items()}

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        found = {name: self._begun() for name in states}
        for name, writer in found.items():
            writer.restore(states[name])
        self._open = found

    def _begun(self) -> Writer:
        """The waveform of a sequence of which nothing is known."""
        options = VocodeAnswer()
        return Writer(self._vocoding, options.seed, options.temperature)
