"""What can be done with a task by somebody who does not know it, such as the command line."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from recurra.experiment import run as verbs
from recurra.experiment.artifact import load_fitted
from recurra.experiment.run import Summary
from recurra.experiment.run_folder import check_run
from recurra.experiment.task import Task
from recurra.report.record import MetricsRecord


class Verbs(ABC):
    """Train, evaluate, predict; errors as those of `recurra.experiment.run`."""

    @abstractmethod
    def train(self, source: str, settings: Mapping[str, Any], out: Path, **options: Any) -> Summary:
        """Train and judge in a run folder; options as of `recurra.experiment.run.train`."""

    @abstractmethod
    def evaluate(self, run: Path, source: str | None) -> MetricsRecord:
        """The recorded scores, or those on other data."""

    @abstractmethod
    def predict(self, run: Path, source: str | None, options: Mapping[str, Any]) -> pl.DataFrame:
        """What a run says of data."""


class TaskVerbs(Verbs):
    """The verbs over a `Task`."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def train(self, source: str, settings: Mapping[str, Any], out: Path, **options: Any) -> Summary:
        """See `Verbs.train`."""
        return verbs.train(self.task, source, settings, out, **options)

    def evaluate(self, run: Path, source: str | None) -> MetricsRecord:
        """See `Verbs.evaluate`."""
        return verbs.evaluate(self.task, run, source)

    def predict(self, run: Path, source: str | None, options: Mapping[str, Any]) -> pl.DataFrame:
        """See `Verbs.predict`."""
        check_run(run)
        return verbs.predict(self.task, load_fitted(self.task, run), source, options)
