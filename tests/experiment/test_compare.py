"""Comparisons: fair, resumable, and honest about what was left out."""

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from tests.cli.program import call, start
from tests.cli.test_interruption import wait_until

import recurra
from recurra.errors import ConfigError
from recurra.experiment import compare as comparing
from recurra.experiment.budget import Budget, Deadline, parse_budget
from recurra.experiment.comparison import COMPARISON_FILE, VERSION, ComparisonRecord, RunRecord, Spread
from recurra.experiment.contestant import named
from recurra.experiment.measurement import step_seconds
from recurra.files import read_document
from recurra.report.page import REPORT_FILE
from recurra.streaming import PROGRAM, Affine, Program
from recurra.tasks.registry import entry

TINY = {"hidden_size": 5, "max_epochs": 2, "batch_size": 16, "device": "cpu"}
PAIRS = [f"{key}={value}" for key, value in TINY.items()]


@pytest.fixture(scope="module")
def series(tmp_path_factory) -> Path:
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "series.jsonl"
    rows = [random.normal(size=int(random.integers(3, 9))).round(3).tolist() for _ in range(60)]
    lines = [json.dumps({"value": row, "label": "up" if sum(row) > 0 else "down"}) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def compared(series: Path, tmp_path_factory) -> comparing.Compared:
    folder = tmp_path_factory.mktemp("compared") / "nets"
    return recurra.compare(
        "classify", series, folder, models=["lstm", "tcn"], seeds=2, show_progress=False, **TINY
    )


def test_every_net_is_scored_on_the_same_part_from_every_seed(compared) -> None:
    record = compared.record
    assert [one.name for one in record.models] == ["lstm", "convolutional"]
    for net in record.models:
        assert [run.seed for run in net.runs] == [0, 1]
        assert all(np.isfinite(run.scores["accuracy"]) for run in net.runs)
        assert net.runs[0].scores["log_loss"] != net.runs[1].scores["log_loss"]
        assert net.over_seeds("sequence_seconds").mean > 0
    lstm, convolutional = record.models
    assert (lstm.over_seeds("step_seconds").mean or 1) < 1  # it streams, where the engine was built
    assert convolutional.over_seeds("step_seconds").mean is None
    folders = [compared.folder / run.folder for net in record.models for run in net.runs]
    parts = {json.loads((one / "metrics.json").read_text())["judged"] for one in folders}
    majority = {
        model["scores"]["log_loss"]
        for one in folders
        for model in json.loads((one / "metrics.json").read_text())["models"]
        if model["kind"] == "naive"
    }
    assert len(parts) == len(majority) == 1  # so they are the same rows
    assert {one.kind for one in record.baselines} == {"naive", "linear"}
    written = read_document(compared.folder / COMPARISON_FILE, version=VERSION)
    assert ComparisonRecord.model_validate(written) == record


def test_the_page_draws_spread_and_learning(compared) -> None:
    page = (compared.folder / REPORT_FILE).read_text()
    for text in ("2 nets", "Scores and their spread", "All numbers", "by epoch", "by time of training"):
        assert text in page
    assert "<script" not in page


def test_what_is_whole_is_not_trained_again_and_seeds_can_be_added(
    compared, series: Path, monkeypatch, tmp_path
) -> None:
    trained = []
    train = comparing.train

    def counting(task, source, settings, folder, **options):
        trained.append(folder.name)
        return train(task, source, settings, folder, **options)

    monkeypatch.setattr(comparing, "train", counting)
    folder = shutil.copytree(compared.folder, tmp_path / "nets")  # other tests read the first
    options = {"models": ["lstm", "tcn"], "show_progress": False, **TINY}
    again = recurra.compare("classify", series, folder, seeds=2, resume=True, **options)
    assert not trained
    assert again.record.models == compared.record.models
    more = recurra.compare("classify", series, folder, seeds=3, resume=True, **options)
    assert trained == ["lstm-seed2", "convolutional-seed2"]
    assert [run.seed for run in more.record.models[0].runs] == [0, 1, 2]
    with pytest.raises(ConfigError, match="hidden_size"):
        recurra.compare("classify", series, folder, seeds=3, resume=True, **{**options, "hidden_size": 6})
    with pytest.raises(ConfigError, match="holds a comparison"):
        recurra.compare("classify", series, folder, **options)


def test_a_killed_comparison_goes_on_with_the_run_that_had_begun(capsys, series: Path, tmp_path) -> None:
    out = tmp_path / "nets"
    pairs = [one for one in PAIRS if not one.startswith("max_epochs")] + ["max_epochs=12"]
    words = ["compare", "classify", series, "--models", "elman,gru", "--seeds", 2, "--out", out, *pairs]
    with start(*words, "--quiet", cwd=tmp_path) as process:
        wait_until(lambda: len(list(out.glob("elman-seed1/checkpoints/*"))) > 0, process)
        process.send_signal(signal.SIGKILL)
    first = (out / "elman-seed0" / "model.safetensors").stat()
    assert not (out / "compare.json").exists()
    outcome = call(capsys, "compare", "classify", "--out", out, "--resume", "--quiet", "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert [[run["epochs"] for run in net["runs"]] for net in found["models"]] == [[12, 12], [12, 12]]
    assert (out / "elman-seed0" / "model.safetensors").stat().st_mtime_ns == first.st_mtime_ns
    assert "seeds 2 --out" in found["command"]
    table = call(capsys, "compare", "classify", "--out", out, "--resume", "--quiet").out
    assert "is best by accuracy" in table
    other = call(capsys, "compare", "tag", "--out", out, "--resume")
    assert (other.code, "recurra compare classify" in other.err) == (2, True)


def test_what_a_task_or_the_data_do_not_allow_is_left_out_with_a_note(capsys, tmp_path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("the cat sat on the mat. " * 40)
    small = ["hidden_size=5", "max_epochs=1", "ngram_order=1", "device=cpu", "--seeds", 1, "--quiet"]
    words = ["compare", "language", book, "--models", "gru,bilstm,tcn", "--out", tmp_path / "nets", *small]
    outcome = call(capsys, *words, "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert [one["name"] for one in found["models"]] == ["gru"]
    assert [one.split()[0] for one in found["notes"]] == ["bilstm", "convolutional"]
    nothing = call(capsys, "compare", "classify", "sample:iris", "--models", "lstm", "--out", tmp_path / "no")
    assert nothing.code == 2
    assert "without time" in nothing.err
    assert not (tmp_path / "no").exists()


def test_a_net_that_diverges_is_told_and_the_others_go_on(series: Path, tmp_path, monkeypatch) -> None:
    told = []
    train = comparing.train

    def diverging(task, source, settings, folder, **options):
        if folder.name == "elman-seed1":
            folder.mkdir()
            raise recurra.errors.NonFiniteError("the loss is nan", "a number", "Lower learning_rate.")
        return train(task, source, settings, folder, **options)

    monkeypatch.setattr(comparing, "train", diverging)
    found = comparing.compare(
        entry("classify").load("task"),
        series,
        TINY,
        tmp_path / "nets",
        models=["elman"],
        seeds=2,
        show_progress=False,
        tell=told.append,
    )
    runs = found.record.models[0].runs
    assert runs[1].failed == "diverged: the loss is nan"
    assert len(found.record.models[0].spread("accuracy").values) == 1
    assert any("diverged" in one for one in told)
    assert "1 of 2 seeds have no net" in (found.folder / REPORT_FILE).read_text()


def test_diagnosis_has_its_columns(compared) -> None:
    lstm, convolutional = compared.record.models
    for name in ("Gradient half-life", "Memory"):
        assert 0 <= lstm.measurement(name).mean <= 8  # steps of the longest row
        assert convolutional.measurement(name).mean is None
        assert name in (compared.folder / REPORT_FILE).read_text()


def test_names_of_models() -> None:
    found = named(["lstm", "bi-gru", "TCN", "feedforward", "lstm"])
    assert list(found) == ["lstm", "bigru", "convolutional", "feed_forward"]
    assert found["bigru"] == {"cell": "gru", "bidirectional": True}
    with pytest.raises(ConfigError, match=r"elman, .*convolutional.*'lstm'"):
        named(["lstn"])
    with pytest.raises(ConfigError, match="no models"):
        named([])


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        (None, (None, None)),
        ("90s", (90, None)),
        ("1h30m", (5400, None)),
        ("10min", (600, None)),
        ("parameters=50k", (None, 50_000)),
        ("2m, parameters=1000", (120, 1000)),
    ],
)
def test_budgets_as_they_are_typed(text, budget) -> None:
    assert parse_budget(text) == budget
    assert parse_budget(Budget(*budget).typed) == budget


@pytest.mark.parametrize("text", ["10", "1h2", "m", "0s", "parameters=many", "params=5", "parameters=0"])
def test_other_budgets_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--budget is"):
        parse_budget(text)


def test_a_budget_of_parameters_makes_nets_of_one_size(series: Path, tmp_path) -> None:
    options = {"seeds": 1, "show_progress": False, **TINY}
    found = recurra.compare(
        "classify", series, tmp_path / "nets", models=["elman", "lstm", "tcn"],
        budget="parameters=2000", **options,
    )  # fmt: skip
    sizes = [one.over_seeds("parameters").mean for one in found.record.models]
    assert all(abs(size - 2000) < 200 for size in sizes)
    assert len({one.hidden_size for one in found.record.models}) == 3
    with pytest.raises(ConfigError, match="hidden_size=1"):
        recurra.compare(
            "classify", series, tmp_path / "no", models=["lstm"], budget="parameters=9", **options
        )


def test_a_budget_of_time_gives_as_many_epochs_as_fit(series: Path, tmp_path) -> None:
    options = {"seeds": 1, "show_progress": False, **TINY}
    found = recurra.compare("classify", series, tmp_path / "nets", models=["gru"], budget="1s", **options)
    net = found.record.models[0]
    assert net.max_epochs > 2
    assert 1 <= net.runs[0].epochs <= net.max_epochs
    with pytest.raises(ConfigError, match=r"or more, which one epoch takes"):
        recurra.compare("classify", series, tmp_path / "no", models=["gru"], budget="0.0001s", **options)


def test_a_deadline_counts_the_epochs_of_a_run_that_goes_on(tmp_path) -> None:
    lines = [{"kind": "epoch", "epoch": number, "seconds": 3.0} for number in range(2)]
    written = "\n".join(json.dumps(one) for one in [{"kind": "step", "epoch": 0}, *lines])
    (tmp_path / "history.jsonl").write_text(written + '\n{"kind": "epo')
    deadline = Deadline(10.0, tmp_path)
    assert deadline.on_epoch({"epoch": 1, "seconds": 3.0}) is False  # the one that is done again
    assert deadline.on_epoch({"epoch": 2, "seconds": 3.0}) is True
    assert Deadline(10.0, tmp_path / "new").on_epoch({"epoch": 0, "seconds": 4.0}) is False


def test_settings_that_names_of_models_stand_for_are_refused(series: Path, tmp_path) -> None:
    with pytest.raises(ConfigError, match="cell=gru beside models"):
        recurra.compare("classify", series, tmp_path / "nets", cell="gru")
    with pytest.raises(ConfigError, match="Leave test_size out"):
        recurra.compare("classify", series, tmp_path / "nets", models=["gru"], test_size=0)


def test_the_spread_of_too_little_is_not_defined() -> None:
    assert Spread().mean is None
    assert Spread(values=[2.0]).deviation is None
    assert Spread(values=[1.0, 3.0]).deviation == pytest.approx(2**0.5)
    assert RunRecord(seed=0, folder="a", scores={"x": float("nan")}).scores == {"x": None}


def test_a_step_is_not_told_without_the_convolutions_before_it(tmp_path: Path) -> None:
    layers = [Affine(np.ones((2, 3), np.float32))]
    Program(layers).save(tmp_path / "plain" / PROGRAM)
    Program(layers, arrays={"front.0.bias": np.ones(4, np.float32)}).save(tmp_path / "front" / PROGRAM)
    assert (step_seconds(tmp_path / "plain") or 0) > 0
    assert step_seconds(tmp_path / "front") is None
    assert step_seconds(tmp_path) is None
