"""A forecaster on a live stream: rows in, forecasts out, without torch.

What the stream program of a forecaster cannot know stands here: which column is what, which series a row is
of and when, what the last value was, and what a missing one counts as.
"""

import copy
import math
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from recurra.errors import ArtifactError, ConfigError
from recurra.inputs.series.live import SeriesRows, marks_of, place_of, timelines_of
from recurra.inputs.series.timeline import Arrival
from recurra.streaming import Live, Prediction, Program, Session
from recurra.streaming.live import LARGEST, Memory, States, Step, Stepping, wrong_state
from recurra.tasks.forecast.adaptive import Adaptation
from recurra.tasks.forecast.stream_interval import levels_of, select
from recurra.tasks.forecast.stream_metadata import checked, clock_of, recent_of

TASK = "forecast"

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


class LiveForecast(Live):
    """Forecasts after every row of one or many series.

    Args:
        program: What `Forecaster.to_program` made.
        weights: "float32", "bfloat16" or "int8".
        level: Intervals to give, in percent; none: what the program gives by itself.
        adaptive: How fast intervals follow what comes (see `recurra.tasks.forecast.adaptive`), such as 0.05;
            None: not at all.

    Attributes:
        program: The program.
        outputs: What a forecast consists of: "forecast", "forecast-lo-80", ...
        horizon: Steps ahead.

    Raises:
        ConfigError: The program is not of a forecaster or lacks the intervals, or there are no such weights.
        DamagedError: What it says of columns and outputs is none of that, or does not fit its layers.

    >>> import polars as pl
    >>> from recurra import Forecaster
    >>> from recurra.tasks.forecast.live import LiveForecast
    >>> frame = pl.DataFrame({"ds": range(60), "y": [float(step % 4) for step in range(60)]})
    >>> forecaster = Forecaster(horizon=3, preset="streaming", max_epochs=1, steps_per_epoch=2).fit(frame)
    >>> live = LiveForecast(forecaster.to_program())
    >>> {name: values.shape for name, values in live.step({"y": 2.0}).items()}
    {'forecast': (3,)}
    """

    takes_level = True

    def __init__(
        self,
        program: Program,
        weights: str = "float32",
        level: Sequence[float] = (),
        adaptive: float | None = None,
    ) -> None:
        if program.metadata.get("task") != TASK:
            raise ConfigError(
                "a program that is not of a forecaster",
                "one that Forecaster.to_program made",
                "Use program.session() for others.",
            )
        about = checked(program)
        self.program, self.outputs, self._read = select(program, about, level)
        self.digest = self.program.digest
        self.horizon: int = about["horizon"]
        self.rows = SeriesRows(
            about["target"],
            about["time"],
            about["unique_id"],
            several=about["series"] > 1,
            wide=tuple(about.get("wide") or ()),
            past=tuple(about["past"]),
            decimal=about.get("decimal") or "",
        )
        self._past_mean = tuple(about["past_mean"])
        self._last_counts = about["centre"] == "last"
        self._floor: float | None = about.get("floor")
        self._blank = self.program.session(weights)
        self._recent = recent_of(about)
        clock = clock_of(about)
        self._timelines = None if clock is None else timelines_of(clock, self._recent)
        self._adaptation = None
        if adaptive is not None:
            self._adaptation = Adaptation(levels_of(self.outputs), self.horizon, adaptive, self._floor)
        self._sessions: dict[str, Session] = {}
        self._last: dict[str, np.float32] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have; one that names the series where training saw several."""
        return self.rows.columns

    def read_times(self, time_format: str) -> None:
        """See `Live.read_times`."""
        if self._timelines is None:
            super().read_times(time_format)
        else:
            self._timelines.clock = self._timelines.clock.told(time_format)

    def split(self, row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Mapping[str, Any] | Sequence[Any]]:
        """See `Live.split`."""
        return self.rows.split(row)

    def step(self, row: Mapping[str, Any]) -> dict[str, Array]:
        """Take the next row of a series, and forecast what comes after it.

        A missing target (None or NaN) counts as the last one; a missing covariate as its mean in training.
        Where the row has a time, the steps since the last row of its series count as missing ones.

        Args:
            row: A value for each of `columns`, and the time. Values of a series come in their order.

        Returns:
            For each of `outputs` the horizon's values, (horizon,), in the units of the data; NaN where the
            series has no value yet.

        Raises:
            DataError: A column is missing, or holds something else than a number; or the time is none that
                goes on with the series.
        """
        values: dict[str, Array] = {**self.predict(row).values}
        return {name: values[name] for name in self.outputs}

    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """See `Live.answering`; a plain list of numbers is a row of the only series."""
        times = self._timelines
        own = self.rows.read(row, None if times is None else times.clock)
        values = [own.value, *(self.rows.number(own.given, one) for one in self.rows.past)]
        if times is None:
            return Prediction(own.kept, (yield from self._forecast(own.series, [values])))
        arrival = times.arrive(own.series, own.moment)
        rows = [*self._rows_before(own.series, arrival), values]
        found = yield from self._forecast(own.series, rows, arrival)
        times.places[own.series] = arrival.place
        if own.moment is not None:
            ahead = times.ahead(arrival.place, self.horizon, own.moment)
            found = {f"forecast-{self.rows.time}": ahead, **found}
        return Prediction(own.kept, found, arrival.notes)

    def _rows_before(self, name: str, arrival: Arrival) -> list[Sequence[float]]:
        """What a series is stepped through before its row: what the run keeps of it, then missing ones."""
        rows: list[Sequence[float]] = []
        if arrival.history:
            kept = self._recent.get(name) or next(iter(self._recent.values()))
            rows.extend(kept.values[: arrival.history].tolist())
        rows.extend([[math.nan] * (1 + len(self.rows.past))] * arrival.missing)
        return rows

    def _forecast(
        self, name: str, rows: Sequence[Sequence[float]], arrival: Arrival | None = None
    ) -> Stepping[dict[str, Any]]:
        """Step a series through rows of target and covariates, and forecast after the last of them."""
        begins = arrival is not None and arrival.begins
        session = None if begins else self._sessions.get(name)
        last = None if session is None else self._last[name]
        output = None
        for value, *past in rows:
            now = np.float32(value) if last is None or not math.isnan(value) else last
            if np.isnan(now):
                continue
            own = now - (now if last is None else last) if self._last_counts else now
            known = [
                mean if math.isnan(one) else one for one, mean in zip(past, self._past_mean, strict=True)
            ]
            if session is None:
                session = self._blank.fork()
            output = yield Step(session, np.array([own, *known], np.float32))
            last = now
        if session is None or last is None or output is None:
            return {one: np.full(self.horizon, np.nan, np.float32) for one in self.outputs}
        self._sessions[name], self._last[name] = session, last
        read, parts = self._read, output.reshape(-1, self.horizon)
        if self._adaptation is None:
            values = read(parts, last)
        else:
            if begins:
                self._adaptation.forget(name)
            self._adaptation.follow(name, rows[-1][0], 0 if arrival is None else arrival.missing)
            values = self._adaptation.intervals(name, partial(read, parts, last))
        if self._floor is not None:
            values = np.maximum(values, self._floor)
        return dict(zip(self.outputs, values.astype(np.float32, copy=False), strict=True))

    def fresh(self) -> "LiveForecast":
        """See `Live.fresh`."""
        twin = copy.copy(self)
        twin._timelines = None if self._timelines is None else self._timelines.fresh()
        twin._adaptation = None if self._adaptation is None else self._adaptation.fresh()
        twin.restore({})
        return twin

    @property
    def names(self) -> Collection[str]:
        """See `Live.names`."""
        return self._sessions

    def snapshot(self) -> dict[str, Memory]:
        """For each series what `restore` needs to go on to the bit: session, last value, place."""
        return {
            name: Memory(
                session.snapshot(),
                float(self._last[name]),
                marks_of(self._timelines, name),
                b"" if self._adaptation is None else self._adaptation.to_bytes(name),
            )
            for name, session in self._sessions.items()
        }

    def restore(self, states: States) -> None:
        """Go on from a snapshot of the same program.

        Raises:
            ArtifactError: It is damaged, or of another program.
        """
        sessions, lasts, places = {}, {}, {}
        for name, (content, last, marks, _) in states.items():
            if last is None:
                raise wrong_state()
            if not abs(last) <= LARGEST:
                raise ArtifactError(f"a last value of {last}", "a finite number", "Take a new snapshot.")
            sessions[name] = self._blank.fork()
            sessions[name].restore(content)
            lasts[name] = np.float32(last)
            places[name] = place_of(marks)
        restore_adaptation(self._adaptation, states)
        self._sessions, self._last = sessions, lasts
        if self._timelines is not None:
            self._timelines.places = places


def restore_adaptation(adaptation: Adaptation | None, states: States) -> None:
    """Go on from what a snapshot says of intervals that follow what comes.

    Raises:
        ArtifactError: It is damaged, or of another stream.
    """
    kept = {name: one.beside for name, one in states.items()}
    if adaptation is not None:
        adaptation.restore(kept)
    elif any(kept.values()):
        raise ArtifactError(
            "a state of adaptive intervals", "one of a stream without", "Add --adaptive, or begin anew."
        )
