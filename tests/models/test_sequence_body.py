"""Bodies: what they see, and that padding is none of it."""

from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.trial import assert_close, unchecked

from recurra.errors import ConfigError
from recurra.models.sequence_body import ConvolutionalBody, FeedForwardBody, NetworkName, make_body
from recurra.recurrence import Recurrence

NAMES = get_args(NetworkName)
IN, TIME = 3, 7
OPTIONS = Recurrence(cell="gru", hidden_size=5, num_layers=2, dropout=0.0)


def body_of(name: str, bidirectional: bool = False) -> torch.nn.Module:
    options = OPTIONS.model_copy(update={"bidirectional": bidirectional})
    return make_body(name, IN, options, window=2).double()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_all_are_equally_wide(name: str, bidirectional: bool) -> None:
    body = body_of(name, bidirectional)
    outputs = body(torch.randn(2, TIME, IN).double(), torch.tensor([TIME, 4]))
    assert body.output_size == (10 if bidirectional else 5)
    assert outputs.shape == (2, TIME, body.output_size)


@pytest.mark.parametrize("name", NAMES)
@given(lengths=st.lists(st.integers(0, TIME), min_size=1, max_size=4), bidirectional=st.booleans())
def test_a_row_in_a_batch_is_the_row_alone(name: str, lengths: list[int], bidirectional: bool) -> None:
    """However far the body sees, there is nothing behind the end of a row, and NaN there does no harm."""
    body = body_of(name, bidirectional)
    steps, numbers = torch.randn(len(lengths), TIME, IN).double(), torch.tensor(lengths)
    for row, length in enumerate(lengths):
        steps[row, length:] = torch.nan
    outputs = body(steps, numbers)
    for row, length in enumerate(lengths):
        assert not outputs[row, length:].any()
        if length:
            assert_close(
                outputs[row, :length], body(steps[row : row + 1, :length], numbers[row : row + 1])[0]
            )


@pytest.mark.parametrize("name", NAMES)
def test_padding_reaches_no_gradient(name: str) -> None:
    body = body_of(name)
    steps = torch.randn(2, TIME, IN).double()
    steps[1, 4:] = torch.nan
    leaves = [steps.requires_grad_(), *body.parameters()]
    gradients = torch.autograd.grad(body(steps, torch.tensor([TIME, 4])).square().sum(), leaves)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert not gradients[0][1, 4:].any()
    assert gradients[0][1, :4].any(dim=-1).all()


def seen_from_the_middle(body: torch.nn.Module, time: int) -> tuple[int, int]:
    """How many steps before and after the middle one change its output; all weights are positive."""
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.fill_(0.1)
    steps = torch.ones(1, time, IN, requires_grad=True)
    body(steps, torch.tensor([time]))[0, time // 2].sum().backward()
    seen = steps.grad[0].any(dim=-1).nonzero().flatten()
    return time // 2 - int(seen.min()), int(seen.max()) - time // 2


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_convolutions_see_as_far_as_is_said(blocks: int) -> None:
    reach = 2 * (2**blocks - 1)
    body = ConvolutionalBody(IN, 5, num_blocks=blocks, dropout=0.0)
    assert seen_from_the_middle(body, 4 * reach + 1) == (reach, reach)


@pytest.mark.parametrize("window", [0, 1, 3])
def test_the_feed_forward_body_sees_its_window(window: int) -> None:
    body = FeedForwardBody(IN, 5, window=window, num_layers=2, dropout=0.0)
    assert seen_from_the_middle(body, 9) == (window, window)


def test_the_window_is_in_the_order_of_time() -> None:
    body = FeedForwardBody(IN, 5, window=1, num_layers=1, dropout=0.0)
    steps = torch.randn(1, TIME, IN)
    around = torch.cat([steps[0, 2], steps[0, 3], steps[0, 4]])
    assert torch.allclose(body(steps, torch.tensor([TIME]))[0, 3], body.layers(around), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_dropout_acts_in_training_only(name: str) -> None:
    body = make_body(name, IN, OPTIONS.model_copy(update={"dropout": 0.5}))
    steps, lengths = torch.randn(2, TIME, IN), torch.tensor([TIME, 4])
    assert not torch.equal(body(steps, lengths), body(steps, lengths))
    body.eval()
    assert torch.equal(body(steps, lengths), body(steps, lengths))


without_type_checks = pytest.fixture(unchecked)


def test_wrong_settings_are_refused(without_type_checks: None) -> None:
    with pytest.raises(ConfigError, match="one of recurrent, feed_forward, convolutional"):
        make_body("recurent", IN, OPTIONS)
    with pytest.raises(ConfigError, match="window is -1"):
        make_body("feed_forward", IN, OPTIONS, window=-1)
    with pytest.raises(ConfigError, match="no layer is as wide"):
        make_body("recurrent", IN, Recurrence(hidden_size=5, residual=True))
