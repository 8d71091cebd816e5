"""A recurrent net over made problems, trained by the ladder, and what it learns in how many steps."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from problem import Case, Cases
from torch import Tensor, nn

from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence
from recurra.training.config import TrainingConfig
from recurra.training.contract import Loss
from recurra.training.history import History
from recurra.training.loop import fit

CELLS: Mapping[str, Mapping[str, Any]] = {
    "elman": {"cell": "elman"},
    "irnn": {"cell": "elman_relu"},
    "lstm": {"cell": "lstm"},
    "lstm_chrono": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "gru_chrono": {"cell": "gru"},
}


class Reader(nn.Module):
    """A stack, and a linear layer over its outputs."""

    def __init__(self, input_size: int, output_size: int, recurrence: Recurrence) -> None:
        super().__init__()
        self.stack = make_stack(input_size, recurrence)
        self.output = nn.Linear(self.stack.output_size, output_size)

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, time, features) -> (batch, time, outputs)."""
        outputs, _ = self.stack(inputs)
        return cast("Tensor", self.output(outputs))


def last_error(model: nn.Module, case: Case, state: Any = None) -> Loss:
    """The squared error of the number that is told after the last step."""
    del state
    found = model(case.inputs)[:, -1, 0]
    return Loss((found - case.targets).square().sum(), float(len(case)))


def every_step(model: nn.Module, case: Case, state: Any = None) -> Loss:
    """The cross-entropy of every step, in nats."""
    del state
    logits = model(case.inputs)
    total = F.cross_entropy(logits.flatten(0, 1), case.targets.flatten(), reduction="sum")
    return Loss(total, float(case.targets.numel()))


@torch.no_grad()
def mean_loss(objective: Callable[..., Loss], source: Cases, model: nn.Module) -> dict[str, float]:
    """The mean loss over cases that training does not see."""
    found = [objective(model, source.batch(0, index)) for index in range(len(source))]
    return {"valid_loss": float(sum(one.total for one in found)) / sum(float(one.count) for one in found)}


def learn(
    name: str,
    make: Callable[[int, torch.Generator], Case],
    objective: Callable[..., Loss],
    sizes: tuple[int, int],
    steps_back: int,
    settings: Mapping[str, Any],
    hidden_size: int = 128,
) -> tuple[nn.Module, History]:
    """Train a cell on a problem; of every epoch the loss of cases that it did not see.

    Args:
        name: Of `CELLS`.
        make: The problem.
        objective: Its loss.
        sizes: Features of a step, and outputs.
        steps_back: Over which chrono initialisation spreads memories.
        settings: Of training; `batch_size`, and `batches` an epoch.
        hidden_size: Hidden units.
    """
    given = dict(settings)
    batches, seed = given.pop("batches"), given.get("seed", 0)
    start = {"chrono_steps": max(3, steps_back)} if name.endswith("chrono") else {}
    torch.manual_seed(seed)
    model = Reader(*sizes, Recurrence(hidden_size=hidden_size, dropout=0.0, **CELLS[name], **start))
    config = TrainingConfig(**given)
    source = Cases(make, config.batch_size, batches, seed)
    unseen = Cases(make, 200, 2, seed + 1_000)
    history = fit(model, objective, source, config, validate=partial(mean_loss, objective, unseen))
    return model, history
