"""Forecasting as the command line sees it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from recurra.config import validated
from recurra.errors import ConfigError
from recurra.experiment.run import Summary
from recurra.experiment.verbs import Verbs
from recurra.report.record import MetricsRecord
from recurra.tasks.forecast import run as forecast
from recurra.tasks.forecast.config import ForecastAnswer


class ForecastVerbs(Verbs):
    """See `recurra.experiment.verbs.Verbs`; errors as those of `recurra.tasks.forecast.run`."""

    def train(self, source: str, settings: Mapping[str, Any], out: Path, **options: Any) -> Summary:
        """Train a forecaster in a run folder."""
        for name in ("validation", "test"):
            if options.pop(name, None) is not None:
                raise ConfigError(
                    f"--{name} for forecasting",
                    f"none: the {name} part is the end of every series",
                    f"Set {name}_size=STEPS instead.",
                )
        summary = forecast.train(source, settings, out, **options)
        return Summary(summary.folder, summary.metrics)

    def evaluate(self, run: Path, source: str | None) -> MetricsRecord:
        """The recorded scores, or those on another table."""
        return forecast.evaluate(run, source)

    def predict(self, run: Path, source: str | None, options: Mapping[str, Any]) -> pl.DataFrame:
        """What comes after the data."""
        wanted = validated(ForecastAnswer, options)
        return forecast.predict(run, source, future=wanted.future, levels=wanted.level)


FORECAST = ForecastVerbs()
