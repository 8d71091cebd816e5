"""Everything that is settled before training begins, so that a mistake is told before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64

from recurra.errors import ConfigError, DataError, RecurraError
from recurra.experiment.task import Prepared
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import Scaling, learn_scaling
from recurra.inputs.series.seasonality import with_season
from recurra.inputs.series.split import Split, forget_unseen, split_by_size
from recurra.inputs.series.window import WindowBatch, WindowSource, history_before
from recurra.tasks.forecast.base import Base, choose_base, suits
from recurra.tasks.forecast.config import ForecastConfig, forecast_config
from recurra.tasks.forecast.feature import fill_missing, window_scale
from recurra.tasks.forecast.objective import METRICS, make_validation
from recurra.tasks.forecast.part import ForecastPart, held_out_origins
from recurra.tasks.forecast.resolution import Resolved, resolve
from recurra.tasks.forecast.schema import (
    ForecastSchema,
    SeriesSource,
    check_counts,
    last_time,
    read_series,
    recent_rows,
)
from recurra.tasks.forecast.statistical import check_installed
from recurra.tasks.forecast.streaming_network import check_streamable
from recurra.tasks.forecast.unit import Units, learn_floor, learn_levels, learn_stream_units, learn_units
from recurra.tasks.forecast.wording import outline_of
from recurra.training.device import choose_device
from recurra.training.setting import check_settings

WHOLLY, PARTLY = 0.1, 0.05  # shares of windows that hide the whole horizon, or all from a random step on
_STREAM = 1  # of random numbers; the source itself draws from stream 0


@dataclass(frozen=True)
class HiddenFuture:
    """Batches of a source in which some windows do not show their covariates known ahead; as pure as it.

    Who asks for a forecast may not know all of them, or none. A network that always saw them would then take
    their absence for a value that it never met, and be wrong and sure of it.

    Attributes:
        source: Where the windows come from.
    """

    source: WindowSource

    def __len__(self) -> int:
        return len(self.source)

    def batch(self, epoch: int, index: int) -> WindowBatch:
        """A batch of the source; which futures it hides follows from the seed, the epoch and the index."""
        batch = self.source.batch(epoch, index)
        random = np.random.Generator(
            np.random.Philox(key=self.source.seed, counter=[0, _STREAM, index, epoch])
        )
        chance = random.random(len(batch))
        first = random.integers(batch.horizon, size=len(batch))
        first[chance < WHOLLY] = 0
        first[chance >= WHOLLY + PARTLY] = batch.horizon
        step = torch.arange(batch.target.shape[1]) - batch.context
        hidden = (step >= torch.from_numpy(first)[:, None]).unsqueeze(-1)
        return replace(
            batch,
            future=batch.future.masked_fill(hidden, 0),
            future_observed=batch.future_observed & ~hidden,
            future_codes=batch.future_codes.masked_fill(hidden, 0),
            effect=batch.effect.masked_fill(hidden[:, batch.context :, 0][:, : batch.effect.shape[1]], 0),
        )


@dataclass(frozen=True)
class SeriesData:
    """Series as they were read, the settings, and the base of forecasts if it is settled already."""

    config: ForecastConfig
    panel: Panel
    base: Base | None = None


def read(source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> SeriesData:
    """Read the series.

    Raises:
        DataError: The table cannot be used as it is.
        ConfigError: A setting is wrong, or data for validation or test are given.
    """
    for name, given in (("validation", validation), ("test", test)):
        if given is not None:
            raise ConfigError(
                f"--{name} for forecasting",
                f"none: the {name} part is the end of every series",
                f"Set {name}_size=STEPS instead.",
            )
    config = forecast_config(settings)
    given = SeriesSource.of(source)
    return SeriesData(config, read_series(given.data, config, static=given.static))


def prepare(data: SeriesData) -> Prepared:
    """Settle how to train on some series.

    Raises:
        DataError: The series are too short for the settings, or no counts where counts are wanted.
        ConfigError: A setting does not fit the others, the data or the machine.
    """
    config, panel = data.config, data.panel
    if config.network == "streaming":
        check_streamable(config, panel.schema)
    resolved = resolve(config, panel)
    if panel.frequency.is_integer and config.season_length == "auto":
        held = resolved.validation_size + resolved.test_size
        panel = with_season(panel, np.maximum(panel.lengths - held, 0))
        resolved = resolve(config, panel)
    config = resolved.config
    _check(config, resolved)
    if config.head == "negative_binomial":
        check_counts(panel)
    split = split_by_size(panel, config.horizon, validation=resolved.validation_size, test=resolved.test_size)
    panel = forget_unseen(panel, split.train_end)
    levelled = _is_levelled(config)
    if levelled:
        panel = replace(panel, levels=learn_levels(panel, split.train_end))
    scaling = learn_scaling(panel, split.train_end)
    if config.network == "streaming":
        units = learn_stream_units(panel, split.train_end, config.horizon)
    else:
        units = learn_units(panel, split.train_end)
    if suits(config, panel):
        resolved = resolved._replace(
            base=_base_again(data.base, panel, split) or _base(panel, split, resolved, units)
        )
    source = _source(panel, split, resolved, scaling)
    validation = make_validation(panel, split, resolved, scaling)
    check_settings(source, config, validation, None, resume=False)
    schema = ForecastSchema(
        panel.schema,
        scaling,
        units,
        tuple(panel.ids),
        resolved.lags,
        resolved.scale_span,
        recent_rows(panel, resolved.reach),
        resolved.base,
        levelled,
        {name: level for name, level in zip(panel.ids, panel.levels.tolist(), strict=True) if level},
        0.0 if config.head == "negative_binomial" else learn_floor(panel, split.train_end),
        last_time(panel, split.train_end),
    )
    test, reason = _test(data.config, panel, resolved, scaling, split)
    repairs = (*panel.repairs, *split.repairs)
    outline = outline_of(panel, split)
    return Prepared(
        config, schema, source, validation, panel, None, test, repairs, no_test=reason, outline=outline
    )


def _is_levelled(config: ForecastConfig) -> bool:
    """Whether windows may be cut relative to a level: not where the distance of values from 0 counts.

    Counts have it in their head, shares of values (OWA) in the loss, and a stream by values in its input.
    """
    by_values = config.network == "streaming" and config.centre == "mean"
    return config.head != "negative_binomial" and config.weighting == "unit" and not by_values


def whole(data: SeriesData, prepared: Prepared, changes: Mapping[str, Any]) -> Prepared:
    """All steps of the series to train on, with other settings; windows look as they did."""
    steps = data.config.steps_per_epoch  # more windows, more of them
    config = prepared.config.model_copy(update={**changes, "steps_per_epoch": steps})
    return prepare(SeriesData(config, data.panel, prepared.schema.base))


def _source(panel: Panel, split: Split, resolved: Resolved, scaling: Scaling) -> WindowSource | HiddenFuture:
    """The windows to train on."""
    config = resolved.config
    windows = WindowSource(
        panel,
        context=resolved.context,
        horizon=resolved.horizon,
        ends=split.train_end,
        batch_size=config.batch_size,
        batches=int(config.steps_per_epoch),
        min_history=least_history(panel, split, resolved),
        seed=config.seed,
        scaling=scaling,
        base=resolved.base,
    )
    return HiddenFuture(windows) if panel.columns.future else windows


def _base_again(base: Base | None, panel: Panel, split: Split) -> Base | None:
    """One that was chosen before, fitted to what is trained on now."""
    return None if base is None else base.again(panel, split.train_end)


def _base(panel: Panel, split: Split, resolved: Resolved, units: Units) -> Base | None:
    """The base that suits the series, judged in the units that the net will measure windows in."""
    config, season = resolved.config, panel.season_length
    steps = min(resolved.context, max(resolved.scale_span, season))

    def unit(origins: Origins) -> Float[np.ndarray, " windows"]:
        if config.scaling == "global":
            return np.full(len(origins.series), units.spread)
        values, there = history_before(panel, origins, steps)
        history = torch.from_numpy(np.where(there, values - panel.levels[origins.series][:, None], 0))
        known = torch.from_numpy(there)
        smallest = torch.tensor(units.smallest, dtype=torch.float64)
        filled = fill_missing(history, known, season)
        scale = window_scale(filled, known, span=resolved.scale_span, season=season, smallest=smallest)
        return scale.spread[:, 0].numpy()

    return choose_base(
        panel,
        split.train_end,
        split.validation_end,
        resolved.horizon,
        resolved.context,
        unit,
        squared=config.point == "mean",
    )


def _test(
    given: ForecastConfig, panel: Panel, resolved: Resolved, scaling: Scaling, split: Split
) -> tuple[ForecastPart | None, RecurraError | None]:
    """The part that the final score is of; or why there is none."""
    if resolved.test_size < resolved.horizon:
        if given.test_size == "auto":
            return None, DataError(
                f"the series are too short to train on and to be scored {resolved.horizon} steps ahead",
                f"a median of at least {3 * resolved.horizon} steps",
                "Shorten the horizon, give longer series, or set test_size=0 to train without a score.",
            )
        return None, None
    try:
        origins = held_out_origins(panel, resolved)
        return ForecastPart(panel, origins, resolved, scaling, train_end=split.train_end), None
    except DataError as error:
        return None, error


def _check(config: ForecastConfig, resolved: Resolved) -> None:
    """Refuse settings that do not go together."""
    check_parts(resolved)
    check_installed(config.baselines)
    choose_device(config.device)
    if config.monitor not in ("train_loss", *METRICS):
        raise ConfigError(
            f"monitor is {config.monitor!r}", f"one of train_loss, {', '.join(METRICS)}", "Change monitor."
        )
    if config.residual and config.bidirectional and config.num_layers == 1 and config.network == "recurrent":
        raise ConfigError(
            "residual is True with one layer in both directions",
            "two layers at least: the outputs of the first are wider than what it reads",
            "Set num_layers=2, or leave residual out.",
        )
    if config.weighting == "owa" and config.head != "quantile":
        raise ConfigError(
            f"weighting is 'owa' and head is {config.head!r}",
            "head=quantile, since a likelihood has no errors to weight",
            "Set weighting=unit, or head=quantile.",
        )


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


def _fullest(values: Float64[np.ndarray, " steps"], context: int, horizon: int) -> int:
    """The most values that a history holds which is followed by a value to forecast."""
    count = np.concatenate([[0], np.cumsum(~np.isnan(values))])
    origin = np.arange(context, len(values) - horizon + 1)
    usable = count[origin + horizon] > count[origin]
    return int((count[origin] - count[origin - context])[usable].max(initial=0))
