"""The forecaster: one recurrent network for all series of a table, as an estimator."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from matplotlib.axes import Axes

from recurra.errors import ConfigError, NotFittedError
from recurra.experiment.estimator import Estimator
from recurra.experiment.judge import SUBJECT, judge, record
from recurra.experiment.task import Fitted
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.streaming import Program
from recurra.tasks.forecast.answer import (
    Evaluation,
    Reference,
    answer,
    backtest_frame,
    checked_levels,
    evaluation_of,
    forecast_frame,
    interval_probabilities,
)
from recurra.tasks.forecast.config import ForecastConfig, forecast_config
from recurra.tasks.forecast.outlook import warn_of_missing_future
from recurra.tasks.forecast.part import ForecastPart, held_out_origins
from recurra.tasks.forecast.plot import draw_forecast, history_steps, series_place
from recurra.tasks.forecast.schema import SeriesSource, resolved_of
from recurra.tasks.forecast.stream_program import forecast_program
from recurra.tasks.forecast.task import FORECAST
from recurra.training.callback import Callback

LEVELS = (80.0, 95.0)


class Forecaster(Estimator):
    """Forecast many series with one recurrent network.

    Args:
        horizon: Steps to forecast.
        settings: Any key of `ForecastConfig`: `cell="gru"`, `hidden_size=128`, `max_epochs=40`, ...

    Attributes:
        config: The settings as given.
        fitted_: The network and what it needs, after `fit`.
        config_: The settings with every "auto" resolved, after `fit`.
        training_: The course of training, step by step and epoch by epoch, after `fit`.
        history_: Its epochs as a frame.
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

    task = FORECAST

    def __init__(self, horizon: int, **settings: Any) -> None:
        super().__init__(horizon=horizon, **settings)

    def _check_settings(self) -> None:
        """Make sure that every setting is known and takes its value."""
        self.config: ForecastConfig = forecast_config(self._settings)

    def fit(
        self,
        data: Any,
        *,
        static: Any = None,
        folder: str | Path | None = None,
        resume: bool = False,
        show_progress: bool | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> "Forecaster":
        """Learn from a table.

        Args:
            data: A frame of polars, pandas or pyarrow; a dict of columns; one series as a Series or as
                numbers; a path to CSV, Parquet or JSON Lines; or "sample:NAME".
            static: A table with one row of static covariates for each series, if they are not columns of
                `data`; all of its columns, or those that the setting `static` names.
            folder: Where history and checkpoints are kept, so that a killed run can be resumed.
            resume: Go on from the newest checkpoint in the folder.
            show_progress: Whether to draw a bar; None: where stderr is a terminal, a line an epoch elsewhere.
            callbacks: Told of every step and epoch, but of a refit; see
                `recurra.training.callback.Callback`.

        Raises:
            DataError: The table cannot be used as it is; the message says which column or series, and why.
            ConfigError: A setting does not fit the data or the machine.
            NonFiniteError: Training diverged.
            OutOfMemoryError: The memory does not suffice for these sizes.
        """
        source = data if static is None else SeriesSource(data, static)
        self._learn(
            source, None, None, folder, resume=resume, show_progress=show_progress, callbacks=callbacks
        )
        return self

    def predict(
        self,
        data: Any = None,
        *,
        horizon: int | None = None,
        future: Any = None,
        static: Any = None,
        level: Any = LEVELS,
    ) -> Any:
        """Forecast what comes after the last target of every series.

        Args:
            data: The history to go on from; None: the one that `fit` was given. It may be newer, and hold
                series that training did not see.
            horizon: Steps to forecast, up to the trained ones; None: all of these.
            future: A table of the covariates known ahead; steps it leaves out count as unknown.
            static: A table of the static covariates, if they are not columns of `data`.
            level: Intervals to give, in percent; none: the point forecast only.

        Returns:
            A frame in the library of `data`: id, time, `forecast`, and `forecast-lo-80`, `forecast-hi-80` for
            each level. Times are as a frame has them, text in the same style; those of a file have a type.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The table does not fit the one of training.

        Warns:
            DataWarning: Covariates known ahead are missing for some steps, or hold unseen categories.
        """
        part = self._ahead(data, future, static, level)
        fitted, level = self.fitted_, checked_levels(level)
        warn_of_missing_future(part.panel, fitted.config.horizon)
        trained = self._panel if data is None else None
        library = part.table if trained is None else trained.table
        has_style = not library.from_file and (data is not None or trained is not None)
        frame = forecast_frame(part, answer(fitted, part), level, horizon, written=has_style)
        return library.give_back(frame)

    def plot(
        self,
        data: Any = None,
        *,
        series: Any = None,
        history: int | None = None,
        future: Any = None,
        static: Any = None,
        level: Any = LEVELS,
        ax: Any = None,
    ) -> Axes:
        """Draw the forecast of one series after its last steps.

        Args:
            data: As of `predict`.
            series: Its id; None: the first.
            history: How many of its last steps to draw; None: a few horizons or seasons.
            future: As of `predict`.
            static: As of `predict`.
            level: As of `predict`.
            ax: Where to draw, matplotlib's Axes; None: a new figure.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: There is no such series, or the table does not fit the one of training.
        """
        part = self._ahead(data, future, static, level)
        one, shown = series_place(part.panel, series), history_steps(part.resolved, history)
        chosen = replace(part, origins=Origins(*(values[one : one + 1] for values in part.origins)))
        return draw_forecast(chosen, answer(self.fitted_, chosen), checked_levels(level), shown, ax)

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
        fitted, level = self._judging(data), checked_levels(level)
        stride = int(fitted.config.horizon) if stride is None else stride
        part = self._part(*self._held_out(data, size, stride, static), level)
        frame = backtest_frame(part, answer(fitted, part), level, written=not part.table.from_file)
        return part.table.give_back(frame)

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
            RecurraError: As of `backtest`.
        """
        part = self._part(*self._held_out(data, size, stride, static))
        fitted = self._judging(data)
        rivals = judge(self.task, {SUBJECT: (fitted, None)}, self._baselines(), part)
        if data is None and size is None and stride is None:
            self._metrics = record(self.task, fitted, part, rivals, repairs=self.repairs_, held_out=True)
        return evaluation_of(part, rivals, reference)

    def to_program(self, *, level: Any = ()) -> Program:
        """Export for `recurra stream` and `recurra.streaming`, which need no torch.

        Where a series begins within the context, or the program starts with it, forecasts are those of
        `predict`, up to rounding. Later they differ: `predict` reads the last `context` steps from a state of
        zeros, the program's state is that of the whole series.

        Args:
            level: Intervals to give besides the point forecast, in percent.

        Returns:
            A program for `recurra.tasks.forecast.live.LiveForecast`.

        Raises:
            NotFittedError: `fit` was not called.
            ConfigError: A setting does not allow it; `preset="streaming"` does.
        """
        return forecast_program(self.fitted_, checked_levels(level))

    @property
    def _panel(self) -> Panel | None:
        """The series that `fit` was given; None after `load`."""
        return None if self._prepared is None else cast("Panel", self._prepared.train)

    def _judging(self, data: Any) -> Fitted:
        """The net to judge: on the test part the one that has not seen it."""
        return self.fitted_ if data is not None or self._scored is None else self._scored

    def _ahead(self, data: Any, future: Any, static: Any, level: Any) -> ForecastPart:
        """The moment after the last target of every series."""
        panel = self._read_again(data, future=future, static=static)
        return self._part(panel, panel.last_origins, checked_levels(level))

    def _read_again(self, data: Any, *, future: Any = None, static: Any = None) -> Panel:
        """Series as those of training are read; None: their last rows."""
        fitted = self.fitted_
        written = {"time_format": fitted.config.time_format, "decimal": fitted.config.decimal}
        panel = fitted.schema.read_panel(data, future=future, static=static, **written)
        return cast("Panel", panel)

    def _part(self, panel: Panel, origins: Origins, level: Any = None) -> ForecastPart:
        """Moments to forecast: the intervals of some levels, or what scores need."""
        resolved, scaling = resolved_of(self.fitted_), self.fitted_.schema.scaling
        if level is None:
            return ForecastPart(panel, origins, resolved, scaling)
        return ForecastPart(panel, origins, resolved, scaling, interval_probabilities(level))

    def _held_out(
        self, data: Any, size: int | None, stride: int | None, static: Any
    ) -> tuple[Panel, Origins]:
        """The series to judge on, and the moments to forecast from."""
        resolved = resolved_of(self.fitted_)
        if data is not None:
            panel = self._read_again(data, static=static)
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
