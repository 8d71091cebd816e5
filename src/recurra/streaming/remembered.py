"""What is remembered of live sequences as a document of JSON, and back."""

from base64 import b64decode, b64encode
from typing import Any

from recurra.streaming.live import Memory, States

_FURTHEST = 1 << 62


def to_document(states: States) -> dict[str, Any]:
    """All of it, by the names of the sequences."""
    return {
        name: {
            "session": b64encode(content).decode(),
            "last": last,
            "marks": list(marks),
            **({"beside": b64encode(beside).decode()} if beside else {}),
        }
        for name, (content, last, marks, beside) in states.items()
    }


def from_document(document: Any) -> States:
    """What `to_document` made a document of.

    Raises:
        ValueError: It is none of that; the message says why, as a clause.
    """
    try:
        states = {
            name: Memory(
                b64decode(own["session"]), own["last"], tuple(own["marks"]), b64decode(own.get("beside", ""))
            )
            for name, own in document.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("lacks what belongs to a state") from error
    if not all(one.last is None or isinstance(one.last, float) for one in states.values()):
        raise ValueError("has a last value that is no number")
    if not all(type(mark) is int and abs(mark) < _FURTHEST for one in states.values() for mark in one.marks):
        raise ValueError("has marks that are no whole numbers")
    return states
