"""The rules that turn "auto" into numbers, from the data alone.

* Test and validation: a tenth of the median series each, at least one horizon; validation at most four
  horizons, unless it has to tell what a net adds to its base. Series of less than six horizons keep one
  horizon each, or none where they are shorter still.
* Context: fourteen seasons of up to 31 steps, or three longer ones; at least twice the horizon; at most half
  of what the median training part holds before a horizon.
* Patch: the largest divisor of the season up to 24 steps and up to the horizon, so that the recurrence takes
  a day of hours, a year of months or a quarter of weeks at once (as SegRNN does: Lin and others, 2023).
* Point forecast: the median; the mean of what is mostly 0.
* Steps an epoch: as many batches as windows fill, at most 100; and at least 20, unless forecasts begin from a
  base, which few windows cannot better.
* Patience, if the settings say nothing of it: five epochs where forecasts begin from a base and training
  would take over 500 steps. A base leaves little to learn of noise, and the average of the weights that is
  kept needs no annealing to be calm.
"""

from typing import NamedTuple

import numpy as np

from recurra.errors import ConfigError, DataError
from recurra.inputs.series.frequency import Frequency
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.base import Base, suits
from recurra.tasks.forecast.config import ForecastConfig, Whole

_PATIENCE, _LONG = 5, 500  # epochs without improvement, and steps of a training that is worth cutting short


class Resolved(NamedTuple):
    """Settings without "auto", and what follows from them.

    Attributes:
        config: The settings.
        lags: Distances, in steps, at which the horizon looks back.
        scale_span: How many of the last steps tell a window's scale.
        base: What the forecast of a window begins from; None: its centre.
    """

    config: ForecastConfig
    lags: tuple[int, ...]
    scale_span: int
    base: Base | None = None

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.config.horizon

    @property
    def context(self) -> int:
        """Steps of history."""
        return int(self.config.context)

    @property
    def patch(self) -> int:
        """Steps that the recurrence takes at once."""
        return int(self.config.patch)

    @property
    def reach(self) -> int:
        """Steps of history that a forecast looks at, its base and lags included."""
        return max(self.context + max(self.lags), 0 if self.base is None else self.base.span)

    @property
    def test_size(self) -> int:
        """Last steps of every series, kept for the final score."""
        return int(self.config.test_size)

    @property
    def validation_size(self) -> int:
        """Steps before those, which choose the best epoch."""
        return int(self.config.validation_size)


def resolve(config: ForecastConfig, panel: Panel) -> Resolved:
    """Turn every "auto" into a number.

    Raises:
        DataError: The series are too short for the horizon.
        ConfigError: The context is longer than every series.
    """
    horizon, season = config.horizon, panel.season_length
    length = int(np.median(panel.lengths))
    if length < 2 * horizon:
        raise DataError(
            f"horizon is {horizon} and the median series has {length} steps",
            f"at least {2 * horizon} steps, a horizon to learn from and one to score",
            "Shorten the horizon, or give longer series.",
        )
    roomy = length >= 6 * horizon
    tenth = max(horizon, length // 10)
    test_size = _known(config.test_size, tenth if roomy else horizon if length >= 3 * horizon else 0)
    rest = length - test_size
    most = tenth if suits(config, panel) else 4 * horizon
    held = min(tenth, most) if roomy else horizon if rest >= 3 * horizon else 0
    validation_size = _known(config.validation_size, held)
    training = rest - validation_size

    context = _known(config.context, _context(horizon, season, training))
    longest = int(panel.lengths.max())
    if config.context != "auto" and context > longest:
        raise ConfigError(
            f"context is {context} and the longest series has {longest} steps",
            "at most as many as there are",
            "Leave context out, or lower it.",
        )
    patch = min(_known(config.patch, _patch(season, horizon)), context)
    context = -(-context // patch) * patch
    windows = int(np.maximum(panel.lengths - test_size - validation_size - horizon, 0).sum())
    fewest = 1 if suits(config, panel) else 20
    steps = _known(config.steps_per_epoch, int(np.clip(-(-windows // config.batch_size), fewest, 100)))
    patience = config.patience
    if "patience" not in config.model_fields_set and suits(config, panel) and validation_size:
        patience = _PATIENCE if config.max_epochs * steps > _LONG else None
    lags = _lags(context, season, panel.frequency.seasonal_lags)
    resolved = config.model_copy(
        update={
            "target": panel.columns.target,
            "time": panel.columns.time,
            "unique_id": panel.columns.unique_id or "auto",
            "frequency": _written(panel.frequency),
            "season_length": season,
            "test_size": test_size,
            "validation_size": validation_size,
            "context": context,
            "patch": patch,
            "steps_per_epoch": steps,
            "patience": patience,
            "point": _point(panel, test_size) if config.point == "auto" else config.point,
        }
    )
    return Resolved(resolved, lags, min(context, max(7 * season, 2 * patch, 16)))


def _point(panel: Panel, test_size: int) -> str:
    """The mean for values of which half are 0 and none is below; the test part is not looked at."""
    series = np.repeat(np.arange(len(panel)), panel.extents)
    position = np.arange(len(series)) - panel.offsets[series]
    values = panel.target[position < panel.lengths[series] - test_size]
    values = values[np.isfinite(values)]
    rarely = len(values) > 0 and values.min() >= 0 and (values == 0).mean() >= 0.5
    return "mean" if rarely else "median"


def _context(horizon: int, season: int, training: int) -> int:
    seasons = 14 if season <= 31 else 3
    wanted = max(seasons * season, 2 * horizon, 16)
    return max(1, min(wanted, max(training - horizon, horizon) // 2))


def _patch(season: int, horizon: int) -> int:
    return max(divisor for divisor in range(1, min(24, horizon) + 1) if season % divisor == 0)


def _lags(context: int, season: int, natural: tuple[int, ...]) -> tuple[int, ...]:
    candidates = {season, 2 * season, 7 * season, 14 * season, *natural}
    return tuple(sorted(lag for lag in candidates if lag <= context)) or (context,)


def _written(frequency: Frequency) -> str:
    """A frequency as `parse_frequency` reads it."""
    return str(frequency.step) if frequency.is_integer else f"{frequency.step}{frequency.unit}"


def _known(value: Whole, automatic: int) -> int:
    return automatic if value == "auto" else value
