"""What the command says and gives back of tables as people have them."""

import datetime as dt
import io
import json
import math
import warnings
from pathlib import Path
from typing import Any

from tests.cli.program import Outcome, call

DAY = dt.timedelta(days=1)
TINY = ("hidden_size=4", "max_epochs=1", "steps_per_epoch=2", "baselines=", "device=cpu", "--quiet")


def table(path: Path, times: list[Any]) -> Path:
    rows = [f"{time},{10 + 3 * math.sin(row):.3f}" for row, time in enumerate(times)]
    path.write_text("\n".join(["ds,y", *rows]) + "\n")
    return path


def days(count: int, first: dt.date = dt.date(2024, 1, 1)) -> list[dt.date]:
    return [first + DAY * one for one in range(count)]


def test_times_come_back_as_they_came_and_notes_come_first(capsys, tmp_path: Path) -> None:
    given = table(tmp_path / "sales.csv", [f"{one:%d/%m/%Y} 00:00" for one in days(40)])
    trained = call(capsys, "train", "forecast", given, "--horizon", "3", *TINY, "--out", tmp_path / "run")
    assert trained.code == 0, trained.err
    assert "note: 1 series of 40 steps of 1 day, season 7: " in trained.err
    told = call(capsys, "predict", tmp_path / "run", "--level", "none").out.splitlines()
    assert [line.split(",")[1] for line in told[1:]] == [
        "10/02/2024 00:00",
        "11/02/2024 00:00",
        "12/02/2024 00:00",
    ]
    # new rows that could be read in either way follow the run's own, and others are named
    later = table(tmp_path / "later.csv", [f"{one:%d/%m/%Y} 00:00" for one in days(9, dt.date(2024, 3, 1))])
    ahead = call(capsys, "predict", tmp_path / "run", later, "--level", "none").out.splitlines()
    assert ahead[1].split(",")[1] == "10/03/2024 00:00"
    other = table(tmp_path / "other.csv", [f"{one:%y%m%dT%H}" for one in days(30)])
    refused = call(capsys, "predict", tmp_path / "run", other)
    assert refused.code == 2
    assert "--time-format" in refused.err
    forced = call(capsys, "predict", tmp_path / "run", other, "--time-format", "%y%m%dT%H", "--level", "none")
    assert forced.out.splitlines()[1].split(",")[1] == "240131T00"
    scored = call(capsys, "evaluate", tmp_path / "run", other, "--time-format", "%y%m%dT%H")
    assert scored.code == 0, scored.err


def test_a_run_is_told_from_a_folder_of_runs_and_from_a_file(capsys, tmp_path: Path) -> None:
    given = table(tmp_path / "sales.csv", days(40))
    for name in ("first", "second"):
        done = call(
            *(capsys, "train", "forecast", given, "--horizon", "3", *TINY, "--out", tmp_path / "runs" / name)
        )
        assert done.code == 0, done.err
    for words in (["predict"], ["evaluate"], ["report"]):
        refused = call(capsys, *words, tmp_path / "runs")
        assert refused.code == 2
        assert "is no run, but a folder of 2 runs; expected one of them: first, second" in refused.err
    assert "is a file; expected a run folder" in call(capsys, "predict", given).err


def test_zone_categories_and_holidays_are_settings_of_the_command(capsys, tmp_path: Path) -> None:
    start = dt.datetime(2024, 12, 1, tzinfo=dt.UTC)
    rows = (
        f"{start + hour * DAY / 24:%Y-%m-%dT%H:%MZ},{hour % 24 + hour % 5},{hour // 8 % 3}"
        for hour in range(24 * 21)
    )
    given = tmp_path / "load.csv"
    given.write_text("\n".join(["ds,y,shift", *rows]) + "\n")
    options = ("--future", "shift", "--categorical", "shift", "--time-zone", "America/New_York")
    trained = call(
        *(capsys, "train", "forecast", given, "--horizon", "6", *options, "--holidays", "us,DE-BY"),
        *(*TINY, "--out", tmp_path / "run"),
    )
    assert trained.code == 0, trained.err
    schema = json.loads((tmp_path / "run" / "config.json").read_text())["schema"]["panel"]
    assert schema["time_zone"] == "America/New_York"
    assert schema["vocabularies"] == {"shift": ["0", "1", "2"]}
    assert schema["holidays"] == {"places": ["US", "DE-BY"], "ahead": 6}
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        told = call(capsys, "predict", tmp_path / "run", "--level", "none")
    assert told.code == 0
    assert "warning: shift not known for 6 of 6 steps" in told.err  # and holidays are
    assert call(capsys, "evaluate", tmp_path / "run", given).code == 0
    refused = call(capsys, "train", "forecast", given, "--horizon", "6", "--holidays", "Germany")
    assert refused.code == 2
    assert "'Germany' is none (near: DE" in refused.err


