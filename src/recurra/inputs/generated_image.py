"""Pictures of digits that come with scikit-learn, one by one and in lines."""

import numpy as np
from jaxtyping import UInt8

_WHITE = 16  # of the pictures as they come
_FEWEST, _MOST = 3, 6  # digits of a line
_APART = (-1, 3)  # columns between two: below 0 they overlap


def digit_pictures() -> tuple[UInt8[np.ndarray, "rows 8 8"], list[str]]:
    """1797 handwritten digits of 8 x 8 pixels from 0 to 255, and their names.

    Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits" (1998), by scikit-learn.
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415  # a second to import, for those who ask for it

    bunch = load_digits()
    scaled = np.round(bunch.images * (255 / _WHITE)).astype(np.uint8)
    return scaled, [str(number) for number in bunch.target]


def digit_lines(count: int, seed: int = 0) -> list[tuple[list[list[int]], str]]:
    """Lines of three to six digits, with gaps and overlaps, and their texts."""
    pictures, labels = digit_pictures()
    random = np.random.Generator(np.random.Philox(key=seed))
    rows = []
    for _ in range(count):
        chosen = random.integers(len(pictures), size=random.integers(_FEWEST, _MOST + 1)).tolist()
        line = joined([pictures[one] for one in chosen], random.integers(*_APART, size=len(chosen) + 1))
        rows.append((line.tolist(), "".join(labels[one] for one in chosen)))
    return rows


def joined(
    pictures: list[UInt8[np.ndarray, "height _width"]], gaps: np.ndarray
) -> UInt8[np.ndarray, "height width"]:
    """Pictures of one height beside each other, light on black; where they overlap the lighter one counts.

    Args:
        pictures: They.
        gaps: Columns before each and after the last; below 0 they overlap; none at the ends.
    """
    begins, at = [], max(0, int(gaps[0]))
    for picture, gap in zip(pictures, gaps[1:], strict=True):
        begins.append(at)
        at += picture.shape[1] + int(gap)
    width = begins[-1] + pictures[-1].shape[1] + max(0, int(gaps[-1]))
    line = np.zeros((pictures[0].shape[0], width), np.uint8)
    for begin, picture in zip(begins, pictures, strict=True):
        place = line[:, begin : begin + picture.shape[1]]
        np.maximum(place, picture, out=place)
    return line
