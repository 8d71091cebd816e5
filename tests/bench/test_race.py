"""Where results differ there is no time and no ratio."""

import pytest
from tests.bench.stand_in import Counted, case, race

from recurra.bench.race import OURS, Race, run_race


def test_a_peer_that_agrees_is_timed():
    ours, peer = Counted(OURS, 1.0), Counted("jax", 1.0)
    found = run_race(race(ours, peer), 0.0)
    assert set(found.peers) == {"jax"}
    assert not found.refused
    assert found.ratio("jax") == found.peers["jax"].microseconds / found.ours.microseconds > 0
    assert found.rate == pytest.approx(1e6 * 2e9 / found.ours.microseconds)
    assert found.limit_share == pytest.approx(found.rate / 1e12)
    assert ours.runs > 0 < peer.runs


def test_a_peer_that_differs_is_refused_and_not_even_run():
    ours, wrong, right = Counted(OURS, 1.0), Counted("torch.nn", 1.1), Counted("jax", 1.0)
    found = run_race(race(ours, wrong, right), 0.0)
    assert set(found.peers) == {"jax"}
    (difference,) = found.refused["torch.nn"]
    assert difference.tensor == "outputs"
    assert difference.amount == pytest.approx(0.1 / 1.1)
    assert wrong.runs == 0
    assert [row["peer"] for row in found.rows()] == ["jax"]


def test_what_is_reported_may_be_a_share_of_a_run():
    ours, peer = Counted(OURS, 1.0), Counted("memory", 1.0)
    whole = Race(case(), lambda: [ours.entrant(), peer.entrant(1e-9)], 1.0, lambda: 1.0, 1e-5)
    assert run_race(whole, 0.0).ratio("memory") < 1e-6


def test_rows_have_the_shape_that_programs_read():
    found = run_race(race(Counted(OURS, 1.0), Counted("jax", 1.0)), 0.0)
    (row,) = found.rows()
    assert list(row) == [
        "suite", "cell", "batch", "time", "hidden", "threads", "peer", "ours_us", "peer_us", "ratio",
    ]  # fmt: skip
    assert tuple(row.values())[:7] == ("train", "lstm", 3, 5, 7, 1, "jax")
    assert row["ratio"] == pytest.approx(row["peer_us"] / row["ours_us"], rel=0.05)
