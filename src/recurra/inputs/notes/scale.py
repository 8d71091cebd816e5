"""The key of a tune, and the pitch classes of its scale."""

import re

import numpy as np
from jaxtyping import Float64

from recurra.errors import ConfigError
from recurra.inputs.notes.tune import Tune, pitch_class_name

# How well each pitch class fits a key, as listeners rated it (Krumhansl & Kessler 1982).
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11)}
_KEY = re.compile(r"([A-Ga-g])([#b]?)\s*(m|minor|major)?")
_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def durations_of(tune: Tune) -> Float64[np.ndarray, " classes"]:
    """How many steps each of the twelve pitch classes sounds, of C first."""
    return np.bincount(tune.keys % 12, tune.durations, 12).astype(np.float64)


def key_of(tune: Tune) -> tuple[int, str]:
    """The likeliest key: its tonic as a pitch class, and "major" or "minor".

    That whose ratings of Krumhansl and Kessler go best with the durations of the pitch classes.
    """
    sounding = durations_of(tune)
    fits = {
        (tonic, mode): float(np.corrcoef(np.roll(ratings, tonic), sounding)[0, 1])
        for tonic in range(12)
        for mode, ratings in (("major", _MAJOR), ("minor", _MINOR))
    } if np.ptp(sounding) else {(0, "major"): 1.0}  # fmt: skip
    return max(fits, key=lambda one: fits[one])


def scale_of(key: tuple[int, str]) -> frozenset[int]:
    """The pitch classes of a key; of minor also those of its melodic form."""
    tonic, mode = key
    return frozenset((tonic + degree) % 12 for degree in _SCALES[mode])


def key_named(text: str) -> tuple[int, str]:
    """The key of a name: "C", "F# minor", "Bbm".

    Raises:
        ConfigError: It names none.
    """
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"key {text!r}", "kept, or one such as C, 'F# minor' or Bbm", "Correct it.")
    tonic = _NATURAL[found[1].upper()] + {"#": 1, "b": -1, "": 0}[found[2]]
    return tonic % 12, "minor" if found[3] in ("m", "minor") else "major"


def key_name(key: tuple[int, str]) -> str:
    """What a key is called: "A# minor"."""
    return f"{pitch_class_name(key[0])} {key[1]}"
