"""A task and an input from outside the package: one file and one row each, and every command works."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import pytest
from tests.cli.program import call, listing
from tests.experiment.toy_input import TOY as TOY_INPUT
from tests.experiment.toy_task import LABELLING, TOY

from recurra.config import Config, Option
from recurra.errors import ConfigError
from recurra.experiment.config import TaskConfig
from recurra.experiment.run import train
from recurra.inputs import registry as inputs
from recurra.metrics.metric import Metric
from recurra.tasks import registry as tasks

HERE = Path(__file__).parent
MOST_LINES = 60  # that are not blank


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    rows = [random.normal(loc=sign, size=int(random.integers(3, 9))) for sign in random.choice([-1, 1], 80)]
    path = tmp_path / "data.numbers"
    path.write_text("".join(f"{' '.join(f'{x:.3f}' for x in row)} {np.sign(row.mean()):g}\n" for row in rows))
    return path


@pytest.fixture
def registered(monkeypatch):
    for registry in (inputs, tasks):
        monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))
    home = "tests.experiment.toy_input"
    inputs.register(
        inputs.Entry(name="numbers", input=f"{home}:TOY", config=f"{home}:ToyConfig", live=f"{home}:LiveToy")
    )
    entry = tasks.Entry(
        name="sign",
        about="Tell the sign of sequences.",
        examples=("recurra train sign FILE",),
        config="recurra.experiment.config:TaskConfig",
        answer="recurra.config:Config",
        task="tests.experiment.toy_task:TOY",
        live="tests.experiment.toy_live:LiveSign",
    )
    tasks.register(entry)


def test_they_train_evaluate_predict_report_and_stream(
    capsys, monkeypatch, registered, numbers: Path, tmp_path: Path
) -> None:
    run = str(tmp_path / "run")
    options = ("divisor=2.0", "hidden_size=8", "max_epochs=15", "learning_rate=1e-2", "--quiet", "--json")
    outcome = call(capsys, "train", "sign", str(numbers), *options, "--out", run)
    assert outcome.code == 0, outcome.err
    scores = {model["name"]: model["scores"]["accuracy"] for model in json.loads(outcome.out)["models"]}
    assert set(scores) == {"recurra", "feed_forward", "convolutional", "never"}
    assert scores["recurra"] > max(scores["never"], 0.8)
    assert call(capsys, "evaluate", run, str(numbers)).code == 0
    told = call(capsys, "predict", run, str(numbers)).out.splitlines()
    assert told[0] == "truth,above"
    assert len(told) == 81
    assert "Nothing more" in (tmp_path / "run" / "report.html").read_text()
    assert "divisor=1.0" in call(capsys, "train", "sign", "--help").out

    steps = numbers.read_text().split("\n")[0].split()[:-1]
    streamed = streamed_by(capsys, monkeypatch, run, "".join(f'{{"number": {step}}}\n' for step in steps))
    assert len(streamed) == len(steps)
    assert str(streamed[-1]["above"]).lower() == told[1].split(",")[1]


def test_a_task_of_ours_takes_the_input_by_its_row_alone(
    capsys, registered, numbers: Path, tmp_path: Path
) -> None:
    run = str(tmp_path / "run")
    options = ("divisor=2.0", "hidden_size=8", "max_epochs=2", "baselines=", "--quiet")
    assert call(capsys, "train", "classify", str(numbers), *options, "--out", run).code == 0
    assert "input: numbers" in (tmp_path / "run" / "config.yaml").read_text()
    told = call(capsys, "predict", run, str(numbers)).out.splitlines()
    assert told[0] == "truth,prediction,p_-1,p_1"
    assert "divisor=1.0" in call(capsys, "train", "classify", "--help").out
    assert call(capsys, "train", "classify", str(numbers), "input=numbers", *options).code == 0


def test_an_input_that_does_not_give_what_a_task_needs_is_refused(capsys, tmp_path: Path) -> None:
    outcome = call(capsys, "train", "tag", "sample:python", "input=table")
    assert outcome.code == 2
    assert "input is 'table', which gives no steps; expected auto or one of series, text" in outcome.err
    assert "columns=" in call(capsys, "train", "classify", "--help").out


@pytest.mark.parametrize("option", ["cell=lsmt", "residual=true"])
def test_a_net_that_cannot_be_made_leaves_no_folder_and_an_old_run_as_it_was(
    capsys, registered, numbers: Path, tmp_path: Path, option: str
) -> None:
    run = tmp_path / "run"
    command = ("train", "sign", str(numbers), "hidden_size=8", "max_epochs=1", "--quiet")
    assert call(capsys, *command, option, "--out", str(run)).code == 2
    assert not run.exists()
    assert call(capsys, *command, "--out", str(run)).code == 0
    before = listing(run)
    assert call(capsys, *command, option, "--out", str(run), "--overwrite").code == 2
    assert listing(run) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": lambda schema, part, told: {"hits": 1.0}}, "no metric is named 'hits'"),
        ({"columns": ("acuracy",)}, "no metric is named 'acuracy'; expected a known one, such as accuracy"),
    ],
)
def test_mistakes_in_its_scores_are_told_before_anything_trains(
    registered, numbers: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    task = dataclasses.replace(TOY, **change)
    with pytest.raises(ConfigError, match=message):
        train(task, numbers, {"hidden_size": 8, "max_epochs": 1}, tmp_path / "run", show_progress=False)
    assert not (tmp_path / "run").exists()


def test_it_may_have_metrics_of_its_own_and_watch_them(registered, numbers: Path, tmp_path: Path) -> None:
    hits = Metric("hits", "Hits", "how many are right", "high", unit="count")
    labelling = dataclasses.replace(LABELLING, metrics=lambda _: ("hits",), own_metrics=(hits,))
    task = dataclasses.replace(
        TOY,
        prepare=labelling.prepare,
        metrics=(hits,),
        score=lambda schema, part, told: {"hits": float(np.sum(np.array(told) == np.array(part.known())))},
    )
    settings = {"hidden_size": 8, "max_epochs": 1, "baselines": (), "monitor": "valid_hits"}
    metrics = train(task, numbers, settings, tmp_path / "run", show_progress=False).metrics
    assert metrics.metrics[0].label == "Hits"
    assert "monitor_mode: max" in (tmp_path / "run" / "config.yaml").read_text()


def streamed_by(capsys, monkeypatch, run: str, text: str) -> list[dict[str, object]]:
    read, write = os.pipe()
    os.write(write, text.encode())
    os.close(write)
    with os.fdopen(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        outcome = call(capsys, "stream", run)
    assert outcome.code == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


@pytest.mark.parametrize("name", ["toy_input.py", "toy_task.py", "toy_live.py"])
def test_they_stay_small(name: str) -> None:
    assert len([line for line in (HERE / name).read_text().splitlines() if line.strip()]) <= MOST_LINES


class LengthAnswer(Config):
    """How much is told.

    Attributes:
        most: How many rows at most.
    """

    most: Annotated[int, Option("ROWS", "--at-most")] = 1000


class CountConfig(TaskConfig):
    """Attributes:
    classes: How many there are.
    folds: How many parts.
    """

    classes: Annotated[int, Option("NUMBER")]
    folds: int


def test_its_answers_may_have_options_of_their_own_on_the_command_line(
    capsys, registered, numbers: Path, tmp_path: Path, monkeypatch
) -> None:
    run = str(tmp_path / "run")
    options = ("hidden_size=8", "max_epochs=1", "baselines=", "--quiet", "--out", run)
    assert call(capsys, "train", "sign", str(numbers), *options).code == 0
    task = dataclasses.replace(
        TOY,
        answer_config=LengthAnswer,
        write=lambda fitted, part, told, options: pl.DataFrame({"above": told[: options.most]}),
    )
    monkeypatch.setattr("tests.experiment.toy_task.TOY", task)
    entry = dataclasses.replace(tasks.entry("sign"), answer=f"{__name__}:LengthAnswer")
    tasks.register(entry)
    assert "--at-most ROWS " in call(capsys, "predict", "--help").out
    assert "Of sign: how many rows at most." in call(capsys, "predict", "--help").out
    told = call(capsys, "predict", run, str(numbers), "--at-most", "2")
    assert len(told.out.splitlines()) == 3
    wrong = call(capsys, "predict", run, str(numbers), "--at-most", "few")
    assert "--at-most is 'few'" in wrong.err
    other = call(capsys, "predict", run, str(numbers), "--level", "80")
    assert "--level for a run of task sign; expected an option of its answers: --at-most" in other.err


def test_a_setting_that_must_be_given_is_asked_for(capsys, registered, numbers: Path) -> None:
    tasks.register(dataclasses.replace(tasks.entry("sign"), config=f"{__name__}:CountConfig"))
    assert "Add --classes NUMBER." in call(capsys, "train", "sign", str(numbers)).err
    assert "Add folds=VALUE." in call(capsys, "train", "sign", str(numbers), "--classes", "3").err


def test_what_was_put_right_in_new_data_is_said(
    capsys, registered, numbers: Path, tmp_path: Path, monkeypatch
) -> None:
    run = str(tmp_path / "run")
    options = ("hidden_size=8", "max_epochs=1", "baselines=", "--quiet", "--out", run)
    assert call(capsys, "train", "sign", str(numbers), *options).code == 0

    def read(source, config, keep):
        return dataclasses.replace(TOY_INPUT.read(source, config, keep), repairs=("left out 2 blank lines",))

    monkeypatch.setattr("tests.experiment.toy_input.TOY", dataclasses.replace(TOY_INPUT, read=read))
    assert call(capsys, "predict", run, str(numbers)).err == "note: left out 2 blank lines\n"
