"""Features of pretrained nets, through the command: to sentences and to classes."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.program import Outcome, call, run

from recurra import Captioner, Classifier
from recurra.tasks.classify.live import LiveClassifier

WORDS = ("cat", "dog", "emu")
SMALL = (
    "hidden_size=32",
    "dropout=0",
    "output_dropout=0",
    "target_size=32",
    "max_epochs=14",
    "batch_size=4",
    "learning_rate=0.02",
    "--quiet",
)


def written(folder: Path, name: str, rows: int, seed: int = 0) -> tuple[Path, Path]:
    """A table of pictures with a sentence for each, and a file of their features: a word is at a place."""
    random = np.random.default_rng(seed)
    kinds = random.integers(0, len(WORDS), rows)
    grids = random.normal(0, 0.3, (rows, 3, 4, 6)).astype(np.float16)
    grids[np.arange(rows), 1, kinds, kinds] += 4
    names = np.array([f"{name}{row}.jpg" for row in range(rows)])
    order = random.permutation(rows)
    np.savez(folder / f"{name}.npz", features=grids[order], names=names[order])
    sentences = [f"This is a {WORDS[kind]}." for kind in kinds]
    frame = pl.DataFrame({"photo": [f"photos/{one}" for one in names], "caption": sentences})
    frame.write_csv(folder / f"{name}.csv")
    return folder / f"{name}.csv", folder / f"{name}.npz"


def succeeded(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def test_features_become_sentences_and_the_report_shows_cells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder = tmp_path / "run"
    data, archive = written(tmp_path, "known", 60)
    other, others = written(tmp_path, "new", 12, seed=1)
    args = ("train", "caption", data, "--out", run_folder, f"features={archive}", *SMALL, "--json")
    scores = json.loads(succeeded(call(capsys, *args)).out)
    assert {one["name"] for one in scores["models"]} >= {"recurra", "nearest"}
    page = (run_folder / "report.html").read_text()
    section = re.search(r'id="attention".*?</section>', page, re.DOTALL)
    assert section is not None
    assert "data:image/png;base64," in section[0]
    missing = call(capsys, "predict", run_folder, other)
    assert missing.code == 2
    assert "has no features of 'photos/new0.jpg'" in missing.err
    found = json.loads(
        succeeded(call(capsys, "predict", run_folder, other, "--features", others, "--json")).out
    )
    told = [one["prediction"] for one in found["caption"]]
    truth = pl.read_csv(other)["caption"].to_list()
    right = np.mean([one == own.lower().strip(".") for one, own in zip(told, truth, strict=True)])
    assert right >= 0.7
    alone = json.loads(succeeded(call(capsys, "predict", run_folder, others, "--json")).out)["caption"]
    by_name = {one["names"]: one["prediction"] for one in alone}
    assert told == [by_name[f"new{row}.jpg"] for row in range(12)]
    judged = succeeded(call(capsys, "evaluate", run_folder, other, "--features", others, "--json"))
    assert json.loads(judged.out)["models"][0]["scores"]["exact_match"] == pytest.approx(right)
    assert succeeded(call(capsys, "explain", run_folder, data, "--rows", "1", "--out", tmp_path / "e.html"))


def test_a_vector_for_each_row_is_classified_without_a_recurrence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    kinds = random.integers(0, 3, 90)
    vectors = random.normal(size=(90, 16)) + 4 * np.eye(3, 16)[kinds]
    np.savez(tmp_path / "clip.npz", embeddings=vectors, label=np.array(WORDS)[kinds])
    args = ("train", "classify", tmp_path / "clip.npz", "--out", tmp_path / "run", "max_epochs=10", "--json")
    scores = json.loads(succeeded(call(capsys, *args)).out)
    assert scores["models"][0]["scores"]["accuracy"] >= 0.8
    refused = call(capsys, "predict", tmp_path / "run", tmp_path / "clip.npz", "--future", "x.csv")
    assert refused.code == 2
    assert "--features" in refused.err


def test_features_of_frames_stream_as_they_come(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "clips").mkdir()
    for number in range(24):
        frames = random.normal(0, 0.2, (random.integers(3, 6), 5)) + (number % 2)
        np.save(tmp_path / "clips" / f"{WORDS[number % 2]}_{number}.npy", frames)
    given = ("hidden_size=8", "bidirectional=false", "pooling=last", "max_epochs=2", "baselines=", "--quiet")
    succeeded(run("train", "classify", "clips", "--out", "run", *given, cwd=tmp_path))
    frames = np.load(tmp_path / "clips" / "cat_0.npy")
    rows = "".join(json.dumps({"features": one.tolist()}) + "\n" for one in frames)
    (tmp_path / "rows.jsonl").write_text(rows)
    whole = Classifier.load(tmp_path / "run").predict(tmp_path / "clips" / "cat_0.npy", probabilities=True)
    program = Classifier.load(tmp_path / "run").to_program()
    live = LiveClassifier(program)
    told = [live.predict(json.loads(line)).values for line in rows.splitlines()]
    assert told[-1]["p_cat"] == pytest.approx(whole["p_cat"][0], abs=1e-5)


def test_a_captioner_is_saved_and_loaded_with_its_file(tmp_path: Path) -> None:
    data, archive = written(tmp_path, "known", 30)
    net = Captioner(features=str(archive), hidden_size=8, target_size=8, max_epochs=1)
    net.fit(data, show_progress=False)
    again = Captioner.load(net.save(tmp_path / "net"))
    assert again.predict(data).equals(net.predict(data))
