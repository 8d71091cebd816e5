"""A folder of Parquet files, told of or judged a file at a time: each output once, whole, and the same."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.program import call, listing
from tests.trial import unchecked

from recurra import Classifier
from recurra.experiment.partitioned import MANIFEST

pytestmark = pytest.mark.usefixtures("without_type_checks")
without_type_checks = pytest.fixture(unchecked)
FILES = 4


def rows(part: int) -> pl.DataFrame:
    draw = np.random.default_rng(part)
    values = [draw.normal(size=int(draw.integers(3, 7))).round(3).tolist() for _ in range(9 + part)]
    return pl.DataFrame({"value": values, "label": ["up" if sum(one) > 0 else "down" for one in values]})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved classifier of series."""
    classifier = Classifier(hidden_size=4, max_epochs=2, device="cpu", baselines=())
    classifier.fit(pl.concat([rows(part) for part in range(FILES)]))
    place = tmp_path_factory.mktemp("saved") / "run"
    classifier.save(place)
    return place


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    for part in range(FILES):
        place = tmp_path / "lake" / f"{part % 2}" / f"part-{part}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        rows(part).write_parquet(place)
    return tmp_path / "lake"


def outputs(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in listing(folder).items() if name != MANIFEST}


def test_each_file_gives_what_it_gives_alone(capsys, run: Path, lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "told"
    done = call(capsys, "predict", run, lake, "-o", out)
    assert done.code == 0, done.err
    assert f"4 files of {lake} done into {out}; 42 rows in all" in done.err
    assert sorted(outputs(out)) == [f"{part % 2}/part-{part}.parquet" for part in (0, 2, 1, 3)]
    for name, content in outputs(out).items():
        alone = tmp_path / "alone.parquet"
        assert call(capsys, "predict", run, lake / name, "-o", alone).code == 0
        assert pl.read_parquet(io.BytesIO(content)).equals(pl.read_parquet(alone))


def test_what_is_there_and_unaltered_is_not_done_again(capsys, run: Path, lake: Path, tmp_path: Path) -> None:
    out, words = tmp_path / "told", ["predict", run, lake, "-o", tmp_path / "told", "--json"]
    first = json.loads(call(capsys, *words).out)
    assert (first["done"], first["kept"], first["rows"]) == (4, 0, 42)
    whole, before = outputs(out), (out / "0" / "part-0.parquet").stat().st_mtime_ns
    (out / "0" / "part-2.parquet").write_bytes(b"altered")
    (out / "1" / "part-1.parquet").unlink()
    rows(3).head(5).write_parquet(lake / "1" / "part-3.parquet")
    with (out / MANIFEST).open("ab") as manifest:
        manifest.write(b'{"name": "0/pa')  # a process that died while it wrote
    again = json.loads(call(capsys, *words).out)
    assert (again["done"], again["kept"], again["rows"]) == (3, 1, 35)
    assert (out / "0" / "part-0.parquet").stat().st_mtime_ns == before
    changed = {name for name, content in outputs(out).items() if content != whole[name]}
    assert changed == {"1/part-3.parquet"}
    last = json.loads(call(capsys, *words).out)
    assert (last["done"], last["kept"]) == (0, 4)


def test_a_damaged_file_is_named_and_the_others_go_on(capsys, run: Path, lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "told"
    (lake / "0" / "part-2.parquet").write_bytes(b"PAR1 nothing")
    rows(5).rename({"value": "values"}).write_parquet(lake / "1" / "part-5.parquet")
    rows(6).head(0).write_parquet(lake / "1" / "part-6.parquet")
    done = call(capsys, "predict", run, lake, "-o", out)
    assert done.code == 1
    assert "nothing came of 0/part-2.parquet" in done.err
    assert "1/part-5.parquet has other columns than 0/part-0.parquet (lacks value; has values" in done.err
    assert sorted(outputs(out)) == ["0/part-0.parquet", "1/part-1.parquet", "1/part-3.parquet"]
    rows(2).write_parquet(lake / "0" / "part-2.parquet")
    (lake / "1" / "part-5.parquet").unlink()
    again = call(capsys, "predict", run, lake, "-o", out)
    assert again.code == 0, again.err
    assert f"1 files of {lake} done into {out}, 4 done before" in again.err


def test_a_folder_of_something_else_is_left_alone(capsys, run: Path, lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "told"
    assert call(capsys, "predict", run, lake, "-o", out).code == 0
    before = listing(out)
    other = call(capsys, "predict", run, lake, "-o", out, "probabilities=no")
    assert other.code == 2
    assert "holds outputs made with another options" in other.err
    assert "something else than outputs" in call(capsys, "predict", run, lake, "-o", lake).err
    stray = call(capsys, "predict", run, lake, "-o", tmp_path / "told.csv", "--scale", "ray")
    assert "--scale ray for something else than a folder of Parquet files" in stray.err
    shutil.rmtree(lake / "0")
    shutil.rmtree(lake / "1")
    empty = call(capsys, "predict", run, lake, "-o", tmp_path / "more")
    assert empty.code == 2
    assert listing(out) == before


def test_scores_of_files_and_of_all_together(capsys, run: Path, lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores"
    done = call(capsys, "evaluate", run, lake, "-o", out, "--json")
    assert done.code == 0, done.err
    together = json.loads(done.out)
    whole = json.loads(call(capsys, "evaluate", run, lake, "--json").out)
    scores, expected = together["models"][0]["scores"], whole["models"][0]["scores"]
    assert scores["accuracy"] == pytest.approx(expected["accuracy"])
    assert scores["log_loss"] == pytest.approx(expected["log_loss"], rel=1e-5)
    assert together["judged"] == "42 rows of 4 files"
    assert sorted(outputs(out)) == [f"{part % 2}/part-{part}.json" for part in (0, 2, 1, 3)]
    stray = call(capsys, "evaluate", run, lake / "0" / "part-0.parquet", "-o", tmp_path / "more")
    assert stray.code == 2
    assert "for something else than the scores of each file of a folder" in stray.err
    shown = call(capsys, "evaluate", run, lake, "-o", out)
    assert "0 files of" in shown.err
    assert "Scores are means over 4 files" in " ".join(shown.out.split())
