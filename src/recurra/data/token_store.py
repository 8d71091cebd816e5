"""Symbols of a corpus as numbers: in memory while they are few, else in a file."""

import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from jaxtyping import Int64, Integer

from recurra.errors import StorageError

IN_MEMORY = 1 << 24  # symbols
_FEW = 1 << 16


@runtime_checkable
class HasPath(Protocol):
    """A folder that may be moved."""

    path: Path


class TokenStore:
    """Numbers that are written once, in order, and read in stretches.

    What is more than memory should hold goes to an unnamed place for temporary files (TMPDIR), which is given
    back when the store is no longer used; a process that is killed while it writes leaves nothing that is
    read again. Or all of it goes to a file of the caller's, from which a store can be opened again.

    Args:
        vocabulary: How many numbers there are; fewer than 65,536 take two bytes each, else four.
        in_memory: The most numbers that are kept in memory.

    >>> from recurra.data.token_store import TokenStore
    >>> store = TokenStore.of([[3, 4], [5]], vocabulary=10)
    >>> len(store), store.read(1, 3).tolist()
    (3, [4, 5])
    """

    def __init__(self, vocabulary: int, in_memory: int = IN_MEMORY) -> None:
        self._kind = np.dtype(np.uint16 if vocabulary <= _FEW else np.int32)
        self._in_memory = in_memory
        self._blocks: list[np.ndarray] = []
        self._whole: np.ndarray | None = None
        self._path: Path | None = None
        self._is_temporary = False
        self._folder: HasPath | None = None
        self._length = 0

    @classmethod
    def of(
        cls, blocks: Iterable[Any], vocabulary: int, in_memory: int = IN_MEMORY, file: Path | None = None
    ) -> "TokenStore":
        """Write blocks of numbers, which are gone through once.

        Args:
            blocks: The numbers.
            vocabulary: How many different ones there are.
            in_memory: The most that are kept in memory, where no file is given.
            file: Where to write all of them; it stays.

        Raises:
            StorageError: There is no room for them.
        """
        store = cls(vocabulary, in_memory)
        if file is not None:
            store._path = file
            store._append([])
        for block in blocks:
            store._write(np.asarray(block).astype(store._kind))
        return store

    @classmethod
    def opened(cls, folder: HasPath, name: str, vocabulary: int) -> "TokenStore":
        """The store in a file of a folder that may be moved.

        Raises:
            OSError: There is no such file.
        """
        store = cls(vocabulary)
        store._folder, store._path = folder, Path(name)
        store._length = store._file().stat().st_size // store._kind.itemsize
        return store

    def _write(self, block: np.ndarray) -> None:
        self._length += len(block)
        if self._path is None and self._length <= self._in_memory:
            self._blocks.append(block)
            return
        self._append([*self._blocks, block])
        self._blocks = []

    def _append(self, blocks: Sequence[np.ndarray]) -> None:
        remedy = "Free some, or choose another place for the run (--out)."
        try:
            if self._path is None or self._is_temporary:
                remedy = f"Free some in {tempfile.gettempdir()}, or set TMPDIR to a place that has them."
            if self._path is None:
                self._is_temporary = True
                with tempfile.NamedTemporaryFile(prefix="recurra-", suffix=".ids", delete=False) as file:
                    self._path = Path(file.name)
                weakref.finalize(self, self._path.unlink, missing_ok=True)
            with self._path.open("ab") as file:
                for one in blocks:
                    file.write(one.tobytes())
        except OSError as error:
            raise StorageError(
                f"no room for the symbols of the corpus ({error.strerror})",
                f"{self._length * self._kind.itemsize:,} bytes and more",
                remedy,
            ) from error

    def _file(self) -> Path:
        path = cast("Path", self._path)
        return path if self._folder is None else self._folder.path / path

    def __len__(self) -> int:
        return self._length

    def read(self, begin: int, end: int) -> Int64[np.ndarray, " symbols"]:
        """Some of the numbers, those from `begin` to before `end`."""
        return np.asarray(self._all()[begin:end], np.int64)

    def rows(
        self, begin: int, end: int, starts: Int64[np.ndarray, " rows"]
    ) -> Int64[np.ndarray, "rows symbols"]:
        """The same stretch counted from several starts."""
        whole = self._all()
        return np.stack([np.asarray(whole[start + begin : start + end], np.int64) for start in starts])

    def _all(self) -> Integer[np.ndarray, " symbols"]:
        if self._path is not None:
            if self._whole is None:
                empty = not self._length  # which cannot be mapped
                self._whole = np.zeros(0, self._kind) if empty else np.memmap(self._file(), self._kind, "r")
            return self._whole
        if len(self._blocks) != 1:
            self._blocks = [np.concatenate(self._blocks) if self._blocks else np.zeros(0, self._kind)]
        return self._blocks[0]

    def __getstate__(self) -> dict[str, Any]:
        """Another process opens the file for itself."""
        return {**self.__dict__, "_whole": None}
