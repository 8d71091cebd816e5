"""Letters that were made up, and words of them as different hands would write them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import polars as pl
from jaxtyping import Float64

# Strokes of each letter: points x,y in tenths of the height of an x, y from the line up.
_STROKES = {
    "a": "8,8 5,10 1,8 0,4 2,0 5,1 8,6|8,10 8,3 10,0",
    "b": "0,20 0,10 0,0|0,6 3,10 7,9 8,5 6,1 3,0 0,3",
    "c": "8,8 5,10 1,8 0,4 2,1 5,0 8,2",
    "d": "8,7 5,10 1,8 0,4 2,0 5,1 8,5|8,20 8,10 8,0",
    "e": "0,5 4,5 8,6 7,9 4,10 1,8 0,4 2,1 5,0 8,2",
    "f": "8,18 6,20 4,18 3,13 3,6 3,0|0,9 7,9",
    "g": "8,8 5,10 1,8 0,5 2,1 5,2 8,7|8,10 8,0 7,-6 4,-8 0,-6",
    "h": "0,20 0,10 0,0|0,5 3,10 6,9 7,5 7,0",
    "i": "2,10 2,5 2,0|2,14",
    "j": "4,10 4,0 3,-6 0,-8|4,14",
    "k": "0,20 0,10 0,0|7,10 3,6 0,4 3,4 8,0",
    "l": "1,20 1,10 1,2 3,0",
    "m": "0,10 0,5 0,0|0,6 3,10 5,8 5,0|5,6 8,10 10,8 10,0",
    "n": "0,10 0,5 0,0|0,5 3,10 6,9 7,5 7,0",
    "o": "4,10 1,8 0,4 2,0 5,0 8,4 7,8 4,10",
    "p": "0,10 0,0 0,-8|0,6 3,10 7,9 8,5 6,1 3,0 0,3",
    "q": "8,8 5,10 1,8 0,4 2,0 5,1 8,6|8,10 8,0 8,-8 10,-6",
    "r": "0,10 0,5 0,0|0,5 3,9 6,10",
    "s": "7,9 4,10 1,9 1,7 4,5 7,3 6,1 3,0 0,1",
    "t": "3,16 3,8 3,2 5,0 7,1|0,10 7,10",
    "u": "0,10 0,4 2,0 5,1 8,5|8,10 8,3 10,0",
    "v": "0,10 2,5 4,0 6,5 8,10",
    "w": "0,10 1,5 3,0 5,8 7,0 9,5 10,10",
    "x": "0,10 4,5 8,0|8,10 4,5 0,0",
    "y": "0,10 1,5 4,1|8,10 6,3 3,-5 0,-8",
    "z": "0,10 8,10 4,5 0,0 8,0",
}  # fmt: skip
LETTERS: Mapping[str, Sequence[Float64[np.ndarray, "points 2"]]] = MappingProxyType({
    name: tuple(
        np.array([point.split(",") for point in stroke.split()], np.float64) / 10
        for stroke in text.split("|")
    )
    for name, text in _STROKES.items()
})  # fmt: skip
WORDS = (
    "able", "after", "again", "air", "around", "away", "bird", "black", "box", "bring", "call", "carry",
    "cold", "dance", "dark", "deep", "door", "down", "early", "earth", "every", "face", "far", "find",
    "fire", "fish", "fly", "garden", "give", "gold", "green", "hand", "high", "house", "ink", "jump",
    "keep", "kind", "large", "light", "line", "long", "make", "map", "mind", "moon", "move", "name",
    "never", "north", "open", "over", "paper", "pen", "quick", "quiet", "rain", "river", "round", "sea",
    "ship", "sky", "slow", "stone", "sun", "take", "time", "tree", "under", "voice", "walk", "warm",
    "water", "wave", "wind", "word", "world", "yellow", "young", "zero",
)  # fmt: skip
_SMOOTHED = 2  # times that corners are cut
_HEIGHT = 100.0
Line = list[Float64[np.ndarray, "points 2"]]


def letter_rows(count: int) -> pl.DataFrame:
    """So many letters that are made up, as many of each of 26.

    Returns:
        `strokes` [stroke][point][x, y] with y down, `label`.
    """
    random = np.random.default_rng(0)
    labels = [list(LETTERS)[number % len(LETTERS)] for number in range(count)]
    return pl.DataFrame({"strokes": [_written(one, random) for one in labels], "label": labels})


def word_rows(count: int) -> pl.DataFrame:
    """So many words that are made up, one or two in a row.

    Returns:
        `strokes` [stroke][point][x, y] with y down, `text`.
    """
    random = np.random.default_rng(1)
    texts = [" ".join(random.choice(WORDS, size=random.integers(1, 3))) for _ in range(count)]
    return pl.DataFrame({"strokes": [_written(one, random) for one in texts], "text": texts})


def _written(text: str, random: np.random.Generator) -> list[list[list[float]]]:
    """A text in a hand of its own: its slant, its width, and how steady it is."""
    slant, wide = random.normal(0.12, 0.12), random.uniform(0.75, 1.15)
    spacing, unsteady = random.uniform(0.2, 0.4), random.uniform(0.01, 0.05)
    strokes: Line = []
    at = 0.0
    for letter in text:
        if letter == " ":
            at += random.uniform(0.5, 0.8)
            continue
        own = [one + random.normal(0, unsteady, one.shape) for one in LETTERS[letter]]
        size = random.normal(1, 0.05, 2) * [wide, 1]
        strokes += [one * size + [at, random.normal(0, 0.03)] for one in own]
        at += wide * float(np.concatenate(LETTERS[letter])[:, 0].max()) + spacing
    shear = np.array([[1, 0], [slant, 1]])
    drawn = [_smooth(one @ shear) * [_HEIGHT, -_HEIGHT] for one in strokes]
    start = random.uniform(0, 500, 2)
    return [(one + start).round(1).tolist() for one in drawn]


def _smooth(points: Float64[np.ndarray, "points 2"]) -> Float64[np.ndarray, "more 2"]:
    """A line whose corners are cut (Chaikin 1974); its ends stay."""
    for _ in range(_SMOOTHED if len(points) > 1 else 0):
        first, second = points[:-1], points[1:]
        between = np.stack([0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second], axis=1)
        points = np.concatenate([points[:1], between.reshape(-1, 2)[1:-1], points[-1:]])
    return points
