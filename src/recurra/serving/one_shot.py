"""A live session that lasts as long as a request."""

import asyncio
import io
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from itertools import islice

from recurra.errors import DataError, SessionError
from recurra.serving import messages
from recurra.serving.batch import Answer, QueueFullError, Row
from recurra.serving.host import Host
from recurra.serving.messages import Line, Numbered, Teller
from recurra.serving.session import ServedSession

_AT_ONCE = 256
"""Lines that are taken before their answers are sent."""


async def answers(host: Host, session: ServedSession, content: bytes) -> AsyncGenerator[str]:
    """Lines of JSON, one for each line of a body that is not empty."""
    teller, told = Teller(), list[str]()

    def taken(said: list[Answer]) -> bool:
        if any(isinstance(one, SessionError) for one in said):
            return False
        session.rows += 1
        told.append(teller.line(session.rows, said) + "\n")
        return True

    lines = io.BytesIO(content)
    while some := list(islice(lines, _AT_ONCE)):
        text = b"".join(some).decode("utf-8", "surrogateescape")
        rows = [_row(one) for one in messages.read(text)]
        await asyncio.sleep(host.pace.wait(session.client, len(rows)))
        before = session.rows
        with suppress(QueueFullError):
            await session.model.batcher.take(session.live, rows, session.refusal, taken)
        session.used = time.time()
        yield "".join(told)
        told.clear()
        if session.rows < before + len(rows):
            yield messages.fault(messages.busy()) + "\n"
            return


def _row(line: Line) -> Row:
    if isinstance(line, Numbered):
        return line.row
    return line if isinstance(line, DataError) else messages.no_row()
