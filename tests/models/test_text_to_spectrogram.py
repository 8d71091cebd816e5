"""The net that reads symbols and writes frames."""

from typing import Any

import pytest
import torch

from recurra.inputs.steps_encoder import StepsEncoder
from recurra.models.sequence_body import RecurrentBody
from recurra.models.text_to_spectrogram import TextToSpectrogram
from recurra.recurrence import Recurrence
from recurra.types import Sequences

BANDS, REDUCTION = 5, 3
LENGTHS = torch.tensor([4, 3])
every_attention = pytest.mark.parametrize("attention", ["additive", "location", "monotonic"])


def made(**options: Any) -> TextToSpectrogram:
    torch.manual_seed(0)
    body = RecurrentBody(4, Recurrence(hidden_size=3, bidirectional=True, dropout=0.0))
    sizes = {
        "reduction": REDUCTION,
        "attention_size": 6,
        "prenet_size": 7,
        "postnet_size": 8,
        "postnet_blocks": 1,
    }
    own = Recurrence(hidden_size=9, num_layers=2, dropout=0.0)
    return TextToSpectrogram(StepsEncoder(4), body, 6, BANDS, own, **{**sizes, **options}).double().eval()


def source() -> Sequences:
    return Sequences(torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(1)).double(), LENGTHS)


@every_attention
def test_padding_and_company_change_nothing(attention: Any) -> None:
    net, read = made(attention=attention), source()
    frames, lengths = torch.randn(2, 11, BANDS).double(), torch.tensor([11, 7])
    spoilt = frames.clone()
    spoilt[1, 7:] = 1e3
    read.values[1, 3:] = 1e3
    clean, dirty = net(read, frames, lengths), net(read, spoilt, lengths)
    alone = net(read.rows([1]), frames[1:, :7], lengths[1:])
    for one in (dirty, alone):
        row = one.refined[-1]
        torch.testing.assert_close(row[:7], clean.refined[1, :7])
        torch.testing.assert_close(one.stop[-1, :3], clean.stop[1, :3])


@every_attention
def test_what_it_says_is_what_it_would_have_said_beside_it(attention: Any) -> None:
    net, read = made(attention=attention), source()
    written, lengths, ended = net.speak(read, torch.tensor([13, 7]), threshold=1.0)
    assert lengths.tolist() == [12, 6]
    assert not ended.any()
    told = net(read, written.frames, lengths)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(told.frames[row, :length], written.frames[row, :length])
        torch.testing.assert_close(told.refined[row, :length], written.refined[row, :length])
        steps = length // REDUCTION
        torch.testing.assert_close(told.weights[row, :steps], written.weights[row, :steps])


def test_a_row_is_spoken_alone_as_it_is_with_others() -> None:
    net, read = made(), source()
    together, lengths, _ = net.speak(read, torch.tensor([21, 12]), threshold=1.0)
    for row, length in enumerate(lengths.tolist()):
        own = Sequences(read.values[row : row + 1, : LENGTHS[row]], LENGTHS[row : row + 1])
        alone, _, _ = net.speak(own, torch.tensor([length]), threshold=1.0)
        torch.testing.assert_close(alone.refined[0], together.refined[row, :length])


def test_it_stops_where_it_says_so_and_rows_do_not_wait_for_each_other() -> None:
    net, read = made(), source()
    limits = torch.tensor([60, 60])
    stops = torch.sigmoid(net.speak(read, limits, threshold=1.0)[0].stop)
    threshold = float(stops[0, 4:].max()) - 1e-9
    expected = [int((row > threshold).nonzero()[0]) + 1 if (row > threshold).any() else 20 for row in stops]
    _, lengths, ended = net.speak(read, limits, threshold=threshold)
    assert lengths.tolist() == [REDUCTION * one for one in expected]
    assert ended[0]


def test_without_a_post_net_frames_stay_as_they_are() -> None:
    written, _, _ = made(postnet_blocks=0).speak(source(), torch.tensor([6, 6]))
    assert written.refined is written.frames


def test_the_pre_net_drops_in_training_alone() -> None:
    net, read = made(), source()
    frames, lengths = torch.randn(2, 9, BANDS).double(), torch.tensor([9, 9])
    first, second = (net(read, frames, lengths).frames for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    net.train()
    assert not torch.allclose(net(read, frames, lengths).frames, first)
