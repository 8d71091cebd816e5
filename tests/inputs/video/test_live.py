"""Videos as they come: frame by frame, from a pipe, in rows, with the bits of the whole."""

import contextlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import polars as pl
import pytest
from PIL import Image as Pillow
from tests.cli.program import call, environment, run, start

from recurra import Classifier
from recurra.cli import watching
from recurra.data.video import frames_as_they_come, frames_of, open_video
from recurra.errors import DataError
from recurra.inputs.generated_clips import write_clips, write_video
from recurra.streaming import Program
from recurra.tasks.classify.live import LiveClassifier

RATE, SIZE = 4.0, (16, 16)
NET = {
    "rate": RATE, "height": 16, "width": 16, "patch": 8, "front_width": 4, "frame_size": 12, "hidden_size": 8,
    "max_epochs": 1, "batch_size": 8, "bidirectional": False, "pooling": "mean", "baselines": (),
    "test_size": 0.3,
}  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips."""
    return write_clips(tmp_path_factory.mktemp("clips"), 24).parent


@pytest.fixture(scope="module", params=["points", "cells"])
def trained(clips: Path, request: pytest.FixtureRequest) -> Classifier:
    table = pl.read_csv(clips / "clips.csv") if (clips / "clips.csv").exists() else None
    assert table is not None
    way = pl.col("label").str.split(",").list.first()
    table = table.with_columns(path=pl.lit(f"{clips}/") + pl.col("path"), label=way).drop("caption")
    return Classifier(**NET, front_readout=request.param, label="label").fit(table, show_progress=False)


@pytest.fixture(scope="module")
def program(trained: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its program."""
    place = tmp_path_factory.mktemp("program") / "program"
    trained.to_program().save(place)
    return place


def told_by_rows(program: Path, path: Path) -> list[dict[str, Any]]:
    """What the engine says after each frame of a file, as `predict` reads it."""
    video = open_video(path)
    live = LiveClassifier(Program.load(program))
    steps = video.steps(RATE)
    return [
        dict(live.predict({"frame": frame}).values)
        for frame in frames_of(video, RATE, SIZE, grey=False, steps=steps)
    ]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_frame_by_frame_it_says_the_bits_of_the_whole_and_the_numbers_of_predict(
    trained: Classifier, program: Path, clips: Path
) -> None:
    path = clips / "clip_00003.mp4"
    each = told_by_rows(program, path)
    whole = LiveClassifier(Program.load(program)).predict({"path": str(path)}).values
    assert each[-1] == whole
    assert each[0] != whole
    offline = trained.predict(pl.DataFrame({"path": [str(path)]})).row(0, named=True)
    for name in (one for one in whole if one.startswith("p_")):
        assert whole[name] == pytest.approx(offline[name], abs=1e-5)


def test_a_file_and_a_pipe_are_told_frame_by_frame(program: Path, clips: Path, tmp_path: Path) -> None:
    path = clips / "clip_00005.mp4"
    expected = told_by_rows(program, path)
    from_file = run("stream", program, "--video", path, cwd=tmp_path)
    assert from_file.code == 0, from_file.err
    found = lines(from_file.out)
    assert [one["seconds"] for one in found] == [step / RATE for step in range(len(expected))]
    for one, own in zip(found, expected, strict=True):
        assert one["prediction"] == own["prediction"]
        assert {name: np.float32(share) for name, share in one.items() if name.startswith("p_")} == {
            name: share for name, share in own.items() if name.startswith("p_")
        }
    matroska(path, tmp_path / "piped.mkv")
    with (tmp_path / "piped.mkv").open("rb") as file:
        piped = subprocess.run(
            [sys.executable, "-m", "recurra", "stream", program, "--video", "-"],
            stdin=file, capture_output=True, check=False, env=environment(), text=True,
        )  # fmt: skip
    assert piped.returncode == 0, piped.stderr
    assert piped.stdout == from_file.out