def test_a_wide_table_goes_through_all_commands(capsys, monkeypatch, tmp_path: Path) -> None:
    def wide(name: str, rows: range, *columns: str) -> Path:
        lines = [",".join(["day", *columns])]
        for row in rows:
            values = (f"{at + 3 + math.sin(row):.3f}" for at in range(len(columns)))
            lines.append(",".join([str(dt.date(2024, 1, 1) + row * DAY), *values]))
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return tmp_path / name

    def train(given: Path, *options: str) -> Outcome:
        kept = ("--horizon", "3", *options, *TINY, "--overwrite", "--out", tmp_path / "run")
        return call(capsys, "train", "forecast", given, *kept)

    given = wide("sales.csv", range(40), "north", "south")
    refused = train(given)
    assert refused.code == 2
    assert "--wide" in refused.err
    trained = train(given, "--wide")
    assert trained.code == 0, trained.err
    assert "note: 2 series, one a column (north, south)\n" in trained.err
    later = wide("later.csv", range(30, 60), "north", "south")
    told = call(capsys, "predict", tmp_path / "run", later, "--level", "none")
    assert [line.split(",")[:2] for line in told.out.splitlines()[1::3]] == [
        ["north", "2024-03-01"],
        ["south", "2024-03-01"],
    ]
    assert call(capsys, "evaluate", tmp_path / "run", later).code == 0
    rows = b"day,north,south\n2024-02-10,3.5,4.5\n2024-02-11,x,4\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(rows)))
    streamed = call(capsys, "stream", tmp_path / "run")
    assert [line.split(",")[0] for line in streamed.out.splitlines()] == [
        "unique_id",
        "north",
        "south",
        "",
        "south",
    ]
    assert "line 3: 'north' holds 'x'" in streamed.err
    assert "1 rows taken, 1 not usable: line 3" in streamed.err
    alike = train(wide("alike.csv", range(40), "shop_1", "shop_2"))
    assert alike.code == 0
    assert "--no-wide" in alike.err
    assert train(tmp_path / "alike.csv", "--no-wide").code == 2


def test_a_stream_takes_times_as_training_wrote_them_or_as_told(capsys, monkeypatch, tmp_path: Path) -> None:
    def streamed(rows: str, *options: object) -> Outcome:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(rows.encode())))
        return call(capsys, "stream", tmp_path / "run", *options)

    business = [one for one in days(80) if one.weekday() < 5]  # up to Wednesday, 20 March
    given = table(tmp_path / "prices.csv", [f"{one:%d/%m/%Y}" for one in business])
    trained = call(
        *(capsys, "train", "forecast", given, "--horizon", "3", *TINY, "preset=streaming"),
        *("--out", tmp_path / "run"),
    )
    assert trained.code == 0, trained.err
    told = streamed("ds,y\n21/03/2024,9\n23/03/2024,9\n22/03/2024,9\n")
    assert [line.split(",")[:4] for line in told.out.splitlines()[1:]] == [
        ["21/03/2024", "22/03/2024", "25/03/2024", "26/03/2024"],
        ["", "", "", ""],  # a Saturday
        ["22/03/2024", "25/03/2024", "26/03/2024", "27/03/2024"],
    ]
    seconds = streamed('{"ds": 1710979200, "y": 9}\n', "--time-format", "epoch_s")
    assert json.loads(seconds.out)["forecast-ds"] == [1711065600, 1711324800, 1711411200]
    refused = streamed('{"ds": "2024-03-21", "y": 9}\n', "--time-format=%d.%m.%Y")
    assert "a time written as '%d.%m.%Y'" in refused.out
    for wrong, message in (("day", "--time-format is 'day'"), ("integer", "times of training were dates")):
        told = streamed("", "--time-format", wrong)
        assert (told.code, message in told.err) == (2, True)
