"""Which files rows and texts may name: all of them, unless whoever sent these is confined."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from recurra.errors import DataError

_FOLDER: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextmanager
def confined(folder: Path) -> Iterator[None]:
    """Within the block, data may name no file outside of a folder."""
    token = _FOLDER.set(folder.resolve())
    try:
        yield
    finally:
        _FOLDER.reset(token)


def permitted(path: Path) -> Path:
    """A path that data name, if they may name it.

    Raises:
        DataError: They may not.
    """
    folder = _FOLDER.get()
    if folder is not None and not path.resolve().is_relative_to(folder):
        raise DataError(
            f"the path {path.name!r} where files cannot be named", "the content", "Send the content itself."
        )
    return path
