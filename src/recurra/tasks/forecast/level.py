"""The levels of intervals, in percent."""

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from recurra.errors import ConfigError


def checked_levels(level: Any) -> tuple[float, ...]:
    """Levels as they are asked for, each once.

    Raises:
        ConfigError: There is no list of them, or one is no number between 0 and 100.
    """
    if isinstance(level, str) or not isinstance(level, Iterable):
        raise ConfigError(f"level is {level!r}", "percentages such as (80, 95)", "Pass level=(80,).")
    levels = tuple(level)
    for one in levels:
        if not isinstance(one, Real) or not 0 < float(one) < 100:
            raise ConfigError(f"level {one!r}", "a percentage between 0 and 100", "Pass level=(80, 95).")
    return tuple(dict.fromkeys(float(one) for one in levels))


def interval_probabilities(level: Sequence[float]) -> tuple[float, ...]:
    """The lower and upper probability of every interval."""
    return tuple(side for one in level for side in ((100 - one) / 200, (100 + one) / 200))
