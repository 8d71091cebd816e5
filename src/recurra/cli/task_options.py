"""Options of a command that come from the tasks: of their answers, and of how other data are read."""

import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

import typer

from recurra.cli.help import Command
from recurra.errors import ConfigError
from recurra.tasks.registry import Entry, entries

if TYPE_CHECKING:
    from recurra.config import Config, Option


Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder that `recurra train` wrote.")]
Data = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA", help="What to tell of; for a forecast the history, by default that of training."
    ),
]


Scale = Annotated[
    Literal["none", "ray"],
    typer.Option(
        metavar="none|ray",
        help="Whose processors work at the files of a folder: this process's, or a Ray cluster's.",
    ),
]


class Given(NamedTuple):
    """An option as it was typed."""

    key: str
    flag: str
    text: str


class TaskCommand(Command):
    """A command with an option for each that a task has; it is called with its own parameters, then these.

    Attributes:
        answers: Whether options of the answers are among them, beside those of how data are read.
    """

    answers: ClassVar[bool] = False

    def get_params(self, ctx: Any) -> list[Any]:
        """Its own parameters, then those of the tasks."""
        return [*super().get_params(ctx), *self._of_tasks]

    def invoke(self, ctx: Any) -> Any:
        """Answer what the command's function makes of its own parameters, with the options of the tasks."""
        texts = {str(one.name): ctx.params.pop(one.name) for one in self._of_tasks}
        flags = {str(one.name): str(one.opts[0]) for one in self._of_tasks}
        given = [Given(key, flags[key], str(text)) for key, text in texts.items() if text is not None]
        self.perform(super().invoke(ctx), given)

    def perform(self, request: Any, given: Sequence[Given]) -> None:
        """Do what was asked for."""
        raise NotImplementedError

    @cached_property
    def _of_tasks(self) -> list[Any]:
        return _parameters({one.name for one in self.params}, answers=self.answers)


def marks_of(entry: Entry, *, answers: bool) -> "Iterator[tuple[type[Config], Mapping[str, Option]]]":
    """The options that a task and its inputs give, with the class that declares them; answers come last."""
    from recurra.config import options_again, options_of
    from recurra.inputs import registry

    config = entry.load("config")
    yield config, options_again(config)
    for name in registry.giving(getattr(config, "needs", "")):
        if registry.entries()[name].sign:
            own = registry.config(name)
            yield own, options_again(own)
    if answers:
        answer = entry.load("answer")
        yield answer, options_of(answer)


def checked(kind: "type[Config]", known: "Mapping[str, Option]", given: Sequence[Given]) -> None:
    """Make sure that options have values that a class of settings takes.

    Raises:
        ConfigError: One has not; the message names the option.
    """
    from recurra.config import validated

    own = {one.key: one.text for one in given if one.key in known}
    missing = {key: 1 for key, field in kind.model_fields.items() if field.is_required()}  # the run has them
    try:
        validated(kind, {**missing, **own})
    except ConfigError as error:
        key, _, rest = error.got.partition(" ")
        flag = known[key].flag if key in known else key
        remedy = error.remedy.replace(f"Change {key}.", f"Change {flag}.")
        raise ConfigError(f"{flag} {rest}", error.expected, remedy) from error


def answer_options(
    entry: Entry, pairs: Sequence[str], given: Sequence[Given]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of the answer, and of how data are read.

    Raises:
        ConfigError: The task of the run lacks one, or takes no such value.
    """
    from recurra.cli.setting import parse_settings

    answer = entry.load("answer")
    *read, options = (own for _, own in marks_of(entry, answers=True))
    again = {key: mark for own in read for key, mark in own.items()}
    flags = {key: mark.flag for key, mark in {**options, **again}.items()}
    for key, flag, _ in given:
        if key not in flags:
            known = [flags.get(name, f"{name}=VALUE") for name in (*answer.model_fields, *again)]
            raise ConfigError(
                f"{flag} for a run of task {entry.name}",
                f"an option of its answers: {', '.join(known)}"
                if known
                else "none, as its answers have none",
                f"Leave {flag} out.",
            )
    for kind, own in marks_of(entry, answers=True):
        checked(kind, own, given)
    texts = {one.key: one.text for one in given}
    chosen = {key: text for key, text in texts.items() if key in options}
    return {**parse_settings([answer], pairs, {}), **chosen}, {k: v for k, v in texts.items() if k in again}


def _parameters(taken: Collection[str | None], *, answers: bool) -> list[Any]:
    """An option for each that some task has; its help names the tasks."""
    meanings: dict[str, dict[str, list[str]]] = {}
    marks: dict[str, Option] = {}
    for one in entries().values():
        try:
            classes = list(marks_of(one, answers=answers))
        except ConfigError:
            continue  # said when a run of this task is used
        for kind, known in classes:
            for key, mark in known.items():
                if key not in taken:
                    marks.setdefault(key, mark)
                    text = kind.model_fields[key].description or ""
                    said = f"{text[:1].lower()}{text[1:]}"
                    meanings.setdefault(key, {}).setdefault(said, []).append(one.name)
    signature = []
    for key, mark in marks.items():
        told = " ".join(f"Of {', '.join(names)}: {text}" for text, names in meanings[key].items())
        option = typer.Option(mark.flag, metavar=mark.metavar or None, help=told)
        value: Any = bool | None if mark.is_switch else str | None
        annotation: Any = Annotated[value, option]
        keyword = inspect.Parameter.KEYWORD_ONLY
        signature.append(inspect.Parameter(key, keyword, default=None, annotation=annotation))

    def options(**given: Any) -> None:
        del given

    options.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    options.__annotations__ = {one.name: one.annotation for one in signature}
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command()(options)
    return list(typer.main.get_command(alone).params)
