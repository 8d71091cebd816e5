"""The suites `stream` and `pool`: one step after another, as the values come in."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from recurra.bench import onnx_peer, torch_peer
from recurra.bench.batch import weight_count
from recurra.bench.choice import POOLED_HIDDEN_SIZES, STREAMED_CELLS, STREAMED_HIDDEN_SIZES, Choice
from recurra.bench.machine import PEAK, peak_rate
from recurra.bench.race import OURS, Case, Entrant, Race
from recurra.bench.schedule import Section
from recurra.bench.stepper import (
    STEPS,
    InEngine,
    Stepper,
    Stream,
    draw_stream,
    own_pool,
    own_session,
    reading_rate,
    stepping_entrant,
    weight_bytes,
)

TOLERANCES: Mapping[str, float] = {"float32": 1e-5, "bfloat16": 2e-2, "int8": 5e-2}
"""How far outputs may differ from those of float32 weights, relative to the largest."""

READING = ("GB/s", "reading the weights once")
SESSIONS, POOL_STEPS = 1024, 8  # of a pool, and what its results are compared over
REPEATS = 256  # of a run inside the engine, so that the call from Python does not count

Assemble = Callable[[Case, Sequence[str]], list[Entrant]]
Own = Callable[[Stream, str, int], Stepper]
Makers = Mapping[str, Callable[[Stream, int], Stepper]]

STEPPED: Makers = {
    "onnxruntime": onnx_peer.run,
    "onnxruntime.io_binding": onnx_peer.run_bound,
    "openvino": onnx_peer.infer_openvino,
    "torch.nn": torch_peer.torch_steps,
}
POOLED: Makers = {
    "onnxruntime": onnx_peer.run_one_by_one,
    "onnxruntime.batch": onnx_peer.run,
    "onnxruntime.io_binding": onnx_peer.run_bound,
}
MEMORY = "memory"
"""The time to read the weights once, from whichever cache holds them; results are those of torch's layer."""


def _stepping(own: Own, make: Makers, steps: int, case: Case, peers: Sequence[str]) -> list[Entrant]:
    """One step of one session, or of each of many, the call from Python included."""
    cell, weights = STREAMED_CELLS[case.cell]
    stream = draw_stream(cell, case.batch, case.hidden, steps)
    return [
        stepping_entrant(OURS, own(stream, weights, case.threads), stream),
        *(stepping_entrant(peer, make[peer](stream, case.threads), stream) for peer in peers),
    ]


def _inside(case: Case, peers: Sequence[str]) -> list[Entrant]:
    """A step inside the engine, against reading its weights once."""
    cell, weights = STREAMED_CELLS[case.cell]
    stream = draw_stream(cell, 1, case.hidden)
    engine = InEngine(stream, weights)
    ours = stepping_entrant(OURS, engine.stepper(), stream)
    memory = stepping_entrant(MEMORY, torch_peer.torch_steps(stream, case.threads), stream)
    return [
        ours._replace(run=partial(engine.run, REPEATS), share=1 / REPEATS),
        *(memory._replace(run=partial(engine.read, REPEATS), share=1 / REPEATS) for _ in peers),
    ]


def _race(assemble: Assemble, case: Case, peers: Sequence[str]) -> Race:
    cell, weights = STREAMED_CELLS[case.cell]
    if case.suite == "pool":
        work = 2.0 * case.batch * weight_count(cell, case.hidden)
        limit = partial(peak_rate, case.threads)
    else:
        work = float(weight_bytes(cell, case.hidden, weights))
        limit = partial(reading_rate, cell, case.hidden, weights)
    return Race(case, partial(assemble, case, peers), work, limit, TOLERANCES[weights])


def _step_races(choice: Choice, peers: Sequence[str]) -> list[Race]:
    cases = _cases(choice, "stream", 1, STREAMED_HIDDEN_SIZES, choice.threads or (1,))
    return [_race(partial(_stepping, own_session, STEPPED, STEPS), case, peers) for case in cases]


def _engine_races(choice: Choice, peers: Sequence[str]) -> list[Race]:
    threads = [1] if 1 in (choice.threads or (1,)) else []
    cases = _cases(choice, "stream", 1, STREAMED_HIDDEN_SIZES, threads)
    return [_race(_inside, case, peers) for case in cases]


def _pool_races(choice: Choice, peers: Sequence[str]) -> list[Race]:
    cases = _cases(choice, "pool", SESSIONS, POOLED_HIDDEN_SIZES, choice.thread_counts())
    return [_race(partial(_stepping, own_pool, POOLED, POOL_STEPS), case, peers) for case in cases]


def _cases(
    choice: Choice, suite: str, sessions: int, usual_sizes: Sequence[int], threads: Sequence[int]
) -> list[Case]:
    return [
        Case(suite, name, sessions, 1, hidden, count)
        for hidden in choice.hidden_sizes or usual_sizes
        for name in choice.cells_among(STREAMED_CELLS)
        for count in threads
    ]


STEP = Section(
    "stream", "Streaming, one step and the call from Python", list(STEPPED), *READING, 4, _step_races
)
ENGINE = STEP._replace(
    title="Streaming, one step inside the engine, beside reading its weights once",
    peers=[MEMORY],
    weight=1,
    races=_engine_races,
)
POOL = Section(
    "pool", f"Pool of {SESSIONS:,} sessions, one step of each", list(POOLED), *PEAK, 2, _pool_races
)
SECTIONS = (STEP, ENGINE, POOL)
