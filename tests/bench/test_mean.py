"""Geometric means over sizes, by cell, peer and threads, and whether they reach their targets."""

import pytest
from tests.bench.stand_in import case, equal_race, section, standing

from recurra.bench.choice import Choice
from recurra.bench.mean import means
from recurra.bench.schedule import Table


def test_ratios_are_averaged_geometrically_over_the_sizes_raced():
    cases = [case(batch) for batch in (1, 16, 64)]
    races = [equal_race(each) for each in cases]
    found = means([
        Table(
            section(*races),
            [standing(10, cases[0], torch_nn=80), standing(10, cases[1], torch_nn=20, jax=5)],
            [cases[2]],
        )
    ])  # fmt: skip
    torch_nn, jax = found
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
        Table(section(*map(equal_race, cases[:2])), standings[:2], []),
        Table(section(equal_race(cases[2])), standings[2:], []),
    ]
    assert [(mean.cell, mean.threads, mean.planned) for mean in means(tables)] == [
        ("gru", 1, 1), ("lstm", 1, 1), ("lstm", 2, 1),
    ]  # fmt: skip
    assert means([Table(section(), [], [])]) == []


def usual(cell: str, peer_time: float, suite: str = "train") -> list:
    """A table of all usual sizes, in which ours takes 10 microseconds."""
    cases = [
        case(cell=cell)._replace(suite=suite, batch=batch, time=time, hidden=hidden)
        for batch, time, hidden in Choice().sizes()
    ]
    standings = [standing(10, each, torch_nn=peer_time) for each in cases]
    return [Table(section(*map(equal_race, cases)), standings, [])]


@pytest.mark.parametrize(("peer_time", "is_met"), [(24, False), (26, True)])
def test_a_mean_reaches_its_target_or_not(peer_time, is_met):
    (mean,) = means(usual("gru", peer_time))
    assert (mean.sizes, mean.planned, str(mean.target)) == (9, 9, "2.5x/0.95x")
    assert mean.is_met is is_met


def test_a_single_size_that_is_too_slow_misses_the_target():
    (table,) = usual("gru", 1000)
    table.standings[3] = standing(10, table.standings[3].case, torch_nn=9)
    (mean,) = means([table])
    assert mean.ratio > 2.5
    assert mean.lowest == 0.9
    assert mean.is_met is False


def test_nothing_is_said_while_a_size_is_missing():
    (table,) = usual("gru", 26)
    (mean,) = means([table._replace(standings=table.standings[1:])])
    assert (mean.sizes, mean.planned, mean.is_met) == (8, 9, None)
    assert mean.target is not None


def test_other_sizes_than_the_usual_ones_have_no_target():
    (table,) = usual("gru", 26)
    some = table.section._replace(races=table.section.races[:2])
    (mean,) = means([table._replace(section=some, standings=table.standings[:2])])
    assert (mean.sizes, mean.planned, mean.target, mean.is_met) == (2, 2, None, None)


def test_sizes_that_a_target_is_not_about_do_not_count():
    (table,) = usual("gru", 26)
    standings = [
        each._replace(peers={"recurra.dense": each.peers["torch.nn"]._replace(microseconds=each.case.batch)})
        for each in table.standings
    ]
    (mean,) = means([
        table._replace(section=table.section._replace(peers=["recurra.dense"]), standings=standings)
    ])  # fmt: skip
    assert (mean.sizes, mean.planned, mean.lowest) == (6, 6, 1.6)  # without those of a single row
    assert mean.is_met


def test_sizes_that_stream_are_apart_each_with_its_target():
    cases = [case(1)._replace(suite="stream", time=1, hidden=hidden) for hidden in (64, 256)]
    standings = [standing(1, each, torch_nn=40) for each in cases]
    small, large = means([Table(section(*map(equal_race, cases)), standings, [])])
    assert (small.hidden, str(small.target), small.is_met) == (64, "50x", False)
    assert (large.hidden, large.target, large.is_met) == (256, None, None)
