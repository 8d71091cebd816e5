"""`recurra doctor` on runs of every task, on one step of data, and on what is damaged."""

import json

import polars as pl
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.cli.program import call
from tests.diagnosis.test_task import labelled, pairs, series, tagged

from recurra.errors import DamagedError, NonFiniteError
from recurra.experiment.diagnose import diagnose
from recurra.experiment.run import train
from recurra.files import MANIFEST, checksum, read_document, write_document
from recurra.inputs.generated_sequence import latch_rows
from recurra.tasks.registry import entries

TINY = {"hidden_size": 6, "max_epochs": 1, "baselines": (), "device": "cpu"}


def run_of(task, frame, folder, **settings):
    """A run folder of a task over a table that is written beside it."""
    data = folder / "data.jsonl"
    frame.write_ndjson(data)
    task = entries()[task].load("task")
    train(task, str(data), {**TINY, **settings}, folder / "run", show_progress=False)
    return task, folder / "run"


@pytest.mark.parametrize(
    ("name", "make", "own"),
    [
        ("forecast", series, {"horizon": 7, "context": 28}),
        ("tag", tagged, {}),
        ("translate", pairs, {}),
    ],
)
def test_a_run_of_a_task(name, make, own, tmp_path):
    task, run = run_of(name, make(), tmp_path, **own)
    found = diagnose(task, run)
    assert {one.kind for one in found.findings} > {"vanishing", "exploding", "overfitting"}
    assert found.measured.missed
    json.dumps(found.to_dict(), allow_nan=False)


def test_symbols_show_what_they_depend_on_though_their_embeddings_are_untrained(tmp_path):
    (tmp_path / "text.txt").write_text("abcde fghij klmno pqrst uvwxy z. " * 60)
    task = entries()["language"].load("task")
    settings = {**TINY, "tokens": "character"}
    train(task, str(tmp_path / "text.txt"), settings, tmp_path / "run", show_progress=False)
    (stack,) = diagnose(task, tmp_path / "run").measured.stacks
    assert stack.dependence.kind == "information"
    assert stack.dependence.reach > 1


def test_rows_of_one_step(tmp_path, capsys):
    frame = labelled().with_columns(text=labelled()["text"].str.slice(0, 3))
    _, run = run_of("classify", frame, tmp_path, bidirectional=False)
    for words in (("doctor", run), ("explain", run, tmp_path / "data.jsonl", "--rows", 1)):
        outcome = call(capsys, *words)
        assert outcome.code == 0, outcome.err
        assert "Traceback" not in outcome.err


def test_weights_that_are_no_numbers(tmp_path, capsys):
    task, run = run_of("classify", labelled(), tmp_path)
    weights = load_file(run / "model.safetensors")
    first = next(name for name, value in weights.items() if value.is_floating_point())
    weights[first] = torch.full_like(weights[first], torch.nan)
    save_file(weights, run / "model.safetensors")
    with pytest.raises(DamagedError, match=r"model\.safetensors"):
        diagnose(task, run)
    vouch_for(run, "model.safetensors", "config.json")
    for words in (
        ("doctor", run),
        ("explain", run, tmp_path / "data.jsonl"),
        ("predict", run, tmp_path / "data.jsonl"),
    ):
        outcome = call(capsys, *words)
        assert (outcome.code, outcome.out) == (1, "")
        assert f"the weights {first} hold NaN or infinity" in outcome.err


def vouch_for(run, weights, config):
    """State the checksums of a run's files as they are now."""
    document = read_document(run / config, version=1)
    document["files"][weights] = checksum((run / weights).read_bytes())
    write_document(run / config, document, version=1)
    manifest = read_document(run / MANIFEST, version=1)
    manifest["files"] |= {name: checksum((run / name).read_bytes()) for name in (weights, config)}
    write_document(run / MANIFEST, manifest, version=1)


def test_a_run_that_broke_is_told_from_the_net_that_it_began_with(tmp_path):
    rows = pl.DataFrame(latch_rows(60), schema=["signal", "label"], orient="row")
    wild = {"cell": "elman_relu", "recurrent_scale": 1.5, "gradient_clip": None, "optimizer": "sgd"}
    with pytest.raises(NonFiniteError):
        run_of("classify", rows, tmp_path, **wild, learning_rate=0.1, bidirectional=False, pooling="last")
    found = diagnose(entries()["classify"].load("task"), tmp_path / "run")
    assert found.verdict == "diverging, exploding"
    assert found.measured is None
    change = next(one for one in found.findings if one.kind == "exploding").remedies[0].change
    assert change == {"recurrent_scale": 1.0, "gradient_clip": 1.0}


def test_a_run_without_checkpoints(tmp_path):
    task, run = run_of("classify", labelled(), tmp_path)
    for path in sorted((run / "checkpoints").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert diagnose(task, run).measured is not None
