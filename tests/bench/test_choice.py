"""What is raced, out of all that can be."""

import pytest

from recurra.bench import choice as choosing
from recurra.bench.choice import BATCHES, HIDDEN_SIZES, STREAMED_CELLS, Choice, check_choice
from recurra.errors import ConfigError


def test_the_first_sizes_cover_every_value_of_each_axis():
    sizes = Choice().sizes()
    assert len(sizes) == len(set(sizes)) == 9
    first = sizes[:3]
    assert {batch for batch, _, _ in first} == set(BATCHES) == {1, 16, 64}
    assert {hidden for _, _, hidden in first} == set(HIDDEN_SIZES) == {64, 128, 256}
    assert {time for _, time, _ in sizes} == {128}


def test_sizes_given_stand_in_place_of_the_usual_ones():
    assert Choice(batches=[3], times=[5, 7], hidden_sizes=[9]).sizes() == [(3, 5, 9), (3, 7, 9)]


def test_nothing_chosen_is_everything():
    assert Choice().cells_among(["gru", "lstm"]) == ["gru", "lstm"]
    assert Choice(cells=["lstm"]).cells_among(["gru", "lstm"]) == ["lstm"]
    assert Choice().has_peer("jax")
    assert not Choice(peers=["torch.nn"]).has_peer("jax")
    assert Choice().has_suite("pool")
    assert not Choice(suites=["train"]).has_suite("pool")


def test_cells_with_other_weights_stream_under_names_of_their_own():
    named = Choice(cells=["lstm_int8", "gru"]).cells_among(STREAMED_CELLS)
    assert [(name, *STREAMED_CELLS[name]) for name in named] == [
        ("gru", "gru", "float32"),
        ("lstm_int8", "lstm", "int8"),
    ]
    assert len(Choice().cells_among(STREAMED_CELLS)) == 6


def test_threads_are_those_usual_that_there_are(monkeypatch):
    monkeypatch.setattr(choosing.machine, "processors", lambda: 1)
    assert Choice().thread_counts() == [1]
    monkeypatch.setattr(choosing.machine, "processors", lambda: 8)
    assert Choice().thread_counts() == [1, 2]
    assert Choice(threads=[3]).thread_counts() == [3]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(suites=["trian"]), "suite 'trian'; expected one of train, stream, pool"),
        (Choice(cells=["lstn"]), "cell 'lstn'; expected one of elman, gru, lstm"),
        (Choice(peers=["jacks"]), "peer 'jacks'; expected one of torch.nn"),
        (Choice(threads=[0]), "--threads is 0; expected a whole number of at least 1"),
        (Choice(batches=[-3]), "--batch is -3"),
        (Choice(times=[0]), "--time is 0"),
        (Choice(hidden_sizes=[0]), "--hidden is 0"),
        (Choice(threads=[100_000]), "100000 threads; expected at most"),
    ],
)
def test_what_does_not_exist_is_refused(choice, message):
    with pytest.raises(ConfigError, match=message):
        check_choice(choice)
    check_choice(Choice())
