"""`recurra doctor` on trained runs: verdicts, what is kept of them, the cure."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import call, run

from recurra.experiment import diagnose
from recurra.inputs.generated_sequence import latch_rows

TINY = (
    *("cell=elman", "hidden_size=4", "bidirectional=false", "pooling=last", "max_epochs=1", "batch_size=16"),
    *("baselines=none", "device=cpu", "recurrent_scale=0.3"),
)


def written(path: Path, seed: int = 0) -> Path:
    rows = [json.dumps({"signal": signal, "label": label}) for signal, label in latch_rows(60, seed)]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def trained(tmp_path, capsys):
    data = written(tmp_path / "signals.jsonl")
    assert call(capsys, "train", "classify", data, *TINY, "--out", tmp_path / "sick").code == 0
    return tmp_path / "sick"


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_faults_are_told_and_kept_beside_an_untouched_run(trained, capsys):
    before = contents(trained)
    outcome = call(capsys, "doctor", trained)
    assert outcome.code == 0
    assert "vanishing" in outcome.out.splitlines()[0]
    assert "try cell=lstm" in outcome.out
    assert f"recurra doctor {trained} --apply" in outcome.out
    after = contents(trained)
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed == {"diagnosis.json", "report.html"}
    page = (trained / "report.html").read_text()
    assert all(text in page for text in ("Diagnosis", "Gradient through time", "Memory horizon"))
    assert call(capsys, "report", trained).code == 0
    assert "Gradient through time" in (trained / "report.html").read_text()


def test_json_holds_everything(trained, capsys):
    found = json.loads(call(capsys, "doctor", trained, "--json").out)
    assert found["task"] == "classify"
    vanishing = next(one for one in found["findings"] if one["kind"] == "vanishing")
    assert vanishing["figure"] < vanishing["threshold"]
    assert vanishing["remedies"][0]["change"] == {"cell": "lstm", "recurrent_scale": 1.0}
    assert found["net"]["directions"][0]["gradient_flow"]["norms"]
    assert found["training"]["epochs"] == 1


def test_data_that_moved_or_are_others(trained, capsys):
    (trained.parent / "signals.jsonl").rename(trained.parent / "moved.jsonl")
    gone = call(capsys, "doctor", trained)
    assert gone.code != 0
    assert "--data DATA" in gone.err
    assert call(capsys, "doctor", trained, "--data", trained.parent / "moved.jsonl").code == 0
    other = call(capsys, "doctor", trained, "--data", written(trained.parent / "other.jsonl", seed=1))
    assert other.code != 0
    assert "is not what" in other.err


def test_a_run_that_broke_off_is_judged_by_its_history(trained, capsys):
    (trained / "manifest.json").unlink()
    (trained / "model.safetensors").unlink()
    outcome = call(capsys, "doctor", trained)
    assert outcome.code == 0
    assert "did not end" in outcome.out
    assert "vanishing" not in outcome.out


def test_what_has_no_recurrence_or_is_no_run_is_refused(tmp_path, capsys):
    data = written(tmp_path / "signals.jsonl")
    settings = ("network=convolutional", "hidden_size=4", "max_epochs=1", "baselines=none")
    assert call(capsys, "train", "classify", data, *settings, "--out", tmp_path / "flat").code == 0
    refused = call(capsys, "doctor", tmp_path / "flat")
    assert refused.code == 2
    assert "recurrent" in refused.err
    assert call(capsys, "doctor", tmp_path / "nothing").code != 0
    assert "--apply" in call(capsys, "doctor", tmp_path / "flat", "--out", tmp_path / "new").err


def test_a_cure_is_trained_compared_and_not_trained_twice(trained):
    outcome = run("doctor", trained, "--apply", "--quiet", cwd=trained.parent)
    assert outcome.code == 0, outcome.err
    assert "Before and after" in outcome.out
    cured = trained.with_name("sick-cured")
    assert "cell: lstm" in (cured / "config.yaml").read_text()
    kept = json.loads((cured / "diagnosis.json").read_text())
    assert "vanishing" in kept["before"]["verdict"]
    assert "Before and after" in (cured / "report.html").read_text()
    weights = (cured / "model.safetensors").stat().st_mtime_ns
    again = run("doctor", trained, "--apply", "--json", cwd=trained.parent)
    assert set(json.loads(again.out)) == {"before", "after"}
    assert (cured / "model.safetensors").stat().st_mtime_ns == weights


def scaled(document: Any, factor: float) -> Any:
    """A document with all fractions in it times a factor."""
    if isinstance(document, dict):
        return {key: scaled(value, factor) for key, value in document.items()}
    if isinstance(document, list):
        return [scaled(value, factor) for value in document]
    return document * factor if isinstance(document, float) else document


def test_data_are_the_same_though_sums_differ_in_their_last_bits(trained, capsys, monkeypatch):
    known = diagnose.read_model_document(trained)
    monkeypatch.setattr(diagnose, "read_model_document", lambda _: scaled(known, 1 + 1e-6))
    assert call(capsys, "doctor", trained).code == 0
    monkeypatch.setattr(diagnose, "read_model_document", lambda _: scaled(known, 1.1))
    outcome = call(capsys, "doctor", trained)
    assert outcome.code == 2
    assert "is not what" in outcome.err
