"""The ladder: exact gradients, truncated backpropagation through time, accumulation, determinism, errors."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training.toy import (
    Split,
    ToyBatch,
    ToyModel,
    ToySource,
    same_bits,
    squared_error,
    toy_config,
    toy_model,
    valid_loss,
    weights,
    without_timings,
)
from torch import Tensor, nn

from recurra.errors import ConfigError, NonFiniteError, ShapeError
from recurra.training.contract import Loss
from recurra.training.loop import fit
from recurra.training.progress import Progress

ONE_STEP = {
    "max_epochs": 1,
    "optimizer": "sgd",
    "momentum": 0.0,
    "learning_rate": 1.0,
    "schedule": "constant",
}


@settings(max_examples=10, deadline=None)
@given(rows=st.integers(1, 5), time=st.integers(1, 7))
def test_a_step_follows_the_gradient_of_the_mean_over_valid_steps(rows: int, time: int) -> None:
    source = ToySource(1, rows, time)
    batch = source.batch(0, 0)
    model, expected = toy_model(0.0).double(), toy_model(0.0).double()
    double = ToyBatch(batch.inputs.double(), batch.targets.double(), batch.weights.double())
    source.batch = lambda _epoch, _index: double  # type: ignore[method-assign]

    fit(model, squared_error, source, toy_config(**ONE_STEP, gradient_clip=None))

    errors = (expected(double.inputs)[0] - double.targets)[double.weights > 0]
    errors.square().mean().backward()
    for moved, start in zip(model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(moved, start - start.grad)


def test_it_learns_what_it_could_not_learn_with_a_wrong_gradient() -> None:
    model = toy_model()
    before = valid_loss(model)["valid_loss"]
    history = fit(model, squared_error, ToySource(8, 16), toy_config(max_epochs=12), validate=valid_loss)
    assert min(record["valid_loss"] for record in history.epochs) < 0.25 * before
    assert not model.training
    assert history.stopped == "max_epochs"
    assert not history.interrupted


def test_two_halves_accumulated_are_one_batch() -> None:
    whole, halves = toy_model(0.0), toy_model(0.0)
    source = ToySource(rows=5)
    one = fit(whole, squared_error, source, toy_config())
    other = fit(halves, squared_error, Split(source), toy_config(accumulate=2))
    for a, b in zip(one.epochs, other.epochs, strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], rel=1e-5)
        assert a["gradient_norm"] == pytest.approx(b["gradient_norm"], rel=1e-4)
        assert a["step"] == b["step"]
    for a, b in zip(weights(whole), weights(halves), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_a_remainder_that_does_not_fill_a_step_makes_one_at_the_end_of_the_epoch() -> None:
    history = fit(toy_model(), squared_error, ToySource(batches=5), toy_config(accumulate=2, max_epochs=2))
    assert [record["step"] for record in history.epochs] == [3, 6]


def test_batches_without_any_chunk_are_passed_over() -> None:
    class Gappy(ToySource):
        def batch(self, epoch: int, index: int) -> ToyBatch:
            batch = super().batch(epoch, index)
            return batch.parts((slice(None), slice(0))) if index in {0, 3} else batch

    history = fit(toy_model(), squared_error, Gappy(batches=4), toy_config(tbptt_steps=7, accumulate=3))
    assert [record["step"] for record in history.epochs] == [1, 2, 3]


def test_counts_may_be_whole_numbers() -> None:
    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        loss = squared_error(model, batch, state)
        return replace(loss, count=batch.weights.sum().long())

    one, other = toy_model(), toy_model()
    fit(one, squared_error, ToySource(), toy_config())
    fit(other, objective, ToySource(), toy_config())
    assert same_bits(weights(one), weights(other))


@pytest.mark.parametrize("steps", [7, 100])
def test_one_chunk_over_everything_is_full_backpropagation(steps: int) -> None:
    full, one_chunk = toy_model(), toy_model()
    fit(full, squared_error, ToySource(time=7), toy_config())
    fit(one_chunk, squared_error, ToySource(time=7), toy_config(tbptt_steps=steps))
    assert same_bits(weights(full), weights(one_chunk))


def test_the_state_crosses_the_border_of_two_chunks() -> None:
    """With weights that stand still, the chunks' losses are those of the whole sequence."""
    still = toy_config(max_epochs=1, optimizer="sgd", learning_rate=1e-30)
    whole = fit(toy_model(0.0), squared_error, ToySource(), still)
    chunks = fit(toy_model(0.0), squared_error, ToySource(), still.model_copy(update={"tbptt_steps": 3}))
    assert chunks.epochs[0]["train_loss"] == pytest.approx(whole.epochs[0]["train_loss"], rel=1e-6)
    assert (whole.epochs[0]["step"], chunks.epochs[0]["step"]) == (4, 12)


