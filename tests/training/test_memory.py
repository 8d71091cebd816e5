"""Memory that does not suffice: real allocations that no machine can grant."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.training.toy import ToyBatch, ToyModel, ToySource, squared_error, toy_config, toy_model

from recurra.errors import DataError, OutOfMemoryError
from recurra.tasks.forecast.config import forecast_config
from recurra.training.contract import Loss
from recurra.training.loop import fit
from recurra.training.memory import memory_errors

TOO_MUCH = 2**50  # bytes: a PiB is more than the addresses of a process


@pytest.mark.parametrize(("allocate", "size"), [
    (torch.ByteTensor, "1,048,576.0 GiB"), (lambda size: np.empty(size, dtype=np.uint8), "1.0 PiB"),
])  # fmt: skip
def test_an_allocation_that_fails_is_told(allocate: Any, size: str) -> None:
    with (
        pytest.raises(OutOfMemoryError, match=f"asked for {size}; expected sizes") as caught,
        memory_errors(toy_config(batch_size=7)),
    ):
        allocate(TOO_MUCH)
    assert caught.value.remedy == "Lower batch_size (now 7), or make the model smaller."
    assert isinstance(caught.value, MemoryError)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(("error", "message"), [
    (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has"), "for 2.5 GiB;"),
    (MemoryError(), "ran out of memory;"),
])  # fmt: skip
def test_memory_of_other_kinds_is_told(error: Exception, message: str) -> None:
    with pytest.raises(OutOfMemoryError, match=message), memory_errors(toy_config()):
        raise error


def test_the_remedy_names_the_sizes_of_the_task() -> None:
    config = forecast_config({"horizon": 3, "context": 50, "hidden_size": 7, "batch_size": 9})
    with pytest.raises(OutOfMemoryError) as caught, memory_errors(config):
        torch.empty(TOO_MUCH)
    assert caught.value.remedy == "Lower batch_size (now 9), hidden_size (now 7) or context (now 50)."


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), DataError("a", "b", "c."), KeyError("k")])
def test_other_errors_stay_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, memory_errors(toy_config()):
        raise error
    assert caught.value is error


def greedy(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
    """Asks for too much where it has two of the five rows, or all."""
    if len(batch) != 3:
        torch.empty(TOO_MUCH)
    return squared_error(model, batch, state)


@pytest.mark.parametrize("devices", [1, 2])
def test_training_tells_it_from_every_process(devices: int) -> None:
    with pytest.raises(OutOfMemoryError, match="Lower batch_size"):
        fit(toy_model(), greedy, ToySource(rows=5), toy_config(devices=devices, device="cpu"))
