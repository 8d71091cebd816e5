"""What language models and translators take, beside the same nets written plainly with torch.

    python benchmarks/speed/language.py [--threads 1]

Three races, each in turns, the best of five: a training step of the small net for the Penn Treebank (2 x 200,
20 rows of 20 steps, 10,003 words); 1,000 characters drawn from an LSTM of 512 units; 1,000 beams, five over
each of 200 texts. Nets have fresh weights, since speed does not depend on them. Beside the training step
stands the memory that it takes beyond that of the weights, each net in a process of its own.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from recurra.decoding.hypothesis import Beam
from recurra.decoding.sampling import Sampler, Sampling, generate
from recurra.experiment.written_text import written
from recurra.export import to_program
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.models.next_symbol import NextSymbol
from recurra.models.sequence_body import RecurrentBody
from recurra.output import Output
from recurra.recurrence import Recurrence
from recurra.training.carried_state import mapped
from recurra.types import Sequences

TURNS = 5
WORDS, ROWS, STEPS, UNITS = 10_003, 20, 20, 200
SYMBOLS, DRAWN, WIDE = 100, 1000, 512
TEXTS, BEAM, LONGEST, PIECES = 200, 5, 30, 4000


class Plain(nn.Module):
    """The language model as a tutorial writes it."""

    def __init__(self, vocabulary: int, size: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.lstm = nn.LSTM(size, size, layers, batch_first=True)
        self.output = nn.Linear(size, vocabulary)

    def forward(
        self, ids: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Logits, and the state after the last step."""
        outputs, state = self.lstm(self.embedding(ids), state)
        return self.output(outputs), state


def training() -> tuple[Callable[[], None], Callable[[], None]]:
    """A step of training, ours and plain."""
    ids, targets = torch.randint(3, WORDS, (2, ROWS, STEPS))
    recurrence = Recurrence(hidden_size=UNITS, num_layers=2, dropout=0.0)
    net, plain = NextSymbol(WORDS, UNITS, recurrence, output=Output(tied=False)), Plain(WORDS, UNITS, 2)

    def stepped(model: nn.Module, loss: Callable[[], Tensor]) -> Callable[[], None]:
        optimizer = torch.optim.SGD(model.parameters(), 1.0, fused=True)

        def step() -> None:
            (loss() / ids.numel()).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            optimizer.step()
            optimizer.zero_grad()

        return step

    def of_plain() -> Tensor:
        logits, _ = plain(ids, None)
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")

    return stepped(net, lambda: net.loss(net.features(ids)[0], targets)), stepped(plain, of_plain)


def drawing() -> tuple[Callable[[], None], Callable[[], None]]:
    """Characters drawn one by one, ours on the engine and plain in torch."""
    recurrence = Recurrence(hidden_size=WIDE, dropout=0.0)
    program = to_program(NextSymbol(SYMBOLS, WIDE, recurrence).eval().stream_form().modules)
    plain = Plain(SYMBOLS, WIDE, 1).eval()

    def ours() -> None:
        drawn = generate(program.session().step, [2], Sampler(Sampling()), length=DRAWN)
        assert len(list(drawn)) == DRAWN

    @torch.inference_mode()
    def of_torch() -> None:
        state, symbol = None, torch.tensor([[2]])
        for _ in range(DRAWN):
            logits, state = plain(symbol, state)
            symbol = logits[:, 0].softmax(dim=-1).multinomial(1)

    return ours, of_torch


def searching() -> tuple[Callable[[], None], Callable[[], None]]:
    """Beams over texts: 64 texts at once, and one text after another, its five hypotheses as a batch."""
    recurrence = Recurrence(hidden_size=256, dropout=0.0)
    body = RecurrentBody(128, Recurrence(hidden_size=256, bidirectional=True, dropout=0.0))
    net = AttentiveEncoderDecoder(nn.Identity(), body, 512, PIECES, 256, recurrence).eval()
    texts = torch.randn(TEXTS, 15, 128)
    beam = Beam(size=BEAM)

    def ours() -> None:
        for rows in texts.split(64):
            written(net, Sequences(rows, torch.full((len(rows),), 15)), beam, [LONGEST] * len(rows))

    @torch.inference_mode()
    def of_torch() -> None:
        for text in texts:
            read, state = net.read(Sequences(text.expand(BEAM, -1, -1), torch.full((BEAM,), 15)))
            symbols, totals = torch.full((BEAM, 1), 2), torch.tensor([0.0] + [-torch.inf] * (BEAM - 1))
            for _ in range(LONGEST):
                given, after = net.step(symbols[:, -1], read, state)
                scores = totals.unsqueeze(1) + net.log_probabilities(given, read)
                totals, best = scores.flatten().topk(BEAM)
                rows = best // PIECES
                symbols = torch.cat([symbols[rows], (best % PIECES).unsqueeze(1)], dim=1)
                state = mapped(after, itemgetter(rows))

    return ours, of_torch


def memory(net: int, threads: int) -> float:
    """MiB above the weights that training steps of ours (0) or the plain net (1) take at most."""
    torch.set_num_threads(threads)
    step, before = training()[net], _held()
    for _ in range(TURNS):
        step()
    return _held() - before


def _held() -> float:
    """The most that this process has held so far, in MiB: by Linux, since others count what forked it too."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Race, and say how much faster, and with how much memory."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--threads", type=int, default=torch.get_num_threads())
    threads = options.parse_args().threads
    torch.set_num_threads(threads)
    races = {"training step": training(), "1,000 characters": drawing(), "1,000 beams": searching()}
    for name, runs in races.items():
        best = [float("inf")] * 2
        for _ in range(TURNS):
            for place, run in enumerate(runs):
                began = time.process_time()
                run()
                best[place] = min(best[place], time.process_time() - began)
        sys.stdout.write(
            f"{name:>18}  recurra {1000 * best[0]:8.1f} ms   torch {1000 * best[1]:8.1f} ms   "
            f"{best[1] / best[0]:5.2f} times as fast\n"
        )
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as process:  # each net anew
        ours, plain = (process.apply(memory, (net, threads)) for net in range(2))
    sys.stdout.write(f"{'of training':>18}  recurra {ours:8.1f} MiB  torch {plain:8.1f} MiB\n")


if __name__ == "__main__":
    main()
