from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.tasks.transcribe.test_listener import RATE, TONES, finals, heard, sound
from tests.tasks.transcribe.test_transcriber import LEARNING, signals, tiny

from recurra import Transcriber
from recurra.errors import DamagedError, MissingDependencyError
from recurra.experiment import criterion
from recurra.streaming import Program
from recurra.tasks.transcribe.config import Listening
from recurra.tasks.transcribe.listener import LiveTranscriber


@pytest.fixture(scope="module")
def fitted() -> Transcriber:
    return tiny(criterion="transducer", **{**LEARNING, "seed": 2}).fit(signals())


def test_it_learns_where_no_step_says_what_it_is(fitted: Transcriber) -> None:
    scores = {row["model"]: row for row in fitted.evaluate().to_frame().to_dicts()}
    assert scores["recurra"]["wer"] < 0.1
    assert scores["most_frequent"]["wer"] > 0.4


def test_what_is_said_twice_is_told_twice(fitted: Transcriber) -> None:
    for letter, level in (("a", 1.0), ("b", -1.0), ("c", 2.5)):
        frame = pl.DataFrame({"signal": [[0.0] * 2 + ([level] * 3 + [0.0] * 4) * 2]})
        assert fitted.predict(frame)["prediction"][0] == f"{letter} {letter}"


def test_words_stand_in_their_bursts(fitted: Transcriber) -> None:
    frame = pl.DataFrame({"signal": [[0.0] * 3 + [1.0] * 3 + [0.0] * 6 + [-1.0] * 3 + [0.0] * 3]})
    row = fitted.predict(frame, times=True).row(0, named=True)
    assert row["prediction"] == "a b"
    first, second = row["words"]
    assert 3 <= first["start"] < first["end"] <= 12 <= second["start"] < second["end"] <= 18
    assert 0 < row["confidence"] <= 1


def test_a_symbol_is_explained_where_it_is_told(fitted: Transcriber) -> None:
    frame = pl.DataFrame({"signal": [[0.0] * 3 + [1.0] * 3 + [0.0] * 6 + [-1.0] * 3 + [0.0] * 3]})
    first, second = (fitted.explain(frame, step=step).rows[0] for step in (1, 2))
    assert (first.prediction, second.prediction) == ("a, word 1 of a b", "b, word 2 of a b")
    for row, burst in ((first, slice(3, 12)), (second, slice(12, 18))):
        assert row.result > 0
        assert np.abs(row.by_step[burst]).sum() > 0.5 * np.abs(row.by_step).sum()
    (whole,) = fitted.explain(frame).rows
    assert whole.result == pytest.approx(first.result + second.result, abs=1e-4)


def test_several_texts_the_best_first_and_words_of_a_list(fitted: Transcriber, tmp_path: Path) -> None:
    row = fitted.predict(signals(3, seed=9), beam=8, n_best=3).row(0, named=True)
    assert row["alternatives"][0] == row["prediction"]
    assert len(set(row["alternatives"])) == 3
    assert row["scores"] == sorted(row["scores"], reverse=True)
    (tmp_path / "words.txt").write_text("a\nc\n")
    told = fitted.predict(signals(20, seed=5), beam=8, words=str(tmp_path / "words.txt"))["prediction"]
    assert set(" ".join(told).split()) == {"a", "c"}


