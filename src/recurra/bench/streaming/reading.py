"""How fast one thread reads the weights of a step."""

from functools import cache

from recurra.bench.streaming.own_session import InEngine
from recurra.bench.streaming.task import draw_task, weight_bytes

LIMIT = "reading the weights once"
TRIALS = 10
READ_BYTES = 1 << 24  # that a trial reads in all


@cache
def reading_rate(cell: str, hidden: int, weights: str) -> float:
    """Bytes a second, from whichever cache holds the weights; the best of ten trials."""
    engine, size = InEngine(draw_task(cell, 1, hidden), weights), weight_bytes(cell, hidden, weights)
    times = max(1, READ_BYTES // size)
    engine.read(times)
    return size / min(engine.read(times) for _ in range(TRIALS))
