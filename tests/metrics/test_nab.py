"""The NAB score, on cases that are counted by hand."""

import numpy as np
import pytest

from recurra.metrics.nab import PROFILES, Profile, Scored, alarm_worth, nab_score, probation_rows

PLAIN = Profile(1.0, 0.5, 2.0)


def worth_at(place: float) -> float:
    return float(2 / (1 + np.exp(5 * place)) - 1)


def test_the_probation_is_a_share_of_the_rows_up_to_750() -> None:
    assert [probation_rows(rows) for rows in (3, 100, 5000, 22695)] == [0, 15, 750, 750]


def test_alarms_are_worth_most_at_the_beginning_of_a_window_and_cost_most_far_behind() -> None:
    worth = alarm_worth(30, [(10, 13)])
    assert worth[:10].tolist() == [-1.0] * 10
    assert worth[10] == pytest.approx(1.0)
    assert worth[13] == pytest.approx(worth_at(-0.25) / worth_at(-1.0))
    assert worth[14] == pytest.approx(worth_at(1 / 3))
    assert worth[13 + 9] == -1.0  # three widths behind


def test_only_the_best_alarm_of_a_window_counts_and_a_missed_one_costs() -> None:
    scores = np.zeros(30)
    scores[[11, 12, 2]] = 0.9
    one = Scored(scores, [(10, 13), (20, 23)], probation=0)
    hit = worth_at(-0.75) / worth_at(-1.0)
    raw = hit - 2.0 - 0.5
    found = nab_score([one], PLAIN, threshold=0.5)
    assert found.score == pytest.approx(100 * (raw + 4.0) / (2.0 + 4.0))


def test_the_threshold_is_the_best_for_the_whole_corpus() -> None:
    early, late = np.zeros(10), np.zeros(10)
    early[5], late[2], late[6] = 0.8, 0.6, 0.4
    corpus = [Scored(early, [(5, 6)], probation=0), Scored(late, [(6, 7)], probation=0)]
    best = nab_score(corpus, PLAIN)
    assert best.threshold == 0.4  # one false alarm is cheaper than a miss
    tried = [nab_score(corpus, PLAIN, threshold=level).score for level in (0.3, 0.4, 0.6, 0.8, 1.0)]
    assert best.score == pytest.approx(max(tried))


def test_rows_of_the_same_score_are_alarms_together() -> None:
    scores = np.zeros(10)
    scores[[1, 5]] = 0.7
    one = Scored(scores, [(5, 6)], probation=0)
    assert nab_score([one], PLAIN, threshold=0.7).score == pytest.approx(100 * (1 - 0.5 + 2) / 3)


@pytest.mark.parametrize("name", PROFILES)
def test_no_alarm_is_0_and_a_perfect_one_is_100(name: str) -> None:
    nothing, perfect = np.full(40, 0.5), np.zeros(40)
    perfect[20] = 1.0
    assert nab_score([Scored(nothing, [(20, 24)])], PROFILES[name]).score == 0
    assert nab_score([Scored(perfect, [(20, 24)])], PROFILES[name]).score == pytest.approx(100)


def test_rows_of_the_probation_are_not_scored() -> None:
    scores = np.zeros(100)
    scores[[3, 50]] = 1.0
    assert nab_score([Scored(scores, [(50, 52)])], PLAIN, threshold=0.5).score == pytest.approx(100)


def test_without_a_window_there_is_no_score() -> None:
    assert np.isnan(nab_score([Scored(np.zeros(20), [])], PLAIN).score)
