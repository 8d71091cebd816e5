"""Series and the moments to forecast them from: what is held out of training, and what is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from recurra.data.table import Table
from recurra.errors import ConfigError, DataError
from recurra.inputs.series.origin import Origins, rolling_origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import Scaling
from recurra.inputs.series.split import held_out_sizes
from recurra.inputs.series.window import WindowBatch, targets_after, window_batches
from recurra.metrics.forecast_scale import InSampleScale, in_sample_scale
from recurra.tasks.forecast.head import TRAINED_QUANTILES
from recurra.tasks.forecast.resolution import Resolved

MOST_WINDOWS = 20_000


class Truth(NamedTuple):
    """What came, window by window.

    Attributes:
        values: The targets of the horizon.
        observed: Where there is one.
        judged: Where a score counts: there is one, and the history before it holds something.
        series: Which series each window is of.
        scale: What MASE divides by.
    """

    values: Float[np.ndarray, "windows horizon"]
    observed: Bool[np.ndarray, "windows horizon"]
    judged: Bool[np.ndarray, "windows horizon"]
    series: Int64[np.ndarray, " windows"]
    scale: InSampleScale


@dataclass(frozen=True)
class ForecastPart:
    """Some series, and moments to forecast them from.

    Attributes:
        panel: The series.
        origins: The moments.
        resolved: The settings: how much history a window has, and how far it looks ahead.
        scaling: Of the covariates.
        probabilities: The quantiles to forecast.
        notes: What is to be said of the net that forecasts them.
        train_end: Where the training part of each series ended; None of series that it did not see.
    """

    panel: Panel
    origins: Origins
    resolved: Resolved
    scaling: Scaling
    probabilities: tuple[float, ...] = field(default=TRAINED_QUANTILES)
    notes: tuple[str, ...] = ()
    train_end: Int64[np.ndarray, " series"] | None = None

    def __len__(self) -> int:
        return len(self.origins.series)

    @property
    def target(self) -> str:
        """What is forecast, as people call it: the column, and its unit where it was given."""
        unit = self.resolved.config.unit
        return self.panel.columns.target + (f" ({unit})" if unit else "")

    @property
    def table(self) -> Table:
        """Where the series came from."""
        return self.panel.table

    @property
    def repairs(self) -> Sequence[str]:
        """What was mended in them, and what is to be said of the net."""
        return [*self.panel.repairs, *self.notes]

    def windows(self) -> Iterator[WindowBatch]:
        """The windows, a batch at a time and in the order of the moments."""
        return window_batches(
            self.panel,
            self.origins,
            context=self.resolved.context,
            horizon=self.resolved.horizon,
            batch_size=self.resolved.config.batch_size,
            scaling=self.scaling,
            base=self.resolved.base,
        )

    @cached_property
    def truth(self) -> Truth:
        """What came.

        Raises:
            DataError: There is nothing to score.
        """
        if len(self) == 0:
            raise DataError(
                "no series is long enough to be scored",
                f"more steps than are scored, and at least the horizon, {self.resolved.horizon}",
                "Give longer series, or score fewer steps.",
            )
        observed, judged, series = [], [], []
        for batch in self.windows():
            there = batch.observed.numpy()
            seen = there[:, : batch.context].any(axis=1, keepdims=True)
            observed.append(there[:, batch.context :])
            judged.append(observed[-1] & seen)
            series.append(batch.series.numpy())
        scale = in_sample_scale(_known_before(self.panel, self.origins), self.panel.season_length)
        values = targets_after(self.panel, self.origins, self.resolved.horizon)
        return Truth(
            np.nan_to_num(values),
            np.concatenate(observed),
            np.concatenate(judged),
            np.concatenate(series),
            scale,
        )


def _known_before(panel: Panel, origins: Origins) -> list[Float[np.ndarray, " steps"]]:
    """Each series up to the first moment it is forecast from; whole where it is not."""
    ends: Int64[np.ndarray, " series"] = panel.lengths.copy()
    np.minimum.at(ends, origins.series, origins.position)
    return [panel.series(index)[:end] for index, end in enumerate(ends)]


def held_out_origins(
    panel: Panel, resolved: Resolved, size: int | None = None, stride: int | None = None
) -> Origins:
    """Moments in the last steps of every series that is long enough to have one step before them.

    Args:
        panel: The series.
        resolved: Tells the horizon.
        size: How many last steps; None: as many as the test part of each series has, or one horizon where
            there is none.
        stride: Steps between two moments; None: 1, or more where that would be over 20,000 windows.

    Raises:
        ConfigError: Size or stride is no whole number above 0, or the size is below the horizon.
        DataError: No series is long enough.
    """
    numbers: dict[str, Any] = {"size": size, "stride": stride}
    for name, number in numbers.items():
        if number is not None and not (isinstance(number, Integral) and int(number) > 0):
            raise ConfigError(f"{name} is {number}", "a whole number of at least 1", f"Change {name}.")
    horizon = resolved.horizon
    if size is None:
        test = resolved.test_size or horizon
        sizes = held_out_sizes(panel.lengths, horizon, validation=resolved.validation_size, test=test)[1]
    else:
        sizes = np.full(len(panel), size)
    if size is not None and size < horizon:
        raise ConfigError(
            f"the part to score has {size} steps",
            f"at least the horizon, {resolved.horizon}",
            "Leave size out, or raise it.",
        )
    begin = np.where(panel.lengths > sizes, panel.lengths - sizes, panel.lengths)
    if stride is None:
        windows = int(np.sum((panel.lengths > sizes) * (sizes - horizon + 1)))
        stride = max(1, -(-windows // MOST_WINDOWS))
    origins = rolling_origins(begin, panel.lengths, resolved.horizon, stride)
    if len(origins.series) == 0:
        raise DataError(
            f"the longest series has {int(panel.lengths.max())} steps",
            f"one before the {sizes.min()} that are to be forecast",
            "Give longer series, or a smaller size (at least the horizon).",
        )
    return origins
