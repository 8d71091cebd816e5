import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.program import call, environment, run, start

import recurra
from recurra import native
from recurra.cli import app as application
from recurra.errors import NonFiniteError, RecurraError, StorageError


def test_both_ways_to_start_it_are_the_same_program(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("recurra")
    direct = subprocess.run(
        [script, "--version"], check=True, capture_output=True, text=True, env=environment()
    )
    assert run("--version", cwd=tmp_path) == (0, direct.stdout, "")
    assert direct.stdout == f"recurra {recurra.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "no such command 'trian'. Did you mean 'train'; expected one of"),
        (["train"], "missing command; expected one of forecast"),
        (["train", "divine", "x"], "no such command 'divine'; expected one of forecast"),
        (["evaluate"], "missing argument 'RUN'; expected recurra evaluate RUN [DATA] [OPTIONS]"),
        (["info", "--verbose"], "no such option: --verbose; expected recurra info [OPTIONS]"),
        (["predict", "run", "--level"], "option '--level' requires an argument; expected"),
        (
            ["evaluate", "a", "b", "c"],
            "got unexpected extra argument(s) (c); expected recurra evaluate RUN [DATA]",
        ),
    ],
)
def test_a_wrong_call_is_answered_by_how_to_call_it(capsys, arguments: list[str], message: str) -> None:
    outcome = call(capsys, *arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith(f"error: {message}")
    assert re.search(r"See: recurra.* --help\n$", outcome.err)


@pytest.mark.parametrize(
    ("error", "code"),
    [(StorageError("a is full", "space", "Make some."), 1), (NonFiniteError("x", "y", "Z."), 1)],
)
def test_failures_that_nobody_made_by_mistake_exit_with_1(
    capsys, monkeypatch, error: RecurraError, code: int
) -> None:
    def fail(_command: object) -> None:
        raise error

    monkeypatch.setattr(application.typer.main, "get_command", fail)
    monkeypatch.setattr(application, "_run", lambda arguments: application._fail(error, arguments))
    outcome = call(capsys, "info", "--json")
    assert outcome.code == code
    assert outcome.err == f"error: {error.got}; expected {error.expected}.\n       {error.remedy}\n"
    assert json.loads(outcome.out)["error"] == {
        "kind": type(error).__name__,
        "message": str(error),
        "got": error.got,
        "expected": error.expected,
        "remedy": error.remedy,
        "exit_code": code,
    }


def test_info_says_what_runs_without_torch(capsys, monkeypatch) -> None:
    monkeypatch.setattr("recurra.cli.info.find_spec", lambda _name: None)
    facts = json.loads(call(capsys, "info", "--json").out)
    assert (facts["threads"], facts["weights"]) == (None, {})
    assert list(facts["backends"]) == ["native"]
    assert ("is not installed" in facts["backends"]["native"]) == (native.unavailable_reason() is None)
    assert "\nthreads" not in call(capsys, "info").out


def test_info_says_what_runs_and_why(capsys) -> None:
    outcome = call(capsys, "info", "--json")
    facts = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert facts["recurra"] == recurra.__version__
    assert set(facts["libraries"]) >= {"torch", "numpy", "polars"}
    assert list(facts["backends"]) == ["native", "torch", "reference"]
    assert all("used" in reason for reason in facts["backends"].values())
    assert facts["devices"][0] == "cpu"
    assert facts["engine"] == {
        "instruction_set": native.instruction_set(),
        "instruction_sets": list(native.instruction_sets()),
        "chosen_by": native.chosen_by(),
    }
    assert facts["threads"] >= 1
    plain = call(capsys, "info")
    assert f"recurra      {recurra.__version__}\n" in plain.out
    assert all(reason in plain.out for reason in facts["backends"].values())
    assert list(facts["weights"]) == ["float32", "float64", "bfloat16", "float16"]
    assert all(reason in plain.out for reason in facts["weights"].values())
    assert ("\nengine " in plain.out) == (native.unavailable_reason() is None)


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    with start("train", "forecast", "--help", cwd=tmp_path, PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) in (0, 141)


def test_warnings_are_messages(capsys, monkeypatch) -> None:
    def warn(_arguments: list[str]) -> int:
        application.warnings.warn("this is slow", UserWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(application, "_run", warn)
    with application.warnings.catch_warnings():
        application.warnings.simplefilter("always")
        assert call(capsys, "info").err == "warning: this is slow\n"


def test_letters_that_the_terminal_lacks_are_no_reason_to_fail(monkeypatch, finished: Path) -> None:
    content = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(content, encoding="ascii"))
    assert application.main(["evaluate", str(finished)]) == 0
    assert b"MASE" in content.getvalue()
