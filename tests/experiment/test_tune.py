"""Searches for settings: judged by validation alone, resumable, and open to several processes."""

import json
import shutil
import signal
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import yaml
from sqlalchemy.exc import OperationalError
from tests.cli.program import call, start
from tests.cli.test_interruption import wait_until

import recurra
from recurra.config import Search
from recurra.errors import ConfigError, MissingDependencyError, NonFiniteError, StorageError
from recurra.experiment import attempt
from recurra.experiment import study as studies
from recurra.experiment import tune as tuning
from recurra.experiment.search_space import defaults_within, space_of
from recurra.experiment.tuning import read_tuning
from recurra.tasks.classify.config import ClassifyConfig

TINY = {"num_layers": 1, "max_epochs": 2, "device": "cpu"}
KEYS = ["learning_rate", "hidden_size", "cell"]
WORDS = [*(f"{key}={value}" for key, value in TINY.items()), "--search", ",".join(KEYS), "--quiet"]
RUNNING, COMPLETE = "RUNNING", "COMPLETE"

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def series(tmp_path_factory) -> Path:
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "series.jsonl"
    rows = [random.normal(size=int(random.integers(3, 7))).round(3).tolist() for _ in range(60)]
    lines = [json.dumps({"value": row, "label": "up" if sum(row) > 0 else "down"}) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def tuned(series: Path, tmp_path_factory) -> tuning.Tuned:
    folder = tmp_path_factory.mktemp("tuned") / "search"
    return recurra.tune("classify", series, folder, trials=4, search=KEYS, show_progress=False, **TINY)


def asked(folder: Path, query: str) -> list[tuple]:
    """What the database answers; nothing while it is being made."""
    if not (folder / "study.db").exists():
        return []
    try:
        with sqlite3.connect(f"file:{folder / 'study.db'}?mode=ro", uri=True) as database:
            return database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def states(folder: Path) -> list[str]:
    return [state for (state,) in asked(folder, "select state from trials order by number")]


def rows(folder: Path, table: str) -> int:
    return len(asked(folder, f"select * from {table}"))


def test_the_best_settings_are_a_file_that_training_takes(capsys, tuned, series: Path, tmp_path) -> None:
    record = tuned.record
    assert len(record.trials) == 4
    assert read_tuning(tuned.folder).model_dump(mode="json") == record.model_dump(mode="json")
    complete = record.of_state("complete")
    assert record.best_trial.value == max(one.value for one in complete)
    assert record.metric.name == "valid_accuracy"
    first = record.trials[0].params
    assert first == {"learning_rate": 3e-3, "hidden_size": 64, "cell": "lstm"}  # the defaults come first
    best = tuned.folder / "best.yaml"
    assert yaml.safe_load(best.read_text()) == {**TINY, **record.best_trial.params}
    words = ["train", "classify", series, "--config", best, "--out", tmp_path / "run", "baselines="]
    outcome = call(capsys, *words, "max_epochs=1", "--quiet")
    assert outcome.code == 0, outcome.err
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["hidden_size"] == record.best_trial.params["hidden_size"]
    assert config["max_epochs"] == 1  # what is typed wins
    page = (tuned.folder / "report.html").read_text()
    for text in ("Course of the search", "What each setting did", "the test part was not looked at"):
        assert text in page


def test_the_same_seed_searches_the_same(tuned, series: Path, tmp_path) -> None:
    again = recurra.tune(
        "classify", series, tmp_path / "again", trials=2, search=KEYS, show_progress=False, **TINY
    )
    assert [one.params for one in again.record.trials] == [one.params for one in tuned.record.trials[:2]]


def test_a_search_never_sees_the_test_part(series: Path, tmp_path, monkeypatch) -> None:
    seen = []
    fit = attempt.fit

    def watching(task, prepared, **options):
        seen.append(prepared.test)
        return fit(task, prepared, **options)

    monkeypatch.setattr(attempt, "fit", watching)
    recurra.tune("classify", series, tmp_path / "s", trials=1, search=KEYS, show_progress=False, **TINY)
    assert seen == [None]


def test_a_trial_that_diverges_is_pruned_and_noted(series: Path, tmp_path, monkeypatch) -> None:
    fit, number = attempt.fit, iter(range(9))

    def diverging(task, prepared, **options):
        if next(number) == 0:
            raise NonFiniteError("the loss is nan", "a number", "Lower learning_rate.")
        return fit(task, prepared, **options)

    monkeypatch.setattr(attempt, "fit", diverging)
    found = recurra.tune(
        "classify", series, tmp_path / "s", trials=2, search=["learning_rate"], show_progress=False,
        hidden_size=5, **TINY,
    ).record  # fmt: skip
    assert [one.state for one in found.trials] == ["pruned", "complete"]
    assert found.trials[0].note == "NonFiniteError: the loss is nan"
    assert found.best == 1


def test_a_killed_search_tries_the_dead_trial_again(capsys, series: Path, tmp_path) -> None:
    out = tmp_path / "search"
    longer = [one for one in WORDS if not one.startswith("max_epochs")] + ["max_epochs=6"]
    words = ["tune", "classify", series, "--trials", 3, "--out", out, *longer]
    with start(*words, cwd=tmp_path) as process:
        wait_until(lambda: RUNNING in states(out) and rows(out, "trial_params") >= len(KEYS), process)
        process.send_signal(signal.SIGKILL)
    assert states(out).count(RUNNING) == 1
    dead = states(out).index(RUNNING)
    outcome = call(capsys, "tune", "classify", "--out", out, "--resume", "--quiet", "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert "tried again" in outcome.err
    assert found["trials"][dead]["state"] == "failed"
    ended = [one for one in found["trials"] if one["state"] in ("complete", "pruned")]
    assert len(ended) == 3
    assert sum(one["params"] == found["trials"][dead]["params"] for one in ended) == 1
    assert (out / "best.yaml").exists()


def test_two_processes_work_at_one_study(series: Path, tmp_path) -> None:
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    words = ["tune", "classify", series, "--trials", 4, "--storage", storage, *WORDS, "--json"]
    first = start(*words, "--out", tmp_path / "a", cwd=tmp_path)
    second = start(*words, "--out", tmp_path / "b", cwd=tmp_path)
    found = []
    for process in (first, second):
        with process:
            out, err = process.communicate(timeout=280)
        assert process.returncode == 0, err
        found.append(json.loads(out))
    last = max(found, key=lambda one: len(one["trials"]))
    numbers = [one["number"] for one in last["trials"]]
    assert numbers == sorted(set(numbers))
    assert 4 <= len(numbers) <= 5  # both may ask for the last one
    with pytest.raises(ConfigError, match="--study"):
        recurra.tune("classify", series, tmp_path / "c", storage=storage, search=["cell"], **TINY)


def test_storages_that_cannot_be_used_are_told_and_nothing_is_left(
    capsys, tuned, series: Path, tmp_path, monkeypatch
) -> None:
    words = ["tune", "classify", series, *WORDS, "--out", tmp_path / "s"]
    gone = call(capsys, *words, "--storage", f"sqlite:///{tmp_path}/nowhere/study.db")
    assert (gone.code, "unable to open database file" in gone.err) == (1, True)
    wrong = call(capsys, *words, "--storage", "nonsense")
    assert (wrong.code, "--storage is 'nonsense'" in wrong.err) == (2, True)
    assert not any((tmp_path / "s").iterdir())
    monkeypatch.setattr(studies, "WAIT", 0.05)
    with sqlite3.connect(tuned.folder / "study.db", isolation_level=None) as database:
        database.execute("begin exclusive")
        with pytest.raises(StorageError, match="database is locked"):
            recurra.tune("classify", series, tuned.folder, trials=9, search=KEYS, show_progress=False, **TINY)
        database.execute("rollback")
    assert states(tuned.folder).count(COMPLETE) == len(tuned.record.of_state("complete"))


def test_a_server_that_is_not_there_is_told_without_the_password(
    capsys, series: Path, tmp_path, monkeypatch
) -> None:
    words = ["tune", "classify", series, *WORDS, "--out", tmp_path / "s", "--storage"]
    driver = call(capsys, *words, "nodriver+nothing://me:secret@localhost:1/nets")
    assert (driver.code, "nodriver+nothing://me@localhost:1/nets" in driver.err) == (2, True)
    url = "postgresql://me:secret@localhost:1/nets"

    def refused(*_: object, **__: object) -> None:
        raise OperationalError("connect", {}, ConnectionRefusedError("Connection refused"))

    monkeypatch.setattr(studies, "_storage", refused)
    gone = call(capsys, *words, url)
    assert (gone.code, "me@localhost:1/nets cannot be used (Connection refused)" in gone.err) == (1, True)

    def missing(*_: object, **__: object) -> None:
        raise ImportError("No module named 'psycopg'")

    monkeypatch.undo()
    monkeypatch.setattr(studies.optuna().storages, "RDBStorage", missing)
    undriven = call(capsys, *words, url)
    assert "without what reaches it (No module named 'psycopg')" in undriven.err
    assert not any("secret" in one.err + one.out for one in (driver, gone, undriven))
    assert not any((tmp_path / "s").iterdir())


def test_a_search_whose_storage_is_gone_does_not_begin_anew(tuned, series: Path, tmp_path) -> None:
    folder = Path(shutil.copytree(tuned.folder, tmp_path / "search"))
    (folder / "study.db").unlink()
    with pytest.raises(StorageError, match="none of the"):
        recurra.tune("classify", series, folder, trials=9, search=KEYS, show_progress=False, **TINY)
    assert (folder / "tune.json").read_bytes() == (tuned.folder / "tune.json").read_bytes()


def test_bad_requests_are_told(capsys, series: Path, tmp_path, monkeypatch) -> None:
    out = tmp_path / "s"
    with pytest.raises(ConfigError, match="validation part"):
        recurra.tune("classify", series, out, validation_size=0, **TINY)
    with pytest.raises(ConfigError, match="valid_accuracy"):
        recurra.tune("classify", series, out, monitor="valid_acuracy", **TINY)
    with pytest.raises(ConfigError, match="'learning_rate'"):
        recurra.tune("classify", series, out, search=["learning_rat"], **TINY)
    with pytest.raises(ConfigError, match="both fixed and searched"):
        recurra.tune("classify", series, out, search=["cell"], cell="gru", **TINY)
    missing = call(capsys, "tune", "classify", "--out", tmp_path / "none", "--resume")
    assert (missing.code, "no search" in missing.err) == (2, True)
    monkeypatch.setattr(studies.importlib, "import_module", _missing)
    with pytest.raises(MissingDependencyError, match=r"recurra\[tune\]"):
        studies.optuna()


def _missing(name: str):
    raise ImportError(name)


def test_the_space_is_what_has_a_range_and_no_value() -> None:
    config = ClassifyConfig(cell="elman", hidden_size=300)
    space = space_of(config, {"cell": "elman"}, None)
    assert "cell" not in space
    assert space["learning_rate"] == Search(1e-4, 3e-2, log=True)
    assert {"num_layers", "dropout", "batch_size"} <= space.keys()
    assert "hidden_size" not in defaults_within(config, space)  # 300 lies outside
    with pytest.raises(ConfigError, match="nothing to search"):
        space_of(config, dict.fromkeys(space), [])


def test_how_far_back_a_forecast_looks_is_searched_around_what_the_data_suggest(tmp_path) -> None:
    small = {"max_epochs": 1, "hidden_size": 4, "steps_per_epoch": 2, "horizon": 3}
    found = recurra.tune(
        "forecast",
        "sample:elnino",
        tmp_path / "s",
        trials=3,
        search=["context"],
        show_progress=False,
        **small,
    ).record
    usual = found.trials[0].params["context"]
    tried = [one.params["context"] for one in found.trials]
    assert len(tried) == 3
    assert all(isinstance(one, int) and usual // 4 <= one <= 2 * usual for one in tried)
    assert len({*tried}) > 1


def test_a_setting_that_the_data_do_not_allow_ends_a_trial_and_not_the_search(tmp_path) -> None:
    rows = {"ds": [f"{year}-01-01" for year in range(1960, 2001)], "y": [float(one % 5) for one in range(41)]}
    small = {"max_epochs": 1, "hidden_size": 4, "steps_per_epoch": 2, "horizon": 2, "test_size": 0}
    found = recurra.tune(
        "forecast", rows, tmp_path / "s", trials=6, search=["context"], show_progress=False, **small
    ).record
    assert len(found.trials) == 6
    assert found.best is not None


def test_time_that_is_up_ends_a_search(series: Path, tmp_path) -> None:
    found = recurra.tune(
        "classify", series, tmp_path / "s", budget="0.001s", search=["cell"], show_progress=False, **TINY
    ).record
    assert found.best is None
    assert "No trial" in (tmp_path / "s" / "report.html").read_text()
    assert not (tmp_path / "s" / "best.yaml").exists()


@pytest.mark.parametrize("url", ["postgresql://ann:secret@host/db", "sqlite:///a.db"])
def test_a_password_is_not_written(url: str) -> None:
    assert "secret" not in studies.without_password(url)
    assert studies.without_password("sqlite:///a.db") == "sqlite:///a.db"
    assert studies.without_password("postgresql://ann:secret@host/db") == "postgresql://ann@host/db"


def test_settings_of_a_file_are_checked(capsys, series: Path, tmp_path) -> None:
    file = tmp_path / "best.yaml"
    words = ["train", "classify", series, "--config", file, "--out", tmp_path / "run"]
    assert "cannot be read" in call(capsys, *words).err
    for content, told in [("[1]", "holds list"), ("", "nothing"), ("hiden_size: 4", "hidden_size")]:
        file.write_text(content)
        outcome = call(capsys, *words)
        assert (outcome.code, told in outcome.err) == (2, True), outcome.err
