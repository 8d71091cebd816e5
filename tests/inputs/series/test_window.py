import time

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.inputs.series.example import COVARIATE_COLUMNS, hourly, integer_series, with_covariates

from recurra.errors import ConfigError, DataError
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import learn_scaling
from recurra.inputs.series.split import split_by_size
from recurra.inputs.series.window import WindowSource, cut_windows, window_batches


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Three series with covariates of all kinds and a few missing targets."""
    frame = with_covariates()
    gaps = pl.int_range(pl.len()).is_in([7, 8, 40, 41, 90])
    return Panel.build(frame.with_columns(pl.when(~gaps).then("y").alias("y")), COVARIATE_COLUMNS)


def expected_window(panel: Panel, values: np.ndarray, number: int, first: int, steps: int) -> np.ndarray:
    """Steps of one series, NaN where it has none."""
    own = values[panel.offsets[number] : panel.offsets[number + 1]]
    window = np.full((steps, values.shape[1]), np.nan)
    for step in range(steps):
        if 0 <= first + step < len(own):
            window[step] = own[first + step]
    return window


@pytest.mark.parametrize(("context", "horizon"), [(5, 3), (1, 7), (50, 2)])
def test_a_window_holds_the_slice_of_its_series(panel: Panel, context: int, horizon: int) -> None:
    origins = Origins(np.array([0, 1, 1, 2, 2, 0]), np.array([0, 40, 3, 31, 13, 22]))
    batch = cut_windows(panel, origins, context, horizon)
    assert (len(batch), batch.context, batch.horizon) == (6, context, horizon)
    for row, (number, origin) in enumerate(zip(*origins, strict=True)):
        for steps, values, found, observed in (
            (context + horizon, panel.target[:, None], batch.target[..., None], batch.observed[..., None]),
            (context, panel.past, batch.past, batch.past_observed),
            (context + horizon, panel.future, batch.future, batch.future_observed),
        ):
            window = expected_window(panel, values, number, origin - context, steps)
            np.testing.assert_array_equal(observed[row], ~np.isnan(window))
            np.testing.assert_array_equal(found[row], np.nan_to_num(window))
        for steps, values, found in (
            (context, panel.past_codes, batch.past_codes),
            (context + horizon, panel.future_codes, batch.future_codes),
        ):
            window = expected_window(panel, values, number, origin - context, steps)
            np.testing.assert_array_equal(found[row], np.nan_to_num(window))
        np.testing.assert_array_equal(batch.static[row], panel.static[number])
        np.testing.assert_array_equal(batch.static_codes[row], panel.static_codes[number])
        positions = np.arange(origin - context, origin + horizon)
        np.testing.assert_array_equal(batch.calendar[row], panel.calendar(np.array([number]), positions))


def test_a_panel_without_covariates_has_roles_of_width_zero() -> None:
    batch = cut_windows(Panel.build(hourly()), Origins(np.array([0, 1]), np.array([5, 6])), 4, 3)
    assert batch.past.shape == batch.past_observed.shape == batch.past_codes.shape == (2, 4, 0)
    assert batch.future.shape == batch.future_codes.shape == (2, 7, 0)
    assert batch.static.shape == batch.static_observed.shape == batch.static_codes.shape == (2, 0)


def source_of(panel: Panel, **changes: object) -> WindowSource:
    settings = {"context": 5, "horizon": 3, "ends": panel.lengths - 6, "batch_size": 4, "seed": 3, **changes}
    return WindowSource(panel, **settings)  # type: ignore[arg-type]


def test_a_batch_is_a_function_of_seed_epoch_and_index(panel: Panel) -> None:
    first, second = source_of(panel), source_of(panel)
    second.batch(0, 0)
    for epoch, index in ((2, 7), (0, 1), (2, 7)):
        one, other = first.batch(epoch, index), second.batch(epoch, index)
        for name in vars(one):
            torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=0, atol=0)


def test_epochs_batches_and_seeds_differ(panel: Panel) -> None:
    draws = [
        source_of(panel, batch_size=9, seed=seed).origins(epoch, index)
        for seed, epoch, index in ((3, 0, 0), (3, 0, 1), (3, 1, 0), (4, 0, 0), (3, 1, 1))
    ]
    assert len({tuple(np.concatenate(draw).tolist()) for draw in draws}) == len(draws)


def test_every_window_is_reached(panel: Panel) -> None:
    source = source_of(panel, batch_size=500)
    drawn = np.concatenate([np.stack(source.origins(epoch, 0)) for epoch in range(5)], axis=1)
    assert len(np.unique(drawn, axis=1).T) == len(source.index)


def test_every_window_is_as_likely_as_any_other(panel: Panel) -> None:
    source = source_of(panel, batch_size=6000)
    share = source.index.counts / len(source.index)
    np.testing.assert_allclose(np.bincount(source.origins(0, 0).series) / 6000, share, atol=0.03)


def test_the_length_of_an_epoch(panel: Panel) -> None:
    source = source_of(panel)
    assert len(source) == -(-len(source.index) // 4)
    assert len(source_of(panel, batches=11)) == 11


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(1, 25), min_size=1, max_size=4),
    context=st.integers(1, 8),
    horizon=st.integers(1, 4),
    windows=st.integers(1, 2),
    seed=st.integers(0, 1000),
)
def test_no_held_out_value_is_in_a_training_window(
    lengths: list[int], context: int, horizon: int, windows: int, seed: int
) -> None:
    frame = hourly({f"{number}": length for number, length in enumerate(lengths)})
    panel = Panel.build(frame, frequency="1h")
    try:
        split = split_by_size(panel, horizon, validation=windows * horizon, test=windows * horizon)
    except DataError:
        assert max(lengths) < 2 * windows * horizon + horizon + 1
        return
    source = WindowSource(
        panel, context=context, horizon=horizon, ends=split.train_end, batch_size=16, seed=seed
    )
    batch = source.batch(seed, 1)
    position = batch.target - 1000 * batch.series[:, None]  # values tell their series and position
    held_out = torch.from_numpy(split.train_end)[batch.series][:, None]
    assert bool((position[batch.observed] < held_out.expand_as(position)[batch.observed]).all())
    assert bool(batch.observed[:, context:].all())
    assert bool(batch.observed[:, :context].any(dim=1).all())


def test_batches_for_judging_keep_the_order_and_miss_none(panel: Panel) -> None:
    origins = split_by_size(panel, 3, test=12, validation=0).origins("test", 3, 3)
    batches = list(window_batches(panel, origins, context=4, horizon=3, batch_size=5))
    assert [len(batch) for batch in batches[:-1]] == [5] * (len(batches) - 1)
    assert torch.cat([batch.origin for batch in batches]).tolist() == origins.position.tolist()
    assert torch.cat([batch.series for batch in batches]).tolist() == origins.series.tolist()


def test_windows_after_the_end_see_the_known_future(panel: Panel) -> None:
    batch = next(window_batches(panel, panel.last_origins, context=3, horizon=6, batch_size=9))
    assert not batch.observed[:, 3:].any()
    assert bool(batch.future_observed.all())
    longer = next(window_batches(panel, panel.last_origins, context=3, horizon=8, batch_size=9))
    assert longer.future_observed[:, 3:, 0].sum(dim=1).tolist() == [6, 6, 6]


def test_covariates_are_scaled_when_a_scaling_is_given(panel: Panel) -> None:
    scaling = learn_scaling(panel, panel.lengths)
    origins = Origins(np.array([2, 0]), np.array([9, 12]))
    raw, scaled = cut_windows(panel, origins, 5, 2), cut_windows(panel, origins, 5, 2, scaling)
    for role in ("past", "future", "static"):
        statistics = getattr(scaling, role)
        expected = (getattr(raw, role).double() - statistics.mean[0]) / statistics.deviation[0]
        torch.testing.assert_close(getattr(scaled, role).double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(scaled.target, raw.target)


def test_shards_are_the_whole_batch_and_chunks_are_refused(panel: Panel) -> None:
    batch = source_of(panel, batch_size=7).batch(0, 0)
    shards = [batch.shard(rank, 3) for rank in range(3)]
    assert [len(shard) for shard in shards] == [3, 2, 2]
    assert sorted(torch.cat([shard.origin for shard in shards]).tolist()) == sorted(batch.origin.tolist())
    torch.testing.assert_close(shards[1].target, batch.target[1::3])
    assert batch.to("cpu").target.equal(batch.target)
    with pytest.raises(ConfigError, match=r"tbptt_steps is 5 for forecast windows.*Remove tbptt_steps"):
        batch.chunks(5)


@pytest.mark.parametrize("name", ["context", "horizon", "batch_size", "min_history"])
def test_sizes_below_one(panel: Panel, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is 0; expected a whole number of at least 1"):
        source_of(panel, **{name: 0})


def test_windows_that_do_not_fit(panel: Panel) -> None:
    with pytest.raises(
        DataError, match=r"no window fits: the longest training part has 34 steps.*Shorten the horizon"
    ):
        source_of(panel, horizon=40)
    with pytest.raises(DataError, match=r"at least 60 values"):
        source_of(panel, min_history=60)


def test_long_gaps_in_the_history_are_no_training_windows() -> None:
    gap = Panel.build(integer_series(1, 2, *[None] * 6, 3, 4))
    source = WindowSource(gap, context=2, horizon=1, ends=gap.lengths, batch_size=64)
    assert sorted(set(source.origins(0, 0).position.tolist())) == [1, 9]


def test_a_batch_of_a_long_history_takes_no_longer_than_one_of_a_short_history() -> None:
    def seconds(rows: int) -> float:
        frame = pl.DataFrame({"ds": np.arange(rows) * 3_600_000_000, "y": np.arange(rows) % 24 * 1.0})
        panel = Panel.build(frame.cast({"ds": pl.Datetime("us")}))
        source = WindowSource(panel, context=376, horizon=24, ends=panel.lengths, batch_size=256)
        source.batch(0, 0)
        taken = []
        for index in range(1, 6):
            began = time.perf_counter()
            source.batch(0, index % len(source))
            taken.append(time.perf_counter() - began)
        return min(taken)

    assert seconds(40_000) < 5 * seconds(1_000) + 0.01
