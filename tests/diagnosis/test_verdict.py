"""Planted faults are named, and healthy nets are left alone."""

import json
import math
from dataclasses import replace

import pytest
import torch
from tests.diagnosis.test_training_health import FALLING, epochs_of, steps_of
from tests.diagnosis.toy_net import Batch, Net

from recurra.cells import LSTM, Elman
from recurra.diagnosis import Blind, Limits, changes_of, findings, measure, overall, training_health
from recurra.layers import Recurrent
from recurra.training.contract import Loss
from recurra.types import Sequences

SMALL = Limits(rows=4, sources=4, lags=64, points=2, directions=2, positions=4)
SETTINGS = {
    "cell": "elman", "hidden_size": 8, "num_layers": 1, "residual": False, "dropout": 0.1,
    "learning_rate": 3e-3,
    "gradient_clip": 1.0, "initialization": "auto", "recurrent_scale": 1.0, "forget_bias": None,
    "chrono_steps": None, "weight_decay": 0.0, "max_epochs": 10, "patience": None, "recurrent_dropout": 0.0,
    "schedule": "cosine", "warmup": None, "averaging": "none", "pooling": "last",
}  # fmt: skip


def last_step(model, batch, state):
    del state
    result = model(batch.sequences)[:, -1]
    return Loss((result - batch.target[:, -1]).square().sum(), float(len(batch)))


def measured(cell, steps=60):
    torch.manual_seed(2)
    values = torch.randn(6, steps, cell.input_size)
    batch = Batch(Sequences(values, torch.full((6,), steps)), torch.zeros(6, steps, 2))
    return measure(Net(Recurrent(cell)), batch, last_step, limits=SMALL)


def elman(scale, nonlinearity="tanh"):
    torch.manual_seed(0)
    cell = Elman(3, 8, nonlinearity=nonlinearity)
    with torch.no_grad():
        cell.weight_hh.copy_(scale * torch.linalg.qr(torch.randn(8, 8))[0])
    return cell


def faults(measured, health=None, settings=SETTINGS):
    return {one.kind: one for one in findings(measured, health, settings) if not one.healthy}


def with_eyes(blind, loss, cell=None):
    """Measurements in which telling rows apart brings a loss down from `blind`."""
    return replace(measured(cell or elman(0.5)), blind=Blind(200, loss, blind))


def test_a_net_at_chance_is_told_though_constants_took_much_off_its_loss():
    health = training_health(steps_of(FALLING), epochs_of(FALLING))
    least = health.lowest
    assert health.learnt > 0.5
    found = faults(with_eyes(least, least), health)
    assert set(found) == {"vanishing", "forgetting", "underfitting"}
    one = found["underfitting"]
    assert (one.figure, one.threshold) == (0.0, 0.05)
    assert "it is at chance. Why, the verdict 'vanishing' says." in one.sentence
    assert not faults(with_eyes(2 * least, least), health)


def test_at_chance_without_another_fault_asks_for_what_learns_more():
    health = training_health(steps_of(FALLING), epochs_of(FALLING))
    torch.manual_seed(1)
    keeps = LSTM(3, 8)
    with torch.no_grad():
        keeps.bias_ih[8:16] = 3.0
    least = health.lowest
    found = faults(with_eyes(least, least, keeps), health, {**SETTINGS, "cell": "lstm"})
    assert list(found) == ["underfitting"]
    assert {"hidden_size": 16} in [one.change for one in found["underfitting"].remedies]


def test_rows_that_are_known_by_heart_are_not_at_chance():
    health = training_health(steps_of(FALLING), epochs_of(FALLING))
    assert not faults(with_eyes(10 * health.lowest, 11 * health.lowest), health)
    assert not faults(with_eyes(health.lowest, health.lowest), replace(health, lowest=0.5 * health.lowest))


def test_what_stood_far_back_and_is_missed_asks_for_a_state_that_is_turned():
    """As of the copying problem: constants are learnt, and errors show which inputs are not."""
    health = training_health(steps_of(FALLING), epochs_of(FALLING))
    torch.manual_seed(1)
    keeps = LSTM(3, 8)
    with torch.no_grad():
        keeps.bias_ih[8:16] = 3.0
    seen = with_eyes(health.lowest, health.lowest, keeps)
    missing = replace(seen.missed[0], reach=30, share=0.9)
    settings = {**SETTINGS, "cell": "lstm", "orthogonal": False, "chrono_steps": 40}
    one = faults(replace(seen, missed=(missing,)), health, settings)["underfitting"]
    assert "Its errors depend on what stood 30 steps before." in one.sentence
    turned = {"cell": "elman_linear", "orthogonal": True, "chrono_steps": None}
    assert turned in [remedy.change for remedy in one.remedies]


def test_more_time_comes_first_where_the_loss_was_still_falling():
    still = faults(None, training_health([], epochs_of([1.0, 0.99, 0.98])))["underfitting"]
    assert still.remedies[0].change == {"max_epochs": 20}
    ended = faults(None, training_health([], epochs_of([1.0, 0.98, 0.98])))["underfitting"]
    assert ended.remedies[0].change == {"cell": "lstm"}


def test_a_matrix_that_shrinks_vanishes_and_forgets():
    found = faults(measured(elman(0.5)))
    assert set(found) == {"vanishing", "forgetting"}
    one = found["vanishing"]
    assert one.figure < one.threshold
    assert one.remedies[0].change == {"cell": "lstm"}
    assert "loses half of its size every" in one.sentence


def test_long_rows_ask_for_memories_of_their_length():
    one = faults(measured(elman(0.5), steps=130))["vanishing"]
    assert one.remedies[0].change["cell"] == "lstm"
    assert one.remedies[0].change["chrono_steps"] > 100


