"""A detector on a live stream, without torch: rows in, scores out; it goes on learning what is usual."""

import copy
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from recurra.errors import DamagedError, DataError, RecurraError
from recurra.inputs.series.clock import Clock
from recurra.inputs.series.live import SeriesRows, marks_of, place_of, timelines_of
from recurra.inputs.series.recent import from_document
from recurra.inputs.series.timeline import Arrival
from recurra.streaming import Live, Prediction, Program
from recurra.streaming.live import ONLY, States, Stepping
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
            self._units = {name: Units(**one) for name, one in about["units"].items()}
            self._rules = Rules(**about["rules"])
            self._recent = from_document(about["recent"], 1)
            self._times = timelines_of(Clock.from_dict(about["clock"]), self._recent)
            self.rows = SeriesRows(
                about["target"],
                about["time"],
                about["unique_id"],
                several=len(self._units) > 1,
                wide=tuple(about["wide"]),
                decimal=about["decimal"],
            )
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
        self._watches: dict[str, Watch] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have; one that names the series where training saw several."""
        return self.rows.columns

    def read_times(self, time_format: str) -> None:
        """See `Live.read_times`."""
        self._times.clock = self._times.clock.told(time_format)

    def split(self, row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Mapping[str, Any] | Sequence[Any]]:
        """See `Live.split`."""
        return self.rows.split(row)

    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """See `Live.answering`: `expected`, `score`, `flag` and `alarm` of the row.

        Raises:
            DataError: A column is missing or holds something else than a number, the series is unknown, or
                the time is none that goes on with it.
        """
        own = self.rows.read(row, self._times.clock)
        name = own.series
        units = self._units_of(name)
        arrival = self._times.arrive(name, own.moment)
        watch = self._watches.get(name)
        if watch is None or arrival.begins:
            watch = Watch(units, self._rules, self._blank.fork())
        for before in self._before(name, arrival):
            yield from watch.take(before)
        reading = yield from watch.take(own.value)
        self._watches[name], self._times.places[name] = watch, arrival.place
        told = {
            "expected": None if math.isnan(reading.expected) else reading.expected,
            "score": None if math.isnan(reading.score) else reading.score,
            "flag": reading.flag,
            "alarm": reading.alarm,
        }
        return Prediction(own.kept, told, arrival.notes)

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

    def fresh(self) -> "LiveDetector":
        """See `Live.fresh`."""
        twin = copy.copy(self)
        twin._times = self._times.fresh()
        twin.restore({})
        return twin

    @property
    def names(self) -> Collection[str]:
        """See `Live.names`."""
        return self._watches

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
