"""Sessions that look like any other and live in one pool, so that their steps can be taken together."""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from recurra.streaming.layer import Array
from recurra.streaming.network import Network
from recurra.streaming.pool import SessionPool
from recurra.streaming.program import Program
from recurra.streaming.session import Session
from recurra.streaming.snapshot import pack_session, unpack_session


class Places:
    """The places of a pool, given to sessions and taken back when nobody holds these any more.

    Args:
        pool: Theirs.
        network: What they run.
    """

    def __init__(self, pool: SessionPool, network: Network) -> None:
        self.pool, self.network = pool, network
        self._left: deque[int] = deque()

    def new(self) -> int:
        """A place of zero state.

        Raises:
            SessionError: There is no room.
        """
        self._clear()
        return int(self.pool.create()[0])

    def fork(self, place: int) -> int:
        """A place that goes on from another; errors as of `new`."""
        self._clear()
        return self.pool.fork(place)

    def leave(self, place: int) -> None:
        """Say that a place is free; a queue takes it, since garbage is collected in whatever thread."""
        self._left.append(place)

    def _clear(self) -> None:
        while self._left:
            self.pool.evict([self._left.popleft()])


class PooledSession(Session):
    """A session in a pool; its snapshots are those of any session of the program.

    All sessions of a pool are used by one thread at a time.

    Attributes:
        place: Its id in the pool.
    """

    __slots__ = ("_places", "place")

    def __init__(self, places: Places, place: int) -> None:
        self._places, self.place = places, place

    def step(self, input: Any, out: Array | None = None) -> Array:
        """See `Session.step`."""
        result: Array = self._places.pool.step([self.place], [input])[0]
        if out is None:
            return result
        out[:] = result
        return out

    def run(self, chunk: Any) -> Array:
        """See `Session.run`."""
        outputs = [self.step(one) for one in chunk]
        return np.array(outputs, np.float32).reshape(len(outputs), self._places.network.output_size)

    def reset(self) -> None:
        """See `Session.reset`."""
        self._places.pool.reset([self.place])

    def fork(self) -> "PooledSession":
        """See `Session.fork`."""
        return PooledSession(self._places, self._places.fork(self.place))

    @property
    def state(self) -> dict[str, Array]:
        """See `Session.state`."""
        return {name: part[0] for name, part in self._places.pool.state([self.place]).items()}

    @state.setter
    def state(self, parts: Mapping[str, Any]) -> None:
        rows = {name: np.asarray(part)[None] for name, part in parts.items()}
        self._places.pool.set_state([self.place], rows)

    def snapshot(self) -> bytes:
        """See `Session.snapshot`."""
        network = self._places.network
        return pack_session(network.digest, network.state.join(self.state))

    def restore(self, snapshot: bytes) -> None:
        """See `Session.restore`."""
        network = self._places.network
        self.state = network.state.split(unpack_session(snapshot, network.digest, network.state.size))

    def __del__(self) -> None:
        self._places.leave(self.place)


class PooledProgram(Program):
    """A program whose sessions live in one pool for each type of weights.

    Attributes:
        capacity: How many sessions a pool takes; as `threads`, set on the class by `of_capacity`.
        threads: As of `Program.pool`.
    """

    capacity: ClassVar[int] = 1024
    threads: ClassVar[int | None] = 1

    def __init__(
        self, layers: Sequence[Any], metadata: Mapping[str, Any] | None = None, arrays: Any = None
    ) -> None:
        super().__init__(layers, metadata, arrays)
        self._pools: dict[str, Places] = {}
        self._making = threading.Lock()

    @classmethod
    def of_capacity(cls, capacity: int, threads: int | None = 1) -> type["PooledProgram"]:
        """The class of programs whose pools take so many sessions, and step with so many threads."""
        return type(cls.__name__, (cls,), {"capacity": capacity, "threads": threads})

    def session(self, weights: str = "float32") -> Session:
        """See `Program.session`.

        Raises:
            SessionError: The pool is full.
        """
        with self._making:
            if weights not in self._pools:
                self._pools[weights] = Places(self.pool(self.capacity, weights, self.threads), self._network)
        places = self._pools[weights]
        return PooledSession(places, places.new())


def step_together(sessions: Sequence[Session], inputs: Sequence[Any]) -> Sequence[Array]:
    """A step of each of some sessions, which are all of one program, in one product where they share a pool.

    Raises:
        ShapeError: An input is none of the program.
        DataError: An id of the embedding is out of range.
    """
    first = sessions[0]
    if not isinstance(first, PooledSession) or len(sessions) == 1:
        return [session.step(one) for session, one in zip(sessions, inputs, strict=True)]
    pool = first._places.pool
    ids = np.array([session.place for session in sessions], np.int64)  # type: ignore[attr-defined]
    return list(pool.step(ids, np.array(inputs)))
