"""What is to be raced, out of all that can be."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

from recurra.bench import machine
from recurra.errors import ConfigError

SUITES = ("train", "stream", "pool")
PLAIN_CELLS = ("elman", "gru", "lstm")
VARIANT_CELLS = ("layer_norm_lstm", "peephole_lstm", "dropout_lstm", "zoneout_lstm")
STREAMED_CELLS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "gru": ("gru", "float32"),
    "lstm": ("lstm", "float32"),
    "gru_bfloat16": ("gru", "bfloat16"),
    "lstm_bfloat16": ("lstm", "bfloat16"),
    "gru_int8": ("gru", "int8"),
    "lstm_int8": ("lstm", "int8"),
})  # fmt: skip
"""By the name of a streamed cell, the cell and the type of its weights."""

CELLS = (*PLAIN_CELLS, *VARIANT_CELLS, *sorted(STREAMED_CELLS.keys() - PLAIN_CELLS))

PEERS = (
    "torch.nn", "torch.packed", "torch.loop",
    "onnxruntime", "onnxruntime.io_binding", "onnxruntime.batch", "openvino", "jax",
    "recurra.dense", "recurra.lstm", "memory",
)  # fmt: skip

# The order is that of importance: when time runs out, the first few sizes cover all values of each axis.
BATCHES, TIMES, HIDDEN_SIZES = (16, 1, 64), (128,), (128, 256, 64)
STREAMED_HIDDEN_SIZES, POOLED_HIDDEN_SIZES = (64, 256, 128, 32), (128,)
THREADS = (1, 2)


class Choice(NamedTuple):
    """What is to be raced; an empty tuple stands for all, or for what is usual.

    Attributes:
        suites: Some of `SUITES`.
        cells: Some of `CELLS`.
        peers: Some of `PEERS`.
        threads: Numbers of threads.
        batches: Batch sizes of training.
        times: Numbers of time steps of training.
        hidden_sizes: Numbers of hidden units.
    """

    suites: Sequence[str] = ()
    cells: Sequence[str] = ()
    peers: Sequence[str] = ()
    threads: Sequence[int] = ()
    batches: Sequence[int] = ()
    times: Sequence[int] = ()
    hidden_sizes: Sequence[int] = ()

    def has_suite(self, suite: str) -> bool:
        """Whether a suite is chosen."""
        return not self.suites or suite in self.suites

    def has_peer(self, peer: str) -> bool:
        """Whether a peer is chosen."""
        return not self.peers or peer in self.peers

    def cells_among(self, cells: Iterable[str]) -> list[str]:
        """Those of some cells that are chosen."""
        return [cell for cell in cells if not self.cells or cell in self.cells]

    def sizes(self) -> list[tuple[int, int, int]]:
        """Batch, time and hidden size of every training race: one of each value first, then the others."""
        batches, hidden_sizes = self.batches or BATCHES, self.hidden_sizes or HIDDEN_SIZES
        places = sorted(
            product(range(len(batches)), range(len(hidden_sizes))),
            key=lambda place: ((place[1] - place[0]) % len(hidden_sizes), place[0]),
        )
        return [
            (batches[row], steps, hidden_sizes[column])
            for steps in self.times or TIMES
            for row, column in places
        ]

    def thread_counts(self) -> list[int]:
        """How many threads to race with: those chosen, or those usual that this machine has."""
        return list(self.threads) or [count for count in THREADS if count <= machine.processors()]


def check_choice(choice: Choice) -> None:
    """Check that everything chosen exists.

    Raises:
        ConfigError: A name is unknown, a number is not positive, or there are more threads than processors.
    """
    for what, chosen, known in (
        ("suite", choice.suites, SUITES),
        ("cell", choice.cells, CELLS),
        ("peer", choice.peers, PEERS),
    ):
        for name in chosen:
            if name not in known:
                raise ConfigError(f"{what} {name!r}", f"one of {', '.join(known)}", "Choose among these.")
    for option, numbers in (
        ("--threads", choice.threads),
        ("--batch", choice.batches),
        ("--time", choice.times),
        ("--hidden", choice.hidden_sizes),
    ):
        if min(numbers, default=1) < 1:
            raise ConfigError(
                f"{option} is {min(numbers)}", "a whole number of at least 1", f"Raise {option}."
            )
    threads, most = max(choice.threads, default=1), machine.processors()
    if threads > most:
        raise ConfigError(f"{threads} threads", f"at most {most}, as many as processors", "Lower --threads.")