def test_a_saved_net_gives_the_same_and_so_does_torch_alone(
    fitted: Transcriber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted.save(tmp_path / "net")
    again, rows = Transcriber.load(tmp_path / "net"), signals(4, seed=3)
    options = {"beam": 4, "n_best": 2, "times": True}
    told = fitted.predict(rows, **options)
    assert again.predict(rows, **options).equals(told)

    def nowhere(*_: object) -> None:
        raise MissingDependencyError("no engine", "one", "Build it.")

    monkeypatch.setattr(criterion, "predict_by", nowhere)
    in_torch = fitted.predict(rows, **options)
    assert in_torch.drop("confidence", "scores").equals(told.drop("confidence", "scores"))
    assert in_torch["confidence"].to_list() == pytest.approx(told["confidence"].to_list(), abs=1e-3)


def test_as_many_symbols_as_steps_can_be_learnt_and_not_more() -> None:
    short = pl.DataFrame({"signal": [[1.0] * 3, [-1.0] * 3] * 20, "text": ["a a b", "c"] * 20})
    own = {**LEARNING, "max_epochs": 40, "validation_size": 0, "test_size": 0}
    net = tiny(criterion="transducer", **own).fit(short)
    assert not any("more symbols" in one for one in net.repairs_)
    assert net.predict(short.head(2))["prediction"].to_list() == ["a a b", "c"]
    longer = short.with_columns(pl.col("text") + " a")
    found = tiny(criterion="transducer", validation_size=0, test_size=0).fit(longer)
    assert any("20 texts with more symbols than steps" in one for one in found.repairs_)


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Transcriber:
    """One that writes down tones."""
    folder, random = tmp_path_factory.mktemp("tones"), np.random.default_rng(0)
    for number in range(40):
        words = random.choice(list(TONES), size=random.integers(1, 4)).tolist()
        soundfile.write(folder / f"{number:02d}.wav", sound(words, random), RATE)
        (folder / f"{number:02d}.txt").write_text(" ".join(words))
    net = {"cell": "gru", "hidden_size": 16, "num_layers": 1, "max_epochs": 25, "learning_rate": 0.02}
    data = {"num_mels": 8, "target_tokens": "word", "batch_size": 4, "test_size": 0, "noise": None}
    nothing = dict.fromkeys(("speed", "gain", "tone", "band_mask", "time_mask"), 0)
    return Transcriber(criterion="transducer", **net, **data, **nothing).fit(folder)


@pytest.mark.parametrize("options", [{}, {"beam": 4}, {"endpoint": 0.2}])
def test_pieces_of_any_size_change_nothing(hearing: Transcriber, options: dict) -> None:
    program = hearing.to_program()
    samples = sound(["low", "high", "low"], np.random.default_rng(1), pause=0.3)
    whole = heard(program, samples, len(samples), **options)
    assert finals(whole)
    for size in (37, 800):
        assert heard(program, samples, size, **options) == whole


def test_a_stream_says_what_the_recording_says(hearing: Transcriber, tmp_path: Path) -> None:
    hearing.to_program().save(tmp_path / "stream")
    program = Program.load(tmp_path / "stream")
    for seed in range(4):
        random = np.random.default_rng(seed + 20)
        words = random.choice(list(TONES), size=3).tolist()
        soundfile.write(tmp_path / "one.wav", sound(words, random), RATE)
        samples, _ = soundfile.read(tmp_path / "one.wav", dtype="float32")
        told = hearing.predict(tmp_path / "one.wav", times=True).row(0, named=True)
        events = heard(program, samples, 100, endpoint=10)  # as one text, however much is told of it
        assert told["prediction"]
        assert finals(events) == [told["prediction"]]
        for one, two in zip(events[-1]["words"], told["words"], strict=True):
            assert one == {**two, "confidence": pytest.approx(two["confidence"], abs=2e-3)}
    listener = LiveTranscriber(program, Listening(), "bfloat16", RATE)
    assert finals([*listener.push(samples), *listener.end()])


def test_programs_that_do_not_fit(hearing: Transcriber) -> None:
    program = hearing.to_program()
    about, arrays = program.metadata, dict(program.arrays)
    wrong: list[tuple[dict, dict]] = [
        ({**about, "predictor": one}, arrays) for one in (None, [], ["gru"], [{"kind": "x"}], [{}])
    ]
    wrong += [
        (about, {name: one for name, one in arrays.items() if name != lacking})
        for lacking in arrays
        if "weight" in lacking
    ]
    wrong += [(about, {**arrays, "joint.bias": arrays["joint.bias"][1:]})]
    for metadata, own in wrong:
        with pytest.raises(DamagedError):
            LiveTranscriber(Program(program.layers, metadata, own), Listening())
