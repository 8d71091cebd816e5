"""Histories whose fault is known."""

import math

import pytest

from recurra.diagnosis import training_health


def steps_of(losses, norms=None):
    norms = norms or [1.0] * len(losses)
    return [
        {"step": 10 * (n + 1), "loss": loss, "gradient_norm": norm, "update_ratio": 0.001}
        for n, (loss, norm) in enumerate(zip(losses, norms, strict=True))
    ]


def epochs_of(train, valid=None, clipped=0.0):
    valid = valid or train
    return [
        {"epoch": n, "train_loss": a, "valid_loss": b, "gradient_norm": 1.0, "clipped_share": clipped}
        for n, (a, b) in enumerate(zip(train, valid, strict=True))
    ]


FALLING = [2 * 0.9**n + 0.1 for n in range(30)]


def test_a_healthy_run():
    found = training_health(steps_of(FALLING), epochs_of(FALLING))
    assert (found.spikes, found.plateau, found.overfitting, found.worsening) == ((), 0, 0, 0)
    assert found.not_finite == 0
    assert found.update_ratio == 0.001
    assert found.best_epoch == 29
    assert found.largest_gradient == 1


def test_a_spike_is_named():
    losses = [*FALLING[:20], 3.0, *FALLING[20:]]
    assert training_health(steps_of(losses), epochs_of(FALLING)).spikes == (210,)


def test_overfitting_is_how_far_validation_rose():
    valid = [2.0, 1.5, 1.0, 1.25, 1.5]
    found = training_health([], epochs_of([2.0, 1.4, 1.0, 0.5, 0.2], valid))
    assert found.best_epoch == 2
    assert found.overfitting == pytest.approx(0.5)
    assert training_health([], epochs_of([2.0, 1.4, 1.0, 1.2, 1.4], valid)).overfitting == 0


def test_divergence_and_a_plateau():
    found = training_health([], epochs_of([2.0, 1.0, 1.5, 2.5]))
    assert found.worsening == pytest.approx(1.5)
    assert found.plateau == 2
    assert training_health([], epochs_of([2.0, 2.5])).worsening == math.inf


def test_clipping_and_exploding_gradients():
    found = training_health(steps_of([1.0] * 8, [1, 1, 2, 2, 4, 4, 100, 100]), epochs_of([1.0], clipped=0.7))
    assert found.clipped == found.clipped_late == 0.7
    assert found.gradient_growth == 100
    assert found.largest_gradient == pytest.approx(100 / 3)


def test_what_is_no_number():
    broken = [*steps_of([1.0, 0.5]), {"step": 30, "loss": None, "gradient_norm": None}]
    assert training_health(broken, []).not_finite == 1


def test_a_history_of_nothing():
    found = training_health([], [])
    assert found.epochs == 0
    assert found.best_epoch is None
    assert math.isnan(found.clipped)
    assert found.to_dict()["gap"] is None


def test_what_is_told_of_the_first_step_counts():
    steps = [{"step": 1, "loss": 0.7, "gradient_norm": 1.0}]
    found = training_health(steps, epochs_of([29.0, 6.0, 2.0]))
    assert found.learnt == 0
    assert found.above == pytest.approx(1.3 / 0.7)
    # What noise gives back is little of the whole way, most of which the first epoch came down.
    found = training_health(steps, epochs_of([0.03, 0.01, 0.02], [0.03, 0.01, 0.025]))
    assert found.worsening < 0.02
    assert found.overfitting == 0
