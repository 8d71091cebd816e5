"""Many live sequences in one store."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.errors import ArtifactError, ConfigError, DamagedError, OutOfMemoryError, SessionError
from recurra.streaming import argument
from recurra.streaming.compiled import DONE, IN_USE, OUT_OF_RANGE, address, stream_engine, whole_number
from recurra.streaming.layer import Array
from recurra.streaming.network import Network
from recurra.streaming.session import in_use
from recurra.streaming.snapshot import Ids, PoolContents, pack_pool, unpack_pool

MOST_THREADS = 1024
LAST_SERIAL = 1 << 42
"""Where the ids of a snapshot may go on at the latest: half of all that there are."""


class SessionPool:
    """Sessions that step together, in one contiguous store; made by `Program.pool`.

    An id is a whole number that is given once and never again, so that a client who still holds the id of a
    session that is gone meets an error and no other client's state. A place is cleared when its session goes
    and when the next one comes. The numbers are those of each session alone, to the bit.

    A pool is used by one thread at a time.

    Attributes:
        capacity: How many sessions there can be.
    """

    def __init__(self, packed: Any, network: Network, capacity: int, threads: int | None) -> None:
        most = stream_engine().MOST_SESSIONS
        if (whole_number(capacity) or 0) not in range(1, most + 1):
            raise ConfigError(f"capacity={capacity!r}", f"1 to {most}", "Use several pools for more.")
        if threads is None:
            threads = (
                len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            )
        if (whole_number(threads) or 0) not in range(1, MOST_THREADS + 1):
            raise ConfigError(f"threads={threads!r}", f"1 to {MOST_THREADS}", "Give None for all processors.")
        self.capacity = int(capacity)
        self._network = network
        try:
            self._engine = stream_engine().StreamPool(packed, self.capacity, int(threads))
        except MemoryError as error:
            raise OutOfMemoryError(
                f"a pool of {capacity} sessions of {network.state.size} numbers each",
                "one that fits into memory",
                "Lower the capacity.",
            ) from error

    def __len__(self) -> int:
        """How many sessions there are."""
        return int(self._engine.count)

    def __contains__(self, session: object) -> bool:
        """Whether an id is a session of this pool."""
        number = whole_number(session)
        return number is not None and abs(number) < 1 << 63 and bool(self._engine.has(number))

    @property
    def ids(self) -> Ids:
        """The ids of all sessions, (count,)."""
        return np.array(self._engine.ids(), np.int64)

    def create(self, count: int = 1) -> Ids:
        """New sessions, of zero state.

        Returns:
            Their ids, (count,).

        Raises:
            ConfigError: The count is no whole number.
            SessionError: There is no room for so many, or another thread uses the pool.
        """
        number = whole_number(count)
        if number is None or number < 0:
            raise ConfigError(f"{count!r} new sessions", "a whole number, not negative", "Change the count.")
        if number > self.capacity - len(self):
            raise self._full(number)
        ids = np.empty(number, np.int64)
        if self._check_use(self._engine.create(address(ids), number)) == OUT_OF_RANGE:
            raise self._full(number)
        return ids

    def evict(self, ids: Any) -> None:
        """End sessions and clear their states.

        Args:
            ids: (count,), each at most once.

        Raises:
            SessionError: An id is unknown, evicted or stands twice, or another thread uses the pool.
        """
        who = argument.ids(ids, (None,))
        self._check(self._engine.evict(address(who), len(who)), who)

    def reset(self, ids: Any) -> None:
        """Back to the zero state; arguments and errors as of `evict`."""
        who = argument.ids(ids, (None,))
        self._check(self._engine.reset(address(who), len(who)), who)

    def fork(self, id: int) -> int:
        """Another session that goes on from where one is.

        Returns:
            Its id.

        Raises:
            SessionError: The id is unknown or evicted, there is no room, or another thread uses the pool.
        """
        twin = np.empty(1, np.int64)
        (one,) = argument.ids([id], (1,))
        if self._check_use(self._engine.fork(int(one), address(twin))) == OUT_OF_RANGE:
            raise self._full(1) if one in self else _unknown(int(one))
        return int(twin[0])

    def step(self, ids: Any, inputs: Any, out: Array | None = None) -> Array:
        """One step of some sessions, in one product.

        Args:
            ids: (count,), in any order, each at most once. An int64 array is the fastest.
            inputs: (count, input_size) features, or (count,) ids of the embedding: of each session in turn.
            out: (count, output_size) float32, contiguous: where to put the outputs; None for a new array.

        Returns:
            (count, output_size): `out`, if it was given.

        Raises:
            SessionError: An id is unknown, evicted or stands twice, or another thread uses the pool; no
                session went on.
            ShapeError: An array is something else.
            DataError: An id of the embedding is out of range.
        """
        try:
            count = len(ids)
        except TypeError:
            ids = argument.ids(ids, (None,))
            count = len(ids)
        output = np.empty((count, self._network.output_size), np.float32) if out is None else out
        if self._engine.step(ids, inputs, output) == DONE:
            return output
        who = argument.ids(ids, (None,))
        argument.check_output(output, (len(who), self._network.output_size))
        checked = argument.inputs(self._network, inputs, len(who))
        self._check(self._engine.step(who, checked, output), who)
        return output

    def state(self, ids: Any) -> dict[str, Array]:
        """Copies of the parts of the states: (count, size of the part) each.

        Raises:
            SessionError: An id is unknown, evicted or stands twice, or another thread uses the pool.
        """
        return self._network.state.split(self._states(argument.ids(ids, (None,))))

    def set_state(self, ids: Any, parts: Mapping[str, Any]) -> None:
        """Set all parts of the states.

        Args:
            ids: (count,).
            parts: (count, size of the part) each, as `state` gives them.

        Raises:
            ShapeError: A part is missing, unknown, of a wrong shape, or does not consist of numbers.
            SessionError: An id is unknown, evicted or stands twice, or another thread uses the pool.
        """
        who = argument.ids(ids, (None,))
        rows = self._network.state.join(parts, len(who))
        self._check(self._engine.write_states(address(who), len(who), address(rows)), who)

    def snapshot_all(self) -> bytes:
        """All sessions with their ids, as bytes that `restore_all` takes, today or in another process.

        Raises:
            SessionError: Another thread uses the pool.
        """
        who = self.ids
        return pack_pool(self._network.digest, PoolContents(who, self._states(who), self._engine.serial))

    def restore_all(self, snapshot: bytes) -> None:
        """Put the sessions of a snapshot in place of all that there are; their ids hold again.

        Raises:
            DamagedError: The bytes are no snapshot of a pool, or were truncated or altered.
            NewerFormatError: A newer version of recurra made them.
            ArtifactError: They are of another program, or of a pool with more places.
            SessionError: Another thread uses the pool.
        """
        who, states, serial = unpack_pool(snapshot, self._network.digest, self._network.state.size)
        rows = np.ascontiguousarray(states)
        if serial > LAST_SERIAL:
            raise DamagedError(
                f"a snapshot of a pool that gave {serial} ids",
                f"at most {LAST_SERIAL}",
                "Take a new snapshot.",
            )
        outcome = self._check_use(self._engine.replace_all(address(who), len(who), serial, address(rows)))
        if outcome == OUT_OF_RANGE:
            raise ArtifactError(
                f"a snapshot whose sessions have no place in a pool of {self.capacity}",
                "a capacity of at least that of the pool it was taken from",
                "Make a larger pool.",
            )

    def _states(self, who: Ids) -> Array:
        rows = np.empty((len(who), self._network.state.size), np.float32)
        self._check(self._engine.read_states(address(who), len(who), address(rows)), who)
        return rows

    def _check_use(self, outcome: int) -> int:
        if outcome == IN_USE:
            raise in_use("pool")
        return outcome

    def _check(self, outcome: int, who: Ids) -> None:
        if self._check_use(outcome) == DONE:
            return
        position = self._engine.first_wrong(address(who), len(who))
        if position < 0:
            raise RuntimeError(f"the engine refuses what was checked (outcome {outcome})")
        wrong = int(who[position])
        if wrong in self:
            raise SessionError(
                f"session {wrong} twice", "each session once", "A session takes one step a call."
            )
        raise _unknown(wrong)

    def _full(self, count: int) -> SessionError:
        if count <= self.capacity - len(self):
            return SessionError(
                f"{count} new sessions after {self._engine.serial} others",
                "ids of 63 bits, each given once",
                "Make a new pool.",
            )
        return SessionError(
            f"{count} new sessions beside {len(self)}",
            f"at most {self.capacity} in all",
            "Evict some, or make a larger pool.",
        )


def _unknown(session: int) -> SessionError:
    return SessionError(
        f"session {session}, which is unknown or was evicted", "an id that `create` gave", "Create a session."
    )
