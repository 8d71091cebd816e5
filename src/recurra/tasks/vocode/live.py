"""A vocoder on a live stream of frames; no torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.decoding.vocoding import Vocoding, Writer
from recurra.errors import DataError
from recurra.streaming import Live, Prediction, Program
from recurra.streaming.live import ONLY, States, number, values_of, wrong_state


class LiveVocoder(Live):
    """After every frame the samples that it settles: those of the frame `context` frames before.

    Args:
        program: What a vocoder's `to_program` made.
        weights: "float32", "bfloat16" or "int8".

    Raises:
        DamagedError: The program is another.
    """

    def __init__(self, program: Program, weights: str = "float32") -> None:
        self.program, self.digest = program, program.digest
        self._vocoding = Vocoding(program, weights)
        self._writer = Writer(self._vocoding)

    @property
    def columns(self) -> tuple[str, ...]:
        """The mel bands of a frame."""
        return tuple(f"band {one}" for one in range(1, len(self._vocoding.mean) + 1))

    def predict(self, row: Mapping[str, Any] | Sequence[Any]) -> Prediction:
        """See `Live.predict`: `samples`, none while too little is known."""
        names = self.columns
        given = row if isinstance(row, Mapping) else values_of(row, names)
        frame = np.array([number(name, given.get(name)) for name in names], np.float32)
        if np.isnan(frame).any():
            raise DataError("a frame without all of its bands", f"{len(names)} numbers", "Give all.")
        return Prediction({}, {"samples": self._writer.push(frame[None])})

    def snapshot(self) -> States:
        """See `Live.snapshot`."""
        return {ONLY: self._writer.snapshot()}

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        if list(states) != [ONLY]:
            raise wrong_state()
        self._writer.restore(states[ONLY])
