"""`recurra bench`: its figures for programs and for people, and what it refuses."""

import json
import re
import signal
import time

import pytest
import torch
from tests.bench.stand_in import case, equal_race, standing, table
from tests.cli.program import call

from recurra.bench import schedule, torch_peer
from recurra.bench.choice import CELLS, Choice
from recurra.bench.parity import Difference
from recurra.bench.race import Case
from recurra.bench.schedule import Table
from recurra.bench.stopwatch import Timing
from recurra.cli import bench as command
from recurra.cli.bench_table import print_tables

TINY = ("--batch", 3, "--time", 5, "--hidden", 7, "--threads", 1)
KEYS = ["suite", "cell", "batch", "time", "hidden", "threads", "peer", "ours_us", "peer_us", "ratio"]


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(schedule, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(schedule, "MOST_SECONDS", 0.0)


@pytest.fixture
def _wrong(monkeypatch):
    """A layer of torch's with other weights than ours."""
    same_layer = torch_peer.torch_layer

    def other_layer(*given):
        layer = same_layer(*given)
        torch.nn.init.constant_(layer.bias_hh_l0, 0.5)
        return layer

    monkeypatch.setattr(torch_peer, "torch_layer", other_layer)


def test_json_is_a_list_of_races_and_peers(capsys):
    outcome = call(
        capsys,
        "bench",
        "train",
        "--cell",
        "gru,peephole_lstm",
        "--peer",
        "torch.nn,torch.loop",
        *TINY,
        "--json",
    )
    assert outcome.code == 0
    rows = json.loads(outcome.out)
    assert [list(row) for row in rows] == [KEYS, KEYS]
    assert {(row["suite"], row["cell"], row["peer"]) for row in rows} == {
        ("train", "gru", "torch.nn"),
        ("train", "peephole_lstm", "torch.loop"),
    }
    for row in rows:
        assert (row["batch"], row["time"], row["hidden"], row["threads"]) == (3, 5, 7, 1)
        assert row["ratio"] == pytest.approx(row["peer_us"] / row["ours_us"], abs=0.01)


def test_people_see_a_table_and_the_means(capsys):
    outcome = call(capsys, "bench", "train", "--cell", "elman,gru", "--peer", "torch.nn", *TINY)
    assert outcome.code == 0
    assert "Training, whole batches, 1 thread, batch 3, time 5, hidden 7" in outcome.out
    for cell in ("elman", "gru"):
        assert re.search(rf"^{cell} +[\d.]+ +[\d.]+ +\d+% +[\d.,]+ +[\d.]+x$", outcome.out, re.MULTILINE)
        assert re.search(rf"^torch.nn +{cell} +1 +([\d.]+x) +\1 +1/1$", outcome.out, re.MULTILINE)
    assert "differs" not in outcome.out


@pytest.mark.usefixtures("_wrong")
def test_wrong_results_have_no_ratio_and_exit_with_1(capsys):
    given = ("bench", "train", "--cell", "elman", "--peer", "torch.nn", *TINY)
    outcome = call(capsys, *given)
    assert outcome.code == 1
    assert re.search(r"^elman .* differs$", outcome.out, re.MULTILINE)
    assert not re.search(r"\dx\b", outcome.out)
    assert "error: elman, batch 3, time 5, hidden 7, 1 thread: no ratio to torch.nn\n" in outcome.err
    assert re.search(r"outputs differs by \d\.\de[+-]\d\d \(at most 1e-05\)", outcome.err)
    outcome = call(capsys, *given, "--json")
    assert (outcome.code, json.loads(outcome.out)) == (1, [])


def test_steps_stand_beside_their_targets_by_suite_and_size(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    tables = []
    for suite, batch, peer in (("pool", 1024, "onnxruntime.io_binding"), ("stream", 1, "memory")):
        cases = [Case(suite, "lstm", batch, 1, hidden, 1) for hidden in (64, 128)]
        standings = [standing(1.0, each)._replace(peers={peer: Timing(0.5, 0.0, 3)}) for each in cases]
        tables.append(table(*map(equal_race, cases), standings=standings, peers=[peer]))
    print_tables(tables)
    out = capsys.readouterr().out
    assert re.findall(r"^(?:stream|pool) .*$", out, re.MULTILINE) == [
        "stream  memory                  lstm        1      64  0.50x  0.667x  no",
        "stream  memory                  lstm        1     128  0.50x  0.667x  no",
        "pool    onnxruntime.io_binding  lstm        1     128  0.50x      1x  no",
    ]
    assert "A target of 0.667x allows 1.5 times" in out


def test_what_there_is_no_time_for_is_named(capsys, monkeypatch):
    monkeypatch.setattr(command, "QUICK_SECONDS", 0.0)
    outcome = call(
        capsys, "bench", "train", "--quick", "--cell", "gru", "--peer", "torch.nn", *TINY, "--json"
    )
    assert (outcome.code, json.loads(outcome.out)) == (0, [])
    assert "Training, whole batches: no time for 1 of 1 races" in outcome.err
    assert "3x5x7" in outcome.err


def test_quick_leaves_room_below_its_promise():
    assert command.QUICK_SECONDS < command.QUICK_LIMIT <= 45


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no alarms")
def test_quick_ends_in_time_even_in_the_middle_of_a_race(capsys, monkeypatch):
    run_race, calls = schedule.run_race, []

    def endless(*given):
        calls.append(given)
        if len(calls) > 1:
            assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= command.QUICK_LIMIT
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        while len(calls) > 1:
            time.sleep(0.001)
        return run_race(*given)

    monkeypatch.setattr(schedule, "run_race", endless)
    given = ("bench", "train", "--cell", "elman,gru", "--peer", "torch.nn", *TINY, "--quick", "--json")
    outcome = call(capsys, *given)
    assert outcome.code == 0
    assert [row["cell"] for row in json.loads(outcome.out)] == ["elman"]
    assert "Training, whole batches: no time for 1 of 2 races" in outcome.err


def test_ctrl_c_shows_what_there_is(capsys, monkeypatch):
    run_race, calls = schedule.run_race, []

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run_race(*given)

    monkeypatch.setattr(schedule, "run_race", interrupted)
    outcome = call(capsys, "bench", "train", "--cell", "elman,gru", "--peer", "torch.nn", *TINY, "--json")
    assert outcome.code == 130
    assert [row["cell"] for row in json.loads(outcome.out)] == ["elman"]
    assert "interrupted" in outcome.err


def test_absent_peers_are_named_in_a_line(capsys, monkeypatch):
    monkeypatch.setattr("recurra.bench.plan.missing_packages", lambda peer: [peer] if peer == "jax" else [])
    outcome = call(capsys, "bench", "train", "--cell", "elman", *TINY)
    assert outcome.code == 0
    assert "left out, since not installed: jax; pip install 'recurra[bench]'\n" in outcome.err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["run"], "suite 'run'; expected one of train, stream, pool"),
        (["train", "--cell", "gruu"], "cell 'gruu'; expected one of elman"),
        (["train", "--threads", "two"], "--threads is 'two'; expected whole numbers, such as 1,2"),
        (["train", "--cell", "gru", "--peer", "memory"], "nothing to race"),
    ],
)
def test_a_mistake_exits_with_2(capsys, given, message):
    outcome = call(capsys, "bench", *given)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"error: {message}")


