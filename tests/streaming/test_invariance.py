"""Whole = chunks = steps = any batch = any company in it, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.streaming.example import LAYERS, OTHERS, RECURRENT, make_program

from recurra.native import engine, instruction_sets
from recurra.streaming import WEIGHTS, Program

names = st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=3)
sizes = st.integers(1, 70)


# The test makes a program of it: checking types draws from Python's random numbers, which a strategy may not.
drafts = st.tuples(names, sizes, sizes, st.integers(0, 99), st.sampled_from([0, 0, 11]))
Draft = tuple[list[str], int, int, int, int]


def steps_for(program: Program, count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    if program.vocabulary is not None:
        return random.integers(0, program.vocabulary, count)
    return random.normal(size=(count, program.input_size)).astype(np.float32)


def cut(steps: np.ndarray, lengths: list[int]) -> list[np.ndarray]:
    return np.split(steps, np.minimum(np.cumsum(lengths), len(steps)))


@settings(max_examples=60, deadline=None)
@given(
    drafts,
    st.sampled_from(WEIGHTS),
    st.sampled_from(instruction_sets()),
    st.integers(0, 130),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_whole_is_chunks_is_steps(
    draft: Draft, weights: str, instruction_set: str, count: int, lengths: list[int]
) -> None:
    engine().choose_instruction_set(instruction_set)
    program = make_program(*draft)
    steps = steps_for(program, count)
    whole = program.session(weights)
    outputs = whole.run(steps)
    assert outputs.shape == (count, program.output_size)

    chunked = program.session(weights)
    chunks = [chunked.run(chunk) for chunk in cut(steps, lengths)]
    assert np.concatenate(chunks).tobytes() == outputs.tobytes()

    stepped = program.session(weights)
    for step, expected in zip(steps, outputs, strict=True):
        assert stepped.step(step).tobytes() == expected.tobytes()
    assert whole.snapshot() == chunked.snapshot() == stepped.snapshot()


@settings(max_examples=40, deadline=None)
@given(
    drafts,
    st.sampled_from(WEIGHTS),
    st.sampled_from(instruction_sets()),
    st.lists(st.integers(0, 4), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_company_changes_nothing(
    draft: Draft, weights: str, instruction_set: str, lengths: list[int], shuffled: object
) -> None:
    """Sequences of different lengths in one pool, stepped in any order, are each what they are alone."""
    engine().choose_instruction_set(instruction_set)
    program = make_program(*draft)
    sequences = [steps_for(program, length, seed) for seed, length in enumerate(lengths)]
    alone = [program.session(weights).run(sequence) for sequence in sequences]
    pool = program.pool(len(sequences) + 3, weights, threads=2)
    strangers = pool.create(3)
    pool.evict(strangers[:2])
    ids = pool.create(len(sequences))
    for step in range(max(lengths)):
        who = [number for number, length in enumerate(lengths) if step < length]
        shuffled.shuffle(who)
        inputs = np.stack([sequences[number][step] for number in who])
        outputs = pool.step(ids[who], inputs)
        for number, output in zip(who, outputs, strict=True):
            assert output.tobytes() == alone[number][step].tobytes()


@pytest.mark.parametrize("name", sorted(RECURRENT | {"residual": OTHERS["residual"]}))
def test_large_batches_and_threads_change_nothing(name: str, instruction_set: str) -> None:
    """Past the rows of one block, the depth of one panel, and the work of one thread."""
    program = make_program([name], 140, 67)
    steps = steps_for(program, 2 * 101).reshape(2, 101, -1)
    for weights in WEIGHTS:
        pools = [program.pool(101, weights, threads=threads) for threads in (1, 3)]
        ids = pools[0].create(101)
        pools[1].create(101)
        for inputs in steps:
            one, many = (pool.step(ids, inputs) for pool in pools)
            assert one.tobytes() == many.tobytes()
        for number in (0, 47, 48, 100):
            alone = program.session(weights).run(steps[:, number])
            assert alone[1].tobytes() == one[number].tobytes()
