"""Files: there whole or not at all, and any change to them is noticed."""

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recurra import files
from recurra.errors import DamagedError, NewerFormatError, StorageError

DOCUMENT = {"cell": "lstm", "sizes": [3, 5, 7], "name": "Grüße", "rate": 0.1}


def full_disk(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_bytes_and_text_replace_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "words.txt"
    files.write_text(place, "one")
    files.write_text(place, "zwei ü")
    assert place.read_text(encoding="utf-8") == "zwei ü"
    assert everything_in(tmp_path) == {"words.txt"}


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "words.txt"
    files.write_text(place, "one")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StorageError, match=r"No space left.*Free some space"):
        files.write_text(place, "two")
    assert place.read_text() == "one"
    assert everything_in(tmp_path) == {"words.txt"}


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be written"):
        files.write_text(tmp_path / "nowhere" / "words.txt", "one")


def test_a_real_limit_on_file_sizes_leaves_nothing_half_written(tmp_path: Path) -> None:
    """The kernel itself refuses to write on, in another process."""
    program = """
import signal, sys
from pathlib import Path
from recurra.errors import StorageError
from recurra.files import whole_folder, write_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
for write in ("file", "folder"):
    try:
        if write == "file":
            write_bytes(folder / "large", bytes(100_000))
        else:
            with whole_folder(folder / "run") as filling:
                (filling / "large").write_bytes(bytes(100_000))
    except StorageError as error:
        print(error)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.count("File too large") == 2
    assert everything_in(tmp_path) == set()


def test_a_folder_appears_when_its_block_ends(tmp_path: Path) -> None:
    place = tmp_path / "runs" / "first"
    with files.whole_folder(place) as filling:
        (filling / "a").write_text("1")
        (filling / "deeper").mkdir()
        (filling / "deeper" / "b").write_text("2")
        assert not place.exists()
    assert everything_in(place) == {"a", "deeper", "deeper/b"}
    assert everything_in(tmp_path / "runs") == {"first"} | {f"first/{name}" for name in everything_in(place)}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_folder_whose_block_fails_never_appears(tmp_path: Path, error: type[BaseException]) -> None:
    def fill() -> None:
        with files.whole_folder(tmp_path / "first") as filling:
            (filling / "a").write_text("1")
            raise error

    with pytest.raises(error):
        fill()
    assert everything_in(tmp_path) == set()


def test_a_folder_is_replaced_only_when_that_is_allowed(tmp_path: Path) -> None:
    place = tmp_path / "first"
    with files.whole_folder(place) as filling:
        (filling / "old").write_text("1")
    with pytest.raises(StorageError, match=r"first exists.*allow overwriting"), files.whole_folder(place):
        pass
    with files.whole_folder(place, overwrite=True) as filling:
        (filling / "new").write_text("2")
    assert everything_in(tmp_path) == {"first", "first/new"}


def test_a_full_disk_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "first"
    with files.whole_folder(place) as filling:
        (filling / "old").write_text("1")
    monkeypatch.setattr(os, "fsync", full_disk)
    with (
        pytest.raises(StorageError, match="No space left"),
        files.whole_folder(place, overwrite=True) as filling,
    ):
        (filling / "new").write_text("2")
    assert everything_in(tmp_path) == {"first", "first/old"}


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "first"
    with files.whole_folder(place) as filling:
        (filling / "old").write_text("1")
    rename = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if target == place and (self / "new").exists():
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with (
        pytest.raises(StorageError, match="Permission denied"),
        files.whole_folder(place, overwrite=True) as filling,
    ):
        (filling / "new").write_text("2")
    assert everything_in(tmp_path) == {"first", "first/old"}


def test_a_document_comes_back_as_it_was(tmp_path: Path) -> None:
    files.write_document(tmp_path / "config.json", DOCUMENT, version=2)
    assert files.read_document(tmp_path / "config.json", version=2) == DOCUMENT
    assert files.read_document(tmp_path / "config.json", version=3) == DOCUMENT
    assert json.loads((tmp_path / "config.json").read_text())["format"] == 2


def test_a_newer_document_says_so(tmp_path: Path) -> None:
    files.write_document(tmp_path / "config.json", DOCUMENT, version=2)
    with pytest.raises(NewerFormatError, match=r"format 2; expected at most 1\. Upgrade recurra"):
        files.read_document(tmp_path / "config.json", version=1)


def test_a_document_is_noticed_to_be_truncated_anywhere(tmp_path: Path) -> None:
    place = tmp_path / "config.json"
    files.write_document(place, DOCUMENT, version=1)
    content = place.read_bytes()
    for length in range(len(content) - 1):  # without its last byte, a line break, it is still whole
        place.write_bytes(content[:length])
        with pytest.raises(DamagedError, match=r"config\.json.*Restore it from a copy"):
            files.read_document(place, version=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), bit=st.integers(0, 7))
def test_a_flipped_bit_never_passes_for_the_document(tmp_path: Path, data: st.DataObject, bit: int) -> None:
    place = tmp_path / "config.json"
    files.write_document(place, DOCUMENT, version=1)
    content = bytearray(place.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << bit
    place.write_bytes(content)
    try:
        read = files.read_document(place, version=1)
    except (DamagedError, NewerFormatError):
        return
    assert read == DOCUMENT  # white space between the values may change


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"{}", b'{"format": "one"}', b"\xff\xfe"])
def test_other_files_are_not_taken_for_documents(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(DamagedError):
        files.read_document(tmp_path / "config.json", version=1)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for read in (
        lambda place: files.read_document(place, version=1),
        lambda place: files.read_checked(place, files.checksum(b"")),
        files.read_bytes,
    ):
        with pytest.raises(DamagedError, match=r"lost\.json cannot be read \(No such file"):
            read(tmp_path / "lost.json")


def test_bytes_are_compared_with_their_checksum(tmp_path: Path) -> None:
    place = tmp_path / "model"
    files.write_bytes(place, b"weights")
    assert files.read_checked(place, files.checksum(b"weights")) == b"weights"
    with pytest.raises(DamagedError, match="does not match its checksum"):
        files.read_checked(place, files.checksum(b"Weights"))


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    program = (
        "import os, sys; from pathlib import Path; from recurra import files;"
        "os.fsync = lambda _: os.kill(os.getpid(), 9); files.write_bytes(Path(sys.argv[1]), b'half')"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert killed.returncode == -9
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".model.json.")
    alive = left.with_name(left.name.replace(f"-{left.name.rpartition('-')[2]}", f"-{os.getpid()}.x"))
    alive.write_bytes(b"another thread writes this")
    files.write_bytes(path, b"whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, alive])


def aside(place: Path) -> Path:
    """A folder, moved aside by a process that was killed before it put another in its place."""
    place.mkdir()
    (place / "model").write_bytes(b"old")
    program = (
        "import os, sys; from pathlib import Path; from recurra import files;"
        "files.exchange_folder(type('Killing', (), {'replace': lambda *_: os.kill(os.getpid(), 9)})(),"
        "Path(sys.argv[1]))"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(place)], check=False)
    assert (killed.returncode, place.exists()) == (-9, False)
    (left,) = place.parent.iterdir()
    return left


def test_a_folder_that_a_killed_process_moved_aside_comes_back(tmp_path: Path) -> None:
    place = tmp_path / "run"
    aside(place)
    assert files.put_back(place)
    assert not files.put_back(place)
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b"old"]
    with files.whole_folder(place, overwrite=True) as filling:
        (filling / "model").write_bytes(b"new")
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b"new"]


def test_a_folder_that_was_replaced_does_not_come_back(tmp_path: Path) -> None:
    place = tmp_path / "run"
    aside(place)
    place.mkdir()
    assert not files.put_back(place)
    assert [*tmp_path.iterdir()] == [place]


@pytest.mark.parametrize("content", [b"[" * 100_000, b'"\\ud800"', b'{"a": "\\uDFFF"}', b"{", b"\xff"])
def test_json_that_is_no_text_or_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        files.parse_json(content)


def test_whole_letters_of_two_surrogates_are_text() -> None:
    assert files.parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("stated", [None, 5, [], {"a": 5}, "x"])
def test_a_manifest_without_checksums_is_told(tmp_path: Path, stated: object) -> None:
    files.write_document(tmp_path / "manifest.json", {"files": stated}, version=1)
    with pytest.raises(DamagedError, match="states no checksums"):
        files.verify_manifest(tmp_path)


def test_entries_that_do_not_fit_are_damage(tmp_path: Path) -> None:
    with (
        pytest.raises(DamagedError, match=r"does not hold together \(KeyError: 'a'\)"),
        files.damage_told(tmp_path),
    ):
        raise KeyError("a")
    with pytest.raises(StorageError), files.damage_told(tmp_path):
        raise StorageError("x", "y", "z")
