"""Every example of the README, of the documentation and of docstrings runs.

Blocks of a document run in their order, in one folder, and Python blocks share their names. A block that
cannot run has `<!-- not run: why -->` on the line before it. Trainings that do not say how long they are last
one short epoch.
"""

import doctest
import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.trial import unchecked

import recurra
from recurra.cli.app import main
from recurra.tasks.forecast.config import PRESETS

ROOT = Path(__file__).parents[1]
FOLDERS = ("tutorials", "how-to", "explanation")
DOCUMENTS = (
    "README.md",
    "docs/index.md",
    "docs/glossary.md",
    *(
        f"docs/{folder}/{path.name}"
        for folder in FOLDERS
        for path in sorted((ROOT / "docs" / folder).glob("*.md"))
    ),
)
RUN, SHOWN = ("python", "console"), ("", "text", "json", "csv", "html", "toml", "yaml")
without_type_checks = pytest.fixture(unchecked)  # tracing for ONNX has numbers that are no int
MARKER = re.compile(r"<!-- not run: \S.* -->")


class Block(NamedTuple):
    language: str
    line: int
    text: str
    marked: bool


def blocks(document: str) -> list[Block]:
    found, opening, language = [], 0, ""
    lines = document.splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.startswith("```"):
            continue
        if not opening:
            opening, language = number, line[3:].strip()
        else:
            marked = opening > 1 and MARKER.fullmatch(lines[opening - 2].strip()) is not None
            found.append(Block(language, opening, "\n".join(lines[opening : number - 1]), marked))
            opening = 0
    assert not opening, f"the block that line {opening} opens has no end"
    return found


def commands(block: Block) -> list[str]:
    """What a console block types: the lines after a prompt; without any prompt, all lines."""
    lines = block.text.replace("\\\n", " ").splitlines()
    typed = [line[2:] for line in lines if line.startswith("$ ")] or [line for line in lines if line.strip()]
    return [line.partition(" #")[0].strip() for line in typed]


def run_command(command: str) -> None:
    if not any(sign in command for sign in "|<>;&$`*"):
        assert main(shlex.split(command)[1:]) == 0
        return
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(["bash", "-ec", command], check=True, env={**os.environ, "PATH": path})


def run_block(block: Block, names: dict[str, Any]) -> None:
    if block.language == "python":
        exec(compile(block.text, f"line {block.line}", "exec"), names)
        return
    for command in commands(block):
        if command.split()[0] == "make":
            continue
        assert command.split()[0] == "recurra", (
            f"line {block.line}: mark the block as not run, or drop {command!r}"
        )
        print(f"line {block.line}: {command}")  # noqa: T201
        run_command(command)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_has_a_known_language(document: str) -> None:
    found = blocks((ROOT / document).read_text())
    unknown = [f"line {block.line}: {block.language}" for block in found if not known(block)]
    assert not unknown


def known(block: Block) -> bool:
    return block.marked or block.language in (*RUN, *SHOWN)


@pytest.mark.usefixtures("without_type_checks")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("document", [one for one in DOCUMENTS if "\n```" in (ROOT / one).read_text()])
def test_the_examples_run(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, preset in list(PRESETS.items()):
        monkeypatch.setitem(PRESETS, name, {**preset, "max_epochs": 1, "steps_per_epoch": 2})
    names: dict[str, Any] = {"__name__": "document"}
    for block in blocks((ROOT / document).read_text()):
        if block.language in RUN and not block.marked:
            run_block(block, names)


def test_a_failing_example_is_noticed() -> None:
    first, second = blocks("```python\nassert 0\n```\n<!-- not run: needs a GPU -->\n```python\nx\n```\n")
    assert (first.marked, second.marked, first.line, second.line) == (False, True, 1, 5)
    with pytest.raises(AssertionError):
        run_block(first, {})
    with pytest.raises(AssertionError, match="mark the block"):
        run_block(Block("console", 1, "$ curl example.org", marked=False), {})
    with pytest.raises(AssertionError, match="mark the block"):
        run_block(Block("console", 1, "make test   # slow\npip install recurra", marked=False), {})
    with pytest.raises(AssertionError):
        run_block(Block("console", 1, "$ recurra nothing", marked=False), {})


def modules() -> list[str]:
    return ["recurra", *(each.name for each in pkgutil.walk_packages(recurra.__path__, "recurra."))]


@pytest.mark.parametrize("name", modules())
def test_the_examples_of_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(importlib.import_module(name), optionflags=flags).failed == 0
