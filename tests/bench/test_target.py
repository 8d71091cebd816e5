"""The targets, what counts for them, and whether geometric means over sizes reach them."""

from dataclasses import replace

import pytest
from tests.bench.stand_in import case, equal_race, standing, table

from recurra.bench.choice import CELLS, HIDDEN_SIZES, PEERS, STREAMED_HIDDEN_SIZES, SUITES, Choice
from recurra.bench.race import Case
from recurra.bench.target import TARGETS, Target, means, target_of


def test_every_target_is_about_what_is_raced():
    for suite, peer, cell, hidden in TARGETS:
        assert suite in SUITES
        assert peer in PEERS
        assert cell in CELLS
        assert hidden in ({None} if suite == "train" else {*HIDDEN_SIZES, *STREAMED_HIDDEN_SIZES})


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


def test_ratios_are_averaged_geometrically_over_the_sizes_raced():
    cases = [case(batch) for batch in (1, 16, 64)]
    races = [equal_race(each) for each in cases]
    found = [standing(10, cases[0], torch_nn=80), standing(10, cases[1], torch_nn=20, jax=5)]
    torch_nn, jax = means([table(*races, standings=found)])
    assert (torch_nn.suite, torch_nn.cell, torch_nn.peer, torch_nn.threads) == (
        "train", "lstm", "torch.nn", 1,
    )  # fmt: skip
    assert torch_nn.ratio == pytest.approx(4)
    assert (torch_nn.lowest, torch_nn.sizes, torch_nn.planned) == (2, 2, 3)
    assert (jax.peer, jax.ratio, jax.sizes, jax.planned) == ("jax", 0.5, 1, 3)


def test_cells_threads_and_sections_are_apart():
    cases = [case(cell="gru"), case(cell="lstm"), case(cell="lstm", threads=2)]
    standings = [standing(1, each, jax=2) for each in cases]
    tables = [
        table(*map(equal_race, cases[:2]), standings=standings[:2]),
        table(equal_race(cases[2]), standings=standings[2:]),
    ]
    assert [(mean.cell, mean.threads, mean.planned) for mean in means(tables)] == [
        ("gru", 1, 1), ("lstm", 1, 1), ("lstm", 2, 1),
    ]  # fmt: skip
    assert means([table()]) == []


def usual(cell: str, peer_time: float, suite: str = "train") -> list:
    """A table of all usual sizes, in which ours takes 10 microseconds."""
    cases = [
        case(cell=cell)._replace(suite=suite, batch=batch, time=time, hidden=hidden)
        for batch, time, hidden in Choice().sizes()
    ]
    standings = [standing(10, each, torch_nn=peer_time) for each in cases]
    return [table(*map(equal_race, cases), standings=standings)]


@pytest.mark.parametrize(("peer_time", "is_met"), [(24, False), (26, True)])
def test_a_mean_reaches_its_target_or_not(peer_time, is_met):
    (mean,) = means(usual("gru", peer_time))
    assert (mean.sizes, mean.planned, str(mean.target)) == (9, 9, "2.5x/0.95x")
    assert mean.is_met is is_met


def test_a_single_size_that_is_too_slow_misses_the_target():
    (all_sizes,) = usual("gru", 1000)
    all_sizes.standings[3] = standing(10, all_sizes.standings[3].case, torch_nn=9)
    (mean,) = means([all_sizes])
    assert mean.ratio > 2.5
    assert mean.lowest == 0.9
    assert mean.is_met is False


def test_nothing_is_said_while_a_size_is_missing():
    (all_sizes,) = usual("gru", 26)
    (mean,) = means([replace(all_sizes, standings=all_sizes.standings[1:])])
    assert (mean.sizes, mean.planned, mean.is_met) == (8, 9, None)
    assert mean.target is not None


def test_other_sizes_than_the_usual_ones_have_no_target():
    (all_sizes,) = usual("gru", 26)
    (mean,) = means([
        replace(all_sizes, races=all_sizes.races[:2], standings=all_sizes.standings[:2])
    ])  # fmt: skip
    assert (mean.sizes, mean.planned, mean.target, mean.is_met) == (2, 2, None, None)


def test_sizes_that_a_target_is_not_about_do_not_count():
    (all_sizes,) = usual("gru", 26)
    standings = [
        each._replace(peers={"recurra.dense": each.peers["torch.nn"]._replace(microseconds=each.case.batch)})
        for each in all_sizes.standings
    ]
    (mean,) = means([replace(all_sizes, peers=["recurra.dense"], standings=standings)])
    assert (mean.sizes, mean.planned, mean.lowest) == (6, 6, 1.6)  # without those of a single row
    assert mean.is_met


def test_sizes_that_stream_are_apart_each_with_its_target():
    cases = [case(1)._replace(suite="stream", time=1, hidden=hidden) for hidden in (64, 256)]
    standings = [standing(1, each, torch_nn=40) for each in cases]
    small, large = means([table(*map(equal_race, cases), standings=standings)])
    assert (small.hidden, str(small.target), small.is_met) == (64, "50x", False)
    assert (large.hidden, large.target, large.is_met) == (256, None, None)
