"""Bodies of requests as data that a task reads."""

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from recurra.confinement import confined
from recurra.serving.problem import Problem

MOST_CELLS = 20_000_000
"""Cells of a table."""
ARROW = ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file")
SUFFIXES: Mapping[str, str] = {
    "application/json": ".json",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/vnd.apache.parquet": ".parquet",
    ARROW[0]: ".arrows",
    ARROW[1]: ".arrow",
    "text/plain": ".txt",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/midi": ".mid",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
}
"""Types of bodies, and how names of such files end."""


async def read(chunks: AsyncIterator[bytes], stated: str | None, most: int, seconds: float) -> bytes:
    """All of a body.

    Args:
        chunks: It, as it comes.
        stated: Its length, as the client says, if it does.
        most: Bytes that it may have.
        seconds: How long it may take.

    Raises:
        Problem: It is too large, or takes too long.
    """
    too_large = Problem(413, "a body that is too large", f"at most {most:,} bytes", "Send it in parts.")
    if stated is not None and stated.isdecimal() and int(stated) > most:
        raise too_large
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in chunks:
                content += chunk
                if len(content) > most:
                    raise too_large
    except TimeoutError as error:
        raise Problem(
            408, "a body that takes too long", f"all of it within {seconds:g} s", "Send it faster."
        ) from error
    return bytes(content)


def suffix_of(content_type: str) -> str:
    """How the name of a file of a type ends.

    Raises:
        Problem: The type is unknown.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in SUFFIXES:
        what = f"a body of type {kind!r}" if kind else "a body of no type"
        raise Problem(415, what, f"one of {', '.join(SUFFIXES)}", "Set the header Content-Type.")
    return SUFFIXES[kind]


@contextmanager
def source(content: bytes, suffix: str) -> Iterator[str | None]:
    """A file with a body, in a folder that nothing else is in; data may name no file outside of it.

    Yields:
        Its path; None of an empty body.

    Raises:
        Problem: The body is not what its type says.
    """
    with tempfile.TemporaryDirectory(prefix="recurra-") as folder, confined(Path(folder)):
        if not content.strip():
            yield None
            return
        if suffix == ".json":
            content, suffix = _rows_of_json(content), ".jsonl"
        elif suffix in (".arrow", ".arrows"):
            content, suffix = _parquet_of_arrow(content, stream=suffix == ".arrows"), ".parquet"
        path = Path(folder) / f"body{suffix}"
        path.write_bytes(content)
        if suffix == ".parquet":
            _check_size(path)
        yield str(path)


def _check_size(path: Path) -> None:
    """Refuse a small file of a table that is huge."""
    try:
        rows = pl.scan_parquet(path).select(pl.len()).collect().item()
        cells = rows * len(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Problem(400, "a body that is no Parquet file", "Parquet", "Correct it.") from error
    if cells > MOST_CELLS:
        raise Problem(413, f"a table of {cells:,} cells", f"at most {MOST_CELLS:,}", "Send it in parts.")


def _rows_of_json(content: bytes) -> bytes:
    """JSON Lines of a list of objects, of one object, or of an object with such a list under "rows"."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"a body that is no JSON ({error})", "JSON in UTF-8", "Correct it.") from error
    if isinstance(document, dict):
        rows = document.get("rows") if list(document) == ["rows"] else [document]
    else:
        rows = document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Problem(
            422,
            "JSON that holds no rows",
            'objects in a list: [{"column": value}, ...], or one object',
            "Put the values of a row under the names of their columns.",
        )
    return "\n".join(json.dumps(row) for row in rows).encode()


def _parquet_of_arrow(content: bytes, *, stream: bool) -> bytes:
    reader = pl.read_ipc_stream if stream else pl.read_ipc
    written = io.BytesIO()
    try:
        reader(io.BytesIO(content)).write_parquet(written)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise Problem(400, "a body that is no Arrow table", "Arrow IPC", "Correct it.") from error
    return written.getvalue()
