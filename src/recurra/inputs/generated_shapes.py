"""Pictures of shapes that were made up, and what they show: a small world for nets that describe images."""

from collections.abc import Mapping
from itertools import permutations, product
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, UInt8

SIDE = 48  # pixels of a picture
_FINE = 2  # points of each, both ways, so that edges are smooth
_LARGE, _SMALL, _SEVERAL = 9.0, 5.0, 6.0  # pixels from the middle of a shape to its edge
_COUNTS = ("one", "two", "three", "four")
_HELD_OUT = 0.2  # of the sentences
_RELATED = 0.7  # share of the pictures that show two shapes and how they lie
_SHADE, _NOISE = 25, 6  # by how much colours vary, and pixels

COLOURS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {"red": (205, 45, 45), "green": (45, 160, 60), "blue": (55, 80, 205), "yellow": (225, 200, 50)}
)
SHAPES = ("circle", "square", "triangle", "cross")
RELATIONS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"left of": (0, -1), "right of": (0, 1), "above": (-1, 0), "below": (1, 0)}
)
"""Where the first shape lies, seen from the second: (down, right)."""

Points = Float64[np.ndarray, "height width"]


class Drawn(NamedTuple):
    """A shape in a picture: what it is, its colour's name, its middle (down, right) and its size."""

    shape: str
    colour: str
    middle: tuple[float, float]
    size: float


def shape_pictures(
    count: int, seed: int = 0
) -> tuple[UInt8[np.ndarray, "count height width 3"], list[str], list[bool]]:
    """Pictures of one to four shapes of a kind, or of a large and a small one and how they lie.

    A fifth of all sentences is held out: their words stand in others, but never together.

    Args:
        count: How many pictures.
        seed: What they are drawn with; which sentences are held out does not depend on it.

    Returns:
        The pictures, of each its sentence, and whether that is held out.
    """
    sentences = every_sentence()
    order = np.random.default_rng(0).permutation(len(sentences))
    held_out = {sentences[place] for place in order[: round(_HELD_OUT * len(order))]}
    random = np.random.default_rng(seed)
    pictures, told = [], []
    for _ in range(count):
        shapes, sentence = _related(random) if random.random() < _RELATED else _counted(random)
        pictures.append(_picture(shapes, random))
        told.append(sentence)
    return np.stack(pictures), told, [one in held_out for one in told]


def every_sentence() -> list[str]:
    """All that can be said of such pictures."""
    kinds = list(product(COLOURS, SHAPES))
    counted = [_count_told(number, *kind) for number in range(1, len(_COUNTS) + 1) for kind in kinds]
    return counted + [
        _relation_told(first, relation, second)
        for first, second in permutations(kinds, 2)
        for relation in RELATIONS
    ]


def _count_told(number: int, colour: str, shape: str) -> str:
    return f"{_COUNTS[number - 1]} {colour} {_plural(shape) if number > 1 else shape}"


def _plural(noun: str) -> str:
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def _relation_told(first: tuple[str, str], relation: str, second: tuple[str, str]) -> str:
    return f"a large {' '.join(first)} {relation} a small {' '.join(second)}"


def _counted(random: np.random.Generator) -> tuple[list[Drawn], str]:
    """Shapes of one kind, which do not touch."""
    number = int(random.integers(1, len(_COUNTS) + 1))
    colour, shape = str(random.choice(list(COLOURS))), str(random.choice(SHAPES))
    middles: list[np.ndarray] = []
    while len(middles) < number:
        own = random.uniform(_SEVERAL + 1, SIDE - _SEVERAL - 1, 2)
        if all(np.abs(own - other).max() > 2.3 * _SEVERAL for other in middles):
            middles.append(own)
        elif random.random() < 0.02:  # no room is left
            middles.clear()
    shapes = [Drawn(shape, colour, (float(y), float(x)), _SEVERAL) for y, x in middles]
    return shapes, _count_told(number, colour, shape)


def _related(random: np.random.Generator) -> tuple[list[Drawn], str]:
    """A large shape and a small one that differ, one clearly beside, above or below the other."""
    kinds = list(product(COLOURS, SHAPES))
    first, second = (kinds[place] for place in random.choice(len(kinds), 2, replace=False))
    relation = str(random.choice(list(RELATIONS)))
    way = np.array(RELATIONS[relation])
    far = random.uniform(_LARGE + _SMALL + 2, _LARGE + _SMALL + 10)
    apart = way * far + (way == 0) * random.uniform(-0.3, 0.3, 2) * far
    low = np.maximum(_SMALL + 1, _LARGE + 1 - apart)
    high = np.minimum(SIDE - _SMALL - 1, SIDE - _LARGE - 1 - apart)
    place = random.uniform(low, high)
    middles = [tuple(map(float, one)) for one in (place + apart, place)]
    shapes = [
        Drawn(first[1], first[0], (middles[0][0], middles[0][1]), _LARGE),
        Drawn(second[1], second[0], (middles[1][0], middles[1][1]), _SMALL),
    ]
    return shapes, _relation_told(first, relation, second)


def _picture(shapes: list[Drawn], random: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """Shapes on a plain ground, each of a shade of its own."""
    side = SIDE * _FINE
    fine = np.empty((side, side, 3))
    fine[:] = random.uniform(225, 250) + random.uniform(-4, 4, 3)
    down, right = np.mgrid[0:side, 0:side] / _FINE + 0.5 / _FINE
    for one in shapes:
        colour = np.array(COLOURS[one.colour]) + random.uniform(-_SHADE, _SHADE, 3)
        fine[inside(one.shape, down - one.middle[0], right - one.middle[1], one.size)] = colour
    whole = fine.reshape(SIDE, _FINE, SIDE, _FINE, 3).mean(axis=(1, 3))
    noisy = whole + random.normal(0, _NOISE, whole.shape)
    return np.asarray(np.clip(noisy, 0, 255).round().astype(np.uint8))


def inside(shape: str, down: Points, right: Points, size: float) -> Bool[np.ndarray, "height width"]:
    """Which points lie in a shape.

    Args:
        shape: One of `SHAPES`.
        down: Pixels of each point below the middle of the shape.
        right: Pixels to the right of it.
        size: Pixels from there to its edge.
    """
    if shape == "circle":
        found = down**2 + right**2 <= size**2
    elif shape == "square":
        found = np.maximum(np.abs(down), np.abs(right)) <= 0.88 * size
    elif shape == "triangle":
        found = (down <= 0.75 * size) & (np.abs(right) <= 0.58 * (down + size))
    else:
        found = np.minimum(np.abs(down), np.abs(right)) <= 0.3 * size
        found &= np.maximum(np.abs(down), np.abs(right)) <= size
    return np.asarray(found)
