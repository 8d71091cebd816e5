"""Spectra as another vocal tract would have made them: stretched along frequency."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float64

from recurra.inputs.audio.spectrum import Spectrum

_BEND = 0.8  # share of the highest frequency from which on the stretch goes back to none
_LOWEST = 20.0  # hertz, where kaldi's mel bands begin

Map = Float64[np.ndarray, "numbers numbers"]


def stretched(spectrum: Spectrum, factor: float) -> Map:
    """A linear map from a spectrum's numbers to those of sound whose frequencies are `factor` times as high.

    Of mel bands it interpolates the logarithms; of a cepstrum those of the smooth spectrum that it describes.
    The highest frequency stays where it is.

    Source: vocal tract length perturbation (Jaitly and Hinton 2013); its linear form for cepstra (Umesh and
    others 2005).
    """
    numbers_of, bands_of, centres = _maps(spectrum)
    highest = spectrum.rate / 2
    bend = _BEND * highest / max(factor, 1)
    hertz = 700 * np.expm1(centres / 1127)
    source = _mel(np.interp(hertz, (0, bend * factor, highest), (0, bend, highest)))
    after = np.clip(np.searchsorted(centres, source), 1, len(centres) - 1)
    share = np.clip((source - centres[after - 1]) / (centres[after] - centres[after - 1]), 0, 1)[:, None]
    moved = (1 - share) * bands_of[after - 1] + share * bands_of[after]
    found: Map = numbers_of @ moved
    return found


def _mel(hertz: Float64[np.ndarray, " any"]) -> Float64[np.ndarray, " any"]:
    return np.asarray(1127 * np.log1p(hertz / 700))


@lru_cache(maxsize=8)
def _maps(spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From logarithms of mel bands to numbers, back to the smoothest such bands, and their places in mel."""
    numbers_of = np.array([spectrum.of_bands(band) for band in np.eye(spectrum.num_mels)]).T
    first, last = _mel(np.array([_LOWEST, spectrum.rate / 2])).tolist()
    centres = np.linspace(first, last, spectrum.num_mels + 2)[1:-1]
    return numbers_of, np.linalg.pinv(numbers_of), centres
