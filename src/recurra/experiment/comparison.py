"""What a comparison of nets came to: every run, and the mean and spread over seeds."""

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from recurra.errors import DamagedError
from recurra.files import read_document, write_document
from recurra.report.record import MetricRecord, ModelRecord, Number, Record, validated_record

COMPARISON_FILE = "compare.json"
MEASURED_FILE = "measured.json"
"""In the folder of each run, once it is whole or has failed."""
VERSION = 1


class RunRecord(Record):
    """One net, trained from one seed.

    Attributes:
        seed: Of weights, batches and dropout.
        folder: The run folder, within that of the comparison.
        scores: Name of a metric -> score of the test part.
        seconds: Training, validation not counted.
        epochs: How many were trained.
        best_epoch: The one that was kept, counted from 1; None where it is the last one.
        parameters: Numbers that training chose.
        step_seconds: Of a step of a live session; None where the net does not stream.
        sequence_seconds: Of a forward pass over one row.
        measured: What diagnosis tells, by name.
        failed: Why there is no net, if there is none.
    """

    seed: int
    folder: str
    scores: dict[str, Number] = Field(default_factory=dict)
    seconds: Number = None
    epochs: int = 0
    best_epoch: int | None = None
    parameters: int | None = None
    step_seconds: Number = None
    sequence_seconds: Number = None
    measured: dict[str, Number] = Field(default_factory=dict)
    failed: str = ""


class Spread(Record):
    """Mean and standard deviation of the values that are defined, over seeds; None where there are too few.

    Attributes:
        values: One for each seed that has one.
    """

    values: Sequence[float] = ()

    @property
    def mean(self) -> float | None:
        """The mean."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the sample (n - 1)."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


def spread_of(values: Sequence[int | float | None]) -> Spread:
    """The spread of what is defined of some values."""
    return Spread(values=[float(one) for one in values if one is not None and math.isfinite(one)])


class ContestantRecord(Record):
    """A net that was compared.

    Attributes:
        name: As in --models.
        label: As people read it.
        kind: "recurrent" or "neural".
        hidden_size: Units of a layer.
        max_epochs: Epochs that its schedule was made for.
        runs: One for each seed.
    """

    name: str
    label: str
    kind: str
    hidden_size: int
    max_epochs: int
    runs: Sequence[RunRecord]

    def spread(self, metric: str) -> Spread:
        """Of a score over seeds."""
        return spread_of([run.scores.get(metric) for run in self.runs])

    def over_seeds(self, attribute: str) -> Spread:
        """Of another number of the runs."""
        return spread_of([getattr(run, attribute) for run in self.runs])

    def measurement(self, name: str) -> Spread:
        """Of what diagnosis tells."""
        return spread_of([run.measured.get(name) for run in self.runs])


class ComparisonRecord(Record):
    """The content of `compare.json`.

    Attributes:
        task: Name of the task.
        data: What to call the data.
        judged: What was scored.
        budget: What every net was given, in words.
        seeds: How many seeds each net was trained from.
        metrics: The metrics in the order of importance; the first decides who is best.
        models: The nets, in the order of --models.
        baselines: What is no net, judged on the same part.
        notes: What was left out, and why; how to read the numbers.
        command: What to type to get the comparison again.
        finished: When it ended, in ISO 8601.
        versions: Package -> version.
    """

    task: str
    data: str = ""
    judged: str = ""
    budget: str
    seeds: int
    metrics: Sequence[MetricRecord] = Field(min_length=1)
    models: Sequence[ContestantRecord] = Field(min_length=1)
    baselines: Sequence[ModelRecord] = ()
    notes: Sequence[str] = ()
    command: str | None = None
    finished: str = ""
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def ranked(self) -> list[ContestantRecord]:
        """The nets, the best by the first metric first."""
        first = self.metrics[0]
        return sorted(self.models, key=lambda one: first.badness(one.spread(first.name).mean))


def write_comparison(folder: Path, record: ComparisonRecord) -> None:
    """Write `compare.json`, whole or not at all."""
    write_document(folder / COMPARISON_FILE, record.model_dump(mode="json"), version=VERSION)


def write_measured(run: Path, record: RunRecord) -> None:
    """Keep what a run came to in its folder, which says that it is done with."""
    write_document(run / MEASURED_FILE, record.model_dump(mode="json"), version=VERSION)


def read_measured(run: Path) -> RunRecord | None:
    """What a run came to; None where it is not done with, or what was written is damaged."""
    path = run / MEASURED_FILE
    if not path.exists():
        return None
    try:
        return validated_record(path, RunRecord, read_document(path, version=VERSION))
    except DamagedError:
        return None
