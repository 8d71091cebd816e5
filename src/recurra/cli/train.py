"""`recurra train TASK DATA`: a command for each task there is, made from its settings."""

import inspect
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import screen
from recurra.cli.help import Command, Group
from recurra.errors import ConfigError
from recurra.place import loaded
from recurra.tasks.registry import Entry, config_classes, entries

if TYPE_CHECKING:
    from recurra.config import Config, Option
    from recurra.experiment.run import Summary
    from recurra.report.record import MetricsRecord

RUNS = Path("runs")

Data = Annotated[
    str | None,
    typer.Argument(metavar="DATA", help="A file or folder of data, or sample:NAME; --resume needs none."),
]
Pairs = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings; they are listed below.")
]
Validation = Annotated[
    str | None, typer.Option(metavar="DATA", help="What chooses the best epoch; by default a part of DATA.")
]
Test = Annotated[
    str | None, typer.Option(metavar="DATA", help="What the scores are of; by default a part of DATA.")
]
Out = Annotated[
    Path | None, typer.Option(metavar="RUN", help="The run folder; by default a new one under runs/.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the run folder if it exists, once the new run is whole.")
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with the run in --out, as it began; max_epochs may be raised."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object: the run folder and the scores.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
FIXED: Mapping[str, tuple[Any, Any]] = {
    "validation": (Validation, None),
    "test": (Test, None),
    "out": (Out, None),
    "overwrite": (Overwrite, False),
    "resume": (Resume, False),
    "as_json": (AsJson, False),
    "quiet": (Quiet, False),
}


class Tasks(Group):
    """A command for each task there is, made when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the tasks."""
        del ctx
        return list(entries())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a task; None where there is no such task."""
        del ctx
        known = entries()
        return task_command(known[cmd_name]) if cmd_name in known else None

    def summary(self, ctx: Any, name: str) -> str:
        """What a task does, in a sentence."""
        del ctx
        return entries()[name].about


train = typer.Typer(cls=Tasks, rich_markup_mode=None)


@train.callback()
def choose() -> None:
    """Train a net for a task: model, scores and report in a run folder.

    Examples:
      recurra train forecast sample:co2 --horizon 26
      recurra train classify sample:docstrings
      recurra train tag sample:python
      recurra train forecast --help                      its options and settings
    """


def task_command(entry: Entry) -> Any:
    """`recurra train NAME`."""
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    kind = type(f"{entry.name.title()}Command", (Command,), {"entry": entry})
    alone.command(entry.name, cls=kind)(_function(entry))
    return typer.main.get_command(alone)


def _function(entry: Entry) -> Callable[..., None]:
    """What the command runs; its parameters are made from the settings of the task."""
    own: type[Config] = entry.load("config")
    marks = marks_of(entry)

    def command(**given: Any) -> None:
        options = {key: _as_text(given.pop(key)) for key in marks}
        try:
            _run(entry, options, **given)
        except ConfigError as error:
            raise as_typed(
                error, {key: marks[key].flag for key in marks if options[key] is not None}
            ) from error

    parameters: dict[str, tuple[Any, Any]] = {"data": (Data, None), "pairs": (Pairs, None)}
    for key, mark in marks.items():
        field = own.model_fields[key]
        meaning = f"{field.description or ''}{' Required.' if field.is_required() else ''}".strip()
        option = typer.Option(mark.flag, metavar=mark.metavar or None, help=meaning)
        kind: Any = bool | None if mark.is_switch else str | None
        parameters[key] = (Annotated[kind, option], None)
    signature = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in {**parameters, **FIXED}.items()
    ]
    command.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in signature}
    examples = "\n".join(f"  {example}" for example in entry.examples)
    command.__doc__ = f"{entry.about}\n\nExamples:\n{examples}"
    return command


def _as_text(given: str | bool | None) -> str | None:
    """An option as settings are written; None where it was not given."""
    return str(given).lower() if isinstance(given, bool) else given


def marks_of(entry: Entry) -> "dict[str, Option]":
    """The settings of a task that have an option, each with what is said of it."""
    from recurra.config import options_of

    return options_of(entry.load("config"))


def _run(
    entry: Entry,
    options: Mapping[str, str | None],
    *,
    data: str | None,
    pairs: Sequence[str] | None,
    validation: str | None,
    test: str | None,
    out: Path | None,
    overwrite: bool,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from recurra.cli.setting import data_and_pairs, parse_settings
    from recurra.data.sample import check_source

    data, pairs = data_and_pairs(data, pairs)
    settings = parse_settings([*config_classes(entry).values()], pairs, options)
    if resume:
        began = _begun(entry, out, overwrite=overwrite)
        settings = {**began.get("given", {}), **settings}
        data, validation, test = (
            data or began["data"],
            validation or began.get("validation"),
            test or began.get("test"),
        )
    if data is None:
        raise ConfigError("DATA is missing", "a file, a folder or sample:NAME", "Name it after the task.")
    for source in (data, validation, test):
        check_source(source)
    _check_required(entry, settings)
    settings = _checked(entry, settings, data)
    folder = out or _new_folder(entry.name, data)
    given = {"--validation": validation, "--test": test}
    command = _command(entry, data, settings, {k: v for k, v in given.items() if v is not None}, folder)
    summary = _train(
        entry,
        data,
        settings,
        folder,
        validation=validation,
        test=test,
        overwrite=overwrite,
        resume=resume,
        show_progress=False if quiet else None,
        command=command,
        tell=lambda sentence: screen.note(f"note: {sentence}"),
    )
    if summary is None or summary.interrupted:
        again = ["recurra", "train", entry.name, "--out", str(folder), *["--overwrite"] * overwrite]
        _say_how_to_resume(folder, f"{shlex.join(again)} --resume", as_json=as_json)
        raise typer.Exit(screen.INTERRUPTED)
    _tell(entry, summary, as_json=as_json)


def _tell(entry: Entry, summary: "Summary", *, as_json: bool) -> None:
    """What a run that ended came to."""
    metrics, folder = summary.metrics, summary.folder
    if as_json:
        scores = {"metrics": []} if metrics is None else metrics.model_dump(mode="json")
        screen.emit({"run": str(folder), "interrupted": False, **scores})
    else:
        _show(entry.name, folder, metrics, needs_data=len(config_classes(entry)) > 1)


def _begun(entry: Entry, out: Path | None, *, overwrite: bool) -> dict[str, Any]:
    """What the run that goes on began with."""
    if out is None:
        raise ConfigError("--resume without --out", "the run folder to go on with", "Add --out RUN.")
    from recurra.experiment.run_folder import begun

    began = begun(out, overwrite=overwrite)
    if began.get("task") != entry.name:
        raise ConfigError(
            f"{out} holds a run of task {began.get('task')}",
            f"one of task {entry.name}",
            f"Go on with it as what it is: recurra train {began.get('task')} --out {out} --resume",
        )
    return began


def as_typed(error: ConfigError, flags: Mapping[str, str]) -> ConfigError:
    """The error with options in place of the settings that they stand for."""
    got, remedy = error.got, error.remedy
    for key, flag in flags.items():
        got = re.sub(rf"^{key} is\b", f"{flag} is", got)
        remedy = re.sub(rf"\b(Change|Raise|Lower|Give|Set|Leave) {key}\b", rf"\1 {flag}", remedy)
    return ConfigError(got, error.expected, remedy)


def _checked(entry: Entry, settings: dict[str, Any], data: str) -> dict[str, Any]:
    """The settings of a task, which take their values and suit the data; nothing slow is loaded for that."""
    from recurra.config import validated

    if entry.check:
        checked = loaded(entry.check)(settings)
        if entry.look:
            loaded(entry.look)(checked, data)
        return {key: getattr(checked, key) for key in settings}
    own = entry.load("config")
    validated(own, {key: value for key, value in settings.items() if key in own.model_fields})
    return settings


def _check_required(entry: Entry, settings: Mapping[str, Any]) -> None:
    """Make sure that every setting is given that has no default."""
    marks = marks_of(entry)
    for key, field in entry.load("config").model_fields.items():
        if not field.is_required() or key in settings:
            continue
        expected = (field.description or "a value").rstrip(".")
        if key not in marks:
            raise ConfigError(f"{key} is missing", expected, f"Add {key}=VALUE.")
        mark = marks[key]
        remedy = (
            f"Add {mark.flag} {mark.example}, say." if mark.example else f"Add {mark.flag} {mark.metavar}."
        )
        raise ConfigError(f"{mark.flag} is missing", expected, remedy)


def _train(
    entry: Entry, data: str, settings: Mapping[str, Any], folder: Path, **options: Any
) -> "Summary | None":
    """What it came to; None where Ctrl-C stopped it at once, and it can be resumed."""
    from recurra.experiment.run import train

    try:
        return train(entry.load("task"), data, settings, folder, **options)
    except KeyboardInterrupt:
        from recurra.experiment.run_folder import has_begun

        if not has_begun(folder):
            raise
        return None


def _new_folder(task: str, data: str) -> Path:
    """A folder under runs/ that is not there yet, named after the data: runs/forecast-sales-1."""
    name = data.removeprefix("sample:") if data.startswith("sample:") else Path(data).name.partition(".")[0]
    stem = f"{task}-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-') or 'data'}"
    found = [re.fullmatch(rf"{stem}-(\d+)", path.name) for path in RUNS.glob(f"{stem}-*")]
    return RUNS / f"{stem}-{max((int(match[1]) for match in found if match), default=0) + 1}"


def _command(
    entry: Entry, data: str, settings: Mapping[str, Any], given: Mapping[str, str], folder: Path
) -> str:
    """What to type to get the run again."""
    words = ["recurra", "train", entry.name, data]
    flags = {key: mark.flag for key, mark in marks_of(entry).items() if not mark.is_switch}
    for key, value in settings.items():
        text = "none" if value is None else ",".join(value) if isinstance(value, list | tuple) else str(value)
        words += [flags[key], text] if key in flags else [f"{key}={text}"]
    for flag, value in given.items():
        words += [flag, value]
    return shlex.join([*words, "--out", str(folder)])


def _say_how_to_resume(folder: Path, command: str, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"run": str(folder), "interrupted": True, "resume": command})
    screen.note(f"interrupted; go on with:\n  {command}")


def _show(task: str, folder: Path, metrics: "MetricsRecord | None", *, needs_data: bool) -> None:
    """The scores beside the baselines, where everything is, and how to go on."""
    from recurra.cli.score_table import print_scores

    if metrics is None:
        screen.say("No scores: test_size=0 kept nothing to score on. Later data do for that:")
        screen.say(f"recurra evaluate {shlex.quote(str(folder))} DATA")
    else:
        print_scores(metrics)
    screen.say()
    screen.say(f"report    {folder / 'report.html'}")
    screen.say(f"model     {folder / 'model.safetensors'}")
    data = " DATA" if needs_data else ""
    screen.say(f"predict   recurra predict {shlex.quote(str(folder))}{data} -o {task}.csv")
