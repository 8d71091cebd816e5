"""What training steps and live sessions cost on one core, and on paper what many of them would.

    python benchmarks/scale/cost.py [--hidden 64 128] [--series-steps 1e9] [--sessions 1e6] [--rate 10]

A series-step is one time step of one series, forward, backward and its share of the optimiser's step: batches
of 64 series of 128 steps of 8 numbers through a recurrent layer and a linear one, by the training loop that
all tasks have (Adam, gradients clipped). A session-step is one step of one of 4,096 live sessions of the same
net. Times are of the processor, the least of some turns; memory of a session is what the process grew by.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recurra.cells import GRU, LSTM
from recurra.export import to_program
from recurra.layers import Recurrent
from recurra.streaming import Program
from recurra.training.config import TrainingConfig
from recurra.training.contract import Loss
from recurra.training.loop import fit

FEATURES, ROWS, STEPS, BATCHES, TURNS = 8, 64, 128, 12, 3
SESSIONS = 4096
CELLS = {"LSTM": LSTM, "GRU": GRU}
YEAR = 365.25 * 24 * 3600


class Net(nn.Module):
    """A recurrent layer and a linear one."""

    def __init__(self, cell: str, hidden: int) -> None:
        super().__init__()
        self.recurrent = Recurrent(CELLS[cell](FEATURES, hidden))
        self.output = nn.Linear(hidden, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """A number for each step."""
        return self.output(self.recurrent(inputs)[0]).squeeze(-1)


@dataclass
class Batch:
    """Series, and what is to be told at each step."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        return Batch(self.inputs.to(device), self.targets.to(device))


class Source:
    """The same numbers again and again."""

    def __init__(self) -> None:
        self._batch = Batch(torch.randn(ROWS, STEPS, FEATURES), torch.randn(ROWS, STEPS))

    def __len__(self) -> int:
        return BATCHES

    def batch(self, epoch: int, index: int) -> Any:
        """See `recurra.training.contract.BatchSource`."""
        del epoch, index
        return self._batch


def squared_error(model: nn.Module, batch: Batch, state: Any) -> Loss:
    """The loss of a batch."""
    del state
    return Loss(((model(batch.inputs) - batch.targets) ** 2).sum(), float(batch.targets.numel()))


def training(cell: str, hidden: int) -> tuple[float, int]:
    """Seconds of a series-step, and how many bytes processes would add up for every optimiser step."""
    net, best = Net(cell, hidden), float("inf")
    for _ in range(1 + TURNS):
        began = time.process_time()
        fit(net, squared_error, Source(), TrainingConfig(max_epochs=1, device="cpu"))
        best = min(best, time.process_time() - began)
    parameters = sum(one.numel() for one in net.parameters())
    return best / (BATCHES * ROWS * STEPS), 4 * parameters


def held() -> int:
    """Bytes of memory that the process holds now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def serving(cell: str, hidden: int) -> tuple[float, float]:
    """Seconds of a session-step, and bytes of a session."""
    net = Net(cell, hidden).eval()
    with tempfile.TemporaryDirectory() as folder:
        to_program([net.recurrent, net.output]).save(Path(folder) / "program")
        program = Program.load(Path(folder) / "program")
    before = held()
    pool = program.pool(100_000, threads=1)
    many = pool.create(100_000)
    size = (held() - before) / len(many)
    inputs = np.random.default_rng(0).normal(size=(SESSIONS, FEATURES)).astype(np.float32)
    best = float("inf")
    for _ in range(20):
        began = time.process_time()
        pool.step(many[:SESSIONS], inputs)
        best = min(best, time.process_time() - began)
    return best / SESSIONS, size


def main() -> None:
    """Measure, and multiply."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--series-steps", type=float, default=1e9)
    parser.add_argument("--sessions", type=float, default=1e6)
    parser.add_argument("--rate", type=float, default=10.0, help="Steps of a session in a second.")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| net | series-step, us | core-hours for all | summed up a step, KB "
        "| session-step, us | cores for all | bytes a session |"
    )
    print("|---|---|---|---|---|---|---|")
    for cell in CELLS:
        for hidden in given.hidden:
            trained, summed = training(cell, hidden)
            served, size = serving(cell, hidden)
            hours, cores = trained * given.series_steps / 3600, served * given.sessions * given.rate
            learning = f"{trained * 1e6:.2f} | {hours:.2f} | {summed / 1000:.0f}"
            print(f"| {cell} {hidden} | {learning} | {served * 1e6:.2f} | {cores:.0f} | {size:.0f} |")


if __name__ == "__main__":
    main()
