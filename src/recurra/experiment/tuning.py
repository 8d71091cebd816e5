"""What a search for settings came to: every trial, the best settings, and which of them matter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from recurra.data.naming import counted
from recurra.errors import StorageError
from recurra.files import read_document, write_document, write_text
from recurra.report.record import MetricRecord, Number, Record, validated_record

TUNING_FILE = "tune.json"
BEST_FILE = "best.yaml"
VERSION = 1


class TrialRecord(Record):
    """One trial.

    Attributes:
        number: In the order in which they began.
        state: "complete"; "pruned" (it fell behind, did not train, or there was no time); "failed" (its
            process died, and it was tried again), "running" or "waiting".
        value: Of the metric, at the epoch that is kept; of a pruned one the last.
        params: The settings that it tried.
        epochs: How many it trained.
        seconds: From its beginning to its end.
        note: Why it was pruned, where it did not just fall behind.
    """

    number: int
    state: str
    value: Number = None
    params: dict[str, Any] = Field(default_factory=dict)
    epochs: int = 0
    seconds: Number = None
    note: str = ""


class TuningRecord(Record):
    """The content of `tune.json`.

    Attributes:
        task: Name of the task.
        data: The data, as they were named.
        metric: What was searched by, on the validation part.
        better: Whether a low or a high value is good.
        trials: All of the study, those of other processes too.
        best: Number of the best trial; None where none came to an end.
        settings: The best settings, with those that were fixed.
        importances: Shares of the settings in how much the metric varies; {} where trials are too few.
        space: Setting -> where was looked, in words.
        notes: How to read it.
        storage: URL of the study, without a password.
        study: Its name.
        command: What to type to go on from the beginning.
        finished: When this process ended, in ISO 8601.
        versions: Package -> version.
    """

    task: str
    data: str
    metric: MetricRecord
    better: Literal["low", "high"]
    trials: Sequence[TrialRecord] = ()
    best: int | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    importances: dict[str, float] = Field(default_factory=dict)
    space: dict[str, str] = Field(default_factory=dict)
    notes: Sequence[str] = ()
    storage: str = ""
    study: str = ""
    command: str | None = None
    finished: str = ""
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def best_trial(self) -> TrialRecord | None:
        """The best trial."""
        return next((one for one in self.trials if one.number == self.best), None)

    def of_state(self, state: str) -> list[TrialRecord]:
        """The trials that ended so."""
        return [one for one in self.trials if one.state == state]


def write_tuning(folder: Path, record: TuningRecord) -> None:
    """Write `tune.json`, and the best settings as `best.yaml`, which `recurra train --config` takes."""
    write_document(folder / TUNING_FILE, record.model_dump(mode="json"), version=VERSION)
    best = record.best_trial
    if best is None:
        return
    about = (
        f"# The best of {len(record.of_state('complete'))} complete trials of {len(record.trials)} "
        f"by {record.metric.name} on the validation part: {best.value:.6g}.\n"
        f"# recurra train {record.task} DATA --config {BEST_FILE}\n"
    )
    write_text(folder / BEST_FILE, about + yaml.safe_dump(record.settings, sort_keys=False))


def read_tuning(folder: Path) -> TuningRecord | None:
    """Read it; None where no search came to an end there.

    Raises:
        DamagedError: It is truncated or altered.
    """
    path = folder / TUNING_FILE
    if not path.exists():
        return None
    return validated_record(path, TuningRecord, read_document(path, version=VERSION))


def check_kept(folder: Path, trials: int, storage: str) -> None:
    """Make sure that a study which a folder tells of is still in its storage.

    Args:
        folder: Of the search.
        trials: How many the storage holds.
        storage: The storage, for people.

    Raises:
        StorageError: They are gone, so that to go on would begin anew.
    """
    before = read_tuning(folder)
    if before is not None and before.trials and not trials:
        raise StorageError(
            f"{storage} holds none of the {counted(len(before.trials), 'trial')} of {folder / TUNING_FILE}",
            "the study that this search goes on with",
            "Restore it from a copy, or begin another search in a new folder.",
        )
