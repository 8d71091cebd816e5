"""Warnings come at the onset of a fault, once, and not for healthy runs."""

import pytest
import torch
from torch import nn

from recurra.errors import NonFiniteError
from recurra.training.config import TrainingConfig
from recurra.training.contract import Loss
from recurra.training.loop import fit
from recurra.training.monitor import onset

FALLING = [0.9**number for number in range(40)]


def steps_of(losses, norms=None, ratio=1e-3, clipped=0.0):
    norms = norms or [1.0] * len(losses)
    return [
        {"epoch": n // 10, "step": 10 * (n + 1), "loss": loss, "gradient_norm": norm, "learning_rate": 1e-3,
         "update_ratio": ratio, "clipped": clipped}
        for n, (loss, norm) in enumerate(zip(losses, norms, strict=True))
    ]  # fmt: skip


def told(steps, clip=1.0):
    warnings = []
    for number in range(1, len(steps) + 1):
        warnings += onset(steps[:number], warnings, clip)
    return [(one["what"], one["step"]) for one in warnings]


def test_a_healthy_run_gives_no_warning():
    assert told(steps_of(FALLING)) == []
    converged = steps_of(FALLING, [0.8**number for number in range(40)])
    assert told(converged) == []


@pytest.mark.parametrize(
    ("steps", "what", "step"),
    [
        (steps_of(FALLING, [1.0] * 20 + [500.0] * 20), "exploding", 210),
        (steps_of(FALLING, [50.0] * 40, clipped=1.0), "exploding", 200),
        (steps_of([1.0] * 40, [1e-8] * 40), "vanishing", 50),
        (steps_of([1.0] * 40, ratio=1e-9), "standing still", 50),
        (steps_of([1.0] * 10 + [0.9] * 5 + [3.0] * 10), "diverging", 200),
    ],
)
def test_a_fault_is_told_once_at_its_onset(steps, what, step):
    assert told(steps) == [(what, step)]


class Rows:
    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def to(self, device):
        return Rows(self.values.to(device))

    def shard(self, rank, world_size):
        return Rows(self.values[rank::world_size])

    def chunks(self, steps):
        raise NotImplementedError


class Source:
    def __len__(self):
        return 30

    def batch(self, epoch, index):
        factor = 1.0 if index < 20 else float("nan") if epoch else 1e4
        return Rows(torch.ones(2, 3) * factor)


def squared(model, batch, state):
    del state
    return Loss(model(batch.values).square().sum(), float(len(batch)))


def test_the_history_keeps_warnings_also_of_a_run_that_breaks(tmp_path):
    torch.manual_seed(0)
    config = TrainingConfig(max_epochs=2, log_every=1, learning_rate=1e-6, schedule="constant", device="cpu")
    with pytest.raises(NonFiniteError):
        fit(nn.Linear(3, 1), squared, Source(), config, folder=tmp_path)
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    warned = [line for line in lines if '"warning"' in line]
    assert '"exploding"' in warned[0]
    assert '"diverging"' in warned[-1]


def test_a_net_that_has_no_gradient_goes_on():
    assert ("exploding", 60) not in told(steps_of([1.0] * 12, [0.0] * 12))
