"""Scores at each step after each beginning of a text: of the valid ones alone, and the same on a stream."""

import numpy as np
import pytest
import torch
from tests.models.steps_encoder import StepsEncoder
from tests.trial import assert_close

from recurra import Sequences
from recurra.errors import ConfigError
from recurra.export import to_program
from recurra.models.sequence_body import make_body
from recurra.models.transducer import RecurrentTransducer
from recurra.recurrence import Recurrence

TIME, LABELS = 7, 3


def transducer(**options) -> RecurrentTransducer:
    recurrence = Recurrence(**({"cell": "gru", "hidden_size": 5, "num_layers": 2, "dropout": 0.0} | options))
    body = make_body("recurrent", 4, recurrence)
    return RecurrentTransducer(StepsEncoder(4), body, LABELS, recurrence, 0.0)


def test_scores_are_those_of_the_valid_steps_and_symbols_alone() -> None:
    model = transducer(bidirectional=True).double()
    values, lengths = torch.randn(3, TIME, 3).double(), [TIME, 1, 4]
    target = torch.tensor([[1, 2, 2], [2, -100, -100], [-100, -100, -100]])
    for row, length in enumerate(lengths):
        values[row, length:] = 1e3
    scores, alone = model(Sequences(values, torch.tensor(lengths)), target)
    assert scores.shape == (3, TIME, 4, LABELS)
    assert alone.shape == (3, TIME, LABELS)
    for row, length in enumerate(lengths):
        text = target[row][target[row] >= 0]
        sequences = Sequences(values[row : row + 1, :length], torch.tensor([length]))
        one, by_steps = model(sequences, text[None])
        assert_close(one[0], scores[row, :length, : len(text) + 1])
        assert_close(by_steps[0], alone[row, :length])


def test_a_symbol_counts_for_what_follows_it_alone() -> None:
    model = transducer().eval()
    sequences = Sequences(torch.randn(1, TIME, 3), torch.tensor([TIME]))
    one, two = (model(sequences, torch.tensor([[1, last]]))[0] for last in (1, 2))
    assert torch.equal(one[:, :, :2], two[:, :, :2])
    assert not torch.equal(one[:, :, 2], two[:, :, 2])


def test_a_stream_brings_to_the_joint_layer_what_the_whole_brings() -> None:
    model = transducer().eval()
    values = torch.randn(1, TIME, 3)
    read = model.read(Sequences(values, torch.tensor([TIME])))[0]
    found = to_program(list(model.stream_modules())).session().run(values[0].numpy())
    np.testing.assert_allclose(found, read.detach().numpy(), atol=1e-5)
    told, _ = model.predict(torch.tensor([[0, 2, 1]]))
    session = to_program(list(model.told_modules())).session()
    np.testing.assert_allclose(session.run(np.array([0, 2, 1])), told[0].detach().numpy(), atol=1e-5)


def test_a_net_that_reads_both_ways_does_not_stream() -> None:
    with pytest.raises(ConfigError, match="bidirectional"):
        transducer(bidirectional=True).stream_modules()
