import errno
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from tests.tasks.forecast.example import QUICK, hourly

from recurra import files
from recurra.errors import DamagedError, NewerFormatError, StorageError
from recurra.experiment.artifact import CONFIG, WEIGHTS, load_fitted
from recurra.files import write_document
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.task import FORECAST

RECENT = "recent.parquet"
FILES = [CONFIG, WEIGHTS, RECENT]


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    frame = hourly({"a": 60, "b": 50}).with_columns(
        price=pl.int_range(pl.len()) % 7, kind=pl.col("unique_id") + "!", hot=pl.int_range(pl.len()) % 3 == 0
    )
    settings: dict[str, Any] = {"past": ("price",), "static": ("kind",), "future": ("hot",), **QUICK}
    return Forecaster(3, series_embedding=True, point="mean", **settings).fit(frame)


@pytest.fixture(scope="module")
def original(forecaster: Forecaster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return forecaster.save(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def model(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "model"))


@pytest.mark.filterwarnings("ignore::recurra.errors.DataWarning")
def test_a_loaded_model_is_the_saved_one_to_the_bit(forecaster: Forecaster, original: Path):
    loaded = Forecaster.load(original)
    before, after = forecaster.fitted_.model.state_dict(), loaded.fitted_.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert loaded.predict().equals(forecaster.predict())
    assert loaded.config_ == forecaster.config_
    before, after = forecaster.fitted_.schema, loaded.fitted_.schema
    assert after.to_dict() == before.to_dict()
    assert after.recent.equals(before.recent)


def test_saving_what_was_loaded_gives_the_same_files(original: Path, tmp_path: Path):
    again = Forecaster.load(original).save(tmp_path / "again")
    assert {path.name for path in again.iterdir()} == set(FILES)
    for name in FILES:
        assert (again / name).read_bytes() == (original / name).read_bytes()


def test_nothing_is_pickled(original: Path):
    for name in FILES:
        assert b"pickle" not in (original / name).read_bytes()
    json.loads((original / CONFIG).read_text())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_a_truncated_file_is_found(model: Path, name: str, share: float):
    content = (model / name).read_bytes()
    (model / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(DamagedError, match=name):
        load_fitted(FORECAST, model)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", range(40))
def test_a_flipped_bit_is_found(model: Path, name: str, place: int):
    content = bytearray((model / name).read_bytes())
    content[place * (len(content) - 2) // 39] ^= 1 << place % 8
    (model / name).write_bytes(content)
    with pytest.raises((DamagedError, NewerFormatError), match=name):
        load_fitted(FORECAST, model)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(model: Path, name: str):
    (model / name).unlink()
    with pytest.raises(DamagedError, match=name):
        Forecaster.load(model)


def test_a_newer_format_is_told_from_damage(model: Path):
    document = json.loads((model / CONFIG).read_text())
    write_document(model / CONFIG, {**document, "format": 99}, version=99)
    with pytest.raises(NewerFormatError, match="Upgrade"):
        Forecaster.load(model)


def test_a_model_of_another_task_is_refused(model: Path):
    write_document(model / CONFIG, {"task": "translation"}, version=1)
    with pytest.raises(DamagedError, match="translation"):
        Forecaster.load(model)


@pytest.mark.parametrize("place", ["nowhere", "model/config.json", "."])
def test_a_place_without_a_model_is_refused(model: Path, place: str):
    with pytest.raises(DamagedError):
        Forecaster.load(model.parent / place)


@pytest.mark.filterwarnings("ignore::recurra.errors.DataWarning")
def test_a_model_runs_where_its_device_is_not(original: Path, model: Path):
    document = files.read_document(original / CONFIG, version=1)
    document["config"]["device"] = "cuda:7"
    write_document(model / CONFIG, document, version=1)
    assert (
        Forecaster.load(model, device="cpu")
        .predict()
        .equals(Forecaster.load(original, device="cpu").predict())
    )


@pytest.mark.filterwarnings("ignore::recurra.errors.DataWarning")
def test_a_folder_is_never_overwritten_unasked(forecaster: Forecaster, model: Path):
    (model / WEIGHTS).write_bytes(b"precious")
    with pytest.raises(StorageError, match="exists"):
        forecaster.save(model)
    assert (model / WEIGHTS).read_bytes() == b"precious"
    forecaster.save(model, overwrite=True)
    assert Forecaster.load(model).predict().equals(forecaster.predict())


@pytest.mark.parametrize("name", ["notes.txt", "config.yaml", "data/a.csv", "stream/a.csv"])
def test_a_folder_with_other_files_is_never_overwritten(forecaster: Forecaster, model: Path, name: str):
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_text("precious")
    with pytest.raises(StorageError, match="other files"):
        forecaster.save(model, overwrite=True)
    assert (model / name).read_text() == "precious"


def test_a_file_is_no_place_for_a_model(forecaster: Forecaster, tmp_path: Path):
    (tmp_path / "model").write_text("precious")
    for overwrite in (False, True):
        with pytest.raises(StorageError):
            forecaster.save(tmp_path / "model", overwrite=overwrite)
    assert (tmp_path / "model").read_text() == "precious"


@pytest.mark.parametrize("written", [0, 1, 2])
@pytest.mark.parametrize("there", [False, True])
def test_a_full_disk_leaves_nothing_half_written(
    forecaster: Forecaster, model: Path, monkeypatch: pytest.MonkeyPatch, written: int, there: bool
):
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    if not there:
        shutil.rmtree(model)
    left = iter([True] * written)

    def full(_: int) -> None:
        if not next(left, False):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        forecaster.save(model, overwrite=there)
    found = {path.name: path.read_bytes() for path in model.iterdir()} if model.exists() else {}
    assert found == (before if there else {})
    assert [path.name for path in model.parent.iterdir()] == (["model"] if there else [])
