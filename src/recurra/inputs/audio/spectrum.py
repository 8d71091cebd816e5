"""From samples to spectra, as they come: the same bits whether sound comes whole or in pieces of any size."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Float64

from recurra.data.sound import library
from recurra.errors import ConfigError

_LIFTER = 22.0  # kaldi's scaling of cepstra, by which the higher ones are about as large as the lower ones


@dataclass(frozen=True)
class Spectrum:
    """Which numbers are taken of sound.

    Attributes:
        rate: Samples a second, to which sound is brought first.
        features: "log_mel" or "mfcc".
        num_mels: Mel bands.
        num_cepstra: Numbers of the cepstrum.
        window, shift: Milliseconds of a spectrum, and from one to the next.
        stack: Spectra that make a step.
    """

    rate: int
    features: Literal["log_mel", "mfcc"]
    num_mels: int
    num_cepstra: int
    window: float
    shift: float
    stack: int

    @property
    def numbers(self) -> int:
        """Numbers of a spectrum."""
        return self.num_mels if self.features == "log_mel" else self.num_cepstra

    @property
    def size(self) -> int:
        """Numbers of a step."""
        return self.numbers * self.stack

    @property
    def step_seconds(self) -> float:
        """From one step to the next."""
        return self.shift * self.stack / 1000

    def check(self) -> None:
        """Make sure that such numbers can be taken of sound.

        Raises:
            ConfigError: Settings do not go together.
        """
        if self.features == "mfcc" and self.num_cepstra > self.num_mels:
            got, expected = f"num_cepstra is {self.num_cepstra}", f"at most num_mels, {self.num_mels}"
            raise ConfigError(got, expected, "Lower num_cepstra, or raise num_mels.")
        if self.window < self.shift:
            got = f"window is {self.window:g} and shift {self.shift:g}, which leaves sound out"
            raise ConfigError(
                got, "a window as long as the shift, or longer", "Raise window, or lower shift."
            )
        try:
            _bank(self)
        except ValueError as error:
            raise ConfigError(
                f"{self.num_mels} mel bands in {self.window:g} ms at {self.rate} samples a second",
                "so many as windows tell apart",
                "Lower num_mels, or raise window or sample_rate.",
            ) from error

    def steps(self, count: int, rate: int) -> int:
        """How many steps so many samples make."""
        length = self.padded(math.ceil(count * self.rate / rate))
        hop, width = int(self.rate * self.shift / 1000), int(self.rate * self.window / 1000)
        return (1 + (length - width) // hop) // self.stack

    def padded(self, length: int) -> int:
        """So many samples with the silence that makes a step of what is too short for one."""
        width, hop = int(self.rate * self.window / 1000), int(self.rate * self.shift / 1000)
        return max(length, width + (self.stack - 1) * hop)

    def of_bands(self, bands: Float64[np.ndarray, " bands"]) -> Float64[np.ndarray, " numbers"]:
        """The numbers that are taken of logarithms of mel bands: a linear map, the same as kaldi's."""
        if self.features == "log_mel":
            return bands
        order = np.arange(self.num_cepstra)
        lifter = 1 + _LIFTER / 2 * np.sin(np.pi * order / _LIFTER)
        scale = np.where(order, np.sqrt(2 / len(bands)), np.sqrt(1 / len(bands)))
        angles = np.pi / len(bands) * np.outer(order, np.arange(len(bands)) + 0.5)
        found: Float64[np.ndarray, " numbers"] = lifter * scale * (np.cos(angles) @ bands)
        return found

    def of(self, samples: Float32[np.ndarray, " samples"], rate: int) -> Float32[np.ndarray, "time size"]:
        """The steps of sound that is there as a whole: one at least, since silence follows what is short."""
        stream = SpectrumStream(self, rate)
        found = [stream.push(samples), stream.end()]
        return np.concatenate(found)

    def to_dict(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


class SpectrumStream:
    """Spectra of sound that comes piece by piece.

    Source: kaldi's filter banks (Povey and others 2011), by kaldi-native-fbank; sox's resampling.

    Args:
        spectrum: Which numbers.
        rate: Samples a second of what comes.
    """

    def __init__(self, spectrum: Spectrum, rate: int) -> None:
        self._spectrum, self._taken, self._heard = spectrum, 0, 0
        soxr = library("soxr")
        self._resampler = None if rate == spectrum.rate else soxr.ResampleStream(rate, spectrum.rate, 1)
        self._bank = _bank(spectrum)
        self._waiting: list[np.ndarray] = []

    def push(self, samples: Float32[np.ndarray, " samples"]) -> Float32[np.ndarray, "time size"]:
        """The steps that are complete with these samples; maybe none."""
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        return self._accept(samples)

    def end(self) -> Float32[np.ndarray, "time size"]:
        """The steps that are left at the end of the sound."""
        rest = np.zeros(0, np.float32)
        if self._resampler is not None:
            rest = self._resampler.resample_chunk(rest, last=True)
        missing = self._spectrum.padded(self._heard + len(rest)) - self._heard - len(rest)
        return self._accept(np.concatenate([rest, np.zeros(missing, np.float32)]))

    def _accept(self, samples: np.ndarray) -> np.ndarray:
        self._heard += len(samples)
        if len(samples):
            self._bank.accept_waveform(self._spectrum.rate, samples.tolist())
        ready = self._bank.num_frames_ready
        self._waiting += [np.array(self._bank.get_frame(at), np.float32) for at in range(self._taken, ready)]
        self._bank.pop(ready - self._taken)
        self._taken = ready
        whole = len(self._waiting) - len(self._waiting) % self._spectrum.stack
        frames, self._waiting = self._waiting[:whole], self._waiting[whole:]
        return np.array(frames, np.float32).reshape(-1, self._spectrum.size)


def _bank(spectrum: Spectrum) -> Any:
    knf = library("kaldi_native_fbank")
    options = knf.FbankOptions() if spectrum.features == "log_mel" else knf.MfccOptions()
    frame = options.frame_opts
    frame.samp_freq, frame.dither, frame.window_type = float(spectrum.rate), 0.0, "hann"
    frame.frame_length_ms, frame.frame_shift_ms, frame.snip_edges = spectrum.window, spectrum.shift, True
    options.mel_opts.num_bins = spectrum.num_mels
    if spectrum.features == "log_mel":
        return knf.OnlineFbank(options)
    options.num_ceps, options.cepstral_lifter, options.use_energy = spectrum.num_cepstra, _LIFTER, False
    return knf.OnlineMfcc(options)
