"""Where randomness starts, and how it is taken up again."""

import torch

from recurra.training.seed import random_state, restore_random_state, seed_everything

CPU = torch.device("cpu")


def test_the_state_is_taken_up_where_it_was() -> None:
    state = random_state(CPU)
    drawn = torch.randn(7)
    restore_random_state(state, CPU)
    assert torch.equal(torch.randn(7), drawn)


def test_processes_have_streams_of_their_own_and_the_first_the_seeds() -> None:
    draws = []
    for rank in range(3):
        seed_everything(5, rank)
        draws.append(torch.randn(7))
    torch.manual_seed(5)
    assert torch.equal(torch.randn(7), draws[0])
    assert not torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[1], draws[2])


def test_the_largest_seed_is_one() -> None:
    seed_everything(2**63 - 1, 7)
