"""Which outputs of a forecaster's program a stream gives: the point, or intervals of any level beside it."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from recurra.errors import ConfigError, DamagedError
from recurra.streaming import Activation, Affine, Program, Scaling

POINT = "forecast"


class Selection(NamedTuple):
    """What a stream gives.

    Attributes:
        program: The program, or the part of it that is needed.
        names: "forecast", "forecast-lo-80", ...
        weights: What the program's outputs are mixed with, (names, outputs); None: they are given as they
            are.
    """

    program: Program
    names: tuple[str, ...]
    weights: Float32[np.ndarray, "names outputs"] | None = None


def output_names(level: Sequence[float]) -> list[str]:
    """The point forecast, then the ends of each interval."""
    return [POINT, *(f"{POINT}-{side}-{one:g}" for one in level for side in ("lo", "hi"))]


def select(program: Program, about: Mapping[str, Any], level: Sequence[float]) -> Selection:
    """The outputs to give.

    Args:
        program: Of a forecaster.
        about: Its metadata, checked.
        level: Intervals to give; none: what the program shows by itself.

    Raises:
        ConfigError: The program does not give such intervals.
    """
    outputs = tuple(about["outputs"])
    shown = tuple(about.get("shown") or outputs)
    wanted = tuple(output_names(level)) if level else shown
    if wanted == outputs:
        return Selection(program, wanted)
    if wanted == (POINT,):
        return Selection(_point_only(program, about["horizon"]), wanted)
    places = {name: place for place, name in enumerate(outputs)}
    levels = sorted({float(name.rpartition("-")[2]) for name in outputs[1:]})
    if not set(wanted) <= set(outputs):
        _check_reach(level, levels, any_level="shown" in about, has_median=about.get("point") == "median")
    known = {
        (50 + sign * one / 2) / 100: f"{POINT}-{side}-{one:g}" for one in levels for side, sign in _SIDES
    }
    known |= {0.5: POINT} if about.get("point") == "median" else {}
    weights = np.zeros((len(wanted), len(outputs)), np.float32)
    weights[0, places[POINT]] = 1
    for row, name in enumerate(wanted[1:], start=1):
        for other, share in _mixture(name, outputs, known).items():
            weights[row, places[other]] += share
    return Selection(program, wanted, weights)


_SIDES = (("lo", -1), ("hi", 1))


def _check_reach(
    level: Sequence[float], levels: Sequence[float], *, any_level: bool, has_median: bool
) -> None:
    """Make sure that intervals can be told from those there are: between them, and beyond the outermost."""
    asked = f"--level {','.join(f'{one:g}' for one in level)}"
    if not levels:
        raise ConfigError(
            f"{asked} of a program without intervals",
            "no --level: the head of this forecaster has none that stream",
            "Train with head=quantile, or leave --level out.",
        )
    if not any_level or (not has_median and min(level) < levels[0]):
        there = f"{levels[0]:g} and above" if any_level else ", ".join(f"{one:g}" for one in levels)
        raise ConfigError(f"{asked} of a program without these", f"levels {there}", "Choose others.")


def _mixture(name: str, outputs: Sequence[str], known: Mapping[float, str]) -> dict[str, float]:
    """The outputs that make another: linear in normal scores, as in the head."""
    if name in outputs:
        return {name: 1.0}
    _, side, level = name.rsplit("-", 2)
    normal, probabilities = NormalDist(), sorted(known)
    score = normal.inv_cdf((50 + dict(_SIDES)[side] * float(level) / 2) / 100)
    scores = [normal.inv_cdf(one) for one in probabilities]
    right = min(max(int(np.searchsorted(scores, score)), 1), len(scores) - 1)
    share = (score - scores[right - 1]) / (scores[right] - scores[right - 1])
    return {known[probabilities[right - 1]]: 1 - share, known[probabilities[right]]: share}


def _point_only(program: Program, horizon: int) -> Program:
    """A program without what makes quantiles of its last hidden layer: see `stream_program`.

    Raises:
        DamagedError: It ends in other layers.
    """
    inner, activation, outer, scaling = (None, None, None, *program.layers)[-4:]
    if (
        isinstance(inner, Affine)
        and inner.bias is not None
        and isinstance(activation, Activation)
        and isinstance(outer, Affine)
        and isinstance(scaling, Scaling)
    ):
        point = [
            Affine(inner.weight[:horizon].copy(), inner.bias[:horizon].copy()),
            Scaling(scaling.mean[:horizon].copy(), scaling.scale[:horizon].copy(), inverse=True),
        ]
        return Program([*program.layers[:-4], *point], program.metadata)
    raise DamagedError(
        "the program of a forecaster that ends in other layers than one with intervals",
        "one as recurra exports it",
        "Restore it from a copy, or export the model again.",
    )
