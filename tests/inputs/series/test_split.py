import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.inputs.series.example import hourly, integer_series

from recurra.errors import ConfigError, DataError
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import Split, split_by_size


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Three series of 23, 40 and 31 steps."""
    return Panel.build(hourly())


def parts(split: Split) -> list[list[int]]:
    return [split.train_end.tolist(), split.validation_end.tolist(), split.test_end.tolist()]


def test_parts_are_kept_from_the_end(panel: Panel) -> None:
    split = split_by_size(panel, 3, validation=6, test=9)
    assert parts(split) == [[8, 25, 16], [14, 31, 22], [23, 40, 31]]
    assert split.repairs == []
    assert split.origins("test", 3, 3).position.tolist() == [14, 17, 20, 31, 34, 37, 22, 25, 28]
    assert split.origins("validation", 3, 3).position.tolist() == [8, 11, 25, 28, 16, 19]


def test_windows_may_overlap(panel: Panel) -> None:
    split = split_by_size(panel, 5, validation=5, test=8)
    assert parts(split) == [[10, 27, 18], [15, 32, 23], [23, 40, 31]]
    assert len(split.origins("test", 5).series) == 12


def test_parts_may_be_empty(panel: Panel) -> None:
    split = split_by_size(panel, 5, validation=0, test=0)
    assert parts(split) == [[23, 40, 31]] * 3
    assert len(split.origins("test", 5).series) == len(split.origins("validation", 5).series) == 0


@settings(max_examples=50)
@given(
    horizon=st.integers(1, 6),
    validation=st.integers(0, 3),
    test=st.integers(0, 3),
    stride=st.integers(1, 4),
)
def test_parts_are_in_order_and_hold_their_windows(
    horizon: int, validation: int, test: int, stride: int
) -> None:
    panel = Panel.build(integer_series(*range(60)))
    sizes = [horizon + (windows - 1) * stride if windows else 0 for windows in (validation, test)]
    split = split_by_size(panel, horizon, validation=sizes[0], test=sizes[1])
    assert 0 < split.train_end[0] <= split.validation_end[0] <= split.test_end[0] == 60
    for part, windows in (("validation", validation), ("test", test)):
        origins = split.origins(part, horizon, stride)
        assert len(origins.position) == windows


def test_short_series_are_left_out_and_told(panel: Panel) -> None:
    split = split_by_size(panel, 8, validation=8, test=9)
    assert parts(split) == [[0, 23, 14], [0, 31, 22], [0, 40, 31]]
    assert split.repairs == [
        "left out 1 of 3 series shorter than the 25 steps that training, validation and test need: a"
    ]
    assert set(split.origins("test", 8).series.tolist()) == {1, 2}


def test_short_series_hold_out_a_horizon_each(panel: Panel) -> None:
    split = split_by_size(panel, 3, validation=9, test=14)
    assert split.repairs == [
        "1 of 3 series hold out one horizon for validation and test each: they are shorter than 27 steps"
    ]
    assert (split.test_end - split.validation_end).tolist() == [3, 14, 14]
    assert (split.validation_end - split.train_end).tolist() == [3, 9, 9]


def test_when_all_are_too_short_it_is_an_error(panel: Panel) -> None:
    with pytest.raises(
        DataError, match=r"all 3 series are too short: the longest, b, has 40 .*at least 61 .*Shorten"
    ):
        split_by_size(panel, 20, validation=20, test=20)


def test_numbers_that_make_no_split(panel: Panel) -> None:
    with pytest.raises(ConfigError, match=r"horizon is 0; expected a whole number of at least 1"):
        split_by_size(panel, 0, validation=0, test=0)
    for size in (-1, 2):
        with pytest.raises(
            ConfigError, match=r"test is .* with horizon 3; expected 0, or at least the horizon"
        ):
            split_by_size(panel, 3, validation=0, test=size)
