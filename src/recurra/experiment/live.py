"""What live classifiers and taggers share: a session for each sequence, fed by the input's live form.

A row may name its sequence (`sequence_id`), begin it anew (`sequence_start`) and end it (`sequence_end`);
what comes after begins a new one.

Nothing here imports torch.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from recurra.errors import ArtifactError, DamagedError, DataError
from recurra.inputs import registry
from recurra.streaming import Live, Program, Session
from recurra.streaming.live import ONLY, Memory, States, Step, Stepping, is_names, values_of, wrong_state

SEQUENCE, START, END = "sequence_id", "sequence_start", "sequence_end"
FRONT = "front."
"""Before the names of a program's arrays that are weights of what stands before its first layer."""
_YES, _NO = (True, "true", "yes", "1"), (None, False, "", "false", "no", "0")

Outputs = list[np.ndarray[Any, np.dtype[np.float32]] | None]


class _Open(NamedTuple):
    """A sequence that goes on.

    Attributes:
        session: Its own.
        begun: Its steps, of which no more than the delay count.
        kept: What the input keeps of it.
    """

    session: Session
    begun: int
    kept: bytes


class LiveSequences(Live):
    """Steps many sequences at once, each in a session of its own; a row names its sequence, or none.

    Args:
        program: What a task's `program` made.
        weights: "float32", "bfloat16" or "int8".
        names: The key of the metadata that lists the names of the program's outputs.
        delay: By how many steps an output comes later than what it is of.

    Raises:
        DamagedError: What the program says of itself does not fit its layers.
    """

    def __init__(self, program: Program, weights: str, names: str, delay: int = 0) -> None:
        about = program.metadata
        labels = about.get(names)
        if not isinstance(about.get("input"), str) or not isinstance(about.get("encoding"), Mapping):
            raise damaged_program("says nothing of its input")
        if not isinstance(labels, list) or (labels and not is_names(labels)):
            raise damaged_program(f"says {names}={labels!r}")
        if labels and len(labels) != program.output_size:
            raise damaged_program(f"has {program.output_size} outputs for {len(labels)} names")
        self.program, self.digest, self.labels = program, program.digest, labels
        own = {
            name.removeprefix(FRONT): one for name, one in program.arrays.items() if name.startswith(FRONT)
        }
        self.input = registry.live(about["input"]).from_dict(about["encoding"]).with_weights(own)
        self._blank = program.session(weights)
        self._delay = delay
        self._open: dict[str, _Open] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the input."""
        return self.input.columns

    def outputs(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[tuple[dict[str, Any], Outputs]]:
        """What is repeated of a row, and what the program gives after each of its steps.

        Last come the outputs after the steps that would follow if the sequence ended with this row, where its
        input looks ahead; nothing goes on from these.

        Where outputs are delayed, those after a sequence's first steps are of none, and None. The row that
        ends the sequence gets those that are still missing, and needs no step of its own.

        Raises:
            DataError: The row is none that the input takes.
        """
        given = row if isinstance(row, Mapping) else values_of(row, self.columns)
        name = given.get(SEQUENCE, ONLY)
        if not isinstance(name, str | int):
            raise DataError(f"{SEQUENCE} holds {name!r}", "the name or number of a sequence", "Correct it.")
        ends, goes_on = is_true(given, END), not is_true(given, START)
        before = self._open.get(str(name)) if goes_on else None
        session, begun, kept = before or _Open(self._blank.fork(), 0, b"")
        steps: list[Any] = []
        if not (ends and self._delay and _holds_no_step(given)):
            read, kept = self.input.follow(given, kept)
            steps += read
        if ends:
            steps += [self._nothing()] * self._delay
        outputs: Outputs = []
        for step in steps:
            outputs.append((yield Step(session, step)))
        outputs[: self._delay - begun] = [None] * min(self._delay - begun, len(outputs))
        self._open[str(name)] = _Open(session, min(begun + len(outputs), self._delay), kept)
        if ends:
            del self._open[str(name)]
        ahead = self.input.ahead(kept)
        if ahead:
            twin = session.fork()
            for step in ahead:
                outputs.append((yield Step(twin, step)))
        return {SEQUENCE: name} if SEQUENCE in given else {}, outputs

    def _nothing(self) -> Any:
        """The step that stands behind the end of a sequence, as in training."""
        return 0 if self.program.takes_ids else np.zeros(self.program.input_size, np.float32)

    @property
    def names(self) -> Collection[str]:
        """See `Live.names`."""
        return self._open

    def snapshot(self) -> States:
        """See `Live.snapshot`."""
        return {
            name: Memory(session.snapshot(), float(begun) if self._delay else None, beside=kept)
            for name, (session, begun, kept) in self._open.items()
        }

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        found = {}
        for name, (content, last, marks, beside) in states.items():
            if (last is None) == bool(self._delay) or marks or bool(beside) != self.input.keeps:
                raise wrong_state()
            if last is not None and last not in range(self._delay + 1):
                raise ArtifactError(
                    f"a state after {last} steps", f"0 to {self._delay}", "Begin anew, without the file."
                )
            session = self._blank.fork()
            session.restore(content)
            found[name] = _Open(session, int(last or 0), beside)
        self._open = found


def is_true(row: Mapping[str, Any], name: str) -> bool:
    """Whether a row says so: that it is the first one of its sequence (`START`), or the last one (`END`).

    Raises:
        DataError: It says neither yes nor no.
    """
    given = row.get(name)
    if given in _YES or given in _NO:
        return given in _YES
    raise DataError(f"{name} holds {given!r}", "true or false", "Correct it.")


def _holds_no_step(row: Mapping[str, Any]) -> bool:
    """Whether a row says nothing but which sequence ends."""
    return all(value in (None, "") for name, value in row.items() if name not in (SEQUENCE, START, END))


def damaged_program(what: str) -> DamagedError:
    """The error for a program that is none as we export it."""
    return DamagedError(
        f"a stream program that {what}",
        "one as recurra exports it",
        "Restore it from a copy, or export the model again.",
    )
