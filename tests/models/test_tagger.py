"""Scores for each step: of the valid steps alone, and the same on a stream."""

import pytest
import torch
from tests.models.steps_encoder import StepsEncoder
from tests.trial import assert_close

from recurra import Sequences
from recurra.errors import ConfigError
from recurra.export import to_program
from recurra.layers import LinearChainCRF
from recurra.models.sequence_body import make_body
from recurra.models.tagger import SequenceTagger
from recurra.recurrence import Recurrence

TIME, OUT = 7, 2


def tagger(network: str = "recurrent", crf: LinearChainCRF | None = None, **options) -> SequenceTagger:
    recurrence = Recurrence(**({"cell": "gru", "hidden_size": 5, "num_layers": 2, "dropout": 0.0} | options))
    body = make_body(network, 4, recurrence, window=1)
    return SequenceTagger(StepsEncoder(4), body, OUT, 0.0, crf)


@pytest.mark.parametrize("network", ["recurrent", "feed_forward", "convolutional"])
def test_scores_are_those_of_the_valid_steps_alone(network: str) -> None:
    model = tagger(network, bidirectional=True).double()
    values, lengths = torch.randn(4, TIME, 3).double(), [TIME, 1, 0, 4]
    for row, length in enumerate(lengths):
        values[row, length:] = 1e3
    scores = model(Sequences(values, torch.tensor(lengths)))
    assert scores.shape == (4, TIME, OUT)
    for row, length in enumerate(lengths):
        if length:
            alone = model(Sequences(values[row : row + 1, :length], torch.tensor([length])))
            assert_close(alone[0], scores[row, :length])


def test_the_chain_is_trained_with_the_net() -> None:
    model = tagger(crf=LinearChainCRF(OUT))
    sequences = Sequences(torch.randn(3, TIME, 3), torch.tensor([TIME, 4, 0]))
    losses = model.crf.negative_log_likelihood(
        model(sequences), torch.randint(OUT, (3, TIME)), sequences.lengths
    )
    losses.sum().backward()
    assert losses[2] == 0
    assert all(p.grad.isfinite().all() and p.grad.any() for p in model.parameters())


def test_dropout_acts_before_the_scores_in_training_only() -> None:
    model = tagger()
    model.dropout.p = 0.5
    sequences = Sequences(torch.randn(3, TIME, 3), torch.tensor([TIME, 4, 2]))
    assert not torch.equal(model(sequences), model(sequences))
    model.eval()
    assert torch.equal(model(sequences), model(sequences))


def test_a_stream_says_at_each_step_what_the_whole_gives_there() -> None:
    model = tagger().eval()
    values, session = torch.randn(TIME, 3), to_program(model).session()
    with torch.no_grad():
        whole = model(Sequences(values[None], torch.tensor([TIME])))[0]
    streamed = torch.from_numpy(session.run(values.numpy()))
    torch.testing.assert_close(streamed, whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "setting"),
    [
        (tagger(crf=LinearChainCRF(OUT)), "output is 'crf'"),
        (tagger(bidirectional=True), "bidirectional is True"),
        (tagger("convolutional"), "network=recurrent"),
        (tagger("feed_forward"), "network=recurrent"),
    ],
    ids=["crf", "bidirectional", "convolutional", "feed_forward"],
)
def test_what_does_not_stream_is_told_by_its_setting(model: SequenceTagger, setting: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        model.stream_modules()


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_chunks_that_hand_on_their_state_are_the_whole(steps: int) -> None:
    model = tagger().double().eval()
    sequences = Sequences(torch.randn(3, TIME, 3).double(), torch.tensor([TIME, 1, 4]))
    whole, state, pieces = model(sequences), None, []
    for chunk in sequences.chunks(steps):
        scores, state = model.carry_on(chunk, state)
        pieces.append(scores)
    assert_close(torch.cat(pieces, dim=1)[sequences.mask()], whole[sequences.mask()])
    anew = torch.cat([model(chunk) for chunk in sequences.chunks(steps)], dim=1)
    assert not torch.allclose(anew[sequences.mask()], whole[sequences.mask()])
