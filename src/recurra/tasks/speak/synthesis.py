"""How texts are spoken: frames by the net, a waveform of them, and the table of what was said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl
import torch
from jaxtyping import Float32

from recurra.data.labelled import batches_by_length
from recurra.decoding.vocoding import Vocoding
from recurra.decoding.waveform import MelSpectrogram
from recurra.errors import ConfigError
from recurra.experiment.examples import Part
from recurra.experiment.task import Fitted
from recurra.models.text_to_spectrogram import TextToSpectrogram
from recurra.tasks.speak.config import SpeakAnswer
from recurra.tasks.speak.recordings import TEXT
from recurra.tasks.speak.target import Target
from recurra.training.device import choose_device

_AT_ONCE = 32  # texts
_BACK = 1.0  # characters that a look may go back in a text that is read in order
_END = 2.0  # characters before the end that it reaches, the end itself among them


class Speech(NamedTuple):
    """A text, spoken.

    Attributes:
        samples: The waveform.
        ended: Whether it ended by itself; None where no net said so.
        weights: (steps, symbols) where each step looked; None where no net did.
    """

    samples: Float32[np.ndarray, " samples"]
    ended: bool | None = None
    weights: Float32[np.ndarray, "steps symbols"] | None = None

    @property
    def is_monotone(self) -> bool:
        """Whether it was read in order, by the mean place of each step's look.

        None is more than a character before an earlier one, and the last is at the end.
        """
        if self.weights is None:
            return False
        total = self.weights.sum(axis=1).clip(min=1e-6)
        places = self.weights @ np.arange(self.weights.shape[1]) / total
        goes_back = (np.maximum.accumulate(places) - places).max()
        return bool(goes_back <= _BACK and places[-1] >= self.weights.shape[1] - 1 - _END)


@dataclass(frozen=True)
class SpeakPart(Part):
    """Texts to speak, and how.

    Attributes:
        options: Of the answer.
    """

    options: SpeakAnswer = field(default=SpeakAnswer())


def answer(fitted: Fitted, part: Part) -> list[Speech]:
    """The speech of every row."""
    options = part.options if isinstance(part, SpeakPart) else SpeakAnswer()
    return speak(fitted, part, options, waveforms(fitted.schema.target.mel, options))


def speak(
    fitted: Fitted, part: Part, options: SpeakAnswer, sounding: Callable[[np.ndarray], np.ndarray]
) -> list[Speech]:
    """The speech of some texts, whose frames something makes waveforms of."""
    target: Target = fitted.schema.target
    device = choose_device(fitted.config.device)
    net = cast("TextToSpectrogram", fitted.model).to(device).eval()
    limits = [most_frames(target, one, options) for one in part.examples.contents]
    found: list[Any] = [None] * len(part)
    for rows, batch in batches_by_length(part.encoded, _AT_ONCE):
        most = torch.tensor([limits[row] for row in rows], device=device)
        written, lengths, ended = net.speak(batch.to(device), most, options.threshold, options.look_ahead)
        several = zip(rows.tolist(), written.refined, written.weights, lengths.tolist(), ended, strict=True)
        for row, frames, weights, length, own in several:
            unscaled = target.unscaled(frames[:length].cpu().numpy())
            samples = sounding(unscaled)
            looked = weights[: length // net.reduction, : len(part.encoded[row])].cpu().numpy()
            found[row] = Speech(samples, bool(own), looked)
    return found


def waveforms(mel: MelSpectrogram, options: SpeakAnswer) -> Callable[[np.ndarray], np.ndarray]:
    """What makes a waveform of frames: a vocoder, or Griffin and Lim's way.

    Raises:
        DamagedError: The run of the vocoder is not there, or is another's.
        ConfigError: It reads other frames.
    """
    if options.vocoder is None:
        return lambda frames: mel.waveform(frames, options.iterations)
    run = Path(options.vocoder).expanduser()
    vocoding = Vocoding.of_run(run)
    if vocoding.sound.mel != mel.to_dict():
        own, others = (
            " ".join(f"{name}={value:g}" for name, value in one.items())
            for one in (mel.to_dict(), vocoding.sound.mel)
        )
        raise ConfigError(
            f"the vocoder {run}, of {others}",
            f"one of {own}",
            f"Train one: recurra train vocode DATA {own.replace('rate', 'sample_rate')}",
        )
    return lambda frames: vocoding.waveform(frames, options.seed, options.temperature)


def most_frames(target: Target, content: str, options: SpeakAnswer) -> int:
    """Frames after which the speech of a text is cut off."""
    if options.max_seconds == "auto":
        return target.most_frames(content)
    return max(1, int(options.max_seconds * 1000 / target.mel.shift))


def write(fitted: Fitted, part: Part, given: Sequence[Speech], options: SpeakAnswer) -> pl.DataFrame:
    """What was said of each row, and how.

    Columns: `text`; `seconds`; `ended`, whether it ended by itself and was not cut off; `monotone`, whether
    the text was read in order; with samples `rate` and `samples`.
    """
    rate = fitted.schema.target.mel.rate
    columns: dict[str, Any] = {
        TEXT: part.examples.columns[TEXT],
        "seconds": [round(len(one.samples) / rate, 3) for one in given],
        "ended": [one.ended for one in given],
        "monotone": [one.is_monotone for one in given],
    }
    if options.samples:
        columns["rate"] = [rate] * len(given)
        columns["samples"] = pl.Series([one.samples for one in given], dtype=pl.List(pl.Float32))
    return pl.DataFrame(columns)