def test_what_fades_is_no_fault_of_a_net_that_learnt():
    health = training_health(steps_of(FALLING), epochs_of(FALLING))
    assert not faults(measured(elman(0.5)), health)


def test_units_that_feed_on_themselves_explode():
    cell = elman(0.5, "relu")
    with torch.no_grad():
        cell.weight_hh.copy_(1.5 * torch.eye(8))
    found = faults(measured(cell, 40), settings={**SETTINGS, "recurrent_scale": 1.5, "gradient_clip": None})
    assert found["exploding"].remedies[0].change == {"recurrent_scale": 1.0, "gradient_clip": 1.0}


def test_saturated_units():
    cell = elman(0.5)
    with torch.no_grad():
        cell.weight_ih.mul_(100)
    assert "saturated" in faults(measured(cell))


def test_dead_units():
    cell = elman(0.5, "relu")
    with torch.no_grad():
        cell.bias_ih.fill_(-100)
        cell.bias_ih[:2] = 1
    one = faults(measured(cell))["dead units"]
    assert one.figure == 0.75
    assert one.remedies[0].change == {"cell": "lstm"}


def test_a_healthy_lstm_is_left_alone():
    torch.manual_seed(1)
    cell = LSTM(3, 8)
    with torch.no_grad():
        cell.bias_ih[8:16] = 3.0  # forget gates
    found = findings(measured(cell), training_health(steps_of(FALLING), epochs_of(FALLING)), SETTINGS)
    assert overall(found) == "healthy"
    assert changes_of(found) == {}
    json.dumps([one.to_dict() for one in found], allow_nan=False)


@pytest.mark.parametrize(
    ("train", "valid", "kind"),
    [
        ([2.0, 1.4, 1.0, 0.5, 0.2], [2.0, 1.5, 1.0, 1.25, 1.5], "overfitting"),
        ([2.0, 1.0, 1.5, 2.5], None, "diverging"),
        ([1.0, 0.99, 0.98, 0.98], None, "underfitting"),
    ],
)
def test_faults_of_training(train, valid, kind):
    found = faults(None, training_health([], epochs_of(train, valid)))
    assert list(found) == [kind]
    assert found[kind].remedies


def test_a_loss_that_is_no_number_diverges():
    health = replace(training_health([], epochs_of(FALLING)), not_finite=1)
    one = faults(None, health)["diverging"]
    assert one.remedies[0].change == {"learning_rate": 0.001}
    assert math.isinf(one.figure)


@pytest.mark.parametrize(("optimizer", "expected"), [("adam", 0.01), ("sgd", 1.0)])
def test_a_rate_that_no_third_of_helps_comes_down_to_one_that_trains(optimizer, expected):
    health = replace(training_health([], epochs_of(FALLING)), not_finite=1)
    settings = {**SETTINGS, "learning_rate": 1e30, "optimizer": optimizer}
    diverging = {one.kind: one for one in findings(None, health, settings)}["diverging"]
    assert diverging.remedies[0].change["learning_rate"] == expected


def test_remedies_change_only_settings_that_there_are():
    found = faults(measured(elman(0.5)), settings={"cell": "elman"})
    assert [one.change for one in found["vanishing"].remedies] == [{"cell": "lstm"}]


def test_an_orthogonal_start_helps_only_where_there_is_none():
    ill = measured(elman(0.5))
    for initialization, offered in (("auto", False), ("orthogonal", False), ("glorot", True)):
        settings = {**SETTINGS, "initialization": initialization}
        changes = [one.change for one in faults(ill, settings=settings)["vanishing"].remedies]
        assert ({"initialization": "orthogonal"} in changes) == offered
    small = faults(ill, settings={**SETTINGS, "recurrent_scale": 0.5})["vanishing"].remedies
    assert {"recurrent_scale": 1.0} in [one.change for one in small]


def test_a_matrix_that_stays_orthogonal_is_offered_after_gates_and_given_up_for_them():
    ill = measured(elman(0.5))
    plain = {**SETTINGS, "orthogonal": False, "initialization": "glorot", "recurrent_scale": 0.5}
    changes = [one.change for one in faults(ill, settings=plain)["vanishing"].remedies]
    turned = {
        "cell": "elman_linear", "orthogonal": True, "initialization": "orthogonal", "recurrent_scale": 1.0,
    }  # fmt: skip
    assert changes.index({"cell": "lstm", "recurrent_scale": 1.0}) < changes.index(turned)
    kept = faults(ill, settings={**SETTINGS, "orthogonal": True})["vanishing"].remedies
    assert kept[0].change == {"cell": "lstm", "orthogonal": False}
    already = {**SETTINGS, "cell": "elman_linear", "orthogonal": True}
    assert all("orthogonal" not in one.change or not one.change["orthogonal"]
               for one in faults(ill, settings=already)["vanishing"].remedies)  # fmt: skip


def test_the_first_remedies_of_all_faults_are_taken_together():
    found = findings(measured(elman(0.5)), training_health([], epochs_of([1.0, 0.99])), SETTINGS)
    assert changes_of(found) == {"cell": "lstm"}


def test_gradients_that_shrink_as_a_net_learns_do_not_explode():
    norms = [2.0 * 0.5**n for n in range(30)]
    health = training_health(steps_of(FALLING, norms), epochs_of(FALLING))
    assert health.largest_gradient > 1e3
    assert "exploding" not in faults(measured(elman(0.5)), health)


def test_a_run_that_broke_without_clipping_exploded():
    free = {**SETTINGS, "gradient_clip": None}
    health = training_health(steps_of([1.0, 5.0], [300.0, 300.0]), [])
    assert set(faults(None, replace(health, not_finite=1), free)) >= {"diverging", "exploding"}
    assert "exploding" not in faults(None, replace(health, not_finite=1))
