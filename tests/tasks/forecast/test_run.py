import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from tests.tasks.forecast.example import hourly

from recurra.errors import ConfigError, DamagedError, DataError, UsageError
from recurra.experiment import run as run_module
from recurra.experiment import written
from recurra.experiment.run import Summary, evaluate, told_by, train, write_evaluation
from recurra.files import read_document
from recurra.inputs.series.window import WindowSource
from recurra.metrics.forecast_baseline import BASELINES
from recurra.tasks.forecast.baseline import RIDGE
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.task import FORECAST

SETTINGS: dict[str, Any] = {
    "horizon": 3, "max_epochs": 2, "steps_per_epoch": 3, "batch_size": 8, "hidden_size": 4, "log_every": 1,
    "checkpoint_every": 2, "baselines": ("convolutional",), "season_length": 6, "device": "cpu",
}  # fmt: skip
FILES = {
    "config.yaml", "config.json", "model.safetensors", "recent.parquet", "history.jsonl", "metrics.json",
    "sections.json", "report.html", "checkpoints", "manifest.json", "baselines",
}  # fmt: skip
TIMED = {"seconds", "finished", "steps_per_second", "items_per_second"}


def table(folder: Path) -> Path:
    path = folder / "table.parquet"
    hourly({"a": 60, "b": 45}).write_parquet(path)
    return path


