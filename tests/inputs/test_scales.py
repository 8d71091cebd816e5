"""Means and deviations over many contents, one at a time."""

import numpy as np

from recurra.inputs.scales import scales_of, spread


def test_scales_are_those_of_all_parts_together() -> None:
    random = np.random.default_rng(0)
    parts = [random.normal(1000, (2, 5), (size, 2)).astype(np.float32) for size in (1, 7, 300)]
    whole = np.concatenate(parts).astype(np.float64)
    mean, deviation = scales_of(iter(parts), 1e-3)
    np.testing.assert_allclose(mean, whole.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(deviation, whole.std(axis=0), rtol=1e-9)


def test_what_hardly_varies_and_what_is_plain_stays_in_its_size() -> None:
    part = np.array([[5.0, 1e-4, 3.0], [5.0, 3e-4, 4.0]], np.float32)
    mean, deviation = scales_of([part], 1e-3, plain=1)
    np.testing.assert_allclose(mean, [5, 2e-4, 0], rtol=1e-6)
    assert deviation == (1, 1, 1)


def test_numbers_of_a_kind_have_one_deviation_even_where_one_stands_still() -> None:
    part = np.random.default_rng(0).normal(3, (1, 5, 0.1, 0.2, 2), (400, 5))
    part[:, 3] = 7.0
    mean, deviation = scales_of([part], 1e-3, kinds=(2, 2))
    np.testing.assert_allclose(mean, part.mean(axis=0), rtol=1e-9)
    kinds = [np.sqrt(part[:, own].var(axis=0).mean()) for own in (slice(0, 2), slice(2, 4))]
    np.testing.assert_allclose(deviation, [*np.repeat(kinds, 2), part[:, 4].std()], rtol=1e-9)


def test_contents_are_spread_over_all() -> None:
    assert list(spread(range(10), 5)) == [0, 2, 4, 6, 8]
    assert list(spread(range(3), 5)) == [0, 1, 2]
