"""What of a run a checkpoint keeps, and how the run is taken up from it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from recurra.errors import ConfigError
from recurra.training.carried_state import filled, tensors_of
from recurra.training.checkpoint import Snapshot, checkpoints, load_checkpoint, save_checkpoint
from recurra.training.config import TrainingConfig
from recurra.training.history import Mark, Tally
from recurra.training.run import Position, Run
from recurra.training.schedule import depends_on_max_epochs
from recurra.training.seed import random_state, restore_random_state

FREE_TO_CHANGE = {
    *("checkpoint_every", "device", "refit", "tensorboard"),
    *("devices", "max_restarts", "num_workers", "scale"),  # but for how many processes these make
}


def save(run: Run) -> None:
    """Write a checkpoint, if the run has a folder.

    Raises:
        StorageError: The disk is full, or the folder cannot be written.
    """
    if run.folder is None:
        return
    own = {f"random/{key}": value for key, value in random_state(run.device).items()}
    own |= {f"carried/{index:05d}": value.cpu() for index, value in enumerate(tensors_of(run.carried))}
    everyone = run.group.gather(own)
    if everyone is not None:
        save_checkpoint(run.folder / "checkpoints", run.position.name, _captured(run, everyone))


def resume(run: Run) -> bool:
    """Take a run up from its newest checkpoint.

    Returns:
        Whether there was one.

    Raises:
        ConfigError: It was written with other settings, data or another model.
        DamagedError: It was truncated or altered.
        NewerFormatError: A newer version of recurra wrote it.
    """
    found = checkpoints(run.folder / "checkpoints") if run.folder else []
    if not found:
        return False
    snapshot = load_checkpoint(found[-1])
    _check_settings(run, snapshot.document, found[-1])
    _check_model(run, snapshot.model, found[-1])
    _restore(run, snapshot)
    return True


def shortens(before: Mapping[str, Any], now: Mapping[str, Any], config: TrainingConfig) -> bool:
    """Whether a resumed run would end earlier than it was meant to, and so not where its schedule ends.

    A longer one is no run that was so long from the start: the learning rate goes on as the longer schedule
    has it. A schedule without an end may end anywhere.
    """
    return depends_on_max_epochs(config) and now["max_epochs"] < int(before.get("max_epochs", 0))


def _captured(run: Run, everyone: list[dict[str, Tensor]]) -> Snapshot:
    training = {
        f"process/{rank}/{key}": value for rank, own in enumerate(everyone) for key, value in own.items()
    }
    training |= {f"average/{name}": value for name, value in run.averaging.averages.items()}
    training |= {f"best/{name}": value for name, value in (run.best or {}).items()}
    for name, parameter in run.model.named_parameters():
        for key, value in run.optimizer.state.get(parameter, {}).items():
            training[f"optimizer/{name}/{key}"] = value
    document = {
        "config": run.config.model_dump(mode="json"),
        "batches": len(run.source),
        "processes": run.group.world_size,
        "position": asdict(run.position),
        "learning_rate": run.learning_rate,
        "step_began": run.step_began,
        "window": asdict(run.window),
        "tally": asdict(run.tally),
        "history": run.history_file.mark()._asdict(),
        "schedule": {"decays": run.schedule.decays, "waited": run.schedule.waited},
        "early_stopping": {
            "best": run.early_stopping.best,
            "best_epoch": run.early_stopping.best_epoch,
            "waited": run.early_stopping.waited,
        },
        "averaged": run.averaging.count,
        "precision": run.precision.document(),
    }
    return Snapshot(run.model.state_dict(), training, document)


def _restore(run: Run, snapshot: Snapshot) -> None:
    document, tensors = snapshot.document, snapshot.training
    run.position = Position(**document["position"])
    own = _under(tensors, f"process/{run.group.rank}/")
    run.carried = _carried(run, list(_under(own, "carried/").values()))

    run.model.load_state_dict(snapshot.model)
    _restore_optimizer(run, _under(tensors, "optimizer/"))
    run.averaging.averages = {
        name: value.to(run.device) for name, value in _under(tensors, "average/").items()
    }
    run.averaging.count = document["averaged"]
    run.best = {name: value.to(run.device) for name, value in _under(tensors, "best/").items()} or None
    run.precision.restore(document["precision"])
    run.schedule.decays = document["schedule"]["decays"]
    run.schedule.waited = document["schedule"]["waited"]
    run.early_stopping.best = document["early_stopping"]["best"]
    run.early_stopping.best_epoch = document["early_stopping"]["best_epoch"]
    run.early_stopping.waited = document["early_stopping"]["waited"]
    run.learning_rate = document["learning_rate"]
    run.step_began = document["step_began"]
    run.window = Tally(**document["window"])
    run.tally = Tally(**document["tally"])
    run.history_file.rewind(Mark(**document["history"]))
    restore_random_state(_under(own, "random/"), run.device)


def _carried(run: Run, tensors: list[Tensor]) -> Any:
    """The state between two chunks. Its structure is learnt by running the batch's first chunk once more."""
    if not tensors:
        return None
    first = run.open_batch(run.position.batch)[0].to(run.device)
    run.model.train()
    with torch.no_grad(), run.precision.autocast():
        template = run.objective(run.model, first, None).state
    return filled(template, tensors)


