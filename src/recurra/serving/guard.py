"""Who may ask, and how much at a time."""

import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from recurra.errors import ConfigError
from recurra.files import read_bytes
from recurra.serving.problem import Problem

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Names of this machine that nobody else reaches."""
_SHORTEST = 16
_BEARER = "bearer "
PROTOCOL, TOKEN_PROTOCOL = "recurra", "bearer."
"""Subprotocols of a WebSocket: ours, and one that carries a token, since pages cannot send headers."""


class Guard:
    """Knows the tokens.

    Args:
        tokens: Any of them opens the door; none: the door is open.
    """

    def __init__(self, tokens: Sequence[str] = ()) -> None:
        self._tokens = [token.encode() for token in tokens]

    @classmethod
    def of_file(cls, path: Path) -> "Guard":
        """One that knows the tokens of a file, one a line; lines that begin with # are left out.

        Raises:
            ConfigError: It holds none, or one that is short enough to be guessed.
        """
        lines = [line.strip() for line in read_bytes(path).decode("utf-8", "replace").splitlines()]
        tokens = [line for line in lines if line and not line.startswith("#")]
        if not tokens or min(map(len, tokens)) < _SHORTEST:
            raise ConfigError(
                f"--token-file {path} {'holds no token' if not tokens else 'holds a short token'}",
                f"tokens of at least {_SHORTEST} characters, one a line",
                'Make one: python -c "import secrets; print(secrets.token_urlsafe())"',
            )
        return cls(tokens)

    @property
    def is_open(self) -> bool:
        """Whether anybody may ask."""
        return not self._tokens

    def client(self, headers: Mapping[str, str], protocols: Sequence[str], address: str) -> str:
        """Who asks: a name that belongs to the token, or to the address where none is needed.

        Args:
            headers: Of the request, with names in small letters.
            protocols: That a WebSocket's client offers.
            address: Of the other side.

        Raises:
            Problem: The token is missing or unknown, or a page of another server asks.
        """
        _check_origin(headers, is_open=self.is_open)
        if self.is_open:
            return address
        given = headers.get("authorization", "")
        token = given[len(_BEARER) :] if given.lower().startswith(_BEARER) else ""
        for protocol in protocols:
            if protocol.startswith(TOKEN_PROTOCOL):
                token = protocol.removeprefix(TOKEN_PROTOCOL)
        sent = token.strip().encode()
        known = False
        for one in self._tokens:  # all of them, whichever fits, so that time tells nothing
            known |= hmac.compare_digest(one, sent)
        if not known:
            what = "an unknown token" if token else "a request without a token"
            raise Problem(
                401, what, "a token that this server knows", "Send the header Authorization: Bearer TOKEN."
            )
        return hashlib.sha256(sent).hexdigest()[:16]


def _check_origin(headers: Mapping[str, str], *, is_open: bool) -> None:
    """Refuse pages of other servers, which browsers let ask whatever this machine can reach.

    Where no token is needed, the server must be asked for by a name of this machine, too, so that no other
    name can be made to lead here.
    """
    origin, host = headers.get("origin"), headers.get("host", "")
    name = urlsplit(f"//{host}").hostname
    if (origin is not None and urlsplit(origin).netloc != host) or (is_open and name not in LOOPBACK):
        raise Problem(
            403,
            f"a request of {origin or 'nobody'} for {host!r}",
            "one of this server's own page, or of no page",
            "Give the server tokens, and ask it by its address.",
        )


def protocols_of(headers: Mapping[str, str]) -> list[str]:
    """The subprotocols that the client of a WebSocket offers."""
    return [one.strip() for one in headers.get("sec-websocket-protocol", "").split(",")]


class Pace:
    """How many rows clients sent lately, so that none sends more a second than it may (a leaky bucket).

    Args:
        rate: Rows a second; 0: as many as they like.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free: dict[str, float] = {}

    def wait(self, client: str, rows: int) -> float:
        """Seconds that a client has to wait before so many more rows are taken; they count as sent."""
        if not self._rate:
            return 0.0
        now = time.monotonic()
        if len(self._free) > 100_000:
            self._free = {one: when for one, when in self._free.items() if when > now}
        begin = max(self._free.get(client, 0.0), now - 1.0)
        self._free[client] = begin + rows / self._rate
        return max(0.0, begin - now)
