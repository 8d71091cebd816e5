"""Nets whose figures are known."""

import torch
from torch import Tensor, nn

from recurra.cells import Cell
from recurra.ops.elman import ElmanState
from recurra.training.contract import Loss
from recurra.types import Sequences


class Linear(Cell[ElmanState]):
    """h' = W x + U h: every Jacobian is U."""

    def __init__(self, matrix: Tensor, input_size: int = 2) -> None:
        super().__init__()
        size = len(matrix)
        self.input_size, self.hidden_size, self.output_size = input_size, size, size
        self.matrix = nn.Parameter(matrix)
        self.entry = nn.Linear(input_size, size, dtype=matrix.dtype)

    def initial_state(self, batch_size):
        return ElmanState(self.matrix.new_zeros(batch_size, self.hidden_size))

    def project_input(self, input):
        return self.entry(input)

    def step(self, projected, state, recurrent_mask=None):
        hidden = state.hidden if recurrent_mask is None else state.hidden * recurrent_mask
        hidden = projected + hidden @ self.matrix.T
        return hidden, ElmanState(hidden)


def with_eigenvalues(values: list[float]) -> Tensor:
    """A normal matrix with these eigenvalues."""
    torch.manual_seed(1)
    turned = torch.linalg.qr(torch.randn(len(values), len(values), dtype=torch.float64))[0]
    return turned @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ turned.T


class Net(nn.Module):
    """A recurrent layer and an output for each step."""

    def __init__(self, layer: nn.Module, outputs: int = 2) -> None:
        super().__init__()
        self.layer, self.output = layer, nn.Linear(layer.output_size, outputs)

    def forward(self, sequences: Sequences) -> Tensor:
        outputs, _ = self.layer(sequences.values, lengths=sequences.lengths)
        return self.output(outputs)


class Batch:
    """Sequences, and what each step should give."""

    def __init__(self, sequences: Sequences, target: Tensor) -> None:
        self.sequences, self.target = sequences, target

    def __len__(self):
        return len(self.sequences)

    def to(self, device):
        return Batch(self.sequences.to(device), self.target.to(device))

    def shard(self, rank, world_size):
        return Batch(self.sequences.shard(rank, world_size), self.target[rank::world_size])

    def chunks(self, steps):
        raise NotImplementedError


def objective(model: Net, batch: Batch, state: object) -> Loss:
    """Squared errors of all valid steps."""
    mask = batch.sequences.mask().unsqueeze(-1)
    errors = (model(batch.sequences) - batch.target).square() * mask
    return Loss(errors.sum(), batch.sequences.lengths.sum())


def make_batch(lengths: list[int], features: int = 3, outputs: int = 2, dtype=torch.float64) -> Batch:
    values = torch.randn(len(lengths), max(lengths), features, dtype=dtype)
    target = torch.randn(len(lengths), max(lengths), outputs, dtype=dtype)
    return Batch(Sequences(values, torch.tensor(lengths)), target)
