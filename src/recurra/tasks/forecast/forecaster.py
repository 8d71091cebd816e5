"""The forecaster: one recurrent network for all series of a table, as an estimator."""

from functools import partial
from pathlib import Path
from typing import Any

import torch

from recurra.cells.registry import check_name
from recurra.errors import ConfigError, NotFittedError
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.streaming import Program
from recurra.tasks.forecast.artifact import load_fitted, save_fitted
from recurra.tasks.forecast.config import ForecastConfig, forecast_config
from recurra.tasks.forecast.evaluation import Evaluation, Reference, evaluate
from recurra.tasks.forecast.fitted import Fitted, build_network
from recurra.tasks.forecast.frame import backtest_frame, forecast_frame
from recurra.tasks.forecast.level import checked_levels, interval_probabilities
from recurra.tasks.forecast.objective import forecast_loss
from recurra.tasks.forecast.part import held_out_origins
from recurra.tasks.forecast.plan import Plan, make_plan
from recurra.tasks.forecast.recent import recent_rows
from recurra.tasks.forecast.series import read_panel, read_panel_again
from recurra.tasks.forecast.stream_program import forecast_program
from recurra.training.device import choose_device
from recurra.training.history import History
from recurra.training.loop import fit
from recurra.training.memory import memory_errors
from recurra.training.progress import Progress

