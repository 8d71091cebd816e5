"""The process that serves: its socket, its time limits, and how it ends."""

import asyncio
import gc
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from recurra.errors import ConfigError
from recurra.serving.app import make_app
from recurra.serving.guard import LOOPBACK
from recurra.serving.host import Host
from recurra.serving.wire import LiveSocket

_BACKLOG = 2048
_GARBAGE = 50_000
"""New objects after which garbage is looked for: rows leave none in cycles."""
_SPARE_CONNECTIONS = 512


def bind(host: str, port: int, *, is_open: bool) -> socket.socket:
    """A socket at an address.

    Args:
        host: Its name or number.
        port: 0: any that is free.
        is_open: Whether anybody may ask.

    Raises:
        ConfigError: The port is in use or not allowed, there is no such address, or it can be reached from
            outside and anybody may ask.
    """
    if is_open and host not in LOOPBACK:
        raise ConfigError(
            f"--host {host} without tokens, so that anybody who reaches it may ask",
            "127.0.0.1, or tokens",
            "Add --token-file FILE; GET /v1/models then needs the header Authorization: Bearer TOKEN.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"--host {host} --port {port}: {reason}",
            "an address that is free",
            "Choose another port; 0 is any.",
        ) from error
    return listening


def make_server(
    host: Host,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    started: Callable[[], None] = lambda: None,
) -> uvicorn.Server:
    """A server, to be run with sockets of `bind`. A signal stops it; live sessions may go on for a while.

    Args:
        host: What is served.
        certificate: Of TLS, in a PEM file; None: no TLS.
        key: Its private key; None: in the same file.
        started: Called when requests are answered.

    Raises:
        ConfigError: Certificate or key cannot be used.
    """
    config = host.config
    settings = uvicorn.Config(
        make_app(host),
        log_level="warning",
        access_log=False,
        server_header=False,
        http=_timed(config.request_seconds),
        ws=LiveSocket.of_host(host),
        ws_max_size=int(config.max_message_kb * 1024),
        limit_concurrency=config.max_sessions * 2 + _SPARE_CONNECTIONS,
        timeout_graceful_shutdown=max(1, round(config.drain_seconds)),
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    try:
        settings.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"--certificate {certificate} cannot be used ({error})", "PEM files", "Check both paths."
        ) from error
    return _Server(settings, started)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()  # what is loaded stays, and need not be looked through for garbage
        gc.set_threshold(_GARBAGE)
        if self.started:
            self._started()


def _timed(seconds: float) -> type[asyncio.Protocol]:
    """HTTP whose requests must have said what they want within some time."""

    class Timed(HttpToolsProtocol):
        timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.timer = self.loop.call_later(seconds, self._late)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            cycle: Any = self.cycle  # None before the first request
            waits = cycle is None or cycle.response_complete
            if not waits and self.timer is not None:
                self.timer.cancel()
                self.timer = None
            elif waits and self.timer is None:
                self.timer = self.loop.call_later(seconds, self._late)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.timer is not None:
                self.timer.cancel()
            super().connection_lost(exc)

        def _late(self) -> None:
            if self.transport.get_protocol() is self and not self.transport.is_closing():
                self.transport.close()

    return Timed
