"""Steps of a stack one after another, with what is dropped held."""

from typing import Any

import pytest
import torch
from tests.catalogue import CELLS, Row, every_cell
from torch import Tensor

from recurra.errors import ConfigError
from recurra.layers import Recurrent, Stack, make_stack
from recurra.layers.stepper import stepper
from recurra.recurrence import Recurrence

INPUTS = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(0))
PLAIN = [row for row in CELLS if "zoneout" not in row.name]


def gone_through(stack: Stack, inputs: Tensor = INPUTS) -> Tensor:
    """The outputs of all steps, taken one after another."""
    state: Any = stack.initial_state(len(inputs))
    step, found = stepper(stack, len(inputs)), []
    for own in inputs.split(1, dim=1):
        outputs, state = step(own, state)
        found.append(outputs)
    return torch.cat(found, dim=1)


@every_cell
def test_without_dropout_it_is_the_stack(row: Row) -> None:
    stack = Stack([Recurrent(row.make(5, 4)), Recurrent(row.make(4, 4))], residual=True)
    stack.train("zoneout" not in row.name)
    torch.testing.assert_close(gone_through(stack), stack(INPUTS)[0], rtol=1e-4, atol=1e-5 * row.condition)


@pytest.mark.parametrize("row", PLAIN, ids=str)
def test_what_one_call_would_draw_once_is_drawn_once(row: Row) -> None:
    options = {"recurrent_dropout": 0.5, "weight_dropout": 0.3}
    stack = Stack([Recurrent(row.make(5, 4), **options), Recurrent(row.make(4, 4), **options)]).train()
    torch.manual_seed(3)
    held = gone_through(stack)
    torch.manual_seed(3)
    first: Any = [layer.stepper(2) for layer in stack.layers]  # what is drawn, in this order
    outputs = INPUTS
    for one in first:
        outputs = one(outputs, None)[0]
    torch.testing.assert_close(held, outputs, rtol=1e-4, atol=1e-5 * row.condition)
    assert not torch.equal(held, gone_through(stack))


def test_variational_dropout_between_layers_keeps_its_mask() -> None:
    recurrence = Recurrence(cell="elman", hidden_size=50, num_layers=2, dropout=0.5, variational=True)
    stack = make_stack(5, recurrence).train()
    upper: Any = stack.layers[1]
    dropped: list[Tensor] = []
    run = upper._run

    def watched(inputs: Tensor, *rest: Any, **named: Any) -> Any:
        dropped.append(inputs == 0)
        return run(inputs, *rest, **named)

    upper._run = watched
    gone_through(stack)
    assert len(dropped) == INPUTS.shape[1]
    assert bool(dropped[0].any())
    assert all(torch.equal(own, dropped[0]) for own in dropped)
    assert not torch.equal(dropped[0][0], dropped[0][1])  # each row has its own


def test_layers_that_read_from_the_end_are_refused() -> None:
    stack = make_stack(5, Recurrence(hidden_size=3, bidirectional=True)).train()
    with pytest.raises(ConfigError, match="reads from the beginning"):
        stepper(stack, 2)
