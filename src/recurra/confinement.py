"""Which files rows and texts may name: all of them, unless whoever sent these is confined."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from recurra.errors import DataError

NOWHERE = Path("/nonexistent/recurra")
"""A folder in which nothing is."""

_FOLDER: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextmanager
def confined(folder: Path) -> Iterator[None]:
    """Within the block, data may name no file outside of a folder."""
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def permitted(path: Path, base: Path = Path()) -> Path:
    """A path that data name, if they may name it; "~" is a home only for who is not confined and has one.

    Args:
        path: As it is named.
        base: The folder that it is relative to.

    Raises:
        DataError: They may not, or it can be no path.
    """
    folder = _FOLDER.get()
    try:
        if folder is None:
            return base / _expanded(path)
        if (base / path).resolve().is_relative_to(folder.resolve()):
            return base / path
    except (OSError, ValueError) as error:
        raise DataError(f"the path {path.name[:50]!r}", "one of a file", "Correct it.") from error
    raise DataError("a path where files cannot be named", "the content", "Send the content itself.")


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # "~" of nobody who is known
        return path
