"""`recurra generate`: what is made, printed, streamed and refused."""

import io
import json
from pathlib import Path

import pytest
from tests.cli.program import call, run

from recurra.cli import generate
from recurra.experiment.run import train
from recurra.files import write_document
from recurra.tasks.language.task import LANGUAGE

TEXT = "the cat sat on the mat. a dog lay by the log.\n"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learnt a line."""
    folder = tmp_path_factory.mktemp("language") / "book"
    options = {"hidden_size": 16, "num_layers": 1, "max_epochs": 6, "batch_size": 4, "sequence_length": 16}
    train(LANGUAGE, [TEXT * 30], {**options, "learning_rate": 2e-2, "ngram_order": 3}, folder)
    return folder


def test_the_same_seed_makes_the_same_on_every_road(
    book: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ("generate", book, "--prompt", "the ", "--length", 30, "--seed", 3, "top_p=0.9")
    plain = call(capsys, *asked)
    assert plain.code == 0
    assert plain.out.startswith("the ")
    assert len(plain.out) == len("the ") + 30 + 1
    assert call(capsys, *asked, "--stream").out == plain.out
    told = json.loads(call(capsys, *asked, "--json", "--samples", 2).out)
    assert "the " + told["made"][0]["text"] + "\n" == plain.out
    assert [one["seed"] for one in told["made"]] == [3, 4]
    assert told["options"]["top_p"] == 0.9
    written = call(capsys, *asked, "-o", tmp_path / "made.txt")
    assert written.out == ""
    assert (tmp_path / "made.txt").read_text() == plain.out
    greedy = call(capsys, "generate", book, "--temperature", 0, "--length", 30)
    assert greedy.out == call(capsys, "generate", book, "--temperature", 0, "--length", 30, "--seed", 9).out


def test_it_ends_when_nobody_reads_on(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def closed(text: str) -> None:
        made.append(text)
        if len(made) > 20:
            raise BrokenPipeError

    monkeypatch.setattr(generate, "_write", closed)
    with pytest.raises(BrokenPipeError):
        generate.generate(book, length="100000000")
    assert len(made) == 21


def test_samples_stand_apart(book: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ("generate", book, "--length", 20, "--samples", 3)
    shown = call(capsys, *asked).out
    assert shown == call(capsys, *asked, "--stream").out
    call(capsys, *asked, "-o", tmp_path / "made.txt")
    assert (tmp_path / "made.txt").read_text() == shown


def test_it_needs_no_torch(book: Path, tmp_path: Path) -> None:
    """In a process of its own, where torch cannot be imported."""
    (tmp_path / "torch.py").write_text("raise ImportError('torch is not wanted here')")
    made = run("generate", book, "--length", 20, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert made.code == 0, made.err
    assert len(made.out) == 21


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--prompt", "the Ω"), "'Ω', which the net does not know"),
        (("--temperature", "-1"), "temperature is '-1'"),
        (("--top-p", "0"), "top_p is '0'"),
        (("topp=0.5",), "unknown setting 'topp'"),
        (("--stream", "--json"), "--stream with --json"),
        (("--length", "none"), "length is"),
    ],
)
def test_wrong_options_are_told(
    book: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], complaint: str
) -> None:
    told = call(capsys, "generate", book, *arguments)
    assert told.code == 2
    assert complaint in told.err
    assert "Traceback" not in told.err


def test_a_prompt_that_is_no_text_is_told(
    book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"MThd\xff\xfe"), encoding="utf-8"))
    told = call(capsys, "generate", book, "--prompt", "-")
    assert told.code == 2
    assert "a prompt on stdin that is no text" in told.err


def test_a_run_that_makes_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_document(tmp_path / "config.json", {"task": "tag"}, version=1)
    told = call(capsys, "generate", tmp_path)
    assert told.code == 2
    assert "one of task language" in told.err
