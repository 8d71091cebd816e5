"""A forecaster whose net reads windows, on a live stream: the context is read again at each row.

It forecasts what `predict` would with the same rows, at the price of a whole window: milliseconds a row. Of
each series it remembers as many rows as a forecast looks at.
"""

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float
from scipy.special import ndtr

from recurra.errors import DataError
from recurra.experiment.task import Fitted
from recurra.inputs.series.live import SeriesRows, marks_of, place_of
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.timeline import Arrival, Place, Timelines
from recurra.streaming import Live, Prediction
from recurra.streaming.live import ONLY, Memory, States, Stepping
from recurra.tasks.forecast.adaptive import Adaptation
from recurra.tasks.forecast.answer import answer, interval_probabilities
from recurra.tasks.forecast.history import History
from recurra.tasks.forecast.live import restore_adaptation
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.schema import resolved_of
from recurra.tasks.forecast.stream_interval import Values, both_ends, output_names


class LiveWindow(Live):
    """Forecasts after every row of one or many series.

    A row holds the target and the covariates known up to the present. Of those known ahead it may hold the
    value of its own time, or a list: that one, then those of the steps ahead (in CSV the columns `price`,
    `price-1`, ...). What was once said of a step holds until it is said anew.

    Args:
        fitted: The forecaster.
        digest: Of its files.
        level: Intervals to give, in percent.
        adaptive: How fast they follow what comes (see `recurra.tasks.forecast.adaptive`); None: not at all.

    >>> import polars as pl
    >>> from recurra import Forecaster
    >>> from recurra.tasks.forecast.live_window import LiveWindow
    >>> frame = pl.DataFrame({"ds": range(60), "y": [float(step % 4) for step in range(60)]})
    >>> forecaster = Forecaster(horizon=3, max_epochs=1, steps_per_epoch=2).fit(frame)
    >>> live = LiveWindow(forecaster.fitted_, "", level=(80.0,))
    >>> list(live.predict({"ds": 60, "y": 0.0}).values)
    ['forecast-ds', 'forecast', 'forecast-lo-80', 'forecast-hi-80']
    """

    takes_level = True

    def __init__(
        self, fitted: Fitted, digest: str, level: Sequence[float] = (), adaptive: float | None = None
    ) -> None:
        self.digest = digest
        self.outputs = tuple(output_names(level))
        self._fitted, self._resolved = fitted, resolved_of(fitted)
        self._probabilities = np.array(interval_probabilities(level)).reshape(-1, 1)
        self._adaptation = None
        if adaptive is not None:
            self._adaptation = Adaptation(level, self._resolved.horizon, adaptive, fitted.schema.floor)
        self._panel = fitted.schema.read_panel()
        self._index = {name: index for index, name in enumerate(self._panel.ids)}
        places, lengths = {}, {}
        for name, index in self._index.items():
            lengths[name] = int(self._panel.lengths[index])
            places[name] = Place(lengths[name] - 1, int(self._panel.starts[index]))
        columns = self._panel.columns
        self.rows = SeriesRows(
            columns.target,
            columns.time,
            columns.unique_id,
            several=len(self._panel) > 1,
            wide=columns.wide,
            past=columns.past,
            decimal=fitted.schema.panel.decimal,
        )
        clock = fitted.schema.panel.clock(self._resolved.context)
        self._timelines = Timelines(clock, places, lengths)
        self._histories: dict[str, History] = {}
        self._unknown_ahead_told = False
        cost = "which takes milliseconds; one of preset=streaming takes microseconds"
        self.about = (f"this net reads the last {self._resolved.context} steps again at each row, {cost}",)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have; one that names the series where training saw several."""
        return self.rows.columns

    def read_times(self, time_format: str) -> None:
        """See `Live.read_times`."""
        self._timelines.clock = self._timelines.clock.told(time_format)

    def split(self, row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Mapping[str, Any] | Sequence[Any]]:
        """See `Live.split`."""
        return self.rows.split(row)

    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """See `Live.answering`; a plain list is a row of the only series. It takes no steps of a session."""
        yield from ()
        times = self._timelines
        own = self.rows.read(row, times.clock)
        name, target, moment = own.series, own.value, own.moment
        arrival = times.arrive(name, moment)
        if arrival.place.start is None:
            raise DataError(
                f"a row without {self.rows.time!r}",
                "the time of a series that the run does not know",
                "Give it.",
            )
        schema, horizon = self._panel.schema, self._resolved.horizon
        history = self._before(name, arrival).followed_by(arrival.missing, target, own.given, schema, horizon)
        history = history.last(self._resolved.reach)
        position = np.array([arrival.place.position - history.length + 1])
        start = int(schema.grid.advance(np.array([arrival.place.start]), position)[0])
        history = history.dated(schema, start)
        values = self._forecast(name, start, arrival, target, history)
        self._histories[name], times.places[name] = history, arrival.place
        if moment is not None:
            values = {f"forecast-{self.rows.time}": times.ahead(arrival.place, horizon, moment), **values}
        return Prediction(own.kept, values, (*arrival.notes, *self._unknown_ahead(history)))

    def _called(self, name: str) -> str:
        """The id of a series; where rows name none and the run knows one, it is that."""
        return next(iter(self._index)) if name == ONLY and len(self._index) == 1 else name

    def _before(self, name: str, arrival: Arrival) -> History:
        """What is known of a series before its row."""
        if name in self._histories:
            history = self._histories[name]
            return history.first(0) if arrival.begins else history
        index = self._index.get(self._called(name))
        if index is None:
            return History.empty(self._panel)
        return History.of(self._panel, index).first(arrival.history or 0)

    def _forecast(
        self, name: str, start: int, arrival: Arrival, target: float, history: History
    ) -> dict[str, Any]:
        if np.isnan(history.target).all():
            return {one: np.full(self._resolved.horizon, np.nan, np.float32) for one in self.outputs}
        read = partial(self._read, self._called(name), start, history)
        if self._adaptation is None:
            values = read(self._probabilities)
        else:
            if arrival.begins:
                self._adaptation.forget(name)
            self._adaptation.follow(name, target, arrival.missing)
            values = self._adaptation.intervals(name, lambda scores: read(ndtr(both_ends(scores))))
        return dict(zip(self.outputs, values, strict=True))

    def _read(
        self, name: str, start: int, history: History, ends: Float[np.ndarray, "ends #horizon"]
    ) -> Values:
        """The point forecast, and quantiles of some probabilities, which may differ from step to step."""
        panel = replace(
            self._panel,
            id_values=pl.Series(self._panel.id_values.name, [name]),
            starts=np.array([start]),
            lengths=np.array([history.length]),
            levels=np.zeros(1),
            offsets=np.array([0, len(history.target)]),
            **history.arrays,
        )
        panel = self._fitted.schema.with_levels(panel)
        origins = Origins(np.array([0]), np.array([history.length]))
        scaling, wanted = self._fitted.schema.scaling, tuple(ends.ravel().tolist())
        found = answer(self._fitted, ForecastPart(panel, origins, self._resolved, scaling, wanted))
        steps = np.arange(self._resolved.horizon)
        quantiles = np.asarray(found.quantiles).reshape(len(steps), *ends.shape)
        values: Values = np.concatenate([found.point, quantiles[steps, :, steps % ends.shape[1]].T])
        return values

    def _unknown_ahead(self, history: History) -> tuple[str, ...]:
        """Say once that covariates known ahead are not, with their names."""
        names = history.unknown_ahead(self._panel.schema, self._resolved.horizon)
        if self._unknown_ahead_told or not names:
            return ()
        self._unknown_ahead_told = True
        what = f"{', '.join(names)}: not known for all steps ahead, and counted as unknown there"
        remedy = f"give a list (now, then each step ahead), or the columns {names[0]}-1, {names[0]}-2, ..."
        return (f"{what}; {remedy}",)

    def fresh(self) -> "LiveWindow":
        """See `Live.fresh`."""
        twin = copy.copy(self)
        twin._timelines = self._timelines.fresh()
        twin._adaptation = None if self._adaptation is None else self._adaptation.fresh()
        twin.restore({})
        return twin

    @property
    def names(self) -> Collection[str]:
        """See `Live.names`."""
        return self._histories

    def snapshot(self) -> dict[str, Memory]:
        """See `Live.snapshot`."""
        return {
            name: Memory(
                history.to_bytes(),
                None,
                (history.length, *marks_of(self._timelines, name)),
                b"" if self._adaptation is None else self._adaptation.to_bytes(name),
            )
            for name, history in self._histories.items()
        }

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        histories, places = {}, {}
        for name, (content, _, marks, _) in states.items():
            length, *rest = marks or (0,)
            places[name] = place_of(rest)
            histories[name] = History.from_bytes(content, length, self._panel)
        restore_adaptation(self._adaptation, states)
        self._histories, self._timelines.places = histories, places
