"""One session: what it takes, its state, forks, and who may use it when."""

import threading

import numpy as np
import pytest
from tests.streaming.example import RECURRENT, make_program

from recurra.errors import ConfigError, DataError, SessionError, ShapeError
from recurra.streaming import Affine, Program

STEPS = np.random.default_rng(3).normal(size=(9, 3)).astype(np.float32)


@pytest.mark.parametrize("name", RECURRENT)
def test_reset_is_the_beginning(name: str) -> None:
    session = make_program([name], 3, 5).session()
    first = session.run(STEPS)
    assert session.run(STEPS).tobytes() != first.tobytes()
    session.reset()
    assert session.run(STEPS).tobytes() == first.tobytes()


@pytest.mark.parametrize("name", RECURRENT)
def test_fork_goes_on_alone(name: str) -> None:
    session = make_program([name], 3, 5).session()
    session.run(STEPS[:4])
    twin = session.fork()
    expected = session.run(STEPS[4:])
    assert twin.run(STEPS[4:]).tobytes() == expected.tobytes()
    twin.reset()
    assert session.snapshot() != twin.snapshot()


@pytest.mark.parametrize("name", RECURRENT)
def test_state_can_be_read_and_set(name: str) -> None:
    program = make_program([name, "affine", name], 3, 5)
    session, other = program.session(), program.session()
    session.run(STEPS[:4])
    state = session.state
    assert {part: array.shape for part, array in state.items()} == {
        part: (size,) for part, size in program.state_sizes.items()
    }
    assert all(array.any() for array in state.values())
    other.state = state
    assert other.run(STEPS[4:]).tobytes() == session.run(STEPS[4:]).tobytes()
    before = {part: array.copy() for part, array in session.state.items()}
    for array in session.state.values():
        array[:] = 9  # copies: the session does not see it
    assert all((session.state[part] == array).all() for part, array in before.items())


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {},
        lambda state: state | {"0.memory": state["0.hidden"]},
        lambda state: state | {"0.hidden": state["0.hidden"][:-1]},
        lambda state: state | {"0.hidden": state["0.hidden"].astype(str)},
        lambda state: state | {"0.hidden": None},
    ],
)
def test_a_wrong_state_is_refused(change: object) -> None:
    session = make_program(["lstm"], 3, 5).session()
    session.run(STEPS)
    before = session.snapshot()
    with pytest.raises(ShapeError):
        session.state = change(session.state)
    assert session.snapshot() == before


@pytest.mark.parametrize(
    "convert",
    [
        list,
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.float16).astype(np.float32)[::-1][::-1],
        lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
        lambda x: np.frombuffer(b"!" + x.tobytes(), np.float32, x.size, 1).reshape(x.shape),
        np.asfortranarray,
        lambda x: x.astype(">f4"),
    ],
)
def test_other_arrays_are_converted(convert: object) -> None:
    program = make_program(["lstm"], 3, 5)
    given = convert(STEPS)
    plain = np.array(given, np.float32)
    assert program.session().run(given).tobytes() == program.session().run(plain).tobytes()
    one = convert(STEPS[0])
    assert program.session().step(one).tobytes() == program.session().step(plain[0]).tobytes()


def test_whole_numbers_are_converted() -> None:
    program = Program([Affine(np.eye(3, dtype=np.float32))])
    assert program.session().step([1, 2, 3]).tolist() == [1, 2, 3]
    assert program.session().step(np.array([1, 2, 3], np.uint8)).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros(4, np.float32),
        np.zeros((3, 1), np.float32),
        np.zeros((), np.float32),
        np.zeros(3, np.complex64),
        np.zeros(3, bool),
        ["a", "b", "c"],
        [[1], [2, 3]],
        None,
        3.5,
        {"x": 1},
    ],
    ids=repr,
)
def test_wrong_steps_are_refused(wrong: object) -> None:
    session = make_program(["gru"], 3, 5).session()
    with pytest.raises(ShapeError, match=r"expected"):
        session.step(wrong)
    for chunk in (wrong, [wrong], np.zeros((2, 4), np.float32), np.zeros((2, 3, 1), np.float32)):
        with pytest.raises(ShapeError):
            session.run(chunk)
    assert not session.state["0.hidden"].any()


