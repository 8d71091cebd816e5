import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from tests.cli.program import call

from recurra import Captioner, Classifier
from recurra.data.video import open_video
from recurra.errors import ConfigError, DataError
from recurra.inputs import registry
from recurra.inputs.examples import keep_nothing
from recurra.inputs.generated_clips import write_clips, write_video
from recurra.inputs.video.config import VideoConfig
from recurra.inputs.video.encoding import Variation, VideoEncoding
from recurra.layers.frame_front import FrameFront

NET = {
    "rate": 4.0, "height": 16, "width": 16, "patch": 8, "front_width": 4, "frame_size": 12, "hidden_size": 8,
    "max_epochs": 1, "batch_size": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of clips."""
    return write_clips(tmp_path_factory.mktemp("clips"), 24)


def test_clips_are_found_in_tables_folders_and_files(clips: Path, tmp_path: Path) -> None:
    kind, config = registry.get("video"), VideoConfig()
    assert kind.suits(clips, keep_nothing)
    whole = kind.read(clips, config, keep_nothing)
    assert len(whole) == 24
    assert whole.settings == {"path": "path"}
    for way in ("up", "down"):
        (tmp_path / way).mkdir()
        (tmp_path / way / "one.mp4").write_bytes((clips.parent / "clip_00000.mp4").read_bytes())
    assert kind.suits(tmp_path, keep_nothing)
    folder = kind.read(tmp_path, config, keep_nothing)
    assert folder.columns["label"].to_list() == ["down", "up"]
    alone = kind.read(clips.parent / "clip_00001.mp4", config, keep_nothing)
    assert alone.contents[0] == whole.contents[1]


def test_long_videos_are_cut_and_that_is_said(clips: Path) -> None:
    kind = registry.get("video")
    found = kind.read(clips, VideoConfig(max_seconds=1.0, rate=10.0), keep_nothing)
    encoding = VideoEncoding.learn(found.contents, VideoConfig(rate=10.0))
    assert {encoding.length(one) for one in found.contents} == {10}
    assert "cut 24 videos at 1 seconds" in found.repairs[0]


def test_steps_are_known_before_they_are_decoded(clips: Path) -> None:
    videos = [open_video(one) for one in sorted(clips.parent.glob("*.mp4"))[:5]]
    encoding = VideoEncoding.learn(videos, VideoConfig(rate=9.0, height=16, width=24))
    every = [encoding.encode(one) for one in videos]
    assert [len(one) for one in every] == [encoding.length(one) for one in videos]
    assert every[0].shape[1:] == (16, 24, 3)
    assert every[0].dtype == np.float32
    together = np.concatenate([one.reshape(-1, 3) for one in every])
    assert np.abs(together.mean(axis=0)).max() < 1e-3
    assert np.abs(together.std(axis=0) - 1).max() < 1e-3
    again = VideoEncoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert (again.encode(videos[0]) == every[0]).all()
    assert encoding.step_seconds == pytest.approx(1 / 9)


def test_training_varies_all_frames_alike() -> None:
    frames = np.arange(2 * 4 * 6, dtype=np.float32).reshape(2, 4, 6, 1)
    nothing = {"shift": 0.0, "contrast": 0.0, "stretch": 0.0, "noise": 0.0, "mirror": 0.0}
    random = np.random.default_rng(0)
    assert Variation(**nothing).frames(frames, random) is frames
    mirrored = Variation(**{**nothing, "mirror": 1.0}).frames(frames, random)
    assert (mirrored == frames[:, :, ::-1]).all()
    moved = Variation(**{**nothing, "shift": 0.45}).frames(frames, random)
    assert (moved[1] - moved[0] == 24).all()
    longer = {len(Variation(**{**nothing, "stretch": 0.6}).frames(frames, random)) for _ in range(20)}
    assert longer == {1, 2, 3}


@pytest.mark.parametrize("readout", ["points", "cells"])
def test_padding_changes_nothing(readout: Any) -> None:
    torch.manual_seed(0)
    front = FrameFront(2, 1, cell=4, channels=3, readout=readout, width=2, output_size=5)
    frames = torch.randn(2, 3, 8, 4, 3)
    whole = front(frames, torch.tensor([3, 1]))
    assert (whole[1, 1:] == 0).all()
    torch.testing.assert_close(whole[1, :1], front(frames[1:, :1])[0])
    frames[1, 1:] = float("nan")
    found = front(frames, torch.tensor([3, 1]))
    torch.testing.assert_close(found, whole)
    found.sum().backward()
    assert all(torch.isfinite(one.grad).all() for one in front.parameters() if one.grad is not None)


def test_points_tell_how_fast_things_move_whatever_the_rate() -> None:
    torch.manual_seed(0)
    front = FrameFront(6, 6, cell=2, channels=1, rate=5.0, width=2, blocks=1, output_size=1)
    seen = front._seen(moving([2, 4, 4, 8]))[None]
    moves = front._moves(seen)[0]
    assert (moves[0] == 0).all()
    assert (moves[2].abs() < 1e-6).all()
    assert (moves[1].abs().max() > 1e-3).item()
    torch.testing.assert_close(moves[3], 2 * moves[1])
    front.rate = 10.0
    torch.testing.assert_close(front._moves(seen)[0], 2 * moves)


def moving(places: list[int]) -> torch.Tensor:
    """Frames in which a square lies so many pixels from the left edge."""
    frames = torch.zeros(len(places), 12, 12, 1)
    for frame, place in zip(frames, places, strict=True):
        frame[4:6, place : place + 2] = 1
    return frames


def test_there_are_two_readouts() -> None:
    with pytest.raises(ConfigError, match="one of points, cells"):
        FrameFront(2, 1, cell=4, channels=3, readout="corners")
    configs = VideoConfig(), VideoConfig(front_readout="cells"), VideoConfig(patch=2)
    assert [one.pixels_of_cell for one in configs] == [4, 8, 2]


def test_bytes_are_kept_of_frames(clips: Path) -> None:
    videos = [open_video(one) for one in sorted(clips.parent.glob("*.mp4"))[:3]]
    encoding = VideoEncoding.learn(videos, VideoConfig())
    kept = encoding.keep(videos[0])
    assert kept.dtype == np.uint8
    assert (encoding.unfold(kept) == encoding.encode(videos[0])).all()


def test_frames_are_whole_numbers_of_cells(clips: Path) -> None:
    with pytest.raises(ConfigError, match="multiples of the patch"):
        Classifier(**{**NET, "height": 20}, label="label").fit(clips, show_progress=False)


def test_a_class_and_a_sentence_of_each(clips: Path, tmp_path: Path) -> None:
    table = pl.read_csv(clips).with_columns(path=pl.lit(f"{clips.parent}/") + pl.col("path"))
    way = pl.col("label").str.split(",").list.first()
    told = Classifier(**NET, label="label", baselines=(), test_size=0.3).fit(
        table.with_columns(label=way).drop("caption"), show_progress=False
    )
    assert told.fitted_.schema.input == "video"
    assert set(told.predict(table)["prediction"]) <= {"left", "right", "up", "down"}
    written = Captioner(**NET, target_size=8, test_size=0.3).fit(table, show_progress=False)
    page = written.report(tmp_path / "page.html").read_text()
    assert "frames that are read" in page
    again = Captioner.load(written.save(tmp_path / "net"))
    assert again.predict(table).equals(written.predict(table))
    found = written.explain(table, rows=1).rows[0]
    assert np.isfinite(found.shares).all()


def test_the_command(capsys, clips: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = [f"{key}={value}" for key, value in NET.items()]
    outcome = call(capsys, "train", "caption", clips, "--out", run, *settings, "--quiet", "--json")
    assert outcome.code == 0, outcome.err
    told = call(capsys, "predict", run, clips.parent / "clip_00003.mp4", "--json")
    assert told.code == 0, told.err
    assert len(json.loads(told.out)["caption"]) == 1
    outcome = call(capsys, "stream", run)
    assert outcome.code == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.mp4", b"", "it is empty"),
        ("broken.mp4", bytes(999), "cannot be read as a video"),
        ("gone.mp4", None, "is not there"),
    ],
)
def test_rows_of_what_is_no_video(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    write_video(tmp_path / "good.mp4", [np.zeros((16, 16, 3), np.uint8)], [0.0])
    if content is not None:
        (tmp_path / name).write_bytes(content)
    table = tmp_path / "clips.csv"
    table.write_text(f"path,label\ngood.mp4,a\n{name},b\n")
    with pytest.raises(DataError, match=message) as caught:
        Classifier(**NET).fit(table, show_progress=False)
    assert "clips.csv, line 3" in str(caught.value)
