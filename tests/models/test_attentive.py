"""The net that reads and writes: what it draws itself, what it drops, what it copies from."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.inputs.steps_encoder import StepsEncoder
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.models.sequence_body import RecurrentBody
from recurra.recurrence import Recurrence
from recurra.types import Sequences

SOURCE = Sequences(torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([4, 3]))
IDS = torch.tensor([[2, 3, 4, 5, 6, 7, 8], [2, 8, 7, 6, 5, 4, 3]])


def made(recurrence: Recurrence | None = None, **options: Any) -> AttentiveEncoderDecoder:
    body = RecurrentBody(4, Recurrence(hidden_size=3, bidirectional=True, dropout=0.0))
    own = recurrence or Recurrence(hidden_size=6, dropout=0.0)
    return AttentiveEncoderDecoder(StepsEncoder(4), body, 6, 9, 5, own, **options)


@pytest.mark.parametrize("input_feeding", [True, False])
def test_a_share_of_the_steps_reads_what_the_net_draws(input_feeding: bool) -> None:
    net = made(input_feeding=input_feeding).train()
    told = net(SOURCE, IDS)
    torch.testing.assert_close(net(SOURCE, IDS, 1e-9).outputs, told.outputs)
    own = net(SOURCE, IDS, 1.0).outputs
    torch.testing.assert_close(own[:, 0], told.outputs[:, 0])
    assert not torch.allclose(own[:, 1:], told.outputs[:, 1:])
    other = torch.cat([IDS[:, :1], IDS[:, 1:].flip(1)], dim=1)  # what is told no longer counts
    torch.manual_seed(1)
    first = net(SOURCE, IDS, 1.0).outputs
    torch.manual_seed(1)
    torch.testing.assert_close(net(SOURCE, other, 1.0).outputs, first)


def test_what_is_drawn_is_as_likely_as_the_net_says() -> None:
    net = made().train()
    with torch.no_grad():
        net.output_bias[:] = -1e4
        net.output_bias[5] = 0  # it can write nothing else
    own = net(SOURCE, IDS, 1.0).outputs
    fives = torch.cat([IDS[:, :1], torch.full_like(IDS[:, 1:], 5)], dim=1)
    torch.testing.assert_close(own, net(SOURCE, fives).outputs)


def test_variational_dropout_is_one_for_all_steps_of_input_feeding() -> None:
    recurrence = Recurrence(
        cell="elman", hidden_size=6, num_layers=2, dropout=0.5, variational=True, recurrent_dropout=0.5
    )
    net = made(recurrence).train()
    upper: Any = net.stack.layers[1]
    dropped: list[Tensor] = []
    run = upper._run

    def watched(inputs: Tensor, *rest: Any, **named: Any) -> Any:
        dropped.append(inputs == 0)
        return run(inputs, *rest, **named)

    upper._run = watched
    net(SOURCE, IDS)
    assert len(dropped) == IDS.shape[1]
    assert all(torch.equal(one, dropped[0]) for one in dropped)


class Halving(nn.Module):
    """An encoder with an output for every second step."""

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        del lengths
        return values[:, ::2].float().expand(-1, -1, 4)


def test_copying_needs_a_place_for_each_symbol() -> None:
    net = made(copying=True)
    net.encoder = Halving()
    source = Sequences(torch.ones(2, 4, 1, dtype=torch.int64), torch.tensor([2, 2]))
    with pytest.raises(ConfigError, match="a place for each symbol"):
        net.read(source)


def test_joint_embeddings_must_be_alike() -> None:
    class Reading(nn.Module):
        def __init__(self, symbols: int) -> None:
            super().__init__()
            self.embedding = nn.Embedding(symbols, 5)

    body = RecurrentBody(5, Recurrence(hidden_size=3))
    with pytest.raises(ConfigError, match="9 symbols of 5 numbers"):
        AttentiveEncoderDecoder(Reading(8), body, 3, 9, 5, Recurrence(hidden_size=6), joint=True)
