"""Snapshots: what they restore, and that nothing else passes for one."""

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.streaming.example import make_program

from recurra.errors import ArtifactError, DamagedError, NewerFormatError
from recurra.native import engine, instruction_sets
from recurra.streaming import WEIGHTS, Program

PROGRAM = make_program(["lstm", "layer_norm_lstm"], 3, 5)
STEPS = np.random.default_rng(3).normal(size=(9, 3)).astype(np.float32)


def session_snapshot() -> bytes:
    session = PROGRAM.session()
    session.run(STEPS)
    return session.snapshot()


def pool_snapshot() -> bytes:
    pool = PROGRAM.pool(4)
    pool.step(pool.create(3), STEPS[:3])
    return pool.snapshot_all()


def resealed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


@pytest.mark.parametrize("weights", WEIGHTS)
def test_restored_goes_on_to_the_bit(weights: str) -> None:
    session = PROGRAM.session(weights)
    session.run(STEPS[:4])
    snapshot = session.snapshot()
    expected = session.run(STEPS[4:])
    for other in (session, PROGRAM.session(weights)):
        other.restore(snapshot)
        assert other.run(STEPS[4:]).tobytes() == expected.tobytes()


def test_any_instruction_set_restores_it() -> None:
    snapshots = []
    for name in instruction_sets():
        engine().choose_instruction_set(name)
        session = PROGRAM.session()
        session.restore(session_snapshot())
        snapshots.append(session.state)
    for part, array in snapshots[0].items():
        assert all(np.allclose(other[part], array, atol=1e-6) for other in snapshots)


def test_nan_is_a_state_too() -> None:
    session = PROGRAM.session()
    session.step([np.nan] * 3)
    snapshot = session.snapshot()
    other = PROGRAM.session()
    other.restore(snapshot)
    assert other.snapshot() == snapshot


def test_pool_in_another_pool() -> None:
    pool, other = PROGRAM.pool(4), PROGRAM.pool(6)
    ids = pool.create(4)
    pool.evict(ids[1:2])
    who = ids[[0, 2, 3]]
    pool.step(who, STEPS[:3])
    other.create(5)
    other.restore_all(pool.snapshot_all())
    assert other.step(who, STEPS[3:6]).tobytes() == pool.step(who, STEPS[3:6]).tobytes()
    assert not np.isin(other.create(3), ids).any()  # not even the evicted one


def test_a_pool_that_is_too_small_is_told() -> None:
    snapshot = pool_snapshot()
    small = PROGRAM.pool(2)
    ids = small.create(2)
    with pytest.raises(ArtifactError, match="larger pool"):
        small.restore_all(snapshot)
    assert ids.tolist() == small.ids.tolist()


def test_another_program_is_told() -> None:
    other = make_program(["lstm", "layer_norm_lstm"], 3, 5, seed=1)
    with pytest.raises(ArtifactError, match="another program"):
        other.session().restore(session_snapshot())
    with pytest.raises(ArtifactError, match="another program"):
        other.pool(4).restore_all(pool_snapshot())


def test_metadata_do_not_make_another_program() -> None:
    Program(PROGRAM.layers, {"note": "renamed"}).session().restore(session_snapshot())


def test_newer_formats_are_told() -> None:
    body = bytearray(session_snapshot()[:-32])
    body[8:12] = struct.pack("<I", 2)
    with pytest.raises(NewerFormatError, match="Upgrade"):
        PROGRAM.session().restore(resealed(bytes(body)))


@pytest.mark.parametrize("nothing", [b"", b"recurra\n", bytes(200), "text", None, 5])
def test_what_is_no_snapshot_is_told(nothing: object) -> None:
    with pytest.raises(DamagedError):
        PROGRAM.session().restore(nothing)
    with pytest.raises(DamagedError):
        PROGRAM.pool(2).restore_all(nothing)


def test_one_kind_is_not_the_other() -> None:
    with pytest.raises(DamagedError, match="of a session"):
        PROGRAM.session().restore(pool_snapshot())
    with pytest.raises(DamagedError, match="of a pool"):
        PROGRAM.pool(4).restore_all(session_snapshot())


@settings(max_examples=150, deadline=None)
@given(
    st.booleans(),
    st.booleans(),
    st.integers(0, 10**6),
    st.integers(1, 255),
    st.sampled_from(["flip", "cut", "add"]),
)
def test_damage_never_passes(of_pool: bool, sealed: bool, place: int, change: int, kind: str) -> None:
    """Whatever is flipped, cut off or added: one of our errors, and the state as it was."""
    whole = pool_snapshot() if of_pool else session_snapshot()
    body = bytearray(whole[:-32] if sealed else whole)
    place %= len(body)
    if kind == "flip":
        body[place] ^= change
    elif kind == "cut":
        del body[place:]
    else:
        body[place:place] = bytes([change])
    damaged = resealed(bytes(body)) if sealed else bytes(body)
    owner = PROGRAM.pool(4) if of_pool else PROGRAM.session()
    take, restore = (owner.snapshot_all, owner.restore_all) if of_pool else (owner.snapshot, owner.restore)
    before = take()
    try:
        restore(damaged)
    except ArtifactError:
        assert take() == before
    else:  # only the numbers of a state, or ids, may have changed
        assert sealed
        assert kind == "flip"
        assert len(take()) >= len(before)
