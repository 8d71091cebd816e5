"""How fast a trained net answers live on this machine: the time of a row or of sound, and how late it is.

Nothing here imports torch.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.data.sound import Clip
from recurra.errors import DataError
from recurra.experiment.listening import Listener, Told
from recurra.streaming import Live

Figures = Mapping[str, int | float | None]
_SLOW = 0.99


def pace_of_rows(live: Live, rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> Figures:
    """What rows cost, one after another, from what was parsed to the answer.

    Returns:
        `rows`; `row_us`, the median of a row in microseconds; `slow_row_us`, the 99th percentile.

    Raises:
        DataError: A row cannot be used, or there is none.
    """
    taken = []
    for row in rows:
        for part in live.split(row):
            began = time.perf_counter()
            live.predict(part)
            taken.append(time.perf_counter() - began)
    if not taken:
        raise DataError("no rows", "at least one", "Give rows as `recurra stream` takes them.")
    return {"rows": len(taken), **_spread("row_us", 1e6, taken)}


def pace_of_sound(listener: Callable[[int], Listener], clips: Iterable[Clip], piece: float) -> Figures:
    """What sound costs that comes in pieces, and how long after a word's end it stands told.

    Args:
        listener: A new one for sound of so many samples a second.
        clips: Recordings, each heard by a listener of its own.
        piece: Seconds of sound that come at once.

    Returns:
        `recordings` and their `seconds`; `real_time_factor`, seconds of the processor for a second of sound;
        `piece_ms`, the median of a piece in milliseconds, and `slow_piece_ms`, the 99th percentile; `words`;
        `latency_seconds`, the sound that had come when a word was told for good, less where it ends, as a
        mean over all words, and `latency_90`, the 90th percentile; both None where no word was told.

    Raises:
        DataError: There is no recording, or one cannot be read.
    """
    taken: list[float] = []
    late: list[float] = []
    busy, seconds, count = 0.0, 0.0, 0
    for clip in clips:
        samples, size = clip.samples(), max(round(piece * clip.rate), 1)
        one, told = listener(clip.rate), []
        began = time.process_time()
        for begin in range(0, len(samples) + size, size):
            start = time.perf_counter()
            events = list(one.push(samples[begin : begin + size]) if begin < len(samples) else one.end())
            taken.append(time.perf_counter() - start)
            fed = min(begin + size, len(samples)) / clip.rate
            told += [Told(fed, event) for event in events]
        busy += time.process_time() - began
        late += one.latencies(told)
        seconds, count = seconds + clip.seconds, count + 1
    if not seconds:
        raise DataError(
            "no recordings, or none that lasts",
            "at least one",
            "Give recordings as `recurra predict` takes them.",
        )
    return {
        "recordings": count,
        "seconds": round(seconds, 1),
        "real_time_factor": round(busy / seconds, 5),
        **_spread("piece_ms", 1e3, taken),
        "words": len(late),
        "latency_seconds": round(float(np.mean(late)), 3) if late else None,
        "latency_90": round(float(np.quantile(late, 0.9)), 3) if late else None,
    }


def _spread(name: str, scale: float, seconds: Sequence[float]) -> dict[str, float]:
    """The median of times, and what one in a hundred takes longer than."""
    middle, slow = np.quantile(seconds, [0.5, _SLOW])
    return {name: round(scale * float(middle), 3), f"slow_{name}": round(scale * float(slow), 3)}
