"""The records of a run that its report is made from: what they hold, how they are written and read.

A task writes two documents into its run folder, both checksummed JSON (`recurra.files.write_document`):

* `metrics.json` is a `MetricsRecord`: scores of all models, overall, per series and per step ahead, and what
they
  were computed on;
* `examples.json` is an `ExamplesRecord`: some forecasts with their history and the truth.

Numbers are in the target's unit unless a metric's name says otherwise; a number that is not defined is null
(NaN and infinities become null). Keys that this version does not know are passed over, so that a later one
may add some.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from recurra.errors import DamagedError
from recurra.files import read_document, write_document

METRICS_FILE = "metrics.json"
EXAMPLES_FILE = "examples.json"
VERSION = 1
"""Format of both files."""


def _defined(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _iso(value: str) -> str:
    datetime.fromisoformat(value)
    return value


Number = Annotated[float | None, BeforeValidator(_defined)]
Time = int | Annotated[str, AfterValidator(_iso)]
"""A whole number, or a date and time in ISO 8601."""


class Record(BaseModel):
    """Base of all records: read-only, and indifferent to keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class ModelRecord(Record):
    """One model, naive or trained, and its scores.

    Attributes:
        name: Key in `per_series` and `by_step`: "recurra", "seasonal_naive".
        label: As people read it: "LSTM", "Seasonal naive".
        kind: "recurrent", "neural" or "naive".
        scores: Metric -> score over all series.
        seconds: Time to train, or to compute.
        parameters: Number of trained parameters.
    """

    name: str
    label: str
    kind: str
    scores: dict[str, Number]
    seconds: Number = None
    parameters: int | None = None


class CoverageRecord(Record):
    """How much of the truth fell into an interval.

    Attributes:
        level: Nominal coverage in percent: 80.
        coverage: Share of the truth inside, 0 to 1.
    """

    level: float = Field(gt=0, lt=100)
    coverage: float = Field(ge=0, le=1)


class ProtocolRecord(Record):
    """What was forecast, and from which moments.

    Attributes:
        horizon: Steps ahead.
        origins: Moments per series from which forecasts start.
        stride: Steps between two origins.
        windows: Forecasts in all.
        train_end: Last time of the training part.
        test_start: First time of the test part.
        test_end: Last time of the test part.
    """

    horizon: int | None = None
    origins: int | None = None
    stride: int | None = None
    windows: int | None = None
    train_end: Time | None = None
    test_start: Time | None = None
    test_end: Time | None = None


class DataRecord(Record):
    """The table that the run was made on.

    Attributes:
        source: Path or name: "sample:co2", "sales.csv".
        target: Name of the target column.
        rows: Rows of the table.
        series: Number of series.
        frequency: Name of the time step: "1h".
        season_length: Steps in a season.
        repairs: One sentence for each thing that was put right.
        licence: Attribution of a bundled sample.
    """

    source: str | None = None
    target: str | None = None
    rows: int | None = None
    series: int | None = None
    frequency: str | None = None
    season_length: int | None = None
    repairs: list[str] = []
    licence: str | None = None


class MetricsRecord(Record):
    """Scores of a run: the content of `metrics.json`.

    Attributes:
        task: "forecast".
        metrics: Names of the metrics in the order of importance; the first decides who is best.
        models: All models.
        subject: Name of the model that the run is about; empty means the first that is not naive.
        reference: Name of the model that others are compared with; empty means seasonal naive, or else the
            first naive one.
        per_series: Model -> one row per series, `unique_id` and a score for each metric.
        by_step: Model -> metric -> one score per step ahead.
        calibration: Coverage of the subject's intervals.
        notes: Sentences on how to read the scores, such as which series a metric leaves out.
        command: What to type to get this run again.
        finished: When the run ended: date and time in ISO 8601.
        versions: Package -> version.
    """

    task: str
    metrics: list[str] = Field(min_length=1)
    models: list[ModelRecord] = Field(min_length=1)
    subject: str = ""
    reference: str = ""
    per_series: dict[str, list[dict[str, str | Number]]] = {}
    by_step: dict[str, dict[str, list[Number]]] = {}
    calibration: list[CoverageRecord] = []
    protocol: ProtocolRecord = ProtocolRecord()
    data: DataRecord = DataRecord()
    seed: int | None = None
    notes: list[str] = []
    command: str | None = None
    finished: Annotated[str, AfterValidator(_iso)] | None = None
    versions: dict[str, str] = {}

    @model_validator(mode="after")
    def _names_are_known(self) -> "MetricsRecord":
        names = [model.name for model in self.models]
        if len(set(names)) < len(names):
            raise ValueError("two models have the same name")
        used = {self.subject, self.reference, *self.per_series, *self.by_step} - {""}
        if unknown := used - set(names):
            raise ValueError(f"no model is named {min(unknown)!r}")
        if any("unique_id" not in row for rows in self.per_series.values() for row in rows):
            raise ValueError("a row of per_series has no unique_id")
        return self


