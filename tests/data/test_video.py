from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from recurra.data.video import frames_of, is_video, library, open_video
from recurra.errors import DataError
from recurra.inputs.generated_clips import write_video


def greys(
    path: Path, values: Sequence[int], times: Sequence[float], size: tuple[int, int] = (48, 64)
) -> Path:
    """A video of plain frames."""
    write_video(path, [np.full((*size, 3), one, np.uint8) for one in values], times)
    return path


def seen(path: Path, rate: float, size: tuple[int, int] = (6, 8)) -> list[int]:
    """The grey of each frame at so many a second, in steps of 40."""
    video = open_video(path)
    frames = frames_of(video, rate, size, grey=True, steps=video.steps(rate))
    return [round(float(one.mean()) / 40) for one in frames]


def test_at_each_moment_the_frame_that_is_shown_then(tmp_path: Path) -> None:
    uneven = greys(tmp_path / "uneven.mp4", [0, 40, 80, 120, 160], [0.0, 0.05, 0.5, 0.52, 1.3])
    video = open_video(uneven)
    assert (video.height, video.width, video.frames) == (48, 64, 5)
    assert video.seconds == pytest.approx(1.3 + 1 / 30, abs=0.01)
    assert seen(uneven, 10.0) == [0, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 4]
    assert seen(uneven, 2.0) == [0, 2, 3]


def test_the_rate_of_the_file_does_not_matter(tmp_path: Path) -> None:
    values = [0, 40, 80, 120]
    slow = greys(tmp_path / "slow.mp4", values, np.arange(4) / 4)
    fast = greys(tmp_path / "fast.mp4", np.repeat(values, 6).tolist(), np.arange(24) / 24)
    assert seen(fast, 4.0) == [0, 1, 2, 3]
    assert seen(slow, 4.0)[:4] == [0, 1, 2, 3]
    assert seen(fast, 8.0) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_video_that_begins_late_begins_with_its_first_frame(tmp_path: Path) -> None:
    late = greys(tmp_path / "late.mp4", [40, 80], [5.0, 5.5])
    assert open_video(late).seconds < 1
    assert seen(late, 4.0)[:3] == [1, 1, 2]


def test_a_single_frame(tmp_path: Path) -> None:
    assert seen(greys(tmp_path / "one.mp4", [80], [0.0]), 10.0) == [2]


def test_frames_come_one_by_one_and_small(tmp_path: Path) -> None:
    path = greys(tmp_path / "large.mp4", [0, 40, 80], [0.0, 1.0, 2.0], size=(480, 640))
    frames = frames_of(open_video(path), 1.0, (3, 4), grey=False, steps=3)
    assert next(frames).shape == (3, 4, 3)
    assert not isinstance(frames, list)
    assert len(list(frames)) == 2


def damaged(path: Path) -> Path:
    """A video whose later frames are zeros."""
    random = np.random.default_rng(0)
    frames = [random.integers(0, 255, (48, 64, 3)).astype(np.uint8) for _ in range(20)]
    write_video(path, frames, np.arange(20) / 10)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + len(content) // 3] = bytes(len(content) // 3)
    path.write_bytes(content)
    return path


def test_what_cannot_be_decoded_stays_as_it_was(tmp_path: Path) -> None:
    video = open_video(damaged(tmp_path / "damaged.mp4"))
    frames = list(frames_of(video, 10.0, (6, 8), grey=True, steps=video.steps(10.0)))
    assert len(frames) == video.steps(10.0) == 20


def sound_alone(path: Path) -> None:
    module = library()
    with module.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = module.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (bytes(500), "cannot be read as a video"),
        (b"no video at all " * 99, "cannot be read as a video"),
        (None, "holds no stream of video"),
    ],
)
def test_what_is_no_video_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "bad.mp4"
    if content is None:
        sound_alone(path)
    else:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        open_video(path)
    assert "bad.mp4" in str(caught.value)


def test_a_file_that_is_cut_off_or_gone(tmp_path: Path) -> None:
    whole = greys(tmp_path / "whole.mp4", [0, 40, 80, 120], np.arange(4) / 4)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[:900])
    with pytest.raises(DataError, match=r"cut\.mp4"):
        open_video(cut)
    video = open_video(whole)
    whole.unlink()
    with pytest.raises(DataError, match=r"whole\.mp4"):
        next(frames_of(video, 4.0, (6, 8), grey=True, steps=4))
    with pytest.raises(DataError, match="is not there"):
        open_video(whole)


def test_names_of_videos() -> None:
    assert is_video(Path("a/B.MP4"))
    assert not is_video(Path("a/mp4"))
    assert not is_video(Path("a.wav"))
