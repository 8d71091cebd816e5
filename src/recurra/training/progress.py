"""Progress bars on stderr with the time that is left; lines where stderr is not a terminal."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Column

ItemT = TypeVar("ItemT")

REFRESH_SECONDS = 0.1
DESCRIPTION_WIDTH, LEFT_WIDTH, NOTE_WIDTH, GAPS = 17, 18, 34, 4


class Bar:
    """One bar. Moving it costs next to nothing, since it is drawn ten times a second at most."""

    def __init__(self, drawn: RichProgress | None, task: TaskID) -> None:
        self._drawn = drawn
        self._task = task
        self._pending = 0
        self._note = ""
        self._next = 0.0

    @classmethod
    def hidden(cls) -> "Bar":
        """A bar that nobody sees."""
        return cls(None, TaskID(0))

    def advance(self, count: int = 1, *, description: str | None = None, note: str | None = None) -> None:
        """Move the bar on, and change what stands before and behind it."""
        if self._drawn is None:
            return
        self._pending += count
        self._note = self._note if note is None else note
        now = time.monotonic()
        if now >= self._next or description is not None:
            self._drawn.update(self._task, advance=self._pending, description=description, note=self._note)
            self._pending = 0
            self._next = now + REFRESH_SECONDS


class Progress:
    """Shows how far long work has come.

    Args:
        enabled: Whether to draw bars; None: when stderr is a terminal, and lines where it is none. Messages
            are written either way.
        messages: Whether `say` writes anything.
        hints: Whether training says how to go on after Ctrl-C; who shows a command for it does so alone.

    Attributes:
        writes_lines: Whether a line for each epoch stands for the bars.
    """

    def __init__(self, *, enabled: bool | None = None, messages: bool = True, hints: bool = True) -> None:
        self._messages = messages
        self.hints = hints
        self.enabled = sys.stderr.isatty() if enabled is None else enabled
        self.writes_lines = messages and enabled is None and not self.enabled
        self._drawn: RichProgress | None = None

    @classmethod
    def silent(cls) -> "Progress":
        """One that shows and says nothing."""
        return cls(enabled=False, messages=False)

    def as_lines(self) -> "Progress":
        """One for a process whose terminal is elsewhere: lines where this one draws bars."""
        lines = Progress(enabled=False, messages=self._messages, hints=self.hints)
        lines.writes_lines = self._messages and (self.enabled or self.writes_lines)
        return lines

    @contextmanager
    def bar(self, description: str, total: int | None, done: int = 0) -> Iterator[Bar]:
        """A bar for the time of the block; inside another bar's block it appears below that one.

        Args:
            description: What is being done.
            total: How many items there are, None when nobody knows.
            done: How many of them are done already.
        """
        if not self.enabled:
            yield Bar.hidden()
            return
        outermost = self._drawn is None
        drawn = self._drawn or _drawn_on_stderr()
        if outermost:
            self._drawn = drawn
            drawn.start()
        task = drawn.add_task(description, total=total, completed=done, note="")
        try:
            yield Bar(drawn, task)
        finally:
            if outermost:
                drawn.stop()
                self._drawn = None
            else:
                drawn.remove_task(task)

    def track(self, items: Iterable[ItemT], description: str, total: int | None = None) -> Iterator[ItemT]:
        """The items, with a bar that follows them."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        with self.bar(description, total) as bar:
            for item in items:
                yield item
                bar.advance()

    def say(self, message: str) -> None:
        """Write a line to stderr, above the bars."""
        if self._messages:
            console = self._drawn.console if self._drawn else Console(stderr=True)
            console.print(message, highlight=False, markup=False, soft_wrap=True)


def _drawn_on_stderr() -> RichProgress:
    """In a narrow terminal the notes are cut, not what is done and left."""
    console = Console(stderr=True)
    room = console.width - DESCRIPTION_WIDTH - LEFT_WIDTH - GAPS
    bar = min(40, max(10, room - NOTE_WIDTH))
    return RichProgress(
        _text("{task.description}", min(DESCRIPTION_WIDTH, max(console.width // 4, 8))),
        BarColumn(bar_width=bar),
        TextColumn("{task.percentage:>3.0f}%, left"),
        TimeRemainingColumn(),
        _text("{task.fields[note]}", max(1, room - bar)),
        console=console,
        transient=True,
    )


def _text(form: str, most: int) -> TextColumn:
    return TextColumn(
        form, markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", max_width=most)
    )
