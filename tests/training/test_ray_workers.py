"""Workers of a Ray cluster: the steps of one process, and the bits of a run that lost none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster import local_cluster
from tests.training.toy import (
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
from tests.training.toy_run import Fatal
from torch import distributed

from recurra.errors import DataError
from recurra.training.contract import Loss
from recurra.training.history import History
from recurra.training.loop import fit

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated")  # in Ray itself
SETTINGS = {"max_epochs": 2, "checkpoint_every": 1, "tbptt_steps": 4}


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[str]:
    yield from local_cluster(2)


def refuse(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
    if distributed.get_rank() == 1:
        raise DataError("a row is missing", "three", "Look for it.")
    return squared_error(model, batch, state)


def trained(folder: Path | None, objective: Any = squared_error, **settings: Any) -> tuple[ToyModel, History]:
    model = toy_model(0.0)
    config = toy_config(**{**SETTINGS, **settings})
    return model, fit(model, objective, ToySource(), config, validate=valid_loss, folder=folder)


@pytest.mark.timeout(280)
def test_a_killed_worker_is_replaced_and_the_bits_stay(tmp_path: Path) -> None:
    marker = tmp_path / "killed"
    model, history = trained(tmp_path / "run", Fatal(marker), scale="ray", num_workers=2)
    assert marker.exists()
    assert sorted(one.name for one in (tmp_path / "run").iterdir()) == ["checkpoints", "history.jsonl"]
    never_stopped, expected = trained(None, devices=2)
    assert same_bits(weights(model), weights(never_stopped))
    assert without_timings(history) == without_timings(expected)
    _, alone = trained(None)
    assert [one["train_loss"] for one in history.epochs] == [
        pytest.approx(one["train_loss"], rel=1e-4) for one in alone.epochs
    ]


@pytest.mark.timeout(200)
def test_our_errors_come_back(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a row is missing; expected three\. Look for it\."):
        trained(tmp_path, refuse, scale="ray", num_workers=2, max_restarts=0)