class IntervalRecord(Record):
    """An interval around a forecast: level in percent, lower and upper ends."""

    level: float
    lower: list[Number]
    upper: list[Number]


class HistoryRecord(Record):
    """The values before a forecast."""

    ds: list[Time]
    y: list[Number]

    @model_validator(mode="after")
    def _lengths_agree(self) -> "HistoryRecord":
        if len(self.ds) != len(self.y):
            raise ValueError("times and values have unequal lengths")
        return self


class ExampleRecord(Record):
    """One forecast, its history and the truth.

    Attributes:
        unique_id: The series.
        origin: Last time before the forecast.
        history: Values up to the origin.
        ds: Times of the forecast.
        truth: What happened; null where it was not observed.
        forecast: The median, or the point forecast.
        intervals: Intervals by level.
        baselines: Model name -> its forecast.
    """

    unique_id: str
    origin: Time
    history: HistoryRecord
    ds: list[Time] = Field(min_length=1)
    truth: list[Number]
    forecast: list[Number]
    intervals: list[IntervalRecord] = []
    baselines: dict[str, list[Number]] = {}

    @model_validator(mode="after")
    def _lengths_agree(self) -> "ExampleRecord":
        ends = [end for interval in self.intervals for end in (interval.lower, interval.upper)]
        rows = [self.truth, self.forecast, *ends, *self.baselines.values()]
        if any(len(row) != len(self.ds) for row in rows):
            raise ValueError("times and values have unequal lengths")
        if len({type(time) for time in (self.origin, *self.history.ds, *self.ds)}) > 1:
            raise ValueError("some times are numbers and some are dates")
        return self


class ExamplesRecord(Record):
    """Some forecasts: the content of `examples.json`. The first is shown largest."""

    examples: list[ExampleRecord] = []


RecordT = TypeVar("RecordT", bound=Record)


def write_metrics(folder: Path, metrics: MetricsRecord) -> None:
    """Write `metrics.json` into a run folder, whole or not at all.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    write_document(folder / METRICS_FILE, metrics.model_dump(), version=VERSION)


def write_examples(folder: Path, examples: ExamplesRecord) -> None:
    """Write `examples.json` into a run folder; errors as `write_metrics`."""
    write_document(folder / EXAMPLES_FILE, examples.model_dump(), version=VERSION)


def read_metrics(folder: Path) -> MetricsRecord:
    """Read `metrics.json` from a run folder.

    Raises:
        DamagedError: The file is missing, truncated or altered, or does not hold what it should.
        NewerFormatError: A newer version of recurra wrote it.
    """
    return _read(folder / METRICS_FILE, MetricsRecord)


def read_examples(folder: Path) -> ExamplesRecord:
    """Read `examples.json` from a run folder; errors as `read_metrics`."""
    return _read(folder / EXAMPLES_FILE, ExamplesRecord)


def _read(path: Path, record_class: type[RecordT]) -> RecordT:
    return validated_record(path, record_class, read_document(path, version=VERSION))


def validated_record(path: Path, record_class: type[RecordT], content: Mapping[str, Any]) -> RecordT:
    """Make a record of what a file holds.

    Raises:
        DamagedError: It is not such a record; the message names the file and the first wrong entry.
    """
    try:
        return record_class.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise DamagedError(
            f"{path} has a wrong entry ({place}: {first['msg'].removeprefix('Value error, ')})",
            "a file as recurra writes it",
            "Restore it from a copy, or evaluate the run again.",
        ) from error
