"""From a table to a forecast, as users go."""

import io
import json
import re
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import HORIZON, TINY, written
from tests.cli.program import call, listing

from recurra.files import checksum

INTERVALS = ["forecast-lo-80", "forecast-hi-80", "forecast-lo-95", "forecast-hi-95"]
COLUMNS = ["shop", "day", "forecast", *INTERVALS]


def test_train_evaluate_predict_report(capsys, monkeypatch, table: Path, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    trained = call(capsys, "train", "forecast", table, *TINY)
    folder = tmp_path / "runs" / "forecast-sales-1"
    assert trained.code == 0, trained.err
    assert re.search(r"LSTM +\d", trained.out)
    assert "Seasonal naive" in trained.out
    for place in ("report.html", "model.safetensors"):
        assert f"runs/forecast-sales-1/{place}" in trained.out
        assert (folder / place).exists()
    assert "\033" not in trained.out + trained.err

    scored = call(capsys, "evaluate", "runs/forecast-sales-1")
    table_of = trained.out.partition("\nreport")[0].rstrip()
    assert (scored.code, scored.out.rstrip(), scored.err) == (0, table_of, "")

    predicted = call(capsys, "predict", "runs/forecast-sales-1")
    frame = pl.read_csv(io.StringIO(predicted.out))
    assert (predicted.code, predicted.err) == (0, "note: the net was trained on times up to 2024-02-18\n")
    assert frame.columns == COLUMNS
    assert frame["shop"].to_list() == ["north"] * HORIZON + ["south"] * HORIZON

    (folder / "report.html").unlink()
    reported = call(capsys, "report", "runs/forecast-sales-1")
    assert reported == (0, "runs/forecast-sales-1/report.html\n", "")
    assert (folder / "report.html").read_text().startswith("<!")


def test_runs_without_a_name_never_replace_each_other(
    capsys, table: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        document = json.loads(call(capsys, "train", "forecast", table, *TINY, "--json").out)
        assert document["run"] == f"runs/forecast-sales-{number}"
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "forecast-sales-1",
        "forecast-sales-2",
    ]


def test_json_is_one_object_and_nothing_else(capsys, finished: Path, table: Path, tmp_path: Path) -> None:
    place = tmp_path / "forecast.csv"
    trained = call(capsys, "train", "forecast", table, *TINY, "--out", tmp_path / "run", "--json")
    assert json.loads(trained.out)["interrupted"] is False
    scores = json.loads(call(capsys, "evaluate", finished, "--json").out)
    assert scores["models"][0]["kind"] == "recurrent"
    assert scores["models"] == [
        {**model, "seconds": other["seconds"]}
        for model, other in zip(json.loads(trained.out)["models"], scores["models"], strict=True)
    ]
    again = json.loads(call(capsys, "evaluate", finished, table, "--json").out)
    assert again["models"][0]["scores"] == pytest.approx(scores["models"][0]["scores"])
    rows = json.loads(call(capsys, "predict", finished, "--json").out)["forecast"]
    assert [list(row) for row in rows] == [COLUMNS] * 2 * HORIZON
    written_to = json.loads(call(capsys, "predict", finished, "-o", place, "--json").out)
    assert written_to == {"output": str(place), "rows": 2 * HORIZON, "columns": COLUMNS}
    assert json.loads(call(capsys, "report", finished, "--json").out) == {
        "report": str(finished / "report.html")
    }


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_a_forecast_is_the_same_in_every_format(capsys, finished: Path, tmp_path: Path, suffix: str) -> None:
    read = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".jsonl": pl.read_ndjson}[suffix]
    place = tmp_path / f"forecast{suffix}"
    outcome = call(capsys, "predict", finished, "-o", place)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.endswith(f"{2 * HORIZON} rows written to {place}\n")
    assert [path.name for path in tmp_path.iterdir()] == [place.name]
    frame = read(place)
    rows = json.loads(call(capsys, "predict", finished, "--json").out)["forecast"]
    assert frame.columns == COLUMNS
    for column in COLUMNS[2:]:
        assert frame[column].to_list() == pytest.approx([row[column] for row in rows], rel=1e-6)
    assert frame["day"].cast(pl.String).str.slice(0, 10).to_list() == [row["day"][:10] for row in rows]


