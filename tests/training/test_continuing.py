"""States that go on from batch to batch, and chunks that go to the device one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.toy import (
    ToyBatch,
    ToyModel,
    ToySource,
    same_bits,
    squared_error,
    toy_config,
    toy_model,
    weights,
    without_timings,
)

from recurra.training.contract import ContinuingSource, Loss
from recurra.training.loop import fit

STEPS, BATCHES = 3, 5


@dataclass
class Stream:
    """One long batch, a few steps at a time; at `ends` the rows begin anew."""

    whole: ToySource = field(default_factory=lambda: ToySource(batches=1, time=STEPS * BATCHES))
    ends: tuple[int, ...] = ()

    def __len__(self) -> int:
        return BATCHES

    def batch(self, epoch: int, index: int) -> ToyBatch:
        return list(self.whole.batch(epoch, 0).chunks(STEPS))[index]

    def continues(self, _epoch: int, index: int) -> bool:
        return index not in self.ends


def test_batches_that_go_on_train_as_the_chunks_of_one() -> None:
    cut, streamed = toy_model(), toy_model()
    assert isinstance(Stream(), ContinuingSource)
    one = fit(cut, squared_error, Stream().whole, toy_config(tbptt_steps=STEPS))
    other = fit(streamed, squared_error, Stream(), toy_config())
    assert same_bits(weights(cut), weights(streamed))
    assert [line["train_loss"] for line in one.epochs] == [line["train_loss"] for line in other.epochs]


@pytest.mark.parametrize("tbptt_steps", [None, 2])
def test_the_source_says_where_rows_begin_anew(tbptt_steps: int | None) -> None:
    fresh: list[bool] = []

    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        fresh.append(state is None)
        return squared_error(model, batch, state)

    fit(toy_model(), objective, Stream(ends=(2,)), toy_config(max_epochs=2, tbptt_steps=tbptt_steps))
    chunks = 1 if tbptt_steps is None else 2
    begins = [True, False, True, False, False] * 2
    assert fresh == [begin and first for begin in begins for first in (True, False)[:chunks]]


@pytest.mark.parametrize("stop", [3, 4, 5, 8, 11])
def test_a_killed_stream_is_resumed_to_the_same_bits(tmp_path: Path, stop: int) -> None:
    config = toy_config(checkpoint_every=1, tbptt_steps=2)
    whole = toy_model()
    history = fit(whole, squared_error, Stream(), config)
    left = iter(range(stop))

    def killed(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return squared_error(model, batch, state)

    with pytest.raises(KeyboardInterrupt):
        fit(toy_model(), killed, Stream(), config, folder=tmp_path)
    resumed = toy_model()
    again = fit(resumed, squared_error, Stream(), config, folder=tmp_path, resume=True)
    assert same_bits(weights(whole), weights(resumed))
    assert without_timings(again) == without_timings(history)


def test_chunks_go_to_the_device_one_at_a_time() -> None:
    happened: list[str] = []

    class Noted(ToyBatch):
        def to(self, device: torch.device) -> ToyBatch:
            happened.append("to")
            return super().to(device)

        def chunks(self, steps: int) -> Iterator[ToyBatch]:
            for part in ToyBatch.chunks(self, steps):
                yield Noted(part.inputs, part.targets, part.weights)

    class Source(ToySource):
        def batch(self, epoch: int, index: int) -> ToyBatch:
            batch = super().batch(epoch, index)
            return Noted(batch.inputs, batch.targets, batch.weights)

    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        happened.append("trained")
        return squared_error(model, batch, state)

    fit(toy_model(), objective, Source(batches=2), toy_config(max_epochs=1, tbptt_steps=3))
    assert happened == ["to", "trained"] * 6
