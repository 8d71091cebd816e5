"""A live session as its client knows it: what it can be asked for, and how it goes on after a loss.

No I/O: generators yield what is to be done (`recurra.client.effect`). Rows are numbered, so that the server
takes each once, however often it is sent. Rows are kept until some time after their answers: a server that
was killed and started again goes on from its last snapshot, and gets the rows after that once more.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from recurra.client import wire
from recurra.client.effect import Close, Conversing, Denied, Event, Lost, Open, Pause, Receive, Send
from recurra.client.patience import Patience
from recurra.client.problem import not_understood
from recurra.client.traffic import Traffic
from recurra.client.wire import Answer
from recurra.errors import DataError, RecurraError, ServerError, SessionError

_LONG_AGO = float("-inf")
_SETTING = ("restore", "reset", "end")
"""Commands after which it does not matter what was before."""


class Origin(NamedTuple):
    """How a session came to where its rows are counted from.

    Attributes:
        rows: How many it had taken then.
        command: What brings any session of the same model there.
        since: When it came there; a server that is killed may go back to before.
    """

    rows: int
    command: str
    since: float


class Exchange:
    """One session.

    Args:
        patience: How long to try again.
        kept_seconds: How long rows are kept after their answers.
        token: Of a session to go on with; "": a new one.
        origin: How that session came to where it is, if that is known.
        version: Of its model, if it is known; then the session was there a moment ago.

    Attributes:
        token: With which the session is found again; "" before the first connection.
    """

    def __init__(
        self,
        patience: Patience,
        kept_seconds: float,
        token: str = "",
        origin: Origin | None = None,
        version: str | None = None,
    ) -> None:
        self._patience, self._seconds = patience, kept_seconds
        self.token, self._version = token, version
        self._origin = origin if token else Origin(0, wire.command("reset"), _LONG_AGO)
        self._is_known = self._origin is not None  # whether the number of rows means anything
        self._traffic = Traffic(patience, kept_seconds, 0 if self._origin is None else self._origin.rows)
        self._is_open, self._in_doubt = False, False

    @property
    def rows(self) -> int:
        """How many rows have their answers."""
        return self._traffic.rows

    # What a session can be asked for

    def open(self) -> Conversing[None]:
        """Connect, if there is no connection.

        Raises:
            RecurraError: The server cannot be reached, or refuses.
        """
        yield from self._settled("")

    def run(self, bodies: Sequence[str]) -> Conversing[list[Answer]]:
        """Send rows.

        Args:
            bodies: As of `wire.body_of`.

        Returns:
            What is said of each, in their order.

        Raises:
            RecurraError: The connection is lost for good, or the session.
        """
        yield from self._settled("")
        for body in bodies:
            self._traffic.ledger.add(body)
        self._traffic.answers = []
        yield from self._settled("")
        answers, self._traffic.answers = self._traffic.answers, []
        return answers

    def snapshot(self) -> Conversing[bytes]:
        """What the session remembers, signed by the server. Errors as of `run`."""
        return wire.snapshot_of((yield from self._settled(wire.command("snapshot"))))

    def fork(self) -> Conversing["Exchange"]:
        """Another session that goes on from here. Errors as of `run`."""
        snapshot = yield from self.snapshot()
        done = yield from self._settled(wire.command("fork"))
        token = done.get(wire.SESSION)
        if not isinstance(token, str) or not token:
            raise not_understood("no session")
        origin = Origin(self.rows, wire.command("restore", snapshot), _LONG_AGO)
        return Exchange(self._patience.anew(), self._seconds, token, origin, self._version)

    def restore(self, snapshot: bytes) -> Conversing[None]:
        """Go back to a snapshot. Errors as of `run`."""
        line = wire.command("restore", snapshot)
        rows = (yield from self._settled(line)).get(wire.ROWS)
        if not isinstance(rows, int):
            raise not_understood("no number of rows")
        self._begin(rows, line)

    def reset(self) -> Conversing[None]:
        """Forget everything. Errors as of `run`."""
        line = wire.command("reset")
        yield from self._settled(line)
        self._begin(0, line)

    def end(self) -> Conversing[None]:
        """End the session for good. Errors as of `run`."""
        if self.token:
            yield from self._settled(wire.command("end"))
        yield from self.close()

    def close(self) -> Conversing[None]:
        """Leave the session for later."""
        self._disconnect()
        yield Close()

    # How it goes

    def _begin(self, rows: int, command: str) -> None:
        self._origin = Origin(rows, command, self._patience.now())
        self._traffic.begin(rows)

    def _disconnect(self) -> None:
        self._is_open = False
        self._traffic.forget()

    def _settled(self, command: str) -> Conversing[Mapping[str, Any]]:
        """Go on until all rows have their answers, and then the command has its own, which is returned."""
        try:
            return (yield from self._flow(command))
        except BaseException:  # what the server did meanwhile is asked at the next connection
            self._disconnect()
            self._in_doubt = True
            raise

    def _flow(self, command: str) -> Conversing[Mapping[str, Any]]:
        traffic = self._traffic
        traffic.done = None if command else {}
        while not self._is_open or not traffic.is_idle:
            if not self._is_open:
                yield from self._connect(command)
                continue
            message = traffic.next(command)
            event: Event = (yield Receive()) if message is None else (yield Send(message))
            if isinstance(event, Lost):
                yield Pause(self._after(event))
            elif isinstance(event, str):
                wait = traffic.hear(event)
                if traffic.is_astray:
                    self._disconnect()
                if wait:
                    yield Pause(wait)
        return traffic.done or {}

    # How it comes back

    def _after(self, lost: Lost) -> float:
        """Seconds to wait before the connection is made anew.

        Raises:
            RecurraError: That has no sense, or was tried for too long.
        """
        self._disconnect()
        if lost.code == wire.REPLACED:
            raise SessionError(
                "a session that another connection went on with", "one connection", "Use that, or fork."
            ) from lost.error
        if lost.code == wire.TOO_LARGE:
            raise DataError(
                "a message that is too large for the server",
                "less in a row or snapshot",
                "Say less, or raise max_message_kb of the server.",
            ) from lost.error
        if self._version is None:
            raise lost.error
        return self._patience.wait(lost.error)

    def _connect(self, command: str) -> Conversing[None]:
        """Open the connection, and hear where the session is."""
        while not self._is_open:
            after = {"after": str(self.rows)} if self._is_known else {}
            event: Event = yield Open({"session": self.token, **after} if self.token else {})
            if event is None:
                event = yield Receive()
            if isinstance(event, str):
                self._greet(event, command)
            elif isinstance(event, Denied):
                yield Pause(self._denied(event, command))
            elif isinstance(event, Lost):
                yield Pause(self._after(event))

    def _denied(self, denied: Denied, command: str) -> float:
        """Seconds to wait before the connection is asked for again, maybe for a session made anew."""
        if denied.status == 404 and self.token:
            if _name_of(command) == "end":
                self._is_open, self._traffic.done = True, {}
                return 0.0
            if self._origin is None or not self._is_whole():
                raise self._gone(denied.error)
            self.token = ""
            self._origin = self._origin._replace(since=self._patience.now())
            self._redo(self._origin)
        elif denied.status == 409 and self.token:
            raise self._gone(denied.error)
        elif denied.status not in (429, 503):
            raise denied.error
        return self._patience.wait(denied.error, denied.retry_after or 0.0)

    def _greet(self, message: str, command: str) -> None:
        first, *again = message.split("\n")
        about = wire.parsed(first)
        if not isinstance(about, dict) or not {wire.SESSION, wire.ROWS, "version"} <= about.keys():
            raise not_understood(message)
        if self._version not in (None, about["version"]) and self._traffic.redo:
            raise SessionError(
                "a session that is gone, of a model that was replaced", "the model", "Begin a new session."
            )
        taken = int(about[wire.ROWS])
        self.token, self._version, self._is_open = str(about[wire.SESSION]), str(about["version"]), True
        if not self._is_known:
            self._is_known = True
            self._traffic.begin(taken)
        if self._in_doubt:
            self._in_doubt = False
            self._count_in_doubt(taken)
        if _name_of(command) in _SETTING:
            self._traffic.redo = ""
            self._traffic.go_on(self._traffic.ledger.last)
        else:
            self._find(taken, [wire.parsed(line) for line in again])

    def _find(self, taken: int, again: Sequence[Any]) -> None:
        """Find out from which row to go on.

        Args:
            taken: How many rows the server took.
            again: What it said of the last of them, as far as it is still known.
        """
        traffic, origin = self._traffic, self._origin
        is_young = origin is not None and self._patience.now() - origin.since < self._seconds
        missing = taken - self.rows - len(again)
        if origin is not None and self._is_whole() and (traffic.redo or is_young):
            self._redo(origin)
            return
        if taken > traffic.ledger.last:
            raise traffic.somebody_else(taken)
        if origin is not None and self._is_whole() and missing > 0:
            self._redo(origin)
            return
        if taken + 1 < traffic.ledger.first:
            raise self._rows_lost(taken + 1, traffic.ledger.first - 1)
        traffic.go_on(taken)
        unknown = [_answer_lost(self.rows + one + 1) for one in range(missing)]
        traffic.caught_up(again[max(0, -missing) :], unknown)

    def _count_in_doubt(self, taken: int) -> None:
        """Rows of who stopped in the middle count if they were taken; nobody waits for their answers."""
        traffic = self._traffic
        if not traffic.redo:
            traffic.rows = max(traffic.rows, min(taken, traffic.ledger.last))
        traffic.ledger.cut(traffic.rows)

    def _is_whole(self) -> bool:
        """Whether the session can be made again: every row since its origin is kept."""
        return self._origin is not None and self._traffic.ledger.first == self._origin.rows + 1

    def _redo(self, origin: Origin) -> None:
        self._traffic.redo, self._traffic.redo_rows = origin.command, origin.rows

    def _rows_lost(self, first: int, last: int) -> SessionError:
        return SessionError(
            f"a server that lost rows {first} to {last} of the session, which are no longer kept here",
            f"rows of the last {self._seconds:g} s",
            "Go on without them with session(name, token=...); a longer kept_seconds keeps more.",
        )

    def _gone(self, error: RecurraError) -> SessionError:
        known = f" (with {self.rows} rows, which are no longer all kept here)" if self._is_known else ""
        remedy = f"{error.remedy} A server with --state keeps sessions when it is started again."
        return SessionError(error.got + known, error.expected, remedy)


def _name_of(command: str) -> str:
    """The name of a command."""
    return str(json.loads(command)["$do"]) if command else ""


def _answer_lost(number: int) -> ServerError:
    return ServerError(
        f"a connection that was lost with the answer to row {number}, which was taken",
        "answers that the server still keeps",
        "Go on; the session is as it should be.",
    )
