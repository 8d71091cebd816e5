"""Many sessions in one store: ids, errors that change nothing, and no state of one in another."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.streaming.example import make_program

from recurra.errors import ConfigError, DamagedError, OutOfMemoryError, SessionError, ShapeError
from recurra.streaming import Session, SessionPool
from recurra.streaming.compiled import DONE, address
from recurra.streaming.snapshot import PoolContents, pack_pool

PROGRAM = make_program(["lstm", "gru"], 3, 5)


def random_steps(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)


class PoolMachine(RuleBasedStateMachine):
    """Any order of create, step, fork, reset, evict and restore: the pool does what single sessions do."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: SessionPool = PROGRAM.pool(4, threads=1)
        self.models: dict[int, Session] = {}
        self.gone: set[int] = set()
        self.saved: tuple[bytes, dict[int, Session]] = (self.pool.snapshot_all(), {})

    @rule(count=st.integers(0, 3))
    def create(self, count: int) -> None:
        if count > 4 - len(self.models):
            with pytest.raises(SessionError, match="at most 4"):
                self.pool.create(count)
            return
        for session in self.pool.create(count):
            assert session not in self.gone
            assert session not in self.models
            self.models[int(session)] = PROGRAM.session()

    @rule(seed=st.integers(0, 99), part=st.integers(1, 4))
    def step(self, seed: int, part: int) -> None:
        ids = list(self.models)[:part][::-1]
        inputs = random_steps(len(ids), seed)
        outputs = self.pool.step(np.array(ids, np.int64), inputs)
        for session, step, output in zip(ids, inputs, outputs, strict=True):
            assert output.tobytes() == self.models[session].step(step).tobytes()

    @rule(number=st.integers(0, 3))
    def fork(self, number: int) -> None:
        if number < len(self.models) < 4:
            original = list(self.models)[number]
            twin = self.pool.fork(original)
            assert twin not in self.gone
            self.models[twin] = self.models[original].fork()

    @rule(number=st.integers(0, 3))
    def reset(self, number: int) -> None:
        if number < len(self.models):
            session = list(self.models)[number]
            self.pool.reset([session])
            self.models[session].reset()

    @rule(number=st.integers(0, 3))
    def evict(self, number: int) -> None:
        if number < len(self.models):
            session = list(self.models)[number]
            self.pool.evict([session])
            del self.models[session]
            self.gone.add(session)

    @rule()
    def save(self) -> None:
        self.saved = (self.pool.snapshot_all(), {name: model.fork() for name, model in self.models.items()})

    @rule()
    def restore(self) -> None:
        self.pool.restore_all(self.saved[0])
        self.gone |= self.models.keys()
        self.models = {name: model.fork() for name, model in self.saved[1].items()}
        self.gone -= self.models.keys()

    @invariant()
    def has_the_same_sessions(self) -> None:
        assert sorted(self.pool.ids.tolist()) == sorted(self.models)
        assert len(self.pool) == len(self.models)
        assert all(session in self.pool for session in self.models)
        assert not any(session in self.pool for session in self.gone)
        states = self.pool.state(list(self.models))
        for row, model in enumerate(self.models.values()):
            for part, array in model.state.items():
                assert states[part][row].tobytes() == array.tobytes()


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


@pytest.fixture
def pool() -> SessionPool:
    return PROGRAM.pool(5)


def test_an_error_changes_nothing(pool: SessionPool) -> None:
    ids = pool.create(4)
    pool.step(ids, random_steps(4))
    pool.evict(ids[3:])
    before = pool.snapshot_all()
    for wrong, message in (
        ([ids[0], ids[3]], "evicted"),
        ([ids[0], ids[1], ids[0]], "twice"),
        ([ids[0], -1], "unknown"),
        ([ids[0], 1 << 62], "unknown"),
    ):
        for action in (
            lambda who: pool.step(who, random_steps(len(who))),
            pool.reset,
            pool.evict,
            pool.state,
            lambda who: pool.set_state(
                who, {part: np.ones((len(who), size)) for part, size in PROGRAM.state_sizes.items()}
            ),
        ):
            with pytest.raises(SessionError, match=message):
                action(np.array(wrong))
            assert pool.snapshot_all() == before
    with pytest.raises(SessionError, match="evicted"):
        pool.fork(int(ids[3]))
    with pytest.raises(SessionError, match="at most 5"):
        pool.create(3)
    pool.create(2)
    with pytest.raises(SessionError, match="at most 5"):
        pool.fork(int(ids[0]))


def test_a_new_session_sees_nothing_of_an_old_one(pool: SessionPool) -> None:
    first = random_steps(5)
    fresh = pool.step(pool.create(5), first)
    for _ in range(3):
        pool.evict(pool.ids)
        ids = pool.create(5)
        assert not any(array.any() for array in pool.state(ids).values())
        order = np.argsort(ids & 0xFFFFF)  # places are given in any order
        assert pool.step(ids[order], first).tobytes() == fresh.tobytes()


