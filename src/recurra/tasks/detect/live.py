"""A detector on a live stream, without torch: rows in, scores out; it goes on learning what is usual."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recurra.data.decimal import pointed
from recurra.errors import DamagedError, DataError, RecurraError
from recurra.inputs.series.clock import Clock
from recurra.inputs.series.live import marks_of, place_of, series_named, split_row
from recurra.inputs.series.recent import from_document
from recurra.inputs.series.timeline import Arrival, Place, Timelines
from recurra.streaming import Live, Prediction, Program
from recurra.streaming.live import ONLY, States, number, values_of
from recurra.tasks.detect.watch import Rules, Units, Watch


class LiveDetector(Live):
    """Scores every row of one or many series, each against its own past.

    Args:
        program: What `Detector.to_program` made.
        weights: "float32", "bfloat16" or "int8".

    Raises:
        DamagedError: What the program says of itself is none of that, or does not fit its layers.
    """

    def __init__(self, program: Program, weights: str = "float32") -> None:
        about = program.metadata
        try:
            self.target, self.time, self.unique_id = about["target"], about["time"], about["unique_id"]
            self.wide, self.decimal = tuple(about["wide"]), about["decimal"]
            self._units = {name: Units(**one) for name, one in about["units"].items()}
            self._rules = Rules(**about["rules"])
            self._recent = from_document(about["recent"], 1)
            clock = Clock.from_dict(about["clock"])
        except (RecurraError, LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise DamagedError(
                f"a program of a detector that does not hold together ({error})",
                "one as recurra exports it",
                "Restore it from a copy, or export the model again.",
            ) from error
        if not self._units or (program.input_size, program.output_size) != (2, 2):
            raise DamagedError(
                f"a detector's program of {program.input_size} inputs and {program.output_size} outputs",
                "two of each, and a series at least",
                "Export the model again.",
            )
        self.program, self.digest = program, program.digest
        self._blank = program.session(weights)
        kept = {name: Place(len(one.values) - 1, one.start) for name, one in self._recent.items()}
        self._times = Timelines(clock, kept, {name: len(one.values) for name, one in self._recent.items()})
        self._watches: dict[str, Watch] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have; one that names the series where training saw several."""
        return (*((self.unique_id,) if self.unique_id and len(self._units) > 1 else ()), self.target)

    def read_times(self, time_format: str) -> None:
        """See `Live.read_times`."""
        self._times.clock = self._times.clock.told(time_format)

    def split(self, row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Mapping[str, Any] | Sequence[Any]]:
        """See `Live.split`."""
        return split_row(row, self.wide, (), self.unique_id, self.target)

    def predict(self, row: Mapping[str, Any] | Sequence[Any]) -> Prediction:
        """See `Live.predict`: `expected`, `score`, `flag` and `alarm` of the row.

        Raises:
            DataError: A column is missing or holds something else than a number, the series is unknown, or
                the time is none that goes on with it.
        """
        given = row if isinstance(row, Mapping) else values_of(row, self.columns)
        missing = next((name for name in self.columns if name not in given), None)
        if missing is not None:
            raise DataError(
                f"a row without {missing!r}",
                f"the columns {', '.join(self.columns)}",
                "Give the columns that the model was trained with.",
            )
        name = ONLY
        if self.unique_id is not None and self.unique_id in given:
            name = series_named(self.unique_id, given[self.unique_id])
        units = self._units_of(name)
        value = number(self.target, pointed(given[self.target], self.decimal))
        times = self._times
        moment = times.clock.read(given[self.time]) if self.time in given else None
        arrival = times.arrive(name, moment)
        watch = self._watches.get(name)
        if watch is None or arrival.begins:
            watch = Watch(units, self._rules, self._blank.fork())
        for before in self._before(name, arrival):
            watch.take(before)
        reading = watch.take(value)
        self._watches[name], times.places[name] = watch, arrival.place
        kept = {one: given[one] for one in (self.unique_id, self.time) if one in given}
        told = {
            "expected": None if math.isnan(reading.expected) else reading.expected,
            "score": None if math.isnan(reading.score) else reading.score,
            "flag": reading.flag,
            "alarm": reading.alarm,
        }
        return Prediction(kept, told, arrival.notes)

    def _units_of(self, name: str) -> Units:
        if name in self._units:
            return self._units[name]
        if name == ONLY and len(self._units) == 1:
            return next(iter(self._units.values()))
        raise DataError(
            f"series {name!r}, which training did not see",
            f"one of {', '.join(list(self._units)[:5])}",
            "Train with its first rows too, or leave it out.",
        )

    def _before(self, name: str, arrival: Arrival) -> list[float]:
        """What a series is watched through before its row: what the run keeps of it, then missing ones."""
        rows: list[float] = []
        if arrival.history:
            kept = self._recent.get(name) or next(iter(self._recent.values()))
            rows.extend(kept.values[: arrival.history, 0].tolist())
        return [*rows, *[math.nan] * arrival.missing]

    def snapshot(self) -> States:
        """See `Live.snapshot`."""
        return {name: one.memory(marks_of(self._times, name)) for name, one in self._watches.items()}

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        watches, places = {}, {}
        for name, memory in states.items():
            places[name] = place_of(memory.marks)
            watches[name] = Watch(self._units_of(name), self._rules, self._blank.fork())
            watches[name].restore(memory)
        self._watches, self._times.places = watches, places
