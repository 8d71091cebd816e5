"""What a stream gives of the outputs of a forecaster's program: the point, and intervals of any level.

A program of quantiles gives these; others give the raw numbers of a distribution's parameters, which are made
into a point and quantiles here (`recurra.tasks.forecast.stream_distribution`, loaded where it is needed).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int64

from recurra.errors import ConfigError, DamagedError
from recurra.place import loaded
from recurra.streaming import Activation, Affine, Program, Scaling

POINT = "forecast"
SIDES = (("lo", -1), ("hi", 1))
DISTRIBUTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "student_t": ("recurra.tasks.forecast.stream_distribution:StudentT", ("location", "width", "freedom")),
    "negative_binomial": (
        "recurra.tasks.forecast.stream_distribution:NegativeBinomial",
        ("mean", "dispersion"),
    ),
}
"""Heads whose program gives raw parameters: what reads these, and their names."""

Places = Int64[np.ndarray, "ends #horizon"]
Outputs = Float32[np.ndarray, "outputs horizon"]
Values = Float[np.ndarray, "names horizon"]
Scores = Float[np.ndarray, "levels #horizon"]


class Reader(ABC):
    """Makes outputs of a program into a point forecast and intervals in the units of the data."""

    @abstractmethod
    def __call__(self, outputs: Outputs, last: np.float32, scores: Scores | None = None) -> Values:
        """Read the outputs of one step.

        Args:
            outputs: Of the program.
            last: The last value of the series.
            scores: How far intervals reach, in normal scores (1.28 is 80 %), for each level and step; None:
                as the levels say.
        """


class Selection(NamedTuple):
    """What a stream gives.

    Attributes:
        program: The program, or the part of it that is needed.
        names: "forecast", "forecast-lo-80", ...
        read: What its outputs are made into these by.
    """

    program: Program
    names: tuple[str, ...]
    read: Reader


def output_names(level: Sequence[float]) -> list[str]:
    """The point forecast, then the ends of each interval."""
    return [POINT, *(f"{POINT}-{side}-{one:g}" for one in level for side, _ in SIDES)]


def levels_of(names: Sequence[str]) -> list[float]:
    """The levels of intervals that have such names."""
    return [float(name.rpartition("-")[2]) for name in names[1::2]]


def score_of(level: float) -> float:
    """How many deviations of a normal distribution an interval of a level reaches."""
    return NormalDist().inv_cdf((50 + level / 2) / 100)


def scores_of(levels: Sequence[float]) -> Scores:
    """Those of several levels, the same at each step."""
    return np.array([score_of(one) for one in levels]).reshape(-1, 1)


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
    if about.get("head") in DISTRIBUTIONS:
        place, _ = DISTRIBUTIONS[about["head"]]
        return Selection(program, wanted, loaded(place)(about, levels_of(wanted)))
    if wanted == (POINT,) != outputs:
        alone = Given({**about, "outputs": wanted}, ())
        return Selection(_point_only(program, about["horizon"]), wanted, alone)
    if not set(wanted) <= set(outputs):
        _check_reach(level, about)
    return Selection(program, wanted, Given(about, levels_of(wanted)))


def _check_reach(level: Sequence[float], about: Mapping[str, Any]) -> None:
    """Make sure that intervals can be told from those there are: between them, and beyond the outermost."""
    any_level, levels = "shown" in about, sorted(levels_of(about["outputs"]))
    asked = f"--level {','.join(f'{one:g}' for one in level)}"
    if not levels:
        raise ConfigError(
            f"{asked} of a program without intervals",
            "no --level: it was exported with the point forecast alone",
            "Export it with to_program(level=...), or leave --level out.",
        )
    if not any_level or (about.get("point") != "median" and min(level) < levels[0]):
        there = f"{levels[0]:g} and above" if any_level else ", ".join(f"{one:g}" for one in levels)
        raise ConfigError(f"{asked} of a program without these", f"levels {there}", "Choose others.")


class Given(Reader):
    """Reads quantiles; those between and beyond them are linear in normal scores, as in the head.

    Args:
        about: Metadata of the program.
        levels: Of the intervals to give.
    """

    def __init__(self, about: Mapping[str, Any], levels: Sequence[float]) -> None:
        known = {0.0: 0} if about.get("point") == "median" else {}
        for place, name in enumerate(about["outputs"][1:], start=1):
            _, side, level = name.rsplit("-", 2)
            known[dict(SIDES)[side] * score_of(float(level))] = place
        self._known = np.array(sorted(known))
        self._places = np.array([known[one] for one in sorted(known)], np.int64)
        self._steps = np.arange(about["horizon"])
        self._last_counts = about["centre"] == "last"
        self._usual = self._neighbours(scores_of(levels)) if levels else None

    def __call__(self, outputs: Outputs, last: np.float32, scores: Scores | None = None) -> Values:
        """See `Reader`."""
        values: Values = outputs[:1]
        found = self._usual if scores is None else self._neighbours(scores)
        if found is not None:
            left, right, share = found
            ends = (1 - share) * outputs[left, self._steps] + share * outputs[right, self._steps]
            values = np.concatenate([values, ends])
        return values + last if self._last_counts else values

    def _neighbours(self, scores: Scores) -> tuple[Places, Places, Float32[np.ndarray, "ends #horizon"]]:
        """The outputs on both sides of each end of an interval, and the share of the second."""
        wanted = both_ends(scores)
        right = np.clip(np.searchsorted(self._known, wanted), 1, len(self._known) - 1)
        below, above = self._known[right - 1], self._known[right]
        share = ((wanted - below) / (above - below)).astype(np.float32)
        return self._places[right - 1], self._places[right], share


def both_ends(scores: Scores) -> Float[np.ndarray, "ends #horizon"]:
    """The normal scores of the lower and the upper end of each interval, as `output_names` has them."""
    ends: Float[np.ndarray, "ends #horizon"]
    ends = np.stack([-scores, scores], axis=1).reshape(-1, scores.shape[1])
    return ends


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
