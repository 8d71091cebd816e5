"""One implementation, ready to run."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

OURS = "recurra"

Results = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


class Entrant(NamedTuple):
    """One implementation, ready to run.

    Attributes:
        name: The peer's name, or `OURS`.
        run: The work whose time is taken.
        results: What ours is to compute, by names that all entrants share. An entrant that does other work,
            such as reading memory, gives the results of a peer that does the same.
        share: The part of a run's time that is reported: 1 / steps for the time of a step.
    """

    name: str
    run: Callable[[], object]
    results: Callable[[], Results]
    share: float = 1.0
