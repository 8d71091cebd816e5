"""What went wrong, as clients read it: problem details (RFC 9457), with what to do about it."""

import logging
from collections.abc import Mapping
from typing import Any

from recurra.errors import (
    ArtifactError,
    ConfigError,
    MissingDependencyError,
    OutOfMemoryError,
    RecurraError,
    SessionError,
    StorageError,
)

MEDIA_TYPE = "application/problem+json"
logger = logging.getLogger("recurra.serving")
_STATUSES: Mapping[type[RecurraError], int] = {
    ConfigError: 422,
    SessionError: 429,
    MissingDependencyError: 501,
    OutOfMemoryError: 503,
}
_TITLES = {
    400: "The request cannot be read",
    401: "A token is needed",
    403: "It may not be asked from there",
    404: "There is no such thing here",
    408: "The request took too long to arrive",
    409: "It does not fit what is here now",
    413: "The body is too large",
    415: "The type of the body is unknown",
    422: "The data cannot be used as they are",
    429: "Too much at once",
    500: "The server failed",
    501: "This server cannot do it",
    503: "The server is busy or stops",
    504: "The answer takes too long",
    507: "The server's disk refuses",
}


class Problem(Exception):  # noqa: N818 - the name that RFC 9457 has for it
    """An answer that says what is wrong.

    Args:
        status: Of HTTP.
        got, expected, remedy: As of `RecurraError`.
        retry_after: Seconds after which it may go better, if time helps.
        kind: Which of our errors it stands for, if it does.
    """

    def __init__(
        self,
        status: int,
        got: str,
        expected: str,
        remedy: str,
        retry_after: float | None = None,
        kind: str = "",
    ) -> None:
        super().__init__(got)
        self.status, self.got, self.expected, self.remedy = status, got, expected, remedy
        self.retry_after, self.kind = retry_after, kind

    @classmethod
    def of(cls, error: RecurraError) -> "Problem":
        """One of our errors; of one that is not the client's mistake, no more than its kind is told."""
        if isinstance(error, ArtifactError | StorageError):
            logger.error("%s", error)
            status = 507 if isinstance(error, StorageError) else 500
            what = "a file of the server that cannot be used"
            return cls(status, what, "one that can", "Tell who runs the server.", None, type(error).__name__)
        kinds = (kind for kind in type(error).__mro__ if kind in _STATUSES)
        status = _STATUSES.get(next(kinds, RecurraError), 422)
        again = 1.0 if status == 429 else None
        return cls(status, error.got, error.expected, error.remedy, again, type(error).__name__)

    @property
    def headers(self) -> dict[str, str]:
        """Those of the answer."""
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after)))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return headers

    @property
    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "type": "about:blank",
            "title": _TITLES.get(self.status, "The request failed"),
            "status": self.status,
            "detail": f"{self.got}; expected {self.expected}. {self.remedy}",
            "error": self.got,
            "expected": self.expected,
            "remedy": self.remedy,
            **({"kind": self.kind} if self.kind else {}),
        }
