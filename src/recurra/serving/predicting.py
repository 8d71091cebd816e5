"""What a net says of the data in a request."""

import io
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore
from typing import Any, NamedTuple

import polars as pl

from recurra.config import options_of, validated
from recurra.data.comma_separated import as_csv
from recurra.errors import RecurraError
from recurra.serving import body
from recurra.serving.model import Model
from recurra.serving.problem import Problem
from recurra.tasks.registry import Entry

JSON, CSV, ARROW, SOUND = "application/json", "text/csv", body.ARROW[0], "audio/wav"
_PLACES = ("FILE", "RUN", "FOLDER", "PATH")
"""What options name that no client may: places on this server."""
_MOST_WAITING = 64
_AGAIN_SECONDS = 2.0


class Question(NamedTuple):
    """A request.

    Attributes:
        content: Its body.
        suffix: How the name of such a file ends.
        options: Of the answer, as text.
        accepted: Types that the client takes.
    """

    content: bytes
    suffix: str
    options: Mapping[str, str]
    accepted: str


class Told(NamedTuple):
    """The body of an answer, and its type."""

    content: bytes
    kind: str


class Predictor:
    """Answers requests, one at a time, in a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "recurra-predict")
        self._room = Semaphore(_MOST_WAITING)

    def submit(self, model: Model, question: Question) -> "Future[Told]":
        """What `answer` gives, later.

        Raises:
            Problem: Too many wait.
        """
        if not self._room.acquire(blocking=False):
            raise Problem(
                429,
                "one more request",
                f"at most {_MOST_WAITING} that wait",
                "Come again later.",
                _AGAIN_SECONDS,
            )
        future = self._thread.submit(answer, model, question)
        future.add_done_callback(lambda _: self._room.release())
        return future

    def close(self) -> None:
        """Take no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def answer(model: Model, question: Question) -> Told:
    """What the net says of the data of a request.

    Raises:
        Problem: The model has no net, an option is wrong or names a file, or the body cannot be used.
    """
    entry = model.entry
    if entry is None or not model.predicts:
        raise Problem(
            409,
            f"model {model.name!r}, of which only the stream program is here",
            "one with its net",
            f"Use POST /v1/models/{model.name}/stream with its rows.",
        )
    kind, options = entry.load("answer"), question.options
    named = [key for key, option in options_of(kind).items() if option.metavar in _PLACES and key in options]
    if named:
        raise Problem(422, f"{named[0]}, which names a place on the server", "other options", "Leave it out.")
    heard = SOUND in question.accepted and bool(entry.sound)
    try:
        wanted = validated(kind, {**options, "samples": True} if heard else options)
        frame = _frame(model, entry, question, wanted)
        if heard:
            sound, _ = entry.load("sound")(frame, wanted, ".wav")
            return Told(sound, SOUND)
    except RecurraError as error:
        raise Problem.of(error) from error
    return written(frame, entry.name, question.accepted)


def _frame(model: Model, entry: Entry, question: Question, wanted: Any) -> pl.DataFrame:
    """The rows of an answer; errors as of `answer`, or of the task."""
    fitted, task = model.fitted(), entry.load("task")

    def told(source: Any) -> pl.DataFrame:
        part = task.part(source, fitted, wanted)
        frame: pl.DataFrame = task.write(fitted, part, task.answer(fitted, part), wanted)
        return frame

    if entry.takes_text and question.suffix == ".txt":
        return told([question.content.decode("utf-8", "replace")])
    with body.source(question.content, question.suffix) as path:
        if path is None and entry.needs_data:
            raise Problem(422, "an empty body", "data to tell of", "Send rows.")
        try:
            frame = told(path)
        except RecurraError as error:
            raise error if path is None else _without(path, error) from error
        if path is None:
            return frame
        return frame.with_columns(pl.col(pl.String).str.replace_all(path, "body", literal=True))


def _without(path: str, error: RecurraError) -> RecurraError:
    """An error about the body, which clients know by no path."""
    parts = (text.replace(path, "the body") for text in (error.got, error.expected, error.remedy))
    return type(error)(*parts)


def written(frame: pl.DataFrame, task: str, accepted: str) -> Told:
    """An answer in a form that the client takes, and the type of that form."""
    content = io.BytesIO()
    if CSV in accepted:
        return Told(as_csv(frame).encode(), CSV)
    if ARROW in accepted:
        frame.write_ipc_stream(content)
        return Told(content.getvalue(), ARROW)
    rows = io.BytesIO()
    frame.write_ndjson(rows)
    listed = b",\n".join(rows.getvalue().splitlines())
    return Told(b'{"%s": [%s]}' % (task.encode(), listed), JSON)
