"""A waveform as a few narrow bands, each with fewer samples a second, and back; no torch."""

from functools import cached_property

import numpy as np
from jaxtyping import Float, Float64
from scipy.optimize import minimize_scalar
from scipy.signal import firwin

from recurra.errors import ConfigError

_SHARPNESS = 9.0  # of the Kaiser window: what is beyond the neighbours is 90 decibels down
_REACH = 8
"""Steps ahead that a sample is made of; it is made of one fewer behind."""


class Subbands:
    """A bank of cosine-modulated filters that all but gives back what it took apart (pseudo-QMF).

    Bands lie beside each other from 0 to half the rate; each has as many samples a second as the waveform has
    divided by their number, so that nothing is said twice. A step is a sample of each of them.

    Args:
        count: Bands, two at least.

    Attributes:
        ahead: Steps ahead of its own that a sample is made of.
        around: Steps that it is made of in all.

    Raises:
        ConfigError: Fewer than two.

    Source: Nguyen, "Near-perfect-reconstruction pseudo-QMF banks" (1994); the low-pass filter is that of Lin
    & Vaidyanathan (1998).

    >>> import numpy as np
    >>> from recurra.decoding.subbands import Subbands
    >>> bands, samples = Subbands(4), np.sin(np.arange(4000) / 7)
    >>> apart = bands.apart(samples)
    >>> apart.shape
    (1000, 4)
    >>> bool(np.abs(bands.together(apart) - samples)[100:-100].max() < 3e-3)
    True
    """

    ahead, around = _REACH, 2 * _REACH

    def __init__(self, count: int) -> None:
        if count < 2:
            raise ConfigError(f"{count} bands", "two at least", "Ask for more.")
        self.count = count

    @property
    def _middle(self) -> int:
        return _REACH * self.count - 1

    @cached_property
    def filters(self) -> Float64[np.ndarray, "taps bands"]:
        """What takes a waveform apart; turned round in time, it puts it together."""
        time = np.arange(2 * self._middle + 1)[:, None] - self._middle
        band = np.arange(self.count)
        phase = (2 * band + 1) * np.pi / (2 * self.count) * time + (-1.0) ** band * np.pi / 4
        found: np.ndarray = 2 * self._low_pass[:, None] * np.cos(phase)
        return found

    @cached_property
    def joining(self) -> Float64[np.ndarray, "bands around"]:
        """The samples of a step, by all bands of the `around` steps of which it is made."""
        sample, step = np.arange(self.count)[:, None], np.arange(1 - _REACH, _REACH + 1)
        tap = step * self.count - sample + self._middle
        padded = np.concatenate([self.filters, np.zeros((self.count, self.count))])
        several = padded[np.where((tap < 0) | (tap > 2 * self._middle), 2 * self._middle + 1, tap)]
        found: np.ndarray = self.count * several.reshape(self.count, -1)
        return found

    def apart(self, samples: Float[np.ndarray, " samples"]) -> Float64[np.ndarray, "steps bands"]:
        """A step for as many samples as there are bands; zeros fill the last one up."""
        steps = -(-len(samples) // self.count)
        padded = np.zeros(max(1, steps) * self.count)
        padded[: len(samples)] = samples
        several = [np.convolve(padded, own)[self._middle :] for own in self.filters.T]
        return np.stack(several, axis=1)[:: self.count][:steps]

    def windows(self, steps: Float[np.ndarray, "steps bands"]) -> Float[np.ndarray, "windows around"]:
        """All runs of `around` steps, as `joining` takes them."""
        several = np.lib.stride_tricks.sliding_window_view(steps, self.around, axis=0)
        return np.ascontiguousarray(several.transpose(0, 2, 1)).reshape(len(several), -1)

    def together(self, steps: Float[np.ndarray, "steps bands"]) -> Float64[np.ndarray, " samples"]:
        """The waveform of which `apart` made these."""
        wide = np.pad(steps, ((_REACH - 1, _REACH), (0, 0)))
        return np.asarray(self.windows(wide) @ self.joining.T).reshape(-1)

    @cached_property
    def _low_pass(self) -> Float64[np.ndarray, " taps"]:
        """The filter whose shifted copies make the bands: with itself it is nearly no echo."""
        taps, apart = 2 * self._middle + 1, 2 * self.count

        def made(edge: float) -> np.ndarray:
            found: np.ndarray = firwin(taps, edge, window=("kaiser", _SHARPNESS))
            return found

        def echo(edge: float) -> float:
            both = np.convolve(made(edge), made(edge)[::-1])
            return float(np.abs(both[len(both) // 2 :: apart][1:]).max())

        least = 1 / apart
        best = minimize_scalar(echo, bounds=(least, 1.6 * least), method="bounded", options={"xatol": 1e-9})
        return made(float(best.x))