def matroska(source: Path, target: Path) -> None:
    """The same packets in a file that can be read from its beginning."""
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        stream = container.streams.video[0]
        copied = output.add_stream_from_template(stream)
        for packet in container.demux(stream):
            if packet.dts is not None:
                packet.stream = copied
                output.mux(packet)


def test_answers_come_before_the_pipe_ends_and_a_signal_ends_it(program: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(400)]
    write_video(tmp_path / "long.mp4", frames, (np.arange(400) / 10).tolist())
    matroska(tmp_path / "long.mp4", tmp_path / "long.mkv")
    content = (tmp_path / "long.mkv").read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-m", "recurra", "stream", program, "--video", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(content[: len(content) * 3 // 4])
    process.stdin.flush()
    first = json.loads(process.stdout.readline())
    assert first["seconds"] == 0
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert b"interrupted" in complaint
    assert b"Traceback" not in complaint
    assert b"ignored" not in complaint


def test_memory_does_not_grow_with_the_video(program: Path, tmp_path: Path) -> None:
    grey = np.zeros((240, 320, 3), np.uint8)
    write_video(tmp_path / "long.mp4", [grey] * 600, (np.arange(600) / 20).tolist())
    with start("stream", program, "--video", tmp_path / "long.mp4", cwd=tmp_path) as process:
        assert process.stdout is not None
        sizes = []
        for line in process.stdout:
            if json.loads(line)["seconds"] in (2.0, 28.0):
                pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
                sizes.append(int(pages) * os.sysconf("SC_PAGE_SIZE"))
    assert process.returncode == 0
    assert sizes[1] - sizes[0] < 8 * 2**20


def test_rows_hold_frames_of_any_size_or_name_them(program: Path, clips: Path, tmp_path: Path) -> None:
    video = open_video(clips / "clip_00001.mp4")
    frames = list(frames_of(video, RATE, SIZE, grey=False, steps=3))
    rows = "".join(json.dumps({"frame": one.tolist()}) + "\n" for one in frames)
    (tmp_path / "rows.jsonl").write_text(rows)
    state = tmp_path / "live.state"
    found = []
    for begin, end in ((0, 1), (1, 3)):  # with a restart between them
        given = "".join(rows.splitlines(keepends=True)[begin:end])
        outcome = subprocess.run(
            [sys.executable, "-m", "recurra", "stream", program, "--state", state],
            input=given, capture_output=True, check=True, env=environment(), text=True,
        )  # fmt: skip
        found += lines(outcome.stdout)
    live = LiveClassifier(Program.load(program))
    expected = [live.predict({"frame": one}).values for one in frames]
    for one, own in zip(found, expected, strict=True):
        assert one["prediction"] == own["prediction"]
        assert [np.float32(one[name]) for name in own if name != "prediction"] == [
            own[name] for name in own if name != "prediction"
        ]
    large = np.repeat(np.repeat(frames[0], 2, axis=0), 2, axis=1)
    other = LiveClassifier(Program.load(program)).predict({"frame": large.tolist()}).values
    assert other["prediction"] in trained_labels(program)
    Pillow.fromarray(frames[0]).save(tmp_path / "frame.png")
    named = LiveClassifier(Program.load(program)).predict({"path": str(tmp_path / "frame.png")}).values
    assert named == expected[0]
    for row, message in (
        ({"frame": [[1, 2], [3]]}, "frame holds no picture"),
        ({"frame": [[0.5]]}, "frame holds no picture"),
        ({"frame": [[300]]}, "pixels from 300 to 300"),
        ({"path": str(tmp_path / "none.png")}, "is not there"),
        ({"other": 1}, "a row without a frame"),
    ):
        with pytest.raises(DataError, match=message):
            live.predict(row)


