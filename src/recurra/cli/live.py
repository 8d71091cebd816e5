"""The loop of `recurra stream`: a line in, a line out, until somebody or something ends it.

Nothing here imports torch or typer, so that the process is small and ready at once.
"""

import os
import signal
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

from recurra.cli import screen
from recurra.cli.predictor import load_predictor
from recurra.cli.row import Form, check_format, form_of
from recurra.cli.stream_options import Options
from recurra.errors import ArtifactError, DamagedError, DataError, RecurraError
from recurra.files import read_document, write_document
from recurra.streaming import Live

PIPE_CLOSED = 141
TERMINATED = 143
STATE_FORMAT = 1
KIND = "stream state"


class Stopped(BaseException):
    """A signal asked the stream to end.

    Args:
        code: The exit code.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Signals:
    """Ctrl-C and the termination signal: they end the stream where it waits for others, and nowhere else.

    So a row is taken whole or not at all, and nothing cuts the writing of the state short.
    """

    def __init__(self) -> None:
        self._stop: Stopped | None = None
        self._waits = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Handle signals in the block; one that came in it takes effect at the latest at its end."""
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        self.check()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """In the block signals take effect at once."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False

    def check(self) -> None:
        """Let a signal that came before take effect.

        Raises:
            Stopped: One came.
        """
        if self._stop is not None:
            raise self._stop

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._stop = Stopped(screen.INTERRUPTED if number == signal.SIGINT else TERMINATED)
        if self._waits:
            raise self._stop


def run_stream(options: Options) -> int:
    """Read rows on stdin and write a prediction for each on stdout.

    Returns:
        The exit code: 0 at the end of the rows, 2 after a mistake in what was given, 130 after Ctrl-C, 143
        after the termination signal, 141 where nobody reads on, 1 after any other failure of ours.
    """
    signals = Signals()
    try:
        with signals.caught():
            code = _run(options, signals)
    except Stopped as stop:
        screen.note("interrupted")
        return stop.code
    except RecurraError as error:
        screen.complain(error)
        return error.exit_code
    return code


def _run(options: Options, signals: Signals) -> int:
    check_format(options.format)
    predictor = load_predictor(options.folder, options.weights)
    before = 0 if options.state is None else _load_state(options.state, predictor)
    stream = _Stream(predictor, signals)
    try:
        stream.run(options.format)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    finally:
        if options.state is not None:
            _save_state(options.state, predictor, before + stream.rows)
    return 0


class _Stream:
    """One pass over stdin.

    Attributes:
        rows: How many rows were taken.
    """

    def __init__(self, predictor: Live, signals: Signals) -> None:
        self._predictor, self._signals = predictor, signals
        self.rows = 0

    def run(self, format: str) -> None:
        """Until there are no more lines.

        Raises:
            DataError: A row cannot be used; the message names its line.
            BrokenPipeError: Nobody reads the predictions.
        """
        lines = _lines(self._signals)
        opening = []
        for line in lines:
            opening.append(line)
            if line.strip():
                self._answer(form_of(format, line, bare=self._predictor.bare), chain(opening, lines))
                return

    def _answer(self, form: Form, lines: Iterator[str]) -> None:
        for row in form.rows(lines):
            try:
                prediction = self._predictor.predict(row.content)
            except DataError as error:
                raise DataError(f"line {row.number}: {error.got}", error.expected, error.remedy) from error
            self.rows += 1
            with self._signals.waiting():
                sys.stdout.write(form.text(*prediction))
                sys.stdout.flush()


def _lines(signals: Signals) -> Iterator[str]:
    """The lines of stdin, each as soon as it is there.

    Raises:
        DataError: One is no UTF-8.
        Stopped: A signal came.
    """
    number = 0
    while True:
        with signals.waiting():
            signals.check()
            line = sys.stdin.buffer.readline()
        if not line:
            return
        number += 1
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"line {number} is not UTF-8", "text in UTF-8", "Convert the rows.") from error


def _load_state(path: Path, predictor: Live) -> int:
    """Restore what a file holds; how many rows it comes after. Without the file: nothing, and 0.

    Raises:
        DamagedError: The file was truncated or altered, or is none of ours.
        ArtifactError: It is of another program.
    """
    if not path.exists():
        return 0
    document = _read_state(path)
    if document.get("kind") != KIND:
        raise ArtifactError(
            f"{path} holds no state of a stream", "one that --state left", "Choose another file."
        )
    if document.get("program") != predictor.program.digest:
        raise ArtifactError(
            f"{path} holds the state of another program",
            f"one of the program {predictor.program.digest[:12]}",
            "Give the run that it is of, or another file.",
        )
    try:
        states = {name: (b64decode(own["session"]), own["last"]) for name, own in document["series"].items()}
        rows = document["rows"]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, "lacks what belongs to a state") from error
    if not all(last is None or isinstance(last, float) for _, last in states.values()):
        raise _damaged(path, "has a last value that is no number")
    if type(rows) is not int or rows < 0:
        raise _damaged(path, f"comes after {rows!r} rows")
    predictor.restore(states)
    return rows


def _read_state(path: Path) -> dict[str, Any]:
    try:
        return read_document(path, version=STATE_FORMAT)
    except RecursionError as error:
        raise _damaged(path, "is nested too deeply") from error


def _damaged(path: Path, what: str) -> DamagedError:
    return DamagedError(
        f"{path} {what}", "a state that --state left", "Restore it from a copy, or begin anew without it."
    )


def _save_state(path: Path, predictor: Live, rows: int) -> None:
    """Write the state, whole or not at all.

    Raises:
        StorageError: The place cannot be written.
    """
    series = {
        name: {"session": b64encode(content).decode(), "last": last}
        for name, (content, last) in predictor.snapshot().items()
    }
    document = {"kind": KIND, "program": predictor.program.digest, "rows": rows, "series": series}
    write_document(path, document, version=STATE_FORMAT)
