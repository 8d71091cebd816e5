"""P5: the same seed gives the same bits, through initialisation, dropout and training."""

import torch
from tests.catalogue import every_cell
from tests.trial import FEATURES, HIDDEN, random_lengths

from recurra.layers import Bidirectional, Recurrent, Stack


def trained(row, seed):
    torch.manual_seed(seed)
    below = Bidirectional(row.make(FEATURES, HIDDEN), row.make(FEATURES, HIDDEN), recurrent_dropout=0.2)
    stack = Stack([below, Recurrent(row.make(2 * HIDDEN, HIDDEN))], dropout=0.3, variational=True)
    optimizer = torch.optim.Adam(stack.parameters(), lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        outputs, _ = stack(torch.randn(5, 7, FEATURES), lengths=random_lengths())
        (outputs**2).sum().backward()
        optimizer.step()
    return torch.cat([weight.detach().flatten() for weight in stack.parameters()])


@every_cell
def test_same_seed_same_bits(row):
    assert torch.equal(trained(row, 3), trained(row, 3))
    assert not torch.equal(trained(row, 3), trained(row, 4))
