"""How far each value of a series is from what came before it, by rules that need no training."""

import numpy as np
from jaxtyping import Float64

WINDOW, STEP = 6400, 100  # of NAB's windowed Gaussian
_SPECTRUM, _AROUND = 128, 21  # rows, and neighbours in the saliency map, as Ren and others have them
Values = Float64[np.ndarray, " rows"]


def gaussian_deviations(values: Values, window: int = WINDOW, step: int = STEP) -> Values:
    """How many deviations each value lies from the mean of those before it, as NAB's detector counts them.

    Mean and deviation are those of all values while there are fewer than a window; then of a window that
    moves by some steps at once.

    Source: the detector `windowedGaussian` of the Numenta anomaly benchmark.
    """
    rows = len(values)
    end = np.arange(rows)
    end = np.where(end <= window, end, window + (end - window) // step * step)
    begin = np.maximum(end - window, 0)
    shifted = values - (values[0] if rows else 0.0)  # sums of squares keep their digits
    sums, squares = (np.concatenate([[0.0], np.cumsum(one)]) for one in (shifted, shifted**2))
    count = np.maximum(end - begin, 1)
    mean = (sums[end] - sums[begin]) / count
    variance = np.maximum((squares[end] - squares[begin]) / count - mean**2, 0.0)
    deviation = np.sqrt(variance)
    found = np.abs(shifted - mean) / np.where(
        deviation < 1e-9 * np.abs(mean), 1e-6, np.maximum(deviation, 1e-6)
    )
    return np.where(end > 0, found, 0.0)


def seasonal_deviations(values: Values, season: int) -> Values:
    """The same of the differences from the value a season before; 0 in the first season."""
    found = np.zeros(len(values))
    if len(values) > season:
        found[season:] = gaussian_deviations(values[season:] - values[:-season])
    return found


def spectral_saliency(values: Values) -> Values:
    """How much each value stands out in the saliency map of the rows up to it, over the mean around.

    Source: Ren and others, "Time-series anomaly detection service at Microsoft" (2019), without the points
    that it makes up after the last one.
    """
    found = np.zeros(len(values))
    if len(values) < _SPECTRUM:
        return found
    windows = np.lib.stride_tricks.sliding_window_view(values, _SPECTRUM)
    for begin in range(0, len(windows), 4096):
        spectrum = np.fft.fft(windows[begin : begin + 4096], axis=1)
        size = np.abs(spectrum) + 1e-12
        logs = np.log(size)
        padded = np.pad(logs, ((0, 0), (1, 1)), mode="wrap")
        smooth = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
        saliency = np.abs(np.fft.ifft(spectrum / size * np.exp(logs - smooth), axis=1))
        around = saliency[:, -1 - _AROUND : -1].mean(axis=1)
        found[begin + _SPECTRUM - 1 : begin + _SPECTRUM - 1 + len(saliency)] = np.maximum(
            (saliency[:, -1] - around) / np.maximum(around, 1e-12), 0.0
        )
    return found
