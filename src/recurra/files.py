"""Files that appear whole or not at all, and are known to be unaltered when read back.

A file is written under a temporary name beside its place, flushed to the disk, and renamed. A folder is
filled under a temporary name and renamed; what a killed process left under such a name goes when the place is
next written. Reading a JSON document or a checksummed file gives one of our
errors when it was truncated, altered, or written by a newer version.
"""

import glob
import hashlib
import json
import os
import platform
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recurra.errors import DamagedError, NewerFormatError, RecurraError, StorageError


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    temporary = temporary_beside(path)
    try:
        with storage_errors(path):
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Make sure that a file can be written there, by writing one beside it and taking it away again.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    temporary = temporary_beside(path)
    try:
        with storage_errors(path):
            temporary.write_bytes(b"0")
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """A name of this process beside a place, after names of processes that are no more were cleared away."""
    for left in _left_behind(path):
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{_host()}-{os.getpid()}.{uuid.uuid4().hex}")


def _left_behind(path: Path, kind: str = "") -> Iterator[Path]:
    """What stands beside a place under names of processes of this machine that are no more."""
    for left in path.parent.glob(f".{glob.escape(path.name)}{kind}.{_host()}-*"):
        process = left.name.rpartition("-")[2].partition(".")[0]
        if process.isdecimal() and not _is_alive(int(process)):
            yield left


def _host() -> str:
    return checksum(platform.node().encode())[:8]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def write_text(path: Path, content: str) -> None:
    """Write a text file (UTF-8) whole or not at all; errors as `write_bytes`."""
    write_bytes(path, content.encode())


@contextmanager
def whole_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Fill a folder under a temporary name; it takes its place when the block ends without an error.

    Args:
        path: Where the folder will be.
        overwrite: Whether a folder that is there may be replaced.

    Raises:
        StorageError: The disk is full, or the folder exists and may not be replaced.
    """
    put_back(path)
    if path.exists() and not overwrite:
        raise StorageError(f"{path} exists", "a new folder", "Choose another name or allow overwriting.")
    temporary = temporary_beside(path)
    try:
        with storage_errors(path):
            temporary.mkdir(parents=True)
            yield temporary
            for entry in (*temporary.rglob("*"), temporary):
                flush(entry)
            exchange_folder(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def storage_errors(
    path: Path, remedy: str = "Free some space or choose another folder; nothing was left half-written."
) -> Iterator[None]:
    """Tell what the system refuses in the block as a StorageError about a file or folder."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"{path} could not be written ({error.strerror or error})",
            "a writable place with free space",
            remedy,
        ) from error


def flush(path: Path) -> None:
    """Make sure that a file's content, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum(content: bytes) -> str:
    """SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_document(path: Path, document: Mapping[str, Any], *, version: int) -> None:
    """Write a JSON object with its format version and its own checksum, whole or not at all."""
    body = {"format": version, **document}
    write_text(path, json.dumps({**body, "checksum": _document_checksum(body)}, indent=2) + "\n")


def read_document(path: Path, *, version: int) -> dict[str, Any]:
    """Read what `write_document` wrote.

    Raises:
        DamagedError: The file is missing, truncated or altered, or is not ours.
        NewerFormatError: The file's format is newer than `version`.
    """
    remedy = "Restore it from a copy, or train again."
    try:
        document = parse_json(read_bytes(path))
    except ValueError as error:
        raise DamagedError(f"{path} is not valid JSON ({error})", "a whole file", remedy) from error
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise DamagedError(f"{path} has no format number", "a file written by recurra", remedy)
    if document["format"] > version:
        raise NewerFormatError(
            f"{path} has format {document['format']}", f"at most {version}", "Upgrade recurra to read it."
        )
    stated = document.pop("checksum", None)
    if stated != _document_checksum(document):
        raise DamagedError(f"{path} does not match its checksum", "the file as it was written", remedy)
    del document["format"]
    return document


def parse_json(content: bytes) -> Any:
    """What some bytes say as JSON.

    Raises:
        ValueError: They are no JSON, are nested too deeply to be read, or hold half a letter.
    """
    try:
        found = json.loads(content)
        if b"\\ud" in content or b"\\uD" in content:
            json.dumps(found, ensure_ascii=False).encode()  # a surrogate that stands alone is no text
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return found


def read_bytes(path: Path) -> bytes:
    """Read a file that must be there.

    Raises:
        DamagedError: The file is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DamagedError(
            f"{path} cannot be read ({error.strerror})",
            "a readable file",
            "Check the path and its permissions.",
        ) from error


def read_checked(path: Path, stated: str) -> bytes:
    """Read a file and compare it with the checksum stated for it.

    Raises:
        DamagedError: The file is missing, truncated or altered.
    """
    content = read_bytes(path)
    if checksum(content) != stated:
        raise DamagedError(
            f"{path} does not match its checksum",
            "the file as it was written",
            "Restore it from a copy, or train again.",
        )
    return content


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Tell of a document whose checksum is right and whose entries are not, wherever in the block that shows.

    Raises:
        DamagedError: An entry is missing, of another type, or does not fit the others.
    """
    try:
        yield
    except RecurraError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        what = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DamagedError(
            f"{path} does not hold together ({type(error).__name__}: {what})",
            "a file as recurra writes it",
            "Restore it from a copy, or train again.",
        ) from error


MANIFEST = "manifest.json"


def write_manifest(folder: Path, names: Iterable[str]) -> None:
    """State the checksums of some files of a folder in its `manifest.json`."""
    sums = {name: checksum(read_bytes(folder / name)) for name in names}
    write_document(folder / MANIFEST, {"files": sums}, version=1)


def verify_manifest(folder: Path) -> None:
    """Compare the files of a folder with what its manifest states.

    Raises:
        DamagedError: The manifest or a file is missing, truncated or altered.
        NewerFormatError: A newer version of recurra wrote the manifest.
    """
    files = read_document(folder / MANIFEST, version=1).get("files")
    if not isinstance(files, dict) or not all(isinstance(stated, str) for stated in files.values()):
        raise DamagedError(
            f"{folder / MANIFEST} states no checksums of files",
            "the file as it was written",
            "Restore it from a copy, or train again.",
        )
    for name, stated in files.items():
        read_checked(folder / name, stated)


def _document_checksum(document: Mapping[str, Any]) -> str:
    return checksum(json.dumps(document, sort_keys=True).encode())


ASIDE = ".old"


def exchange_folder(new: Path, place: Path) -> None:
    """Put a folder in its place; a folder that was there is moved aside first and removed last.

    A process that is killed in between leaves it aside, whence `put_back` fetches it.

    Raises:
        OSError: The system refuses; the folder that was there stays.
    """
    if place.exists():
        old = place.with_name(f".{place.name}{ASIDE}.{_host()}-{os.getpid()}")
        place.replace(old)
        try:
            new.replace(place)
        except OSError:
            old.replace(place)
            raise
        shutil.rmtree(old, ignore_errors=True)
    else:
        new.replace(place)
    flush(place.parent)


def put_back(place: Path) -> bool:
    """Fetch back the folder that a process moved aside and was killed before it put another in its place.

    Returns:
        Whether there was one.
    """
    found = False
    for old in [*_left_behind(place, ASIDE)]:
        if place.exists():  # the other one is there, and this was to be removed
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.replace(place)
            found = True
    return found
