"""A command for each task there is, made from its settings: `recurra VERB TASK DATA [KEY=VALUE ...]`."""

import inspect
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, NoReturn

import typer

from recurra.cli import screen
from recurra.cli.help import Command, Group
from recurra.errors import ConfigError
from recurra.place import loaded
from recurra.tasks.registry import Entry, config_classes, entries

if TYPE_CHECKING:
    from recurra.config import Config, Option

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
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Folder = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Its folder; by default a new one under runs/.")
]


@dataclass(frozen=True)
class Verb:
    """What is done to a task and data.

    Attributes:
        name: "train", "compare", ...
        about: What the command of a task does, in a sentence.
        examples: Commands that show it.
        fixed: Options beside those of the task: parameter -> (annotation, default).
        run: Is called with the task, the options that stand for settings, and `data`, `pairs` and all of
            `fixed` by name.
    """

    name: str
    about: Callable[[Entry], str]
    examples: Callable[[Entry], Sequence[str]]
    fixed: Mapping[str, tuple[Any, Any]]
    run: Callable[..., None]


class TaskGroup(Group):
    """A command for each task there is, made when it is asked for.

    Attributes:
        verb: What the commands do.
    """

    verb: ClassVar[Verb]

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the tasks."""
        del ctx
        return list(entries())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a task; None where there is no such task."""
        del ctx
        known = entries()
        return task_command(known[cmd_name], self.verb) if cmd_name in known else None

    def summary(self, ctx: Any, name: str) -> str:
        """What it does, in a sentence."""
        del ctx
        return self.verb.about(entries()[name])


def group_of(verb: Verb) -> type[TaskGroup]:
    """The group of the commands of a verb."""
    return type(f"{verb.name.title()}Tasks", (TaskGroup,), {"verb": verb})


def task_command(entry: Entry, verb: Verb) -> Any:
    """`recurra VERB NAME`."""
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    kind = type(f"{entry.name.title()}Command", (Command,), {"entry": entry})
    alone.command(entry.name, cls=kind)(_function(entry, verb))
    return typer.main.get_command(alone)


def _function(entry: Entry, verb: Verb) -> Callable[..., None]:
    """What the command runs; its parameters are made from the settings of the task."""
    own: type[Config] = entry.load("config")
    marks = marks_of(entry)

    def command(**given: Any) -> None:
        options = {key: _as_text(given.pop(key)) for key in marks}
        if _follows():
            return
        try:
            verb.run(entry, options, **given)
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
        for name, (annotation, default) in {**parameters, **verb.fixed}.items()
    ]
    command.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in signature}
    examples = "\n".join(f"  {example}" for example in verb.examples(entry))
    command.__doc__ = f"{verb.about(entry)}\n\nExamples:\n{examples}"
    return command


def _follows() -> bool:
    """Whether this process, which was started with others, shared in what the first one did, and no more."""
    from recurra.training.launch import launch

    here = launch()
    if here is None:
        return False
    from recurra.training.torchrun import follow, lead

    if here.rank == 0:
        lead(here)
        return False
    follow(here)
    return True


def _as_text(given: str | bool | None) -> str | None:
    """An option as settings are written; None where it was not given."""
    return str(given).lower() if isinstance(given, bool) else given


def marks_of(entry: Entry) -> "dict[str, Option]":
    """The settings of a task that have an option, each with what is said of it."""
    from recurra.config import options_of

    return options_of(entry.load("config"))


def as_typed(error: ConfigError, flags: Mapping[str, str]) -> ConfigError:
    """The error with options in place of the settings that they stand for."""
    got, remedy = error.got, error.remedy
    for key, flag in flags.items():
        got = re.sub(rf"^{key} is\b", f"{flag} is", got)
        remedy = re.sub(rf"\b(Change|Raise|Lower|Give|Set|Leave) {key}\b", rf"\1 {flag}", remedy)
    return ConfigError(got, error.expected, remedy)


class Asked(NamedTuple):
    """What a command was given: settings, and sources of data."""

    settings: dict[str, Any]
    data: str
    validation: str | None
    test: str | None