def _restore_optimizer(run: Run, tensors: dict[str, Tensor]) -> None:
    """Put the tensors back through torch's own loading, which knows their types and devices."""
    ordered = [parameter for group in run.optimizer.param_groups for parameter in group["params"]]
    numbers = {parameter: number for number, parameter in enumerate(ordered)}
    state: dict[int, dict[str, Tensor]] = {}
    for name, parameter in run.model.named_parameters():
        kept = _under(tensors, f"{name}/")
        if kept and parameter in numbers:
            state[numbers[parameter]] = kept
    run.optimizer.load_state_dict(
        {"state": state, "param_groups": run.optimizer.state_dict()["param_groups"]}
    )


def _check_settings(run: Run, document: dict[str, Any], place: Path) -> None:
    before, now = document["config"], json.loads(json.dumps(run.config.model_dump(mode="json")))
    free = {*FREE_TO_CHANGE, *(() if shortens(before, now, run.config) else ("max_epochs",))}
    for key in sorted({*before, *now} - free):
        if key in before and before[key] != now.get(key):
            raise ConfigError(
                f"{key} is {now.get(key)!r}",
                f"{before.get(key)!r}, as in the checkpoint {place}",
                f"Resume with the same {key}, or train again in a new folder.{_why_fixed(key, run.config)}",
            )
    processes = document.get("processes", before.get("devices", 1))  # not told before there were others
    if processes != run.group.world_size:
        raise ConfigError(
            f"{run.group.world_size} processes train",
            f"{processes}, as in the checkpoint {place}",
            "Resume with as many, or train again in a new folder.",
        )
    if document["batches"] != len(run.source):
        raise ConfigError(
            f"the data give {len(run.source)} batches an epoch",
            f"{document['batches']}, as in the checkpoint {place}",
            "Resume with the same data, or train again in a new folder.",
        )


def _check_model(run: Run, kept: dict[str, Tensor], place: Path) -> None:
    before = {name: tuple(value.shape) for name, value in kept.items()}
    now = {name: tuple(value.shape) for name, value in run.model.state_dict().items()}
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            raise ConfigError(
                f"the model's {name} has shape {now[name]}" if name in now else f"the model has no {name}",
                f"{before.get(name, 'nothing')}, as in the checkpoint {place}",
                "Resume with the same model, or train again in a new folder.",
            )


def _why_fixed(key: str, config: TrainingConfig) -> str:
    if key != "max_epochs":
        return ""
    return f" (With schedule {config.schedule} max_epochs may only be raised, since the rates depend on it.)"


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(prefix): value for key, value in sorted(tensors.items()) if key.startswith(prefix)
    }
