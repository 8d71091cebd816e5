"""What the project has set itself to reach, as ratios to peers."""

import statistics
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from recurra.bench.case import Case
from recurra.bench.choice import BATCHES, HIDDEN_SIZES, PLAIN_CELLS, STREAMED_CELLS, TIMES, VARIANT_CELLS


class Target(NamedTuple):
    """The least ratios over some sizes.

    Attributes:
        mean: Their geometric mean; None where only the lowest counts.
        lowest: The lowest of them; None where only the mean counts.
        fewest_rows: Batches with fewer rows do not count.
        threads: The number of threads that it is about; None for all.
    """

    mean: float | None
    lowest: float | None = None
    fewest_rows: int = 1
    threads: int | None = None

    def is_met(self, ratios: Sequence[float]) -> bool:
        """Whether ratios reach it."""
        return statistics.geometric_mean(ratios) >= (self.mean or 0) and min(ratios) >= (self.lowest or 0)

    def __str__(self) -> str:
        mean = "-" if self.mean is None else f"{self.mean:.3g}x"
        return mean if self.lowest is None else f"{mean}/{self.lowest:.2g}x"


TRAINING: Mapping[tuple[str, str], Target] = MappingProxyType({
    ("torch.nn", "elman"): Target(2.5, 0.95),
    ("torch.nn", "gru"): Target(2.5, 0.95),
    ("torch.nn", "lstm"): Target(1.15, 0.95),
    **{("jax", cell): Target(1.5) for cell in PLAIN_CELLS},
    **{("torch.packed", cell): Target(4.0) for cell in PLAIN_CELLS},
    **{("recurra.dense", cell): Target(None, 1 / 1.15, fewest_rows=16) for cell in PLAIN_CELLS},
    **{("torch.loop", cell): Target(10.0) for cell in VARIANT_CELLS},
    **{("recurra.lstm", cell): Target(1 / 1.4) for cell in VARIANT_CELLS},
})  # fmt: skip
"""By peer and cell, over all usual sizes."""

STREAMING: Mapping[tuple[str, str, int], Target] = MappingProxyType({
    **{("onnxruntime", cell, 64): Target(4.0) for cell in STREAMED_CELLS},
    **{("onnxruntime", cell, 256): Target(1.5) for cell in STREAMED_CELLS},
    **{("onnxruntime", f"{cell}_int8", 256): Target(4.0) for cell in STREAMED_CELLS},
    **{("onnxruntime.io_binding", cell, 64): Target(2.0) for cell in STREAMED_CELLS},
    ("torch.nn", "lstm", 64): Target(50.0),
    **{("memory", cell, hidden): Target(1 / 1.5) for cell in STREAMED_CELLS for hidden in (64, 128, 256)},
})  # fmt: skip
"""By peer, cell and hidden size, of one session."""

POOLED: Mapping[tuple[str, str, int], Target] = MappingProxyType({
    **{("onnxruntime", cell, 128): Target(10.0, threads=2) for cell in STREAMED_CELLS},
    **{
        (peer, cell, 128): Target(1.0)
        for peer in ("onnxruntime.batch", "onnxruntime.io_binding")
        for cell in STREAMED_CELLS
    },
})  # fmt: skip
"""By peer, cell and hidden size, of the pool."""


def target_of(case: Case, peer: str) -> Target | None:
    """The target that a ratio to a peer counts for; None where it counts for none."""
    if case.suite == "train":
        is_usual = case.batch in BATCHES and case.time in TIMES and case.hidden in HIDDEN_SIZES
        found = TRAINING.get((peer, case.cell)) if is_usual else None
    else:
        of_suite = STREAMING if case.suite == "stream" else POOLED
        found = of_suite.get((peer, case.cell, case.hidden))
    if found is None or case.batch < found.fewest_rows or found.threads not in (None, case.threads):
        return None
    return found