def test_options_take_commas_and_repetition(capsys):
    outcome = call(
        capsys,
        *("bench", "train", "--cell", "elman", "--cell", "gru,elman", "--peer", "torch.nn", *TINY, "--json"),
    )
    assert [row["cell"] for row in json.loads(outcome.out)] == ["elman", "gru"]


def table_of_everything() -> list[Table]:
    """As wide as it gets: the longest names, several values on each axis, large and small figures."""
    cases = [
        case(batch, cell, threads)._replace(hidden=hidden)
        for cell in CELLS
        for batch, hidden in ((1, 64), (64, 256))
        for threads in (1, 2)
    ]
    standings = [
        standing(1234.5 * (place + 1), each, torch_nn=98765.4, jax=0.5) for place, each in enumerate(cases)
    ]
    refused = standings[0]._replace(peers={}, refused={"jax": [Difference("outputs", 0.5, 1e-5)]})
    return [table(*map(equal_race, cases), standings=[refused, *standings[1:]])]


@pytest.mark.parametrize(("columns", "parts"), [(100, 1), (80, 2), (60, 3)])
def test_tables_fit_the_terminal_in_parts_if_need_be(capsys, monkeypatch, columns, parts):
    monkeypatch.setenv("COLUMNS", str(columns))
    print_tables(table_of_everything())
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= columns
    assert len(re.findall(r"^cell .* hidden ", out, re.MULTILINE)) == parts


