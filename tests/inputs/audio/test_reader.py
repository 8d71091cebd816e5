import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile

from recurra.config import validated
from recurra.data import sound
from recurra.errors import DataError, MissingDependencyError
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.input import AUDIO
from recurra.inputs.audio.variation import Variation
from recurra.inputs.examples import Examples, Keep, Kept, keep_nothing

TONE = (0.4 * np.sin(np.arange(8_000) / 7)).astype(np.float32)


def kept_label(frame: pl.DataFrame) -> Kept:
    del frame
    return Kept("label")


def clips(source: Any, keep: Keep = kept_label, **settings: Any) -> Examples:
    return AUDIO.read(source, validated(AudioConfig, settings), keep)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for word in ("no", "yes"):
        (tmp_path / word).mkdir()
        for number in range(2):
            soundfile.write(tmp_path / word / f"{number}.wav", TONE, 8_000)
    return tmp_path


def test_a_folder_for_each_label(folder: Path) -> None:
    (folder / "yes" / ".hidden.wav").write_text("no recording")
    assert AUDIO.suits(folder, kept_label)
    examples = clips(folder)
    assert examples.columns["label"].to_list() == ["no", "no", "yes", "yes"]
    assert [Path(one).name for one in examples.columns["path"]] == ["0.wav", "1.wav"] * 2
    assert examples.places[2] == str(Path("yes") / "0.wav")
    assert [AUDIO.show(one) for one in examples.contents[:1]] == ["0.wav (1.00 s)"]


def test_a_folder_of_noise_is_no_class_but_can_be_added(folder: Path) -> None:
    (folder / "_background_noise_").mkdir()
    soundfile.write(folder / "_background_noise_" / "hum.wav", TONE, 8_000)
    examples = clips(folder)
    assert {*examples.columns["label"]} == {"no", "yes"}
    assert any("1 recording of _background_noise_" in sentence for sentence in examples.repairs)
    noise = folder / "_background_noise_"
    assert len(clips(noise).contents) == 1
    assert Variation.of(validated(AudioConfig, {"noise_folder": str(noise)})).noise_folder == str(noise)
    for label in ("no", "yes"):
        shutil.rmtree(folder / label)
    with pytest.raises(DataError, match="holds no recordings"):
        clips(folder)


def test_names_before_the_underscore_are_labels_where_all_lie_in_one_folder(tmp_path: Path) -> None:
    for name in ("0_ann_1", "7_bob_2"):
        soundfile.write(tmp_path / f"{name}.flac", TONE, 8_000)
    assert clips(tmp_path).columns["label"].to_list() == ["0", "7"]