def asked(
    entry: Entry,
    options: Mapping[str, str | None],
    data: str | None,
    pairs: Sequence[str] | None,
    *,
    validation: str | None,
    test: str | None,
    began: Mapping[str, Any],
    file: Mapping[str, Any],
) -> Asked:
    """Settings and data as they were typed, over those of a file and of what goes on, checked early.

    Args:
        entry: The task.
        options: Options that stand for a setting.
        data: The first word after the task, if any.
        pairs: The words after it.
        validation: What `--validation` names.
        test: What `--test` names.
        began: What that which goes on began with: "data", "validation", "test" and "given"; {} for nothing.
        file: Settings of a file.

    Raises:
        ConfigError: A setting is unknown, missing, or has a wrong value.
        DataError: A source is not there.
    """
    from recurra.cli.setting import data_and_pairs, parse_settings
    from recurra.data.sample import check_source

    data, pairs = data_and_pairs(data, pairs)
    typed = parse_settings([*config_classes(entry).values()], pairs, options)
    settings = {**began.get("given", {}), **file, **typed}
    data = data or began.get("data")
    validation, test = validation or began.get("validation"), test or began.get("test")
    if data is None:
        raise ConfigError("DATA is missing", "a file, a folder or sample:NAME", "Name it after the task.")
    for source in (data, validation, test):
        check_source(source)
    _check_required(entry, settings)
    return Asked(_checked(entry, settings, data), data, validation, test)


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


def new_folder(stem: str, data: str) -> Path:
    """A folder under runs/ that is not there yet, named after the data: runs/forecast-sales-1."""
    name = data.removeprefix("sample:") if data.startswith("sample:") else Path(data).name.partition(".")[0]
    stem = f"{stem}-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-') or 'data'}"
    found = [re.fullmatch(rf"{stem}-(\d+)", path.name) for path in RUNS.glob(f"{stem}-*")]
    return RUNS / f"{stem}-{max((int(match[1]) for match in found if match), default=0) + 1}"


def begun_in(
    entry: Entry, verb: str, out: Path | None, read: Callable[[Path], dict[str, Any]], what: str
) -> dict[str, Any]:
    """What that which goes on began with.

    Args:
        entry: The task that is asked for.
        verb: What is done to it.
        out: The folder, as it was named.
        read: What a folder says that it began with, its "task" among it.
        what: What a folder holds, with its article.

    Raises:
        ConfigError: No folder is named, or what it holds is of another task.
    """
    if out is None:
        raise ConfigError("--resume without --out", "the folder to go on with", "Add --out FOLDER.")
    began = read(out)
    if began.get("task") != entry.name:
        words = shlex.join(["recurra", verb, str(began.get("task")), "--out", str(out), "--resume"])
        raise ConfigError(
            f"{out} holds {what} of task {began.get('task')}",
            f"one of task {entry.name}",
            f"Go on with it as what it is: {words}",
        )
    return began


def say_how_to_resume(words: Sequence[str], what: str, folder: Path, *, as_json: bool) -> NoReturn:
    """End as what Ctrl-C stopped, and say which command goes on with what is in a folder."""
    command = shlex.join([*words, "--out", str(folder), "--resume"])
    if as_json:
        screen.emit({what: str(folder), "interrupted": True, "resume": command})
    screen.note(f"interrupted; go on with:\n  {command}")
    raise typer.Exit(screen.INTERRUPTED)


def words_of(
    entry: Entry, verb: str, data: str, settings: Mapping[str, Any], given: Mapping[str, str | None]
) -> list[str]:
    """What to type to get the same again: the verb, the task, data, settings, and other options."""
    words = ["recurra", verb, entry.name, data]
    flags = {key: mark.flag for key, mark in marks_of(entry).items() if not mark.is_switch}
    for key, value in settings.items():
        text = "none" if value is None else ",".join(value) if isinstance(value, list | tuple) else str(value)
        words += [flags[key], text] if key in flags else [f"{key}={text}"]
    for flag, typed in given.items():
        words += [] if typed is None else [flag, typed]
    return words
