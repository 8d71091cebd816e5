"""What live classifiers and taggers share: a session for each sequence, fed by the input's live form.

Nothing here imports torch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.errors import DamagedError, DataError
from recurra.inputs import registry
from recurra.streaming import Live, Program, Session
from recurra.streaming.live import ONLY, States, is_names, values_of, wrong_state

SEQUENCE = "sequence_id"

Outputs = list[np.ndarray[Any, np.dtype[np.float32]]]


class LiveSequences(Live):
    """Steps many sequences at once, each in a session of its own; a row names its sequence, or none.

    Args:
        program: What a task's `program` made.
        weights: "float32", "bfloat16" or "int8".
        names: The key of the metadata that lists the names of the program's outputs.

    Raises:
        DamagedError: What the program says of itself does not fit its layers.
    """

    def __init__(self, program: Program, weights: str, names: str) -> None:
        about = program.metadata
        labels = about.get(names)
        if not isinstance(about.get("input"), str) or not isinstance(about.get("encoding"), Mapping):
            raise _damaged("says nothing of its input")
        if not isinstance(labels, list) or (labels and not is_names(labels)):
            raise _damaged(f"says {names}={labels!r}")
        if labels and len(labels) != program.output_size:
            raise _damaged(f"has {program.output_size} outputs for {len(labels)} names")
        self.program, self.labels = program, labels
        self.input = registry.live(about["input"]).from_dict(about["encoding"])
        self._blank = program.session(weights)
        self._sessions: dict[str, Session] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the input."""
        return self.input.columns

    def outputs(self, row: Mapping[str, Any] | Sequence[Any]) -> tuple[dict[str, Any], Outputs]:
        """What is repeated of a row, and what the program gives after each of its steps.

        Raises:
            DataError: The row is none that the input takes.
        """
        given = row if isinstance(row, Mapping) else values_of(row, self.columns)
        name = given.get(SEQUENCE, ONLY)
        if not isinstance(name, str | int):
            raise DataError(f"{SEQUENCE} holds {name!r}", "the name or number of a sequence", "Correct it.")
        steps = self.input.steps(given)
        session = self._sessions.get(str(name))
        if session is None:
            session = self._sessions[str(name)] = self._blank.fork()
        kept = {SEQUENCE: name} if SEQUENCE in given else {}
        return kept, [np.array(session.step(step)) for step in steps]

    def snapshot(self) -> States:
        """See `Live.snapshot`."""
        return {name: (session.snapshot(), None) for name, session in self._sessions.items()}

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        sessions = {}
        for name, (content, last) in states.items():
            if last is not None:
                raise wrong_state()
            sessions[name] = self._blank.fork()
            sessions[name].restore(content)
        self._sessions = sessions


def _damaged(what: str) -> DamagedError:
    return DamagedError(
        f"a stream program that {what}",
        "one as recurra exports it",
        "Restore it from a copy, or export the model again.",
    )
