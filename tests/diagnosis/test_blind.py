"""What a net owes to what it reads is told from what constants alone take off the loss."""

import pytest
import torch
from tests.diagnosis.toy_net import Batch, Net, objective
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recurra.cells import GRU, Elman
from recurra.diagnosis import Limits, measure
from recurra.layers import Bidirectional, Recurrent
from recurra.training.contract import Loss
from recurra.types import Sequences

SMALL = Limits(rows=4, evidence=64, sources=2, lags=16, points=1, directions=2, positions=2)
LENGTHS = (7, 5, 7, 3, 6, 7, 5, 4, 7, 7, 6, 7)


def batch_for(net, lengths=LENGTHS, noise=0.0):
    """Rows whose targets are what a net gives, and some noise, so that it is right but for that."""
    torch.manual_seed(4)
    sequences = Sequences(torch.randn(len(lengths), max(lengths), 3), torch.tensor(lengths))
    with torch.no_grad():
        target = net(sequences)
    return Batch(sequences, target + noise * torch.randn_like(target))


def found(net, batch, told=objective):
    return measure(net, batch, told, limits=SMALL).blind


@pytest.mark.parametrize(
    "layer",
    [
        Recurrent(GRU(3, 5)),
        Bidirectional(GRU(3, 5), GRU(3, 5)),
    ],
)
def test_a_net_that_is_right_owes_all_to_what_it_reads(layer):
    net = Net(layer)
    shut = found(net, batch_for(net))
    assert shut.rows == len(LENGTHS)
    assert shut.loss == pytest.approx(0, abs=1e-9)
    assert shut.blind > 0
    assert shut.owed == pytest.approx(1)


def test_a_net_that_tells_the_same_of_every_row_owes_nothing():
    net = Net(Recurrent(Elman(3, 5)))
    with torch.no_grad():
        net.layer.cell.weight_ih.zero_()
    shut = found(net, batch_for(net, noise=1.0))
    assert shut.loss == pytest.approx(shut.blind)
    assert shut.owed == pytest.approx(0, abs=1e-6)


def test_what_every_step_shows_without_the_rows_is_no_merit():
    """Errors of a net that knows the time alone: its state begins the same in every row."""
    net = Net(Recurrent(Elman(3, 5)))
    with torch.no_grad():
        net.layer.cell.weight_ih.zero_()
        net.layer.cell.bias_ih.fill_(0.3)
    batch = batch_for(net)
    assert batch.target.std(dim=1).max() > 0.01
    assert found(net, batch).loss == pytest.approx(found(net, batch).blind)


class Last(nn.Module):
    """The last state of one of torch's layers, read out."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.output = layer, nn.Linear(layer.hidden_size, 2)

    def forward(self, sequences):
        values = sequences.values
        values = values if self.layer.batch_first else values.transpose(0, 1)
        return self.output(self.layer(values)[1][-1])


@pytest.mark.parametrize("batch_first", [True, False])
def test_states_of_torchs_layers_tell_no_rows_apart_either(batch_first):
    net = Last(nn.GRU(3, 5, batch_first=batch_first))

    def of_the_last(model, batch, state):
        del state
        return Loss((model(batch.sequences) - batch.target).square().sum(), float(len(batch)))

    batch = batch_for(net, lengths=(6,) * 10)
    spread = (batch.target - batch.target.mean(dim=0)).square().sum(dim=1).mean()
    shut = found(net, batch, of_the_last)
    assert shut.loss == pytest.approx(0, abs=1e-9)
    assert shut.blind == pytest.approx(float(spread), rel=1e-5)


class Packed(nn.Module):
    """One of torch's layers over a packed batch."""

    def __init__(self):
        super().__init__()
        self.layer, self.output = nn.GRU(3, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, sequences):
        packed = pack_padded_sequence(
            sequences.values, sequences.lengths, batch_first=True, enforce_sorted=False
        )
        return self.output(pad_packed_sequence(self.layer(packed)[0], batch_first=True)[0])


def test_few_rows_and_packed_ones_tell_nothing():
    net = Net(Recurrent(GRU(3, 5)))
    assert found(net, batch_for(net, lengths=(5, 4, 3))) is None
    packed = Packed()
    assert found(packed, batch_for(packed)) is None
