"""The loop over time with a step whose result can be foretold."""

from typing import NamedTuple

import torch
from torch import Tensor

from recurra.ops.walk import Walk, scan


class Count(NamedTuple):
    hidden: Tensor
    square: Tensor  # a field of another shape


def step(projected, state):
    state = Count(state.hidden + projected, state.square + 1)
    return state.hidden, state


def start(batch=2):
    return Count(torch.zeros(batch, 1), torch.zeros(batch, 2, 2))


INPUT = torch.tensor([[1.0, 2, 3, 4], [10, 20, 30, 40]]).unsqueeze(-1)


def test_every_order():
    resets = torch.tensor([[False, False, True, False], [False, False, False, False]])
    lengths = torch.tensor([4, 2])
    cases = [
        ({}, [[1, 3, 6, 10], [10, 30, 60, 100]], [4, 4]),
        ({"reverse": True}, [[10, 9, 7, 4], [100, 90, 70, 40]], [4, 4]),
        ({"lengths": lengths}, [[1, 3, 6, 10], [10, 30, 0, 0]], [4, 2]),
        ({"lengths": lengths, "reverse": True}, [[10, 9, 7, 4], [30, 20, 0, 0]], [4, 2]),
        ({"resets": resets}, [[1, 3, 3, 7], [10, 30, 60, 100]], [2, 4]),
        ({"resets": resets, "reverse": True}, [[6, 5, 3, 4], [100, 90, 70, 40]], [3, 4]),
    ]
    for options, outputs, counts in cases:
        got, final = scan(step, INPUT, start(), Walk(**options))
        assert got.squeeze(-1).tolist() == outputs
        assert final.square[:, 0, 0].tolist() == counts
        last = [row[0 if "reverse" in options else -1] or row[1] for row in outputs]
        assert final.hidden.flatten().tolist() == last


def test_the_state_keeps_its_type():
    def half(projected, state):
        output, state = step(projected, state)
        return output.half(), Count(state.hidden.half(), state.square)

    outputs, final = scan(half, INPUT, start())
    assert {outputs.dtype, final.hidden.dtype, final.square.dtype} == {torch.float32}
