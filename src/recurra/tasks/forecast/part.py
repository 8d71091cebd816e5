"""The parts of the series that are held out of training, and the moments to forecast them from."""

from numbers import Integral
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import ConfigError, DataError
from recurra.inputs.series.origin import Origins, rolling_origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import Split
from recurra.tasks.forecast.resolution import Resolved

MOST_WINDOWS = 20_000


def check_parts(resolved: Resolved) -> None:
    """Make sure that a part which is held out holds a horizon.

    Raises:
        ConfigError: It does not.
    """
    for name in ("test_size", "validation_size"):
        size = getattr(resolved, name)
        if 0 < size < resolved.horizon:
            raise ConfigError(
                f"{name} is {size} with horizon {resolved.horizon}",
                "0, or at least the horizon",
                f"Raise {name}, or leave it out.",
            )


def least_history(panel: Panel, split: Split, resolved: Resolved) -> int:
    """Values that the history of a training window must hold.

    Three quarters of the context where every series has room for it, so that training sees windows like those
    it will be judged on, and of the values that the fullest history of the sparsest series holds; one where
    some series is too short, so that none is left out.
    """
    context, horizon = resolved.context, resolved.horizon
    trained = np.flatnonzero(split.train_end).tolist()
    if int(split.train_end[trained].min()) < context + horizon:
        return 1
    fullest = context
    if np.isnan(panel.target).any():
        fullest = min(
            _fullest(panel.series(one)[: split.train_end[one]], context, horizon) for one in trained
        )
    return max(1, fullest * 3 // 4)


def _fullest(values: Float32[np.ndarray, " steps"], context: int, horizon: int) -> int:
    """The most values that a history holds which is followed by a value to forecast."""
    count = np.concatenate([[0], np.cumsum(~np.isnan(values))])
    origin = np.arange(context, len(values) - horizon + 1)
    usable = count[origin + horizon] > count[origin]
    return int((count[origin] - count[origin - context])[usable].max(initial=0))


def held_out_origins(
    panel: Panel, resolved: Resolved, size: int | None = None, stride: int | None = None
) -> Origins:
    """Moments in the last steps of every series that is long enough to have one step before them.

    Args:
        panel: The series.
        resolved: Tells the horizon.
        size: How many last steps; None: as many as the test part has, or one horizon where it has none.
        stride: Steps between two moments; None: 1, or more where that would be over 20,000 windows.

    Raises:
        ConfigError: Size or stride is no whole number above 0, or the size is below the horizon.
        DataError: No series is long enough.
    """
    numbers: dict[str, Any] = {"size": size, "stride": stride}
    for name, number in numbers.items():
        if number is not None and not (isinstance(number, Integral) and int(number) > 0):
            raise ConfigError(f"{name} is {number}", "a whole number of at least 1", f"Change {name}.")
    size = resolved.test_size or resolved.horizon if size is None else size
    if size < resolved.horizon:
        raise ConfigError(
            f"the part to score has {size} steps",
            f"at least the horizon, {resolved.horizon}",
            "Leave size out, or raise it.",
        )
    begin = np.where(panel.lengths > size, panel.lengths - size, panel.lengths)
    if stride is None:
        windows = int(np.sum(panel.lengths > size)) * (size - resolved.horizon + 1)
        stride = max(1, -(-windows // MOST_WINDOWS))
    origins = rolling_origins(begin, panel.lengths, resolved.horizon, stride)
    if len(origins.series) == 0:
        raise DataError(
            f"the longest series has {int(panel.lengths.max())} steps",
            f"one before the {size} that are to be forecast",
            "Give longer series, or a smaller size (at least the horizon).",
        )
    return origins
