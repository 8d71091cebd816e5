"""How far speech is from other speech of the same words: mel-cepstral distortion along the best alignment."""

import numpy as np
from jaxtyping import Float

from recurra.metrics.metric import Metric

METRICS = (
    Metric(
        "mcd",
        "MCD",
        "mel-cepstral distortion in decibels, frames aligned by dynamic time warping",
    ),
    Metric(
        "length_error",
        "Length error",
        "mean distance from the length of the recording, as a share of it",
        unit="share",
    ),
    Metric(
        "monotone", "Monotone", "share of the texts that are read in order to the end", "high", unit="share"
    ),
    Metric("cut_off", "Cut off", "share of the texts whose speech did not end by itself", unit="share"),
)
_CEPSTRA = 13
_DECIBELS = 10 * np.sqrt(2) / np.log(10)


def cepstra(
    frames: Float[np.ndarray, "time bands"], count: int = _CEPSTRA
) -> Float[np.ndarray, "time cepstra"]:
    """The cepstrum of frames of log amplitudes in mel bands, without its first number, the loudness.

    Args:
        frames: Natural logarithms of amplitudes.
        count: How many numbers; at most one fewer than there are bands.
    """
    bands = frames.shape[1]
    order = np.arange(1, min(count, bands - 1) + 1)
    angles = np.pi / bands * np.outer(order, np.arange(bands) + 0.5)
    found: Float[np.ndarray, "time cepstra"] = frames @ (np.cos(angles) / bands).T * 2
    return found


def mel_cepstral_distortion(
    told: Float[np.ndarray, "told bands"], truth: Float[np.ndarray, "truth bands"]
) -> float:
    """The distance of cepstra along the best alignment, in decibels for a frame of the truth.

    What is spoken longer than it should be counts in full; divided by the length of the alignment, as is
    often done, it would make a distortion smaller.

    Source: Kubichek, "Mel-cepstral distance measure for objective speech quality assessment" (1993).
    """
    first, second = cepstra(told), cepstra(truth)
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    return float(_DECIBELS * warped(np.sqrt(squares.clip(min=0))) / len(second))


def warped(distances: Float[np.ndarray, "rows columns"]) -> float:
    """The least sum of distances on a way from the first pair to the last.

    It goes on by a row, by a column, or by both (Sakoe & Chiba 1978). Pairs are taken diagonal by diagonal.
    """
    rows, columns = distances.shape
    best = np.full((rows + 1, columns + 1), np.inf)
    best[0, 0] = 0
    for diagonal in range(rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        column = diagonal - row
        before = np.minimum(np.minimum(best[row, column], best[row, column + 1]), best[row + 1, column])
        best[row + 1, column + 1] = distances[row, column] + before
    return float(best[-1, -1])
