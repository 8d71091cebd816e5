import itertools
import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from recurra.decoding.connectionist import collapsed
from recurra.errors import ShapeError
from recurra.layers.connectionist import ctc_loss

TARGETS = ([1], [1, 2], [2, 2], [1, 2, 1], [])


def summed_over_alignments(log_shares: np.ndarray, text: list[int]) -> float:
    """The probability of a text, by going through every row of labels there is."""
    time, labels = log_shares.shape
    return sum(
        math.exp(sum(log_shares[step, label] for step, label in enumerate(path)))
        for path in itertools.product(range(labels), repeat=time)
        if collapsed(path) == text
    )


def padded(rows: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [-100] * (longest - len(row)) for row in rows]).reshape(len(rows), longest)


def test_the_loss_is_the_sum_over_all_alignments() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(len(TARGETS), 5, 3, generator=generator, dtype=torch.float64)
    lengths = torch.tensor([5, 4, 3, 5, 2])
    losses, symbols = ctc_loss(scores, lengths, padded(list(TARGETS)))
    assert symbols.tolist() == [1, 2, 2, 3, 0]
    for row, text in enumerate(TARGETS):
        own = scores[row, : lengths[row]].log_softmax(dim=-1).numpy()
        assert float(losses[row]) == pytest.approx(-math.log(summed_over_alignments(own, text)), rel=1e-9)


def test_gradients_are_those_of_the_loss() -> None:
    scores = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    scores.requires_grad_()
    target, lengths = padded([[1, 1], [2]]), torch.tensor([4, 3])
    assert gradcheck(lambda given: ctc_loss(given, lengths, target)[0], (scores,))


def test_a_text_without_room_costs_nothing_and_counts_for_nothing() -> None:
    scores = torch.randn(2, 2, 3, requires_grad=True)
    losses, symbols = ctc_loss(scores, torch.tensor([2, 2]), padded([[1, 1], [1, 2]]))
    losses.sum().backward()
    assert symbols.tolist() == [0, 2]
    assert losses[0] == 0
    assert scores.grad is not None
    assert (scores.grad[0] == 0).all()
    assert (scores.grad[1] != 0).any()


@pytest.mark.parametrize("wrong", [3, 0])
def test_labels_that_are_none_are_refused(wrong: int) -> None:
    with pytest.raises(ShapeError, match="1 to 2"):
        ctc_loss(torch.zeros(1, 4, 3), torch.tensor([4]), torch.tensor([[1, wrong]]))