def test_a_table_names_recordings_from_where_it_lies_and_pieces_of_them(folder: Path) -> None:
    table = folder / "told.csv"
    table.write_text("clip,start,end,label\nno/0.wav,0.25,0.5,a\nyes/1.wav,,,b\n")
    assert AUDIO.suits(table, kept_label)
    first, second = clips(table).contents
    assert (first.seconds, second.seconds) == (0.25, 1.0)
    np.testing.assert_allclose(first.samples(), TONE[2_000:4_000], atol=1e-4)
    assert clips(table, start="none", end="none").contents[0].seconds == 1.0


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [("wav", "PCM_U8"), ("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("wav", "ULAW"),
     ("flac", "PCM_24"), ("ogg", "VORBIS"), ("mp3", "MPEG_LAYER_III"), ("aiff", "PCM_16")],
)  # fmt: skip
def test_formats_depths_and_channels(tmp_path: Path, suffix: str, subtype: str) -> None:
    rate = 44_100 if suffix in ("ogg", "mp3") else 192_000
    tone = (0.4 * np.sin(2 * np.pi * 300 * np.arange(rate // 4) / rate)).astype(np.float32)
    channels = 2 if suffix == "mp3" else 6
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, np.stack([tone] * channels, axis=1), rate, subtype=subtype)
    clip = clips(path, keep_nothing).contents[0]
    assert clip.rate == rate
    heard = clip.samples()
    middle = slice(rate // 16, rate // 8)
    assert np.abs(np.abs(heard[middle]).max() - 0.4) < (0.08 if suffix == "ogg" else 0.03)
    assert len(heard) == clip.count


def test_the_net_hears_at_the_rate_of_most_files_and_at_most_at_sixteen_kilohertz(folder: Path) -> None:
    soundfile.write(folder / "yes" / "2.wav", np.zeros(100), 44_100)
    assert clips(folder).settings["sample_rate"] == 8_000
    assert clips(folder / "yes" / "2.wav", keep_nothing).settings["sample_rate"] == 16_000
    assert clips(folder, sample_rate=12_000).settings["sample_rate"] == 12_000


def test_long_recordings_are_cut_and_that_is_said(folder: Path) -> None:
    examples = clips(folder, max_seconds=0.5)
    assert {one.seconds for one in examples.contents} == {0.5}
    assert examples.repairs == ("cut 4 recordings at 0.5 seconds (max_seconds)",)


def test_two_hours_are_cut_by_their_header(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 1_000, 1, "PCM_U8") as file:
        for _ in range(72):
            file.write(np.zeros(100_000, np.float32))
    clip = clips(path, keep_nothing).contents[0]
    assert (clip.seconds, len(clip.samples())) == (30.0, 30_000)


def broken(path: Path, kind: str) -> None:
    if kind == "text":
        path.write_text("this is no recording")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "no samples":
        soundfile.write(path, np.zeros(0), 8_000)
    elif kind == "gone":
        path.unlink()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("text", "cannot be read as sound"), ("empty", "cannot be read as sound"),
     ("no samples", "no samples"), ("gone", "is not there")],
)  # fmt: skip
def test_what_is_no_recording_is_named_with_its_row(folder: Path, kind: str, words: str) -> None:
    table = folder / "told.csv"
    table.write_text("clip,label\nno/0.wav,a\nyes/1.wav,b\n")
    broken(folder / "yes" / "1.wav", kind)
    with pytest.raises(DataError, match=words) as caught:
        clips(table)
    assert caught.value.got.startswith("told.csv, line 3: ")
    assert str(folder / "yes" / "1.wav") in caught.value.got


def test_a_recording_that_is_given_by_itself_is_named_once(folder: Path) -> None:
    path = folder / "yes" / "1.wav"
    broken(path, "text")
    for source in (path, folder):
        with pytest.raises(DataError) as caught:
            clips(source, keep_nothing)
        assert caught.value.got.startswith(f"{path} cannot be read as sound")


@pytest.mark.parametrize(("start", "end"), [(2.0, 3.0), (0.5, 0.5), (-1.0, 0.5), (0.6, 0.2)])
def test_pieces_that_are_not_in_the_recording(folder: Path, start: float, end: float) -> None:
    frame = pl.DataFrame({"path": [str(folder / "no" / "0.wav")], "start": start, "end": end, "label": "a"})
    with pytest.raises(DataError, match=r"a piece of its 1\.00 seconds"):
        clips(frame)


def test_samples_that_are_no_numbers_are_told_by_their_place(tmp_path: Path) -> None:
    values = TONE.copy()
    values[17] = np.nan
    soundfile.write(tmp_path / "a.wav", values, 8_000, subtype="FLOAT")
    with pytest.raises(DataError, match="sample 17 is no number"):
        clips(tmp_path / "a.wav", keep_nothing).contents[0].samples()


def test_a_table_without_paths_a_path_that_is_missing_and_a_folder_without_recordings(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(DataError, match="no column with paths"):
        clips(pl.DataFrame({"name": ["a"], "label": ["b"]}))
    frame = pl.DataFrame({"path": [str(folder / "no" / "0.wav"), None], "label": ["a", "b"]})
    with pytest.raises(DataError, match="row 2: path is empty"):
        clips(frame)
    with pytest.raises(DataError, match="no recordings"):
        clips(tmp_path_factory.mktemp("bare"))
    with pytest.raises(DataError, match="which is to be told"):
        clips(frame, keep=lambda _: Kept("path"), path="path")


def test_sound_without_its_libraries(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"no module named {name}")

    monkeypatch.setattr(sound.importlib, "import_module", missing)
    with pytest.raises(MissingDependencyError, match=r"recurra\[audio\]"):
        clips(folder)


def test_the_text_beside_a_recording(tmp_path: Path) -> None:
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(800), 8_000)
    (tmp_path / "a.txt").write_text("what is said\n", encoding="utf-8")
    (tmp_path / "c.txt").write_text("what nobody recorded", encoding="utf-8")
    found = clips(tmp_path, keep_nothing)
    assert found.columns["text"].to_list() == ["what is said\n", None]
    assert found.repairs == ("1 text file without a recording",)
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(DataError, match=r"a\.txt"):
        clips(tmp_path, keep_nothing)
