"""`recurra train forecast DATA`: train a forecaster and judge it beside honest baselines."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from recurra.cli import screen
from recurra.cli.help import Command
from recurra.errors import ConfigError

if TYPE_CHECKING:
    from recurra.report.record import MetricsRecord

RUNS = Path("runs")
OPTIONS = {key: f"--{key}" for key in ("horizon", "target", "time", "past", "future", "static")}
OPTIONS["unique_id"] = "--id"

Option, Argument = typer.Option, typer.Argument
Data = Annotated[str, Argument(metavar="DATA", help="A table (.csv, .parquet, .jsonl), or sample:NAME.")]
Pairs = Annotated[list[str] | None, Argument(metavar="KEY=VALUE", help="Settings; they are listed below.")]
Horizon = Annotated[str | None, Option(metavar="STEPS", help="How many steps to forecast.")]
Target = Annotated[str | None, Option(metavar="COLUMN", help="What to forecast; by default `y`.")]
Time = Annotated[
    str | None, Option(metavar="COLUMN", help="When; by default `ds`, or the only column of times.")
]
UniqueId = Annotated[
    str | None, Option("--id", metavar="COLUMN", help="Which series; by default `unique_id` if there is one.")
]
Past = Annotated[str | None, Option(metavar="A,B", help="Covariates known up to the present only.")]
Future = Annotated[str | None, Option(metavar="A,B", help="Covariates known ahead, such as holidays.")]
Static = Annotated[str | None, Option(metavar="A,B", help="Covariates that never change within a series.")]
Out = Annotated[Path | None, Option(metavar="RUN", help="The run folder; by default a new one under runs/.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace the run folder if it exists.")]
Resume = Annotated[bool, Option("--resume", help="Go on with an interrupted run; needs --out.")]
AsJson = Annotated[bool, Option("--json", help="Print one JSON object: the run folder and the scores.")]
Quiet = Annotated[bool, Option("--quiet", help="Show no progress.")]


class ForecastCommand(Command):
    """Lists the settings of a forecaster in its help."""

    settings: ClassVar[str] = "recurra.tasks.forecast.config:ForecastConfig"
    left_out: ClassVar[frozenset[str]] = frozenset({"tbptt_steps"})


def forecast(
    data: Data,
    pairs: Pairs = None,
    *,
    horizon: Horizon = None,
    target: Target = None,
    time: Time = None,
    unique_id: UniqueId = None,
    past: Past = None,
    future: Future = None,
    static: Static = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a forecaster, and judge it beside honest baselines.

    Examples:
      recurra train forecast sample:co2 --horizon 26
      recurra train forecast sales.csv --time date --target sales --horizon 14
      recurra train forecast shops.csv --id shop --future price --horizon 7
      recurra train forecast sales.csv --horizon 14 cell=gru hidden_size=128
      recurra train forecast sales.csv --horizon 14 --out runs/sales --resume
    """
    columns = {"target": target, "time": time, "unique_id": unique_id}
    covariates = {"past": past, "future": future, "static": static}
    settings = _settings(pairs or [], {"horizon": horizon, **columns, **covariates})
    if resume and out is None:
        raise ConfigError("--resume without --out", "the run folder to go on with", "Add --out RUN.")
    folder = out or _new_folder(data)
    command = _command(data, settings, folder)
    metrics = _train(data, settings, folder, overwrite=overwrite, resume=resume, quiet=quiet, command=command)
    if metrics is None:
        _say_how_to_resume(folder, f"{command} --resume", as_json=as_json)
        raise typer.Exit(screen.INTERRUPTED)
    for sentence in metrics.data.repairs:
        screen.note(f"note: {sentence}")
    if as_json:
        screen.emit({"run": str(folder), "interrupted": False, **metrics.model_dump(mode="json")})
    else:
        _show(folder, metrics)


def _settings(pairs: Sequence[str], options: Mapping[str, str | None]) -> dict[str, Any]:
    """What was set, checked before anything slow begins."""
    from recurra.cli.setting import parse_settings
    from recurra.tasks.forecast.config import ForecastConfig, forecast_config

    given = parse_settings(ForecastConfig, pairs, options)
    if "horizon" not in given:
        raise ConfigError("--horizon is missing", "how many steps to forecast", "Add --horizon 24, say.")
    config = forecast_config(given)
    return {key: getattr(config, key) for key in given}


def _train(
    data: str,
    settings: Mapping[str, Any],
    folder: Path,
    *,
    overwrite: bool,
    resume: bool,
    quiet: bool,
    command: str,
) -> "MetricsRecord | None":
    """The scores; None where Ctrl-C stopped a run that can be resumed."""
    from recurra.tasks.forecast import run

    show_progress = False if quiet else None
    try:
        summary = run.train(
            data,
            settings,
            folder,
            overwrite=overwrite,
            resume=resume,
            show_progress=show_progress,
            command=command,
        )
    except KeyboardInterrupt:
        if not (folder / run.CONFIG).exists():
            raise
        return None
    return summary.metrics


def _new_folder(data: str) -> Path:
    """A folder under runs/ that is not there yet, named after the data: runs/forecast-sales-1."""
    name = data.removeprefix("sample:") if data.startswith("sample:") else Path(data).name.partition(".")[0]
    stem = f"forecast-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-') or 'data'}"
    found = [re.fullmatch(rf"{stem}-(\d+)", path.name) for path in RUNS.glob(f"{stem}-*")]
    return RUNS / f"{stem}-{max((int(match[1]) for match in found if match), default=0) + 1}"


def _command(data: str, settings: Mapping[str, Any], folder: Path) -> str:
    """What to type to get the run again."""
    words = ["recurra", "train", "forecast", data]
    for key, value in settings.items():
        text = "none" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)
        words += [OPTIONS[key], text] if key in OPTIONS else [f"{key}={text}"]
    return shlex.join([*words, "--out", str(folder)])


def _say_how_to_resume(folder: Path, command: str, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"run": str(folder), "interrupted": True, "resume": command})
    screen.note(f"interrupted; go on with:\n  {command}")


def _show(folder: Path, metrics: "MetricsRecord") -> None:
    """The scores beside the baselines, where everything is, and how to go on."""
    from recurra.cli.score_table import print_scores

    print_scores(metrics)
    screen.say()
    screen.say(f"report    {folder / 'report.html'}")
    screen.say(f"model     {folder / 'model.safetensors'}")
    screen.say(f"forecast  recurra predict {shlex.quote(str(folder))} -o forecast.csv")
