"""What is said on a connection on which a live session goes on."""

import asyncio
import logging
import time
from base64 import b64encode
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol, runtime_checkable

from recurra.errors import DataError, RecurraError, SessionError
from recurra.serving import messages
from recurra.serving.batch import SETTLE_SECONDS, Answer, Job, QueueFullError, Row
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

    is_stuck: bool
    """Whether the other side does not read what is sent."""

    def say(self, message: str) -> None:
        """Send a message."""

    def hang_up(self, code: int, reason: str) -> None:
        """Close."""

    def breathe(self) -> None:
        """Say that fewer messages wait."""


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
        self._is_busy = self._is_over = False
        self._timer: asyncio.TimerHandle | None = None
        self._begun = 0.0
        self._lines: list[str] = []
        self._work: deque[Command | list[Line]] = deque()

    def begin(self, after: int | None, *, resumed: bool) -> None:
        """Take the session over from whoever has it, and greet once no row is under way.

        Args:
            after: The last row whose answer the client knows, if it says so: later answers are sent again.
            resumed: Whether the session is not new.
        """
        session = self._session
        if session.close is not None:
            session.close(TAKEN_OVER)
        session.close = self._close
        self._is_busy = True
        self._greet(after, resumed=resumed)

    def _greet(self, after: int | None, *, resumed: bool) -> None:
        session = self._session
        if self._is_over:
            return
        if session.model.batcher.is_under_way(session.live):  # rows of a connection before this one
            again = partial(self._greet, after, resumed=resumed)
            self._timer = asyncio.get_running_loop().call_later(SETTLE_SECONDS, again)
            return
        about: dict[str, Any] = {
            messages.SESSION: session.token,
            "model": session.model.name,
            "version": session.model.version[:12],
            messages.ROWS: session.rows,
            "resumed": resumed,
        }
        missed: list[str] = []
        if after is not None and after < session.rows:
            missed = session.answers_after(after)
            lost = session.rows - len(missed) - after
            if lost > 0:
                about[messages.LOST] = [after + 1, after + lost]
        self._wire.say("\n".join([messages.json_line(about), *missed]))
        self._next()

    def hear(self, message: str) -> None:
        """Answer a message, after those that came before."""
        if self._is_over:
            return
        self.waiting.append(message)
        self.go_on()

    def go_on(self) -> None:
        """Begin with the next message, if none is under way."""
        if not self._is_busy:
            self._is_busy = True
            self._next()

    def leave(self) -> None:
        """The connection is gone; rows that are under way are taken, and the session waits for another."""
        self._end()
        if self._session.close == self._close:
            self._session.close = None
        self._session.used = time.time()

    def _close(self, reason: str) -> None:
        self._end()
        self._wire.hang_up(CODES[reason], reason)

    def _end(self) -> None:
        """Take nothing more: the session may be another connection's."""
        self._is_over = True
        self.waiting.clear()
        self._work.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _next(self) -> None:
        """Answer the messages that wait, while the client reads, up to one that takes a while."""
        while self.waiting and not self._wire.is_stuck:
            self._begun = time.perf_counter()
            self._session.used = time.time()
            self._lines = []
            self._work.extend(_parts(messages.read(self.waiting.popleft())))
            if not self._is_answered():
                return
        self._is_busy = False

    def _is_answered(self) -> bool:
        """Go on with the message; whether it is answered, and not yet to be waited for."""
        while self._work:
            part = self._work.popleft()
            if isinstance(part, Command):
                self._lines.append(self._do(part))
            elif not self._take(part):
                return False
        if self._is_over:
            return False
        self._wire.say("\n".join(self._lines))
        self._seconds.observe(time.perf_counter() - self._begun)
        if not self._session.token:
            self._end()
            self._wire.hang_up(ENDED, "the session ended")
        return True

    def _take(self, lines: Sequence[Line]) -> bool:
        """Take the rows among lines without a command; whether all is said of them at once."""
        rows: list[Row] = []
        wrong: dict[int, list[str]] = {}  # before which of the rows something else is to be said
        session = self._session
        for line in lines:
            turn = session.rows + len(rows) + 1
            error = _out_of_turn(line, turn)
            if error is None and isinstance(line, Numbered):
                rows.append(line.row)
            elif error is not None:
                number = line.number if isinstance(line, Numbered) else None
                fault = messages.fault(error, number, **{messages.ROWS: turn - 1})
                wrong.setdefault(len(rows), []).append(fault)
        wait = self._host.pace.wait(session.client, len(lines))
        if not wait:
            return self._submit(rows, wrong)

        def later() -> None:
            if self._submit(rows, wrong) and self._is_answered():
                self._next()

        session.used = time.time() + wait
        self._timer = asyncio.get_running_loop().call_later(wait, later)
        return False

    def _submit(self, rows: Sequence[Row], wrong: dict[int, list[str]]) -> bool:
        """Have rows taken; whether all is said at once, as there are none or they are too many."""
        session, lines = self._session, self._lines
        first = session.rows

        def taken(answers: list[Answer]) -> bool:
            if any(isinstance(one, SessionError) for one in answers):
                return False  # there is no place for another sequence, and nothing was taken
            lines.extend(wrong.get(session.rows - first, ()))
            text = self._teller.line(session.rows + 1, answers)
            session.told(text)
            lines.append(text)
            if any(isinstance(one, RecurraError) for one in answers):
                self._faults.inc()
            return True

        def done(error: BaseException | None) -> None:
            self._rows.inc(session.rows - first)
            if self._is_over:
                return
            if error is not None:
                logger.error("a live session of %s failed", session.model.name, exc_info=error)
                self._end()
                self._wire.hang_up(FAILED, "the server failed")
                return
            self._lines += self._left(len(rows), session.rows - first, wrong)
            if self._is_answered():
                self._next()

        try:
            if rows:
                job = Job(session.live, rows, session.refusal, taken, done)
                session.model.batcher.submit(job)
                return False
        except QueueFullError:
            pass
        self._lines += self._left(len(rows), 0, wrong)
        return True

    def _left(self, count: int, taken: int, wrong: dict[int, list[str]]) -> list[str]:
        """What is said of rows that were not taken, as there are too many, and of lines that are none."""
        left: list[str] = []
        for place in range(taken, count + 1):
            left += wrong.get(place, ())
            if place < count:
                beside: dict[str, Any] = {"retry_after": _AGAIN_SECONDS, messages.ROWS: self._session.rows}
                left.append(messages.fault(messages.busy(), **beside))
        self._host.monitor.refused.inc(count - taken)
        return left

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


def _out_of_turn(line: Line, turn: int) -> DataError | None:
    """What is wrong with a line that is no row, or not the next one."""
    if isinstance(line, DataError):
        return line
    number = line.number if isinstance(line, Numbered) else None
    if number is None or number == turn:
        return None
    if number < turn:
        return DataError(f"row {number} again", f"row {turn}", "Go on: it was taken before.")
    return DataError(f"row {number}", f"row {turn}", f"Send row {turn} first; this one was not taken.")


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
