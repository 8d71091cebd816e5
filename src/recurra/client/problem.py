"""What goes wrong between a client and a server, as our errors."""

import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from recurra import errors
from recurra.client.effect import Denied
from recurra.errors import (
    ConfigError,
    DataError,
    MissingDependencyError,
    RecurraError,
    ServerError,
    SessionError,
    StorageError,
)

_KINDS: Mapping[int, type[RecurraError]] = {
    401: ConfigError,
    404: ConfigError,
    409: ConfigError,
    413: DataError,
    415: DataError,
    400: DataError,
    422: DataError,
    429: SessionError,
    501: MissingDependencyError,
    507: StorageError,
}
_LONGEST = 200


def denied(status: int, headers: Mapping[str, str], content: bytes) -> Denied:
    """What an answer says that is no success.

    Args:
        status: Of HTTP.
        headers: By names in small letters.
        content: The body: problem details (RFC 9457), unless something other than our server answered.
    """
    kind = _KINDS.get(status, ServerError)
    document = _document(content)
    told = [document.get(key) for key in ("error", "expected", "remedy")]
    if status == 401 and told[0]:
        told[2] = "Pass the token that the server was started with: token=..."
    if all(isinstance(one, str) for one in told):
        named = getattr(errors, str(document.get("kind", "")), None)
        if isinstance(named, type) and issubclass(named, RecurraError):
            kind = named
        error = kind(*map(str, told))
    else:
        said = " ".join(content.decode("utf-8", "replace").split())[:_LONGEST]
        got = f"an answer {status} that is none of recurra's" + (f": {said}" if said else "")
        error = ServerError(got, "a server started by recurra serve", "Check the address.")
    return Denied(status, error, _seconds(headers.get("retry-after")))


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None


def unreachable(url: str, error: BaseException) -> ServerError:
    """The error for a server that could not be asked, by what the network said."""
    causes = list(_causes(error))
    for one in causes:
        if isinstance(one, ssl.SSLError):
            reason = getattr(one, "verify_message", "") or one.reason or str(one)
            return ServerError(
                f"{url}: TLS fails ({reason})",
                "a certificate of an authority that is known here, and of this name",
                "Pass certificate=FILE, a PEM file of the authority; where the server has no TLS, say http://.",
            )
        if isinstance(one, socket.gaierror):
            return ServerError(f"{url}: a host that is unknown", "one with an address", "Check the name.")
    if any(isinstance(one, ConnectionRefusedError) or "refused" in str(one) for one in causes):
        return ServerError(
            f"{url}: nobody listens there", "a server", "Start it (recurra serve RUN), or check the port."
        )
    if any(isinstance(one, TimeoutError) or "timeout" in type(one).__name__.lower() for one in causes):
        return ServerError(f"{url}: no answer in time", "one sooner", "Try again, or pass a longer timeout=.")
    reason = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
    return ServerError(f"{url}: the connection fails ({reason})", "a connection", "Try again.")


def not_understood(what: str) -> ServerError:
    """The error for an answer that makes no sense."""
    return ServerError(
        f"an answer that is not understood ({what[:_LONGEST]})",
        "one of recurra serve",
        "Check that client and server are of versions that know each other.",
    )


def _causes(error: BaseException) -> list[BaseException]:
    """An error and those that it came from."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if one in found:
            continue
        found.append(one)
        waiting += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
    return found
