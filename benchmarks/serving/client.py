"""WebSockets of a load: as little work for each message as can be, so that the server is what is measured."""

import asyncio
import base64
import json
import os
import random
import struct
import time
from collections import deque

import numpy as np

_AT_ONCE = 200
_TICK_SECONDS = 0.002


def framed(content: bytes) -> bytes:
    """A text message of a client, masked with zeros, which leaves it as it is."""
    size = len(content)
    head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0x80 | 126]) + struct.pack(">H", size)
    return head + b"\0\0\0\0" + content


class Session(asyncio.Protocol):
    """One live session.

    Args:
        traffic: Of which it is a part.
        number: Which stream it sends.
    """

    __slots__ = (
        "answered", "buffer", "greeted", "number", "ready", "sent", "times", "token", "traffic", "transport",
    )  # fmt: skip

    def __init__(self, traffic: "Traffic", number: int) -> None:
        self.traffic, self.number = traffic, number
        self.answered, self.token = 0, ""
        self.sent, self.times = 0, deque[float]()
        self.buffer, self.ready = b"", False
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self.transport = transport
        again = f"?session={self.token}&after={self.answered}" if self.token else ""
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(  # type: ignore[attr-defined]
            f"GET {self.traffic.path}{again} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Take the messages that are whole."""
        data = self.buffer + data if self.buffer else data
        if not self.ready:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self.buffer = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self.traffic.refused += 1
                self.transport.close()
                return
            self.ready = True
        place, end = 0, len(data)
        while end - place >= 2:
            size, head_size = data[place + 1], 2
            if size == 126:
                if end - place < 4:
                    break
                size, head_size = int.from_bytes(data[place + 2 : place + 4], "big"), 4
            if end - place < head_size + size:
                break
            begin = place + head_size
            if data[place] == 0x81:
                self._take(data[begin : begin + size])
            elif data[place] == 0x89:
                self.transport.write(bytes([0x8A, 0x80 | size, 0, 0, 0, 0]) + data[begin : begin + size])  # type: ignore[attr-defined]
            place = begin + size
        self.buffer = data[place:]

    def _take(self, message: bytes) -> None:
        if self.greeted.done():
            self._check(message)
            return
        first, _, rest = message.partition(b"\n")
        about = json.loads(first)
        if self.token:
            self.traffic.resumed(self, about)
        self.token = about["$session"]
        for line in rest.split(b"\n") if rest else ():
            self._check(line)
        self.sent = about["$rows"]
        self.greeted.set_result(None)

    def _check(self, line: bytes) -> None:
        traffic = self.traffic
        traffic.answered += 1
        if self.times:
            traffic.latencies.append(time.perf_counter() - self.times.popleft())
        if traffic.exact and line != traffic.answers[self.number][self.answered]:
            traffic.wrong += 1
            traffic.example = line
        self.answered += 1

    def connection_lost(self, _error: Exception | None) -> None:
        """Come back, unless all is over."""
        self.ready, self.buffer = False, b""
        self.times.clear()
        if not self.traffic.is_over:
            self.greeted = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().create_task(self.traffic.come_back(self))


class Traffic:
    """All sessions of a load.

    Args:
        port: Of the server, on this machine.
        path: Of its stream.
        streams: Messages and answers of each stream.
        sessions: How many.
        rate: Steps a second of each.
        exact: Whether answers are held against those of the streams.
    """

    def __init__(
        self,
        port: int,
        path: str,
        streams: list[tuple[list[bytes], list[bytes]]],
        sessions: int,
        rate: float,
        *,
        exact: bool,
    ) -> None:
        self.port, self.path, self.rate = port, path, rate
        self.messages = [[framed(one) for one in rows] for rows, _ in streams]
        self.answers = [told for _, told in streams]
        self.count, self.exact = sessions, exact
        self.sessions: list[Session] = []
        self.latencies: list[float] = []
        self.wrong = self.refused = self.lost_steps = self.came_back = 0
        self.most_lost = 0
        self.example = b""
        self.answered = 0
        self.is_over = False
        self.steps_late = 0

    async def connect(self) -> None:
        """Open all sessions, some at a time."""
        loop = asyncio.get_running_loop()
        for begin in range(0, self.count, _AT_ONCE):
            some = range(begin, min(begin + _AT_ONCE, self.count))
            made = [
                loop.create_connection(
                    lambda n=n: Session(self, n % len(self.messages)), "127.0.0.1", self.port
                )
                for n in some
            ]
            opened = [one for _, one in await asyncio.gather(*made)]
            await asyncio.wait_for(asyncio.gather(*(one.greeted for one in opened)), 60)
            self.sessions += opened

    async def come_back(self, session: Session) -> None:
        """Go on with a session whose connection is lost."""
        loop = asyncio.get_running_loop()
        while not self.is_over:
            try:
                await loop.create_connection(lambda: session, "127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.2 + random.random())
            else:
                return

    def resumed(self, session: Session, about: dict[str, int]) -> None:
        """A session goes on: the steps that the server forgot are sent once more."""
        self.came_back += 1
        lost = max(0, session.answered - about["$rows"])
        self.lost_steps += lost
        self.most_lost = max(self.most_lost, lost)
        session.answered = min(session.answered, about["$rows"])

    def note_kill(self) -> None:
        """From now on latencies are counted anew, as sessions have to come back."""
        self.latencies.clear()

    async def run(self, seconds: float) -> None:
        """Send every session's steps in time."""
        begin = time.perf_counter()
        period = 1 / self.rate
        turn = 0
        while True:
            now = time.perf_counter() - begin
            if now >= seconds:
                break
            due = int(now / period * self.count)
            while turn < due:
                self._send(self.sessions[turn % self.count])
                turn += 1
            await asyncio.sleep(_TICK_SECONDS)
        await asyncio.sleep(2)
        self.is_over = True
        for session in self.sessions:
            session.transport.close()

    def _send(self, session: Session) -> None:
        if not session.greeted.done():
            self.steps_late += 1
            return
        messages = self.messages[session.number]
        if session.sent < len(messages):
            session.transport.write(messages[session.sent])  # type: ignore[attr-defined]
            session.times.append(time.perf_counter())
            session.sent += 1

    def result(self) -> dict[str, object]:
        """What came of it."""
        told = np.array(self.latencies) if self.latencies else np.zeros(1)
        unanswered = sum(one.sent - one.answered for one in self.sessions)
        return {
            "answers": len(self.latencies),
            "p50_ms": round(float(np.quantile(told, 0.5)) * 1e3, 2),
            "p99_ms": round(float(np.quantile(told, 0.99)) * 1e3, 2),
            "worst_ms": round(float(told.max()) * 1e3, 2),
            "wrong": self.wrong,
            "unanswered": unanswered,
            "refused": self.refused,
            "came_back": self.came_back,
            "steps_lost_and_sent_again": self.lost_steps,
            "most_steps_lost_of_a_session": self.most_lost,
            "client_us_of_processor_per_answer": round(time.process_time() / max(1, self.answered) * 1e6, 1),
            **({"example": self.example.decode()} if self.wrong else {}),
        }