LEVELS = (80.0, 95.0)


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
        check_name(self.config.cell)
        self._fitted: Fitted | None = None
        self._panel: Panel | None = None
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
    ) -> "Forecaster":
        """Learn from a table.

        Args:
            data: A frame of polars, pandas or pyarrow; a path to CSV, Parquet or JSON Lines; or
                "sample:NAME".
            static: A table with one row of static covariates for each series, if they are not columns of
                `data`; all of its columns, or those that the setting `static` names.
            folder: Where history and checkpoints are kept, so that a killed run can be resumed.
            resume: Go on from the newest checkpoint in the folder.
            show_progress: Whether to draw a bar; None: where stderr is a terminal.

        Raises:
            DataError: The table cannot be used as it is; the message says which column or series, and why.
            ConfigError: A setting does not fit the data or the machine.
            NonFiniteError: Training diverged.
            OutOfMemoryError: The memory does not suffice for these sizes.
        """
        panel = read_panel(data, self.config, static=static)
        return self.fit_plan(
            make_plan(self.config, panel),
            folder=None if folder is None else Path(folder),
            resume=resume,
            progress=Progress(enabled=show_progress),
        )

    def fit_plan(self, plan: Plan, *, folder: Path | None, resume: bool, progress: Progress) -> "Forecaster":
        """Learn as planned; otherwise as `fit`."""
        panel, resolved, config = plan.panel, plan.resolved, plan.resolved.config
        torch.manual_seed(config.seed)
        with memory_errors(config):
            network = build_network(resolved, panel.schema, series=len(panel), units=plan.units)
        self.history_ = fit(
            network,
            partial(forecast_loss, weighting=config.weighting),
            plan.source,
            config,
            validate=plan.validation,
            folder=folder,
            resume=resume,
            progress=progress,
        )
        recent = recent_rows(panel, resolved.context + max(resolved.lags))
        self._fitted = Fitted(
            resolved, panel.schema, plan.scaling, tuple(panel.ids), plan.units, network.cpu(), recent
        )
        self._panel = panel
        self.repairs_ = [*panel.repairs, *plan.split.repairs]
        return self

    def predict(
        self, data: Any = None, *, future: Any = None, static: Any = None, level: Any = LEVELS
    ) -> Any:
        """Forecast what comes after the last target of every series.

        Args:
            data: The history to go on from; None: the one that `fit` was given. It may be newer, and hold
                series that training did not see.
            future: A table of the covariates known ahead; steps it leaves out count as unknown.
            static: A table of the static covariates, if they are not columns of `data`.
            level: Intervals to give, in percent; none: the point forecast only.

        Returns:
            A frame in the library of `data`: id, time, `forecast`, and `forecast-lo-80`, `forecast-hi-80` for
            each level.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The table does not fit the one of training.
        """
        fitted = self.fitted_
        level = checked_levels(level)
        source = fitted.recent if data is None else data
        panel = read_panel_again(source, fitted.schema, future=future, static=static)
        probabilities = interval_probabilities(level)
        parts = list(fitted.forecasts(panel, panel.last_origins, probabilities, device=self._device()))
        library = self._panel.table if data is None and self._panel is not None else panel.table
        return library.give_back(forecast_frame(panel, parts, level))

    def backtest(
        self,
        data: Any = None,
        *,
        size: int | None = None,
        stride: int | None = None,
        static: Any = None,
        level: Any = LEVELS,
    ) -> Any:
        """Forecast again and again from earlier moments, without refitting, and set the truth beside it.

        Args:
            data: The series; None: those given to `fit`, whose held-out test part is forecast.
            size: How many last steps of each series to forecast; None: as many as the test part has.
            stride: Steps between two moments; None: the horizon.
            static: A table of the static covariates, if they are not columns of `data`.
            level: Intervals to give, in percent; none: the point forecast only.

        Returns:
            A frame in the library of `data`: id, `cutoff` (the last time known), time, the target, `forecast`
            and intervals.

        Raises:
            NotFittedError: `fit` was not called.
            ConfigError: The size is below the horizon, or another number is out of range.
            DataError: The table does not fit the one of training, or no series is long enough.
        """
        fitted = self.fitted_
        level = checked_levels(level)
        stride = self.config.horizon if stride is None else stride
        panel, origins = self._held_out(data, size, stride, static)
        probabilities = interval_probabilities(level)
        parts = list(fitted.forecasts(panel, origins, probabilities, device=self._device()))
        return panel.table.give_back(backtest_frame(panel, parts, level))

    def evaluate(
        self,
        data: Any = None,
        *,
        size: int | None = None,
        stride: int | None = None,
        static: Any = None,
        reference: Reference | None = None,
    ) -> Evaluation:
        """Score forecasts from many moments, beside the baselines that need no training.

        Args:
            data: The series; None: those given to `fit`, whose held-out test part is scored.
            size: How many last steps of each series to score; None: as many as the test part has.
            stride: Steps between two moments; None: 1, or more where that would be over 20,000 windows.
            static: A table of the static covariates, if they are not columns of `data`.
            reference: Adds `owa` to the scores, the mean of sMAPE and MASE relative to a reference: "naive2",
                that of the M4 competition on the same windows, or an `OwaReference` of scores.

        Raises:
            As `backtest`.
        """
        fitted = self.fitted_
        panel, origins = self._held_out(data, size, stride, static)
        return evaluate(fitted, panel, origins, device=self._device(), reference=reference)

    def to_program(self, *, level: Any = ()) -> Program:
        """Export for `recurra stream` and `recurra.streaming`, which need no torch.

        Where a series begins within the context, or the program starts with it, forecasts are those of
        `predict`, up to rounding. Later they differ: `predict` reads the last `context` steps from a state of
        zeros, the program's state is that of the whole series.

        Args:
            level: Intervals to give besides the point forecast, in percent; for head quantile.

        Returns:
            A program for `recurra.tasks.forecast.live.LiveForecast`.

        Raises:
            NotFittedError: `fit` was not called.
            ConfigError: A setting does not allow it; `preset="streaming"` does.
        """
        return forecast_program(self.fitted_, checked_levels(level))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the fitted forecaster: `config.json`, `model.safetensors`, `recent.parquet`.

        Raises:
            StorageError: The folder exists and may not be replaced, or the disk is full.
        """
        return save_fitted(self.fitted_, Path(folder), overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto") -> "Forecaster":
        """Read what `save` wrote, or the model of a run folder. No code runs from the files.

        Args:
            folder: Where it is.
            device: Where it shall run, whatever it was trained on.

        Raises:
            DamagedError: A file is missing, truncated or altered.
            NewerFormatError: A newer version of recurra wrote it.
        """
        fitted = load_fitted(Path(folder), device=device)
        forecaster = cls(fitted.resolved.horizon)
        forecaster.config = fitted.resolved.config
        forecaster._fitted = fitted
        return forecaster

    def _device(self) -> torch.device:
        return choose_device(self.fitted_.resolved.config.device)

    def _held_out(
        self, data: Any, size: int | None, stride: int | None, static: Any
    ) -> tuple[Panel, Origins]:
        """The series to judge on, and the moments to forecast from."""
        resolved = self.fitted_.resolved
        if data is not None:
            panel = read_panel_again(data, self.fitted_.schema, static=static)
        elif self._panel is None:
            raise NotFittedError(
                "a loaded forecaster has no test part", "data to judge it on", "Pass the data."
            )
        elif size is None and resolved.test_size == 0:
            raise ConfigError(
                "test_size is 0, so no part was held out",
                f"one of at least the horizon, {resolved.horizon}",
                "Pass data or a size, or fit with a test_size.",
            )
        else:
            panel = self._panel
        return panel, held_out_origins(panel, resolved, size, stride)
