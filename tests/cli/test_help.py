import re
import subprocess
import sys

import pytest
from tests.cli.program import call, environment

from recurra.inputs.registry import giving
from recurra.tasks.forecast.config import ForecastConfig
from recurra.tasks.registry import entries

COMMANDS = [
    "compare", "evaluate", "predict", "explain", "generate", "stream", "serve", "export", "doctor", "report",
    "tune", "bench", "info",
]  # fmt: skip


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_the_first_screen_has_examples_and_every_command(capsys, monkeypatch, arguments) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = call(capsys, *arguments)
    assert outcome.code == 0
    assert outcome.err == ""
    opening, _, rest = outcome.out.partition("Usage: recurra COMMAND ...")
    assert "Examples:\n  recurra train forecast" in opening
    commands = re.findall(r"^  (\w+) +[A-Z]", rest, flags=re.MULTILINE)
    assert sorted(commands) == sorted([*COMMANDS, "train"])
    assert len(outcome.out.splitlines()) <= 37
    assert all(len(line) <= 80 for line in outcome.out.splitlines())


@pytest.mark.parametrize("command", [*COMMANDS, "train", "train forecast"])
def test_the_help_of_a_command_begins_with_what_it_does_and_examples(
    capsys, monkeypatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = call(capsys, *command.split(), "--help")
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert lines[0].endswith(".")
    assert lines[2] == "Examples:"
    assert lines[3].startswith(f"  recurra {command}")
    assert f"Usage: recurra {command}" in outcome.out
    assert "--install-completion" not in outcome.out
    assert all(len(line) <= 80 for line in lines)
    options = outcome.out.partition("Options:\n")[2].partition("\n\n")[0]
    assert [line for line in options.splitlines() if line.startswith("  -")][-1].startswith("  -h, --help")


def test_every_option_has_a_meaning(capsys) -> None:
    for command in [*COMMANDS, "train forecast"]:
        options = call(capsys, *command.split(), "--help").out.partition("Options:\n")[2].partition("\n\n")[0]
        for line in options.splitlines():
            assert re.match(r"  -\S.*\S  +[A-Z]", line) or line.startswith("      "), line


def test_every_setting_of_a_forecaster_is_listed_with_its_default(capsys) -> None:
    out = call(capsys, "train", "forecast", "--help").out
    assert "\n  hidden_size=64 " in out
    assert re.search(r"\n  gradient_clip=1.0 +\S", out)
    assert "tbptt_steps" not in out  # forecasting refuses it
    for key in ForecastConfig.model_fields.keys() - {"tbptt_steps"}:
        option = "--id" if key == "unique_id" else f"--{key.replace('_', '-')}"
        assert re.search(rf"\n  ({key}=|{option}[ ,])", out)


def test_the_settings_of_an_input_stand_under_its_name(capsys) -> None:
    out = call(capsys, "train", "classify", "--help").out
    own, *inputs = out.partition("Settings, given")[2].split("\nWith input=")
    assert "max_length" not in own
    titles = [part.partition(":")[0] for part in inputs]
    names = giving("examples")
    assert titles == ["audio, and then bidirectional=false", *names[1:]]

    def having(setting: str) -> list[str]:
        return [name for name, part in zip(names, inputs, strict=True) if part.count(f"\n  {setting}=") == 1]

    assert having("max_length") == ["strokes", "images", "motion", "features", "series", "text"]
    assert having("columns") == ["table", "series"]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_help_keeps_to_the_width_of_the_terminal(capsys, monkeypatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    settings = call(capsys, "train", "forecast", "--help").out.partition("Settings, given")[2]
    lines = settings.splitlines()[1:]
    assert all(len(line) <= columns for line in lines)


@pytest.mark.parametrize("words", [["predict"], *(["train", task] for task in entries())])
def test_help_needs_no_torch(words: list[str]) -> None:
    program = (
        f"import sys; from recurra.cli.app import main; main([*{words!r}, '--help']);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'polars', 'rich')))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, env=environment())


@pytest.mark.parametrize(
    ("words", "most"),
    [  # a task and an input: folder, config
        ([], 37),
        (["predict"], 52 + 2 * len(entries())),  # and the files of features that other data have
        (["train", "classify"], 46 + 2 * len(giving("examples"))),
    ],
)
def test_help_loads_little(words: list[str], most: int) -> None:
    """What an answer at once depends on, told by modules: a clock says little on a busy or slow machine."""
    heavy = ("numpy", "scipy", "sklearn", "torch", "polars", "pandas", "matplotlib", "jinja2", "rich")
    program = (
        f"import sys; from recurra.cli.app import main; main([*{words!r}, '--help']);"
        "print('modules', *sys.modules, sep=chr(10))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment()
    )
    loaded = done.stdout.rpartition("modules\n")[2].split()
    assert not {name for name in loaded if name.partition(".")[0] in heavy}
    assert sum(name.startswith("recurra") for name in loaded) <= most
