"""Scores of rows and stretches, counted by hand, and how far out numbers are."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from recurra.metrics.detection import average_precision, range_scores, stretches
from recurra.metrics.deviation import gaussian_deviations, seasonal_deviations, spectral_saliency
from recurra.metrics.tail import FARTHEST, FEWEST, Tail


def test_stretches_begin_and_end_anywhere() -> None:
    assert stretches(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == [(0, 2), (3, 4), (6, 7)]
    assert stretches(np.zeros(3, bool)) == []


def test_a_stretch_counts_by_how_much_of_it_is_met_and_in_how_many_pieces() -> None:
    found = range_scores([(0, 10), (20, 24)], [(5, 10), (20, 21), (22, 23), (30, 40)])
    assert found["range_recall"] == pytest.approx((0.5 + 0.5 / 2) / 2)
    assert found["range_precision"] == pytest.approx((1 + 1 + 1 + 0) / 4)


def test_one_row_of_a_long_stretch_is_not_all_of_it() -> None:
    found = range_scores([(0, 100)], [(50, 51)])  # where the point-adjusted F1 would be 1
    assert found["range_recall"] == pytest.approx(0.01)
    assert found["range_f1"] < 0.02


def test_nothing_told_of_nothing_is_right() -> None:
    assert range_scores([], []) == {"range_f1": 1.0, "range_precision": 1.0, "range_recall": 1.0}
    assert range_scores([(0, 2)], [])["range_f1"] == 0.0


def test_average_precision_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    scores, true = random.integers(0, 8, 200) / 8, random.random(200) < 0.2
    assert average_precision(scores, true) == pytest.approx(average_precision_score(true, scores))
    assert np.isnan(average_precision(scores, np.zeros(200, bool)))


def test_a_number_is_as_far_out_as_its_own_side_says() -> None:
    tail = Tail(1000, 0.0, [*np.linspace(0, 1, 101), *np.linspace(1, 5, 101)])
    assert tail.distance(5.0) == pytest.approx(1.0, abs=1e-9)
    assert tail.distance(9.0) == pytest.approx(2.0)
    assert tail.distance(1.0) == 0.0
    assert 0 < tail.distance(4.0) < 1
    assert tail.distance(1e9) == FARTHEST


def test_about_a_thousandth_on_each_side_is_a_distance_of_one_away() -> None:
    random = np.random.default_rng(0)
    tail, far = Tail(20_000, 0.001), 0
    for number in random.normal(size=20_000):
        far += tail.distance(number) >= 1
        tail.add(number)
    assert 20 <= far <= 90  # 40 of 20,000, and some more while few are known


def test_a_tail_forgets_the_oldest_and_tells_nothing_at_first() -> None:
    tail = Tail(30, 0.0)
    for number in range(40):
        assert tail.distance(1e6) == (0 if number <= FEWEST else FARTHEST)
        tail.add(float(number))
    assert list(tail.numbers) == [float(one) for one in range(10, 40)]


def test_of_numbers_that_were_all_the_same_any_other_is_far_out() -> None:
    tail = Tail(100, 0.001, [3.0] * 50)
    assert tail.distance(3.0) == 0
    assert tail.distance(3.001) == FARTHEST


def test_the_windowed_gaussian_counts_as_ten_plain_lines_do() -> None:
    values = np.random.default_rng(1).normal(5, 2, 300)
    window, step, expected, kept, later = 50, 10, [0.0], [values[0]], []
    for value in values[1:]:
        expected.append(abs(value - np.mean(kept)) / (np.std(kept) or 1e-6))
        if len(kept) < window:
            kept.append(value)
            continue
        later.append(value)
        if len(later) == step:
            kept, later = [*kept[step:], *later], []
    np.testing.assert_allclose(gaussian_deviations(values, window, step), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "measure", [gaussian_deviations, lambda values: seasonal_deviations(values, 24), spectral_saliency]
)
def test_baselines_see_nothing_of_later_rows(measure) -> None:
    values = np.random.default_rng(2).normal(size=400)
    changed = values.copy()
    changed[300:] += 50
    assert measure(values)[:300].tolist() == measure(changed)[:300].tolist()
    assert measure(changed)[300] > measure(values)[300]
