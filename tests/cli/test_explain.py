"""`recurra explain` on tiny runs: what is printed, drawn and refused."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import TINY as FORECAST
from tests.cli.conftest import written
from tests.cli.program import call
from tests.cli.test_doctor import TINY as CLASSIFY
from tests.cli.test_doctor import written as signals

SMALL = ("hidden_size=6", "max_epochs=1", "baselines=none", "device=cpu", "--quiet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explained")


@pytest.fixture
def latch(folder, capsys):
    run, data = folder / "latch", folder / "signals.jsonl"
    if not run.exists():
        assert call(capsys, "train", "classify", signals(data), *CLASSIFY, "--quiet", "--out", run).code == 0
    return run, data


@pytest.fixture
def sales(folder, capsys):
    run = folder / "sales"
    if not run.exists():
        data = written(folder / "sales.csv")
        assert call(capsys, "train", "forecast", data, *FORECAST, "--quiet", "--out", run).code == 0
    return run


def texts(folder: Path) -> Path:
    path = folder / "texts.csv"
    rows = [f"the film was {'good' if row % 2 else 'bad'},{'yes' if row % 2 else 'no'}" for row in range(40)]
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return path


def test_answers_and_page_of_series(latch, capsys):
    run, data = latch
    outcome = call(capsys, "explain", run, data, "--rows", 2)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].startswith("Row 1: ")
    assert any("signal at " in line for line in lines)
    assert any("The shares add up to" in line for line in lines)
    assert lines[-1] == f"page      {run / 'explain.html'}"
    page = (run / "explain.html").read_text()
    assert "speaks against it" in page
    assert f"recurra explain {run} {data} --rows=2" in page
    assert call(capsys, "predict", run, data).code == 0


def test_json_of_a_row_and_a_class_that_are_named(latch, folder, capsys):
    run, data = latch
    options = (
        "--row",
        5,
        "--outcome",
        "down",
        "--method",
        "occlusion",
        "--out",
        folder / "own.html",
        "--json",
    )
    found = json.loads(call(capsys, "explain", run, data, *options).out)
    assert found["task"] == "classify"
    assert found["page"] == str(folder / "own.html")
    (row,) = found["rows"]
    assert (row["row"], row["output"], row["method"]) == ("5", "log-odds of down", "occlusion")
    assert len(row["shares"]) == len(row["steps"]) == len(row["values"])
    assert row["traces"][0]["layer"] == "body.stack.layers.0"
    assert (folder / "own.html").exists()


def test_texts_without_labels_and_a_net_without_recurrence(folder, capsys):
    run, new = folder / "flat", folder / "new.csv"
    train = ("train", "classify", texts(folder), *SMALL, "network=convolutional", "--out", run)
    assert call(capsys, *train).code == 0
    new.write_text("text\na good \x1b[31m film\n")
    outcome = call(capsys, "explain", run, new)
    assert outcome.code == 0, outcome.err
    assert '"good" ' in outcome.out
    assert "\x1b" not in outcome.out
    page = (run / "explain.html").read_text()
    assert "<mark" in page
    assert "Unit " not in page


def test_forecasts_by_series_and_step(sales, capsys):
    outcome = call(capsys, "explain", sales, "--row", "south", "--step", 2)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("South: ")
    assert "Forecast of sales, step 2" in outcome.out
    found = json.loads(call(capsys, "explain", sales, "--json").out)
    assert [one["row"] for one in found["rows"]] == ["north", "south"]
    assert found["rows"][0]["steps"][-1] == "2024-03-04"
    assert "sales" in found["rows"][0]["columns"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--outcome", "sideways"), "class 'sideways'"),
        (("--step", 1), "one answer for a whole example"),
        (("--row", 61), "1 to 60.\n       Choose one of these."),
        (("--method", "gradient"), "method 'gradient'"),
        (("--out", "nowhere/page.html"), "a folder that exists"),
        (("--level", "80"), "--level for a run of task classify"),
    ],
)
def test_mistakes_are_told(latch, capsys, options, said):
    run, data = latch
    outcome = call(capsys, "explain", run, data, *options)
    assert outcome.code == 2
    assert said in outcome.err


def test_no_data_no_run_and_runs_that_did_not_end(latch, tmp_path, capsys):
    run, _ = latch
    assert "no data" in call(capsys, "explain", run).err
    nothing = call(capsys, "explain", tmp_path / "nothing", "x.csv")
    assert nothing.code != 0
    assert "--out" not in nothing.err
    assert "there is no" in nothing.err
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / "config.yaml").write_text((run / "config.yaml").read_text())
    assert "did not end" in call(capsys, "explain", begun).err
