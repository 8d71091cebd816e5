"""What a training step takes where there are 100,000 symbols, by output layer: time and memory.

    python benchmarks/speed/output.py [--threads 1] [--symbols 100000]

An LSTM of 256 units, 16 rows of 32 steps, plain SGD, ends that are not tied; symbols are drawn by Zipf's law.
Each layer has a process of its own; time is that of the processor, the better of two steps after a first;
memory is the most that the process held, less what it held with weights and their gradients. `torch` is a
plain linear layer with `F.cross_entropy`.
"""

import argparse
import multiprocessing
import resource
import sys
import time

import torch
from torch import Tensor, nn
from torch.nn import functional

from recurra.models.next_symbol import NextSymbol
from recurra.output import Output
from recurra.recurrence import Recurrence

UNITS, ROWS, STEPS, TURNS = 256, 16, 32, 2
PLAIN = "torch"
LAYERS = (PLAIN, "full", "adaptive", "sampled")


def measured(name: str, symbols: int, threads: int) -> tuple[float, float]:
    """Seconds of a step, and how many MiB it needs at a time."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    output = Output(output="full" if name == PLAIN else name, tied=False)  # type: ignore[arg-type]
    net = NextSymbol(symbols, UNITS, Recurrence(hidden_size=UNITS, dropout=0.0), output=output)
    likely = 1 / torch.arange(1, symbols + 1)
    ids, targets = likely.multinomial(2 * ROWS * STEPS, replacement=True).view(2, ROWS, STEPS)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, fused=True)
    for one in net.parameters():
        one.grad = torch.zeros_like(one)
    weights = _held()

    def loss() -> Tensor:
        features, _ = net.features(ids)
        if name != PLAIN:
            return net.loss(features, targets)
        logits = net.output.logits(features.flatten(0, 1))
        return functional.cross_entropy(logits, targets.flatten(), reduction="sum")

    best = float("inf")
    for turn in range(1 + TURNS):
        began = time.process_time()
        optimizer.zero_grad()
        (loss() / ids.numel()).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        best = best if turn == 0 else min(best, time.process_time() - began)
    return best, _held() - weights


def _held() -> float:
    """The most that this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure each layer, and say how they compare with torch's."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--threads", type=int, default=torch.get_num_threads())
    options.add_argument("--symbols", type=int, default=100_000)
    given = options.parse_args()
    found = {}
    for name in LAYERS:
        with multiprocessing.get_context("spawn").Pool(1) as process:
            found[name] = process.apply(measured, (name, given.symbols, given.threads))
        seconds, memory = found[name]
        faster = found[PLAIN][0] / seconds
        sys.stdout.write(
            f"{name:>9} {1000 * seconds:8.0f} ms  {faster:5.2f} times as fast   {memory:7.0f} MiB\n"
        )


if __name__ == "__main__":
    main()
