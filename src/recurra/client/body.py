"""Data as the body of a request, and an answer as a frame of the caller's library."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from recurra.client.problem import not_understood
from recurra.client.wire import plain
from recurra.data.naming import listed
from recurra.data.reader import named_as
from recurra.data.table import SAMPLE_PREFIX, Table, read_table
from recurra.errors import DataError

ARROW, JSON = "application/vnd.apache.arrow.stream", "application/json"
TYPES: Mapping[str, str] = {
    ".json": JSON,
    ".jsonl": "application/jsonl",
    ".ndjson": "application/x-ndjson",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".txt": "text/plain",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".mid": "audio/midi",
    ".midi": "audio/midi",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}
"""Types of bodies, by how names of such files end."""
_TABLES = (".gz", ".zip", ".xlsx", ".xls")
_BEGINNINGS: Sequence[tuple[bytes, str]] = (
    (b"fLaC", ".flac"),
    (b"OggS", ".ogg"),
    (b"ID3", ".mp3"),
    (b"\xff\xfb", ".mp3"),
    (b"MThd", ".mid"),
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"\x1aE\xdf\xa3", ".mkv"),
    (b"PAR1", ".parquet"),
    (b"ARROW1", ".arrow"),
    (b"[", ".json"),
)


class Body(NamedTuple):
    """What is sent.

    Attributes:
        content: As bytes; none where there are no data.
        kind: Its type.
        table: The caller's frame, if it was one: answers are of the same library.
    """

    content: bytes = b""
    kind: str = ""
    table: Table | None = None


def body_of(data: Any, content_type: str | None = None) -> Body:
    """Data as a body.

    Args:
        data: A frame of polars, pandas or pyarrow, a dict of columns, a list of rows (mappings) or of
            numbers, a path of a file, "sample:NAME" of a series, bytes of such a file, or None.
        content_type: Of bytes or a file; None: by the name or the first bytes.

    Raises:
        DataError: It is none of these.
    """
    if data is None:
        return Body()
    if isinstance(data, bytes | bytearray | memoryview):
        content = bytes(data)
        return Body(content, content_type or TYPES[_suffix_of(content)])
    if isinstance(data, str | Path) and not str(data).startswith(SAMPLE_PREFIX):
        return _of_file(Path(data).expanduser(), content_type)
    if isinstance(data, list | tuple) and data and all(isinstance(row, Mapping) for row in data):
        return Body(_as_json(data), JSON)
    table = read_table(data)
    written = io.BytesIO()
    table.frame.write_ipc_stream(written)
    return Body(written.getvalue(), ARROW, table)


def frame_of(content: bytes, sent: Body) -> Any:
    """An answer, as a frame of the library of what was sent.

    Raises:
        ServerError: It is no table.
    """
    try:
        frame = pl.read_ipc_stream(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise not_understood("no table") from error
    return frame if sent.table is None else sent.table.give_back(frame)


def query_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Options of an answer as text: (80, 95) as "80,95"; what is None is left out."""
    return {key: _as_text(value) for key, value in options.items() if value is not None}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | np.ndarray):
        return ",".join(map(str, value))
    return str(value)


def _of_file(path: Path, content_type: str | None) -> Body:
    suffix = path.suffix.lower()
    if content_type is None and suffix in _TABLES:
        return body_of(read_table(path).frame)
    if content_type is None and suffix not in TYPES:
        raise DataError(f"a file {path.name!r}", f"one of {listed(TYPES, 30)}", "Say content_type=.")
    with named_as(path, str(path)):
        return Body(path.read_bytes(), content_type or TYPES[suffix])


def _suffix_of(content: bytes) -> str:
    """How a file with such bytes would be named; a text that is no list of JSON is a CSV."""
    if content[:4] == b"RIFF":
        return ".webp" if content[8:12] == b"WEBP" else ".wav"
    if content[4:8] == b"ftyp":
        return ".mp4"
    found = next((suffix for begin, suffix in _BEGINNINGS if content.startswith(begin)), None)
    if found is not None:
        return found
    text = content.lstrip()
    if text.startswith(b"{"):
        return ".jsonl" if b"\n" in text.rstrip() else ".json"
    return ".csv"


def _as_json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    try:
        return json.dumps(list(rows), default=plain).encode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"rows that JSON cannot hold ({error})", "texts, numbers and lists of these", "Convert them."
        ) from error
