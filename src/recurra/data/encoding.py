"""Text files as UTF-8: what a byte order mark says otherwise is converted, any other byte is told."""

import codecs
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from recurra.errors import DataError

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16's, which it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_AT_ONCE = 1 << 20
_PEEKED, _ZEROS = 4096, 4  # bytes, and of how many one is zero in no text in UTF-8


def open_bytes(path: Path) -> io.BufferedIOBase:
    """A file's bytes, unpacked where its name ends in .gz; to be closed by the caller."""
    return gzip.GzipFile(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def decoded(content: bytes, name: str) -> str:
    """Bytes as text; a byte order mark is left out.

    Raises:
        DataError: They are no UTF-8, nor what their mark says; the message names the byte.
    """
    encoding = next((own for mark, own in _MARKS.items() if content.startswith(mark)), "utf-8-sig")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _no_text(name, line, error.start, content[error.start]) from error


def utf8_source(path: Path, *, marked: bool) -> Path | io.BytesIO:
    """A text file in UTF-8: itself, checked without being kept, or its content where a mark says otherwise.

    Args:
        path: The file.
        marked: Whether its reader takes the mark of UTF-8 too.

    Raises:
        DataError: A byte is no UTF-8; the message names it.
        OSError, EOFError, zlib.error: The file is damaged.
    """
    with open_bytes(path) as file:
        start = file.read(4)
        if start.startswith(tuple(_MARKS)) or (start.startswith(codecs.BOM_UTF8) and not marked):
            file.seek(0)
            return io.BytesIO(decoded(file.read(), str(path)).encode())
        file.seek(0)
        _check_utf8(file, str(path))
    return path


def blocks_of(path: Path) -> Iterator[str]:
    """The text of a file in UTF-8 or as its byte order mark says, also .gz, block by block.

    Raises:
        DataError: A byte is no text; the message names it.
        OSError, EOFError, zlib.error: The file is damaged.
    """
    with open_bytes(path) as file:
        start = file.read(_PEEKED)
        file.seek(0)
        encoding = next((own for mark, own in _MARKS.items() if start.startswith(mark)), "utf-8-sig")
        if encoding == "utf-8-sig" and start.count(0) * _ZEROS > len(start):
            order = "le" if start[1::2].count(0) >= start[::2].count(0) else "be"
            raise DataError(
                f"{path} is full of zero bytes, as UTF-16 is that does not say so",
                "text in UTF-8",
                f"Convert it, if it is: iconv -f utf-16{order} -t utf-8 {path.name}",
            )
        yield from _decoded_blocks(file, encoding, str(path))


def _check_utf8(file: io.BufferedIOBase, name: str) -> None:
    for _ in _decoded_blocks(file, "utf-8", name):
        pass


def _decoded_blocks(file: io.BufferedIOBase, encoding: str, name: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    position, lines, kept = 0, 0, b""
    while True:
        block = file.read(_AT_ONCE)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            at = position - len(kept) + error.start
            whole = kept + block
            line = lines + whole.count(b"\n", 0, error.start) + 1
            raise _no_text(name, line, at, whole[error.start]) from error
        yield text
        if not block:
            return
        kept = decoder.getstate()[0]
        position += len(block)
        lines += block.count(b"\n")


def _no_text(name: str, line: int, position: int, byte: int) -> DataError:
    return DataError(
        f"{name}, line {line}: byte 0x{byte:02x} at position {position} is no UTF-8",
        "text in UTF-8",
        f"Convert it from what it is, often Latin-1: iconv -f latin1 -t utf-8 {Path(name).name}",
    )
