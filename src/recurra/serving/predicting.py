"""What a net says of the data in a request."""

import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl

from recurra.config import options_of, validated
from recurra.errors import DataError, RecurraError
from recurra.serving import body
from recurra.serving.model import Model
from recurra.serving.problem import Problem

JSON, CSV, ARROW = "application/json", "text/csv", body.ARROW[0]
_PLACES = ("FILE", "RUN", "FOLDER", "PATH")
"""What options name that no client may: places on this server."""
_MOST_WAITING = 64
_AGAIN_SECONDS = 2.0


class Predictor:
    """Answers requests, one at a time, in a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "recurra-predict")
        self._waiting = 0

    def submit(self, model: Model, content: bytes, suffix: str, options: Mapping[str, str]) -> Any:
        """The answer of a request, as a future of a frame.

        Raises:
            Problem: Too many wait.
        """
        if self._waiting >= _MOST_WAITING:
            raise Problem(
                429,
                "one more request",
                f"at most {_MOST_WAITING} that wait",
                "Come again later.",
                _AGAIN_SECONDS,
            )
        self._waiting += 1
        future = self._thread.submit(answer, model, content, suffix, options)
        future.add_done_callback(self._left)
        return future

    def _left(self, _future: Any) -> None:
        self._waiting -= 1

    def close(self) -> None:
        """Take no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def answer(model: Model, content: bytes, suffix: str, options: Mapping[str, str]) -> pl.DataFrame:
    """What the net says of a body.

    Args:
        model: Whose net.
        content: The body.
        suffix: How the name of such a file ends.
        options: Of the answer, as text.

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
    kind = entry.load("answer")
    named = [key for key, option in options_of(kind).items() if option.metavar in _PLACES and key in options]
    if named:
        raise Problem(422, f"{named[0]}, which names a place on the server", "other options", "Leave it out.")
    try:
        wanted = validated(kind, options)
        fitted, task = model.fitted(), entry.load("task")
        with body.source(content, suffix) as path:
            if path is None and entry.needs_data:
                raise Problem(422, "an empty body", "data to tell of", "Send rows.")
            try:
                part = task.part(path, fitted, wanted)
                frame: pl.DataFrame = task.write(fitted, part, task.answer(fitted, part), wanted)
            except RecurraError as error:
                raise _without(str(path), error) from error
    except RecurraError as error:
        raise Problem.of(error) from error
    return frame


def _without(path: str, error: RecurraError) -> RecurraError:
    """An error about the body, which clients know by no path."""
    parts = (text.replace(path, "the body") for text in (error.got, error.expected, error.remedy))
    return error if path == "None" else DataError(*parts)


def written(frame: pl.DataFrame, task: str, accepted: str) -> tuple[bytes, str]:
    """An answer in a form that the client takes, and the type of that form."""
    content = io.BytesIO()
    if CSV in accepted:
        flat = [
            pl.Series(one.name, [None if own is None else str(own) for own in one.to_list()], pl.String)
            for one in frame
            if one.dtype.is_nested()
        ]
        frame.with_columns(flat).write_csv(content)
        return content.getvalue(), CSV
    if ARROW in accepted:
        frame.write_ipc_stream(content)
        return content.getvalue(), ARROW
    rows = io.BytesIO()
    frame.write_ndjson(rows)
    listed = b",\n".join(rows.getvalue().splitlines())
    return b'{"%s": [%s]}' % (task.encode(), listed), JSON
