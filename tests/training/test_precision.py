"""16-bit arithmetic: what it computes in, and how overflows of scaled gradients pass."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.training.toy import ToyBatch, ToySource, toy_config, weights
from torch import nn

from recurra.errors import NonFiniteError
from recurra.training.contract import Loss
from recurra.training.loop import fit
from recurra.training.precision import Precision


class FeedForward(nn.Module):
    """torch has no recurrent kernels in 16 bits on every CPU, but it has these."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.layers = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
        self.seen: set[torch.dtype] = set()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = self.layers(inputs)
        self.seen.add(outputs.dtype)
        return outputs.squeeze(-1)


def objective(model: FeedForward, batch: ToyBatch, _state: Any) -> Loss:
    errors = model(batch.inputs).float() - batch.targets
    return Loss((errors.square() * batch.weights).sum(), batch.weights.sum())


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("32-true", torch.float32), ("bf16-mixed", torch.bfloat16), ("16-mixed", torch.float16)],
)
def test_the_forward_pass_is_in_16_bits_and_comes_out_nearly_the_same(
    precision: str, dtype: torch.dtype
) -> None:
    exact, mixed = FeedForward(), FeedForward()
    one = fit(exact, objective, ToySource(), toy_config())
    other = fit(mixed, objective, ToySource(), toy_config(precision=precision))
    assert mixed.seen == {dtype}
    assert {value.dtype for value in weights(mixed)} == {torch.float32}
    assert other.epochs[-1]["train_loss"] == pytest.approx(one.epochs[-1]["train_loss"], rel=0.05)
    assert other.epochs[-1]["gradient_norm"] == pytest.approx(one.epochs[-1]["gradient_norm"], rel=0.1)


def enlarged(factor: float) -> Any:
    def large(model: FeedForward, batch: ToyBatch, state: Any) -> Loss:
        loss = objective(model, batch, state)
        return replace(loss, total=loss.total * factor, count=loss.count * factor)

    return large


def test_steps_whose_scaled_gradients_overflow_are_left_out_until_the_scale_fits() -> None:
    model = FeedForward()
    history = fit(model, enlarged(1e5), ToySource(), toy_config(precision="16-mixed", max_epochs=8))
    losses = [record["train_loss"] for record in history.epochs]
    assert losses[0] is None  # nothing but overflows
    assert losses[-1] < next(loss for loss in losses if loss is not None)


def test_gradients_that_no_scale_can_save_stop_the_run() -> None:
    with pytest.raises(NonFiniteError, match="the gradient of layers"):
        fit(FeedForward(), enlarged(1e25), ToySource(batches=50), toy_config(precision="16-mixed"))


def test_the_scale_is_kept_in_checkpoints() -> None:
    device = torch.device("cpu")
    one, other = Precision("16-mixed", device), Precision("16-mixed", device)
    document = one.document()
    assert document["scale"] > 0
    other.restore({**document, "scale": 4.0})
    assert other.document()["scale"] == 4.0
    assert Precision("32-true", device).document() == {}
