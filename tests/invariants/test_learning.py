"""Every cell learns a task that it could not learn if its gradient through time were wrong."""

import pytest
import torch
from tests.catalogue import every_cell

from recurra.cells import Elman
from recurra.layers import Recurrent
from recurra.ops.walk import mapped, scan

STEPS, BATCH, FEATURES, HIDDEN = 8, 32, 3, 8


def signs_batch(linear):
    """Whether two signs, at the first step and at a later one, are equal, or the first; the rest is noise."""
    signs = torch.randint(0, 2, (BATCH, 2)) * 2.0 - 1
    inputs = 0.1 * torch.randn(BATCH, STEPS, FEATURES)
    inputs[:, 0, 0] += signs[:, 0]
    inputs[:, 2, 1] += signs[:, 1]
    inputs[:, :, 2] = 1  # for cells without a bias
    return inputs, signs[:, 0] if linear else signs.prod(dim=1)


def learns(run, cell, learning_rate, *, linear=False):
    """Whether the cell alone learns it; the read-out is fixed: half of the hidden units minus the rest."""
    optimizer = torch.optim.Adam(cell.parameters(), lr=learning_rate)
    average = 1.0
    for _ in range(200):
        inputs, target = signs_batch(linear)
        one_half, other_half = run(inputs)[:, -1].chunk(2, dim=1)
        score = (one_half - other_half).sum(dim=1)
        loss = torch.nn.functional.softplus(-score * target).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average += 0.1 * (loss.item() - average)
        if average < 0.3:
            return True
    return False


@every_cell
def test_learns_what_needs_the_gradient_through_time(row):
    cell = row.make(FEATURES, HIDDEN)
    layer = Recurrent(cell)
    assert learns(lambda inputs: layer(inputs)[0], cell, row.learning_rate, linear=row.linear)


@pytest.mark.parametrize("factor", [1.0, 0.0, -1.0], ids=["right", "stopped", "wrong_sign"])
def test_the_task_shows_a_wrong_gradient(factor):
    cell = Elman(FEATURES, HIDDEN)

    def run(inputs):
        def advance(projected, state):
            altered = mapped(lambda field: factor * field + (1 - factor) * field.detach(), state)
            return cell.step(projected, altered)

        return scan(advance, cell.project_input(inputs), cell.initial_state(len(inputs)))[0]

    assert learns(run, cell, 0.02) == (factor == 1)
