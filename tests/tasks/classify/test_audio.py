import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import call

from recurra import Classifier
from recurra.inputs.samples import load_sample
from recurra.tasks.classify.live import LiveClassifier


def few(per_digit: int) -> pl.DataFrame:
    return load_sample("digits").group_by("label", maintain_order=True).head(per_digit)


def tiny(**settings: object) -> Classifier:
    own = {"hidden_size": 12, "batch_size": 8, "baselines": (), "seed": 3, **settings}
    return Classifier(**own)


@pytest.fixture(scope="module")
def fitted() -> Classifier:
    return tiny(max_epochs=2).fit(few(4))


def test_nets_for_sound_read_in_one_direction_unless_they_are_told_to(fitted: Classifier) -> None:
    assert fitted.config_.bidirectional is False
    assert fitted.config_.sample_rate == 8_000
    assert tiny(bidirectional=True, max_epochs=1).fit(few(2)).config_.bidirectional is True


def test_a_stream_gives_the_probabilities_of_the_recording(fitted: Classifier) -> None:
    rows = few(2)
    told = fitted.predict(rows).row(5, named=True)
    live = LiveClassifier(fitted.to_program())
    first = rows.row(5, named=True)
    samples, rate = soundfile.read(first["path"], dtype="float32")
    piece = samples[round(first["start"] * rate) : round(first["end"] * rate)]
    row = live.predict({"samples": piece.tolist()}).values
    names = [name for name in told if name.startswith("p_")]
    assert len(names) == 10
    np.testing.assert_allclose([row[name] for name in names], [told[name] for name in names], atol=1e-5)


def test_training_that_was_killed_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = tiny(max_epochs=3).fit(few(3), folder=tmp_path / "whole")

    class StopError(Exception): ...

    class Killer:
        def on_epoch(self, record: dict[str, object]) -> None:
            if record["epoch"] == 1:
                raise StopError

        def on_step(self, record: dict[str, object]) -> None: ...

    with pytest.raises(StopError):
        tiny(max_epochs=3).fit(few(3), folder=tmp_path / "killed", callbacks=[Killer()])
    again = tiny(max_epochs=3).fit(few(3), folder=tmp_path / "killed", resume=True)
    for name, weights in whole.fitted_.model.state_dict().items():
        np.testing.assert_array_equal(weights, again.fitted_.model.state_dict()[name])


def test_the_report_plays_what_was_mistaken_and_a_recording_is_predicted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few(3).write_csv(tmp_path / "said.csv")
    run, small = tmp_path / "run", ("max_epochs=1", "baselines=", "hidden_size=8")
    assert call(capsys, "train", "classify", tmp_path / "said.csv", "--out", run, *small).code == 0
    page = (run / "report.html").read_text()
    assert page.count("data:audio/ogg;base64,") >= 1
    assert "Waveform, and what the net reads of it" in page
    soundfile.write(tmp_path / "new.wav", np.random.default_rng(0).normal(0, 0.1, 30_000), 44_100)
    outcome = call(capsys, "predict", run, tmp_path / "new.wav", "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["classify"][0]["path"] == str(tmp_path / "new.wav")
