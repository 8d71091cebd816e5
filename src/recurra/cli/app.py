"""The commands joined into one program, and how it ends: with a message and an exit code, not a traceback."""

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from recurra.cli import screen
from recurra.cli.bench import bench
from recurra.cli.compare import compare
from recurra.cli.doctor import doctor
from recurra.cli.evaluate import Evaluate, evaluate
from recurra.cli.explain import Explain, explain
from recurra.cli.export import export
from recurra.cli.generate import generate
from recurra.cli.help import Command, Group, usage_line
from recurra.cli.info import info
from recurra.cli.predict import Predict, predict
from recurra.cli.report import report
from recurra.cli.serve import ServeCommand, serve
from recurra.cli.stream import stream
from recurra.cli.train import train
from recurra.cli.tune import tune
from recurra.config import nearest_keys
from recurra.errors import ConfigError, RecurraError
from recurra.tasks.registry import Entry, config_classes
from recurra.version import __version__

USAGE_ERROR: Any = (
    typer.BadParameter.__base__
)  # typer shows the class of all its usage errors only in this way
PIPE_CLOSED = 141

app = typer.Typer(
    name="recurra",
    cls=Group,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="recurra COMMAND --help says more; recurra train TASK --help lists all settings.\n"
    "Results go to stdout, messages to stderr; --json makes one JSON object of them.\n"
    "Exit codes: 0 done, 2 a mistake in what was given, 130 interrupted, 1 the rest.",
)
app.add_typer(train, name="train")
app.add_typer(compare, name="compare")
app.add_typer(tune, name="tune")
for command in (evaluate, predict, explain, generate, stream, serve, export, doctor, report, bench, info):
    kinds = {predict: Predict, evaluate: Evaluate, explain: Explain, serve: ServeCommand}
    kind = kinds.get(command, Command)
    app.command(command.__name__, cls=kind)(command)


def _print_version(wanted: bool) -> bool:
    if wanted:
        screen.say(f"recurra {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def start(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Train recurrent nets, judge them beside honest baselines, and use them.

    Examples:
      recurra train forecast sample:co2 --horizon 26     a bundled weekly series
      recurra train forecast sales.csv --target sales --horizon 14 --out runs/sales
      recurra predict runs/sales -o forecast.csv         what comes next
      recurra doctor runs/sales                       what is wrong, what helps
      recurra report runs/sales                          an offline page about it
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: What comes after the program's name; the process's own by default.

    Returns:
        The exit code: 0 done, 2 a mistake in what was given, 1 any other failure of ours, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    for output in (sys.stdout, sys.stderr):
        if hasattr(output, "reconfigure"):
            output.reconfigure(
                errors="backslashreplace"
            )  # a terminal that lacks a letter is no reason to fail
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: screen.warn(str(message))
        try:
            code = _run(given)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
    return code


def _run(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    try:
        with command.make_context("recurra", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as stop:
        return stop.exit_code
    except USAGE_ERROR as error:
        return _fail(_as_ours(error, arguments), arguments)
    except RecurraError as error:
        return _fail(error, arguments)
    except KeyboardInterrupt:
        screen.note("interrupted")
        return screen.INTERRUPTED
    return 0


def _fail(error: RecurraError, arguments: list[str]) -> int:
    if "--json" in arguments:
        screen.emit(screen.error_document(error))
    screen.complain(error)
    return error.exit_code


def _as_ours(error: Any, arguments: Sequence[str]) -> ConfigError:
    """A usage error of typer's in our words; of a setting written as an option it says how to write it."""
    message = error.format_message().rstrip(".?")
    message = message[:1].lower() + message[1:]
    if error.ctx is None:
        return ConfigError(message, "a command as help shows it", "See: recurra --help")
    command, path = error.ctx.command, error.ctx.command_path
    option, entry = str(getattr(error, "option_name", "")), getattr(command, "entry", None)
    near = [one for one in getattr(error, "possibilities", None) or () if one != "--help"]
    setting = "" if entry is None or not option or near else _meant(option, entry)
    if setting:
        remedy = f"Write {_pair(setting, option, arguments)}."
        return ConfigError(f"{option} is no option", "a setting, as key=value", remedy)
    message = message.partition(" (Possible options")[0] + (f"; did you mean {near[0]}" if near else "")
    usage = (
        f"one of {', '.join(command.list_commands(error.ctx))}"
        if isinstance(command, Group)
        else usage_line(command, path)
    )
    return ConfigError(message, usage, f"See: {path} --help")


def _meant(option: str, entry: Entry) -> str:
    """The setting that was typed as an option, or the nearest one; "" where none is near."""
    key = option.lstrip("-").replace("-", "_")
    known = [name for one in config_classes(entry).values() for name in one.model_fields]
    return key if key in known else next(iter(nearest_keys(key, known)), "")


def _pair(key: str, option: str, arguments: Sequence[str]) -> str:
    """The setting with the value that was typed."""
    for place, typed in enumerate(arguments):
        name, sign, value = typed.partition("=")
        if name == option:
            following = arguments[place + 1 : place + 2]
            value = value if sign else next((one for one in following if not one.startswith("-")), "VALUE")
            return f"{key}={value}"
    return f"{key}=VALUE"
