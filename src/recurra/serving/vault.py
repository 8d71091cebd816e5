"""Snapshots of sessions on the disk: one SQLite file, whose transactions are whole or not at all."""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from recurra.errors import StorageError

FILE = "sessions.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    token TEXT PRIMARY KEY, model TEXT NOT NULL, digest TEXT NOT NULL, client TEXT NOT NULL,
    rows INTEGER NOT NULL, used REAL NOT NULL, content BLOB NOT NULL
) WITHOUT ROWID
"""


class Kept(NamedTuple):
    """A session as it is kept.

    Attributes:
        token: Who has it may go on with the session.
        model: Name of the model.
        digest: Of the model's program.
        client: Who began it.
        rows: How many rows it took.
        used: When it was used last, in seconds since 1970.
        content: What is remembered, as JSON.
    """

    token: str
    model: str
    digest: str
    client: str
    rows: int
    used: float
    content: bytes


class Vault:
    """The sessions that are kept in a folder.

    Args:
        folder: Where; it is made.

    Raises:
        StorageError: The disk refuses, another server uses the folder, or the file is none of SQLite's.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._lock = folder / FILE, threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._base = sqlite3.connect(self._path, timeout=1, isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.execute(_SCHEMA)
            self._path.chmod(0o600)  # tokens are in it
        except (sqlite3.Error, OSError) as error:
            raise self._refused(error) from error

    def put(self, sessions: Iterable[Kept]) -> None:
        """Keep sessions, all or none.

        Raises:
            StorageError: The disk refuses, or is full.
        """
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                self._base.executemany("REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", sessions)
                self._base.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise self._refused(error) from error

    def get(self, token: str) -> Kept | None:
        """The session of a token, if it is kept; errors as of `put`."""
        found = self._select("SELECT * FROM sessions WHERE token = ?", token)
        return Kept(*found[0]) if found else None

    def drop(self, token: str) -> None:
        """Forget a session; errors as of `put`."""
        self._select("DELETE FROM sessions WHERE token = ?", token)

    def forget(self, before: float) -> None:
        """Forget sessions that were not used since a time; errors as of `put`."""
        self._select("DELETE FROM sessions WHERE used < ?", before)

    def __len__(self) -> int:
        """How many are kept."""
        return int(self._select("SELECT COUNT(*) FROM sessions")[0][0])

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _select(self, statement: str, *values: object) -> list[Any]:
        try:
            with self._lock:
                return self._base.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> StorageError:
        locked = "locked" in str(error)
        return StorageError(
            f"{self._path} cannot be used ({error})",
            "a file that no other server uses" if locked else "a disk that takes snapshots of sessions",
            "Stop the other server, or choose another --state."
            if locked
            else "Free some space, or choose another --state.",
        )
