"""A run folder from a table: train, judge beside baselines, keep everything that tells how it came about.

While it trains, the folder holds `config.yaml`, `history.jsonl` and `checkpoints/`, from which it can be
resumed; the rest appears at the end, and `manifest.json` last, which vouches for every file but the report
and checkpoints.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import polars as pl

from recurra.cells.registry import check_name
from recurra.errors import ConfigError, DataError
from recurra.experiment.run_folder import (
    CONFIG,
    HISTORY,
    check_folder,
    check_run,
    open_folder,
    put_back_when_refused,
)
from recurra.files import write_manifest
from recurra.inputs.series.panel import Panel
from recurra.report.page import write_report
from recurra.report.record import METRICS_FILE, MetricsRecord, read_metrics, write_metrics
from recurra.report.section import SECTIONS_FILE, write_sections
from recurra.streaming import PROGRAM
from recurra.tasks.forecast.artifact import CONFIG as MODEL
from recurra.tasks.forecast.artifact import RECENT, WEIGHTS, write_fitted
from recurra.tasks.forecast.config import forecast_config
from recurra.tasks.forecast.evaluation import Evaluation
from recurra.tasks.forecast.evaluation import evaluate as judge
from recurra.tasks.forecast.fitted import Fitted
from recurra.tasks.forecast.forecaster import LEVELS, Forecaster
from recurra.tasks.forecast.part import held_out_origins
from recurra.tasks.forecast.plan import Plan, make_plan
from recurra.tasks.forecast.record import metrics_record
from recurra.tasks.forecast.series import read_panel, read_panel_again
from recurra.tasks.forecast.show import sections
from recurra.training.device import choose_device
from recurra.training.history import History
from recurra.training.progress import Progress

WRITTEN = (CONFIG, HISTORY, MODEL, WEIGHTS, RECENT, METRICS_FILE, SECTIONS_FILE)


class Summary(NamedTuple):
    """What a run came to.

    Attributes:
        folder: The run folder.
        metrics: The scores, as in `metrics.json`; None where training was interrupted.
    """

    folder: Path
    metrics: MetricsRecord | None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C stopped it, so that it can be resumed."""
        return self.metrics is None


def train(
    source: str,
    settings: Mapping[str, Any],
    out: Path,
    *,
    overwrite: bool = False,
    resume: bool = False,
    show_progress: bool | None = None,
    command: str | None = None,
) -> Summary:
    """Train a forecaster and judge it beside baselines, in a run folder.

    Args:
        source: A path to a table, or "sample:NAME".
        settings: Keys of `ForecastConfig`.
        out: The run folder.
        overwrite: Whether a run folder that is there may be replaced.
        resume: Go on with the run in the folder.
        show_progress: Whether to draw bars; None: where stderr is a terminal.
        command: What was typed, for the report.

    Raises:
        ConfigError: A setting is wrong, or the folder exists and neither is to be replaced nor resumed.
        DataError: The table cannot be used as it is.
        NonFiniteError: Training diverged.
        OutOfMemoryError: The memory does not suffice for these sizes.
    """
    progress = Progress(enabled=show_progress)
    config = forecast_config(settings)
    check_name(config.cell)
    check_folder(out, overwrite=overwrite, resume=resume)
    plan = make_plan(config, read_panel(source, config))
    resolved = plan.resolved
    if resolved.test_size < resolved.horizon:
        if config.test_size == "auto":
            raise DataError(
                f"the series are too short to train on and to be scored {resolved.horizon} steps ahead",
                f"a median of at least {3 * resolved.horizon} steps",
                "Shorten the horizon, give longer series, or use the library, which needs no test part.",
            )
        raise ConfigError(
            f"test_size is {resolved.test_size} with horizon {resolved.horizon}",
            "at least the horizon, since a run is always scored",
            "Leave test_size out, or use the library: Forecaster(test_size=0).",
        )
    with put_back_when_refused(out):
        open_folder(out, resolved.config, {"task": "forecast", "data": source}, resume=resume)
        fitted = _fit_all(plan, settings, out, resume=resume, progress=progress)
    return Summary(out, None if fitted is None else _finish(out, plan.panel, fitted, command))


