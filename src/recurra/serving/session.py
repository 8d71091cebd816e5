"""A live session of a client: what it remembers, how many rows it took, and the last answers."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from recurra.errors import DamagedError, DataError
from recurra.experiment.live import END, SEQUENCE
from recurra.serving.vault import Kept
from recurra.streaming import Live
from recurra.streaming.live import ONLY, States
from recurra.streaming.remembered import from_document, to_document

if TYPE_CHECKING:
    from recurra.serving.model import Model

MOST_ANSWERS = 2048
"""Characters of answers that are kept for who comes back."""


class ServedSession:
    """A session.

    Args:
        token: Who has it may go on with the session.
        model: Its model, which does not change as long as it lasts.
        client: Who began it.
        live: Remembers it.

    Attributes:
        rows: How many rows it took.
        saved: How many rows the newest snapshot on the disk comes after.
        used: When it was used last, in seconds since 1970.
        is_ended: Whether it is over for good.
        close: Ends the connection that uses it, if there is one, with a reason.
    """

    __slots__ = (
        "answers", "client", "close", "is_ended", "live", "model", "rows", "saved", "size", "token", "used",
    )  # fmt: skip

    def __init__(self, token: str, model: "Model", client: str, live: Live) -> None:
        self.token, self.model, self.client, self.live = token, model, client, live
        self.rows, self.saved = 0, -1
        self.used = time.time()
        self.close: Callable[[str], None] | None = None
        self.answers: deque[tuple[int, str]] = deque()
        self.size, self.is_ended = 0, False

    def refusal(self, row: Any) -> DataError | None:
        """What is wrong with a row that begins one sequence too many; None of any other."""
        names, given = self.live.names, row if isinstance(row, Mapping) else {}
        if len(names) < self.model.max_sequences or given.get(END) or str(given.get(SEQUENCE, ONLY)) in names:
            return None
        if SEQUENCE not in given and any(isinstance(one, str) and one in names for one in given.values()):
            return None  # its series is under way
        return DataError(
            f"one more sequence than {self.model.max_sequences} that go on",
            "fewer",
            'End one: {"sequence_id": ..., "sequence_end": true}, or reset the session.',
        )

    def told(self, text: str) -> None:
        """A row was taken, and this is said of it."""
        self.rows += 1
        self.answers.append((self.rows, text))
        self.size += len(text)
        while self.size > MOST_ANSWERS and len(self.answers) > 1:
            self.size -= len(self.answers.popleft()[1])

    def answers_after(self, row: int) -> list[str]:
        """What was said of the rows after one, as far as it is still known."""
        return [text for number, text in self.answers if number > row]

    def snapshot(self) -> bytes:
        """What is remembered, as JSON."""
        return json.dumps(to_document(self.live.snapshot())).encode()

    def restore(self, content: bytes, rows: int) -> None:
        """Go on from a snapshot.

        Raises:
            ArtifactError: It is damaged, or of another program; the session stays as it was.
        """
        self.live.restore(states_of(content))
        self.rows, self.saved = rows, -1
        self.answers.clear()
        self.size = 0

    def begin_anew(self) -> None:
        """Forget everything; rows are counted from 1 again."""
        self.restore(b"{}", 0)

    def kept(self) -> Kept:
        """The session as the vault keeps it."""
        model = self.model
        return Kept(self.token, model.name, model.digest, self.client, self.rows, self.used, self.snapshot())


def states_of(content: bytes) -> States:
    """What a snapshot remembers.

    Raises:
        DamagedError: It is none.
    """
    try:
        return from_document(json.loads(content))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError("bytes that are no snapshot", "a session's", "Begin anew, without it.") from error
