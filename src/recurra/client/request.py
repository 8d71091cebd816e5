"""What is asked of a server over HTTP: generators that yield requests, and end in what was answered."""

import json
from collections.abc import Mapping
from typing import Any

from recurra.client import problem
from recurra.client.address import route
from recurra.client.body import ARROW, JSON, body_of, frame_of, query_of
from recurra.client.effect import Asking, Call, Lost, Pause, Reply
from recurra.errors import DataError, RecurraError, ServerError

_TIMES = 4
_LONGEST_SECONDS = 10.0
EVENTS = "text/event-stream"


def models() -> Asking[list[dict[str, Any]]]:
    """What is served."""
    found = _document((yield from _asked(Call("GET", "/v1/models")))).get("models")
    if not isinstance(found, list):
        raise problem.not_understood("no models")
    return found


def model(name: str) -> Asking[dict[str, Any]]:
    """One of them."""
    return _document((yield from _asked(Call("GET", route(name)))))


def predict(name: str, data: Any, content_type: str | None, options: Mapping[str, Any]) -> Asking[Any]:
    """What a model says of data, as a frame."""
    body = body_of(data, content_type)
    headers = {"Accept": ARROW, **({"Content-Type": body.kind} if body.kind else {})}
    reply = yield from _asked(Call("POST", route(name, "predict"), query_of(options), body.content, headers))
    return frame_of(reply.content, body)


def generate(name: str, prompt: str, options: Mapping[str, Any]) -> Asking[str]:
    """A text."""
    text = _document((yield from _asked(_generating(name, prompt, options, JSON)))).get("text")
    if not isinstance(text, str):
        raise problem.not_understood("no text")
    return text


def pieces(name: str, prompt: str, options: Mapping[str, Any]) -> Asking[Reply]:
    """The answer whose body is a text, as it is made."""
    return (yield from _asked(_generating(name, prompt, options, EVENTS)._replace(streams=True)))


def piece_of(event: str, data: str) -> str | None:
    """A piece of a text that is made.

    Args:
        event: The name of a server-sent event.
        data: What it brings.

    Returns:
        The piece; None: it was the last one.

    Raises:
        DataError: The model could not go on.
        ServerError: It is none of ours.
    """
    document = _parsed(data)
    if event == "end":
        return None
    if event == "error":
        raise DataError(*(str(document.get(key, "")) for key in ("error", "expected", "remedy")))
    text = document.get("text")
    if not isinstance(text, str):
        raise problem.not_understood(data)
    return text


def cut_short() -> ServerError:
    """The error for a text that ends before its end."""
    return ServerError("a text that broke off", "one to its end", "Ask again.")


def _generating(name: str, prompt: str, options: Mapping[str, Any], accepted: str) -> Call:
    given = {"prompt": prompt} if prompt else {}
    try:
        content = json.dumps({**given, **options}).encode("utf-8", "replace")
    except (TypeError, ValueError) as error:
        raise DataError(
            f"options that JSON cannot hold ({error})", "texts and numbers", "Convert."
        ) from error
    return Call("POST", route(name, "generate"), {}, content, {"Content-Type": JSON, "Accept": accepted})


def _asked(call: Call) -> Asking[Reply]:
    """The answer of a request, which is asked again where the server says when.

    Raises:
        RecurraError: It refused, or cannot be reached.
    """
    refusal: RecurraError | None = None
    for _ in range(_TIMES):
        reply = yield call
        if isinstance(reply, Lost):
            raise reply.error
        if not isinstance(reply, Reply):
            continue
        if reply.status < 300:
            return reply
        denied = problem.denied(reply.status, reply.headers, reply.content)
        refusal, seconds = denied.error, denied.retry_after
        if denied.status not in (429, 503) or seconds is None or seconds > _LONGEST_SECONDS:
            raise refusal
        yield Pause(seconds)
    raise refusal or problem.not_understood("nothing")


def _document(reply: Reply) -> dict[str, Any]:
    return _parsed(reply.content.decode("utf-8", "replace"))


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise problem.not_understood(text) from error
    if not isinstance(document, dict):
        raise problem.not_understood(text)
    return document
