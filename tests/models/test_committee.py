"""Several nets side by side: each as it would be alone, and one recurrence that does the same."""

import pytest
import torch
from tests.models.steps_encoder import StepsEncoder

from recurra import Sequences
from recurra.errors import ConfigError
from recurra.export import to_program
from recurra.layers.pooling import Pooling
from recurra.models.classifier import SequenceClassifier
from recurra.models.committee import CommitteeBody
from recurra.recurrence import Recurrence

TIME, OUT, MEMBERS = 7, 2, 3
SEQUENCES = Sequences(torch.randn(4, TIME, 3), torch.tensor([TIME, 1, 5, 3]))


def committee(pooling: str, **options) -> SequenceClassifier:
    recurrence = Recurrence(**({"cell": "gru", "hidden_size": 5, "num_layers": 2} | options))
    body = CommitteeBody(4, recurrence, MEMBERS)
    own = Pooling(pooling, body.output_size, bidirectional=recurrence.bidirectional)
    return SequenceClassifier(StepsEncoder(4), body, own, OUT, 0.0).eval()


def member(whole: SequenceClassifier, number: int) -> SequenceClassifier:
    """One of them, as a net of its own."""
    body = whole.body.bodies[number]
    own = Pooling(whole.pooling.name, body.output_size, bidirectional=whole.pooling.bidirectional)
    found = SequenceClassifier(whole.encoder, body, own, OUT, 0.0).eval()
    with torch.no_grad():
        found.output.weight.copy_(whole.body.apart(whole.output.weight)[number])
        found.output.bias.copy_(whole.output.bias)
    return found


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_each_member_says_what_it_would_alone_and_all_their_mean(pooling: str, bidirectional: bool) -> None:
    model = committee(pooling, bidirectional=bidirectional)
    each = model.each(SEQUENCES)
    alone = torch.stack([member(model, number)(SEQUENCES) for number in range(MEMBERS)])
    torch.testing.assert_close(each, alone)
    torch.testing.assert_close(model(SEQUENCES), alone.mean(dim=0))
    assert not torch.allclose(alone[0], alone[1])


def test_a_member_learns_from_its_own_loss_alone() -> None:
    model = committee("mean")
    model.each(SEQUENCES)[1].sum().backward()
    moved = [
        any(one.grad is not None and one.grad.any() for one in body.parameters())
        for body in model.body.bodies
    ]
    assert moved == [False, True, False]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru", "gru_reset_before"])
def test_one_wide_recurrence_does_the_same(cell: str, bidirectional: bool) -> None:
    body = committee("mean", cell=cell, bidirectional=bidirectional).body
    steps = torch.randn(4, TIME, 4)
    joined, _ = body.stack(steps, None, lengths=SEQUENCES.lengths)
    torch.testing.assert_close(joined, body(steps, SEQUENCES.lengths))


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_a_stream_says_after_each_step_what_the_steps_so_far_give(pooling: str) -> None:
    model = committee(pooling)
    values, session = torch.randn(TIME, 3), to_program(model).session()
    for step in range(TIME):
        streamed = torch.from_numpy(session.step(values[step].numpy()).copy())
        with torch.no_grad():
            whole = model(Sequences(values[None, : step + 1], torch.tensor([step + 1])))[0]
        torch.testing.assert_close(streamed, whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "layer_norm_lstm"},
        {"hidden_size": 4, "residual": True},
        {"cell": "elman", "orthogonal": True},
    ],
    ids=["layer_norm_lstm", "residual", "orthogonal"],
)
def test_what_cannot_be_joined_asks_for_one_net(options: dict) -> None:
    with pytest.raises(ConfigError, match="members=1"):
        to_program(committee("last", **options))
