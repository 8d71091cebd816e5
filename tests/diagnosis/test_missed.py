"""What errors still depend on is found where it lies, and not where nothing is."""

import pytest
import torch
from tests.diagnosis.toy_net import Batch, Net

from recurra.cells import Elman
from recurra.diagnosis import Limits, measure
from recurra.layers import Bidirectional, Recurrent
from recurra.training.contract import Loss
from recurra.types import Sequences

SMALL = Limits(rows=4, sources=2, lags=64, points=1, directions=2, positions=2)


def told_at_the_end(model, batch, state):
    del state
    result = model(batch.sequences)[:, -1]
    return Loss((result - batch.target[:, -1]).square().sum(), float(len(batch)))


def batch_of(target, rows=200, steps=12):
    values = torch.randn(rows, steps, 3)
    wanted = torch.zeros(rows, steps, 2)
    wanted[:, -1] = target(values)
    return Batch(Sequences(values, torch.full((rows,), steps)), wanted)


def shrinking(**options):
    cell = Elman(3, 8, **options)
    with torch.no_grad():
        cell.weight_hh.mul_(0.1)
    return cell


@pytest.mark.parametrize("back", [0, 4, 11])
def test_an_input_that_was_not_used_is_found_where_it_is(back):
    batch = batch_of(lambda values: 3 * values[:, -1 - back, :2])
    (found,) = measure(Net(Recurrent(shrinking())), batch, told_at_the_end, limits=SMALL).missed
    assert found.reach == back
    assert found.share > 0.5
    assert found.rows == 200


def test_noise_depends_on_nothing():
    batch = batch_of(lambda values: 3 * torch.randn(len(values), 2))
    (found,) = measure(Net(Recurrent(shrinking())), batch, told_at_the_end, limits=SMALL).missed
    assert found.reach == -1
    assert found.share == 0


def test_each_direction_looks_back_its_own_way():
    torch.manual_seed(3)
    net = Net(Bidirectional(shrinking(), shrinking()))
    batch = batch_of(lambda values: 3 * values[:, -1, :2])
    found = {one.reverse: one.reach for one in measure(net, batch, told_at_the_end, limits=SMALL).missed}
    assert found == {False: 0, True: 0}


def test_further_batches_count_as_rows():
    batches = [batch_of(lambda values: 3 * values[:, 2, :2], rows=40) for _ in range(3)]
    (found,) = measure(
        Net(Recurrent(shrinking())), batches[0], told_at_the_end, limits=SMALL, further=batches[1:]
    ).missed
    assert found.rows == 120
    assert found.reach == 9
