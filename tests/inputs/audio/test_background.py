from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile

from recurra.config import validated
from recurra.data.sound import Samples, framed
from recurra.inputs.audio.background import Pieces, Silence, enriched
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.encoding import AudioEncoding
from recurra.inputs.audio.noise import NoiseSource
from recurra.inputs.audio.reader import read
from recurra.inputs.examples import Examples, Kept

CONFIG = validated(AudioConfig, {"background": 0.5, "sample_rate": 8_000})


def examples(folder: Path, labels: tuple[str, ...] = ("no", "yes")) -> Examples:
    for label in labels:
        (folder / label).mkdir(exist_ok=True)
        for number in range(4):
            tone = np.sin(np.arange(2_000 + 100 * number) / 5)
            soundfile.write(folder / label / f"{number}.wav", tone, 8_000)
    return read(folder, CONFIG, lambda _: Kept("label"))


def test_a_share_of_silence_and_of_what_is_no_word_is_added_and_said(tmp_path: Path) -> None:
    before = examples(tmp_path)
    after = enriched(before, CONFIG)
    assert after.columns["label"].to_list() == [*["no"] * 4, *["yes"] * 4, *["silence"] * 4, *["unknown"] * 4]
    assert len(after.contents) == len(after.places) == after.columns.height == 16
    assert after.contents[:8] == before.contents
    assert len(after.repairs) == len(before.repairs) + 2
    again = enriched(before, CONFIG).contents
    for one, other in zip(after.contents, again, strict=True):
        np.testing.assert_array_equal(one.samples(), other.samples())
        assert len(one.samples()) == one.count


def test_nothing_is_added_unless_asked_or_where_there_is_some_or_to_numbers(tmp_path: Path) -> None:
    before = examples(tmp_path)
    assert enriched(before, validated(AudioConfig, {})) is before
    (tmp_path / "more").mkdir()
    own = enriched(examples(tmp_path / "more", ("no", "_silence_", "yes")), CONFIG)
    assert {*own.columns["label"]} == {"no", "_silence_", "yes", "unknown"}
    numbers = before.columns.with_columns(pl.Series("label", np.arange(8.0)))
    plain = Examples(before.contents, numbers, before.places, before.table, kept=before.kept)
    assert enriched(plain, CONFIG) is plain


def test_pieces_are_the_end_of_one_and_the_beginning_of_another() -> None:
    first, second = (Samples(np.full(count, value, np.float32), 8_000) for count, value in ((10, 1), (20, 2)))
    pieces = Pieces(first, second, 0.3)
    assert pieces.samples().tolist() == [1] * 7 + [2] * 6
    assert (pieces.count, pieces.seconds) == (13, 13 / 8_000)


def test_silence_is_as_loud_as_its_seed_says() -> None:
    loudness = [
        20 * np.log10(Silence(4_000, 8_000, seed, NoiseSource(None)).samples().std()) for seed in range(30)
    ]
    assert -81 < min(loudness) < -60
    assert -40 < max(loudness) < -19


@pytest.mark.parametrize(("place", "begin"), [(0.0, 0), (0.5, 50), (1.0, 100)])
def test_a_recording_lies_in_quiet(place: float, begin: int) -> None:
    values = np.ones(100, np.float32)
    found = framed(values, 200, place)
    loud = np.abs(found) > 0.5
    np.testing.assert_array_equal(np.flatnonzero(loud), np.arange(begin, begin + 100))
    assert 0 < np.abs(found[~loud]).max() < 0.001


def test_of_a_recording_that_is_too_long_the_middle_is_heard() -> None:
    assert framed(np.arange(10, dtype=np.float32), 4).tolist() == [3, 4, 5, 6]


def test_with_a_background_all_recordings_are_as_long_as_nearly_all_and_a_quarter(tmp_path: Path) -> None:
    contents = examples(tmp_path).contents
    encoding = AudioEncoding.learn(contents, CONFIG)
    assert encoding.codec.span == round(1.25 * float(np.quantile([one.seconds for one in contents], 0.95)), 2)
    lengths = {len(encoding.encode(one)) for one in contents}
    assert lengths == {encoding.length(contents[0])}
    varied = encoding.vary(contents[0], np.random.default_rng(0))
    assert len(encoding.encode(varied)) in lengths
    assert AudioEncoding.learn(contents, validated(AudioConfig, {"sample_rate": 8_000})).codec.span is None