def _fit_all(
    plan: Plan, settings: Mapping[str, Any], out: Path, *, resume: bool, progress: Progress
) -> dict[str, tuple[Forecaster, float]] | None:
    """Train the network and its rivals; with each, the seconds it took. None: Ctrl-C stopped it."""
    plans = {"recurra": (plan, out)}
    for name in plan.resolved.config.baselines:
        plans[name] = (plan.with_network(name), out / "baselines" / name)
    fitted: dict[str, tuple[Forecaster, float]] = {}
    with progress.bar("networks", len(plans)) as bar:
        for number, (key, (own, folder)) in enumerate(plans.items(), start=1):
            network = own.resolved.config.network
            bar.advance(0, description=f"network {number} of {len(plans)}, {network.replace('_', '-')}")
            forecaster = Forecaster(**{**settings, "network": network})
            forecaster.fit_plan(own, folder=folder, resume=resume, progress=progress)
            history = cast("History", forecaster.history_)
            if history.interrupted:
                return None
            fitted[key] = (forecaster, sum(epoch["seconds"] for epoch in history.epochs))
            bar.advance()
    return fitted


def evaluate(run: Path, source: str | None) -> MetricsRecord:
    """The scores of a run: the recorded ones, or those on another table.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
        DataError: The table does not fit the one of training.
    """
    check_run(run)
    if source is None:
        return read_metrics(run)
    forecaster = Forecaster.load(run)
    return _judge(forecaster, read_panel_again(source, forecaster.fitted_.schema), {}, None, None)[1]


def predict(
    run: Path, source: str | None, *, future: str | None = None, levels: Any = LEVELS
) -> pl.DataFrame:
    """What comes after the data of a run, or after those of another table.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
        DataError: A table does not fit the one of training.
    """
    check_run(run)
    frame: pl.DataFrame = Forecaster.load(run).predict(source, future=future, level=levels)
    return frame


def _finish(
    out: Path, panel: Panel, fitted: Mapping[str, tuple[Forecaster, float]], command: str | None
) -> MetricsRecord:
    """Write everything that a finished run holds; the manifest comes last."""
    forecaster, seconds = fitted["recurra"]
    rivals = {name: (one.fitted_, took) for name, (one, took) in fitted.items() if name != "recurra"}
    evaluation, metrics = _judge(forecaster, panel, rivals, seconds, command)
    origins = held_out_origins(panel, forecaster.fitted_.resolved)
    device = choose_device(forecaster.config_.device)
    write_fitted(forecaster.fitted_, out)
    write_metrics(out, metrics)
    write_sections(out, sections(evaluation, metrics, forecaster.fitted_, panel, origins, device=device))
    write_manifest(out, [*WRITTEN, *_write_program(forecaster, out)])
    write_report(out)
    return metrics


def _write_program(forecaster: Forecaster, out: Path) -> list[str]:
    """The stream program of a network that streams; the names of its files."""
    if forecaster.config_.network != "streaming":
        return []
    forecaster.to_program().save(out / PROGRAM, overwrite=True)
    return [f"{PROGRAM}/{path.name}" for path in sorted((out / PROGRAM).iterdir())]


def _judge(
    forecaster: Forecaster,
    panel: Panel,
    rivals: Mapping[str, tuple[Fitted, float]],
    seconds: float | None,
    command: str | None,
) -> tuple[Evaluation, MetricsRecord]:
    fitted = forecaster.fitted_
    origins = held_out_origins(panel, fitted.resolved)
    device = choose_device(fitted.resolved.config.device)
    evaluation = judge(fitted, panel, origins, device=device, rivals=rivals, seconds=seconds)
    repairs = forecaster.repairs_ or panel.repairs
    record = metrics_record(evaluation, fitted, panel, repairs=repairs, command=command)
    return evaluation, record
