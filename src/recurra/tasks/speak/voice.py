"""A speaker that says texts as they come."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from recurra.experiment.task import Fitted
from recurra.tasks.speak.config import SpeakAnswer
from recurra.tasks.speak.sound import cut_off
from recurra.tasks.speak.synthesis import speak, waveforms
from recurra.tasks.speak.task import part


class Said(NamedTuple):
    """A text as it was said.

    Attributes:
        samples: The waveform.
        notes: What was left out, or cut off, in sentences.
    """

    samples: Float32[np.ndarray, " samples"]
    notes: Sequence[str]


class Voice:
    """Says one text after another.

    Args:
        fitted: The net.
        options: How to speak.

    Raises:
        DamagedError: The run of the vocoder is not there, or is another's.
        ConfigError: It reads other frames.

    Attributes:
        rate: Samples a second.
        pause: Seconds of silence between two texts.
    """

    def __init__(self, fitted: Fitted, options: SpeakAnswer) -> None:
        self._fitted, self._options = fitted, options
        self._sounding = waveforms(fitted.schema.target.mel, options)
        self.rate: int = fitted.schema.target.mel.rate
        self.pause = options.pause

    def say(self, text: str) -> Said:
        """A text as sound.

        Raises:
            DataError: It is empty, or holds no character that training met.
        """
        own = part([text], self._fitted, self._options)
        (speech,) = speak(self._fitted, own, self._options, self._sounding)
        return Said(speech.samples, [*own.repairs, *cut_off([speech.ended])])
