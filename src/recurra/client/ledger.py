"""The rows that a client may have to send again."""

from collections import deque

MOST_CHARACTERS = 1 << 25


class Ledger:
    """Rows by their numbers: those that the server has to take, and those that it took a short while ago.

    Args:
        rows: The number of the last row that is not kept.
        seconds: How long a row is kept after the server took it.
        most: Characters of rows that were taken that are kept.

    Attributes:
        first: Number of the first row that is kept; one more than `last` where none is.
    """

    def __init__(self, rows: int, seconds: float, most: int = MOST_CHARACTERS) -> None:
        self.first = rows + 1
        self._seconds, self._most = seconds, most
        self._texts: list[str] = []
        self._gone = 0  # of the list, from its begin
        self._size = 0
        self._taken: deque[tuple[int, float]] = deque()

    @property
    def last(self) -> int:
        """Number of the last row."""
        return self.first + len(self._texts) - self._gone - 1

    def __getitem__(self, number: int) -> str:
        """The row with a number."""
        return self._texts[self._gone + number - self.first]

    def add(self, text: str) -> None:
        """One more row."""
        self._texts.append(text)
        self._size += len(text)

    def drop(self, number: int) -> None:
        """Forget a row; those after it get lower numbers."""
        text = self._texts.pop(self._gone + number - self.first)
        self._size -= len(text)

    def cut(self, last: int) -> None:
        """Forget the rows after one."""
        while self.last > last:
            self.drop(self.last)

    def taken(self, rows: int, now: float) -> None:
        """The server took the rows up to one; forget those that it took long ago."""
        self._taken.append((rows, now))
        while self._taken and self._taken[0][1] < now - self._seconds:
            self._forget(self._taken.popleft()[0])
        while self._size > self._most and self.first <= rows:
            self._forget(self.first)

    def rewind(self, rows: int) -> None:
        """The server went back: it has to take the rows after one again."""
        while self._taken and self._taken[-1][0] > rows:
            self._taken.pop()

    def _forget(self, last: int) -> None:
        while self.first <= last:
            self._size -= len(self._texts[self._gone])
            self._texts[self._gone] = ""
            self._gone += 1
            self.first += 1
        if self._gone > 64 and 2 * self._gone > len(self._texts):
            del self._texts[: self._gone]
            self._gone = 0
