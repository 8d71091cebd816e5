"""The targets, and what counts for them."""

import pytest

from recurra.bench.case import Case
from recurra.bench.choice import CELLS, HIDDEN_SIZES, PEERS, STREAMED_HIDDEN_SIZES
from recurra.bench.target import POOLED, STREAMING, TRAINING, Target, target_of


def test_every_target_is_about_what_is_raced():
    for peer, cell, *hidden in (*TRAINING, *STREAMING, *POOLED):
        assert peer in PEERS
        assert cell in CELLS
        assert set(hidden) <= {*HIDDEN_SIZES, *STREAMED_HIDDEN_SIZES}


@pytest.mark.parametrize(
    ("suite", "cell", "batch", "time", "hidden", "threads", "peer", "expected"),
    [
        ("train", "elman", 16, 128, 64, 2, "torch.nn", "2.5x/0.95x"),
        ("train", "lstm", 1, 128, 256, 1, "torch.nn", "1.15x/0.95x"),
        ("train", "lstm", 1, 128, 256, 1, "jax", "1.5x"),
        ("train", "gru", 16, 128, 64, 1, "torch.packed", "4x"),
        ("train", "gru", 16, 128, 64, 1, "recurra.dense", "-/0.87x"),
        ("train", "gru", 1, 128, 64, 1, "recurra.dense", "None"),
        ("train", "gru", 16, 128, 65, 1, "torch.packed", "None"),
        ("train", "zoneout_lstm", 16, 128, 64, 1, "torch.loop", "10x"),
        ("train", "zoneout_lstm", 16, 128, 64, 1, "recurra.lstm", "0.714x"),
        ("stream", "gru", 1, 1, 64, 1, "onnxruntime", "4x"),
        ("stream", "gru", 1, 1, 64, 1, "onnxruntime.io_binding", "2x"),
        ("stream", "lstm", 1, 1, 64, 1, "torch.nn", "50x"),
        ("stream", "lstm", 1, 1, 256, 1, "onnxruntime", "1.5x"),
        ("stream", "lstm_int8", 1, 1, 256, 1, "onnxruntime", "4x"),
        ("stream", "lstm", 1, 1, 256, 1, "memory", "0.667x"),
        ("stream", "lstm", 1, 1, 256, 1, "openvino", "None"),
        ("pool", "lstm", 1024, 1, 128, 2, "onnxruntime", "10x"),
        ("pool", "lstm", 1024, 1, 128, 1, "onnxruntime", "None"),
        ("pool", "lstm", 1024, 1, 128, 1, "onnxruntime.batch", "1x"),
    ],
)
def test_what_a_ratio_counts_for(suite, cell, batch, time, hidden, threads, peer, expected):
    assert str(target_of(Case(suite, cell, batch, time, hidden, threads), peer)) == expected


def test_both_the_mean_and_the_lowest_have_to_suffice():
    target = Target(2.0, 0.9)
    assert target.is_met([1.0, 4.5])
    assert not target.is_met([1.0, 3.0])
    assert not target.is_met([0.8, 100.0])
    assert Target(2.0).is_met([0.1, 100.0])
    assert Target(None, 0.9).is_met([0.9, 0.95])
    assert not Target(None, 0.9).is_met([0.89, 0.95])