def trained_labels(program: Path) -> list[str]:
    return list(Program.load(program).metadata["labels"])


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi", "webm"])
def test_moments_are_those_of_the_file_whatever_its_kind(tmp_path: Path, kind: str) -> None:
    random = np.random.default_rng(1)
    frames = [random.integers(0, 256, (32, 48, 3), np.uint8) for _ in range(11)]
    write_video(tmp_path / "a.mp4", frames, [0.0, 0.1, 0.2, 0.35, 0.4, 0.5, 0.9, 1.0, 1.1, 1.7, 1.8])
    path = tmp_path / f"b.{kind}"
    with av.open(str(tmp_path / "a.mp4")) as container, av.open(str(path), "w") as output:
        if kind in ("webm", "avi"):
            codec = "libvpx-vp9" if kind == "webm" else "mpeg4"
            copied = output.add_stream(codec, rate=30, width=48, height=32, pix_fmt="yuv420p")
            for frame in container.decode(video=0):
                output.mux(copied.encode(frame))
            output.mux(copied.encode())
        else:
            stream = container.streams.video[0]
            copied = output.add_stream_from_template(stream)
            for packet in container.demux(stream):
                if packet.dts is not None:
                    packet.stream = copied
                    output.mux(packet)
    for rate in (3.0, 8.0, 25.0):
        video = open_video(path)
        whole = list(frames_of(video, rate, SIZE, grey=True, steps=video.steps(rate)))
        live = list(frames_as_they_come(str(path), path.name, rate, SIZE, grey=True))
        assert len(live) == len(whole)
        np.testing.assert_array_equal(np.stack(live), np.stack(whole))


def test_mistakes_are_told(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*more: object) -> str:
        outcome = call(capsys, "stream", program, *more)
        assert outcome.code == 2, outcome.out
        return outcome.err

    assert "none.mp4 is not there" in said("--video", tmp_path / "none.mp4")
    assert "is a folder" in said("--video", tmp_path)
    (tmp_path / "bad.mp4").write_bytes(b"no video at all")
    assert "cannot be read as a video" in said("--video", tmp_path / "bad.mp4")
    assert "--state with --video; expected rows, not frames" in said("--video", "-", "--state", "x")
    assert "--audio and --video" in said("--video", "-", "--audio", "-")
    assert "pause=1 with --video" in said("pause=1", "--video", "-")
    with subprocess.Popen(
        [sys.executable, "-m", "recurra", "stream", program, "--video", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as process:  # fmt: skip
        _, complaint = process.communicate(b"no video", timeout=60)
    assert process.returncode == 2
    assert b"ffmpeg -i FILE -f matroska -" in complaint


def test_runs_of_other_inputs_see_no_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pl.DataFrame({"x": [[1.0, 2.0], [3.0, 4.0]] * 10, "label": ["a", "b"] * 10})
    net = Classifier(hidden_size=4, max_epochs=1, bidirectional=False, pooling="last", baselines=())
    net.fit(frame, show_progress=False).to_program().save(tmp_path / "program")
    outcome = call(capsys, "stream", tmp_path / "program", "--video", "-")
    assert outcome.code == 2
    assert "--video for a run that sees no videos" in outcome.err


@contextlib.contextmanager
def address(content: bytes, *, stalls: bool) -> Iterator[str]:
    """Where a video can be had, which comes to its end or stops half-way."""
    gone = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content[: len(content) // 2] if stalls else content)
                self.wfile.flush()
                if stalls:
                    gone.wait(30)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/clip.mkv"
        finally:
            gone.set()
            server.shutdown()


def test_a_video_comes_from_an_address_and_one_that_stalls_is_an_error(
    program: Path,
    clips: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matroska(clips / "clip_00005.mp4", tmp_path / "clip.mkv")
    content = (tmp_path / "clip.mkv").read_bytes()
    expected = call(capsys, "stream", program, "--video", tmp_path / "clip.mkv")
    with address(content, stalls=False) as place:
        found = call(capsys, "stream", program, "--video", place)
    assert (found.code, found.out) == (0, expected.out), found.err
    monkeypatch.setattr(watching, "_PATIENCE", 0.5)
    with address(content, stalls=True) as place:
        found = call(capsys, "stream", program, "--video", place)
    assert found.code == 2
    assert place in found.err
