"""The records of a run that its report is made from: what they hold, how they are written and read.

A task writes two documents into its run folder, both checksummed JSON (`recurra.files.write_document`):

* `metrics.json` is a `MetricsRecord`: scores of all models, overall and per group (series, class, tag), what
  the metrics are, and what they were computed on; `models[i].scores[name]` is a score;
* `sections.json` is a `recurra.report.section.SectionsRecord`: what the task itself has to show.

A number that is not defined is null (NaN and infinities become null). Keys that this version does not know
are passed over, so that a later one may add some.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

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
from recurra.report.number import NARROW_SPACE, column, fixed, percent

METRICS_FILE = "metrics.json"
VERSION = 1
"""Format of the file."""


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


class Piece(Record):
    """What all pieces of a section have.

    Attributes:
        title: A few words.
        note: A sentence beneath or beside it.
        description: What a figure shows, for those who do not see it; empty means title and note.
    """

    title: str = ""
    note: str = ""
    description: str = ""

    @property
    def spoken(self) -> str:
        """The description, or what stands for it."""
        return self.description or " ".join(text for text in (self.title, self.note) if text)


class MetricRecord(Record):
    """A metric as it describes itself, so that a reader needs to know none.

    Attributes:
        name: Key in `scores` and in the rows of `per_group`.
        label: As people write it: "sMAPE".
        note: What it is, in a clause.
        better: "low", "high", "target" (as near to `target` as possible), or "none" (neither way is better).
        target: The best value where `better` is "target".
        tolerance: How far from the target a score is still good; 0 leaves it unsaid.
        unit: "" (plain), "share" (0 to 1, shown in percent), "percent" (is in percent), "count" (a whole
            number), "nats" (of a density, which may be below 0) or "target" (in the unit of what is told).
        short: The label where there is little room; empty means `label`.
    """

    name: str
    label: str
    note: str = ""
    better: Literal["low", "high", "target", "none"] = "low"
    target: float = 0.0
    tolerance: float = 0.0
    unit: Literal["", "share", "percent", "count", "nats", "target"] = ""
    short: str = ""

    @classmethod
    def of(cls, described: Any) -> "MetricRecord":
        """The record of anything with these attributes, such as a `recurra.metrics.metric.Metric`."""
        return cls.model_validate(described, from_attributes=True)

    def badness(self, score: float | None) -> float:
        """A number that is smaller for a better score; infinite where it is not defined or comparable."""
        if score is None or self.better == "none":
            return math.inf
        return {"low": score, "high": -score, "target": abs(score - self.target)}[self.better]

    def miss(self, score: float | None) -> str:
        """On which side of its target a score lies too far off: "below", "above", or "" where it is good."""
        if score is None or not self.tolerance or abs(score - self.target) <= self.tolerance + 1e-9:
            return ""
        return "below" if score < self.target else "above"

    def texts(self, scores: Sequence[float | None]) -> list[str]:
        """Scores of one column as people read them."""
        if self.unit == "share":
            return [percent(score, 1) for score in scores]
        if self.unit == "count":
            return [fixed(score, 0) for score in scores]
        texts = column(scores)
        return [f"{text}{NARROW_SPACE}%" for text in texts] if self.unit == "percent" else texts


class ModelRecord(Record):
    """One model, naive or trained, and its scores.

    Attributes:
        name: Key in `per_group`: "recurra", "seasonal_naive".
        label: As people read it: "LSTM", "Seasonal naive".
        kind: "recurrent", "neural", "linear" (learnt, and no net) or "naive".
        scores: Name of a metric -> score over all that was judged.
        seconds: Time to train, or to compute.
        parameters: Number of trained parameters.
    """

    name: str
    label: str
    kind: str
    scores: dict[str, Number]
    seconds: Number = None
    parameters: int | None = None


class TileRecord(Record):
    """A number that matters at the top of the page.

    Attributes:
        number: As people read it.
        label: What it is.
        note: What to compare it with.
        miss: On which side of what is good it lies too far off: "below", "above" or "".
    """

    number: str
    label: str
    note: str = ""
    miss: Literal["", "below", "above"] = ""


class DataRecord(Record):
    """What the run was made on.

    Attributes:
        source: Path or name: "sample:co2", "sales.csv".
        target: What was to be told: the name of a column.
        rows: Rows or examples in all.
        facts: What else there is to say of the data and of how they were parted, as (name, text).
        repairs: One sentence for each thing that was put right.
        licence: Attribution of a bundled sample.
    """

    source: str | None = None
    target: str | None = None
    rows: int | None = None
    facts: list[tuple[str, str]] = []
    repairs: list[str] = []
    licence: str | None = None


class MetricsRecord(Record):
    """Scores of a run: the content of `metrics.json`.

    Attributes:
        task: Name of the task: "forecast".
        metrics: The metrics in the order of importance; the first decides who is best.
        models: All models.
        subject: Name of the model that the run is about; empty means the first that is not naive.
        reference: Name of the model that others are compared with; empty means the first naive one.
        title: What was done, on what: "co2, 26 weeks ahead"; empty means the name of the run folder.
        judged: What was scored: "203 forecasts in the test part".
        group: What the rows of `per_group` are, in the singular: "series", "class", "tag"; empty where scores
            have no groups.
        group_metrics: The metrics of these rows; empty means those of `metrics` that the rows have.
        per_group: Model -> one row per group, its name under `group` and a score for each metric.
        tiles: More numbers for the top of the page than the first two metrics.
        remarks: Sentences of the task that follow the verdict.
        data: What the run was made on.
        seed: Of all random numbers.
        notes: Sentences on how to read the scores, such as which series a metric leaves out.
        command: What to type to get this run again.
        finished: When the run ended: date and time in ISO 8601.
        versions: Package -> version.
    """

    task: str
    metrics: list[MetricRecord] = Field(min_length=1)
    models: list[ModelRecord] = Field(min_length=1)
    subject: str = ""
    reference: str = ""
    title: str = ""
    judged: str = ""
    group: str = ""
    group_metrics: list[MetricRecord] = []
    per_group: dict[str, list[dict[str, str | Number]]] = {}
    tiles: list[TileRecord] = []
    remarks: list[str] = []
    data: DataRecord = DataRecord()
    seed: int | None = None
    notes: list[str] = []
    command: str | None = None
    finished: Annotated[str, AfterValidator(_iso)] | None = None
    versions: dict[str, str] = {}

    @model_validator(mode="after")
    def _names_are_known(self) -> "MetricsRecord":
        for kind, named in (("model", self.models), ("metric", self.metrics), ("metric", self.group_metrics)):
            names = [one.name for one in named]
            if len(set(names)) < len(names):
                raise ValueError(f"two {kind}s have the same name")
        used = {self.subject, self.reference, *self.per_group} - {""}
        if unknown := used - {model.name for model in self.models}:
            raise ValueError(f"no model is named {min(unknown)!r}")
        if any(not isinstance(row.get("group"), str) for rows in self.per_group.values() for row in rows):
            raise ValueError("a row of per_group names no group")
        if self.per_group and not self.group:
            raise ValueError("per_group has rows, and group does not say what they are")
        return self


RecordT = TypeVar("RecordT", bound=Record)


def write_metrics(folder: Path, metrics: MetricsRecord) -> None:
    """Write `metrics.json` into a run folder, whole or not at all.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    write_document(folder / METRICS_FILE, metrics.model_dump(), version=VERSION)


def read_metrics(folder: Path) -> MetricsRecord:
    """Read `metrics.json` from a run folder.

    Raises:
        DamagedError: The file is missing, truncated or altered, or does not hold what it should.
        NewerFormatError: A newer version of recurra wrote it.
    """
    path = folder / METRICS_FILE
    return validated_record(path, MetricsRecord, read_document(path, version=VERSION))


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
