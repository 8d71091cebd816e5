import numpy as np
import polars as pl
import pytest

from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.unit import Units, learn_floor, learn_levels, learn_stream_units, learn_units

ENDS = np.array([6, 4])


def panel_of(*series: list[float | None]) -> Panel:
    frames = [
        pl.DataFrame({"unique_id": [f"{index}"] * len(values), "ds": range(len(values)), "y": values})
        for index, values in enumerate(series)
    ]
    return Panel.build(pl.concat(frames))


def test_spreads_of_the_training_part():
    one, other = [1.0, None, 5.0, 3.0, 8.0, 2.0, 1e6, 1e6], [300.0, 301.0, 303.0, 302.0, 9e9]
    units = learn_units(panel_of(one, other), ENDS)
    known = [1.0, 5.0, 3.0, 8.0, 2.0], [300.0, 301.0, 303.0, 302.0]
    assert units.spread == pytest.approx(np.std([*known[0], *known[1]]))
    assert units.smallest == pytest.approx(0.01 * np.std(known[1]))


def test_a_series_left_out_of_training_does_not_count():
    units = learn_units(panel_of([1.0, 5.0, 3.0], [1.0, 1.5, 1.0]), np.array([3, 0]))
    assert units == learn_units(panel_of([1.0, 5.0, 3.0]), np.array([3]))


def test_a_series_that_never_changes_is_not_the_steadiest():
    units = learn_units(panel_of([1.0, 5.0, 3.0, 4.0, 2.0, 7.0], [0.1, 0.1, 0.1, 0.1]), ENDS)
    assert units.smallest == pytest.approx(0.01 * np.std([1.0, 5.0, 3.0, 4.0, 2.0, 7.0]))


@pytest.mark.parametrize("level", [0.0, 0.1, -3e-9, 1e30])
def test_constant_data_have_sizes_of_their_own(level: float):
    units = learn_units(panel_of([level] * 6, [level] * 5), ENDS)
    assert units.spread == pytest.approx(abs(level) or 1.0)
    assert 0 < units.smallest < 1e-3 * units.spread


@pytest.mark.parametrize("exponent", [-90, -3, 100])
def test_sizes_follow_the_unit_of_the_data_exactly(exponent: int):
    series = [1.0, 5.0, 3.0, 4.0, 2.0, 7.0], [30.0, 31.0, 33.0, 32.0]
    scaled = [[2.0**exponent * value for value in values] for values in series]
    one, other = learn_units(panel_of(*series), ENDS), learn_units(panel_of(*scaled), ENDS)
    assert other == Units(2.0**exponent * one.spread, 2.0**exponent * one.smallest)


def test_a_stream_is_measured_by_how_far_the_training_part_moves():
    one, other = [1.0, None, 5.0, 3.0, 8.0, 2.0, 1e6, 1e6], [300.0, 301.0, 303.0, 302.0, 9e9]
    panel = panel_of(one, other)
    units = learn_stream_units(panel, ENDS, horizon=2)
    assert units[:2] == learn_units(panel, ENDS)[:2]
    assert units.level == pytest.approx(np.mean([1.0, 5.0, 3.0, 8.0, 2.0, 300.0, 301.0, 303.0, 302.0]))
    assert units.change == pytest.approx(np.sqrt(np.mean(np.square([-2, 5, -6, 1, 2, -1]))))
    assert units.reach == pytest.approx(np.sqrt(np.mean(np.square([4, 3, -1, 3, 1]))))


@pytest.mark.parametrize("series", [[3.0] * 6, [1.0, 5.0]])
def test_series_that_never_move_or_are_too_short_have_positive_sizes(series: list[float]):
    units = learn_stream_units(panel_of(series), np.array([len(series)]), horizon=4)
    assert units.reach >= units.smallest > 0
    assert units.change >= units.smallest


def test_series_far_from_zero_have_a_level_and_others_none():
    far, near = [1e9 + value for value in (1.0, 5.0, 3.0, 4.0, 2.0, 3.0, 1e9)], [900.0, 901.0, 903.0, 902.0]
    assert learn_levels(panel_of(far, near), ENDS).tolist() == [1e9 + 3, 0]
    assert learn_levels(panel_of([-7.0] * 6, [0.0] * 4), ENDS).tolist() == [-7, 0]


def test_what_is_often_zero_and_never_below_has_a_floor():
    sales, degrees = [0.0, 2.0, 0.0, 5.0, 1.0, 0.0], [0.5, 2.0, 3.0, 1.0]
    assert learn_floor(panel_of(sales, degrees), ENDS) == 0
    assert learn_floor(panel_of(degrees), np.array([4])) is None
    assert learn_floor(panel_of([*sales, -1.0]), np.array([6])) == 0
    assert learn_floor(panel_of([*sales, -1.0]), np.array([7])) is None


def test_a_window_of_zeros_is_measured_in_half_a_spread_where_values_are_often_zero():
    values = [0.0, 5.0, 0.0, 0.0, 2.0, 0.0]
    spread = np.std(values)
    assert learn_units(panel_of(values), np.array([6])).smallest == pytest.approx(0.5 * spread)
    below = [-1.0, *values[1:]]
    assert learn_units(panel_of(below), np.array([6])).smallest == pytest.approx(0.01 * np.std(below))
