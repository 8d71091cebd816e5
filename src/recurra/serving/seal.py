"""Snapshots that clients take along, signed, so that none comes back altered."""

import hashlib
import hmac
import secrets
from base64 import b64decode
from pathlib import Path

from recurra.errors import DamagedError
from recurra.files import read_bytes, storage_errors, write_bytes

KEY = "snapshots.key"
_KEY_BYTES, _SIGNATURE_BYTES, _ROWS_BYTES = 32, 32, 8


class Seal:
    """Signs with a key that stays on this server.

    Args:
        folder: Where the key is, or will be.

    Raises:
        StorageError: It cannot be written.
        DamagedError: It cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / KEY
        if not path.exists():
            write_bytes(path, secrets.token_bytes(_KEY_BYTES))
            with storage_errors(path):
                path.chmod(0o600)
        self._key = read_bytes(path)

    def seal(self, model: str, rows: int, content: bytes) -> bytes:
        """A snapshot of a session after so many rows, signed."""
        body = rows.to_bytes(_ROWS_BYTES, "little") + content
        return self._signature(model, body) + body

    def open(self, model: str, text: str) -> tuple[int, bytes]:
        """The rows and the snapshot that `seal` signed, from base64.

        Raises:
            DamagedError: It was not signed here for this model, or was altered.
        """
        try:
            sealed = b64decode(text, validate=True)
        except ValueError:
            sealed = b""
        signature, body = sealed[:_SIGNATURE_BYTES], sealed[_SIGNATURE_BYTES:]
        if len(body) < _ROWS_BYTES or not hmac.compare_digest(signature, self._signature(model, body)):
            raise DamagedError(
                "a snapshot that this server did not sign for this model",
                "one as it came, unaltered",
                "Begin anew, and send what came before.",
            )
        return int.from_bytes(body[:_ROWS_BYTES], "little"), body[_ROWS_BYTES:]

    def _signature(self, model: str, body: bytes) -> bytes:
        return hmac.digest(self._key, model.encode() + b"\0" + body, hashlib.sha256)
