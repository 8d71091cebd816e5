"""Times of several runs in turns, so that whatever else the machine does meets all of them alike."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import NamedTuple

TURN_SECONDS = 0.005  # a turn repeats its run until it lasts this long
LONG_SECONDS = 0.02  # a run that lasts this long needs no untimed one before it, and no estimate
NAP_SECONDS, MOST_NAPS = 0.005, 100
FEWEST_ROUNDS, MOST_ROUNDS = 3, 25
PATIENCE_SECONDS = 10.0  # beyond its time, a race of fewer rounds has to do

Clock = Callable[[], float]


class Timing(NamedTuple):
    """How long a run takes.

    Attributes:
        microseconds: The median of the rounds.
        spread: Half the range between the quartiles, as a share of the median.
        rounds: How many there were.
    """

    microseconds: float
    spread: float
    rounds: int


def take_turns(
    runs: Sequence[Callable[[], object]], seconds: float, clock: Clock = time.perf_counter
) -> list[Timing]:
    """Time runs in interleaved rounds, without collecting garbage meanwhile.

    Args:
        runs: What to time.
        seconds: How long to go on; there are 3 rounds even so, unless that takes 10 seconds more, and never
            more than 25.
        clock: Tells the time in seconds.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        end = clock() + seconds
        expected = [_expected(run, clock) for run in runs]
        is_round = min(expected) >= LONG_SECONDS
        samples = [[duration] if is_round else [] for duration in expected]
        for number in range(int(is_round), MOST_ROUNDS):
            least = FEWEST_ROUNDS if clock() < end + PATIENCE_SECONDS else 1
            if number >= least and clock() >= end:
                break
            turns = list(zip(runs, expected, samples, strict=True))
            for run, duration, taken in turns if number % 2 == 0 else reversed(turns):
                taken.append(_turn(run, duration, clock))
    finally:
        if was_collecting:
            gc.enable()
    return [_timing(taken) for taken in samples]


def _expected(run: Callable[[], object], clock: Clock) -> float:
    """About how long a run takes. The first one is enough where it was long, and does not count elsewhere."""
    duration = _turn(run, LONG_SECONDS, clock)
    return duration if duration >= LONG_SECONDS else _turn(run, LONG_SECONDS, clock)


def _turn(run: Callable[[], object], expected: float, clock: Clock) -> float:
    """Seconds of a run."""
    calls = max(1, math.ceil(TURN_SECONDS / max(expected, 1e-9)))
    _wait_until_idle()
    if expected < LONG_SECONDS:  # the caches are those of the one before
        for _ in repeat(None, max(1, calls // 10)):
            run()
    began = clock()
    for _ in repeat(None, calls):
        run()
    return (clock() - began) / calls


def _wait_until_idle() -> None:
    """Let the threads of the one before fall asleep: ONNX Runtime's spin for 50 ms after their work."""
    for _ in range(MOST_NAPS):
        used = time.process_time()
        time.sleep(NAP_SECONDS)
        if time.process_time() - used < NAP_SECONDS / 4:
            return


def _timing(taken: Sequence[float]) -> Timing:
    middle = statistics.median(taken)
    lower, _, upper = statistics.quantiles([*taken, *taken], n=4, method="inclusive")  # it may be one only
    return Timing(1e6 * middle, (upper - lower) / 2 / middle if middle > 0 else 0.0, len(taken))