def test_ids_and_inputs_come_in_any_kind(pool: SessionPool) -> None:
    ids, other = pool.create(2), PROGRAM.pool(2)
    inputs = random_steps(2)
    expected = other.step(other.create(2), inputs)
    for who, given in (
        (ids.tolist(), inputs.tolist()),
        (tuple(ids), inputs.astype(np.float64)),
        (ids.astype(np.uint64), np.asfortranarray(inputs)),
    ):
        pool.reset(ids)
        assert pool.step(who, given).tobytes() == expected.tobytes()
    out = np.empty((2, 5), np.float32)
    pool.reset(ids)
    assert pool.step(ids, inputs, out=out) is out
    assert out.tobytes() == expected.tobytes()
    assert pool.step([], np.empty((0, 3))).shape == (0, 5)


def test_wrong_arrays_are_refused(pool: SessionPool) -> None:
    ids = pool.create(2)
    for who, inputs in (
        (ids, random_steps(3)),
        (ids, random_steps(2)[:, :2]),
        (ids.astype(np.float64), random_steps(2)),
        (ids[None], random_steps(2)),
        (int(ids[0]), random_steps(1)),
        (ids[0], random_steps(1)),
        (np.array(ids[0]), random_steps(1)),
        (None, random_steps(2)),
        ("ab", random_steps(2)),
        (iter(ids), random_steps(2)),
        (set(ids.tolist()), random_steps(2)),
        (ids, None),
        (ids, [["a", "b", "c"]] * 2),
    ):
        with pytest.raises(ShapeError):
            pool.step(who, inputs)
    for out in (np.empty((3, 5), np.float32), np.empty((2, 5)), np.empty((5, 2), np.float32).T):
        with pytest.raises(ShapeError, match="out of"):
            pool.step(ids, random_steps(2), out=out)


def test_output_over_the_input_is_the_same() -> None:
    program = make_program(["gru"], 5, 5)
    inputs = np.random.default_rng(0).normal(size=(101, 5)).astype(np.float32)
    pool = program.pool(101)
    expected = pool.step(pool.create(101), inputs)
    pool.reset(pool.ids)
    store = np.empty((102, 5), np.float32)
    store[1:] = inputs
    assert pool.step(pool.ids, store[1:], out=store[:-1]).tobytes() == expected.tobytes()


@pytest.mark.parametrize("capacity", [0, -1, (1 << 20) + 1, 2.5, "9", None])
def test_capacity_is_checked(capacity: object) -> None:
    with pytest.raises(ConfigError, match="capacity"):
        PROGRAM.pool(capacity)


@pytest.mark.parametrize("threads", [0, -1, 1025, 1.5])
def test_threads_are_checked(threads: object) -> None:
    with pytest.raises(ConfigError, match="threads"):
        PROGRAM.pool(3, threads=threads)


@pytest.mark.parametrize("count", [-1, 1.5, "1", None])
def test_count_is_checked(pool: SessionPool, count: object) -> None:
    with pytest.raises(ConfigError):
        pool.create(count)


def test_a_store_beyond_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    from recurra.streaming import pool as module  # noqa: PLC0415

    class Engine:
        MOST_SESSIONS = 10
        StreamPool = refuse

    program = make_program(["gru"], 3, 5)
    program.session()
    monkeypatch.setattr(module, "stream_engine", lambda: Engine)
    with pytest.raises(OutOfMemoryError, match="Lower the capacity"):
        program.pool(4)


def test_membership_takes_anything(pool: SessionPool) -> None:
    pool.create(1)
    for nothing in (None, "0", 0.5, -1, 1 << 80, 7):
        assert nothing not in pool
    assert pool.ids[0] in pool
    assert int(pool.ids[0]) in pool


def with_serial(pool: SessionPool, serial: int) -> bytes:
    """A snapshot of a pool as if it had given so many ids."""
    digest, who = PROGRAM.digest, pool.ids
    states = np.concatenate(list(pool.state(who).values()), axis=1)
    return pack_pool(digest, PoolContents(who, states, serial))


def test_ids_end_before_they_are_negative(pool: SessionPool) -> None:
    pool.create(2)
    with pytest.raises(DamagedError, match="a pool that gave 8796093022207 ids"):
        pool.restore_all(with_serial(pool, (1 << 43) - 1))
    with pytest.raises(DamagedError, match="at most"):
        pool.restore_all(with_serial(pool, (1 << 42) + 1))
    pool.restore_all(with_serial(pool, 1 << 42))
    assert (pool.create(2) > 0).all()
    nothing = np.empty(0, np.int64)
    assert pool._engine.replace_all(address(nothing), 0, (1 << 43) - 1, address(nothing)) == DONE
    with pytest.raises(SessionError, match="Make a new pool"):
        pool.create(2)
    assert len(pool) == 0
    (last,) = pool.create(1)
    assert last > 0
    assert last in pool
    with pytest.raises(SessionError, match="Make a new pool"):
        pool.fork(int(last))
    assert pool.ids.tolist() == [last]
