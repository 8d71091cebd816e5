"""A forecaster on a live stream: rows in, forecasts out, without torch.

What the stream program of a forecaster cannot know stands here: which column is what, which series a row is
of, what the last value was, and what a missing one counts as.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from recurra.errors import ArtifactError, ConfigError, DamagedError, DataError
from recurra.streaming import Live, Prediction, Program, Session
from recurra.streaming.live import LARGEST, ONLY, States, is_name, is_names, number, values_of, wrong_state

TASK = "forecast"

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


class LiveForecast(Live):
    """Forecasts after every row of one or many series.

    Args:
        program: What `Forecaster.to_program` made.
        weights: "float32", "bfloat16" or "int8".

    Attributes:
        program: The program.
        outputs: What a forecast consists of: "forecast", "forecast-lo-80", ...
        horizon: Steps ahead.

    Raises:
        ConfigError: The program is not of a forecaster, or there are no weights of this type.
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

    def __init__(self, program: Program, weights: str = "float32") -> None:
        if program.metadata.get("task") != TASK:
            raise ConfigError(
                "a program that is not of a forecaster",
                "one that Forecaster.to_program made",
                "Use program.session() for others.",
            )
        about = _checked(program)
        self.program = program
        self.outputs: tuple[str, ...] = tuple(about["outputs"])
        self.horizon: int = about["horizon"]
        self.target, self.time, self.unique_id = about["target"], about["time"], about["unique_id"]
        self.past: tuple[str, ...] = tuple(about["past"])
        self._names_needed = self.unique_id is not None and about["series"] > 1
        self._past_mean = tuple(about["past_mean"])
        self._last_counts = about["centre"] == "last"
        self._blank = program.session(weights)
        self._sessions: dict[str, Session] = {}
        self._last: dict[str, np.float32] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have; one that names the series where training saw several."""
        return (*((self.unique_id,) if self._names_needed else ()), self.target, *self.past)

    def step(self, row: Mapping[str, Any]) -> dict[str, Array]:
        """Take the next row of a series, and forecast what comes after it.

        A missing target (None or NaN) counts as the last one; a missing covariate as its mean in training.

        Args:
            row: A value for each of `columns`. Values of a series come in their order, a step apart.

        Returns:
            For each of `outputs` the horizon's values, (horizon,), in the units of the data; NaN where the
            series has no value yet.

        Raises:
            DataError: A column is missing, or holds something else than a number.
        """
        missing = [name for name in self.columns if name not in row]
        if missing:
            raise DataError(
                f"a row without {missing[0]!r}",
                f"the columns {', '.join(self.columns)}",
                "Give the columns that the model was trained with.",
            )
        series = _series(self.unique_id, row[self.unique_id]) if self.unique_id in row else ONLY
        value = number(self.target, row[self.target])
        past = [number(name, row[name]) for name in self.past]
        now = np.float32(value) if series not in self._last or not math.isnan(value) else self._last[series]
        if np.isnan(now):
            return {name: np.full(self.horizon, np.nan, np.float32) for name in self.outputs}
        own = now - self._last.get(series, now) if self._last_counts else now
        known = [mean if math.isnan(one) else one for one, mean in zip(past, self._past_mean, strict=True)]
        session = self._sessions.get(series)
        if session is None:
            session = self._sessions[series] = self._blank.fork()
        parts = session.step(np.array([own, *known], np.float32)).reshape(len(self.outputs), self.horizon)
        self._last[series] = now
        return dict(zip(self.outputs, parts + now if self._last_counts else parts, strict=True))

    def predict(self, row: Mapping[str, Any] | Sequence[Any]) -> Prediction:
        """See `Live.predict`; a plain list of numbers is a row of the only series."""
        given = row if isinstance(row, Mapping) else values_of(row, self.columns)
        values = self.step(given)
        return Prediction(
            {name: given[name] for name in (self.unique_id, self.time) if name in given}, values
        )

    def snapshot(self) -> dict[str, tuple[bytes, float | None]]:
        """For each series what `restore` needs to go on to the bit: the session, and the last value."""
        return {
            name: (session.snapshot(), float(self._last[name])) for name, session in self._sessions.items()
        }

    def restore(self, states: States) -> None:
        """Go on from a snapshot of the same program.

        Raises:
            ArtifactError: It is damaged, or of another program.
        """
        sessions, lasts = {}, {}
        for name, (content, last) in states.items():
            if last is None:
                raise wrong_state()
            if not abs(last) <= LARGEST:
                raise ArtifactError(f"a last value of {last}", "a finite number", "Take a new snapshot.")
            sessions[name] = self._blank.fork()
            sessions[name].restore(content)
            lasts[name] = np.float32(last)
        self._sessions, self._last = sessions, lasts


def _checked(program: Program) -> Mapping[str, Any]:
    """A program's metadata, which may come from anywhere.

    Raises:
        DamagedError: They are not what `Forecaster.to_program` gives.
    """
    about = program.metadata
    for name, (fits, expected) in _METADATA.items():
        if not fits(about.get(name)):
            raise _wrong_metadata(f"{name}={about.get(name)!r}", expected)
    values, past = len(about["outputs"]) * about["horizon"], len(about["past"])
    if values != program.output_size:
        raise _wrong_metadata(
            f"outputs of {values} values", f"{program.output_size}, as the last layer gives"
        )
    if program.takes_ids or (past + 1, past) != (program.input_size, len(about["past_mean"])):
        expected = f"a mean for each, and {program.input_size} columns in all, as the first layer takes"
        raise _wrong_metadata(f"{past} covariates with {len(about['past_mean'])} means", expected)
    return about


def _wrong_metadata(got: str, expected: str) -> DamagedError:
    return DamagedError(
        f"the program of a forecaster with {got}",
        expected,
        "Restore it from a copy, or export the model again.",
    )


def _is_count(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 1


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and abs(given) <= LARGEST


_METADATA: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType({
    "outputs": (is_names, "a list of names"),
    "horizon": (_is_count, "a whole number of at least 1"),
    "target": (is_name, "the name of a column"),
    "time": (is_name, "the name of a column"),
    "unique_id": (lambda given: given is None or is_name(given), "the name of a column, or none"),
    "series": (_is_count, "a whole number of at least 1"),
    "past": (is_names, "a list of columns"),
    "past_mean": (lambda given: isinstance(given, list) and all(map(_is_number, given)), "a list of numbers"),
    "centre": (lambda given: given in ("last", "mean"), "last or mean"),
})  # fmt: skip


def _series(column: str, given: object) -> str:
    if isinstance(given, str | int) and not isinstance(given, bool) and given != "":
        return str(given)
    raise DataError(
        f"{column!r} holds {given!r}", "the name or number of a series", "Say which series it is of."
    )
