"""One result for a sequence: of its valid steps alone, and the same on a stream."""

import pytest
import torch
from tests.models.steps_encoder import StepsEncoder
from tests.trial import assert_close

from recurra import Sequences
from recurra.errors import ConfigError
from recurra.export import to_program
from recurra.layers.pooling import POOLINGS, Pooling
from recurra.models.classifier import SequenceClassifier
from recurra.models.sequence_body import make_body
from recurra.recurrence import Recurrence

TIME, OUT = 7, 2


def classifier(
    pooling: str, network: str = "recurrent", dropout: float = 0.0, **options
) -> SequenceClassifier:
    recurrence = Recurrence(
        **({"cell": "gru", "hidden_size": 5, "num_layers": 2, "dropout": dropout} | options)
    )
    body = make_body(network, 4, recurrence)
    own = Pooling(pooling, body.output_size, bidirectional=recurrence.bidirectional)
    return SequenceClassifier(StepsEncoder(4), body, own, OUT, dropout)


@pytest.mark.parametrize("network", ["recurrent", "feed_forward", "convolutional"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_result_is_that_of_the_valid_steps_alone(pooling: str, network: str) -> None:
    model = classifier(pooling, network, bidirectional=True).double()
    values, lengths = torch.randn(4, TIME, 3).double(), [TIME, 1, 0, 4]
    results = model(Sequences(values, torch.tensor(lengths)))
    assert results.shape == (4, OUT)
    for row, length in enumerate(lengths):
        spoilt = values[row : row + 1].clone()
        spoilt[:, length:] = 1e3
        assert_close(model(Sequences(spoilt, torch.tensor([length])))[0], results[row])
        if length:
            alone = Sequences(values[row : row + 1, :length], torch.tensor([length]))
            assert_close(model(alone)[0], results[row])
    assert torch.equal(results[2], model.output.bias), "of no step"


def test_the_temperature_is_saved_and_not_trained() -> None:
    model = classifier("last")
    assert model.state_dict()["temperature"] == 1
    assert "temperature" not in dict(model.named_parameters())
    model.temperature.fill_(2.5)
    again = classifier("last")
    again.load_state_dict(model.state_dict())
    assert again.temperature == 2.5
    assert model.temperature.shape == ()


def test_dropout_acts_before_the_result_in_training_only() -> None:
    model = classifier("mean", "feed_forward")
    model.dropout.p = 0.5
    sequences = Sequences(torch.randn(3, TIME, 3), torch.tensor([TIME, 4, 2]))
    assert not torch.equal(model(sequences), model(sequences))
    model.eval()
    assert torch.equal(model(sequences), model(sequences))


def test_features_are_dropped_at_all_steps_of_a_row_in_training_only() -> None:
    body = make_body("feed_forward", 4, Recurrence(hidden_size=5, dropout=0.0))
    model = SequenceClassifier(StepsEncoder(4), body, Pooling("mean", 5), OUT, 0.0, input_dropout=0.5)
    heard: list[torch.Tensor] = []
    body.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    sequences = Sequences(torch.randn(3, TIME, 3), torch.tensor([TIME, TIME, TIME]))
    model(sequences)
    model.eval()(sequences)
    dropped, whole = heard
    gone = dropped == 0
    assert torch.equal(gone, gone[:, :1].expand_as(gone))
    assert 0 < gone.float().mean() < 1
    torch.testing.assert_close(dropped[~gone], 2 * whole[~gone])


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_a_stream_says_after_each_step_what_the_steps_so_far_give(pooling: str, residual: bool) -> None:
    model = classifier(pooling, residual=residual).eval()
    values, session = torch.randn(TIME, 3), to_program(model).session()
    for step in range(TIME):
        streamed = torch.from_numpy(session.step(values[step].numpy()).copy())
        with torch.no_grad():
            whole = model(Sequences(values[None, : step + 1], torch.tensor([step + 1])))[0]
        torch.testing.assert_close(streamed, whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "setting"),
    [
        (classifier("attention"), "Train with pooling=max"),
        (classifier("last", bidirectional=True), "bidirectional is True"),
        (classifier("last", "convolutional"), "network=recurrent"),
        (classifier("last", "feed_forward"), "network=recurrent"),
    ],
    ids=["attention", "bidirectional", "convolutional", "feed_forward"],
)
def test_what_does_not_stream_is_told_by_its_setting(model: SequenceClassifier, setting: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        to_program(model)
