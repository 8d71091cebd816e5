"""The forecaster: one recurrent network for all series of a table, as an estimator."""

import time
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from recurra.data.columns import resolve_columns
from recurra.data.origin import Origins, rolling_origins
from recurra.data.panel import Panel
from recurra.data.scaling import learn_scaling
from recurra.data.split import Split, split_by_size
from recurra.data.table import read_table
from recurra.data.window import WindowSource
from recurra.errors import ConfigError, NotFittedError
from recurra.tasks.forecast.artifact import load_fitted, save_fitted
from recurra.tasks.forecast.config import ForecastConfig, forecast_config
from recurra.tasks.forecast.evaluation import Evaluation, evaluate
from recurra.tasks.forecast.fitted import Fitted, build_network
from recurra.tasks.forecast.frame import backtest_frame, forecast_frame
from recurra.tasks.forecast.objective import Validation, forecast_loss
from recurra.tasks.forecast.recent import recent_rows
from recurra.tasks.forecast.resolution import Resolved, resolve
from recurra.training.device import choose_device
from recurra.training.history import History
from recurra.training.loop import fit
from recurra.training.progress import Progress

LEVELS = (80, 95)
VALIDATION_WINDOWS = 4000


class Forecaster:
    """Forecast many series with one recurrent network.

    Args:
        horizon: Steps to forecast.
        settings: Any key of `ForecastConfig`: `cell="gru"`, `hidden_size=128`, `max_epochs=40`, ...

    Attributes:
        config: The settings as given.
        fitted_: The network and what it needs, after `fit`.
        config_: The settings with every "auto" resolved, after `fit`.
        history_: The course of training, after `fit`.
        repairs_: What was found and mended in the data, in sentences, after `fit`.

    Raises:
        ConfigError: A setting does not exist (the message names the nearest), or does not take this value.

    >>> import polars as pl
    >>> from recurra import Forecaster
    >>> frame = pl.DataFrame({"ds": range(60), "y": [float(step % 4) for step in range(60)]})
    >>> forecaster = Forecaster(horizon=4, season_length=4, max_epochs=1, steps_per_epoch=2).fit(frame)
    >>> forecaster.predict(level=(80,)).columns
    ['unique_id', 'ds', 'forecast', 'forecast-lo-80', 'forecast-hi-80']
    """

    def __init__(self, horizon: int, **settings: Any) -> None:
        self.config: ForecastConfig = forecast_config({"horizon": horizon, **settings})
        self._fitted: Fitted | None = None
        self._panel: Panel | None = None
        self._split: Split | None = None
        self.history_: History | None = None
        self.repairs_: list[str] = []

    @property
    def fitted_(self) -> Fitted:
        """The fitted network.

        Raises:
            NotFittedError: `fit` was not called.
        """
        if self._fitted is None:
            raise NotFittedError(
                "this forecaster is not fitted", "a fitted one", "Call fit(data) or load(folder)."
            )
        return self._fitted

    @property
    def config_(self) -> ForecastConfig:
        """The settings with every "auto" resolved."""
        return self.fitted_.resolved.config

    @property
    def num_parameters_(self) -> int:
        """How many numbers training chose."""
        return sum(parameter.numel() for parameter in self.fitted_.network.parameters())

    def fit(
        self,
        data: Any,
        *,
        static: Any = None,
        folder: str | Path | None = None,
        resume: bool = False,
        show_progress: bool | None = None,
    ) -> Self:
        """Learn from a table.

        Args:
            data: A frame of polars, pandas or pyarrow; a path to CSV, Parquet or JSON Lines; or
                "sample:NAME".
            static: A table with one row of static covariates for each series, if they are not columns of
                `data`.
            folder: Where history and checkpoints are kept, so that a killed run can be resumed.
            resume: Go on from the newest checkpoint in the folder.
            show_progress: Whether to draw a bar; None: where stderr is a terminal.

        Raises:
            DataError: The table cannot be used as it is; the message says which column or series, and why.
            ConfigError: A setting does not fit the data or the machine.
            NonFiniteError: Training diverged.
        """
        panel = read_panel(data, self.config, static=static)
        return self.fit_panel(
            panel,
            folder=None if folder is None else Path(folder),
            resume=resume,
            progress=Progress(enabled=show_progress),
        )

    def fit_panel(self, panel: Panel, *, folder: Path | None, resume: bool, progress: Progress) -> Self:
        """Learn from series that are already on their grid; otherwise as `fit`."""
        resolved = resolve(self.config, panel)
        config = resolved.config
        split = split_by_size(
            panel, config.horizon, validation=resolved.validation_size, test=resolved.test_size
        )
        scaling = learn_scaling(panel, split.train_end)
        unit = training_spread(panel, split)
        source = WindowSource(
            panel,
            context=resolved.context,
            horizon=resolved.horizon,
            ends=split.train_end,
            batch_size=config.batch_size,
            batches=int(config.steps_per_epoch),
            seed=config.seed,
            scaling=scaling,
        )
        torch.manual_seed(config.seed)
        network = build_network(resolved, panel.schema, series=len(panel), unit=unit)
        self.history_ = fit(
            network,
            forecast_loss,
            source,
            config,
            validate=_validation(panel, split, resolved, scaling),
            folder=folder,
            resume=resume,
            progress=progress,
        )
        recent = recent_rows(panel, resolved.context + max(resolved.lags))
        self._fitted = Fitted(resolved, panel.schema, scaling, tuple(panel.ids), unit, network.cpu(), recent)
        self._panel, self._split = panel, split
        self.repairs_ = [*panel.repairs, *split.repairs]
        return self

    def predict(self, data: Any = None, *, future: Any = None, level: tuple[float, ...] = LEVELS) -> Any:
        """Forecast what comes after the last target of every series.

        Args:
            data: The history to go on from; None: the one that `fit` was given. It may be newer, and hold
                series that training did not see.
            future: A table of the covariates known ahead; steps it leaves out count as unknown.
            level: Intervals to give, in percent.

        Returns:
            A frame in the library of `data`: id, time, `forecast`, and `forecast-lo-80`, `forecast-hi-80` for
            each level.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The table does not fit the one of training.
        """
        fitted = self.fitted_
        probabilities = interval_probabilities(level)
        panel = Panel.build(fitted.recent if data is None else data, schema=fitted.schema, future=future)
        origins = Origins(np.arange(len(panel)), panel.lengths)
        parts = list(fitted.forecasts(panel, origins, probabilities, device=self._device()))
        library = self._panel.table if data is None and self._panel is not None else panel.table
        return library.give_back(forecast_frame(panel, parts, level))

    def backtest(
        self,
        data: Any = None,
        *,
        size: int | None = None,
        stride: int | None = None,
        level: tuple[float, ...] = LEVELS,
    ) -> Any:
        """Forecast again and again from earlier moments, without refitting, and set the truth beside it.

        Args:
            data: The series; None: those given to `fit`, whose held-out test part is forecast.
            size: How many last steps of each series to forecast; None: as many as the test part has.
            stride: Steps between two moments; None: the horizon.
            level: Intervals to give, in percent.

        Returns:
            A frame in the library of `data`: id, `cutoff` (the last time known), time, the target, `forecast`
            and intervals.
        """
        fitted = self.fitted_
        panel, origins = self._held_out(data, size, stride or self.config.horizon)
        probabilities = interval_probabilities(level)
        parts = list(fitted.forecasts(panel, origins, probabilities, device=self._device()))
        return panel.table.give_back(backtest_frame(panel, parts, level))

    def evaluate(self, data: Any = None, *, size: int | None = None, stride: int | None = None) -> Evaluation:
        """Score forecasts from many moments, beside the baselines that need no training.

        Args:
            data: The series; None: those given to `fit`, whose held-out test part is scored.
            size: How many last steps of each series to score; None: as many as the test part has.
            stride: Steps between two moments; None: 1, or more where that would be over 20,000 windows.
        """
        fitted = self.fitted_
        panel, origins = self._held_out(data, size, stride)
        began = time.perf_counter()
        result = evaluate(fitted, panel, origins, device=self._device())
        result.seconds = time.perf_counter() - began
        return result

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the fitted forecaster: `config.json`, `model.safetensors`, `recent.parquet`.

        Raises:
            StorageError: The folder exists and may not be replaced, or the disk is full.
        """
        return save_fitted(self.fitted_, Path(folder), overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote, or the model of a run folder. No code runs from the files.

        Raises:
            DamagedError: A file is missing, truncated or altered.
            NewerFormatError: A newer version of recurra wrote it.
        """
        fitted = load_fitted(Path(folder))
        forecaster = cls(fitted.resolved.horizon)
        forecaster.config = fitted.resolved.config
        forecaster._fitted = fitted
        return forecaster

    def _device(self) -> torch.device:
        return choose_device(self.fitted_.resolved.config.device)

    def _held_out(self, data: Any, size: int | None, stride: int | None) -> tuple[Panel, Origins]:
        """The series to judge on, and the moments to forecast from."""
        resolved = self.fitted_.resolved
        if data is not None:
            panel = Panel.build(data, schema=self.fitted_.schema)
            size = size or resolved.test_size or resolved.horizon
        elif self._panel is None:
            raise NotFittedError(
                "a loaded forecaster has no test part", "data to judge it on", "Pass the data."
            )
        else:
            panel, size = self._panel, size or resolved.test_size
        if size < resolved.horizon:
            raise ConfigError(
                f"the part to score has {size} steps",
                f"at least the horizon, {resolved.horizon}",
                "Pass data or a size, or fit with a test_size.",
            )
        return panel, held_out_origins(panel, resolved, size, stride)


