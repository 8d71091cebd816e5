"""A detector on a stream: the bits of predict, states that go on, and what it refuses."""

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.program import call

from recurra import Detector
from recurra.errors import ArtifactError, DamagedError, DataError
from recurra.streaming import Program
from recurra.tasks.detect.live import LiveDetector

SETTINGS = {"hidden_size": 4, "max_epochs": 2, "probation": 60}


def readings(rows: int = 300, begin: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(0)
    values = np.sin(np.arange(rows) / 4) + random.normal(0, 0.1, rows)
    values[200:204] = [5.0, np.nan, 6.0, -3.0]
    return pl.DataFrame({"ds": np.arange(rows) + begin, "y": values}).fill_nan(None)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(**SETTINGS).fit(readings(), show_progress=False)


def streamed(live: LiveDetector, rows: pl.DataFrame) -> list[dict]:
    return [dict(live.predict(row).values) for row in rows.iter_rows(named=True)]


def test_a_stream_tells_what_predict_tells_to_the_bit(detector: Detector) -> None:
    told = streamed(LiveDetector(detector.to_program()), readings())
    expected = detector.predict(readings())["expected", "score", "flag", "alarm"].to_dicts()
    assert told == expected
    assert any(row["alarm"] for row in told)


def test_newer_rows_too(detector: Detector) -> None:
    later = readings(begin=303)[:30]  # after a gap of three
    told = streamed(LiveDetector(detector.to_program()), later)
    assert told == detector.predict(later)["expected", "score", "flag", "alarm"].to_dicts()
    far = readings(begin=5000)[:30]  # too far: it begins anew
    told = streamed(LiveDetector(detector.to_program()), far)
    assert told == detector.predict(far)["expected", "score", "flag", "alarm"].to_dicts()
    assert told[0]["expected"] is None


def test_a_state_goes_on_to_the_bit(detector: Detector) -> None:
    rows = readings()
    whole = streamed(LiveDetector(detector.to_program()), rows)
    first = LiveDetector(detector.to_program())
    begun = streamed(first, rows[:201])
    second = LiveDetector(detector.to_program())
    second.restore(first.snapshot())
    assert [*begun, *streamed(second, rows[201:])] == whole


def test_states_and_programs_that_do_not_fit_are_refused(detector: Detector) -> None:
    program = detector.to_program()
    live = LiveDetector(program)
    live.predict({"y": 1.0})
    broken = {name: one._replace(beside=one.beside[:-9]) for name, one in live.snapshot().items()}
    with pytest.raises(ArtifactError, match="damaged"):
        LiveDetector(program).restore(broken)
    for name in ("units", "rules", "clock", "recent"):
        about = {key: value for key, value in program.metadata.items() if key != name}
        with pytest.raises(DamagedError, match="hold together"):
            LiveDetector(Program(program.layers, about))


def test_rows_that_cannot_be_used_are_refused_and_change_nothing(detector: Detector) -> None:
    live, twin = (LiveDetector(detector.to_program()) for _ in range(2))
    rows = readings()
    streamed(live, rows[:20])
    for wrong in ({"ds": 20}, {"ds": 20, "y": "many"}, {"ds": 3, "y": 1.0}):
        with pytest.raises(DataError):
            live.predict(wrong)
    streamed(twin, rows[:20])
    assert streamed(live, rows[20:40]) == streamed(twin, rows[20:40])


def test_several_series_each_against_its_own_past() -> None:
    rows = readings()
    both = pl.concat(
        [
            rows.select(pl.lit(name).alias("unique_id"), "ds", pl.col("y") * size)
            for name, size in SIZES.items()
        ]
    )
    detector = Detector(**SETTINGS).fit(both, show_progress=False)
    live = LiveDetector(detector.to_program())
    told = streamed(live, both.sort("ds", "unique_id"))
    expected = detector.predict(both).sort("ds", "unique_id")["expected", "score", "flag", "alarm"].to_dicts()
    assert told == expected
    with pytest.raises(DataError, match="training did not see"):
        live.predict({"unique_id": "c", "ds": 0, "y": 1.0})


def test_a_wide_row_that_cannot_be_used_is_named_by_its_column() -> None:
    rows = readings().fill_null(0.0)
    wide = rows.select("ds", pl.col("y").alias("north"), pl.col("y").alias("south"))
    live = LiveDetector(
        Detector(**SETTINGS, target="north,south").fit(wide, show_progress=False).to_program()
    )
    first, second = live.split({"ds": 300, "north": 1.0, "south": "off"})
    assert live.predict(first).kept["unique_id"] == "north"
    with pytest.raises(DataError, match="'south' holds 'off'"):
        live.predict(second)


SIZES = {"a": 1.0, "b": 1000.0}


def test_the_command_line_trains_tells_streams_and_goes_on(tmp_path: Path, capsys, monkeypatch) -> None:
    rows, run, state = readings(), tmp_path / "run", tmp_path / "state"
    rows.with_columns((pl.col("ds") == 200).cast(int).alias("is_anomaly")).write_csv(tmp_path / "rows.csv")
    settings = [f"{name}={value}" for name, value in SETTINGS.items()]
    call(capsys, "train", "detect", str(tmp_path / "rows.csv"), "--out", str(run), *settings)
    scores = json.loads((run / "metrics.json").read_text())
    assert scores["models"][0]["scores"]["auc_pr"] > 0.1
    call(capsys, "predict", str(run), str(tmp_path / "rows.csv"), "-o", str(tmp_path / "told.csv"))
    told = pl.read_csv(tmp_path / "told.csv")
    assert told["alarm"].any()
    outs = []
    for begin, end in ((0, 100), (100, 300)):
        lines = "\n".join(json.dumps(row) for row in rows[begin:end].iter_rows(named=True)) + "\n"
        reading, writing = os.pipe()
        os.write(writing, lines.encode())
        os.close(writing)
        with os.fdopen(reading) as given:
            monkeypatch.setattr("sys.stdin", given)
            outs += call(capsys, "stream", str(run), "--state", str(state)).out.splitlines()
    flags = [json.loads(line)["flag"] for line in outs]
    assert flags == told["flag"].to_list()
