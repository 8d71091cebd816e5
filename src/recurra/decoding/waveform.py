"""Spectra over time, from waveforms and back to them: mel bands, and phases by Griffin and Lim's way."""

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

_FLOOR = 1e-4  # of a band's mean amplitude, full scale being 1: -80 decibels
_MOMENTUM = 0.99  # of fast Griffin-Lim
_UPDATES = 50  # that bring spectra to their bands


@dataclass(frozen=True)
class MelSpectrogram:
    """Logarithms of the mean amplitude in mel bands, a frame of them for every shift of a window.

    Attributes:
        rate: Samples a second.
        num_mels: Mel bands, from 0 to half the rate, as triangles that overlap by half.
        window, shift: Milliseconds of a frame, and from one to the next, at most half as many.

    >>> import numpy as np
    >>> from recurra.decoding.waveform import MelSpectrogram
    >>> mel = MelSpectrogram(8000, 20, 50.0, 12.5)
    >>> frames = mel.frames(np.zeros(8000, np.float32))
    >>> frames.shape, mel.waveform(frames).shape
    ((81, 20), (8000,))
    """

    rate: int
    num_mels: int
    window: float
    shift: float

    @property
    def hop(self) -> int:
        """Samples from one frame to the next."""
        return round(self.rate * self.shift / 1000)

    @property
    def _width(self) -> int:
        return round(self.rate * self.window / 1000)

    @property
    def _points(self) -> int:
        return int(2 ** math.ceil(math.log2(self._width)))

    @cached_property
    def bands(self) -> Float32[np.ndarray, "bands frequencies"]:
        """The share of every frequency in every band; the shares of a band sum to 1.

        A band that is narrower than the step from one frequency to the next has the nearest one.
        """
        top = 2595 * math.log10(1 + self.rate / 2 / 700)
        edges = 700 * (10 ** (np.linspace(0, top, self.num_mels + 2) / 2595) - 1)
        places = np.linspace(0, self.rate / 2, self._points // 2 + 1)
        low, middle, high = (edges[begin : begin + self.num_mels, None] for begin in range(3))
        found = np.minimum((places - low) / (middle - low), (high - places) / (high - middle)).clip(min=0)
        total = found.sum(axis=1, keepdims=True)
        nearest = np.abs(places - middle).argmin(axis=1)
        found[np.arange(self.num_mels), nearest] += total[:, 0] == 0
        shares: np.ndarray = found / found.sum(axis=1, keepdims=True)
        return shares.astype(np.float32)

    def count(self, samples: int) -> int:
        """Frames of so many samples."""
        return 1 + samples // self.hop

    def frames(self, samples: Float32[np.ndarray, " samples"]) -> Float32[np.ndarray, "time bands"]:
        """The frames of a waveform; the first one's middle is the first sample."""
        amplitudes = self._transformed(torch.from_numpy(np.array(samples))).abs()
        bands: Tensor = torch.from_numpy(self.bands) @ amplitudes
        found: np.ndarray = bands.clamp(min=_FLOOR).log().T.contiguous().numpy()
        return found

    def waveform(
        self, frames: Float32[np.ndarray, "time bands"], iterations: int = 60
    ) -> Float32[np.ndarray, " samples"]:
        """A waveform whose frames are about these.

        The amplitudes of all frequencies are those, none below 0, whose bands come nearest (multiplicative
        updates); phases begin at random, always the same, and are brought to agree with each other.

        Args:
            frames: Its frames, one at least.
            iterations: How often phases are made to agree.

        Source: Griffin & Lim, "Signal estimation from modified short-time Fourier transform" (1984);
        Perraudin, Balazs & Søndergaard, "A fast Griffin-Lim algorithm" (2013); Lee & Seung (2001).
        """
        amplitudes = torch.from_numpy(self._amplitudes(np.exp(frames.T.astype(np.float64))))
        random = np.random.Generator(np.random.Philox(0))
        angles = torch.from_numpy(
            random.uniform(-math.pi, math.pi, tuple(amplitudes.shape)).astype(np.float32)
        )
        phases, before = torch.polar(torch.ones_like(angles), angles), torch.zeros(1, dtype=torch.complex64)
        length = (len(frames) - 1) * self.hop
        if not length:
            return np.zeros(0, np.float32)
        for _ in range(iterations):
            now = self._transformed(self._back(amplitudes * phases, length))
            ahead = now + _MOMENTUM * (now - before)
            phases, before = ahead / ahead.abs().clamp(min=1e-12), now
        found: np.ndarray = self._back(amplitudes * phases, length).clamp(-1, 1).numpy()
        return found

    def to_dict(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)

    def _amplitudes(self, wanted: np.ndarray) -> Float32[np.ndarray, "frequencies time"]:
        """Amplitudes of frequencies by those of bands."""
        bands = self.bands.astype(np.float64)
        found = bands.T @ wanted / bands.sum(axis=0)[:, None].clip(min=1e-3)
        for _ in range(_UPDATES):
            found *= (bands.T @ (wanted / (bands @ found).clip(min=1e-9))) / bands.sum(axis=0)[:, None].clip(
                min=1e-9
            )
        amplitudes: np.ndarray = found.astype(np.float32)
        return amplitudes

    @cached_property
    def _hann(self) -> Tensor:
        window = torch.hann_window(self._width)
        return window * (2 / window.sum())

    def _transformed(self, samples: Tensor) -> Tensor:
        """Complex amplitudes (frequencies, time), of which a full sine has 1."""
        return torch.stft(
            samples, self._points, self.hop, self._width, self._hann, pad_mode="constant", return_complex=True
        )

    def _back(self, complex_amplitudes: Tensor, length: int) -> Tensor:
        return torch.istft(complex_amplitudes, self._points, self.hop, self._width, self._hann, length=length)
