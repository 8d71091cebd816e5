"""Where a server is, and how it is asked."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from recurra.errors import ConfigError


class Address:
    """A server.

    Args:
        url: "http://HOST:PORT" or "https://...", with whatever stands before its routes.
        token: One that it knows; "": it asks for none.
        timeout: Seconds that an answer may take.
        certificate: A PEM file of the authority that vouches for it; None: those that this machine trusts.

    Attributes:
        url: Without a slash at the end.
        headers: Of every request.
        context: Of TLS; None without it.

    Raises:
        ConfigError: The address is none, or the token or the certificate cannot be used.
    """

    def __init__(self, url: str, token: str, timeout: float, certificate: str | Path | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ConfigError(f"the address {url!r}", "http://HOST:PORT or https://HOST:PORT", "Correct it.")
        if not token.isascii() or not token.isprintable():
            raise ConfigError("a token with other signs than ASCII's", "one of the server's", "Correct it.")
        if not timeout > 0:
            raise ConfigError(f"timeout is {timeout}", "seconds above 0", "Pass timeout=60.")
        self.url, self.timeout = url.rstrip("/"), timeout
        self.headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
        self.context = _context(certificate) if parts.scheme == "https" else None

    def stream(self, name: str, query: Mapping[str, str]) -> str:
        """The address of a live session.

        Args:
            name: Of the model.
            query: What follows.
        """
        asked = f"?{urlencode(query)}" if query else ""
        return f"ws{self.url.removeprefix('http')}{route(name, 'stream')}{asked}"


def route(name: str, what: str = "") -> str:
    """The path of a model, or of something that it does."""
    path = f"/v1/models/{quote(name, safe='')}"
    return f"{path}/{what}" if what else path


def _context(certificate: str | Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=certificate)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"certificate {certificate} cannot be used ({error})", "a PEM file", "Check the path."
        ) from error
