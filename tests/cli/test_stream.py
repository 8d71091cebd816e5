"""`recurra stream`: rows in, predictions out, as they come; and what stays when it ends."""

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.cli.conftest import HORIZON, TINY
from tests.cli.program import Outcome, call, environment

from recurra import Forecaster
from recurra.cli.app import main
from recurra.cli.stream_options import Options, plain_stream
from recurra.cli.stream_state import load_state, save_state
from recurra.errors import ArtifactError, DamagedError
from recurra.files import read_document, write_document
from recurra.streaming import GRU, Affine, Embedding, Program
from recurra.tasks.forecast.live import LiveForecast
from recurra.tasks.predictor import load_predictor

MEMORY = 60 * 1024  # KiB


@pytest.fixture(scope="module")
def streaming(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny table whose network streams."""
    folder = tmp_path_factory.mktemp("runs") / "live"
    command = ["train", "forecast", str(table), *TINY, "preset=streaming", "--out", str(folder)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(command) == 0
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of two features that is no forecaster."""
    random = np.random.default_rng(0)

    def weight(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    folder = tmp_path_factory.mktemp("programs") / "plain"
    Program([GRU(weight(9, 2), weight(9, 3)), Affine(weight(4, 3))], {"inputs": ["x", "y"]}).save(folder)
    return folder


def opened(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "recurra", "stream", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        **options,
    )


def answered(text: str, *arguments: object) -> Outcome:
    """What the program answers, in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(text.encode()))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["stream", *map(str, arguments)])
    finally:
        sys.stdin = stdin
    said, told = (one.buffer.getvalue().decode() for one in (out, err))
    return Outcome(code, said, without_notes(told))


def without_notes(err: str) -> str:
    """What stderr says but for how each series starts, which has tests of its own."""
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("note: "))


def ask(process: subprocess.Popen[str], line: str) -> str:
    """Send a row and wait for its prediction, before any other row is sent."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    assert select.select([process.stdout], [], [], 60)[0], "no prediction came"
    return process.stdout.readline()


def rows(table: Path) -> list[dict[str, Any]]:
    return pl.read_csv(table).sort("day", "shop").to_dicts()


def expected(folder: Path, given: list[dict[str, Any]], weights: str = "float32") -> list[list[float]]:
    live = LiveForecast(Program.load(folder / "stream"), weights)
    return [live.step(row)["forecast"].tolist() for row in given]


def found(out: str) -> list[list[float]]:
    return [json.loads(line)["forecast"] for line in out.splitlines()]


def as_lines(given: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in given)


def test_a_prediction_comes_before_the_next_row_goes(streaming: Path, table: Path) -> None:
    given = rows(table)[:9]
    with opened(streaming) as process:
        lines = [ask(process, json.dumps(row)) for row in given]
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0
    assert [json.loads(line)["shop"] for line in lines] == [row["shop"] for row in given]
    assert [json.loads(line)["day"] for line in lines] == [row["day"] for row in given]
    np.testing.assert_array_equal(np.float32(found("".join(lines))), np.float32(expected(streaming, given)))


def test_a_forecast_is_that_of_predict_where_the_context_holds_the_series(
    capsys, streaming: Path, table: Path, tmp_path: Path
) -> None:
    context = int(Forecaster.load(streaming).config_.context)
    recent = pl.read_csv(table).group_by("shop", maintain_order=True).tail(context)
    recent.write_csv(tmp_path / "recent.csv")
    streamed = answered((tmp_path / "recent.csv").read_text(), streaming)
    last = {line.split(",")[0]: line.split(",")[2 + HORIZON :] for line in streamed.out.splitlines()[1:]}
    predicted = call(capsys, "predict", streaming, tmp_path / "recent.csv", "--level", "none", "--json")
    for shop in ("north", "south"):
        own = [row for row in json.loads(predicted.out)["forecast"] if row["shop"] == shop]
        np.testing.assert_allclose(np.float32(last[shop]), [row["forecast"] for row in own], rtol=1e-5)
        ahead = [line for line in streamed.out.splitlines() if line.startswith(shop)][-1].split(",")
        assert ahead[2 : 2 + HORIZON] == [row["day"] for row in own]


def test_csv_goes_in_and_out(streaming: Path, table: Path) -> None:
    outcome = answered(table.read_text(), streaming)
    assert (outcome.code, outcome.err) == (0, "")
    header, *lines = outcome.out.splitlines()
    names = [f"{name}-{step}" for name in ("forecast-day", "forecast") for step in range(1, HORIZON + 1)]
    assert header == ",".join(["shop", "day", *names])
    given = pl.read_csv(table).to_dicts()
    assert [line.split(",")[:2] for line in lines] == [[row["shop"], row["day"]] for row in given]
    forecasts = [np.float32(line.split(",")[2 + HORIZON :]) for line in lines]
    np.testing.assert_array_equal(forecasts, np.float32(expected(streaming, given)))


@pytest.mark.parametrize("weights", ["bfloat16", "int8"])
def test_weights_may_be_narrow(streaming: Path, table: Path, weights: str) -> None:
    given = rows(table)[:30]
    outcome = answered(as_lines(given), streaming, "--weights", weights)
    forecasts = np.float32(found(outcome.out))
    np.testing.assert_array_equal(forecasts, np.float32(expected(streaming, given, weights)))
    assert (forecasts != np.float32(expected(streaming, given))).any()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ('{"shop": "north", "sales": "many"}', "line 4: 'sales' holds 'many'; expected a finite number"),
        ('{"sales": 1}', "line 4: a row without 'shop'"),
        ('{"shop": "north", "sales": 1', "line 4: no valid JSON"),
        ("[1, 2, 3]", "line 4: 3 values; expected 2: shop, sales"),
        ("7", "line 4: 1 values; expected 2"),
        ('{"shop": "north", "sales": 1e99}', "line 4: 'sales' holds 1e+99"),
        ("[" * 100_000, "line 4: no valid JSON"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_what_came_before_stays(
    streaming: Path, table: Path, tmp_path: Path, bad: str, message: str
) -> None:
    given = rows(table)[:3]
    first = as_lines(given[:2]) + "\n" + bad + "\n" + as_lines(given[2:])
    outcome = answered(first, streaming, "--state", tmp_path / "state", "--on-error", "stop")
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {message}")
    assert "Traceback" not in outcome.err
    np.testing.assert_array_equal(np.float32(found(outcome.out)), np.float32(expected(streaming, given)[:2]))
    again = answered(as_lines(given[2:]), streaming, "--state", tmp_path / "state")
    np.testing.assert_array_equal(np.float32(found(again.out)), np.float32(expected(streaming, given)[2:]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shop,sales\nnorth,1\nnorth\n", "line 3: 1 values; expected 2"),
        ("shop,sales\nnorth,1\nnorth,x\n", "line 3: 'sales' holds 'x'"),
        ("shop,shop\nnorth,1\n", "the header 'shop,shop' has a column twice"),
        ("shop,day\nnorth,1\n", "a header of 'shop', 'day'; expected the columns 'shop', 'sales'"),
        ('shop,sales\n"north,1\n', "line 2: no row of a CSV"),
    ],
)
def test_a_bad_row_of_a_csv_is_told_by_its_line(streaming: Path, text: str, message: str) -> None:
    outcome = answered(text, streaming, "--on-error", "stop")
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {message}")


def test_rows_that_cannot_be_used_stop_no_other(streaming: Path, table: Path) -> None:
    given = rows(table)[:4]
    good = [json.dumps(row) for row in given]
    bad = ["{", '{"shop": "north", "sales": "many"}', '{"sales": 1}', "[" * 100_000]
    text = "\n".join([good[0], bad[0], good[1], *bad[1:3], good[2], bad[3], good[3]]) + "\n"
    outcome = answered(text, streaming)
    assert outcome.code == 0
    assert outcome.err == "4 rows taken, 4 not usable: lines 2, 4, 5, 7\n"
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line.get("line") for line in lines] == [None, 2, None, 4, 5, None, 7, None]
    assert lines[3] == {
        "line": 4,
        "error": "'sales' holds 'many'",
        "expected": "a finite number of 32 bits",
        "remedy": "Correct it, or leave it empty.",
    }
    forecasts = [line["forecast"] for line in lines if "forecast" in line]
    np.testing.assert_array_equal(np.float32(forecasts), np.float32(expected(streaming, given)))
    skipped = answered(text, streaming, "--on-error", "skip")
    assert (skipped.code, skipped.err) == (0, outcome.err)
    assert skipped.out == "".join(line + "\n" for line in outcome.out.splitlines() if "error" not in line)


def test_rows_of_a_csv_that_cannot_be_used_leave_an_empty_line(streaming: Path) -> None:
    text = 'shop,sales\nnorth,x\nnorth,1\n"north,1\nnorth\nsouth,2\n'
    outcome = answered(text, streaming)
    assert outcome.code == 0
    header, *lines = outcome.out.splitlines()
    assert header.startswith("shop,forecast-1,")
    assert [line.partition(",")[0] for line in lines] == ["", "north", "", "", "south"]
    assert {line.count(",") for line in (header, *lines)} == {HORIZON}
    assert outcome.err.splitlines()[0].startswith("line 2: 'sales' holds 'x'; expected")
    assert outcome.err.splitlines()[-1] == "2 rows taken, 3 not usable: lines 2, 4, 5"
    as_json = answered(text, streaming, "--json")
    assert [json.loads(line).get("line") for line in as_json.out.splitlines()] == [2, None, 4, 5, None]


@pytest.mark.parametrize("every", ["4", "0.001s"])
def test_a_kill_loses_no_more_than_was_allowed(
    streaming: Path, table: Path, tmp_path: Path, every: str
) -> None:
    given, state = rows(table)[:11], tmp_path / "state.json"
    with opened(streaming, "--state", state, "--save-every", every) as process:
        before = [ask(process, json.dumps(row)) for row in given[:10]]
        process.kill()
        process.wait(60)
    kept = json.loads(state.read_text())["rows"]
    assert kept == 8 if every == "4" else 1 <= kept <= 10
    after = answered(as_lines(given[kept:]), streaming, "--state", state).out
    assert "".join(before[:kept]) + after == answered(as_lines(given), streaming).out


def test_text_that_is_not_utf8_is_told(streaming: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "recurra", "stream", str(streaming), "--on-error", "stop"],
        input=b'{"shop": "north", "sales": 1}\n{"shop": "\xff"}\n',
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert process.returncode == 2
    assert b"\nerror: line 2: bytes that are not UTF-8" in process.stderr
    assert process.stdout.count(b"\n") == 1


def test_a_stream_goes_on_after_a_restart_to_the_bit(streaming: Path, table: Path, tmp_path: Path) -> None:
    given, state = rows(table), tmp_path / "state.json"
    whole = answered(as_lines(given), streaming).out
    parts = [answered(as_lines(given[:41]), streaming, "--state", state)]
    parts.append(answered(as_lines(given[41:42]), streaming, f"--state={state}"))
    parts.append(answered(as_lines(given[42:]), streaming, "--state", state))
    assert [part.code for part in parts] == [0, 0, 0]
    assert "".join(part.out for part in parts) == whole
    assert json.loads(state.read_text())["rows"] == len(given)
    assert list(tmp_path.iterdir()) == [state]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_the_stream_between_rows_and_keep_the_state(
    streaming: Path, table: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    given, state = rows(table), tmp_path / "state.json"
    with opened(streaming, "--state", state) as process:
        before = [ask(process, json.dumps(row)) for row in given[:5]]
        process.send_signal(number)  # the end of the rows comes right after it
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, without_notes(err)) == (code, "", "interrupted\n")
    after = answered(as_lines(given[5:]), streaming, "--state", state).out
    assert "".join(before) + after == answered(as_lines(given), streaming).out


def test_a_reader_that_has_seen_enough_ends_it_quietly(streaming: Path, table: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with opened(streaming, "--state", state) as process:
        first, _, second, *_ = rows(table)
        ask(process, json.dumps(first))
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdin is not None
        process.stdout.close()
        process.stdin.write(json.dumps(second) + "\n")
        process.stdin.flush()
        assert without_notes(process.stderr.read()) == ""
        assert process.wait(60) == 141
    assert json.loads(state.read_text())["rows"] == 2


@pytest.mark.parametrize("text", ["", "\n\n", "shop,sales\n"])
def test_no_rows_make_no_predictions(streaming: Path, text: str) -> None:
    assert answered(text, streaming) == (0, "", "")


def damaged(state: Path) -> Iterator[tuple[str, str]]:
    whole = state.read_text()
    yield whole[:-9], "is not valid JSON"
    yield whole.replace('"rows": 2', '"rows": 3'), "does not match its checksum"
    yield whole.replace('"format": 1', '"format": 2'), "has format 2; expected at most 1"


def test_a_damaged_state_is_told_and_left_alone(streaming: Path, table: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    assert answered(as_lines(rows(table)[:2]), streaming, "--state", state).code == 0
    for content, message in list(damaged(state)):
        state.write_text(content)
        outcome = answered(as_lines(rows(table)[2:4]), streaming, "--state", state)
        assert (outcome.code, outcome.out) == (2, "")
        assert message in outcome.err
        assert state.read_text() == content


@pytest.mark.parametrize(
    "change",
    [
        {"program": None},
        {"program": []},
        {"kind": 5},
        {"series": None},
        {"series": []},
        {"series": {"": None}},
        {"series": {"": {}}},
        {"series": {"": {"session": "AAAA"}}},
        {"series": {"": {"session": "AAAA", "last": None}}},
        {"series": {"": {"session": "\u2603", "last": 1.0}}},
        {"series": {"": {"session": 5, "last": 1.0}}},
        {"rows": None},
        {"rows": "2"},
        {"rows": 2.5},
        {"rows": -1},
        {"rows": True},
        *({"last": last} for last in ("1", True, [], {}, float("nan"), 1e300, 10**400)),
        *({"marks": marks} for marks in (None, 5, [1.5], [True], ["1"], [10**30], [0, 0, 0, 0])),
    ],
    ids=lambda change: str(change)[:40],
)
@pytest.mark.parametrize("kind", ["forecasts", "outputs"])
def test_a_sealed_state_that_lacks_something_is_told(
    streaming: Path, plain: Path, tmp_path: Path, kind: str, change: dict[str, Any]
) -> None:
    """A checksum vouches for the bytes and not for what they say."""
    predictor, state = load_predictor(streaming if kind == "forecasts" else plain, "float32"), tmp_path / "s"
    predictor.predict({"shop": "north", "sales": 3.0} if kind == "forecasts" else [1, 2])
    save_state(state, predictor, 1)
    document = read_document(state, version=1)
    if {"last", "marks"} & set(change):
        for own in document["series"].values():
            own.update(change)
    else:
        document |= change
    write_document(state, document, version=1)
    with pytest.raises(ArtifactError):
        load_state(state, predictor)
    for name in document:
        without = {other: value for other, value in document.items() if other != name}
        write_document(state, without, version=1)
        with pytest.raises(ArtifactError):
            load_state(state, predictor)


def test_files_nested_too_deeply_are_told(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("[" * 100_000)
    outcome = answered("[1, 2]\n", plain, "--state", tmp_path / "state")
    assert (outcome.code, outcome.out) == (2, "")
    assert "it is nested too deeply" in outcome.err
    (tmp_path / "config.json").write_text("[" * 100_000)
    outcome = answered("[1, 2]\n", tmp_path)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert "nested too deeply" in outcome.err


@pytest.mark.parametrize(
    "metadata",
    [
        {"task": "forecast"},
        {"inputs": 5},
        {"inputs": "xy"},
        {"inputs": ["x"]},
        {"inputs": ["x", "y", "z"]},
        {"inputs": ["x", "x"]},
        {"inputs": ["x", 5]},
        {"inputs": [["x"], ["y"]]},
        {"inputs": []},
        {"inputs": {"x": 1, "y": 2}},
    ],
    ids=str,
)
def test_metadata_that_contradict_the_program_are_told(
    plain: Path, tmp_path: Path, metadata: dict[str, Any]
) -> None:
    Program(Program.load(plain).layers, metadata).save(tmp_path / "hostile")
    with pytest.raises(DamagedError, match="Restore it from a copy"):
        load_predictor(tmp_path / "hostile", "float32")


def test_settings_that_are_none_are_told(tmp_path: Path) -> None:
    write_document(tmp_path / "config.json", {"task": 5, "config": [5]}, version=1)
    with pytest.raises(DamagedError):
        load_predictor(tmp_path, "float32")


def test_adaptive_intervals_go_on_after_a_restart(streaming: Path, table: Path, tmp_path: Path) -> None:
    given, options = rows(table), (streaming, "--level", "80", "--adaptive-rate", "0.3")
    whole = answered(as_lines(given), *options)
    state = ("--state", tmp_path / "state.json")
    first, second = (answered(as_lines(part), *options, *state) for part in (given[:9], given[9:]))
    assert first.out + second.out == whole.out
    without = answered("", streaming, "--level", "80", *state)
    assert without.code == 2
    assert "holds the state of another program" in without.err or "Add --adaptive" in without.err
    assert whole.out != answered(as_lines(given), streaming, "--level", "80").out


def test_what_is_kept_of_a_row_is_json(streaming: Path, tmp_path: Path) -> None:
    program = Program.load(streaming / "stream")
    timeless = {name: own for name, own in program.metadata.items() if name not in ("clock", "recent")}
    Program(program.layers, timeless).save(tmp_path / "timeless")
    outcome = answered('{"shop": "north", "sales": 1, "day": NaN}\n', tmp_path / "timeless")
    assert outcome.code == 0

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(outcome.out, parse_constant=refuse)["day"] is None


def test_a_state_of_another_program_is_told(streaming: Path, plain: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    assert answered("[1, 2]\n", plain, "--state", state).code == 0
    outcome = answered("", streaming, "--state", state)
    assert outcome.code == 2
    assert "holds the state of another program" in outcome.err


def test_a_place_that_cannot_be_written_is_told(plain: Path, tmp_path: Path) -> None:
    outcome = answered("[1, 2]\n", plain, "--state", tmp_path / "nowhere" / "state.json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "state.json cannot be written" in outcome.err
    assert "is a folder" in answered("[1, 2]\n", plain, "--state", tmp_path).err


def test_any_program_streams(plain: Path) -> None:
    inputs = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)
    outputs = Program.load(plain).session().run(inputs)
    lists = answered("".join(json.dumps(row) + "\n" for row in inputs.tolist()), plain)
    assert np.array_equal(np.float32([json.loads(line) for line in lists.out.splitlines()]), outputs)
    objects = answered(as_lines([{"y": y, "x": x, "z": "?"} for x, y in inputs.tolist()]), plain)
    assert objects.out == lists.out
    commas = answered("y,x\n" + "".join(f"{y},{x}\n" for x, y in inputs.tolist()), plain)
    assert commas.out.startswith("output-1,output-2,output-3,output-4\n")
    assert np.array_equal(np.loadtxt(commas.out.splitlines()[1:], np.float32, delimiter=","), outputs)
    stop = ("--on-error", "stop")
    assert "line 1: no value of 'x'" in answered("[null, 1]\n", plain, *stop).err
    assert "no value of 'y'" in answered('{"x": 1}\n', plain, *stop).err
    assert "line 1: 1 values; expected 2: x, y" in answered("3\n", plain, *stop).err


def test_a_program_of_ids_streams(tmp_path: Path) -> None:
    weight = np.arange(6, dtype=np.float32).reshape(3, 2)
    Program([Embedding(weight)]).save(tmp_path / "ids")
    assert answered("2\n[0]\n", tmp_path / "ids") == (0, "[4.0, 5.0]\n[0.0, 1.0]\n", "")
    assert answered("word\n1\n", tmp_path / "ids").out == "output-1,output-2\n2.0,3.0\n"
    stop = ("--on-error", "stop")
    assert "line 1: id 0.5; expected a whole number" in answered("0.5\n", tmp_path / "ids", *stop).err
    assert "line 1: id 3" in answered("3\n", tmp_path / "ids", *stop).err


def test_outputs_that_are_no_numbers_are_null(tmp_path: Path) -> None:
    Program([Affine(np.full((1, 1), 3e38, np.float32))]).save(tmp_path / "large")
    assert answered("9\n", tmp_path / "large").out == "[null]\n"


def test_a_run_without_a_program_reads_its_context_at_each_row(
    capsys, finished: Path, table: Path, tmp_path: Path
) -> None:
    """The same numbers as predict, times and intervals included, and the same bits after a restart."""
    last, state = rows(table)[-2:], tmp_path / "state.json"
    with opened(finished, "--level", "80,95", "--state", state) as process:
        out, err = process.communicate(as_lines(last), timeout=60)
    assert (process.returncode, err.count("\n")) == (0, 1)
    assert err.startswith("note: this net reads the last ")
    predicted = json.loads(call(capsys, "predict", finished, "--json").out)["forecast"]
    for line in map(json.loads, out.splitlines()):
        own = [row for row in predicted if row["shop"] == line["shop"]]
        assert line["forecast-day"] == [row["day"] for row in own]
        for name in own[0].keys() - {"shop", "day"}:
            np.testing.assert_allclose(line[name], [row[name] for row in own], rtol=1e-5, err_msg=name)
    more = as_lines(
        [
            {"shop": "north", "day": "2024-03-02", "sales": None},
            {"shop": "north", "day": "2024-03-03", "sales": 21},
        ]
    )
    whole = answered(as_lines(last) + more, finished).out
    parts = [answered(as_lines(last), finished, "--state", tmp_path / "other")]
    parts.append(answered(more, finished, "--state", tmp_path / "other"))
    assert "".join(part.out for part in parts) == whole
    assert "--weights int8 of a run without" in answered("", finished, "--weights", "int8").err


@pytest.mark.parametrize("preset", ["default", "streaming"])
def test_a_stream_reads_the_csv_that_trained_it(capsys, tmp_path: Path, preset: str) -> None:
    """Semicolons, decimal commas and points between thousands; after it, what predict says of the same."""
    count = 60
    days = [f"{day:%d.%m.%Y}" for day in pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 2, 29), eager=True)]
    wholes = [f"{900 + 7 * step % 200:,}".replace(",", ".") for step in range(count)]
    values = [f"{whole},{step % 10}" for step, whole in enumerate(wholes)]
    lines = [f"{day};{value}" for day, value in zip(days, values, strict=True)]
    path, run = tmp_path / "sales.csv", tmp_path / "run"
    path.write_text("\n".join(["Tag;Umsatz", *lines]))
    settings = ["horizon=3", "hidden_size=4", "max_epochs=1", "steps_per_epoch=2", "baselines=none"]
    command = ["train", "forecast", str(path), *settings, f"preset={preset}", "--out", str(run)]
    assert call(capsys, *command).code == 0
    given = "Tag;Umsatz\n" + lines[-1] + "\n"
    last = answered(given, run, "--json")
    assert last.code == 0, last.err
    predicted = json.loads(call(capsys, "predict", run, "--json", "--level", "none").out)["forecast"]
    np.testing.assert_allclose(
        json.loads(last.out)["forecast"], [row["forecast"] for row in predicted], rtol=1e-4
    )


def test_a_header_without_the_columns_of_the_run_is_told_once(streaming: Path) -> None:
    for extra in ((), ("--on-error", "stop")):
        outcome = answered("not json\n1\n2\n", streaming, *extra)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith("error: a header of 'not json'; expected the columns 'shop', 'sales'")


def test_times_are_checked_and_said(streaming: Path) -> None:
    given = [
        {"shop": "north", "day": day, "sales": 20}
        for day in ("2024-03-01", "yesterday", "2024-03-01", "2024-09-01", "2024-03-04", "2024-03-05 07:00")
    ]
    outcome = answered(as_lines(given), streaming, "--level", "none")
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line.get("line") for line in lines] == [None, 2, 3, 4, None, 6]
    assert lines[0]["forecast-day"] == ["2024-03-02", "2024-03-03", "2024-03-04"]
    assert "not after 2024-03-01" in lines[2]["error"]
    assert "183 missing steps after 2024-03-01" in lines[3]["error"]
    assert "off the grid of 1d" in lines[5]["error"]


def test_how_series_start_is_said(streaming: Path, table: Path) -> None:
    given = [{"shop": shop, "sales": 20} for shop in ("north", "south", *map(str, range(12)))]
    with opened(streaming) as process:
        _, err = process.communicate(as_lines(given), timeout=60)
    notes = err.splitlines()
    assert notes[0] == "note: series north goes on after the run's last row, 2024-03-01: the row has no time"
    assert notes[2] == "note: series 0 starts cold: the run holds no row of it"
    assert notes[-1] == "note: more such notes are left out"
    assert len(notes) == 11
    with opened(streaming) as process:
        _, err = process.communicate(table.read_text(), timeout=60)
    assert "note: series north starts cold: the run's rows begin at 2024-02-" in err


def test_folders_that_hold_nothing_to_stream_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, message in (
        (tmp_path / "none", "there is no folder"),
        (tmp_path / "empty", "cannot be read"),
    ):
        outcome = answered("", folder)
        assert outcome.code == 2
        assert message in outcome.err


def test_the_program_of_a_run_is_vouched_for(capsys, streaming: Path, tmp_path: Path) -> None:
    manifest = json.loads((streaming / "manifest.json").read_text())["files"]
    assert {"stream/config.json", "stream/model.safetensors"} <= set(manifest)
    assert call(capsys, "evaluate", streaming, "--json").code == 0


def test_the_process_is_small_and_imports_no_torch(streaming: Path, table: Path) -> None:
    """What it keeps in memory while it waits for the next row, and every module that it ever imported."""
    with opened(streaming) as process:
        for row in rows(table)[:20]:
            ask(process, json.dumps(row))
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            assert int(peak.split()[1]) < MEMORY
    command = [sys.executable, "-X", "importtime", "-m", "recurra", "stream", str(streaming)]
    outcome = subprocess.run(
        command,
        input=as_lines(rows(table)[:2]),
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()}
    assert {"numpy", "recurra"} <= imported
    assert not {"torch", "polars", "pydantic", "typer", "rich", "yaml", "pandas", "scipy"} & imported
    assert len(found(outcome.stdout)) == 2


def test_the_long_way_is_the_same_command(capsys, monkeypatch, streaming: Path) -> None:
    monkeypatch.setattr("recurra.cli.live.run_stream", lambda options: seen.append(options) or 0)
    seen: list[Options] = []
    words = (
        ["RUN"],
        ["RUN", "--weights", "int8"],
        ["--format=csv", "RUN", "--state", "a b"],
        ["--state=x=y", "--weights=bfloat16", "RUN"],
        ["RUN", "--json", "--on-error=skip", "--save-every", "30s", "--state", "x"],
        ["RUN", "--level", "80,95"],
        ["RUN", "--level", "80", "--adaptive"],
        ["--adaptive-rate", "0.1", "RUN", "--level=80"],
    )
    for arguments in words:
        assert call(capsys, "stream", *arguments).code == 0
        assert plain_stream(["stream", *arguments]) == seen[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["stream"],
        ["predict", "RUN"],
        ["stream", "--help"],
        ["stream", "RUN", "-h"],
        ["stream", "RUN", "--weight", "int8"],
        ["stream", "RUN", "--weights"],
        ["stream", "RUN", "--weights", "--state"],
        ["stream", "RUN", "RUN"],
        ["stream", "RUN", "--state", "a", "--state", "b"],
        ["stream", "--weights", "int8"],
        ["stream", "RUN", "--json=yes"],
        ["stream", "RUN", "--json", "--json"],
    ],
)
def test_what_is_not_plain_goes_the_long_way(arguments: list[str]) -> None:
    assert plain_stream(arguments) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weights", "int4"], "weights='int4'; expected one of float32, bfloat16, int8"),
        (["--format", "xml"], "--format is 'xml'; expected one of auto, jsonl, csv"),
        (["--on-error", "ask"], "--on-error is 'ask'; expected one of emit, skip, stop"),
        (["--save-every", "5"], "--save-every without --state; expected the file of the state"),
        (["--save-every", "0", "--state", "x"], "--save-every is '0'; expected rows (1000) or seconds (30s)"),
        (["--save-every", "1.5", "--state", "x"], "--save-every is '1.5'"),
        (["--level", "80,105"], "--level is '80,105'; expected percentages between 0 and 100"),
        (["--adaptive"], "--adaptive without --level; expected intervals that adapt."),
        (["--adaptive-rate", "2", "--level", "80"], "--adaptive-rate is '2'; expected above 0, at most 1"),
        (["--adaptive-rate", "much", "--level", "80"], "--adaptive-rate is 'much'"),
        (["--level", "80"], "--level for a program of no task; expected one of a forecaster"),
        (["--wieghts", "int8"], "no such option: --wieghts"),
        (["too", "many"], "too without --audio; expected sound"),
    ],
)
def test_wrong_options_are_told(plain: Path, arguments: list[str], message: str) -> None:
    outcome = answered("", plain, *arguments)
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {message}")


def test_the_format_may_be_named(plain: Path) -> None:
    assert answered("1,2\n", plain, "--format", "jsonl").code == 2
    assert answered('"x","y"\n1,2\n', plain, "--format", "csv").code == 0
    assert answered('"x","y"\n1,2\n', plain).code == 0
    assert answered("\ufeffx,y\n1,2\n", plain).out == answered("x,y\n1,2\n", plain).out


def test_the_command_works_in_this_process_too(capsys, monkeypatch, plain: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"[1, 2]\n")
    os.close(write)
    with os.fdopen(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        outcome = call(capsys, "stream", plain)
    assert outcome.code == 0
    assert len(json.loads(outcome.out)) == 4
