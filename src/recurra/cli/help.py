"""Help that begins with examples: a command's docstring as it stands, then usage, arguments, options.

Typer's own help is prettier by boxes and takes twice the time; this one needs neither rich nor torch.
"""

import json
import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import typer.core

from recurra.cli.screen import BOLD, paint, width
from recurra.tasks.registry import Entry, config_classes

if TYPE_CHECKING:
    from recurra.config import Config

GAP = 2
EXAMPLES = "Examples:"


class Command(typer.core.TyperCommand):
    """A command whose help begins with its docstring.

    Attributes:
        entry: The task whose `key=value` settings it takes, if any.
    """

    entry: ClassVar[Entry | None] = None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the whole help."""
        formatter.write(_opening(self))
        formatter.write(f"\n{_heading('Usage:')} {usage_line(self, ctx.command_path)}\n")
        formatter.write(_parameters(self, ctx))
        classes = self.classes()
        if classes:
            hidden = {str(each.name) for each in self.params}
            if self.entry is not None:
                hidden |= self.entry.left_out
            formatter.write(_settings(classes, hidden))

    def classes(self) -> "Mapping[str, type[Config]]":
        """The classes of the `key=value` settings that it takes: its own under "", others by the input."""
        return {} if self.entry is None else config_classes(self.entry)


class Group(typer.core.TyperGroup):
    """A group of commands whose help begins with its docstring and lists each command in a line."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the whole help."""
        formatter.write(_opening(self))
        formatter.write(f"\n{_heading('Usage:')} {usage_line(self, ctx.command_path)}\n")
        formatter.write(_section("Commands", [(name, self.summary(ctx, name)) for name in self.ordered(ctx)]))
        formatter.write(_parameters(self, ctx))
        if self.epilog:
            formatter.write("\n" + self.epilog + "\n")

    def ordered(self, ctx: Any) -> list[str]:
        """The names of its commands, groups first."""
        return sorted(
            self.list_commands(ctx), key=lambda name: not isinstance(self.commands.get(name), Group)
        )

    def summary(self, ctx: Any, name: str) -> str:
        """What one of its commands does, in a sentence."""
        command: Any = self.get_command(ctx, name)
        return str(command.help).splitlines()[0]


def _opening(command: Any) -> str:
    lines = []
    for paragraph in command.help.split("\n\n"):
        if paragraph.startswith(EXAMPLES):
            lines += [_heading(EXAMPLES), *paragraph.splitlines()[1:], ""]
        else:
            lines += [*textwrap.wrap(paragraph, width(sys.stdout, most=110)), ""]
    return "\n".join(lines).rstrip() + "\n"


def usage_line(command: Any, path: str) -> str:
    """How a command is called: "recurra evaluate RUN [DATA] [OPTIONS]"."""
    arguments = [_argument(each) for each in command.params if each.param_type_name == "argument"]
    ending = ["COMMAND", "..."] if isinstance(command, Group) else [*arguments, "[OPTIONS]"]
    return " ".join([path, *ending])


def _argument(argument: Any) -> str:
    name = f"{argument.metavar} ..." if argument.nargs != 1 else str(argument.metavar)
    return name if argument.required else f"[{name}]"


def _parameters(command: Any, context: Any) -> str:
    arguments, options = [], []
    for each in sorted(command.get_params(context), key=lambda one: "--help" in one.opts):
        if each.param_type_name == "argument":
            arguments.append((_argument(each), each.help or ""))
        elif not each.hidden:
            value = "" if each.is_flag else f" {each.metavar}"
            names = sorted([*each.opts, *each.secondary_opts], key=len)
            options.append((", ".join(names) + value, each.help or ""))
    return _section("Arguments", arguments) + _section("Options", options)


def _section(title: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    return f"\n{_heading(title + ':')}\n{_columns(rows)}"


def _settings(classes: "Mapping[str, type[Config]]", hidden: set[str]) -> str:
    """The settings of a task and, under its name, of each input, by the class that declares them."""
    from recurra.cli.setting import settings_by_class

    rows = {
        name: [
            (heading, [(f"{key}={default}", line) for key, default, line in group if key not in hidden])
            for heading, group in settings_by_class(each)
        ]
        for name, each in classes.items()
    }
    column = max(len(first) for groups in rows.values() for _, group in groups for first, _ in group)
    asked, text = getattr(classes.get(""), "input_defaults", {}), ""
    for name, groups in rows.items():
        own = {key: value for key, value in asked.items() if key in classes[name].model_fields}
        defaults = {**classes[name].task_defaults, **own}
        others = " ".join(f"{key}={json.dumps(value)}" for key, value in defaults.items())
        title = f"With input={name}{f', and then {others}' if others else ''}:"
        title = title if name else "Settings, given as key=value; here with their defaults:"
        text += f"\n{_heading(title)}\n"
        for number, (heading, group) in enumerate(groups):
            text += "\n" * (number > 0) + (f"{heading}\n" if number and heading else "")
            text += _columns(group, column)
    return text


def _columns(rows: Iterable[tuple[str, str]], column: int = 0) -> str:
    """Two columns, the second one wrapped; a first entry that is too long has a line of its own."""
    rows = list(rows)
    total = width(sys.stdout, most=110)
    column = min(column or max(len(first) for first, _ in rows), max(total // 3, 12))
    text = ""
    for first, second in rows:
        lines = textwrap.wrap(second, max(total - column - 2 * GAP, 16)) or [""]
        left = [first, *[""] * len(lines)]
        if len(first) > column:
            lines.insert(0, "")
        for beside, line in zip(left, lines, strict=False):
            text += (" " * GAP + beside.ljust(column) + " " * GAP + line).rstrip() + "\n"
    return text


def _heading(text: str) -> str:
    return paint(text, BOLD, sys.stdout)
