"""Bach's chorales as piano rolls: the negative log-likelihood of a time step, in nats.

    python benchmarks/accuracy/jsb.py --data FOLDER [--folder RUN] [--independent] [--json]

FOLDER holds JSB_Chorales.mat: 229 chorales to train on, 76 to choose the epoch, 77 to judge, quarter notes
of 88 keys. The net reads the keys of each step from high to low and a sign that ends it, and tells each
sign after all before it. So `nll`, the sum of what all signs cost over the number of steps, is that of
whole chords, of which later keys are told by earlier ones of the same chord; the first chord of each
chorale counts, and so does where it ends. RNN-NADE (Boulanger-Lewandowski and others 2012) tells chords so,
too. Nets that tell all keys of a step independently of one another (an LSTM's 8.45, a TCN's 8.10, by Bai
and others 2018) give densities of the same chords, but without that knowledge; `independent_nll` is of this
kind, with --independent: a recurrent net with 88 outputs. `independent_nll_later` leaves out the first
step, as theirs do. Chords by their frequency (`chord_frequency`), keys by theirs (`key_frequency`) and
n-grams of signs stand beside them. The settings of the net over signs are the first that were tried, those of
independent outputs the best of three trials by the validation part, which chooses epochs; the test part is
read after training, once.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import parser, report
from scipy.io import loadmat
from torch import Tensor, nn
from torch.nn import functional as F

import recurra
from recurra import LanguageModel

SETTINGS: Mapping[str, Any] = {
    "input": "notes",
    "resolution": 1,
    "transpose": 5,
    "hidden_size": 256,
    "dropout": 0.3,
    "batch_size": 16,
    "sequence_length": 64,
    "max_epochs": 6,
}
HIDDEN, EPOCHS, BATCH, RATE, DROPOUT, SHIFT = 256, 70, 8, 5e-3, 0.5, 5
PARTS = ("train", "valid", "test")
Rolls = list[np.ndarray]


def rolls(path: Path) -> dict[str, Rolls]:
    """The rolls (steps, 88) of each part."""
    found = loadmat(path)
    return {part: [one.astype(np.float32) for one in found[f"{part}data"][0]] for part in PARTS}


def frequencies(parts: Mapping[str, Rolls]) -> dict[str, float]:
    """What chords cost by their frequency, mixed with that of their keys, and by that of their keys alone."""
    every = {part: np.concatenate(own) for part, own in parts.items()}
    shares = (every["train"].sum(0) + 0.5) / (len(every["train"]) + 1)
    counts: dict[bytes, int] = {}
    for chord in every["train"]:
        counts[chord.tobytes()] = counts.get(chord.tobytes(), 0) + 1

    def costs(part: str, trust: float) -> tuple[float, float]:
        own = every[part]
        keys = np.log(np.where(own > 0, shares, 1 - shares)).sum(1)
        seen = np.array([counts.get(chord.tobytes(), 0) for chord in own]) / len(every["train"])
        return float(-np.log(trust * seen + (1 - trust) * np.exp(keys)).mean()), float(-keys.mean())

    trust = min(np.linspace(0.05, 0.95, 19), key=lambda one: costs("valid", one)[0])
    chord, key = costs("test", trust)
    return {"chord_frequency": round(chord, 4), "key_frequency": round(key, 4)}


class Independent(nn.Module):
    """A recurrent layer, and the log-odds of each key of the next step, which begin as its frequency."""

    def __init__(self, shares: np.ndarray) -> None:
        super().__init__()
        self.recurrent = recurra.GRU(88, HIDDEN, batch_first=True)
        self.output = nn.Linear(HIDDEN, 88)
        self.output.bias.data = torch.logit(torch.from_numpy(shares).float())

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """What each step of some rolls costs, (batch, time), zero past their ends."""
        before = F.pad(steps, (0, 0, 1, 0))[:, :-1]
        outputs, _ = self.recurrent(before, lengths=lengths)
        logits = self.output(F.dropout(outputs, DROPOUT, self.training))
        costs = F.binary_cross_entropy_with_logits(logits, steps, reduction="none").sum(-1)
        return costs * (torch.arange(steps.shape[1]) < lengths[:, None])


def batches(own: Sequence[np.ndarray], random: np.random.Generator | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Padded rolls; in training in any order, each in any of eleven keys."""
    order = np.arange(len(own)) if random is None else random.permutation(len(own))
    for begin in range(0, len(own), BATCH):
        chosen = [own[at] for at in order[begin : begin + BATCH]]
        if random is not None:
            chosen = [np.roll(one, random.integers(-SHIFT, SHIFT + 1), axis=1) for one in chosen]
        lengths = torch.tensor([len(one) for one in chosen])
        yield nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in chosen], batch_first=True), lengths


@torch.no_grad()
def cost(net: Independent, own: Rolls) -> tuple[float, float]:
    """Nats of a step, of all and of those after the first."""
    net.eval()
    found = [(net(steps, lengths), lengths) for steps, lengths in batches(own, None)]
    total = sum(float(costs.sum()) for costs, _ in found)
    first = sum(float(costs[:, 0].sum()) for costs, _ in found)
    steps = sum(map(len, own))
    return total / steps, (total - first) / (steps - len(own))


def independent(parts: Mapping[str, Rolls], seed: int) -> dict[str, float]:
    """Train a net that tells every key of a step by itself; the epoch is that of the validation part."""
    torch.manual_seed(seed)
    every = np.concatenate(parts["train"])
    shares = (every.sum(0) + 0.5) / (len(every) + 1)
    random, net = np.random.default_rng(seed), Independent(shares)
    optimizer = torch.optim.AdamW(net.parameters(), RATE)
    total = EPOCHS * -(-len(parts["train"]) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=total)
    best, kept = np.inf, net.state_dict()
    for _ in range(EPOCHS):
        net.train()
        for steps, lengths in batches(parts["train"], random):
            loss = net(steps, lengths).sum() / lengths.sum()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        told = cost(net, parts["valid"])[0]
        if told < best:
            best, kept = told, copy.deepcopy(net.state_dict())
    net.load_state_dict(kept)
    whole, later = cost(net, parts["test"])
    return {
        "independent_nll": round(whole, 4),
        "independent_nll_later": round(later, 4),
        "independent_valid_nll": round(best, 4),
    }


def main() -> None:
    """Train, score."""
    own = parser(__doc__ or "", resumable=True)
    own.add_argument("--independent", action="store_true", help="a net that tells keys independently, too")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        path = options.data / "JSB_Chorales.mat"
        model = LanguageModel(seed=options.seed, **SETTINGS)
        model.fit(path, folder=options.folder, resume=options.folder is not None)
        scores = {one.name: one.scores for one in model.evaluate().models}
        parts = rolls(path)
        return {
            "nll": round(float(scores["recurra"]["nats_per_step"] or 0), 4),
            "nll_n_grams": round(float(scores["n_grams"]["nats_per_step"] or 0), 4),
            "nll_sign_frequency": round(float(scores["unigram"]["nats_per_step"] or 0), 4),
            **frequencies(parts),
            "valid_nll": round(min(epoch["valid_nats_per_step"] for epoch in model.training_.epochs), 4),
            "parameters": model.num_parameters_,
            **(independent(parts, options.seed) if options.independent else {}),
        }

    report(run, options)


if __name__ == "__main__":
    main()
