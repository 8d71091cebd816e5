import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from recurra.errors import ShapeError
from recurra.layers.transducer import transducer_loss

TARGETS = ([1], [1, 2], [2, 2], [1, 2, 1, 1], [], [2, 1, 1])
LENGTHS = (5, 4, 3, 4, 2, 5)


def summed_over_alignments(log_shares: np.ndarray, text: list[int]) -> float:
    """The probability of a text, by going through every way to give each step a symbol or the blank."""
    time = len(log_shares)

    def all_ways(step: int, place: int) -> list[float]:
        if step == time:
            return [0.0] if place == len(text) else []
        own = log_shares[step, place]
        found = [own[0] + rest for rest in all_ways(step + 1, place)]
        if place < len(text):
            found += [own[text[place]] + rest for rest in all_ways(step + 1, place + 1)]
        return found

    return sum(math.exp(one) for one in all_ways(0, 0))


def padded(rows: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [-100] * (longest - len(row)) for row in rows], dtype=torch.int64)


def case(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(len(TARGETS), 5, 5, 3, generator=generator, dtype=torch.float64)
    return scores, torch.tensor(LENGTHS), padded(list(TARGETS))


def test_the_loss_is_the_sum_over_all_alignments() -> None:
    scores, lengths, target = case()
    losses, symbols = transducer_loss(scores, lengths, target)
    assert symbols.tolist() == [1, 2, 2, 4, 0, 3]
    for row, text in enumerate(TARGETS):
        own = scores[row, : lengths[row]].log_softmax(dim=-1).numpy()
        assert float(losses[row]) == pytest.approx(-math.log(summed_over_alignments(own, text)), rel=1e-9)


def test_all_texts_together_are_certain() -> None:
    scores = torch.randn(1, 4, 1, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    total = 0.0
    for size in range(5):
        target = torch.ones(1, size, dtype=torch.int64)
        loss, _ = transducer_loss(scores.expand(1, 4, size + 1, 2), torch.tensor([4]), target)
        total += math.exp(-float(loss[0]))
    assert total == pytest.approx(1, abs=1e-9)


def test_gradients_are_those_of_the_loss() -> None:
    scores, lengths, target = case(1)
    scores.requires_grad_()
    weights = torch.rand(len(TARGETS), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert gradcheck(lambda given: transducer_loss(given, lengths, target)[0] * weights, (scores,))


def test_neither_padding_nor_the_batch_changes_anything() -> None:
    scores, lengths, target = case(4)
    inside = torch.zeros(scores.shape[:3], dtype=torch.bool)
    for row, (length, text) in enumerate(zip(LENGTHS, TARGETS, strict=True)):
        inside[row, :length, : len(text) + 1] = True
    scores = scores.masked_fill(~inside.unsqueeze(-1), math.nan).requires_grad_()
    losses, _ = transducer_loss(scores, lengths, target)
    losses.sum().backward()
    assert scores.grad is not None
    assert (scores.grad[~inside] == 0).all()
    for row, (length, text) in enumerate(zip(LENGTHS, TARGETS, strict=True)):
        own = scores.detach()[row : row + 1, :length, : len(text) + 1].requires_grad_()
        alone, _ = transducer_loss(own, torch.tensor([length]), padded([text]))
        alone.sum().backward()
        assert alone[0] == losses[row]
        assert own.grad is not None
        assert torch.equal(own.grad[0], scores.grad[row, :length, : len(text) + 1])


def test_float32_is_near_float64_on_long_rows() -> None:
    generator = torch.Generator().manual_seed(5)
    scores = torch.randn(2, 400, 41, 6, generator=generator, dtype=torch.float64)
    target = torch.randint(1, 6, (2, 40), generator=generator)
    lengths = torch.tensor([400, 333])
    found = []
    for given in (scores, scores.float()):
        leaf = given.clone().requires_grad_()
        losses, _ = transducer_loss(leaf, lengths, target)
        losses.sum().backward()
        assert leaf.grad is not None
        found.append((losses.double(), leaf.grad.double()))
    torch.testing.assert_close(found[1][0], found[0][0], rtol=1e-5, atol=0)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-2, atol=1e-3)


def test_a_text_without_room_costs_nothing_and_counts_for_nothing() -> None:
    scores = torch.randn(3, 3, 5, 3, requires_grad=True)
    losses, symbols = transducer_loss(scores, torch.tensor([0, 3, 3]), padded([[1], [2], [1, 1, 2, 1]]))
    losses.sum().backward()
    assert symbols.tolist() == [0, 1, 0]
    assert losses[[0, 2]].tolist() == [0, 0]
    assert scores.grad is not None
    assert (scores.grad[[0, 2]] == 0).all()
    assert scores.grad.isfinite().all()
    assert (scores.grad[1] != 0).any()


@pytest.mark.parametrize("wrong", [3, 0])
def test_labels_that_are_none_are_refused(wrong: int) -> None:
    with pytest.raises(ShapeError, match="1 to 2"):
        transducer_loss(torch.zeros(1, 4, 3, 3), torch.tensor([4]), torch.tensor([[1, wrong]]))


def test_another_number_of_places_is_refused() -> None:
    with pytest.raises(ShapeError, match="3: before the first"):
        transducer_loss(torch.zeros(1, 4, 2, 3), torch.tensor([4]), torch.tensor([[1, 2]]))