def begin(
    source: Path, out: Path, *, overwrite: bool = False, resume: bool = False, **settings: Any
) -> Summary:
    return train(
        FORECAST,
        str(source),
        {**SETTINGS, **settings},
        out,
        overwrite=overwrite,
        resume=resume,
        show_progress=False,
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def finished(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; to be looked at only."""
    return begin(source, tmp_path_factory.mktemp("runs") / "run").folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.fixture(autouse=True)
def _quick_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than all the rest; the finished run has a true report."""
    monkeypatch.setattr(run_module, "write_report", lambda out: (out / "report.html").write_text("<html>"))


def untimed(value: Any) -> Any:
    """A document without what differs from one time to the next."""
    if isinstance(value, dict):
        return {key: untimed(item) for key, item in value.items() if key not in TIMED}
    return [untimed(item) for item in value] if isinstance(value, list) else value


def same_results(one: Path, other: Path) -> None:
    """The same bits of the model, and the same records."""
    assert {path.name for path in one.iterdir()} == {path.name for path in other.iterdir()}
    for name in ("config.yaml", "config.json", "model.safetensors", "recent.parquet", "sections.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    for name in ("history.jsonl", "baselines/convolutional/history.jsonl"):
        first, second = (
            [json.loads(line) for line in (run / name).read_text().splitlines()] for run in (one, other)
        )
        assert untimed(first) == untimed(second), name
    documents = [read_document(run / "metrics.json", version=1) for run in (one, other)]
    assert untimed(documents[0]) == untimed(documents[1])


class TestFolder:
    def test_it_holds_everything(self, finished: Path, source: Path):
        assert {path.name for path in finished.iterdir()} == FILES
        settings = yaml.safe_load((finished / "config.yaml").read_text())
        assert settings["task"] == "forecast"
        assert settings["data"] == str(source)
        assert "auto" not in (settings["context"], settings["frequency"], settings["target"])
        kinds = [json.loads(line)["kind"] for line in (finished / "history.jsonl").read_text().splitlines()]
        assert kinds == ["step", "step", "step", "epoch"] * 2
        assert "<html" in (finished / "report.html").read_text()

    def test_scores_stand_beside_all_baselines(self, finished: Path):
        metrics = evaluate(FORECAST, finished, None)
        assert [model.name for model in metrics.models] == ["recurra", "convolutional", *BASELINES, RIDGE]
        for model in metrics.models:
            assert {"mae", "rmse", "mase", "smape"} <= set(model.scores)
        assert {"wql", "coverage_80", "coverage_95"} <= set(metrics.models[0].scores)
        for trained in metrics.models[:2]:
            assert trained.parameters
            assert trained.seconds
        assert ("Series", "2") in metrics.data.facts
        assert [row["group"] for row in metrics.per_group["recurra"]] == ["a", "b"]

    def test_recorded_scores_are_those_on_the_same_data(self, finished: Path, source: Path):
        recorded, again = evaluate(FORECAST, finished, None), evaluate(FORECAST, finished, str(source))
        before = {model.name: model.scores for model in recorded.models}
        after = {model.name: model.scores for model in again.models}
        assert set(after) == set(before) == {"recurra", "convolutional", *BASELINES, RIDGE}
        for name, scores in after.items():
            assert scores == pytest.approx(before[name], rel=1e-6), name
        renamed = [(name.replace("Test", "Scored"), text) for name, text in recorded.data.facts]
        assert again.data.facts == renamed
        assert recorded.judged == f"{again.judged} in the test part"

    def test_a_page_about_other_data_has_the_rivals_and_goes_on_from_them(
        self, finished: Path, source: Path, tmp_path: Path
    ):
        page = tmp_path / "2025.html"
        metrics = write_evaluation(FORECAST, finished, str(source), page, "recurra evaluate ...")
        assert {model.name for model in metrics.models} == {"recurra", "convolutional", *BASELINES, RIDGE}
        text = page.read_text()
        for shown in ("What comes next", "Convolutional net", "recurra evaluate ...", "Scored part"):
            assert shown in text
        write_evaluation(FORECAST, finished, None, page, None)
        assert "Test part" in page.read_text()

    def test_the_model_in_it_is_that_of_the_library(self, finished: Path, source: Path):
        forecaster = Forecaster(**SETTINGS).fit(str(source))
        assert told_by(FORECAST, finished, None, {}).frame.equals(forecaster.predict())
        assert Forecaster.load(finished).predict().equals(forecaster.predict())

    def test_forecasts_go_on_from_other_data(self, finished: Path, tmp_path: Path):
        hourly({"new": 40}).write_csv(tmp_path / "new.csv")
        forecast = told_by(FORECAST, finished, str(tmp_path / "new.csv"), {"level": (50,)}).frame
        assert forecast.columns == ["unique_id", "ds", "forecast", "forecast-lo-50", "forecast-hi-50"]
        assert forecast.height == 3

    def test_a_constant_series_is_scored_too(self, tmp_path: Path):
        pl.DataFrame({"ds": range(60), "y": [2.0] * 60}).write_csv(tmp_path / "flat.csv")
        metrics = begin(tmp_path / "flat.csv", tmp_path / "run", baselines=()).metrics
        assert metrics is not None
        assert metrics.models[0].scores["mase"] is None
        assert metrics.models[0].scores["mae"] is not None

    @pytest.mark.parametrize("name", sorted(FILES - {"report.html", "checkpoints", "baselines"}))
    @pytest.mark.parametrize(
        "use", [lambda run: evaluate(FORECAST, run, None), lambda run: told_by(FORECAST, run, None, {})]
    )
    def test_damage_to_any_file_is_found(self, run: Path, name: str, use: Callable[[Path], Any]):
        content = (run / name).read_bytes()
        for damaged in (content[: len(content) // 2], content[:-9] + b"." + content[-8:]):
            (run / name).write_bytes(damaged)
            with pytest.raises(DamagedError, match=name):
                use(run)
        (run / name).unlink()
        with pytest.raises(DamagedError):
            use(run)


class TestPlace:
    def test_a_run_is_never_overwritten_unasked(self, run: Path, source: Path):
        before = (run / "model.safetensors").read_bytes()
        with pytest.raises(ConfigError, match="--overwrite"):
            begin(source, run)
        assert (run / "model.safetensors").read_bytes() == before
        begin(source, run, overwrite=True, seed=1, baselines=())
        assert (run / "model.safetensors").read_bytes() != before
        assert [one.name for one in (run / "baselines").iterdir()] == [RIDGE]

    @pytest.mark.parametrize("name", ["notes.txt", "config.yaml"])
    @pytest.mark.parametrize("overwrite", [False, True])
    def test_other_content_is_never_overwritten(
        self, tmp_path: Path, source: Path, name: str, overwrite: bool
    ):
        (tmp_path / name).write_text("precious: 1")
        with pytest.raises(ConfigError, match="something else"):
            begin(source, tmp_path, overwrite=overwrite)
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_a_file_is_no_folder(self, tmp_path: Path, source: Path):
        (tmp_path / "run").write_text("precious")
        with pytest.raises(ConfigError, match="is a file"):
            begin(source, tmp_path / "run", overwrite=True)
        assert (tmp_path / "run").read_text() == "precious"

    def test_an_empty_folder_and_missing_parents_are_a_place(self, tmp_path: Path, source: Path):
        (tmp_path / "empty").mkdir()
        begin(source, tmp_path / "empty", baselines=())
        begin(source, tmp_path / "deep" / "down", baselines=())

    @pytest.mark.parametrize("settings", [
        {"test_size": 2}, {"horizon": 40}, {"monitor": "valid_mse"}, {"cell": "lsmt"},
        {"head": "negative_binomial"}, {"device": "tpu"}, {"patience": 2, "validation_size": 0},
        {"target": "x"}, {"hiden_size": 3}, {"bidirectional": True, "residual": True},
        {"preset": "streaming", "bidirectional": True},
    ], ids=str)  # fmt: skip
    def test_a_mistake_leaves_no_folder_and_an_old_run_as_it_was(
        self, run: Path, source: Path, settings: dict[str, Any]
    ):
        before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        with pytest.raises(UsageError):
            begin(source, run.parent / "new", **settings)
        assert not (run.parent / "new").exists()
        with pytest.raises(UsageError):
            begin(source, run, overwrite=True, **settings)
        assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}

    def test_a_place_without_a_run_has_nothing_to_show(self, tmp_path: Path):
        for place in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(DamagedError):
                evaluate(FORECAST, place, None)
            with pytest.raises(DamagedError):
                told_by(FORECAST, place, None, {})


class KilledError(Exception):
    """Stands for a process that dies."""


def stop_at(monkeypatch: pytest.MonkeyPatch, call: int, *, politely: bool) -> None:
    """Stop training when its n-th batch is drawn: by Ctrl-C, or as if the process were killed."""
    original, calls = WindowSource.batch, iter(range(1_000))

    def batch(self: WindowSource, epoch: int, index: int) -> Any:
        if next(calls) == call:
            if not politely:
                raise KilledError
            signal.raise_signal(signal.SIGINT)
        return original(self, epoch, index)

    monkeypatch.setattr(WindowSource, "batch", batch)


class TestResume:
    @pytest.mark.parametrize(("call", "politely"), [
        (0, True), (1, True), (5, True), (8, True), (11, True),
        (0, False), (3, False), (4, False), (6, False), (9, False),
    ])  # fmt: skip
    def test_an_interrupted_run_ends_as_the_uninterrupted(
        self,
        finished: Path,
        source: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        call: int,
        politely: bool,
    ):
        with monkeypatch.context() as patch:
            stop_at(patch, call, politely=politely)
            if politely:
                summary = begin(source, tmp_path / "run")
                assert summary.metrics is None
            else:
                with pytest.raises(KilledError):
                    begin(source, tmp_path / "run")
        with pytest.raises(DamagedError, match="did not end"):
            evaluate(FORECAST, tmp_path / "run", None)
        summary = begin(source, tmp_path / "run", resume=True)
        assert summary.metrics is not None
        same_results(finished, tmp_path / "run")

    @pytest.mark.parametrize(
        "step", ["write_fitted", "write_metrics", "write_sections", "write_manifest", "write_report"]
    )
    def test_a_run_that_dies_while_it_is_judged_is_finished_by_resuming(
        self, finished: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ):
        def die(*_: Any, **__: Any) -> None:
            raise KilledError

        with monkeypatch.context() as patch:
            patch.setattr(run_module if step == "write_report" else written, step, die)
            with pytest.raises(KilledError):
                begin(source, tmp_path / "run")
        begin(source, tmp_path / "run", resume=True)
        same_results(finished, tmp_path / "run")

    def test_a_finished_run_may_be_resumed(self, finished: Path, run: Path, source: Path):
        begin(source, run, resume=True)
        same_results(finished, run)

    def test_more_epochs_go_on_where_the_schedule_allows(self, source: Path, tmp_path: Path):
        steady = {"schedule": "constant", "warmup": 0.0, "baselines": ()}
        begin(source, tmp_path / "whole", max_epochs=3, **steady)
        begin(source, tmp_path / "parts", max_epochs=1, **steady)
        begin(source, tmp_path / "parts", max_epochs=3, resume=True, **steady)
        whole, parts = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "parts"))
        assert whole == parts

    @pytest.mark.parametrize(("key", "value"), [
        ("hidden_size", 5), ("seed", 1), ("horizon", 4), ("learning_rate", 1e-5), ("cell", "gru"),
        ("max_epochs", 1), ("past", ("y",)),
    ])  # fmt: skip
    def test_another_setting_is_named(self, run: Path, source: Path, key: str, value: Any):
        before = (run / "config.yaml").read_text()
        with pytest.raises((ConfigError, DataError), match=key if key != "past" else "y"):
            begin(source, run, resume=True, **{key: value})
        assert (run / "config.yaml").read_text() == before
        evaluate(FORECAST, run, None)

    def test_where_and_how_often_are_free(self, finished: Path, run: Path, source: Path):
        begin(source, run, resume=True, device="auto", checkpoint_every=1)
        evaluate(FORECAST, run, None)
        assert (run / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()

    def test_a_damaged_checkpoint_leaves_a_finished_run_as_it_was(self, run: Path, source: Path):
        newest = max((run / "checkpoints").iterdir())
        for path in newest.iterdir():
            path.write_bytes(path.read_bytes()[:-7])
        with pytest.raises(DamagedError):
            begin(source, run, resume=True)
        evaluate(FORECAST, run, None)

    def test_changed_data_leave_a_finished_run_as_it_was(self, run: Path, source: Path):
        content = source.read_bytes()
        hourly({"a": 300, "b": 45}).write_parquet(source)
        try:
            with pytest.raises(ConfigError):
                begin(source, run, resume=True)
        finally:
            source.write_bytes(content)
        evaluate(FORECAST, run, None)

    def test_other_data_are_named(self, run: Path, source: Path, tmp_path: Path):
        other = Path(shutil.copy(source, tmp_path / "other.parquet"))
        with pytest.raises(ConfigError, match=r"other\.parquet"):
            begin(other, run, resume=True)

    def test_there_must_be_a_run(self, source: Path, tmp_path: Path):
        for place in (tmp_path / "nowhere", tmp_path):
            with pytest.raises(ConfigError, match="no run"):
                begin(source, place, resume=True)

    def test_damaged_settings_are_told(self, run: Path, source: Path):
        for content in (b"\xff\xfe", b"a: [", b"- 1"):
            (run / "config.yaml").write_bytes(content)
            with pytest.raises((DamagedError, ConfigError)):
                begin(source, run, resume=True)


def test_examples_show_truth_forecast_and_baseline(finished: Path):
    section = read_document(finished / "sections.json", version=1)["sections"][1]
    assert section["id"] == "forecasts"
    assert {one["title"] for one in section["pieces"]} == {"a", "b"}
    for one in section["pieces"]:
        forecast, truth, baseline = one["lines"]
        assert len(forecast["y"]) == len(baseline["y"]) == 3
        assert len(truth["y"]) == len(one["x"]) == forecast["start"] + 3
        assert one["marker"] == one["x"][forecast["start"] - 1]
        assert [band["level"] for band in one["bands"]] == [80, 95]
        low, high = (np.array([band[side] for band in one["bands"]]) for side in ("lower", "upper"))
        assert (low[1] <= low[0]).all()
        assert (high[0] <= high[1]).all()


def test_series_too_short_for_a_score_are_told_without_naming_a_setting_that_was_not_given(tmp_path: Path):
    source = tmp_path / "short.csv"
    pl.DataFrame({"ds": range(8), "y": [float(step) for step in range(8)]}).write_csv(source)
    with pytest.raises(DataError, match="at least 9 steps"):
        begin(source, tmp_path / "run", season_length=1)
    assert not (tmp_path / "run").exists()
