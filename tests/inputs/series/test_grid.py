import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.data.zone import DAY, HOUR
from recurra.inputs.series.frequency import parse_frequency
from recurra.inputs.series.grid import Grid

FREQUENCIES = ["15min", "1h", "7h", "1d", "3d", "1w", "1mo", "MS", "ME", "2mo", "q", "QE", "1y", "5 integer"]
text = st.sampled_from(FREQUENCIES)
start = st.integers(-30_000 * 24, 30_000 * 24).map(lambda hours: hours * HOUR)
steps = st.integers(-300, 300)


@given(text=text, start=start, step=steps)
def test_a_step_is_found_where_it_lies(text: str, start: int, step: int) -> None:
    grid = Grid(parse_frequency(text))
    begin = grid.advance(np.array([start]), np.array([0]))
    positions, on_grid = grid.positions(begin, grid.advance(begin, np.array([step])))
    assert positions.tolist() == [step]
    assert on_grid.all()


@given(
    text=text.filter(lambda one: "mo" not in one and one[-1] not in "ESqy"),
    start=start,
    step=steps,
    data=st.data(),
)
def test_times_between_steps_go_to_the_nearest(text: str, start: int, step: int, data: st.DataObject) -> None:
    grid = Grid(parse_frequency(text))
    off = data.draw(st.integers(-((grid.frequency.size - 1) // 2), (grid.frequency.size - 1) // 2))
    positions, on_grid = grid.positions(
        np.array([start]), np.array([start + step * grid.frequency.size + off])
    )
    assert positions.tolist() == [step]
    assert on_grid.tolist() == [off == 0]


@given(text=text, start=start, step=steps)
def test_the_phase_is_the_same_for_all_steps(text: str, start: int, step: int) -> None:
    grid = Grid(parse_frequency(text))
    begin = grid.advance(np.array([start]), np.array([0]))
    phase = grid.phase(begin)
    assert (phase >= 0).all()
    assert (grid.phase(grid.advance(begin, np.array([step]))) == phase).all()
    np.testing.assert_array_equal(grid.at_phase(begin, phase), begin)


@given(text=text, start=start, other=start)
def test_the_nearest_point_of_another_phase(text: str, start: int, other: int) -> None:
    grid = Grid(parse_frequency(text))
    phase = grid.phase(grid.advance(np.array([other]), np.array([0])))
    begin = grid.advance(np.array([start]), np.array([0]))
    point = grid.at_phase(begin, phase)
    assert (grid.phase(point) == phase).all()
    length = grid.frequency.size or grid.frequency.months * 31 * DAY
    assert abs(int(point[0] - begin[0])) <= length // 2 + 3 * DAY * bool(grid.frequency.months)


@pytest.mark.parametrize(("text", "follows"), [("1h", False), ("1d", True), ("ME", True)])
def test_grid_time_is_utc_or_the_wall(text: str, follows: bool) -> None:
    grid = Grid(parse_frequency(text), "Asia/Tokyo")
    times = np.arange(5) * DAY
    moved = 9 * HOUR * follows
    np.testing.assert_array_equal(grid.from_utc(times), times + moved)
    np.testing.assert_array_equal(grid.to_utc(grid.from_utc(times)), times)
    np.testing.assert_array_equal(grid.to_wall(grid.from_utc(times)), times + 9 * HOUR)
