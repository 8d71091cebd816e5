"""A live session that lasts as long as a request."""

from collections.abc import AsyncIterator

from recurra.errors import DataError
from recurra.serving import messages
from recurra.serving.batch import Answer, QueueFullError, Row
from recurra.serving.host import Host
from recurra.serving.messages import Line, Numbered, Teller
from recurra.serving.session import ServedSession

_AT_ONCE = 256
"""Lines that are taken before their answers are sent."""


async def answers(host: Host, session: ServedSession, content: bytes) -> AsyncIterator[str]:
    """Lines of JSON, one for each line of a body."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    teller = Teller()
    told: list[str] = []
    try:
        for begin in range(0, len(lines), _AT_ONCE):
            read = messages.read("\n".join(lines[begin : begin + _AT_ONCE]))
            rows = [_row(one) for one in read]

            def taken(said: list[Answer]) -> None:
                session.rows += 1
                told.append(teller.line(session.rows, said) + "\n")

            try:
                await session.model.batcher.take(session.live, rows, taken)
            except QueueFullError:
                yield "".join(told) + messages.fault(messages.busy()) + "\n"
                return
            yield "".join(told)
            told.clear()
    finally:
        host.roster.end(session)


def _row(line: Line) -> Row:
    if isinstance(line, Numbered):
        return line.row
    return line if isinstance(line, DataError) else messages.no_row()
