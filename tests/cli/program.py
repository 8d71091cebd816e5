"""Running the command line: in this process for many cases, in one of its own for what only that can show."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from recurra.cli.app import main
from recurra.data.reader import standard_input


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """Run the program in this process."""
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    return Outcome(code, *capsys.readouterr())


def environment(**more: str) -> dict[str, str]:
    """Of a process: one thread, no colour that the machine asks for."""
    inherited = {
        key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")
    }
    return {**inherited, "OMP_NUM_THREADS": "1", **more}


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """What the program, run in this process, reads from standard input."""
    standard_input.cache_clear()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def start(*arguments: object, cwd: Path, **more: str) -> subprocess.Popen[str]:
    """Start the program in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "recurra", *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: object, cwd: Path, **more: str) -> Outcome:
    """Run the program in a process of its own."""
    with start(*arguments, cwd=cwd, **more) as process:
        out, err = process.communicate(timeout=120)
    return Outcome(process.returncode, out, err)


def listing(folder: Path) -> Mapping[str, bytes]:
    """Every file under a folder, hidden ones included, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
