"""The language model's net."""

import pytest
import torch
import torch.nn.functional as F

from recurra.export import to_program
from recurra.models.next_symbol import NextSymbol
from recurra.output import Output
from recurra.recurrence import Recurrence


def net(**options: object) -> NextSymbol:
    recurrence = Recurrence(hidden_size=6, num_layers=2, cell="gru", dropout=0.0)
    return NextSymbol(11, 5, recurrence, **options).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("tied", [True, False])
def test_chunks_are_the_whole_and_losses_those_of_the_logits(tied: bool) -> None:
    model = net(output=Output(tied=tied))
    ids, targets = torch.randint(0, 11, (3, 7)), torch.randint(0, 11, (3, 7))
    logits, _ = model(ids)
    first, state = model(ids[:, :4])
    second, _ = model(ids[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), logits)
    each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(3, 7)
    torch.testing.assert_close(model.losses(ids, targets)[0], each)
    torch.testing.assert_close(model.loss(model.features(ids)[0], targets), each.sum())


def test_a_row_begins_anew_where_it_is_reset() -> None:
    model = net()
    ids = torch.randint(0, 11, (1, 8))
    resets = torch.arange(8)[None] == 5
    alone, _ = model(ids[:, 5:])
    within, _ = model(ids, resets=resets)
    torch.testing.assert_close(within[:, 5:], alone)


def test_tied_weights_are_kept_once_and_learn_from_both_ends() -> None:
    tied, untied = net(output=Output(tied=True)), net(output=Output(tied=False))
    assert "output.weight" not in dict(tied.named_parameters())
    assert "output.weight" in dict(untied.named_parameters())
    ids = torch.tensor([[1, 2]])
    tied.loss(tied.features(ids)[0], torch.tensor([[2, 3]])).backward()  # type: ignore[no-untyped-call]
    gradient = tied.embedding.weight.grad
    assert gradient is not None
    assert bool(gradient[7].any()), "no input, but an output, has a gradient"


@pytest.mark.parametrize("tied", [True, False])
def test_a_stream_gives_the_logits(tied: bool) -> None:
    model = net(output=Output(tied=tied))
    ids = torch.randint(0, 11, (1, 6))
    session = to_program(model.stream_form().modules).session()
    found = torch.stack([torch.from_numpy(session.step(int(one)).copy()) for one in ids[0]])
    torch.testing.assert_close(found, model(ids)[0][0].detach(), rtol=1e-5, atol=1e-5)


def test_dropped_symbols_are_dropped_as_a_whole() -> None:
    model = net(embedding_dropout=0.5).train()
    ids = torch.arange(11).repeat(1, 2)
    torch.manual_seed(0)
    seen = []
    model.input_dropout.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    model.outputs(ids)
    dropped = (seen[0][0] == 0).all(dim=-1)
    assert 0 < int(dropped[:11].sum()) < 11
    assert bool((dropped[:11] == dropped[11:]).all())
