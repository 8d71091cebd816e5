"""What users do wrong: one clear message, exit code 2, no traceback, and nothing written."""

import gzip
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import TINY, written
from tests.cli.program import Outcome, call, environment, feed, listing
from tests.tasks.forecast.example import TOO_LARGE, long_series

from recurra.files import write_document


def check(outcome: Outcome, *fragments: str, code: int = 2) -> None:
    """One message that says what, after nothing but notes on the data."""
    assert outcome.code == code, outcome
    assert outcome.out == ""
    assert re.fullmatch(r"((note: |epoch \d+ of ).+\n)*error: .+; expected .+\.\n {7}\S.*\n", outcome.err), (
        outcome.err
    )
    for fragment in fragments:
        assert fragment in outcome.err
    assert "Traceback" not in outcome.err


def rows(*lines: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "sales.csv"
        path.write_text("\n".join(["shop,day,sales", *lines]) + "\n")
        return path

    return write


def daily(*values: object, shop: str = "north") -> list[str]:
    return [f"{shop},2024-01-{day:02d},{value}" for day, value in enumerate(values, start=1)]


def good_table(folder: Path) -> Path:
    return written(folder / "sales.csv", rows=41)


def altered(row: int, value: str) -> Callable[[Path], Path]:
    """The good table with another value in one row."""

    def write(folder: Path) -> Path:
        path = good_table(folder)
        lines = path.read_text().splitlines()
        lines[row] = ",".join([*lines[row].split(",")[:2], value])
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def file(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def half_of(suffix: str) -> Callable[[Path], Path]:
    """The good table in another format, cut in the middle."""

    def write(folder: Path) -> Path:
        frame, path = pl.read_csv(good_table(folder)), folder / f"sales{suffix}"
        if suffix == ".parquet":
            frame.write_parquet(path)
        elif suffix == ".jsonl":
            frame.write_ndjson(path)
        else:
            path.write_bytes(gzip.compress((folder / "sales.csv").read_bytes()))
        content = path.read_bytes()
        path.write_bytes(
            content[: content.rindex(b"t", 0, len(content) // 2)]
        )  # in a word, not at a line's end
        return path

    return write


BAD_TABLES: dict[str, tuple[Callable[[Path], Path], tuple[str, ...]]] = {
    "missing file": (lambda folder: folder / "nothing.csv", ("nothing.csv", "does not exist")),
    "folder": (lambda folder: folder, ("is a folder",)),
    "unknown format": (file("sales.ods", b"PK"), ("sales.ods", ".csv")),
    "empty file": (file("sales.csv", b""), ("sales.csv", "empty")),
    "no rows": (rows(), ("sales.csv",)),
    "one row": (rows("north,2024-01-01,5"), ("1",)),
    "shorter than the window": (rows(*daily(1, 2, 3, 4)), ("4",)),
    "not a number": (altered(7, "many"), ("sales", "many")),
    "not a time": (rows("north,soon,5", "north,later,6"), ("day", "soon")),
    "infinite": (altered(7, "inf"), ("sales", "inf")),
    "all missing": (rows(*daily(*[""] * 30)), ("sales",)),
    "not text": (file("sales.csv", bytes(range(256))), ("sales.csv",)),
    "ragged": (lambda folder: appended(good_table(folder), "north,2024-03-01,5,6,7,8\n"), ("sales.csv",)),
    "half a parquet": (half_of(".parquet"), ("sales.parquet",)),
    "half a jsonl": (half_of(".jsonl"), ("sales.jsonl",)),
    "half a gz": (half_of(".csv.gz"), ("sales.csv.gz",)),
}


def appended(path: Path, text: str) -> Path:
    with path.open("a") as file:
        file.write(text)
    return path


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_table_that_cannot_be_used(capsys, tmp_path: Path, case: str) -> None:
    make, fragments = BAD_TABLES[case]
    path = make(tmp_path)
    before = listing(tmp_path)
    outcome = call(capsys, "train", "forecast", path, *TINY, "--out", tmp_path / "run")
    check(outcome, *fragments)
    assert listing(tmp_path) == before
    assert not (tmp_path / "run").exists()


BAD_SETTINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no horizon": ((), ("--horizon is missing",)),
    "horizon 0": (("--horizon", "0"), ("horizon is '0'", "1")),
    "negative horizon": (("--horizon", "-3"), ("horizon is '-3'",)),
    "no number": (("--horizon", "a day"), ("horizon is 'a day'", "integer")),
    "horizon beyond the data": (("--horizon", "50"), ("horizon is 50", "41")),
    "missing target": (("--horizon", "3", "--target", "sale"), ("'sale'", "sales", "sales.csv")),
    "missing time": (("--horizon", "3", "--time", "date"), ("'date'", "day")),
    "missing id": (("--horizon", "3", "--id", "store"), ("'store'", "shop")),
    "missing covariate": (("--horizon", "3", "--past", "price"), ("'price'", "sales")),
    "unknown option": (("--horizon", "3", "--zzzz", "3"), ("no such option: --zzzz",)),
    "unknown key": (("--horizon", "3", "hiden_size=5"), ("unknown setting 'hiden_size'", "hidden_size")),
    "not a pair": (("--horizon", "3", "fast"), ("'fast' is left over", "key=value")),
    "given twice": (("--horizon", "3", "horizon=4"), ("horizon is given twice",)),
    "unknown cell": (("--horizon", "3", "cell=lsmt"), ("'lsmt'", "lstm")),
    "unknown optimizer": (("--horizon", "3", "optimizer=adamm"), ("optimizer is 'adamm'", "adamw")),
    "unknown preset": (("--horizon", "3", "preset=magic"), ("preset is 'magic'", "default")),
    "unknown baseline": (("--horizon", "3", "baselines=oracle"), ("oracle", "feed_forward")),
    "unknown frequency": (("--horizon", "3", "frequency=often"), ("'often'",)),
    "unknown device": (("--horizon", "3", "device=abacus"), ("'abacus'", "cpu")),
    "no units": (("--horizon", "3", "hidden_size=0"), ("hidden_size is '0'", "1")),
    "negative rate": (("--horizon", "3", "learning_rate=-1"), ("learning_rate is '-1'", "greater than 0")),
    "rate that is no number": (("--horizon", "3", "learning_rate=nan"), ("learning_rate is 'nan'",)),
    "all dropped": (("--horizon", "3", "dropout=1"), ("dropout is '1'", "less than 1")),
    "no season": (("--horizon", "3", "season_length=0"), ("season_length",)),
    "resume without a folder": (("--horizon", "3", "--resume"), ("--resume without --out",)),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_a_setting_that_cannot_be_used(capsys, tmp_path: Path, monkeypatch, case: str) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, fragments = BAD_SETTINGS[case]
    columns = {"--target": "sales", "--time": "day", "--id": "shop"}
    named = [each for key, name in columns.items() if key not in arguments for each in (key, name)]
    path = good_table(tmp_path)
    before = listing(tmp_path)
    outcome = call(capsys, "train", "forecast", path, *named, *arguments, "max_epochs=1", "steps_per_epoch=1")
    check(outcome, *fragments)
    assert listing(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["sales.csv"]


def test_one_series_without_values_does_not_spoil_the_others(capsys, tmp_path: Path) -> None:
    path = good_table(tmp_path)
    appended(path, "\n".join(daily(*[""] * 28, shop="west")) + "\n")
    outcome = call(capsys, "train", "forecast", path, *TINY, "--out", tmp_path / "run")
    assert outcome.code in (0, 2)
    assert "west" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("place", "arguments", "fragments"),
    [
        ("file", (), ("is a file",)),
        ("other", (), ("holds something else",)),
        ("other", ("--overwrite",), ("holds something else",)),
        ("nothing", ("--resume",), ("no run",)),
        ("run", (), ("holds a run", "--overwrite", "--resume")),
        ("run", ("--resume", "hidden_size=6"), ("hidden_size is 6 now and was 5",)),
    ],
)
def test_a_run_folder_that_cannot_be_used(
    capsys,
    table: Path,
    run_copy: Path,
    tmp_path: Path,
    place: str,
    arguments: tuple[str, ...],
    fragments: tuple[str, ...],
) -> None:
    (tmp_path / "file").write_text("notes")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "photo.jpg").write_bytes(b"\xff")
    before = listing(tmp_path)
    settings = [
        each for each in TINY if not (each.startswith("hidden_size") and "hidden_size=6" in arguments)
    ]
    command = ["train", "forecast", table, *settings, "--out", tmp_path / place, *arguments]
    check(call(capsys, *command), *fragments)
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (("evaluate", "{folder}/nothing"), ("nothing", "run folder")),
        (("predict", "{folder}/nothing"), ("nothing", "run folder")),
        (("report", "{folder}/nothing"), ("nothing", "run")),
        (("report", "{folder}"), ("holds no records",)),
        (("evaluate", "{folder}"), ("{folder}",)),
        (("predict", "{folder}"), ("{folder}",)),
        (("evaluate", "{run}", "nothing.csv"), ("nothing.csv does not exist",)),
        (("evaluate", "{run}", "{folder}/short.csv"), ("the longest series has 2 steps", "6")),
        (("evaluate", "{run}", "{folder}/other.csv"), ("other.csv", "'sales'")),
        (("predict", "{run}", "{folder}/other.csv"), ("other.csv", "'sales'")),
        (("predict", "{run}", "{folder}/infinite.csv"), ("sales", "inf")),
        (("predict", "{run}", "--future", "nothing.csv"), ("future covariates",)),
        (("predict", "{run}", "--level", "0"), ("--level is '0'",)),
        (("predict", "{run}", "--level", "80,100"), ("--level is '80,100'",)),
        (("predict", "{run}", "--level", "high"), ("--level is 'high'",)),
        (("predict", "{run}", "-o", "forecast.xlsx"), ("'.xlsx'", ".csv")),
        (("predict", "{run}", "-o", "forecast"), ("no format",)),
        (("predict", "{run}", "-o", "{folder}/nothing/forecast.csv"), ("does not exist",)),
        (("predict", "{run}", "-o", "{folder}/folder.csv"), ("is a folder",)),
    ],
)
def test_a_run_that_cannot_be_used_as_asked(
    capsys,
    finished: Path,
    tmp_path: Path,
    monkeypatch,
    arguments: tuple[str, ...],
    fragments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "other.csv").write_text("shop,day,price\nnorth,2024-01-01,5\n")
    rows(*daily(1, 2))(tmp_path).rename(tmp_path / "short.csv")
    altered(7, "-inf")(tmp_path).rename(tmp_path / "infinite.csv")
    before = listing(tmp_path), listing(finished)
    places = {"run": finished, "folder": tmp_path}
    outcome = call(capsys, *(each.format(**places) for each in arguments))
    check(outcome, *(each.format(**places) for each in fragments))
    assert (listing(tmp_path), listing(finished)) == before


def test_sizes_that_no_memory_holds_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Not a mistake on every machine, so not exit code 2."""
    long_series().write_parquet(tmp_path / "long.parquet")
    settings = [f"{key}={value}" for key, value in TOO_LARGE.items()]
    outcome = call(
        *(capsys, "train", "forecast", tmp_path / "long.parquet", *settings),
        *("validation_size=0", "device=cpu", "--out", tmp_path / "run"),
    )
    check(outcome, "out of memory", "Lower batch_size", "hidden_size", "context (now 2700000)", code=1)


@pytest.mark.parametrize(
    "words",
    [
        ["train", "forecast", "nowhere.csv", "--horizon", "3"],
        ["train", "classify", "sample:iriss"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "celll=gru"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "time_zone=Mars/Base"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "--time-format", "dmy"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "--time-format", "%Y-%Q"],
        ["predict", "{run}", "--horizon", "20"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "hidden_size=many"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "frequency=often"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "cell=lstmm"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "--target", "sales"],
        ["train", "forecast", "sample:co2", "--horizon", "3", "--holidays", "Germany"],
        ["train", "classify", "sample:iris", "cell=lstmm"],
        ["train", "classify", "sample:iris", "hidden_size=many"],
        ["train", "tag", "sample:python", "max_epochs=-1"],
        ["evaluate", "nowhere"],
        ["predict", "nowhere"],
    ],
)
def test_a_mistake_is_told_before_torch_is_loaded(words: list[str], tmp_path: Path) -> None:
    write_document(tmp_path / "config.json", {"task": "forecast", "config": {"horizon": 7}}, version=1)
    words = [word.format(run=tmp_path) for word in words]
    program = (
        "import sys; from recurra.cli.app import main; code = main(sys.argv[1:]);"
        "sys.exit(9 if 'torch' in sys.modules else code)"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert outcome.returncode == 2, outcome
    assert outcome.stderr.startswith("error: ")


def test_a_table_on_standard_input(capsys, monkeypatch, tmp_path: Path) -> None:
    """Through a pipe where a process predicts; for the rest one process has to do."""
    table = written(tmp_path / "sales.csv", rows=41).read_bytes()
    words = [
        "forecast",
        "-",
        "--horizon",
        "3",
        "--id",
        "shop",
        "--out",
        str(tmp_path / "run"),
        *TINY,
        "--quiet",
    ]
    feed(monkeypatch, table)
    trained = call(capsys, "train", *words)
    assert trained.code == 0, trained.err
    again = ["predict", str(tmp_path / "run"), "-"]
    command = [sys.executable, "-m", "recurra", *again]
    predicted = subprocess.run(command, input=table, capture_output=True, env=environment(), check=False)
    assert predicted.stdout.count(b"\n") == 7
    feed(monkeypatch, b"a,b\n1,2,3\n")
    assert call(capsys, *again).err.startswith("error: line 2 of standard input holds 3 values")
    feed(monkeypatch, b"")
    assert call(capsys, *again).err.startswith("error: nothing on standard input")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--max_epochs=2",), ("--max_epochs is no option", "Write max_epochs=2.")),
        (("--hidden-size", "8"), ("--hidden-size is no option", "Write hidden_size=8.")),
        (("lr=1",), ("unknown setting 'lr'", "Write learning_rate=1;")),
        (("--lr", "0.1"), ("--lr is no option", "Write learning_rate=0.1.")),
        (("--epochs=3",), ("--epochs is no option", "Write max_epochs=3.")),
        (("--horizont", "3"), ("no such option: --horizont; did you mean --horizon;",)),
        (("--horizon", "x"), ("--horizon is 'x'", "Change --horizon.")),
    ],
    ids=str,
)
def test_remedies_name_what_was_typed(capsys, table: Path, arguments, words) -> None:
    outcome = call(capsys, "train", "forecast", table, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    for word in words:
        assert word in outcome.err
