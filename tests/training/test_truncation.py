"""Truncated backpropagation through time over a real layer: states, lengths and resets of every row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import pytest
import torch
from tests.training.toy import toy_config
from torch import Tensor, nn

from recurra.cells.gru import GRU
from recurra.cells.lstm import LSTM
from recurra.layers.recurrent import Recurrent
from recurra.training.contract import Loss
from recurra.training.loop import fit
from recurra.types import Sequences

PIECES = [(0, 0, 4), (0, 4, 7), (1, 0, 2), (1, 2, 6)]
"""Row, first step, and end of the sequences that two rows hold one after the other."""


@dataclass
class Rows:
    """Sequences with a number to predict at every step, and the steps at which a new sequence begins."""

    inputs: Sequences
    targets: Tensor
    resets: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def to(self, _device: torch.device) -> Self:
        return self

    def shard(self, rank: int, world_size: int) -> Self:
        own = slice(rank, None, world_size)
        return type(self)(self.inputs.rows(own), self.targets[own], self.resets[own])

    def chunks(self, steps: int) -> Iterator[Self]:
        parts = zip(
            self.inputs.chunks(steps), self.targets.split(steps, 1), self.resets.split(steps, 1), strict=True
        )
        for inputs, targets, resets in parts:
            yield type(self)(inputs, targets, resets)


class OneBatch:
    """A source of one batch."""

    def __init__(self, batch: Rows) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return 1

    def batch(self, _epoch: int, _index: int) -> Rows:
        return self._batch


def squared_error(model: Any, batch: Rows, state: Any) -> Loss:
    outputs, state = model["recurrent"](
        batch.inputs.values, state, lengths=batch.inputs.lengths, resets=batch.resets
    )
    valid = batch.inputs.mask()
    errors = (model["output"](outputs).squeeze(-1) - batch.targets)[valid]
    return Loss(errors.square().sum(), valid.sum(), state)


def packed() -> Rows:
    """Four sequences in two rows."""
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(2, 7, 3, generator=generator)
    resets = torch.zeros(2, 7, dtype=torch.bool)
    for row, begin, _ in PIECES:
        resets[row, begin] = True
    targets = torch.randn(2, 7, generator=generator)
    return Rows(Sequences(inputs, torch.tensor([7, 6])), targets, resets)


def apart() -> Rows:
    """The same sequences, each in a row of its own."""
    whole = packed()
    inputs = Sequences.from_list([whole.inputs.values[row, begin:end] for row, begin, end in PIECES])
    targets = Sequences.from_list([whole.targets[row, begin:end] for row, begin, end in PIECES])
    return Rows(inputs, targets.values, torch.zeros(4, inputs.values.shape[1], dtype=torch.bool))


def trained(batch: Rows, cell: type[nn.Module], **settings: Any) -> tuple[nn.Module, list[float]]:
    torch.manual_seed(5)
    model = nn.ModuleDict({"recurrent": Recurrent(cell(3, 5)), "output": nn.Linear(5, 1)})
    history = fit(model, squared_error, OneBatch(batch), toy_config(optimizer="sgd", **settings))
    return model, [record["train_loss"] for record in history.epochs]


@pytest.mark.parametrize("cell", [LSTM, GRU])
def test_sequences_that_share_a_row_train_as_if_apart(cell: type[nn.Module]) -> None:
    together, apart_losses = trained(packed(), cell), trained(apart(), cell)[1]
    assert together[1] == pytest.approx(apart_losses, rel=1e-5)


@pytest.mark.parametrize("cell", [LSTM, GRU])
@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_chunks_carry_the_state_over_and_reset_it_in_every_row(cell: type[nn.Module], steps: int) -> None:
    """All chunks make one optimiser step, so the first epoch's loss is that of the whole sequences."""
    chunks = -(-7 // steps)
    whole = trained(apart(), cell)[1]
    truncated = trained(packed(), cell, tbptt_steps=steps, accumulate=chunks)[1]
    assert truncated[0] == pytest.approx(whole[0], rel=1e-5)
    assert truncated[-1] < truncated[0]


def test_a_chunk_that_holds_everything_is_no_truncation() -> None:
    one, other = trained(packed(), LSTM, tbptt_steps=7)[0], trained(packed(), LSTM)[0]
    for truncated, full in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(truncated, full)