@pytest.mark.parametrize("ids", [[-1], [7], [3, 1 << 40], [0, 6, -(1 << 62)]])
def test_ids_out_of_range_are_refused(ids: list[int]) -> None:
    session = make_program(["gru"], 3, 5, vocabulary=7).session()
    with pytest.raises(DataError, match="0 to 6"):
        session.run(ids)
    with pytest.raises(DataError, match="0 to 6"):
        session.step(ids[-1])
    assert not session.state["1.hidden"].any()


def test_ids_come_in_any_whole_type() -> None:
    program = make_program(["gru"], 3, 5, vocabulary=7)
    whole = program.session().run(np.array([3, 1, 6]))
    for chunk in ([3, 1, 6], np.array([3, 1, 6], np.uint8), np.array([3, 0, 1, 0, 6], np.int32)[::2]):
        assert program.session().run(chunk).tobytes() == whole.tobytes()
    session = program.session()
    for number, step in enumerate([3, np.int64(1), np.array(6, np.int16)]):
        assert session.step(step).tobytes() == whole[number].tobytes()
    assert program.session().run([]).shape == (0, 5)
    for wrong in (1.0, "1", None, [1], np.array([1]), np.array([1.0]), 1 << 70):
        with pytest.raises((ShapeError, DataError)):
            session.step(wrong)
    with pytest.raises(ShapeError):
        session.run(np.array([1.0]))


def test_output_goes_where_it_is_told() -> None:
    program = make_program(["lstm"], 3, 5)
    out = np.full(5, np.nan, np.float32)
    session = program.session()
    assert session.step(STEPS[0], out=out) is out
    assert out.tobytes() == program.session().step(STEPS[0]).tobytes()
    frozen = np.zeros(5, np.float32)
    frozen.flags.writeable = False
    before = session.snapshot()
    for wrong in (np.zeros(4, np.float32), np.zeros(10, np.float32)[::2], np.zeros(5), frozen, [0.0] * 5):
        with pytest.raises(ShapeError, match="out of"):
            session.step(STEPS[0], out=wrong)
    assert session.snapshot() == before


def test_input_may_be_the_output() -> None:
    program = make_program(["lstm"], 5, 5)
    x = np.linspace(-1, 1, 5, dtype=np.float32)
    expected = program.session().step(x)
    assert program.session().step(x, out=x).tobytes() == expected.tobytes()


def test_numbers_beyond_float32_are_infinite() -> None:
    program = Program([Affine(np.eye(2, dtype=np.float32))])
    assert program.session().step([1e300, 1.0]).tolist()[0] == np.inf


def test_unknown_weights_are_refused() -> None:
    program = make_program(["gru"], 3, 5)
    for make in (program.session, lambda name: program.pool(2, name)):
        with pytest.raises(ConfigError, match="bfloat16"):
            make("float16")


def test_weights_are_packed_once() -> None:
    program = make_program(["gru"], 3, 5)
    sessions = [program.session() for _ in range(3)]
    assert len({id(session._packed) for session in sessions}) == 1
    assert program.session("int8")._packed is not sessions[0]._packed


def test_a_session_in_use_is_refused() -> None:
    """A long run gives up Python's lock; meanwhile nobody else gets at its session, and others go on."""
    program = make_program(["lstm"], 64, 128)
    session, other = program.session(), program.session()
    chunk = np.zeros((6000, 64), np.float32)
    refused, free = threading.Event(), 0
    runner = threading.Thread(target=session.run, args=(chunk,))
    runner.start()
    while runner.is_alive():
        try:
            session.step(chunk[0])
        except SessionError:
            refused.set()
        other.step(chunk[0])
        free += 1
    runner.join()
    assert refused.is_set()
    assert free > 1
    session.step(chunk[0])
