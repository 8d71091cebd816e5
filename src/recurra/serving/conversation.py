"""What is said on a connection on which a live session goes on."""

import asyncio
import logging
import time
from base64 import b64encode
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from recurra.errors import DataError, RecurraError, SessionError
from recurra.serving import messages
from recurra.serving.batch import SETTLE_SECONDS, Answer, QueueFullError, Row
from recurra.serving.host import Host
from recurra.serving.messages import Command, Line, Numbered, Teller
from recurra.serving.problem import Problem
from recurra.serving.roster import IDLE, TAKEN_OVER
from recurra.serving.session import ServedSession

ENDED, FAILED = 1000, 1011
CODES = {TAKEN_OVER: 4001, IDLE: 4002}
"""Codes of a WebSocket that the server closes."""
_AGAIN_SECONDS = 0.5
logger = logging.getLogger("recurra.serving")


@runtime_checkable
class Wire(Protocol):
    """What carries the messages."""

    def say(self, message: str) -> None:
        """Send a message."""

    def hang_up(self, code: int, reason: str) -> None:
        """Close."""


class Conversation:
    """Answers messages, one after another.

    Args:
        session: What it goes on with.
        host: Where.
        wire: To whom.

    Attributes:
        waiting: Messages that came and are not answered.
    """

    def __init__(self, session: ServedSession, host: Host, wire: Wire) -> None:
        self._session, self._host, self._wire = session, host, wire
        name, monitor = session.model.name, host.monitor
        self._rows, self._faults = monitor.rows.labels(name), monitor.faults.labels(name)
        self._seconds = monitor.message_seconds.labels(name)
        self._teller = Teller()
        self.waiting: deque[str] = deque()
        self._is_busy = False
        self._begun = 0.0
        self._lines: list[str] = []
        self._work: deque[Command | list[Line]] = deque()

    def begin(self, after: int | None, *, resumed: bool) -> None:
        """Greet, and take the session over from whoever has it.

        Args:
            after: The last row whose answer the client knows, if it says so: later answers are sent again.
            resumed: Whether the session is not new.
        """
        session = self._session
        if session.close is not None:
            session.close(TAKEN_OVER)
        session.close = self._close
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
        self._wire.say("\n".join([messages.json_line(about), *again]))

    def hear(self, message: str) -> None:
        """Answer a message, after those that came before."""
        self.waiting.append(message)
        if not self._is_busy:
            self._is_busy = True
            self._next()

    def leave(self) -> None:
        """The connection is gone; rows that are under way are taken, and the session waits for another."""
        self.waiting.clear()
        if self._session.close == self._close:
            self._session.close = None
        self._session.used = time.time()

    def _close(self, reason: str) -> None:
        self.waiting.clear()
        self._wire.hang_up(CODES[reason], reason)

    def _next(self) -> None:
        """Begin with the message that waits longest, if there is one."""
        session = self._session
        while self.waiting:
            if session.model.batcher.is_under_way(session.live):  # of a connection before this one
                asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._next)
                return
            self._begun = time.perf_counter()
            session.used = time.time()
            self._lines = []
            self._work.extend(_parts(messages.read(self.waiting.popleft())))
            if not self._go_on():
                return
        self._is_busy = False

    def _go_on(self) -> bool:
        """Go on with the message; whether it is answered, and not yet to be waited for."""
        while self._work:
            part = self._work.popleft()
            if isinstance(part, Command):
                self._lines.append(self._do(part))
            elif not self._take(part):
                return False
        self._wire.say("\n".join(self._lines))
        self._seconds.observe(time.perf_counter() - self._begun)
        if not self._session.token:
            self.waiting.clear()
            self._wire.hang_up(ENDED, "the session ended")
        return True

    def _take(self, lines: Sequence[Line]) -> bool:
        """Take the rows among lines without a command; whether all is said of them at once."""
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
            return True
        wait = self._host.pace.wait(session.client, len(rows))
        if not wait:
            return self._submit(rows, wrong, len(lines))

        def later() -> None:
            if self._submit(rows, wrong, len(lines)) and self._go_on():
                self._next()

        asyncio.get_running_loop().call_later(wait, later)
        return False

    def _submit(self, rows: Sequence[Row], wrong: dict[int, list[str]], count: int) -> bool:
        """Have rows taken; whether that was refused, and said."""
        session, teller, lines = self._session, self._teller, self._lines
        number = 0

        def taken(answers: list[Answer]) -> None:
            nonlocal number
            if number in wrong:
                lines.extend(wrong[number])
            number += 1
            text = teller.line(session.rows + 1, answers)
            session.told(text)
            lines.append(text)
            if any(isinstance(one, RecurraError) for one in answers):
                self._faults.inc()

        def done(error: BaseException | None) -> None:
            self._rows.inc(number)
            if error is not None:
                logger.error("a live session of %s failed", session.model.name, exc_info=error)
                self.waiting.clear()
                self._wire.hang_up(FAILED, "the server failed")
                return
            lines.extend(wrong.get(len(rows), ()))
            if self._go_on():
                self._next()

        try:
            session.model.batcher.submit(session.live, rows, taken, done)
        except QueueFullError:
            self._host.monitor.refused.inc()
            lines += [messages.fault(messages.busy(), retry_after=_AGAIN_SECONDS)] * count
            return True
        return False

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


def _parts(lines: Sequence[Line | Command]) -> list[Command | list[Line]]:
    """The commands among lines, and the lines between them."""
    parts: list[Command | list[Line]] = []
    for line in lines:
        if isinstance(line, Command):
            parts.append(line)
        elif parts and isinstance(parts[-1], list):
            parts[-1].append(line)
        else:
            parts.append([line])
    return parts