def test_levels_may_be_chosen(capsys, finished: Path) -> None:
    chosen = call(capsys, "predict", finished, "--level", "90,50")
    assert chosen.out.splitlines()[0] == (
        "shop,day,forecast,forecast-lo-50,forecast-hi-50,forecast-lo-90,forecast-hi-90"
    )
    assert call(capsys, "predict", finished, "--level", "none").out.splitlines()[0] == "shop,day,forecast"


def test_pairs_need_no_data_before_them(capsys, finished: Path, table: Path, tmp_path: Path) -> None:
    plain = call(capsys, "predict", finished, "level=none", "horizon=2")
    assert plain.code == 0, plain.err
    assert plain.out.splitlines()[0].endswith(",forecast")
    assert len(plain.out.splitlines()) == 1 + 2 * 2
    (tmp_path / "a=b.csv").write_bytes(table.read_bytes())
    for words in ((table, "level=none"), ("level=none", table), (tmp_path / "a=b.csv", "level=none")):
        assert call(capsys, "predict", finished, *words).out.splitlines()[0] == plain.out.splitlines()[0]
    refused = call(capsys, "predict", finished, "levle=none")
    assert (refused.code, "unknown setting 'levle'" in refused.err) == (2, True)
    twice = call(capsys, "predict", finished, table, table)
    assert (twice.code, "is left over" in twice.err) == (2, True)
    after = call(capsys, "train", "forecast", *TINY, table, "--out", tmp_path / "run")
    assert after.code == 0, after.err


def test_newer_data_move_the_forecast_on(capsys, finished: Path, tmp_path: Path) -> None:
    longer = written(tmp_path / "longer.csv", rows=65)
    known = pl.read_csv(io.StringIO(call(capsys, "predict", finished).out), try_parse_dates=True)
    moved = pl.read_csv(io.StringIO(call(capsys, "predict", finished, longer).out), try_parse_dates=True)
    days = (moved["day"] - known["day"]).unique().dt.total_days().to_list()
    assert days == [4]


def test_looking_at_a_run_leaves_it_alone(capsys, run_copy: Path, table: Path) -> None:
    before = listing(run_copy)
    for arguments in (["evaluate", run_copy], ["evaluate", run_copy, table], ["predict", run_copy]):
        assert call(capsys, *arguments).code == 0
    assert listing(run_copy) == before


def test_a_run_can_be_replaced_only_when_asked(capsys, run_copy: Path, table: Path) -> None:
    before = listing(run_copy)
    refused = call(capsys, "train", "forecast", table, *TINY, "--out", run_copy)
    assert (refused.code, refused.out) == (2, "")
    assert "--overwrite" in refused.err
    assert listing(run_copy) == before
    assert (
        call(capsys, "train", "forecast", table, *TINY, "--out", run_copy, "--overwrite", "seed=7").code == 0
    )
    after = listing(run_copy)
    assert checksum(after["model.safetensors"]) != checksum(before["model.safetensors"])
    assert after.keys() >= before.keys() - {name for name in before if name.startswith("checkpoints")}


def test_settings_reach_the_run_by_option_and_by_key(capsys, table: Path, tmp_path: Path) -> None:
    keys = [each for each in TINY if "=" in each]
    named = ["horizon=3", "target=sales", "unique_id=shop", "time=day", "cell=gru", "gradient_clip=none"]
    arguments = ["train", "forecast", *keys, table, *named, "--out", tmp_path / "run", "--quiet"]
    assert call(capsys, *arguments[:2], table, *keys, *named, *arguments[-3:]).code == 0
    config = (tmp_path / "run" / "config.yaml").read_text()
    assert "cell: gru\n" in config
    assert "gradient_clip: null\n" in config


def test_what_was_mended_in_the_data_is_said(capsys, table: Path, tmp_path: Path) -> None:
    lines = table.read_text().splitlines()
    gappy = tmp_path / "gappy.csv"
    gappy.write_text("\n".join([*lines[:20], *lines[22:]]) + "\n")
    outcome = call(capsys, "train", "forecast", gappy, *TINY, "--out", tmp_path / "run")
    assert outcome.code == 0
    assert re.search(r"^note: .*2", outcome.err, flags=re.MULTILINE)
