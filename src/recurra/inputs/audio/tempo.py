"""Spectra as if they had been spoken in another tempo."""

import numpy as np
from jaxtyping import Float32

_PARTS = 4  # of a recording, each of which has a tempo of its own


def retimed(
    spectra: Float32[np.ndarray, "time numbers"], tempo: float, multiple: int, random: np.random.Generator
) -> Float32[np.ndarray, "other_time numbers"]:
    """A recording that lasts longer or shorter, and each quarter of which does so beside.

    Spectra between two of the old ones are those on the line between them.

    Args:
        spectra: In their order.
        tempo: All of it, and then each part against the others, becomes up to 1 + `tempo` times as long or
            short.
        multiple: What the new number of spectra is one of.
        random: What it is drawn with.
    """
    factor, *parts = (1 + tempo) ** random.uniform(-1, 1, 1 + _PARTS)
    count = multiple * max(1, round(len(spectra) * factor / multiple))
    ends = np.append(0.0, np.cumsum(parts)) / np.sum(parts) * (len(spectra) - 1)
    places = np.interp(np.linspace(0, _PARTS, count), np.arange(_PARTS + 1), ends)
    before = places.astype(np.int64)
    after = np.minimum(before + 1, len(spectra) - 1)
    share = (places - before).astype(np.float32)[:, None]
    found: Float32[np.ndarray, "other_time numbers"] = (1 - share) * spectra[before] + share * spectra[after]
    return found
