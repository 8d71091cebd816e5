"""What goes over one connection of a session: rows and commands out, what is said of them in.

No I/O: it says what to send next, and is told what was answered.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from recurra.client import wire
from recurra.client.ledger import Ledger
from recurra.client.patience import Patience
from recurra.client.problem import not_understood
from recurra.client.wire import Answer
from recurra.errors import DataError, RecurraError, SessionError

_ANSWERS_KEPT = 2048
"""Characters of answers that a server keeps for who comes back; no more should be on their way."""
_FIRST_ROWS, _MOST_ROWS = 8, 512
_MOST_CHARACTERS = 1 << 18


class _Sent(NamedTuple):
    """A message without an answer: rows from one number to another, or a command."""

    first: int
    last: int
    command: str = ""


class Traffic:
    """Rows by their numbers, and how far they came.

    Args:
        patience: How long to try again.
        kept_seconds: How long rows are kept after their answers.
        rows: How many the session had taken before.

    Attributes:
        ledger: The rows that are kept.
        rows: How many have their answers.
        answers: Of the rows since this was emptied.
        taken: How many the server took, which may have gone back.
        is_astray: Whether the server took more rows than it said when the connection was made.
        redo: A command that comes before all else; "": none.
        redo_rows: How many rows the session will have taken after it.
        done: What was said of the last command, if it was.
    """

    def __init__(self, patience: Patience, kept_seconds: float, rows: int) -> None:
        self._patience, self._seconds = patience, kept_seconds
        self._flight: deque[_Sent] = deque()
        self._must_wait = self.is_astray = False
        self._longest = 0  # of the answers so far, in characters
        self.answers: list[Answer] = []
        self.redo, self.redo_rows = "", 0
        self.done: Mapping[str, Any] | None = None
        self.begin(rows)

    def begin(self, rows: int) -> None:
        """The session has taken so many rows; what was before is not kept."""
        self.ledger = Ledger(rows, self._seconds)
        self.rows = self.taken = self._cursor = rows

    def go_on(self, taken: int) -> None:
        """The server took so many rows: those after them are to be sent."""
        self.taken = self._cursor = taken
        self.ledger.rewind(taken)

    def forget(self) -> None:
        """What was on its way is lost."""
        self._flight.clear()
        self._must_wait = self.is_astray = False

    @property
    def is_idle(self) -> bool:
        """Whether all rows have their answers, and the last command has its own."""
        return not self.redo and self.rows == self.ledger.last and self.done is not None

    def next(self, command: str) -> str | None:
        """What to send now; None: nothing, before something was answered.

        Args:
            command: To come after all rows; "": none.
        """
        if self._must_wait:
            if self._flight:
                return None
            self._must_wait, self._cursor = False, self.taken
        if self.redo:
            return None if self._flight else self._order(self.redo)
        if self._cursor < self.ledger.last:
            return self._rows()
        return self._order(command) if command and not self._flight else None

    def _order(self, command: str) -> str:
        self._flight.append(_Sent(0, 0, command))
        return command

    def _rows(self) -> str | None:
        """A message with the next rows, if there is room for their answers."""
        most = min(_MOST_ROWS, _ANSWERS_KEPT // self._longest) or 1 if self._longest else _FIRST_ROWS
        room = most - sum(one.last - one.first + 1 for one in self._flight)
        size = max(1, most // 2)  # half of them, so that the other half may be on its way
        if room < size:
            return None
        first = self._cursor + 1
        lines = [wire.line_of(first, self.ledger[first])]
        length = len(lines[0])
        for number in range(first + 1, min(self.ledger.last, first + size - 1) + 1):
            line = wire.line_of(number, self.ledger[number])
            length += len(line)
            if length > _MOST_CHARACTERS:
                break
            lines.append(line)
        self._cursor += len(lines)
        self._flight.append(_Sent(first, self._cursor))
        return "\n".join(lines)

    def hear(self, message: str) -> float:
        """Take in an answer.

        Returns:
            Seconds to wait before anything else is sent.

        Raises:
            RecurraError: It refuses a command, or makes no sense, or too many rows wait for too long.
        """
        lines = message.split("\n")
        if not self._flight:
            raise not_understood(message)
        sent = self._flight.popleft()
        if sent.command:
            self._obeyed(sent.command, wire.parsed(lines[0]))
            return 0.0
        if len(lines) != sent.last - sent.first + 1:
            raise not_understood(message)
        taken, wait = self.taken, 0.0
        busy: RecurraError | None = None
        for number, line in enumerate(lines, sent.first):
            content = wire.parsed(line)
            seconds = wire.seconds_to_wait(content)
            if seconds is not None:
                self._must_wait, busy, wait = True, wire.fault(content), max(wait, seconds)
            elif wire.taken_before(content) is not None:
                self._refused(number, content)
            else:
                self._took(number, content)
                self._longest = max(self._longest, len(line))
        if self.taken > taken:
            self.ledger.taken(self.taken, self._patience.now())
            self._patience.rest()
        if self.is_astray:
            busy = self.somebody_else(self.taken)
        return 0.0 if busy is None else self._patience.wait(busy, wait)

    def _obeyed(self, command: str, content: Any) -> None:
        if wire.is_fault(content):
            raise wire.fault(content)
        if command == self.redo:
            self.redo = ""
            self.go_on(self.redo_rows)
        else:
            self.done = content
        self._patience.rest()

    def _took(self, number: int, content: Any) -> None:
        if number != self.taken + 1 or self._must_wait:
            raise not_understood(f"row {number} after row {self.taken}")
        self.taken = number
        if number > self.rows:  # else it was answered before, to the same bits
            self.rows = number
            self.answers.append(wire.answer_of(content))

    def _refused(self, number: int, content: Any) -> None:
        """A row was not taken: it is sent again after those before it; if it is at fault itself, never."""
        is_next, self._must_wait = number == self.taken + 1 and not self._must_wait, True
        if not is_next:
            return
        if number <= self.rows or wire.taken_before(content) != self.taken:
            self.is_astray = True
            return
        self.ledger.drop(number)
        self.answers.append(wire.fault(content, DataError))

    def caught_up(self, again: Sequence[Any], missing: Sequence[Answer]) -> None:
        """Answers of rows that were taken before the connection was lost.

        Args:
            again: They, as far as the server still knows them.
            missing: What stands for those before.
        """
        self.answers += [*missing, *map(wire.answer_of, again)]
        if self.taken > self.rows:
            self.rows = self.taken
            self.ledger.taken(self.rows, self._patience.now())
            self._patience.rest()

    def somebody_else(self, taken: int) -> SessionError:
        """The error for a session that took other rows."""
        return SessionError(
            f"a session that took {taken} rows, of which {self.rows} are known here",
            "one client at a time",
            "Go on with fork, or with a session of your own.",
        )
