import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.tasks.forecast.feature import WindowScale, beside, character, lagged, patches, scale_history


def lagged_by_loop(values: list[float], lags: list[int], horizon: int, season: int) -> list[list[float]]:
    """The definition, one value at a time."""
    context = len(values)
    rows = []
    for step in range(horizon):
        row = []
        for lag in lags:
            position = context + step - lag
            while position >= context:  # not known yet: the same phase of the season before
                position -= season
            row.append(values[max(position, 0)])
        rows.append(row)
    return rows


@settings(deadline=None)
@given(
    context=st.integers(1, 9),
    lags=st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True),
    horizon=st.integers(1, 12),
    season=st.integers(1, 5),
)
def test_lags_look_back_from_every_step_of_the_horizon(
    context: int, lags: list[int], horizon: int, season: int
):
    lags = sorted(min(lag, context) for lag in lags)
    values = torch.randn(2, context)
    expected = torch.tensor([lagged_by_loop(row, lags, horizon, season) for row in values.tolist()])
    assert torch.equal(lagged(values, tuple(lags), horizon, season), expected)


@pytest.mark.parametrize(("time", "patch"), [(6, 3), (7, 3), (5, 7), (4, 1)])
def test_patches_are_steps_side_by_side(time: int, patch: int):
    steps = torch.randn(2, time, 5)
    cut = patches(steps, patch)
    count = -(-time // patch)
    assert cut.shape == (2, count, 5 * patch)
    put_back = cut.reshape(2, count * patch, 5)
    assert torch.equal(put_back[:, :time], steps)
    assert (put_back[:, time:] == 0).all()


def test_static_features_stand_beside_every_step():
    steps, static = torch.randn(2, 3, 5), torch.randn(2, 4)
    together = beside(steps, static)
    assert torch.equal(together[..., :5], steps)
    assert all(torch.equal(together[:, step, 5:], static) for step in range(3))


@pytest.mark.parametrize("centre", ["mean", "last"])
def test_a_scaled_history_is_measured_from_its_centre(centre: str):
    values, unit = torch.randn(2, 7), torch.tensor([[2.0], [5.0]])
    scale = WindowScale(values.mean(dim=1, keepdim=True), unit, unit, unit)
    scaled = scale_history(values, scale, centre=centre, unit=unit)
    assert torch.equal(scaled.centre, values[:, -1:] if centre == "last" else scale.location)
    torch.testing.assert_close(scaled.centre + unit * scaled.values, values)


def test_inputs_stay_within_bounds_whatever_the_history():
    values, one = torch.tensor([[1e30, -1e30, 0.0]]), torch.ones(1, 1)
    scale = WindowScale(0 * one, 1e-30 * one, 1e30 * one, one)
    assert scale_history(values, scale, centre="mean", unit=scale.spread).values.abs().max() <= 20
    assert character(scale).abs().max() <= 20


def test_character_has_no_unit():
    scale = WindowScale(*(torch.rand(3, 1) + 0.1 for _ in range(4)))
    larger = WindowScale(*(1e6 * one for one in scale))
    torch.testing.assert_close(character(larger), character(scale))
