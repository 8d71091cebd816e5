"""Rows of many sessions in one product: the numbers of each alone, and one's fault is nobody else's."""

import asyncio

import numpy as np
import pytest

from recurra.errors import DataError, SessionError
from recurra.serving.batch import Batcher, QueueFullError
from recurra.streaming import GRU, Affine, Program
from recurra.streaming.pooled import PooledProgram
from recurra.tasks.predictor import Outputs


def program(kind=Program):
    random = np.random.default_rng(0)

    def weights(*shape):
        return random.normal(0, 0.3, shape).astype(np.float32)

    gru = GRU(weights(24, 2), weights(24, 8), weights(24), weights(24))
    return kind([gru, Affine(weights(3, 8))])


def told(answers):
    (answer,) = answers
    return answer.values["output"].tolist() if not isinstance(answer, DataError) else answer.got


async def taken(batcher, live, rows):
    found = []

    def taken(answers):
        found.append(told(answers))
        return True

    await batcher.take(live, rows, lambda _: None, taken)
    return found


@pytest.mark.parametrize("most", [1, 3, 64])
def test_numbers_are_those_of_each_session_alone(most):
    random = np.random.default_rng(1)
    rows = [random.normal(size=(random.integers(1, 9), 2)).tolist() for _ in range(20)]
    first = Outputs(program(PooledProgram.of_capacity(64)), "float32")
    lives = [first.fresh() for _ in rows]
    sizes = []

    async def everybody():
        batcher = Batcher(most, 0.0, 1000, watch=lambda size, _: sizes.append(size))
        return await asyncio.gather(*(taken(batcher, *one) for one in zip(lives, rows, strict=True)))

    found = asyncio.run(everybody())
    for own, sent in zip(found, rows, strict=True):
        alone = Outputs(program(), "float32")
        assert own == [told([alone.predict(row)]) for row in sent]
    assert max(sizes) == min(most, 20)


def test_a_wrong_row_is_told_and_the_others_go_on():
    first = Outputs(program(PooledProgram.of_capacity(8)), "float32")
    good, bad = first.fresh(), first.fresh()

    async def both():
        batcher = Batcher(8, 0.0, 100)
        wrong = DataError("nothing", "something", "Send it.")
        rows = [[1.0, 2.0], [1.0], wrong, [3.0, 4.0]]
        return await asyncio.gather(taken(batcher, good, [[1.0, 2.0]] * 3), taken(batcher, bad, rows))

    whole, mixed = asyncio.run(both())
    alone = Outputs(program(), "float32")
    assert [whole[0], mixed[0]] == [told([alone.predict([1.0, 2.0])])] * 2
    assert mixed[1:3] == ["1 values", "nothing"]
    assert mixed[3] == told([alone.predict([3.0, 4.0])])


def test_a_full_queue_takes_nothing():
    live = Outputs(program(PooledProgram.of_capacity(8)), "float32")

    async def fill():
        batcher = Batcher(8, 0.05, 2)
        first = asyncio.create_task(taken(batcher, live.fresh(), [[1.0, 2.0]] * 2))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await taken(batcher, live.fresh(), [[1.0, 2.0]])
        assert batcher.rows == 2
        assert len(await first) == 2
        assert batcher.rows == 0

    asyncio.run(fill())


def test_places_of_a_pool_come_back_and_run_out():
    pooled = program(PooledProgram.of_capacity(4))
    sessions = [pooled.session() for _ in range(4)]
    with pytest.raises(SessionError):
        pooled.session()
    sessions.pop()
    again = pooled.session()
    plain = program().session()
    step = np.array([0.5, -1.0], np.float32)
    assert np.array_equal(again.step(step), plain.step(step))


def test_a_pooled_session_does_all_that_a_session_does():
    pooled, plain = program(PooledProgram.of_capacity(8)).session(), program().session()
    steps = np.random.default_rng(2).normal(size=(5, 2)).astype(np.float32)
    assert np.array_equal(pooled.run(steps), plain.run(steps))
    assert pooled.snapshot() == plain.snapshot()
    twin = pooled.fork()
    out = np.empty(3, np.float32)
    assert np.array_equal(twin.step(steps[0], out), plain.fork().step(steps[0]))
    twin.restore(plain.snapshot())
    twin.state = pooled.state
    assert {name: part.tolist() for name, part in twin.state.items()} == {
        name: part.tolist() for name, part in plain.state.items()
    }
    twin.reset()
    assert np.array_equal(twin.step(steps[0]), program().session().step(steps[0]))
