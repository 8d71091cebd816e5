"""A small recurrent model and its data, for the tests of training."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from recurra.cells.gru import GRU
from recurra.layers.recurrent import Recurrent
from recurra.training.config import TrainingConfig
from recurra.training.contract import Loss
from recurra.training.history import TIMINGS, History


@dataclass
class ToyBatch:
    """Sequences of 3 features, a number to predict at every step, and 0 or 1 for whether the step counts."""

    inputs: Tensor
    targets: Tensor
    weights: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def parts(self, index: Any) -> Self:
        return type(self)(self.inputs[index], self.targets[index], self.weights[index])

    def to(self, device: torch.device) -> Self:
        return type(self)(self.inputs.to(device), self.targets.to(device), self.weights.to(device))

    def shard(self, rank: int, world_size: int) -> Self:
        return self.parts(slice(rank, None, world_size))

    def chunks(self, steps: int) -> Iterator[Self]:
        for start in range(0, self.inputs.shape[1], steps):
            yield self.parts((slice(None), slice(start, start + steps)))


@dataclass
class ToySource:
    """Batches whose rows and lengths depend on epoch and index; the target is a running mean."""

    batches: int = 4
    rows: int = 5
    time: int = 7

    def __len__(self) -> int:
        return self.batches

    def batch(self, epoch: int, index: int) -> ToyBatch:
        generator = torch.Generator().manual_seed(1000 * epoch + index)
        inputs = torch.randn(self.rows, self.time, 3, generator=generator)
        lengths = torch.randint(1, self.time + 1, (self.rows,), generator=generator)
        steps = torch.arange(1, self.time + 1)
        targets = inputs.mean(-1).cumsum(1) / steps
        return ToyBatch(inputs, targets, (steps <= lengths[:, None]).float())


@dataclass
class Split:
    """Every batch of another source in two halves, one after the other."""

    whole: ToySource

    def __len__(self) -> int:
        return 2 * len(self.whole)

    def batch(self, epoch: int, index: int) -> ToyBatch:
        batch = self.whole.batch(epoch, index // 2)
        middle = len(batch) // 2
        return batch.parts(slice(middle, None) if index % 2 else slice(None, middle))


class ToyModel(nn.Module):
    """A GRU with dropout and a linear read-out."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.recurrent = Recurrent(GRU(3, 5))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(5, 1)

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        outputs, state = self.recurrent(inputs, state)
        return self.output(self.dropout(outputs)).squeeze(-1), state


def toy_model(dropout: float = 0.2) -> ToyModel:
    torch.manual_seed(5)
    return ToyModel(dropout)


def squared_error(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
    predicted, state = model(batch.inputs, state)
    return Loss(((predicted - batch.targets) ** 2 * batch.weights).sum(), batch.weights.sum(), state)


def valid_loss(model: nn.Module) -> dict[str, float]:
    with torch.no_grad():
        loss = squared_error(model, ToySource(rows=11).batch(99, 0), None)
    return {"valid_loss": float(loss.total / loss.count)}


def toy_config(**settings: Any) -> TrainingConfig:
    return TrainingConfig(**{"max_epochs": 3, "learning_rate": 0.02, "log_every": 2, **settings})


def weights(model: nn.Module) -> list[Tensor]:
    return [value.clone() for value in model.state_dict().values()]


def same_bits(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def without_timings(history: History) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in record.items() if key not in TIMINGS}
        for record in history.steps + history.epochs
    ]


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
