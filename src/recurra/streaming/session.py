"""One live sequence."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import empty, float32

from recurra.errors import SessionError
from recurra.streaming import argument
from recurra.streaming.compiled import DONE, IN_USE, address, stream_engine, whole_number
from recurra.streaming.layer import Array
from recurra.streaming.network import Network
from recurra.streaming.snapshot import pack_session, unpack_session


class Session:
    """A sequence that goes on step by step, made by `Program.session`.

    The numbers are those of the whole sequence at once, to the bit: `run` over all of it, over chunks of any
    size, or `step` by step, alone or in a `SessionPool`. NaN in an input makes NaN of what depends on it, the
    state included, until `reset`; with int8 weights infinity does so too.

    A session is used by one thread at a time; different sessions of a program by as many as there are.
    """

    __slots__ = ("__weakref__", "_engine", "_network", "_output_size", "_packed", "_step")

    def __init__(self, packed: Any, network: Network) -> None:
        self._packed, self._network = packed, network
        self._output_size = network.output_size
        self._engine = stream_engine().StreamSession(packed)
        self._step = self._engine.step if network.vocabulary is None else self._engine.step_id

    def step(self, input: Any, out: Array | None = None) -> Array:
        """One step.

        Args:
            input: (input_size,) features, or the id of a program that takes ids. A contiguous float32 array
                is the fastest; other numbers are converted.
            out: (output_size,) float32, contiguous: where to put the output; None for a new array.

        Returns:
            (output_size,): `out`, if it was given.

        Raises:
            ShapeError: Input or `out` is something else.
            DataError: An id is out of range.
            SessionError: Another thread uses the session.
        """
        output = empty(self._output_size, float32) if out is None else out
        if self._step(input, output) == DONE:
            return output
        argument.check_output(output, (self._output_size,))
        if self._network.vocabulary is None:
            self._check(self._step(argument.inputs(self._network, input), output))
        else:
            number = whole_number(input)
            ids = argument.inputs(self._network, [input if number is None else number], 1)
            self._check(self._step(int(ids[0]), output))
        return output

    def run(self, chunk: Any) -> Array:
        """Some steps at once. Ctrl-C stops it and leaves the state as it was.

        Args:
            chunk: (time, input_size) features, or (time,) ids; there may be no steps.

        Returns:
            (time, output_size).

        Raises:
            ShapeError: The chunk is something else.
            DataError: An id is out of range.
            SessionError: Another thread uses the session.
        """
        time = np.shape(chunk)[0] if isinstance(chunk, np.ndarray) and chunk.ndim else 0
        output = empty((time, self._output_size), float32)
        if self._engine.run(chunk, output) != DONE:
            checked = argument.inputs(self._network, chunk, None)
            output = empty((len(checked), self._output_size), float32)
            self._check(self._engine.run(checked, output))
        return output

    def reset(self) -> None:
        """Back to the zero state.

        Raises:
            SessionError: Another thread uses the session.
        """
        self._check(self._engine.reset())

    def fork(self) -> "Session":
        """Another session that goes on from here.

        Raises:
            SessionError: Another thread uses the session.
        """
        twin = Session(self._packed, self._network)
        self._check(self._engine.copy(twin._engine))
        return twin

    @property
    def state(self) -> dict[str, Array]:
        """Copies of the parts of the state, by their names in `Program.state_sizes`; assign to set all."""
        row = empty(self._network.state.size, float32)
        self._check(self._engine.read_state(address(row)))
        return self._network.state.split(row)

    @state.setter
    def state(self, parts: Mapping[str, Any]) -> None:
        row = self._network.state.join(parts)
        self._check(self._engine.write_state(address(row)))

    def snapshot(self) -> bytes:
        """The state as bytes that `restore` takes, today or in another process."""
        row = empty(self._network.state.size, float32)
        self._check(self._engine.read_state(address(row)))
        return pack_session(self._network.digest, row)

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot of a session of the same program, whatever the type of its weights.

        Raises:
            DamagedError: The bytes are no snapshot of a session, or were truncated or altered.
            NewerFormatError: A newer version of recurra made them.
            ArtifactError: They are of another program.
            SessionError: Another thread uses the session.
        """
        row = unpack_session(snapshot, self._network.digest, self._network.state.size)
        self._check(self._engine.write_state(address(row)))

    def _check(self, outcome: int) -> None:
        if outcome == DONE:
            return
        if outcome == IN_USE:
            raise in_use("session")
        raise RuntimeError(f"the engine refuses what was checked (outcome {outcome})")


def in_use(what: str) -> SessionError:
    """Somebody else's thread is at work."""
    return SessionError(
        f"a {what} that another thread uses",
        "one thread at a time",
        f"Give every thread a {what} of its own; they share the weights.",
    )
