"""What a GPU makes of the layers, in less than eight minutes: parity, training, times beside torch.nn.

    python benchmarks/gpu/check.py [--json] [--seconds 2]

Parity is that of every cell in float64, with lengths and resets, forward and reverse, with the reference on
the CPU: outputs, last state and all gradients, relative to the largest number of each. Training is a net that
learns to tell what it read eleven steps ago. Times are those of forward and backward, medians of rounds in
turns in one process; lengths are uniform in a quarter to all of the steps, on the CPU, sorted as torch's
packing wants them.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import recurra
from recurra.bench.stopwatch import take_turns
from recurra.cells import CELLS, GRU, LSTM, Cell, LayerNormLSTM, Zoneout
from recurra.layers import Recurrent
from recurra.ops.backends import TOLERANCES

Run = Callable[[], object]

VARIANTS: Mapping[str, Callable[[int, int], Cell[Any]]] = {
    "lstm_peepholes": partial(LSTM, peepholes=True),
    "lstm_projected": lambda features, hidden: LSTM(features, hidden, proj_size=(hidden + 1) // 2),
    "lstm_zoneout": lambda features, hidden: Zoneout(LSTM(features, hidden), {"hidden": 0.05, "cell": 0.5}),
    "gru_reset_before": partial(GRU, reset_after=False),
    "layer_norm_lstm": LayerNormLSTM,
}


class Size(NamedTuple):
    """Of a batch and a layer."""

    batch: int
    steps: int
    hidden: int

    def __str__(self) -> str:
        return f"B{self.batch} T{self.steps} H{self.hidden}"


class Parity(NamedTuple):
    """How far a cell on the device is from the reference on the CPU."""

    cell: str
    reverse: bool
    difference: float
    is_same: bool


class Trained(NamedTuple):
    """What a net learned: accuracy, of what chance would give `1 / symbols`, and how long it took."""

    accuracy: float
    seconds: float


class Time(NamedTuple):
    """Of forward and backward, in milliseconds."""

    layer: str
    size: str
    precision: str
    entrant: str
    milliseconds: float


SIZES = (Size(64, 128, 128), Size(32, 256, 512))
PRECISIONS = ("float32", "autocast")  # to bfloat16
SMALL = Size(5, 17, 24)
SYMBOLS, DELAY, ROWS = 8, 11, 64
STEPS = 600  # of training


def parity(device: torch.device, size: Size = SMALL) -> Iterator[Parity]:
    """That of every cell, in both directions."""
    for name, make in (CELLS | VARIANTS).items():
        for reverse in (False, True):
            torch.manual_seed(0)
            cell = make(3, size.hidden).double().eval()
            inputs = torch.randn(size.batch, size.steps, 3, dtype=torch.float64)
            lengths = torch.randint(0, size.steps + 1, (size.batch,))
            resets = torch.rand(size.batch, size.steps) < 0.1
            due = _results(Recurrent(cell, reverse=reverse, backend="reference"), inputs, lengths, resets)
            layer = Recurrent(cell.to(device), reverse=reverse)
            found = _results(layer, inputs.to(device), lengths, resets.to(device))
            worst = max(_difference(one, other) for one, other in zip(found, due, strict=True))
            yield Parity(name, reverse, worst, worst <= TOLERANCES[torch.float64])


def _results(layer: Recurrent[Any], inputs: Tensor, lengths: Tensor, resets: Tensor) -> list[Tensor]:
    """Outputs, last state, and the gradients of a sum in which every number counts differently."""
    leaves = [inputs.clone().requires_grad_(), *layer.parameters()]
    outputs, state = layer(leaves[0], lengths=lengths, resets=resets)
    results = [outputs, *state]
    total = sum((one * _weights(one)).sum() for one in results)
    return [one.detach().cpu() for one in (*results, *torch.autograd.grad(total, leaves))]


def _weights(tensor: Tensor) -> Tensor:
    return torch.linspace(-1, 1, tensor.numel(), dtype=tensor.dtype).view(tensor.shape).to(tensor.device)


def _difference(found: Tensor, due: Tensor) -> float:
    return float((found - due).abs().max() / due.abs().max().clamp(min=1e-300))


def trained(device: torch.device, steps: int = STEPS, symbols: int = SYMBOLS, delay: int = DELAY) -> Trained:
    """A net that learns to tell what it read some steps ago."""
    torch.manual_seed(0)
    layer = recurra.LSTM(symbols, 64, batch_first=True).to(device)
    head = nn.Linear(64, symbols).to(device)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], 0.01)
    begin, accuracy = time.perf_counter(), torch.zeros(())
    for _ in range(steps):
        ids = torch.randint(0, symbols, (ROWS, 2 * delay), device=device)
        outputs, _ = layer(nn.functional.one_hot(ids, symbols).float())
        logits, truth = head(outputs[:, delay:]).flatten(0, 1), ids[:, :-delay].flatten()
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits, truth).backward()
        nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        optimizer.step()
        accuracy = (logits.argmax(-1) == truth).float().mean()
    return Trained(float(accuracy), time.perf_counter() - begin)


def times(
    device: torch.device,
    sizes: Sequence[Size] = SIZES,
    precisions: Sequence[str] = PRECISIONS,
    seconds: float = 2.0,
) -> Iterator[Time]:
    """Of our layers and torch's, and of the variants that torch has no kernel for.

    Args:
        device: Where they run.
        sizes: Of batches and layers.
        precisions: In which they run; the variants in float32 alone.
        seconds: How long each group is timed.
    """
    for size in sizes:
        for name in ("RNN", "GRU", "LSTM"):
            for precision in precisions:
                runs = _runs(name, size, precision, device)
                for entrant, taken in zip(runs, take_turns(list(runs.values()), seconds), strict=True):
                    yield Time(name, str(size), precision, entrant, taken.microseconds / 1000)
        for name, make in VARIANTS.items():
            layer = Recurrent(make(size.hidden, size.hidden)).to(device)
            inputs = torch.randn(size.batch, size.steps, size.hidden, device=device, requires_grad=True)
            (taken,) = take_turns([partial(_pass, layer, inputs, device)], seconds)
            yield Time(name, str(size), "float32", "recurra", taken.microseconds / 1000)


def _runs(name: str, size: Size, precision: str, device: torch.device) -> dict[str, Run]:
    """Forward and backward of both layers, of whole batches and of lengths."""
    theirs = getattr(nn, name)(size.hidden, size.hidden, batch_first=True).to(device)
    ours = getattr(recurra, name)(size.hidden, size.hidden, batch_first=True).to(device)
    ours.load_state_dict(theirs.state_dict())
    inputs = torch.randn(size.batch, size.steps, size.hidden, device=device, requires_grad=True)
    lengths = torch.randint(size.steps // 4, size.steps + 1, (size.batch,)).sort(descending=True).values
    cast = partial(torch.autocast, device.type, torch.bfloat16) if precision == "autocast" else nullcontext

    def run(call: Callable[[], Any]) -> None:
        with cast():
            outputs = call()
        outputs.sum().backward()
        _wait(device)

    return {
        "torch.nn": partial(run, lambda: theirs(inputs)[0]),
        "recurra": partial(run, lambda: ours(inputs)[0]),
        "torch packed": partial(
            run, lambda: theirs(pack_padded_sequence(inputs, lengths, batch_first=True))[0].data
        ),
        "recurra lengths": partial(run, lambda: ours(inputs, lengths=lengths)[0]),
    }


def _pass(layer: nn.Module, inputs: Tensor, device: torch.device) -> None:
    layer(inputs)[0].sum().backward()
    _wait(device)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def table(found: Sequence[Time]) -> list[str]:
    """Lines of a table: a row for each layer, size and precision, a column for each entrant."""
    entrants = list(dict.fromkeys(one.entrant for one in found))
    rows: dict[tuple[str, str, str], dict[str, float]] = {}
    for one in found:
        rows.setdefault((one.layer, one.size, one.precision), {})[one.entrant] = one.milliseconds
    lines = ["| ms | " + " | ".join(entrants) + " |", "|---|" + "---|" * len(entrants)]
    for (layer, size, precision), cells in rows.items():
        numbers = [f"{cells[entrant]:.2f}" if entrant in cells else "-" for entrant in entrants]
        lines.append(f"| {layer} {size} {precision} | " + " | ".join(numbers) + " |")
    return lines


def main() -> int:
    """Check, and print what was found; 1 when a cell differs or nothing was learned."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each group is timed")
    given = parser.parse_args()
    if not torch.cuda.is_available():
        print(f"no GPU that torch {torch.__version__} can use: this check needs one", file=sys.stderr)
        return 2
    device = torch.device("cuda")
    cells, learned = list(parity(device)), trained(device)
    found = list(times(device, seconds=given.seconds))
    is_right = all(one.is_same for one in cells) and learned.accuracy > 0.9
    if given.json:
        report = {"device": torch.cuda.get_device_name(device), "torch": torch.__version__, "right": is_right}
        parts = {"parity": [one._asdict() for one in cells], "times": [one._asdict() for one in found]}
        print(json.dumps(report | parts | {"training": learned._asdict()}))
        return int(not is_right)
    print(f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}")
    for one in cells:
        way = "reverse" if one.reverse else "forward"
        print(f"{'same' if one.is_same else 'DIFFERS':8} {one.difference:.1e} {one.cell}, {way}")
    print(f"training: {learned.accuracy:.1%} right after {STEPS} steps, {learned.seconds:.1f} s")
    print("\n".join(table(found)))
    return int(not is_right)


if __name__ == "__main__":
    sys.exit(main())
