"""Truncated backpropagation through time: chunks go on from the state that those before them left."""

import polars as pl
import pytest
import torch

from recurra import Tagger
from recurra.tasks.tag.task import LABELLING, TAG

SETTINGS = {
    "bidirectional": False, "output": "softmax", "hidden_size": 12, "batch_size": 8, "dropout": 0.0,
    "locked_dropout": 0.0, "word_dropout": 0.0, "learning_rate": 3e-2,
}  # fmt: skip


def remembered(rows: int = 60, time: int = 6) -> pl.DataFrame:
    """Every tag is the first token: after the first chunk nothing but the state knows it."""
    first = ["a" if row % 2 else "b" for row in range(rows)]
    return pl.DataFrame(
        {
            "tokens": [[one, *["x"] * (time - 1)] for one in first],
            "tags": [[one.upper()] * time for one in first],
        }
    )


@torch.no_grad()
def test_losses_of_chunks_are_those_of_the_whole() -> None:
    prepared = LABELLING.prepare(LABELLING.read(remembered(), {**SETTINGS, "tbptt_steps": 4}, None, None))
    torch.manual_seed(0)
    model = TAG.build(prepared.config, prepared.schema).eval()
    objective, batch = TAG.objective(prepared.config, prepared.schema), prepared.source.batch(0, 0)
    whole, state, total, count = objective(model, batch, None), None, 0.0, 0.0
    for chunk in batch.chunks(4):
        loss = objective(model, chunk, state)
        state, total, count = loss.state, total + float(loss.total), count + float(loss.count)
    assert total == pytest.approx(float(whole.total), rel=1e-5)
    assert count == float(whole.count)


def test_training_in_chunks_sees_the_loss_of_the_whole() -> None:
    """Weights that hardly move, so that the loss of the epoch is that of fresh ones."""
    still = {**SETTINGS, "learning_rate": 1e-9, "max_epochs": 1}
    losses = [
        Tagger(**still, tbptt_steps=steps).fit(remembered()).training_.epochs[0]["train_loss"]
        for steps in (None, 2)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