def held_out_origins(
    panel: Panel, resolved: Resolved, size: int | None = None, stride: int | None = None
) -> Origins:
    """Moments in the last steps of every series that is long enough to have one step before them.

    Args:
        panel: The series.
        resolved: Tells the horizon.
        size: How many last steps; None: as many as the test part has, or one horizon where it has none.
        stride: Steps between two moments; None: 1, or more where that would be over 20,000 windows.
    """
    size = size or resolved.test_size or resolved.horizon
    begin = np.where(panel.lengths > size, panel.lengths - size, panel.lengths)
    if stride is None:
        windows = int(np.sum(panel.lengths > size)) * (size - resolved.horizon + 1)
        stride = max(1, -(-windows // 20_000))
    return rolling_origins(begin, panel.lengths, resolved.horizon, stride)


def read_panel(data: Any, config: ForecastConfig, *, static: Any = None) -> Panel:
    """Read a table as the settings say.

    Raises:
        DataError: The table cannot be used as it is.
    """
    table = read_table(data)
    columns, notes = resolve_columns(
        table.frame,
        unique_id=_named(config.unique_id),
        time=_named(config.time),
        target=_named(config.target),
        past=config.past,
        future=config.future,
        static=config.static,
        source=table.source,
    )
    return Panel.build(
        table,
        columns,
        frequency=_named(config.frequency),
        season_length=None if config.season_length == "auto" else int(config.season_length),
        static=static,
        notes=notes,
    )


def interval_probabilities(level: tuple[float, ...]) -> tuple[float, ...]:
    """The lower and upper probability of every interval.

    Raises:
        ConfigError: A level is not between 0 and 100.
    """
    for one in level:
        if not 0 < one < 100:
            raise ConfigError(f"level {one}", "a percentage between 0 and 100", "Pass level=(80, 95).")
    return tuple(side for one in level for side in ((100 - one) / 200, (100 + one) / 200))


def training_spread(panel: Panel, split: Split) -> float:
    """Standard deviation of all training targets, in their own unit; 1 where they are all the same."""
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    known = position < np.repeat(split.train_end, panel.extents)
    spread = float(np.nanstd(panel.target[known], dtype=np.float64))
    return spread if spread > 0 else 1.0


def _validation(panel: Panel, split: Split, resolved: Resolved, scaling: Any) -> Validation | None:
    if resolved.validation_size == 0:
        return None
    every = split.origins("validation", resolved.horizon)
    stride = max(1, -(-len(every.series) // VALIDATION_WINDOWS))
    origins = split.origins("validation", resolved.horizon, stride)
    return Validation(panel, origins, resolved.context, resolved.horizon, resolved.config.batch_size, scaling)


def _named(name: str) -> str | None:
    return None if name == "auto" else name
