"""A WebSocket on which a live session goes on."""

import asyncio
import logging
import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from recurra.errors import DataError, RecurraError, SessionError
from recurra.serving import messages
from recurra.serving.batch import Answer, QueueFullError, Row
from recurra.serving.guard import PROTOCOL
from recurra.serving.host import Host
from recurra.serving.messages import Command, Line, Numbered, Teller
from recurra.serving.problem import Problem
from recurra.serving.roster import TAKEN_OVER
from recurra.serving.session import ServedSession

REPLACED, IDLE_CLOSED, FAILED = 4001, 4002, 1011
"""Codes of a closed WebSocket: another connection took over, nobody used it, the server failed."""
_AGAIN_SECONDS = 0.5
logger = logging.getLogger("recurra.serving")


class Conversation:
    """What is said on one connection.

    Args:
        socket: Not accepted yet.
        session: What it goes on with.
        host: Where.
    """

    def __init__(self, socket: WebSocket, session: ServedSession, host: Host) -> None:
        self._socket, self._session, self._host = socket, session, host
        name = session.model.name
        monitor = host.monitor
        self._rows, self._faults = monitor.rows.labels(name), monitor.faults.labels(name)
        self._seconds = monitor.message_seconds.labels(name)
        self._teller = Teller()
        self._lines: list[str] = []

    async def run(self, after: int | None, *, resumed: bool) -> None:
        """Answer until the client or the server closes.

        Args:
            after: The last row whose answer the client knows, if it says so: later answers are sent again.
            resumed: Whether the session is not new.
        """
        session = self._session
        if session.close is not None:
            session.close(TAKEN_OVER)
        task = asyncio.current_task()
        closing = ""

        def close(reason: str) -> None:
            nonlocal closing
            closing = reason
            if task is not None:
                task.cancel()

        session.close = close
        try:
            await self._socket.accept(subprotocol=PROTOCOL if self._asks_for_protocol() else None)
            await self._greet(after, resumed=resumed)
            while True:
                await self._answer(await self._receive())
        except (WebSocketDisconnect, OSError):
            pass
        except asyncio.CancelledError:
            if not closing:
                raise
            await self._close(REPLACED if closing == TAKEN_OVER else IDLE_CLOSED, closing)
        except Exception:
            logger.exception("a live session of %s failed", session.model.name)
            await self._close(FAILED, "the server failed")
        finally:
            if session.close is close:
                session.close = None
            session.used = time.time()

    def _asks_for_protocol(self) -> bool:
        return PROTOCOL in self._socket.scope.get("subprotocols", ())

    async def _close(self, code: int, reason: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, OSError):
                await self._socket.close(code, reason)

    async def _greet(self, after: int | None, *, resumed: bool) -> None:
        session = self._session
        about: dict[str, Any] = {
            messages.SESSION: session.token,
            "model": session.model.name,
            "version": session.model.version[:12],
            messages.ROWS: session.rows,
            "resumed": resumed,
        }
        again: list[str] = []
        if after is not None and after < session.rows:
            again = session.answers_after(after)
            lost = session.rows - len(again) - after
            if lost > 0:
                about[messages.LOST] = [after + 1, after + lost]
        await self._socket.send_text("\n".join([messages.json_line(about), *again]))

    async def _receive(self) -> str:
        """The next message.

        Raises:
            WebSocketDisconnect: The client closed, or is gone.
        """
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1005)
        text: str | None = message.get("text")
        content: bytes = message.get("bytes") or b""
        return content.decode("utf-8", "surrogateescape") if text is None else text

    async def _answer(self, message: str) -> None:
        begun = time.perf_counter()
        self._session.used = time.time()
        self._lines = []
        run: list[Line] = []
        for line in messages.read(message):
            if isinstance(line, Command):
                await self._take(run)
                run = []
                self._lines.append(self._do(line))
            else:
                run.append(line)
        await self._take(run)
        await self._socket.send_text("\n".join(self._lines))
        self._seconds.observe(time.perf_counter() - begun)
        if self._lines and self._session.token == "":
            raise WebSocketDisconnect(1000)

    async def _take(self, lines: Sequence[Line]) -> None:
        """Take the rows among lines without a command; what is said of each is added to the answer."""
        rows: list[Row] = []
        wrong: dict[int, list[str]] = {}  # before which of the rows something else is to be said
        session = self._session
        for line in lines:
            turn = session.rows + len(rows) + 1
            error = self._out_of_turn(line, turn)
            if error is None and isinstance(line, Numbered):
                rows.append(line.row)
            elif error is not None:
                number = line.number if isinstance(line, Numbered) else None
                fault = messages.fault(error, number, **{messages.ROWS: turn - 1})
                wrong.setdefault(len(rows), []).append(fault)
        if not rows:
            self._lines += wrong.get(0, [])
            return
        count = 0

        def taken(answers: list[Answer]) -> None:
            nonlocal count
            self._lines.extend(wrong.get(count, ()))
            count += 1
            text = self._teller.line(session.rows + 1, answers)
            session.told(text)
            self._lines.append(text)
            self._rows.inc()
            if any(isinstance(one, RecurraError) for one in answers):
                self._faults.inc()

        wait = self._host.pace.wait(session.client, len(rows))
        if wait:
            await asyncio.sleep(wait)
        try:
            await session.model.batcher.take(session.live, rows, taken)
        except QueueFullError:
            self._host.monitor.refused.inc()
            self._lines += [messages.fault(messages.busy(), retry_after=_AGAIN_SECONDS) for _ in lines]
            return
        self._lines += wrong.get(len(rows), [])

    def _out_of_turn(self, line: Line, turn: int) -> DataError | None:
        """What is wrong with a line that is no row, or not the next one."""
        if isinstance(line, DataError):
            return line
        number = line.number if isinstance(line, Numbered) else None
        if number is None or number == turn:
            return self._too_many(line)
        if number < turn:
            return DataError(f"row {number} again", f"row {turn}", "Go on: it was taken before.")
        return DataError(f"row {number}", f"row {turn}", f"Send row {turn} first; this one was not taken.")

    def _too_many(self, line: Line) -> DataError | None:
        most, row = self._host.config.max_sequences, line.row if isinstance(line, Numbered) else None
        if self._session.live.count <= most or not isinstance(row, dict) or row.get("sequence_end"):
            return None
        return DataError(
            f"a session of more than {most} sequences that go on",
            "fewer",
            'End some: {"sequence_id": ..., "sequence_end": true}.',
        )

    def _do(self, command: Command) -> str:
        """Do something with the session, and say so."""
        session = self._session
        try:
            if command.name == "fork":
                twin = self._host.roster.fork(session)
                return messages.did("fork", **{messages.SESSION: twin.token, messages.ROWS: twin.rows})
            if command.name == "snapshot":
                sealed = self._host.seal.seal(session.model.name, session.rows, session.snapshot())
                return messages.did(
                    "snapshot", snapshot=b64encode(sealed).decode(), **{messages.ROWS: session.rows}
                )
            if command.name == "restore":
                rows, content = self._host.seal.open(session.model.name, command.snapshot)
                session.restore(content, rows)
            elif command.name == "reset":
                session.begin_anew()
            else:
                self._host.roster.end(session)
                session.token = ""
        except RecurraError as error:
            return messages.fault(error)
        except Problem as problem:
            return messages.fault(SessionError(problem.got, problem.expected, problem.remedy))
        return messages.did(command.name, **{messages.ROWS: session.rows})