@pytest.mark.parametrize(("steps", "reaches"), [(None, True), (7, True), (4, False), (3, False)])
def test_no_gradient_crosses_the_border_of_two_chunks(steps: int | None, reaches: bool) -> None:
    """Only the last step counts. In another chunk its gradient at the first step's input is exactly zero."""
    source = ToySource(batches=1, time=7)
    batch = source.batch(0, 0)
    inputs = batch.inputs.requires_grad_()
    last = torch.zeros_like(batch.weights)
    last[:, -1] = 1.0
    source.batch = lambda _epoch, _index: ToyBatch(inputs, batch.targets, last)  # type: ignore[method-assign]

    fit(toy_model(0.0), squared_error, source, toy_config(max_epochs=1, tbptt_steps=steps))

    assert inputs.grad is not None
    assert bool(inputs.grad[:, 0].any()) == reaches
    assert bool(inputs.grad[:, -1].any())


def test_the_state_is_forgotten_between_batches() -> None:
    seen: list[bool] = []

    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        seen.append(state is None)
        return squared_error(model, batch, state)

    fit(toy_model(), objective, ToySource(batches=2), toy_config(max_epochs=1, tbptt_steps=3))
    assert seen == [True, False, False, True, False, False]


@pytest.mark.parametrize("averaging", ["none", "ema", "swa"])
def test_same_seed_same_bits_another_seed_others(averaging: str) -> None:
    runs = []
    for seed in (3, 3, 4):
        model = toy_model()
        torch.manual_seed(seed + 100)  # what was drawn before does not matter
        history = fit(model, squared_error, ToySource(), toy_config(seed=seed, averaging=averaging))
        runs.append((weights(model), without_timings(history)))
    assert same_bits(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert not same_bits(runs[0][0], runs[2][0])


def counting_down(values: list[float]) -> Any:
    """A validation that gives these values one after the other, and notes the weights that it was shown."""
    remaining = iter(values)
    shown: list[list[Tensor]] = []

    def validate(model: nn.Module) -> dict[str, float]:
        assert not model.training
        assert not torch.is_grad_enabled()
        shown.append(weights(model))
        return {"valid_loss": next(remaining), "valid_accuracy": 0.5}

    return validate, shown


@pytest.mark.parametrize("averaging", ["none", "ema", "swa"])
def test_the_best_epochs_weights_are_left(averaging: str) -> None:
    validate, shown = counting_down([3.0, 1.0, 2.0, math.nan])
    model = toy_model()
    config = toy_config(max_epochs=4, averaging=averaging)
    history = fit(model, squared_error, ToySource(), config, validate=validate)
    assert same_bits(weights(model), shown[1])
    assert history.best_epoch == 1
    assert [record["valid_loss"] for record in history.epochs] == [3, 1, 2, None]


@pytest.mark.parametrize("averaging", ["ema", "swa"])
def test_without_validation_the_averaged_weights_are_left(averaging: str) -> None:
    validate, shown = counting_down([3.0, 2.0, 1.0])
    judged, unjudged, plain = toy_model(), toy_model(), toy_model()
    config = toy_config(averaging=averaging, averaging_decay=0.5)
    fit(judged, squared_error, ToySource(), config, validate=validate)
    fit(unjudged, squared_error, ToySource(), config)
    fit(plain, squared_error, ToySource(), toy_config())
    assert same_bits(weights(unjudged), shown[2])
    assert same_bits(weights(unjudged), weights(judged))
    assert same_bits(weights(unjudged), weights(plain)) == (averaging == "swa")  # one epoch is its own mean


def test_patience_ends_the_run() -> None:
    validate, _ = counting_down([1.0, 2.0, 3.0, 4.0])
    config = toy_config(max_epochs=9, patience=2)
    history = fit(toy_model(), squared_error, ToySource(), config, validate=validate)
    assert history.stopped == "patience"
    assert len(history.epochs) == 3


def test_the_training_loss_can_be_monitored() -> None:
    config = toy_config(max_epochs=9, patience=2, monitor="train_loss", min_delta=1e9)
    history = fit(toy_model(), squared_error, ToySource(), config)
    assert (history.stopped, len(history.epochs), history.best_epoch) == ("patience", 3, None)


def test_a_metric_that_is_never_finite_is_told(capsys) -> None:
    values = {"valid_loss": math.nan}
    history = fit(
        toy_model(), squared_error, ToySource(), toy_config(), validate=lambda _: values, progress=Progress()
    )
    assert history.best_epoch is None
    assert "valid_loss was never a finite number" in capsys.readouterr().err
    fit(toy_model(), squared_error, ToySource(), toy_config(), validate=valid_loss, progress=Progress())
    assert "finite" not in capsys.readouterr().err


def test_plateau_lowers_the_learning_rate() -> None:
    validate, _ = counting_down([1.0, 2.0, 3.0, 0.5])
    config = toy_config(
        max_epochs=4, schedule="plateau", decay_epochs=2, decay_factor=0.25, learning_rate=0.5
    )
    history = fit(toy_model(), squared_error, ToySource(), config, validate=validate)
    assert [record["learning_rate"] for record in history.epochs] == [0.5, 0.5, 0.5, 0.125]


def test_an_unknown_metric_is_an_error_after_the_first_epoch() -> None:
    with pytest.raises(ConfigError, match="one of train_loss, valid_loss"):
        fit(toy_model(), squared_error, ToySource(), toy_config(monitor="valid_mae"), validate=valid_loss)


def test_a_metric_may_not_take_the_place_of_another_record() -> None:
    def validate(_model: nn.Module) -> dict[str, float]:
        return {"valid_loss": 1.0, "seconds": 2.0}

    with pytest.raises(ConfigError, match="metric named seconds"):
        fit(toy_model(), squared_error, ToySource(), toy_config(), validate=validate)


def test_the_history_tells_what_happened() -> None:
    history = fit(toy_model(), squared_error, ToySource(), toy_config(gradient_clip=0.1, log_every=3))
    assert [record["step"] for record in history.steps] == [1, 3, 6, 9, 12]
    assert [(record["epoch"], record["step"]) for record in history.epochs] == [(0, 4), (1, 8), (2, 12)]
    for record in history.epochs:
        assert record["gradient_norm"] > 0
        assert 0 < record["clipped_share"] <= 1
        assert record["items_per_second"] > 0
    rates = [record["learning_rate"] for record in history.epochs]
    assert 0 < rates[2] < rates[1] < rates[0] < 0.02


def test_the_history_tells_how_far_weights_move() -> None:
    model = toy_model(dropout=0.0)
    before = torch.cat([value.flatten() for value in weights(model)])
    config = toy_config(**{**ONE_STEP, "learning_rate": 0.1}, gradient_clip=None, log_every=1)
    (record,) = fit(model, squared_error, ToySource(batches=1), config).steps
    after = torch.cat([value.flatten() for value in weights(model)])
    assert record["update_ratio"] == pytest.approx(float((after - before).norm() / before.norm()), rel=1e-5)
    assert record["update_ratio"] == pytest.approx(0.1 * record["gradient_norm"] / float(before.norm()))


def failing(step: int, value: float) -> Any:
    """An objective whose loss is a certain value at a certain call."""
    calls = iter(range(1000))

    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        loss = squared_error(model, batch, state)
        return replace(loss, total=loss.total * value) if next(calls) == step else loss

    return objective


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_run_and_says_where(value: float) -> None:
    model = toy_model()
    with pytest.raises(NonFiniteError) as caught:
        fit(model, failing(6, value), ToySource(batches=4), toy_config())
    assert "the loss is" in caught.value.got
    assert "epoch 1, step 6 (batch 2 of 4" in caught.value.got
    assert "Lower learning_rate (now 0.02)" in caught.value.remedy
    assert all(value.isfinite().all() for value in weights(model))


def test_a_gradient_that_is_no_number_names_its_parameter() -> None:
    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        loss = squared_error(model, batch, state)
        return replace(loss, total=loss.total + (model.output.bias * 0).abs().sqrt().sum())

    with pytest.raises(
        NonFiniteError, match=r"the gradient of output\.bias is not finite at epoch 0, step 0"
    ):
        fit(toy_model(), objective, ToySource(), toy_config())


def test_a_step_without_valid_steps_moves_nothing() -> None:
    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        loss = squared_error(model, batch, state)
        return Loss(loss.total * 0, loss.count * 0, loss.state)

    model = toy_model()
    before = weights(model)
    history = fit(model, objective, ToySource(), toy_config())
    assert same_bits(before, weights(model))
    assert history.epochs[0]["train_loss"] is None


def test_a_loss_that_is_not_a_scalar_is_refused() -> None:
    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        predicted, state = model(batch.inputs, state)
        return Loss(predicted, batch.weights.sum(), state)

    with pytest.raises(ShapeError, match=r"shape \(5, 7\); expected a scalar"):
        fit(toy_model(), objective, ToySource(), toy_config())


def test_a_detached_loss_is_refused() -> None:
    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        loss = squared_error(model, batch, state)
        return replace(loss, total=loss.total.detach())

    with pytest.raises(ConfigError, match="no parameter received a gradient"):
        fit(toy_model(), objective, ToySource(), toy_config())


def test_gradients_from_before_the_run_do_not_count() -> None:
    clean, dirty = toy_model(), toy_model()
    for parameter in dirty.parameters():
        parameter.grad = torch.full_like(parameter, 100.0)
    fit(clean, squared_error, ToySource(), toy_config())
    fit(dirty, squared_error, ToySource(), toy_config())
    assert same_bits(weights(clean), weights(dirty))


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle", "plateau", "step"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "nadam"])
def test_every_optimiser_learns_on_every_schedule(optimizer: str, schedule: str) -> None:
    model = toy_model(0.0)
    before = valid_loss(model)["valid_loss"]
    config = toy_config(optimizer=optimizer, schedule=schedule, decay_epochs=1, weight_decay=0.01)
    fit(model, squared_error, ToySource(), config, validate=valid_loss)
    assert valid_loss(model)["valid_loss"] < 0.8 * before
