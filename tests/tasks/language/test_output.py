"""Language models with each output layer: whole runs, what is kept of them, and what does not go together."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.cli.program import call, run

from recurra import LanguageModel
from recurra.errors import ConfigError, DamagedError
from recurra.experiment.generation import SymbolGenerator, symbols_of
from recurra.experiment.run import evaluate, train
from recurra.files import checksum, read_document, write_document
from recurra.inputs.symbol import END
from recurra.layers.output import OUTPUTS, full
from recurra.streaming import Program
from recurra.tasks.language.live import LiveLanguage
from recurra.tasks.language.task import LANGUAGE, prepare

LINE = "the cat sat on the mat. a dog lay by the log.\n"
SETTINGS: dict[str, Any] = {
    "hidden_size": 24,
    "embedding_size": 16,
    "dropout": 0.1,
    "batch_size": 4,
    "sequence_length": 16,
    "learning_rate": 2e-2,
    "ngram_order": 1,
    "output_samples": 8,
    "output_components": 2,
    "weight_decay": 1e-3,
}


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("output", OUTPUTS)
def test_it_learns_and_its_stream_tells_the_same(output: str, tied: bool) -> None:
    model = LanguageModel(**SETTINGS, output=output, tied=tied, max_epochs=6).fit([LINE * 30])
    bits = model.predict([LINE])["bits_per_character"][0]
    assert bits < 3, "frequencies alone take 3.7"
    live = LiveLanguage(model.to_program())
    told = live.predict({"text": LINE[:11]}).values["bits"] + live.predict({"text": LINE[11:]}).values["bits"]
    assert told == pytest.approx(bits * len(LINE), rel=1e-3)


@pytest.mark.parametrize("output", ["adaptive", "mixture"])
def test_what_is_no_layer_of_the_engine_is_kept_and_needs_no_torch(output: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(LANGUAGE, [LINE * 10], {**SETTINGS, "output": output, "max_epochs": 1}, out)
    assert evaluate(LANGUAGE, out).models[0].scores["perplexity"] > 1
    (tmp_path / "torch.py").write_text("raise ImportError('torch is not wanted here')")
    asked = ("generate", out, "--prompt", "the ", "--length", 20, "--seed", 4)
    made = run(*asked, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert made.code == 0, made.err
    kept = LanguageModel.load(out)
    assert isinstance(kept, LanguageModel)
    assert made.out == f"the {''.join(kept.generate('the ', length=20, seed=4))}\n"


def test_more_symbols_than_the_engine_takes_are_read_out_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model = LanguageModel(**SETTINGS, max_epochs=2).fit([LINE * 20])
    assert isinstance(model, LanguageModel)
    small = model.to_program()
    monkeypatch.setattr(full, "_ON_ENGINE", 5)
    large = model.to_program()
    assert small.output_size == len(model.fitted_.schema.alphabet) != large.output_size
    rows = [LiveLanguage(one).predict({"text": LINE}).values for one in (small, large)]
    assert rows[0]["bits"] == pytest.approx(rows[1]["bits"], abs=1e-3)
    assert rows[0]["next"] == rows[1]["next"]
    arrays = {name: one[:-1] for name, one in large.arrays.items()}
    with pytest.raises(DamagedError, match="outputs for"):
        symbols_of(Program(large.layers, large.metadata, arrays))
    with pytest.raises(DamagedError, match="says readout='full'"):
        symbols_of(Program(large.layers, {**large.metadata, "readout": "full"}, arrays))
    with pytest.raises(DamagedError, match="readout of"):
        symbols_of(Program(large.layers, large.metadata))


def test_a_resumed_training_draws_the_same_samples(tmp_path: Path) -> None:
    settings = {**SETTINGS, "output": "sampled", "schedule": "constant"}
    whole = LanguageModel(**settings, max_epochs=3).fit([LINE * 10])
    LanguageModel(**settings, max_epochs=1).fit([LINE * 10], folder=tmp_path)
    resumed = LanguageModel(**settings, max_epochs=3).fit([LINE * 10], folder=tmp_path, resume=True)
    ours, theirs = (one.fitted_.model.state_dict() for one in (whole, resumed))
    assert all(torch.equal(own, theirs[name]) for name, own in ours.items())


def test_symbols_out_of_order_are_told_to_the_net(tmp_path: Path) -> None:
    settings = {**SETTINGS, "output": "adaptive", "tokens": "subword", "max_vocabulary": 300, "max_epochs": 1}
    prepared = prepare(LANGUAGE.read([LINE * 20], settings, None, None))
    order = prepared.schema.order
    assert order is not None
    assert sorted(order) == list(range(len(prepared.schema.alphabet)))
    ids = prepared.train.tokens.read(0, len(prepared.train))
    counts = np.bincount(ids, minlength=len(order))[list(order[3:])]
    assert (np.diff(counts) <= 0).all()
    words = prepare(LANGUAGE.read([LINE * 20], {**settings, "tokens": "word"}, None, None))
    assert words.schema.order is None
    model = LanguageModel(**settings).fit([LINE * 20])
    model.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model")
    assert again.fitted_.schema.order == order  # type: ignore[attr-defined]
    assert again.predict([LINE])["perplexity"][0] == model.predict([LINE])["perplexity"][0]
    stepped = SymbolGenerator.of_program(model.to_program())._begin()(END)
    logits, _ = model.fitted_.model(torch.tensor([[END]]))
    np.testing.assert_allclose(stepped, logits[0, 0].detach().numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("tied", [True, False])
def test_a_run_of_before_output_layers_is_read(tied: bool, tmp_path: Path) -> None:
    model = LanguageModel(**SETTINGS, tied=tied, max_epochs=1).fit([LINE * 10])
    folder = tmp_path / "model"
    model.save(folder)
    weights = load_file(folder / "model.safetensors")
    earlier = {
        "output.projection.": "projection.",
        "output.weight": "output_weight",
        "output.bias": "output_bias",
    }
    for today, name in earlier.items():
        weights = {one.replace(today, name): value for one, value in weights.items()}
    assert "output_bias" in weights
    assert ("projection.weight" in weights) == tied
    save_file(weights, folder / "model.safetensors")
    document = read_document(folder / "config.json", version=1)
    document["files"] = {"model.safetensors": checksum((folder / "model.safetensors").read_bytes())}
    document["config"] = {
        key: one for key, one in document["config"].items() if not key.startswith("output_c")
    }
    del document["config"]["output"], document["config"]["output_samples"], document["schema"]["order"]
    write_document(folder / "config.json", document, version=1)
    assert (
        LanguageModel.load(folder).predict([LINE])["perplexity"][0] == model.predict([LINE])["perplexity"][0]
    )


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"output": "hierarchical"}, "output is 'hierarchical'"),
        ({"output": "sampled", "label_smoothing": 0.1}, "label_smoothing=0.1 with output=sampled"),
        ({"output": "adaptive", "output_cutoffs": (3, 1000)}, "output_cutoffs=3,1000 of"),
        ({"output_cutoffs": (9, 3)}, "numbers that increase"),
        ({"output_samples": 0}, "output_samples is 0"),
    ],
)
def test_what_does_not_go_together_is_told(settings: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=complaint):
        train(LANGUAGE, [LINE * 10], {**SETTINGS, **settings}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_settings_are_typed_as_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "book.txt").write_text(LINE * 10)
    out = tmp_path / "run"
    options = ("hidden_size=8", "max_epochs=1", "ngram_order=1", "output=adaptive", "output_cutoffs=4,9")
    told = call(capsys, "train", "language", tmp_path / "book.txt", "--out", out, *options, "--quiet")
    assert told.code == 0, told.err
    config = json.loads((out / "config.json").read_text())["config"]
    assert config["output_cutoffs"] == [4, 9]