@pytest.mark.parametrize("columns", [80, 120])
def test_means_stand_beside_their_targets(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    cases = [
        Case("train", "layer_norm_lstm", batch, time, hidden, 1) for batch, time, hidden in Choice().sizes()
    ]
    standings = [standing(1.0, each, torch_loop=1234.0, recurra_lstm=0.5) for each in cases]
    races = map(equal_race, cases)
    print_tables([table(*races, standings=standings, peers=["torch.loop", "recurra.lstm"])])
    out = capsys.readouterr().out
    assert re.search(r"^torch.loop +layer_norm_lstm +1 +1,234x +1,234x +9/9 +10x +yes$", out, re.MULTILINE)
    assert re.search(r"^recurra.lstm +layer_norm_lstm +1 +0.50x +0.50x +9/9 +0.714x +no$", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= columns


def test_rows_stand_in_the_order_of_cells_and_sizes(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    (everything,) = table_of_everything()
    everything.standings.reverse()
    print_tables([everything])
    rows = re.findall(r"^(\w+) +(\d) +(\d+) +(\d+) .*[%]", capsys.readouterr().out, re.MULTILINE)
    expected = [
        (cell, threads, batch, hidden)
        for cell in CELLS
        for threads in "12"
        for batch, hidden in (("1", "64"), ("64", "256"))
    ]
    assert rows == expected


def test_a_run_is_timed_on_rows(capsys, finished, table, tmp_path):
    outcome = call(capsys, "bench", finished, table, "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert found["rows"] == 2 * 61
    assert 0 < found["row_us"] <= found["slow_row_us"]
    assert found["load_ms"] > 0
    (tmp_path / "rows.jsonl").write_text('{"shop": "north", "day": "2024-03-02", "sales": 20}\nnothing\n')
    outcome = call(capsys, "bench", finished, tmp_path / "rows.jsonl")
    assert outcome.code == 2
    assert "line 2" in outcome.err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["nothing"], "suite 'nothing'"),
        (["runs/misspelt", "rows.csv"], "or the folder of a run"),
        (["train", "rows.csv"], "rows.csv with races"),
        (["--piece", "1"], "--piece with races"),
        (["RUN"], "without data"),
        (["RUN", "none.jsonl"], "none.jsonl"),
        (["RUN", "TABLE", "beam=3"], "beam=3"),
        (["RUN", "TABLE", "--piece", "1"], "--piece 1"),
        (["RUN", "TABLE", "--cell", "gru"], "--cell with a run"),
        (["RUN", "EMPTY"], "no rows"),
    ],
)
def test_what_does_not_go_with_a_run_or_with_races_is_told(capsys, finished, table, tmp_path, given, words):
    (tmp_path / "empty.csv").write_text("")
    places = {"RUN": finished, "TABLE": table, "EMPTY": tmp_path / "empty.csv"}
    outcome = call(capsys, "bench", *(places.get(one, one) for one in given))
    assert outcome.code == 2
    assert words in outcome.err
