"""Runs as C, ONNX and torch programs: they say what the run says, and their cards' examples run."""

import contextlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from tests.cli.program import call
from tests.experiment.small_nets import readings, waves
from tests.export.compiled import COMPILER, STRICT, needs_compiler, outputs_of
from tests.trial import unchecked

from recurra import Classifier, Forecaster
from recurra.cli.app import main
from recurra.experiment.estimator import Estimator
from recurra.streaming import Program

pytestmark = [
    pytest.mark.usefixtures("without_type_checks"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
without_type_checks = pytest.fixture(unchecked)


def batch(table: pl.DataFrame) -> tuple[Any, Any]:
    """Rows of waves as they are in the data, (batch, time, 2), and their lengths."""
    lengths = table["x"].list.len().to_numpy().astype(np.int64)
    values = np.zeros((len(table), lengths.max(), 2), np.float32)
    for number, (x, y) in enumerate(zip(table["x"], table["y"], strict=True)):
        values[number, : len(x)] = np.stack([x, y], axis=-1)
    return values, lengths


def probabilities(net: Estimator, table: pl.DataFrame) -> Any:
    """What the library says of the rows."""
    return net.predict(table.drop("label")).select("p_down", "p_up").to_numpy()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["classify", "both_ways", "last", "both_ways_last", "mean"])
def test_onnx_and_torch_say_of_whole_sequences_what_predict_says(
    name: str, trained: Any, shipped: Any
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    net, _ = trained(name)
    table = waves(17)
    values, lengths = batch(table)
    expected = probabilities(net, table)
    session = runtime.InferenceSession(shipped(name, "onnx") / "model.onnx")
    (told,) = session.run(None, {"values": values, "lengths": lengths})
    np.testing.assert_allclose(told, expected, rtol=0, atol=1e-5)
    model = torch.export.load(shipped(name, "torch") / "model.pt2").module()
    with torch.no_grad():
        told = model(torch.from_numpy(values), torch.from_numpy(lengths)).numpy()
    np.testing.assert_allclose(told, expected, rtol=0, atol=1e-6)


@needs_compiler
def test_c_and_a_step_in_onnx_say_what_predict_says_of_the_steps_so_far(trained: Any, shipped: Any) -> None:
    runtime = pytest.importorskip("onnxruntime")
    net, run = trained("classify")
    table = waves(1)
    values, _ = batch(table)
    so_far = pl.concat([
        table.with_columns(pl.col("x", "y").list.head(number + 1)) for number in range(values.shape[1])
    ])  # fmt: skip
    expected = probabilities(net, so_far)
    program = Classifier.load(run).to_program()
    folder = shipped("classify", "c")
    np.testing.assert_allclose(outputs_of(folder, "net", program, values[0]), expected, rtol=0, atol=1e-5)

    session = runtime.InferenceSession(shipped("classify", "onnx") / "step.onnx")
    state = {one.name: np.zeros((1, one.shape[1]), np.float32) for one in session.get_inputs()[1:]}
    assert len(state) == 3
    for number in range(values.shape[1]):
        told, *after = session.run(None, {"values": values[:, number], **state})
        state = dict(zip(state, after, strict=True))
        np.testing.assert_allclose(told[0], expected[number], rtol=0, atol=1e-5)


TARGETS = {
    "tag": ("onnx", "torch", "c"),
    "language": ("c", "torch"),
    "detect": ("torch", "c"),
    "forecast": ("onnx", "c"),
}


@pytest.mark.parametrize(
    ("name", "target"), [(name, one) for name, own in TARGETS.items() for one in own], ids=str
)
def test_every_task_that_streams_is_exported_with_the_numbers_of_its_program(
    name: str, target: str, trained: Any, shipped: Any
) -> None:
    _, run = trained(name)
    folder = shipped(name, target)
    whole = program_of(name, run)
    draw = np.random.default_rng(1)
    shape = (3, 8) if whole.takes_ids else (3, 8, whole.input_size)
    given = draw.integers(0, whole.vocabulary, shape) if whole.takes_ids else draw.normal(size=shape)
    given = given if whole.takes_ids else given.astype(np.float32)
    expected = np.stack([whole.session().run(row) for row in given])
    lengths = np.full(3, 8)
    if target == "c":
        if not COMPILER:
            pytest.skip("there is no C compiler here")
        told = np.stack([outputs_of(folder, "net", whole, row) for row in given])
    elif target == "onnx":
        session = pytest.importorskip("onnxruntime").InferenceSession(folder / "model.onnx")
        (told,) = session.run(None, {"values": given, "lengths": lengths})
    else:
        model = torch.export.load(folder / "model.pt2").module()
        with torch.no_grad():
            told = model(torch.from_numpy(given), torch.from_numpy(lengths)).numpy()
    np.testing.assert_allclose(told, expected, rtol=1e-5, atol=1e-5)


def program_of(name: str, run: Path) -> Program:
    """What a step of a task does; of a forecast the point and an interval."""
    if name == "forecast":
        return Forecaster.load(run).to_program(level=(80,))
    return Program.load(run / "stream")


def blocks(card: str) -> list[tuple[str, str]]:
    return re.findall(r"```(\w+)\n(.*?)\n```", card, flags=re.DOTALL)


@pytest.mark.parametrize("target", ["onnx", "torch", "c"])
@pytest.mark.parametrize("name", ["classify", "tag"])
def test_the_examples_of_a_card_run(name: str, target: str, shipped: Any, tmp_path: Path) -> None:
    if target == "c" and not COMPILER:
        pytest.skip("there is no C compiler here")
    if target == "onnx":
        pytest.importorskip("onnxruntime")
    folder = shipped(name, target)
    found = blocks((folder / "README.md").read_text())
    assert [language for language, _ in found] == {
        "onnx": ["python", "python"], "torch": ["python"], "c": ["c", "console"],
    }[target]  # fmt: skip
    for language, text in found:
        if language == "c":
            (tmp_path / "main.c").write_text(text)
            binary, files = tmp_path / "program", [tmp_path / "main.c", folder / "net.c"]
            subprocess.run([COMPILER, *STRICT, "-I", folder, "-o", binary, *files, "-lm"], check=True)
            assert len(subprocess.check_output([binary], text=True).split()) == 3
        elif language == "python":
            blocked = f'import sys\nsys.modules["recurra"] = None\n{text}'
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.check_output(
                [sys.executable, "-c", blocked], cwd=folder, env=environment, text=True
            )
            assert done.startswith(("(", "torch.Size("))
        else:
            assert text.startswith("cc -std=c99")


def test_metadata_say_what_belongs_to_the_net(shipped: Any) -> None:
    onnx = pytest.importorskip("onnx")
    folder = shipped("classify", "onnx")
    written = json.loads((folder / "metadata.json").read_text())
    assert (written["export"], written["task"], written["labels"]) == ("onnx", "classify", ["down", "up"])
    assert written["inputs"] == ["x", "y"]
    for file in ("model.onnx", "step.onnx"):
        model = onnx.load(folder / file)
        told = {one.key: one.value for one in model.metadata_props}
        assert json.loads(told["labels"]) == ["down", "up"]
        assert [one["name"] for one in json.loads(told["encoding"])["channels"]] == ["x", "y"]
        assert model.opset_import[0].version == 18


def test_rows_of_the_training_do_not_go_along(trained: Any, shipped: Any) -> None:
    assert "recent" in Program.load(trained("detect")[1] / "stream").metadata
    written = json.loads((shipped("detect", "torch") / "metadata.json").read_text())
    assert "units" in written
    assert "recent" not in written


def test_int8_is_smaller_and_its_difference_is_told(
    trained: Any, shipped: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime, onnx = pytest.importorskip("onnxruntime"), pytest.importorskip("onnx")
    _, run = trained("both_ways")
    exact = shipped("both_ways", "onnx")
    done = call(capsys, "export", run, "--to", "onnx", "--int8", "-o", tmp_path / "out", "--json")
    assert done.code == 0
    notes = " ".join(json.loads(done.out)["notes"])
    assert re.search(
        r"int8 takes model.onnx from [\d,]+ to [\d,]+ bytes and changes outputs by \S+ on average", notes
    )
    values, lengths = batch(waves(9))
    given = {"values": values, "lengths": lengths}
    told, expected = (
        runtime.InferenceSession(folder / "model.onnx").run(None, given)[0]
        for folder in (tmp_path / "out", exact)
    )
    kinds = [node.op_type for node in onnx.load(tmp_path / "out" / "model.onnx").graph.node]
    assert "DynamicQuantizeLSTM" in kinds
    assert 0 < np.abs(told - expected).max() < 0.1


@needs_compiler
def test_int8_in_c_is_that_of_the_stream(
    trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = trained("tag")
    done = call(capsys, "export", run, "--to", "c", "--int8", "--name", "net", "-o", tmp_path / "out")
    assert (done.code, "int8 changes outputs by" in done.err) == (0, True)
    assert "static const int8_t" in (tmp_path / "out" / "net.c").read_text()
    program, ids = Program.load(run / "stream"), np.random.default_rng(0).integers(0, 5, 30)
    told = outputs_of(tmp_path / "out", "net", program, ids)
    expected = program.session("int8").run(ids)
    np.testing.assert_allclose(told, expected, rtol=0, atol=2e-2 * np.abs(expected).max())


def test_what_cannot_be_exported_is_told(
    trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = trained("both_ways")
    out = tmp_path / "out"
    for options, words in (
        (("--to", "c"), "bidirectional is True"),
        (("--to", "tensorflow"), "one of c, onnx, torch"),
        (("--to", "torch", "--int8"), "--int8 with --to torch"),
    ):
        done = call(capsys, "export", run, *options, "-o", out)
        assert (done.code, words in done.err) == (2, True), done.err
        assert list(tmp_path.iterdir()) == []
    done = call(capsys, "export", run, "--to", "onnx", "-o", out)
    assert "There is no step.onnx: bidirectional is True" in done.err


@needs_compiler
def test_only_an_export_is_replaced(trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, run = trained("tag")
    arguments = ("export", run, "--to", "c", "-o", tmp_path / "out")
    assert call(capsys, *arguments).code == 0
    before = (tmp_path / "out" / "tag.c").read_bytes()
    done = call(capsys, *arguments)
    assert (done.code, "exists" in done.err) == (1, True)
    assert call(capsys, *arguments, "--overwrite", "--name", "again").code == 0
    assert before.replace(b"tag", b"again")[:9] == (tmp_path / "out" / "again.c").read_bytes()[:9]
    assert not (tmp_path / "out" / "tag.c").exists()
    (tmp_path / "other").mkdir()
    done = call(capsys, *arguments[:-1], tmp_path / "other", "--overwrite")
    assert (done.code, "something else than an export" in done.err) == (1, True)


def test_a_missing_runtime_is_told(trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, run = trained("tag")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError):
        importlib.import_module("onnxruntime")
    stream = io.StringIO()
    with contextlib.redirect_stderr(stream):
        assert main(["export", str(run), "--to", "onnx", "--int8", "-o", str(tmp_path / "out")]) == 1
    assert "pip install 'recurra[onnx]'" in stream.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_a_card_has_the_scores_of_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    settings = ("hidden_size=4", "max_epochs=1", "baselines=", "device=cpu")
    assert call(capsys, "train", "classify", "sample:iris", "--out", run, *settings, "--quiet").code == 0
    assert call(capsys, "export", run, "--to", "torch").code == 0
    card = (run / "export" / "torch" / "README.md").read_text()
    assert re.search(r"\| *\| Accuracy \(higher is better\) \|", card)
    models = json.loads((run / "metrics.json").read_text())["models"]
    assert len(models) >= 2
    for model in models:
        assert re.search(rf"^\| {re.escape(model['label'])} \| [\d.]+ % \|", card, flags=re.MULTILINE)
    assert "| source | sample:iris |" in card


@needs_compiler
def test_int8_is_measured_on_what_a_run_held_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, data = tmp_path / "run", tmp_path / "waves.jsonl"
    waves().write_ndjson(data)
    settings = ("hidden_size=4", "max_epochs=1", "baselines=", "device=cpu", "bidirectional=false")
    options = ("pooling=last", "validation_size=0.2", "--out", run, "--quiet")
    assert call(capsys, "train", "classify", data, *settings, *options).code == 0
    told = call(capsys, "export", run, "--to", "c", "--int8").err
    found = re.search(r"measured on (\d+) steps of the run's held-out data", told)
    assert found, told
    assert 8 * 3 <= int(found[1]) <= 8 * 12  # eight sequences of three to eleven steps
    data.unlink()
    assert (
        "random steps, which are no data"
        in call(capsys, "export", run, "--to", "c", "--int8", "--overwrite").err
    )


@needs_compiler
@pytest.mark.parametrize(
    ("task", "settings"),
    [("detect", ()), ("forecast", ("--horizon", "3", "preset=streaming", "steps_per_epoch=2", "baselines="))],
)
def test_int8_of_series_is_measured_on_rows_that_were_judged(
    task: str, settings: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, data = tmp_path / "run", tmp_path / "readings.csv"
    readings().write_csv(data)
    own = (*settings, "hidden_size=4", "max_epochs=1", "device=cpu", "--out", run, "--quiet")
    assert call(capsys, "train", task, data, *own).code == 0
    told = call(capsys, "export", run, "--to", "c", "--int8").err
    found = re.search(r"measured on (\d+) steps of the run's held-out data", told)
    assert found, told
    assert 0 < int(found[1]) < 120
