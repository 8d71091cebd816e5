"""Training speed of recurra's layers beside torch.nn's: forward and backward, interleaved in one run.

    python benchmarks/recurrence.py [--threads 2] [--json]

Dense batches are raced against torch.nn, batches of lengths between T/4 and T against torch's packed
sequences. A ratio above 1 means that recurra is faster. No ratio is printed where outputs or gradients
disagree.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import recurra

SIZES = ((16, 128, 128), (32, 64, 64), (64, 128, 128), (32, 256, 256))
PAIRS: dict[str, tuple[type[nn.Module], type[nn.Module]]] = {
    "RNN": (recurra.RNN, nn.RNN),
    "GRU": (recurra.GRU, nn.GRU),
    "LSTM": (recurra.LSTM, nn.LSTM),
}
ROUNDS = 7
TOLERANCE = 1e-4


def race(cell: str, batch: int, steps: int, hidden: int, *, packed: bool) -> dict[str, Any]:
    """Milliseconds of both, the middle of several interleaved rounds."""
    ours, theirs = (layer(hidden, hidden, batch_first=True) for layer in PAIRS[cell])
    theirs.load_state_dict(ours.state_dict())
    values = torch.randn(batch, steps, hidden)
    lengths = torch.randint(steps // 4, steps + 1, (batch,)) if packed else None

    def run_ours() -> Tensor:
        return ours(values, lengths=lengths)[0] if packed else ours(values)[0]

    def run_theirs() -> Tensor:
        if lengths is None:
            return theirs(values)[0]
        sequence = pack_padded_sequence(values, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(theirs(sequence)[0], batch_first=True, total_length=steps)[0]

    if not agree(ours, run_ours, theirs, run_theirs):
        raise SystemExit(
            f"{cell} at {batch}, {steps}, {hidden}: recurra and torch disagree, so no ratio is given"
        )
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        for name, run in (("ours", run_ours), ("theirs", run_theirs)):
            began = time.perf_counter()
            run().sum().backward()
            times[name].append(1000 * (time.perf_counter() - began))
    ours_ms, theirs_ms = (statistics.median(times[name]) for name in ("ours", "theirs"))
    return {
        "cell": cell,
        "batch": batch,
        "time": steps,
        "hidden": hidden,
        "peer": "torch.packed" if packed else "torch.nn",
        "ours_ms": round(ours_ms, 2),
        "peer_ms": round(theirs_ms, 2),
        "ratio": round(theirs_ms / ours_ms, 2),
    }


def agree(
    ours: nn.Module, run_ours: Callable[[], Tensor], theirs: nn.Module, run_theirs: Callable[[], Tensor]
) -> bool:
    """Whether outputs and the gradients of the weights are the same within the tolerance."""
    mine, other = run_ours(), run_theirs()
    mine.sum().backward()
    other.sum().backward()
    gradients = zip(ours.parameters(), theirs.parameters(), strict=True)
    return torch.allclose(mine, other, atol=TOLERANCE) and all(
        torch.allclose(one.grad, two.grad, atol=TOLERANCE * float(two.grad.abs().max()) + TOLERANCE)
        for one, two in gradients
    )


def mean_ratios(results: list[dict[str, Any]]) -> dict[str, float]:
    """The geometric mean of each cell's ratios, by cell and peer."""
    ratios: dict[str, list[float]] = {}
    for row in results:
        ratios.setdefault(f"{row['cell']}_ratio_to_{row['peer']}", []).append(row["ratio"])
    return {name: round(statistics.geometric_mean(values), 3) for name, values in ratios.items()}


def main() -> None:
    """Race every cell at every size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    began = time.perf_counter()
    results = []
    titles = f"{'cell':>5} {'batch':>6} {'time':>5} {'hidden':>7}  {'peer':<13}"
    sys.stderr.write(f"{titles}{'ours ms':>8}{'peer ms':>9}  ratio\n")
    for packed in (False, True):
        for cell in PAIRS:
            for batch, steps, hidden in SIZES:
                row = race(cell, batch, steps, hidden, packed=packed)
                results.append(row)
                sys.stderr.write(
                    f"{cell:>5} {batch:>6} {steps:>5} {hidden:>7}  {row['peer']:<13}"
                    f"{row['ours_ms']:>8}{row['peer_ms']:>9}  {row['ratio']}\n"
                )
    if options.json:
        result = {
            **mean_ratios(results),
            "parameters": {
                f"{cell}_{hidden}": sum(weight.numel() for weight in layer(hidden, hidden).parameters())
                for cell, (layer, _) in PAIRS.items()
                for hidden in sorted({size[2] for size in SIZES})
            },
            "seconds": round(time.perf_counter() - began, 1),
            "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "seed": options.seed,
            "threads": options.threads,
            "torch": torch.__version__,
            "results": results,
        }
        print(json.dumps(result))


if __name__ == "__main__":
    main()
