"""What a run leaves for its report: scores beside the baselines, and some forecasts to look at."""

import datetime as dt
import platform
from typing import Any

import numpy as np
import polars as pl
import torch
from jaxtyping import Float

from recurra.data.origin import Origins
from recurra.data.panel import Panel
from recurra.metrics.forecast_baseline import BASELINES
from recurra.report.record import (
    CoverageRecord,
    DataRecord,
    ExampleRecord,
    ExamplesRecord,
    HistoryRecord,
    IntervalRecord,
    MetricsRecord,
    ModelRecord,
    ProtocolRecord,
)
from recurra.tasks.forecast.evaluation import Evaluation, history_of
from recurra.tasks.forecast.fitted import Fitted
from recurra.tasks.forecast.level import interval_probabilities
from recurra.version import __version__

METRICS = ["mase", "smape", "mae", "rmse", "wql", "coverage_80", "coverage_95"]
EXAMPLES = 6
SHOWN_LEVELS = (80.0, 95.0)
SHOWN_SERIES = 500


def metrics_record(
    evaluation: Evaluation,
    fitted: Fitted,
    panel: Panel,
    *,
    repairs: list[str],
    command: str | None = None,
) -> MetricsRecord:
    """The scores of all models and what they were computed on."""
    network = evaluation.models[0].scores
    levels = [name for name in network.overall if name.startswith("coverage_")]
    return MetricsRecord(
        task="forecast",
        metrics=[name for name in METRICS if np.isfinite(network.overall.get(name, np.nan))],
        models=[
            ModelRecord(
                name=model.name,
                label=model.label,
                kind=model.kind,
                scores=dict(model.scores.overall),
                seconds=model.seconds,
                parameters=model.parameters,
            )
            for model in evaluation.models
        ],
        subject="recurra",
        reference="seasonal_naive",
        per_series={
            model.name: model.scores.rows(evaluation.ids)[:SHOWN_SERIES]
            for model in evaluation.models
            if model.name in ("recurra", "seasonal_naive")
        },
        by_step={
            model.name: {
                name: [float(value) for value in values] for name, values in model.scores.by_step.items()
            }
            for model in evaluation.models
        },
        calibration=[
            CoverageRecord(level=float(name.removeprefix("coverage_")), coverage=network.overall[name])
            for name in levels
        ],
        protocol=_protocol(evaluation, fitted, panel),
        data=DataRecord(
            source=panel.table.source,
            target=panel.columns.target,
            rows=len(panel.target),
            series=len(panel),
            frequency=str(panel.frequency),
            season_length=panel.season_length,
            repairs=repairs,
        ),
        seed=fitted.resolved.config.seed,
        notes=list(evaluation.scale.notes),
        command=command,
        finished=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )


def examples_record(
    fitted: Fitted, panel: Panel, origins: Origins, *, device: torch.device
) -> ExamplesRecord:
    """Some forecasts with their history: from early and late moments of several series."""
    chosen = _chosen(origins)
    horizon, season = fitted.resolved.horizon, panel.season_length
    shown = min(fitted.resolved.context, max(3 * horizon, 2 * season))
    probabilities = interval_probabilities(SHOWN_LEVELS)
    examples = []
    for part in fitted.forecasts(panel, chosen, probabilities, device=device):
        windows = part.windows
        naive = BASELINES["seasonal_naive"](*history_of(panel, windows), horizon, season)
        for row in range(len(windows)):
            series, origin = int(windows.series[row]), int(windows.origin[row])
            before = min(shown, origin)
            values = np.where(windows.observed[row].numpy(), windows.target[row].numpy(), np.nan)
            examples.append(
                ExampleRecord(
                    unique_id=panel.ids[series],
                    origin=_times(panel, series, origin - 1, origin)[0],
                    history=HistoryRecord(
                        ds=_times(panel, series, origin - before, origin),
                        y=_numbers(values[windows.context - before : windows.context]),
                    ),
                    ds=_times(panel, series, origin, origin + horizon),
                    truth=_numbers(values[windows.context :]),
                    forecast=_numbers(part.point[row]),
                    intervals=[
                        IntervalRecord(
                            level=level,
                            lower=_numbers(part.quantiles[row, :, 2 * index]),
                            upper=_numbers(part.quantiles[row, :, 2 * index + 1]),
                        )
                        for index, level in enumerate(SHOWN_LEVELS)
                    ],
                    baselines={"seasonal_naive": _numbers(naive[row])},
                )
            )
    return ExamplesRecord(examples=examples)


def versions() -> dict[str, str]:
    """The versions that a result may depend on."""
    return {
        "recurra": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "polars": pl.__version__,
    }


def _protocol(evaluation: Evaluation, fitted: Fitted, panel: Panel) -> ProtocolRecord:
    """From which moments was forecast; times are those of the longest series that was scored."""
    origins = evaluation.origins
    series = int(origins.series[np.argmax(panel.lengths[origins.series])])
    positions = origins.position[origins.series == series]
    first, last = int(positions[0]), int(positions[-1])
    stride = int(positions[1] - positions[0]) if len(positions) > 1 else None
    end = last + fitted.resolved.horizon
    train_end = max(first - fitted.resolved.validation_size, 1)
    return ProtocolRecord(
        horizon=fitted.resolved.horizon,
        origins=len(positions),
        stride=stride,
        windows=evaluation.windows,
        train_end=_times(panel, series, train_end - 1, train_end)[0],
        test_start=_times(panel, series, first, first + 1)[0],
        test_end=_times(panel, series, end - 1, end)[0],
    )


def _chosen(origins: Origins) -> Origins:
    """Six of the moments, of as many series as there are; the last moment of the first series leads."""
    named = np.unique(origins.series)
    picked = named[np.linspace(0, len(named) - 1, min(EXAMPLES, len(named))).round().astype(int)]
    series, position = [], []
    for number, one in enumerate(picked):
        own = origins.position[origins.series == one]
        share = EXAMPLES // len(picked) + (number < EXAMPLES % len(picked))
        spread = own[np.linspace(len(own) - 1, 0, min(share, len(own))).round().astype(int)]
        series += [one] * len(spread)
        position += spread.tolist()
    return Origins(np.array(series), np.array(position))


def _times(panel: Panel, series: int, begin: int, end: int) -> list[int | str]:
    steps = np.arange(begin, end)
    times = panel.index_frame(np.full(len(steps), series), steps)[panel.columns.time].to_list()
    return [
        time if isinstance(time, int) else time.isoformat() if _is_time(time) else str(time) for time in times
    ]


def _is_time(value: Any) -> bool:
    return isinstance(value, dt.date | dt.datetime)


def _numbers(values: Float[np.ndarray, " steps"]) -> list[float | None]:
    """Seven significant digits, as many as a float32 has."""
    return [float(f"{value:.7g}") if np.isfinite(value) else None for value in values]
