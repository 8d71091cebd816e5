"""A model, a batch and a loss, as what measurements are made on."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from recurra.diagnosis.seen import Seen, look
from recurra.diagnosis.undisturbed import check_finite, device_of, undisturbed
from recurra.errors import DataError
from recurra.training.contract import Batch, Objective


def observe(model: nn.Module, batch: Batch, objective: Objective, *, rows: int = 8) -> Seen:
    """The passages of a batch through all recurrent layers, for `trace` and single measurements.

    Arguments and errors are those of `recurra.diagnosis.measure`. Where the model is in training mode, what
    is done with passages belongs into `undisturbed(model)`: a cell may draw random numbers in a step.
    """
    _, run = loss_of(model, batch, objective, rows)
    with undisturbed(model):
        return look(model, run)


def loss_of(
    model: nn.Module, batch: Batch, objective: Objective, rows: int
) -> tuple[int, Callable[[], Tensor]]:
    """How many rows are looked at, evenly taken, and the mean loss of them as a function of nothing.

    Errors are those of `recurra.diagnosis.measure`.
    """
    check_finite(model)
    if not len(batch):
        raise DataError("an empty batch", "at least one row", "Give data.")
    part: Any = batch.shard(0, -(-len(batch) // rows)).to(device_of(model))

    def run() -> Tensor:
        loss = objective(model, part, None)
        mean: Tensor = loss.total / max(float(loss.count), 1.0)
        return mean

    return len(part), run
