"""Damaged run folders, newer formats, full disks: one clear message, and nothing half-written."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import TINY
from tests.cli.program import call, listing
from tests.cli.test_bad_input import check

from recurra.files import MANIFEST, read_document, write_document, write_manifest

NOT_READ_BACK = "report.html"
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: content[:0],
    "cut": lambda content: content[: len(content) // 2],
    "cut by two bytes": lambda content: content[:-2],
    "first byte": lambda content: flipped(content, 0),
    "middle byte": lambda content: flipped(content, len(content) // 2),
    "last byte": lambda content: flipped(content, len(content) - 1),
}


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def files_of(run: Path, *, checkpoints: bool) -> list[str]:
    names = [name for name in listing(run) if name.startswith("checkpoints") == checkpoints]
    return sorted(name for name in names if name != NOT_READ_BACK)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", ["evaluate", "predict", "report"])
def test_every_damaged_file_of_a_run_is_noticed(capsys, run_copy: Path, command: str, damage: str) -> None:
    names = files_of(run_copy, checkpoints=False)
    assert len(names) >= 7
    for name in names:
        whole = (run_copy / name).read_bytes()
        (run_copy / name).write_bytes(DAMAGES[damage](whole))
        before = listing(run_copy)
        check(call(capsys, command, run_copy), name)
        assert listing(run_copy) == before
        (run_copy / name).write_bytes(whole)
    assert call(capsys, command, run_copy).code == 0


@pytest.mark.parametrize("command", ["evaluate", "predict", "report"])
def test_every_missing_file_of_a_run_is_noticed(capsys, run_copy: Path, command: str) -> None:
    for name in files_of(run_copy, checkpoints=False):
        if command == "report" and name == MANIFEST:
            continue  # a run that did not end has no manifest, and a report all the same
        whole = (run_copy / name).read_bytes()
        (run_copy / name).unlink()
        check(call(capsys, command, run_copy), name if name != MANIFEST else "did not end")
        (run_copy / name).write_bytes(whole)


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damaged_file_of_a_checkpoint_is_noticed(
    capsys, table: Path, run_copy: Path, damage: str
) -> None:
    newest = max(path.name for path in (run_copy / "checkpoints").iterdir())
    names = [name for name in files_of(run_copy, checkpoints=True) if newest in name]
    assert len(names) == 3
    for name in names:
        whole = (run_copy / name).read_bytes()
        (run_copy / name).write_bytes(DAMAGES[damage](whole))
        before = listing(run_copy)
        check(call(capsys, "train", "forecast", table, *TINY, "--out", run_copy, "--resume"), Path(name).name)
        assert listing(run_copy) == before
        (run_copy / name).write_bytes(whole)


def test_a_damaged_history_cannot_be_resumed(capsys, table: Path, run_copy: Path) -> None:
    history = run_copy / "history.jsonl"
    history.write_bytes(flipped(history.read_bytes(), 20))
    before = listing(run_copy)
    outcome = call(capsys, "train", "forecast", table, *TINY, "--out", run_copy, "--resume")
    check(outcome, "history.jsonl")
    assert listing(run_copy) == before


@pytest.mark.parametrize("name", [MANIFEST, "config.json", "metrics.json"])
def test_a_newer_format_asks_for_a_newer_version(capsys, run_copy: Path, name: str) -> None:
    document = read_document(run_copy / name, version=1)
    vouched = list(read_document(run_copy / MANIFEST, version=1)["files"])
    write_document(run_copy / name, document, version=99)
    if name != MANIFEST:
        write_manifest(run_copy, vouched)
    outcome = call(capsys, "predict" if name == "config.json" else "evaluate", run_copy)
    check(outcome, name, "format 99", "Upgrade recurra")


def test_a_checkpoint_of_a_newer_format_asks_for_a_newer_version(capsys, table: Path, run_copy: Path) -> None:
    state = max((run_copy / "checkpoints").iterdir()) / "state.json"
    write_document(state, read_document(state, version=1), version=99)
    outcome = call(capsys, "train", "forecast", table, *TINY, "--out", run_copy, "--resume")
    check(outcome, "state.json", "format 99", "Upgrade recurra")


@contextlib.contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """No file may grow over so many bytes: what a full disk looks like to a program."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_a_forecast_that_finds_no_room_leaves_the_old_one(
    capsys, finished: Path, tmp_path: Path, suffix: str
) -> None:
    place = tmp_path / f"forecast{suffix}"
    place.write_text("the old forecast")
    with files_limited_to(100):
        outcome = call(capsys, "predict", finished, "-o", place)
    check(outcome, place.name, "could not be written", code=1)
    assert listing(tmp_path) == {place.name: b"the old forecast"}


@pytest.mark.parametrize("size", [100, 1500, 9000, 40_000])
def test_a_run_that_finds_no_room_can_go_on_later(
    capsys, finished: Path, table: Path, tmp_path: Path, size: int
) -> None:
    run = tmp_path / "run"
    command = ["train", "forecast", table, *TINY, "--out", run]
    with files_limited_to(size):
        outcome = call(capsys, *command)
    check(outcome, "could not be written", code=1)
    remains = listing(tmp_path)
    assert not [name for name in remains if any(part.startswith(".") for part in Path(name).parts)]
    assert call(capsys, *command, *(["--resume"] if run.exists() else [])).code == 0
    assert (run / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can mount a small disk; the limits above stand in for it"
)
def test_a_disk_that_is_really_full(capsys, finished: Path, table: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this root may not mount a small disk; the limits above stand in for it")
    try:
        check(call(capsys, "train", "forecast", table, *TINY, "--out", disk / "run"), "No space left", code=1)
        (disk / "filler").write_bytes(b"0" * (os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize))
        before = listing(disk)
        check(call(capsys, "predict", finished, "-o", disk / "forecast.csv"), "No space left", code=1)
        assert listing(disk) == before
    finally:
        subprocess.run(["umount", str(disk)], check=True)
